"""The paths of imports and exports: begin one, see how far it is, change its columns, start it, cancel it; lists as files."""

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pydantic import BaseModel

from tradehall.kernel import files
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Download, Listing, Outgoing, Reading, Report
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Refused, field_error
from tradehall.kernel.persons import HOLDINGS, Holding, Subject, keep_for
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.kernel.resources import Resource
from tradehall.kernel.transfer.arriving import BulkUpload, Choices, NewImport, Read, arriving, look_again
from tradehall.kernel.transfer.cells import Kind
from tradehall.kernel.transfer.exporting import BOM, CSV, LINES, TYPES, WORKBOOK, as_csv, exporter
from tradehall.kernel.transfer.foreign import foreign_of
from tradehall.kernel.transfer.plan import Target, target_of, targets
from tradehall.kernel.transfer.records import GOING, Existing, Import, Progress, Wrong
from tradehall.kernel.transfer.running import MOST_WHOLE, begin, drop
from tradehall.kernel.verbs import ANYBODY, Verb, where

if TYPE_CHECKING:
    from datetime import datetime

    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

SHOWN = (
    "id", "type", "file_name", "status", "dry_run", "existing", "whole", "columns", "decimal", "dates", "rows", "position",
    "created", "updated", "unchanged", "failed", "error", "by_user", "created_at", "ended_at",
)  # fmt: skip
ERROR_PAGE = 1000


# The verbs.


def upload(ctx: Context, wish: Choices) -> Import:
    """Begin an import: every row is checked first, and then imported, unless only a dry run is wanted."""
    found: Read = ctx.prepared
    assert found.arrived is not None  # noqa: S101 - for the type checker
    if wish.whole and found.rows > MOST_WHOLE:
        raise field_error(["body", "whole"], f"All rows or none is for tables of up to {MOST_WHOLE:,} rows")
    file = files.attach(ctx, found.arrived, quota=found.quota)
    row = ctx.add(
        Import(
            of_trade=ctx.trade.name, type=found.type, file_id=file.id, file_name=file.name,
            dry_run=getattr(wish, "dry_run", False), existing=wish.existing or Existing.UPDATE, whole=bool(wish.whole),
            columns=_listed(found), decimal=found.how.decimal, dates=found.how.dates, rows=found.rows,
            by_user=ctx.actor.user_id, by_key=ctx.actor.key_id, by_role=ctx.actor.role,
        )
    )  # fmt: skip
    if found.lacks:  # nobody has said yet what goes where
        row.status, row.error, row.dry_run = Progress.FAILED, found.lacks, True
        return row
    # What another system kept is checked as a whole or not at all: its rows build on each other.
    begin(ctx, row, Progress.RUNNING if found.is_foreign and not row.dry_run else Progress.CHECKING)
    return row


def _listed(found: Read) -> list[dict[str, Any]]:
    return [{"column": title, "field": name} for title, name in zip(found.header, found.fields, strict=True)]


def change(ctx: Context, row: Import, wish: Choices) -> Import:
    """Read the table of an import in another way, and check it again."""
    if row.status not in (Progress.CHECKED, Progress.FAILED):
        raise Refused("import_going", f"This import is {row.status}: one that was checked, or failed, can be changed")
    found: Read = ctx.prepared
    if (wish.whole or (wish.whole is None and row.whole)) and found.rows > MOST_WHOLE:
        raise field_error(["body", "whole"], f"All rows or none is for tables of up to {MOST_WHOLE:,} rows")
    if wish.columns is not None:
        row.columns = _listed(found)
    row.decimal = wish.decimal or (row.decimal if wish.columns is None else found.how.decimal)
    row.dates = wish.dates or (row.dates if wish.columns is None else found.how.dates)
    row.existing = wish.existing or row.existing
    row.whole, row.dry_run = row.whole if wish.whole is None else wish.whole, True
    begin(ctx, row, Progress.CHECKING)
    return row


def start(ctx: Context, row: Import) -> Import:
    """Import what was checked."""
    if row.status in (Progress.RUNNING, Progress.DONE):
        return row
    if row.status is not Progress.CHECKED:
        raise Refused("not_checked", f"This import is {row.status}: one that was checked can be started")
    if row.whole and row.failed:
        raise Refused(
            "rows_wrong", f"{row.failed} {'rows are' if row.failed > 1 else 'row is'} wrong, and all or none are wanted"
        )
    if foreign_of(ctx.trade, row.type) is None:
        target_of(ctx.trade, row.type).grants(ctx.actor)
    begin(ctx, row, Progress.RUNNING)
    return row


def cancel(ctx: Context, row: Import) -> Import:
    """Stop an import; the rows that it has imported so far stay."""
    if row.status in (*GOING, Progress.CHECKED):
        row.status, row.ended_at = Progress.CANCELLED, ctx.now
    elif row.status is not Progress.CANCELLED:
        raise Refused("import_ended", f"This import is {row.status}: there is nothing to cancel")
    return row


# What is offered.


def imports(trade: "Trade") -> Resource:
    """The imports of a trade."""
    mine = tuple(where(role, lambda record: record.table.c.of_trade == trade.name) for role in trade.roles[-2:])
    return Resource(Import, by=mine, columns=SHOWN, detail=("errors",), filters=("status", "type"))


def types_of(trade: "Trade") -> list[dict[str, Any]]:
    """What may be imported, with the fields that a column may go into."""
    return [
        {
            "type": name,
            "title": target.record.title,
            "fields": [
                {
                    "name": field, "kind": str(column.kind), "choices": list(column.choices),
                    "required": field in target.required, "also": list(target.resource.also.get(field, ())),
                }
                for field, column in target.columns.items()
            ],
        }
        for name, target in targets(trade).items()
    ]  # fmt: skip


async def _wrong_rows(office: "Office", trade: "Trade", call: "Call") -> Outgoing:
    """The rows of an import that are wrong, as they were, each with its number and what is wrong."""

    def first(session: Session) -> Import:
        return Reader(session, trade, call.actor, call.now).get(
            Import, call.target or 0, call.contract.grant(call.actor)
        )

    row = await office.database.read(call.actor.org_id, first)
    header = [each["column"] for each in row.columns]
    return Outgoing(f"import-{row.id}-errors.csv", TYPES[CSV], _wrong_pieces(office, row, header))


async def _wrong_pieces(office: "Office", row: Import, header: list[str]) -> AsyncIterator[bytes]:
    yield BOM.encode() + as_csv([["Row", "Column", "Error", *header]])
    last = 0

    def page(session: Session) -> list[Any]:
        c = Wrong.table.c
        here = (c.org_id == row.org_id, c.import_id == row.id, c.id > last)
        return list(session.execute(sa.select(Wrong.table).where(*here).order_by(c.id).limit(ERROR_PAGE)))

    while found := await office.database.read(row.org_id, page):
        last = found[-1].id
        yield as_csv([[each.row, each.column or "", each.says, *each.cells] for each in found])


def _template(target: Target) -> Any:
    async def template(office: "Office", trade: "Trade", call: "Call") -> Outgoing:
        example = {Kind.NUMBER: "1000.00", Kind.WHOLE: "1", Kind.FLAG: "yes", Kind.DAY: "2026-01-31"}
        names = [name for name in target.columns if name != "id"]
        first = [", ".join(target.columns[name].choices[:1]) or example.get(target.columns[name].kind, "") if name in target.required else ""
                 for name in names]  # fmt: skip

        async def pieces() -> AsyncIterator[bytes]:
            yield BOM.encode() + as_csv([names, first])

        return Outgoing(f"{target.record.plural}-template.csv", TYPES[CSV], pieces())

    return template


def paths(trade: "Trade") -> Iterator[Contract]:
    """The paths of imports and exports in a trade."""
    resource = imports(trade)
    by, path = resource.by, f"{trade.prefix}/imports"

    def importable(ctx: Reader) -> list[dict[str, Any]]:
        return types_of(ctx.trade)

    says = "What may be imported, with the fields that a column may go into."
    yield Contract("GET", f"{path}/types", Report("types", by, importable, None, says, quick=True, room="imports"))
    yield Contract("GET", path, Listing(resource))
    yield Contract("GET", f"{path}/{{id}}", Reading(resource))
    yield Contract(
        "POST", path, _verb("upload", by, upload, NewImport, prepare=arriving()), 201, shape=resource.shape, file=True
    )
    changing = _verb("change", by, change, Choices, target=True, prepare=look_again)
    yield Contract("PATCH", f"{path}/{{id}}", changing, shape=resource.shape)
    yield Contract("POST", f"{path}/{{id}}/start", _verb("start", by, start, None, target=True), shape=resource.shape)
    yield Contract(
        "POST", f"{path}/{{id}}/cancel", _verb("cancel", by, cancel, None, target=True), shape=resource.shape
    )
    wrong = Download("errors", by, Import, _wrong_rows, "The rows of an import that are wrong, as CSV.", TYPES[CSV])
    yield Contract("GET", f"{path}/{{id}}/errors.csv", wrong)
    for name, target in targets(trade).items():
        of = f"{trade.prefix}/{name}/bulk-upload"
        bulk = _verb("upload", by, upload, BulkUpload, prepare=arriving(name))
        yield Contract("POST", of, bulk, 201, shape=resource.shape, file=True)
        summary = f"An empty table for {name}, with a title for each field."
        yield Contract(
            "GET",
            f"{of}/template",
            Download("template", ANYBODY, target.record, _template(target), summary, TYPES[CSV]),
        )
    for each in trade.resources:
        yield from _exports(trade, each)


def _exports(trade: "Trade", resource: Resource) -> Iterator[Contract]:
    for kind, what in ((CSV, "CSV"), (WORKBOOK, "a workbook"), (LINES, "JSON, an object a line")):
        name = resource.record.plural
        does = exporter(resource, kind)
        found = Download(
            "export",
            resource.by,
            resource.record,
            does,
            f"All {name} that the list holds, as {what}.",
            TYPES[kind],
            resource,
        )
        yield Contract("GET", f"{trade.prefix}/exports/{name}.{kind}", found)


def _verb(
    name: str, by: Any, rule: Any, body: type[BaseModel] | None, target: bool = False, prepare: Any = None
) -> Verb[Any, Any]:
    says = " ".join((rule.__doc__ or "").split())
    return Verb(name, Import, by, rule, target, body, says, prepare=prepare)


# What is not kept for ever, and whose it is.


def _expire(ctx: Context, before: "datetime") -> int:
    old = find(Import, Import.of_trade == ctx.trade.name, Import.created_at < before, Import.status.not_in(GOING))
    found = ctx.all(old.by(Import.table.c.created_at, Import.table.c.id).first(1000))
    for row in found:
        drop(ctx, row)
    return len(found)


def _said(subject: Subject) -> sa.ColumnElement[bool]:
    cells = sa.type_coerce(Wrong.table.c.cells, sa.Text)
    return sa.or_(sa.false(), *(cells.contains(word, autoescape=True) for word in subject.words if len(word) > 2))


def _shown(session: Session, org_id: int, subject: Subject) -> list[dict[str, Any]]:
    c = Wrong.table.c
    found = session.execute(sa.select(c.import_id, c.row, c.says, c.cells).where(c.org_id == org_id, _said(subject)))
    return [{str(name): value for name, value in each._mapping.items()} for each in found]


def _erase(ctx: Context, subject: Subject) -> int:
    c = Wrong.table.c
    told = sa.select(c.import_id).where(c.org_id == ctx.org_id, _said(subject))
    of_them = (Import.table.c.org_id == ctx.org_id, Import.table.c.id.in_(told))
    ctx.session.execute(sa.update(Import.table).where(*of_them).values(errors=[]))
    return ctx.session.change(sa.delete(Wrong.table).where(c.org_id == ctx.org_id, _said(subject)))


HOLDINGS["imports"] = Holding(_shown, _erase)
keep_for("imports", "imports and their tables", 30, _expire)
