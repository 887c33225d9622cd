"""Registrations that wait for approval, where the settings of an organisation ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Found
from tradehall.kernel.database import Batch, Session, Undone, Work
from tradehall.kernel.errors import Refused
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.kinds import show
from tradehall.kernel.notices.templates import Template
from tradehall.kernel.people.admin import dry, one_of
from tradehall.kernel.people.authority import touch_authority
from tradehall.kernel.people.entry import described
from tradehall.kernel.people.letters import address_of
from tradehall.kernel.people.members import ChangeMember, Member, member
from tradehall.kernel.people.tables import IDENTITIES, LINKS, MEMBERSHIPS, SECRETS, SIGN_IN_NAMES, USERS
from tradehall.kernel.reader import Reader

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

APPROVED = """Your registration with {trade} is approved: you can sign in now.
"""
TEMPLATES = (
    Template("registration_waits", notice="{name} has registered, and waits for your approval", values=("name",)),
    Template(
        "registration_approved", sms="You can sign in to {trade} now", subject="You can sign in now", email=APPROVED,
        always=True,
    ),
)  # fmt: skip
WAITING = MEMBERSHIPS.c.waits_since.is_not(None)


def how_many(session: Session, org_id: int, trade: str) -> int:
    """How many wait for approval."""
    here = (MEMBERSHIPS.c.org_id == org_id, MEMBERSHIPS.c.trade == trade, WAITING)
    return int(session.execute(sa.select(sa.func.count()).select_from(MEMBERSHIPS).where(*here)).scalar_one())


async def registrations(office: Office, trade: Trade, call: Call) -> Answer:
    """Who has registered and waits for approval, those who came last first."""
    window, actor = trade.paging.window(call.query), call.actor

    def page(session: Session) -> Found:
        here = (MEMBERSHIPS.c.org_id == actor.org_id, MEMBERSHIPS.c.trade == trade.name, WAITING)
        order = (MEMBERSHIPS.c.waits_since.desc(), MEMBERSHIPS.c.user_id.desc())
        ids = sa.select(MEMBERSHIPS.c.user_id).where(*here).order_by(*order).limit(window.limit).offset(window.offset)
        found = [member(session, each, actor.org_id, trade.name) for each in session.execute(ids).scalars().all()]
        reader, total = Reader(session, trade, actor, call.now), how_many(session, actor.org_id, trade.name)
        return Found([_shown(reader, each) for each in found if each is not None], total, window, None)

    return trade.paging.answer(await office.database.read(actor.org_id, page))


def _shown(reader: Reader, found: Member) -> dict[str, Any]:
    more = {"user_id": found.user_id, "waiting_since": show(found.waits_since)}
    shape: dict[str, Any] = described(reader, found)
    return shape | more


class Decide(Work):
    """Approve a registration, or refuse it; gives the person where there still is one."""

    def __init__(self, trade: Trade, call: Call, found: Member, *, approves: bool) -> None:
        self.org_id, self.trade, self.call, self.found = found.org_id, trade, call, found
        self.approves = approves

    def run(self, batch: Batch) -> Any:
        call, trade = self.call, self.trade
        found = member(batch.session, self.found.user_id, self.org_id, trade.name)
        ctx, user = Context(batch, trade, call.actor, call.now, call.origin), None
        if found is not None and found.waits_since is not None:
            if self.approves:
                user = self._approve(batch, ctx, found)
            else:
                self._refuse(ctx, found)
        elif found is not None and found.is_active and self.approves:
            user = described(ctx, found)
        else:
            raise Refused("not_waiting", "This person does not wait for approval")
        ctx.flush()
        if call.dry_run:
            raise Undone(user)
        return user

    def _approve(self, batch: Batch, ctx: Context, found: Member) -> Any:
        call = self.call
        change = ChangeMember(
            found, call.now, is_active=True, actor=call.actor.label, origin=call.origin, event="user.approve"
        )
        user = described(ctx, change.run(batch))
        if (address := address_of(ctx, found.user_id)) is not None:
            with ctx.happening("user.letter"):
                ctx.notify(address, "registration_approved", person=found.user_id, trade=self.trade.title)
        return user

    def _refuse(self, ctx: Context, found: Member) -> None:
        """Take the place away, and the account with it, unless it has another: its names are free for whose they are."""
        session, user_id = ctx.session, found.user_id
        here = (MEMBERSHIPS.c.org_id == self.org_id, MEMBERSHIPS.c.trade == found.trade)
        session.execute(sa.delete(MEMBERSHIPS).where(*here, MEMBERSHIPS.c.user_id == user_id))
        elsewhere = sa.select(MEMBERSHIPS.c.org_id).where(MEMBERSHIPS.c.user_id == user_id).limit(1)
        with ctx.happening("user.refuse"):
            ctx.mark(USERS.name, user_id, "edit", {"role": [found.role, None]})
            if session.execute(elsewhere).first() is None:
                for table in (SIGN_IN_NAMES, SECRETS, LINKS, IDENTITIES):
                    session.execute(sa.delete(table).where(table.c.user_id == user_id))
                session.execute(sa.update(USERS).where(USERS.c.id == user_id).values(full_name=None))
                ctx.forget(USERS.name, user_id, USERS.info["personal"])
        touch_authority(session)


async def approve(office: Office, trade: Trade, call: Call) -> Answer:
    """Approve a registration: the person is told, and can sign in."""
    user = await office.database.unit(Decide(trade, call, await one_of(office, trade, call), approves=True))
    office.worker.wake.set()
    return dry(call, 200, user)


async def refuse(office: Office, trade: Trade, call: Call) -> Answer:
    """Refuse a registration: nothing is kept of the person, and their names are free again."""
    await office.database.unit(Decide(trade, call, await one_of(office, trade, call), approves=False))
    return dry(call, 200, {}) if call.dry_run else Answer(204, b"")
