"""One's own account: who one is, where one is signed in, and one's secret."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradehall.kernel.contracts import dumps
from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.errors import Missing, Refused, field_error
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.kinds import show
from tradehall.kernel.notices.languages import languages
from tradehall.kernel.people.attempts import DAY, HOUR, Budget, Spend, account, spend
from tradehall.kernel.people.authority import touch_authority
from tradehall.kernel.people.declared import EMAIL, Kind, SignIn
from tradehall.kernel.people.entry import acting, described, pepper, region
from tradehall.kernel.people.letters import post
from tradehall.kernel.people.links import ADDRESS, PASSWORD, AcceptLink, VerifyAddress, link, new_secret
from tradehall.kernel.people.members import (
    ANY_TRADE,
    Member,
    NewUser,
    holder,
    member,
    names_of,
    places,
    secret_of,
    tell,
)
from tradehall.kernel.people.passwords import hash_password, hashing, verify_password
from tradehall.kernel.people.sessions import EndSessions, RefreshToken, sessions_of
from tradehall.kernel.people.tables import USERS
from tradehall.kernel.reader import Reader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

CHANGES_A_DAY = 10
FOR_ONE, FROM_ONE = 5, 20
"""How many links may be asked for within an hour: for one name, and from one address."""


def done(sentence: str, status: int = 200) -> Answer:
    """An answer that says only that it is done."""
    return Answer(status, dumps({"message": sentence}), {"Cache-Control": "no-store"})


async def myself(office: Office, trade: Trade, call: Call) -> Member:
    """Whoever asks, as a member; raises Refused where nobody in particular does."""
    actor = call.actor
    found = await office.database.read(0, lambda db: member(db, actor.user_id, actor.org_id, trade.name))
    if found is None:
        raise Refused("nobody", "Nobody in particular is signed in")
    return found


async def me(office: Office, trade: Trade, call: Call) -> Answer:
    """Who is signed in."""
    actor = call.actor

    def read(session: Session) -> Any:
        found = member(session, actor.user_id, actor.org_id, trade.name)
        return None if found is None else described(Reader(session, trade, actor, call.now), found)

    user = await office.database.read(actor.org_id, read) or {
        "id": 0, "username": actor.role, "full_name": None, "email": None, "role": actor.role, "is_active": True,
        "created_at": None, "updated_at": None, "organisation_id": actor.org_id,
    }  # fmt: skip
    return Answer(200, dumps(trade.sign_in.me(user) if trade.sign_in.me is not None else user))


async def sessions(office: Office, trade: Trade, call: Call) -> Answer:
    """Where one is signed in, the newest first."""
    actor = call.actor
    mine = (actor.user_id, actor.org_id, trade.name, call.now)
    rows = await office.database.read(0, lambda db: sessions_of(db, *mine))
    listed = [
        {
            "id": row.id, "agent": row.agent, "source": row.source, "created_at": show(row.created_at),
            "last_used_at": show(row.turned_at), "expires_at": show(row.expires_at), "is_this": row.id == actor.session,
        }
        for row in rows
    ]  # fmt: skip
    return Answer(200, dumps(listed), {"X-Total-Count": str(len(listed))})


async def end_session(office: Office, trade: Trade, call: Call) -> Answer:
    """Sign out of one place."""
    found = await myself(office, trade, call)
    wanted = call.path["session_id"]
    if not await office.database.unit(EndSessions(found, call.now, only=(wanted,), origin=call.origin)):
        raise Missing("Session not found")
    await office.tokens.look()
    return Answer(204, b"")


async def logout(office: Office, trade: Trade, call: Call) -> Answer:
    """Sign out here: the session's tokens end with it."""
    found = await myself(office, trade, call)
    token = RefreshToken.read(getattr(call.body, "refresh_token", None) or "")
    only = tuple(each for each in (call.actor.session, token.session if token is not None else 0) if each)
    if only:
        await office.database.unit(EndSessions(found, call.now, only=only, origin=call.origin))
        await office.tokens.look()
    return done("You are signed out")


async def logout_all(office: Office, trade: Trade, call: Call) -> Answer:
    """Sign out everywhere."""
    found = await myself(office, trade, call)
    await office.database.unit(EndSessions(found, call.now, origin=call.origin))
    await office.tokens.look()
    return done("You are signed out everywhere")


# Language.


class ChooseLanguage(Work):
    """Note in which language somebody is spoken to."""

    def __init__(self, of: Member, language: str | None, now: datetime, origin: Mapping[str, str]) -> None:
        self.org_id, self.of, self.language, self.now, self.origin = of.org_id, of, language, now, origin

    def run(self, batch: Batch) -> None:
        of, now = self.of, self.now
        mine = sa.update(USERS).where(USERS.c.id == of.user_id)
        batch.session.execute(mine.values(language=self.language, updated_at=now))
        changed = {"language": [of.language, self.language]}
        tell(batch, "user.language", of.user_id, of.trade, acting(of).label, now, changed, origin=self.origin)
        touch_authority(batch.session)


def _spoken(trade: Trade, language: str | None) -> Answer:
    return Answer(200, dumps({"language": language, "languages": languages(trade.words)}))


async def language(office: Office, trade: Trade, call: Call) -> Answer:
    """The language in which one is spoken to, on pages and in messages; null where one chose none."""
    return _spoken(trade, (await myself(office, trade, call)).language)


async def choose_language(office: Office, trade: Trade, call: Call) -> Answer:
    """Choose the language in which one is spoken to, or none: then a browser's is taken."""
    found = await myself(office, trade, call)
    wish: str | None = getattr(call.body, "language")  # noqa: B009 - its model is made in another room
    if wish is not None and wish not in languages(trade.words):
        names = ", ".join(languages(trade.words))
        raise field_error(["body", "language"], f"The languages are {names}")
    if wish != found.language:
        await office.database.unit(ChooseLanguage(found, wish, call.now, call.origin))
        await office.tokens.look()
    return _spoken(trade, wish)


# Secrets.


def checked(office: Office, way: SignIn, secret: str, field: str) -> str:
    """A new secret that may be one; raises Invalid."""
    if wrong := way.secret.wrong(secret, office.terms.weak_passwords):
        raise field_error(["body", field], wrong)
    return secret


def secret_only(way: SignIn, trade: Trade, hashed: str) -> NewUser:
    """A new secret for somebody who is there already."""
    return NewUser("", (), way.name, hashed, secret_of=trade.name if way.secret.is_pin else ANY_TRADE)


class ChangeSecret(Work):
    """Store a new secret in place of the former: every session ends."""

    def __init__(self, of: Member, new: NewUser, call: Call) -> None:
        self.org_id, self.of, self.new, self.call = of.org_id, of, new, call

    def run(self, batch: Batch) -> None:
        of, call = self.of, self.call
        new_secret(batch, of.user_id, of.trade, self.new, call.now, acting(of).label, call.origin)


async def change_secret(office: Office, trade: Trade, call: Call, way: SignIn) -> Answer:
    """Choose a new secret; everybody who is signed in with the former one is so no more."""
    found = await myself(office, trade, call)
    name, of = way.secret.name, trade.name if way.secret.is_pin else ANY_TRADE
    new = checked(office, way, getattr(call.body, f"new_{name}"), f"new_{name}")
    spent = Budget(f"change:{account(found.user_id, of)}", CHANGES_A_DAY, DAY)
    await office.database.unit(Spend((spent,), call.now))
    stored = await office.database.read(0, lambda db: secret_of(db, found.user_id, of))
    right, _ = await hashing(verify_password, getattr(call.body, f"current_{name}"), stored, pepper(office, way))
    if not right:
        raise Refused("wrong_secret", f"This is not your present {name}")
    hashed = await hashing(hash_password, new, pepper(office, way))
    await office.database.unit(ChangeSecret(found, secret_only(way, trade, hashed), call))
    await office.tokens.look()
    return done(f"Your {name} is changed; sign in with it")


async def link_for(office: Office, secret: str, call: Call, *purposes: str) -> Any:
    """The link of a secret, where it is for one of these purposes; raises Missing."""
    return await office.database.read(0, lambda db: link(db, secret, call.now, *purposes))


async def way_of(office: Office, trade: Trade, user_id: int) -> SignIn:
    """How a person signs in: by a PIN where they have a number for it, else as the staff does."""
    names = await office.database.read(0, lambda db: names_of(db, user_id, trade.name))
    has_number = any(kind.name in names for kind in trade.sign_in.kinds)
    return trade.sign_in if has_number else trade.sign_in.staff


async def reset_secret(office: Office, trade: Trade, call: Call) -> Answer:
    """Choose a new secret with a one-time link."""
    token: str = getattr(call.body, "token")  # noqa: B009 - the model is made for each trade
    found = await link_for(office, token, call, PASSWORD)
    way = await way_of(office, office.trades.get(found.trade, trade), found.user_id)
    new = checked(office, way, getattr(call.body, trade.sign_in.secret.name), trade.sign_in.secret.name)
    hashed = await hashing(hash_password, new, pepper(office, way))
    user = secret_only(way, trade, hashed)
    await office.database.unit(AcceptLink(found.org_id, token, user, call.now, origin=call.origin))
    await office.tokens.look()
    return done(f"Your {way.secret.name} is set; sign in with it")


class Ask(Work):
    """Count that a link is asked for, and have it sent where somebody has the name. Raises Throttled."""

    org_id = 0

    def __init__(self, trade: Trade, kind: Kind, folded: str, source: str, now: datetime) -> None:
        self.trade, self.kind, self.folded, self.source, self.now = trade, kind, folded, source, now

    def run(self, batch: Batch) -> None:
        session, trade = batch.session, self.trade.name
        name = sha256(self.folded.encode()).hexdigest()
        asked = Budget(f"link:{trade}:{self.kind.name}:{name}", FOR_ONE, HOUR)
        spend(session, (asked, Budget(f"link-source:{self.source}", FROM_ONE, HOUR)), self.now)
        user_id = holder(session, trade, self.kind.name, self.folded)
        here = [each for each in places(session, user_id, trade) if each.is_active] if user_id is not None else []
        if here:
            post(session, here[0].org_id, trade, here[0].user_id, PASSWORD, self.now)


async def forgot(office: Office, trade: Trade, call: Call, way: SignIn) -> Answer:
    """Have a one-time link sent for a new secret; the answer is the same whether somebody has the name."""
    shown: str = getattr(call.body, way.name)
    kinds = (EMAIL,) if EMAIL.takes(shown) else (way.kind_of(shown), way.staff.kind_of(shown))
    kind = next((each for each in kinds if each.fits(shown)), kinds[0])
    await office.database.unit(Ask(trade, kind, kind.folded(shown, region(trade)), call.caller.source, call.now))
    office.worker.wake.set()
    return done("If somebody has this name and can be reached, a link is on its way")


async def verify_address(office: Office, trade: Trade, call: Call) -> Answer:
    """Prove an e-mail address with the link that was sent to it."""
    token: str = getattr(call.body, "token")  # noqa: B009 - as above
    found = await link_for(office, token, call, ADDRESS)
    await office.database.unit(VerifyAddress(found.org_id, token, call.now, call.origin))
    return done("Your e-mail address is verified")
