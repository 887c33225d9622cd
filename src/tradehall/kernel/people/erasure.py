"""What is known of somebody who signs in, shown and erased (P-39)."""

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradehall.kernel.database import Session
from tradehall.kernel.errors import Refused
from tradehall.kernel.kinds import show
from tradehall.kernel.people.authority import touch_authority
from tradehall.kernel.people.members import end_sessions
from tradehall.kernel.people.tables import (
    ATTEMPTS,
    IDENTITIES,
    LINKS,
    MEMBERSHIPS,
    SECRETS,
    SESSIONS,
    SIGN_IN_NAMES,
    USERS,
)
from tradehall.kernel.persons import HOLDINGS, Holding, Subject, keep_for

if TYPE_CHECKING:
    from datetime import datetime

    from tradehall.kernel.context import Context


def names_of(session: Session, org_id: int, users: frozenset[int]) -> list[Any]:
    """The sign-in names of these users, as far as they are members here."""
    here = sa.and_(MEMBERSHIPS.c.user_id == SIGN_IN_NAMES.c.user_id, MEMBERSHIPS.c.trade == SIGN_IN_NAMES.c.trade)
    columns = (
        SIGN_IN_NAMES,
        MEMBERSHIPS.c.role,
        MEMBERSHIPS.c.is_active,
        USERS.c.full_name,
        USERS.c.language,
        USERS.c.created_at,
    )
    query = sa.select(*columns).select_from(
        SIGN_IN_NAMES.join(MEMBERSHIPS, here).join(USERS, USERS.c.id == SIGN_IN_NAMES.c.user_id)
    )
    mine = (MEMBERSHIPS.c.org_id == org_id, SIGN_IN_NAMES.c.user_id.in_(users))
    order = (SIGN_IN_NAMES.c.user_id, SIGN_IN_NAMES.c.trade, SIGN_IN_NAMES.c.position)
    return list(session.execute(query.where(*mine).order_by(*order)))


def reached_as(session: Session, org_id: int, names: frozenset[str]) -> list[Any]:
    """Who signs in here with one of these names."""
    here = sa.and_(MEMBERSHIPS.c.user_id == SIGN_IN_NAMES.c.user_id, MEMBERSHIPS.c.trade == SIGN_IN_NAMES.c.trade)
    query = sa.select(SIGN_IN_NAMES).join(MEMBERSHIPS, here)
    return list(session.execute(query.where(MEMBERSHIPS.c.org_id == org_id, SIGN_IN_NAMES.c.folded.in_(names))))


def _export(session: Session, org_id: int, subject: Subject) -> list[dict[str, Any]]:
    return [
        {"user_id": row.user_id, "trade": row.trade, row.kind: row.shown, "full_name": row.full_name, "role": row.role,
         "language": row.language, "is_active": row.is_active, "created_at": show(row.created_at)}
        for row in names_of(session, org_id, subject.users)
    ]  # fmt: skip


def _signed_in(session: Session, org_id: int, subject: Subject) -> list[dict[str, Any]]:
    mine = (SESSIONS.c.org_id == org_id, SESSIONS.c.user_id.in_(subject.users))
    names = ("user_id", "trade", "agent", "source", "created_at", "ended_at")
    rows = session.execute(sa.select(*(SESSIONS.c[name] for name in names)).where(*mine).order_by(SESSIONS.c.id))
    return [{name: show(value) for name, value in row._mapping.items()} for row in rows]


def _erase(ctx: "Context", subject: Subject) -> int:
    """Take the names away, and with them every way in; the log goes on naming the number."""
    session, found = ctx.session, names_of(ctx.session, ctx.org_id, subject.users)
    users = {row.user_id for row in found}
    if ctx.actor.user_id in users:
        raise Refused("yourself", "Nobody can erase themselves: ask another owner")
    elsewhere = (MEMBERSHIPS.c.user_id.in_(users), MEMBERSHIPS.c.org_id != ctx.org_id)
    if session.execute(sa.select(MEMBERSHIPS.c.org_id).where(*elsewhere)).first():
        raise Refused("member_elsewhere", "This person signs in to another organisation too")
    for user_id in users:
        ctx.forget("users", user_id, USERS.info["personal"])
    session.execute(
        sa.update(USERS).where(USERS.c.id.in_(users)).values(full_name=None, language=None, updated_at=ctx.now)
    )
    session.execute(
        sa.update(MEMBERSHIPS).where(MEMBERSHIPS.c.user_id.in_(users)).values(is_active=False, waits_since=None)
    )
    end_sessions(session, ctx.now, "erased", SESSIONS.c.user_id.in_(users))
    session.execute(sa.update(SESSIONS).where(SESSIONS.c.user_id.in_(users)).values(agent="", source="", device=""))
    for table in (SECRETS, LINKS, IDENTITIES):
        session.execute(sa.delete(table).where(table.c.user_id.in_(users)))
    session.execute(sa.delete(LINKS).where(LINKS.c.org_id == ctx.org_id, LINKS.c.address.in_(subject.addresses)))
    for row in found:
        blank = f"erased-{row.user_id}"
        this = (
            SIGN_IN_NAMES.c.trade == row.trade,
            SIGN_IN_NAMES.c.kind == row.kind,
            SIGN_IN_NAMES.c.folded == row.folded,
        )
        session.execute(sa.update(SIGN_IN_NAMES).where(*this).values(folded=blank, shown=blank, verified_at=None))
    if found:
        touch_authority(session)
    return len(found)


def _not_here(ctx: "Context", subject: Subject) -> int:
    return 0  # they went with the accounts


def _expire(ctx: "Context", before: "datetime") -> int:
    return ctx.session.change(sa.delete(ATTEMPTS).where(ATTEMPTS.c.next_at < before, ATTEMPTS.c.since < before))


HOLDINGS["accounts"] = Holding(_export, _erase)
HOLDINGS["sessions"] = Holding(_signed_in, _not_here)
keep_for("attempts", "attempts to sign in", 30, _expire)
