"""Members: users, what they sign in with, and their places in organisations and trades."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.errors import Refused
from tradehall.kernel.events import Event, EventBook
from tradehall.kernel.people.authority import touch_authority
from tradehall.kernel.people.tables import MEMBERSHIPS, SECRETS, SESSIONS, SIGN_IN_NAMES, USERS
from tradehall.kernel.search import fold

ANY_TRADE = ""
"""In place of a trade, where a secret opens all of its user's."""


@dataclass(frozen=True)
class Member:
    """A person in one organisation and one trade; `name` is the first that they sign in with."""

    user_id: int
    org_id: int
    trade: str
    role: str
    name: str
    is_active: bool
    created_at: datetime
    updated_at: datetime
    uid: str
    full_name: str | None
    waits_since: datetime | None
    """Since when they wait for somebody to approve that they registered."""
    language: str | None = None
    """In which they are spoken to; None where they chose none."""


def memberships(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The members for whom some conditions hold, in the order in which they came."""
    here = sa.and_(MEMBERSHIPS.c.user_id == USERS.c.id)
    named = SIGN_IN_NAMES.c
    name = sa.and_(named.user_id == USERS.c.id, named.trade == MEMBERSHIPS.c.trade, named.position == 0)
    joined = USERS.join(MEMBERSHIPS, here).join(SIGN_IN_NAMES, name)
    columns = (
        USERS.c.id.label("user_id"), MEMBERSHIPS.c.org_id, MEMBERSHIPS.c.trade, MEMBERSHIPS.c.role,
        SIGN_IN_NAMES.c.shown.label("name"), MEMBERSHIPS.c.is_active, USERS.c.created_at, USERS.c.updated_at,
        USERS.c.uid, USERS.c.full_name, MEMBERSHIPS.c.waits_since, USERS.c.language,
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


def places(session: Session, user_id: int, trade: str) -> list[Member]:
    """A person's places in every organisation of a trade."""
    mine = (USERS.c.id == user_id, MEMBERSHIPS.c.trade == trade)
    return [Member(**row._mapping) for row in session.execute(memberships(*mine))]


def holders(session: Session, org_id: int, trade: str, *roles: str) -> list[int]:
    """Who is active in one of these roles of an organisation."""
    here = (MEMBERSHIPS.c.org_id == org_id, MEMBERSHIPS.c.trade == trade, MEMBERSHIPS.c.is_active)
    found = sa.select(MEMBERSHIPS.c.user_id).where(*here, MEMBERSHIPS.c.role.in_(roles))
    return list(session.execute(found.order_by(MEMBERSHIPS.c.user_id)).scalars())


def names_of(session: Session, user_id: int, trade: str) -> dict[str, str]:
    """What a person signs in to a trade with, and can be reached by: each kind with its name."""
    mine = (SIGN_IN_NAMES.c.user_id == user_id, SIGN_IN_NAMES.c.trade == trade)
    rows = session.execute(sa.select(SIGN_IN_NAMES.c.kind, SIGN_IN_NAMES.c.shown).where(*mine))
    return {row.kind: row.shown for row in rows}


def holder(session: Session, trade: str, kind: str, folded: str) -> int | None:
    """Whose name this is in a trade."""
    named = SIGN_IN_NAMES.c
    mine = (named.trade == trade, named.kind == kind, named.folded == folded)
    return session.execute(sa.select(named.user_id).where(*mine)).scalar()


def secret_of(session: Session, user_id: int, trade: str) -> str | None:
    """The stored hash of a person's secret; `trade` is the one that a PIN opens, or none for a password."""
    mine = (SECRETS.c.user_id == user_id, SECRETS.c.trade == trade)
    return session.execute(sa.select(SECRETS.c.hash).where(*mine)).scalar()


def keep_secret(session: Session, user_id: int, trade: str, hashed: str, now: datetime) -> None:
    """Store the hash of a new secret in place of the former one."""
    mine = (SECRETS.c.user_id == user_id, SECRETS.c.trade == trade)
    if session.change(sa.update(SECRETS).where(*mine).values(hash=hashed, changed_at=now)) == 0:
        new = {"user_id": user_id, "trade": trade, "hash": hashed, "changed_at": now}
        session.execute(sa.insert(SECRETS).values(new))


def tell(
    batch: Batch, event: str, user_id: int, member_of: str, actor: str, now: datetime,
    changes: dict[str, Any] | None = None, operation: str = "edit", origin: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """Write in the log what happened to a person."""
    happened = Event(member_of, event, actor, now, origin or {})
    happened.note("users", user_id, operation, changes or {})
    batch.book(EventBook).staged.append(happened)


@dataclass(frozen=True)
class NewUser:
    """Who is to be created: signs in with `name` in each of the trades, in the role given for it.

    `more` are names of other kinds: `(kind, as it is shown, as it is unique)`. `secret_of` is the trade that a PIN opens.
    """

    name: str
    roles: tuple[tuple[str, str], ...]
    kind: str
    password_hash: str | None
    more: tuple[tuple[str, str, str], ...] = ()
    folded: str = ""
    full_name: str | None = None
    secret_of: str = ANY_TRADE
    kinds: tuple[tuple[str, str], ...] = ()
    """The kind of the name in trades where it is another one."""
    waits: bool = False
    """Whether they come in only when somebody has approved it."""


class CreateUser(Work):
    """Create a person with a place in an organisation; gives the user's id."""

    def __init__(
        self,
        org_id: int,
        user: NewUser,
        now: datetime,
        actor: str = "command line",
        origin: Mapping[str, str] | None = None,
    ) -> None:
        self.org_id, self.user, self.now, self.actor, self.origin = org_id, user, now, actor, origin

    def run(self, batch: Batch) -> int:
        session, user, now = batch.session, self.user, self.now
        values = {"uid": str(uuid4()), "full_name": user.full_name, "created_at": now, "updated_at": now}
        user_id = int(session.execute(sa.insert(USERS).values(values).returning(USERS.c.id)).scalar_one())
        if user.password_hash is not None:
            keep_secret(session, user_id, user.secret_of, user.password_hash, now)
        folded, kinds = user.folded or fold(user.name), dict(user.kinds)
        for trade, role in user.roles:
            first = (kinds.get(trade, user.kind), user.name, folded)
            add_names(session, user_id, trade, (first, *user.more))
            self.join(batch, user_id, trade, role)
        touch_authority(session)
        return user_id

    def join(self, batch: Batch, user_id: int, trade: str, role: str) -> None:
        """Give a person a place in the organisation."""
        waits = self.user.waits
        place = {"org_id": self.org_id, "trade": trade, "user_id": user_id, "role": role, "is_active": not waits}
        place["waits_since"] = self.now if waits else None
        batch.session.execute(sa.insert(MEMBERSHIPS).values(place))
        known = {"name": self.user.name, "role": role}
        tell(batch, "user.create", user_id, trade, self.actor, self.now, known, "add", self.origin)


def add_names(session: Session, user_id: int, trade: str, names: Sequence[tuple[str, str, str]]) -> None:
    """Give a person names of a trade; raises Refused where somebody has one of them."""
    for position, (kind, shown, folded) in enumerate(names):
        taken = Refused("name_taken", f"Somebody signs in to {trade} as {shown} already", kind=kind)
        if holder(session, trade, kind, folded) is not None:
            raise taken
        name = {
            "trade": trade,
            "kind": kind,
            "folded": folded,
            "shown": shown,
            "user_id": user_id,
            "position": position,
        }
        try:
            session.execute(sa.insert(SIGN_IN_NAMES).values(name))
        except IntegrityError as error:  # in another organisation at the same moment
            raise taken from error


class JoinOrganisation(Work):
    """Give somebody who is a member elsewhere a place in this organisation too; gives the user's id, and whether new."""

    def __init__(
        self,
        org_id: int,
        user: NewUser,
        now: datetime,
        actor: str = "command line",
        origin: Mapping[str, str] | None = None,
    ) -> None:
        self.org_id, self.user = org_id, user
        self.create = CreateUser(org_id, user, now, actor, origin)

    def run(self, batch: Batch) -> tuple[int, bool]:
        ((trade, role),) = self.user.roles
        user_id = holder(batch.session, trade, self.user.kind, self.user.folded or fold(self.user.name))
        if user_id is None:
            return self.create.run(batch), True
        if member(batch.session, user_id, self.org_id, trade) is not None:
            raise Refused("name_taken", f"Somebody signs in to {trade} as {self.user.name} already")
        self.create.join(batch, user_id, trade, role)
        touch_authority(batch.session)
        return user_id, False


class ChangeMember(Work):
    """Give a person another role, or shut them out or let them in again; takes effect everywhere within a second."""

    def __init__(
        self, found: Member, now: datetime, *, role: str | None = None, is_active: bool | None = None,
        owner: str = "", actor: str = "command line", origin: Mapping[str, str] | None = None,
        event: str = "user.change",
    ) -> None:  # fmt: skip
        self.event = event
        self.org_id, self.member, self.now, self.owner = found.org_id, found, now, owner
        self.role, self.is_active, self.actor, self.origin = role, is_active, actor, origin

    def run(self, batch: Batch) -> Member:
        session, asked = batch.session, self.member
        found = member(session, asked.user_id, self.org_id, asked.trade) or asked
        wanted = {"role": self.role, "is_active": self.is_active}
        changes = {name: [getattr(found, name), value] for name, value in wanted.items()
                   if value is not None and value != getattr(found, name)}  # fmt: skip
        if not changes:
            return found
        here = (MEMBERSHIPS.c.org_id == self.org_id, MEMBERSHIPS.c.trade == found.trade)
        mine = (*here, MEMBERSHIPS.c.user_id == found.user_id)
        if found.role == self.owner and found.is_active:
            self._keep_one_owner(session, here, found.user_id)
        values = {name: pair[1] for name, pair in changes.items()} | ({"waits_since": None} if self.is_active else {})
        session.execute(sa.update(MEMBERSHIPS).where(*mine).values(values))
        session.execute(sa.update(USERS).where(USERS.c.id == found.user_id).values(updated_at=self.now))
        if self.is_active is False:
            theirs = (SESSIONS.c.org_id == self.org_id, SESSIONS.c.trade == found.trade)
            end_sessions(session, self.now, "disabled", SESSIONS.c.user_id == found.user_id, *theirs)
        tell(batch, self.event, found.user_id, found.trade, self.actor, self.now, changes, origin=self.origin)
        touch_authority(session)
        return member(session, found.user_id, self.org_id, found.trade) or found

    def _keep_one_owner(self, session: Session, here: tuple[Any, ...], user_id: int) -> None:
        others = (MEMBERSHIPS.c.role == self.owner, MEMBERSHIPS.c.is_active, MEMBERSHIPS.c.user_id != user_id)
        can_sign_in = sa.exists().where(SECRETS.c.user_id == MEMBERSHIPS.c.user_id)
        found = sa.select(MEMBERSHIPS.c.user_id).where(*here, *others, can_sign_in).limit(1)
        if session.execute(found).first() is None:
            raise Refused("last_owner", f"This is the last {self.owner}; name another one first")


def end_sessions(session: Session, now: datetime, why: str, *which: sa.ColumnElement[bool]) -> int:
    """End the sessions for which some conditions hold; gives how many that were. Their tokens end with them."""
    ended = session.change(
        sa.update(SESSIONS).where(SESSIONS.c.ended_at.is_(None), *which).values(ended_at=now, ended_by=why)
    )
    if ended:
        touch_authority(session)
    return ended
