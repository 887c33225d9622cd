"""Whose repairs somebody reaches: all of them, or a technician only those that are theirs."""

import sqlalchemy as sa

from tradehall.kernel.preferences import Chosen
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Find, Record
from tradehall.kernel.verbs import ME, where
from tradehall.trades.phoneshop.models import Repair
from tradehall.trades.phoneshop.roles import CLERK, MANAGERS, TECHNICIAN
from tradehall.trades.phoneshop.terms import OWN_JOBS


def within_reach(record: type[Record]) -> sa.ColumnElement[bool]:
    """The repairs, or what belongs to them, that a technician sees: all, unless the owner says only their own."""
    here = record.table.c
    chosen = (Chosen.org_id == here.org_id, Chosen.of_trade == record.trade, Chosen.name == OWN_JOBS.name)
    only_own = sa.exists().where(*chosen, sa.type_coerce(Chosen.value, sa.Text) == "true")
    if record is Repair:
        return sa.or_(~only_own, here.technician_id == ME)
    theirs = sa.select(Repair.id).where(Repair.org_id == here.org_id, Repair.technician_id == ME)
    return sa.or_(~only_own, here.repair_id.in_(theirs))


def beside_others(record: type[Record]) -> sa.ColumnElement[bool]:
    """The money of any document but of the repairs that a technician does not see."""
    return sa.or_(record.table.c.repair_id.is_(None), within_reach(record))


def sees_own(ctx: Reader) -> bool:
    """Whether somebody sees their own repairs only."""
    return ctx.actor.is_a(TECHNICIAN) and bool(ctx.preferences[OWN_JOBS.name])


def own(repairs: Find[Repair]) -> Find[Repair]:
    """The same search among a technician's own, in an order that leads through these and not through all."""
    mine = repairs.where(Repair.technician_id >= ME, Repair.technician_id <= ME)
    return mine.by(Repair.table.c.technician_id, *repairs.order)


BENCH = where(TECHNICIAN, within_reach)
WORKSHOP = (CLERK, BENCH, *MANAGERS)
"""Who works with repairs."""
COUNTER = (CLERK, where(TECHNICIAN, beside_others), *MANAGERS)
"""Who sees what is paid for sales and repairs, and what is given back."""
