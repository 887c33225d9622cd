"""Durable jobs: written in the unit that wants them, leased to a worker, tried again with growing delay (P-24)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from tradehall.kernel.columns import KEY, Utc
from tradehall.kernel.database import Batch, Prepared, Session, Work
from tradehall.kernel.errors import Problem
from tradehall.kernel.records import METADATA, Record

LEASE = timedelta(seconds=60)
TRIES = 8
AT_ONCE = 20

JOBS = sa.Table(
    "jobs",
    METADATA,
    sa.Column("id", KEY, primary_key=True, autoincrement=True),
    sa.Column("org_id", sa.BigInteger, nullable=False),
    sa.Column("trade", sa.String(40), nullable=False),
    sa.Column("verb", sa.String(120), nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("entity", sa.String(63), nullable=False),
    sa.Column("key", sa.String(200), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("due_at", Utc, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("lease_until", Utc),
    sa.Column("worker", sa.String(80)),
    sa.Column("error", sa.Text),
    sa.Column("created_at", Utc, nullable=False),
    sa.CheckConstraint("state IN ('queued', 'running', 'done', 'dead')", name="ck_jobs_state"),
    sqlite_autoincrement=True,
)
sa.Index("ix_jobs_due", JOBS.c.state, JOBS.c.due_at)
sa.Index(
    "uq_jobs_key",
    JOBS.c.org_id,
    JOBS.c.trade,
    JOBS.c.key,
    unique=True,
    sqlite_where=sa.text("state = 'queued'"),
    postgresql_where=sa.text("state = 'queued'"),
)
_NAMES = ("org_id", "trade", "verb", "record_id", "entity", "key", "due_at", "created_at")
_enqueue = Prepared(
    sa.text(
        "INSERT INTO jobs (org_id, trade, verb, record_id, entity, key, due_at, created_at, state, attempts) "
        "VALUES (:org_id, :trade, :verb, :record_id, :entity, :key, :due_at, :created_at, 'queued', 0) "
        "ON CONFLICT (org_id, trade, key) WHERE state = 'queued' "
        "DO UPDATE SET due_at = excluded.due_at, attempts = 0, error = NULL"
    ).bindparams(*(sa.bindparam(name, type_=JOBS.c[name].type) for name in _NAMES))
)
_cancel = Prepared(
    sa.delete(JOBS).where(
        JOBS.c.org_id == sa.bindparam("org_id"),
        JOBS.c.trade == sa.bindparam("trade"),
        JOBS.c.key == sa.bindparam("key"),
        JOBS.c.state == "queued",
    )
)


@dataclass(frozen=True)
class Job:
    """A job as it is written or as a worker got it."""

    org_id: int
    trade: str
    verb: str
    entity: str
    record_id: int
    key: str
    due_at: datetime
    created_at: datetime
    id: int = 0
    attempts: int = 0

    @classmethod
    def timer(cls, org_id: int, trade: str, verb: str, row: Record, key: str, due: datetime, now: datetime) -> "Job":
        """Carry out a verb on a row when it is due."""
        return cls(org_id, trade, verb, row.table.name, row.id, key, due, now)


def enqueue(session: Session, job: Job) -> None:
    """Write a job, or move the one that waits under the same key to the new time."""
    session.run(_enqueue, {name: getattr(job, name) for name in _NAMES})


def cancel(session: Session, org_id: int, trade: str, key: str) -> None:
    """Delete a job that still waits."""
    session.run(_cancel, {"org_id": org_id, "trade": trade, "key": key})


def retry_after(attempts: int) -> timedelta:
    """How long until the next try: 2, 4, 8 ... seconds, an hour at most."""
    return timedelta(seconds=min(2**attempts, 3600))


class Claim(Work):
    """Lease what is due to a worker, also what another one leased and never finished; gives the jobs."""

    org_id = 0

    def __init__(self, worker: str, now: datetime, trades: Mapping[str, Any]) -> None:
        self.worker = worker
        self.now = now
        self.trades = list(trades)

    def run(self, batch: Batch) -> list[Job]:
        waiting = sa.and_(JOBS.c.state == "queued", JOBS.c.due_at <= self.now)
        abandoned = sa.and_(JOBS.c.state == "running", JOBS.c.lease_until <= self.now)
        due = (
            sa.select(JOBS.c.id)
            .where(sa.or_(waiting, abandoned), JOBS.c.trade.in_(self.trades))
            .order_by(JOBS.c.due_at, JOBS.c.id)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        self._bury(batch.session)
        ids = list(batch.session.execute(due).scalars())
        if not ids:
            return []
        lease = {"state": "running", "worker": self.worker, "lease_until": self.now + LEASE}
        batch.session.execute(sa.update(JOBS).where(JOBS.c.id.in_(ids)).values(**lease, attempts=JOBS.c.attempts + 1))
        rows = batch.session.execute(sa.select(JOBS).where(JOBS.c.id.in_(ids)).order_by(JOBS.c.due_at, JOBS.c.id))
        return [Job(**{name: getattr(row, name) for name in (*_NAMES, "id", "attempts")}) for row in rows]

    def _bury(self, session: Session) -> None:
        """A job that took its worker with it each time is dead, as one that failed each time."""
        lost = (JOBS.c.state == "running", JOBS.c.lease_until <= self.now, JOBS.c.attempts >= TRIES)
        dead = {"state": "dead", "lease_until": None, "error": "its worker was lost each time"}
        session.execute(sa.update(JOBS).where(*lost).values(dead))


class LostLeaseError(Exception):
    """Another worker has this job: nothing of it is done here."""


def leased(job: Job, worker: str) -> tuple[sa.ColumnElement[bool], ...]:
    """Whether a worker still has a job, and at the same attempt."""
    return (JOBS.c.id == job.id, JOBS.c.state == "running", JOBS.c.worker == worker, JOBS.c.attempts == job.attempts)


def finish(session: Session, job: Job, worker: str) -> None:
    """Mark a job done, in the unit that did it; raises LostLeaseError where the lease went to another worker."""
    done = sa.update(JOBS).where(*leased(job, worker)).values(state="done", lease_until=None, error=None)
    if session.change(done) != 1:
        raise LostLeaseError


class Failed(Work):
    """Note that a job failed: it waits for its next try, or is dead and visible."""

    org_id = 0

    def __init__(self, job: Job, worker: str, error: BaseException, now: datetime) -> None:
        self.job, self.worker, self.now = job, worker, now
        self.error = error.sentence if isinstance(error, Problem) else f"{type(error).__name__}: {error}"

    def run(self, batch: Batch) -> None:
        job = self.job
        dead = job.attempts >= TRIES
        waits = sa.select(JOBS.c.id).where(
            JOBS.c.org_id == job.org_id, JOBS.c.trade == job.trade, JOBS.c.key == job.key, JOBS.c.state == "queued"
        )
        superseded = batch.session.execute(waits).first() is not None
        state = "dead" if dead or superseded else "queued"
        values: dict[str, Any] = {"state": state, "lease_until": None, "error": self.error[:2000]}
        if state == "queued":
            values["due_at"] = self.now + retry_after(job.attempts)
        batch.session.execute(sa.update(JOBS).where(*leased(job, self.worker)).values(**values))


def next_due(session: Session, trades: Iterable[str]) -> datetime | None:
    """When the next job of these trades is due, or a lease runs out."""
    here = JOBS.c.trade.in_(list(trades))
    soonest = sa.select(sa.func.min(JOBS.c.due_at, type_=Utc)).where(here, JOBS.c.state == "queued")
    lapse = sa.select(sa.func.min(JOBS.c.lease_until, type_=Utc)).where(here, JOBS.c.state == "running")
    found = [session.execute(each).scalar() for each in (soonest, lapse)]
    return min((each for each in found if each is not None), default=None)
