"""Phones bought from people who walk in: who sold them, what was paid out, and the unit that becomes stock."""

from enum import StrEnum
from typing import Annotated

import sqlalchemy as sa

from tradehall.kernel.columns import ID, Refers, choice, moment, money, optional, person, personal, reference, text
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Refused
from tradehall.kernel.forms import Form
from tradehall.kernel.persons import Subject, belongs
from tradehall.kernel.phones import e164
from tradehall.kernel.records import Record, unique
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import act, own
from tradehall.trades.phoneshop.devices import Decision, acquire
from tradehall.trades.phoneshop.inspection import spent
from tradehall.trades.phoneshop.models import Customer, Method, Phone, PhoneStatus
from tradehall.trades.phoneshop.payments import book
from tradehall.trades.phoneshop.refunds import Mistake, of_today, stands
from tradehall.trades.phoneshop.roles import CLERK, MANAGERS, STAFF, TECHNICIAN
from tradehall.trades.phoneshop.rules import Amount, Paid, PaymentReference, PhoneForm, imeis, let_go, take_in

UNIT = ("brand", "model", "condition", "imei", "imei2", "category_id", "brand_id", "specs")
SELLER = ("seller_name", "seller_phone", "seller_address", "id_kind", "id_number")


class IdKind(StrEnum):
    """What shows who a seller is."""

    GHANA_CARD = "ghana_card"
    PASSPORT = "passport"
    DRIVING_LICENCE = "driving_licence"
    VOTER_ID = "voter_id"
    OTHER = "other"


class Purchase(Record, table="phoneshop_purchases"):
    """A phone bought from somebody, who showed who they are.

    Source: spec A3, N10.
    """

    purchase_number = text(20)
    phone_id = reference(Phone)
    customer_id = optional(reference(Customer))
    seller_name = personal(text(100, shortest=1), "name")
    seller_phone = personal(optional(text(20)))
    seller_e164 = personal(optional(text(16)), "phone")
    seller_address = personal(optional(text(200)))
    id_kind = choice(IdKind)
    id_number = personal(text(60, shortest=1))
    amount = money(above=0)
    method = choice(Method, default=Method.CASH)
    method_reference = optional(text(100))
    note = optional(text(200))
    staff_id = optional(person())
    returned_at = optional(moment())
    """When it was undone: the seller has the phone again, and the shop its money."""
    returned_because = optional(text(200))

    searched = ("seller_name", "seller_phone", "seller_e164", "purchase_number")
    indexes = (("phone_id",), ("customer_id",))
    walls = (unique("purchase_number", says="This purchase number is used already"),)


class NewPurchase(Form, of=Purchase, fields=(*SELLER, "amount", "note")):
    """A phone that somebody sells: the unit, who they are, and what they get for it.

    `value` is the asking price; until it is priced that is what was paid. A seller may be a customer already.
    """

    customer_id: Annotated[int, ID, Refers(Customer)] | None = None
    value: Amount | None = None
    method: Paid = Method.CASH
    reference: PaymentReference | None = None
    imei_decision: Decision | None = None


NewPurchase.__pydantic_fields__ |= {name: PhoneForm.model_fields[name] for name in UNIT}
NewPurchase.model_rebuild(force=True)


@act(Purchase, by=STAFF)
def buy(ctx: Context, order: NewPurchase) -> Purchase:
    """Buy a phone from somebody who walks in.

    The unit becomes stock that is not for sale yet, and what was paid is its cost (spec R-02).
    """
    if order.customer_id is not None:
        ctx.get(Customer, order.customer_id)
    unit = order.model_dump(include={*UNIT}) | imeis(order.imei, order.imei2)
    value = order.amount if order.value is None else order.value
    phone = ctx.add(Phone(**unit, value=value, cost_price=order.amount, status=PhoneStatus.RECEIVED))
    take_in(ctx, phone)
    acquire(ctx, phone, order.imei_decision)
    made = ctx.add(
        Purchase(
            **order.model_dump(include={*SELLER, "amount", "note", "method", "customer_id"}),
            purchase_number=ctx.number("purchase", "PUR-"),
            phone_id=phone.id,
            seller_e164=e164(order.seller_phone, ctx.preferences["region"]) if order.seller_phone else None,
            method_reference=order.reference,
            staff_id=ctx.actor.user_id or None,
        )
    )
    book(ctx, -made.amount, made.method, order.reference, purchase_id=made.id)
    return made


@act(Purchase, by=(own(CLERK), own(TECHNICIAN), MANAGERS), when=stands)
def void(ctx: Context, made: Purchase, mistake: Mistake) -> Purchase:
    """Undo a purchase that was a mistake, on its own day: the seller has the phone again, and the money comes back.

    Once somebody has inspected the phone, or spent anything on it, it stays.
    """
    if made.returned_at is not None:
        raise Refused("returned", "Purchase is undone already")
    of_today(ctx, made)
    phone = ctx.get(Phone, made.phone_id)
    if phone.status is not PhoneStatus.RECEIVED:
        raise Refused(
            "not_received", f"Phone is {phone.status}: only one that is RECEIVED still goes back to its seller"
        )
    if spent(ctx, phone):
        raise Refused("money_spent", "Money was spent on this phone already: it can't go back to its seller")
    phone.status = PhoneStatus.RETURNED
    let_go(ctx, phone)
    book(ctx, made.amount, made.method, made.method_reference, purchase_id=made.id, note=mistake.reason)
    made.returned_at, made.returned_because = ctx.now, mistake.reason
    return made


def _of_customer(subject: Subject) -> sa.ColumnElement[bool]:
    """Whoever sold a phone and is a customer already is one person."""
    return Purchase.customer_id.in_(subject.rows.get(Customer.table.name, ()))


belongs(Purchase, _of_customer)

purchases = Resource(
    Purchase,
    by=STAFF,
    columns=(
        "id", "purchase_number", "phone_id", "customer_id", *SELLER, "amount", "method", "method_reference", "note",
        "staff_id", "created_at", "returned_at", "returned_because",
    ),
    only=dict.fromkeys(("amount", "id_number", "seller_address"), MANAGERS),
    create=buy,
    filters=("phone_id", "customer_id"),
    errors={"imei_invalid": 400, "imei_in_stock": 400},
)  # fmt: skip

resources = (purchases,)
