"""The phone shop in figures, from kept totals: no report reads more than a few rows.

Money is shown to managers; everybody else sees null in its place.
"""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field

from tradehall.kernel.columns import LARGEST_ID
from tradehall.kernel.contracts import report
from tradehall.kernel.money import rounded
from tradehall.kernel.preferences import Setting
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Find, find
from tradehall.kernel.reports import ROWS, Measure, Total
from tradehall.trades.phoneshop import measures
from tradehall.trades.phoneshop.measures import REPAIR, SALE, SWAP
from tradehall.trades.phoneshop.models import (
    HELD,
    Condition,
    Customer,
    PhoneStatus,
    Repair,
    RepairStatus,
    Sale,
    Swap,
)
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF

LOW = 5
"""Fewer phones on offer are an alert."""
SHOWN = 100
"""How many transactions a page of profit and loss lists."""
COMPLETED, BOOKED = "completed", "booked"
BASIS = Setting("revenue_basis", "A repair counts as revenue once it is", Literal["completed", "booked"], COMPLETED)
settings = (BASIS,)
RECENT_REPAIRS = find(Repair).by(Repair.created_at.desc(), Repair.id.desc()).first(5).standing()
RECENT_SALES = find(Sale).by(Sale.created_at.desc(), Sale.id.desc()).first(5).standing()
RECENT_SWAPS = find(Swap).by(Swap.created_at.desc(), Swap.id.desc()).first(5).standing()
DONE = (RepairStatus.COMPLETED, RepairStatus.DELIVERED)


def summed(totals: dict[str, Total], *dimensions: str) -> Total:
    """The sum over some dimensions, or over all."""
    return sum((totals.get(each, Total()) for each in dimensions or totals), Total())


def all_of(ctx: Reader, counted: Measure[Any], less: Measure[Any] | None = None, of: str = "") -> Total:
    """A measure over all time, less what was given back of such documents."""
    back = ctx.totals(less).get(of, Total()) if less is not None else Total()
    return summed(ctx.totals(counted)) + back


def by_day(
    ctx: Reader, first: date, end: date, counted: Measure[Any], less: Measure[Any] | None = None, of: str = ""
) -> dict[date, Total]:
    """A measure on each local day of [first, end) that has any, less what was given back on that day.

    Source: spec R-12, R-15.
    """
    found: dict[date, Total] = {}
    for day, _, total in ctx.days(counted, first, end):
        found[day] = found.get(day, Total()) + total
    for day, source, total in ctx.days(less, first, end) if less is not None else ():
        if source == of:
            found[day] = found.get(day, Total()) + total
    return found


def sales_by_day(ctx: Reader, first: date, end: date) -> dict[date, Total]:
    """Sales, less refunds."""
    return by_day(ctx, first, end, measures.sales_made, measures.refunded, SALE)


def swaps_by_day(ctx: Reader, first: date, end: date) -> dict[date, Total]:
    """Swaps, less refunds."""
    return by_day(ctx, first, end, measures.swaps_made, measures.refunded, SWAP)


def repairs_by_day(ctx: Reader, first: date, end: date, basis: str | None = None) -> dict[date, Total]:
    """Repairs that earned, or were booked, less refunds.

    Source: spec R-14.
    """
    counted = measures.repairs_booked if (basis or ctx.preferences[BASIS.name]) == BOOKED else measures.repairs_earned
    return by_day(ctx, first, end, counted, measures.refunded, REPAIR)


def over(days: dict[date, Total]) -> Total:
    """The sum over all days."""
    return sum(days.values(), Total())


def revenue_between(ctx: Reader, first: date, end: date) -> Decimal:
    """The revenue of the local days in [first, end): sales, swaps and repairs, less refunds.

    Source: spec R-15.
    """
    return sum(
        (over(each(ctx, first, end)).amount for each in (sales_by_day, swaps_by_day, repairs_by_day)), Decimal("0.00")
    )


def month_of(day: date) -> tuple[date, date]:
    """The calendar month of a day, as [first, end)."""
    first = day.replace(day=1)
    return first, (
        first.replace(year=first.year + 1, month=1) if first.month == 12 else first.replace(month=first.month + 1)
    )


def for_managers(ctx: Reader, amount: Decimal | None) -> Decimal | None:
    """An amount, or null for somebody who may not see it."""
    return amount if ctx.actor.may(MANAGERS) else None


def average(total: Total) -> Decimal:
    """The mean amount, rounded half up; 0.00 of nothing."""
    return rounded(total.amount / total.count) if total.count else Decimal("0.00")


def percent(part: int, whole: int) -> str:
    """A share as the contract writes it: "50.0%"; "0.0%" of nothing."""
    return f"{rounded(Decimal(100 * part) / whole, 1) if whole else Decimal('0.0')}%"


def rows(ctx: Reader, record: Any) -> int:
    """How many rows of a record there are."""
    return ctx.totals(ROWS).get(record.table.name, Total()).count


@report(by=STAFF, quick=True)
def overview(ctx: Reader) -> dict[str, Any]:
    """The business in figures: what there is, what came in, how the repairs stand."""
    phones, booked = ctx.totals(measures.phones_by_status), ctx.totals(measures.repairs_booked)
    sales = all_of(ctx, measures.sales_made, measures.refunded, SALE).amount
    swaps = all_of(ctx, measures.swaps_made, measures.refunded, SWAP).amount
    earned = all_of(ctx, measures.repairs_earned, measures.refunded, REPAIR).amount
    pipeline = all_of(ctx, measures.repairs_booked, measures.refunded, REPAIR).amount
    repairs = pipeline if ctx.preferences[BASIS.name] == BOOKED else earned
    return {
        "totals": {
            "customers": rows(ctx, Customer),
            "repairs": rows(ctx, Repair),
            "sales": rows(ctx, Sale),
            "swaps": rows(ctx, Swap),
            "phones_in_inventory": summed(phones, *HELD).count,
            "available_phones": summed(phones, PhoneStatus.AVAILABLE).count,
        },
        "revenue": {
            "total": for_managers(ctx, sales + swaps + repairs),
            "from_repairs": for_managers(ctx, repairs),
            "from_sales": for_managers(ctx, sales),
            "from_swaps": for_managers(ctx, swaps),
            "repairs_completed": for_managers(ctx, earned),
            "repairs_booked": for_managers(ctx, pipeline),
        },
        "repair_status": {
            "pending": summed(booked, RepairStatus.PENDING).count,
            "in_progress": summed(booked, RepairStatus.IN_PROGRESS).count,
            "completed": summed(booked, RepairStatus.COMPLETED).count,
            "delivered": summed(booked, RepairStatus.DELIVERED).count,
        },
        "recent_repairs": [
            {
                "id": repair.id,
                "phone": repair.phone_description,
                "issue": repair.issue_description,
                "status": repair.status,
                "cost": for_managers(ctx, repair.cost),
                "created_at": repair.created_at,
            }
            for repair in ctx.all(RECENT_REPAIRS)
        ],
    }


@report(by=STAFF, quick=True)
def dashboard_summary(ctx: Reader) -> dict[str, Any]:
    """The day at a glance, and what needs attention."""
    available = summed(ctx.totals(measures.phones_by_status), PhoneStatus.AVAILABLE).count
    pending = summed(ctx.totals(measures.repairs_booked), RepairStatus.PENDING).count
    return {
        "quick_stats": {
            "total_customers": rows(ctx, Customer),
            "total_repairs": rows(ctx, Repair),
            "pending_repairs": pending,
            "available_phones": available,
            "monthly_revenue": for_managers(ctx, revenue_between(ctx, *month_of(ctx.today))),
        },
        "alerts": {"low_inventory": available < LOW, "pending_repairs_count": pending},
    }


@report(by=STAFF, quick=True)
def weekly_stats(ctx: Reader) -> dict[str, Any]:
    """The last seven local days of repairs, sales and swaps, oldest first, days without anything included.

    Source: spec R-15.
    """
    end = ctx.today + timedelta(days=1)
    first = end - timedelta(days=7)
    days = [first + timedelta(days=number) for number in range(7)]

    def series(found: dict[date, Total], counts: dict[date, Total]) -> list[dict[str, Any]]:
        return [
            {
                "date": day,
                "count": counts.get(day, Total()).count,
                "revenue": for_managers(ctx, found.get(day, Total()).amount),
            }
            for day in days
        ]

    booked = by_day(ctx, first, end, measures.repairs_booked)
    sales, swaps = sales_by_day(ctx, first, end), swaps_by_day(ctx, first, end)
    return {
        "last_7_days": {
            "repairs": series(repairs_by_day(ctx, first, end), booked),
            "sales": series(sales, sales),
            "swaps": series(swaps, swaps),
        }
    }


class Month(BaseModel):
    """A calendar month; the present one, if not given."""

    year: int | None = Field(None, ge=1, le=9998)
    month: int | None = Field(None, ge=1, le=12)


@report(by=STAFF, quick=True)
def monthly_stats(ctx: Reader, asked: Month) -> dict[str, Any]:
    """A month of repairs, sales and swaps."""
    day = ctx.today.replace(day=1)
    first, end = month_of(day.replace(year=asked.year or day.year, month=asked.month or day.month))
    sales, swaps = over(sales_by_day(ctx, first, end)), over(swaps_by_day(ctx, first, end))
    booked = over(by_day(ctx, first, end, measures.repairs_booked))
    earned = over(by_day(ctx, first, end, measures.repairs_earned))
    repairs = over(repairs_by_day(ctx, first, end)).amount
    return {
        "month": f"{first:%Y-%m}",
        "repairs": {"count": booked.count, "revenue": for_managers(ctx, repairs), "completed": earned.count},
        "sales": {"count": sales.count, "revenue": for_managers(ctx, sales.amount)},
        "swaps": {"count": swaps.count, "revenue": for_managers(ctx, swaps.amount)},
        "total_revenue": for_managers(ctx, repairs + sales.amount + swaps.amount),
    }


@report(by=STAFF, quick=True)
def customer_insights(ctx: Reader) -> dict[str, Any]:
    """How many customers come for what, who comes again, and who spends most, on everything together.

    `retention_rate` is the share of customers with a repair, as the contract's sample counts it; `repeat_customer_rate` that
    of those who came more than once, for anything.
    """
    customers = rows(ctx, Customer)
    with_repairs, again = ctx.subjects(measures.repairs_booked)
    visitors, repeated = ctx.subjects(measures.spent_on_sales)
    leading = [
        (ctx.find(Customer, customer_id), total) for customer_id, total in ctx.leaders(measures.spent_on_sales, 5)
    ]
    return {
        "total_customers": customers,
        "customers_with_repairs": with_repairs,
        "customers_with_sales": ctx.subjects(measures.sales_made)[0],
        "customers_with_swaps": ctx.subjects(measures.swaps_made)[0],
        "repeat_repair_customers": again,
        "retention_rate": percent(with_repairs, customers),
        "repeat_customer_rate": percent(repeated, visitors),
        "top_customers": [
            {
                "id": customer.id,
                "name": customer.full_name,
                "phone": customer.phone_number,
                "total_spent": for_managers(ctx, total.amount),
            }
            for customer, total in leading
            if customer is not None
        ],
    }


@report(by=STAFF, quick=True)
def repair_statistics(ctx: Reader) -> dict[str, Any]:
    """Repairs by their status, and how many are done."""
    booked = ctx.totals(measures.repairs_booked)
    every, done = summed(booked), summed(booked, *DONE)
    return {
        "total_repairs": every.count,
        "average_cost": for_managers(ctx, average(every)),
        "status_breakdown": [
            {
                "status": status,
                "count": booked[status].count,
                "avg_cost": for_managers(ctx, average(booked[status])),
                "total_revenue": for_managers(ctx, booked[status].amount),
            }
            for status in RepairStatus
            if booked.get(status, Total()).count
        ],
        "completion_rate": percent(done.count, every.count),
    }


@report(by=STAFF, quick=True)
def swap_analytics(ctx: Reader) -> dict[str, Any]:
    """What swaps brought, in phones and in cash."""
    made, received = all_of(ctx, measures.swaps_made), all_of(ctx, measures.swaps_received)
    return {
        "total_swaps": made.count,
        "total_value_received": for_managers(ctx, received.amount),
        "total_balance_paid": for_managers(ctx, made.amount),
        "total_transaction_value": for_managers(ctx, made.amount + received.amount),
        "average_balance": for_managers(ctx, average(made)),
        "recent_swaps": [
            {
                "id": swap.id,
                "customer_id": swap.customer_id,
                "given_phone_description": swap.given_phone_description,
                "given_phone_value": for_managers(ctx, swap.given_phone_value),
                "new_phone_id": swap.new_phone_id,
                "balance_paid": for_managers(ctx, swap.balance_paid),
                "created_at": swap.created_at,
            }
            for swap in ctx.all(RECENT_SWAPS)
        ],
    }


@report(by=STAFF, quick=True)
def sales_analytics(ctx: Reader) -> dict[str, Any]:
    """What sales brought, and of phones in which condition; refunded ones do not count."""
    made, by_condition = all_of(ctx, measures.sales_made, measures.refunded, SALE), ctx.totals(measures.sales_made)
    back = ctx.totals(measures.refunded_by_condition)
    kept = {each: by_condition.get(each, Total()) + back.get(each, Total()) for each in Condition}
    return {
        "total_sales": made.count,
        "total_revenue": for_managers(ctx, made.amount),
        "average_sale_value": for_managers(ctx, average(made)),
        "by_condition": [
            {"condition": condition, "count": total.count, "revenue": for_managers(ctx, total.amount)}
            for condition, total in kept.items()
            if total.count or total.amount
        ],
        "recent_sales": [
            {
                "id": sale.id,
                "customer_id": sale.customer_id,
                "phone_id": sale.phone_id,
                "amount_paid": for_managers(ctx, sale.amount_paid),
                "created_at": sale.created_at,
            }
            for sale in ctx.all(RECENT_SALES)
        ],
    }


@report(by=STAFF, quick=True)
def inventory_report(ctx: Reader) -> dict[str, Any]:
    """The phones: how many, which are on offer, and for how much."""
    phones, costs = ctx.totals(measures.phones_by_status), ctx.totals(measures.phones_at_cost)
    offered = summed(phones, PhoneStatus.AVAILABLE)

    def groups(counted: Measure[Any], name: str) -> list[dict[str, Any]]:
        found = sorted(ctx.totals(counted).items())
        return [
            {name: each, "count": total.count, "avg_value": for_managers(ctx, average(total))}
            for each, total in found
            if total.count
        ]

    return {
        "total_phones": summed(phones).count,
        "available": offered.count,
        "sold": summed(phones, PhoneStatus.SOLD, PhoneStatus.SWAPPED).count,
        "total_inventory_value": for_managers(ctx, offered.amount),
        "total_inventory_cost": for_managers(ctx, summed(costs, *HELD).amount),
        "by_brand": groups(measures.brands_available, "brand"),
        "by_condition": groups(measures.conditions_available, "condition"),
    }


class Page(BaseModel):
    """Which transactions: those before these, of swaps and of sales."""

    swaps_before: int = Field(LARGEST_ID, ge=1, le=LARGEST_ID)
    sales_before: int = Field(LARGEST_ID, ge=1, le=LARGEST_ID)


@report(by=STAFF)
def profit_loss(ctx: Reader, page: Page) -> dict[str, Any]:
    """Profit as the contract counts it, against asking prices, and margins against costs; the newest transactions.

    Totals are over all; `next` leads to older transactions. Margins are those of documents whose costs are known; the others
    are counted as `without_cost`.

    Source: spec R-02, R-03.
    """

    def part(
        profit: Measure[Any], margin: Measure[Any], of: str, query: Find[Any], shown: Callable[[Any], dict[str, Any]]
    ) -> dict[str, Any]:
        every = all_of(ctx, profit, measures.refunded_profit, of)
        earned = all_of(ctx, margin, measures.refunded_margin, of)
        found = ctx.all(query.first(SHOWN)) if ctx.actor.may(MANAGERS) else []
        return {
            "total_count": every.count,
            "total_profit": for_managers(ctx, every.amount),
            "average_profit": for_managers(ctx, average(every)),
            "margin": for_managers(ctx, earned.amount),
            "without_cost": every.count - earned.count,
            "transactions": [shown(each) for each in found],
            "next": found[-1].id if len(found) == SHOWN else None,
        }

    swaps = part(
        measures.swaps_profit,
        measures.swaps_margin,
        SWAP,
        newest(Swap, page.swaps_before),
        lambda swap: {
            "swap_id": swap.id,
            "given_phone_value": swap.given_phone_value,
            "balance_paid": swap.balance_paid,
            "total_received": swap.total_transaction_value,
            "phone_value": swap.new_phone_value,
            "estimated_profit": swap.total_transaction_value - swap.new_phone_value,
            "margin": swap.margin,
            "refunded_amount": swap.refunded_amount,
            "created_at": swap.created_at,
        },
    )
    sales = part(
        measures.sales_profit,
        measures.sales_margin,
        SALE,
        newest(Sale, page.sales_before),
        lambda sale: {
            "sale_id": sale.id,
            "amount_paid": sale.amount_paid,
            "phone_value": sale.phone_value,
            "profit": sale.amount_paid - sale.phone_value,
            "margin": sale.margin,
            "refunded_amount": sale.refunded_amount,
            "created_at": sale.created_at,
        },
    )
    repairs = all_of(ctx, measures.repairs_margin, measures.refunded_margin, REPAIR).amount
    return {
        "swaps": swaps,
        "sales": sales,
        "repairs": {"margin": for_managers(ctx, repairs)},
        "combined_profit": for_managers(ctx, added(swaps["total_profit"], sales["total_profit"])),
        "combined_margin": for_managers(ctx, added(swaps["margin"], sales["margin"], repairs)),
    }


def newest(record: Any, before: int) -> Find[Any]:
    """Rows with smaller ids, the largest first."""
    return find(record, record.id < before).by(record.id.desc())


def added(*amounts: Decimal | None) -> Decimal:
    """The sum of what is known."""
    return sum((each for each in amounts if each is not None), Decimal("0.00"))
