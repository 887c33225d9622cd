"""Notifications, as the clients of KY Wash know them: the notices of the platform, in their shape (spec R-19)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel
from pydantic import Field as Limit

from tradehall.kernel.context import Context
from tradehall.kernel.contracts import report
from tradehall.kernel.errors import Missing
from tradehall.kernel.notices.ledger import Notice
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record, find
from tradehall.kernel.verbs import ME, Grant, Verb, grants, where
from tradehall.trades.laundry.models import Cycle, Machine
from tradehall.trades.laundry.roles import EVERYBODY
from tradehall.trades.laundry.telling import language_for, titled

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


@dataclass(frozen=True)
class About:
    """What a notice is about: a machine, and a photo where somebody's clothes were moved to (spec N4)."""

    machine: Machine | None = None
    photo_id: int | None = None


def shown(reader: Reader, row: Notice, about: About, language: str) -> Answer:
    """A notice in the shape of the contract, with its title in a language; its photo is for whom it is, and the staff."""
    machine = about.machine
    return {
        "id": row.id, "user_id": row.person_id, "notification_type": row.template,
        "title": titled(reader, row.template, language), "message": row.body, "is_read": row.read_at is not None,
        "machine_type": machine.machine_type if machine is not None else None,
        "machine_id": machine.number if machine is not None else None, "created_at": row.created_at,
    } | ({"photo": f"{reader.trade.prefix}/files/{about.photo_id}"} if about.photo_id is not None else {})  # fmt: skip


def about(reader: Reader, rows: list[Notice]) -> list[About]:
    """What each of some notices is about."""
    cycles = {each.id: each for each in reader.all(find(Cycle, Cycle.id.in_(_causes(rows, Cycle))))}
    wanted = _causes(rows, Machine) | {each.machine_id for each in cycles.values()}
    machines = {each.id: each for each in reader.all(find(Machine, Machine.id.in_(wanted)))}

    def one(row: Notice) -> About:
        cycle = cycles.get(row.cause_id or 0) if row.cause_entity == Cycle.table.name else None
        if cycle is not None:
            return About(machines.get(cycle.machine_id), cycle.photo_id)
        return About(machines.get(row.cause_id or 0) if row.cause_entity == Machine.table.name else None)

    return [one(row) for row in rows]


def _causes(rows: list[Notice], record: type[Record]) -> set[int]:
    return {row.cause_id or 0 for row in rows if row.cause_entity == record.table.name}


@report(by=EVERYBODY)
def listed(reader: Reader, page: Page) -> Answer:
    """Your notifications, the newest first."""
    rows = reader.all(NEWEST.first(page.limit).skip(page.offset))
    language = language_for(reader, reader.actor.user_id)
    found = [shown(reader, row, each, language) for row, each in zip(rows, about(reader, rows), strict=True)]
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
    rows = ctx.all(NEWEST.where(Notice.read_at.is_(None)).first(1000))
    for row in rows:
        row.read_at = ctx.now
    return {"success": True, "message": f"{len(rows)} notifications marked as read", "unread_count": unread(ctx)}


READ: Verb[Any, Any] = Verb("read", Notice, OWN, _read, True, None, "A notification was read.")
REMOVE: Verb[Any, Any] = Verb("remove", Notice, OWN, _remove, True, None, "Delete a notification.")
READ_ALL: Verb[Any, Any] = Verb("read_all", Notice, OWN, _read_all, False, None, "All notifications were read.")
