"""Checks: whether the whole log is as it was written, looked at by a durable job that says how far it is (row 42)."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradehall.kernel.columns import integer, json, moment, optional, state, text
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Reading
from tradehall.kernel.events import Walk, head
from tradehall.kernel.jobs import IN_VAIN, Job, Then, given_up, goes_on, task
from tradehall.kernel.progress import Note
from tradehall.kernel.records import Record, find
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import Verb, where

if TYPE_CHECKING:
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

MOST_WRONG = 100
"""So many sentences tell enough of a log that was altered."""
TURN = 60.0
"""Seconds: after so long the rest waits for its turn as a job of its own."""


class Checked(StrEnum):
    """How far a check is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Check(Record, table="kernel_checks"):
    """A look at the whole log: how far it has come, of as many `rows` as there were, and at its end what is `wrong`.

    Where it never came to its end, `error` says why.
    """

    of_trade = text(40)
    status = state(Checked, {Checked.RUNNING: (Checked.DONE, Checked.FAILED), Checked.DONE: (), Checked.FAILED: ()})
    rows = integer(at_least=0, default=0)
    position = integer(at_least=0, default=0)
    wrong = json(default=list)
    chain = text(64, default="")
    error = optional(text(500))
    ended_at = optional(moment())


def begin(ctx: Context) -> Check:
    """Have the whole log checked. One that goes on already is answered; of the others only the newest is kept."""
    for old in ctx.all(find(Check, Check.of_trade == ctx.trade.name)):
        if old.status is Checked.RUNNING and goes_on(ctx.session, ctx.org_id, ctx.trade.name, run, str(old.id)):
            return old
        ctx.delete(old)
    row = ctx.add(Check(of_trade=ctx.trade.name, rows=head(ctx.session, ctx.org_id)))
    go_on(ctx, {"check": row.id})
    return row


@task("audit.check", timeout=600, at_once=1)
async def run(office: "Office", job: Job) -> Then | None:
    """Look at the log for a turn, from its first event or from where the turn before left it, and at last at the whole.

    A crash costs a turn. What is altered behind the place that a check has reached is for the next one to find.
    """
    given, until = job.payload, monotonic() + TURN
    check_id, walk, wrong = given["check"], Walk(job.org_id, given.get("walk")), given.get("wrong", [])
    while (found := await office.database.read(job.org_id, walk.page)) is not None:
        wrong = (wrong + found)[:MOST_WRONG]
        if not await office.database.unit(Note(Check, job.org_id, check_id, walk.last)):
            return None
        if monotonic() >= until:
            return partial(go_on, given={"check": check_id, "walk": walk.left, "wrong": wrong})
    wrong = wrong + await office.database.read(job.org_id, lambda session: [*walk.rest(session)])
    return partial(end, check_id=check_id, wrong=wrong[:MOST_WRONG], event=walk.last, chain=walk.former)


def go_on(ctx: Context, given: Mapping[str, Any]) -> None:
    """Have the rest looked at in another turn."""
    ctx.later(run, given, once=str(given["check"]), target="check")


def end(ctx: Context, check_id: int, wrong: list[str], event: int, chain: str) -> None:
    """Note what was found."""
    row = ctx.find(Check, check_id)
    if row is not None and row.status is Checked.RUNNING:
        with ctx.happening("audit.checked"):
            row.status, row.rows, row.position, row.ended_at = Checked.DONE, event, event, ctx.now
            row.wrong, row.chain = wrong, chain


@given_up(run)
def fail(ctx: Context, given: Mapping[str, Any]) -> None:
    """Say that the log could not be looked at."""
    row = ctx.find(Check, given["check"])
    if row is not None and row.status is Checked.RUNNING:
        with ctx.happening("audit.failed"):
            row.status, row.error, row.ended_at = Checked.FAILED, IN_VAIN, ctx.now


def paths(trade: "Trade") -> Iterator[Contract]:
    """The paths of checks in a trade."""

    def here(record: type[Record]) -> sa.ColumnElement[bool]:
        return record.table.c.of_trade == trade.name

    one = Resource(Check, by=where(trade.owner, here))
    path = f"{trade.prefix}/audit/checks"
    begins: Verb[Any, Any] = Verb("begin", Check, trade.owner, begin, False, None, str(begin.__doc__))
    yield Contract("POST", path, begins, 201, shape=one.shape)
    yield Contract("GET", f"{path}/{{id}}", Reading(one))
