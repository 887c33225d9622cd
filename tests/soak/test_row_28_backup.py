"""Row 28 with more data: backed up under load by the command, restored elsewhere, and how long that takes a gigabyte."""

import asyncio
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.reliability.loads import names
from tests.reliability.serving import TRADEHALL, Shop, a_customer
from tests.soak.figures import place, show
from tradehall.kernel.backup import Key, Lock, Source, make, read, restore
from tradehall.kernel.database import Batch, Database, Work, open_database
from tradehall.kernel.office import utc_now
from tradehall.trades.phoneshop import trade

pytestmark = pytest.mark.soak
ROWS = int(os.environ.get("ROWS", "1000000"))
STEP = 20_000
GIGABYTE = 1_000_000_000
MOST = 600.0
"""Seconds that a gigabyte may take to come back."""
FILL = """
INSERT INTO event_changes (org_id, event_id, position, entity, record_id, operation, body, salt, digest)
WITH RECURSIVE n(i) AS (SELECT CAST({first} AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {last})
SELECT {org}, 1000000 + i, 0, 'phoneshop_customers', i, 'edit',
  '{{"full_name": ["Customer ' || i || '", "Somebody ' || (i * 7919) || '"], "notes": ["' || (i * 104729) || '", "' ||
  (i * 1299709) || ' wants to be called in the afternoon, after four, and pays in two parts"]}}',
  'salt' || (i * 15485863), 'digest' || (i * 32452843) || 'of' || (i * 49979687) || 'and' || (i * 67867967)
FROM n
"""


class Fill(Work):
    """Rows by the ten thousand, such as a business has after years."""

    def __init__(self, org_id: int, first: int) -> None:
        self.org_id, self.first = org_id, first

    def run(self, batch: Batch) -> None:
        filled = FILL.format(first=self.first, last=self.first + STEP - 1, org=self.org_id)
        batch.session.execute(sa.text(filled.replace(":", "\\:")))


def seconds(words: list[str], shop: Shop) -> float:
    """How long a command takes."""
    began = time.monotonic()
    env = {**os.environ, "DATABASE_URL": shop.url, "BACKUP_EVERY": "24"}
    done = subprocess.run(
        [str(TRADEHALL), *words], env=env, cwd=shop.folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began


async def test_row_28_a_large_shop_is_backed_up_under_load_and_comes_back_within_ten_minutes_a_gigabyte(
    real_shop: Shop, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    for first in range(1, ROWS, STEP):
        await asyncio.to_thread(real_shop.database().run, Fill(real_shop.org_id, first))
    server, acknowledged, enough = real_shop.serve(), [], asyncio.Event()
    figures: dict[str, Any] = {"rows": ROWS}
    async with real_shop.client(server) as client:

        async def clerk() -> None:
            while not enough.is_set():
                acknowledged.append(await a_customer(client))

        clerks = [asyncio.create_task(clerk()) for _ in range(4)]
        figures["full"] = await asyncio.to_thread(seconds, ["backup", "--data", str(real_shop.folder)], real_shop)
        before = list(acknowledged)
        changes = real_shop.folder / "changes"
        [full] = (real_shop.folder / "backups").glob("*-full.backup")
        base = await asyncio.to_thread(read, full, Key())
        assert len(before) > 20
        began = time.monotonic()
        await asyncio.to_thread(seconds, ["backup", str(changes), "--data", str(real_shop.folder)], real_shop)
        figures["second"] = time.monotonic() - began
        enough.set()
        await asyncio.gather(*clerks)
    for path in (full, changes):
        figures[f"bytes of {path.name[-12:]}"] = path.stat().st_size
    elsewhere = _elsewhere(real_shop, request, tmp_path)
    backup = await asyncio.to_thread(read, changes, Key())
    began = time.monotonic()
    await asyncio.to_thread(restore, elsewhere, backup, [trade])
    figures["restored"] = time.monotonic() - began
    again = await asyncio.to_thread(make, Source(elsewhere), tmp_path / "again.backup", Lock(), utc_now())
    assert again.manifest.blocks == backup.manifest.blocks
    kept = await asyncio.to_thread(elsewhere.ask, real_shop.org_id, names)
    assert set(before) <= {each for ids in kept.values() for each in ids}
    size = await asyncio.to_thread(_size, elsewhere)
    figures |= {"bytes": size, "seconds a gigabyte": figures["restored"] / size * GIGABYTE}
    show(f"row 28, {place(real_shop.on_sqlite)}", **figures)
    assert figures["seconds a gigabyte"] < MOST
    assert base.manifest.rows()["event_changes"] >= ROWS


def _elsewhere(shop: Shop, request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """An empty database of the same kind."""
    if shop.on_sqlite:
        return open_database(None, tmp_path / "elsewhere")
    return open_database(request.getfixturevalue("durable_postgres").database("elsewhere"), tmp_path)


def _size(database: Database) -> int:
    """How large a database is, in bytes."""
    query = "SELECT pg_database_size(current_database())"
    if database.name == "sqlite":
        query = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
    return int(database.ask(0, lambda session: session.connection.exec_driver_sql(query).scalar()) or 0)
