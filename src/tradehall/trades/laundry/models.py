"""What a laundry keeps: machines and their cycles, who waits for one, and what was said of them."""

from enum import StrEnum

from tradehall.kernel.columns import (
    choice,
    day,
    email,
    flag,
    integer,
    json,
    moment,
    money,
    optional,
    person,
    personal,
    reference,
    secret,
    state,
    text,
)  # fmt: skip
from tradehall.kernel.files import file
from tradehall.kernel.records import Record, check, find, unique, wanted


class MachineType(StrEnum):
    """What a machine does."""

    WASHER = "washer"
    DRYER = "dryer"


class Category(StrEnum):
    """How long a cycle runs."""

    NORMAL = "normal"
    EXTRA_5 = "extra_5"
    EXTRA_10 = "extra_10"
    EXTRA_15 = "extra_15"


class MachineStatus(StrEnum):
    """How a machine is. One that has stopped is completed until its clothes are out (spec R-05)."""

    AVAILABLE = "available"
    IN_USE = "in_use"
    COMPLETED = "completed"
    DISABLED = "disabled"


class Confidence(StrEnum):
    """How it is known what a machine does (spec N2)."""

    APP = "app"
    PERSON = "person"
    INFERRED = "inferred"
    UNKNOWN = "unknown"


class CycleStatus(StrEnum):
    """How a cycle is, and how it ended."""

    RUNNING = "running"
    COMPLETED = "completed"
    COLLECTED = "collected"
    MOVED = "moved"
    RELEASED = "released"
    CANCELLED = "cancelled"


class Paid(StrEnum):
    """Why a balance changed."""

    TOP_UP = "top_up"
    CYCLE = "cycle"
    IDLE = "idle"
    REFUND = "refund"
    PAY_OUT = "pay_out"


class OfferStatus(StrEnum):
    """What became of an offer."""

    OFFERED = "offered"
    HELD = "held"
    TAKEN = "taken"
    LAPSED = "lapsed"
    GIVEN_UP = "given_up"
    WITHDRAWN = "withdrawn"


ALL_OVER = (CycleStatus.COLLECTED, CycleStatus.MOVED, CycleStatus.RELEASED)
CYCLE_MOVES = {
    CycleStatus.RUNNING: (CycleStatus.COMPLETED, CycleStatus.CANCELLED),
    CycleStatus.COMPLETED: ALL_OVER,
    **dict.fromkeys((*ALL_OVER, CycleStatus.CANCELLED), ()),
}
MACHINE_MOVES = {
    MachineStatus.AVAILABLE: (MachineStatus.IN_USE, MachineStatus.DISABLED),
    MachineStatus.IN_USE: (MachineStatus.COMPLETED, MachineStatus.AVAILABLE, MachineStatus.DISABLED),
    MachineStatus.COMPLETED: (MachineStatus.AVAILABLE, MachineStatus.DISABLED),
    MachineStatus.DISABLED: (MachineStatus.AVAILABLE,),
}
OFFER_ENDS = (OfferStatus.TAKEN, OfferStatus.LAPSED, OfferStatus.GIVEN_UP, OfferStatus.WITHDRAWN)
OFFER_MOVES = {
    OfferStatus.OFFERED: (OfferStatus.HELD, *OFFER_ENDS),
    OfferStatus.HELD: OFFER_ENDS,
    **dict.fromkeys(OFFER_ENDS, ()),
}


class Room(Record, table="laundry_rooms"):
    """A room with machines."""

    name = text(80, shortest=1)
    building = text(80, default="")

    walls = (unique("name", says="There is a room of this name already"),)


class Holiday(Record, table="laundry_holidays"):
    """A day on which the laundry is closed."""

    date = day()
    name = text(80, default="")

    walls = (unique("date", says="This day is a holiday already"),)


class Period(Record, table="laundry_periods"):
    """Days of the year on which more people wash than usual, or fewer: exams, a break."""

    name = text(80, shortest=1)
    first_day = day()
    last_day = day()
    busier = flag(default=True)

    walls = (
        unique("name", "first_day", says="This period is there already"),
        check("last_day", "last_day >= first_day", says="The last day comes before the first one", code="days_wrong"),
    )


class Bulletin(Record, table="laundry_bulletins"):
    """Something that everybody is told on the board, until a moment."""

    headline = text(120, shortest=1)
    body = text(2000, default="")
    until = optional(moment())


class Resident(Record, table="laundry_residents"):
    """Somebody who washes here: their number, how they are reached, and how they want to be told."""

    user_id = person()
    student_id = personal(text(254), "name")
    phone_number = personal(text(30, default=""), "phone")
    phone_e164 = personal(optional(text(20)))
    email = personal(optional(email()), "email")
    channels = json(default=lambda: ["in_app"])
    remind_before_min = integer(at_least=0, at_most=120, default=0)
    quiet_from = text(5, default="")
    quiet_until = text(5, default="")
    rings = flag()
    """Whether their pages ring until they have seen that a load is done, or that a machine is offered."""
    left_at = optional(moment())
    balance = money(default=0)

    walls = (
        unique("user_id", says="This resident is known already"),
        check("balance", "balance >= 0", says="There is not enough on the balance", code="balance_too_low"),
    )
    known_as = ("student_id",)


class Machine(Record, table="laundry_machines"):
    """A washer or a dryer, with what it does now."""

    machine_type = choice(MachineType)
    number = integer(at_least=1, at_most=9999)
    room_id = optional(reference(Room))
    status = state(MachineStatus, MACHINE_MOVES)
    enabled = flag(default=True)
    current_category = optional(choice(Category))
    current_user_id = optional(person())
    ends_at = optional(moment())
    grace_until = optional(moment())
    offered_to_id = optional(person())
    held_until = optional(moment())
    total_cycles = integer(at_least=0, default=0)
    last_maintenance = optional(moment())
    maintenance_note = text(500, default="")
    confidence = choice(Confidence, default=Confidence.APP)
    confirmed_at = optional(moment())

    walls = (unique("machine_type", "number", says="There is a machine with this number already", code="number_taken"),)
    known_as = ("machine_type", "number")
    in_paths = "equipment"
    """The contract has `machines/{type}/{number}`."""


class Cycle(Record, table="laundry_cycles"):
    """One load in a machine, from its start until the clothes are out."""

    user_id = person()
    machine_id = reference(Machine)
    machine_type = choice(MachineType)
    number = integer(at_least=1)
    category = choice(Category)
    status = state(CycleStatus, CYCLE_MOVES)
    ends_at = moment()
    ended_at = optional(moment())
    cleared_at = optional(moment())
    cleared_by_id = optional(person())
    price = money(default=0)
    idle_fees = integer(at_least=0, default=0)
    """How often somebody paid for leaving their clothes in the machine (spec A5)."""
    idle_due = optional(moment())
    place = text(200, default="")
    photo_id = optional(file())

    indexes = (
        ("user_id",), ("machine_id",), ("machine_type", "created_at", "id"), ("status", "created_at", "id"), ("photo_id",),
    )  # fmt: skip
    walls = (unique("machine_id", where="cleared_at IS NULL", says="This machine runs already", code="machine_busy"),)


class Payment(Record, table="laundry_payments"):
    """What changed somebody's balance, and what was on it then."""

    user_id = person()
    what = choice(Paid)
    amount = money()
    balance = money()
    cycle_id = optional(reference(Cycle))
    note = personal(text(200, default=""))

    indexes = (("user_id",), ("cycle_id",))


class WaitlistItem(Record, table="laundry_waitlist_items"):
    """Somebody's place among those who wait for a kind of machine. `turn` is the order, which starts as they came."""

    user_id = person()
    student_id = personal(text(254))
    machine_type = choice(MachineType)
    joined_at = moment()
    turn = integer(at_least=0, default=0)
    missed = integer(at_least=0, default=0)
    snoozed = flag()
    after_cycle_id = optional(integer())
    """The washer cycle after which this place is wanted: until then it is kept, and skipped (spec N3)."""
    left_at = optional(moment())
    why = text(80, default="")

    indexes = (("machine_type", "turn"),)
    walls = (
        unique("user_id", "machine_type", where="left_at IS NULL", says="Already on this waitlist", code="waiting_already"),
    )  # fmt: skip


class Offer(Record, table="laundry_offers"):
    """A free machine that is offered to whoever waited longest, and kept for them once they have accepted."""

    user_id = person()
    machine_id = reference(Machine)
    item_id = reference(WaitlistItem)
    machine_type = choice(MachineType)
    status = state(OfferStatus, OFFER_MOVES)
    until = moment()
    ended_at = optional(moment())

    indexes = (("user_id",), ("machine_type", "created_at", "id"), ("machine_id",), ("item_id",))
    walls = (
        unique("machine_id", where="ended_at IS NULL", says="This machine is offered already", code="reserved"),
        unique("item_id", where="ended_at IS NULL", says="A machine is offered to this person already", code="offered"),
    )


class FaultReport(Record, table="laundry_fault_reports"):
    """What somebody says is wrong with a machine; it counts until it is closed."""

    user_id = person()
    machine_id = reference(Machine)
    machine_type = choice(MachineType)
    number = integer(at_least=1)
    description = personal(text(500, shortest=5))
    photo_id = optional(file())
    closed_at = optional(moment())
    note = text(500, default="")

    indexes = (("machine_id",), ("user_id",), ("photo_id",))


class Activity(Record, table="laundry_activities"):
    """Something that somebody did, as the feed of the house tells it."""

    user_id = person()
    activity_type = text(40)
    machine_type = optional(choice(MachineType))
    machine_number = optional(integer())
    details = text(300, default="")

    indexes = (("user_id",),)


class Follow(Record, table="laundry_follows"):
    """Somebody who wants to know when one machine is free."""

    user_id = person()
    machine_id = reference(Machine)

    indexes = (("machine_id",),)
    walls = (unique("user_id", "machine_id", says="This machine is followed already"),)


class Wish(Record, table="laundry_wishes"):
    """Somebody who wants to know once when so many machines of a kind are free, in a room or anywhere."""

    user_id = person()
    machine_type = choice(MachineType)
    count = integer(at_least=1, at_most=20)
    room_id = optional(reference(Room))
    until = moment()

    indexes = (("machine_type",), ("room_id",))
    walls = (unique("user_id", "machine_type", says="You are told of this kind already"),)


class Device(Record, table="laundry_devices"):
    """A browser that somebody is told in, where they are not looking."""

    user_id = person()
    endpoint = personal(text(1000, shortest=1))
    p256dh = secret(text(200, shortest=1))
    auth = secret(text(100, shortest=1))

    indexes = (("user_id",),)
    walls = (unique("endpoint", says="This browser is registered already"),)


MACHINES = find(Machine).by(Machine.table.c.machine_type, Machine.table.c.number).standing()
NUMBERED = find(Machine, Machine.machine_type == wanted("kind"), Machine.number == wanted("number")).standing()
CURRENT = find(Cycle, Cycle.machine_id == wanted("machine"), Cycle.cleared_at.is_(None)).standing()
RUNNING_OF = find(
    Cycle, Cycle.user_id == wanted("user"), Cycle.machine_type == wanted("kind"), Cycle.ended_at.is_(None)
).standing()  # fmt: skip
WAITING = (
    find(WaitlistItem, WaitlistItem.machine_type == wanted("kind"), WaitlistItem.left_at.is_(None))
    .by(WaitlistItem.table.c.turn, WaitlistItem.table.c.id)
    .standing()
)
PLACE = find(
    WaitlistItem, WaitlistItem.user_id == wanted("user"), WaitlistItem.machine_type == wanted("kind"),
    WaitlistItem.left_at.is_(None),
).standing()  # fmt: skip
OFFER_ON = find(Offer, Offer.machine_id == wanted("machine"), Offer.ended_at.is_(None)).standing()
OFFERS = find(Offer, Offer.machine_type == wanted("kind"), Offer.ended_at.is_(None)).standing()
OPEN_FAULTS = find(FaultReport, FaultReport.machine_id == wanted("machine"), FaultReport.closed_at.is_(None)).standing()
FOLLOWERS = find(Follow, Follow.machine_id == wanted("machine")).standing()
PERIODS = find(Period).by(Period.table.c.first_day, Period.table.c.id).standing()
WISHES = find(Wish, Wish.machine_type == wanted("kind")).by(Wish.table.c.id).standing()
WISH = find(Wish, Wish.user_id == wanted("user"), Wish.machine_type == wanted("kind")).standing()
DEVICES = find(Device, Device.user_id == wanted("user")).standing()
KNOWN = find(Resident, Resident.user_id == wanted("user")).standing()
