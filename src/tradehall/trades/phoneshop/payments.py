"""Money that changes hands after a document was made, or beside it."""

from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from tradehall.kernel.columns import money, optional, person, reference, text
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing
from tradehall.kernel.errors import Refused
from tradehall.kernel.meanings import Several
from tradehall.kernel.records import Record, find, unique
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import act
from tradehall.trades.phoneshop.models import Customer, Method, Payment, Repair, Sale, Swap
from tradehall.trades.phoneshop.roles import STAFF
from tradehall.trades.phoneshop.rules import Amount, Note, Paid, PaymentReference

Payable = Sale | Repair


class Checkout(Record, table="phoneshop_checkouts"):
    """What was bought and paid in one go. Each phone is a sale of its own, or a swap, with this number.

    `balance_due` is what is due still of its sales, of those that did not come back.
    """

    number = text(20)
    customer_id = optional(reference(Customer))
    total_amount = money(at_least=0)
    trade_in_amount = money(at_least=0)
    paid_amount = money(at_least=0)
    balance_due = money(at_least=0)
    tax_amount = money(at_least=0)
    sale_ids = Several(Sale)
    swap_id = optional(reference(Swap))
    staff_id = optional(person())

    indexes = (("customer_id",), ("swap_id",))
    walls = (unique("number", says="This checkout number is used already"),)


class NewPayment(BaseModel):
    """Money that comes in for a document; without an amount it is all that is due."""

    amount: Amount | None = None
    method: Paid = Method.CASH
    reference: PaymentReference | None = None
    note: Note | None = None


def book(ctx: Context, amount: Decimal, method: Method, reference: str | None = None, **of: Any) -> Payment:
    """Book money that came in (above zero) or went out (below); `of` says for what: `sale_id=7`, `repair_id=3`."""
    staff_id = ctx.actor.user_id or None
    return ctx.add(Payment(amount=amount, method=method, method_reference=reference, staff_id=staff_id, **of))


def checkout_of(ctx: Context, sale: Sale) -> Checkout | None:
    """The checkout of which a sale is a part."""
    return ctx.first(find(Checkout, Checkout.number == sale.checkout)) if sale.checkout is not None else None


def due_of(document: Payable) -> Decimal:
    """What may still be paid of a document; raises Refused where nothing is due."""
    if isinstance(document, Sale) and document.returned_at is not None:
        raise Refused("returned", "Sale was returned: nothing is due any more")
    if document.balance_due <= 0:
        raise Refused("nothing_due", f"{document.title} is paid: nothing is due any more")
    return document.balance_due


def receive(
    ctx: Context, document: Payable, amount: Decimal | None, method: Method, reference: str | None = None, **of: Any
) -> Payment:
    """Take money for a document, all that is due if no amount is given; a sale is complete when nothing is due any more.

    Nobody else writes in the organisation meanwhile, so that it is never overpaid. Source: spec R-17.
    """
    due = due_of(document)
    amount = due if amount is None else amount
    if amount > due:
        raise Refused("overpaid", f"Only {due} is due")
    payment = book(ctx, amount, method, reference, **{f"{document.title.lower()}_id": document.id}, **of)
    if isinstance(document, Repair):
        document.paid_amount += amount
        return payment
    document.amount_paid += amount
    if (made := checkout_of(ctx, document)) is not None:
        made.paid_amount += amount
        made.balance_due -= amount
    if amount == due:
        document.completed_at = ctx.now
    return payment


@act(Sale, by=STAFF, title="Take a payment", when=lambda sale: not sale["returned_at"] and sale["balance_due"] > 0)
def pay(ctx: Context, sale: Sale, order: NewPayment) -> Payment:
    """Take a payment for a sale.

    A deposit is not revenue: the sale counts when nothing is due any more. Source: spec R-17.
    """
    return receive(ctx, sale, order.amount, order.method, order.reference, note=order.note)


payments = Resource(
    Payment,
    by=STAFF,
    columns=(
        "id", "amount", "method", "method_reference", "provider", "sale_id", "swap_id", "repair_id", "purchase_id",
        "expense_id", "staff_id", "note", "created_at",
    ),
    sort=("created_at", "amount"),
)  # fmt: skip

paths = (
    Contract("POST", "/api/sales/{id}/payments", pay, 201),
    Contract("GET", "/api/sales/{id}/payments", Listing(payments, parent="sale_id")),
)
