"""Customers, repairs, swaps, sales and the stock in figures, from kept totals."""

from typing import Any

from tradehall.kernel.contracts import report
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.kernel.reports import Measure, Total
from tradehall.trades.phoneshop import measures
from tradehall.trades.phoneshop.measures import REPAIR, SALE, SWAP
from tradehall.trades.phoneshop.models import HELD, Condition, Customer, PhoneStatus, RepairStatus, Sale, Swap
from tradehall.trades.phoneshop.reports import all_of, average, for_managers, percent, rows, summed
from tradehall.trades.phoneshop.roles import STAFF

RECENT_SALES = find(Sale).by(Sale.created_at.desc(), Sale.id.desc()).first(5).standing()
RECENT_SWAPS = find(Swap).by(Swap.created_at.desc(), Swap.id.desc()).first(5).standing()
DONE = (RepairStatus.COMPLETED, RepairStatus.DELIVERED)


@report(by=STAFF, quick=True)
def customer_insights(ctx: Reader) -> dict[str, Any]:
    """How many customers come for what, who comes again, and who spends most, on everything together.

    A sale that is not paid in full does not count yet, nor does a sale or a swap that came back (spec R-14, R-17).
    `retention_rate` is the share of customers with a repair, as the contract's sample counts it; `repeat_customer_rate` that
    of those who came more than once, for anything.
    """
    customers = rows(ctx, Customer)
    who = ctx.subjects(measures.spent_on_sales)
    visitors, with_repairs = who[""], who[REPAIR]
    leading = [
        (ctx.find(Customer, customer_id), total) for customer_id, total in ctx.leaders(measures.spent_on_sales, 5)
    ]
    return {
        "total_customers": customers,
        "customers_with_repairs": with_repairs.once,
        "customers_with_sales": who[SALE].once,
        "customers_with_swaps": who[SWAP].once,
        "repeat_repair_customers": with_repairs.again,
        "retention_rate": percent(with_repairs.once, customers),
        "repeat_customer_rate": percent(visitors.again, visitors.once),
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
    """What swaps brought, in phones and in cash; refunded ones do not count.

    Source: spec R-14.
    """
    made, received = all_of(ctx, measures.swaps_made, measures.refunded, SWAP), all_of(ctx, measures.swaps_received)
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
