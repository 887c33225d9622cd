"""What several papers say alike: who, which phone, what was paid and what is still due."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from tradehall.kernel.labels import people
from tradehall.kernel.papers import Writing
from tradehall.kernel.records import find
from tradehall.kernel.verbs import GUEST
from tradehall.trades.phoneshop.models import Customer, Payment, Phone, Repair, Sale, Swap, TaxMode

NOTHING = Decimal(0)


def who(writing: Writing, customer_id: int | None) -> list[tuple[str, str]]:
    """The customer with the number to call."""
    customer = writing.reader.find(Customer, customer_id) if customer_id is not None else None
    if customer is None:
        return []
    found = [(writing.pen.say("Customer"), customer.full_name)]
    return [*found, (writing.pen.say("Telephone"), customer.phone_number)] if customer.phone_number else found


def served(writing: Writing, user_id: int | None) -> list[tuple[str, str]]:
    """Who served; that is no business of whoever only holds a link."""
    if user_id is None or writing.reader.actor.role == GUEST.name:
        return []
    name = people(writing.reader, [user_id]).get(user_id)
    return [(writing.pen.say("Served by"), name)] if name else []


def called(writing: Writing, phone_id: int) -> str:
    """What a phone is called on paper: brand, model, condition, and its numbers."""
    phone = writing.reader.get(Phone, phone_id)
    numbers = [each for each in (phone.imei, phone.imei2) if each]
    name = f"{phone.brand} {phone.model}, {writing.pen.choice(phone.condition)}"
    return f"{name}, IMEI {' / '.join(numbers)}" if numbers else name


def at_counter(writing: Writing, document: Sale | Swap, amount: Decimal) -> Iterator[tuple[str, str]]:
    """What was paid with a document itself."""
    if amount:
        method, day = writing.pen.choice(document.method), writing.pen.day(writing.reader.day(document.created_at))
        yield f"{method}, {day}", writing.pen.money(amount)


def paid_later(writing: Writing, document: Sale | Repair) -> Iterator[tuple[str, str]]:
    """What was paid of a document afterwards, one by one."""
    column = Payment.sale_id if isinstance(document, Sale) else Payment.repair_id
    for each in writing.reader.all(find(Payment, column == document.id, Payment.amount > 0).by(Payment.id)):
        method, day = writing.pen.choice(each.method), writing.pen.day(writing.reader.day(each.created_at))
        yield f"{method}, {day}", writing.pen.money(each.amount)


def settled(
    writing: Writing, paid: Decimal, due: Decimal, refunded: Decimal, ways: Iterable[tuple[str, str]]
) -> Iterator[tuple[str, str]]:
    """What was paid, and in which ways; what went back; what is still due."""
    pen, each = writing.pen, list(ways)
    yield from each
    if len(each) != 1:
        yield pen.say("Paid"), pen.money(paid)
    if refunded:
        yield pen.say("Refunded"), pen.money(refunded)
    yield pen.say("Still due"), pen.money(due)


def taxed(writing: Writing, mode: str, tax: Decimal) -> list[tuple[str, str]]:
    """The tax that a price holds. Of the margin scheme it is told nobody: it gives the cost away (spec R-16)."""
    return [(writing.pen.say("of which tax"), writing.pen.money(tax))] if mode == TaxMode.STANDARD else []


def about_tax(writing: Writing, mode: str) -> list[str]:
    """What has to be said of the tax."""
    if mode == TaxMode.MARGIN:
        return [writing.pen.say("Taxed by the margin scheme for second-hand goods: no tax is shown apart.")]
    return []
