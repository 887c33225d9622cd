"""Residents come and go: let in one by one or by a list, shut out one by one or all at once at the end of a term."""

import re
from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator, StringConstraints
from pydantic import Field as Limit

from tradehall.kernel.columns import Email
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Refused, field_error
from tradehall.kernel.people import ChangeMember, holders
from tradehall.kernel.people.members import holder, member
from tradehall.kernel.people.newcomers import let_in
from tradehall.kernel.preferences import ZONE, Preferences
from tradehall.kernel.records import find
from tradehall.kernel.verbs import SYSTEM, act
from tradehall.trades.laundry import queue, wishes
from tradehall.trades.laundry.cycles import brought_up_to_date
from tradehall.trades.laundry.models import (
    DEVICES,
    PLACE,
    Cycle,
    Follow,
    Machine,
    MachineStatus,
    MachineType,
    Resident,
)
from tradehall.trades.laundry.people import Phone, reachable
from tradehall.trades.laundry.roles import ADMIN, RESIDENT
from tradehall.trades.laundry.views import student_of

Answer = dict[str, Any]
StudentId = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
MOST = 5000


def _numbers(given: Any) -> Any:
    """Numbers as somebody wrote them one after the other, or as a list."""
    return re.split(r"[\s,;]+", given.strip()) if isinstance(given, str) else given


Numbers = Annotated[
    list[Annotated[str, StringConstraints(max_length=30)]], Limit(max_length=MOST), BeforeValidator(_numbers)
]


class NewResident(BaseModel):
    """Somebody who moves in; they choose their PIN with a link, which their telephone or the staff gives them."""

    student_id: StudentId
    phone_number: Phone | None = None
    email: Email | None = None


class Corrected(BaseModel):
    """What is known of a resident; their number stays."""

    student_id: StudentId | None = None
    phone_number: Phone | None = None
    email: Email | None = None


class Who(StrEnum):
    """Who leaves: those on a list, everybody but those on it, or who washed nothing since a day."""

    LISTED = "listed"
    ALL_BUT_LISTED = "all_but_listed"
    IDLE = "idle"


class EndOfTerm(BaseModel):
    """Who leaves at the end of a term; `only_count` says how many that would be."""

    who: Who
    student_ids: Numbers = []
    since: date | None = None
    only_count: bool = False


@act(Resident, by=ADMIN)
def admit(ctx: Context, new: NewResident) -> Resident:
    """Let somebody in who lives here; they choose their PIN with a link."""
    trade = ctx.trade.name
    user_id = holder(ctx.session, trade, "student_id", new.student_id)
    if user_id is None:
        user_id = let_in(ctx, new.student_id, RESIDENT).user_id
    elif member(ctx.session, user_id, ctx.org_id, trade) is None or ctx.first(
        find(Resident, Resident.user_id == user_id)
    ):
        raise Refused("name_taken", "Student ID already registered")
    number = new.phone_number or ""
    return ctx.add(Resident(
        user_id=user_id, student_id=new.student_id, phone_number=number, email=new.email,
        phone_e164=reachable(ctx, number) if number else None,
    ))  # fmt: skip


@act(Resident, by=ADMIN)
def correct(ctx: Context, resident: Resident, wish: Corrected) -> Resident:
    """Correct how a resident is reached.

    Whose number it is gets the link for a forgotten PIN: so it is changed by whoever may reset PINs, and nobody else.
    """
    if wish.student_id not in (None, resident.student_id):
        raise field_error(["body", "student_id"], "The number of a resident stays as it is")
    given = wish.model_fields_set
    if "phone_number" in given:
        resident.phone_number = wish.phone_number or ""
        resident.phone_e164 = reachable(ctx, resident.phone_number) if wish.phone_number else None
    if "email" in given:
        resident.email = wish.email
    return resident


def same(_: Preferences, row: Any) -> Answer:
    """By what a resident in a list is found again."""
    return {"student_id": row.student_id} if row.student_id else {}


# Leaving.


@act(Resident, by=ADMIN)
def move_out(ctx: Context, resident: Resident) -> Resident:
    """Shut somebody out who lives here no more: they wait for nothing, and others may take out what is in their machines."""
    if not is_resident(ctx, resident):
        raise Refused("staff", "Who works here is shut out on the page of users")
    return _gone(ctx, resident)


@act(Resident, by=ADMIN)
def move_in(ctx: Context, resident: Resident) -> Resident:
    """Let somebody in again who had left."""
    resident.left_at = None
    _let(ctx, resident, is_in=True)
    return resident


@act(Resident, by=SYSTEM)
def leave(ctx: Context, resident: Resident) -> None:
    """A resident has left at the end of a term."""
    _gone(ctx, resident)


def is_resident(ctx: Context, resident: Resident) -> bool:
    """Whether somebody only washes here."""
    found = member(ctx.session, resident.user_id, ctx.org_id, ctx.trade.name)
    return found is None or found.role == RESIDENT.name


def _let(ctx: Context, resident: Resident, *, is_in: bool) -> None:
    found = member(ctx.session, resident.user_id, ctx.org_id, ctx.trade.name)
    if found is not None:
        owner, actor = ctx.trade.owner.name, ctx.actor.label
        ctx.carry_out(ChangeMember(found, ctx.now, is_active=is_in, owner=owner, actor=actor, origin=ctx.origin))


def _gone(ctx: Context, resident: Resident) -> Resident:
    if resident.left_at is not None:
        return resident
    user_id = resident.user_id
    resident.left_at = ctx.now
    for kind in MachineType:
        if (place := ctx.first(PLACE, user=user_id, kind=kind)) is not None:
            queue.gone(ctx, place, "moved out")
    for each in (*ctx.all(find(Follow, Follow.user_id == user_id)), *ctx.all(DEVICES, user=user_id)):
        ctx.delete(each)
    wishes.forgotten(ctx, user_id)
    for machine in ctx.all(find(Machine, Machine.current_user_id == user_id)):
        brought_up_to_date(ctx, machine)
        if machine.status is MachineStatus.COMPLETED:
            machine.grace_until = ctx.now
    _let(ctx, resident, is_in=False)
    return resident


@act(Resident, by=ADMIN)
def end_term(ctx: Context, wish: EndOfTerm) -> Answer:
    """Shut out many who live here no more: those on a list, all but those, or who washed nothing since a day.

    Each leaves in a unit of their own, at once after this one.
    """
    if wish.who is Who.IDLE and wish.since is None:
        raise field_error(["body", "since"], "Field required", "missing")
    if wish.who is not Who.IDLE and not wish.student_ids:
        raise field_error(["body", "student_ids"], "Field required", "missing")
    here = _here(ctx)
    listed, known = {*wish.student_ids}, {each.student_id for each in here}
    if wish.who is Who.IDLE:
        busy = _busy_since(ctx, wish.since or ctx.today)
        leaving = [each for each in here if each.user_id not in busy]
    else:
        leaving = [each for each in here if (each.student_id in listed) is (wish.who is Who.LISTED)]
    for each in () if wish.only_count else leaving:
        ctx.at(ctx.now, leave, each)
    unknown = sorted(listed - known)
    return {"success": True, "message": _said(wish, len(leaving)), "count": len(leaving), "unknown": unknown}


def _said(wish: EndOfTerm, count: int) -> str:
    return f"{count} would leave" if wish.only_count else f"{count} leave now"


def _here(ctx: Context) -> list[Resident]:
    """Everybody who washes here and works for nobody; of whom nothing was kept, something is from now on."""
    rows = {each.user_id: each for each in ctx.all(find(Resident, Resident.left_at.is_(None)))}
    residents = holders(ctx.session, ctx.org_id, ctx.trade.name, RESIDENT.name)
    new = (ctx.add(Resident(user_id=each, student_id=student_of(ctx, each))) for each in residents if each not in rows)
    return [*(rows[each] for each in residents if each in rows), *new]


def _busy_since(ctx: Context, day: date) -> set[int]:
    """Who washed since the beginning of a day, or came after it."""
    begins = datetime.combine(day, time(), ZoneInfo(ctx.preferences[ZONE.name]))
    cycles, rows = Cycle.table.c, Resident.table.c
    washed = sa.select(cycles.user_id).where(cycles.org_id == ctx.org_id, cycles.created_at >= begins)
    came = sa.select(rows.user_id).where(rows.org_id == ctx.org_id, rows.created_at >= begins)
    return {*ctx.session.execute(washed.union(came)).scalars()}
