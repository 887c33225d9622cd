"""Members: users, what they sign in with, and their places in organisations and trades."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.errors import Refused
from tradehall.kernel.events import Event, EventBook
from tradehall.kernel.people.authority import touch_authority
from tradehall.kernel.people.tables import MEMBERSHIPS, SIGN_IN_NAMES, USERS
from tradehall.kernel.search import fold


@dataclass(frozen=True)
class Member:
    """A person in one organisation and one trade."""

    user_id: int
    org_id: int
    trade: str
    role: str
    name: str
    is_active: bool
    created_at: datetime


def memberships(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    here = sa.and_(MEMBERSHIPS.c.user_id == USERS.c.id)
    name = sa.and_(SIGN_IN_NAMES.c.user_id == USERS.c.id, SIGN_IN_NAMES.c.trade == MEMBERSHIPS.c.trade)
    joined = USERS.join(MEMBERSHIPS, here).join(SIGN_IN_NAMES, name)
    columns = (
        USERS.c.id.label("user_id"), MEMBERSHIPS.c.org_id, MEMBERSHIPS.c.trade, MEMBERSHIPS.c.role,
        SIGN_IN_NAMES.c.shown.label("name"), USERS.c.is_active, USERS.c.created_at,
    )  # fmt: skip
    return sa.select(*columns).select_from(joined).where(*conditions).order_by(MEMBERSHIPS.c.org_id, USERS.c.id)


def members(session: Session, trade: str) -> Iterator[Member]:
    """Everybody in a trade."""
    for row in session.execute(memberships(MEMBERSHIPS.c.trade == trade)):
        yield Member(**row._mapping)


def member(session: Session, user_id: int, org_id: int, trade: str) -> Member | None:
    """One person's place in an organisation and trade."""
    mine = (USERS.c.id == user_id, MEMBERSHIPS.c.org_id == org_id, MEMBERSHIPS.c.trade == trade)
    row = session.execute(memberships(*mine)).first()
    return Member(**row._mapping) if row else None


@dataclass(frozen=True)
class NewUser:
    """Who is to be created: signs in with `name` in each of the trades, in the role given for it."""

    name: str
    roles: tuple[tuple[str, str], ...]
    kind: str
    password_hash: str | None


class CreateUser(Work):
    """Create a person with a place in an organisation; gives the user's id."""

    def __init__(self, org_id: int, user: NewUser, now: datetime, actor: str = "command line") -> None:
        self.org_id, self.user, self.now, self.actor = org_id, user, now, actor

    def run(self, batch: Batch) -> int:
        session, user, now = batch.session, self.user, self.now
        folded = fold(user.name)
        for trade, _ in user.roles:
            mine = (SIGN_IN_NAMES.c.trade == trade, SIGN_IN_NAMES.c.kind == user.kind, SIGN_IN_NAMES.c.folded == folded)
            if session.execute(sa.select(SIGN_IN_NAMES.c.user_id).where(*mine)).first():
                raise Refused("name_taken", f"Somebody signs in to {trade} as {user.name} already")
        values = {"password_hash": user.password_hash, "is_active": True, "created_at": now, "updated_at": now}
        user_id = int(session.execute(sa.insert(USERS).values(values).returning(USERS.c.id)).scalar_one())
        for trade, role in user.roles:
            name = {"trade": trade, "kind": user.kind, "folded": folded, "shown": user.name, "user_id": user_id}
            session.execute(sa.insert(SIGN_IN_NAMES).values(name))
            place = {"org_id": self.org_id, "trade": trade, "user_id": user_id, "role": role}
            session.execute(sa.insert(MEMBERSHIPS).values(place))
            event = Event(trade, "user.create", self.actor, now, {})
            event.note("users", user_id, "add", {"name": user.name, "role": role})
            batch.book(EventBook).staged.append(event)
        touch_authority(session)
        return user_id


class ChangeMember(Work):
    """Give a person another role, or shut them out or let them in again; takes effect everywhere within a second."""

    def __init__(self, found: Member, now: datetime, *, role: str | None = None, is_active: bool | None = None) -> None:
        self.org_id, self.member, self.now = found.org_id, found, now
        self.role, self.is_active = role, is_active

    def run(self, batch: Batch) -> None:
        found, session = self.member, batch.session
        here = (MEMBERSHIPS.c.user_id == found.user_id, MEMBERSHIPS.c.org_id == found.org_id)
        changes: dict[str, list[Any]] = {}
        if self.role is not None:
            mine = (*here, MEMBERSHIPS.c.trade == found.trade)
            session.execute(sa.update(MEMBERSHIPS).where(*mine).values(role=self.role))
            changes["role"] = [found.role, self.role]
        if self.is_active is not None:
            active = {"is_active": self.is_active, "updated_at": self.now}
            session.execute(sa.update(USERS).where(USERS.c.id == found.user_id).values(active))
            changes["is_active"] = [found.is_active, self.is_active]
        event = Event(found.trade, "user.change", "command line", self.now, {})
        event.note("users", found.user_id, "edit", changes)
        batch.book(EventBook).staged.append(event)
        touch_authority(session)
