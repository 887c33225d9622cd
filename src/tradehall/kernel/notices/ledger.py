"""The ledger of messages: one row for each, from the unit that wants it until it is known what became of it (P-23)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import Field as Limit
from pydantic import StringConstraints, TypeAdapter, ValidationError

from tradehall.kernel.columns import (
    Email,
    choice,
    flag,
    integer,
    moment,
    optional,
    person,
    personal,
    price,
    state,
    text,
)  # fmt: skip
from tradehall.kernel.meanings import Sentence
from tradehall.kernel.notices.languages import language_of, spoken
from tradehall.kernel.notices.segments import LONGEST, size
from tradehall.kernel.notices.templates import BUSINESS, OWN_WORDS, Template, filled, gathered
from tradehall.kernel.people.tables import MEMBERSHIPS, USERS
from tradehall.kernel.persons import Subject, belongs, keep_for
from tradehall.kernel.phones import e164
from tradehall.kernel.preferences import CURRENCY, REGION, ZONE, Preferences, Setting
from tradehall.kernel.records import Find, Record, find, per_record, unique, wanted
from tradehall.kernel.verbs import Role

if TYPE_CHECKING:
    from tradehall.kernel.context import Context


ERASED = "This person was erased"
AT_ONCE = 2000
"""How many messages of a kind go at once: a unit must not hold up others for long."""


class Channel(StrEnum):
    """How a message leaves."""

    SMS = "sms"
    EMAIL = "email"


class Status(StrEnum):
    """What became of a message."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"


MOVES = {
    Status.QUEUED: (Status.SENDING, Status.SUPPRESSED, Status.FAILED),
    Status.SENDING: (
        Status.SENT, Status.DELIVERED, Status.FAILED, Status.QUEUED, Status.UNKNOWN, Status.SUPPRESSED
    ),
    Status.SENT: (Status.DELIVERED, Status.FAILED, Status.QUEUED),
    Status.DELIVERED: (),
    Status.FAILED: (Status.QUEUED, Status.DELIVERED),
    Status.UNKNOWN: (Status.SENT, Status.DELIVERED, Status.FAILED, Status.QUEUED),
    Status.SUPPRESSED: (),
}  # fmt: skip


class Message(Record, table="kernel_messages"):
    """An SMS or an e-mail to somebody. What it may cost is estimated until its provider says."""

    of_trade = text(40)
    channel = choice(Channel)
    address = personal(text(254))
    template = text(80)
    subject = personal(text(200, default=""))
    body = personal(text(20_000))
    status = state(Status, MOVES)
    why = Sentence(300)
    details = text(300, default="")
    """What its provider said, word for word."""
    segments = integer(at_least=0, default=0)
    cost = optional(price())
    currency = text(10, default="")
    provider = text(40, default="")
    provider_id = text(120, default="")
    cause_entity = optional(text(63))
    cause_id = optional(integer())
    cause_event = text(120)
    once = personal(optional(text(200)))
    due_at = moment()
    attempts = integer(at_least=0, default=0)
    is_test = flag()
    """Whether somebody tried a template, and nobody else is meant."""

    indexes = (("address",), ("cause_entity", "cause_id"), ("status", "created_at", "id"))
    walls = (unique("of_trade", "once", where="once IS NOT NULL", says="This message was written already"),)


class Notice(Record, table="kernel_notices"):
    """Something that a person is told in the application."""

    of_trade = text(40)
    person_id = person()
    template = text(80)
    body = personal(text(20_000))
    cause_entity = optional(text(63))
    cause_id = optional(integer())
    cause_event = text(120)
    once = personal(optional(text(200)))
    read_at = optional(moment())

    indexes = (("person_id", "created_at", "id"),)
    walls = (unique("of_trade", "once", where="once IS NOT NULL", says="This notice was written already"),)


class Source(StrEnum):
    """How it became known that somebody wants no messages: they wrote it, followed a link, told the provider or us."""

    REPLY = "reply"
    LINK = "link"
    PROVIDER = "provider"
    MANAGER = "manager"


class OptOut(Record, table="kernel_opt_outs"):
    """An address that wants no more messages; of e-mail in small letters."""

    channel = choice(Channel)
    address = personal(text(254, shortest=1))
    source = choice(Source)

    walls = (unique("channel", "address", says="This address gets no messages already"),)


class Reply(Record, table="kernel_replies"):
    """What somebody wrote back."""

    of_trade = text(40)
    address = personal(text(254))
    body = personal(text(2000))
    provider = text(40)
    provider_id = text(120)

    walls = (unique("provider", "provider_id", says="This reply was received already"),)


_OPTED_OUT = find(OptOut, OptOut.channel == wanted("channel"), OptOut.address == wanted("address")).standing()


def _to_person(subject: Subject) -> sa.ColumnElement[bool]:
    return sa.or_(_caused(Message, subject), Message.address.in_(subject.addresses))


def _about_person(subject: Subject) -> sa.ColumnElement[bool]:
    return sa.or_(_caused(Notice, subject), Notice.person_id.in_(subject.users))


def _caused(record: type[Message | Notice], subject: Subject) -> sa.ColumnElement[bool]:
    """The condition that it is about a person's rows, or about their account."""
    entity, row_id = record.table.c.cause_entity, record.table.c.cause_id
    return sa.or_(subject.refers(entity, row_id), sa.and_(entity == USERS.name, row_id.in_(subject.users)))


def _erase_message(ctx: "Context", row: Message) -> None:
    if row.status is Status.QUEUED:
        row.status = Status.SUPPRESSED
        row.why = ERASED
    ctx.erase(row, address="", subject="", body="", once=None)


def _let_go(ctx: "Context", row: Record) -> None:
    """Delete a row, also from the log."""
    ctx.forget(row.table.name, row.id, {name for name, field in row.fields.items() if field.personal})
    ctx.delete(row)


def _expire(ctx: "Context", before: datetime) -> int:
    """Delete old messages and what was answered to them, so many at a time."""
    old: list[Record] = []
    for record in (Message, Notice, Reply):
        c = record.table.c
        mine = find(record, c.of_trade == ctx.trade.name, c.created_at < before)
        old += ctx.all(mine.by(c.created_at, c.id).first(AT_ONCE))
    for row in old:
        _let_go(ctx, row)
    return len(old)


belongs(Message, _to_person, _erase_message)
belongs(Notice, _about_person)
belongs(Reply, lambda subject: Reply.address.in_(subject.addresses))
belongs(OptOut, lambda subject: OptOut.address.in_(subject.addresses | {*map(str.lower, subject.addresses)}), _let_go)
keep_for("messages", "messages, notices and replies", None, _expire)

Hour = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")]
ENABLED = Setting("messages", "Send SMS and e-mail to customers", bool, False)
QUIET_FROM = Setting("quiet_from", "No messages from", Hour, "", "HH:MM")
QUIET_UNTIL = Setting("quiet_until", "No messages until", Hour, "", "HH:MM")
SMS_PRICE = Setting("sms_price", "Price of a part of an SMS", Annotated[float, Limit(ge=0, le=1000)], 0)
SETTINGS = (ENABLED, QUIET_FROM, QUIET_UNTIL, SMS_PRICE)
STOPPED = "This person wants no messages"
NO_NUMBER = "This is no telephone number that a message can be sent to"
NO_ADDRESS = "This is no e-mail address that a message can be sent to"
To = int | str | Role | None
"""Whom something is for: a user's id, everybody in a role, a telephone number or an e-mail address."""
_email = TypeAdapter(Email)


@dataclass
class Wish:
    """What somebody is to be told, and why."""

    template: Template
    row: Record | None
    once: str
    given: Mapping[str, Any]
    event: str
    person: int = 0
    """The user whose account it is about, where it is about no row."""
    not_before: datetime | None = None
    language: str = ""

    def cause(self, *whom: object) -> dict[str, Any]:
        """The columns that say where it came from; what has the same `once` is written a single time."""
        row, own = self.row, (USERS.name, self.person) if self.person else (None, None)
        entity, row_id = own if row is None else (row.table.name, row.id)
        return {
            "template": self.template.name,
            "cause_entity": entity,
            "cause_id": row_id,
            "cause_event": self.event,
            "once": ":".join(map(str, (self.template.name, *whom, self.once))) if self.once else None,
        }


def tell(ctx: "Context", to: To, wish: Wish) -> Message | None:
    """Write what somebody is to be told; gives the message that has to be sent, if there is one."""
    if to is None or to == "":
        return None
    if not isinstance(to, str):
        if wish.template.notice:
            for user_id in _holders(ctx, to) if isinstance(to, Role) else (to,):
                _notice(ctx, user_id, wish)
        return None
    channel = Channel.EMAIL if "@" in to else Channel.SMS
    if not is_wanted(ctx, wish.template) or channel not in wish.template.texts:
        return None
    return _message(ctx, channel, to, wish)


def is_wanted(ctx: "Context", template: Template) -> bool:
    """Whether the organisation wants what this template says to be sent to anybody."""
    return template.always or bool(ctx.preferences[template.switch])


def _holders(ctx: "Context", role: Role) -> list[int]:
    mine = (MEMBERSHIPS.c.org_id == ctx.org_id, MEMBERSHIPS.c.trade == ctx.trade.name, MEMBERSHIPS.c.role == role.name)
    found = ctx.session.execute(sa.select(MEMBERSHIPS.c.user_id).where(*mine).order_by(MEMBERSHIPS.c.user_id))
    return list(found.scalars())


def _notice(ctx: "Context", user_id: int, wish: Wish) -> None:
    cause = wish.cause(user_id)
    if not _written(ctx, Notice, cause["once"]):
        words = _words(ctx, wish, user_id)["notice"]
        ctx.add(Notice(of_trade=ctx.trade.name, person_id=user_id, body=words[:20_000], **cause))


def _message(ctx: "Context", channel: Channel, to: str, wish: Wish) -> Message | None:
    cause = wish.cause(channel)
    if _written(ctx, Message, cause["once"]):
        return None
    words = _words(ctx, wish, wish.person)
    whole = reachable(channel, to, ctx.preferences)
    message = Message(
        of_trade=ctx.trade.name, channel=channel, address=whole or to[:254], due_at=ctx.now,
        body=words[channel][:20_000], **cause,
    )  # fmt: skip
    if channel is Channel.EMAIL:
        message.subject = " ".join(words.get("subject", "").split())[:200]
    else:
        message.segments, message.cost, message.currency = estimated(message.body, ctx.preferences)
    if why := _never(message, whole):
        message.status = Status.FAILED
        message.why = why
    elif opted_out(ctx, message):
        message.status = Status.SUPPRESSED
        message.why = STOPPED
    elif not wish.template.urgent:
        message.due_at = awake(max(ctx.now, wish.not_before or ctx.now), ctx.preferences)
    ctx.add(message)
    return message if message.status is Status.QUEUED else None


def _written(ctx: "Context", record: type[Message | Notice], once: str | None) -> bool:
    return once is not None and ctx.first(_same(record), trade=ctx.trade.name, once=once) is not None


@per_record
def _same(record: type[Message | Notice]) -> Find[Any]:
    return find(record, record.of_trade == wanted("trade"), record.once == wanted("once")).standing()


def _words(ctx: "Context", wish: Wish, user_id: int) -> dict[str, str]:
    """The words of a message: the organisation's own, else the template's in the language of whoever reads them."""
    template, settings = wish.template, ctx.preferences
    own = ctx.first(OWN_WORDS, trade=ctx.trade.name, template=template.name)
    given = {BUSINESS: settings["name"] or ctx.trade.title, **wish.given}
    language = wish.language or language_of(ctx.session, user_id)
    values = gathered(template, given, wish.row, settings, language)
    known = spoken(template.texts, language, ctx.trade.words)
    texts = known if own is None else {name: own.values[name] or words for name, words in known.items()}
    return {name: filled(words, values) for name, words in texts.items()}


def _never(message: Message, whole: str | None) -> str:
    if whole is None:
        return NO_NUMBER if message.channel is Channel.SMS else NO_ADDRESS
    too_long = message.channel is Channel.SMS and len(message.body) > LONGEST
    return f"An SMS has at most {LONGEST} characters" if too_long else ""


def opted_out(ctx: "Context", message: Message) -> bool:
    """Whether the address of a message wants none. An e-mail that answers what its person asked for goes out anyway."""
    return not is_answer(ctx, message) and wants_none(ctx, Channel(message.channel), message.address) is not None


def is_answer(ctx: "Context", message: Message) -> bool:
    """Whether a message is an e-mail that its person asked for, such as one to choose a new password."""
    template = ctx.trade.templates_by_name.get(message.template)
    return message.channel is Channel.EMAIL and template is not None and template.always


def wants_none(ctx: "Context", channel: Channel, address: str) -> OptOut | None:
    """The note that an address wants no messages, if there is one."""
    return ctx.first(_OPTED_OUT, channel=channel, address=_noted(channel, address))


def stop_writing(ctx: "Context", channel: Channel, address: str, source: Source) -> OptOut:
    """Note that an address wants no messages."""
    return ctx.add(OptOut(channel=channel, address=_noted(channel, address), source=source))


def _noted(channel: Channel, address: str) -> str:
    return address.lower() if channel is Channel.EMAIL else address


def reachable(channel: Channel, typed: str, settings: Preferences) -> str | None:
    """The address as a provider takes it; None where it can't be one (P-35, P-36)."""
    if channel is Channel.SMS:
        return e164(typed, settings[REGION.name])
    try:
        return _email.validate_python(typed)
    except ValidationError:
        return None


def estimated(body: str, settings: Preferences) -> tuple[int, Decimal, str]:
    """The parts of an SMS, what they will cost, and in which currency."""
    parts = size(body).parts
    return parts, parts * Decimal(str(settings[SMS_PRICE.name])), settings[CURRENCY.name]


def awake(moment: datetime, settings: Preferences) -> datetime:
    """The moment, or the end of the quiet hours that it falls into, in the organisation's time zone."""
    return after_quiet(moment, settings[QUIET_FROM.name], settings[QUIET_UNTIL.name], settings[ZONE.name])


def after_quiet(moment: datetime, first: str, end: str, zone: str) -> datetime:
    """The moment, or the end of the quiet hours, as HH:MM in a zone, that it falls into."""
    if not first or not end or first == end:
        return moment
    there = moment.astimezone(ZoneInfo(zone))
    now, over_night = f"{there:%H:%M}", first > end
    if not (now >= first or now < end if over_night else first <= now < end):
        return moment
    day = there.date() + timedelta(days=over_night and now >= first)
    return datetime.combine(day, time.fromisoformat(end), there.tzinfo).astimezone(moment.tzinfo)


def forget(ctx: "Context", *typed: str | None) -> None:
    """Blank what was written to these addresses and what came back, here and in the log (P-39)."""
    known = {each for each in typed if each}
    known |= {e164(each, ctx.preferences[REGION.name]) or each for each in known}
    for record, blanks in ((Message, ("address", "subject", "body")), (Reply, ("address", "body"))):
        for row in ctx.all(find(record, record.table.c.address.in_(known))) if known else ():
            ctx.erase(row, **dict.fromkeys(blanks, ""))
