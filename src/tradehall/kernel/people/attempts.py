"""Attempts to sign in: counted before the password is looked at."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.errors import Throttled
from tradehall.kernel.people.members import Member, memberships
from tradehall.kernel.people.tables import ATTEMPTS, MEMBERSHIPS, SIGN_IN_NAMES, USERS
from tradehall.kernel.search import fold

FREE_TRIES = 5
TRIES_OF_A_SOURCE = 100


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
        row = session.execute(memberships(*here, MEMBERSHIPS.c.trade == self.trade)).first()
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
