"""Swaps: a phone given for a phone, both legs in one unit."""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, StringConstraints

from tradehall.kernel.columns import ID, Refers, clean
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing
from tradehall.kernel.errors import Refused
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import act, own
from tradehall.trades.phoneshop import chains, devices, guard, resales, tax
from tradehall.trades.phoneshop.devices import Decision
from tradehall.trades.phoneshop.guard import Brand, Model
from tradehall.trades.phoneshop.models import (
    Condition,
    Customer,
    MarginBasis,
    Method,
    Phone,
    PhoneStatus,
    Swap,
)
from tradehall.trades.phoneshop.refunds import (
    Giving,
    Less,
    Mistake,
    RefundWish,
    back_in_stock,
    give_back,
    mirrored,
    of_today,
    over,
    standing,
    stands,
)
from tradehall.trades.phoneshop.roles import CLERK, MANAGERS, STAFF, TECHNICIAN
from tradehall.trades.phoneshop.rules import Allowance, Discount, Paid, PaymentReference, imeis, let_go, take_in
from tradehall.trades.phoneshop.terms import language_of

UNKNOWN_BRAND = "Unknown"


class NewSwap(BaseModel):
    """A customer's phone and a balance in money, for a phone of the shop."""

    customer_id: Annotated[int, ID, Refers(Customer)]
    given_phone_description: Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(clean)]
    given_phone_value: Allowance
    new_phone_id: Annotated[int, ID, Refers(Phone)]
    balance_paid: Allowance = Decimal(0)
    discount_amount: Discount = Decimal(0)
    given_phone_imei: str | None = None
    given_phone_brand: Brand | None = None
    given_phone_model: Model | None = None
    given_phone_condition: Condition | None = None
    payment_method: Paid = Method.CASH
    payment_reference: PaymentReference | None = None
    imei_decision: Decision | None = None
    accept_loss: bool = False


@act(Swap, by=STAFF)
def swap(ctx: Context, order: NewSwap) -> Swap:
    """Take a phone and a balance for a phone of the shop.

    At least half of its price has to come in (spec R-05). The phone that is taken becomes stock, at the cost of what was
    allowed for it (spec R-04).
    """
    customer = ctx.get(Customer, order.customer_id)
    phone, price = guard.offered(ctx, order.new_phone_id, order.discount_amount)
    if order.given_phone_value + order.balance_paid < (least := guard.lowest(price)):
        raise Refused(
            "below_minimum", f"The phone given and the balance come to less than 50 % of the price: {least:.2f}"
        )
    devices.guard(ctx, phone, order.imei_decision)
    made = posted(ctx, order, phone)
    made.received_phone_id = received(ctx, order, ctx.reserve(made)).id
    ctx.add(made)
    phone.swapped_from_id = made.id
    phone.status = PhoneStatus.SWAPPED
    let_go(ctx, phone)
    title, language = f"{phone.brand} {phone.model}", language_of(ctx, customer)
    for address in (customer.phone_number, customer.email):
        ctx.notify(
            address, "swap_receipt", made, once=made.id, language=language, customer=customer.full_name, phone=title
        )
    return made


def posted(ctx: Context, order: NewSwap, phone: Phone) -> Swap:
    """The document, once the price guard has nothing against it."""
    allowance, balance = order.given_phone_value, order.balance_paid
    brought = guard.resales(ctx, order.given_phone_brand or UNKNOWN_BRAND, model_of(order), order.given_phone_condition)
    verdict = guard.judged(ctx, brought, allowance, balance, phone)
    terms = tax.terms(ctx)
    return Swap(
        customer_id=order.customer_id,
        given_phone_description=order.given_phone_description,
        given_phone_value=allowance,
        new_phone_id=phone.id,
        invoice_number=ctx.number("invoice", "INV-"),
        balance_paid=balance,
        method=order.payment_method,
        method_reference=order.payment_reference,
        discount_amount=order.discount_amount,
        new_phone_value=phone.value,
        cost=phone.cost_price,
        tax_mode=terms.mode,
        tax_amount=terms.within(allowance + balance, phone.cost_price),
        margin_basis=MarginBasis.UNKNOWN if phone.cost_price is None else MarginBasis.COST,
        expected_resale=verdict.expected,
        alert=verdict.alert,
        is_loss_expected=verdict.is_loss,
        loss_accepted_by=guard.signed(ctx, verdict, order.accept_loss, phone.value),
        staff_id=ctx.actor.user_id or None,
    )


def model_of(order: NewSwap) -> str:
    """What the phone that comes in is called; its description, where nobody said more."""
    return order.given_phone_model or order.given_phone_description[:100].strip()


def received(ctx: Context, order: NewSwap, swap_id: int) -> Phone:
    """The phone that comes in by a swap: RECEIVED until it is inspected, its value what was allowed until it is priced."""
    unit = Phone(
        brand=order.given_phone_brand or UNKNOWN_BRAND,
        model=model_of(order),
        condition=order.given_phone_condition or Condition.USED,
        value=order.given_phone_value,
        status=PhoneStatus.RECEIVED,
        cost_price=order.given_phone_value,
        acquired_via_swap_id=swap_id,
        **imeis(order.given_phone_imei, None),
    )
    devices.acquire(ctx, take_in(ctx, ctx.add(unit)), order.imei_decision)
    return unit


@act(Swap, by=MANAGERS, when=stands)
def refund(ctx: Context, made: Swap, wish: RefundWish) -> Swap:
    """Give money of a swap back: a part of the balance, or all, with the phones back where they came from.

    A phone of the customer's that is no longer RECEIVED stays in stock; its allowance is paid out (spec R-12).
    """
    left = standing(made, made.balance_paid)
    whole = left if (unit := returnable(ctx, made)) is not None else left + made.given_phone_value
    if wish.amount is None or wish.amount == whole:
        undo(ctx, made, unit, Giving.of(wish))
    elif wish.amount > left:
        raise over(left)
    else:
        give_back(ctx, made, wish.amount, Giving.of(wish), Less.of_part(made, wish.amount))
    return made


@act(Swap, by=(own(CLERK), own(TECHNICIAN), MANAGERS), when=stands)
def void(ctx: Context, made: Swap, mistake: Mistake) -> Swap:
    """Undo a swap that was a mistake, on its own day."""
    of_today(ctx, made)
    standing(made, made.balance_paid)
    if (unit := returnable(ctx, made)) is None:
        raise Refused("not_received", "The customer's phone was inspected already; refund the swap instead")
    undo(ctx, made, unit, mirrored(ctx, made, made.method, made.balance_paid, mistake))
    return made


def returnable(ctx: Context, made: Swap) -> Phone | None:
    """The customer's phone, where it can still be given back."""
    unit = ctx.get(Phone, made.received_phone_id) if made.received_phone_id is not None else None
    return unit if unit is not None and unit.status is PhoneStatus.RECEIVED else None


def undo(ctx: Context, made: Swap, unit: Phone | None, giving: Giving) -> None:
    """The phone that went out comes back, and the customer gets theirs, or its allowance, and the balance.

    What was spent on a phone that is given back is lost.
    """
    phone = ctx.get(Phone, made.new_phone_id)
    back_in_stock(ctx, phone)
    phone.swapped_from_id = None
    left = made.balance_paid - made.refunded_amount
    less = Less.of_all(made, left, made.estimated_profit)
    if unit is not None:
        unit.status = PhoneStatus.RETURNED
        let_go(ctx, unit)
        if less.margin is not None and unit.cost_price is not None:
            less = replace(less, margin=less.margin + unit.cost_price - made.given_phone_value)
    amount = left if unit is not None else left + made.given_phone_value
    give_back(ctx, made, amount, giving, less)
    made.returned_at = ctx.now


REFUSALS = {
    "not_for_swap": 400, "below_minimum": 400, "imei_invalid": 400, "imei_in_stock": 400, "already_resold": 400,
}  # fmt: skip

swaps = Resource(
    Swap,
    columns=(
        "id", "customer_id", "given_phone_description", "given_phone_value", "new_phone_id", "balance_paid", "created_at",
        "total_transaction_value", "discount_amount", "invoice_number", "new_phone_value", "received_phone_id",
        "refunded_amount", "estimated_profit", "margin", "margin_basis",
    ),
    detail=(
        "method", "method_reference", "tax_mode", "tax_amount", "checkout", "staff_id", "expected_resale", "alert",
        "loss_accepted_by", "returned_at", "is_loss_expected",
    ),
    only=dict.fromkeys(("margin", "tax_amount", "is_loss_expected"), MANAGERS),
    by=STAFF,
    create=swap,
    sort=("created_at", "balance_paid"),
    errors=REFUSALS,
)  # fmt: skip
resources = (swaps,)
paths = (
    Contract("GET", "/api/swaps/customer/{customer_id}", Listing(swaps, parent="customer_id")),
    Contract("GET", "/api/swaps/phone/{id}/chain", chains.chain),
    Contract("POST", "/api/swaps/quote", guard.quote, errors=REFUSALS),
    Contract("GET", "/api/swaps/pending-resales", resales.pending_resales),
    Contract("GET", "/api/swaps/sold-resales", resales.sold_resales),
    Contract("GET", "/api/swaps/profit-summary", resales.profit_summary),
    Contract("PUT", "/api/swaps/{id}/resale", resales.price, errors=REFUSALS),
    Contract("POST", "/api/swaps/{id}/refund", refund, errors=REFUSALS),
    Contract("POST", "/api/swaps/{id}/void", void, errors=REFUSALS),
)
