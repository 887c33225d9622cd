"""What the phone shop counts: kept with every change, so that no report reads more than a few rows."""

from tradehall.kernel.reports import DayOf, Part, Parts, measure
from tradehall.trades.phoneshop.models import Phone, PhoneStatus, Refund, Repair, RepairStatus, Sale, Swap
from tradehall.trades.phoneshop.roles import MANAGERS

EARNED = (RepairStatus.COMPLETED, RepairStatus.DELIVERED)
SPENT, TAX = "spent", "tax"
SALE, SWAP, REPAIR, REFUND = "sale", "swap", "repair", "refund"


@measure(Sale, by=MANAGERS)
def sales_made(sale: Sale, day_of: DayOf) -> Parts:
    """What sales brought, by the condition of the phone and the day on which nothing was due any more.

    A deposit is not revenue. Source: spec R-17.
    """
    if sale.completed_at is not None:
        yield Part(sale.condition, sale.amount_paid, day_of(sale.completed_at))


@measure(Sale)
def sales_profit(sale: Sale, day_of: DayOf) -> Parts:
    """What sales brought above the asking prices of the phones, as the contract counts profit."""
    if sale.completed_at is not None:
        yield Part(amount=sale.amount_paid - sale.phone_value, day=day_of(sale.completed_at))


@measure(Sale)
def sales_margin(sale: Sale, day_of: DayOf) -> Parts:
    """What sales brought above the costs of the phones, where those are known.

    Source: spec R-02, R-03.
    """
    if sale.completed_at is not None and sale.margin is not None:
        yield Part(amount=sale.margin, day=day_of(sale.completed_at))


@measure(Sale, into=SPENT, kinds=(SALE, SWAP, REPAIR))
def spent_on_sales(sale: Sale, _: DayOf) -> Parts:
    """How often customers bought, and what they spent in all: a deposit is not revenue, and what came back does not count.

    What was given back is taken from what they spent by its refund. Source: spec R-14, R-17.
    """
    if sale.customer_id is not None and sale.completed_at is not None:
        yield Part(SALE, sale.amount_paid, count=1 if sale.returned_at is None else 0, subject=sale.customer_id)


@measure(Swap, by=MANAGERS)
def swaps_made(swap: Swap, day_of: DayOf) -> Parts:
    """The cash of swaps, by day.

    Source: spec R-14.
    """
    yield Part(amount=swap.balance_paid, day=day_of(swap.created_at))


@measure(Swap)
def swaps_received(swap: Swap, day_of: DayOf) -> Parts:
    """What was granted for the phones that customers gave, by day; a swap that was refunded does not count.

    Source: spec R-14.
    """
    if swap.returned_at is None:
        yield Part(amount=swap.given_phone_value, day=day_of(swap.created_at))


@measure(Swap)
def swaps_profit(swap: Swap, day_of: DayOf) -> Parts:
    """What swaps brought, phone and cash, above the asking prices of the phones that went out, as the contract counts."""
    yield Part(amount=swap.total_transaction_value - swap.new_phone_value, day=day_of(swap.created_at))


@measure(Swap)
def swaps_margin(swap: Swap, day_of: DayOf) -> Parts:
    """What swaps brought, phone and cash, above the costs of the phones that went out, where those are known.

    Source: spec R-03.
    """
    if swap.margin is not None:
        yield Part(amount=swap.margin, day=day_of(swap.created_at))


@measure(Swap, into=SPENT)
def spent_on_swaps(swap: Swap, _: DayOf) -> Parts:
    """How often customers swapped, and what they spent in all; what came back does not count.

    Source: spec R-14.
    """
    yield Part(SWAP, swap.balance_paid, count=1 if swap.returned_at is None else 0, subject=swap.customer_id)


@measure(Repair)
def repairs_booked(repair: Repair, day_of: DayOf) -> Parts:
    """What repairs cost, by their status and the day they were booked."""
    yield Part(repair.status, repair.cost, day_of(repair.created_at))


@measure(Repair, by=MANAGERS)
def repairs_earned(repair: Repair, day_of: DayOf) -> Parts:
    """What repairs earned, on the day they were completed.

    Source: spec R-14.
    """
    if repair.status in EARNED:
        yield Part(amount=repair.cost, day=day_of(repair.completed_at or repair.updated_at))


@measure(Repair)
def repairs_margin(repair: Repair, day_of: DayOf) -> Parts:
    """What repairs earned above parts and outside work, on the day they were completed.

    Source: spec R-20.
    """
    if repair.status in EARNED:
        yield Part(amount=repair.margin, day=day_of(repair.completed_at or repair.updated_at))


@measure(Repair, into=SPENT)
def spent_on_repairs(repair: Repair, _: DayOf) -> Parts:
    """How often customers brought a phone, and what they spent in all: a repair counts from when it is booked."""
    yield Part(REPAIR, repair.cost if repair.status in EARNED else 0, subject=repair.customer_id)


@measure(Refund)
def refunded(refund: Refund, day_of: DayOf) -> Parts:
    """What was given back, by what it was given back of, on its own day; a full refund takes its document out of the count.

    Source: spec R-12.
    """
    count = -1 if refund.is_full and refund.had_counted else 0
    yield Part(source(refund), -refund.revenue, day_of(refund.created_at), count=count)


@measure(Refund)
def refunded_by_condition(refund: Refund, _: DayOf) -> Parts:
    """What was given back of sales, by the condition of the phone."""
    if refund.condition is not None:
        yield Part(refund.condition, -refund.revenue, count=-1 if refund.is_full else 0)


@measure(Refund)
def refunded_profit(refund: Refund, day_of: DayOf) -> Parts:
    """What was given back of profit as the contract counts it, by what it was of, on its own day."""
    if refund.profit is not None:
        yield Part(source(refund), -refund.profit, day_of(refund.created_at), count=-1 if refund.is_full else 0)


@measure(Refund)
def refunded_margin(refund: Refund, day_of: DayOf) -> Parts:
    """What the shop earns less by refunds, by what they were of, on their own day.

    Source: spec R-12.
    """
    if refund.margin is not None:
        yield Part(source(refund), -refund.margin, day_of(refund.created_at), count=-1 if refund.is_full else 0)


@measure(Refund, into=SPENT)
def spent_less(refund: Refund, _: DayOf) -> Parts:
    """What customers got back of what they had spent."""
    if refund.customer_id is not None:
        yield Part(source(refund), -refund.revenue, count=0, subject=refund.customer_id)


def source(refund: Refund) -> str:
    """What a refund is of."""
    return SALE if refund.sale_id is not None else SWAP if refund.swap_id is not None else REPAIR


@measure(Sale, into=TAX)
def tax_of_sales(sale: Sale, day_of: DayOf) -> Parts:
    """The tax that is owed: of sales, on the day on which nothing was due any more.

    Source: spec R-16.
    """
    if sale.completed_at is not None and sale.tax_amount:
        yield Part(SALE, sale.tax_amount, day_of(sale.completed_at))


@measure(Swap, into=TAX)
def tax_of_swaps(swap: Swap, day_of: DayOf) -> Parts:
    """The tax that is owed: of swaps."""
    if swap.tax_amount:
        yield Part(SWAP, swap.tax_amount, day_of(swap.created_at))


@measure(Refund, into=TAX)
def tax_of_refunds(refund: Refund, day_of: DayOf) -> Parts:
    """The tax that is owed, less what goes back with refunds, on their own day.

    Source: spec R-12, R-16.
    """
    if refund.tax:
        yield Part(REFUND, -refund.tax, day_of(refund.created_at))


@measure(Phone)
def phones_by_status(phone: Phone, _: DayOf) -> Parts:
    """Phones and their asking prices, by status."""
    yield Part(phone.status, phone.value)


@measure(Phone)
def phones_at_cost(phone: Phone, _: DayOf) -> Parts:
    """What phones cost, by status, where it is known."""
    if phone.cost_price is not None:
        yield Part(phone.status, phone.cost_price)


@measure(Phone)
def brands_available(phone: Phone, _: DayOf) -> Parts:
    """The phones on offer and their asking prices, by brand."""
    if phone.status is PhoneStatus.AVAILABLE:
        yield Part(phone.brand, phone.value)


@measure(Phone)
def conditions_available(phone: Phone, _: DayOf) -> Parts:
    """The phones on offer and their asking prices, by condition."""
    if phone.status is PhoneStatus.AVAILABLE:
        yield Part(phone.condition, phone.value)
