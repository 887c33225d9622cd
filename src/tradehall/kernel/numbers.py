"""Document numbers: consecutive in each series of an organisation, given back when their unit fails (P-06)."""

import sqlalchemy as sa

from tradehall.kernel.database import Book, Prepared, Session
from tradehall.kernel.records import METADATA

NUMBERS = sa.Table(
    "numbers",
    METADATA,
    sa.Column("org_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("series", sa.String(80), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
    info={"by_org": True},
)
_last = Prepared(
    sa.select(NUMBERS.c.value).where(
        NUMBERS.c.org_id == sa.bindparam("org_id"), NUMBERS.c.series == sa.bindparam("series")
    )
)
_save = Prepared(
    sa.text(
        "INSERT INTO numbers (org_id, series, value) VALUES (:org_id, :series, :value) "
        "ON CONFLICT (org_id, series) DO UPDATE SET value = excluded.value"
    ).bindparams(
        sa.bindparam("org_id", type_=sa.BigInteger),
        sa.bindparam("series", type_=sa.String),
        sa.bindparam("value", type_=sa.BigInteger),
    )
)


class NumberBook(Book):
    """The counters that a transaction has touched. Its organisation's lock is what makes them consecutive."""

    def __init__(self, session: Session, org_id: int) -> None:
        super().__init__(session, org_id)
        self._kept: dict[str, int] = {}
        self._staged: dict[str, int] = {}

    def next(self, series: str) -> int:
        """The next number of a series, from 1."""
        value = self._staged.get(series) or self._kept.get(series)
        if value is None:
            rows = self.session.run(_last, {"org_id": self.org_id, "series": series})
            value = int(rows[0][0]) if rows else 0
        self._staged[series] = value + 1
        return value + 1

    def keep(self) -> None:
        self._kept |= self._staged
        self._staged.clear()

    def forget(self) -> None:
        self._staged.clear()

    def write(self) -> None:
        rows = [{"org_id": self.org_id, "series": name, "value": value} for name, value in self._kept.items()]
        if rows:
            self.session.run_many(_save, rows)
