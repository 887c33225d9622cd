"""A large export is sent piece by piece: it takes no more memory than a small one (P-26)."""

import asyncio
import csv
import io
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event, Thread

import httpx2
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from tests.reliability.serving import Shop, a_customer
from tests.reliability.test_row_04_crash import memory
from tradehall.kernel.database import Batch, Work
from tradehall.trades.phoneshop.models import Repair

ROWS, MEGABYTE = 20_000, 1024 * 1024


class Again(Work):
    """As many repairs as the first one, so that there are enough of them."""

    def __init__(self, org_id: int) -> None:
        self.org_id = org_id

    def run(self, batch: Batch) -> None:
        table = Repair.table
        numbers = sa.select(sa.literal(2).label("n")).cte("numbers", recursive=True)
        numbers = numbers.union_all(sa.select(numbers.c.n + 1).where(numbers.c.n < ROWS))
        unlike = {"repair_number": "REP-", "token": "token-"}
        names = [name for name in Repair.fields if name != "id" and name not in Repair.derived]
        columns = [
            sa.literal(unlike[name]) + sa.cast(numbers.c.n, sa.String) if name in unlike else table.c[name]
            for name in names
        ]
        batch.session.execute(
            sa.insert(table).from_select(names, sa.select(*columns).join_from(table, numbers, sa.true()))
        )


class Watched(Thread):
    """The most memory that a server has of its own while something is going on: what it maps of files is not counted."""

    def __init__(self, process_id: int) -> None:
        super().__init__(daemon=True)
        self._proc, self._ended = Path("/proc") / str(process_id), Event()
        self.before = self.most = memory(self._proc, "RssAnon")

    def run(self) -> None:
        while not self._ended.wait(0.005):
            self.most = max(self.most, memory(self._proc, "RssAnon"))

    def grown(self) -> int:
        """By how many bytes it has grown at the most."""
        self._ended.set()
        self.join()
        return self.most - self.before


async def received(client: httpx2.AsyncClient, kind: str) -> bytes:
    """The whole of an export."""
    answer = await client.get(f"/api/exports/repairs.{kind}")
    assert answer.status_code == 200
    return answer.content


async def test_p26_an_export_of_20_000_rows_is_streamed_in_bounded_memory(real_shop: Shop) -> None:
    server = real_shop.serve()
    async with real_shop.client(server) as client:
        long = {"issue_description": "cracked " * 60, "diagnosis": "glass " * 80, "cost": 450}
        order = {"customer_id": await a_customer(client), "phone_description": "iPhone X " * 20} | long
        assert (await client.post("/api/repairs", json=order)).status_code == 201
        for kind in ("csv", "xlsx", "jsonl"):
            await received(client, kind)
        await asyncio.to_thread(real_shop.database().run, Again(real_shop.org_id))
        if real_shop.on_sqlite:  # what is in the log only is read into a cache, which has a bound of its own
            with closing(sqlite3.connect(real_shop.folder / "tradehall.db")) as file:
                file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        for kind in ("csv", "jsonl", "xlsx"):
            watched = Watched(server.process.pid)
            watched.start()
            content = await received(client, kind)
            assert watched.grown() < 24 * MEGABYTE, kind
            if kind == "xlsx":
                rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()[1:]
                assert len(rows) == ROWS
                continue
            assert len(content) > 20 * MEGABYTE
            lines = (
                content.decode().splitlines()
                if kind == "jsonl"
                else list(csv.reader(io.StringIO(content.decode())))[1:]
            )
            assert len(lines) == ROWS
