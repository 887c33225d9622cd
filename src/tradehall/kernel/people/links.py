"""One-time links: to become the first owner, to join, to choose a password, to prove an address."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.errors import Missing
from tradehall.kernel.people.attempts import forgive
from tradehall.kernel.people.members import (
    ANY_TRADE,
    CreateUser,
    JoinOrganisation,
    NewUser,
    end_sessions,
    keep_secret,
    tell,
)
from tradehall.kernel.people.tables import LINKS, SESSIONS, SIGN_IN_NAMES

LINK_LASTS = timedelta(days=1)
RESET_LASTS = timedelta(hours=1)
INVITATION_LASTS = timedelta(days=7)
OWNER, JOINS, PASSWORD, ADDRESS = "owner", "join", "password", "address"
GONE = "This link was used already, or it has expired"
OPEN, ACCEPTED, WITHDRAWN, EXPIRED = "open", "accepted", "withdrawn", "expired"
ENDED = {
    ACCEPTED: "This invitation was accepted already",
    WITHDRAWN: "This invitation was withdrawn",
    EXPIRED: "This invitation has expired",
}
"""What is said of an invitation that works no more."""


@dataclass(frozen=True)
class Link:
    """What a link is for. `user_id` is None where it makes a new user: the first owner, or one who was invited."""

    purpose: str
    org_id: int
    user_id: int | None = None
    trade: str = ""
    role: str | None = None
    address: str | None = None
    made_by: int | None = None


@dataclass(frozen=True)
class Made:
    """A link that was written: its number, and its secret, of which only a digest is stored."""

    id: int
    secret: str


def create_link(session: Session, new: Link, now: datetime, lasts: timedelta) -> Made:
    """Write a link."""
    secret = secrets.token_urlsafe(32)
    values = vars(new) | {"digest": digest(secret), "created_at": now, "expires_at": now + lasts}
    made = session.execute(sa.insert(LINKS).values(values).returning(LINKS.c.id)).scalar_one()
    return Made(int(made), secret)


class CreateLink(Work):
    """Write a one-time link: to set the password of a user, or to become the first owner; gives its secret."""

    org_id = 0

    def __init__(self, org_id: int, user_id: int | None, now: datetime, trade: str = "") -> None:
        self.link = Link(OWNER if user_id is None else PASSWORD, org_id, user_id, trade)
        self.now = now

    def run(self, batch: Batch) -> str:
        return create_link(batch.session, self.link, self.now, LINK_LASTS).secret


def digest(secret: str) -> str:
    """What is stored of a secret that is random enough to be looked up by its plain hash."""
    return sha256(secret.encode()).hexdigest()


def state(found: Any, now: datetime) -> str:
    """What became of a link."""
    if found.withdrawn_at is not None:
        return WITHDRAWN
    if found.used_at is not None:
        return ACCEPTED
    return EXPIRED if found.expires_at <= now else OPEN


def link(session: Session, secret: str, now: datetime, *purposes: str) -> Any:
    """The link of a secret, for one of these purposes; raises Missing, which says why, where it does not work."""
    mine = (LINKS.c.digest == digest(secret), LINKS.c.purpose.in_(purposes))
    found = session.execute(sa.select(LINKS).where(*mine)).first()
    if found is None:
        raise Missing(GONE, "bad_link")
    if (now_is := state(found, now)) != OPEN:
        raise Missing(ENDED[now_is] if found.purpose == JOINS else GONE, "bad_link")
    return found


def use(session: Session, secret: str, now: datetime, org_id: int, *purposes: str) -> Any:
    """Use a link up; raises Missing where it does not work. Of the owner's links the first that is used ends the others."""
    found = link(session, secret, now, *purposes)
    if found.org_id != org_id:
        raise Missing(GONE, "bad_link")
    mine = LINKS.c.digest == found.digest
    if found.purpose == OWNER:
        mine = sa.and_(LINKS.c.purpose == OWNER, LINKS.c.used_at.is_(None))
    elif found.purpose == PASSWORD:
        mine = sa.and_(LINKS.c.purpose == PASSWORD, LINKS.c.user_id == found.user_id, LINKS.c.used_at.is_(None))
    session.execute(sa.update(LINKS).where(mine).values(used_at=now))
    return found


class AcceptLink(Work):
    """Use a link: a user is created, or a password is set; gives the user's id. A link works once.

    Somebody who has a place elsewhere joins with the password that they have: `known` is their id.
    """

    def __init__(
        self, org_id: int, secret: str, user: NewUser, now: datetime, known: int | None = None,
        origin: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        self.org_id, self.secret, self.user, self.now = org_id, secret, user, now
        self.known, self.origin = known, origin or {}

    def run(self, batch: Batch) -> int:
        found = use(batch.session, self.secret, self.now, self.org_id, OWNER, JOINS, PASSWORD)
        if found.user_id is None:
            actor = "first owner" if found.purpose == OWNER else "invitation"
            given = (self.org_id, self.user, self.now, actor, self.origin)
            user_id = CreateUser(*given).run(batch) if self.known is None else JoinOrganisation(*given).run(batch)[0]
            batch.session.execute(sa.update(LINKS).where(LINKS.c.id == found.id).values(user_id=user_id))
            return user_id
        new_secret(batch, found.user_id, found.trade, self.user, self.now, "link", self.origin)
        return int(found.user_id)


def new_secret(
    batch: Batch, user_id: int, trade: str, user: NewUser, now: datetime, actor: str, origin: Mapping[str, str]
) -> None:
    """Store a new secret: whoever was signed in with the former one is so no more, and its failures are forgotten."""
    session, of = batch.session, user.secret_of
    keep_secret(session, user_id, of, user.password_hash or "", now)
    theirs = [SESSIONS.c.user_id == user_id] + ([SESSIONS.c.trade == of] if of != ANY_TRADE else [])
    end_sessions(session, now, "new secret", *theirs)
    forgive(session, user_id, of)
    tell(batch, "user.password", user_id, trade, actor, now, origin=origin)


class VerifyAddress(Work):
    """Note that a link which was sent to an address came back; gives the address."""

    def __init__(self, org_id: int, secret: str, now: datetime, origin: Mapping[str, str]) -> None:
        self.org_id, self.secret, self.now, self.origin = org_id, secret, now, origin

    def run(self, batch: Batch) -> str:
        found = use(batch.session, self.secret, self.now, self.org_id, ADDRESS)
        mine = (SIGN_IN_NAMES.c.user_id == found.user_id, SIGN_IN_NAMES.c.shown == found.address)
        if batch.session.change(sa.update(SIGN_IN_NAMES).where(*mine).values(verified_at=self.now)) == 0:
            raise Missing(GONE, "bad_link")
        label = f"user:{found.user_id}"
        tell(batch, "user.verify", found.user_id, found.trade, label, self.now, origin=self.origin)
        return str(found.address)
