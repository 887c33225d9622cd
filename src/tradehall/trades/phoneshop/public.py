"""What a customer sees and does by the link of a repair, without signing in (spec R-24)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, StringConstraints

from tradehall.kernel.columns import clean, show
from tradehall.kernel.contracts import Contract, Shape
from tradehall.kernel.guests import Door
from tradehall.kernel.phones import e164
from tradehall.kernel.preferences import REGION
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.trades.phoneshop.estimates import decide, newest
from tradehall.trades.phoneshop.models import Customer, Repair

TRIES, WITHIN = 8, timedelta(minutes=5)
PHOTOS_LAST = timedelta(minutes=10)
Words = Annotated[str, BeforeValidator(clean), StringConstraints(min_length=1, max_length=20)]


class Lookup(BaseModel):
    """The number of a repair and the telephone number of its customer; `organisation` where there are several shops."""

    repair_number: Words
    phone_number: Words
    organisation: Annotated[str, StringConstraints(max_length=200)] | None = None


def more(reader: Reader, repair: Repair) -> Mapping[str, Any]:
    """The shop and the estimate that counts."""
    found = newest(reader, repair)
    names = ("id", "amount", "details", "status", "answered_at", "created_at")
    return {
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


tracked = Shape(
    Repair,
    (
        "repair_number", "status", "phone_description", "issue_description", "diagnosis", "cost", "paid_amount",
        "balance_due", "due_date", "completed_at", "delivered_at", "warranty_until", "created_at", "updated_at",
    ),
)  # fmt: skip
door = Door(Repair, tracked, more, PHOTOS_LAST)
paths = (
    Contract("GET", "/r/{token}", door.shows("How a repair stands, for whoever holds its link.")),
    Contract("POST", "/r/{token}/estimate", door.does(decide)),
    Contract(
        "POST",
        "/r/lookup",
        door.finds(
            Lookup, asked_for, TRIES, WITHIN, "How a repair stands, by its number and the customer's telephone number."
        ),
    ),
)
