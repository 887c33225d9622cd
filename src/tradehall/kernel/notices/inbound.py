"""What comes back: the fate of a message, and what people answer; STOP is obeyed (P-23)."""

import logging
from typing import TYPE_CHECKING, Any

from tradehall.kernel.errors import Missing
from tradehall.kernel.notices.ledger import MOVES, Channel, Message, Reply, Source, Status, stop_writing, wants_none
from tradehall.kernel.notices.senders import Fate, masked
from tradehall.kernel.notices.senders import Reply as Heard
from tradehall.kernel.notices.sending import ACCEPT, DELIVER, FAIL
from tradehall.kernel.people import organisations
from tradehall.kernel.records import find
from tradehall.kernel.verbs import SYSTEM, Verb

if TYPE_CHECKING:
    from tradehall.kernel.context import Context
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

log = logging.getLogger("tradehall")
STOP = {"stop", "stopall", "stop all", "unsubscribe", "cancel", "end", "quit", "optout", "opt out", "revoke"}
START = {"start", "unstop", "yes"}
REPORTED = {Status.SENT: ACCEPT, Status.DELIVERED: DELIVER, Status.FAILED: FAIL}


def _received(ctx: "Context", heard: Heard, provider: str) -> Reply:
    word = " ".join(heard.text.casefold().split()).strip(" .!\"'")
    out = wants_none(ctx, Channel.SMS, heard.sender)
    if word in STOP and out is None:
        stop_writing(ctx, Channel.SMS, heard.sender, Source.REPLY)
    elif word in START and out is not None:
        ctx.delete(out)
    return ctx.add(
        Reply(
            of_trade=ctx.trade.name, address=heard.sender, body=heard.text, provider=provider,
            provider_id=heard.provider_id,
        )
    )  # fmt: skip


RECEIVE: Verb[Any, Any] = Verb("receive", Reply, SYSTEM, _received, False, None, "Somebody wrote back.")


async def hear(office: "Office", trade: "Trade", told: Fate | Heard, provider: str) -> None:
    """Note what a provider reports; what it repeats changes nothing."""
    if isinstance(told, Fate):
        place, _, message_id = told.message.partition("-")
        if not (_is_id(place) and _is_id(message_id)):
            raise Missing("Message not found")
        await office.as_system(trade, int(place), lambda ctx: _became(ctx, int(message_id), told, provider))
        return
    everywhere = [org_id for org_id, _ in await office.database.read(0, organisations)]
    known = [org_id for org_id in everywhere if await office.as_system(trade, org_id, lambda ctx: _knows(ctx, told))]
    log.info("%s wrote back to %s organisations", masked(told.sender), len(known or everywhere))
    for org_id in known or everywhere:  # whoever was never written to wants nothing of anybody here
        await office.as_system(trade, org_id, lambda ctx: _note(ctx, told, provider))


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 18


def _knows(ctx: "Context", heard: Heard) -> bool:
    return ctx.first(find(Message, Message.address == heard.sender)) is not None


def _note(ctx: "Context", heard: Heard, provider: str) -> None:
    if ctx.first(find(Reply, Reply.provider == provider, Reply.provider_id == heard.provider_id)) is None:
        ctx.do(RECEIVE, heard, provider)


def _became(ctx: "Context", message_id: int, fate: Fate, provider: str) -> None:
    """A message that nobody was sure of is known by its report; what is behind the present state is old news."""
    message = ctx.find(Message, message_id)
    if message is None or message.of_trade != ctx.trade.name or message.provider_id not in ("", fate.provider_id):
        raise Missing("Message not found")
    verb = REPORTED[Status(fate.status)]
    if verb.goal not in MOVES[Status(message.status)]:
        return
    news: dict[str, Any] = {"provider": provider, "provider_id": fate.provider_id}
    news |= {"why": fate.why, "details": fate.details[:300]}
    if fate.cost is not None:
        news |= {"cost": fate.cost, "currency": fate.currency[:10]}
    ctx.do(verb, message, **news)
