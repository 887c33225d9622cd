"""What people are told, and what the feed of the house says."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tradehall.kernel.context import Context
from tradehall.kernel.notices.ledger import after_quiet
from tradehall.kernel.notices.templates import Template
from tradehall.kernel.preferences import ZONE
from tradehall.kernel.reader import Reader
from tradehall.trades.laundry.models import Activity, Machine
from tradehall.trades.laundry.pushes import pushed
from tradehall.trades.laundry.terms import TEXTS
from tradehall.trades.laundry.views import called, resident

SMS, PUSH = "sms", "push"


def _words(name: str, words: str, *values: str) -> Template:
    """The same words in the application and, for those who want it, as an SMS."""
    return Template(name, notice=words, sms=words + " {business}", values=("machine", *values), switch=TEXTS.name)


TITLES = {
    "cycle_completed": "Cycle completed",
    "cycle_ends_soon": "Almost done",
    "collect_reminder": "Please collect your clothes",
    "collect_overdue": "Others may take out your clothes now",
    "clothes_moved": "Your clothes were moved",
    "machine_offered": "A machine is offered to you",
    "offer_missed": "You missed your turn",
    "waitlist_removed": "You are off the waitlist",
    "offer_withdrawn": "Your machine can't be used",
    "machine_disabled": "Your machine is out of order",
    "machine_enabled": "Your machine can be started again",
    "fault_resolved": "The fault you reported is repaired",
    "machine_followed": "The machine you follow is free",
    "faults_reported": "A machine was disabled",
    "registration_waits": "Somebody waits for approval",
}
"""What stands above each notice."""
templates = (
    _words("cycle_completed", "{machine} is done. Please collect your clothes by {until}.", "until"),
    _words("cycle_ends_soon", "{machine} will be done at {until}.", "until"),
    _words("collect_reminder", "Your clothes wait in {machine}. From {until} on others may take them out.", "until"),
    _words("collect_overdue", "Your clothes still wait in {machine}. Others may take them out now."),
    _words("clothes_moved", "Somebody took your clothes out of {machine}. They are here: {place}", "place"),
    _words("machine_offered", "{machine} is free for you. Accept it by {until}.", "until"),
    _words("offer_missed", "{machine} went to the next person. You are one place further back."),
    _words("waitlist_removed", "You missed your turn twice, and wait for {kind}s no more.", "kind"),
    _words("offer_withdrawn", "{machine} is out of order. You keep your place."),
    _words("machine_disabled", "{machine} is out of order. Your cycle goes on; report it where something is wrong."),
    _words("machine_enabled", "{machine} was mended, and can be started again."),
    _words("fault_resolved", "What you reported of {machine} is repaired. Thank you!"),
    _words("machine_followed", "{machine} is free."),
    Template("faults_reported", notice="{machine} was disabled after {count} reports.", values=("machine", "count")),
)


def clock(reader: Reader, moment: datetime) -> str:
    """A moment as people read it on the wall: 14:05."""
    return f"{moment.astimezone(ZoneInfo(reader.preferences[ZONE.name])):%H:%M}"


def tell(ctx: Context, user_id: int, template: str, machine: Machine, once: str, **values: Any) -> None:
    """Tell somebody something about a machine, once, in the ways that they have chosen (spec R-19)."""
    if not user_id:
        return
    values |= {"machine": called(machine)}
    ctx.notify(user_id, template, machine, once=once, **values)
    known = resident(ctx, user_id)
    if known is None:
        return
    later = after_quiet(ctx.now, known.quiet_from, known.quiet_until, ctx.preferences[ZONE.name])
    if SMS in known.channels and known.phone_e164:
        ctx.notify(known.phone_e164, template, machine, once=f"{user_id}:{once}", not_before=later, **values)
    if PUSH in known.channels:
        pushed(ctx, user_id, template, machine, later)


def note(ctx: Context, what: str, machine: Machine | None, details: str = "", *, of: int | None = None) -> Activity:
    """A line for the feed of the house."""
    about = {} if machine is None else {"machine_type": machine.machine_type, "machine_number": machine.number}
    user_id = ctx.actor.user_id if of is None else of
    return ctx.add(Activity(user_id=user_id, activity_type=what, details=details[:300], **about))
