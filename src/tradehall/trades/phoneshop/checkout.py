"""The checkout: several phones in one go, with a phone given in part payment, paid in several ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, StringConstraints
from pydantic import Field as Limit

from tradehall.kernel.columns import ID, Refers, clean
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Refused, field_error
from tradehall.kernel.money import split
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import act
from tradehall.trades.phoneshop import swaps, tax
from tradehall.trades.phoneshop.devices import Decision
from tradehall.trades.phoneshop.guard import Brand, Model, offered
from tradehall.trades.phoneshop.models import Condition, Customer, Method, Phone, Sale, Swap, TaxMode
from tradehall.trades.phoneshop.payments import Checkout, book
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF
from tradehall.trades.phoneshop.rules import Allowance, Amount, Discount, Paid, PaymentReference, hand_over
from tradehall.trades.phoneshop.terms import language_of


class Line(BaseModel):
    """A phone that is bought; without a price it is the asking price."""

    phone_id: Annotated[int, ID]
    original_price: Amount | None = None
    discount_amount: Discount = Decimal(0)
    imei_decision: Decision | None = None


class Tender(BaseModel):
    """What is paid in one way."""

    method: Paid = Method.CASH
    amount: Amount
    reference: PaymentReference | None = None


class TradeIn(BaseModel):
    """A phone that is given in part payment of the first line, which is a swap then."""

    given_phone_description: Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(clean)]
    given_phone_value: Allowance
    given_phone_imei: str | None = None
    given_phone_brand: Brand | None = None
    given_phone_model: Model | None = None
    given_phone_condition: Condition | None = None
    accept_loss: bool = False


class NewCheckout(BaseModel):
    """What somebody buys, and how they pay; what is paid goes to one line after the other, and the rest stays due."""

    customer_id: Annotated[int, ID, Refers(Customer)] | None = None
    lines: Annotated[list[Line], Limit(min_length=1, max_length=50)]
    trade_in: TradeIn | None = None
    payments: Annotated[list[Tender], Limit(max_length=20)] = []


NOTHING = Tender.model_construct(method=Method.CASH, amount=Decimal(0), reference=None)


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
    """Sell several phones in one go, one of them for another phone and a balance, all of them or none."""
    customer = ctx.get(Customer, order.customer_id) if order.customer_id is not None else None
    terms = tax.terms(ctx)
    balances = [balance(ctx, order, order.trade_in)] if order.trade_in is not None else []
    items = priced(ctx, order.lines[len(balances) :], terms)
    dues = [*balances, *(item.due for item in items)]
    due, paid = sum(dues, Decimal(0)), sum((part.amount for part in order.payments), Decimal(0))
    if paid > due:
        raise Refused("overpaid", f"Only {due:.2f} is due")
    number, allowance = (
        ctx.number("checkout", "CHK-"),
        order.trade_in.given_phone_value if order.trade_in else Decimal(0),
    )
    parts = shared(order.payments, dues)
    of = {"customer_id": order.customer_id, "tax_mode": terms.mode, "checkout": number}
    swap = swapped(ctx, order, order.trade_in, balances[0], parts.pop(0)) if order.trade_in is not None else None
    if swap is not None:
        swap.checkout = number
    sales = [sold(ctx, item, mine, **of) for item, mine in zip(items, parts, strict=True)]
    made = ctx.add(
        Checkout(
            number=number,
            customer_id=order.customer_id,
            total_amount=due + allowance,
            trade_in_amount=allowance,
            paid_amount=paid,
            balance_due=due - paid,
            tax_amount=sum((sale.tax_amount for sale in sales), swap.tax_amount if swap is not None else Decimal(0)),
            sale_ids=[sale.id for sale in sales],
            swap_id=swap.id if swap is not None else None,
            staff_id=ctx.actor.user_id or None,
        )
    )
    if customer is not None:
        told(ctx, made, customer, [ctx.get(Phone, line.phone_id) for line in order.lines])
    return made


def balance(ctx: Context, order: NewCheckout, given: TradeIn) -> Decimal:
    """What is left to pay of the first phone once another one was given for it."""
    line = order.lines[0]
    if order.customer_id is None:
        raise field_error(["body", "customer_id"], "A phone is taken from a customer only", "missing")
    if line.original_price is not None:
        raise field_error(
            ["body", "lines", 0, "original_price"], "In a swap a phone has its asking price; give a discount"
        )
    _, price = offered(ctx, line.phone_id, line.discount_amount)
    if given.given_phone_value > price:
        raise Refused(
            "trade_in_above_price", f"The first phone costs {price:.2f}: no more is allowed for the one given"
        )
    return price - given.given_phone_value


def swapped(ctx: Context, order: NewCheckout, given: TradeIn, due: Decimal, parts: Sequence[Tender]) -> Swap:
    """The first line as a swap, its balance paid at once; what came by further methods is moved to them."""
    if sum((part.amount for part in parts), Decimal(0)) < due:
        raise Refused("swap_unpaid", f"The balance of a swap is paid at once: {due:.2f}")
    line, first = order.lines[0], parts[0] if parts else NOTHING
    wish = given.model_dump() | {"customer_id": order.customer_id, "new_phone_id": line.phone_id, "balance_paid": due}
    wish |= {"payment_method": first.method, "payment_reference": first.reference}
    wish |= {"discount_amount": line.discount_amount, "imei_decision": line.imei_decision}
    made: Swap = ctx.do(swaps.swap, swaps.NewSwap.model_validate(wish))
    for part in parts[1:]:
        book(ctx, -part.amount, first.method, first.reference, swap_id=made.id, is_transfer=True)
        book(ctx, part.amount, part.method, part.reference, swap_id=made.id, is_transfer=True)
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
    if not nets:
        return []
    if terms.mode is TaxMode.STANDARD:
        taxes = split(added or terms.within(sum(nets, Decimal(0)), None), nets)
    else:
        taxes = [terms.within(net, phone.cost_price) for net, phone in zip(nets, phones, strict=True)]
    return [
        Item(phone, net + (part if added else 0), line.discount_amount, part, line.imei_decision)
        for line, phone, net, part in zip(lines, phones, nets, taxes, strict=True)
    ]


def shared(payments: Sequence[Tender], dues: Sequence[Decimal]) -> list[list[Tender]]:
    """What is paid of each line: one payment after the other fills one line after the other."""
    left = [(part, part.amount) for part in payments]
    found: list[list[Tender]] = []
    for due in dues:
        mine: list[Tender] = []
        while due > 0 and left:
            part, amount = left.pop(0)
            taken = min(amount, due)
            mine.append(part.model_copy(update={"amount": taken}))
            due -= taken
            if amount > taken:
                left.insert(0, (part, amount - taken))
        found.append(mine)
    return found


def sold(ctx: Context, item: Item, parts: Sequence[Tender], **of: Any) -> Sale:
    """One line as a sale: its first payment is a part of it, further ones are payments of their own."""
    first = parts[0] if parts else NOTHING
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
            language=language_of(ctx, customer),
        )


checkouts = Resource(
    Checkout,
    by=STAFF,
    only={"tax_amount": MANAGERS},
    create=check_out,
    filters=("customer_id",),
    errors=swaps.REFUSALS | {"not_for_sale": 400},
)

resources = (checkouts,)
