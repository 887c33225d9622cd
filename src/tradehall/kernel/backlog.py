"""The backlog: the jobs of a trade as its owner sees them, and another try for one that is dead or waits (P-24)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing, Reading
from tradehall.kernel.errors import Refused
from tradehall.kernel.jobs import Job, JobState
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
