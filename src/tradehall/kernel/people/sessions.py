"""Sessions: one for each sign-in, with a refresh token that rotates; what ends with it are its tokens.

A refresh token is `session.turn.secret`. The next secret is derived from the one before with a key that is not in the
database, which holds the digest of the newest alone: so a token that comes twice gets the same successor, and one that is
older is known for what it is by deriving the newest from it.
"""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.people.links import digest
from tradehall.kernel.people.members import Member, end_sessions, member, tell
from tradehall.kernel.people.tables import SESSIONS

GRACE = timedelta(seconds=30)
REMEMBERED = timedelta(days=90)
MOST_TURNS = 10_000
LOGOUT, REUSE = "logout", "reuse"


@dataclass(frozen=True)
class Device:
    """From where somebody signs in: a secret that the device keeps, what it calls itself, and its address."""

    secret: str
    agent: str = ""
    source: str = ""


@dataclass(frozen=True)
class RefreshToken:
    """A refresh token, taken apart."""

    session: int
    turn: int
    secret: str

    def __str__(self) -> str:
        return f"{self.session}.{self.turn}.{self.secret}"

    @classmethod
    def read(cls, text: str) -> "RefreshToken | None":
        """The parts of what somebody showed; None where it can't be one."""
        parts = text.split(".")
        if len(parts) != 3 or len(text) > 120:
            return None
        numbers = [int(part) if part.isascii() and part.isdecimal() and len(part) < 16 else -1 for part in parts[:2]]
        return cls(numbers[0], numbers[1], parts[2]) if min(numbers) >= 0 else None

    def next(self, key: str) -> "RefreshToken":
        """Its successor: always the same."""
        derived = hmac.new(key.encode(), f"{self.session}.{self.turn}.{self.secret}".encode(), sha256)
        return RefreshToken(self.session, self.turn + 1, derived.hexdigest())

    def after(self, turns: int, key: str) -> "RefreshToken":
        """Its successor of so many turns."""
        token = self
        for _ in range(turns):
            token = token.next(key)
        return token


def open_session(session: Session, of: Member, device: Device, now: datetime, lasts: timedelta) -> RefreshToken:
    """Begin a session; gives its first refresh token. Sessions that ended long ago are forgotten."""
    old = (SESSIONS.c.user_id == of.user_id, SESSIONS.c.expires_at < now - REMEMBERED)
    session.execute(sa.delete(SESSIONS).where(*old))
    secret = secrets.token_hex(32)
    values = {
        "user_id": of.user_id, "org_id": of.org_id, "trade": of.trade, "device": digest(device.secret),
        "agent": device.agent[:200], "source": device.source[:64], "turn": 0, "token": "", "turned_at": now,
        "created_at": now, "expires_at": now + lasts, "ended_at": None, "ended_by": None,
    }  # fmt: skip
    made = int(session.execute(sa.insert(SESSIONS).values(values).returning(SESSIONS.c.id)).scalar_one())
    token = RefreshToken(made, 0, secret)
    session.execute(sa.update(SESSIONS).where(SESSIONS.c.id == made).values(token=digest(str(token))))
    return token


def session_row(session: Session, session_id: int) -> Any:
    """A session that has not ended."""
    return session.execute(
        sa.select(SESSIONS).where(SESSIONS.c.id == session_id, SESSIONS.c.ended_at.is_(None))
    ).first()


def sessions_of(session: Session, user_id: int, org_id: int, trade: str, now: datetime) -> list[Any]:
    """Where a person is signed in to a trade, the newest first."""
    mine = (SESSIONS.c.user_id == user_id, SESSIONS.c.org_id == org_id, SESSIONS.c.trade == trade)
    live = (SESSIONS.c.ended_at.is_(None), SESSIONS.c.expires_at > now)
    return list(session.execute(sa.select(SESSIONS).where(*mine, *live).order_by(SESSIONS.c.id.desc())))


@dataclass(frozen=True)
class Turned:
    """What came of a refresh token: its session with a successor, or nothing, because it was used before."""

    member: Member | None = None
    token: RefreshToken | None = None
    reused: bool = False


class Turn(Work):
    """Exchange a refresh token for its successor. What is used again after half a minute ends its session alone (P-14)."""

    def __init__(
        self, org_id: int, shown: RefreshToken, trade: str, key: str, now: datetime, lasts: timedelta,
        origin: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.org_id, self.shown, self.trade = org_id, shown, trade
        self.key, self.now, self.lasts, self.origin = key, now, lasts, origin

    def run(self, batch: Batch) -> Turned:
        session, shown, now = batch.session, self.shown, self.now
        row = session_row(session, shown.session)
        if row is None or row.trade != self.trade or row.expires_at <= now:
            return Turned()
        behind = row.turn - shown.turn
        if not 0 <= behind <= MOST_TURNS or digest(str(shown.after(behind, self.key))) != row.token:
            return Turned()
        successor = shown.next(self.key)
        if behind > 1 or (behind == 1 and now > row.turned_at + GRACE):
            end_sessions(session, now, REUSE, SESSIONS.c.id == row.id)
            told, label = {"session": row.id}, f"user:{row.user_id}"
            tell(batch, "session.reuse", row.user_id, row.trade, label, now, told, origin=self.origin)
            return Turned(reused=True)
        found = member(session, row.user_id, row.org_id, row.trade)
        if found is None or not found.is_active:
            return Turned()
        if behind == 0:
            turned = {"turn": successor.turn, "token": digest(str(successor)), "turned_at": now}
            self._write(session, row, turned | {"expires_at": now + self.lasts})
        return Turned(found, successor)

    def _write(self, session: Session, row: Any, values: dict[str, Any]) -> None:
        session.execute(sa.update(SESSIONS).where(SESSIONS.c.id == row.id).values(values))


class EndSessions(Work):
    """End sessions of one person: the one that is named, or all of them, or all but one; gives how many."""

    def __init__(
        self, of: Member, now: datetime, *, only: tuple[int, ...] = (), origin: Mapping[str, str] | None = None
    ) -> None:
        self.org_id, self.of, self.now, self.only, self.origin = of.org_id, of, now, only, origin

    def run(self, batch: Batch) -> int:
        of, only = self.of, self.only
        mine = (SESSIONS.c.user_id == of.user_id, SESSIONS.c.org_id == of.org_id, SESSIONS.c.trade == of.trade)
        which = (*mine, SESSIONS.c.id.in_(only)) if only else mine
        ended = end_sessions(batch.session, self.now, LOGOUT, *which)
        if ended:
            known: dict[str, Any] = {"sessions": ended}
            tell(batch, "session.end", of.user_id, of.trade, f"user:{of.user_id}", self.now, known, origin=self.origin)
        return ended
