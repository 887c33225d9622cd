"""Large exports: a durable job that writes a list into a file in turns, says how far it is, and keeps the file for a while."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, StringConstraints
from pydantic import Field as Limit

from tradehall.kernel import files
from tradehall.kernel.columns import choice, integer, json, moment, optional, person, personal, state, text
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Download, Listing, Outgoing, Reading, Window
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Denied, Missing, Problem, Refused, field_error
from tradehall.kernel.files import File, file
from tradehall.kernel.jobs import IN_VAIN, Job, Then, given_up, task
from tradehall.kernel.people.members import member
from tradehall.kernel.persons import Subject, belongs, keep_for
from tradehall.kernel.progress import Note, alive
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record, find, record_of
from tradehall.kernel.resources import Resource
from tradehall.kernel.rows import select_statement
from tradehall.kernel.transfer.exporting import PAGE, TYPES, Source, pieces
from tradehall.kernel.transfer.parts import Gathered, gather, gathered
from tradehall.kernel.verbs import ME, MEMBER, Actor, Verb, where

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

KEPT = 3
"""So many a person has at a time: with a further one the oldest goes."""


class Format(StrEnum):
    """What a list is written as."""

    CSV = "csv"
    XLSX = "xlsx"
    JSONL = "jsonl"


class Prepared(StrEnum):
    """How far an export is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


MOVES = {
    Prepared.RUNNING: (Prepared.DONE, Prepared.FAILED, Prepared.CANCELLED),
    Prepared.DONE: (),
    Prepared.FAILED: (),
    Prepared.CANCELLED: (),
}


class Export(Record, table="kernel_exports"):
    """A list that is written into a file for whoever asked for it; `position` is how many of its `rows` are gathered."""

    of_trade = text(40)
    type = text(63)
    format = choice(Format)
    query = personal(json(default=dict))
    status = state(Prepared, MOVES)
    rows = integer(at_least=0, default=0)
    position = integer(at_least=0, default=0)
    file_id = optional(file())
    error = optional(text(500))
    by_user = person()
    by_role = text(40)
    ended_at = optional(moment())

    indexes = (("file_id",),)


SHOWN = ("id", "type", "format", "query", "status", "rows", "position", "error", "created_at", "ended_at")
Text = Annotated[str, StringConstraints(max_length=500)]


class NewExport(BaseModel):
    """Which list is wanted, as what, with which of its filters."""

    type: Annotated[str, StringConstraints(max_length=63)]
    format: Format = Format.CSV
    query: Annotated[dict[Text, Text], Limit(max_length=50)] = Limit(default_factory=dict)


# What somebody asks for.


def prepare(ctx: Context, wish: NewExport) -> Export:
    """Have a list written into a file, which is there for a day."""
    if ctx.actor.key_id:
        raise Denied("A key takes a list as it is; only people have a file prepared")
    resource = _resource(ctx.trade, wish.type)
    grant = Contract("GET", "", Listing(resource)).grant(ctx.actor)
    asked = replace(resource.asked(wish.query, Window(1)), sort="id")  # how many there are is no matter of their order
    rows = resource.page(ctx, asked, grant).total
    for old in ctx.all(find(Export, *_own(ctx)).by(Export.table.c.id.desc()))[KEPT - 1 :]:
        drop(ctx, old)
    row = ctx.add(
        Export(
            of_trade=ctx.trade.name, type=wish.type, format=wish.format, query=wish.query, status=Prepared.RUNNING,
            rows=rows, by_user=ctx.actor.user_id, by_role=ctx.actor.role,
        )
    )  # fmt: skip
    begin(ctx, row.id)
    return row


def cancel(ctx: Context, row: Export) -> Export:
    """Have no file written after all."""
    if row.status is Prepared.RUNNING:
        row.status, row.ended_at = Prepared.CANCELLED, ctx.now
    elif row.status is not Prepared.CANCELLED:
        raise Refused("export_ended", f"This export is {row.status}: there is nothing to cancel")
    return row


def _own(ctx: Context) -> tuple[sa.ColumnElement[bool], ...]:
    return (Export.table.c.of_trade == ctx.trade.name, Export.table.c.by_user == ctx.actor.user_id)


def _resource(trade: "Trade", name: str) -> Resource:
    found = next((each for each in trade.resources if each.record.plural == name), None)
    if found is None:
        raise field_error(["body", "type"], f"There is no list {name}", "enum")
    return found


# The job.


class Stopped(Exception):  # noqa: N818 - an end, not a fault
    """Nobody wants it any more."""


@task("export.run", timeout=600, at_once=1)
async def run(office: "Office", job: Job) -> Then | None:
    """Go on with an export: a turn gathers rows into a part, and the last one writes all parts as one file.

    A crash costs a turn. Whether somebody may see the list is looked at in each turn.
    """
    trade, org_id, export_id, given = office.trades[job.of_trade], job.org_id, job.payload["export"], job.payload
    row = await office.database.read(org_id, partial(_read, org_id=org_id, export_id=export_id))
    parts = given.get("parts", [])
    try:
        if row is None or row.status is not Prepared.RUNNING:
            raise Stopped
        actor = await office.database.read(0, partial(_actor, trade=trade, row=row))
        resource = _resource(trade, row.type)
        source = Source(
            office, trade, resource, actor, resource.asked(row.query, Window(PAGE, after=given.get("after")))
        )
        columns = list(source.view.called)
        if given.get("columns", columns) != columns:  # an upgrade came between
            return partial(begin, export_id=export_id, parts=parts)
        if given.get("whole"):
            return await _whole(source, row, given)
        key, position, after = await gather(source, row.format, given.get("position", 0), partial(_tell, office, row))
    except Stopped:
        return partial(let_go, parts=parts)
    except Problem as problem:
        if problem.status >= 500:
            raise
        return partial(fail, export_id=export_id, why=problem.sentence, parts=parts)
    left = {"parts": [*parts, key], "position": position, "columns": columns, "after": after, "whole": after is None}
    return partial(go_on, given={"export": export_id, **left})


async def _whole(source: Source, row: Export, given: Mapping[str, Any]) -> Then:
    """Write what was gathered as one file."""
    office, tell = source.office, partial(_tell, source.office, row, given["position"])
    with TemporaryFile() as made:
        async with gathered(office.files, given["parts"]) as rows:
            async for piece in pieces(Gathered(**vars(source), rows=rows, tell=tell), row.format, bom=True):
                made.write(piece)
        size = made.tell()
        alive()
        key = await office.files.keep(row.org_id, made)
    return partial(finish, export_id=row.id, key=key, size=size, rows=given["position"], parts=given["parts"])


async def _tell(office: "Office", row: Export, position: int) -> None:
    """Note how far it is; raises Stopped."""
    alive()
    if not await office.database.unit(Note(Export, row.org_id, row.id, position)):
        raise Stopped


def _read(session: Session, org_id: int, export_id: int) -> Export | None:
    found = session.dicts(select_statement(Export, None), {"org_id": org_id, "id": export_id})
    return Export.loaded(found[0], None) if found else None


def _actor(session: Session, trade: "Trade", row: Export) -> Actor:
    """Whoever asked, as they may see now; raises Denied where they may not any more."""
    role = row.by_role
    if row.by_user:
        now = member(session, row.by_user, row.org_id, trade.name)
        role = now.role if now is not None and now.is_active else ""
    if role != row.by_role:
        raise Denied("Whoever asked for this file may not see the list as they did")
    return Actor(row.org_id, trade.name, role, row.by_user)


# The closing rules: how a turn ends.


def go_on(ctx: Context, given: Mapping[str, Any]) -> None:
    """Have the rest done in another turn."""
    ctx.later(run, given, once=str(given["export"]), target=str(given["export"]))


def begin(ctx: Context, export_id: int, parts: Sequence[str] = ()) -> None:
    """Have it written from the first row."""
    let_go(ctx, parts)
    go_on(ctx, {"export": export_id})


def let_go(ctx: Context, parts: Sequence[str]) -> None:
    """Nobody needs these parts any more."""
    for key in parts:
        ctx.later(files.drop, {"key": key}, once=key)


def finish(ctx: Context, export_id: int, key: str, size: int, rows: int, parts: Sequence[str]) -> None:
    """The file is there; what was stopped meanwhile has none, and the sweep takes its bytes."""
    let_go(ctx, parts)
    row = ctx.find(Export, export_id)
    if row is not None and row.status is Prepared.RUNNING:
        with ctx.happening("export.finish"):
            of = {"of_trade": row.of_trade, "entity": row.table.name, "record_id": row.id, "uploaded_by": row.by_user}
            kind = TYPES[row.format].partition(";")[0]
            made = ctx.add(File(key=key, name=f"{row.type}.{row.format}", type=kind, size=size, **of))
            row.status, row.file_id, row.ended_at = Prepared.DONE, made.id, ctx.now
            row.rows = row.position = rows


def fail(ctx: Context, export_id: int, why: str, parts: Sequence[str]) -> None:
    """Say why there is no file."""
    let_go(ctx, parts)
    row = ctx.find(Export, export_id)
    if row is not None and row.status is Prepared.RUNNING:
        with ctx.happening("export.fail"):
            row.status, row.error, row.ended_at = Prepared.FAILED, why[:500], ctx.now


@given_up(run)
def lose(ctx: Context, given: Mapping[str, Any]) -> None:
    """Nobody tries to write this file any more."""
    fail(ctx, given["export"], why=IN_VAIN, parts=given.get("parts", []))


def drop(ctx: Context, row: Export) -> None:
    """Delete an export with its file."""
    made = ctx.find(File, row.file_id) if row.file_id is not None else None
    ctx.forget(row.table.name, row.id, {"query"})
    ctx.delete(row)
    if made is not None:
        ctx.forget(made.table.name, made.id, {"name"})
        ctx.delete(made)


# Where it is offered.


async def _file(office: "Office", trade: "Trade", call: "Call") -> Outgoing:
    """The file of an export, for whoever asked for it and sees no less now."""

    def read(session: Session) -> tuple[Export, File]:
        reader = Reader(session, trade, call.actor, call.now)
        row = reader.get(Export, call.target or 0, call.contract.grant(call.actor))
        if row.file_id is None or row.by_role != call.actor.role:
            raise Missing("There is no file of this export")
        return row, reader.get(File, row.file_id)

    row, made = await office.database.read(call.actor.org_id, read)
    content = await office.files.open(made.key)
    if content is None:
        raise Missing("The store does not have this file any more", "content_missing")
    return Outgoing(made.name, TYPES[row.format], content.pieces)


def paths(trade: "Trade") -> Iterator[Contract]:
    """The paths of exports that take a while: each sees and has their own."""

    def own(record: type[Record]) -> sa.ColumnElement[bool]:
        return sa.and_(record.table.c.of_trade == trade.name, record.table.c.by_user == ME)

    by, path = where(MEMBER, own), f"{trade.prefix}/exports/jobs"  # beside the lists that are sent at once
    mine = Resource(
        Export,
        by=by,
        columns=SHOWN,
        filters=("status", "type"),
        table=("type", "format", "status", "rows", "created_at"),
    )
    begins: Verb[Any, Any] = Verb("prepare", Export, MEMBER, prepare, False, NewExport, str(prepare.__doc__))
    stops: Verb[Any, Any] = Verb("cancel", Export, by, cancel, True, None, str(cancel.__doc__))
    yield Contract("GET", path, Listing(mine))
    yield Contract("POST", path, begins, 201, shape=mine.shape)
    yield Contract("GET", f"{path}/{{id}}", Reading(mine))
    yield Contract("POST", f"{path}/{{id}}/cancel", stops, shape=mine.shape)
    says = "The file of an export, once it is done."
    yield Contract("GET", f"{path}/{{id}}/file", Download("file", by, Export, _file, says, "application/octet-stream"))


# How long they are kept, and whose they are.


def _of_person(subject: Subject) -> sa.ColumnElement[bool]:
    """Their own, and every list of theirs that somebody has as a file."""
    lists = [record_of(table).plural for table in subject.rows]
    return sa.or_(Export.table.c.by_user.in_(subject.users), Export.table.c.type.in_(lists))


def _expire(ctx: Context, before: datetime) -> int:
    old = find(Export, Export.of_trade == ctx.trade.name, Export.created_at < before)
    found = ctx.all(old.by(Export.table.c.created_at, Export.table.c.id).first(1000))
    for row in found:
        drop(ctx, row)
    return len(found)


belongs(Export, _of_person, drop)
keep_for("exports", "exports and their files", 1, _expire)
