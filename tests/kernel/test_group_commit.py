"""Units share a transaction: whatever befalls one, nobody else's work is lost and nobody is answered falsely."""

import asyncio
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from tests.kernel.floor import HERE, THERE, Floor, Keyed, Unit, bring, shared
from tests.kernel.stall import Amount, Crate, NewCrate, Tag, Word, tag, take
from tests.kernel.stall import bring as bringing
from tests.kernel.wire import Cut, wire_to
from tests.running import Copies
from tradehall.kernel import calls
from tradehall.kernel.calls import Perform
from tradehall.kernel.context import Context
from tradehall.kernel.database import Batch, SqliteDatabase, open_database
from tradehall.kernel.database.postgres import WRITER_LOCKS
from tradehall.kernel.errors import OutcomeUnknown, Problem, Refused, StorageFull, Unavailable
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Verb

POISON = "poison"
POISONED = f"""
    CREATE FUNCTION poisoned() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.label = '{POISON}' THEN RAISE EXCEPTION 'poisoned' USING ERRCODE = '%s'; END IF;
        RETURN NEW;
    END $$
"""
AT_ONCE = "CREATE TRIGGER poisoned BEFORE INSERT ON stall_crates FOR EACH ROW EXECUTE FUNCTION poisoned()"
AT_COMMIT = (
    "CREATE CONSTRAINT TRIGGER poisoned AFTER INSERT ON stall_crates DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION poisoned()"
)


@pytest.fixture(params=["sqlite", "sqlite, brief", "postgresql"])
def database_url(
    request: pytest.FixtureRequest, copies: Copies, trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """On SQLite everything is done twice: in the writer's thread, and on the event loop as what is brief is."""
    kind, _, brief = request.param.partition(", ")
    for work in (Unit, Keyed):
        monkeypatch.setattr(work, "is_brief", bool(brief))
    with copies.copy(kind, trade) as url:
        yield url


def only_postgres(floor: Floor) -> None:
    if floor.on_sqlite:
        pytest.skip("this befalls PostgreSQL only")


def only_sqlite(floor: Floor) -> None:
    if not floor.on_sqlite:
        pytest.skip("this befalls SQLite only")


def brings_and_then(label: str, then: Callable[[Context], Any]) -> Unit:
    """A unit that brings a crate, and then has something done to it."""

    def rule(ctx: Context) -> None:
        ctx.do(bringing, NewCrate(label=label))
        then(ctx)

    return Unit(rule)


async def test_units_that_wait_together_share_one_transaction(floor: Floor) -> None:
    units = [bring(label) for label in "abc"]
    ended = await floor.together(*units)
    assert [type(each) for each in ended] == [Crate] * 3
    assert shared(units)
    assert await floor.labels() == ["a", "b", "c"]
    assert await floor.verbs() == ["crate.bring"] * 3
    assert await floor.wrong() == []


async def test_units_of_different_organisations_do_not_share_a_transaction(floor: Floor) -> None:
    units = [Unit(lambda ctx: ctx.do(bringing, NewCrate(label="a")), org_id) for org_id in (HERE, THERE)]
    ended = await floor.together(*units)
    assert [type(each) for each in ended] == [Crate] * 2
    assert not shared(units)
    assert (await floor.labels(HERE), await floor.labels(THERE)) == (["a"], ["a"])
    assert (await floor.wrong(HERE), await floor.wrong(THERE)) == ([], [])


def sell_out(ctx: Context) -> None:
    crate = ctx.do(bringing, NewCrate(label=POISON, stock=2))
    ctx.do(take, crate, Amount(count=3))


@pytest.mark.parametrize(
    ("failing", "kind", "code"),
    [
        (lambda: bring("snake"), ValueError, None),
        (lambda: brings_and_then(POISON, lambda _: sys.exit()), RuntimeError, None),
        (lambda: bring("forbidden fruit"), Refused, "forbidden"),
        (lambda: bring("a"), Refused, "label_taken"),
        (lambda: Unit(sell_out), Refused, "sold_out"),
        (lambda: brings_and_then(POISON, lambda ctx: ctx.get(Crate, 999)), Problem, "missing"),
    ],
    ids=["exception", "exit", "refusal", "unique wall", "check wall", "missing"],
)
async def test_a_unit_that_fails_takes_only_its_own_work_with_it(
    floor: Floor, failing: Callable[[], Unit], kind: type[Exception], code: str | None
) -> None:
    units = [bring("a"), failing(), bring("b"), bring("c")]
    ended = await floor.together(*units)
    assert shared(units)
    # Where rows are written together, a wall is met by all of them; without savepoints, what a unit wrote before it failed
    # can't be undone alone. Then the group runs once more.
    wrote_before = code in ("sold_out", "missing") or kind is RuntimeError
    on_sqlite, elsewhere = [2, 2, 1, 1] if wrote_before else [1] * 4, [1 + (code in ("label_taken", "sold_out"))] * 4
    assert [len(unit.ran_in) for unit in units] == (on_sqlite if floor.on_sqlite else elsewhere)
    assert isinstance(ended[1], kind)
    assert getattr(ended[1], "code", None) == code
    assert [each.number for each in (ended[0], *ended[2:])] == ["C-000001", "C-000002", "C-000003"]
    assert await floor.labels() == ["a", "b", "c"]
    assert await floor.verbs() == ["crate.bring"] * 3
    assert await floor.wrong() == []


async def test_the_last_unit_that_fails_takes_only_its_own_work_with_it(floor: Floor) -> None:
    ended = await floor.together(bring("a"), bring("b"), bring("snake"))
    assert isinstance(ended[2], ValueError)
    assert await floor.labels() == ["a", "b"]
    assert await floor.wrong() == []


async def test_a_key_is_answered_once_also_by_twins_in_one_transaction(floor: Floor) -> None:
    calls = [Keyed("k1", "a"), Keyed("k1", "a"), Keyed("k2", "snake"), Keyed("k3", "forbidden fruit"), Keyed("k1", "a")]
    ended = await floor.together(*calls)
    assert shared(calls)
    assert [ended[0].status, ended[1].status, ended[4].status] == [201] * 3
    assert ended[0].body == ended[1].body == ended[4].body
    assert [answer.headers.get("Idempotent-Replay") for answer in (ended[0], ended[1])] == [None, "true"]
    assert isinstance(ended[2], ValueError)
    assert isinstance(ended[3], Refused)
    assert await floor.labels() == ["a"]
    assert await floor.keys() == [201, 409]
    assert await floor.wrong() == []


# The disk is full.


async def test_row_33_a_full_disk_is_507_for_whom_it_hits_and_passes_without_a_restart_on_sqlite(floor: Floor) -> None:
    only_sqlite(floor)

    def limit(ctx: Context, spare: int) -> None:
        driver: Any = ctx.session.connection.connection.driver_connection
        pages = driver.execute("PRAGMA page_count").fetchone()[0]
        driver.execute(f"PRAGMA max_page_count={pages + spare}")

    await floor.rule(lambda ctx: limit(ctx, 24))
    units = [bring("a"), bring(POISON, remark="x" * 900_000), bring("b"), Keyed("k", "c")]
    ended = await floor.together(*units)
    assert isinstance(ended[1], StorageFull)
    assert ended[1].status == 507
    assert await floor.labels() == ["a", "b", "c"]
    assert await floor.keys() == [201]
    assert await floor.wrong() == []
    await floor.rule(lambda ctx: limit(ctx, 1_000_000))
    assert isinstance(await floor.do(bring(POISON, remark="x" * 900_000)), Crate)
    assert await floor.wrong() == []


@pytest.mark.parametrize("moment", [AT_ONCE, AT_COMMIT], ids=["in a statement", "at commit"])
async def test_row_33_a_full_disk_is_507_for_whom_it_hits_and_passes_without_a_restart_on_postgresql(
    floor: Floor, moment: str
) -> None:
    only_postgres(floor)
    floor.sql(POISONED % "53100")
    floor.sql(moment)
    ended = await floor.together(bring("a"), bring(POISON), bring("b"), Keyed("k", "c"))
    assert isinstance(ended[1], StorageFull)
    assert await floor.labels() == ["a", "b", "c"]
    assert await floor.keys() == [201]
    assert await floor.wrong() == []
    floor.sql("DROP TRIGGER poisoned ON stall_crates")
    assert isinstance(await floor.do(bring(POISON)), Crate)
    assert await floor.wrong() == []


# Interrupted.

COUNTED = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000)"
LONG_READ = f"{COUNTED} SELECT max(i) FROM n"
LONG_WRITE = (
    f"{COUNTED} INSERT INTO stall_tags (org_id, version, created_at, updated_at, crate_id, word) "
    "SELECT 1, 1, '', '', 1, 'x' FROM n"
)


def interrupted(statement: str) -> Callable[[Context], None]:
    """Run a statement that never ends, which another thread interrupts; only the first time."""
    tries: list[int] = []

    def rule(ctx: Context) -> None:
        driver: Any = ctx.session.connection.connection.driver_connection
        tries.append(1)
        if len(tries) > 1:
            return
        done = threading.Event()

        def interrupt() -> None:
            while not done.wait(0.01):
                driver.interrupt()

        thread = threading.Thread(target=interrupt)
        thread.start()
        try:
            driver.execute(statement).fetchall()
        finally:
            done.set()
            thread.join()

    return rule


async def test_an_interrupted_query_is_503_for_its_own_unit_on_sqlite(floor: Floor) -> None:
    only_sqlite(floor)
    units = [bring("a"), Unit(interrupted(LONG_READ)), bring("b")]
    ended = await floor.together(*units)
    assert isinstance(ended[1], Unavailable)
    assert ended[1].code == "interrupted"
    assert [len(unit.ran_in) for unit in units] == [1] * 3
    assert await floor.labels() == ["a", "b"]
    assert await floor.wrong() == []


async def test_a_query_interrupted_in_a_unit_that_wrote_before_runs_again_with_its_group_on_sqlite(
    floor: Floor,
) -> None:
    only_sqlite(floor)
    units = [bring("a"), brings_and_then("b", interrupted(LONG_READ)), bring("c")]
    ended = await floor.together(*units)
    assert [type(each) for each in ended] == [Crate, type(None), Crate]
    assert [len(unit.ran_in) for unit in units] == [2, 2, 1]
    assert await floor.labels() == ["a", "b", "c"]
    assert await floor.wrong() == []


@pytest.mark.parametrize("wrote", [False, True])
async def test_a_refused_unit_is_undone_alone_in_a_transaction_of_its_own(floor: Floor, wrote: bool) -> None:
    def rule(ctx: Context) -> None:
        if wrote:
            ctx.do(bringing, NewCrate(label="never"))
        raise Refused("changed_my_mind", "No")

    unit = Unit(rule)
    assert [each.code for each in await floor.together(unit)] == ["changed_my_mind"]
    assert len(unit.ran_in) == (2 if wrote and floor.on_sqlite else 1)
    assert await floor.labels() == []
    assert await floor.wrong() == []


async def test_an_interrupted_write_voids_the_transaction_and_each_unit_runs_again_on_sqlite(floor: Floor) -> None:
    only_sqlite(floor)
    units = [bring("a"), brings_and_then("b", interrupted(LONG_WRITE)), bring("c")]
    ended = await floor.together(*units)
    assert [type(each) for each in ended] == [Crate, type(None), Crate]
    assert shared(units[:2])
    assert [len(unit.ran_in) for unit in units] == [2, 2, 1]
    assert await floor.labels() == ["a", "b", "c"]
    assert await floor.tags() == 0
    assert await floor.wrong() == []


async def test_a_cancelled_statement_is_503_for_its_own_unit_on_postgresql(floor: Floor) -> None:
    only_postgres(floor)
    cancel = sa.text("SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(30)")
    units = [bring("a"), brings_and_then(POISON, lambda ctx: ctx.session.execute(cancel)), bring("b")]
    ended = await floor.together(*units)
    assert isinstance(ended[1], Unavailable)
    assert ended[1].code == "interrupted"
    assert shared(units)
    assert await floor.labels() == ["a", "b"]
    assert await floor.wrong() == []


async def test_a_terminated_connection_costs_nobody_anything_on_postgresql(floor: Floor) -> None:
    only_postgres(floor)
    tries: list[int] = []

    def terminate(ctx: Context) -> None:
        tries.append(1)
        if len(tries) == 1:
            ctx.session.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(30)"))

    units = [bring("a"), brings_and_then("b", terminate), bring("c"), Keyed("k", "d")]
    ended = await floor.together(*units)
    assert [type(each).__name__ for each in ended] == ["Crate", "NoneType", "Crate", "Answer"]
    assert await floor.labels() == ["a", "b", "c", "d"]
    assert await floor.keys() == [201]
    assert await floor.wrong() == []


async def test_terminating_idle_connections_costs_the_next_request_nothing_on_postgresql(floor: Floor) -> None:
    only_postgres(floor)
    await floor.do(bring("a"))
    assert await floor.labels() == ["a"]
    for label in "bc":
        floor.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tradehall'")
        await floor.do(bring(label))
    floor.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tradehall'")
    assert await floor.labels() == ["a", "b", "c"]
    assert await floor.wrong() == []


# COMMIT fails.


async def test_a_commit_that_fails_is_run_again_unit_by_unit_on_sqlite(floor: Floor) -> None:
    only_sqlite(floor)

    def orphan(ctx: Context) -> None:
        ctx.session.command("PRAGMA defer_foreign_keys=ON")
        ctx.session.execute(sa.insert(Tag.table).values(
            org_id=HERE, version=1, created_at=ctx.now, updated_at=ctx.now, crate_id=999, word="orphan"
        ))  # fmt: skip

    units: list[Unit | Keyed] = [bring("a"), brings_and_then(POISON, orphan), bring("b"), Keyed("k", "c")]
    ended = await floor.together(*units)
    assert shared(units)
    assert [len(unit.ran_in) for unit in units] == [2] * 4
    assert isinstance(ended[1], Refused)
    assert await floor.labels() == ["a", "b", "c"]
    assert await floor.tags() == 0
    assert await floor.keys() == [201]
    assert await floor.wrong() == []


async def test_a_commit_that_fails_is_run_again_unit_by_unit_on_postgresql(floor: Floor) -> None:
    only_postgres(floor)
    floor.sql(POISONED % "23514")
    floor.sql(AT_COMMIT)
    units: list[Unit | Keyed] = [bring("a"), bring(POISON), bring("b"), Keyed("k", "c")]
    ended = await floor.together(*units)
    assert shared(units)
    assert [len(unit.ran_in) for unit in units] == [2] * 4
    assert isinstance(ended[1], Refused)
    assert await floor.labels() == ["a", "b", "c"]
    assert await floor.keys() == [201]
    assert await floor.wrong() == []


# The connection is lost while COMMIT is on its way.


@pytest.mark.parametrize(("cut", "runs"), [(Cut.BEFORE, 2), (Cut.AFTER, 1)], ids=["before", "after"])
async def test_a_connection_lost_during_commit_is_answered_as_the_commit_ended(
    floor: Floor, database_url: str, cut: Cut, runs: int
) -> None:
    only_postgres(floor)
    async with wire_to(database_url) as (wire, near):
        far = Floor(open_database(near, Path()), floor.admin_url)
        await far.do(bring("first"))
        units: list[Unit | Keyed] = [bring("a"), bring("b"), Keyed("k", "c")]
        wire.cut = cut
        ended = await far.together(*units)
        await far.database.close()
    assert [type(each).__name__ for each in ended] == ["Crate", "Crate", "Answer"]
    assert shared(units)
    assert [len(unit.ran_in) for unit in units] == [runs] * 3
    assert await floor.labels() == ["first", "a", "b", "c"]
    assert await floor.keys() == [201]
    assert await floor.wrong() == []


async def test_a_commit_whose_end_cannot_be_learned_is_said_to_be_unknown(floor: Floor, database_url: str) -> None:
    only_postgres(floor)
    async with wire_to(database_url) as (wire, near):
        far = Floor(open_database(near, Path()), floor.admin_url)
        await far.do(bring("first"))
        units = [bring("a"), bring("b")]
        wire.cut = Cut.FOR_GOOD
        ended = await far.together(*units)
        await far.database.close()
    assert [type(each) for each in ended] == [OutcomeUnknown] * 2
    assert [len(unit.ran_in) for unit in units] == [1] * 2
    assert await floor.labels() == ["first", "a", "b"]
    assert await floor.wrong() == []


# Others hold what a unit needs.


async def test_a_unit_that_loses_a_deadlock_runs_again(floor: Floor) -> None:
    only_postgres(floor)
    first, second = [(await floor.do(bring(label))).id for label in ("x", "y")]
    has_first, waits = threading.Event(), threading.Event()

    def both(ctx: Context) -> None:
        ctx.do(take, ctx.get(Crate, first), Amount())
        other = ctx.get(Crate, second)  # now at the latest the first is written
        has_first.set()
        ctx.do(take, other, Amount())

    def rival() -> None:
        with psycopg.connect(floor.admin_url) as other:
            other.execute("SET deadlock_timeout = '60s'")  # so that it is not the rival who gives way
            other.execute("UPDATE stall_crates SET remark = 'rival' WHERE id = %s", [second])
            waits.set()
            has_first.wait(30)
            other.execute("UPDATE stall_crates SET remark = 'rival' WHERE id = %s", [first])

    thread = threading.Thread(target=rival)
    thread.start()
    waits.wait(30)
    units = [bring("a"), Unit(both), bring("b")]
    ended = await floor.together(*units)
    thread.join()
    assert [type(each) for each in ended] == [Crate, type(None), Crate]
    assert len(units[1].ran_in) > 1
    query = sa.select(Crate.table.c.stock, Crate.table.c.remark).order_by(Crate.table.c.id).limit(2)
    rows = await floor.read(lambda session: [tuple(row) for row in session.execute(query)])
    assert rows == [(9, "rival"), (9, "rival")]
    assert await floor.labels() == ["x", "y", "a", "b"]
    assert await floor.wrong() == []


async def test_a_serialisation_failure_runs_again(floor: Floor) -> None:
    only_postgres(floor)
    floor.sql("CREATE SEQUENCE tries")
    floor.sql("GRANT USAGE ON SEQUENCE tries TO tradehall")
    floor.sql(
        "CREATE FUNCTION fails_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF NEW.label = 'b' AND nextval('tries') = 1 THEN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END IF; "
        "RETURN NEW; END $$"
    )
    floor.sql("CREATE TRIGGER fails BEFORE INSERT ON stall_crates FOR EACH ROW EXECUTE FUNCTION fails_once()")
    ended = await floor.together(bring("a"), bring("b"), bring("c"))
    assert [type(each) for each in ended] == [Crate] * 3
    assert await floor.labels() == ["a", "b", "c"]
    assert await floor.wrong() == []


async def test_a_row_that_somebody_else_locks_is_503_for_the_unit_that_needs_it(floor: Floor) -> None:
    only_postgres(floor)
    crate = (await floor.do(bring("x"))).id
    with psycopg.connect(floor.admin_url) as other:
        other.execute("UPDATE stall_crates SET remark = 'mine' WHERE id = %s", [crate])
        ended = await floor.together(
            bring("a"), Unit(lambda ctx: ctx.do(take, ctx.get(Crate, crate), Amount())), bring("b")
        )
        other.rollback()
    assert isinstance(ended[1], Unavailable)
    assert ended[1].status == 503
    assert await floor.labels() == ["x", "a", "b"]
    assert await floor.wrong() == []


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process writes to the file meanwhile."""
    hold = (
        "import sqlite3, sys; file = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "file.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read()"
    )
    words = [sys.executable, "-c", hold, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdin
        assert other.stdout.readline() == b"held\n"
        try:
            yield
        finally:
            other.stdin.close()


async def test_everybody_else_is_served_while_a_unit_waits_for_another_process(floor: Floor) -> None:
    only_sqlite(floor)
    assert isinstance(floor.database, SqliteDatabase)
    with held(floor.database.path):
        waiting = asyncio.ensure_future(floor.do(bring("a")))
        for _ in range(100):
            assert await floor.labels() == []
            await asyncio.sleep(0.001)
        assert not waiting.done()
    assert isinstance(await waiting, Crate)
    assert await floor.labels() == ["a"]
    assert await floor.wrong() == []


class Placed(Keyed):
    """A call that notes in which thread it was done."""

    is_brief = Perform.is_brief

    def __init__(self, label: str, seconds: float = 0.0) -> None:
        super().__init__(label, label)
        self.seconds = seconds

    def _run(self, batch: Batch, verb: Verb[Any, Any]) -> Answer:
        time.sleep(self.seconds)
        self.on_loop = threading.current_thread() is threading.main_thread()
        return super()._run(batch, verb)


async def test_what_proved_to_be_brief_is_done_on_the_loop_and_what_takes_long_in_a_thread(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_sqlite(floor)
    monkeypatch.setattr(calls, "_pace", {})
    monkeypatch.setattr(calls, "BRIEF", 0.5)  # what runs the tests may be slow

    async def on_loop(label: str, seconds: float = 0.0) -> bool:
        await floor.do(placed := Placed(label, seconds))
        return placed.on_loop

    assert not await on_loop("first")
    calls._pace[bringing] = 0.0
    assert await on_loop("second")
    assert await on_loop("slow for the first time", 0.6)
    assert not await on_loop("it might be slow again")
    assert True in [await on_loop(f"it proves to be brief: {n}") for n in range(40)]


async def test_units_that_do_not_get_the_database_are_503_together_and_none_of_them_ran(floor: Floor) -> None:
    await floor.do(bring("first"))
    units = [bring(label) for label in "abcdefgh"]
    if isinstance(floor.database, SqliteDatabase):
        with held(floor.database.path):
            ended = await floor.together(*units)
    else:
        with psycopg.connect(floor.admin_url) as other_connection:
            other_connection.execute("SELECT pg_advisory_lock(%s, %s)", [WRITER_LOCKS, HERE])
            ended = await floor.together(*units)
    assert [type(each) for each in ended] == [Unavailable] * len(units)
    assert {unit.ran_in == [] for unit in units} == {True}
    assert isinstance(await floor.do(bring("after")), Crate)
    assert await floor.labels() == ["first", "after"]
    assert await floor.wrong() == []


async def test_a_version_changed_by_somebody_else_in_between_is_refused_to_its_unit_alone(floor: Floor) -> None:
    crate = (await floor.do(bring("x"))).id

    def late(ctx: Context) -> None:
        row = ctx.get(Crate, crate)
        bump = sa.update(Crate.table).where(Crate.table.c.id == crate).values(version=Crate.table.c.version + 1)
        ctx.session.execute(bump)
        ctx.do(take, row, Amount())

    ended = await floor.together(
        bring("a"), Unit(late), Unit(lambda ctx: ctx.do(tag, ctx.get(Crate, crate), Word(word="w")))
    )
    assert isinstance(ended[1], Refused)
    assert ended[1].code == "changed_meanwhile"
    assert await floor.labels() == ["x", "a"]
    assert await floor.tags() == 1
    assert await floor.wrong() == []
