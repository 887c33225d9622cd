"""A market stall with crates of fruit: as small a trade as needs everything that the kernel does."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

from pydantic import BaseModel

from tradehall.kernel.calls import Call
from tradehall.kernel.columns import integer, money, optional, personal, reference, state, text
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Refused
from tradehall.kernel.office import Office
from tradehall.kernel.records import Record, check, unique
from tradehall.kernel.reports import DayOf, Part, measure
from tradehall.kernel.resources import Resource
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Role, act, move

SELLER = Role("seller", "Seller")
KEEPER = Role("keeper", "Keeper")


class CrateState(StrEnum):
    """How a crate is."""

    CLOSED = "CLOSED"
    OPEN = "OPEN"
    EMPTY = "EMPTY"


MOVES = {
    CrateState.CLOSED: (CrateState.OPEN,),
    CrateState.OPEN: (CrateState.CLOSED, CrateState.EMPTY),
    CrateState.EMPTY: (),
}


class Crate(Record, table="stall_crates"):
    """A crate of fruit."""

    label = text(40, shortest=1)
    number = text(20)
    price = money(above=0)
    stock = integer(at_least=0)
    state = state(CrateState, MOVES)
    remark = personal(optional(text(1_000_000)))

    walls = (
        unique("label", says="There is a crate of this name", code="label_taken"),
        check("stock_left", "stock >= 0", "There is not so much left", code="sold_out"),
    )


class Tag(Record, table="stall_tags"):
    """What hangs on a crate."""

    crate_id = reference(Crate)
    word = text(40)

    indexes = (("crate_id",),)


@measure(Crate)
def worth(crate: Crate, day_of: DayOf) -> Iterator[Part]:
    """What the fruit is worth, by the state of the crate and the day it came."""
    yield Part(crate.state, crate.price * crate.stock, day_of(crate.created_at))


class NewCrate(BaseModel):
    """A crate that comes in."""

    label: str
    price: Decimal = Decimal("1.50")
    stock: int = 10
    remark: str | None = None


class Amount(BaseModel):
    """How much is taken."""

    count: int = 1


class Word(BaseModel):
    """What is written on a tag."""

    word: str


@act(Crate, by=SELLER)
def bring(ctx: Context, order: NewCrate) -> Crate:
    """Bring a crate."""
    if order.label == "forbidden fruit":
        raise Refused("forbidden", "Nobody sells this")
    if order.label == "snake":
        raise ValueError("a snake in the crate")
    return ctx.add(Crate(**order.model_dump(), number=ctx.number("crate", "C-")))


@act(Crate, by=SELLER)
def take(ctx: Context, crate: Crate, amount: Amount) -> Crate:
    """Take fruit out of a crate; the wall sees to it that no more is taken than there is."""
    crate.stock -= amount.count
    return crate


@act(Crate, by=SELLER)
def tag(ctx: Context, crate: Crate, word: Word) -> Crate:
    """Hang a tag on a crate."""
    ctx.add(Tag(crate_id=crate.id, word=word.word))
    return crate


asked_of_expert: list[int | None] = []
"""The crates whose price an expert was asked for."""


async def expert(office: Office, of_trade: Trade, call: Call) -> Decimal:
    """Slow work before the unit: the crate's number is its price."""
    asked_of_expert.append(call.target)
    await asyncio.sleep(0)
    return Decimal(call.target or 0)


@act(Crate, by=KEEPER, prepare=expert)
def appraise(ctx: Context, crate: Crate) -> Crate:
    """Write the price on a crate that an expert named."""
    crate.price = ctx.prepared
    return crate


@act(Crate, by=(SELLER, KEEPER))
def shout(ctx: Context, crate: Crate) -> None:
    """Shout what there is, once each time the clock says so."""
    if crate.remark == "hoarse":
        raise RuntimeError("no voice")
    ctx.add(Tag(crate_id=crate.id, word="shouted"))


@move(Crate, (CrateState.CLOSED,), CrateState.OPEN, by=SELLER)
def unlock(ctx: Context, crate: Crate) -> Crate:
    """Open a crate."""
    return crate


@move(Crate, CrateState.OPEN, CrateState.CLOSED, by=SELLER)
def lock(ctx: Context, crate: Crate) -> Crate:
    """Close a crate."""
    return crate


@move(Crate, CrateState.OPEN, CrateState.EMPTY, by=SELLER)
def finish(ctx: Context, crate: Crate) -> Crate:
    """A crate is sold out."""
    return crate


crates = Resource(
    Crate,
    columns=("id", "label", "number", "price", "stock", "state"),
    by=(SELLER, KEEPER),
    create=bring,
    delete=KEEPER,
)
tags = Resource(Tag, columns=("id", "crate_id", "word"), by=(SELLER, KEEPER))

trade = Trade("stall", title="Market stall", roles=(SELLER, KEEPER), resources=(crates, tags))
