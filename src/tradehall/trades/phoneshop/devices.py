"""Devices by their IMEI: whether one may be taken in or sold, and everything that is known of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from tradehall.kernel.audit import story
from tradehall.kernel.columns import LARGEST_ID, choice, clean, moment, optional, person, reference, text
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, report
from tradehall.kernel.database import Prepared
from tradehall.kernel.errors import Missing, Refused, field_error
from tradehall.kernel.forms import Form
from tradehall.kernel.preferences import Setting
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record, find, per_record, referrers, unique, wanted
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import act
from tradehall.trades.phoneshop.imei import normalised
from tradehall.trades.phoneshop.models import Phone, Repair, Sale, Swap, UnitImei
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF

LOCAL = "local"
"""The provider of what the shop knows by itself."""
INVALID = {"imei_invalid": 400}
Days = Annotated[int, Field(ge=0, le=3650)]
HOLD_DAYS = Setting("hold_days", "Days that a second-hand phone is kept before it is sold", Days, 0, "days")
CHECK_DAYS = Setting("imei_check_days", "Days for which the result of a check of an IMEI counts", Days, 7, "days")
DEMAND = Setting("imei_decision", "Demand a decision where nobody knows whether a device is blocked", bool, False)
settings = (HOLD_DAYS, CHECK_DAYS, DEMAND)

Decision = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(clean)]
"""Why a phone is taken or sold of which nobody knows whether it is blocked."""


class CheckResult(StrEnum):
    """What is known of a device.

    Source: spec R-07.
    """

    CLEAR = "clear"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"


class BlockedDevice(Record, table="phoneshop_blocked_devices"):
    """A device that the shop neither takes in nor sells: its own list, which needs no provider."""

    imei = text(24, shortest=1)
    reason = text(200, shortest=1)
    source = optional(text(100))
    """Who reported it, and under which number."""
    staff_id = optional(person())

    searched = ("imei", "reason", "source")
    walls = (unique("imei", says="This device is on the list already", code="blocked_already"),)


class DeviceCheck(Record, table="phoneshop_device_checks"):
    """That somebody looked, or decided, whether a device is blocked. It is never changed.

    Source: spec R-07.
    """

    imei = optional(text(15))
    phone_id = optional(reference(Phone))
    result = choice(CheckResult)
    provider = text(40)
    reference = optional(text(100))
    checked_at = moment()
    decision = optional(text(200))
    """Why the phone was taken or sold although nobody knew."""
    staff_id = optional(person())

    indexes = (("imei", "checked_at", "id"), ("phone_id",))


LAST_CHECK = (
    find(DeviceCheck, DeviceCheck.imei == wanted("imei"), DeviceCheck.provider != LOCAL)
    .by(DeviceCheck.checked_at.desc(), DeviceCheck.id.desc())
    .first(1)
    .standing()
)
"""What a provider said last."""
ON_THE_LIST = find(BlockedDevice, BlockedDevice.imei == wanted("imei")).standing()


class BlockedForm(Form, of=BlockedDevice, fields=("imei", "reason", "source")):
    """A device for the list."""


class BlockedChanges(Form, of=BlockedDevice, fields=("reason", "source"), partial=True):
    """What may be changed of it."""


class Question(Form, of=DeviceCheck, fields=("reference",)):
    """An IMEI to look up. With a `result` it is what a `provider` said of it, under a `reference`."""

    imei: Annotated[str, StringConstraints(min_length=1, max_length=40), BeforeValidator(clean)]
    result: CheckResult | None = None
    provider: Annotated[str, StringConstraints(min_length=1, max_length=40), BeforeValidator(clean)] | None = None


@dataclass(frozen=True)
class Standing:
    """What counts of a device now: the shop's own list before all else, then the last check that is not too old."""

    result: CheckResult
    blocked: BlockedDevice | None = None
    last: DeviceCheck | None = None
    counts: bool = False
    """Whether the last check is not too old."""

    @property
    def was_blocked(self) -> bool:
        """Whether a provider said last, however long ago, that it is blocked."""
        return self.last is not None and self.last.result is CheckResult.BLOCKED


def standing(ctx: Reader, imei: str) -> Standing:
    """What counts of a device now.

    Source: spec R-07.
    """
    last = ctx.first(LAST_CHECK, imei=imei)
    counts = last is not None and last.checked_at >= ctx.now - timedelta(days=ctx.preferences[CHECK_DAYS.name])
    if (blocked := ctx.first(ON_THE_LIST, imei=imei)) is not None:
        return Standing(CheckResult.BLOCKED, blocked, last, counts)
    return Standing(last.result if last is not None and counts else CheckResult.UNKNOWN, None, last, counts)


# In the path of every purchase and every sale.


def guard(ctx: Context, phone: Phone, decision: str | None = None) -> None:
    """Raise Refused where a phone may not leave the shop: it is on hold, blocked, or nobody decided although it is unknown.

    Source: spec R-07.
    """
    if phone.hold_until is not None and phone.hold_until > ctx.now:
        raise Refused("on_hold", f"Phone is on hold until {ctx.day(phone.hold_until)}")
    _vet(ctx, phone, decision)


def acquire(ctx: Context, phone: Phone, decision: str | None = None) -> None:
    """A phone is taken in from somebody: it must not be blocked, and is kept for as long as the settings say.

    Source: spec R-07.
    """
    _vet(ctx, phone, decision)
    if days := ctx.preferences[HOLD_DAYS.name]:
        phone.hold_until = ctx.now + timedelta(days=days)


def keep_number(ctx: Context, phone: Phone) -> None:
    """Raise Refused where somebody would take its number from a blocked device, so that nobody sees that it is one."""
    if not ctx.actor.may(MANAGERS) and any(
        standing(ctx, each).result is CheckResult.BLOCKED for each in (phone.imei, phone.imei2) if each
    ):
        raise Refused("device_blocked", "This device is blocked: a manager has to change its number")


def _vet(ctx: Context, phone: Phone, decision: str | None) -> None:
    numbers = [each for each in (phone.imei, phone.imei2) if each]
    if not numbers and decision is None and not ctx.preferences[DEMAND.name]:
        return
    found = {imei: standing(ctx, imei) for imei in numbers}
    if any(each.result is CheckResult.BLOCKED for each in found.values()):
        raise Refused("device_blocked", "This device is blocked")
    unknown = [imei for imei, each in found.items() if each.result is CheckResult.UNKNOWN] if numbers else [None]
    demanded = ctx.preferences[DEMAND.name] or any(each.was_blocked for each in found.values())
    if unknown and demanded and decision is None:
        raise Refused(
            "imei_decision", "Nobody knows whether this device is blocked: imei_decision has to say why it goes on"
        )
    for imei in unknown if decision is not None else ():
        _note(ctx, imei, CheckResult.UNKNOWN, phone_id=phone.id, decision=decision)


def _note(ctx: Context, imei: str | None, result: CheckResult, provider: str = LOCAL, **more: Any) -> DeviceCheck:
    here = {"imei": imei, "result": result, "provider": provider, "checked_at": ctx.now}
    return ctx.add(DeviceCheck(**here, staff_id=ctx.actor.user_id or None, **more))


# Looking up.


@act(DeviceCheck, by=STAFF)
def check_imei(ctx: Context, question: Question) -> dict[str, Any]:
    """Look an IMEI up: whether it is one, whether the shop has or had it, whether it is blocked."""
    if question.result is not None and question.provider is None:
        raise field_error(["body", "provider"], "Field required", "missing")
    try:
        imei = normalised(question.imei)
    except Refused as refused:
        return {"imei": None, "valid": False, "reason": refused.sentence} | _known(
            ctx, None, Standing(CheckResult.UNKNOWN)
        )
    if question.result is not None and question.provider is not None:
        _note(ctx, imei, question.result, question.provider, reference=question.reference)
    now = standing(ctx, imei)
    if question.result is None:
        _note(ctx, imei, now.result, reference=question.reference)
    return {"imei": imei, "valid": True, "reason": None} | _known(ctx, imei, now)


def _known(ctx: Reader, imei: str | None, now: Standing) -> dict[str, Any]:
    units = ctx.all(find(UnitImei, UnitImei.imei == imei)) if imei is not None else []
    held = next((each.phone_id for each in units if each.is_held), None)
    return {
        "in_stock": held is not None,
        "phone_id": held,
        "known_before": any(not each.is_held for each in units),
        "phone_ids": [each.phone_id for each in units],
        "result": now.result,
        "blocked": now.result is CheckResult.BLOCKED,
        "blocked_reason": now.blocked.reason if now.blocked is not None else None,
        "last_check": None if now.last is None else {
            "id": now.last.id, "result": now.last.result, "provider": now.last.provider,
            "reference": now.last.reference, "checked_at": now.last.checked_at, "counts": now.counts,
        },
    }  # fmt: skip


@act(BlockedDevice, by=MANAGERS)
def block(ctx: Context, order: BlockedForm) -> BlockedDevice:
    """Put a device on the list of those that the shop neither takes in nor sells."""
    imei = normalised(order.imei)
    return ctx.add(BlockedDevice(**order.model_dump() | {"imei": imei}, staff_id=ctx.actor.user_id or None))


@act(BlockedDevice, by=MANAGERS)
def explain(ctx: Context, device: BlockedDevice, changes: BlockedChanges) -> BlockedDevice:
    """Change why a device is on the list."""
    for name, value in changes.model_dump(exclude_unset=True).items():
        device.assign(device.fields[name], value)
    return device


# The history of one device.

WHAT = {
    "phoneshop_refunds": "refunded", "phoneshop_swaps": "swapped", "phoneshop_sales": "sold",
    "phoneshop_repairs": "repaired", "phoneshop_inspections": "inspected", "phoneshop_unit_costs": "refurbished",
    "phoneshop_stock_count_lines": "counted", "phoneshop_purchases": "bought", "phoneshop_phones": "bought",
    "phoneshop_blocked_devices": "blocked", "phoneshop_device_checks": "checked",
}  # fmt: skip
"""What happened to a device where a row of this table was added, the weightiest first."""
RETURN = "purchase.void"
"""That a device went back to its seller, where no row is added that tells of it."""


IMEI = sa.bindparam("imei", type_=sa.String)


class Page(BaseModel):
    """Which part of the history of which device; `after` is the `next` of the page before."""

    imei: str
    after: Annotated[int, Field(ge=0, le=LARGEST_ID)] = 0
    limit: Annotated[int, Field(ge=1, le=500)] = 100


@report(by=STAFF)
def history(ctx: Reader, page: Page) -> dict[str, Any]:
    """Everything that happened to a device, in the order of time: `{imei, phone_ids, events, next}`.

    It is that of every phone that had this IMEI in either slot, with what the asker may see; `next` is null on the last page.
    """
    imei = normalised(page.imei)
    rows: dict[str, list[int]] = {}
    for entity, row_id in ctx.session.run(about(Phone), {"org_id": ctx.org_id, "imei": imei}):
        rows.setdefault(entity, []).append(row_id)
    if not rows:
        raise Missing("Device not found")
    told = story(ctx, rows, page.after, page.limit)
    events = [{"what": _what(each["changes"], each["verb"])} | each for each in told["events"]]
    return {"imei": imei, "phone_ids": sorted(rows.get(Phone.table.name, [])), "events": events, "next": told["next"]}


def _what(changes: Iterable[dict[str, Any]], verb: str) -> str:
    if verb == RETURN:
        return "given back"
    made = {each["entity"] for each in changes if each["operation"] == "add"}
    touched = {each["entity"] for each in changes}
    found = next((what for entity, what in WHAT.items() if entity in made), None)
    return found or (WHAT[Repair.table.name] if Repair.table.name in touched else "changed")


@per_record
def about(phone: type[Phone]) -> Prepared:
    """The rows that are about the device with an IMEI: its units, what refers to them, and what refers to those documents."""
    parts = [_rows(phone, phone.id.in_(_units())), *(_rows(each, at.in_(_units())) for each, at in _pointing(phone))]
    for document in (Sale, Swap, Repair):
        mine = (sa.select(document.id).where(document.org_id == sa.bindparam("org_id"), column.in_(_units()))
                for record, column in _pointing(phone) if record is document)  # fmt: skip
        documents = sa.union(*mine)
        parts += [_rows(each, at.in_(documents)) for each, at in _pointing(document) if each is not phone]
    parts += [_rows(each, each.table.c.imei == IMEI) for each in (DeviceCheck, BlockedDevice)]
    return Prepared(sa.union(*parts))


def _units() -> sa.Select[Any]:
    mine = (UnitImei.org_id == sa.bindparam("org_id"), UnitImei.imei == IMEI)
    return sa.select(UnitImei.phone_id).where(*mine)


def _pointing(record: type[Record]) -> Iterator[tuple[type[Record], sa.Column[Any]]]:
    for other, field in referrers(record):
        if other.trade == record.trade and other is not UnitImei:
            yield other, other.table.c[field.name]


def _rows(record: type[Record], condition: sa.ColumnElement[bool]) -> sa.Select[Any]:
    entity: sa.ColumnElement[Any] = sa.literal_column(f"'{record.table.name}'")
    return sa.select(entity, record.id).where(record.org_id == sa.bindparam("org_id"), condition)


checks = Resource(DeviceCheck, by=STAFF, filters=("imei", "phone_id", "result"), sort=("created_at", "checked_at"))
blocked = Resource(
    BlockedDevice,
    by=STAFF,
    create=block,
    edit=explain,
    delete=MANAGERS,
    filters=("imei",),
    errors=INVALID,
)
resources = (checks, blocked)
paths = (
    Contract("GET", "/api/devices/{imei}/history", history, errors=INVALID),
    Contract("POST", "/api/devices/check-imei", check_imei),
)
