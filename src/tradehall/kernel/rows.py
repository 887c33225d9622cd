"""Rows by id: the statements that read and write them, and what a transaction remembers of them."""

from typing import Any, TypeVar

import sqlalchemy as sa

from tradehall.kernel.database import Book, Prepared, Session, among
from tradehall.kernel.records import Find, Record, per_record
from tradehall.kernel.verbs import Grant

R = TypeVar("R", bound=Record)


@per_record
def select_statement(record: type[Record], grant: Grant | None) -> Prepared:
    """One row by its id, within a grant."""
    table = record.table
    mine = (table.c.id == sa.bindparam("id"), table.c.org_id == sa.bindparam("org_id"))
    scope = (grant.scope(record),) if grant is not None and grant.scope is not None else ()
    return Prepared(sa.select(*(table.c[name] for name in record.fields)).where(*mine, *scope))


@per_record
def among_statement(record: type[Record]) -> Prepared:
    """Several rows by their ids, for a far database."""
    table = record.table
    here = (table.c.org_id == sa.bindparam("org_id"), among(table.c.id, "ids"))
    return Prepared(sa.select(*(table.c[name] for name in record.fields)).where(*here))


@per_record
def insert_statement(record: type[Record], far: bool) -> Prepared:
    """A new row. A far database gives its id back; SQLite tells it without being asked, and RETURNING is slow there."""
    names = [name for name in record.fields if name != "id" and name not in record.derived]
    statement = sa.insert(record.table).values({name: sa.bindparam(name) for name in names})
    return Prepared(statement.returning(record.table.c.id) if far else statement)


@per_record
def update_statement(record: type[Record], names: tuple[str, ...]) -> Prepared:
    """Some columns of a row and its next version, if it still has the version that was read."""
    table = record.table
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
    here = (
        table.c.id == sa.bindparam("the_id"),
        table.c.org_id == sa.bindparam("the_org"),
        table.c.version == sa.bindparam("the_version"),
    )
    return Prepared(sa.update(table).where(*here).values(values | {"version": table.c.version + 1}))


@per_record
def delete_statement(record: type[Record]) -> Prepared:
    """A row, gone."""
    table = record.table
    return Prepared(sa.delete(table).where(table.c.id == sa.bindparam("id"), table.c.org_id == sa.bindparam("org_id")))


@per_record
def standing_statement(query: Find[Any]) -> Prepared:
    """A search that a module keeps."""
    return Prepared(query.statement)


class RowBook(Book):
    """The rows that a transaction has read by id. Nobody else writes in its organisation: they are true until changed."""

    def __init__(self, session: Session, org_id: int) -> None:
        super().__init__(session, org_id)
        self._known: dict[tuple[type[Record], int], dict[str, Any]] = {}
        self._wanted: dict[type[Record], set[int]] = {}

    def want(self, record: type[Record], row_id: int) -> None:
        """A unit will ask for this row."""
        self._wanted.setdefault(record, set()).add(row_id)

    def fetch(self) -> None:
        for record, ids in self._wanted.items():
            given = {"org_id": self.org_id, "ids": list(ids)}
            for values in self.session.dicts(among_statement(record), given):
                self._known[record, values["id"]] = values

    def find(self, record: type[R], row_id: int) -> R | None:
        """The row, as an object of the unit's own, if it was read already."""
        known = self._known.get((record, row_id))
        return None if known is None else record.loaded(dict(known), None)

    def changed(self, row: Record) -> None:
        """The row is not what was read any more."""
        self._known.pop((type(row), row.id), None)

    def keep(self) -> None:
        return

    def forget(self) -> None:
        return

    def write(self) -> None:
        return
