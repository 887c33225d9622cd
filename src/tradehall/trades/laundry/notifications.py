"""Notifications, as the clients of KY Wash know them: the notices of the platform, in their shape (spec R-19)."""

from collections.abc import Mapping
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel
from pydantic import Field as Limit

from tradehall.kernel.context import Context
from tradehall.kernel.contracts import report
from tradehall.kernel.errors import Missing
from tradehall.kernel.notices.languages import language_of
from tradehall.kernel.notices.ledger import Notice
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record, find
from tradehall.kernel.verbs import ME, Grant, Verb, grants, where
from tradehall.trades.laundry.models import Machine
from tradehall.trades.laundry.roles import EVERYBODY
from tradehall.trades.laundry.telling import titled

Answer = dict[str, Any]
TRADE = Machine.trade


class Page(BaseModel):
    """Which part of a list is asked for."""

    limit: Annotated[int, Limit(ge=1, le=100)] = 50
    offset: Annotated[int, Limit(ge=0, le=2**53)] = 0


def _mine(record: type[Record]) -> sa.ColumnElement[bool]:
    return sa.and_(record.table.c.of_trade == TRADE, record.table.c.person_id == ME)


OWN = tuple(where(grant.role, _mine) for grant in grants(EVERYBODY))
MINE = find(Notice, _mine(Notice))
NEWEST = MINE.by(Notice.table.c.created_at.desc(), Notice.table.c.id.desc())


def shown(reader: Reader, row: Notice, machine: Machine | None, language: str) -> Answer:
    """A notice in the shape of the contract, with its title in a language."""
    return {
        "id": row.id, "user_id": row.person_id, "notification_type": row.template,
        "title": titled(reader, row.template, language), "message": row.body, "is_read": row.read_at is not None,
        "machine_type": machine.machine_type if machine is not None else None,
        "machine_id": machine.number if machine is not None else None, "created_at": row.created_at,
    }  # fmt: skip


def about(reader: Reader, row: Notice) -> Machine | None:
    """The machine that a notice is about."""
    if row.cause_entity != Machine.table.name or row.cause_id is None:
        return None
    return reader.find(Machine, row.cause_id)


@report(by=EVERYBODY)
def listed(reader: Reader, page: Page) -> Answer:
    """Your notifications, the newest first."""
    rows = reader.all(NEWEST.first(page.limit).skip(page.offset))
    machines = {
        each.id: each for each in reader.all(find(Machine, Machine.id.in_({row.cause_id or 0 for row in rows})))
    }
    language = language_of(reader.session, reader.actor.user_id)
    of_machine = (row if row.cause_entity == Machine.table.name else None for row in rows)
    found = [
        shown(reader, row, machines.get(each.cause_id or 0) if each is not None else None, language)
        for row, each in zip(rows, of_machine, strict=True)
    ]
    return {"notifications": found, "unread_count": unread(reader)}


def unread(reader: Reader) -> int:
    """How many notices whoever asks has not read."""
    return reader.count(MINE.where(Notice.read_at.is_(None)))


def named(reader: Reader, path: Mapping[str, Any], grant: Grant) -> Notice:
    """The notice that a path names; raises Missing where it is somebody else's."""
    if (found := reader.find(Notice, path["id"], grant)) is None:
        raise Missing("Notification not found")
    return found


def _read(ctx: Context, notice: Notice) -> Answer:
    notice.read_at = notice.read_at or ctx.now
    return {"success": True, "message": "Notification marked as read"}


def _remove(ctx: Context, notice: Notice) -> Answer:
    ctx.delete(notice)
    return {"success": True, "message": "Notification deleted"}


def _read_all(ctx: Context) -> Answer:
    rows = ctx.all(MINE.where(Notice.read_at.is_(None)).first(1000))
    for row in rows:
        row.read_at = ctx.now
    return {"success": True, "message": f"{len(rows)} notifications marked as read", "unread_count": unread(ctx)}


READ: Verb[Any, Any] = Verb("read", Notice, OWN, _read, True, None, "A notification was read.")
REMOVE: Verb[Any, Any] = Verb("remove", Notice, OWN, _remove, True, None, "Delete a notification.")
READ_ALL: Verb[Any, Any] = Verb("read_all", Notice, OWN, _read_all, False, None, "All notifications were read.")
