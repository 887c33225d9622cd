"""What may happen in the phone shop."""

from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, StringConstraints

from tradehall.kernel.columns import ID, Email, Refers, clean, decimal_limits
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Denied, Refused, field_error
from tradehall.kernel.forms import Form
from tradehall.kernel.notices.ledger import forget
from tradehall.kernel.phones import e164
from tradehall.kernel.records import find, wanted
from tradehall.kernel.resources import edit_row
from tradehall.kernel.search import fold
from tradehall.kernel.verbs import act
from tradehall.trades.phoneshop import tax
from tradehall.trades.phoneshop.devices import Decision, guard, keep_number
from tradehall.trades.phoneshop.imei import normalised
from tradehall.trades.phoneshop.inspection import spent
from tradehall.trades.phoneshop.messages import RepairReply
from tradehall.trades.phoneshop.models import HELD, Customer, Method, Phone, PhoneStatus, Sale, UnitImei
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF
from tradehall.trades.phoneshop.terms import language_of, sale_warranty


def at_the_counter(method: Method) -> Method:
    """What a provider confirmed is booked by the provider alone."""
    if method is Method.PROVIDER:
        raise ValueError("payments of a provider are booked when it confirms them")
    return method


Amount = Annotated[Decimal, *decimal_limits(2, above=0)]
Allowance = Annotated[Decimal, *decimal_limits(2, at_least=0)]
Discount = Annotated[Decimal, *decimal_limits(2, at_least=0)]
Paid = Annotated[Method, AfterValidator(at_the_counter)]
PaymentReference = Annotated[str, StringConstraints(min_length=1, max_length=100), BeforeValidator(clean)]
Note = Annotated[str, StringConstraints(max_length=200), BeforeValidator(clean)]
PhoneNumber = Annotated[str, StringConstraints(min_length=9, max_length=20), BeforeValidator(clean)]

CUSTOMER = ("full_name", "phone_number", "email")
PHONE = ("brand", "model", "condition", "value", "imei", "imei2", "cost_price", "category_id", "brand_id", "specs")


NUMBERS_OF = find(UnitImei, UnitImei.phone_id == wanted("phone")).standing()


class CustomerForm(Form, of=Customer, fields=(*CUSTOMER, "language")):
    """A new customer."""


class CustomerChanges(Form, of=Customer, fields=CUSTOMER, partial=True):
    """What may be changed of a customer."""


class Speech(Form, of=Customer, fields=("language",)):
    """In which language a customer is told things."""


class PhoneForm(Form, of=Phone, fields=PHONE):
    """A phone for the stock."""


class PhoneChanges(Form, of=Phone, fields=PHONE, partial=True):
    """What may be changed of a phone."""

    is_available: bool | None = None


class Availability(BaseModel):
    """Whether a phone is offered; without a value it is turned round."""

    is_available: bool | None = None


class Removal(BaseModel):
    """How a customer is removed."""

    anonymize: bool = False


class NewSale(BaseModel):
    """A phone sold to a customer, or to somebody who is not known. Without `original_price` what is paid is the price."""

    customer_id: Annotated[int, ID, Refers(Customer)] | None = None
    phone_id: Annotated[int, ID, Refers(Phone)]
    amount_paid: Amount | None = None
    payment_method: Paid = Method.CASH
    payment_reference: PaymentReference | None = None
    original_price: Amount | None = None
    discount_amount: Discount = Decimal(0)
    customer_phone: PhoneNumber | None = None
    customer_email: Email | None = None
    imei_decision: Decision | None = None
    """Why the phone is sold although nobody knows whether its device is blocked (spec R-07)."""


def number_of(ctx: Context, typed: str) -> str | None:
    """The callable number; what is none is kept as typed if it has 10 to 15 characters (spec R-08)."""
    number = e164(typed, ctx.preferences["region"])
    if number is None and not 10 <= len(typed) <= 15:
        raise field_error(["body", "phone_number"], "Phone number should have 10 to 15 characters", "phone_number")
    return number


@act(Customer, by=STAFF)
def register(ctx: Context, order: CustomerForm) -> Customer:
    """Register a customer."""
    number, unique_id = number_of(ctx, order.phone_number), ctx.number("customer", "CUS-")
    return ctx.add(Customer(**order.model_dump(), phone_e164=number, unique_id=unique_id))


@act(Customer, by=STAFF)
def correct(ctx: Context, customer: Customer, changes: CustomerChanges) -> Customer:
    """Correct what is known of a customer."""
    edit_row(ctx, customer, changes)
    if "phone_number" in changes.model_fields_set:
        customer.phone_e164 = number_of(ctx, customer.phone_number)
    return customer


@act(Customer, by=STAFF, title="Language")
def speak(ctx: Context, customer: Customer, speech: Speech) -> Customer:
    """Choose the language in which a customer is told things; without one, it is that of the shop's papers."""
    customer.language = speech.language
    return customer


@act(Customer, by=MANAGERS)
def remove(ctx: Context, customer: Customer, how: Removal) -> None:
    """Remove a customer; one with a history can only be made anonymous.

    Source: spec R-18.
    """
    known = [customer.phone_number, customer.email]
    if how.anonymize and ctx.references_to(customer):
        ctx.erase(customer, full_name="Former customer", phone_number="", phone_e164=None, email=None)
        for sale in ctx.all(find(Sale, Sale.customer_id == customer.id)):
            known += [sale.customer_phone, sale.customer_email]
            ctx.erase(sale, customer_phone=None, customer_email=None)
        for reply in ctx.all(find(RepairReply, RepairReply.customer_id == customer.id)):
            ctx.erase(reply, body="")
    else:
        ctx.delete(customer)
    forget(ctx, *known)


@act(Phone, by=STAFF)
def stock(ctx: Context, order: PhoneForm) -> Phone:
    """Add a phone to the stock."""
    return take_in(ctx, ctx.add(Phone(**order.model_dump() | imeis(order.imei, order.imei2))))


def imeis(first: str | None, second: str | None) -> dict[str, str | None]:
    """Both numbers of a phone, checked."""
    found = {name: normalised(typed) if typed else None for name, typed in (("imei", first), ("imei2", second))}
    if found["imei"] and found["imei"] == found["imei2"]:
        raise Refused("imei_invalid", "The two IMEIs of a phone are different numbers")
    return found


def take_in(ctx: Context, phone: Phone) -> Phone:
    """From now on the shop holds this phone: no other one may have its IMEIs."""
    if phone.imei or phone.imei2:
        known = {each.imei: each for each in ctx.all(NUMBERS_OF, phone=phone.id)}
        for imei in filter(None, (phone.imei, phone.imei2)):
            if imei in known:
                known[imei].is_held = True
            else:
                ctx.add(UnitImei(imei=imei, phone_id=phone.id))
    return phone


def let_go(ctx: Context, phone: Phone) -> None:
    """The shop holds this phone no longer: it may come back one day, and is the same device then."""
    if phone.imei or phone.imei2:
        for number in ctx.all(NUMBERS_OF, phone=phone.id):
            number.is_held = False


@act(Phone, by=MANAGERS)
def discard(ctx: Context, phone: Phone) -> None:
    """Delete a phone that nothing refers to."""
    for number in ctx.all(NUMBERS_OF, phone=phone.id):
        ctx.delete(number)
    ctx.delete(phone)


@act(Phone, by=STAFF)
def change(ctx: Context, phone: Phone, changes: PhoneChanges) -> Phone:
    """Change what is known of a phone."""
    asked = changes.model_dump(exclude_unset=True)
    offered = asked.pop("is_available", None)
    if phone.cost_price is not None and not ctx.actor.may(MANAGERS) and asked.pop("cost_price", None) is not None:
        raise Denied("Only a manager changes what a phone has cost")
    if phone.status not in HELD and any(asked.get(name, now) != now for name, now in money_of(phone).items()):
        raise Refused("phone_gone", f"Phone is {phone.status}: its value and its cost stay as they are")
    if phone.cost_price is None and asked.get("cost_price") is not None:
        asked["cost_price"] += spent(ctx, phone)  # what was spent while nobody knew what it had cost
    if {"imei", "imei2"} & asked.keys():
        asked |= imeis(asked.get("imei", phone.imei), asked.get("imei2", phone.imei2))
    renumbered = any(asked.get(name, now) != now for name, now in (("imei", phone.imei), ("imei2", phone.imei2)))
    if renumbered:
        keep_number(ctx, phone)
        let_go(ctx, phone)
    for name, value in asked.items():
        phone.assign(phone.fields[name], value)
    if renumbered and phone.status in HELD:
        take_in(ctx, phone)
    if offered is not None:
        put_on_offer(phone, offered)
    return phone


def money_of(phone: Phone) -> dict[str, Decimal | None]:
    """The amounts of a phone."""
    return {"value": phone.value, "cost_price": phone.cost_price}


@act(Phone, by=STAFF, when=lambda phone: phone["status"] in (PhoneStatus.AVAILABLE, PhoneStatus.WITHHELD))
def offer(ctx: Context, phone: Phone, wish: Availability) -> Phone:
    """Offer a phone for sale, or withhold it."""
    put_on_offer(phone, not phone.is_available if wish.is_available is None else wish.is_available)
    return phone


def put_on_offer(phone: Phone, offered: bool) -> None:
    """AVAILABLE or WITHHELD; a phone that has left the shop is neither, and one under repair only when it is mended."""
    if phone.status not in HELD:
        raise Refused("phone_gone", f"Phone is {phone.status}: it comes back by a refund or in a swap only")
    if offered and phone.status is PhoneStatus.RECEIVED:
        raise Refused("not_inspected", "Phone is RECEIVED: it becomes AVAILABLE when it is inspected")
    if offered and phone.status is PhoneStatus.UNDER_REPAIR:
        raise Refused("under_repair", "Phone is UNDER_REPAIR: it becomes AVAILABLE when its repair is completed")
    if offered != phone.is_available:
        phone.status = PhoneStatus.AVAILABLE if offered else PhoneStatus.WITHHELD


@lru_cache(4096)
def model_key(brand: str, model: str) -> str:
    """What sales of one model have in common, however somebody wrote it."""
    return f"{fold(brand)} {fold(model)}"[:200]


@act(Sale, by=STAFF)
def sell(ctx: Context, order: NewSale) -> Sale:
    """Sell a phone.

    One phone has one buyer (spec R-01); what it had cost is kept with the sale (spec R-02).
    """
    customer = ctx.get(Customer, order.customer_id) if order.customer_id is not None else None
    phone = ctx.get(Phone, order.phone_id)
    terms = tax.terms(ctx)
    price, paid = agreed(order, terms)
    sale = hand_over(
        ctx,
        phone,
        order.imei_decision,
        customer_id=order.customer_id,
        original_price=price,
        discount_amount=order.discount_amount,
        amount_paid=paid,
        method=order.payment_method,
        method_reference=order.payment_reference,
        customer_phone=order.customer_phone,
        customer_email=order.customer_email,
        tax_mode=terms.mode,
        tax_amount=terms.within(price - order.discount_amount, phone.cost_price),
    )
    known = (customer.phone_number, customer.email) if customer is not None else (None, None)
    called = customer.full_name if customer is not None else "dear customer"
    title, language = f"{phone.brand} {phone.model}", language_of(ctx, customer)
    for address in (order.customer_phone or known[0], order.customer_email or known[1]):
        ctx.notify(address, "sale_receipt", sale, once=sale.id, customer=called, phone=title, language=language)
    return sale


def hand_over(ctx: Context, phone: Phone, decision: str | None, **agreed: Any) -> Sale:
    """A phone becomes its buyer's, as a sale of its own; `agreed` are the price, what is paid of it, and to whom.

    `decision` says why, where nobody knows whether the device is blocked (spec R-07).
    """
    if phone.status is not PhoneStatus.AVAILABLE:
        raise Refused("not_for_sale", "Phone is not available for sale")
    guard(ctx, phone, decision)
    phone.status = PhoneStatus.SOLD
    let_go(ctx, phone)
    paid = agreed["amount_paid"]
    return ctx.add(
        Sale(
            phone_id=phone.id,
            invoice_number=ctx.number("invoice", "INV-"),
            phone_value=phone.value,
            refunded_amount=Decimal(0),
            cost=phone.cost_price,
            condition=phone.condition,
            model_key=model_key(phone.brand, phone.model),
            staff_id=ctx.actor.user_id or None,
            warranty_until=sale_warranty(ctx, phone.condition),
            completed_at=ctx.now if paid == agreed["original_price"] - agreed["discount_amount"] else None,
            **{"counter_amount": paid} | agreed,
        )
    )


def agreed(order: NewSale, terms: tax.Terms) -> tuple[Decimal, Decimal]:
    """The price with its tax and what is paid of it; raises Invalid where they contradict each other."""
    if order.original_price is None:
        if order.amount_paid is None:
            raise field_error(["body", "amount_paid"], "Field required", "missing")
        return order.amount_paid + order.discount_amount, order.amount_paid
    net = order.original_price - order.discount_amount
    due = net + terms.added(net)
    paid = due if order.amount_paid is None else order.amount_paid
    if due <= 0 or paid > due:
        raise field_error(["body", "amount_paid"], f"With this discount the phone costs {due}")
    return due + order.discount_amount, paid
