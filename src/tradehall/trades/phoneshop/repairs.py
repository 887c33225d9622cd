"""Repairs: booked, worked on, completed, handed over (spec R-11)."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, StringConstraints

from tradehall.kernel.columns import Day, clean
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing, Reading
from tradehall.kernel.errors import Refused, field_error
from tradehall.kernel.forms import Form
from tradehall.kernel.guests import new_token
from tradehall.kernel.people import holders
from tradehall.kernel.records import find
from tradehall.kernel.resources import Filter, Resource
from tradehall.kernel.verbs import act, illegal, move
from tradehall.trades.phoneshop import estimates, parts
from tradehall.trades.phoneshop.messages import RepairReply, tell_status
from tradehall.trades.phoneshop.models import HELD, REPAIR_MOVES, Customer, Phone, PhoneStatus, Repair, RepairStatus
from tradehall.trades.phoneshop.reach import WORKSHOP
from tradehall.trades.phoneshop.roles import MANAGERS, TECHNICIAN
from tradehall.trades.phoneshop.rules import Amount
from tradehall.trades.phoneshop.terms import OWN_JOBS, REPAIR_WARRANTY, warranty_end

PENDING, IN_PROGRESS, COMPLETED, DELIVERED = RepairStatus
UNFINISHED = (PENDING, IN_PROGRESS)
Why = Annotated[str, StringConstraints(min_length=1, max_length=500), BeforeValidator(clean)]
REFUSALS = {"unknown_status": 400}
TOLD = ("phone_description", "issue_description", "diagnosis", "due_date", "technician_id", "warranty_days")


class NewRepair(Form, of=Repair, fields=("customer_id", "phone_id", *TOLD, "intake")):
    """A phone that somebody brings to be mended, or one of the stock."""

    cost: Amount


class RepairChanges(Form, of=Repair, fields=("delivery_notified", *TOLD), partial=True):
    """What may be changed of a repair. A completed one is taken up again with a reason only."""

    cost: Amount | None = None
    status: RepairStatus | None = None
    reason: Why | None = None


class NextStatus(BaseModel):
    """The status that a repair has now, as `new_status` or `status`."""

    new_status: str | None = None
    status: str | None = None
    reason: Why | None = None


class Rework(BaseModel):
    """Why a completed repair is taken up again."""

    reason: Why


@act(Repair, by=WORKSHOP)
def book_in(ctx: Context, order: NewRepair) -> Repair:
    """Book a repair."""
    return begin(ctx, Repair(**order.model_dump()))


def begin(ctx: Context, repair: Repair) -> Repair:
    """Give a repair its number and its link, and tell the customer; who sees their own only has it now, if nobody else does."""
    ctx.get(Customer, repair.customer_id)
    if repair.technician_id is None and ctx.actor.is_a(TECHNICIAN) and ctx.preferences[OWN_JOBS.name]:
        repair.technician_id = ctx.actor.user_id or None
    may_work(ctx, repair.technician_id)
    hold_unit(ctx, repair)
    repair.repair_number, repair.token = ctx.number("repair", "REP-"), new_token(ctx.org_id)
    repair.staff_id = ctx.actor.user_id or None
    ctx.add(repair)
    tell_status(ctx, repair, PENDING)
    return repair


def may_work(ctx: Context, user_id: int | None) -> None:
    """Raise Invalid where somebody is no technician or manager of this shop."""
    able = (each.name for each in (TECHNICIAN, *MANAGERS))
    if user_id is not None and user_id not in holders(ctx.session, ctx.org_id, Repair.trade, *able):
        raise field_error(["body", "technician_id"], "This is no technician or manager of the shop")


# A phone of the stock is not for sale while it is mended; a customer's own never becomes stock (spec R-21).


def hold_unit(ctx: Context, repair: Repair) -> None:
    """Take the phone of a repair off the stock, if it is one of the stock."""
    if repair.phone_id is None:
        return
    phone = ctx.get(Phone, repair.phone_id)
    if phone.status is PhoneStatus.UNDER_REPAIR:
        raise Refused("under_repair", "Phone is UNDER_REPAIR already")
    if phone.status in HELD:
        repair.unit_was, phone.status = PhoneStatus(phone.status), PhoneStatus.UNDER_REPAIR


def release_unit(ctx: Context, repair: Repair) -> None:
    """A unit that was mended is for sale again; one that was never looked at still has to be."""
    if repair.unit_was is not None and repair.phone_id is not None:
        phone = ctx.get(Phone, repair.phone_id)
        if phone.status is PhoneStatus.UNDER_REPAIR:
            is_new = repair.unit_was is PhoneStatus.RECEIVED
            phone.status = PhoneStatus.RECEIVED if is_new else PhoneStatus.AVAILABLE
            hold_for_others(ctx, phone, repair)


def hold_for_others(ctx: Context, phone: Phone, but: Repair | None = None) -> None:
    """Take a phone of the stock off it while somebody mends it, be it for whoever had bought it (spec R-21)."""
    begun = find(Repair, Repair.phone_id == phone.id, Repair.status.in_(UNFINISHED))
    if (other := ctx.first(begun if but is None else begun.where(Repair.id != but.id))) is not None:
        hold_unit(ctx, other)


def hold_again(ctx: Context, repair: Repair) -> None:
    """Take the unit of a completed repair off the stock again; raises Refused where it is gone."""
    if repair.unit_was is not None and repair.phone_id is not None:
        phone = ctx.get(Phone, repair.phone_id)
        if phone.status not in HELD:
            raise Refused("phone_gone", f"Phone is {phone.status}: it can't be taken under repair again")
        hold_unit(ctx, repair)


# From status to status.


def changed(ctx: Context, repair: Repair, status: RepairStatus) -> None:
    """Note a real change of the status, which has one message."""
    repair.changes += 1
    tell_status(ctx, repair, status)


@move(Repair, PENDING, IN_PROGRESS, by=WORKSHOP)
def start(ctx: Context, repair: Repair) -> None:
    """A technician works on it."""
    changed(ctx, repair, IN_PROGRESS)


@move(Repair, (PENDING, IN_PROGRESS), COMPLETED, by=WORKSHOP)
def complete(ctx: Context, repair: Repair) -> None:
    """It is mended, and ready for pick-up."""
    repair.completed_at = ctx.now
    release_unit(ctx, repair)
    changed(ctx, repair, COMPLETED)


@move(Repair, COMPLETED, IN_PROGRESS, by=WORKSHOP)
def rework(ctx: Context, repair: Repair, why: Rework) -> None:
    """Take a completed repair up again, for a reason.

    Of one that was refunded the figures are closed: whoever brings it back has a claim of its warranty.
    """
    if repair.refunded_amount:
        raise Refused("refunded", "This repair was refunded: take it in again, as a claim of its warranty")
    hold_again(ctx, repair)
    repair.rework_reason, repair.completed_at, repair.delivery_notified = why.reason, None, False
    changed(ctx, repair, IN_PROGRESS)


@move(Repair, (PENDING, IN_PROGRESS, COMPLETED), DELIVERED, by=WORKSHOP)
def deliver(ctx: Context, repair: Repair) -> None:
    """Hand it over; its warranty begins.

    Source: spec R-13.
    """
    repair.completed_at, repair.delivered_at = repair.completed_at or ctx.now, ctx.now
    if not is_claim(repair):
        days = repair.warranty_days
        repair.warranty_until = warranty_end(ctx, ctx.preferences[REPAIR_WARRANTY.name] if days is None else days)
    if repair.status is not COMPLETED:
        release_unit(ctx, repair)
    changed(ctx, repair, DELIVERED)


def is_claim(repair: Repair) -> bool:
    """Whether a repair is a claim of a warranty."""
    return repair.warranty_of_id is not None or repair.warranty_of_sale_id is not None


STEPS = {IN_PROGRESS: start, COMPLETED: complete, DELIVERED: deliver}


def advance(ctx: Context, repair: Repair, status: RepairStatus, reason: str | None) -> None:
    """Bring a repair to a status; where it is there already, nothing happens."""
    if repair.status is status:
        return
    if status is PENDING:
        raise illegal(repair, repair.status, REPAIR_MOVES[RepairStatus(repair.status)])
    if repair.status is COMPLETED and status is IN_PROGRESS:
        if reason is None:
            raise field_error(["body", "reason"], "A completed repair is taken up again with a reason", "missing")
        ctx.do(rework, repair, Rework(reason=reason))
    else:
        ctx.do(STEPS[status], repair)


@act(Repair, by=WORKSHOP)
def set_status(ctx: Context, repair: Repair, wish: NextStatus) -> Repair:
    """Bring a repair to a status."""
    word = wish.status if wish.new_status is None else wish.new_status
    if word is None:
        raise field_error(["query", "new_status"], "Field required", "missing")
    if word not in [*RepairStatus]:
        raise Refused("unknown_status", f"Invalid status: it is one of {', '.join(RepairStatus)}")
    advance(ctx, repair, RepairStatus(word), wish.reason)
    return repair


@act(Repair, by=WORKSHOP)
def amend(ctx: Context, repair: Repair, changes: RepairChanges) -> Repair:
    """Change what is known of a repair, its price, or its status."""
    asked = changes.model_dump(exclude_unset=True)
    status, reason, cost = (asked.pop(name, None) for name in ("status", "reason", "cost"))
    if "technician_id" in asked:
        may_work(ctx, asked["technician_id"])
    if cost is not None and cost != repair.cost:
        reprice(repair, cost)
    for name, value in asked.items():
        repair.assign(repair.fields[name], value)
    if status is not None:
        advance(ctx, repair, status, reason)
    return repair


def reprice(repair: Repair, cost: Decimal) -> None:
    """Another price; raises Refused where it is settled."""
    if is_claim(repair):
        raise Refused("free_of_charge", "A warranty claim is free of charge")
    if repair.status is DELIVERED:
        raise Refused("delivered", "Repair is Delivered: its price stays as it is")
    if repair.refunded_amount:
        raise Refused("refunded", "This repair was refunded: its price stays as it was")
    if cost < repair.paid_amount:
        raise Refused("overpaid", f"{repair.paid_amount} was paid already")
    repair.cost = cost


@act(Repair, by=MANAGERS, when=lambda repair: repair["status"] != DELIVERED and not repair["paid_amount"])
def strike(ctx: Context, repair: Repair) -> None:
    """Delete a repair that was booked by mistake; one that was paid or handed over stays.

    Source: spec R-18.
    """
    reasons = [
        why for why, holds in (("Delivered", repair.status is DELIVERED), ("paid", repair.paid_amount > 0)) if holds
    ]
    if reasons:
        raise Refused("in_use", f"Repair can't be deleted: it is {' and '.join(reasons)}")
    parts.put_all_back(ctx, repair)
    for record in (estimates.Estimate, RepairReply):
        for row in ctx.all(find(record, record.table.c.repair_id == repair.id)):
            ctx.delete(row)
    if repair.unit_was is not None and repair.status in UNFINISHED:
        phone = ctx.get(Phone, repair.phone_id or 0)
        phone.status = PhoneStatus(repair.unit_was)
        hold_for_others(ctx, phone, repair)
    ctx.delete(repair)


repairs = Resource(
    Repair,
    columns=(
        "id", "repair_number", "customer_id", "phone_id", "phone_description", "issue_description", "diagnosis", "cost",
        "status", "delivery_notified", "due_date", "technician_id", "paid_amount", "balance_due", "refunded_amount",
        "margin", "warranty_until", "created_at", "updated_at",
    ),
    detail=(
        "staff_id", "intake", "rework_reason", "completed_at", "delivered_at", "parts_cost", "outside_cost", "claims_cost",
        "warranty_days", "warranty_of_id", "warranty_of_sale_id",
    ),
    only=dict.fromkeys(("margin", "parts_cost", "outside_cost", "claims_cost"), MANAGERS),
    by=WORKSHOP,
    create=book_in,
    edit=amend,
    delete=strike,
    filters=(
        Filter("status_filter", RepairStatus, lambda status: Repair.status == status), "status", "technician_id",
        "customer_id",
        Filter("due_before", Day, lambda day: Repair.due_date < day),
    ),
    sort=("created_at", "due_date", "updated_at"),
    errors=REFUSALS,
)  # fmt: skip
links = Resource(Repair, columns=("id", "repair_number", "token"), called={"token": "public_token"}, by=WORKSHOP)

resources = (repairs,)
paths = (
    Contract("PATCH", "/api/repairs/{id}/status", set_status, errors=REFUSALS),
    Contract("GET", "/api/repairs/customer/{customer_id}", Listing(repairs, parent="customer_id")),
    Contract("GET", "/api/repairs/{id}/link", Reading(links)),
)
