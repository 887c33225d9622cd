"""Row 32 in full: while Redis hangs or is down, sales go on, and the slowest of a hundred takes at most twice as long."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.reliability.crowd import percentile
from tests.reliability.proxy import Wire, wire
from tests.reliability.serving import Shop, a_customer, a_phone
from tests.servers import Postgres, private_valkey
from tests.soak.figures import show

pytestmark = pytest.mark.soak
ROUNDS = 6
SALES = 200
CLERKS = 4


async def sold(client: httpx2.AsyncClient, customer: int) -> list[float]:
    """How long each of some sales took, with clerks at work beside each other."""

    async def clerk() -> list[float]:
        took = []
        for _ in range(SALES // CLERKS):
            sale = {"customer_id": customer, "phone_id": await a_phone(client), "amount_paid": 100}
            began = perf_counter()
            answer = await client.post("/api/sales", json=sale)
            took.append(perf_counter() - began)
            assert answer.status_code == 201, answer.text
        return took

    return [each for took in await asyncio.gather(*(clerk() for _ in range(CLERKS))) for each in took]


async def measured(client: httpx2.AsyncClient, line: Wire) -> dict[str, list[float]]:
    """Sales with Redis, and while it hangs and is down, in turn."""
    customer, took = await a_customer(client), dict[str, list[float]]()
    await sold(client, customer)
    for _ in range(ROUNDS):
        for state, harm in (("there", line.mend), ("hangs", line.hang), ("there", line.mend), ("down", line.cut)):
            harm()
            took.setdefault(state, []).extend(await sold(client, customer))
            line.mend()
            await asyncio.sleep(2.5)  # it is back for everybody
    return took


@pytest.fixture
def shop(durable_postgres: Postgres, tmp_path: Path) -> Iterator[Shop]:
    """A phone shop on PostgreSQL, where Redis is for."""
    found = Shop(tmp_path, durable_postgres.database("redis_away"))
    yield found
    found.close()


async def test_row_32_without_redis_the_99th_of_100_sales_takes_at_most_twice_as_long(shop: Shop) -> None:
    with private_valkey() as redis:
        async with wire("127.0.0.1", urlsplit(redis).port or 0) as line:
            settings = {"REDIS_URL": f"redis://127.0.0.1:{line.port}/0", "RATE_LIMIT": "1000000/minute"}
            server = await asyncio.to_thread(shop.serve, **settings)
            async with shop.client(server) as client:
                took = await measured(client, line)
    p99 = {state: percentile(each, 0.99) for state, each in took.items()}
    longest = {f"longest, {state}": max(each) for state, each in took.items()}
    show("row 32, seconds", **p99 | longest, sales=sum(map(len, took.values())))
    assert p99["hangs"] <= 2 * p99["there"]
    assert p99["down"] <= 2 * p99["there"]
