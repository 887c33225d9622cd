"""How residents want to be told: in which ways, how early, when not, and in which language."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, StringConstraints
from pydantic import Field as Limit

from tradehall.kernel.context import Context
from tradehall.kernel.errors import field_error
from tradehall.kernel.notices.languages import language_of, languages
from tradehall.kernel.people.account import ChooseLanguage
from tradehall.kernel.people.members import member
from tradehall.kernel.reader import Reader
from tradehall.trades.laundry.models import Resident
from tradehall.trades.laundry.terms import TEXTS, Hour
from tradehall.trades.laundry.views import resident, student_of

Answer = dict[str, Any]
IN_APP, PUSH, SMS, EMAIL = "in_app", "push", "sms", "email"


class Ways(BaseModel):
    """How somebody wants to be told: in which ways, how many minutes before the end, when not, and in which language."""

    channels: Annotated[list[Literal["in_app", "push", "sms", "email"]], Limit(max_length=4)] | None = None
    remind_before_min: Annotated[int, Limit(ge=0, le=120)] | None = None
    quiet_from: Hour | None = None
    quiet_until: Hour | None = None
    rings: bool | None = None
    language: Annotated[str, StringConstraints(max_length=10)] | None = None


KEPT = ("channels", "remind_before_min", "quiet_from", "quiet_until", "rings")
"""What is kept of a resident; the language is kept with their account."""


def known(ctx: Context) -> Resident:
    """What is kept of whoever asks; kept from now on, if nothing was."""
    me = ctx.actor.user_id
    return resident(ctx, me) or ctx.add(Resident(user_id=me, student_id=student_of(ctx, me)))


def chosen(reader: Reader) -> Answer:
    """How whoever asks wants to be told; nothing of it where they have told nothing yet."""
    me = reader.actor.user_id
    found = resident(reader, me)
    kept = {} if found is None else {name: found.values[name] for name in KEPT}
    return kept | {"language": language_of(reader.session, me) or None}


def offered(reader: Reader) -> list[str]:
    """The ways in which this house tells residents, besides their browsers."""
    return [IN_APP, SMS, EMAIL] if reader.preferences[TEXTS.name] else [IN_APP]


def keep(ctx: Context, wish: Ways) -> Resident:
    """Keep what somebody wishes, and what they did not say as it was."""
    row = known(ctx)
    for name in KEPT:
        if (value := getattr(wish, name)) is not None:
            row.assign(row.fields[name], value)
    if wish.language is not None:
        speak(ctx, wish.language)
    return row


def said_of(row: Resident) -> str:
    """What is answered to a wish: that it is kept, or what is missing before it comes true."""
    if SMS in row.channels and not row.phone_e164:
        return "There is no number that an SMS could be sent to"
    if EMAIL in row.channels and not row.email:
        return "There is no address that an e-mail could be sent to"
    return "Saved"


def speak(ctx: Context, language: str) -> None:
    """Note in which language whoever asks is spoken to; raises Invalid."""
    known_here = languages(ctx.trade.words)
    if language not in known_here:
        names = ", ".join(known_here)
        raise field_error(["body", "language"], f"The languages are {names}")
    me = member(ctx.session, ctx.actor.user_id, ctx.org_id, ctx.trade.name)
    if me is not None and me.language != language:
        ctx.carry_out(ChooseLanguage(me, language, ctx.now, ctx.origin))


def also_pushed(ctx: Context) -> None:
    """Whoever has a browser registered wants to be told there."""
    row = known(ctx)
    if PUSH not in row.channels:
        row.channels = [*row.channels, PUSH]
