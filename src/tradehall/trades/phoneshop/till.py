"""The till: the cash drawer from morning to evening, and what leaves or enters it beside the trade."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel

from tradehall.kernel.columns import (
    choice,
    computed,
    decimal_limits,
    json,
    moment,
    money,
    optional,
    person,
    state,
    text,
)
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, report
from tradehall.kernel.errors import Missing, Refused
from tradehall.kernel.forms import Form
from tradehall.kernel.kinds import show
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record, find, unique
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import act
from tradehall.trades.phoneshop.models import Method, Payment, Sale, Swap
from tradehall.trades.phoneshop.payments import book
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF
from tradehall.trades.phoneshop.rules import Note, Paid, PaymentReference

FLOWS: tuple[tuple[type[Record], str], ...] = (
    (Sale, "counter_amount"), (Swap, "balance_paid"), (Payment, "amount"),
)  # fmt: skip
"""Every row by which money changes hands: its record, and its amount, below zero where it goes out."""


class DrawerState(StrEnum):
    """Whether money goes into a drawer and out of it."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class MovementKind(StrEnum):
    """How cash moves that nobody earned or spent."""

    CASH_IN = "cash_in"
    CASH_OUT = "cash_out"
    BANKED = "banked"
    """From the drawer to the bank."""


class Drawer(Record, table="phoneshop_drawers"):
    """The cash drawer, from when it is opened until it is counted and closed; a shop has one at a time.

    `since` is the last row of each kind before it was opened. What was expected is the opening amount and all cash since.
    """

    status = state(DrawerState, {DrawerState.OPEN: (DrawerState.CLOSED,), DrawerState.CLOSED: ()})
    opening_amount = money(at_least=0)
    since = json()
    staff_id = optional(person())
    counted_amount = optional(money(at_least=0))
    expected_amount = optional(money())
    difference = computed(optional(money()), lambda drawer: drawer.counted_amount - drawer.expected_amount)
    reason = optional(text(200))
    by_method = json()
    """What came in less what went out meanwhile, by method: the figures of the day."""
    closed_by_id = optional(person())
    closed_at = optional(moment())

    walls = (unique("status", where="status = 'OPEN'", says="The cash drawer is open already", code="drawer_open"),)


_STATUS = Drawer.table.c.status
# Written out as in the wall, whose index has no other rows.
OPEN_DRAWER = find(Drawer, sa.literal_column("'OPEN'") == _STATUS).by(_STATUS).first(1).standing()


class Expense(Record, table="phoneshop_expenses"):
    """What the shop spends to run: rent, transport, airtime. No cost of any phone."""

    category = text(60, shortest=1)
    description = optional(text(200))
    amount = money(above=0)
    method = choice(Method, default=Method.CASH)
    method_reference = optional(text(100))
    staff_id = optional(person())
    cancelled_at = optional(moment())
    cancelled_because = optional(text(200))

    searched = ("category", "description")


class Withdrawal(Record, table="phoneshop_withdrawals"):
    """What the owner takes for himself: no expense of the shop."""

    amount = money(above=0)
    method = choice(Method, default=Method.CASH)
    method_reference = optional(text(100))
    note = optional(text(200))
    staff_id = optional(person())
    cancelled_at = optional(moment())
    cancelled_because = optional(text(200))


class Movement(Record, table="phoneshop_movements"):
    """Cash that is put into the drawer, taken out of it, or brought to the bank."""

    kind = choice(MovementKind)
    amount = money(above=0)
    note = optional(text(200))
    staff_id = optional(person())
    cancelled_at = optional(moment())
    cancelled_because = optional(text(200))


class NewDrawer(Form, of=Drawer, fields=("opening_amount",)):
    """What is in the drawer when it is opened."""


class Count(BaseModel):
    """What was counted; a difference needs a reason."""

    counted_amount: Annotated[Decimal, *decimal_limits(2, at_least=0)]
    reason: Note | None = None


class NewExpense(Form, of=Expense, fields=("category", "description", "amount")):
    """What was spent."""

    method: Paid = Method.CASH
    reference: PaymentReference | None = None


class NewWithdrawal(Form, of=Withdrawal, fields=("amount", "note")):
    """What the owner takes."""

    method: Paid = Method.CASH
    reference: PaymentReference | None = None


class NewMovement(Form, of=Movement, fields=("kind", "amount", "note")):
    """How much cash moves, and why."""


class Because(BaseModel):
    """Why."""

    reason: Annotated[Note, ...]


# The drawer.


def last_rows(ctx: Context) -> dict[str, int]:
    """The last row of each kind by which money changes hands: nobody else writes here meanwhile."""
    found = {}
    for record, _ in FLOWS:
        last = sa.select(sa.func.max(record.table.c.id)).where(record.table.c.org_id == ctx.org_id)
        found[str(record.table.name)] = ctx.session.execute(last).scalar() or 0
    return found


def moved_since(ctx: Reader, since: Mapping[str, int]) -> dict[Method, Decimal]:
    """What came in less what went out after these rows, by method."""
    found: dict[Method, Decimal] = {}
    for record, name in FLOWS:
        table = record.table
        amounts = sa.select(table.c.method, sa.func.sum(table.c[name])).where(
            table.c.org_id == ctx.org_id, table.c.id > since[table.name]
        )
        moved: list[Any] = list(ctx.session.execute(amounts.group_by(table.c.method)))
        for method, amount in moved:
            found[method] = found.get(method, Decimal(0)) + amount
    return found


@act(Drawer, by=STAFF)
def open_up(ctx: Context, order: NewDrawer) -> Drawer:
    """Open the cash drawer with what is in it."""
    staff_id = ctx.actor.user_id or None
    return ctx.add(Drawer(opening_amount=order.opening_amount, since=last_rows(ctx), staff_id=staff_id))


@act(Drawer, by=STAFF, when=lambda drawer: drawer["status"] == DrawerState.OPEN)
def close(ctx: Context, drawer: Drawer, count: Count) -> Drawer:
    """Close the cash drawer with what was counted in it.

    Of two who count it the first closes it: whoever says the same again is answered the same, and whoever counted otherwise
    is told that it was closed already.
    """
    if drawer.status is DrawerState.CLOSED:
        if count.counted_amount != drawer.counted_amount or (count.reason and count.reason != drawer.reason):
            raise Refused("drawer_closed", f"The drawer was closed already, with {drawer.counted_amount:.2f} counted")
        return drawer
    moved = moved_since(ctx, drawer.since)
    expected = drawer.opening_amount + moved.get(Method.CASH, Decimal(0))
    if count.counted_amount != expected and not count.reason:
        if not ctx.actor.may(
            MANAGERS
        ):  # whoever counts blindly could type what is wanted, and no difference is ever seen
            raise Refused("difference", "This is not what the drawer should hold: count again, or say why")
        sentence = f"The drawer should hold {expected:.2f}: say why it holds {count.counted_amount:.2f}"
        raise Refused("difference", sentence)
    drawer.counted_amount, drawer.expected_amount, drawer.reason = count.counted_amount, expected, count.reason
    drawer.by_method = {method.value: show(amount) for method, amount in sorted(moved.items())}
    drawer.closed_by_id, drawer.closed_at = ctx.actor.user_id or None, ctx.now
    drawer.status = DrawerState.CLOSED
    return drawer


@report(by=MANAGERS)
def current_drawer(ctx: Reader) -> dict[str, Any]:
    """What the open cash drawer should hold now."""
    drawer = ctx.first(OPEN_DRAWER)
    if drawer is None:
        raise Missing("No cash drawer is open")
    moved = moved_since(ctx, drawer.since)
    opened_at: datetime = drawer.created_at
    return {
        "id": drawer.id,
        "opened_at": opened_at,
        "opening_amount": drawer.opening_amount,
        "expected_amount": drawer.opening_amount + moved.get(Method.CASH, Decimal(0)),
        "by_method": {method.value: amount for method, amount in sorted(moved.items())},
    }


# Beside the trade.


@act(Expense, by=STAFF)
def spend(ctx: Context, order: NewExpense) -> Expense:
    """Note what the shop spent."""
    given = order.model_dump(exclude={"reference"})
    made = ctx.add(Expense(**given, method_reference=order.reference, staff_id=ctx.actor.user_id or None))
    book(ctx, -made.amount, made.method, order.reference, expense_id=made.id)
    return made


def counts(row: Mapping[str, Any]) -> bool:
    """Whether an expense, a withdrawal or a movement, as it is answered, was not cancelled."""
    return not row["cancelled_at"]


@act(Expense, by=MANAGERS, when=counts)
def cancel(ctx: Context, expense: Expense, why: Because) -> Expense:
    """Take back an expense that was none: the money comes back."""
    turn_round(ctx, expense, why)
    return expense


def turn_round(ctx: Context, row: Expense | Withdrawal | Movement, why: Because) -> None:
    """What was booked for a mistake goes back the way it came, whatever day it is of."""
    if row.cancelled_at is not None:
        raise Refused("cancelled", f"{row.title} was cancelled already")
    row.cancelled_at, row.cancelled_because = ctx.now, why.reason
    of = f"{row.title.lower()}_id"
    for each in ctx.all(find(Payment, Payment.table.c[of] == row.id)):
        book(ctx, -each.amount, Method(each.method), each.method_reference, note=why.reason, **{of: row.id})


@act(Withdrawal, by=MANAGERS)
def withdraw(ctx: Context, order: NewWithdrawal) -> Withdrawal:
    """Note what the owner took for himself."""
    given = order.model_dump(exclude={"reference"})
    made = ctx.add(Withdrawal(**given, method_reference=order.reference, staff_id=ctx.actor.user_id or None))
    book(ctx, -made.amount, made.method, order.reference, withdrawal_id=made.id)
    return made


@act(Withdrawal, by=MANAGERS, when=counts)
def put_back(ctx: Context, withdrawal: Withdrawal, why: Because) -> Withdrawal:
    """Take back a withdrawal that was none: the money comes back."""
    turn_round(ctx, withdrawal, why)
    return withdrawal


@act(Movement, by=STAFF)
def shift(ctx: Context, order: NewMovement) -> Movement:
    """Put cash into the drawer, take some out, or bring it to the bank."""
    made = ctx.add(Movement(**order.model_dump(), staff_id=ctx.actor.user_id or None))
    comes_in = made.kind is MovementKind.CASH_IN
    book(ctx, made.amount if comes_in else -made.amount, Method.CASH, movement_id=made.id)
    if made.kind is MovementKind.BANKED:
        book(ctx, made.amount, Method.BANK, movement_id=made.id)
    return made


@act(Movement, by=MANAGERS, when=counts)
def reverse(ctx: Context, movement: Movement, why: Because) -> Movement:
    """Take back a movement of cash that was none: the drawer, and the bank, are as if it had never been."""
    turn_round(ctx, movement, why)
    return movement


drawers = Resource(
    Drawer,
    by=STAFF,
    columns=(
        "id", "status", "opening_amount", "staff_id", "counted_amount", "expected_amount", "difference", "reason",
        "by_method", "closed_by_id", "closed_at", "created_at",
    ),
    create=open_up,
    filters=("status",),
)  # fmt: skip
expenses = Resource(Expense, by=STAFF, create=spend, filters=("category", "method"), sort=("created_at", "amount"))
withdrawals = Resource(Withdrawal, by=MANAGERS, create=withdraw)
movements = Resource(Movement, by=STAFF, create=shift, filters=("kind",))

resources = (drawers, expenses, withdrawals, movements)
paths = (Contract("GET", "/api/drawers/current", current_drawer),)
