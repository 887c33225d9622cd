"""Retention: what is not kept for ever goes once a day, however many processes there are (P-39)."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa

from tradehall.kernel.calls import AsSystem
from tradehall.kernel.database import Session, Undone
from tradehall.kernel.jobs import JOBS, Job, JobState, Then, going, task
from tradehall.kernel.persons import KEPT
from tradehall.kernel.privacy import Privacy

if TYPE_CHECKING:
    from tradehall.kernel.context import Context
    from tradehall.kernel.office import Office

EVERY, SOON = timedelta(days=1), timedelta(minutes=1)
MANY = 1000
"""Where so much went, more may be left: some classes let go of so many at a time."""
DAILY = "daily"


def retain(ctx: "Context") -> dict[str, int]:
    """Delete what is older than the settings say, and note how much that was; where nothing is, nothing happens."""
    counts: dict[str, int] = {}
    for each in KEPT.values():
        days = ctx.preferences[each.setting.name]
        if days is not None and (number := each.expire(ctx, ctx.now - timedelta(days=days))):
            counts[each.name] = number
    if not counts:
        raise Undone(counts)
    ctx.add(Privacy(of_trade=ctx.trade.name, what="retain", of=[], counts=counts, by_user=0))
    return counts


@task("privacy.retain", timeout=300)
async def let_go(office: "Office", job: Job) -> Then:
    """Let go what is too old in a trade of an organisation, and do so again a day later."""
    unit = AsSystem(office.trades[job.of_trade], job.org_id, office.clock(), retain, let_go.name)
    counts: dict[str, int] = await office.database.unit(unit)
    wait = SOON if any(number >= MANY for number in counts.values()) else EVERY
    return lambda ctx: _next(ctx, ctx.now + wait)


def _next(ctx: "Context", due: datetime) -> None:
    ctx.later(let_go, {}, due=due, once=DAILY)


_KEY = f"{let_go.name}:{DAILY}"
_WAITS = going((JOBS.c.org_id, JOBS.c.of_trade), JOBS.c.key == _KEY)


def lacking(session: Session, organisations: Iterable[int], trades: Iterable[str]) -> list[tuple[int, str]]:
    """Where nothing is planned: organisations that are new, and those whose job failed for good."""
    planned = {tuple(row) for row in session.execute(_WAITS)}
    names = list(trades)
    return [(org_id, trade) for org_id in organisations for trade in names if (org_id, trade) not in planned]


def plan(ctx: "Context") -> None:
    """Plan the next time, where another process did not: a day after the last one, or after now where there was none."""
    mine = (JOBS.c.org_id == ctx.org_id, JOBS.c.of_trade == ctx.trade.name, JOBS.c.key == _KEY)
    last = sa.select(JOBS.c.state, JOBS.c.due_at).where(*mine).order_by(JOBS.c.id.desc()).limit(1)
    found = ctx.session.execute(last).first()
    if found is None or found.state not in (JobState.QUEUED, JobState.RUNNING):
        _next(ctx, ctx.now + EVERY if found is None else max(ctx.now, found.due_at + EVERY))
