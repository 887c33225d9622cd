"""Profit and loss: against asking prices as the contract counts it, and against costs."""

from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from tradehall.kernel.columns import LARGEST_ID
from tradehall.kernel.contracts import report
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Find, find
from tradehall.kernel.reports import Measure
from tradehall.trades.phoneshop import measures
from tradehall.trades.phoneshop.measures import REPAIR, SALE, SWAP
from tradehall.trades.phoneshop.models import Sale, Swap
from tradehall.trades.phoneshop.reports import all_of, average, for_managers
from tradehall.trades.phoneshop.resales import kept
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF

SHOWN = 100
"""How many transactions a page lists."""


class Page(BaseModel):
    """Which transactions: those before these, of swaps and of sales."""

    swaps_before: int = Field(LARGEST_ID, ge=1, le=LARGEST_ID)
    sales_before: int = Field(LARGEST_ID, ge=1, le=LARGEST_ID)


@report(by=STAFF)
def profit_loss(ctx: Reader, page: Page) -> dict[str, Any]:
    """Profit as the contract counts it, against asking prices, and margins against costs; the newest transactions.

    Totals are over all; `next` leads to older transactions. What came back, and a sale that is not paid in full, is in none
    of them; of what was refunded in part the profit and the margin are what is left. Margins are those of documents whose costs are known; the others
    are counted as `without_cost`.

    Source: spec R-02, R-03, R-14, R-17.
    """
    swaps = totals(ctx, measures.swaps_profit, measures.swaps_margin, SWAP)
    sales = totals(ctx, measures.sales_profit, measures.sales_margin, SALE)
    repairs = all_of(ctx, measures.repairs_margin, measures.refunded_margin, REPAIR).amount
    counts = (Sale.completed_at.is_not(None), Sale.returned_at.is_(None))
    of_swaps = newest(ctx, find(Swap, Swap.id < page.swaps_before, Swap.returned_at.is_(None)).by(Swap.id.desc()))
    of_sales = newest(ctx, find(Sale, Sale.id < page.sales_before, *counts).by(Sale.id.desc()))
    return {
        "swaps": swaps | {"transactions": [of_swap(each) for each in of_swaps], "next": rest(of_swaps)},
        "sales": sales | {"transactions": [of_sale(each) for each in of_sales], "next": rest(of_sales)},
        "repairs": {"margin": for_managers(ctx, repairs)},
        "combined_profit": for_managers(ctx, added(swaps["total_profit"], sales["total_profit"])),
        "combined_margin": for_managers(ctx, added(swaps["margin"], sales["margin"], repairs)),
    }


def totals(ctx: Reader, profit: Measure[Any], margin: Measure[Any], of: str) -> dict[str, Any]:
    """The sums over all documents of a kind, less what was refunded of them."""
    every = all_of(ctx, profit, measures.refunded_profit, of)
    earned = all_of(ctx, margin, measures.refunded_margin, of)
    return {
        "total_count": every.count,
        "total_profit": for_managers(ctx, every.amount),
        "average_profit": for_managers(ctx, average(every)),
        "margin": for_managers(ctx, earned.amount),
        "without_cost": every.count - earned.count,
    }


def of_swap(swap: Swap) -> dict[str, Any]:
    """A swap in the list."""
    return {
        "swap_id": swap.id,
        "given_phone_value": swap.given_phone_value,
        "balance_paid": swap.balance_paid,
        "total_received": swap.total_transaction_value,
        "phone_value": swap.new_phone_value,
        "estimated_profit": swap.estimated_profit - swap.refunded_amount,
        "margin": kept(swap.margin, swap.refunded_amount),
        "refunded_amount": swap.refunded_amount,
        "created_at": swap.created_at,
    }


def of_sale(sale: Sale) -> dict[str, Any]:
    """A sale in the list."""
    return {
        "sale_id": sale.id,
        "amount_paid": sale.amount_paid,
        "phone_value": sale.phone_value,
        "profit": sale.amount_paid - sale.phone_value - sale.refunded_amount,
        "margin": kept(sale.margin, sale.refunded_amount),
        "refunded_amount": sale.refunded_amount,
        "created_at": sale.created_at,
    }


def newest(ctx: Reader, query: Find[Any]) -> list[Any]:
    """The newest rows, for managers: all that is said of them is money."""
    return ctx.all(query.first(SHOWN)) if ctx.actor.may(MANAGERS) else []


def rest(found: list[Any]) -> int | None:
    """Where the next page begins, if there may be one."""
    return found[-1].id if len(found) == SHOWN else None


def added(*amounts: Decimal | None) -> Decimal:
    """The sum of what is known."""
    return sum((each for each in amounts if each is not None), Decimal("0.00"))
