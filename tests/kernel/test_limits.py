"""Limits (P-29, rows 32 and 40)."""

import asyncio
import socket

import pytest

from tests.servers import private_valkey
from tradehall.adapters.counts import RedisCounts
from tradehall.kernel import limits
from tradehall.kernel.limits import Limit, Meter


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("text", "limit"),
    [("600/minute", Limit(600, 60)), ("5/second", Limit(5, 1)), (" 10 / hour ", Limit(10, 3600)), ("off", None)],
)
def test_a_limit_is_written_as_people_say_it(text: str, limit: Limit | None) -> None:
    assert Limit.parse(text) == limit


@pytest.mark.parametrize("text", ["0/minute", "many", "5", "5/fortnight", "-1/minute"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="600/minute"):
        Limit.parse(text)


async def test_each_has_a_budget_of_their_own_and_a_new_one_in_the_next_window() -> None:
    clock = Clock()
    meter = Meter("asks", Limit(3, 60), clock=clock)
    assert [(await meter.spend("ama")).exceeded for _ in range(4)] == [False, False, False, True]
    assert (await meter.spend("kofi")).left == 2
    spent = await meter.spend("ama")
    clock.now += spent.resets
    assert (await meter.spend("ama")).left == 2


async def test_a_flood_of_addresses_takes_no_more_memory_and_shares_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_KNOWN", 10)
    meter = Meter("asks", Limit(3, 60), clock=Clock())
    assert not (await meter.spend("ama")).exceeded
    flood = [await meter.spend(f"10.0.0.{n}") for n in range(40)]
    assert sum(not each.exceeded for each in flood) == 9 + 3
    assert (await meter.spend("ama")).left == 1


async def test_row_40_processes_that_share_a_store_let_exactly_as_many_through() -> None:
    with private_valkey() as url:
        stores = [RedisCounts(url) for _ in range(3)]
        meters = [Meter("asks", Limit(50, 86400), store) for store in stores]
        spent = await asyncio.gather(*(meters[n % 3].spend("ama") for n in range(120)))
        for store in stores:
            await store.close()
    assert sum(not each.exceeded for each in spent) == 50


async def test_row_32_without_the_store_each_process_counts_for_itself_and_returns_to_it() -> None:
    with private_valkey() as url:
        store = RedisCounts(url)
        meter = Meter("asks", Limit(3, 86400), store)
        assert [(await meter.spend("ama")).left for _ in range(2)] == [2, 1]
    asked = [await meter.spend("ama") for _ in range(2)]
    assert [each.exceeded for each in asked] == [False, True]
    await store.close()


async def test_row_32_nobody_waits_for_a_store_that_hangs() -> None:
    hanging = socket.create_server(("127.0.0.1", 0))  # which accepts and never answers
    store = RedisCounts(f"redis://127.0.0.1:{hanging.getsockname()[1]}/0")
    assert await store.add("ama", 60) is None  # the one that finds out waits for half a second
    waits = [asyncio.ensure_future(store.add("ama", 60)) for _ in range(100)]
    await asyncio.sleep(0)
    assert all(each.done() for each in waits)
    await store.close()
    hanging.close()
