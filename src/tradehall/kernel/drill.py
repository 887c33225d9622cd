"""From a kept total to its rows: what is listed sums to it, since the same function decides (P-40)."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import sqlalchemy as sa

from tradehall.kernel.columns import shown_decimal
from tradehall.kernel.context import Reader
from tradehall.kernel.contracts import whole
from tradehall.kernel.errors import Missing, field_error
from tradehall.kernel.records import rows_of
from tradehall.kernel.reports import MEASURES, Measure, Part

SCANNED = 5000
"""How many rows one page looks through at the most: where few contribute, a page may be short and yet not the last."""


def behind(reader: Reader, name: str, query: Mapping[str, str]) -> dict[str, Any]:
    """A page of the rows behind a total: `?dimension`, `?from` and `?to` (days, `to` excluded), `?after`, `?limit`.

    Gives `{measure, entity, rows: [{id, dimension, day, count, amount}], next}`; `next` is null on the last page.
    """
    declared = next((each for group in MEASURES.values() for each in group if each.name == name), None)
    if declared is None or declared.record.trade != reader.trade.name:
        raise Missing("Measure not found")
    wanted = _Wanted(query.get("dimension"), _day(query, "from"), _day(query, "to"))
    after, limit = whole(query, "after", 0, 0), min(whole(query, "limit", 100, 1), 1000)
    rows: list[dict[str, Any]] = []
    scanned = 0
    for row in _after(reader, declared, after):
        scanned, after = scanned + 1, row.id
        rows += [_shown(row.id, part) for part in declared.parts(row, reader.day) if wanted.has(part)]
        if len(rows) >= limit:
            break
    last = scanned < SCANNED and len(rows) < limit
    return {"measure": name, "entity": declared.record.table.name, "rows": rows, "next": None if last else after}


class _Wanted:
    def __init__(self, dimension: str | None, first: date | None, end: date | None) -> None:
        self.dimension, self.first, self.end = dimension, first, end

    def has(self, part: Part) -> bool:
        if self.dimension is not None and part.dimension != self.dimension:
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
    yield from rows_of(declared.record, found, None, [None] * len(declared.record.fields))


def _day(query: Mapping[str, str], name: str) -> date | None:
    if (text := query.get(name)) is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise field_error(["query", name], "Input should be a date, such as 2026-11-21") from error
