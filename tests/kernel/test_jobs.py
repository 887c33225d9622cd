"""Timers are durable: they ring once, whatever happens to whoever rings them."""

import asyncio
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.kernel import stall
from tests.kernel.floor import NOW, Floor, bring
from tests.kernel.stall import Crate, shout
from tests.running import SECRET, Clock
from tradehall.kernel.calls import RunTimer
from tradehall.kernel.jobs import JOBS, LEASE, TRIES, Claim, Failed, Job, LostLeaseError, next_due
from tradehall.kernel.office import Office
from tradehall.trades import phoneshop

LATER = NOW + timedelta(minutes=5)


@pytest.fixture
async def office(floor: Floor, clock: Clock) -> Office:
    """An office that looks after what is due when it is told to; its clock stands."""
    clock.set(NOW.isoformat())
    return Office(floor.database, [stall.trade], SECRET, clock)


async def crate(floor: Floor, **more: Any) -> int:
    """A crate with a timer; its id."""
    crate_id = int((await floor.do(bring("a", **more))).id)
    await remind(floor, crate_id, LATER)
    return crate_id


async def remind(floor: Floor, crate_id: int, at: datetime) -> None:
    """Set a timer on a crate."""
    await floor.rule(lambda ctx: ctx.at(at, shout, ctx.get(Crate, crate_id)))


async def jobs(floor: Floor) -> list[tuple[str, int]]:
    """Every job: its state, and how often it was tried."""
    query = sa.select(JOBS.c.state, JOBS.c.attempts).order_by(JOBS.c.id)
    found: list[tuple[str, int]] = await floor.read(
        lambda db: [(row.state, row.attempts) for row in db.execute(query)], 0
    )
    return found


async def test_a_timer_rings_once_when_it_is_due_and_not_before(floor: Floor, office: Office, clock: Clock) -> None:
    await crate(floor)
    assert await office.work_once() == 0
    clock.forward(minutes=5)
    assert await office.work_once() == 1
    assert await office.work_once() == 0
    assert await floor.tags() == 1
    assert await floor.verbs() == ["crate.bring", "crate.shout"]
    assert await jobs(floor) == [("done", 1)]
    assert await floor.wrong() == []


async def test_a_timer_that_is_set_again_is_moved(floor: Floor, office: Office, clock: Clock) -> None:
    crate_id = await crate(floor)
    await floor.rule(lambda ctx: ctx.at(LATER + timedelta(hours=1), shout, ctx.get(Crate, crate_id)))
    clock.forward(minutes=6)
    assert await office.work_once() == 0
    clock.forward(hours=1)
    assert await office.work_once() == 1
    assert await floor.tags() == 1


async def test_a_cancelled_timer_does_not_ring(floor: Floor, office: Office, clock: Clock) -> None:
    crate_id = await crate(floor)
    await floor.rule(lambda ctx: ctx.cancel(shout, ctx.get(Crate, crate_id)))
    clock.forward(hours=1)
    assert await office.work_once() == 0
    assert await jobs(floor) == []


async def test_a_timer_of_a_unit_that_fails_is_never_set(floor: Floor, office: Office, clock: Clock) -> None:
    crate_id = (await floor.do(bring("a"))).id

    def fails(ctx: Any) -> None:
        ctx.at(LATER, shout, ctx.get(Crate, crate_id))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await floor.rule(fails)
    assert await jobs(floor) == []


async def test_a_timer_of_a_row_that_is_gone_rings_without_effect(floor: Floor, office: Office, clock: Clock) -> None:
    await crate(floor)
    floor.sql("DELETE FROM stall_crates")
    clock.forward(hours=1)
    assert await office.work_once() == 1
    assert await jobs(floor) == [("done", 1)]


async def test_a_timer_that_fails_is_tried_again_later_and_later_and_then_dead_and_visible(
    floor: Floor, office: Office, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    await crate(floor, remark="hoarse")
    clock.forward(minutes=5)
    waits = []
    for attempt in range(1, TRIES + 1):
        assert await office.work_once() == 1
        assert (await jobs(floor))[0] == ("queued" if attempt < TRIES else "dead", attempt)
        assert await office.work_once() == 0
        row: Any = await floor.read(lambda db: db.execute(sa.select(JOBS)).one(), 0)
        waits.append((row.due_at - clock()).total_seconds())
        assert row.error.startswith("RuntimeError at kernel/stall/__init__.py:")
        clock.set(row.due_at.isoformat())
    assert waits[:-1] == [2.0**n for n in range(1, TRIES)]
    clock.forward(days=1)
    assert await office.work_once() == 0
    assert await floor.tags() == 0
    assert await floor.verbs() == ["crate.bring"]
    assert await floor.wrong() == []
    assert "failed" in caplog.text


async def test_a_timer_that_failed_rings_once_it_can(floor: Floor, office: Office, clock: Clock) -> None:
    await crate(floor, remark="hoarse")
    clock.forward(minutes=5)
    await office.work_once()
    floor.sql("UPDATE stall_crates SET remark = NULL")
    clock.forward(seconds=2)
    assert await office.work_once() == 1
    assert await floor.tags() == 1
    assert await jobs(floor) == [("done", 2)]


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.kernel import stall
from tests.running import SECRET, Clock
from tradehall.kernel.database import open_database
from tradehall.kernel.office import Office
from tradehall.trades import phoneshop
from tradehall.kernel.verbs import after

@after(stall.shout)
def die(ctx, crate):
    os.kill(os.getpid(), signal.SIGKILL)

clock = Clock()
clock.set(sys.argv[2])
asyncio.run(Office(open_database(sys.argv[1], Path()), [stall.trade], SECRET, clock).work_once())
"""


async def test_row_4_a_worker_that_is_killed_amid_a_timer_leaves_it_to_another_which_does_it_once(
    floor: Floor, database_url: str, office: Office, clock: Clock
) -> None:
    await crate(floor)
    clock.forward(minutes=5)
    words = [sys.executable, "-c", KILLED, database_url, clock().isoformat()]
    ended = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert await jobs(floor) == [("running", 1)]
    assert await floor.tags() == 0
    clock.forward(seconds=LEASE.total_seconds() - 1)
    assert await office.work_once() == 0
    clock.forward(seconds=1)
    assert await office.work_once() == 1
    assert await office.work_once() == 0
    assert await floor.tags() == 1
    assert await jobs(floor) == [("done", 2)]
    assert await floor.wrong() == []


async def claimed(floor: Floor, worker: str, clock: Clock) -> list[Job]:
    found: list[Job] = await floor.do(Claim(worker, clock, {"stall": stall.trade}))
    return found


async def test_a_worker_whose_lease_went_to_another_does_nothing_more(
    floor: Floor, office: Office, clock: Clock
) -> None:
    await crate(floor)
    clock.forward(minutes=5)
    [slow] = await claimed(floor, "slow", clock)
    assert await claimed(floor, "quick", clock) == []
    clock.forward(seconds=61)
    [again] = await claimed(floor, "quick", clock)
    with pytest.raises(LostLeaseError):
        await floor.do(RunTimer(stall.trade, slow, "slow", clock()))
    await floor.do(RunTimer(stall.trade, again, "quick", clock()))
    with pytest.raises(LostLeaseError):
        await floor.do(RunTimer(stall.trade, again, "quick", clock()))
    await floor.do(Failed(slow, "slow", ValueError("late"), clock()))
    assert await floor.tags() == 1
    assert await jobs(floor) == [("done", 2)]
    assert await floor.wrong() == []


async def test_a_failure_that_is_reported_late_leaves_the_next_attempt_of_the_same_worker_alone(
    floor: Floor, office: Office, clock: Clock
) -> None:
    await crate(floor)
    clock.forward(minutes=5)
    [first] = await claimed(floor, "one", clock)
    clock.forward(seconds=61)
    [second] = await claimed(floor, "one", clock)
    await floor.do(Failed(first, "one", ValueError("late"), clock()))
    assert await jobs(floor) == [("running", 2)]
    await floor.do(RunTimer(stall.trade, second, "one", clock()))
    await floor.do(Failed(second, "one", ValueError("later still"), clock()))
    assert await jobs(floor) == [("done", 2)]


async def test_two_workers_never_get_the_same_timer(floor: Floor, office: Office, clock: Clock) -> None:
    for label in "abcdefgh":
        await remind(floor, (await floor.do(bring(label))).id, NOW)
    others = [Office(floor.database, [stall.trade], SECRET, clock) for _ in range(3)]
    done = await asyncio.gather(*(each.work_once() for each in (office, *others)))
    assert sum(done) == 8
    assert await floor.tags() == 8
    assert await jobs(floor) == [("done", 1)] * 8
    assert await floor.wrong() == []


async def test_what_is_due_in_a_trade_that_is_not_served_here_is_left_alone(floor: Floor, clock: Clock) -> None:
    await crate(floor)
    clock.set((LATER + timedelta(hours=1)).isoformat())
    assert await Office(floor.database, [phoneshop.trade], SECRET, clock).work_once() == 0
    assert await floor.read(lambda session: next_due(session, ["phoneshop"]), 0) is None
    assert await floor.read(lambda session: next_due(session, ["stall"]), 0) == LATER
    assert await jobs(floor) == [("queued", 0)]


async def test_a_timer_that_takes_its_worker_with_it_each_time_is_dead_and_visible(floor: Floor, clock: Clock) -> None:
    await crate(floor)
    clock.set(LATER.isoformat())
    for _ in range(TRIES):
        assert len(await claimed(floor, "doomed", clock)) == 1
        clock.forward(seconds=LEASE.total_seconds())
    assert await claimed(floor, "doomed", clock) == []
    assert await jobs(floor) == [("dead", TRIES)]
