"""One effect per key: the answer to a keyed request is stored in its unit and given again (P-07)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import sqlalchemy as sa

from tradehall.kernel.columns import Json, Utc
from tradehall.kernel.database import Book, Prepared, Session, among
from tradehall.kernel.errors import Invalid
from tradehall.kernel.records import METADATA

KEPT_FOR = timedelta(hours=24)

KEYS = sa.Table(
    "idempotency_keys",
    METADATA,
    sa.Column("org_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("scope", sa.String(400), primary_key=True),
    sa.Column("key", sa.String(255), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("headers", Json, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Index("ix_idempotency_keys_at", "org_id", "at"),
    sqlite_with_rowid=False,
    info={"by_org": True},
)
_find = Prepared(
    sa.select(KEYS.c.fingerprint, KEYS.c.status, KEYS.c.headers, KEYS.c.body, KEYS.c.at).where(
        KEYS.c.org_id == sa.bindparam("org_id"),
        KEYS.c.scope == sa.bindparam("scope"),
        KEYS.c.key == sa.bindparam("key"),
    )
)
_among = Prepared(
    sa.select(KEYS.c.scope, KEYS.c.key).where(
        KEYS.c.org_id == sa.bindparam("org_id"), among(KEYS.c.scope, "scopes"), among(KEYS.c.key, "keys")
    )
)
_insert = Prepared(sa.insert(KEYS).values({column.name: sa.bindparam(column.name) for column in KEYS.c}))
_drop = Prepared(
    sa.delete(KEYS).where(KEYS.c.org_id == sa.bindparam("org_id"), KEYS.c.at < sa.bindparam("at", type_=Utc))
)


@dataclass(frozen=True)
class Answer:
    """What is sent back: a status, a JSON body as bytes and headers."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """An Idempotency-Key in its scope: who sent it, with which method, to which concrete path."""

    scope: str
    key: str
    fingerprint: str

    @classmethod
    def of(cls, actor: str, method: str, path: str, key: str, content: bytes) -> "Key":
        """The key of a request; `content` is what must be the same when it comes again."""
        scope = f"{actor} {method} {path}"
        if len(scope) > 400:
            scope = f"{actor} {method} {sha256(path.encode()).hexdigest()}"
        return cls(scope, key, sha256(content).hexdigest())


class KeyBook(Book):
    """The keys that a transaction has answered."""

    def __init__(self, session: Session, org_id: int) -> None:
        super().__init__(session, org_id)
        self._kept: dict[tuple[str, str], dict[str, Any]] = {}
        self._staged: dict[tuple[str, str], dict[str, Any]] = {}
        self._wanted: set[tuple[str, str]] = set()
        self._absent: set[tuple[str, str]] = set()

    def want(self, key: Key) -> None:
        """A unit will ask for this key."""
        self._wanted.add((key.scope, key.key))

    def fetch(self) -> None:
        if self._wanted:
            scopes, keys = (list({each[part] for each in self._wanted}) for part in (0, 1))
            found = self.session.run(_among, {"org_id": self.org_id, "scopes": scopes, "keys": keys})
            self._absent = self._wanted - {(row[0], row[1]) for row in found}

    def find(self, key: Key, now: datetime) -> Answer | None:
        """The answer that this key got before; raises Invalid where it came with another request."""
        row = self._kept.get((key.scope, key.key))
        if row is not None:
            fingerprint, status, headers, body = row["fingerprint"], row["status"], row["headers"], row["body"]
        elif (key.scope, key.key) in self._absent:
            return None
        else:
            given = {"org_id": self.org_id, "scope": key.scope, "key": key.key}
            rows, readers = self.session.records(_find, given)
            if not rows:
                return None
            fingerprint, status, headers, body, at = (
                value if read is None else read(value) for value, read in zip(rows[0], readers, strict=True)
            )
            if at < now - KEPT_FOR:
                self.session.run(_drop, {"org_id": self.org_id, "at": now - KEPT_FOR})
                return None
        if fingerprint != key.fingerprint:
            loc = ["header", "Idempotency-Key"]
            raise Invalid([{"loc": loc, "msg": "This key was used for another request", "type": "key_reused"}])
        return Answer(status, body.encode(), headers | {"Idempotent-Replay": "true"})

    def stage(self, key: Key, answer: Answer, now: datetime) -> None:
        """Store the answer together with what it answers."""
        self._staged[key.scope, key.key] = {
            "org_id": self.org_id,
            "scope": key.scope,
            "key": key.key,
            "fingerprint": key.fingerprint,
            "status": answer.status,
            "headers": dict(answer.headers),
            "body": answer.body.decode(),
            "at": now,
        }

    def keep(self) -> None:
        self._kept |= self._staged
        self._staged.clear()

    def forget(self) -> None:
        self._staged.clear()

    def write(self) -> None:
        if self._kept:
            self.session.run_many(_insert, list(self._kept.values()))


def drop_expired(session: Session, org_id: int, now: datetime) -> None:
    """Delete the keys of an organisation that are older than a day."""
    session.run(_drop, {"org_id": org_id, "at": now - KEPT_FOR})
