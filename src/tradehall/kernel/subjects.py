"""Totals of single subjects, such as customers: one row for each, with what it comes to in each of a few kinds."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

from tradehall.kernel.database import Prepared, Session
from tradehall.kernel.records import METADATA

Values = dict[str, Any]
MOST_KINDS = 4
_each = range(1, MOST_KINDS + 1)
SUBJECTS = sa.Table(
    "subject_totals",
    METADATA,
    sa.Column("org_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("measure", sa.String(80), primary_key=True),
    sa.Column("subject", sa.BigInteger, primary_key=True, autoincrement=False),
    *(sa.Column(f"count_{number}", sa.BigInteger, nullable=False) for number in _each),
    *(sa.Column(f"amount_{number}", sa.BigInteger, nullable=False) for number in _each),
    sqlite_with_rowid=False,
    info={"by_org": True},
)
_counts = [SUBJECTS.c[f"count_{number}"] for number in _each]
_amounts = [SUBJECTS.c[f"amount_{number}"] for number in _each]
_sums = [each.name for each in (*_counts, *_amounts)]
_key = ("org_id", "measure", "subject")
_add = Prepared(
    sa.text(
        f"INSERT INTO subject_totals ({', '.join((*_key, *_sums))}) "  # noqa: S608 - the names are those above
        f"VALUES ({', '.join(f':{name}' for name in (*_key, *_sums))}) ON CONFLICT ({', '.join(_key)}) "
        f"DO UPDATE SET {', '.join(f'{name} = subject_totals.{name} + excluded.{name}' for name in _sums)}"
    ).bindparams(
        sa.bindparam("measure", type_=sa.String),
        *(sa.bindparam(name, type_=sa.BigInteger) for name in ("org_id", "subject", *_sums)),
    )
)
_mine = (SUBJECTS.c.org_id == sa.bindparam("org_id"), SUBJECTS.c.measure == sa.bindparam("measure"))


def _how_many(*conditions: sa.ColumnElement[bool]) -> Iterator[sa.ColumnElement[int]]:
    yield from (sa.func.coalesce(sa.func.sum(sa.case((each, 1), else_=0)), 0) for each in conditions)


_numbers = Prepared(
    sa.select(
        *_how_many(*(each > least for each in (sum(_counts[1:], _counts[0]), *_counts) for least in (0, 1)))
    ).where(*_mine)
)
_spent = sum(_amounts[1:], _amounts[0])
_leaders = Prepared(
    sa.select(SUBJECTS.c.subject, sum(_counts[1:], _counts[0]).label("count"), _spent.label("amount"))
    .where(*_mine, _spent > 0)
    .order_by(_spent.desc(), SUBJECTS.c.subject)
    .limit(sa.bindparam("most", type_=sa.BigInteger))
)
KINDS: dict[str, tuple[str, ...]] = {}
"""Which dimensions of a measure are told apart for each subject, in the order of their columns."""


def tell_apart(measure: str, kinds: tuple[str, ...]) -> None:
    """Declare the kinds of a measure; raises TypeError where it has others, or too many."""
    if len(kinds) > MOST_KINDS or KINDS.setdefault(measure, kinds) != kinds:
        raise TypeError(f"{measure} tells its subjects apart by {KINDS.get(measure, ())}, at most {MOST_KINDS} kinds")


class Numbers(NamedTuple):
    """How many subjects there is anything of, and how many that came more than once."""

    once: int = 0
    again: int = 0


def add(session: Session, org_id: int, sums: Mapping[tuple[str, str, int], tuple[int, int]]) -> None:
    """Add to the totals of subjects a count and an amount, by measure, kind and id."""
    rows: dict[tuple[str, int], Values] = {}
    zeros: Values = dict.fromkeys(_sums, 0)
    for (measure, kind, subject), (count, amount) in sums.items():
        number = KINDS[measure].index(kind) + 1
        row = rows.get((measure, subject))
        if row is None:
            row = zeros | {"org_id": org_id, "measure": measure, "subject": subject}
            rows[measure, subject] = row
        row[f"count_{number}"] += count
        row[f"amount_{number}"] += amount
    if rows:
        session.run_many(_add, [row for _, row in sorted(rows.items(), key=lambda each: each[0])])


def kept(session: Session, org_id: int) -> Iterator[tuple[tuple[str, str, int], tuple[int, int]]]:
    """The totals of subjects as they are kept, by the keys by which they are added to."""
    for row in session.execute(sa.select(SUBJECTS).where(SUBJECTS.c.org_id == org_id)).mappings():
        for number, kind in enumerate(KINDS.get(row["measure"], ()), 1):
            yield (row["measure"], kind, row["subject"]), (row[f"count_{number}"], row[f"amount_{number}"])


def numbers(session: Session, org_id: int, measure: str) -> dict[str, Numbers]:
    """How many subjects there are of each kind, and under "" of all kinds together."""
    found = session.run(_numbers, {"org_id": org_id, "measure": measure})[0]
    pairs = [Numbers(int(found[place]), int(found[place + 1])) for place in range(0, len(found), 2)]
    return dict(zip(("", *KINDS[measure]), pairs, strict=False))


def leaders(session: Session, org_id: int, measure: str, most: int) -> Iterable[tuple[int, int, int]]:
    """The subjects with the largest amounts above zero, the largest first: id, count, amount in minor units."""
    rows = session.run(_leaders, {"org_id": org_id, "measure": measure, "most": most})
    return [(int(row[0]), int(row[1]), int(row[2])) for row in rows]
