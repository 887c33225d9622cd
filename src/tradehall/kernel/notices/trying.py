"""Trying a template: it goes out to whoever asks, by every way in which they are reached, and is marked as a test."""

from typing import TYPE_CHECKING, Any

from tradehall.kernel.errors import Invalid, Refused
from tradehall.kernel.notices.ledger import (
    STOPPED,
    Channel,
    Message,
    Notice,
    Status,
    estimated,
    opted_out,
    reachable,
)
from tradehall.kernel.notices.sending import submit
from tradehall.kernel.notices.templates import Template, filled
from tradehall.kernel.people.declared import EMAIL, PHONE
from tradehall.kernel.people.members import names_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradehall.kernel.context import Context

MARK = "Test: "
"""What a test begins with, so that nobody takes it for true."""
KINDS = {Channel.SMS: PHONE, Channel.EMAIL: EMAIL}
EVENT = "wording.test"


def send_to_oneself(
    ctx: "Context", template: Template, texts: "Mapping[str, str]", values: "Mapping[str, str]"
) -> dict[str, Any]:
    """Send these texts to whoever asks; gives where to, and by which ways they are not reached. Raises Refused."""
    if wrong := list(template.wrong(texts)):
        raise Invalid([{"loc": ["body", name], "msg": why, "type": "template"} for name, why in wrong])
    words = {name: filled(text, values) for name, text in texts.items()}
    names = names_of(ctx.session, ctx.actor.user_id, ctx.trade.name) if ctx.actor.user_id else {}
    channels = [each for each in KINDS if each in words]
    known = {each: names[KINDS[each].name] for each in channels if KINDS[each].name in names}
    is_told = "notice" in words and ctx.actor.user_id != 0
    if not known and not is_told:
        raise Refused("no_address", refusal(channels))
    sent = [{"channel": str(each), "to": _written(ctx, template, each, known[each], words)} for each in known]
    if is_told:
        given = {"template": template.name, "cause_event": EVENT, "body": f"{MARK}{words['notice']}"[:20_000]}
        ctx.add(Notice(of_trade=ctx.trade.name, person_id=ctx.actor.user_id, **given))
        sent.append({"channel": "notice", "to": ctx.actor.name})
    return {"sent": sent, "not_reached": [str(each) for each in channels if each not in known]}


def refusal(channels: list[Channel]) -> str:
    """Why nothing goes out."""
    if not channels:
        return "Nobody in particular is signed in"
    if channels == [Channel.SMS]:
        return "No telephone number of yours is known here that a test could go to"
    if channels == [Channel.EMAIL]:
        return "No e-mail address of yours is known here that a test could go to"
    return "Neither a telephone number nor an e-mail address of yours is known here that a test could go to"


def _written(ctx: "Context", template: Template, channel: Channel, to: str, words: "Mapping[str, str]") -> str:
    """Write a test into the ledger; gives where it goes."""
    address = reachable(channel, to, ctx.preferences)
    if address is None:
        raise Refused("unreachable", "There is nowhere to send this message to")
    message = Message(
        of_trade=ctx.trade.name, channel=channel, address=address, due_at=ctx.now, template=template.name,
        cause_event=EVENT, is_test=True, body=f"{MARK if channel is Channel.SMS else ''}{words[channel]}"[:20_000],
    )  # fmt: skip
    if channel is Channel.EMAIL:
        message.subject = f"{MARK}{' '.join(words.get('subject', '').split())}"[:200]
    else:
        message.segments, message.cost, message.currency = estimated(message.body, ctx.preferences)
    if opted_out(ctx, message):
        raise Refused("opted_out", STOPPED)
    ctx.add(message)
    if message.status is Status.QUEUED:
        submit(ctx, message)
    return address
