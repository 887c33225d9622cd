"""Rows 34 and 35 in full: 50 stalled of 1,000, and 10,000 sockets at once."""

import asyncio
from time import perf_counter

import httpx2
import pytest

from tests.reliability.crowd import Crowd, memory, percentile
from tests.reliability.serving import Shop, a_customer
from tests.reliability.test_row_34_slow_readers import LARGE
from tests.soak.figures import place, show

pytestmark = pytest.mark.soak


async def large(client: httpx2.AsyncClient, crowd: Crowd, readers: int) -> None:
    """Events of 50 KB, more than is held for somebody who doesn't read; returns when the others have heard them."""
    known = len(crowd.heard)
    for _ in range(12):
        assert (await client.post("/api/phones", json=LARGE)).status_code == 201
    await crowd.all_have_heard(known + readers * 12)


async def test_row_34_50_stalled_of_1000_cost_the_others_nothing_and_are_gone_in_10_seconds(real_shop: Shop) -> None:
    server = real_shop.serve()
    crowd = Crowd(server.base, real_shop.token)
    await crowd.come(950)
    waits: list[float] = []
    async with real_shop.client(server) as client:
        for _ in range(3):
            await large(client, crowd, 950)
        idle = memory(server.process.pid)  # with what sending large events takes anyway
        await crowd.come(50, stalls=True)
        await large(client, crowd, 950)
        stalled = perf_counter()
        while perf_counter() < stalled + 10:
            before, known = perf_counter(), len(crowd.heard)
            await a_customer(client)
            await crowd.all_have_heard(known + 950)
            waits += [each - before for each in crowd.heard[known:]]
            assert memory(server.process.pid) - idle < 50
        await asyncio.sleep(max(0.0, stalled + 10 - perf_counter()))
        shown = (await client.get("/metrics")).text
    open_sockets = [float(line.split()[-1]) for line in shown.splitlines() if 'connections{kind="socket"}' in line]
    crowd.leave()
    show(f"row 34, {place(real_shop.on_sqlite)}", p99=percentile(waits, 0.99))
    assert open_sockets == [950.0]
    assert percentile(waits, 0.99) <= 1.0


async def test_row_35_10000_sockets_take_500_mb_and_all_have_1_kb_in_2_seconds(real_shop: Shop) -> None:
    server = real_shop.serve()
    crowd = Crowd(server.base, real_shop.token)
    await crowd.come(10_000)
    held = memory(server.process.pid)
    phone, took = LARGE | {"specs": {"colour": "b" * 600}}, []
    async with real_shop.client(server) as client:
        for _ in range(3):
            before, known = perf_counter(), len(crowd.heard)
            assert (await client.post("/api/phones", json=phone)).status_code == 201
            await crowd.all_have_heard(known + 10_000)
            took.append(crowd.heard[-1] - before)
    crowd.leave()
    show(f"row 35, {place(real_shop.on_sqlite)}", mb=held, seconds=max(took))
    assert held <= 500
    assert max(took) <= 2.0
