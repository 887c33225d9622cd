"""Idling: what it costs to leave clothes in a machine that is done, where a house wants that: a setting that is off (spec A5)."""

from datetime import datetime, timedelta
from decimal import Decimal

from tradehall.kernel.context import Context
from tradehall.kernel.preferences import Setting
from tradehall.kernel.reader import Reader
from tradehall.kernel.verbs import SYSTEM, act
from tradehall.trades.laundry import paying, terms
from tradehall.trades.laundry.models import Cycle, CycleStatus, Machine, Paid
from tradehall.trades.laundry.telling import clock, tell
from tradehall.trades.laundry.views import resident


def begins(ctx: Context, cycle: Cycle) -> bool:
    """Have whoever leaves their clothes in a machine nudged, and charged later; gives whether they will be."""
    costs = bool(_costs(ctx, cycle, ctx.get(Machine, cycle.machine_id)))
    if costs:
        ctx.at(_after(ctx, terms.IDLE_GRACE), nudge, cycle)
    return costs


def ends(ctx: Context, cycle: Cycle) -> None:
    """The clothes are out: nothing is due any more."""
    cycle.idle_due = None
    ctx.cancel(nudge, cycle)
    ctx.cancel(take_fee, cycle)


def _after(ctx: Context, setting: Setting) -> datetime:
    """So many minutes from now, of those in which the laundry is open, unless the house counts all of them."""
    wait = timedelta(minutes=ctx.preferences[setting.name])
    return ctx.now + wait if ctx.preferences[terms.IDLE_CLOSED.name] else terms.hours(ctx).after(ctx.now, wait)


def _costs(reader: Reader, cycle: Cycle, machine: Machine) -> Decimal:
    """What is due for a load the next time; nothing where no more is, or who washed can do nothing about it."""
    left = cycle.idle_fees < reader.preferences[terms.IDLE_MOST.name] and machine.enabled
    who = resident(reader, cycle.user_id)
    if not left or who is None or who.left_at is not None:
        return Decimal(0)
    return min(paying.idle_fee(reader), who.balance)


@act(Cycle, by=SYSTEM)
def nudge(ctx: Context, cycle: Cycle) -> None:
    """Clothes wait in a machine that is done, and cost something from a moment on."""
    machine = ctx.get(Machine, cycle.machine_id)
    is_left = cycle.status is CycleStatus.COMPLETED and cycle.idle_due is None
    if is_left and (amount := _costs(ctx, cycle, machine)):
        cycle.idle_due = _after(ctx, terms.IDLE_EVERY)
        ctx.at(cycle.idle_due, take_fee, cycle)
        tell(ctx, cycle.user_id, "idle_soon", machine, str(cycle.id), until=clock(ctx, cycle.idle_due), amount=amount)


@act(Cycle, by=SYSTEM)
def take_fee(ctx: Context, cycle: Cycle) -> None:
    """Clothes have stayed in a machine for so long that a fee is due, as far as the balance goes.

    A timer that rings late takes one fee and no more: whoever could not say that they came is not charged for it.
    """
    machine = ctx.get(Machine, cycle.machine_id)
    if cycle.status is not CycleStatus.COMPLETED or cycle.idle_due is None:
        return
    if ctx.now < cycle.idle_due:
        ctx.at(cycle.idle_due, take_fee, cycle)
        return
    amount, cycle.idle_due = _costs(ctx, cycle, machine), None
    if not amount:
        return
    cycle.idle_fees += 1
    paying.booked(ctx, cycle.user_id, -amount, Paid.IDLE, cycle)
    tell(ctx, cycle.user_id, "idle_fee", machine, f"{cycle.id}:{cycle.idle_fees}", amount=amount)
    if _costs(ctx, cycle, machine):
        cycle.idle_due = _after(ctx, terms.IDLE_EVERY)
        ctx.at(cycle.idle_due, take_fee, cycle)
