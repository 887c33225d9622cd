"""Letters with one-time links: to choose a new secret, or to prove an e-mail address. They go through the ledger of messages.

A link is made when its message goes out, and is stored nowhere in words: who may read the ledger must not get in as
somebody else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tradehall.kernel.database import Session
from tradehall.kernel.jobs import Job, Then, enqueue, errand, task
from tradehall.kernel.notices.ledger import Channel, Message, reachable
from tradehall.kernel.notices.sending import LATE
from tradehall.kernel.notices.templates import Template
from tradehall.kernel.people.declared import EMAIL, PHONE
from tradehall.kernel.people.links import ADDRESS, PASSWORD, RESET_LASTS, Link, create_link
from tradehall.kernel.people.members import member, names_of
from tradehall.kernel.people.tables import USERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tradehall.kernel.context import Context
    from tradehall.kernel.office import Office

VERIFY_LASTS = timedelta(days=1)
BEGIN_ANEW = """With this link you choose a new {secret} for {trade}, within an hour:

{link}

If you did not ask for it, there is nothing to do.
"""
OWN_ADDRESS = """With this link you confirm that this is your address, for {trade}:

{link}

If you did not register there, there is nothing to do.
"""
LETTERS = {
    PASSWORD: Template(
        "choose_secret", sms="Choose a new {secret} for {trade} within an hour: {link}",
        subject="Choose a new {secret}", email=BEGIN_ANEW, needs=("link",), urgent=True, always=True, late=("link",),
    ),
    ADDRESS: Template(
        "confirm_address", subject="Confirm your e-mail address", email=OWN_ADDRESS, needs=("link",),
        urgent=True, always=True, late=("link",),
    ),
}  # fmt: skip
"""What people are written about their own account, by the purpose of the link."""


def post(session: Session, org_id: int, trade: str, user_id: int, purpose: str, now: datetime) -> None:
    """Have a person written to after the commit."""
    payload = {"user": user_id, "purpose": purpose}
    enqueue(session, **errand(org_id, trade, write, payload, f"{purpose}:{user_id}", "", now, now))


@task("people.letter")
async def write(office: Office, job: Job) -> Then:
    """Put a letter to a person into the ledger: by e-mail, else by SMS."""
    user_id, purpose = job.payload["user"], job.payload["purpose"]

    def written(ctx: Context) -> None:
        if (address := _reached(ctx, user_id, purpose)) is not None:
            secret, trade = _secret(ctx, user_id), ctx.trade.title
            with ctx.happening("user.letter"):
                ctx.notify(address, LETTERS[purpose].name, person=user_id, secret=secret, trade=trade)

    return written


def _secret(ctx: Context, user_id: int) -> str:
    """What people call what proves them: a PIN where they have a number for it, else a password."""
    way, names = ctx.trade.sign_in, names_of(ctx.session, user_id, ctx.trade.name)
    way = way if any(kind.name in names for kind in way.kinds) else way.staff
    return way.secret.name.upper() if way.secret.is_pin else way.secret.name


def _reached(ctx: Context, user_id: int, purpose: str) -> str | None:
    """Where a member is reached; whoever waits for approval may prove an address, and nothing else."""
    found = member(ctx.session, user_id, ctx.org_id, ctx.trade.name)
    waits = found is not None and found.waits_since is not None and purpose == ADDRESS
    return address_of(ctx, user_id) if found is not None and (found.is_active or waits) else None


def address_of(ctx: Context, user_id: int) -> str | None:
    """Where somebody is reached, as they wrote it: by e-mail, else by SMS, else where their trade knows."""
    names, known = names_of(ctx.session, user_id, ctx.trade.name), ctx.trade.sign_in.reached
    return names.get(EMAIL.name) or names.get(PHONE.name) or (known(ctx, user_id) if known is not None else None)


def _link(purpose: str, lasts: timedelta) -> None:
    """Have a link of this purpose made for each message that goes out, as long as it goes to where its person is reached."""

    def made(office: Office, ctx: Context, message: Message) -> Mapping[str, str] | None:
        user_id = message.cause_id or 0
        address = _reached(ctx, user_id, purpose)
        if address is None or reachable(Channel(message.channel), address, ctx.preferences) != message.address:
            return None
        link = Link(purpose, ctx.org_id, user_id, ctx.trade.name, address=address)
        new = create_link(ctx.session, link, ctx.now, lasts)
        with ctx.happening("user.link"):
            ctx.mark(USERS.name, user_id, "add", {"purpose": purpose, "link": new.id})
        return {"link": office.terms.link(new.secret)}

    LATE[LETTERS[purpose].name] = made


_link(PASSWORD, RESET_LASTS)
_link(ADDRESS, VERIFY_LASTS)
