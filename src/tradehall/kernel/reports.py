"""Measures and kept totals: what is counted is kept with every change, so that a report reads a few rows."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Generic, NamedTuple, TypeVar

import sqlalchemy as sa

from tradehall.kernel import subjects
from tradehall.kernel.database import Book, Prepared, Session
from tradehall.kernel.money import scaled, unscaled
from tradehall.kernel.records import METADATA, Record, whole_rows

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
_ADDED = ("org_id", "measure", "dimension", "day", "count", "amount")


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


Key = tuple[str, str, str | int]
"""Which kept total: of a measure and a dimension, on a day, of a subject by its id, or over all time where that is ""."""
Delta = tuple[tuple[str, str, date | None, int | None], int, int]
"""What a part adds: to which measure, dimension, day and subject, a count, and an amount in minor units."""
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


def contributions(record: type[Record], row: Record, day_of: DayOf) -> list[Delta]:
    """What a row contributes to the measures of its record."""
    return [
        ((each.name, dimension, day, subject), count, scaled(amount, 2))
        for each in MEASURES.get(record, ())
        for dimension, amount, day, count, subject in each.parts(row, day_of)
    ]


def one_row(record: type[Record]) -> Delta:
    """What a row contributes to the count of its table."""
    return (ROWS, record.stored_as, None, None), 1, 0


def summed(deltas: Iterable[Delta], sums: dict[Key, list[int]]) -> dict[Key, list[int]]:
    """Add each to the totals that it belongs to: over all time, of its day and of its subject."""
    for (measure, dimension, day, subject), count, amount in deltas:
        places: list[str | int] = [""]
        if day is not None:
            places.append(day.isoformat())
        if subject is not None:
            places.append(subject)
        for place in places:
            total = sums.setdefault((measure, dimension, place), [0, 0])
            total[0] += count
            total[1] += amount
    return sums


class TotalBook(Book):
    """What a transaction adds to the kept totals: what rows come to at the end of a verb, less what they came to before."""

    def __init__(self, session: Session, org_id: int) -> None:
        super().__init__(session, org_id)
        self._kept: dict[tuple[str, str, date | None, int | None], list[int]] = {}
        self._staged: list[tuple[int, list[Delta]]] = []
        """What is added, by 1, and what is taken away, by -1."""
        self._touched: dict[tuple[type[Record], int], tuple[Record | None, Record | None]] = {}
        """The rows that the verb changed: as they were before, and as they are, where they were and are there."""

    def changed(self, row: Record, before: Record | None, *, gone: bool = False) -> None:
        """A row was added (no before), changed, or deleted."""
        record = type(row)
        if before is not None and not gone and record not in MEASURES:
            return
        key = (record, row.id)
        if key in self._touched:
            before = self._touched[key][0]
        self._touched[key] = (before, None if gone else row)

    def settle(self, day_of: DayOf) -> None:
        """Stage what became of the rows that a verb has touched, with all that it did inside."""
        for (record, _), (before, after) in self._touched.items():
            if before is None and after is None:
                continue  # it came and went
            was = contributions(record, before, day_of) if before is not None else []
            come = contributions(record, after, day_of) if after is not None else []
            if before is None or after is None:
                (come if before is None else was).append(one_row(record))
            if was != come:
                self._staged += [(-1, was), (1, come)]
        self._touched = {}

    def correct(self, trades: Iterable[str], wanted: Mapping[Key, tuple[int, int]]) -> None:
        """Bring the totals of some trades to what is wanted, whatever is kept or staged now."""
        pending = {key: [*pair] for key, pair in kept(self.session, self.org_id, trades).items()}
        former: list[Delta] = [(key, pair[0], pair[1]) for key, pair in self._kept.items()]
        for sign, deltas in [(1, former), *self._staged]:
            here = ((key, sign * count, sign * amount) for key, count, amount in deltas if belongs(*key[:2], trades))
            summed(here, pending)
        for key in wanted.keys() | pending.keys():
            (count, amount), had = wanted.get(key, (0, 0)), pending.get(key, [0, 0])
            self._staged.append((1, _into(key, count - had[0], amount - had[1])))

    def keep(self) -> None:
        kept = self._kept
        for sign, deltas in self._staged:
            for key, count, amount in deltas:
                try:
                    total = kept[key]
                except KeyError:
                    kept[key] = [sign * count, sign * amount]
                    continue
                total[0] += sign * count
                total[1] += sign * amount
        self._staged = []

    def forget(self) -> None:
        self._staged, self._touched = [], {}

    def write(self) -> None:
        sums = summed(((key, count, amount) for key, (count, amount) in self._kept.items() if count or amount), {})
        rows, of_subjects = [], {}
        for key, (count, amount) in sums.items():
            measure, dimension, place = key
            if not count and not amount:
                continue
            if isinstance(place, int):
                of_subjects[measure, dimension, place] = (count, amount)
            else:
                rows.append((self.org_id, measure, dimension, place, count, amount))
        if rows:
            rows.sort()  # in the order of their keys, for those who wait for each other's rows
            self.session.run_many(_add, [dict(zip(_ADDED, row, strict=True)) for row in rows])
        if of_subjects:
            subjects.add(self.session, self.org_id, of_subjects)


def _into(key: Key, count: int, amount: int) -> list[Delta]:
    """What brings so much into this total alone: a part is counted over all time, too."""
    measure, dimension, place = key
    if place == "":
        return [((measure, dimension, None, None), count, amount)]
    here = (None, place) if isinstance(place, int) else (date.fromisoformat(place), None)
    return [((measure, dimension, *here), count, amount), ((measure, dimension, None, None), -count, -amount)]


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


def recomputed(session: Session, org_id: int, trades: Iterable[str], day_of: DayOf) -> dict[Key, tuple[int, int]]:
    """The totals as the rows of these trades say, by the same functions that keep them."""
    sums: dict[Key, list[int]] = {}
    for table in list(METADATA.tables.values()):
        record = table.info.get("record")
        if record is not None and record.trade in trades:
            for row in every_row(session, org_id, record):
                summed([one_row(record), *contributions(record, row, day_of)], sums)
    return {key: (count, amount) for key, (count, amount) in sums.items() if count or amount}


def belongs(measure_name: str, dimension: str, trades: Iterable[str]) -> bool:
    """Whether a total is one of these trades: their measures, and the counts of their tables."""
    name = dimension if measure_name == ROWS else measure_name
    return name.startswith(tuple(f"{trade}{mark}" for trade in trades for mark in "._"))


def kept(session: Session, org_id: int, trades: Iterable[str]) -> dict[Key, tuple[int, int]]:
    """The totals of these trades as they are kept."""
    rows = session.execute(sa.select(TOTALS, TOTALS.c.count.label("number")).where(TOTALS.c.org_id == org_id)).all()
    totals: dict[Key, tuple[int, int]] = {
        (row.measure, row.dimension, row.day): (row.number, row.amount) for row in rows
    }
    totals |= subjects.kept(session, org_id)
    return {key: total for key, total in totals.items() if any(total) and belongs(*key[:2], trades)}
