"""The queue: who waits, whose turn it is, and what becomes of a machine that is offered (spec R-06 to R-10)."""

from pydantic import BaseModel

from tradehall.kernel.context import Context
from tradehall.kernel.errors import Missing, Refused
from tradehall.kernel.verbs import SYSTEM, act
from tradehall.trades.laundry import terms, wishes
from tradehall.trades.laundry.models import (
    FOLLOWERS,
    MACHINES,
    OFFER_ON,
    OFFERS,
    PLACE,
    WAITING,
    Machine,
    MachineStatus,
    MachineType,
    Offer,
    OfferStatus,
    WaitlistItem,
)
from tradehall.trades.laundry.roles import EVERYBODY
from tradehall.trades.laundry.telling import clock, note, tell
from tradehall.trades.laundry.views import called, position_of, student_of

MISSES = 2
"""Who misses so many turns waits no more."""
Answer = dict[str, object]


class Kind(BaseModel):
    """A kind of machine."""

    machine_type: MachineType


# Waiting.


@act(WaitlistItem, by=EVERYBODY)
def join(ctx: Context, wish: Kind) -> Answer:
    """Wait for a kind of machine."""
    kind = wish.machine_type
    if ctx.first(PLACE, user=ctx.actor.user_id, kind=kind) is not None:
        raise Refused("waiting_already", "Already on this waitlist")
    item = queued(ctx, ctx.actor.user_id, kind)
    position = position_of(ctx, item)
    note(ctx, "waitlist_joined", None, f"Waits for a {kind}")
    return {"success": True, "message": f"You wait for a {kind}", "position": position}


def queued(ctx: Context, user_id: int, kind: MachineType, *, after_cycle: int | None = None) -> WaitlistItem:
    """A place at the end of the line; one that is wanted after a cycle is kept, and skipped until then."""
    item = ctx.add(
        WaitlistItem(
            user_id=user_id, student_id=student_of(ctx, user_id), machine_type=kind, joined_at=ctx.now,
            after_cycle_id=after_cycle, snoozed=after_cycle is not None,
        )
    )  # fmt: skip
    item.turn = item.id
    return item


def mine(ctx: Context, kind: MachineType) -> WaitlistItem:
    """The place of whoever asks; raises Missing."""
    found = ctx.first(PLACE, user=ctx.actor.user_id, kind=kind)
    if found is None:
        raise Missing("Not on this waitlist")
    return found


def my_offer(ctx: Context, item: WaitlistItem) -> Offer | None:
    """The machine that is offered to, or kept for, somebody who waits."""
    return next((each for each in ctx.all(OFFERS, kind=item.machine_type) if each.item_id == item.id), None)


@act(WaitlistItem, by=EVERYBODY)
def leave(ctx: Context, wish: Kind) -> Answer:
    """Wait no more."""
    item = mine(ctx, wish.machine_type)
    gone(ctx, item, "left")
    note(ctx, "waitlist_left", None, f"Waits for a {wish.machine_type} no more")
    return {"success": True, "message": f"You wait for a {wish.machine_type} no more"}


def gone(ctx: Context, item: WaitlistItem, why: str, *, taking: Machine | None = None) -> None:
    """Take somebody off the waitlist; what was offered to them goes to the next person, unless they take it."""
    offer = my_offer(ctx, item)
    item.left_at, item.why = ctx.now, why
    if offer is not None:
        if taking is not None and offer.machine_id == taking.id:
            closed(ctx, offer, OfferStatus.TAKEN)
        else:
            passed_on(ctx, offer, OfferStatus.GIVEN_UP)


@act(WaitlistItem, by=EVERYBODY)
def snooze(ctx: Context, wish: Kind) -> Answer:
    """Keep the place, and be skipped until you go on."""
    item = mine(ctx, wish.machine_type)
    if (offer := my_offer(ctx, item)) is not None:
        passed_on(ctx, offer, OfferStatus.GIVEN_UP, but=item)
    item.snoozed = True
    return {"success": True, "message": "You keep your place, and are skipped", "position": position_of(ctx, item)}


@act(WaitlistItem, by=EVERYBODY)
def resume(ctx: Context, wish: Kind) -> Answer:
    """Go on waiting at the place that was kept."""
    item = mine(ctx, wish.machine_type)
    item.snoozed, item.after_cycle_id = False, None
    return {"success": True, "message": "You wait again", "position": position_of(ctx, item)}


# Offers.


def offer_next(ctx: Context, machine: Machine, *, but: WaitlistItem | None = None) -> None:
    """Offer a machine that has become free to whoever waited longest for its kind."""
    if machine.status is not MachineStatus.AVAILABLE or not machine.enabled or machine.offered_to_id is not None:
        return
    waiting = ctx.all(WAITING, kind=machine.machine_type)
    if waiting:
        hours = terms.hours(ctx)
        if not hours.is_open(ctx.now):
            ctx.at(hours.opening(ctx.now), reopen, machine)
            return
        offered = {each.item_id for each in ctx.all(OFFERS, kind=machine.machine_type)}
        for item in waiting:
            if not item.snoozed and item.id not in offered and (but is None or item.id != but.id):
                ctx.do(offer, machine.id, item.id)
                return
    for follow in ctx.all(FOLLOWERS, machine=machine.id):
        tell(ctx, follow.user_id, "machine_followed", machine, f"{follow.id}:{machine.version}")
        ctx.delete(follow)
    wishes.freed(ctx, machine)


def offer_free(ctx: Context, kind: MachineType) -> None:
    """Somebody waits from now on who was skipped before: the first machine that stands free is for whose turn it is."""
    free = (each for each in ctx.all(MACHINES) if each.machine_type is kind and each.status is MachineStatus.AVAILABLE)
    machine = next((each for each in free if each.enabled and each.offered_to_id is None), None)
    if machine is not None:
        offer_next(ctx, machine)


@act(Machine, by=SYSTEM)
def reopen(ctx: Context, machine: Machine) -> None:
    """The laundry has opened: a machine that is free goes to whoever waits."""
    offer_next(ctx, machine)


@act(Offer, by=SYSTEM)
def offer(ctx: Context, machine_id: int, item_id: int) -> Offer:
    """Offer a free machine to whoever's turn it is, until a moment that is written down now."""
    machine, item = ctx.get(Machine, machine_id), ctx.get(WaitlistItem, item_id)
    until = terms.hours(ctx).after(ctx.now, terms.span(ctx, terms.OFFER))
    made = ctx.add(
        Offer(
            user_id=item.user_id, machine_id=machine.id, item_id=item.id, machine_type=machine.machine_type, until=until
        )
    )
    machine.offered_to_id, machine.held_until = item.user_id, until
    ctx.at(until, lapse, made)
    tell(ctx, item.user_id, "machine_offered", machine, str(made.id), until=clock(ctx, until))
    return made


@act(WaitlistItem, by=EVERYBODY)
def accept(ctx: Context, wish: Kind) -> Answer:
    """Have the machine that is offered to you kept for a while."""
    item = mine(ctx, wish.machine_type)
    found = my_offer(ctx, item)
    if found is None:
        raise Refused("nothing_offered", "No machine is offered to you")
    if found.until <= ctx.now:
        raise Refused("offer_over", "This offer is over")
    machine = ctx.get(Machine, found.machine_id)
    if found.status is not OfferStatus.HELD:
        found.status = OfferStatus.HELD
        found.until = terms.hours(ctx).after(ctx.now, terms.span(ctx, terms.HOLD))
        machine.held_until = found.until
        ctx.at(found.until, lapse, found)
        note(ctx, "offer_accepted", machine, f"{called(machine)} is kept until {clock(ctx, found.until)}")
    return {
        "success": True, "message": f"{called(machine)} is kept for you until {clock(ctx, found.until)}",
        "machine_id": machine.number, "machine_type": machine.machine_type, "held_until": found.until,
    }  # fmt: skip


@act(Offer, by=SYSTEM)
def lapse(ctx: Context, offer: Offer) -> None:
    """An offer was not taken in time: who missed it goes behind the next person, and the second time off the list."""
    if offer.ended_at is not None:
        return
    if ctx.now < offer.until:  # it was accepted meanwhile, or the clock was set back
        ctx.at(offer.until, lapse, offer)
        return
    item, machine = ctx.get(WaitlistItem, offer.item_id), ctx.get(Machine, offer.machine_id)
    item.missed += 1
    if item.missed >= MISSES:
        item.left_at, item.why = ctx.now, "missed"
        tell(ctx, item.user_id, "waitlist_removed", machine, str(offer.id), kind=machine.machine_type)
    else:
        behind_the_next(ctx, item)
        tell(ctx, item.user_id, "offer_missed", machine, str(offer.id))
    passed_on(ctx, offer, OfferStatus.LAPSED, but=item)


def behind_the_next(ctx: Context, item: WaitlistItem) -> None:
    """Let somebody change places with who comes after them."""
    line = [each for each in ctx.all(WAITING, kind=item.machine_type) if not each.snoozed]
    after = next((each for each in line if (each.turn, each.id) > (item.turn, item.id)), None)
    if after is not None:
        item.turn, after.turn = after.turn, item.turn


def closed(ctx: Context, offer: Offer, how: OfferStatus) -> Machine:
    """End an offer; gives its machine."""
    machine = ctx.get(Machine, offer.machine_id)
    offer.status, offer.ended_at = how, ctx.now
    machine.offered_to_id = machine.held_until = None
    ctx.cancel(lapse, offer)
    return machine


def passed_on(ctx: Context, offer: Offer, how: OfferStatus, *, but: WaitlistItem | None = None) -> None:
    """End an offer, and offer its machine to the next person."""
    offer_next(ctx, closed(ctx, offer, how), but=but)


def lapse_if_due(ctx: Context, machine: Machine) -> None:
    """What should be over is over, whether its timer has rung or not."""
    if machine.held_until is not None and machine.held_until <= ctx.now:
        found = ctx.first(OFFER_ON, machine=machine.id)
        if found is not None:
            ctx.do(lapse, found)


def withdrawn(ctx: Context, machine: Machine) -> None:
    """A machine is out of order: who had it offered keeps their place, and gets the next one that is free."""
    found = ctx.first(OFFER_ON, machine=machine.id)
    if found is None:
        return
    closed(ctx, found, OfferStatus.WITHDRAWN)
    tell(ctx, found.user_id, "offer_withdrawn", machine, str(found.id))
    free = (each for each in ctx.all(MACHINES) if each.machine_type == machine.machine_type and each.id != machine.id)
    for other in free:
        if other.status is MachineStatus.AVAILABLE and other.offered_to_id is None:
            ctx.do(offer, other.id, found.item_id)
            return
