"""Figures from kept totals: a measure by day, and the rows behind a total (P-40)."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from pydantic import BaseModel, ConfigDict, Field

from tradehall.kernel.columns import Day
from tradehall.kernel.contracts import REPORTS, Report, whole
from tradehall.kernel.errors import Denied, Missing, field_error
from tradehall.kernel.kinds import shown_decimal
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import whole_rows
from tradehall.kernel.reports import MEASURES, Measure, Part, Total

SCANNED = 5000
"""How many rows one page looks through at the most: where few contribute, a page may be short and yet not the last."""


LONGEST = 3660
"""Days: the longest span that is shown day by day."""


class Span(BaseModel):
    """Which days: `to` is left out; the last thirty days, if not given."""

    model_config = ConfigDict(populate_by_name=True)

    first: Day | None = Field(None, alias="from")
    end: Day | None = Field(None, alias="to")

    def days(self, today: date) -> tuple[date, date]:
        """The days that are meant, as [first, end)."""
        end = self.end or today + timedelta(days=1)
        return self.first or end - min(timedelta(days=30), end - date.min), end


def by_day(shown: Measure[Any]) -> Report:
    """The report of a measure on each local day, oldest first, days without anything included."""

    def days(ctx: Reader, span: Span) -> list[dict[str, Any]]:
        first, end = span.days(ctx.today)
        if not 0 <= (end - first).days <= LONGEST:
            raise field_error(["query", "from"], f"A span has at most {LONGEST} days, and begins before it ends")
        found: dict[date, Total] = {}
        for day, _, total in ctx.days(shown, first, end):
            found[day] = found.get(day, Total()) + total
        span_of_days = (first + timedelta(days=number) for number in range((end - first).days))
        totals = ((day, found.get(day, Total())) for day in span_of_days)
        return [{"date": day, "count": total.count, "amount": total.amount} for day, total in totals]

    name = shown.name.split(".", 1)[1]
    summary = " ".join((shown.parts.__doc__ or name).split("\n\n")[0].split())
    return Report(name, shown.by, days, Span, summary, quick=False, room=REPORTS)


def behind(reader: Reader, name: str, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of the rows behind a total: `?dimension`, `?subject`, `?from` and `?to` (days, `to` excluded), `?after`, `?limit`.

    Gives `{measure, entity, rows: [{id, dimension, day, count, amount}], next}`; `next` is null on the last page. Where rows
    of several records contribute, they come one record after the other, a page of each at a time.
    """
    found = [each for group in MEASURES.values() for each in group if each.name == name]
    found = [each for each in found if each.record.trade == reader.trade.name]
    if not found:
        raise Missing("Measure not found")
    for each in found:
        if each.by is not None and not reader.actor.may(each.by):
            raise Denied
    subject = whole(query, "subject", 0, 1) if "subject" in query else None
    wanted = _Wanted(query.get("dimension"), subject, _day(query, "from"), _day(query, "to"))
    which, after = _place(query.get("after", "0"), len(found))
    declared, limit = found[which], min(whole(query, "limit", 100, 1), 1000)
    rows: list[dict[str, Any]] = []
    scanned = 0
    for row in _after(reader, declared, after):
        scanned, after = scanned + 1, row.id
        rows += [_shown(row.id, part) for part in declared.parts(row, reader.day) if wanted.has(part)]
        if len(rows) >= limit:
            break
    if scanned < SCANNED and len(rows) < limit:  # the last of this record
        which, after = which + 1, 0
    place: int | str | None = after if len(found) == 1 else f"{which}.{after}"
    return {
        "measure": name,
        "entity": declared.record.table.name,
        "rows": rows,
        "next": None if which == len(found) else place,
    }


def _place(text: str, most: int) -> tuple[int, int]:
    """Which of the records, and after which of its rows; raises Invalid."""
    which, _, after = text.rpartition(".")
    if not (which or "0").isdecimal() or not after.isdecimal() or len(text) > 18 or not text.isascii():
        raise field_error(["query", "after"], "This is not the `next` of a page of this measure", "int_parsing")
    return min(int(which or 0), most - 1), int(after)


class _Wanted:
    def __init__(self, dimension: str | None, subject: int | None, first: date | None, end: date | None) -> None:
        self.dimension, self.subject, self.first, self.end = dimension, subject, first, end

    def has(self, part: Part) -> bool:
        if self.dimension is not None and part.dimension != self.dimension:
            return False
        if self.subject is not None and part.subject != self.subject:
            return False
        if self.first is None and self.end is None:
            return True
        day = part.day
        return day is not None and (self.first is None or day >= self.first) and (self.end is None or day < self.end)


def _shown(row_id: int, part: Part) -> dict[str, Any]:
    day = part.day.isoformat() if part.day else None
    amount = part.amount if isinstance(part.amount, int) else shown_decimal(part.amount)
    return {"id": row_id, "dimension": part.dimension, "day": day, "count": part.count, "amount": amount}


def _after(reader: Reader, declared: Measure[Any], after: int) -> Iterator[Any]:
    table = declared.record.table
    query = sa.select(*(table.c[name] for name in declared.record.fields)).where(
        table.c.org_id == reader.org_id, table.c.id > after
    )
    found = reader.session.execute(query.order_by(table.c.id).limit(SCANNED)).all()
    yield from whole_rows(declared.record, found)


def _day(query: Mapping[str, str], name: str) -> date | None:
    if (text := query.get(name)) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise field_error(["query", name], "Input should be a date, such as 2026-11-21") from error
