"""How long somebody will wait: from when cycles end, how soon people empty machines, and how many don't come (spec N5)."""

from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from math import ceil
from typing import Any

import sqlalchemy as sa

from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Find, Record, find, wanted
from tradehall.trades.laundry import terms
from tradehall.trades.laundry.models import (
    MACHINES,
    Category,
    Cycle,
    Machine,
    MachineStatus,
    MachineType,
    Offer,
    OfferStatus,
)

LATELY = 50
"""So many of the last cycles and offers of a kind tell how people are."""


def latest(record: type[Record], *conditions: sa.ColumnElement[bool]) -> Find[Any]:
    """The newest rows about a kind of machine."""
    # A range, in the order of their index: for a kind that has none, a database would else go through all rows.
    c = record.table.c
    found = find(record, c.machine_type >= wanted("kind"), c.machine_type <= wanted("kind"), *conditions)
    return found.by(c.machine_type.desc(), c.created_at.desc(), c.id.desc()).first(LATELY).standing()


EMPTIED = latest(Cycle, Cycle.ended_at.is_not(None), Cycle.cleared_at.is_not(None))
DECIDED = latest(Offer, Offer.ended_at.is_not(None))


def clearing(reader: Reader, kind: MachineType) -> timedelta:
    """How long clothes stay in a machine that is done, usually; half the grace, where nobody knows yet."""
    spans = sorted(
        each.cleared_at - each.ended_at
        for each in reader.all(EMPTIED, kind=kind)
        if each.cleared_at is not None and each.ended_at is not None
    )
    return spans[len(spans) // 2] if spans else terms.span(reader, terms.GRACE) / 2


def missing(reader: Reader, kind: MachineType) -> float:
    """Which part of the offers nobody came for."""
    offers = reader.all(DECIDED, kind=kind)
    return sum(each.status is OfferStatus.LAPSED for each in offers) / len(offers) if offers else 0.0


def free_at(machine: Machine, now: datetime, empties: timedelta) -> datetime | None:
    """When a machine will be free for whoever is next; None where that is not to be foreseen."""
    if not machine.enabled or machine.offered_to_id is not None:
        return None
    if machine.status is MachineStatus.AVAILABLE or machine.ends_at is None:
        return now
    return max(now, machine.ends_at + empties)


def ready_first(reader: Reader, kind: MachineType) -> dict[str, Any] | None:
    """The machine of a kind that will be free first, when, and in how many seconds."""
    empties = clearing(reader, kind)
    found = [
        (moment, each.number)
        for each in reader.all(MACHINES)
        if each.machine_type == kind and (moment := free_at(each, reader.now, empties)) is not None
    ]
    if not found:
        return None
    moment, number = min(found)
    return {"machine_id": number, "at": moment, "in_seconds": max(0, int((moment - reader.now).total_seconds()))}


def estimates(reader: Reader, kind: MachineType, count: int) -> list[int | None]:
    """How many seconds the first so many in line will wait; None where no machine works."""
    empties, now = clearing(reader, kind), reader.now
    machines = (each for each in reader.all(MACHINES) if each.machine_type == kind)
    slots = [moment for each in machines if (moment := free_at(each, now, empties)) is not None]
    heapify(slots)
    runs = terms.length(reader, kind, Category.NORMAL) + empties
    late = missing(reader, kind) * terms.span(reader, terms.OFFER)
    found: list[int | None] = []
    for _ in range(count):
        if not slots:
            found.append(None)
            continue
        moment = heappop(slots)
        found.append(ceil((moment - now).total_seconds()))
        heappush(slots, moment + runs + late)
    return found
