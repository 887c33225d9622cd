"""What is asked of machines and queues, and what residents say of a machine that they see."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel
from pydantic import Field as Limit

from tradehall.kernel.context import Context
from tradehall.kernel.contracts import report
from tradehall.kernel.errors import Missing, Refused
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.kernel.verbs import act
from tradehall.trades.laundry import calendar, feed, terms, wishes
from tradehall.trades.laundry.cycles import brought_up_to_date, current, release
from tradehall.trades.laundry.estimates import estimates, ready_first
from tradehall.trades.laundry.models import (
    PLACE,
    Confidence,
    Follow,
    Machine,
    MachineStatus,
)
from tradehall.trades.laundry.roles import EVERYBODY
from tradehall.trades.laundry.telling import note
from tradehall.trades.laundry.views import called, kind_of, line, position_of, shown_to

Answer = dict[str, Any]


class Seen(StrEnum):
    """What somebody sees who stands before a machine."""

    FREE = "free"
    USED = "used"


class Look(BaseModel):
    """What somebody sees who stands before a machine."""

    state: Seen


class Place(BaseModel):
    """In which room."""

    room_id: Annotated[int, Limit(ge=1, le=2**53)] | None = None


class OfKind(BaseModel):
    """Which queue."""

    machine_type: str


@report(by=EVERYBODY)
def machines(reader: Reader, place: Place) -> Answer:
    """Every machine, as it is at this moment."""
    found = feed.board(reader)
    if place.room_id is None:
        return found
    return {name: [each for each in rows if each["room_id"] == place.room_id] for name, rows in found.items()}


@report(by=EVERYBODY)
def machine(reader: Reader, machine: Machine) -> Answer:
    """One machine, as it is at this moment."""
    following = find(Follow, Follow.machine_id == machine.id, Follow.user_id == reader.actor.user_id)
    return shown_to(reader, machine) | {"followed": reader.first(following) is not None}


@report(by=EVERYBODY)
def opening_hours(reader: Reader) -> Answer:
    """When the laundry is open, whether it is now, which days of the next four weeks are holidays, and how busy these days are."""
    hours, now, today = terms.hours(reader), reader.now, reader.today
    soon = (each for each in reader.all(terms.HOLIDAYS) if today <= each.date <= today + timedelta(days=28))
    is_open = hours.is_open(now)
    return {
        "opens_at": reader.preferences[terms.OPENS.name], "closes_at": reader.preferences[terms.CLOSES.name],
        "is_open": is_open, "opens_next": None if is_open else hours.opening(now),
        "period": calendar.shown(calendar.Calendar(reader).current),
        "holidays": [{"date": each.date, "name": each.name} for each in sorted(soon, key=lambda each: each.date)],
    }  # fmt: skip


@report(by=EVERYBODY)
def waitlist(reader: Reader, of: OfKind) -> Answer:
    """Who waits for a kind of machine, in their order; numbers of others are masked."""
    kind = kind_of(of.machine_type)
    found = line(reader, kind)
    waits = estimates(reader, kind, found["count"] + 1)
    for item, seconds in zip(found["items"], waits, strict=False):
        item["estimated_wait_seconds"] = seconds
    found |= {"estimated_wait_seconds": waits[-1], "wish": wishes.of_actor(reader, kind)}
    found["ready_first"] = ready_first(reader, kind)
    mine = reader.first(PLACE, user=reader.actor.user_id, kind=kind)
    if mine is not None:
        found["mine"] = {
            "id": mine.id, "position": position_of(reader, mine), "joined_at": mine.joined_at, "snoozed": mine.snoozed,
            "missed": mine.missed, "after_cycle_id": mine.after_cycle_id,
        }  # fmt: skip
    return found


@act(Machine, by=EVERYBODY)
def confirm(ctx: Context, machine: Machine, look: Look) -> Answer:
    """Say what you see: that a machine is free, or that somebody uses it."""
    brought_up_to_date(ctx, machine)
    unknown = shown_to(ctx, machine)["confidence"] == Confidence.UNKNOWN
    machine.confirmed_at = ctx.now
    if look.state is Seen.USED:
        machine.confidence = Confidence.PERSON if machine.current_user_id is not None else Confidence.UNKNOWN
    elif machine.status is MachineStatus.COMPLETED and unknown:
        ctx.do(release, current(ctx, machine))
        machine.confidence = Confidence.PERSON
    elif machine.status in (MachineStatus.IN_USE, MachineStatus.COMPLETED):
        raise Refused("machine_busy", f"Machine is {machine.status}")
    else:
        machine.confidence = Confidence.PERSON
    note(ctx, "machine_confirmed", machine, f"{called(machine)} is {look.state}")
    return {"success": True, "message": f"{called(machine)} is {look.state}", "machine": shown_to(ctx, machine)}


def _following(ctx: Context, machine: Machine) -> Follow | None:
    mine = (Follow.machine_id == machine.id, Follow.user_id == ctx.actor.user_id)
    return ctx.first(find(Follow, *mine))


@act(Machine, by=EVERYBODY)
def follow(ctx: Context, machine: Machine) -> Answer:
    """Be told when this machine is free."""
    if _following(ctx, machine) is None:
        ctx.add(Follow(user_id=ctx.actor.user_id, machine_id=machine.id))
    return {"success": True, "message": f"You will be told when {called(machine)} is free"}


@act(Machine, by=EVERYBODY)
def unfollow(ctx: Context, machine: Machine) -> Answer:
    """Be told no more when this machine is free."""
    if (row := _following(ctx, machine)) is None:
        raise Missing("You do not follow this machine")
    ctx.delete(row)
    return {"success": True, "message": f"You follow {called(machine)} no more"}
