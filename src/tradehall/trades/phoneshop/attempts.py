"""What is kept of payments by providers: attempts, and what the providers told (spec R-23).

Confirmed payments are the third table, with all others.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel

from tradehall.kernel.columns import (
    ID,
    Email,
    Refers,
    choice,
    email,
    moment,
    money,
    optional,
    person,
    personal,
    reference,
    state,
    text,
)
from tradehall.kernel.preferences import Setting
from tradehall.kernel.records import Record, check, unique
from tradehall.trades.phoneshop.models import Method, Payment, Repair, Sale
from tradehall.trades.phoneshop.rules import Amount, Note, Paid, PaymentReference

LOCAL = "local"
GOOD_FOR = timedelta(hours=1)
"""How long what is to be paid by an attempt is kept for it."""
SOON, LATER, GIVEN_UP = timedelta(minutes=3), timedelta(minutes=30), timedelta(days=3)
"""How often the provider is asked while an attempt is good, how often after that, and for how long."""
BEGINS = "th"
settings = (
    Setting("payment_email", "E-mail address for payments of customers who gave none", Email | Literal[""], ""),
)


class PaymentStatus(StrEnum):
    """How an attempt stands."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REQUIRES_VERIFICATION = "requires_verification"
    RETURNED = "returned"


ENDED = (PaymentStatus.FAILED, PaymentStatus.CANCELLED, PaymentStatus.EXPIRED)
"""Nothing is kept for it any more; if the provider takes the money after all, it counts."""
CAME = (PaymentStatus.SUCCEEDED, PaymentStatus.REQUIRES_VERIFICATION)
PAYMENT_MOVES = {
    PaymentStatus.PENDING: (*CAME, *ENDED),
    **dict.fromkeys(ENDED, CAME),
    PaymentStatus.REQUIRES_VERIFICATION: (PaymentStatus.SUCCEEDED, PaymentStatus.RETURNED),
    PaymentStatus.SUCCEEDED: (),
    PaymentStatus.RETURNED: (),
}


class PaymentAttempt(Record, table="phoneshop_attempts"):
    """That somebody is to pay so much of a sale or a repair by a provider.

    Source: spec R-23.
    """

    sale_id = optional(reference(Sale))
    repair_id = optional(reference(Repair))
    payment_id = optional(reference(Payment))
    provider = text(40, shortest=1)
    reference = text(100)
    amount = money(above=0)
    currency = text(10)
    status = state(PaymentStatus, PAYMENT_MOVES)
    method = choice(Method, default=Method.PROVIDER)
    method_reference = optional(text(100))
    authorization_url = optional(text(500))
    """Where it is paid; empty until the provider has answered."""
    email = personal(optional(email()))
    expires_at = moment()
    cancel_asked_at = optional(moment())
    provider_amount = optional(money())
    provider_currency = optional(text(10))
    provider_id = optional(text(60))
    why = optional(text(300))
    staff_id = optional(person())

    indexes = (("sale_id", "status"), ("repair_id", "status"), ("payment_id",))
    walls = (
        check("one_document", "(sale_id IS NULL) <> (repair_id IS NULL)", "A payment is of one sale or one repair"),
        unique("reference", says="This reference is used already"),
    )


class PaymentEvent(Record, table="phoneshop_payment_events"):
    """What a provider told of an attempt, once each; of what it sent, nothing else is kept."""

    attempt_id = reference(PaymentAttempt)
    provider = text(40)
    event_id = text(120)
    kind = text(60)

    indexes = (("attempt_id",),)
    walls = (unique("provider", "event_id", says="This was told already"),)


class NewIntent(BaseModel):
    """Who is to pay, how, and how much of what is due; without an amount it is all."""

    sale_id: Annotated[int, ID, Refers(Sale)] | None = None
    repair_id: Annotated[int, ID, Refers(Repair)] | None = None
    provider: PaymentReference = LOCAL
    amount: Amount | None = None
    method: Paid = Method.CASH
    reference: PaymentReference | None = None
    email: Email | None = None


class LinkPayment(BaseModel):
    """Where the provider sends its receipt, if the shop does not know."""

    email: Email | None = None


class Found(StrEnum):
    """What a manager found out about money that nobody could place."""

    BOOK = "book"
    RETURNED = "returned"


class Resolution(BaseModel):
    """What becomes of the money, and why."""

    decision: Found
    note: Note
