"""The checkout: several phones in one go, with a phone given in part payment, paid in several ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel
from pydantic import Field as Limit

from tradehall.kernel.columns import ID, Refers, computed, json, money, optional, person, reference, text
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Refused, field_error
from tradehall.kernel.money import split
from tradehall.kernel.records import Record, unique
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import act
from tradehall.trades.phoneshop import tax
from tradehall.trades.phoneshop.devices import Decision
from tradehall.trades.phoneshop.models import Customer, Method, Phone, Sale, Swap, TaxMode
from tradehall.trades.phoneshop.payments import book
from tradehall.trades.phoneshop.roles import STAFF
from tradehall.trades.phoneshop.rules import Amount, Discount, Paid, PaymentReference, hand_over


class Checkout(Record, table="phoneshop_checkouts"):
    """What was bought and paid in one go. Each phone is a sale of its own, or a swap, with this number."""

    number = text(20)
    customer_id = optional(reference(Customer))
    total_amount = money(at_least=0)
    trade_in_amount = money(at_least=0)
    paid_amount = money(at_least=0)
    balance_due = computed(money(), lambda made: made.total_amount - made.trade_in_amount - made.paid_amount)
    tax_amount = money(at_least=0)
    sale_ids = json()
    swap_id = optional(reference(Swap))
    staff_id = optional(person())

    indexes = (("customer_id",), ("swap_id",))
    walls = (unique("number", says="This checkout number is used already"),)


class Line(BaseModel):
    """A phone that is bought; without a price it is the asking price."""

    phone_id: Annotated[int, ID]
    original_price: Amount | None = None
    discount_amount: Discount = Decimal(0)
    imei_decision: Decision | None = None


class Part(BaseModel):
    """What is paid in one way."""

    method: Paid = Method.CASH
    amount: Amount
    reference: PaymentReference | None = None


class NewCheckout(BaseModel):
    """What somebody buys, and how they pay; what is paid goes to one line after the other, and the rest stays due."""

    customer_id: Annotated[int, ID, Refers(Customer)] | None = None
    lines: Annotated[list[Line], Limit(min_length=1, max_length=50)]
    payments: Annotated[list[Part], Limit(max_length=20)] = []


@dataclass(frozen=True)
class Item:
    """A line with what it costs, the tax of that included."""

    phone: Phone
    due: Decimal
    discount: Decimal
    tax: Decimal
    decision: str | None = None


@act(Checkout, by=STAFF)
def check_out(ctx: Context, order: NewCheckout) -> Checkout:
    """Sell several phones in one go, all of them or none."""
    customer = ctx.get(Customer, order.customer_id) if order.customer_id is not None else None
    terms = tax.terms(ctx)
    items = priced(ctx, order.lines, terms)
    total, paid = (
        sum((item.due for item in items), Decimal(0)),
        sum((part.amount for part in order.payments), Decimal(0)),
    )
    if paid > total:
        raise Refused("overpaid", f"Only {total:.2f} is due")
    number = ctx.number("checkout", "CHK-")
    sales = [
        sold(ctx, item, parts, customer_id=order.customer_id, tax_mode=terms.mode, checkout=number)
        for item, parts in zip(items, shared(order.payments, [item.due for item in items]), strict=True)
    ]
    made = ctx.add(
        Checkout(
            number=number,
            customer_id=order.customer_id,
            total_amount=total,
            trade_in_amount=Decimal(0),
            paid_amount=paid,
            tax_amount=sum((item.tax for item in items), Decimal(0)),
            sale_ids=[sale.id for sale in sales],
            staff_id=ctx.actor.user_id or None,
        )
    )
    if customer is not None:
        told(ctx, made, customer, [item.phone for item in items])
    return made


def priced(ctx: Context, lines: Sequence[Line], terms: tax.Terms) -> list[Item]:
    """What each line costs. The standard tax is rounded once, for all of them together (P-02)."""
    phones = [ctx.get(Phone, line.phone_id) for line in lines]
    nets = [
        (line.original_price or phone.value) - line.discount_amount for line, phone in zip(lines, phones, strict=True)
    ]
    if (wrong := next((place for place, net in enumerate(nets) if net <= 0), None)) is not None:
        raise field_error(["body", "lines", wrong, "discount_amount"], "The discount is as much as the price, or more")
    added = terms.added(sum(nets, Decimal(0)))
    if terms.mode is TaxMode.STANDARD:
        taxes = split(added or terms.within(sum(nets, Decimal(0)), None), nets)
    else:
        taxes = [terms.within(net, phone.cost_price) for net, phone in zip(nets, phones, strict=True)]
    return [
        Item(phone, net + (part if added else 0), line.discount_amount, part, line.imei_decision)
        for line, phone, net, part in zip(lines, phones, nets, taxes, strict=True)
    ]


def shared(payments: Sequence[Part], dues: Sequence[Decimal]) -> list[list[Part]]:
    """What is paid of each line: one payment after the other fills one line after the other."""
    left = [(part, part.amount) for part in payments]
    found: list[list[Part]] = []
    for due in dues:
        mine: list[Part] = []
        while due > 0 and left:
            part, amount = left.pop(0)
            taken = min(amount, due)
            mine.append(part.model_copy(update={"amount": taken}))
            due -= taken
            if amount > taken:
                left.insert(0, (part, amount - taken))
        found.append(mine)
    return found


def sold(ctx: Context, item: Item, parts: Sequence[Part], **of: Any) -> Sale:
    """One line as a sale: its first payment is a part of it, further ones are payments of their own."""
    first = parts[0] if parts else Part.model_construct(method=Method.CASH, amount=Decimal(0), reference=None)
    sale = hand_over(
        ctx,
        item.phone,
        item.decision,
        original_price=item.due + item.discount,
        discount_amount=item.discount,
        amount_paid=sum((part.amount for part in parts), Decimal(0)),
        counter_amount=first.amount,
        method=first.method,
        method_reference=first.reference,
        tax_amount=item.tax,
        **of,
    )
    for part in parts[1:]:
        book(ctx, part.amount, part.method, part.reference, sale_id=sale.id)
    return sale


def told(ctx: Context, made: Checkout, customer: Customer, phones: Sequence[Phone]) -> None:
    """One receipt for all."""
    names = "\n".join(f"{phone.brand} {phone.model}" for phone in phones)
    for address in (customer.phone_number, customer.email):
        ctx.notify(
            address,
            "checkout_receipt",
            made,
            once=made.id,
            customer=customer.full_name,
            phones=names,
            items=len(phones),
        )


checkouts = Resource(Checkout, by=STAFF, create=check_out, filters=("customer_id",), errors={"not_for_sale": 400})

resources = (checkouts,)
