"""Residents: how they register, what they are shown as, how they want to be told."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel
from pydantic import Field as Limit

from tradehall.kernel.columns import Email
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import report
from tradehall.kernel.people import JOIN, Register, SignIn, number, pin
from tradehall.kernel.people.members import member
from tradehall.kernel.phones import e164
from tradehall.kernel.preferences import REGION
from tradehall.kernel.reader import Reader
from tradehall.kernel.verbs import act
from tradehall.trades.laundry import cycles, paying, ways
from tradehall.trades.laundry.models import RUNNING_OF, MachineType, Resident
from tradehall.trades.laundry.roles import EVERYBODY
from tradehall.trades.laundry.views import resident, student_of

Answer = dict[str, Any]


def dialled(typed: str) -> str:
    """A telephone number as it was typed: 10 or 11 digits, whatever stands between them (spec R-18)."""
    if len(re.sub(r"[^0-9]", "", typed)) not in (10, 11):
        raise ValueError("Phone number must be 10 or 11 digits")
    return typed.strip()


Phone = Annotated[str, Limit(max_length=30), AfterValidator(dialled)]


class WithPhone(BaseModel):
    """How somebody is reached."""

    phone_number: Phone


class Reached(WithPhone):
    """How somebody is reached; an e-mail address that is empty is forgotten."""

    email: Email | Literal[""] | None = None


def reachable(reader: Reader, typed: str) -> str | None:
    """The number as it is called from abroad; None where nobody can call it."""
    return e164(typed, reader.preferences[REGION.name])


def moved_in(ctx: Context, user_id: int, asked: Any) -> None:
    """Keep how somebody who registers is reached."""
    typed: str = asked.phone_number
    ctx.add(Resident(
        user_id=user_id, student_id=asked.student_id, phone_number=typed, phone_e164=reachable(ctx, typed),
    ))  # fmt: skip


def phone_of(reader: Reader, user_id: int) -> str | None:
    """The telephone number to which somebody is sent what concerns their account (spec R-16)."""
    found = resident(reader, user_id)
    return found.phone_e164 if found is not None and found.left_at is None else None


def user(reader: Reader, base: dict[str, Any]) -> Answer:
    """A person as the clients of KY Wash know them."""
    found = resident(reader, base["id"])
    return {
        "id": base["id"], "student_id": base.get("student_id") or base["username"],
        "phone_number": found.phone_number if found is not None else "", "created_at": base["created_at"],
        "role": base["role"], "is_active": base["is_active"],
    }  # fmt: skip


def myself(reader: Reader) -> Answer:
    """Whoever asks, as they see themselves."""
    actor = reader.actor
    place = member(reader.session, actor.user_id, reader.org_id, reader.trade.name)
    base = {
        "id": actor.user_id, "username": actor.name or student_of(reader, actor.user_id), "role": actor.role,
        "is_active": True, "student_id": student_of(reader, actor.user_id),
        "created_at": place.created_at if place is not None else None,
    }  # fmt: skip
    found = resident(reader, actor.user_id)
    return user(reader, base) | {
        "phone_e164": found.phone_e164 if found is not None else None, "email": found.email if found is not None else None,
        **paying.account(reader), "preferences": ways.chosen(reader), "offered": ways.offered(reader),
    }  # fmt: skip


@report(by=EVERYBODY)
def me(reader: Reader) -> Answer:
    """Your profile."""
    return myself(reader)


@act(Resident, by=EVERYBODY)
def update(ctx: Context, wish: Reached) -> Answer:
    """Change how you are reached."""
    row = ways.known(ctx)
    row.phone_number, row.phone_e164 = wish.phone_number, reachable(ctx, wish.phone_number)
    if "email" in wish.model_fields_set:
        row.email = wish.email or None
    ctx.flush()
    return {"success": True, "message": "Profile updated", "user": myself(ctx)}


@act(Resident, by=EVERYBODY)
def prefer(ctx: Context, wish: ways.Ways) -> Answer:
    """Choose how you are told."""
    row = ways.keep(ctx, wish)
    if wish.remind_before_min is not None:
        for each in (each for kind in MachineType for each in ctx.all(RUNNING_OF, user=row.user_id, kind=kind)):
            cycles.forewarned(ctx, each)
    ctx.flush()
    return {"success": True, "message": ways.said_of(row), "preferences": ways.chosen(ctx)}


sign_in = SignIn(
    kinds=(number("student_id", 6, "Student ID"),), secret=pin(4), wrong="Invalid credentials", user=user, reached=phone_of,
)  # fmt: skip
register = Register(JOIN, asks=WithPhone, status=200, errors={"name_taken": 400}, also=moved_in)
