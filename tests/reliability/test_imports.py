"""An import that is killed in its middle is finished after a restart, each row once (P-27)."""

import asyncio
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from tests.reliability.serving import Server, Shop
from tradehall.kernel.database import Batch, Work
from tradehall.kernel.events import EVENTS
from tradehall.kernel.jobs import JOBS, JobState
from tradehall.kernel.office import utc_now
from tradehall.trades.phoneshop.models import Customer, Phone

ROWS = 1500
CUSTOMERS = "full_name,phone_number\n" + "".join(f"Customer {n},024{n:07d}\n" for n in range(ROWS))
PHONES = "brand,model,condition,value\n" + "".join(f"Nokia,{n % 3},Used,{50 + n % 2}\n" for n in range(ROWS))
"""Phones that no number tells apart: how many of a kind there are is all that is known."""


class Lapse(Work):
    """A minute goes by: nobody has what the killed server had."""

    org_id = 0

    def run(self, batch: Batch) -> None:
        lapsed = sa.update(JOBS).where(JOBS.c.state == JobState.RUNNING).values(lease_until=utc_now())
        batch.session.execute(lapsed)


async def sent(client: httpx2.AsyncClient, kind: str, table: str) -> str:
    """An upload; where the import is."""
    answer = await client.post("/api/imports", params={"type": kind}, files={"file": ("table.csv", table.encode())})
    assert answer.status_code == 201, answer.text
    return f"/api/imports/{answer.json()['id']}"


async def at(client: httpx2.AsyncClient, path: str, position: int, *status: str) -> dict[str, Any]:
    """The import once it has got so far, in one of these states, or has ended."""
    while True:
        found: dict[str, Any] = (await client.get(path)).json()
        if (found["status"] in status and found["position"] >= position) or found["status"] in ("done", "failed"):
            return found
        await asyncio.sleep(0.005)


async def killed(shop: Shop, server: Server, path: str, position: int, *status: str) -> int:
    """Kill the server while an import is under way; gives how many rows it had looked at."""
    async with shop.client(server) as client:
        found = await at(client, path, position, *status)
    server.kill()
    assert 0 < found["position"] < ROWS, found
    await asyncio.to_thread(shop.database().run, Lapse())
    return int(found["position"])


@pytest.mark.parametrize(
    ("kind", "table", "record", "verb"),
    [("customers", CUSTOMERS, Customer, "customer.register"), ("phones", PHONES, Phone, "phone.stock")],
)
async def test_p27_an_import_that_is_killed_is_finished_after_a_restart_each_row_once(
    kind: str, table: str, record: Any, verb: str, real_shop: Shop
) -> None:
    first = real_shop.serve()
    async with real_shop.client(first) as client:
        path = await sent(client, kind, table)
    await killed(real_shop, first, path, 200, "checking")
    await killed(real_shop, second := real_shop.serve(), path, 200, "running")
    assert second.process.poll() is not None
    third = real_shop.serve()
    async with real_shop.client(third) as client:
        found = await at(client, path, ROWS, "done")
        assert (found["status"], found["created"], found["failed"], found["position"]) == ("done", ROWS, 0, ROWS + 1)
        again = await at(client, await sent(client, kind, table), ROWS, "done")
        assert (again["status"], again["created"], again["updated"], again["unchanged"]) == ("done", 0, 0, ROWS)
    counts = sa.select(
        sa.select(sa.func.count()).select_from(record.table).scalar_subquery(),
        sa.select(sa.func.count()).where(EVENTS.c.verb == verb).scalar_subquery(),
    )
    assert await real_shop.read(lambda session: tuple(session.execute(counts).one())) == (ROWS, ROWS)
    assert await real_shop.wrong() == []
