"""Rows by id: the statements that read and write them, and what a transaction remembers of them."""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import Any, TypeVar

import sqlalchemy as sa

from tradehall.kernel.database import Book, Clash, Prepared, Session, among
from tradehall.kernel.errors import Refused
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
def insert_statement(record: type[Record], far: bool, numbered: bool = False) -> Prepared:
    """A new row, with the id that was reserved for it or the next one.

    A far database gives it back; SQLite tells it without being asked, and RETURNING is slow there.
    """
    names = [name for name in record.fields if (numbered or name != "id") and name not in record.derived]
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


def _given(record: type[Record], columns: Mapping[str, str]) -> sa.TableValuedAlias:
    """Many rows as one parameter a column: the names of the parameters, with the columns whose types they have."""
    kinds = {name: record.table.c[column].type for name, column in columns.items()}
    arrays = [sa.bindparam(name, type_=sa.ARRAY(kind, dimensions=1)) for name, kind in kinds.items()]
    values = sa.func.unnest(*arrays).table_valued(*(sa.column(name, kind) for name, kind in kinds.items()))
    return values.render_derived(name="given")


@per_record
def insert_many_statement(record: type[Record]) -> Prepared:
    """New rows with ids that were drawn before, for a far database."""
    names = [name for name in record.fields if name not in record.derived]
    return Prepared(sa.insert(record.table).from_select(names, sa.select(*_given(record, {n: n for n in names}).c)))


@per_record
def update_many_statement(record: type[Record], names: tuple[str, ...]) -> Prepared:
    """The same columns of several rows, as `update_statement` does it for one."""
    table = record.table
    keys = {"the_id": "id", "the_org": "org_id", "the_version": "version"}
    given = _given(record, keys | {f"new_{name}": name for name in names})
    values = {name: given.c[f"new_{name}"] for name in names} | {"version": table.c.version + 1}
    same = [table.c[column] == given.c[name] for name, column in keys.items()]
    return Prepared(sa.update(table).where(*same).values(values))


_draw_ids = Prepared(
    sa.text("SELECT nextval(pg_get_serial_sequence(:name, 'id')) FROM generate_series(1, :many)")
    .bindparams(sa.bindparam("name", type_=sa.Text), sa.bindparam("many", type_=sa.Integer))
    .columns(sa.column("id", sa.BigInteger))
)


_last_id = Prepared(
    sa.select(sa.column("seq"))
    .select_from(sa.table("sqlite_sequence"))
    .where(sa.column("name") == sa.bindparam("name", type_=sa.String))
)


@per_record
def delete_statement(record: type[Record]) -> Prepared:
    """A row, gone."""
    table = record.table
    return Prepared(sa.delete(table).where(table.c.id == sa.bindparam("id"), table.c.org_id == sa.bindparam("org_id")))


@per_record
def standing_statement(query: Find[Any]) -> Prepared:
    """A search that a module keeps."""
    return Prepared(query.statement)


Waiting = tuple[Prepared, dict[str, Any]]


class RowBook(Book):
    """The rows that a transaction has read by id, and those that wait to be written.

    Nobody else writes in its organisation: what was read is true until it is changed. Where each statement is a journey,
    the rows that the units of a group add and change wait until one of them asks the database, or until the end, and go
    together: a statement for all rows of a kind.
    """

    def __init__(self, session: Session, org_id: int) -> None:
        super().__init__(session, org_id)
        self._known: dict[tuple[type[Record], int], dict[str, Any]] = {}
        self._wanted: dict[type[Record], set[int]] = {}
        self._adding: dict[type[Record], int] = {}
        self._ids: dict[type[Record], list[int]] = {}
        self._last: dict[type[Record], int] = {}
        """Where ids were reserved: the last one."""
        self._staged: list[Waiting] = []
        self._kept: list[list[Waiting]] = []
        self._of_others: list[list[Waiting]] = []
        """What earlier units left and this unit caused to be written: lost with it, if it fails."""

    def want(self, record: type[Record], row_id: int) -> None:
        """A unit will ask for this row."""
        self._wanted.setdefault(record, set()).add(row_id)

    def learn(self, record: type[Record], rows: Sequence[dict[str, Any]]) -> None:
        """These rows were read already."""
        for values in rows:
            self._known[record, values["id"]] = values

    def will_add(self, record: type[Record], many: int = 1) -> None:
        """A unit will add rows."""
        self._adding[record] = self._adding.get(record, 0) + many

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

    def reserve(self, record: type[Record]) -> int:
        """The id of a row that will be added."""
        name = record.table.name
        if not self.session.far:
            if record not in self._last:
                found = self.session.run(_last_id, {"name": name})
                self._last[record] = int(found[0][0]) if found else 0
            self._last[record] += 1
            return self._last[record]
        ids = self._ids.setdefault(record, [])
        if not ids:
            many = self._adding.pop(record, 1) if self.session.waiting else 1
            ids += [row[0] for row in reversed(self.session.run(_draw_ids, {"name": name, "many": many}))]
        return ids.pop()

    def insert(self, record: type[Record], values: dict[str, Any]) -> int:
        """Add a row; gives its id."""
        if not self.session.waiting:
            if values["id"] is None and record in self._last:
                values["id"] = self.reserve(record)  # the next one may be somebody's already
            statement = insert_statement(record, self.session.far, numbered=values["id"] is not None)
            return self.session.insert(statement, values)
        row_id: int = values["id"] or self.reserve(record)
        values["id"] = row_id
        names = (name for name in record.fields if name not in record.derived)
        self._staged.append((insert_many_statement(record), {name: values[name] for name in names}))
        return row_id

    def update(self, row: Record, names: tuple[str, ...]) -> None:
        """Write some columns of a row, if it still has the version that was read; raises Refused otherwise."""
        record = type(row)
        given = {f"new_{name}": row.values[name] for name in names}
        given |= {"the_id": row.id, "the_org": self.org_id, "the_version": row.version}
        if not self.session.waiting:
            if self.session.update(update_statement(record, names), given) != 1:
                raise Refused("changed_meanwhile", f"{record.title} was changed in the meantime")
            return
        statement = update_many_statement(record, names)
        if any(known is statement and other["the_id"] == row.id for known, other in self._staged):
            self.catch_up()  # of two changes of a row in one statement the second would be lost
        self._staged.append((statement, given))

    def catch_up_on(self, tables: frozenset[sa.Table]) -> None:
        """Write what waits, where somebody is going to read tables that it belongs to."""
        if any(statement.writes in tables for unit in (*self._kept, self._staged) for statement, _ in unit):
            self.catch_up()

    def catch_up(self) -> None:
        if not (self._kept or self._staged):
            return
        waiting = [*self._kept, self._staged]
        self._of_others += self._kept
        self._kept, self._staged = [], []
        try:
            for statement, rows in together(waiting):
                arrays = {name: [row[name] for row in rows] for name in rows[0]}
                if self.session.update(statement, arrays) != len(rows):
                    raise Clash
        except Exception as error:
            raise Clash from error

    def keep(self) -> None:
        self._of_others = []
        if self._staged:
            self._kept.append(self._staged)
            self._staged = []

    def forget(self) -> None:
        self._kept, self._of_others, self._staged = [*self._of_others, *self._kept], [], []

    def write(self) -> None:
        self.catch_up()


def together(units: Sequence[Sequence[Waiting]]) -> list[tuple[Prepared, list[dict[str, Any]]]]:
    """What units want written, gathered by statement, in an order that none of them sees turned round.

    Where there is no such order, each row is written by itself.
    """
    gathered: dict[Prepared, list[dict[str, Any]]] = {}
    order: TopologicalSorter[Prepared] = TopologicalSorter()
    for unit in units:
        former: list[Prepared] = []
        for statement, row in unit:
            gathered.setdefault(statement, []).append(row)
            order.add(statement, *(each for each in former[-1:] if each is not statement))
            former.append(statement)
    try:
        return [(statement, gathered[statement]) for statement in order.static_order()]
    except CycleError:
        return [(statement, [row]) for unit in units for statement, row in unit]
