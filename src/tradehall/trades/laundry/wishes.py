"""Wishes: who wants to know once when so many machines of a kind are free, in a room or anywhere (spec A3)."""

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel
from pydantic import Field as Limit

from tradehall.kernel.columns import LARGEST_ID
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import report
from tradehall.kernel.errors import Refused, field_error
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.kernel.verbs import SYSTEM, act, own
from tradehall.trades.laundry import terms
from tradehall.trades.laundry.models import MACHINES, WISH, WISHES, Machine, MachineStatus, MachineType, Room, Wish
from tradehall.trades.laundry.roles import EVERYBODY
from tradehall.trades.laundry.telling import tell

Answer = dict[str, Any]
LONGEST = timedelta(days=1)
"""After so long nobody waits for an answer any more."""
MINE = tuple(own(each) for each in EVERYBODY)


class Enough(BaseModel):
    """How many machines of a kind are to be free, in a room or anywhere."""

    machine_type: MachineType
    count: Annotated[int, Limit(ge=1, le=20)] = 1
    room_id: Annotated[int, Limit(ge=1, le=LARGEST_ID)] | None = None


def shown(wish: Wish) -> Answer:
    """A wish as whoever has it sees it."""
    return {
        "id": wish.id, "machine_type": wish.machine_type, "count": wish.count, "room_id": wish.room_id,
        "until": wish.until, "created_at": wish.created_at,
    }  # fmt: skip


def of_actor(reader: Reader, kind: MachineType) -> Answer | None:
    """What whoever asks wants to know of a kind."""
    found = reader.first(WISH, user=reader.actor.user_id, kind=kind)
    return shown(found) if found is not None and found.until > reader.now else None


@report(by=EVERYBODY)
def listed(reader: Reader) -> list[Answer]:
    """What you will be told of machines that are free."""
    return [each for kind in MachineType if (each := of_actor(reader, kind)) is not None]


def _here(reader: Reader, kind: MachineType, room_id: int | None) -> list[Machine]:
    """The machines of a kind in a room, or anywhere."""
    of_kind = (each for each in reader.all(MACHINES) if each.machine_type == kind)
    return [each for each in of_kind if room_id in (None, each.room_id)]


def _free(machines: list[Machine]) -> list[Machine]:
    """Those that anybody may start."""
    return [
        each for each in machines
        if each.status is MachineStatus.AVAILABLE and each.enabled and each.offered_to_id is None
    ]  # fmt: skip


@act(Wish, by=EVERYBODY)
def ask(ctx: Context, wish: Enough) -> Answer:
    """Be told once when so many machines of a kind are free. A second wish for the kind replaces the first."""
    kind, me, hours = wish.machine_type, ctx.actor.user_id, terms.hours(ctx)
    if wish.room_id is not None:
        ctx.get(Room, wish.room_id)
    here = _here(ctx, kind, wish.room_id)
    if wish.count > len(here):
        raise field_error(["body", "count"], f"Not more than {len(here)} can be free here")
    if hours.is_open(ctx.now) and (free := len(_free(here))) >= wish.count:
        raise Refused("free_already", f"So many are free now: {free}")
    if (former := ctx.first(WISH, user=me, kind=kind)) is not None:
        over(ctx, former)
    until = hours.closing(ctx.now, LONGEST)
    row = ctx.add(Wish(user_id=me, machine_type=kind, count=wish.count, room_id=wish.room_id, until=until))
    ctx.at(row.until, lapse, row)
    if not hours.is_open(ctx.now):
        ctx.at(hours.opening(ctx.now), look, row)
    return {"success": True, "message": "You will be told", "wish": shown(row)}


@act(Wish, by=MINE)
def take_back(ctx: Context, wish: Wish) -> Answer:
    """Be told no more when so many machines are free."""
    over(ctx, wish)
    return {"success": True, "message": "You will not be told"}


@act(Wish, by=SYSTEM)
def lapse(ctx: Context, wish: Wish) -> None:
    """A wish ends when the laundry closes, and after a day."""
    if ctx.now < wish.until:
        ctx.at(wish.until, lapse, wish)
    else:
        over(ctx, wish)


@act(Wish, by=SYSTEM)
def look(ctx: Context, wish: Wish) -> None:
    """The laundry has opened: so many machines may stand free already."""
    come_true(ctx, wish)


def freed(ctx: Context, machine: Machine) -> None:
    """Tell those for whom enough machines are free, now that this one is."""
    waiting = ctx.all(WISHES, kind=machine.machine_type)
    if waiting and terms.hours(ctx).is_open(ctx.now):
        for wish in waiting:
            come_true(ctx, wish)


def come_true(ctx: Context, wish: Wish) -> None:
    """Tell somebody which machines are free, where those are enough; that ends their wish."""
    free = _free(_here(ctx, MachineType(wish.machine_type), wish.room_id))
    if len(free) >= wish.count and ctx.now < wish.until:
        tell(ctx, wish.user_id, "machines_free", free[0], str(wish.id), machines=free)
        over(ctx, wish)


def over(ctx: Context, wish: Wish) -> None:
    """End a wish."""
    ctx.cancel(lapse, wish)
    ctx.cancel(look, wish)
    ctx.delete(wish)


def forgotten(ctx: Context, user_id: int) -> None:
    """End whatever somebody wanted to know: they live here no more."""
    for wish in ctx.all(find(Wish, Wish.user_id == user_id)):
        over(ctx, wish)
