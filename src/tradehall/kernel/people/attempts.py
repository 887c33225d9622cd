"""Attempts to sign in: counted before the secret is looked at, so that parallel ones count too.

What is counted is evaluations of a hash that failed, by account and by source, and for PINs over the organisation. A device
from which somebody signed in before has a budget of its own for them: strangers can't lock its owner out (rows 13 and 14).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

import sqlalchemy as sa

from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.errors import Throttled
from tradehall.kernel.people.members import ANY_TRADE, Member, holder, places, secret_of
from tradehall.kernel.people.tables import ATTEMPTS, MEMBERSHIPS, SESSIONS

FREE_TRIES = 5
SHORTEST_WAIT = 30
HOUR, DAY, MONTH, EVER = timedelta(hours=1), timedelta(days=1), timedelta(days=30), timedelta(days=36500)


@dataclass(frozen=True)
class Budget:
    """So many failures in a span; `slows` makes each one after the first few wait longer than the one before."""

    key: str
    most: int
    span: timedelta
    slows: int = 0

    def wait(self, count: int) -> timedelta:
        """How long the next try has to wait after so many failures."""
        if not self.slows or count < FREE_TRIES:
            return timedelta()
        return min(HOUR, timedelta(seconds=self.slows * 2 ** min(count - FREE_TRIES, 20)))


def account(user_id: int, of: str) -> str:
    """What the failures of a person's password, or of their PIN in a trade, are counted by."""
    return f"account:{of}:{user_id}"


def budgets(
    account_key: str, source: str, device: str, is_pin: bool, organisation: str, trade: str
) -> Iterator[Budget]:
    """What a try is counted against; `device` is one that signed in before, else empty."""
    if device:
        yield Budget(f"device:{account_key}:{device}", 10 if is_pin else 100, DAY, SHORTEST_WAIT if is_pin else 1)
    elif is_pin:
        yield Budget(account_key, 10, DAY, SHORTEST_WAIT)
        yield Budget(f"reset:{account_key}", 100, EVER)
        yield Budget(f"source:{trade}:{source}", 30, HOUR)
        yield Budget(f"organisation:{trade}:{organisation}", 300, DAY)
    else:
        yield Budget(account_key, 100, MONTH, 1)
        yield Budget(f"source:{source}", 100, HOUR)


def spend(session: Session, wanted: Sequence[Budget], now: datetime) -> None:
    """Count a try against every budget; raises Throttled where one of them is used up, and then counts nothing."""
    counts = [counted(session, each, now) for each in wanted]
    for budget, (count, since) in zip(wanted, counts, strict=True):
        values = {"failures": count + 1, "since": since, "next_at": now + budget.wait(count + 1)}
        if session.change(sa.update(ATTEMPTS).where(ATTEMPTS.c.key == budget.key).values(values)) == 0:
            session.execute(sa.insert(ATTEMPTS).values(values | {"key": budget.key}))


def counted(session: Session, budget: Budget, now: datetime) -> tuple[int, datetime]:
    """What was counted against a budget, and since when; raises Throttled where it is used up."""
    row = session.execute(sa.select(ATTEMPTS).where(ATTEMPTS.c.key == budget.key)).first()
    if row is None or row.since <= now - budget.span:
        return 0, now
    is_used_up, waits = row.failures >= budget.most, bool(budget.wait(row.failures))
    until = row.since + budget.span if is_used_up else row.next_at
    if (is_used_up or waits) and until > now:  # of two at once, the later may have been counted first
        raise Throttled(max(1, min(int((until - now).total_seconds()), 86400)))
    return int(row.failures), row.since


def give_back(session: Session, candidate: "Candidate", attempt: "Attempt") -> None:
    """A try was right. A right password forgets what failed before it; of a PIN the failures elsewhere stay counted."""
    forgotten = [key for key in candidate.keys if key.startswith("device:")]
    if not attempt.is_pin:
        forgotten.append(account(candidate.user_id, attempt.secret_of))
    session.execute(sa.delete(ATTEMPTS).where(ATTEMPTS.c.key.in_(forgotten)))
    less = {"failures": ATTEMPTS.c.failures - 1, "next_at": ATTEMPTS.c.since}
    session.execute(sa.update(ATTEMPTS).where(ATTEMPTS.c.key.in_(candidate.keys), ATTEMPTS.c.failures > 0).values(less))


def forgive(session: Session, user_id: int, of: str) -> None:
    """A new secret was set: what failed with the former one counts no more."""
    key = account(user_id, of)
    mine = sa.or_(ATTEMPTS.c.key.in_((key, f"reset:{key}")), ATTEMPTS.c.key.startswith(f"device:{key}:"))
    session.execute(sa.delete(ATTEMPTS).where(mine))


@dataclass(frozen=True)
class Attempt:
    """Somebody's try: a name of a kind, from where, from which device (its digest), for which secret."""

    trade: str
    kind: str
    folded: str
    source: str
    device: str
    is_pin: bool

    @property
    def secret_of(self) -> str:
        """Which secret is asked for: a PIN opens its own trade only."""
        return self.trade if self.is_pin else ANY_TRADE


@dataclass(frozen=True)
class Candidate:
    """Who tries to sign in, as far as the database knows; `stored` is None for nobody."""

    user_id: int
    stored: str | None
    places: tuple[Member, ...]
    keys: tuple[str, ...]
    device_is_known: bool


class ReserveAttempt(Work):
    """Count a try before the secret is looked at; gives a Candidate. Raises Throttled."""

    org_id = 0

    def __init__(self, attempt: Attempt, now: datetime) -> None:
        self.attempt, self.now = attempt, now

    def run(self, batch: Batch) -> Candidate:
        session, asked = batch.session, self.attempt
        user_id = holder(session, asked.trade, asked.kind, asked.folded)
        if user_id is None:
            digest = sha256(asked.folded.encode()).hexdigest()
            of = self._somewhere(session, digest) if asked.is_pin else ""
            wanted = budgets(
                f"nobody:{asked.trade}:{asked.kind}:{digest}", asked.source, "", asked.is_pin, of, asked.trade
            )
            keys = self._spend(session, tuple(wanted))
            return Candidate(0, None, (), keys, False)
        found = tuple(places(session, user_id, asked.trade))
        device = asked.device if known_device(session, user_id, asked.device) else ""
        of = str(found[0].org_id) if len(found) == 1 else ""
        key = account(user_id, asked.secret_of)
        keys = self._spend(session, tuple(budgets(key, asked.source, device, asked.is_pin, of, asked.trade)))
        return Candidate(user_id, secret_of(session, user_id, asked.secret_of), found, keys, bool(device))

    def _somewhere(self, session: Session, digest: str) -> str:
        """An organisation to count a name that nobody has in, always the same: so it is refused when a known one would be."""
        here = sa.select(MEMBERSHIPS.c.org_id).where(MEMBERSHIPS.c.trade == self.attempt.trade).distinct()
        known = sorted(session.execute(here).scalars())
        return str(known[int(digest, 16) % len(known)]) if known else ""

    def _spend(self, session: Session, wanted: tuple[Budget, ...]) -> tuple[str, ...]:
        spend(session, wanted, self.now)
        return tuple(each.key for each in wanted)


def known_device(session: Session, user_id: int, device: str) -> bool:
    """Whether a person signed in from a device before, and it was not the one of a thief."""
    if not device:
        return False
    mine = (SESSIONS.c.user_id == user_id, SESSIONS.c.device == device)
    honest = sa.or_(SESSIONS.c.ended_by.is_(None), SESSIONS.c.ended_by != "reuse")
    return session.execute(sa.select(SESSIONS.c.id).where(*mine, honest).limit(1)).first() is not None


class Spend(Work):
    """Count something that anybody may ask for, such as a message or a registration. Raises Throttled."""

    org_id = 0

    def __init__(self, wanted: Sequence[Budget], now: datetime) -> None:
        self.wanted, self.now = tuple(wanted), now

    def run(self, batch: Batch) -> None:
        spend(batch.session, self.wanted, self.now)
