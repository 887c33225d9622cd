"""Durable jobs: written in the unit that wants them, leased to a worker, tried again with growing delay (P-24)."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradehall.kernel.columns import Field, choice, integer, json, moment, optional, text
from tradehall.kernel.database import Batch, Prepared, Session, Work
from tradehall.kernel.logs import kept
from tradehall.kernel.persons import HOLDINGS, Holding, Subject, keep_for
from tradehall.kernel.records import Record, unique

if TYPE_CHECKING:
    from tradehall.kernel.context import Context
    from tradehall.kernel.office import Office

LEASE = timedelta(seconds=60)
KEPT_FOR = timedelta(days=7)
"""How long a job that is done can still be seen."""
TRIES = 8
TRIED_FOR = 1200.0
"""Seconds: a task that runs into its time-out is given up once its tries may have taken so long."""
BATCH = 200
"""How many jobs a worker takes at once."""


class JobState(StrEnum):
    """How a job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class Job(Record, table="kernel_jobs", by_org=False):
    """Work that is due at a moment: a timer, which carries out a verb on a row, or a task, which asks the outside world."""

    of_trade = text(40)
    verb = text(120)
    entity = text(63, default="")
    record_id = integer(default=0)
    payload: Field[Any] = optional(json(default=None))
    key = optional(text(200))
    lane = text(200)
    state = choice(JobState, default=JobState.QUEUED)
    due_at = moment()
    attempts = integer(default=0)
    lease_until = optional(moment())
    worker = optional(text(80))
    error = optional(text(2000))

    walls = (
        unique("of_trade", "key", where="state = 'queued' AND key IS NOT NULL", says="This waits to be done already"),
    )


JOBS = Job.table
# Written out, since SQLite uses a partial index only where it sees the condition, not a parameter.
_QUEUED, _RUNNING = sa.text("state = 'queued'"), sa.text("state = 'running'")
sa.Index("ix_kernel_jobs_due", JOBS.c.due_at, JOBS.c.id, sqlite_where=_QUEUED, postgresql_where=_QUEUED)
sa.Index("ix_kernel_jobs_lease", JOBS.c.lease_until, sqlite_where=_RUNNING, postgresql_where=_RUNNING)

Then = Callable[["Context"], Any]


@dataclass(frozen=True)
class Badly:
    """What a task gives whose target took nothing: the rule that notes it. There is less room for such targets."""

    then: Then


Run = Callable[["Office", Job], Awaitable[Then | Badly | None]]


@dataclass(frozen=True)
class Task:
    """What is done outside of any unit; so many `at_once` for one target, each for `timeout` seconds at the most."""

    name: str
    run: Run
    timeout: float
    at_once: int


TASKS: dict[str, Task] = {}
"""The declared tasks."""


def task(name: str, *, timeout: float = 30, at_once: int = 8) -> Callable[[Run], Task]:
    """Declare a task: an async function of the office and the job, `@task("message.send")`, for `ctx.later`.

    It asks the outside world, and returns a rule that is carried out in the unit that marks the job done, or None. It may
    run again where nobody knows whether it ended: what it asks for names the same id each time. One that raises is tried
    again later and later, `TRIES` times, and then dead and visible. One that takes longer than its `timeout` most likely does
    so again: it is tried `TRIED_FOR` seconds in all, with 600 seconds twice. What takes long had better end its turn before,
    or say meanwhile that it is `alive` (progress.py).
    """

    def declare(run: Run) -> Task:
        if name in TASKS:
            raise TypeError(f"there is a task {name} already")
        TASKS[name] = Task(name, run, timeout, at_once)
        return TASKS[name]

    return declare


Lost = Callable[["Context", Mapping[str, Any]], None]
LOST: dict[str, Lost] = {}
"""What is done where a task is given up, by its name."""
IN_VAIN = "This was tried several times and never came to its end; please begin again"


def given_up(of: Task) -> Callable[[Lost], Lost]:
    """Declare what happens where a task has failed so often that nobody tries again: a rule of what it was given.

    It is carried out in the unit that marks the job dead.
    """

    def declare(rule: Lost) -> Lost:
        LOST[of.name] = rule
        return rule

    return declare


_GIVEN = ("org_id", "of_trade", "verb", "entity", "record_id", "payload", "key", "lane", "due_at", "now")
_enqueue = Prepared(
    sa.text(
        "INSERT INTO kernel_jobs (org_id, of_trade, verb, entity, record_id, payload, key, lane, due_at, created_at, updated_at,"
        " version, state, attempts) VALUES (:org_id, :of_trade, :verb, :entity, :record_id, :payload, :key, :lane, :due_at,"
        " :now, :now, 1, 'queued', 0) ON CONFLICT (org_id, of_trade, key) WHERE state = 'queued' AND key IS NOT NULL"
        " DO UPDATE SET due_at = excluded.due_at, payload = excluded.payload, attempts = 0, error = NULL"
    ).bindparams(*(sa.bindparam(name, type_=JOBS.c["due_at" if name == "now" else name].type) for name in _GIVEN))
)
_cancel = Prepared(
    sa.delete(JOBS).where(
        JOBS.c.org_id == sa.bindparam("org_id"),
        JOBS.c.of_trade == sa.bindparam("trade"),
        JOBS.c.key == sa.bindparam("key"),
        _QUEUED,
    )
)
_done = Prepared(
    sa.text(
        "UPDATE kernel_jobs SET state = 'done', lease_until = NULL, error = NULL, payload = NULL "
        "WHERE id = :id AND state = 'running' AND worker = :worker AND attempts = :attempts"
    ).bindparams(*(sa.bindparam(name, type_=JOBS.c[name].type) for name in ("id", "worker", "attempts")))
)


def enqueue(session: Session, **given: Any) -> None:
    """Write a job, or move the one that waits under the same key to the new time."""
    session.run(_enqueue, given)


def timer(org_id: int, trade: str, verb: str, row: Record, key: str, due: datetime, now: datetime) -> dict[str, Any]:
    """The job that carries out a verb on a row when it is due."""
    of = {"org_id": org_id, "of_trade": trade, "verb": verb, "entity": row.table.name, "record_id": row.id}
    return of | {"payload": None, "key": key, "lane": f"timer:{org_id}", "due_at": due, "now": now}


def errand(
    org_id: int, trade: str, of: Task, payload: Mapping[str, Any], once: str, target: str, due: datetime, now: datetime
) -> dict[str, Any]:
    """The job that does a task when it is due."""
    given = {"org_id": org_id, "of_trade": trade, "verb": of.name, "entity": "", "record_id": 0, "payload": payload}
    key, lane = f"{of.name}:{once}" if once else None, f"{of.name}:{org_id}:{target}"
    return given | {"key": key, "lane": lane, "due_at": due, "now": now}


def cancel(session: Session, org_id: int, trade: str, key: str) -> None:
    """Delete a job that still waits."""
    session.run(_cancel, {"org_id": org_id, "trade": trade, "key": key})


def retry_after(attempts: int) -> timedelta:
    """How long until the next try: 2, 4, 8 ... seconds, an hour at most."""
    return timedelta(seconds=min(2**attempts, 3600))


def _any_room(lane: str) -> int:
    return BATCH


class Claim(Work):
    """Lease what is due to a worker, also what another one leased and never finished; gives the jobs.

    `room` says how many more of a lane the worker takes, `full` names the lanes that have none, and what it is `holding`
    is leased to it for longer. Of a group of lanes that is `closed` it takes but what is in those that are named there.
    What is due is looked up by the `clock` when its turn has come.
    """

    org_id = 0

    def __init__(
        self,
        worker: str,
        clock: Callable[[], datetime],
        trades: Iterable[str],
        room: Callable[[str], int] = _any_room,
        full: Collection[str] = (),
        holding: Collection[int] = (),
        closed: Mapping[str, Collection[str]] = MappingProxyType({}),
    ) -> None:
        self.worker, self.clock, self.trades = worker, clock, list(trades)
        self.room, self.full, self.holding, self.closed = room, list(full), list(holding), closed

    def run(self, batch: Batch) -> list[Job]:
        session, self.now = batch.session, self.clock()
        lease = {"worker": self.worker, "lease_until": self.now + LEASE}
        if self.holding:
            mine = (JOBS.c.id.in_(self.holding), _RUNNING, JOBS.c.worker == self.worker)
            session.execute(sa.update(JOBS).where(*mine).values(lease))
        jobs = self._chosen(session, [*self._abandoned(session), *self._waiting(session)])
        if jobs:
            taken = lease | {"state": JobState.RUNNING, "attempts": JOBS.c.attempts + 1}
            session.execute(sa.update(JOBS).where(JOBS.c.id.in_([job.id for job in jobs])).values(taken))
        for job in jobs:
            job.values |= lease | {"state": JobState.RUNNING, "attempts": job.attempts + 1}
        return jobs

    def _abandoned(self, session: Session) -> list[Job]:
        """What a lost worker held; what took its worker with it each time is dead, as what failed each time.

        Where somebody has to hear of that, it is taken once more, to be given up.
        """
        lapsed = (_RUNNING, JOBS.c.lease_until <= self.now)
        dead = {"state": JobState.DEAD, "lease_until": None, "error": "its worker was lost each time"}
        unheard = (JOBS.c.attempts >= TRIES, JOBS.c.verb.not_in(list(LOST)))
        session.execute(sa.update(JOBS).where(*lapsed, *unheard).values(dead))
        return self._found(session, *lapsed)

    def _waiting(self, session: Session) -> list[Job]:
        return self._found(session, _QUEUED, JOBS.c.due_at <= self.now)

    def _found(self, session: Session, *conditions: Any) -> list[Job]:
        query = sa.select(JOBS).where(*conditions, JOBS.c.of_trade.in_(self.trades))
        if self.full:
            query = query.where(JOBS.c.lane.not_in(self.full))
        for group, known in self.closed.items():
            others = sa.not_(JOBS.c.lane.startswith(f"{group}:", autoescape=True))
            query = query.where(sa.or_(others, JOBS.c.lane.in_(list(known))) if known else others)
        query = query.order_by(JOBS.c.due_at, JOBS.c.id).limit(BATCH).with_for_update(skip_locked=True)
        return [Job.loaded(dict(row._mapping), None) for row in session.execute(query)]

    def _chosen(self, session: Session, found: list[Job]) -> list[Job]:
        """As many of each lane as there is room for; of one key never two at a time."""
        keyed = {_key(job) for job in found if job.key is not None and job.state is JobState.QUEUED}
        busy: set[Any] = set()
        if keyed:
            alive = (_RUNNING, JOBS.c.lease_until > self.now, JOBS.c.key.in_([key for *_, key in keyed]))
            query = sa.select(JOBS.c.org_id, JOBS.c.of_trade, JOBS.c.key).where(*alive)
            busy = {tuple(row) for row in session.execute(query)}
        room: dict[str, int] = {}
        chosen: list[Job] = []
        for job in found[:BATCH]:
            if job.lane not in room:
                room[job.lane] = self.room(job.lane)
            left = room[job.lane]
            if left > 0 and _key(job) not in busy:
                room[job.lane] = left - 1
                chosen.append(job)
                if job.key is not None:
                    busy.add(_key(job))
        return chosen


def _key(job: Job) -> tuple[int, str, str | None]:
    return job.org_id, job.of_trade, job.key


class WorkerLostError(Exception):
    """Whoever had this job was lost with it, each time."""


class LostLeaseError(Exception):
    """Another worker has this job: nothing of it is done here."""


def leased(job: Job, worker: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Whether a worker still has a job, and at the same attempt."""
    return (
        JOBS.c.id == job.id,
        JOBS.c.state == JobState.RUNNING,
        JOBS.c.worker == worker,
        JOBS.c.attempts == job.attempts,
    )


def finish(session: Session, job: Job, worker: str) -> None:
    """Mark a job done, in the unit that did it; raises LostLeaseError where the lease went to another worker."""
    values = {"state": JobState.DONE, "lease_until": None, "error": None, "payload": None}
    if session.change(sa.update(JOBS).where(*leased(job, worker)).values(values)) != 1:
        raise LostLeaseError


class Finish(Work):
    """Mark many jobs done that changed nothing here; one that went to another worker meanwhile is left to it."""

    org_id = 0

    def __init__(self, jobs: list[Job], worker: str) -> None:
        self.marks = [{"id": job.id, "worker": worker, "attempts": job.attempts} for job in jobs]

    def run(self, batch: Batch) -> None:
        batch.session.run_many(_done, self.marks)


class Failed(Work):
    """Note that a job failed: it waits for its next try, or is dead and visible if that `is_last`. Gives whether it is dead.

    Kept is what kind of error it was, and where: its words may hold what somebody sent (row 41).
    """

    org_id = 0

    def __init__(self, job: Job, worker: str, error: BaseException, now: datetime, is_last: bool = False) -> None:
        self.job, self.worker, self.now, self.is_last = job, worker, now, is_last
        self.error = kept(error)

    def run(self, batch: Batch) -> bool:
        job = self.job
        twin = (JOBS.c.org_id == job.org_id, JOBS.c.of_trade == job.of_trade, JOBS.c.key == job.key, _QUEUED)
        superseded = job.key is not None and bool(batch.session.execute(sa.select(JOBS.c.id).where(*twin)).first())
        dead = self.is_last or superseded
        values: dict[str, Any] = {"lease_until": None, "error": self.error[:2000]}
        values |= {"state": JobState.DEAD} if dead else {"state": JobState.QUEUED}
        if not dead:
            values["due_at"] = self.now + retry_after(job.attempts)
        noted = batch.session.change(sa.update(JOBS).where(*leased(job, self.worker)).values(**values))
        return bool(noted) and dead and not superseded


class GiveBack(Work):
    """What a worker took and did not begin is due for another one at once."""

    org_id = 0

    def __init__(self, jobs: list[Job], worker: str) -> None:
        self.jobs, self.worker = jobs, worker

    def run(self, batch: Batch) -> None:
        for job in self.jobs:
            given_back = sa.update(JOBS).where(*leased(job, self.worker))
            batch.session.execute(given_back.values(lease_until=job.due_at, attempts=job.attempts - 1))


def next_due(session: Session, trades: Iterable[str]) -> datetime | None:
    """When the next job of these trades is due, or a lease runs out."""
    here = JOBS.c.of_trade.in_(list(trades))
    soonest = sa.select(JOBS.c.due_at).where(here, _QUEUED).order_by(JOBS.c.due_at).limit(1)
    lapse = sa.select(JOBS.c.lease_until).where(here, _RUNNING).order_by(JOBS.c.lease_until).limit(1)
    found = [session.execute(each).scalar() for each in (soonest, lapse)]
    return min((each for each in found if each is not None), default=None)


def going(columns: Iterable[sa.Column[Any]], *conditions: sa.ColumnElement[bool]) -> sa.CompoundSelect[Any]:
    """Some columns of the jobs that wait or are being done: those of each state by an index that holds no others."""
    states = (_QUEUED, sa.and_(_RUNNING, JOBS.c.lease_until.is_not(None)))
    return sa.union_all(*(sa.select(*columns).where(state, *conditions) for state in states))


def goes_on(session: Session, org_id: int, trade: str, of: Task, once: str) -> bool:
    """Whether a task waits under this key, or is being done."""
    mine = (JOBS.c.org_id == org_id, JOBS.c.of_trade == trade, JOBS.c.key == f"{of.name}:{once}")
    return session.execute(going((JOBS.c.id,), *mine)).first() is not None


def drop_done(ctx: "Context", before: datetime) -> int:
    """Delete a trade's jobs that were done before this; gives how many those were."""
    old = (JOBS.c.org_id == ctx.org_id, JOBS.c.of_trade == ctx.trade.name, JOBS.c.created_at < before)
    return ctx.session.change(sa.delete(JOBS).where(*old, JOBS.c.due_at < before, JOBS.c.state == JobState.DONE))


def _said(subject: Subject) -> sa.ColumnElement[bool]:
    """The condition that a job names somebody in what it was given."""
    given = sa.type_coerce(JOBS.c.payload, sa.Text)
    return sa.or_(sa.false(), *(given.contains(each, autoescape=True) for each in subject.addresses))


def _shown(session: Session, org_id: int, subject: Subject) -> list[dict[str, Any]]:
    found = sa.select(JOBS.c.id, JOBS.c.verb, JOBS.c.state, JOBS.c.payload, JOBS.c.error)
    return [dict(row._mapping) for row in session.execute(found.where(JOBS.c.org_id == org_id, _said(subject)))]


def _erase(ctx: "Context", subject: Subject) -> int:
    mine = (JOBS.c.org_id == ctx.org_id, _said(subject))
    return ctx.session.change(sa.delete(JOBS).where(*mine, JOBS.c.state != JobState.RUNNING))


HOLDINGS["jobs"] = Holding(_shown, _erase)
keep_for("jobs", "finished jobs", KEPT_FOR.days, drop_done)
