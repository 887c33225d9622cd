"""What became of the phones that came in by swaps: views on the unit that was received."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, Field

from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Found, Window, report
from tradehall.kernel.errors import Refused
from tradehall.kernel.money import rounded
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Find, find
from tradehall.kernel.verbs import act
from tradehall.trades.phoneshop.models import HELD, Phone, PhoneStatus, Sale, Swap
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF
from tradehall.trades.phoneshop.rules import Amount

GONE = (PhoneStatus.SOLD, PhoneStatus.SWAPPED)


class Page(BaseModel):
    """Which part of a list."""

    skip: Annotated[int, Field(ge=0, le=2**53)] = 0
    limit: Annotated[int, Field(ge=1)] = 100


class Resale(BaseModel):
    """What the phone that came in is to be sold for."""

    resale_value: Amount


@report(by=STAFF)
def pending_resales(ctx: Reader, page: Page) -> Found:
    """Swaps whose phone is still in stock, newest first; `resale_value` is its asking price."""
    return paged(ctx, HELD, page)


@report(by=STAFF)
def sold_resales(ctx: Reader, page: Page) -> Found:
    """Swaps whose phone was sold or swapped again, newest first; `resale_value` is what it brought."""
    return paged(ctx, GONE, page)


@act(Swap, by=STAFF)
def price(ctx: Context, swap: Swap, wish: Resale) -> dict[str, Any]:
    """Say what the phone that came in by a swap is to be sold for."""
    unit = ctx.get(Phone, swap.received_phone_id) if swap.received_phone_id is not None else None
    if unit is None or unit.status is PhoneStatus.RETURNED:
        raise Refused("not_in_stock", "The phone of this swap is not in stock")
    if unit.status in GONE:
        raise Refused("already_resold", "This swap has already been marked as resold")
    unit.value = wish.resale_value
    return shown(ctx, swap, unit, None)


def came_in(statuses: Sequence[PhoneStatus]) -> Find[Phone]:
    """The phones that came in by swaps and stand so now."""
    return find(Phone, Phone.acquired_via_swap_id.is_not(None), Phone.status.in_(statuses))


def paged(ctx: Reader, statuses: Sequence[PhoneStatus], page: Page) -> Found:
    """A page of swaps by what became of their phones, as every list is answered."""
    window = ctx.trade.paging.window({"skip": str(page.skip), "limit": str(page.limit)})
    return Found(listed(ctx, statuses, window), ctx.count(came_in(statuses)), window, None)


def listed(ctx: Reader, statuses: Sequence[PhoneStatus], window: Window) -> list[dict[str, Any]]:
    """Swaps by what became of their phones, the newest first."""
    came = came_in(statuses).by(Phone.created_at.desc(), Phone.id.desc())
    units = ctx.all(came.first(window.limit).skip(window.offset))
    ids = [unit.id for unit in units]
    swaps = {swap.id: swap for swap in ctx.all(find(Swap, Swap.id.in_([each.acquired_via_swap_id for each in units])))}
    sold = ctx.all(find(Sale, Sale.phone_id.in_(ids), Sale.returned_at.is_(None)))
    swapped = ctx.all(find(Swap, Swap.new_phone_id.in_(ids), Swap.returned_at.is_(None)))
    out: dict[int, Sale | Swap] = {sale.phone_id: sale for sale in sold} | {each.new_phone_id: each for each in swapped}
    return [shown(ctx, swaps[unit.acquired_via_swap_id or 0], unit, out.get(unit.id)) for unit in units]


def shown(ctx: Reader, swap: Swap, unit: Phone, out: Sale | Swap | None) -> dict[str, Any]:
    """A swap with what became of its phone; `profit_or_loss` is of both, and for managers."""
    found = ctx.trade.shape_of(Swap).view(ctx.actor, listed=True).one(swap)
    found |= {
        "resale_status": "pending" if out is None else "sold" if isinstance(out, Sale) else "swapped",
        "resale_value": unit.value if out is None else brought(out),
    }
    if ctx.actor.may(MANAGERS):
        found["profit_or_loss"] = None if out is None else profit(swap, out)
    return found


def brought(out: Sale | Swap) -> Decimal:
    """What a phone brought, in money or in what was taken for it."""
    taken = out.amount_paid if isinstance(out, Sale) else out.total_transaction_value
    return taken - out.refunded_amount


def profit(swap: Swap, out: Sale | Swap) -> Decimal | None:
    """What a swap and the resale of its phone earned together; nothing where a cost is not known (spec R-03)."""
    first = Decimal(0) if swap.returned_at is not None else kept(swap.margin, swap.refunded_amount)
    second = kept(out.margin, out.refunded_amount)
    return None if first is None or second is None else first + second


def kept(margin: Decimal | None, refunded: Decimal) -> Decimal | None:
    """A margin after what was given back."""
    return None if margin is None else margin - refunded


@report(by=MANAGERS)
def profit_summary(ctx: Reader) -> dict[str, Any]:
    """What swaps earned whose phone was sold or swapped again, and what still is in stock.

    Swaps of which a cost is not known are counted in `unknown_count` and add nothing.
    """
    found = profits(ctx)
    known = [each for each in found if each is not None]
    whole = sum(known, Decimal(0))
    pending = [unit.cost_price or Decimal(0) for unit in ctx.all(came_in(HELD))]
    return {
        "total_swaps": len(found),
        "total_profit": whole,
        "average_profit": rounded(whole / len(known)) if known else Decimal(0),
        "profitable_count": sum(each > 0 for each in known),
        "loss_count": sum(each < 0 for each in known),
        "break_even_count": sum(each == 0 for each in known),
        "unknown_count": len(found) - len(known),
        "pending_count": len(pending),
        "pending_cost": sum(pending, Decimal(0)),
        "swaps": listed(ctx, GONE, Window(100)),
    }


def profits(ctx: Reader) -> list[Decimal | None]:
    """What each swap earned whose phone has left the shop again."""
    first, again = Swap.table, Swap.table.alias("again")
    unit, sale = Phone.table, Sale.table
    query = (
        sa.select(
            first.c.margin, first.c.refunded_amount, first.c.returned_at,
            sale.c.id, sale.c.margin, sale.c.refunded_amount, again.c.margin, again.c.refunded_amount,
        )
        .select_from(unit)
        .join(first, first.c.id == unit.c.acquired_via_swap_id)
        .outerjoin(sale, (sale.c.phone_id == unit.c.id) & sale.c.returned_at.is_(None))
        .outerjoin(again, (again.c.new_phone_id == unit.c.id) & again.c.returned_at.is_(None))
        .where(unit.c.org_id == ctx.org_id, unit.c.status.in_(GONE))
    )  # fmt: skip
    found: list[Decimal | None] = []
    for row in ctx.session.execute(query).all():
        margin, refunded, returned_at, sale_id, of_sale, back, of_swap, swap_back = tuple(row)
        begun = Decimal(0) if returned_at is not None else kept(margin, refunded)
        ended = kept(of_sale, back) if sale_id is not None else kept(of_swap, swap_back)
        found.append(None if begun is None or ended is None else begun + ended)
    return found
