"""What belongs to a resident, to be shown or erased when they ask (P-39): rows name them by their user, not by their row."""

from typing import Any

import sqlalchemy as sa

from tradehall.kernel.context import Context
from tradehall.kernel.persons import Subject, belongs
from tradehall.kernel.records import Record
from tradehall.trades.laundry.models import Cycle, Device, FaultReport, Payment, Resident, WaitlistItem, Wish


def _theirs(record: type[Record]) -> Any:
    """The rows of a person: by the user that they are, or by that of the resident who was named."""

    def rule(subject: Subject) -> sa.ColumnElement[bool]:
        named = Resident.id.in_(subject.rows.get(Resident.table.name, ()))
        users = sa.select(Resident.user_id).where(Resident.org_id == record.table.c.org_id, named)
        return sa.or_(record.table.c.user_id.in_(subject.users), record.table.c.user_id.in_(users))

    return rule


def _gone(ctx: Context, row: Record) -> None:
    ctx.forget(row.table.name, row.id, {"endpoint"})
    ctx.delete(row)


belongs(Resident, lambda subject: Resident.user_id.in_(subject.users))
for each in (WaitlistItem, FaultReport, Cycle, Payment, Wish):
    belongs(each, _theirs(each))
belongs(Device, _theirs(Device), _gone)
