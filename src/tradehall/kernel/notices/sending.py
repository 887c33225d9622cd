"""Sending: a message of the ledger goes out after its unit, and the ledger notes what became of it (row 23)."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tradehall.kernel.jobs import Badly, Job, Then, given_up, task
from tradehall.kernel.notices.ledger import (
    MOVES,
    STOPPED,
    Channel,
    Message,
    Notice,
    Source,
    Status,
    awake,
    estimated,
    is_answer,
    opted_out,
    stop_writing,
)
from tradehall.kernel.notices.senders import NotAccepted, Outgoing, Receipt, Sender, Unsure
from tradehall.kernel.notices.templates import Template, filled
from tradehall.kernel.notices.tokens import seal
from tradehall.kernel.records import find
from tradehall.kernel.verbs import SYSTEM, Verb

if TYPE_CHECKING:
    from tradehall.kernel.context import Context
    from tradehall.kernel.office import Office

PATIENCE = 15.0
"""Seconds for which a provider may think; less than the lease of the job."""
TRIES = 14
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=1)
STOPPED_MEANWHILE = "Tradehall was stopped while it was sent"
GIVEN_UP = "It could not be sent, however often it was tried"
Settle = Callable[["Context", Message, str], Any]
"""Notes in the ledger what a provider, of this name, said of a message."""
LATE: dict[str, Callable[["Office", "Context", Message], Mapping[str, str] | None]] = {}
"""By template: what makes its late values when a message goes out; None where there is no reason to send it any more."""
NOBODY = "No provider is set up: this reached nobody"
STRANDED = Template(
    "messages_stranded",
    notice="There is no provider for {what}: what is written goes nowhere, and waits in the list of messages to be sent again",
)
NO_MORE = "You want no more e-mail from us? Say so here: "
"""What the text of an e-mail ends with, and a link, where its person may say so."""
POINTLESS = "There is no reason to send it any more"


def _moves(name: str, goal: Status, summary: str, *sources: Status) -> Verb[Any, Any]:
    def rule(ctx: "Context", message: Message, **news: Any) -> None:
        for field, value in news.items():
            message.assign(message.fields[field], value)

    found = sources or tuple(status for status, goals in MOVES.items() if goal in goals)
    return Verb(name, Message, SYSTEM, rule, True, None, summary, sources=found, goal=goal)


BEGIN = _moves("begin", Status.SENDING, "A message goes to its provider.")
ACCEPT = _moves("accept", Status.SENT, "The provider has taken a message.")
DELIVER = _moves("deliver", Status.DELIVERED, "A message has reached its person.")
FAIL = _moves("fail", Status.FAILED, "A message can't be delivered.")
DOUBT = _moves("doubt", Status.UNKNOWN, "Nobody can say whether a message was sent.")
SUPPRESS = _moves("suppress", Status.SUPPRESSED, "A message is not wanted.")
POSTPONE = _moves("postpone", Status.QUEUED, "A message is sent later.", Status.SENDING)


@dataclass(frozen=True)
class Posting:
    """A message on its way: what goes out, by which channel, at which try."""

    channel: Channel
    attempts: int
    outgoing: Outgoing


@task("message.send")
async def send(office: "Office", job: Job) -> Then | Badly | None:
    """Hand a message to its provider, and note what it said."""
    message_id: int = job.payload["message"]
    trade = office.trades[job.of_trade]
    posting: Posting | None = await office.as_system(trade, job.org_id, lambda ctx: _begun(office, ctx, message_id))
    if posting is None:
        return None
    sender = office.outside.sms if posting.channel is Channel.SMS else office.outside.mail
    settle, well = await _handed_over(sender, posting)

    def settled(ctx: "Context") -> None:
        settle(ctx, ctx.get(Message, message_id), sender.name)

    return settled if well else Badly(settled)


@given_up(send)
def lose(ctx: "Context", given: Mapping[str, Any]) -> None:
    """Nobody tries to send this message any more: if it may have gone out, nobody can say."""
    if (message := ctx.find(Message, given["message"])) is not None:
        _noted(ctx, message, FAIL if message.status is Status.QUEUED else DOUBT, why=GIVEN_UP)


def _begun(office: "Office", ctx: "Context", message_id: int) -> Posting | None:
    message = ctx.find(Message, message_id)
    if message is None or message.status not in (Status.QUEUED, Status.SENDING):
        return None
    if message.status is Status.SENDING:  # by a worker that was lost
        if message.channel is Channel.SMS:
            ctx.do(DOUBT, message, why=STOPPED_MEANWHILE, details="")
            return None
        ctx.do(POSTPONE, message)  # whoever gets an e-mail twice knows it by its Message-ID
    if not message.address or opted_out(ctx, message):  # it may have been erased while it waited
        ctx.do(SUPPRESS, message, why=STOPPED, details="")
        return None
    has_late = message.template in LATE and not message.is_test  # a test opens nothing
    late = LATE[message.template](office, ctx, message) if has_late else {}
    if late is None:
        ctx.do(SUPPRESS, message, why=POINTLESS, details="")
        return None
    subject, body = filled(message.subject, late), filled(message.body, late)
    news: dict[str, Any] = {"attempts": message.attempts + 1}
    if late and message.channel is Channel.SMS:
        news["segments"], news["cost"], news["currency"] = estimated(body, ctx.preferences)
    ctx.do(BEGIN, message, **news)
    known_as = f"{ctx.org_id}-{message.id}"
    unique = f"{known_as}-{message.created_at.timestamp():.0f}"
    if link := _unsubscribe(office, ctx, message):
        body = f"{body.rstrip()}\n\n{NO_MORE}{link}"
    outgoing = Outgoing(known_as, message.address, body, subject, ctx.trade.name, unique, link)
    return Posting(Channel(message.channel), message.attempts, outgoing)


def _unsubscribe(office: "Office", ctx: "Context", message: Message) -> str:
    """The link by which somebody gets no more e-mail; none in what they asked for, and where others don't reach us."""
    place = office.outside.messages.get(ctx.trade.name, "")
    if not place or message.channel is not Channel.EMAIL or is_answer(ctx, message):
        return ""
    return f"{place}/unsubscribe/{seal(office.stop_key, ctx.org_id, message.address)}"


async def _handed_over(sender: Sender, posting: Posting) -> tuple[Settle, bool]:
    """What is to be noted, and whether the provider answered as it should."""
    try:
        async with asyncio.timeout(PATIENCE):
            receipt = await sender.send(posting.outgoing)
    except NotAccepted as refusal:
        return _refused(refusal, posting), not refusal.again
    except (Unsure, TimeoutError) as doubt:
        unsure = doubt if isinstance(doubt, Unsure) else Unsure("The provider did not answer")
        if posting.channel is Channel.EMAIL:
            return _later(unsure, posting, DOUBT), False
        return _doubted(unsure), False
    return _accepted(receipt, sender.is_real), True


def _accepted(receipt: Receipt, is_real: bool) -> Settle:
    def settle(ctx: "Context", message: Message, provider: str) -> None:
        news: dict[str, Any] = {"provider": provider, "provider_id": receipt.provider_id[:120]}
        if not is_real:
            news["why"] = NOBODY
            _stranded(ctx, message)
        if receipt.cost is not None:
            news |= {"cost": receipt.cost, "currency": receipt.currency[:10]}
        if receipt.parts is not None:
            news["segments"] = receipt.parts
        _noted(ctx, message, ACCEPT, **news)

    return settle


def _stranded(ctx: "Context", message: Message) -> None:
    """Tell the owner, at most once a week for each channel, that messages reach nobody."""
    week = f"{message.channel}:{ctx.now:%G-%V}"
    lately = (Notice.template == STRANDED.name, Notice.created_at > ctx.now - timedelta(days=7))
    told = find(Notice, Notice.of_trade == ctx.trade.name, *lately).by(Notice.table.c.created_at)
    if all(week not in (each.once or "") for each in ctx.all(told)):
        with ctx.happening("message.strand"):
            what = "SMS" if message.channel is Channel.SMS else "e-mail"
            ctx.notify(ctx.trade.owner, STRANDED.name, what=what, once=week)


def _refused(refusal: NotAccepted, posting: Posting) -> Settle:
    if refusal.again:
        return _later(refusal, posting, FAIL)

    def settle(ctx: "Context", message: Message, provider: str) -> None:
        if refusal.opted_out and not opted_out(ctx, message):
            with ctx.happening("optout.learn"):
                stop_writing(ctx, Channel(message.channel), message.address, Source.PROVIDER)
        _noted(ctx, message, SUPPRESS if refusal.opted_out else FAIL, refusal, provider=provider)

    return settle


def _doubted(trouble: Unsure) -> Settle:
    return lambda ctx, message, provider: _noted(ctx, message, DOUBT, trouble, provider=provider)


def _later(trouble: NotAccepted | Unsure, posting: Posting, at_last: Verb[Any, Any]) -> Settle:
    """Try again after a while that grows; the last try ends it."""

    def settle(ctx: "Context", message: Message, provider: str) -> None:
        if posting.attempts >= TRIES:
            _noted(ctx, message, at_last, trouble, provider=provider)
        elif _noted(ctx, message, POSTPONE, trouble, provider=provider, due_at=_due(ctx, message, posting.attempts)):
            submit(ctx, message)

    return settle


def _due(ctx: "Context", message: Message, attempts: int) -> Any:
    again = ctx.now + min(FIRST_WAIT * 2 ** (attempts - 1), LONGEST_WAIT)
    template = ctx.trade.templates_by_name.get(message.template)
    return again if template is not None and template.urgent else awake(again, ctx.preferences)


def _noted(
    ctx: "Context", message: Message, verb: Verb[Any, Any], trouble: NotAccepted | Unsure | None = None, **news: Any
) -> bool:  # fmt: skip
    """Carry a verb out, unless the provider has reported more by now than it had answered."""
    if verb.goal not in MOVES[Status(message.status)]:
        return False
    why, details = (trouble.why, trouble.details[:300]) if trouble is not None else ("", "")
    ctx.do(verb, message, **{"why": why, "details": details} | news)
    return True


def submit(ctx: "Context", message: Message) -> None:
    """Have a message sent when it is due; a provider of one kind that hangs holds up no other kind."""
    ctx.later(send, {"message": message.id}, due=message.due_at, target=message.channel)
