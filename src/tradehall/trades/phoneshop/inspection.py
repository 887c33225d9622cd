"""What is done to a phone before it is sold: it is inspected and priced, and what that costs belongs to its cost."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from tradehall.kernel.columns import clean, json, money, optional, person, reference, text
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing
from tradehall.kernel.errors import Refused
from tradehall.kernel.forms import Form
from tradehall.kernel.records import Record, check, find, unique
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import act
from tradehall.trades.phoneshop.models import HELD, Phone, PhoneStatus
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF

INSPECTED_IN = (PhoneStatus.RECEIVED, PhoneStatus.AVAILABLE, PhoneStatus.WITHHELD)


class Inspection(Record, table="phoneshop_inspections"):
    """How a phone was found when somebody looked at it. It is never changed."""

    phone_id = reference(Phone)
    grade = text(20, shortest=1)
    checks = json(default=list)
    asking_price = money(above=0)
    staff_id = optional(person())

    indexes = (("phone_id", "created_at", "id"),)


class UnitCost(Record, table="phoneshop_unit_costs"):
    """What was spent on one phone to make it fit for sale: a part of its cost, counted once.

    Source: spec R-02.
    """

    phone_id = reference(Phone)
    amount = money(above=0)
    description = text(200, shortest=1)
    reference = optional(text(100))
    """The number of the bill, if there is one: it is booked once for a phone."""
    staff_id = optional(person())

    indexes = (("phone_id", "created_at", "id"),)
    walls = (
        check("amount_positive", "amount > 0", "A cost is more than zero"),
        unique("phone_id", "reference", where="reference IS NOT NULL",
               says="This bill is booked on this phone already", code="cost_known"),
    )  # fmt: skip


def named(given: Any) -> Any:
    """What is only named was looked at, and found well."""
    return {"name": given} if isinstance(given, str) else given


class Finding(BaseModel):
    """One thing that was looked at: `"battery"`, or `{"name": "battery", "passed": false, "note": "71 %"}`."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=80), BeforeValidator(clean)]
    passed: bool = True
    note: Annotated[str, StringConstraints(max_length=200), BeforeValidator(clean)] | None = None


class NewInspection(Form, of=Inspection, fields=("grade", "asking_price")):
    """What was found, and what the phone is offered for."""

    checks: Annotated[list[Annotated[Finding, BeforeValidator(named)]], Field(max_length=50, default_factory=list)]


class NewCost(Form, of=UnitCost, fields=("amount", "description", "reference")):
    """What was spent on a phone."""


@act(Phone, by=STAFF, title="Inspect and price", when=lambda phone: phone["status"] in INSPECTED_IN)
def inspect(ctx: Context, phone: Phone, found: NewInspection) -> Phone:
    """Note how a phone was found, and offer it for its asking price."""
    if phone.status not in INSPECTED_IN:
        raise Refused("illegal_move", f"Phone is {phone.status}: it can't be inspected now")
    ctx.add(Inspection(**found.model_dump(), phone_id=phone.id, staff_id=ctx.actor.user_id or None))
    phone.grade, phone.value = found.grade, found.asking_price
    if phone.status is not PhoneStatus.AVAILABLE:
        phone.status = PhoneStatus.AVAILABLE
    return phone


@act(Phone, by=STAFF, title="Book a cost", when=lambda phone: phone["status"] in HELD)
def spend(ctx: Context, phone: Phone, order: NewCost) -> UnitCost:
    """Book what was spent on a phone: it is a part of its cost from now on.

    Where nobody knows what the phone had cost, its cost stays unknown until somebody says so.
    """
    if phone.status not in HELD:
        raise Refused("phone_gone", f"Phone is {phone.status}: its value and its cost stay as they are")
    cost = ctx.add(UnitCost(**order.model_dump(), phone_id=phone.id, staff_id=ctx.actor.user_id or None))
    if phone.cost_price is not None:
        phone.cost_price += cost.amount
    return cost


def spent(ctx: Context, phone: Phone) -> Decimal:
    """What was spent on a phone so far."""
    return sum((each.amount for each in ctx.all(find(UnitCost, UnitCost.phone_id == phone.id))), Decimal(0))


inspections = Resource(Inspection, by=STAFF, filters=("phone_id", "grade"))
costs = Resource(UnitCost, by=STAFF, only={"amount": MANAGERS}, filters=("phone_id",))
resources = (inspections, costs)
paths = (
    Contract("POST", "/api/phones/{id}/inspect", inspect),
    Contract("GET", "/api/phones/{id}/inspections", Listing(inspections, parent="phone_id")),
    Contract("POST", "/api/phones/{id}/costs", spend, status=201, shape=costs.shape),
    Contract("GET", "/api/phones/{id}/costs", Listing(costs, parent="phone_id")),
)
