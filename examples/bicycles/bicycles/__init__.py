"""Bicycles for hire: a trade on a page."""

from datetime import timedelta
from enum import StrEnum

from tradehall.kernel import author as th

HELPER, OWNER = STAFF = th.Role("helper", "Helper"), th.Role("owner", "Owner")
Bike = StrEnum("Bike", ["FREE", "OUT", "DAMAGED"])
Hire = StrEnum("Hire", ["RUNNING", "OVERDUE", "RETURNED"])


class Bicycle(th.Record, table="bicycles_bicycles"):
    """A bicycle; its rate is for each day begun."""

    frame_number = th.text(40, shortest=1)
    daily_rate = th.money(above=0)
    deposit = th.money(at_least=0)
    status = th.state(Bike, {Bike.FREE: (Bike.OUT,), Bike.OUT: (Bike.FREE, Bike.DAMAGED), Bike.DAMAGED: (Bike.FREE,)})
    walls = (th.unique("frame_number", says="There is a bicycle with this frame number already"),)


class Rental(th.Record, table="bicycles_rentals"):
    """A bicycle in somebody's hands, against a deposit."""

    bicycle_id = th.reference(Bicycle)
    renter = th.personal(th.text(100, shortest=1), "name")
    days = th.integer(at_least=1, at_most=90)
    staff_id = th.person()
    status = th.state(Hire, {Hire.RUNNING: (Hire.OVERDUE, Hire.RETURNED), Hire.OVERDUE: (Hire.RETURNED,)})
    due_at = th.moment()
    returned_at = th.optional(th.moment())
    deposit = th.money(at_least=0)
    damage = th.money(at_least=0, default=0)
    charge = th.money(at_least=0, default=0)
    walls = (
        th.unique("bicycle_id", where="returned_at IS NULL", says="This bicycle is out", code="not_free"),
        th.check("damage", "damage <= deposit", says="Not more than the deposit can be kept", code="over_deposit"),
    )


@th.act(Rental, by=STAFF)
def start(ctx: th.Context, bicycle_id: int, renter: str, days: int) -> Rental:
    """Hand a bicycle out against its deposit."""
    bicycle = ctx.get(Bicycle, bicycle_id)
    bicycle.status = Bike.OUT
    rental = Rental(bicycle_id=bicycle_id, renter=renter, days=days, deposit=bicycle.deposit)
    rental.staff_id, rental.due_at = ctx.actor.user_id, ctx.now + timedelta(days=days)
    ctx.at(rental.due_at, overdue, ctx.add(rental))
    return rental


@th.move(Rental, (Hire.RUNNING, Hire.OVERDUE), Hire.RETURNED, by=(th.own(HELPER), OWNER))
def give_back(ctx: th.Context, rental: Rental, damage: th.Amount) -> None:
    """Take a bicycle back, charge each day begun, and keep of the deposit what the damage costs."""
    bicycle = ctx.get(Bicycle, rental.bicycle_id)
    rental.returned_at, rental.damage = ctx.now, damage
    rental.charge = ((ctx.now - rental.created_at).days + 1) * bicycle.daily_rate
    bicycle.status = Bike.DAMAGED if damage else Bike.FREE
    ctx.cancel(overdue, rental)


@th.move(Rental, Hire.RUNNING, Hire.OVERDUE, by=th.SYSTEM)
def overdue(ctx: th.Context, rental: Rental) -> None:
    """The bicycle should be back by now."""
    ctx.notify(OWNER, "overdue", rental)


@th.move(Bicycle, Bike.DAMAGED, Bike.FREE, by=OWNER)
def mend(ctx: th.Context, bicycle: Bicycle) -> None:
    """A damaged bicycle can be hired again."""


@th.measure(Rental, by=OWNER)
def takings(rental: Rental, day_of: th.DayOf) -> th.Parts:
    """What came in on each day: hire and damage."""
    if rental.returned_at:
        yield th.Part(amount=rental.charge + rental.damage, day=day_of(rental.returned_at))


def demo(ctx: th.Context) -> None:
    """Three bicycles, one of them out."""
    free = [ctx.add(Bicycle(frame_number=f"KA-{number}", daily_rate=12, deposit=50)) for number in (1042, 1043, 1044)]
    ctx.do(start, bicycle_id=free[0].id, renter="Ama Owusu", days=2)


bicycles = th.Resource(Bicycle, by=STAFF, write=OWNER, filters=("status",))
rentals = th.Resource(Rental, by=(th.own(HELPER), OWNER), filters=("status", "bicycle_id"))
screens = (
    th.Board(Rental, shows=("bicycle_id", "due_at", "deposit"), until=(Hire.RETURNED,), title="Bicycles that are out"),
    th.Board(Bicycle, shows=("daily_rate", "deposit"), title="The yard"),
    th.Calendar(Rental, on="due_at", title="Due back"),
    th.Chart(takings, title="Takings"),
    th.OwnPage(
        "counter", "counter.html", by=STAFF, title="Counter",
        shows={"free": "/api/bicycles?status=free"}, does={"hire": "/api/rentals/start"},
    ),
)  # fmt: skip
late = th.Template("overdue", notice="{renter} should have brought bicycle {bicycle_id} back by {due_at}")
trade = th.Trade("bicycles", roles=STAFF, resources=(bicycles, rentals), templates=(late,), screens=screens, demo=demo)
