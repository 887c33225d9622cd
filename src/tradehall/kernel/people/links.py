"""One-time links: to become the first owner, or to choose a password."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.errors import Missing
from tradehall.kernel.people.authority import touch_authority
from tradehall.kernel.people.members import CreateUser, NewUser
from tradehall.kernel.people.tables import LINKS, USERS

LINK_LASTS = timedelta(days=1)


class CreateLink(Work):
    """Write a one-time link: to set the password of a user, or to become the first owner; gives its secret."""

    org_id = 0

    def __init__(self, org_id: int, user_id: int | None, now: datetime) -> None:
        self.target, self.user_id, self.now = org_id, user_id, now

    def run(self, batch: Batch) -> str:
        secret = secrets.token_urlsafe(32)
        if self.user_id is None:
            batch.session.execute(sa.delete(LINKS).where(LINKS.c.user_id.is_(None)))
        values = {"org_id": self.target, "user_id": self.user_id, "expires_at": self.now + LINK_LASTS, "used_at": None}
        batch.session.execute(sa.insert(LINKS).values(values | {"digest": digest(secret)}))
        return secret


def digest(secret: str) -> str:
    """What is stored of a secret that is random enough to be looked up by its plain hash."""
    return sha256(secret.encode()).hexdigest()


def link(session: Session, secret: str, now: datetime) -> Any:
    """The link of a secret, if it still works."""
    works = (LINKS.c.digest == digest(secret), LINKS.c.used_at.is_(None), LINKS.c.expires_at > now)
    return session.execute(sa.select(LINKS).where(*works)).first()


class AcceptLink(Work):
    """Use a link: the first owner is created, or a password is set; gives the user's id. A link works once."""

    def __init__(self, org_id: int, secret: str, user: NewUser, now: datetime) -> None:
        self.org_id, self.secret, self.user, self.now = org_id, secret, user, now

    def run(self, batch: Batch) -> int:
        found = link(batch.session, self.secret, self.now)
        if found is None or found.org_id != self.org_id:
            raise Missing("This link was used already, or it has expired")
        batch.session.execute(sa.update(LINKS).where(LINKS.c.digest == found.digest).values(used_at=self.now))
        if found.user_id is None:
            return CreateUser(self.org_id, self.user, self.now, "first owner").run(batch)
        values = {"password_hash": self.user.password_hash, "updated_at": self.now}
        batch.session.execute(sa.update(USERS).where(USERS.c.id == found.user_id).values(values))
        touch_authority(batch.session)
        return int(found.user_id)
