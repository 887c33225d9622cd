"""The phone shop in figures, from kept totals: no report reads more than a few rows.

Money is shown to managers; everybody else sees null in its place.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field

from tradehall.kernel.contracts import report
from tradehall.kernel.money import rounded
from tradehall.kernel.preferences import Setting
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.kernel.reports import ROWS, Measure, Total
from tradehall.trades.phoneshop import measures
from tradehall.trades.phoneshop.measures import REPAIR, SALE, SWAP
from tradehall.trades.phoneshop.models import (
    HELD,
    Customer,
    PhoneStatus,
    Repair,
    RepairStatus,
    Sale,
    Swap,
)
from tradehall.trades.phoneshop.reach import own, sees_own
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF

LOW = 5
"""Fewer phones on offer are an alert."""
COMPLETED, BOOKED = "completed", "booked"
BASIS = Setting("revenue_basis", "A repair counts as revenue once it is", Literal["completed", "booked"], COMPLETED)
settings = (BASIS,)
RECENT_REPAIRS = find(Repair).by(Repair.created_at.desc(), Repair.id.desc()).first(5).standing()
OWN_RECENT_REPAIRS = own(RECENT_REPAIRS)


def summed(totals: dict[str, Total], *dimensions: str) -> Total:
    """The sum over some dimensions, or over all."""
    found = [totals[each] for each in dimensions or totals if each in totals]
    return found[0] if len(found) == 1 else sum(found, Total())


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
        "repair_status": {status.name.lower(): summed(booked, status).count for status in RepairStatus},
        "recent_repairs": [
            {
                "id": repair.id,
                "phone": repair.phone_description,
                "issue": repair.issue_description,
                "status": repair.status,
                "cost": for_managers(ctx, repair.cost),
                "created_at": repair.created_at,
            }
            for repair in ctx.all(OWN_RECENT_REPAIRS if sees_own(ctx) else RECENT_REPAIRS)
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
        "month": first.isoformat()[:7],
        "repairs": {"count": booked.count, "revenue": for_managers(ctx, repairs), "completed": earned.count},
        "sales": {"count": sales.count, "revenue": for_managers(ctx, sales.amount)},
        "swaps": {"count": swaps.count, "revenue": for_managers(ctx, swaps.amount)},
        "total_revenue": for_managers(ctx, repairs + sales.amount + swaps.amount),
    }
