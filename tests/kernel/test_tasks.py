"""Tasks ask the outside world after the commit: each at least once, none held up by another's target."""

import asyncio
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.kernel import stall
from tests.kernel.floor import HERE, NOW, THERE, Floor, bring
from tests.kernel.stall import Crate, NewCrate
from tests.running import SECRET, Clock
from tradehall.kernel import checks, worker
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Refused, Unavailable
from tradehall.kernel.jobs import JOBS, KEPT_FOR, LEASE, TRIED_FOR, TRIES, Claim, Job, Then, drop_done, given_up, task
from tradehall.kernel.office import Office
from tradehall.kernel.progress import LIMIT, alive
from tradehall.kernel.transfer import preparing, running

SAID: list[tuple[int, Any]] = []
"""What the world outside heard: the job's id and the words."""
DOORS: dict[str, asyncio.Event] = {}
"""Who is told something waits at a door until it opens."""


@task("stall.say", timeout=5, at_once=4)
async def say(office: Office, job: Job) -> Then | None:
    """Say words outside; a crate of that name comes back where one was asked for."""
    words = job.payload["words"]
    if door := DOORS.get(words):
        await door.wait()
    SAID.append((job.id, words))
    if words == "no answer":
        raise TimeoutError
    if words == "fails":
        raise Unavailable("Nobody listens")
    if not job.payload.get("bring"):
        return None
    return lambda ctx: ctx.do(stall.bring, NewCrate(label=words))


@task("stall.slow", timeout=0.01)
async def slow(office: Office, job: Job) -> None:
    """Never ends by itself."""
    await asyncio.Event().wait()


@task("stall.busy", timeout=5)
async def busy(office: Office, job: Job) -> None:
    """Would be out of time at once, unless it says that it gets on."""
    given = LIMIT.get()
    assert given is not None
    given[0].reschedule(0)
    if job.payload["words"] == "alive":
        alive()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    SAID.append((job.id, "busy"))


@task("stall.doomed", timeout=5)
async def doomed(office: Office, job: Job) -> None:
    """Never works."""
    await say.run(office, job)
    raise Unavailable("Nobody listens")


@given_up(doomed)
def missed(ctx: Context, given: Mapping[str, Any]) -> None:
    """A crate tells that nobody tries it again."""
    ctx.do(stall.bring, NewCrate(label=f"gave up {given['words']}"))


given_up(slow)(missed)


@pytest.fixture(autouse=True)
def outside() -> Iterator[None]:
    SAID.clear()
    DOORS.clear()
    yield
    for door in DOORS.values():
        door.set()


@pytest.fixture
async def office(floor: Floor, clock: Clock) -> AsyncIterator[Office]:
    """An office that looks after what is due when it is told to; its clock stands."""
    clock.set(NOW.isoformat())
    office = Office(floor.database, [stall.trade], SECRET, clock)
    yield office
    for door in DOORS.values():
        door.set()
    await office.worker.close()


async def ask(floor: Floor, *words: str, org_id: int = HERE, **more: Any) -> None:
    """Have words said, each by a job of its own."""

    def rule(ctx: Context) -> None:
        for each in words:
            ctx.later(say, {"words": each, "bring": more.get("bring", False)}, target=more.get("target", ""))

    await floor.rule(rule, org_id)


async def rows(floor: Floor) -> list[Any]:
    """Every job."""
    found: list[Any] = await floor.read(lambda db: db.execute(sa.select(JOBS).order_by(JOBS.c.id)).all(), 0)
    return found


async def states(floor: Floor) -> list[tuple[str, int]]:
    """How every job is, and how often it was tried."""
    return [(row.state.value, row.attempts) for row in await rows(floor)]


async def test_a_task_is_done_after_the_commit_and_what_it_returns_is_one_unit_with_its_mark(
    floor: Floor, office: Office
) -> None:
    await ask(floor, "hello", bring=True)
    assert SAID == []
    assert await office.work_once() == 1
    assert SAID == [(1, "hello")]
    assert await floor.labels() == ["hello"]
    assert await floor.verbs() == ["crate.bring"]
    assert await states(floor) == [("done", 1)]
    assert (await rows(floor))[0].payload is None
    assert await office.work_once() == 0
    assert await floor.wrong() == []


async def test_row_23_a_task_of_a_unit_that_fails_is_never_done(floor: Floor, office: Office) -> None:
    def fails(ctx: Context) -> None:
        ctx.later(say, {"words": "too early"})
        raise Refused("no", "No")

    with pytest.raises(Refused):
        await floor.rule(fails)
    assert await office.work_once() == 0
    assert (SAID, await rows(floor)) == ([], [])


async def test_a_task_that_fails_is_tried_again_later_and_later_and_then_dead_and_visible(
    floor: Floor, office: Office, clock: Clock
) -> None:
    await ask(floor, "fails")
    waits = []
    for attempt in range(1, TRIES + 1):
        assert await office.work_once() == 1
        [row] = await rows(floor)
        assert (row.state, row.attempts) == ("queued" if attempt < TRIES else "dead", attempt)
        assert re.fullmatch(r"Unavailable unavailable at tests/kernel/test_tasks.py:\d+ say", row.error)
        waits.append((row.due_at - clock()).total_seconds())
        clock.set(row.due_at.isoformat())
    assert waits[:-1] == [2.0**n for n in range(1, TRIES)]
    assert SAID == [(1, "fails")] * TRIES
    clock.forward(days=1)
    assert await office.work_once() == 0
    assert (await rows(floor))[0].payload == {"words": "fails", "bring": False}


async def test_p_24_what_waits_beside_it_under_no_key_does_not_take_the_place_of_what_fails(
    floor: Floor, office: Office, clock: Clock
) -> None:
    await ask(floor, "fails", "fails")
    assert await office.work_once() == 2
    assert await states(floor) == [("queued", 1)] * 2
    clock.forward(days=1)
    assert await office.work_once() == 2
    assert await states(floor) == [("queued", 2)] * 2


def try_in_vain(words: str, tries: int = 0) -> Any:
    """A rule that asks for a task which fails, and has done so that often."""

    def rule(ctx: Context) -> None:
        ctx.later(doomed, {"words": words}, once="a")
        ctx.session.execute(sa.update(JOBS).values(attempts=tries))

    return rule


async def test_p_24_whoever_waits_for_a_task_hears_with_its_last_failure_that_it_was_given_up(
    floor: Floor, office: Office, clock: Clock
) -> None:
    await floor.rule(try_in_vain("hello", TRIES - 2))
    assert await office.work_once() == 1
    assert (await floor.labels(), await states(floor)) == ([], [("queued", TRIES - 1)])
    clock.set((await rows(floor))[0].due_at.isoformat())
    assert await office.work_once() == 1
    assert (await floor.labels(), await states(floor)) == (["gave up hello"], [("dead", TRIES)])
    clock.forward(days=1)
    assert await office.work_once() == 0
    assert await floor.verbs() == ["crate.bring"]
    assert await floor.wrong() == []


async def test_p_24_and_where_its_worker_was_lost_each_time(floor: Floor, office: Office, clock: Clock) -> None:
    await floor.rule(try_in_vain("hello", TRIES - 1))
    assert len(await floor.do(Claim("lost", clock, ["stall"]))) == 1
    assert await office.work_once() == 0
    clock.forward(seconds=LEASE.total_seconds())
    assert await office.work_once() == 1
    assert (await floor.labels(), SAID) == (["gave up hello"], [])
    assert [(row.state, row.error[:15]) for row in await rows(floor)] == [("dead", "WorkerLostError")]


async def test_p_24_a_job_that_can_not_even_be_given_up_is_dead_all_the_same(floor: Floor, office: Office) -> None:
    await floor.do(bring("gave up hello"))  # there can't be another of this name
    await floor.rule(try_in_vain("hello", TRIES - 1))
    assert await office.work_once() == 1
    assert (await floor.labels(), await states(floor)) == (["gave up hello"], [("dead", TRIES)])
    assert await floor.wrong() == []


async def test_p_24_what_was_asked_for_again_meanwhile_is_not_given_up(floor: Floor, office: Office) -> None:
    DOORS["first"] = asyncio.Event()
    await floor.rule(try_in_vain("first", TRIES - 1))
    assert await office.worker.take() == 1
    await floor.rule(lambda ctx: ctx.later(doomed, {"words": "second"}, once="a"))
    DOORS["first"].set()
    await office.work_once()
    assert (await floor.labels(), await states(floor)) == ([], [("dead", TRIES), ("queued", 1)])


async def test_a_task_has_its_time_and_no_more(floor: Floor, office: Office) -> None:
    await floor.rule(lambda ctx: ctx.later(slow, {}))
    assert await office.work_once() == 1
    [row] = await rows(floor)
    assert row.state == "queued"
    assert re.match(r"OutOfTimeError at .*, because of TimeoutError at .*, because of CancelledError at ", row.error)


async def test_p_24_a_task_that_says_that_it_is_alive_has_its_time_again(floor: Floor, office: Office) -> None:
    for words in ("alive", "silent"):
        await floor.rule(partial(Context.later, task=busy, payload={"words": words}))
    assert await office.work_once() == 2
    assert (SAID, await states(floor)) == ([(1, "busy")], [("done", 1), ("queued", 1)])


async def test_p_24_a_task_that_runs_into_its_time_out_again_is_given_up_before_all_its_tries(
    floor: Floor, office: Office, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [2 * each.timeout for each in (checks.run, preparing.run, running.run)] == [TRIED_FOR] * 3
    monkeypatch.setattr(worker, "TRIED_FOR", 2 * slow.timeout)
    await floor.rule(lambda ctx: ctx.later(slow, {"words": "hello"}))
    await ask(floor, "no answer")
    assert await office.work_once() == 2
    assert (await floor.labels(), await states(floor)) == ([], [("queued", 1)] * 2)
    clock.set((await rows(floor))[0].due_at.isoformat())
    assert await office.work_once() == 2
    assert (await floor.labels(), await states(floor)) == (["gave up hello"], [("dead", 2), ("queued", 2)])
    assert [row.error.partition(" at ")[0] for row in await rows(floor)] == ["OutOfTimeError", "TimeoutError"]


async def test_a_task_whose_closing_rule_is_refused_is_tried_again(floor: Floor, office: Office) -> None:
    await ask(floor, "forbidden fruit", bring=True)
    assert await office.work_once() == 1
    [row] = await rows(floor)
    assert row.state == "queued"
    assert row.error.startswith("Refused forbidden at kernel/stall/__init__.py:")
    assert await floor.labels() == []


async def test_of_tasks_with_the_same_once_the_newest_waits_and_one_waits_for_its_moment(
    floor: Floor, office: Office, clock: Clock
) -> None:
    def later(words: str, due: datetime) -> Any:
        return lambda ctx: ctx.later(say, {"words": words}, once="a", due=due)

    await floor.rule(later("first", NOW))
    await floor.rule(later("second", NOW + timedelta(minutes=1)))
    assert await office.work_once() == 0
    clock.forward(minutes=1)
    assert await office.work_once() == 1
    assert SAID == [(1, "second")]


async def test_p24_of_one_key_one_at_most_is_under_way(floor: Floor, office: Office, clock: Clock) -> None:
    DOORS["first"] = asyncio.Event()
    await floor.rule(lambda ctx: ctx.later(say, {"words": "first"}, once="a"))
    assert await office.worker.take() == 1
    await floor.rule(lambda ctx: ctx.later(say, {"words": "second"}, once="a"))
    assert await office.worker.take() == 0
    assert await floor.do(Claim("another", clock, ["stall"])) == []
    DOORS["first"].set()
    assert await office.work_once() == 1
    assert [words for _, words in SAID] == ["first", "second"]


async def test_row_24_a_target_that_hangs_holds_up_nothing_but_what_is_for_itself(floor: Floor, office: Office) -> None:
    DOORS["hangs"] = asyncio.Event()
    await ask(floor, *["hangs"] * 300, target="slow one")
    await ask(floor, *["quick"] * 50, target="quick one")
    await ask(floor, *["elsewhere"] * 50, target="slow one", org_id=THERE)
    while await office.worker.take() or len(SAID) < 100:  # noqa: ASYNC110 - nothing tells who has spoken
        await asyncio.sleep(0)
    assert sorted({words for _, words in SAID}) == ["elsewhere", "quick"]
    hanging = [row.state.value for row in await rows(floor) if row.payload and row.payload["words"] == "hangs"]
    assert (hanging.count("running"), hanging.count("queued")) == (say.at_once, 300 - say.at_once)
    DOORS["hangs"].set()
    await office.work_once()
    assert len(SAID) == len({job_id for job_id, _ in SAID}) == 400
    assert set(await states(floor)) == {("done", 1)}


async def test_many_at_once_are_each_done_once_whoever_takes_them(floor: Floor, office: Office, clock: Clock) -> None:
    others = [Office(floor.database, [stall.trade], SECRET, clock) for _ in range(2)]
    await ask(floor, *(f"word {n}" for n in range(500)))
    done = await asyncio.gather(*(each.work_once() for each in (office, *others)))
    assert sum(done) == 500
    assert sorted(job_id for job_id, _ in SAID) == list(range(1, 501))
    assert set(await states(floor)) == {("done", 1)}


async def test_the_lease_of_what_is_under_way_is_renewed(floor: Floor, office: Office, clock: Clock) -> None:
    DOORS["long story"] = asyncio.Event()
    await ask(floor, "long story")
    assert await office.worker.take() == 1
    for _ in range(5):
        clock.forward(seconds=LEASE.total_seconds() / 2)
        assert await office.worker.take() == 0
    assert await floor.do(Claim("another", clock, ["stall"])) == []
    DOORS["long story"].set()
    assert await office.work_once() == 0
    assert await states(floor) == [("done", 1)]


async def test_a_task_whose_lease_went_to_another_changes_nothing_here(
    floor: Floor, office: Office, clock: Clock
) -> None:
    DOORS["late"] = asyncio.Event()
    await ask(floor, "late", bring=True)
    assert await office.worker.take() == 1
    clock.forward(seconds=LEASE.total_seconds() + 1)
    [again] = await floor.do(Claim("another", clock, ["stall"]))
    DOORS["late"].set()
    await office.work_once()
    assert await floor.labels() == []
    assert await states(floor) == [("running", 2)]
    assert again.attempts == 2


async def test_an_office_that_closes_ends_what_is_under_way_and_gives_back_the_rest(
    floor: Floor, office: Office, clock: Clock
) -> None:
    DOORS["first"] = asyncio.Event()
    await ask(floor, *["warm up"] * 4)
    assert await office.work_once() == 4
    await ask(floor, *["first"] * 8)
    assert await office.worker.take() == 8
    asyncio.get_running_loop().call_soon(DOORS["first"].set)
    await office.worker.close()
    assert [words for _, words in SAID].count("first") == say.at_once
    assert (await states(floor))[4:] == [("done", 1)] * 4 + [("running", 0)] * 4
    another = Office(floor.database, [stall.trade], SECRET, clock)
    assert await another.work_once() == 4
    assert set(await states(floor)) == {("done", 1)}


async def test_what_was_done_long_ago_is_forgotten_and_what_is_dead_is_kept(floor: Floor, office: Office) -> None:
    await ask(floor, "hello", "fails")
    await office.work_once()
    floor.sql("UPDATE kernel_jobs SET state = 'dead' WHERE state = 'queued'")
    assert await floor.rule(lambda ctx: drop_done(ctx, NOW - KEPT_FOR)) == 0
    assert len(await rows(floor)) == 2
    assert await floor.rule(lambda ctx: drop_done(ctx, NOW + KEPT_FOR)) == 1
    assert await states(floor) == [("dead", 1)]


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.kernel import stall, test_tasks
from tests.running import SECRET, Clock
from tradehall.kernel.database import open_database
from tradehall.kernel.office import Office

class Heard(list):
    def append(self, said):
        Path(sys.argv[3]).open("a").write(f"{said[0]}\\n")
        os.kill(os.getpid(), signal.SIGKILL)

test_tasks.SAID = Heard()
clock = Clock()
clock.set(sys.argv[2])
asyncio.run(Office(open_database(sys.argv[1], Path()), [stall.trade], SECRET, clock).work_once())
"""


async def test_p24_killed_between_effect_and_mark_happens_once_here_and_with_the_same_id_outside(
    floor: Floor, database_url: str, office: Office, clock: Clock, tmp_path: Path
) -> None:
    await ask(floor, "once", bring=True)
    words = [sys.executable, "-c", KILLED, database_url, clock().isoformat(), str(tmp_path / "heard")]
    ended = await asyncio.to_thread(subprocess.run, words, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert await states(floor) == [("running", 1)]
    clock.forward(seconds=LEASE.total_seconds())
    assert await office.work_once() == 1
    assert (tmp_path / "heard").read_text() == "1\n"
    assert SAID == [(1, "once")]
    assert await floor.labels() == ["once"]
    assert await states(floor) == [("done", 2)]
    assert await floor.wrong() == []


async def test_timers_and_tasks_are_taken_in_the_order_in_which_they_are_due(floor: Floor, office: Office) -> None:
    crate_id = (await floor.do(bring("a"))).id
    await floor.rule(lambda ctx: ctx.at(NOW, stall.shout, ctx.get(Crate, crate_id)))
    await ask(floor, "hello")
    assert await office.work_once() == 2
    assert await floor.tags() == 1
    assert SAID == [(2, "hello")]
