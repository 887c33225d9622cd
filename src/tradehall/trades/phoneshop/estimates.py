"""Estimates: what a repair would cost, and what its customer says to that."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator

from tradehall.kernel.columns import ID, moment, money, optional, person, reference, state, text
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing
from tradehall.kernel.errors import Refused
from tradehall.kernel.forms import Form
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Find, Record, find, unique
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import GUEST, act
from tradehall.trades.phoneshop.messages import link_of, tell
from tradehall.trades.phoneshop.models import Repair, RepairStatus
from tradehall.trades.phoneshop.reach import WORKSHOP


class Answer(StrEnum):
    """What became of an estimate."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    REPLACED = "replaced"


MOVES = {
    Answer.OPEN: (Answer.ACCEPTED, Answer.DECLINED, Answer.REPLACED),
    Answer.ACCEPTED: (),
    Answer.DECLINED: (),
    Answer.REPLACED: (),
}


class Estimate(Record, table="phoneshop_estimates"):
    """What a repair would cost. A repair has one open estimate at a time: a new one replaces it."""

    repair_id = reference(Repair)
    amount = money(above=0)
    details = optional(text(1000))
    status = state(Answer, MOVES)
    staff_id = optional(person())
    answered_at = optional(moment())

    indexes = (("repair_id",),)
    walls = (unique("repair_id", where="status = 'open'", says="There is an open estimate already"),)


class NewEstimate(Form, of=Estimate, fields=("amount", "details")):
    """What a repair would cost."""


def decided(word: object) -> object:
    """A decision as the estimate has it: who says `accept` or `reject` means `accepted` or `declined`."""
    plain = word.strip().lower() if isinstance(word, str) else word
    return {"accept": "accepted", "decline": "declined", "reject": "declined"}.get(str(plain), plain)


class Decision(BaseModel):
    """`accepted` or `declined`. With `estimate_id` it is of that estimate and of no newer one."""

    decision: Annotated[Literal["accepted", "declined"], BeforeValidator(decided)]
    estimate_id: Annotated[int, ID] | None = None


def of_repair(repair: Repair) -> Find[Estimate]:
    """The estimates of a repair, the newest first."""
    return find(Estimate, Estimate.repair_id == repair.id).by(Estimate.id.desc())


def may_be_estimated(repair: Mapping[str, Any]) -> bool:
    """Whether the price of a repair, as it is answered, is open."""
    is_claim = repair["warranty_of_id"] or repair["warranty_of_sale_id"]
    return not is_claim and repair["status"] in (RepairStatus.PENDING, RepairStatus.IN_PROGRESS)


def newest(reader: Reader, repair: Repair) -> Estimate | None:
    """The estimate that counts: the last one."""
    return reader.first(of_repair(repair))


@act(Repair, by=WORKSHOP, when=may_be_estimated)
def estimate(ctx: Context, repair: Repair, order: NewEstimate) -> Estimate:
    """Say what a repair would cost; its customer accepts or declines."""
    may_cost(repair)
    if order.amount < repair.paid_amount:
        raise Refused("overpaid", f"{repair.paid_amount} was paid already")
    former = newest(ctx, repair)
    if former is not None and former.status is Answer.OPEN:
        former.status = Answer.REPLACED
    made = ctx.add(Estimate(repair_id=repair.id, staff_id=ctx.actor.user_id or None, **order.model_dump()))
    if link_of(ctx, repair):
        tell(ctx, repair, "repair_estimate", once=made.id, amount=made.amount)
    return made


def may_cost(repair: Repair) -> None:
    """Raise Refused where the price of a repair is settled."""
    if repair.warranty_of_id is not None or repair.warranty_of_sale_id is not None:
        raise Refused("free_of_charge", "A warranty claim is free of charge")
    if repair.status in (RepairStatus.COMPLETED, RepairStatus.DELIVERED):
        raise Refused("settled", f"Repair is {repair.status}: it needs no estimate")


@act(Repair, by=(GUEST, *WORKSHOP), title="Note the answer", when=may_be_estimated)
def decide(ctx: Context, repair: Repair, answer: Decision) -> Repair:
    """Accept an estimate, which makes it the price of the repair, or decline it."""
    found = newest(ctx, repair)
    if found is None:
        raise Refused("no_estimate", "There is no estimate to decide on")
    if answer.estimate_id not in (None, found.id):
        raise Refused("replaced", f"This estimate was replaced: it is {found.amount} now")
    if (decision := Answer(answer.decision)) is found.status:
        return repair
    if found.status is not Answer.OPEN:
        raise Refused("decided", f"This estimate is {found.status}")
    if decision is Answer.ACCEPTED:
        may_cost(repair)
        repair.cost = found.amount
    found.status, found.answered_at = decision, ctx.now
    if found.staff_id is not None and found.staff_id != ctx.actor.user_id:
        said: dict[str, Any] = {"decision": answer.decision, "amount": found.amount}
        ctx.notify(found.staff_id, "estimate_decided", repair, once=found.id, **said)
    return repair


estimates = Resource(
    Estimate,
    columns=("id", "repair_id", "amount", "details", "status", "staff_id", "answered_at", "created_at"),
    by=WORKSHOP,
)
paths = (
    Contract("POST", "/api/repairs/{id}/estimate", estimate, 201),
    Contract("GET", "/api/repairs/{id}/estimates", Listing(estimates, parent="repair_id")),
)
