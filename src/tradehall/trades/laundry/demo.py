"""A believable house to look at: a term of washing, and an evening on which machines run and people wait."""

from datetime import datetime, timedelta
from random import Random

from tradehall.kernel.context import Context
from tradehall.kernel.people.newcomers import let_in
from tradehall.kernel.verbs import Actor
from tradehall.trades.laundry import cycles, faults, queue, wishes
from tradehall.trades.laundry.cycles import Collection, StartCycle
from tradehall.trades.laundry.faults import Fault
from tradehall.trades.laundry.feed import seed
from tradehall.trades.laundry.models import Bulletin, Category, MachineType, Period, Resident, Room
from tradehall.trades.laundry.queue import Kind
from tradehall.trades.laundry.roles import RESIDENT
from tradehall.trades.laundry.views import numbered
from tradehall.trades.laundry.wishes import Enough

WEEKS = 12
LOADS_A_DAY = 5
PEOPLE = 24
HOURS = (8, 10, 13, 17, 18, 19, 20, 21)
"""When people wash; more of them in the evening."""


def term(ctx: Context) -> None:
    """A term's use, made by the verbs with a clock of its own."""
    weeks_of(ctx, WEEKS)


def weeks_of(ctx: Context, weeks: int) -> None:
    """So many weeks of use, and this evening."""
    end, me, chance = ctx.now, ctx.actor, Random(7)  # noqa: S311 - sample data
    ctx.now = end - timedelta(weeks=weeks)
    seed(ctx)
    rooms = [ctx.add(Room(name=name, building="House A")) for name in ("Ground floor", "Roof")]
    for number in range(1, 7):
        for kind in MachineType:
            numbered(ctx, kind, number).room_id = rooms[number > 4].id
    people = [_resident(ctx, number) for number in range(PEOPLE)]
    for day in range(weeks * 7):
        for hour in sorted(chance.choices(HOURS, k=LOADS_A_DAY)):
            ctx.now = end - timedelta(weeks=weeks) + timedelta(days=day, hours=hour - 8, minutes=chance.randrange(10))
            if ctx.now < end - timedelta(hours=14):
                _wash(ctx, chance.choice(people), chance)
    ctx.now = end - timedelta(hours=1)
    _evening(ctx, people, end)
    ctx.actor, ctx.now = me, end
    _calendar(ctx)
    ctx.add(Bulletin(headline="Please clean the filters of the dryers", body="The caretaker thanks you."))


def _calendar(ctx: Context) -> None:
    """Exams a month ago and from next week on, and a break between."""
    for name, begins, ends, busier in (
        ("Mid-term exams", -40, -30, True),
        ("Break", -14, -8, False),
        ("Final exams", 6, 19, True),
    ):
        first, last = (ctx.today + timedelta(days=each) for each in (begins, ends))
        ctx.add(Period(name=name, first_day=first, last_day=last, busier=busier))


def _resident(ctx: Context, number: int) -> Actor:
    student_id = f"{204_001 + 37 * number:06d}"
    who = let_in(ctx, student_id, RESIDENT)
    ctx.add(Resident(user_id=who.user_id, student_id=student_id, phone_number=f"012-345 {6000 + number}"))
    return who


def _wash(ctx: Context, who: Actor, chance: Random) -> None:
    """A load in a washer and, mostly, in a dryer."""
    ctx.actor, number = who, chance.randrange(1, 7)
    for kind in MachineType if chance.random() < 0.7 else (MachineType.WASHER,):
        made = ctx.do(
            cycles.start, StartCycle(machine_type=kind, machine_id=number, category=chance.choice([*Category]))
        )
        ctx.now += timedelta(seconds=made["time_left_seconds"], minutes=chance.randrange(12))
        ctx.do(cycles.collect, Collection(machine_type=kind, machine_id=number))
        ctx.now += timedelta(minutes=2)


def _evening(ctx: Context, people: list[Actor], end: datetime) -> None:
    """Machines that run, one that is done, one that broke, three who wait, and one who wants to know of two."""
    for number, (minutes, who) in enumerate(
        ((50, people[0]), (38, people[1]), (20, people[2]), (12, people[3]), (5, people[4])), 1
    ):
        ctx.actor, ctx.now = who, end - timedelta(minutes=minutes)
        ctx.do(cycles.start, StartCycle(machine_type=MachineType.WASHER, machine_id=number, category=Category.EXTRA_10))
    ctx.now = end - timedelta(minutes=4)
    ctx.do(cycles.start, StartCycle(machine_type=MachineType.WASHER, machine_id=6, then_dryer=True))
    for who in people[5:8]:
        ctx.actor = who
        ctx.do(queue.join, Kind(machine_type=MachineType.WASHER))
        words = "It stops before the clothes are dry"
        ctx.do(faults.report_fault, Fault(machine_type=MachineType.DRYER, machine_id=4, description=words))
    ctx.do(wishes.ask, Enough(machine_type=MachineType.WASHER, count=2))
    ctx.actor = people[0]
    ctx.do(cycles.collect, Collection(machine_type=MachineType.WASHER, machine_id=1))
