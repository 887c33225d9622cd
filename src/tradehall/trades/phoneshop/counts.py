"""Stock counts: every phone is scanned once, and what differs is written down."""

from enum import StrEnum
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from tradehall.kernel.columns import (
    ID,
    LARGEST_ID,
    Refers,
    choice,
    clean,
    integer,
    moment,
    optional,
    person,
    reference,
    state,
    text,
)  # fmt: skip
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing, report
from tradehall.kernel.errors import Refused, field_error
from tradehall.kernel.forms import Form
from tradehall.kernel.labels import labels
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Find, Record, find, unique
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import act, move
from tradehall.trades.phoneshop.imei import normalised
from tradehall.trades.phoneshop.models import HELD, Phone, UnitImei
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF

TWICE = "Phone is counted already"
SHOWN = 20
"""So many lines, and so many phones that nobody has seen, are shown beside a count."""


class CountStatus(StrEnum):
    """Whether phones may still be scanned."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class LineResult(StrEnum):
    """What a count says of a phone."""

    COUNTED = "counted"
    UNEXPECTED = "unexpected"
    """It is there, but the shop does not hold it."""
    MISSING = "missing"
    """The shop holds it, but nobody scanned it."""


class StockCount(Record, table="phoneshop_stock_counts"):
    """A count of the stock, by one or several people at once. Its figures are filled in when it is closed."""

    note = optional(text(200))
    status = state(CountStatus, {CountStatus.OPEN: (CountStatus.CLOSED,), CountStatus.CLOSED: ()})
    staff_id = optional(person())
    closed_by_id = optional(person())
    closed_at = optional(moment())
    counted = optional(integer(at_least=0))
    unexpected = optional(integer(at_least=0))
    missing = optional(integer(at_least=0))

    indexes = (("status", "created_at", "id"),)


class StockCountLine(Record, table="phoneshop_stock_count_lines"):
    """One phone in a count, or one device that the shop does not know. It is never changed."""

    stock_count_id = reference(StockCount)
    phone_id = optional(reference(Phone))
    imei = optional(text(15))
    result = choice(LineResult)
    phone_status = optional(text(20))
    """Where the phone was in its life with the shop."""
    staff_id = optional(person())

    indexes = (("stock_count_id", "created_at", "id"), ("phone_id",))
    walls = (
        unique("stock_count_id", "phone_id", where="phone_id IS NOT NULL", says=TWICE, code="counted_already"),
        unique("stock_count_id", "imei", where="phone_id IS NULL", says=TWICE, code="counted_already"),
    )


class NewCount(Form, of=StockCount, fields=("note",)):
    """A new count."""


class Scan(BaseModel):
    """A phone by its id, or else by its IMEI."""

    phone_id: Annotated[int, ID, Refers(Phone)] | None = None
    imei: Annotated[str, StringConstraints(min_length=1, max_length=40), BeforeValidator(clean)] | None = None


@act(StockCount, by=MANAGERS)
def begin(ctx: Context, order: NewCount) -> StockCount:
    """Begin to count the stock."""
    return ctx.add(StockCount(**order.model_dump(), staff_id=ctx.actor.user_id or None))


@act(StockCount, by=STAFF, when=lambda count: count["status"] == CountStatus.OPEN)
def scan(ctx: Context, count: StockCount, given: Scan) -> StockCountLine:
    """Count a phone that is there; each is counted once."""
    if count.status is not CountStatus.OPEN:
        raise Refused("count_closed", "Stock count is CLOSED: nothing can be counted any more")
    phone, imei = _scanned(ctx, given)
    if phone is not None and ctx.first(_lines(count, StockCountLine.phone_id == phone.id)) is not None:
        raise Refused("counted_already", TWICE)
    is_held = phone is not None and phone.status in HELD
    result = LineResult.COUNTED if is_held else LineResult.UNEXPECTED
    return _note(ctx, count, phone, imei, result)


def _scanned(ctx: Context, given: Scan) -> tuple[Phone | None, str | None]:
    """The phone that was meant, and its IMEI; of several that had this IMEI the one that is held, or else the last."""
    if given.phone_id is not None:
        phone = ctx.get(Phone, given.phone_id)
        return phone, phone.imei or phone.imei2
    if given.imei is None:
        raise field_error(["body", "imei"], "Field required", "missing")
    imei = normalised(given.imei)
    newest = find(UnitImei, UnitImei.imei == imei).by(UnitImei.is_held.desc(), UnitImei.id.desc())
    known = ctx.first(newest)
    return (ctx.get(Phone, known.phone_id) if known is not None else None), imei


def _note(ctx: Context, count: StockCount, phone: Phone | None, imei: str | None, result: LineResult) -> StockCountLine:
    of = {"phone_id": phone.id, "phone_status": str(phone.status)} if phone is not None else {}
    staff_id = ctx.actor.user_id or None
    return ctx.add(StockCountLine(stock_count_id=count.id, imei=imei, result=result, staff_id=staff_id, **of))


def _lines(count: StockCount, *more: sa.ColumnElement[bool]) -> Find[StockCountLine]:
    return find(StockCountLine, StockCountLine.stock_count_id == count.id, *more)


def _line_of(count: StockCount, *more: sa.ColumnElement[bool]) -> sa.Exists:
    """That a phone has a line in a count."""
    mine = (StockCountLine.org_id == Phone.org_id, StockCountLine.phone_id == Phone.id)
    return sa.select(StockCountLine.id).where(*mine, StockCountLine.stock_count_id == count.id, *more).exists()


def unseen(count: StockCount) -> Find[Phone]:
    """The phones that the shop held when the count began, still holds, and that nobody has scanned."""
    return find(Phone, Phone.status.in_(HELD), Phone.created_at <= count.created_at, ~_line_of(count))


@move(StockCount, CountStatus.OPEN, CountStatus.CLOSED, by=MANAGERS)
def close(ctx: Context, count: StockCount) -> StockCount:
    """Close a count: what is missing is written down beside what was not expected."""
    for phone in ctx.all(unseen(count)):
        _note(ctx, count, phone, phone.imei or phone.imei2, LineResult.MISSING)
    figures = {each: ctx.count(_lines(count, StockCountLine.result == each)) for each in LineResult}
    count.counted = figures[LineResult.COUNTED]
    count.unexpected = figures[LineResult.UNEXPECTED]
    count.missing = figures[LineResult.MISSING]
    count.closed_at, count.closed_by_id = ctx.now, ctx.actor.user_id or None
    return count


class Part(BaseModel):
    """Which part of a list; `after` is the id of the last one of the part before."""

    after: Annotated[int, Field(ge=0, le=LARGEST_ID)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


@report(by=STAFF)
def missing(ctx: Reader, count: StockCount, part: Part) -> list[dict[str, Any]]:
    """The phones that nobody has scanned, by their ids; of a closed count those that were written down."""
    found = find(Phone, _line_of(count, StockCountLine.result == LineResult.MISSING))
    if count.status is CountStatus.OPEN:
        found = unseen(count)
    view = ctx.trade.shape_of(Phone).view(ctx.actor, listed=True)
    return [view.one(phone) for phone in ctx.all(found.where(Phone.id > part.after).first(part.limit))]


@report(by=STAFF)
def current(ctx: Reader) -> dict[str, Any]:
    """The count that is open, what was counted last, and some of the phones that nobody has seen yet."""
    manages = ctx.actor.may(MANAGERS)
    opened = find(StockCount, StockCount.status == CountStatus.OPEN)
    count = ctx.first(opened.by(StockCount.created_at.desc(), StockCount.id.desc()))
    if count is None:
        return {"open": None, "lines": [], "missing": [], "manages": manages}
    lines = ctx.all(_lines(count).by(StockCountLine.id.desc()).first(SHOWN))
    called = labels(ctx, Phone, {each.phone_id for each in lines if each.phone_id is not None})
    left = unseen(count)
    names = ("phone_id", "imei", "result")
    return {
        "open": {
            "id": count.id, "note": count.note, "created_at": count.created_at,
            "counted": ctx.count(_lines(count, StockCountLine.result == LineResult.COUNTED)),
            "missing": ctx.count(left),
        },
        "lines": [{name: each.values[name] for name in names} | {"phone": called.get(each.phone_id or 0)} for each in lines],
        "missing": [
            {"id": each.id, "name": f"{each.brand} {each.model}", "imei": each.imei or each.imei2}
            for each in ctx.all(left.by(Phone.id).first(SHOWN))
        ],
        "manages": manages,
    }  # fmt: skip


counts = Resource(StockCount, by=STAFF, create=begin, filters=("status",))
lines = Resource(StockCountLine, by=STAFF, filters=("stock_count_id", "result", "phone_id"))
resources = (counts, lines)
paths = (
    Contract("POST", "/api/stock-counts/{id}/scan", scan, status=201, shape=lines.shape, errors={"imei_invalid": 400}),
    Contract("POST", "/api/stock-counts/{id}/close", close),
    Contract("GET", "/api/stock-counts/{id}/missing", missing),
    Contract("GET", "/api/count", current),
    Contract("GET", "/api/stock-counts/{stock_count_id}/lines", Listing(lines, parent="stock_count_id")),
)
