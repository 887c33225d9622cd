"""People: organisations, users, sign-in names, memberships; passwords, access tokens and one-time links."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.bcrypt import BcryptHasher

from tradehall.kernel.columns import KEY, Utc
from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.errors import Missing, Refused, Throttled
from tradehall.kernel.events import Event, EventBook
from tradehall.kernel.records import METADATA
from tradehall.kernel.search import fold

LINK_LASTS = timedelta(days=1)
FREE_TRIES = 5
TRIES_OF_A_SOURCE = 100
LONGEST_PASSWORD = 255

ORGANISATIONS = sa.Table(
    "organisations",
    METADATA,
    sa.Column("id", KEY, primary_key=True, autoincrement=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("created_at", Utc, nullable=False),
    sqlite_autoincrement=True,
)
USERS = sa.Table(
    "users",
    METADATA,
    sa.Column("id", KEY, primary_key=True, autoincrement=True),
    sa.Column("password_hash", sa.String(255)),
    sa.Column("is_active", sa.Boolean, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("updated_at", Utc, nullable=False),
    sqlite_autoincrement=True,
)
SIGN_IN_NAMES = sa.Table(
    "sign_in_names",
    METADATA,
    sa.Column("trade", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("folded", sa.String(254), primary_key=True),
    sa.Column("shown", sa.String(254), nullable=False),
    sa.Column("user_id", KEY, sa.ForeignKey("users.id"), nullable=False, index=True),
)
MEMBERSHIPS = sa.Table(
    "memberships",
    METADATA,
    sa.Column("org_id", KEY, sa.ForeignKey("organisations.id"), primary_key=True, autoincrement=False),
    sa.Column("trade", sa.String(40), primary_key=True),
    sa.Column("user_id", KEY, sa.ForeignKey("users.id"), primary_key=True, autoincrement=False),
    sa.Column("role", sa.String(40), nullable=False),
)
LINKS = sa.Table(
    "one_time_links",
    METADATA,
    sa.Column("digest", sa.String(64), primary_key=True),
    sa.Column("org_id", KEY, sa.ForeignKey("organisations.id"), nullable=False),
    sa.Column("user_id", KEY, sa.ForeignKey("users.id")),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Column("used_at", Utc),
)
ATTEMPTS = sa.Table(
    "sign_in_attempts",
    METADATA,
    sa.Column("key", sa.String(320), primary_key=True),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("next_at", Utc, nullable=False),
)
REVISIONS = sa.Table(
    "revisions",
    METADATA,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)
AUTHORITY = "authority"
"""The counter that rises whenever who may do what has changed; every process looks at it (P-14)."""

_hasher = PasswordHash((Argon2Hasher(), BcryptHasher()))
_hashing = ThreadPoolExecutor(2, "hashing")


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


@cache
def nobody() -> str:
    """The hash that is checked where nobody has the name; made once, before anybody signs in."""
    return _hasher.hash(secrets.token_urlsafe(16))


def pools() -> ThreadPoolExecutor:
    """The small pool in which passwords are hashed: never on the event loop."""
    return _hashing


def hash_password(password: str) -> str:
    """A memory-hard hash; takes about a tenth of a second."""
    return _hasher.hash(password)


def verify_password(password: str, stored: str | None) -> tuple[bool, str | None]:
    """Whether the password is right, and a new hash where the stored one is of an old kind; as slow for nobody."""
    right, renewed = _hasher.verify_and_update(password, stored or nobody())
    return right and stored is not None, renewed


def touch_authority(session: Session) -> None:
    """Tell every process that who may do what has changed."""
    bump = sa.update(REVISIONS).where(REVISIONS.c.name == AUTHORITY).values(value=REVISIONS.c.value + 1)
    if session.change(bump) == 0:
        session.execute(sa.insert(REVISIONS).values(name=AUTHORITY, value=1))


def authority(session: Session) -> int:
    """The counter's value."""
    return session.execute(sa.select(REVISIONS.c.value).where(REVISIONS.c.name == AUTHORITY)).scalar() or 0


def organisations(session: Session) -> list[tuple[int, str]]:
    """Every organisation: id and name."""
    rows = session.execute(sa.select(ORGANISATIONS.c.id, ORGANISATIONS.c.name).order_by(ORGANISATIONS.c.id))
    return [(row.id, row.name) for row in rows]


def has_users(session: Session) -> bool:
    """Whether anybody can sign in at all."""
    return session.execute(sa.select(USERS.c.id).where(USERS.c.password_hash.is_not(None)).limit(1)).first() is not None


def _members(*conditions: sa.ColumnElement[bool]) -> sa.Select[Any]:
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
    for row in session.execute(_members(MEMBERSHIPS.c.trade == trade)):
        yield Member(**row._mapping)


def member(session: Session, user_id: int, org_id: int, trade: str) -> Member | None:
    """One person's place in an organisation and trade."""
    mine = (USERS.c.id == user_id, MEMBERSHIPS.c.org_id == org_id, MEMBERSHIPS.c.trade == trade)
    row = session.execute(_members(*mine)).first()
    return Member(**row._mapping) if row else None


class CreateOrganisation(Work):
    """Found an organisation; gives its id."""

    org_id = 0

    def __init__(self, name: str, now: datetime) -> None:
        self.name, self.now = name.strip(), now

    def run(self, batch: Batch) -> int:
        if any(name.casefold() == self.name.casefold() for _, name in organisations(batch.session)):
            raise Refused("organisation_exists", f"There is an organisation called {self.name} already")
        insert = sa.insert(ORGANISATIONS).values(name=self.name, created_at=self.now).returning(ORGANISATIONS.c.id)
        return int(batch.session.execute(insert).scalar_one())


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


@dataclass(frozen=True)
class Candidate:
    """Who tries to sign in, as far as the database knows; `stored` is None for nobody."""

    stored: str | None
    member: Member | None


class ReserveAttempt(Work):
    """Count a try before the password is looked at, so that parallel tries count too; gives a Candidate."""

    org_id = 0

    def __init__(self, trade: str, kind: str, name: str, source: str, now: datetime) -> None:
        self.trade, self.kind, self.name, self.now = trade, kind, fold(name), now
        self.keys = (f"account:{trade}:{self.name}"[:320], f"source:{source}"[:320])

    def run(self, batch: Batch) -> Candidate:
        session = batch.session
        account, source = (self._failures(session, key) for key in self.keys)
        self._count(session, self.keys[0], account, 2.0 ** (account + 1 - FREE_TRIES) if account >= FREE_TRIES else 0)
        self._count(session, self.keys[1], source, 3600 if source >= TRIES_OF_A_SOURCE else 0)
        here = (
            SIGN_IN_NAMES.c.trade == self.trade, SIGN_IN_NAMES.c.kind == self.kind, SIGN_IN_NAMES.c.folded == self.name
        )  # fmt: skip
        row = session.execute(_members(*here, MEMBERSHIPS.c.trade == self.trade)).first()
        if row is None:
            return Candidate(None, None)
        stored = session.execute(sa.select(USERS.c.password_hash).where(USERS.c.id == row.user_id)).scalar()
        return Candidate(stored, Member(**row._mapping))

    def _failures(self, session: Session, key: str) -> int:
        row = session.execute(sa.select(ATTEMPTS).where(ATTEMPTS.c.key == key)).first()
        if row is None:
            return 0
        if row.next_at > self.now:
            raise Throttled(max(1, int((row.next_at - self.now).total_seconds())))
        return 0 if row.next_at < self.now - timedelta(hours=1) else int(row.failures)

    def _count(self, session: Session, key: str, failures: int, wait: float) -> None:
        values = {"failures": failures + 1, "next_at": self.now + timedelta(seconds=min(wait, 3600))}
        if session.change(sa.update(ATTEMPTS).where(ATTEMPTS.c.key == key).values(values)) == 0:
            session.execute(sa.insert(ATTEMPTS).values(values | {"key": key}))


class Admit(Work):
    """The password was right: its tries are forgotten, and a hash of an old kind is replaced."""

    org_id = 0

    def __init__(self, keys: tuple[str, str], user_id: int, renewed: str | None) -> None:
        self.keys, self.user_id, self.renewed = keys, user_id, renewed

    def run(self, batch: Batch) -> None:
        session = batch.session
        session.execute(sa.delete(ATTEMPTS).where(ATTEMPTS.c.key == self.keys[0]))
        less = {"failures": ATTEMPTS.c.failures - 1}
        session.execute(sa.update(ATTEMPTS).where(ATTEMPTS.c.key == self.keys[1]).values(less))
        if self.renewed is not None:
            session.execute(sa.update(USERS).where(USERS.c.id == self.user_id).values(password_hash=self.renewed))


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
