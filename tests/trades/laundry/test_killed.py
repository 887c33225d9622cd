"""Truth in time: the server is killed while a machine runs, and knows afterwards when that was done (R-02, row 27)."""

import asyncio
from collections import Counter
from random import Random

import httpx2
import pytest

from tests.reliability.serving import Server, Shop
from tests.trades.laundry.moving import first_come, lost_or_doubled, moved_in, offer_at_its_edge, one_machine_for_many
from tests.trades.laundry.washing import AT, done

FIRST = {"machine_type": "washer", "machine_id": 1}
SHORT = {"CYCLE_NORMAL_SECONDS": "1", "GRACE_SECONDS": "3600"}


async def completed(client: httpx2.AsyncClient) -> dict[str, str]:
    """The cycle, once it is written down that it is over."""
    async with asyncio.timeout(20):
        while (row := done(await client.get(f"{AT}/cycles"))[0])["status"] != "completed":  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
    found: dict[str, str] = row
    return found


async def test_r02_a_killed_server_completes_a_cycle_at_its_moment_and_tells_of_it_once(real_laundry: Shop) -> None:
    server = real_laundry.serve(**SHORT)
    async with real_laundry.client(server) as client:
        ends_at = done(await client.post(f"{AT}/machines/start", json=FIRST))["machine"]["ends_at"]
        assert len(done(await client.get(f"{AT}/machines"))["dryers"]) == 6
    server.kill()
    await asyncio.sleep(1.1)
    async with real_laundry.client(real_laundry.serve(**SHORT)) as client:
        machine = done(await client.get(f"{AT}/machines/washer/1"))
        assert (machine["status"], machine["time_left_seconds"]) == ("completed", 0)
        row = await completed(client)
        assert (row["ends_at"], row["ended_at"]) == (ends_at, ends_at)
        told = done(await client.get(f"{AT}/notifications"))["notifications"]
        assert [each["notification_type"] for each in told] == ["cycle_completed"]
        assert done(await client.get(f"{AT}/machines/washer/1"))["total_cycles"] == 1
    assert await real_laundry.wrong() == []


def fronts(laundry: Shop) -> list[Server]:
    """So many processes as may serve this database."""
    return [laundry.serve() for _ in range(1 if laundry.on_sqlite else 2)]


async def test_row_1_of_50_who_start_one_machine_exactly_one_does_and_row_26_who_came_first_is_first(
    real_laundry: Shop,
) -> None:
    tokens, servers = await moved_in(real_laundry, 1, 50), fronts(real_laundry)
    await one_machine_for_many(real_laundry, servers, tokens, rounds=5)
    await first_come(real_laundry, servers, tokens[:6])


@pytest.mark.soak
async def test_row_1_in_1000_races_of_50_exactly_one_starts_the_machine(real_laundry: Shop) -> None:
    tokens, servers = await moved_in(real_laundry, 1, 50), fronts(real_laundry)
    await one_machine_for_many(real_laundry, servers, tokens, rounds=1000)
    await first_come(real_laundry, servers, tokens)


@pytest.mark.soak
async def test_row_26_at_the_edge_of_an_offer_it_is_one_person_s(real_laundry: Shop) -> None:
    tokens, dice = await moved_in(real_laundry, 1, 2), Random(26)  # noqa: S311 - no secret
    servers = [real_laundry.serve(OFFER_SECONDS="1") for _ in range(1 if real_laundry.on_sqlite else 2)]
    outcomes = Counter([await offer_at_its_edge(real_laundry, servers, tokens, dice) for _ in range(100)])
    assert outcomes[True] + outcomes[False] == 100
    assert await real_laundry.read(lambda session: list(lost_or_doubled(session))) == []
    assert await real_laundry.wrong() == []
