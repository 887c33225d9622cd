"""How much the machines are used, by hour and by day, and when it is quiet (spec A10, N7)."""

from collections import Counter
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import BaseModel
from pydantic import Field as Limit

from tradehall.kernel.contracts import report
from tradehall.kernel.preferences import ZONE
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Find, find
from tradehall.kernel.reports import DayOf, Part, Parts, measure
from tradehall.trades.laundry import calendar, terms
from tradehall.trades.laundry.estimates import ready_first
from tradehall.trades.laundry.models import Cycle, CycleStatus, MachineType
from tradehall.trades.laundry.roles import EVERYBODY

Answer = dict[str, Any]
MOST_ROWS = 20_000
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class By(StrEnum):
    """What use is counted by."""

    HOUR = "hour"
    DAY = "day"


class Usage(BaseModel):
    """What is counted, over how many days."""

    by: By = By.HOUR
    days: Annotated[int, Limit(ge=1, le=366)] = 28
    machine_type: MachineType | None = None


class Quiet(BaseModel):
    """For which kind of machine, and how many hours."""

    machine_type: MachineType = MachineType.WASHER
    limit: Annotated[int, Limit(ge=1, le=168)] = 5


@measure(Cycle, by=EVERYBODY)
def cycles(cycle: Cycle, day_of: DayOf) -> Parts:
    """How many loads were done on each day; what was cancelled does not count."""
    if cycle.status not in (CycleStatus.RUNNING, CycleStatus.CANCELLED):
        yield Part(cycle.machine_type, day=day_of(cycle.created_at))


def _done(reader: Reader, days: int, kind: MachineType | None) -> Find[Cycle]:
    since = (Cycle.created_at > reader.now - timedelta(days=days), Cycle.status != CycleStatus.CANCELLED)
    of_kind = () if kind is None else (Cycle.machine_type == kind,)
    found = find(Cycle, *since, Cycle.status != CycleStatus.RUNNING, *of_kind)
    return found.by(Cycle.table.c.created_at.desc(), Cycle.table.c.id.desc()).first(MOST_ROWS)


def _there(reader: Reader, moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(reader.preferences[ZONE.name]))


def began(reader: Reader) -> datetime:
    """When today began here."""
    return datetime.combine(reader.today, time(), ZoneInfo(reader.preferences[ZONE.name]))


@report(by=EVERYBODY)
def usage(reader: Reader, ask: Usage) -> Answer:
    """How many loads were done, by the hour of the day at which they began, or by day."""
    kinds = [*MachineType] if ask.machine_type is None else [ask.machine_type]
    counts: Counter[tuple[str, str]] = Counter()
    if ask.by is By.DAY:
        first = reader.today - timedelta(days=ask.days - 1)
        names = [f"{first + timedelta(days=number)}" for number in range(ask.days)]
        for day, kind, total in reader.days(cycles, first, reader.today + timedelta(days=1)):
            counts[f"{day}", kind] += total.count
    else:
        names = [f"{hour:02d}" for hour in range(24)]
        for each in reader.all(_done(reader, ask.days, ask.machine_type)):
            counts[f"{_there(reader, each.created_at):%H}", each.machine_type] += 1
    items = [{ask.by.value: name, **{kind.value: counts[name, kind] for kind in kinds}} for name in names]
    return {"by": ask.by, "days": ask.days, "items": items, "total": sum(counts[n, k] for n in names for k in kinds)}


@report(by=EVERYBODY)
def best_times(reader: Reader, ask: Quiet) -> Answer:
    """When the fewest machines of a kind are started, by days that were like these, and which one is ready first now."""
    here = calendar.Calendar(reader)
    days, leans_on = here.days_like_today()
    weekdays = Counter(each.weekday() for each in days)
    counts: Counter[tuple[int, int]] = Counter()
    for each in reader.all(_on(reader, days, ask.machine_type)):
        there = _there(reader, each.created_at)
        counts[there.weekday(), there.hour] += 1
    loads = {(day, hour): count / max(1, weekdays[day]) for (day, hour), count in counts.items()}
    open_hours = [(day, hour) for day in range(7) for hour in range(24) if _is_open(reader, day, hour)]
    quiet = sorted(open_hours, key=lambda each: (loads.get(each, 0), not 8 <= each[1] <= 22, each))[: ask.limit]
    return {
        "machine_type": ask.machine_type, "ready_first": ready_first(reader, ask.machine_type),
        "period": calendar.shown(here.current), "next_period": calendar.shown(here.coming),
        "leans_on": {"days": len(days), "periods": [each.name for each in leans_on]},
        "items": [
            {"weekday": DAYS[day], "hour": f"{hour:02d}:00", "loads_a_week": loads.get((day, hour), 0.0)}
            for day, hour in quiet
        ],
    }  # fmt: skip


def _on(reader: Reader, days: set[date], kind: MachineType) -> Find[Cycle]:
    """The loads of a kind that were done on some days."""
    zone, at = ZoneInfo(reader.preferences[ZONE.name]), Cycle.table.c.created_at
    ranges = (
        sa.and_(at >= datetime.combine(first, time(), zone), at < datetime.combine(last + calendar.DAY, time(), zone))
        for first, last in calendar.spans(days)
    )
    counts = Cycle.status.not_in((CycleStatus.CANCELLED, CycleStatus.RUNNING))
    found = find(Cycle, sa.or_(*ranges), counts, Cycle.machine_type == kind)
    return found.by(at.desc(), Cycle.table.c.id.desc()).first(MOST_ROWS)


def _is_open(reader: Reader, weekday: int, hour: int) -> bool:
    here = _there(reader, reader.now).replace(hour=hour, minute=0, second=0, microsecond=0)
    return terms.hours(reader).is_open(here + timedelta(days=(weekday - here.weekday()) % 7))
