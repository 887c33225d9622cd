"""What a cycle costs, and the balance that it is paid from: a setting that is off (spec "Day one")."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import AfterValidator, BaseModel, BeforeValidator, StringConstraints
from pydantic import Field as Limit

from tradehall.kernel.columns import clean
from tradehall.kernel.context import Context
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Refused
from tradehall.kernel.preferences import CURRENCY
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.kernel.verbs import act
from tradehall.trades.laundry import terms
from tradehall.trades.laundry.models import Cycle, MachineType, Paid, Payment, Resident
from tradehall.trades.laundry.roles import STAFF
from tradehall.trades.laundry.views import resident, student_of

REFUNDED_WITHIN = timedelta(minutes=5)
"""Who cancels later has washed meanwhile, and gets nothing back."""

FOR_WASHING = (Paid.CYCLE, Paid.IDLE, Paid.REFUND)


def _some(amount: Decimal) -> Decimal:
    if not amount:
        raise ValueError("This changes nothing")
    return amount


class TopUp(BaseModel):
    """What somebody paid in; below zero what was paid out to them."""

    amount: Annotated[Decimal, Limit(ge=-10_000, le=10_000, max_digits=7, decimal_places=2), AfterValidator(_some)]
    note: Annotated[str, StringConstraints(max_length=200), BeforeValidator(clean)] = ""


def price(reader: Reader, kind: MachineType) -> Decimal:
    """What a cycle costs; nothing where residents don't pay."""
    known = reader.preferences
    return Decimal(known[terms.PRICES[kind].name]) if known[terms.PAYING.name] else Decimal(0)


def idle_fee(reader: Reader) -> Decimal:
    """What is due for clothes that stay in a machine; nothing where residents don't pay."""
    known = reader.preferences
    return Decimal(known[terms.IDLE_FEE.name]) if known[terms.PAYING.name] else Decimal(0)


def said(reader: Reader, amount: Decimal) -> str:
    """An amount as people read it: `MYR 3.00`."""
    return f"{reader.preferences[CURRENCY.name]} {amount:.2f}"


def account(reader: Reader) -> dict[str, Any]:
    """What is on the balance of whoever asks, and what cycles cost; nothing where residents don't pay."""
    if not reader.preferences[terms.PAYING.name]:
        return {"balance": None, "prices": {}, "payments": [], "idle": None}
    found, mine = resident(reader, reader.actor.user_id), Payment.user_id == reader.actor.user_id
    last = reader.all(find(Payment, mine).by(Payment.table.c.id.desc()).first(5))
    prices = {kind.value: price(reader, kind) for kind in MachineType}
    loads = reader.all(find(Cycle, Cycle.id.in_({each.cycle_id or 0 for each in last})))
    used = {each.id: {"machine_type": each.machine_type, "machine_id": each.number} for each in loads}
    none = {"machine_type": None, "machine_id": None}
    payments = [
        {"what": each.what, "amount": each.amount, "created_at": each.created_at} | used.get(each.cycle_id or 0, none)
        for each in last
    ]
    balance = found.balance if found is not None else Decimal(0)
    return {"balance": balance, "prices": prices, "payments": payments, "idle": _idle(reader)}


def _idle(reader: Reader) -> dict[str, Any] | None:
    """What it costs here to leave clothes in a machine: after how many minutes, each how many, at most how often."""
    known = reader.preferences
    return {
        "fee": idle_fee(reader), "grace_minutes": known[terms.IDLE_GRACE.name],
        "every_minutes": known[terms.IDLE_EVERY.name], "most": known[terms.IDLE_MOST.name],
    } if idle_fee(reader) else None  # fmt: skip


def charge(ctx: Context, cycle: Cycle) -> None:
    """Take what a cycle costs from the balance of whom it is for; raises Refused where that is too little."""
    cycle.price = price(ctx, MachineType(cycle.machine_type))
    if cycle.price:
        booked(ctx, cycle.user_id, -cycle.price, Paid.CYCLE, cycle)


def refund(ctx: Context, cycle: Cycle) -> None:
    """Give back what was paid for a cycle that was cancelled at once."""
    if cycle.price and ctx.now <= cycle.created_at + REFUNDED_WITHIN:
        booked(ctx, cycle.user_id, cycle.price, Paid.REFUND, cycle)


def booked(
    ctx: Context, user_id: int, amount: Decimal, what: Paid, cycle: Cycle | None = None, note: str = ""
) -> Payment:
    """Write a change of somebody's balance, which never falls below zero."""
    row = resident(ctx, user_id) or ctx.add(Resident(user_id=user_id, student_id=student_of(ctx, user_id)))
    if row.balance + amount < 0:
        due, there = said(ctx, -amount), said(ctx, row.balance)
        raise Refused("balance_too_low", f"{due} is due, and {there} is on the balance")
    row.balance += amount
    cycle_id = cycle.id if cycle is not None else None
    given = {"user_id": user_id, "amount": amount, "balance": row.balance, "what": what, "note": note}
    return ctx.add(Payment(cycle_id=cycle_id, **given))


def unequal(session: Session, org_id: int) -> Iterator[str]:
    """The balances that are not what was paid in and out; for the doctor."""
    paid, rows = Payment.table.c, Resident.table.c
    summed = sa.func.coalesce(sa.func.sum(sa.type_coerce(paid.amount, sa.BigInteger)), 0)
    entries = sa.select(summed).where(paid.org_id == rows.org_id, paid.user_id == rows.user_id).scalar_subquery()
    balance = sa.type_coerce(rows.balance, sa.BigInteger)
    shown = (rows.id, balance.label("kept"), entries.label("found"))
    query = sa.select(*shown).where(rows.org_id == org_id, balance != entries).order_by(rows.id)
    for row in session.execute(query):
        kept, found = (f"{each / 100:.2f}" for each in (row.kept, row.found))
        yield f"the balance of resident {row.id} is {kept}, but its entries come to {found}"


@act(Resident, by=STAFF)
def top_up(ctx: Context, resident: Resident, paid: TopUp) -> Resident:
    """Write down what a resident paid in, or was paid out."""
    booked(ctx, resident.user_id, paid.amount, Paid.TOP_UP if paid.amount > 0 else Paid.PAY_OUT, note=paid.note)
    return resident
