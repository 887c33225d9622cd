"""How machines, people and the queue are shown."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from tradehall.kernel.errors import Missing, Refused
from tradehall.kernel.people.members import names_of
from tradehall.kernel.reader import Reader
from tradehall.kernel.verbs import Grant
from tradehall.trades.laundry.models import (
    KNOWN,
    NUMBERED,
    WAITING,
    Activity,
    Category,
    Confidence,
    Machine,
    MachineStatus,
    MachineType,
    Resident,
    WaitlistItem,
)
from tradehall.trades.laundry.roles import STAFF

FORGOTTEN = timedelta(hours=24)
"""So long after its end a machine of which nobody said anything is unknown (spec R-15)."""
HIDDEN = "••"
LONGEST_NUMBER = 6


def kind_of(text: str) -> MachineType:
    """The kind of machine that a path names; raises Refused."""
    if text not in [*MachineType]:
        raise Refused("invalid_type", "Invalid machine type")
    return MachineType(text)


def numbered(reader: Reader, kind: MachineType, number: int) -> Machine:
    """The machine of this kind and number; raises Missing."""
    found = reader.first(NUMBERED, kind=kind, number=number)
    if found is None:
        raise Missing("Machine not found")
    return found


def named(reader: Reader, path: Mapping[str, Any], grant: Grant) -> Machine:
    """The machine that a path names by kind and number."""
    kind, digits = kind_of(path["machine_type"]), path["number"]
    known = digits.isascii() and digits.isdecimal() and len(digits) <= LONGEST_NUMBER
    return numbered(reader, kind, int(digits) if known else 0)


def status_of(machine: Machine, now: datetime) -> MachineStatus:
    """How a machine is at this moment: a cycle that is over is completed, written down already or not (spec R-02)."""
    is_over = machine.ends_at is not None and machine.ends_at <= now
    return MachineStatus.COMPLETED if machine.status is MachineStatus.IN_USE and is_over else machine.status


def seconds_left(machine: Machine, now: datetime) -> int:
    """How long a machine still runs, rounded up."""
    if machine.status is not MachineStatus.IN_USE or machine.ends_at is None:
        return 0
    return max(0, ceil((machine.ends_at - now).total_seconds()))


def confidence_of(machine: Machine, now: datetime) -> Confidence:
    """How sure it is what a machine does: what nobody has looked at for a day after its end is unknown (spec R-15)."""
    seen = max((each for each in (machine.ends_at, machine.confirmed_at) if each is not None), default=None)
    busy = machine.status in (MachineStatus.IN_USE, MachineStatus.COMPLETED)
    if busy and seen is not None and now >= seen + FORGOTTEN:
        return Confidence.UNKNOWN
    return Confidence(machine.confidence)


def shown(machine: Machine, now: datetime) -> dict[str, Any]:
    """A machine as everybody may see it."""
    held = machine.held_until if machine.held_until is not None and machine.held_until > now else None
    return {
        "id": machine.id, "machine_id": machine.number, "machine_type": machine.machine_type, "room_id": machine.room_id,
        "status": status_of(machine, now), "current_category": machine.current_category,
        "time_left_seconds": seconds_left(machine, now), "current_user_id": machine.current_user_id,
        "enabled": machine.enabled, "total_cycles": machine.total_cycles, "last_maintenance": machine.last_maintenance,
        "maintenance_note": machine.maintenance_note,
        "created_at": machine.created_at, "updated_at": machine.updated_at, "ends_at": machine.ends_at, "server_time": now,
        "grace_until": machine.grace_until, "held_until": held, "offered_to_id": machine.offered_to_id if held else None,
        "confidence": confidence_of(machine, now), "confirmed_at": machine.confirmed_at,
    }  # fmt: skip


def shown_to(reader: Reader, machine: Machine) -> dict[str, Any]:
    """A machine as whoever asks sees it."""
    found, me = shown(machine, reader.now), reader.actor.user_id
    return found | {"offered_to_me": bool(me) and found["offered_to_id"] == me}


# People.


def masked(student_id: str) -> str:
    """A number as others see it: `12••56` (spec R-21)."""
    if len(student_id) < LONGEST_NUMBER:
        return HIDDEN
    return f"{student_id[:2]}{HIDDEN}{student_id[-2:]}"


def sees_number(reader: Reader, user_id: int) -> bool:
    """Whether whoever asks sees somebody's number whole."""
    return reader.actor.may(STAFF) or (bool(user_id) and reader.actor.user_id == user_id)


def student_of(reader: Reader, user_id: int) -> str:
    """What somebody signs in with here."""
    names = names_of(reader.session, user_id, reader.trade.name)
    return names.get("student_id") or next(iter(names.values()), "")


def resident(reader: Reader, user_id: int) -> Resident | None:
    """What is kept of somebody, if they have told anything."""
    return reader.first(KNOWN, user=user_id)


def has_left(reader: Reader, user_id: int) -> bool:
    """Whether somebody lives here no more."""
    found = resident(reader, user_id)
    return found is not None and found.left_at is not None


# The queue.


def in_line(reader: Reader, kind: MachineType) -> list[WaitlistItem]:
    """Everybody who waits for a kind of machine and does not snooze, in their order."""
    return [each for each in reader.all(WAITING, kind=kind) if not each.snoozed]


def position_of(reader: Reader, item: WaitlistItem) -> int:
    """Somebody's place in line, or the one that they will have when they go on."""
    ahead = (each for each in in_line(reader, MachineType(item.machine_type)) if each.id != item.id)
    return 1 + sum((each.turn, each.id) < (item.turn, item.id) for each in ahead)


def line(reader: Reader, kind: MachineType, *, whole: bool = True) -> dict[str, Any]:
    """The waitlist of a kind: positions are counted anew each time, and have no gaps (spec R-06)."""
    items = [
        {
            "id": each.id, "user_id": each.user_id, "machine_type": kind, "position": position, "joined_at": each.joined_at,
            "student_id": each.student_id if whole and sees_number(reader, each.user_id) else masked(each.student_id),
        }
        for position, each in enumerate(in_line(reader, kind), 1)
    ]  # fmt: skip
    return {"machine_type": kind, "items": items, "count": len(items)}


def activity(row: Activity) -> dict[str, Any]:
    """A line of the feed."""
    return {
        "id": row.id, "user_id": row.user_id, "activity_type": row.activity_type, "machine_type": row.machine_type,
        "machine_id": row.machine_number, "details": row.details, "created_at": row.created_at,
    }  # fmt: skip


def minutes(category: str) -> str:
    """A category as people read it."""
    return "normal" if category == Category.NORMAL else f"{category.removeprefix('extra_')} minutes more"


def called(machine: Machine) -> str:
    """What people call a machine: `Washer 1`."""
    return f"{machine.machine_type.capitalize()} {machine.number}"
