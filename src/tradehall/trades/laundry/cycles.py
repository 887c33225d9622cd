"""Cycles: start, cancel, end, extend, collect. A cycle ends at a moment that is written down when it starts (spec R-02)."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, StringConstraints
from pydantic import Field as Limit

from tradehall.kernel.cabinet import Arrived
from tradehall.kernel.columns import LARGEST_ID, clean
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Denied, Missing, Refused
from tradehall.kernel.files import attach
from tradehall.kernel.people.members import holder, member
from tradehall.kernel.verbs import SYSTEM, act, move
from tradehall.trades.laundry import idling, paying, queue, terms
from tradehall.trades.laundry.models import (
    CURRENT,
    PLACE,
    RUNNING_OF,
    Category,
    Confidence,
    Cycle,
    CycleStatus,
    Machine,
    MachineStatus,
    MachineType,
)
from tradehall.trades.laundry.photos import Photo, taken_in
from tradehall.trades.laundry.roles import EVERYBODY, STAFF
from tradehall.trades.laundry.telling import clock, note, tell
from tradehall.trades.laundry.views import called, has_left, minutes, numbered, resident, shown_to

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

Answer = dict[str, Any]
Number = Annotated[int, Limit(ge=1, le=9999)]
REMINDED = ("half", "over")
"""When somebody is reminded of their clothes: after half of the grace, or of what they will cost, and after all of it."""
NOT_YOURS = "You are not using this machine"


class Which(BaseModel):
    """A machine, by its kind and the number on it."""

    machine_type: MachineType
    machine_id: Number


class StartCycle(Which):
    """What is started, and for how long; `then_dryer` keeps a place in line for a dryer. Staff may start for somebody else."""

    category: Category = Category.NORMAL
    then_dryer: bool = False
    for_user_id: Annotated[int, Limit(ge=1, le=LARGEST_ID)] | None = None
    for_student_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = None


class Extension(Which):
    """How many minutes longer a cycle runs."""

    minutes: Literal[5, 10, 15]


class Collection(Which):
    """That the clothes are out, and, of somebody else's, where they are now."""

    moved: bool = False
    place: Annotated[str, StringConstraints(max_length=200), BeforeValidator(clean)] = ""
    photo: Photo | None = None


@act(Cycle, by=EVERYBODY)
def start(ctx: Context, order: StartCycle) -> Answer:
    """Start a machine that is free."""
    machine, user_id = numbered(ctx, order.machine_type, order.machine_id), starter(ctx, order)
    brought_up_to_date(ctx, machine)
    if machine.status is not MachineStatus.AVAILABLE:
        raise Refused("machine_busy", f"Machine is {machine.status}")
    if machine.offered_to_id not in (None, user_id) and machine.held_until is not None:
        raise Refused("reserved", f"Reserved for the next person until {clock(ctx, machine.held_until)}")
    within_limit(ctx, user_id, order.machine_type)
    ends_at = ctx.now + terms.length(ctx, order.machine_type, order.category)
    cycle = ctx.add(
        Cycle(
            user_id=user_id, machine_id=machine.id, machine_type=machine.machine_type, number=machine.number,
            category=order.category, ends_at=ends_at,
        )
    )  # fmt: skip
    paying.charge(ctx, cycle)
    if (place := ctx.first(PLACE, user=user_id, kind=order.machine_type)) is not None:
        queue.gone(ctx, place, "started", taking=machine)
    machine.status, machine.current_user_id, machine.current_category = MachineStatus.IN_USE, user_id, order.category
    machine.ends_at, machine.confidence, machine.confirmed_at = ends_at, Confidence.APP, ctx.now
    ctx.at(ends_at, ring, cycle)
    forewarned(ctx, cycle)
    note(ctx, "machine_started", machine, f"{called(machine)}, {minutes(order.category)}", of=user_id)
    if order.then_dryer and order.machine_type is MachineType.WASHER:
        hand_over(ctx, cycle)
    shown = shown_to(ctx, machine)
    return {
        "success": True, "message": f"{called(machine)} started", "machine": shown,
        "time_left_seconds": shown["time_left_seconds"], "cycle_id": cycle.id,
    }  # fmt: skip


def starter(ctx: Context, order: StartCycle) -> int:
    """Who the cycle is for: whoever asks, or somebody without a telephone, for whom staff starts it."""
    wanted = order.for_user_id
    if order.for_student_id is not None:
        wanted = holder(ctx.session, ctx.trade.name, "student_id", order.for_student_id) or 0
    if wanted in (None, ctx.actor.user_id):
        return ctx.actor.user_id
    if not ctx.actor.may(STAFF):
        raise Denied("Only staff starts a machine for somebody else")
    found = member(ctx.session, wanted, ctx.org_id, ctx.trade.name)
    if found is None or not found.is_active:
        raise Missing("Resident not found")
    return wanted


def within_limit(ctx: Context, user_id: int, kind: MachineType) -> None:
    """Raise Refused where somebody runs as many machines as one person may."""
    most = ctx.preferences[terms.MOST[kind].name]
    if most and len(ctx.all(RUNNING_OF, user=user_id, kind=kind)) >= most:
        raise Refused("limit_reached", f"One person runs at most {most} {kind}s at once")


def forewarned(ctx: Context, cycle: Cycle) -> None:
    """Have whoever wants it told some minutes before the end, if those have not begun."""
    known = resident(ctx, cycle.user_id)
    moment = cycle.ends_at - timedelta(minutes=known.remind_before_min if known is not None else 0)
    if ctx.now < moment < cycle.ends_at:
        ctx.at(moment, warn, cycle)
    else:
        ctx.cancel(warn, cycle)


def hand_over(ctx: Context, cycle: Cycle) -> None:
    """Keep a place in line for a dryer, which is skipped until the washer is done."""
    if ctx.first(PLACE, user=cycle.user_id, kind=MachineType.DRYER) is None:
        queue.queued(ctx, cycle.user_id, MachineType.DRYER, after_cycle=cycle.id)


def brought_up_to_date(ctx: Context, machine: Machine) -> None:
    """What should have happened by now has, whether its timer has rung or not."""
    if machine.status is MachineStatus.IN_USE and machine.ends_at is not None and machine.ends_at <= ctx.now:
        cycle = current(ctx, machine)
        ctx.cancel(ring, cycle)
        ctx.do(finish, cycle)
    queue.lapse_if_due(ctx, machine)


def current(ctx: Context, machine: Machine) -> Cycle:
    """The cycle whose clothes are in a machine."""
    found = ctx.first(CURRENT, machine=machine.id)
    if found is None:
        raise Refused("machine_state", f"Machine is {machine.status}")
    return found


def at_work(ctx: Context, which: Which, deed: str, *wanted: MachineStatus) -> tuple[Machine, Cycle]:
    """A machine in one of these states, with its cycle; raises Refused."""
    machine = numbered(ctx, which.machine_type, which.machine_id)
    brought_up_to_date(ctx, machine)
    if machine.status not in wanted:
        raise Refused("machine_state", f"Cannot {deed} machine in {machine.status} state")
    return machine, current(ctx, machine)


def own(ctx: Context, cycle: Cycle) -> None:
    """Raise Denied where a cycle is somebody else's, unless an administrator asks."""
    if cycle.user_id != ctx.actor.user_id and not ctx.actor.may(STAFF):
        raise Denied(NOT_YOURS)


@act(Cycle, by=EVERYBODY)
def cancel(ctx: Context, which: Which) -> Answer:
    """Stop a machine as if it had not been started: it is free, and the cycle does not count."""
    machine, cycle = at_work(ctx, which, "cancel", MachineStatus.IN_USE)
    own(ctx, cycle)
    ctx.cancel(ring, cycle)
    ctx.cancel(warn, cycle)
    cycle.status, cycle.ended_at = CycleStatus.CANCELLED, ctx.now
    paying.refund(ctx, cycle)
    note(ctx, "machine_cancelled", machine, called(machine))
    forget_dryer(ctx, cycle)
    cleared(ctx, machine, cycle)
    return {"success": True, "message": f"{called(machine)} was cancelled", "machine": shown_to(ctx, machine)}


def forget_dryer(ctx: Context, cycle: Cycle) -> None:
    """A place for a dryer that waits for a cycle which was cancelled is given up."""
    if cycle.machine_type is MachineType.WASHER:
        place = ctx.first(PLACE, user=cycle.user_id, kind=MachineType.DRYER)
        if place is not None and place.after_cycle_id == cycle.id:
            queue.gone(ctx, place, "cancelled")


@act(Cycle, by=EVERYBODY)
def end(ctx: Context, which: Which) -> Answer:
    """End a cycle before its time: the machine is completed, and waits for its clothes to be taken out."""
    machine, cycle = at_work(ctx, which, "end", MachineStatus.IN_USE)
    own(ctx, cycle)
    ctx.cancel(ring, cycle)
    ctx.cancel(warn, cycle)
    cycle.ends_at = machine.ends_at = ctx.now
    ctx.do(finish, cycle)
    return {"success": True, "message": f"{called(machine)} was ended", "machine": shown_to(ctx, machine)}


@act(Cycle, by=EVERYBODY)
def extend(ctx: Context, wish: Extension) -> Answer:
    """Let a machine run longer."""
    machine, cycle = at_work(ctx, wish, "extend", MachineStatus.IN_USE)
    own(ctx, cycle)
    cycle.ends_at = machine.ends_at = cycle.ends_at + timedelta(minutes=wish.minutes)
    ctx.at(cycle.ends_at, ring, cycle)
    forewarned(ctx, cycle)
    note(ctx, "machine_extended", machine, f"{called(machine)}, {wish.minutes} minutes more")
    shown = shown_to(ctx, machine)
    return {
        "success": True, "message": f"{called(machine)} runs {wish.minutes} minutes longer", "machine": shown,
        "time_left_seconds": shown["time_left_seconds"],
    }  # fmt: skip


# What happens by itself.


@act(Cycle, by=SYSTEM)
def ring(ctx: Context, cycle: Cycle) -> None:
    """The time of a cycle is over, unless it was made longer or the clock was set back."""
    if cycle.status is not CycleStatus.RUNNING:
        return
    if ctx.now < cycle.ends_at:
        ctx.at(cycle.ends_at, ring, cycle)
        return
    ctx.do(finish, cycle)


@act(Cycle, by=SYSTEM)
def warn(ctx: Context, cycle: Cycle) -> None:
    """A cycle will be done in a few minutes."""
    if cycle.status is CycleStatus.RUNNING and ctx.now < cycle.ends_at:
        machine = ctx.get(Machine, cycle.machine_id)
        tell(ctx, cycle.user_id, "cycle_ends_soon", machine, str(cycle.id), until=clock(ctx, cycle.ends_at))


@move(Cycle, CycleStatus.RUNNING, CycleStatus.COMPLETED, by=SYSTEM)
def finish(ctx: Context, cycle: Cycle) -> None:
    """A machine has stopped: it counts now, once, and its clothes wait to be taken out."""
    machine = ctx.get(Machine, cycle.machine_id)
    cycle.ended_at = cycle.ends_at
    machine.status, machine.total_cycles = MachineStatus.COMPLETED, machine.total_cycles + 1
    grace = timedelta(0) if has_left(ctx, cycle.user_id) else terms.span(ctx, terms.GRACE)
    machine.grace_until = cycle.ends_at + grace
    note(ctx, "machine_completed", machine, called(machine), of=cycle.user_id)
    tell(ctx, cycle.user_id, "cycle_completed", machine, str(cycle.id), until=clock(ctx, machine.grace_until))
    moments = dict(zip(REMINDED, (cycle.ends_at + grace / 2, machine.grace_until), strict=True))
    if idling.begins(ctx, cycle):
        moments.pop("half")
    for which, moment in moments.items():
        remind_at(ctx, cycle, moment, which)
    ctx.at(cycle.ends_at + timedelta(hours=ctx.preferences[terms.RELEASE.name]), release, cycle)
    if cycle.machine_type is MachineType.WASHER:
        place = ctx.first(PLACE, user=cycle.user_id, kind=MachineType.DRYER)
        if place is not None and place.after_cycle_id == cycle.id:
            place.snoozed, place.after_cycle_id = False, None
            queue.offer_free(ctx, MachineType.DRYER)


def remind_at(ctx: Context, cycle: Cycle, moment: datetime, which: str) -> None:
    """Have somebody reminded of their clothes, in the hours in which the laundry is open."""
    ctx.at(terms.hours(ctx).opening(moment), remind, cycle, once=f"{cycle.id}:{which}")


@act(Cycle, by=SYSTEM)
def remind(ctx: Context, cycle: Cycle) -> None:
    """Clothes wait in a machine that is done."""
    machine = ctx.get(Machine, cycle.machine_id)
    if cycle.status is not CycleStatus.COMPLETED or machine.grace_until is None:
        return
    if ctx.now < machine.grace_until:
        tell(ctx, cycle.user_id, "collect_reminder", machine, str(cycle.id), until=clock(ctx, machine.grace_until))
    else:
        tell(ctx, cycle.user_id, "collect_overdue", machine, str(cycle.id))


@move(Cycle, CycleStatus.COMPLETED, CycleStatus.RELEASED, by=(SYSTEM, *STAFF))
def release(ctx: Context, cycle: Cycle) -> None:
    """A machine that nobody emptied for long is free again: nobody knows whether it is."""
    machine = ctx.get(Machine, cycle.machine_id)
    note(ctx, "machine_released", machine, called(machine), of=cycle.user_id)
    cleared(ctx, machine, cycle)
    machine.confidence = Confidence.INFERRED


# Taking the clothes out.


async def photo_taken_in(office: "Office", trade: "Trade", call: "Call") -> Arrived | None:
    """The photo of where somebody's clothes are now, looked at and kept."""
    return await taken_in(office, call, getattr(call.body, "photo", None))


@act(Cycle, by=EVERYBODY, prepare=photo_taken_in)
def collect(ctx: Context, wish: Collection) -> Answer:
    """The clothes are out: by whom they belong to, or after a while by anybody, who says where they are."""
    machine, cycle = at_work(ctx, wish, "collect", MachineStatus.COMPLETED)
    is_own = cycle.user_id == ctx.actor.user_id
    if not is_own and not ctx.actor.may(STAFF) and machine.grace_until is not None and ctx.now < machine.grace_until:
        raise Refused("in_grace", f"Its owner has until {clock(ctx, machine.grace_until)} to collect")
    if ctx.prepared is not None:
        cycle.photo_id = attach(ctx, ctx.prepared, cycle).id
    cycle.place = wish.place
    cycle.status = CycleStatus.COLLECTED if is_own and not wish.moved else CycleStatus.MOVED
    if is_own:
        note(ctx, "clothes_collected", machine, called(machine))
    else:
        note(ctx, "clothes_moved", machine, called(machine))
        moved_to(ctx, cycle, machine)
    cleared(ctx, machine, cycle)
    return {"success": True, "message": f"{called(machine)} is empty", "machine": shown_to(ctx, machine)}


def moved_to(ctx: Context, cycle: Cycle, machine: Machine) -> None:
    """Tell somebody that their clothes were taken out, and where they are (spec N4)."""
    if cycle.place:
        tell(ctx, cycle.user_id, "clothes_moved", machine, str(cycle.id), of=cycle, place=cycle.place)
    else:
        tell(ctx, cycle.user_id, "clothes_taken_out", machine, str(cycle.id), of=cycle)


def cleared(ctx: Context, machine: Machine, cycle: Cycle) -> None:
    """A machine is empty: it goes to whoever waits, or is out of order from now on."""
    cycle.cleared_at, cycle.cleared_by_id = ctx.now, ctx.actor.user_id or None
    machine.current_user_id = machine.current_category = machine.ends_at = machine.grace_until = None
    machine.confidence, machine.confirmed_at = Confidence.APP, ctx.now
    machine.status = MachineStatus.AVAILABLE if machine.enabled else MachineStatus.DISABLED
    if cycle.status is not CycleStatus.CANCELLED:
        ctx.cancel(release, cycle)
        idling.ends(ctx, cycle)
        for which in REMINDED:
            ctx.cancel(remind, cycle, once=f"{cycle.id}:{which}")
    queue.offer_next(ctx, machine)
