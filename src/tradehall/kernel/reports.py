"""Measures and kept totals: what is counted is kept with every change, so that a report reads a few rows."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

import sqlalchemy as sa

from tradehall.kernel import subjects
from tradehall.kernel.database import Book, Prepared, Session
from tradehall.kernel.money import scaled, unscaled
from tradehall.kernel.records import METADATA, Record, whole_rows
from tradehall.kernel.subjects import mark

R = TypeVar("R", bound=Record)
DayOf = Callable[[datetime], date]

TOTALS = sa.Table(
    "totals",
    METADATA,
    sa.Column("org_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("measure", sa.String(80), primary_key=True),
    sa.Column("dimension", sa.String(120), primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
    info={"by_org": True},
)
_add = Prepared(
    sa.text(
        "INSERT INTO totals (org_id, measure, dimension, day, count, amount) "
        "VALUES (:org_id, :measure, :dimension, :day, :count, :amount) ON CONFLICT (org_id, measure, dimension, day) "
        "DO UPDATE SET count = totals.count + excluded.count, amount = totals.amount + excluded.amount"
    ).bindparams(
        *(sa.bindparam(name, type_=sa.BigInteger) for name in ("org_id", "count", "amount")),
        *(sa.bindparam(name, type_=sa.String) for name in ("measure", "dimension", "day")),
    )
)
_overall = Prepared(
    sa.select(TOTALS.c.measure, TOTALS.c.dimension, TOTALS.c.count, TOTALS.c.amount).where(
        TOTALS.c.org_id == sa.bindparam("org_id"), TOTALS.c.day == ""
    )
)
_daily = Prepared(
    sa.select(TOTALS.c.day, TOTALS.c.dimension, TOTALS.c.count, TOTALS.c.amount)
    .where(
        TOTALS.c.org_id == sa.bindparam("org_id"),
        TOTALS.c.measure == sa.bindparam("measure"),
        TOTALS.c.day >= sa.bindparam("first"),
        TOTALS.c.day < sa.bindparam("end"),
    )
    .order_by(TOTALS.c.day, TOTALS.c.dimension)
)
ROWS = "rows"


class Part(NamedTuple):
    """What one record contributes to a measure: in a dimension, on a local day, an amount of money and a count.

    With a `subject`, the id of a row that it is counted for, a total is kept for each of those, too; the dimension is then
    one of the `kinds` of the measure.
    """

    dimension: str = ""
    amount: Decimal | int = 0
    day: date | None = None
    count: int = 1  # type: ignore[assignment]  # a tuple has a method of this name
    subject: int | None = None


Delta = tuple[tuple[str, str, str], int, int]
"""What is added to a kept total: its key (measure, dimension, day or marked subject), a count, and an amount in minor units."""
Parts = Iterator[Part]
"""What a measure gives."""


@dataclass(frozen=True)
class Total:
    """A kept total: how many, and how much."""

    count: int = 0
    amount: Decimal = Decimal("0.00")

    def __add__(self, other: "Total") -> "Total":
        return Total(self.count + other.count, self.amount + other.amount)


@dataclass(frozen=True)
class Measure(Generic[R]):
    """A pure function from a record to what it contributes; the unit applies after minus before."""

    name: str
    record: type[R]
    parts: Callable[[R, DayOf], Iterable[Part]]
    by: Any = None
    """Who may see it by day, as a report of its name; nobody, if not given. (A `By` of `verbs`.)"""


MEASURES: dict[type[Record], list[Measure[Any]]] = {}


def measure(
    record: type[R], *, into: str = "", by: Any = None, kinds: tuple[str, ...] = ()
) -> Callable[[Callable[[R, DayOf], Iterable[Part]]], Measure[R]]:
    """Declare a measure of a record; its name is `<trade>.<function>`. With `by` it is a report by day, too.

    Measures of several records make one total where they are kept `into` the same name. Of one that has subjects, `kinds`
    are the dimensions that are told apart for each of them, at most four.
    """

    def declare(parts: Callable[[R, DayOf], Iterable[Part]]) -> Measure[R]:
        name = into or getattr(parts, "__name__", "measure")
        declared = Measure(f"{record.trade}.{name}", record, parts, by)
        if kinds:
            subjects.tell_apart(declared.name, kinds)
        MEASURES.setdefault(record, []).append(declared)
        return declared

    return declare


_written = lru_cache(256)(date.isoformat)


def contributions(record: type[Record], row: Record, day_of: DayOf) -> list[Delta]:
    """Everything that a row contributes to kept totals: to the count of its table, and to the measures of its record."""
    found: list[Delta] = [((ROWS, record.stored_as, ""), 1, 0)]
    add = found.append
    for each in MEASURES.get(record, ()):
        name = each.name
        for dimension, amount, day, count, subject in each.parts(row, day_of):
            units = scaled(amount, 2)
            add(((name, dimension, ""), count, units))
            if day is not None:
                add(((name, dimension, _written(day)), count, units))
            if subject is not None:
                add(((name, dimension, mark(subject)), count, units))
    return found


class Touched(NamedTuple):
    """What a row contributed before the unit, the row as it is now, if it is there, and how its days are told."""

    former: list[Delta]
    after: Record | None
    day_of: DayOf


class TotalBook(Book):
    """What a transaction adds to the kept totals: what rows come to at the end of a verb, less what they came to before."""

    def __init__(self, session: Session, org_id: int) -> None:
        super().__init__(session, org_id)
        self._kept: dict[tuple[str, str, str], list[int]] = {}
        self._staged: list[Delta] = []
        self._touched: dict[tuple[type[Record], int], Touched] = {}

    def changed(self, row: Record, before: Record | None, day_of: DayOf, *, gone: bool = False) -> None:
        """A row was added (no before), changed, or deleted."""
        record = type(row)
        if before is not None and not gone and record not in MEASURES:
            return
        key, after = (record, row.id), None if gone else row
        known = self._touched.get(key)
        if known is not None:
            former = known.former
        else:
            former = contributions(record, before, day_of) if before is not None else []
        self._touched[key] = Touched(former, after, day_of)

    def settle(self) -> None:
        """Stage what became of the rows that a verb has touched, with all that it did inside."""
        for (record, _), (former, after, day_of) in self._touched.items():
            come = contributions(record, after, day_of) if after is not None else []
            if former != come:
                self._staged += [(key, -count, -amount) for key, count, amount in former]
                self._staged += come
        self._touched = {}

    def correct(self, trades: Iterable[str], wanted: dict[tuple[str, str, str], tuple[int, int]]) -> None:
        """Bring the totals of some trades to what is wanted, whatever is kept or staged now."""
        self.settle()
        now = kept(self.session, self.org_id, trades)
        pending: dict[tuple[str, str, str], list[int]] = {key: list(pair) for key, pair in now.items()}
        unwritten = [(key, pair[0], pair[1]) for key, pair in self._kept.items()]
        for key, count, amount in (*unwritten, *self._staged):
            if belongs(key, trades):
                total = pending.setdefault(key, [0, 0])
                total[0] += count
                total[1] += amount
        for key in wanted.keys() | pending.keys():
            count, amount = wanted.get(key, (0, 0))
            had = pending.get(key, [0, 0])
            self._staged.append((key, count - had[0], amount - had[1]))

    def keep(self) -> None:
        kept = self._kept
        for key, count, amount in self._staged:
            total = kept.get(key)
            if total is None:
                kept[key] = [count, amount]
            else:
                total[0] += count
                total[1] += amount
        self._staged = []

    def forget(self) -> None:
        self._staged, self._touched = [], {}

    def write(self) -> None:
        rows: list[dict[str, Any]] = []
        of_subjects: dict[tuple[str, str, str], list[int]] = {}
        for key, total in sorted(self._kept.items()):
            measure, dimension, day = key
            count, amount = total
            if not count and not amount:
                continue
            if day[:1] == "#":
                of_subjects[key] = total
            else:
                rows.append(
                    {
                        "org_id": self.org_id,
                        "measure": measure,
                        "dimension": dimension,
                        "day": day,
                        "count": count,
                        "amount": amount,
                    }
                )
        if rows:
            self.session.run_many(_add, rows)
        if of_subjects:
            subjects.add(self.session, self.org_id, of_subjects)


class Overall:
    """The totals of every measure over all time, read at once."""

    def __init__(self, session: Session, org_id: int) -> None:
        self._found: dict[str, list[tuple[str, int, int]]] = {}
        for name, dimension, count, amount in session.run(_overall, {"org_id": org_id}):
            self._found.setdefault(name, []).append((dimension, count, amount))

    def of(self, name: str) -> dict[str, Total]:
        """Those of a measure, by dimension."""
        return {each: Total(count, unscaled(amount, 2)) for each, count, amount in self._found.get(name, ())}


def daily(session: Session, org_id: int, name: str, first: date, end: date) -> Iterator[tuple[date, str, Total]]:
    """The totals of a measure on each local day of [first, end): day, dimension, total."""
    given = {"org_id": org_id, "measure": name, "first": first.isoformat(), "end": end.isoformat()}
    for day, dimension, count, amount in session.run(_daily, given):
        yield date.fromisoformat(day), dimension, Total(count, unscaled(amount, 2))


def leaders(session: Session, org_id: int, name: str, most: int) -> list[tuple[int, Total]]:
    """The subjects with the largest amounts, above zero, the largest first."""
    found = subjects.leaders(session, org_id, name, most)
    return [(subject, Total(count, unscaled(amount, 2))) for subject, count, amount in found]


def every_row(session: Session, org_id: int, record: type[R], page: int = 2000) -> Iterator[R]:
    """All rows of a record in the order of their ids."""
    columns = [record.table.c[name] for name in record.fields]
    last = 0
    while True:
        found = session.execute(
            sa.select(*columns)
            .where(record.table.c.org_id == org_id, record.table.c.id > last)
            .order_by(record.table.c.id)
            .limit(page)
        ).all()
        if not found:
            return
        rows = whole_rows(record, found)
        last = rows[-1].id
        yield from rows


def recomputed(
    session: Session, org_id: int, trades: Iterable[str], day_of: DayOf
) -> dict[tuple[str, str, str], tuple[int, int]]:
    """The totals as the rows of these trades say, by the same functions that keep them."""
    sums: dict[tuple[str, str, str], list[int]] = {}
    for table in list(METADATA.tables.values()):
        record = table.info.get("record")
        if record is not None and record.trade in trades:
            for row in every_row(session, org_id, record):
                for key, count, amount in contributions(record, row, day_of):
                    total = sums.setdefault(key, [0, 0])
                    total[0] += count
                    total[1] += amount
    return {key: (count, amount) for key, (count, amount) in sums.items() if count or amount}


def belongs(key: tuple[str, str, str], trades: Iterable[str]) -> bool:
    """Whether a total is one of these trades: their measures, and the counts of their tables."""
    measure_name, dimension, _ = key
    name = dimension if measure_name == ROWS else measure_name
    return name.startswith(tuple(f"{trade}{mark}" for trade in trades for mark in "._"))


def kept(session: Session, org_id: int, trades: Iterable[str]) -> dict[tuple[str, str, str], tuple[int, int]]:
    """The totals of these trades as they are kept."""
    rows = session.execute(sa.select(TOTALS, TOTALS.c.count.label("number")).where(TOTALS.c.org_id == org_id)).all()
    totals = {(row.measure, row.dimension, row.day): (row.number, row.amount) for row in rows}
    totals |= subjects.kept(session, org_id)
    return {key: total for key, total in totals.items() if any(total) and belongs(key, trades)}
