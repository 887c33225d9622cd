"""Faults: what residents report of a machine, when that disables it, and what they hear when it is repaired (spec R-11)."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, StringConstraints

from tradehall.kernel.cabinet import Arrived
from tradehall.kernel.columns import clean
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import report
from tradehall.kernel.errors import Refused
from tradehall.kernel.files import attach
from tradehall.kernel.people.members import holders
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.kernel.verbs import act
from tradehall.trades.laundry import queue, terms
from tradehall.trades.laundry.cycles import Which, brought_up_to_date, current, release
from tradehall.trades.laundry.models import (
    OPEN_FAULTS,
    Confidence,
    FaultReport,
    Machine,
    MachineStatus,
)
from tradehall.trades.laundry.photos import Photo, taken_in
from tradehall.trades.laundry.roles import EVERYBODY, STAFF
from tradehall.trades.laundry.telling import note, tell
from tradehall.trades.laundry.views import called, numbered, shown_to

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

Answer = dict[str, Any]
RECENT = timedelta(days=14)
"""Reports that are older do not count any more."""
MOST_AN_HOUR = 3
Note = Annotated[str, StringConstraints(max_length=500), BeforeValidator(clean)]


class Fault(Which):
    """What is wrong with a machine; the photo is base64."""

    description: Annotated[str, StringConstraints(min_length=5, max_length=500), BeforeValidator(clean)]
    photo_data: Photo | None = None


class Maintenance(BaseModel):
    """What was, or is being, done to a machine."""

    note: Note = ""


async def photo_taken_in(office: "Office", trade: "Trade", call: "Call") -> Arrived | None:
    """The photo of a fault, looked at and kept."""
    return await taken_in(office, call, getattr(call.body, "photo_data", None))


def shown(row: FaultReport, prefix: str) -> Answer:
    """A report as its reporter and the staff see it; its photo is a file of its own."""
    return {
        "id": row.id, "machine_id": row.number, "machine_type": row.machine_type, "machine_pk": row.machine_id,
        "user_id": row.user_id, "description": row.description, "created_at": row.created_at, "closed_at": row.closed_at,
        "photo_data": f"{prefix}/files/{row.photo_id}" if row.photo_id else None, "note": row.note,
    }  # fmt: skip


@act(FaultReport, by=EVERYBODY, prepare=photo_taken_in)
def report_fault(ctx: Context, fault: Fault) -> Answer:
    """Say what is wrong with a machine; after some reports nobody can start it."""
    machine, me = numbered(ctx, fault.machine_type, fault.machine_id), ctx.actor.user_id
    lately = find(FaultReport, FaultReport.user_id == me, FaultReport.created_at > ctx.now - timedelta(hours=1))
    if not ctx.actor.may(STAFF) and ctx.count(lately) >= MOST_AN_HOUR:
        raise Refused("too_many_reports", f"One person reports at most {MOST_AN_HOUR} faults an hour")
    row = ctx.add(
        FaultReport(
            user_id=me, machine_id=machine.id, machine_type=machine.machine_type, number=machine.number,
            description=fault.description,
        )
    )  # fmt: skip
    if ctx.prepared is not None:
        row.photo_id = attach(ctx, ctx.prepared, row).id
    note(ctx, "fault_reported", machine, called(machine))
    count = counted(ctx, machine)
    if machine.enabled and count >= ctx.preferences[terms.FAULTS.name]:
        brought_up_to_date(ctx, machine)
        out_of_order(ctx, machine, str(row.id))
        for each in holders(ctx.session, ctx.org_id, ctx.trade.name, *(role.name for role in STAFF)):
            tell(ctx, each, "faults_reported", machine, f"{each}:{row.id}", count=count)
    return shown(row, ctx.trade.prefix)


def counted(reader: Reader, machine: Machine) -> int:
    """How many reports of a machine count: open ones of the last two weeks, or the people who made them."""
    recent = [
        each for each in reader.all(OPEN_FAULTS, machine=machine.id) if each.created_at > reader.now - RECENT
    ]  # fmt: skip
    return len({each.user_id for each in recent}) if reader.preferences[terms.DISTINCT.name] else len(recent)


def out_of_order(ctx: Context, machine: Machine, once: str, words: str = "") -> None:
    """Nobody can start a machine from now on; who uses it is told, and their cycle goes on."""
    machine.enabled, machine.maintenance_note = False, words
    if machine.status is MachineStatus.AVAILABLE:
        queue.withdrawn(ctx, machine)
        machine.status = MachineStatus.DISABLED
    elif machine.current_user_id is not None:
        tell(ctx, machine.current_user_id, "machine_disabled", machine, once)
    note(ctx, "machine_disabled", machine, called(machine))


def repaired(ctx: Context, machine: Machine, words: str) -> None:
    """A machine works again: its reports are closed, and who made them is told."""
    machine.enabled, machine.last_maintenance, machine.maintenance_note = True, ctx.now, words
    for each in ctx.all(OPEN_FAULTS, machine=machine.id):
        each.closed_at, each.note = ctx.now, words
        tell(ctx, each.user_id, "fault_resolved", machine, str(each.id))
    note(ctx, "machine_enabled", machine, called(machine))
    if machine.status is MachineStatus.DISABLED:
        machine.status, machine.confidence, machine.confirmed_at = MachineStatus.AVAILABLE, Confidence.PERSON, ctx.now
        queue.offer_next(ctx, machine)


@act(Machine, by=STAFF)
def enable(ctx: Context, machine: Machine) -> Answer:
    """A machine can be started again."""
    if not machine.enabled:
        repaired(ctx, machine, "")
    return {"success": True, "message": f"{called(machine)} is enabled", "machine": shown_to(ctx, machine)}


@act(Machine, by=STAFF)
def disable(ctx: Context, machine: Machine, done: Maintenance) -> Answer:
    """Nobody can start a machine any more; a cycle that runs goes on. The note says what is being done about it."""
    if machine.enabled:
        brought_up_to_date(ctx, machine)
        out_of_order(ctx, machine, f"by hand {machine.version}", done.note)
    elif done.note:
        machine.maintenance_note = done.note
    return {"success": True, "message": f"{called(machine)} is disabled", "machine": shown_to(ctx, machine)}


@act(Machine, by=STAFF)
def maintain(ctx: Context, machine: Machine, done: Maintenance) -> Answer:
    """A machine was looked after: its faults are closed, and it can be started."""
    repaired(ctx, machine, done.note)
    return {"success": True, "message": f"{called(machine)} was looked after", "machine": shown_to(ctx, machine)}


@act(Machine, by=STAFF)
def empty(ctx: Context, machine: Machine) -> Answer:
    """A machine that is done is free, wherever the clothes are."""
    brought_up_to_date(ctx, machine)
    if machine.status is not MachineStatus.COMPLETED:
        raise Refused("machine_state", f"Cannot empty machine in {machine.status} state")
    cycle = current(ctx, machine)
    ctx.do(release, cycle)
    return {"success": True, "message": f"{called(machine)} is free", "machine": shown_to(ctx, machine)}


@act(FaultReport, by=STAFF)
def resolve(ctx: Context, fault: FaultReport, done: Maintenance) -> Answer:
    """A report is dealt with; where it was the last one of a machine that is out of order, that works again."""
    machine = ctx.get(Machine, fault.machine_id)
    if fault.closed_at is None:
        fault.closed_at, fault.note = ctx.now, done.note
        tell(ctx, fault.user_id, "fault_resolved", machine, str(fault.id))
        if not machine.enabled and not ctx.all(OPEN_FAULTS, machine=machine.id):
            repaired(ctx, machine, done.note)
    return shown(fault, ctx.trade.prefix)


# What is asked.


@report(by=EVERYBODY)
def of_machine(reader: Reader, machine: Machine) -> Answer:
    """How many reports there are of a machine."""
    return {
        "machine_id": machine.number, "machine_type": machine.machine_type, "report_count": counted(reader, machine),
        "is_disabled": not machine.enabled,
    }  # fmt: skip


@report(by=EVERYBODY)
def all_faults(reader: Reader) -> list[Answer]:
    """Every report; residents see their own."""
    all_of_them = find(FaultReport).by(FaultReport.table.c.id.desc()).first(1000)
    if not reader.actor.may(STAFF):
        all_of_them = all_of_them.where(FaultReport.user_id == reader.actor.user_id)
    return [shown(each, reader.trade.prefix) for each in reader.all(all_of_them)]
