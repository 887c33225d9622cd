"""Truth in time: the server is killed while a machine runs, and knows afterwards when that was done (R-02, row 27)."""

import asyncio
from collections import Counter

import httpx2

from tests.reliability.serving import Shop, race
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


async def test_row_1_of_50_who_start_one_machine_exactly_one_does(real_laundry: Shop) -> None:
    server = real_laundry.serve()
    for number in range(1, 4):
        answers = await race(
            [server.base], real_laundry.token, f"{AT}/machines/start", [FIRST | {"machine_id": number}] * 50
        )
        assert Counter(status for status, _ in answers) == {200: 1, 400: 49}
        assert {body["detail"] for status, body in answers if status == 400} == {"Machine is in_use"}
    assert await real_laundry.wrong() == []
