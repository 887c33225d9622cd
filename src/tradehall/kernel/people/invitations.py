"""Invitations: links with which somebody joins an organisation, as whoever made them looks after them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradehall.kernel.contracts import Found
from tradehall.kernel.database import Batch, Session, Undone, Work
from tradehall.kernel.errors import Missing, Refused, field_error
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.kinds import show
from tradehall.kernel.people.account import link_for
from tradehall.kernel.people.admin import MakeLink, dry, linked, role_named, way_for
from tradehall.kernel.people.attempts import Candidate
from tradehall.kernel.people.entry import Admit, already, closed, granted_answer, new_user, pepper, tried
from tradehall.kernel.people.links import (
    ACCEPTED,
    ENDED,
    EXPIRED,
    INVITATION_LASTS,
    JOINS,
    OPEN,
    WITHDRAWN,
    AcceptLink,
    Link,
    Made,
    state,
)
from tradehall.kernel.people.members import NewUser, holder, member, tell
from tradehall.kernel.people.passwords import hash_password, hashing
from tradehall.kernel.people.tables import LINKS

if TYPE_CHECKING:
    from datetime import datetime

    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

STATES = (OPEN, ACCEPTED, WITHDRAWN, EXPIRED)


def _of(call: Call) -> tuple[sa.ColumnElement[bool], ...]:
    return (LINKS.c.purpose == JOINS, LINKS.c.org_id == call.actor.org_id, LINKS.c.trade == call.actor.trade)


def _in_state(wanted: str, now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    """The condition that `state` gives this."""
    unused = (LINKS.c.withdrawn_at.is_(None), LINKS.c.used_at.is_(None))
    return {
        OPEN: (*unused, LINKS.c.expires_at > now),
        EXPIRED: (*unused, LINKS.c.expires_at <= now),
        ACCEPTED: (LINKS.c.withdrawn_at.is_(None), LINKS.c.used_at.is_not(None)),
        WITHDRAWN: (LINKS.c.withdrawn_at.is_not(None),),
    }[wanted]


def _shown(row: Any, now: datetime) -> dict[str, Any]:
    return {
        "id": row.id, "role": row.role, "state": state(row, now), "created_at": show(row.created_at),
        "created_by": row.made_by, "expires_at": show(row.expires_at), "accepted_at": show(row.used_at),
        "accepted_by": row.user_id, "withdrawn_at": show(row.withdrawn_at),
    }  # fmt: skip


async def invitations(office: Office, trade: Trade, call: Call) -> Answer:
    """The invitations of the organisation with what became of each, the newest first; their links are not shown again."""
    window, wanted = trade.paging.window(call.query), call.query.get("state")
    if wanted is not None and wanted not in STATES:
        raise field_error(["query", "state"], f"Input should be one of {', '.join(STATES)}", "enum")
    which = _of(call) if wanted is None else (*_of(call), *_in_state(wanted, call.now))

    def page(session: Session) -> Found:
        total = session.execute(sa.select(sa.func.count()).select_from(LINKS).where(*which)).scalar_one()
        ordered = sa.select(LINKS).where(*which).order_by(LINKS.c.id.desc())
        rows = session.execute(ordered.limit(window.limit).offset(window.offset))
        return Found([_shown(row, call.now) for row in rows], int(total), window, None)

    return trade.paging.answer(await office.database.read(0, page))


async def invite(office: Office, trade: Trade, call: Call) -> Answer:
    """Invite somebody who chooses a name by themselves: a link that is good for a week, once."""
    body: Any = call.body  # its model is made of the ways to sign in
    role = role_named(trade, body.role)
    link = Link(JOINS, call.actor.org_id, None, trade.name, role, made_by=call.actor.user_id or None)
    made: Made = await office.database.unit(MakeLink(call, link, INVITATION_LASTS, "user.invite"))
    told = linked(office, made.secret, call.now + INVITATION_LASTS)
    return dry(call, 201, {"id": made.id or None, "role": role} | told)


class Withdraw(Work):
    """Withdraw an invitation that nobody has accepted; gives it as it is then."""

    def __init__(self, call: Call) -> None:
        self.org_id, self.call = call.actor.org_id, call

    def run(self, batch: Batch) -> dict[str, Any]:
        session, call, mine = batch.session, self.call, LINKS.c.id == self.call.path["invitation_id"]
        found = session.execute(sa.select(LINKS).where(mine, *_of(call))).first()
        if found is None:
            raise Missing("Invitation not found")
        if (now_is := state(found, call.now)) != OPEN:
            raise Refused(f"invitation_{now_is}", ENDED[now_is])
        session.execute(sa.update(LINKS).where(mine).values(withdrawn_at=call.now))
        known = {"role": [found.role, None], "link": [found.id, None]}
        tell(batch, "user.uninvite", 0, found.trade, call.actor.label, call.now, known, origin=call.origin)
        after = _shown(session.execute(sa.select(LINKS).where(mine)).one(), call.now)
        if call.dry_run:
            raise Undone(after)
        return after


async def withdraw(office: Office, trade: Trade, call: Call) -> Answer:
    """Withdraw an invitation: its link works no more, and says so."""
    withdrawn = await office.database.unit(Withdraw(call))
    return dry(call, 200, withdrawn) if call.dry_run else Answer(204, b"")


class Accept(Work):
    """Use an invitation, and open a session; gives what was granted."""

    def __init__(self, office: Office, trade: Trade, call: Call, accept: AcceptLink, device: str) -> None:
        self.org_id, self.accept = accept.org_id, accept
        self.office, self.trade, self.call, self.device = office, trade, call, device

    def run(self, batch: Batch) -> Any:
        try:
            user_id = self.accept.run(batch)
        except Refused as taken:
            raise already(self.trade.sign_in, taken) from taken
        found = member(batch.session, user_id, self.org_id, self.trade.name)
        assert found is not None  # noqa: S101 - it was made a line ago
        return Admit(self.office, self.trade, self.call, found, self.device).run(batch)


async def accept(office: Office, trade: Trade, call: Call) -> Answer:
    """Accept an invitation: as a new user, or with the password that one has in another organisation."""
    token: str = getattr(call.body, "token")  # noqa: B009 - the model is made for each trade
    found = await link_for(office, token, call, JOINS)
    if found.trade != trade.name:
        raise Missing("This invitation is for another trade")
    way = way_for(trade, call.body)
    new = await new_user(office, trade, call, way, found.role)
    kind, folded = new.kind, new.folded
    known = await office.database.read(0, lambda db: holder(db, trade.name, kind, folded))
    if known is None:
        hashed = await hashing(hash_password, getattr(call.body, way.secret.name), pepper(office, way))
        new = NewUser(**{**vars(new), "password_hash": hashed})
    else:
        _, candidate, _ = await tried(office, trade, call, way)
        _no_stranger(candidate)
    device = call.caller.device or secrets.token_urlsafe(24)
    work = AcceptLink(found.org_id, token, new, call.now, known, call.origin)
    granted = await office.database.unit(Accept(office, trade, call, work, device))
    await office.tokens.look()
    return granted_answer(office, trade, call, granted, device, 201)


def _no_stranger(candidate: Candidate) -> None:
    if not any(each.is_active for each in candidate.places):
        raise closed(candidate.places[0])
