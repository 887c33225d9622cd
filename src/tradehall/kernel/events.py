"""The log: one row per happening, with what it changed; the history of every record and a chain over all."""

import os
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any

import orjson
import sqlalchemy as sa

from tradehall.kernel.database import Book, Prepared, Session
from tradehall.kernel.kinds import Utc, shown_decimal, utc_text
from tradehall.kernel.records import METADATA

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("org_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", Utc, nullable=False),
    sa.Column("trade", sa.String(40), nullable=False),
    sa.Column("verb", sa.String(120), nullable=False),
    sa.Column("actor", sa.String(60), nullable=False),
    sa.Column("cause", sa.BigInteger),
    sa.Column("origin", sa.Text),
    sa.Column("salt", sa.String(32)),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("chain", sa.String(64), nullable=False),
    sqlite_with_rowid=False,
    info={"by_org": True},
)
CHANGES = sa.Table(
    "event_changes",
    METADATA,
    sa.Column("org_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("event_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("entity", sa.String(63), nullable=False),
    sa.Column("record_id", sa.BigInteger, nullable=False),
    sa.Column("operation", sa.String(6), nullable=False),
    sa.Column("body", sa.Text),
    sa.Column("salt", sa.String(32)),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("personal", sa.Text),
    sa.Column("personal_salt", sa.String(32)),
    sa.Column("personal_digest", sa.String(64)),
    sa.Index("ix_event_changes_record", "org_id", "entity", "record_id", "event_id"),
    sqlite_with_rowid=False,
    info={"by_org": True},
)
_head = Prepared(
    sa.select(EVENTS.c.id, EVENTS.c.chain)
    .where(EVENTS.c.org_id == sa.bindparam("org_id"))
    .order_by(EVENTS.c.id.desc())
    .limit(1)
)
_add_event = Prepared(sa.insert(EVENTS).values({column.name: sa.bindparam(column.name) for column in EVENTS.c}))
_add_change = Prepared(sa.insert(CHANGES).values({column.name: sa.bindparam(column.name) for column in CHANGES.c}))
_history = Prepared(
    sa.select(
        *(EVENTS.c.id, EVENTS.c.at, EVENTS.c.verb, EVENTS.c.actor, EVENTS.c.cause),
        *(CHANGES.c.operation, CHANGES.c.body, CHANGES.c.personal),
    )
    .select_from(CHANGES.join(EVENTS, sa.and_(EVENTS.c.org_id == CHANGES.c.org_id, EVENTS.c.id == CHANGES.c.event_id)))
    .where(
        CHANGES.c.org_id == sa.bindparam("org_id"),
        CHANGES.c.entity == sa.bindparam("entity"),
        CHANGES.c.record_id == sa.bindparam("record_id"),
        CHANGES.c.event_id < sa.bindparam("before"),
    )
    .order_by(CHANGES.c.event_id.desc())
    .limit(sa.bindparam("most"))
)
START = "0" * 64
VIA = "via"
"""Which way something came in, within an origin: `api`, `ui`, `cli` or `job`."""
BY_COMMAND = {VIA: "cli"}
BY_ITSELF = {VIA: "job"}
ERASED = {"erased": [False, True]}
"""What an event says of a record whose personal values it erased: without it, values that are gone were taken."""
_SAID = ('"erased":[false,true]', '"erased":true')


def by_job(job_id: int) -> dict[str, str]:
    """The origin of what a job does."""
    return BY_ITSELF | {"job": str(job_id)}


@dataclass
class Change:
    """What one event did to one record: `{field: value}` of an added or deleted row, `{field: [before, after]}` else."""

    entity: str
    record_id: int
    operation: str
    body: dict[str, Any]
    version: int = 0


@dataclass
class Event:
    """One verb that was carried out; `origin` says from where (P-20): which way, address, program, request."""

    trade: str
    verb: str
    actor: str
    at: datetime
    origin: Mapping[str, str]
    cause: "Event | None" = None
    changes: dict[tuple[str, int], Change] = field(default_factory=dict)
    id: int = 0

    def note(self, entity: str, record_id: int, operation: str, body: dict[str, Any], version: int = 0) -> None:
        """Add a change; several changes of one record in one event are one."""
        known = self.changes.get((entity, record_id))
        if known is None:
            known = self.changes[entity, record_id] = Change(entity, record_id, operation, body)
        elif known.operation == "add":
            known.body |= {name: pair[1] for name, pair in body.items()} if operation == "edit" else {}
        else:
            for name, pair in body.items():
                former = known.body.get(name)
                known.body[name] = [former[0], pair[1]] if former and operation == "edit" else pair
            known.operation = operation
        known.version = version


def link(former: str, event_row: dict[str, Any], digests: list[str]) -> str:
    """The chain's value at an event: over the one before, what is not personal, and the digests of the rest."""
    cause = event_row["cause"]
    parts = [
        former,
        str(event_row["org_id"]),
        str(event_row["id"]),
        utc_text(event_row["at"]),
        event_row["trade"],
        event_row["verb"],
        event_row["actor"],
        "" if cause is None else str(cause),
        event_row["digest"],
        *digests,
    ]
    return sha256("\n".join(parts).encode()).hexdigest()


def digests(changes: list[dict[str, Any]]) -> list[str]:
    """The digests of an event's changes, in their order: of the business, then of the person."""
    return [part for change in changes for part in (change["digest"], change["personal_digest"]) if part is not None]


@cache
def personal_fields(entity: str) -> frozenset[str]:
    """The fields of a record that are erased when their person asks for it."""
    table = METADATA.tables[entity]
    record, plain = table.info.get("record"), table.info.get("personal", set())
    fields = record.fields.items() if record is not None else ()
    return frozenset(plain) | {name for name, declared in fields if declared.personal}


def change_digest(entity: str, record_id: int, operation: str, body: str, salt: str) -> str:
    """The salted digest of what a change says of the business."""
    return sha256(f"{salt}\n{entity}\n{record_id}\n{operation}\n{body}".encode()).hexdigest()


def _salts(most: int) -> Iterator[str]:
    """So many salts of 128 bits, from one question to the system."""
    words = os.urandom(16 * most).hex()
    return (words[start : start + 32] for start in range(0, len(words), 32))


def _dumps(value: Any) -> str:
    return orjson.dumps(value, default=shown_decimal).decode()


class EventBook(Book):
    """The events of a transaction, numbered and chained when it is written."""

    def __init__(self, session: Session, org_id: int) -> None:
        super().__init__(session, org_id)
        self._kept: list[Event] = []
        self._erased: list[tuple[str, int, Set[str]]] = []
        self.staged: list[Event] = []

    @property
    def kept(self) -> Sequence[Event]:
        """The events of the units that succeeded; they have their ids once the book is written."""
        return self._kept

    def erase(self, entity: str, record_id: int, fields: Set[str]) -> None:
        """Leave these fields of a record out of what this transaction has not written yet."""
        self._erased.append((entity, record_id, fields))

    def keep(self) -> None:
        self._kept += self.staged
        for entity, record_id, fields in self._erased:
            for event in self._kept:
                if (change := event.changes.get((entity, record_id))) is not None:
                    change.body = {name: value for name, value in change.body.items() if name not in fields}
        self.forget()

    def forget(self) -> None:
        self.staged, self._erased = [], []

    def write(self) -> None:
        if not self._kept:
            return
        head = self.session.run(_head, {"org_id": self.org_id})
        last, chain = (head[0][0], head[0][1]) if head else (0, START)
        event_rows: list[dict[str, Any]] = []
        change_rows: list[dict[str, Any]] = []
        salts = _salts(sum(1 + 2 * len(event.changes) for event in self._kept))
        for event in self._kept:
            last += 1
            event.id = last
            changes = [self._change_row(event, n, change, salts) for n, change in enumerate(event.changes.values())]
            row = self._event_row(event, next(salts))
            chain = row["chain"] = link(chain, row, digests(changes))
            event_rows.append(row)
            change_rows += changes
        self.session.run_many(_add_event, event_rows)
        self.session.run_many(_add_change, change_rows)

    def committed(self) -> None:
        self.session.news = self.session.news or bool(self._kept)

    def _event_row(self, event: Event, salt: str) -> dict[str, Any]:
        origin = _dumps(dict(event.origin or BY_COMMAND))
        return {
            "org_id": self.org_id,
            "id": event.id,
            "at": event.at,
            "trade": event.trade,
            "verb": event.verb,
            "actor": event.actor,
            "cause": event.cause.id if event.cause else None,
            "origin": origin,
            "salt": salt,
            "digest": sha256(f"{salt}\n{origin}".encode()).hexdigest(),
        }

    def _change_row(self, event: Event, position: int, change: Change, salts: Iterator[str]) -> dict[str, Any]:
        business, found = change.body, None
        if not (hidden := personal_fields(change.entity)).isdisjoint(business):
            found = {name: value for name, value in business.items() if name in hidden and value not in (None, "")}
            business = {name: value for name, value in business.items() if name not in hidden}
        body, salt = _dumps(business), next(salts)
        personal, personal_salt = (_dumps(found), next(salts)) if found else (None, None)
        return {
            "personal": personal,
            "personal_salt": personal_salt,
            "personal_digest": sha256(f"{personal_salt}\n{personal}".encode()).hexdigest() if found else None,
            "org_id": self.org_id,
            "event_id": event.id,
            "position": position,
            "entity": change.entity,
            "record_id": change.record_id,
            "operation": change.operation,
            "body": body,
            "salt": salt,
            "digest": change_digest(change.entity, change.record_id, change.operation, body, salt),
        }


def history(session: Session, org_id: int, entity: str, record_id: int, before: int, most: int) -> list[dict[str, Any]]:
    """What happened to a record, newest first: `{id, at, verb, actor, cause, operation, changes}`."""
    given = {"org_id": org_id, "entity": entity, "record_id": record_id, "before": before, "most": most}
    rows = session.run(_history, given)
    return [
        {
            "id": row[0],
            "at": row[1] if isinstance(row[1], str) else utc_text(row[1]),
            "verb": row[2],
            "actor": row[3],
            "cause": row[4],
            "operation": row[5],
            "changes": orjson.loads(row[6] or "{}") | orjson.loads(row[7] or "{}"),
        }
        for row in rows
    ]


def erase_history(session: Session, org_id: int, entity: str, record_id: int) -> None:
    """Delete the personal values that the log holds of a record; their digests stay, and with them the chain."""
    mine = (CHANGES.c.org_id == org_id, CHANGES.c.entity == entity, CHANGES.c.record_id == record_id)
    session.execute(sa.update(CHANGES).where(*mine).values(personal=None, personal_salt=None))


def head(session: Session, org_id: int) -> int:
    """The last event of an organisation; 0 where nothing has happened yet."""
    return session.execute(sa.select(sa.func.max(EVENTS.c.id)).where(EVENTS.c.org_id == org_id)).scalar() or 0


class Walk:
    """An organisation's log, looked at from its first event on, or from where another walk `left` it, a page at a time."""

    def __init__(self, org_id: int, left: Mapping[str, Any] | None = None) -> None:
        left = left or {"last": 0, "former": START, "gone": []}
        self.org_id, self.last, self.former = org_id, left["last"], left["former"]
        self._gone: dict[tuple[str, int], int] = {(entity, row_id): event for entity, row_id, event in left["gone"]}

    @property
    def left(self) -> dict[str, Any]:
        """Where it is, as JSON: the last event, the chain's value there, and whose values are gone and not yet erased."""
        gone = [[*record, event_id] for record, event_id in self._gone.items()]
        return {"last": self.last, "former": self.former, "gone": gone}

    def page(self, session: Session, most: int = 2000) -> list[str] | None:
        """What is wrong with the next events, a sentence each; None after the last."""
        later = (EVENTS.c.org_id == self.org_id, EVENTS.c.id > self.last)
        events = session.execute(sa.select(EVENTS).where(*later).order_by(EVENTS.c.id).limit(most)).all()
        if not events:
            return None
        within = (CHANGES.c.org_id == self.org_id, CHANGES.c.event_id.between(events[0].id, events[-1].id))
        query = sa.select(CHANGES).where(*within).order_by(CHANGES.c.event_id, CHANGES.c.position)
        changes: dict[int, list[Any]] = {}
        for change in session.execute(query):
            changes.setdefault(change.event_id, []).append(change)
        return [sentence for event in events for sentence in self._step(event, changes.get(event.id, []))]

    def _step(self, event: Any, changes: list[Any]) -> Iterator[str]:
        if event.id != self.last + 1:
            yield f"event {self.last + 1} is missing"
        yield from _wrong(self.former, event, changes)
        _erasures(self._gone, changes)
        self.former, self.last = event.chain, event.id

    def rest(self, session: Session) -> Iterator[str]:
        """What is wrong with the whole, once every page was looked at."""
        for (entity, record_id), event_id in self._gone.items():
            yield f"event {event_id}: what it says of {entity} {record_id} is gone, and nobody erased it"
        yield from _strays(session, self.org_id)


def verify(session: Session, org_id: int) -> Iterator[str]:
    """What is wrong with an organisation's log, a sentence each; nothing where the chain holds."""
    walk = Walk(org_id)
    while (wrong := walk.page(session)) is not None:
        yield from wrong
    yield from walk.rest(session)


def _wrong(former: str, event: Any, changes: list[Any]) -> Iterator[str]:
    if event.salt is None or _altered(event.origin, event.salt, event.digest):
        yield f"the origin of event {event.id} was altered"
    for position, change in enumerate(changes):
        digest = change_digest(change.entity, change.record_id, change.operation, change.body, change.salt)
        altered = digest != change.digest or _altered(change.personal, change.personal_salt, change.personal_digest)
        if altered or change.position != position:
            yield f"event {event.id}: what it says of {change.entity} {change.record_id} was altered"
    if link(former, event._asdict(), digests([change._asdict() for change in changes])) != event.chain:
        yield f"the chain is broken at event {event.id}"


def _altered(words: str | None, salt: str | None, digest: str | None) -> bool:
    # What was erased has neither salt nor words; words without a salt were put there by somebody.
    if salt is None:
        return words is not None
    return sha256(f"{salt}\n{words}".encode()).hexdigest() != digest


def _erasures(gone: dict[tuple[str, int], int], changes: list[Any]) -> None:
    """Note the records whose personal values are gone, until an event says that they were erased."""
    for change in changes:
        record = (change.entity, change.record_id)
        if change.personal is None and change.personal_digest is not None:
            gone.setdefault(record, change.event_id)
        if record in gone and any(words in (change.body or "") for words in _SAID):
            del gone[record]


def _strays(session: Session, org_id: int) -> Iterator[str]:
    of_one = (EVENTS.c.org_id == CHANGES.c.org_id, EVENTS.c.id == CHANGES.c.event_id)
    known = sa.exists().where(*of_one)
    query = sa.select(CHANGES.c.event_id).distinct().where(CHANGES.c.org_id == org_id, ~known)
    for event_id in session.execute(query).scalars():
        yield f"event {event_id} is missing, of which there are changes"
