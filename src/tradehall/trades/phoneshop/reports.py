"""What the phone shop counts."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from tradehall.kernel.contracts import report
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.kernel.reports import ROWS, DayOf, Measure, Part, Total, measure
from tradehall.trades.phoneshop.models import HELD, Customer, Phone, PhoneStatus, Repair, RepairStatus, Sale, Swap
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF

LOW = 5
RECENT_REPAIRS = find(Repair).by(Repair.created_at.desc(), Repair.id.desc()).first(5).standing()
EARNED = (RepairStatus.COMPLETED, RepairStatus.DELIVERED)


@measure(Sale)
def sales_made(sale: Sale, day_of: DayOf) -> Iterator[Part]:
    """What sales brought, by the condition of the phone and the day on which nothing was due any more.

    A deposit is not revenue. Source: spec R-17.
    """
    if sale.completed_at is not None:
        yield Part(sale.condition, sale.amount_paid, day_of(sale.completed_at))


@measure(Swap)
def swaps_made(swap: Swap, day_of: DayOf) -> Iterator[Part]:
    """The cash of swaps, by day."""
    yield Part(amount=swap.balance_paid, day=day_of(swap.created_at))


@measure(Repair)
def repairs_booked(repair: Repair, day_of: DayOf) -> Iterator[Part]:
    """What repairs cost, by their status and the day they were booked."""
    yield Part(repair.status, repair.cost, day_of(repair.created_at))


@measure(Repair)
def repairs_earned(repair: Repair, day_of: DayOf) -> Iterator[Part]:
    """What repairs earned, on the day they were completed.

    Source: spec R-14.
    """
    if repair.status in EARNED:
        yield Part(amount=repair.cost, day=day_of(repair.completed_at or repair.updated_at))


@measure(Phone)
def phones_by_status(phone: Phone, _: DayOf) -> Iterator[Part]:
    """Phones and their asking prices, by status."""
    yield Part(phone.status, phone.value)


def summed(totals: dict[str, Total], *dimensions: str) -> Total:
    """The sum over some dimensions, or over all."""
    return sum((totals.get(each, Total()) for each in dimensions or totals), Total())


def revenue_between(ctx: Reader, first: date, end: date) -> Decimal:
    """The revenue of the local days in [first, end): sales, swaps and completed repairs.

    Source: spec R-15.
    """
    counted: tuple[Measure[Any], ...] = (sales_made, swaps_made, repairs_earned)
    return sum((total.amount for each in counted for _, _, total in ctx.days(each, first, end)), Decimal(0))


def month_of(day: date) -> tuple[date, date]:
    """The calendar month of a day, as [first, end)."""
    first = day.replace(day=1)
    return first, (
        first.replace(year=first.year + 1, month=1) if first.month == 12 else first.replace(month=first.month + 1)
    )


def for_managers(ctx: Reader, amount: Decimal) -> Decimal | None:
    """An amount, or null for somebody who may not see it."""
    return amount if ctx.actor.may(MANAGERS) else None


@report(by=STAFF, quick=True)
def overview(ctx: Reader) -> dict[str, Any]:
    """The business in figures: what there is, what came in, how the repairs stand."""
    rows = ctx.totals(ROWS)
    phones, booked = ctx.totals(phones_by_status), ctx.totals(repairs_booked)
    sales, swaps, earned = (summed(ctx.totals(each)).amount for each in (sales_made, swaps_made, repairs_earned))
    return {
        "totals": {
            "customers": rows.get(Customer.table.name, Total()).count,
            "repairs": rows.get(Repair.table.name, Total()).count,
            "sales": rows.get(Sale.table.name, Total()).count,
            "swaps": rows.get(Swap.table.name, Total()).count,
            "phones_in_inventory": summed(phones, *HELD).count,
            "available_phones": summed(phones, PhoneStatus.AVAILABLE).count,
        },
        "revenue": {
            "total": for_managers(ctx, sales + swaps + earned),
            "from_repairs": for_managers(ctx, earned),
            "from_sales": for_managers(ctx, sales),
            "from_swaps": for_managers(ctx, swaps),
            "repairs_booked": for_managers(ctx, summed(booked).amount),
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
    rows = ctx.totals(ROWS)
    available = summed(ctx.totals(phones_by_status), PhoneStatus.AVAILABLE).count
    pending = summed(ctx.totals(repairs_booked), RepairStatus.PENDING).count
    return {
        "quick_stats": {
            "total_customers": rows.get(Customer.table.name, Total()).count,
            "total_repairs": rows.get(Repair.table.name, Total()).count,
            "pending_repairs": pending,
            "available_phones": available,
            "monthly_revenue": for_managers(ctx, revenue_between(ctx, *month_of(ctx.today))),
        },
        "alerts": {"low_inventory": available < LOW, "pending_repairs_count": pending},
    }
