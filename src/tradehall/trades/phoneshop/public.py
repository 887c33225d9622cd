"""What a customer sees and does by the link of a repair, without signing in (spec R-24)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, StringConstraints

from tradehall.kernel.columns import clean
from tradehall.kernel.contracts import Contract, Shape
from tradehall.kernel.guests import Door
from tradehall.kernel.kinds import show
from tradehall.kernel.phones import e164
from tradehall.kernel.preferences import REGION
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.trades.phoneshop.estimates import decide, newest
from tradehall.trades.phoneshop.models import Customer, Phone, Repair, Sale
from tradehall.trades.phoneshop.papers import OF_REPAIR, PASSPORT
from tradehall.trades.phoneshop.passports import passport_of
from tradehall.trades.phoneshop.providers import begun, pay_by_link

TRIES, WITHIN = 8, timedelta(minutes=5)
PHOTOS_LAST = timedelta(minutes=10)
Words = Annotated[str, StringConstraints(min_length=1, max_length=20), BeforeValidator(clean)]


class Lookup(BaseModel):
    """The number of a repair and the telephone number of its customer; `organisation` where there are several shops."""

    repair_number: Words
    phone_number: Words
    organisation: Annotated[str, StringConstraints(max_length=200)] | None = None


def more(reader: Reader, repair: Repair) -> Mapping[str, Any]:
    """The shop, the estimate that counts, the days of booking, completion and handing over, and a payment under way."""
    found, paying = newest(reader, repair), begun(reader, repair)
    names = ("id", "amount", "details", "status", "answered_at", "created_at")
    chosen, moments = reader.preferences, (repair.created_at, repair.completed_at, repair.delivered_at)
    return {
        "currency": chosen["currency"],
        "language": reader.get(Customer, repair.customer_id).language,
        "days": [None if each is None else reader.day(each) for each in moments],
        "payment": None if paying is None else {"amount": paying.amount, "authorization_url": paying.authorization_url},
        "shop": reader.preferences["name"] or reader.trade.title,
        "estimate": None if found is None else {name: show(found.values[name]) for name in names},
    }


def asked_for(reader: Reader, ask: Lookup) -> Repair | None:
    """The repair with this number, if it is of a customer with this telephone number."""
    repair = reader.first(find(Repair, Repair.repair_number == ask.repair_number.upper()))
    if repair is None or (customer := reader.find(Customer, repair.customer_id)) is None:
        return None
    typed = e164(ask.phone_number, reader.preferences[REGION.name])
    known = customer.phone_e164
    is_theirs = typed == known if known is not None else ask.phone_number == customer.phone_number
    return repair if is_theirs else None


def told_in(reader: Reader, sale: Sale) -> str | None:
    """The language of whoever bought a phone, if somebody chose one."""
    customer = reader.find(Customer, sale.customer_id) if sale.customer_id is not None else None
    return customer.language if customer is not None else None


tracked = Shape(
    Repair,
    (
        "repair_number", "status", "phone_description", "issue_description", "diagnosis", "cost", "paid_amount",
        "balance_due", "refunded_amount", "due_date", "completed_at", "delivered_at", "warranty_until", "created_at", "updated_at",
    ),
)  # fmt: skip
door = Door(Repair, tracked, more, PHOTOS_LAST, lambda office: {"pays_online": bool(office.outside.payments)})
passports = Door(
    Sale,
    Shape(Sale, ()),
    lambda reader, sale: passport_of(reader, reader.get(Phone, sale.phone_id)) | {"language": told_in(reader, sale)},
    sealed=True,
    while_=lambda sale: sale.returned_at is None,
)
paths = (
    Contract("GET", "/r/{token}", door.shows("How a repair stands, for whoever holds its link.")),
    Contract("POST", "/r/{token}/estimate", door.does(decide)),
    Contract("POST", "/r/{token}/payments", door.does(pay_by_link)),
    Contract("GET", "/r/{token}/receipt.pdf", door.prints(OF_REPAIR)),
    Contract(
        "GET", "/p/{token}", passports.shows("The passport of a device, for whoever bought it and holds its link.")
    ),
    Contract("GET", "/p/{token}/passport.pdf", passports.prints(PASSPORT)),
    Contract(
        "POST",
        "/r/lookup",
        door.finds(
            Lookup, asked_for, TRIES, WITHIN, "How a repair stands, by its number and the customer's telephone number."
        ),
    ),
)
