"""One-time links that are sent: to choose a new secret, or to prove an e-mail address.

A link is made when its message goes out, and is stored nowhere in words: who may read the ledger of messages must not get
in as somebody else.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.jobs import Job, enqueue, errand, task
from tradehall.kernel.notices.senders import NotAccepted, Outgoing
from tradehall.kernel.people.declared import EMAIL, PHONE
from tradehall.kernel.people.links import ADDRESS, PASSWORD, RESET_LASTS, Link, create_link
from tradehall.kernel.people.members import member, names_of, tell

if TYPE_CHECKING:
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
WORDS = {PASSWORD: ("Choose a new {secret}", BEGIN_ANEW), ADDRESS: ("Confirm your e-mail address", OWN_ADDRESS)}


def post(session: Session, org_id: int, trade: str, user_id: int, purpose: str, now: datetime) -> None:
    """Have a link sent to a person after the commit."""
    payload = {"user": user_id, "purpose": purpose}
    enqueue(session, **errand(org_id, trade, send, payload, f"{purpose}:{user_id}", "", now, now))


class Make(Work):
    """Write the link of a message that goes out; gives its secret."""

    def __init__(self, link: Link, now: datetime) -> None:
        self.org_id, self.link, self.now = link.org_id, link, now

    def run(self, batch: Batch) -> str:
        lasts, new = VERIFY_LASTS if self.link.purpose == ADDRESS else RESET_LASTS, self.link
        known = {"purpose": new.purpose}
        tell(batch, "user.link", new.user_id or 0, new.trade, "system", self.now, known, "add")
        return create_link(batch.session, new, self.now, lasts).secret


@task("people.letter")
async def send(office: Office, job: Job) -> None:
    """Make a link and send it to its person: by e-mail, else by SMS."""
    trade, asked = office.trades[job.of_trade], job.payload

    def reached(session: Session) -> dict[str, str]:
        found = member(session, asked["user"], job.org_id, trade.name)
        return names_of(session, asked["user"], trade.name) if found is not None and found.is_active else {}

    names = await office.database.read(0, reached)
    address = names.get(EMAIL.name) or names.get(PHONE.name)
    if address is None:
        return
    now = office.clock()
    link = Link(asked["purpose"], job.org_id, asked["user"], trade.name, address=address)
    secret: str = await office.database.unit(Make(link, now))
    known_as = f"{job.org_id}-letter-{job.id}"
    values: dict[str, Any] = {
        "secret": trade.sign_in.secret.name, "trade": trade.title, "link": office.terms.link(secret),
    }  # fmt: skip
    subject, text = (words.format(**values) for words in WORDS[asked["purpose"]])
    letter = Outgoing(known_as, address, text, subject, trade.name, f"{known_as}-{now.timestamp():.0f}")
    try:
        await (office.outside.mail if EMAIL.name in names else office.outside.sms).send(letter)
    except NotAccepted as refusal:
        if refusal.again:
            raise
