"""The money of a repair: deposits, parts and the rest of its price, and what is given back (spec R-12, R-17)."""

from dataclasses import replace
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, StringConstraints

from tradehall.kernel.columns import clean
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing
from tradehall.kernel.errors import Refused
from tradehall.kernel.verbs import act
from tradehall.trades.phoneshop.messages import DONE
from tradehall.trades.phoneshop.models import Method, Payment, Refund, Repair
from tradehall.trades.phoneshop.payments import NewPayment, book, payments, receive
from tradehall.trades.phoneshop.reach import WORKSHOP
from tradehall.trades.phoneshop.roles import MANAGERS
from tradehall.trades.phoneshop.rules import Amount, Paid, PaymentReference


class RepairRefund(BaseModel):
    """How much of a repair's money is given back, why, and how; without an amount all of it."""

    amount: Amount | None = None
    reason: Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(clean)]
    payment_method: Paid = Method.CASH
    payment_reference: PaymentReference | None = None


@act(Repair, by=WORKSHOP, title="Take a payment", when=lambda repair: repair["balance_due"] > 0)
def pay(ctx: Context, repair: Repair, order: NewPayment) -> Payment:
    """Take a deposit, a part, or the rest of the price of a repair."""
    return receive(ctx, repair, order.amount, order.method, order.reference, note=order.note)


@act(Repair, by=MANAGERS, when=lambda repair: repair["paid_amount"] > repair["refunded_amount"])
def refund(ctx: Context, repair: Repair, wish: RepairRefund) -> Repair:
    """Give money of a repair back.

    Of one that is completed it is a refund: the revenue and the margin go back on this day, and the price stays as it was.
    What was paid before was no revenue yet: it is taken back, and is due again.
    """
    left = repair.paid_amount - repair.refunded_amount
    amount = left if wish.amount is None else wish.amount
    if left <= 0:
        raise Refused("nothing_paid", "Nothing was paid for this repair that could be given back")
    if amount > left:
        raise Refused("over_refund", f"More would be refunded than was paid: {left} is left", left=left)
    book(ctx, -amount, wish.payment_method, wish.payment_reference, repair_id=repair.id, note=wish.reason)
    if repair.status in DONE:
        give_back(ctx, repair, amount, wish)
    else:
        repair.paid_amount -= amount
    return repair


def give_back(ctx: Context, repair: Repair, amount: Decimal, wish: RepairRefund) -> None:
    """Note a refund of what was earned."""
    repair.refunded_amount += amount
    ctx.add(
        Refund(
            repair_id=repair.id,
            customer_id=repair.customer_id,
            amount=amount,
            revenue=amount,
            margin=amount,
            is_full=repair.refunded_amount == repair.cost,
            method=wish.payment_method,
            reason=wish.reason,
            staff_id=ctx.actor.user_id or None,
        )
    )


paid = replace(payments, by=WORKSHOP, _statements={})
paths = (
    Contract("POST", "/api/repairs/{id}/payments", pay, 201),
    Contract("GET", "/api/repairs/{id}/payments", Listing(paid, parent="repair_id")),
    Contract("POST", "/api/repairs/{id}/refund", refund),
)
