"""Spare parts, and what a repair takes: parts of the stock, parts bought for it, and work done elsewhere (spec R-20)."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, StringConstraints
from pydantic import Field as Limit

from tradehall.kernel.columns import (
    ID,
    Refers,
    choice,
    clean,
    decimal_limits,
    integer,
    money,
    optional,
    person,
    reference,
    text,
)
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing
from tradehall.kernel.errors import Refused, field_error
from tradehall.kernel.forms import Form
from tradehall.kernel.money import LARGEST
from tradehall.kernel.records import Record, check, find, unique
from tradehall.kernel.resources import Filter, Resource, edit_row
from tradehall.kernel.verbs import act
from tradehall.trades.phoneshop.models import Repair, RepairStatus, Sale
from tradehall.trades.phoneshop.reach import WORKSHOP
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF

MOST = 1_000_000
REFUSALS = {"sku_taken": 400}


class Reason(StrEnum):
    """Why a part left the stock for a repair."""

    USED = "used"
    BROKEN = "broken"
    """Broken while it was fitted: the job bears it."""
    FAULTY = "faulty"
    """Faulty from its supplier: the job does not bear it."""
    OUTSIDE = "outside"
    """No part at all, but work that another workshop did."""


class SparePart(Record, table="phoneshop_parts"):
    """A kind of spare part, and how many of it the shop has."""

    name = text(100, shortest=1)
    sku = optional(text(60, shortest=1))
    quantity = integer(at_least=0, at_most=MOST, default=0)
    unit_cost = money(at_least=0)
    low_mark = integer(at_least=0, at_most=MOST, default=0)

    searched = ("name", "sku")
    walls = (
        unique("sku", where="sku IS NOT NULL", says="A part with this SKU is there already", code="sku_taken"),
        check("quantity", "quantity >= 0", "There are not enough of this part", code="out_of_stock"),
    )


class RepairPart(Record, table="phoneshop_repair_parts"):
    """What a repair took; `cost` is what its margin bears."""

    repair_id = reference(Repair)
    part_id = optional(reference(SparePart))
    name = text(100, shortest=1)
    quantity = integer(at_least=1, at_most=1000)
    unit_cost = money(at_least=0)
    reason = choice(Reason)
    cost = money(at_least=0)
    staff_id = optional(person())

    indexes = (("repair_id",), ("part_id",))


class PartForm(Form, of=SparePart, fields=("name", "sku", "quantity", "unit_cost", "low_mark")):
    """A spare part."""


class PartChanges(Form, of=SparePart, fields=("name", "sku", "quantity", "unit_cost", "low_mark"), partial=True):
    """What may be changed of a spare part."""


class TakenPart(BaseModel):
    """What a repair takes: a part of the stock, or by name and cost what was bought for it or done elsewhere."""

    part_id: Annotated[int, ID, Refers(SparePart)] | None = None
    quantity: Annotated[int, Limit(ge=1, le=1000)] = 1
    reason: Reason = Reason.USED
    name: Annotated[str, StringConstraints(min_length=1, max_length=100), BeforeValidator(clean)] | None = None
    unit_cost: Annotated[Decimal, *decimal_limits(2, at_least=0)] | None = None


@act(SparePart, by=MANAGERS)
def shelve(ctx: Context, order: PartForm) -> SparePart:
    """Add a spare part."""
    return ctx.add(SparePart(**order.model_dump()))


@act(SparePart, by=MANAGERS)
def count(ctx: Context, part: SparePart, changes: PartChanges) -> SparePart:
    """Change what is known of a spare part, and how many there are."""
    edit_row(ctx, part, changes)
    return part


@act(Repair, by=WORKSHOP, title="Use a part", when=lambda repair: repair["status"] != RepairStatus.DELIVERED)
def take(ctx: Context, repair: Repair, order: TakenPart) -> RepairPart:
    """Take a part for a repair; it leaves the stock once."""
    still_open(repair)
    line = RepairPart(repair_id=repair.id, quantity=order.quantity, reason=order.reason)
    line.staff_id = ctx.actor.user_id or None
    if order.part_id is not None:
        part = ctx.get(SparePart, order.part_id)
        if order.reason is Reason.OUTSIDE:
            raise field_error(["body", "reason"], "A part of the stock is used, broken or faulty")
        leave_stock(ctx, part, order.quantity)
        line.part_id, line.name, line.unit_cost = part.id, part.name, part.unit_cost
    else:
        line.name, line.unit_cost = bought(order)
    line.cost = Decimal(0) if order.reason is Reason.FAULTY else line.unit_cost * line.quantity
    charge(ctx, repair, line.reason, line.cost)
    return ctx.add(line)


def still_open(repair: Repair) -> None:
    """Raise Refused where the repair was handed over."""
    if repair.status is RepairStatus.DELIVERED:
        raise Refused("delivered", "Repair is Delivered: its parts stay as they are")


def leave_stock(ctx: Context, part: SparePart, quantity: int) -> None:
    """Take so many of a part; managers are told when few are left. Raises Refused."""
    if part.quantity < quantity:
        raise Refused("out_of_stock", f"Only {part.quantity} of {part.name} in stock")
    left = part.quantity - quantity
    is_news = left <= part.low_mark < part.quantity
    part.quantity = left
    for role in MANAGERS if is_news else ():
        ctx.notify(role, "part_low", part)


def bought(order: TakenPart) -> tuple[str, Decimal]:
    """The name and the cost of what is not of the stock; raises Invalid."""
    if order.name is None or order.unit_cost is None:
        lacking = "name" if order.name is None else "unit_cost"
        raise field_error(["body", lacking], "Field required where no part of the stock is taken", "missing")
    if order.reason not in (Reason.USED, Reason.OUTSIDE):
        raise field_error(["body", "reason"], "Only a part of the stock is broken or faulty")
    return order.name, order.unit_cost


def charge(ctx: Context, repair: Repair, reason: Reason, cost: Decimal) -> None:
    """Charge a cost (below zero: take it back) to whoever bears it: a claim's first job or sale, or the repair itself.

    Source: spec R-13, R-20.
    """
    bearer = borne_by(ctx, repair)
    if bearer is not None:
        name, bearing = "claims_cost", bearer
    else:
        name, bearing = "outside_cost" if reason is Reason.OUTSIDE else "parts_cost", repair
    total = bearing.values[name] + cost
    if total > LARGEST:
        raise field_error(["body", "quantity"], "This costs more than can be written down")
    bearing.assign(bearing.fields[name], total)


def borne_by(ctx: Context, repair: Repair) -> Repair | Sale | None:
    """Whose warranty a repair is a claim of."""
    if repair.warranty_of_id is not None:
        return ctx.get(Repair, repair.warranty_of_id)
    return ctx.get(Sale, repair.warranty_of_sale_id) if repair.warranty_of_sale_id is not None else None


@act(RepairPart, by=WORKSHOP)
def give_back(ctx: Context, line: RepairPart) -> None:
    """Take a part off a repair; it goes back to the stock."""
    repair = ctx.get(Repair, line.repair_id)
    still_open(repair)
    put_back(ctx, repair, line)


def put_back(ctx: Context, repair: Repair, line: RepairPart) -> None:
    """Undo what a repair took."""
    if line.part_id is not None:
        ctx.get(SparePart, line.part_id).quantity += line.quantity
    charge(ctx, repair, Reason(line.reason), -line.cost)
    ctx.delete(line)


def put_all_back(ctx: Context, repair: Repair) -> None:
    """Undo everything that a repair took."""
    for line in ctx.all(find(RepairPart, RepairPart.repair_id == repair.id)):
        put_back(ctx, repair, line)


spare_parts = Resource(
    SparePart,
    columns=("id", "name", "sku", "quantity", "unit_cost", "low_mark", "created_at", "updated_at"),
    only={"unit_cost": MANAGERS},
    by=STAFF,
    create=shelve,
    edit=count,
    delete=MANAGERS,
    filters=(Filter("low", bool, lambda low: (SparePart.quantity <= SparePart.low_mark) if low else None), "sku"),
    sort=("created_at", "name", "quantity"),
    errors=REFUSALS,
)
taken = Resource(
    RepairPart,
    columns=(
        "id", "repair_id", "part_id", "name", "quantity", "reason", "unit_cost", "cost", "staff_id", "created_at",
    ),
    only={"unit_cost": MANAGERS, "cost": MANAGERS},
    by=WORKSHOP,
)  # fmt: skip

resources = (spare_parts,)
paths = (
    Contract("GET", "/api/repairs/{id}/parts", Listing(taken, parent="repair_id")),
    Contract("POST", "/api/repairs/{id}/parts", take, 201),
    Contract("DELETE", "/api/repairs/{repair_id}/parts/{id}", give_back, 204),
)
