"""The paths of messages: a person's notices, the ledger, and the words of the templates."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy as sa
from pydantic import Field as Limit
from pydantic import StringConstraints

from tradehall.kernel.columns import Moment
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing, Report, dumps
from tradehall.kernel.database import Undone
from tradehall.kernel.errors import Invalid, Missing, Refused
from tradehall.kernel.forms import Form
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.notices import optouts
from tradehall.kernel.notices.ledger import (
    STOPPED,
    Channel,
    Message,
    Notice,
    Reply,
    Status,
    estimated,
    opted_out,
    reachable,
)
from tradehall.kernel.notices.segments import size
from tradehall.kernel.notices.senders import CONSOLE
from tradehall.kernel.notices.sending import submit
from tradehall.kernel.notices.templates import ALL_OWN_WORDS, BUSINESS, OWN_WORDS, TEXTS, Template, Wording, filled
from tradehall.kernel.notices.trying import send_to_oneself
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record
from tradehall.kernel.resources import Filter, Resource
from tradehall.kernel.verbs import ME, MEMBER, By, Grant, Verb, grants, where

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade

Paths = Iterator[Contract]
SHOWN = (
    "id", "created_at", "channel", "address", "template", "subject", "body", "status", "why", "details", "segments",
    "cost", "currency", "provider", "provider_id", "cause_entity", "cause_id", "cause_event", "due_at", "attempts", "updated_at",
    "is_test",
)  # fmt: skip


class TemplateWords(Form, of=Wording, fields=("template", *TEXTS)):
    """A template in an organisation's own words. A text that is null is as the trade has it, one left out stays."""


class TemplatePreview(Form, of=Wording, fields=("template", *TEXTS)):
    """Words to be looked at, with values as examples."""

    values: dict[str, Annotated[str, StringConstraints(max_length=1000)]] = Limit(default_factory=dict)


def room(trade: "Trade") -> str:
    """Where the messages of a trade are: below `/messages`, or `/outbox` where its contract has the other."""
    taken = any(each.path.startswith(f"{trade.prefix}/messages") for each in trade.contract)
    return f"{trade.prefix}/{'outbox' if taken else 'messages'}"


def paths(trade: "Trade") -> Paths:
    """What is offered of messages in every trade."""
    here = room(trade)
    yield from _notices(trade)
    yield Contract("GET", f"{here}/log", Listing(log_of(trade.name, trade.roles[-2:])))
    yield Contract("POST", f"{here}/{{id}}/resend", _resend(trade))
    yield Contract("GET", f"{here}/replies", Listing(_replies(trade)))
    yield from _templates(trade, f"{here}/templates")
    yield from optouts.paths(trade, f"{here}/opt-outs")


def _of_trade(trade: "Trade", *roles: Any) -> tuple[Grant, ...]:
    def here(record: type[Record]) -> sa.ColumnElement[bool]:
        return record.table.c.of_trade == trade.name

    return tuple(where(role, here) for role in roles)


def _notices(trade: "Trade") -> Paths:
    def mine(record: type[Record]) -> sa.ColumnElement[bool]:
        return sa.and_(record.table.c.of_trade == trade.name, record.table.c.person_id == ME)

    def unread(wanted: bool) -> sa.ColumnElement[bool]:
        return Notice.read_at.is_(None) if wanted else Notice.read_at.is_not(None)

    def read(ctx: Context, notice: Notice) -> Notice:
        notice.read_at = notice.read_at or ctx.now
        return notice

    columns = ("id", "created_at", "template", "body", "cause_entity", "cause_id", "cause_event", "read_at")
    by = where(MEMBER, mine)
    own = Resource(Notice, by=by, columns=columns, filters=(Filter("unread", bool, unread),))
    verb: Verb[Any, Any] = Verb("read", Notice, by, read, True, None, "A notice was read.")
    yield Contract("GET", f"{trade.prefix}/notices", Listing(own))
    yield Contract("POST", f"{trade.prefix}/notices/{{id}}/read", verb, shape=own.shape)


def log_of(trade: str, by: By, channel: Channel | None = None) -> Resource:
    """The ledger of a trade's messages, or of those of one channel."""

    def here(record: type[Record]) -> sa.ColumnElement[bool]:
        mine = Message.of_trade == trade
        return mine if channel is None else sa.and_(mine, Message.channel == channel)

    filters = (
        "channel", "status", "provider", "template", "cause_entity", "cause_id",
        Filter("to", str, lambda to: Message.address == to),
        Filter("since", Moment, lambda moment: Message.created_at >= moment),
        Filter("until", Moment, lambda moment: Message.created_at < moment),
    )  # fmt: skip
    within = tuple(where(grant.role, here) for grant in grants(by))
    table = ("created_at", "channel", "address", "template", "status", "why")
    return Resource(Message, by=within, columns=SHOWN, called={"address": "to"}, filters=filters, table=table)


def _replies(trade: "Trade") -> Resource:
    columns = ("id", "created_at", "address", "body", "provider", "provider_id")
    return Resource(Reply, by=_of_trade(trade, *trade.roles[-2:]), columns=columns, called={"address": "from"})


def _resend(trade: "Trade") -> Verb[Any, Any]:
    def resend(ctx: Context, message: Message) -> Message:
        if opted_out(ctx, message):
            raise Refused("opted_out", STOPPED)
        if reachable(Channel(message.channel), message.address, ctx.preferences) is None:
            raise Refused("unreachable", "There is nowhere to send this message to")
        if message.status is Status.SENT and message.provider != CONSOLE:
            raise Refused("sent", "This message was sent")
        message.attempts, message.why, message.details, message.due_at = 0, "", "", ctx.now
        submit(ctx, message)
        return message

    return Verb(
        "resend", Message, _of_trade(trade, *trade.roles[-2:]), resend, True, None,
        "Send a message again that failed, that had no provider, or of which nobody knows whether it was sent.",
        sources=(Status.FAILED, Status.UNKNOWN, Status.SENT), goal=Status.QUEUED,
    )  # fmt: skip


def _templates(trade: "Trade", path: str) -> Paths:
    def templates(ctx: Reader) -> list[dict[str, Any]]:
        own = {each.template: each for each in ctx.all(ALL_OWN_WORDS, trade=trade.name)}
        return [_shown(each, own.get(each.name)) for each in trade.templates_by_name.values()]

    def word(ctx: Context, wish: TemplateWords) -> dict[str, Any]:
        template, row = _asked(ctx, wish)
        if wrong := list(template.wrong(row.over(template))):
            raise Invalid([{"loc": ["body", name], "msg": why, "type": "template"} for name, why in wrong])
        return _shown(template, row)

    def preview(ctx: Context, wish: TemplatePreview) -> None:
        template, row = _asked(ctx, wish)
        values = _examples(ctx, template, wish)
        texts = {name: filled(words, values) for name, words in row.over(template).items()}
        wrong = [{"text": name, "why": why} for name, why in template.wrong(row.over(template))]
        raise Undone(Answer(200, dumps({"texts": texts, "sms": _counted(ctx, texts), "wrong": wrong})))

    owner = trade.owner
    read = Report(
        "templates",
        trade.roles[-2:],
        templates,
        None,
        "What people are told, and in which words.",
        quick=False,
        room=Wording.plural,
    )
    change: Verb[Any, Any] = Verb("word", Wording, owner, word, False, TemplateWords, "Change the words of a template.")
    look: Verb[Any, Any] = Verb(
        "preview", Wording, owner, preview, False, TemplatePreview, "See a template as people will."
    )
    yield Contract("GET", path, read)
    yield Contract("PUT", path, change, changes=dict)
    yield Contract("POST", f"{path}/preview", look, changes=dict)
    yield Contract("POST", f"{path}/test", _test(trade), changes=dict)


def _test(trade: "Trade") -> Verb[Any, Any]:
    def test(ctx: Context, wish: TemplatePreview) -> dict[str, Any]:
        template = _template(ctx, wish)
        own = ctx.first(OWN_WORDS, trade=trade.name, template=template.name)
        texts = dict(template.texts if own is None else own.over(template))
        texts |= {name: words or template.texts[name] for name, words in _wished(wish).items() if name in texts}
        return send_to_oneself(ctx, template, texts, _examples(ctx, template, wish))

    summary = "Send a template to oneself, marked as a test, in words that need not be saved yet."
    return Verb("test", Wording, trade.owner, test, False, TemplatePreview, summary)


def _examples(ctx: Context, template: Template, wish: TemplatePreview) -> dict[str, str]:
    """A value for each place of a template: those that are wished, else its name."""
    examples = {name: name.replace("_", " ") for name in template.known}
    return examples | {BUSINESS: ctx.preferences["name"] or ctx.trade.title} | wish.values


def _asked(ctx: Context, wish: Form) -> tuple[Template, Wording]:
    """The template, and the organisation's words for it with what is wished."""
    template = _template(ctx, wish)
    row = ctx.first(OWN_WORDS, trade=ctx.trade.name, template=template.name)
    row = row or ctx.add(Wording(of_trade=ctx.trade.name, template=template.name))
    for name, words in _wished(wish).items():
        row.assign(row.fields[name], words or None)
    return template, row


def _wished(wish: Form) -> dict[str, str | None]:
    return {name: getattr(wish, name) for name in wish.model_fields_set if name in TEXTS}


def _template(ctx: Context, wish: Form) -> Template:
    """The template that is meant; raises Missing, and Invalid where it has no such text."""
    template = ctx.trade.templates_by_name.get(wish.template)
    if template is None:
        raise Missing("Template not found")
    if foreign := {name for name, words in _wished(wish).items() if words} - template.texts.keys():
        sentence = f"This template has no such text; it has {', '.join(template.texts)}"
        raise Invalid([{"loc": ["body", name], "msg": sentence, "type": "template"} for name in sorted(foreign)])
    return template


def _shown(template: Template, own: Wording | None) -> dict[str, Any]:
    now = template.texts if own is None else own.over(template)
    changed = [name for name in now if now[name] != template.texts[name]]
    return {
        "template": template.name, "texts": now, "changed": changed, "original": template.texts,
        "values": template.known, "needs": template.needs, "urgent": template.urgent,
    }  # fmt: skip


def _counted(ctx: Context, texts: dict[str, str]) -> dict[str, Any] | None:
    if "sms" not in texts:
        return None
    counted, (parts, cost, currency) = size(texts["sms"]), estimated(texts["sms"], ctx.preferences)
    return {
        "encoding": counted.encoding, "characters": len(texts["sms"]), "units": counted.units, "segments": parts,
        "outside_gsm": counted.foreign, "cost": cost, "currency": currency,
    }  # fmt: skip
