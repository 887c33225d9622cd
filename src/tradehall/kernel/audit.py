"""The audit: an organisation's log as its managers may read it, and the anchors by which a cut or forged log is found."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field

from tradehall.kernel import events
from tradehall.kernel.columns import LARGEST_ID, Day, Moment
from tradehall.kernel.contracts import Contract, Report
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Denied, field_error
from tradehall.kernel.events import CHANGES, EVENTS, START
from tradehall.kernel.keys import ApiKey
from tradehall.kernel.kinds import KEY, utc_text
from tradehall.kernel.people.tables import SIGN_IN_NAMES
from tradehall.kernel.preferences import ZONE
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import METADATA, Record
from tradehall.kernel.verbs import Grant

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade

Anchor = Mapping[str, Any]
"""The head of a log: `{organisation, event, chain, at}`. Whoever keeps it elsewhere can tell a cut tail."""
ROOM = "audit"
MOST_WRONG = 100
"""So many sentences tell enough of a log that was altered."""
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2970, 1, 1)
Within = Annotated[Day, Field(ge=FIRST_DAY, lt=LAST_DAY)]


class Asked(BaseModel):
    """Which events: of a record or one row of it, by an actor such as `user:7`, from a moment or day to another.

    `after` is the `next` of the page before.
    """

    model_config = ConfigDict(populate_by_name=True)

    entity: Annotated[str, Field(max_length=63)] | None = None
    entity_id: Annotated[int, Field(gt=0, le=LARGEST_ID)] | None = None
    actor: Annotated[str, Field(max_length=60)] | None = None
    first: Moment | Within | None = Field(None, alias="from")
    end: Moment | Within | None = Field(None, alias="to")
    after: Annotated[int, Field(gt=0, le=LARGEST_ID)] | None = None
    limit: Annotated[int, Field(ge=1, le=500)] = 100


def paths(trade: "Trade") -> Iterator[Contract]:
    """The paths of a trade's audit."""
    path = f"{trade.prefix}/audit"
    read = Report(ROOM, trade.widest, audit, Asked, "Who did what, when and from where; newest first.", quick=False)
    head = Report("anchor", trade.widest, here, None, "The head of the log, to be kept elsewhere.", True, ROOM)
    yield Contract("GET", path, read)
    yield Contract("GET", f"{path}/anchor", head)
    says = "Whether the log is as it was written, by its chain: what is wrong with it, if anything is, and its head."
    yield Contract("GET", f"{path}/check", Report("check", trade.owner, check, None, says, quick=False, room=ROOM))


def audit(ctx: Reader, asked: Asked) -> dict[str, Any]:
    """A page of the log, newest first: `{events, next}`; `next` is null on the last page.

    What happened to rows and fields that the actor may not see is left out, so that a page may be short.
    """
    rows = ctx.session.execute(_page(ctx, asked)).all()
    changes = _visible(ctx, [row.id for row in rows])
    sees_all = ctx.actor.is_a(ctx.trade.owner)
    names = _names(ctx, {row.actor for row in rows})
    shown = [
        {
            "id": row.id, "at": utc_text(row.at), "verb": row.verb, "actor": row.actor, "name": names.get(row.actor),
            "cause": row.cause, "origin": orjson.loads(row.origin or "{}"), "changes": changes.get(row.id, []),
        }
        for row in rows if sees_all or row.id in changes
    ]  # fmt: skip
    return {"events": shown, "next": rows[-1].id if len(rows) == asked.limit else None}


def story(ctx: Reader, rows: Mapping[str, Collection[int]], after: int, limit: int) -> dict[str, Any]:
    """A page of what happened to some rows, oldest first: `{events, next}`; `rows` are ids by the name of their table.

    Of each event only what it did to these rows, and what the actor may see of that; `next` is the `after` of the next page.
    """
    later = (CHANGES.c.org_id == ctx.org_id, CHANGES.c.event_id > after)
    parts = [
        sa.select(CHANGES.c.event_id).where(*later, CHANGES.c.entity == entity, CHANGES.c.record_id.in_(ids))
        for entity, ids in rows.items()
    ]
    touched = set(ctx.session.execute(sa.union_all(*parts)).scalars()) if parts else set()
    page = sorted(touched)[:limit]
    here = (EVENTS.c.org_id == ctx.org_id, EVENTS.c.id.in_(page))
    found = ctx.session.execute(sa.select(EVENTS).where(*here).order_by(EVENTS.c.id)).all()
    changes = _visible(ctx, page, rows)
    names = _names(ctx, {row.actor for row in found})
    shown = [
        {
            "id": row.id, "at": utc_text(row.at), "verb": row.verb, "actor": row.actor, "name": names.get(row.actor),
            "changes": changes[row.id],
        }
        for row in found if row.id in changes
    ]  # fmt: skip
    return {"events": shown, "next": page[-1] if len(touched) > limit else None}


def _page(ctx: Reader, asked: Asked) -> sa.Select[Any]:
    found = sa.select(EVENTS).where(EVENTS.c.org_id == ctx.org_id, EVENTS.c.trade == ctx.trade.name)
    if asked.after is not None:
        found = found.where(EVENTS.c.id < asked.after)
    if asked.actor is not None:
        found = found.where(EVENTS.c.actor == asked.actor)
    if asked.first is not None:
        found = found.where(EVENTS.c.at >= _moment(ctx, "from", asked.first))
    if asked.end is not None:
        found = found.where(EVENTS.c.at < _moment(ctx, "to", asked.end))
    if asked.entity is not None or asked.entity_id is not None:
        touched = sa.select(CHANGES.c.event_id).where(CHANGES.c.org_id == ctx.org_id)
        if asked.entity is not None:
            plural = (f"{trade}_{asked.entity}" for trade in (ctx.trade.name, "kernel"))
            touched = touched.where(CHANGES.c.entity.in_([asked.entity, *plural]))
        if asked.entity_id is not None:
            touched = touched.where(CHANGES.c.record_id == asked.entity_id)
        found = found.where(EVENTS.c.id.in_(touched))
    return found.order_by(EVENTS.c.id.desc()).limit(asked.limit)


def _moment(ctx: Reader, name: str, given: datetime | date) -> datetime:
    if not isinstance(given, datetime):
        return datetime.combine(given, time.min, ZoneInfo(ctx.preferences[ZONE.name])).astimezone(UTC)
    if not FIRST_DAY <= given.date() < LAST_DAY:
        raise field_error(["query", name], f"Input should be from {FIRST_DAY} on and before {LAST_DAY}")
    return given.astimezone(UTC)


# What an actor may see of it: no more than elsewhere.


def _visible(
    ctx: Reader, ids: list[int], only: Mapping[str, Collection[int]] | None = None
) -> dict[int, list[dict[str, Any]]]:
    here = (CHANGES.c.org_id == ctx.org_id, CHANGES.c.event_id.in_(ids))
    rows = ctx.session.execute(sa.select(CHANGES).where(*here).order_by(CHANGES.c.event_id, CHANGES.c.position)).all()
    if only is not None:
        rows = [row for row in rows if row.record_id in only.get(row.entity, ())]
    reached = {entity: _reached(ctx, entity, [r.record_id for r in rows if r.entity == entity])
               for entity in {row.entity for row in rows}}  # fmt: skip
    found: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        if (known := reached[row.entity]) is None or row.record_id in known:
            values = orjson.loads(row.body or "{}") | orjson.loads(row.personal or "{}")
            change = {"entity": row.entity, "id": row.record_id, "operation": row.operation}
            change["values"] = ctx.trade.visible(row.entity, values, ctx.actor)
            found.setdefault(row.event_id, []).append(change)
    return found


def _reached(ctx: Reader, entity: str, ids: list[int]) -> set[int] | None:
    """Which of these rows the actor may read; None for all."""
    table = METADATA.tables.get(entity)
    record: type[Record] | None = None if table is None else table.info.get("record")
    offered = [each for each in ctx.trade.resources if each.record is record]
    if not offered:
        return None if ctx.actor.is_a(ctx.trade.owner) else set()
    grants = [grant for each in offered if (grant := _grant(ctx, each.by)) is not None]
    if any(grant.scope is None for grant in grants):
        return None
    assert table is not None and record is not None  # noqa: S101, PT018 - for the type checker: a resource has both
    reached: set[int] = set()
    for grant in grants:
        scope = grant.scope(record) if grant.scope is not None else sa.true()
        mine = (table.c.org_id == ctx.org_id, table.c.id.in_(sa.bindparam("ids", expanding=True, type_=KEY)), scope)
        given = {"ids": ids, "me": ctx.actor.user_id}
        reached |= set(ctx.session.execute(sa.select(table.c.id).where(*mine), given).scalars())
    return reached


def _grant(ctx: Reader, by: Any) -> Grant | None:
    try:
        return ctx.actor.grant(by, ctx.actor.scopes or frozenset())
    except Denied:
        return None


def _names(ctx: Reader, actors: Iterable[str]) -> dict[str, str]:
    """What the people and keys are called that a page names."""
    ids: dict[str, list[int]] = {"user": [], "key": []}
    for actor in actors:
        kind, _, number = actor.partition(":")
        if kind in ids and number.isdecimal():
            ids[kind].append(int(number))
    users, keys = SIGN_IN_NAMES.c, ApiKey.table.c
    here = (users.trade == ctx.trade.name, users.user_id.in_(ids["user"]))
    people: Iterable[Any] = (
        ctx.session.execute(sa.select(users.user_id, users.shown).where(*here)) if ids["user"] else ()
    )
    mine = (keys.org_id == ctx.org_id, keys.id.in_(ids["key"]))
    programs: Iterable[Any] = ctx.session.execute(sa.select(keys.id, keys.name).where(*mine)) if ids["key"] else ()
    return {f"user:{row[0]}": row[1] for row in people} | {f"key:{row[0]}": row[1] for row in programs}


# Anchors.


def here(ctx: Reader) -> Anchor:
    """The head of the organisation's log."""
    return anchor(ctx.session, ctx.org_id)


def check(ctx: Reader) -> dict[str, Any]:
    """Whether the chain of the organisation's log holds: `{holds, wrong, head}`."""
    wrong = list(islice(verify(ctx.session, ctx.org_id), MOST_WRONG))
    return {"holds": not wrong, "wrong": wrong, "head": here(ctx)}


def anchor(session: Session, org_id: int) -> Anchor:
    """The head of a log: its last event and the chain's value there."""
    query = sa.select(EVENTS.c.id, EVENTS.c.chain, EVENTS.c.at).where(EVENTS.c.org_id == org_id)
    row = session.execute(query.order_by(EVENTS.c.id.desc()).limit(1)).first()
    found = (0, START, None) if row is None else (row.id, row.chain, utc_text(row.at))
    return {"organisation": org_id} | dict(zip(("event", "chain", "at"), found, strict=True))


def verify(session: Session, org_id: int, anchors: Iterable[Anchor] = ()) -> Iterator[str]:
    """What is wrong with an organisation's log, by its chain and by the anchors that were kept of it."""
    yield from events.verify(session, org_id)
    for kept in anchors:
        if kept["organisation"] == org_id and kept["event"]:
            yield from _differs(session, org_id, kept)


def _differs(session: Session, org_id: int, kept: Anchor) -> Iterator[str]:
    query = sa.select(EVENTS.c.chain).where(EVENTS.c.org_id == org_id, EVENTS.c.id == kept["event"])
    chain = session.execute(query).scalar()
    if chain is None:
        yield f"the log ends before event {kept['event']}, which an anchor of {kept['at']} knows"
    elif chain != kept["chain"]:
        yield f"event {kept['event']} is not the one that an anchor of {kept['at']} knows: the log was rewritten"


def parsed(text: str) -> list[Anchor]:
    """The anchors of a file, one a line; raises ValueError where it is no such file."""
    found: list[Anchor] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            try:
                one = orjson.loads(line)
                found.append({name: one[name] for name in ("organisation", "event", "chain", "at")})
            except (ValueError, TypeError, KeyError) as error:
                raise ValueError(f"line {number} is no anchor") from error
    return found
