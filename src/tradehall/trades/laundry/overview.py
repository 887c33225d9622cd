"""The floor at a glance, for the staff: machines by state, who waits, what is overdue, open faults, and today's loads."""

from collections import Counter
from datetime import timedelta
from typing import Any

from tradehall.kernel.contracts import report
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.trades.laundry import calendar, feed, paying, stats, terms, views
from tradehall.trades.laundry.models import MACHINES, FaultReport, Machine, MachineStatus, MachineType, Payment
from tradehall.trades.laundry.roles import STAFF

Answer = dict[str, Any]
DAYS = 14
LAST = 8
"""So many of the last activities are shown, and so many open faults."""
OPEN = find(FaultReport, FaultReport.closed_at.is_(None)).by(FaultReport.table.c.id.desc())


@report(by=STAFF)
def floor(reader: Reader) -> Answer:
    """The floor at a glance: machines by state, who waits, what is overdue, open faults, and the loads of these days."""
    machines, now = reader.all(MACHINES), reader.now
    overdue = [
        each for each in machines
        if views.status_of(each, now) is MachineStatus.COMPLETED and each.grace_until is not None and each.grace_until <= now
    ]  # fmt: skip
    return {
        "machines": {kind.value: _states(reader, kind, machines) for kind in MachineType},
        "waiting": {kind.value: len(views.in_line(reader, kind)) for kind in MachineType},
        "overdue": [_named(each) | {"since": each.grace_until} for each in overdue],
        "faults": {"count": reader.count(OPEN), "items": [_fault(each) for each in reader.all(OPEN.first(LAST))]},
        "days": _days(reader), "taken": _taken(reader), "is_open": terms.hours(reader).is_open(now),
        "period": calendar.shown(calendar.Calendar(reader).current),
        "recent": [views.activity(each) for each in reader.all(feed.NEWEST.first(LAST))], "server_time": now,
    }  # fmt: skip


def _states(reader: Reader, kind: MachineType, machines: list[Machine]) -> dict[str, int]:
    """How many machines of a kind are in each state; what is kept for somebody is not free for others."""
    found = Counter(str(views.status_of(each, reader.now)) for each in machines if each.machine_type == kind)
    kept = sum(each.machine_type == kind and each.offered_to_id is not None for each in machines)
    return {each.value: found[each.value] for each in MachineStatus} | {"kept": kept}


def _named(machine: Machine) -> Answer:
    return {"machine_type": machine.machine_type, "machine_id": machine.number}


def _fault(row: FaultReport) -> Answer:
    named = {"machine_type": row.machine_type, "machine_id": row.number}
    return named | {"id": row.id, "description": row.description, "created_at": row.created_at}


def _days(reader: Reader) -> list[Answer]:
    """The loads of the last two weeks, today's last."""
    first = reader.today - timedelta(days=DAYS - 1)
    counts: Counter[tuple[str, str]] = Counter()
    for day, kind, total in reader.days(stats.cycles, first, reader.today + timedelta(days=1)):
        counts[f"{day}", kind] += total.count
    days = (f"{first + timedelta(days=number)}" for number in range(DAYS))
    return [{"day": day, **{kind.value: counts[day, kind.value] for kind in MachineType}} for day in days]


def _taken(reader: Reader) -> Any:
    """What residents paid for washing today, where they pay: cycles and fees, less what was given back."""
    if not reader.preferences[terms.PAYING.name]:
        return None
    today = find(Payment, Payment.created_at >= stats.began(reader), Payment.what.in_(paying.FOR_WASHING))
    return -sum(each.amount for each in reader.all(today.by(Payment.table.c.created_at)))
