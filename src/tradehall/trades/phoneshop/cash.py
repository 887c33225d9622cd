"""Cash and accrual side by side, with all that lies between the two (spec N9), and the tax that is owed (spec R-16)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tradehall.kernel.contracts import Contract, report
from tradehall.kernel.errors import field_error
from tradehall.kernel.figures import Span
from tradehall.kernel.reader import Reader
from tradehall.kernel.reports import DayOf, Measure, Part, measure
from tradehall.trades.phoneshop.measures import (
    REFUND,
    SALE,
    SWAP,
    refunded,
    repairs_earned,
    sales_made,
    swaps_made,
    tax_of_sales,
)
from tradehall.trades.phoneshop.models import Payment, Sale, Swap
from tradehall.trades.phoneshop.roles import MANAGERS

OF = ("sale", "swap", "repair", "purchase", "expense", "withdrawal", "movement")
TRADE = OF[:3]


@measure(Sale)
def cash_of_sales(sale: Sale, day_of: DayOf) -> Iterator[Part]:
    """What was paid with sales themselves, by method and day."""
    if sale.counter_amount:
        yield Part(sale.method, sale.counter_amount, day_of(sale.created_at))


@measure(Swap)
def cash_of_swaps(swap: Swap, day_of: DayOf) -> Iterator[Part]:
    """What was paid with swaps themselves, by method and day."""
    if swap.balance_paid:
        yield Part(swap.method, swap.balance_paid, day_of(swap.created_at))


@measure(Payment)
def cash_of_payments(payment: Payment, day_of: DayOf) -> Iterator[Part]:
    """All other money, by what it is of, `refund` where it goes back to a customer, and by method and day."""
    of = next((each for each in OF if payment.values[f"{each}_id"] is not None), "other")
    if payment.is_transfer:
        of = "transfer"
    elif of in TRADE and payment.amount < 0:
        of = "refund"
    yield Part(f"{of}.{payment.method}", payment.amount, day_of(payment.created_at))


@measure(Sale)
def deposits_held(sale: Sale, day_of: DayOf) -> Iterator[Part]:
    """What was paid with a sale that was not complete yet, and, below zero, what counted when it was, by day."""
    if sale.completed_at is not None and sale.counter_amount == sale.amount_paid:
        return
    if sale.counter_amount:
        yield Part("received", sale.counter_amount, day_of(sale.created_at))
    if sale.completed_at is not None:
        yield Part("earned", -sale.amount_paid, day_of(sale.completed_at))


@dataclass
class Figure:
    """One line: an amount, and the kept totals that sum to it, each with its sign."""

    amount: Decimal
    rows: list[dict[str, Any]]


class Books:
    """The kept totals of a span of days, each read once."""

    def __init__(self, ctx: Reader, first: date, end: date) -> None:
        self._ctx, self._first, self._end = ctx, first, end
        self._known: dict[str, dict[str, Decimal]] = {}

    def of(self, kept: Measure[Any]) -> dict[str, Decimal]:
        """A measure by its dimensions."""
        found = self._known.get(kept.name)
        if found is None:
            found = self._known[kept.name] = {}
            for _, dimension, total in self._ctx.days(kept, self._first, self._end):
                found[dimension] = found.get(dimension, Decimal(0)) + total.amount
        return found

    def figure(self, *parts: tuple[Measure[Any], str, int]) -> Figure:
        """The sum of some measures: of each the dimensions that begin so, and the sign with which it counts."""
        made = Figure(Decimal(0), [])
        for kept, begins, sign in parts:
            for dimension, amount in sorted(self.of(kept).items()):
                if dimension.startswith(begins):
                    made.amount += sign * amount
                    made.rows.append({"sign": sign, "path": self._path(kept, dimension)})
        return made

    def _path(self, kept: Measure[Any], dimension: str) -> str:
        return f"/api/totals/{kept.name}?dimension={dimension}&from={self._first}&to={self._end}"


def days_of(ctx: Reader, span: Span) -> tuple[date, date]:
    """The days that are asked for, as [first, end); raises Invalid."""
    first, end = span.days(ctx.today)
    if first > end:
        raise field_error(["query", "from"], "A span begins before it ends")
    return first, end


@report(by=MANAGERS)
def cash_and_accrual(ctx: Reader, span: Span) -> dict[str, Any]:
    """What was earned and what money came in, and the lines between the two.

    `from` and `to` are days, `to` excluded; the last thirty days, if not given. Revenue and the reconciliation sum to the cash.
    """
    first, end = days_of(ctx, span)
    books = Books(ctx, first, end)
    revenue, between, cash = earned(books), reconciliation(books), by_method(books)
    return {
        "from": first,
        "to": end,
        "accrual": {**shown(revenue), "total": total(revenue)},
        "reconciliation": {**shown(between), "total": total(between)},
        "cash": {"by_method": shown(cash), "total": total(cash)},
    }


def earned(books: Books) -> dict[str, Figure]:
    """Revenue by its source, and what of it went back."""
    return {
        "sales": books.figure((sales_made, "", 1)),
        "swaps": books.figure((swaps_made, "", 1)),
        "repairs": books.figure((repairs_earned, "", 1)),
        "refunds": books.figure((refunded, "", 1)),
    }


def reconciliation(books: Books) -> dict[str, Figure]:
    """What came in or went out and is no revenue of these days, or was earned and did not come in."""
    return {
        "deposits": books.figure((deposits_held, "", 1), (cash_of_payments, "sale.", 1)),
        "balances_due": books.figure((repairs_earned, "", -1), (cash_of_payments, "repair.", 1)),
        "refunds": books.figure((refunded, "", -1), (cash_of_payments, "refund.", 1)),
        "purchases": books.figure((cash_of_payments, "purchase.", 1)),
        "expenses": books.figure((cash_of_payments, "expense.", 1)),
        "withdrawals": books.figure((cash_of_payments, "withdrawal.", 1)),
        "movements": books.figure((cash_of_payments, "movement.", 1)),
        "other": books.figure(*((cash_of_payments, begins, 1) for begins in ("other.", "swap.", "transfer."))),
    }


def by_method(books: Books) -> dict[str, Figure]:
    """The money by how it came or went."""
    methods = {each for kept in (cash_of_sales, cash_of_swaps) for each in books.of(kept)}
    methods |= {each.partition(".")[2] for each in books.of(cash_of_payments)}
    return {
        method: books.figure(
            (cash_of_sales, method, 1),
            (cash_of_swaps, method, 1),
            *((cash_of_payments, each, 1) for each in books.of(cash_of_payments) if each.endswith(f".{method}")),
        )
        for method in sorted(methods)
    }


@report(by=MANAGERS)
def tax_due(ctx: Reader, span: Span) -> dict[str, Any]:
    """What tax is owed for a span of days: that of sales and swaps, less what went back with refunds.

    `from` and `to` are days, `to` excluded; the last thirty days, if not given. Source: spec R-16.
    """
    first, end = days_of(ctx, span)
    books = Books(ctx, first, end)
    lines = {
        "sales": books.figure((tax_of_sales, SALE, 1)),
        "swaps": books.figure((tax_of_sales, SWAP, 1)),
        "refunds": books.figure((tax_of_sales, REFUND, 1)),
    }
    return {"from": first, "to": end, **shown(lines), "total": total(lines)}


def shown(figures: dict[str, Figure]) -> dict[str, Any]:
    """Figures as they are answered."""
    return {name: {"amount": each.amount, "rows": each.rows} for name, each in figures.items()}


def total(figures: dict[str, Figure]) -> Decimal:
    """Their sum."""
    return sum((each.amount for each in figures.values()), Decimal(0))


paths = (
    Contract("GET", "/api/analytics/cash-and-accrual", cash_and_accrual),
    Contract("GET", "/api/analytics/tax", tax_due),
)
