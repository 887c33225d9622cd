"""Tickets: what a browser's EventSource shows instead of a token, since it can send no header. Good once, for 30 seconds."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

import orjson
import sqlalchemy as sa
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from tradehall.kernel.database import Batch, Work
from tradehall.kernel.errors import Unauthenticated
from tradehall.kernel.kinds import Utc
from tradehall.kernel.records import METADATA

LASTS = timedelta(seconds=30)
LONGEST = 8192
SPENT = sa.Table(
    "spent_tickets",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("expires_at", Utc, nullable=False),
)
_SEALED = {"alg": "dir", "enc": "A256GCM"}


class Spend(Work):
    """Use a ticket up; gives whether it was still good."""

    org_id = 0

    def __init__(self, ticket_id: str, expires_at: datetime, now: datetime) -> None:
        self.id, self.expires_at, self.now = ticket_id, expires_at, now

    def run(self, batch: Batch) -> bool:
        session = batch.session
        session.execute(sa.delete(SPENT).where(SPENT.c.expires_at < self.now))
        if session.execute(sa.select(SPENT.c.id).where(SPENT.c.id == self.id)).first() is not None:
            return False
        session.execute(sa.insert(SPENT).values(id=self.id, expires_at=self.expires_at))
        return True


class Tickets:
    """Seals what somebody showed at their request into a ticket, which shows it again."""

    def __init__(self, secret: str) -> None:
        self._key = OctKey.import_key(sha256(f"tickets\n{secret}".encode()).digest())

    def issue(self, trade: str, shown: Mapping[str, str], now: datetime) -> str:
        """A ticket for one trade."""
        held = {"trade": trade, "shown": dict(shown), "id": secrets.token_hex(16), "until": (now + LASTS).timestamp()}
        return jwe.encrypt_compact(_SEALED, orjson.dumps(held), self._key)

    def spend(self, trade: str, ticket: str, now: datetime) -> tuple[Mapping[str, str], Spend]:
        """What was shown for a ticket, and the unit that uses it up; raises Unauthenticated."""
        try:
            if len(ticket) > LONGEST:
                raise ValueError("too long")
            plain = jwe.decrypt_compact(ticket, self._key, algorithms=list(_SEALED.values())).plaintext
            held = orjson.loads(plain or b"")
        except (JoseError, ValueError, TypeError) as error:
            raise Unauthenticated("This ticket is not valid") from error
        if held["trade"] != trade or held["until"] <= now.timestamp():
            raise Unauthenticated("This ticket has expired")
        return held["shown"], Spend(held["id"], datetime.fromtimestamp(held["until"], now.tzinfo) + LASTS, now)
