"""The backlog: the jobs of a trade as its owner sees them, and another try for one that is dead or waits (P-24)."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing, Reading
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Refused
from tradehall.kernel.jobs import JOBS, Job, JobState, next_due
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import Verb, where

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade

SHOWN_FIELDS = (
    "id", "state", "verb", "entity", "record_id", "due_at", "attempts", "error", "created_at", "updated_at",
)  # fmt: skip


def retry(ctx: Context, job: Job) -> Job:
    """Try a job again now."""
    if job.state not in (JobState.QUEUED, JobState.DEAD):
        raise Refused("not_waiting", f"This job is {job.state}: one that is dead or waits can be tried again")
    if job.state is JobState.DEAD:
        job.state, job.attempts = JobState.QUEUED, 0
    job.due_at = ctx.now
    ctx.wake()
    return job


def paths(trade: "Trade") -> Iterator[Contract]:
    """The paths of a trade's jobs."""
    mine = where(trade.owner, lambda record: record.table.c.of_trade == trade.name)
    jobs = Resource(Job, by=mine, columns=SHOWN_FIELDS, filters=("state", "verb"))
    path = f"{trade.prefix}/jobs"
    again: Verb[Any, Any] = Verb("retry", Job, mine, retry, True, None, "Try a job again now.")
    yield Contract("GET", path, Listing(jobs))
    yield Contract("GET", f"{path}/{{id}}", Reading(jobs))
    yield Contract("POST", f"{path}/{{id}}/retry", again, shape=jobs.shape)


def standing(session: Session, trades: Iterable[str]) -> tuple[dict[tuple[str, str], int], datetime | None]:
    """How many jobs there are of each task and state, all timers as one task, and when the next one is, or was, due."""
    task = sa.case((JOBS.c.entity == "", JOBS.c.verb), else_="timer").label("task")
    counted = sa.select(task, JOBS.c.state, sa.func.count().label("jobs")).where(JOBS.c.of_trade.in_(list(trades)))
    rows = session.execute(counted.group_by(task, JOBS.c.state))
    return {(row.task, row.state): row.jobs for row in rows}, next_due(session, trades)
