"""The feed: an organisation's log as each person may see it, in its order, to be resumed from any event."""

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import sqlalchemy as sa
from pydantic import BaseModel, Field
from sqlalchemy.engine import Connection

from tradehall.kernel.contracts import Contract, Listing, Report, dumps
from tradehall.kernel.database import Batch, Prepared, Session, Work
from tradehall.kernel.errors import field_error
from tradehall.kernel.events import CHANGES, EVENTS, Change
from tradehall.kernel.kinds import KEY, utc_text
from tradehall.kernel.people.tables import REVISIONS
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import METADATA, Record, per_record, record_of
from tradehall.kernel.verbs import MEMBER, Actor, Grant, is_own

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade

EPOCH = "epoch"
MOST_CHANGES = 200
"""So many changes of one event are told; of more it is said that there are more."""
CURSOR = re.compile(r"(?:([0-9a-z]{1,20})-)?([0-9]{1,18})", re.ASCII)
RowId = tuple[str, int]
"""The table and the id of a row."""

_page = Prepared(
    sa.select(EVENTS.c.id, EVENTS.c.at, EVENTS.c.trade, EVENTS.c.verb, EVENTS.c.actor, EVENTS.c.cause)
    .where(EVENTS.c.org_id == sa.bindparam("org_id"), EVENTS.c.id > sa.bindparam("after"))
    .order_by(EVENTS.c.id)
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)
_changes = Prepared(
    sa.select(
        *(CHANGES.c.event_id, CHANGES.c.entity, CHANGES.c.record_id, CHANGES.c.operation),
        *(CHANGES.c.body, CHANGES.c.personal),
    )
    .where(
        CHANGES.c.org_id == sa.bindparam("org_id"),
        CHANGES.c.event_id > sa.bindparam("after"),
        CHANGES.c.event_id <= sa.bindparam("last"),
    )
    .order_by(CHANGES.c.event_id, CHANGES.c.position)
)
_head = Prepared(sa.select(sa.func.max(EVENTS.c.id)).where(EVENTS.c.org_id == sa.bindparam("org_id")))
_epoch = Prepared(sa.select(REVISIONS.c.value).where(REVISIONS.c.name == EPOCH))


@dataclass(eq=False)
class Happening:
    """One event of the log with everything that it changed; `owners` holds whose each changed row is."""

    id: int
    at: str
    trade: str
    verb: str
    actor: str
    cause: int | None
    changes: list[Change] = field(default_factory=list)
    owners: dict[RowId, int] = field(default_factory=dict)
    told: dict[Any, Any] = field(default_factory=dict, repr=False)
    """What was made of it once for all who may see the same."""


def head(session: Session, org_id: int) -> int:
    """The id of an organisation's last event; 0 where nothing has happened."""
    return session.run(_head, {"org_id": org_id})[0][0] or 0


def epoch(session: Session) -> str:
    """What tells this log from another one with the same ids: after a backup was restored it is new."""
    rows = session.run(_epoch, {})
    return f"{rows[0][0]:x}" if rows else "0"


def begin_epoch(connection: Connection) -> None:
    """Choose the epoch of a new database."""
    if connection.scalar(sa.select(REVISIONS.c.value).where(REVISIONS.c.name == EPOCH)) is None:
        connection.execute(sa.insert(REVISIONS).values(name=EPOCH, value=secrets.randbits(48)))


class RenewEpoch(Work):
    """Choose a new epoch: the log was restored, and whoever followed it has to look afresh."""

    org_id = 0

    def run(self, batch: Batch) -> None:
        here = REVISIONS.c.name == EPOCH
        batch.session.execute(sa.update(REVISIONS).where(here).values(value=secrets.randbits(48)))


def happenings(session: Session, org_id: int, after: int, most: int) -> list[Happening]:
    """The events after one, oldest first."""
    rows = session.run(_page, {"org_id": org_id, "after": after, "most": most})
    found = {
        row[0]: Happening(row[0], row[1] if isinstance(row[1], str) else utc_text(row[1]), *row[2:]) for row in rows
    }
    if found:
        given = {"org_id": org_id, "after": after, "last": rows[-1][0]}
        for event_id, entity, record_id, operation, body, personal in session.run(_changes, given):
            values = orjson.loads(body or "{}") | orjson.loads(personal or "{}")
            found[event_id].changes.append(Change(entity, record_id, operation, values))
        _own(session, org_id, found.values())
    return list(found.values())


def _own(session: Session, org_id: int, page: Iterable[Happening]) -> None:
    """Note whose the changed rows are: read once, for however many who see only their own."""
    owned: dict[str, set[int]] = {}
    for happening in page:
        for change in happening.changes:
            if (record := _record(change.entity)) is not None and record.owner:
                if change.operation == "delete":
                    happening.owners[change.entity, change.record_id] = change.body.get(record.owner) or 0
                else:
                    owned.setdefault(change.entity, set()).add(change.record_id)
    for entity, ids in owned.items():
        record = record_of(entity)
        rows = session.execute(_owners(record), {"org_id": org_id, "ids": list(ids)})
        owner_of: dict[int, int | None] = {row.id: row.owner for row in rows}
        for happening in page:
            for change in happening.changes:
                if change.entity == entity and change.operation != "delete":
                    happening.owners[entity, change.record_id] = owner_of.get(change.record_id) or 0


def _record(entity: str) -> type[Record] | None:
    found: type[Record] | None = METADATA.tables[entity].info.get("record") if entity in METADATA.tables else None
    return found


@per_record
def _owners(record: type[Record]) -> sa.Select[Any]:
    table = record.table
    return sa.select(table.c.id, table.c[record.owner].label("owner")).where(
        table.c.org_id == sa.bindparam("org_id"), table.c.id.in_(sa.bindparam("ids", expanding=True, type_=KEY))
    )


@dataclass(frozen=True)
class Sight:
    """What somebody sees of one record: the resource that offers it to them, its fields, and which rows."""

    resource: str
    names: frozenset[str]
    grant: Grant


Sights = Mapping[str, Sight]


def sights(trade: "Trade", actor: Actor) -> Sights:
    """What an actor sees of each table: what the resources offer to them, and nothing else (P-16)."""
    return _sights(trade, actor.role, actor.scopes)


@lru_cache(1000)
def _sights(trade: "Trade", role: str, scopes: frozenset[str] | None) -> Sights:
    actor, found = Actor(0, trade.name, role, scopes=scopes), dict[str, Sight]()
    for resource in trade.resources:
        listed = Contract("GET", "", Listing(resource))
        if actor.may(resource.by) and (scopes is None or not scopes.isdisjoint(listed.scopes)):
            grant, known = listed.grant(actor), found.get(resource.record.table.name)
            if known is None or known.grant.scope is not None:
                names = frozenset(resource.shape.view(actor).names)
                found[resource.record.table.name] = Sight(resource.record.plural, names, grant)
    return found


def limited(seen: Sights, happening: Happening) -> bool:
    """Whether it depends on the person, not only on the role, what is seen of an event."""
    return any(
        (sight := seen.get(change.entity)) is not None and sight.grant.scope is not None for change in happening.changes
    )


def asked_rows(seen: Sights, page: Iterable[Happening]) -> dict[str, set[int]]:
    """The changed rows of which only the database can say whether they are within a scope."""
    found: dict[str, set[int]] = {}
    for happening in page:
        for change in happening.changes:
            sight = seen.get(change.entity)
            if sight is not None and sight.grant.scope is not None and not is_own(sight.grant):
                found.setdefault(change.entity, set()).add(change.record_id)
    return found


def within(session: Session, actor: Actor, asked: Mapping[str, Set[int]], seen: Sights) -> set[RowId]:
    """Which of these rows an actor may see now."""
    found: set[RowId] = set()
    for entity, ids in asked.items():
        statement = _reached(record_of(entity), seen[entity].grant)
        given = {"org_id": actor.org_id, "me": actor.user_id, "ids": list(ids)}
        found |= {(entity, row[0]) for row in session.execute(statement, given)}
    return found


@per_record
def _reached(record: type[Record], grant: Grant) -> sa.Select[Any]:
    table = record.table
    here = (table.c.org_id == sa.bindparam("org_id"), table.c.id.in_(sa.bindparam("ids", expanding=True, type_=KEY)))
    scope = () if grant.scope is None else (grant.scope(record),)
    return sa.select(table.c.id).where(*here, *scope)


def shown(happening: Happening, trade: str, actor: Actor, seen: Sights, reached: Set[RowId]) -> dict[str, Any] | None:
    """An event as an actor may see it: `{actor, cause, changes}`; None where nothing of it is theirs to see."""
    if happening.trade != trade:
        return None
    changes = list(_shown(happening, actor, seen, reached))
    if not changes:
        return None
    found: dict[str, Any] = {"actor": happening.actor, "cause": happening.cause, "changes": changes[:MOST_CHANGES]}
    return found | {"more_changes": len(changes) - MOST_CHANGES} if len(changes) > MOST_CHANGES else found


def _shown(happening: Happening, actor: Actor, seen: Sights, reached: Set[RowId]) -> Iterator[dict[str, Any]]:
    for change in happening.changes:
        row, sight = (change.entity, change.record_id), seen.get(change.entity)
        if sight is None:
            continue
        if is_own(sight.grant):
            if not actor.user_id or happening.owners.get(row) != actor.user_id:
                continue
        elif sight.grant.scope is not None and row not in reached:
            continue
        values = {name: value for name, value in change.body.items() if name in sight.names}
        if values or change.operation != "edit":
            yield {"resource": sight.resource, "id": change.record_id, "operation": change.operation, "values": values}


def envelope(event: str, number: int, age: str, at: str, data: Any, more: Mapping[str, Any] | None = None) -> bytes:
    """What goes over a wire: `{event, id, epoch, timestamp, data}`."""
    told = {"event": event, "id": number, "epoch": age, "timestamp": at, "data": data}
    return dumps(told | dict(more) if more else told)


def position(cursor: str) -> tuple[str | None, int]:
    """The epoch and the id that a cursor names: `epoch-id`, or an id alone; raises ValueError."""
    if (found := CURSOR.fullmatch(cursor)) is None:
        raise ValueError("a cursor is an epoch and an id, as in 9f3c21ab-1042")
    return found[1], int(found[2])


class Since(BaseModel):
    """From where on, and how many events are looked at."""

    after: Annotated[str, Field(max_length=40)] = ""
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


def events(reader: Reader, since: Since) -> dict[str, Any]:
    """What has happened after a cursor, as far as you may see it; without one, the cursor of now (P-38)."""
    session, age, last = reader.session, epoch(reader.session), head(reader.session, reader.org_id)
    answer = {"epoch": age, "cursor": f"{age}-{last}", "events": [], "more": False, "resync": False}
    if not since.after:
        return answer
    try:
        of, after = position(since.after)
    except ValueError as error:
        raise field_error(["query", "after"], f"Input should be a cursor: {error}") from error
    if of not in (None, age) or after > last:
        return answer | {"resync": True}
    page = happenings(session, reader.org_id, after, since.limit)
    end = page[-1].id if page else last
    return answer | {"cursor": f"{age}-{end}", "events": _told(reader, page, age), "more": len(page) == since.limit}


def _told(reader: Reader, page: Sequence[Happening], age: str) -> list[Any]:
    actor, seen = reader.actor, sights(reader.trade, reader.actor)
    reached = within(reader.session, actor, asked_rows(seen, page), seen)
    return [
        orjson.Fragment(envelope(each.verb, each.id, age, each.at, data))
        for each in page
        if (data := shown(each, reader.trade.name, actor, seen, reached)) is not None
    ]


FEED = Report("events", MEMBER, events, Since, "What has happened, as far as you may see it.", quick=False)
SCOPES = Contract("GET", "", FEED).scopes
"""What a key needs to follow the feed; it sees of it what it may read besides."""


def paths(trade: "Trade") -> Iterator[Contract]:
    """The path of the feed."""
    yield Contract("GET", f"{trade.prefix}/events", FEED)
