"""One effect per key: the answer to a keyed request is stored in its unit and given again (P-07)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from tradehall.kernel.database import Book, Clash, Prepared, Session, among
from tradehall.kernel.errors import Invalid
from tradehall.kernel.kinds import KEY, Json, Utc
from tradehall.kernel.persons import keep_for
from tradehall.kernel.records import METADATA

if TYPE_CHECKING:
    from tradehall.kernel.context import Context

KEPT_FOR = timedelta(hours=24)

KEYS = sa.Table(
    "idempotency_keys",
    METADATA,
    # Answers are written one after the other and found by a narrow index: digests come in no order, and with the answers
    # in that order each would rewrite a page of its own.
    sa.Column("id", KEY, primary_key=True, autoincrement=True),
    sa.Column("org_id", sa.BigInteger, nullable=False),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sa.Column("headers", Json, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Index("uq_idempotency_keys_digest", "org_id", "digest", unique=True),
    info={"by_org": True},
)
_find = Prepared(
    sa.select(KEYS.c.fingerprint, KEYS.c.status, KEYS.c.headers, KEYS.c.body, KEYS.c.at).where(
        KEYS.c.org_id == sa.bindparam("org_id"), KEYS.c.digest == sa.bindparam("digest")
    )
)
_among = Prepared(
    sa.select(KEYS.c.digest).where(KEYS.c.org_id == sa.bindparam("org_id"), among(KEYS.c.digest, "digests"))
)
_GIVEN = ("org_id", "digest", "fingerprint", "status", "headers", "body", "at")
_insert = Prepared(sa.insert(KEYS).values({name: sa.bindparam(name) for name in _GIVEN}))
_drop = Prepared(
    sa.delete(KEYS).where(KEYS.c.org_id == sa.bindparam("org_id"), KEYS.c.digest == sa.bindparam("digest"))
)


@dataclass
class Answer:
    """What is sent back: a status, a JSON body as bytes and headers.

    A `page` is its title and its sentence, where a browser that came by itself is shown one.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    page: tuple[str, str] | None = None


@dataclass
class Key:
    """An Idempotency-Key in its scope: `digest` is over who sent it, the method, the concrete path and the key.

    `fingerprint` is over what has to be the same when it comes again.
    """

    digest: str
    fingerprint: str

    @classmethod
    def of(cls, actor: str, method: str, path: str, key: str, content: bytes) -> "Key":
        """The key of a request with this content."""
        scope = f"{actor}\n{method}\n{path}\n{key}"
        return cls(sha256(scope.encode()).hexdigest(), sha256(content).hexdigest())


class KeyBook(Book):
    """The keys that a transaction has answered."""

    def __init__(self, session: Session, org_id: int) -> None:
        super().__init__(session, org_id)
        self._kept: dict[str, dict[str, Any]] = {}
        self._staged: dict[str, dict[str, Any]] = {}
        self._wanted: set[str] = set()
        self._absent: set[str] = set()
        self._lapsed: set[str] = set()
        self._unseen: set[str] = set()
        """Keys that were not looked for: that they are new shows when they are written."""

    def want(self, key: Key) -> None:
        """A unit will ask for this key."""
        self._wanted.add(key.digest)

    def fetch(self) -> None:
        if self._wanted:
            found = self.session.run(_among, {"org_id": self.org_id, "digests": list(self._wanted)})
            self._absent = self._wanted - {row[0] for row in found}

    def find(self, key: Key, now: datetime, is_kept: bool = False) -> Answer | None:
        """The answer that this key got before; raises Invalid where it came with another request.

        Nearly every key is new. Where `is_kept` says that an answer is going to be kept under it if its unit succeeds, and
        the whole group can run again, it is not looked for: its unit has to call `doubt` where it fails.
        """
        row = self._kept.get(key.digest)
        if row is not None:
            fingerprint, status, headers, body = row["fingerprint"], row["status"], row["headers"], row["body"]
        elif key.digest in self._absent:
            return None
        elif is_kept and not self.session.marked:
            self._unseen.add(key.digest)
            return None
        else:
            given = {"org_id": self.org_id, "digest": key.digest}
            rows = self.session.dicts(_find, given)
            if not rows:
                return None
            fingerprint, status, headers, body, at = rows[0].values()
            if at < now - KEPT_FOR:
                self._lapsed.add(key.digest)
                return None
        if fingerprint != key.fingerprint:
            loc = ["header", "Idempotency-Key"]
            raise Invalid([{"loc": loc, "msg": "This key was used for another request", "type": "key_reused"}])
        return Answer(status, body.encode(), headers | {"Idempotent-Replay": "true"})

    def doubt(self, key: Key) -> None:
        """Look for a key after all, since its unit failed, perhaps because it was done before; raises Clash if it was."""
        if key.digest in self._unseen and self.session.run(_find, {"org_id": self.org_id, "digest": key.digest}):
            raise Clash

    def stage(self, key: Key, answer: Answer, now: datetime) -> None:
        """Store the answer together with what it answers."""
        self._staged[key.digest] = {
            "org_id": self.org_id,
            "digest": key.digest,
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
            for digest in self._lapsed:
                self.session.run(_drop, {"org_id": self.org_id, "digest": digest})
            try:
                self.session.run_many(_insert, list(self._kept.values()))
            except Exception as error:
                if self._unseen.isdisjoint(self._kept):
                    raise
                raise Clash from error  # most likely one of them is there already


def erase_answers(session: Session, org_id: int, words: Iterable[str]) -> None:
    """Delete stored answers that hold any of these values: they belong to somebody whose data is erased."""
    for word in words:
        held = KEYS.c.body.contains(orjson.dumps(word).decode(), autoescape=True)
        gone = {"status": 410, "body": '{"detail":"This answer held data that was erased since"}', "headers": {}}
        session.execute(sa.update(KEYS).where(KEYS.c.org_id == org_id, held).values(gone))


def drop_expired(ctx: "Context", before: datetime) -> int:
    """Delete the keys of an organisation that were answered before this; gives how many those were.

    They were written one after the other: nobody looks further than the first that stays.
    """
    stay = sa.select(KEYS.c.id).where(KEYS.c.org_id + 0 == ctx.org_id, KEYS.c.at >= before).order_by(KEYS.c.id).limit(1)
    first = ctx.session.execute(stay).scalar()
    older = KEYS.c.id < first if first is not None else sa.true()
    return ctx.session.change(sa.delete(KEYS).where(KEYS.c.org_id + 0 == ctx.org_id, KEYS.c.at < before, older))


keep_for("answers", "answers to keyed requests", KEPT_FOR.days, drop_expired)
