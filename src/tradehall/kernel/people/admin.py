"""The people of an organisation, as its owner looks after them: users, roles, one-time links and invitations."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradehall.kernel.contracts import Found, dumps
from tradehall.kernel.database import Batch, Session, Undone, Work
from tradehall.kernel.errors import Missing, Refused, field_error
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.kinds import show
from tradehall.kernel.people.declared import SignIn
from tradehall.kernel.people.entry import (
    already,
    described,
    new_user,
    only,
    pepper,
)
from tradehall.kernel.people.links import LINK_LASTS, PASSWORD, Link, Made, create_link
from tradehall.kernel.people.members import ChangeMember, CreateUser, Member, NewUser, member, places, tell
from tradehall.kernel.people.organisations import organisations
from tradehall.kernel.people.passwords import hash_password, hashing
from tradehall.kernel.people.tables import MEMBERSHIPS
from tradehall.kernel.preferences import Preferences
from tradehall.kernel.preferences import chosen as settings_chosen
from tradehall.kernel.reader import Reader

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

NO_STORE = {"Cache-Control": "no-store"}


async def users(office: Office, trade: Trade, call: Call) -> Answer:
    """The people of the organisation, those who came last first."""
    window, actor = trade.paging.window(call.query), call.actor

    def page(session: Session) -> Found:
        here = (MEMBERSHIPS.c.org_id == actor.org_id, MEMBERSHIPS.c.trade == trade.name)
        total = session.execute(sa.select(sa.func.count()).select_from(MEMBERSHIPS).where(*here)).scalar_one()
        ordered = sa.select(MEMBERSHIPS.c.user_id).where(*here).order_by(MEMBERSHIPS.c.user_id.desc())
        ids = session.execute(ordered.limit(window.limit).offset(window.offset)).scalars().all()
        found = [member(session, user_id, actor.org_id, trade.name) for user_id in ids]
        reader = Reader(session, trade, actor, call.now)
        return Found([described(reader, each) for each in found if each is not None], int(total), window, None)

    return trade.paging.answer(await office.database.read(actor.org_id, page))


def role_named(trade: Trade, name: str) -> str:
    """A role of the trade; raises Invalid."""
    if trade.role(name) is None:
        names = ", ".join(each.name for each in trade.roles)
        raise field_error(["body", "role"], f"The roles are {names}")
    return name


def linked(office: Office, secret: str | None, until: datetime) -> dict[str, Any]:
    """A one-time link as it is answered; shown once."""
    return {"link": office.terms.link(secret) if secret else None, "link_expires_at": show(until) if secret else None}


def dry(call: Call, status: int, body: dict[str, Any]) -> Answer:
    """The answer to a write, or to the question what it would do (P-41); it may hold a secret."""
    if call.dry_run:
        return Answer(200, dumps(body), NO_STORE | {"Dry-Run": "true"})
    return Answer(status, dumps(body), NO_STORE)


class Create(Work):
    """Create a user of the organisation, with a one-time link where no secret was chosen; gives both."""

    def __init__(self, trade: Trade, call: Call, new: NewUser) -> None:
        self.org_id, self.trade, self.call, self.new = call.actor.org_id, trade, call, new

    def run(self, batch: Batch) -> tuple[Any, str | None]:
        call, session, trade = self.call, batch.session, self.trade
        try:
            user_id = CreateUser(self.org_id, self.new, call.now, call.actor.label, call.origin).run(batch)
        except Refused as taken:
            raise already(trade.sign_in, taken) from taken
        secret = None
        if self.new.password_hash is None:
            link = Link(PASSWORD, self.org_id, user_id, trade.name, made_by=call.actor.user_id or None)
            secret = create_link(session, link, call.now, LINK_LASTS).secret
        found = member(session, user_id, self.org_id, trade.name)
        assert found is not None  # noqa: S101 - it was made a line ago
        result = described(Reader(session, trade, call.actor, call.now), found), secret
        if call.dry_run:
            raise Undone((result[0], None))
        return result


def way_for(trade: Trade, body: Any) -> SignIn:
    """How somebody is to sign in, by what is given of them."""
    numbered = any(getattr(body, kind.name, None) for kind in trade.sign_in.kinds)
    if not numbered and not any(getattr(body, kind.name, None) for kind in trade.sign_in.staff.kinds):
        raise field_error(["body", trade.sign_in.name], "Field required", "missing")
    return trade.sign_in if numbered else trade.sign_in.staff


async def create_user(office: Office, trade: Trade, call: Call) -> Answer:
    """Create a user with a password, or with a one-time link to choose one."""
    body: Any = call.body  # its model is made of the ways to sign in
    way = way_for(trade, body)
    new = await new_user(office, trade, call, way, role_named(trade, body.role))
    if secret := getattr(body, way.secret.name, None):
        hashed = await hashing(hash_password, secret, pepper(office, way))
        new = NewUser(**{**vars(new), "password_hash": hashed})
    user, link = await office.database.unit(Create(trade, call, new))
    return dry(call, 201, user | linked(office, link, call.now + LINK_LASTS))


async def one_of(office: Office, trade: Trade, call: Call) -> Member:
    """The member of the organisation whom the path names; raises Missing."""
    wanted, org_id = call.path["user_id"], call.actor.org_id
    found = await office.database.read(0, lambda db: member(db, wanted, org_id, trade.name))
    if found is None:
        raise Missing("User not found")
    return found


class Change(Work):
    """Change a member's role, or shut them out or let them in; gives them as they are then."""

    def __init__(self, trade: Trade, call: Call, found: Member) -> None:
        self.org_id, self.trade, self.call, self.found = found.org_id, trade, call, found

    def run(self, batch: Batch) -> Any:
        body, call, trade = self.call.body, self.call, self.trade
        change = ChangeMember(
            self.found, call.now, role=getattr(body, "role", None), is_active=getattr(body, "is_active", None),
            owner=trade.owner.name, actor=call.actor.label, origin=call.origin,
        )  # fmt: skip
        user = described(Reader(batch.session, trade, call.actor, call.now), change.run(batch))
        if call.dry_run:
            raise Undone(user)
        return user


async def change_user(office: Office, trade: Trade, call: Call) -> Answer:
    """Give a user another role, or shut them out or let them in again; the last owner stays."""
    found = await one_of(office, trade, call)
    if (role := getattr(call.body, "role", None)) is not None:
        role_named(trade, role)
    user = await office.database.unit(Change(trade, call, found))
    await office.tokens.look()
    return dry(call, 200, user)


class MakeLink(Work):
    """Write a one-time link, and in the log for whom; gives it."""

    def __init__(self, call: Call, link: Link, lasts: timedelta, event: str) -> None:
        self.org_id, self.call, self.link, self.lasts, self.event = link.org_id, call, link, lasts, event

    def run(self, batch: Batch) -> Made:
        new, call = self.link, self.call
        made = create_link(batch.session, new, call.now, self.lasts)
        known = {"purpose": new.purpose, "role": new.role, "link": made.id}
        tell(batch, self.event, new.user_id or 0, new.trade, call.actor.label, call.now, known, "add", call.origin)
        if call.dry_run:
            raise Undone(Made(0, ""))
        return made


async def link_user(office: Office, trade: Trade, call: Call) -> Answer:
    """A one-time link with which a user chooses a new password, without any e-mail."""
    found = await one_of(office, trade, call)
    everywhere = await office.database.read(0, lambda db: places(db, found.user_id, trade.name))
    if any(each.org_id != found.org_id for each in everywhere):
        # Whoever owns one organisation must not get into another with it.
        raise Refused("member_elsewhere", "This person is a member of other organisations too, and resets it alone")
    link = Link(PASSWORD, found.org_id, found.user_id, trade.name, made_by=call.actor.user_id or None)
    made: Made = await office.database.unit(MakeLink(call, link, LINK_LASTS, "user.link"))
    return dry(call, 201, linked(office, made.secret, call.now + LINK_LASTS))


async def public_settings(office: Office, trade: Trade, call: Call) -> Answer:
    """What everybody may know of an organisation: its name, currency and zone."""
    org_id = await only(office, call)

    def read(session: Session) -> dict[str, Any]:
        known = Preferences(trade.preferences, settings_chosen(session, org_id, trade.name))
        shown = {name: known[name] for name, setting in trade.preferences.items() if setting.public}
        name = next(name for found, name in organisations(session) if found == org_id)
        return {"organisation_id": org_id} | shown | {"name": shown.get("name") or name}

    return Answer(200, dumps(await office.database.read(org_id, read)))
