"""Renewal: going on with a refresh token, or with a valid access token where a trade allows it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from tradehall.kernel.contracts import dumps
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Unauthenticated, field_error
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.people.entry import Granted, acting, described, session_body
from tradehall.kernel.people.members import Member, member
from tradehall.kernel.people.sessions import RefreshToken, Turn, Turned, session_row
from tradehall.kernel.reader import Reader
from tradehall.kernel.verbs import Actor

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

log = logging.getLogger("tradehall")


async def refresh(office: Office, trade: Trade, call: Call) -> Answer:
    """Exchange a refresh token for its successor and a new access token."""
    shown: str | None = getattr(call.body, "refresh_token", None)
    if shown is None and trade.sign_in.renews and call.caller.token:
        actor = await office.tokens.actor(call.caller.token, trade.name, call.now)
        return await _again(office, trade, call, actor)
    if shown is None:
        raise field_error(["body", "refresh_token"], "Field required", "missing")
    granted = await go_on(office, trade, call, shown)
    return Answer(200, dumps(session_body(office, trade, call, granted)), {"Cache-Control": "no-store"})


async def go_on(office: Office, trade: Trade, call: Call, shown: str) -> Granted:
    """Exchange a refresh token for its successor; raises Unauthenticated."""
    invalid = Unauthenticated("Invalid refresh token", "invalid_refresh_token")
    token = RefreshToken.read(shown)
    row = None if token is None else await office.database.read(0, lambda db: session_row(db, token.session))
    if token is None or row is None:
        raise invalid
    turn = Turn(row.org_id, token, trade.name, office.refresh_key, call.now, office.terms.refresh_lasts, call.origin)
    turned: Turned = await office.database.unit(turn)
    if turned.reused:
        log.warning("a refresh token of user %s was used again; their session %s is ended", row.user_id, row.id)
        await office.tokens.look()
    if turned.member is None or turned.token is None:
        raise invalid
    user = await office.database.read(turned.member.org_id, lambda db: _seen(db, trade, turned.member, call))
    return Granted(turned.token, turned.member, user)


async def _again(office: Office, trade: Trade, call: Call, actor: Actor) -> Answer:
    def place(session: Session) -> tuple[Member | None, Any]:
        found = member(session, actor.user_id, actor.org_id, trade.name)
        return found, _seen(session, trade, found, call) if found is not None else None

    found, user = await office.database.read(actor.org_id, place)
    if found is None:
        raise Unauthenticated("Could not validate credentials")
    minutes = trade.token_minutes or office.terms.minutes
    access = office.tokens.issue(found, call.now, minutes, actor.session)
    body = {"access_token": access, "token_type": "bearer", "expires_in": minutes * 60, "user": user}
    return Answer(200, dumps(trade.sign_in.session(body)), {"Cache-Control": "no-store"})


def _seen(session: Session, trade: Trade, found: Member | None, call: Call) -> Any:
    return None if found is None else described(Reader(session, trade, acting(found), call.now), found)
