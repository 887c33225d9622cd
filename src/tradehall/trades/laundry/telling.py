"""What people are told, and what the feed of the house says."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tradehall.kernel.context import Context
from tradehall.kernel.notices.languages import language_of, spoken
from tradehall.kernel.notices.ledger import after_quiet
from tradehall.kernel.notices.templates import Template
from tradehall.kernel.preferences import ZONE
from tradehall.kernel.reader import Reader
from tradehall.trades.laundry.models import Activity, Cycle, Machine, MachineType
from tradehall.trades.laundry.pushes import pushed
from tradehall.trades.laundry.terms import LANGUAGE, TEXTS
from tradehall.trades.laundry.views import resident
from tradehall.trades.laundry.ways import EMAIL, PUSH, SMS

NOTICE = "Notice"


def _words(name: str, title: str, words: str, *values: str) -> Template:
    """The same words in the application and, for those who want it, by SMS and by e-mail."""
    more = ("machine", *values)
    return Template(name, notice=words, sms=words, subject=title, email=words, values=more, switch=TEXTS.name)


templates = (
    _words(
        "cycle_completed", "Cycle completed", "{machine} is done. Please collect your clothes by {until}.", "until"
    ),
    _words("cycle_ends_soon", "Almost done", "{machine} will be done at {until}.", "until"),
    _words(
        "collect_reminder", "Please collect your clothes",
        "Your clothes wait in {machine}. From {until} on others may take them out.", "until",
    ),
    _words(
        "collect_overdue", "Others may take out your clothes now",
        "Your clothes still wait in {machine}. Others may take them out now.",
    ),
    _words(
        "idle_soon", "Please collect your clothes",
        "Your clothes wait in {machine}. If they still do at {until}, {amount} is taken from your balance.", "until", "amount",
    ),
    _words(
        "idle_fee", "Your clothes still wait",
        "{amount} was taken from your balance: your clothes still wait in {machine}.", "amount",
    ),
    _words(
        "clothes_moved", "Your clothes were moved",
        "Somebody took your clothes out of {machine}. They are here: {place}", "place",
    ),
    _words(
        "clothes_taken_out", "Your clothes were taken out",
        "Somebody took your clothes out of {machine}. They are in the laundry.",
    ),
    _words(
        "machine_offered", "A machine is offered to you", "{machine} is free for you. Accept it by {until}.", "until"
    ),
    _words(
        "offer_missed", "You missed your turn", "{machine} went to the next person. You are one place further back."
    ),
    _words(
        "waitlist_removed", "You are off the waitlist", "You missed your turn twice, and wait for no {kind} any more.",
        "kind",
    ),
    _words("offer_withdrawn", "Your machine can't be used", "{machine} is out of order. You keep your place."),
    _words(
        "machine_disabled", "Your machine is out of order",
        "{machine} is out of order. Your cycle goes on; report it where something is wrong.",
    ),
    _words(
        "machine_enabled", "Your machine can be started again", "{machine} was mended, and can be started again."
    ),
    _words(
        "fault_resolved", "The fault you reported is repaired",
        "What you reported of {machine} is repaired. Thank you!",
    ),
    _words("machine_followed", "The machine you follow is free", "{machine} is free."),
    _words("machines_free", "So many machines are free", "Free now: {machines}.", "machines"),
    _words("faults_reported", "A machine was disabled", "{machine} was disabled after {count} reports.", "count"),
)  # fmt: skip
TITLES = {each.name: each.subject for each in templates} | {"registration_waits": "Registration waits"}
"""What stands above each notice."""


def language_for(reader: Reader, user_id: int) -> str:
    """The language that somebody chose, or else that of the house."""
    return language_of(reader.session, user_id) or str(reader.preferences[LANGUAGE.name])


def said(reader: Reader, text: str, language: str) -> str:
    """A text of the catalogues in a language."""
    return spoken({"": text}, language, reader.trade.words)[""]


def titled(reader: Reader, template: str, language: str) -> str:
    """What stands above a notice."""
    return said(reader, TITLES.get(template, NOTICE), language)


def named(reader: Reader, machine: Machine, language: str) -> str:
    """What people call a machine in a language: `Mesin basuh 1`."""
    text = "Washer {number}" if machine.machine_type is MachineType.WASHER else "Dryer {number}"
    return said(reader, text, language).format(number=machine.number)


def clock(reader: Reader, moment: datetime) -> str:
    """A moment as people read it on the wall: 14:05."""
    return f"{moment.astimezone(ZoneInfo(reader.preferences[ZONE.name])):%H:%M}"


def tell(
    ctx: Context, user_id: int, template: str, machine: Machine, once: str, *, of: Cycle | None = None, **values: Any
) -> None:
    """Tell somebody something about a machine, or a load `of` it, once, in the ways and the language that they have chosen.

    Spec R-19.
    """
    known = resident(ctx, user_id) if user_id else None
    if not user_id or (known is not None and known.left_at is not None):
        return
    language = language_for(ctx, user_id)
    values |= {"machine": named(ctx, machine, language)}
    if "kind" in values:
        values["kind"] = said(ctx, values["kind"].capitalize(), language).lower()
    if "machines" in values:
        values["machines"] = ", ".join(named(ctx, each, language) for each in values["machines"])
    cause = of or machine
    ctx.notify(user_id, template, cause, once=once, language=language, **values)
    if known is None:
        return
    later = after_quiet(ctx.now, known.quiet_from, known.quiet_until, ctx.preferences[ZONE.name])
    for way, address in ((SMS, known.phone_e164), (EMAIL, known.email)):
        if way in known.channels and address:
            once_each = f"{user_id}:{once}"
            given: dict[str, Any] = {"once": once_each, "person": user_id, "not_before": later, "language": language}
            ctx.notify(address, template, cause, **given, **values)
    if PUSH in known.channels:
        about = {"title": titled(ctx, template, language), "rings": known.rings}
        pushed(ctx, user_id, template, cause, later, about)


def note(ctx: Context, what: str, machine: Machine | None, details: str = "", *, of: int | None = None) -> Activity:
    """A line for the feed of the house."""
    about = {} if machine is None else {"machine_type": machine.machine_type, "machine_number": machine.number}
    user_id = ctx.actor.user_id if of is None else of
    return ctx.add(Activity(user_id=user_id, activity_type=what, details=details[:300], **about))
