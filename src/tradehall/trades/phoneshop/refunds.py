"""Refunds: money given back, on a day of its own; and mistakes of today undone (spec R-12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, StringConstraints

from tradehall.kernel.columns import clean
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract
from tradehall.kernel.errors import Refused
from tradehall.kernel.records import Record, find
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import act, own
from tradehall.trades.phoneshop import tax
from tradehall.trades.phoneshop.models import Method, Payment, Phone, PhoneStatus, Refund, Sale, Swap
from tradehall.trades.phoneshop.payments import book, checkout_of
from tradehall.trades.phoneshop.reach import COUNTER
from tradehall.trades.phoneshop.repairs import hold_for_others
from tradehall.trades.phoneshop.roles import CLERK, MANAGERS, TECHNICIAN
from tradehall.trades.phoneshop.rules import Amount, Paid, PaymentReference, take_in

Reason = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(clean)]


def stands(document: Mapping[str, Any]) -> bool:
    """Whether a sale, a swap or a purchase, as it is answered, did not come back."""
    return not document["returned_at"]


class RefundWish(BaseModel):
    """How much is given back, why, and how; without an amount all of it, and the phone comes back."""

    amount: Amount | None = None
    reason: Reason
    payment_method: Paid = Method.CASH
    payment_reference: PaymentReference | None = None


class Mistake(BaseModel):
    """Why something is undone."""

    reason: Reason


@dataclass(frozen=True)
class Giving:
    """How money is given back: so much by each method, all that is due by the first where no more is said."""

    reason: str
    method: Method = Method.CASH
    reference: str | None = None
    amounts: tuple[tuple[Method, Decimal], ...] = ()
    is_void: bool = False

    @classmethod
    def of(cls, wish: RefundWish) -> Self:
        """As it was asked for."""
        return cls(wish.reason, wish.payment_method, wish.payment_reference)


@dataclass(frozen=True)
class Less:
    """What the shop has earned less by a refund: of revenue, of profit as the contract counts it, and of margin; and how
    much of the tax it owes less."""

    revenue: Decimal
    profit: Decimal | None = None
    margin: Decimal | None = None
    tax: Decimal = Decimal(0)
    is_full: bool = False
    had_counted: bool = True

    @classmethod
    def of_part(cls, document: Sale | Swap, amount: Decimal) -> Self:
        """By a part of what was paid."""
        back = document.refunded_amount
        less = tax.left(document, back) - tax.left(document, back + amount)
        return cls(amount, amount, None if document.margin is None else amount, less)

    @classmethod
    def of_all(cls, document: Sale | Swap, left: Decimal, profit: Decimal) -> Self:
        """By all that is left, so that nothing remains of the profit and of the margin but what claims have cost."""
        back = document.refunded_amount
        lost = document.claims_cost if isinstance(document, Sale) else Decimal(0)
        margin = None if document.margin is None else document.margin + lost - back
        return cls(left, profit - back, margin, tax.left(document, back), is_full=True)


@act(Sale, by=MANAGERS, when=stands)
def refund(ctx: Context, sale: Sale, wish: RefundWish) -> Sale:
    """Give money of a sale back: a part, the phone stays sold; or all, and the phone is in stock again."""
    left = standing(sale, sale.amount_paid)
    if wish.amount is None or wish.amount == left:
        undo(ctx, sale, Giving.of(wish))
    elif wish.amount > left:
        raise over(left)
    elif sale.completed_at is None:
        raise Refused("still_due", "This sale is not paid in full: only all that was paid so far can be given back")
    else:
        give_back(ctx, sale, wish.amount, Giving.of(wish), Less.of_part(sale, wish.amount))
    return sale


@act(Sale, by=(own(CLERK), own(TECHNICIAN), MANAGERS), when=stands)
def void(ctx: Context, sale: Sale, mistake: Mistake) -> Sale:
    """Undo a sale that was a mistake, on its own day."""
    of_today(ctx, sale)
    standing(sale, sale.amount_paid)
    undo(ctx, sale, mirrored(ctx, sale, sale.method, sale.counter_amount, mistake))
    return sale


def undo(ctx: Context, sale: Sale, giving: Giving) -> None:
    """The phone comes back with its former cost, and all that was paid and not given back yet goes back."""
    back_in_stock(ctx, ctx.get(Phone, sale.phone_id))
    if (made := checkout_of(ctx, sale)) is not None:
        made.balance_due -= sale.balance_due
    left = sale.amount_paid - sale.refunded_amount
    deposit = Less(Decimal(0), is_full=True, had_counted=False)
    earned = sale.completed_at is not None
    give_back(
        ctx, sale, left, giving, Less.of_all(sale, left, sale.amount_paid - sale.phone_value) if earned else deposit
    )
    sale.returned_at = ctx.now


def standing(document: Sale | Swap, paid: Decimal) -> Decimal:
    """What is left of the money paid for a document that was not refunded yet; raises Refused where it was."""
    if document.returned_at is not None:
        raise Refused("refunded", f"{document.title} is refunded already")
    return paid - document.refunded_amount


def of_today(ctx: Context, document: Record) -> None:
    """Raise Refused where a document was not made on this local day."""
    if ctx.day(document.created_at) != ctx.today:
        name = document.title.lower()
        if isinstance(document, Sale | Swap):
            raise Refused("not_of_today", f"A {name} can be voided on its own day only; refund it instead")
        raise Refused("not_of_today", f"A {name} can be voided on its own day only")


def over(left: Decimal) -> Refused:
    """More is asked for than is left of what was paid."""
    return Refused("over_refund", f"More would be refunded than was paid: {left:.2f} is left", left=left)


def back_in_stock(ctx: Context, phone: Phone) -> None:
    """A phone that was sold or swapped is in stock again, at the cost that it had; one that is being mended is not for sale.

    Source: spec R-12, R-21.
    """
    phone.status = PhoneStatus.AVAILABLE
    take_in(ctx, phone)
    hold_for_others(ctx, phone)


def mirrored(ctx: Context, document: Sale | Swap, method: Method, at_counter: Decimal, mistake: Mistake) -> Giving:
    """What was paid for a document goes back the way it came; raises Refused where a provider has it."""
    amounts = {method: at_counter}
    for payment in ctx.all(find(Payment, Payment.table.c[reference(document)] == document.id)):
        amounts[payment.method] = amounts.get(payment.method, Decimal(0)) + payment.amount
    if amounts.get(Method.PROVIDER):
        raise Refused("paid_by_provider", "A provider has confirmed this payment; refund it instead")
    return Giving(mistake.reason, method, amounts=tuple(amounts.items()), is_void=True)


def reference(document: Sale | Swap) -> str:
    """The column that names a document."""
    return "sale_id" if isinstance(document, Sale) else "swap_id"


def give_back(ctx: Context, document: Sale | Swap, amount: Decimal, giving: Giving, less: Less) -> Refund:
    """Book what goes back: a refund of this day, and the money that leaves the shop."""
    of: dict[str, Any] = {reference(document): document.id}
    document.refunded_amount += amount
    for method, part in giving.amounts or ((giving.method, amount),):
        if part:
            book(ctx, -part, method, giving.reference, **of)
    return ctx.add(
        Refund(
            customer_id=document.customer_id,
            condition=document.condition if isinstance(document, Sale) and less.had_counted else None,
            amount=amount,
            revenue=less.revenue,
            profit=less.profit,
            margin=less.margin,
            tax=less.tax,
            is_full=less.is_full,
            had_counted=less.had_counted,
            is_void=giving.is_void,
            method=giving.method,
            reason=giving.reason,
            staff_id=ctx.actor.user_id or None,
            **of,
        )
    )


refunds = Resource(
    Refund,
    columns=(
        "id", "sale_id", "swap_id", "repair_id", "amount", "revenue", "margin", "tax", "is_full", "is_void", "method",
        "reason", "staff_id", "created_at",
    ),
    only={"margin": MANAGERS, "tax": MANAGERS},
    by=COUNTER,
    filters=("sale_id", "swap_id", "repair_id"),
)  # fmt: skip
resources = (refunds,)
paths = (
    Contract("POST", "/api/sales/{id}/refund", refund, errors={"imei_in_stock": 400}),
    Contract("POST", "/api/sales/{id}/void", void, errors={"imei_in_stock": 400}),
)
