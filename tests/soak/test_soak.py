"""The figures in full: 1,000 races, 20 kills with 5,000 acknowledged requests, and every commit on the disk."""

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest

from tests.reliability.loads import created_is_there, few_phones_for_many, killed_and_complete, one_phone_for_many
from tests.reliability.serving import Shop, a_customer

pytestmark = pytest.mark.soak


def fronts(shop: Shop) -> int:
    """How many processes may serve this database."""
    return 1 if shop.on_sqlite else 2


async def test_row_1_in_1000_races_of_50_exactly_one_wins(real_shop: Shop) -> None:
    await one_phone_for_many(real_shop, [real_shop.serve() for _ in range(fronts(real_shop))], rounds=1000)


async def test_row_2_in_a_race_of_400_for_80_exactly_80_win(real_shop: Shop) -> None:
    servers = [real_shop.serve() for _ in range(fronts(real_shop))]
    await few_phones_for_many(real_shop, servers, buyers=400, phones=80)


async def test_row_3_of_4000_that_were_created_none_is_missing(real_shop: Shop) -> None:
    await created_is_there(real_shop, real_shop.serve(), times=4000)


async def test_row_4_20_kills_lose_none_of_5000_acknowledged(real_shop: Shop) -> None:
    ledger = await killed_and_complete(real_shop, kills=20, each=260)
    assert len(ledger.acknowledged) >= 5000


async def test_row_5_each_commit_is_followed_by_a_call_that_waits_for_the_disk(real_shop: Shop, tmp_path: Path) -> None:
    if not real_shop.on_sqlite:
        pytest.skip("PostgreSQL's own processes do this; its settings are asserted")
    counted = tmp_path / "calls"
    server = real_shop.serve("strace", "-f", "-c", "-e", "trace=fdatasync,fsync", "-o", str(counted))
    async with real_shop.client(server) as client:
        commits = 200
        for _ in range(commits):
            await a_customer(client)
    tracer = server.process.pid
    [traced] = (Path("/proc") / str(tracer) / "task" / str(tracer) / "children").read_text().split()
    os.kill(int(traced), signal.SIGTERM)  # the tracer counts to the end
    await asyncio.to_thread(server.process.wait, 30)
    calls = sum(int(line.split()[3]) for line in counted.read_text().splitlines() if re.search(r"f(data)?sync$", line))
    assert calls >= commits
