"""A connection as the kernel uses it: statements compiled once and run by the driver itself, or Core for the rest."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.sql.expression import ClauseElement

from tradehall.kernel.columns import raw_show

Row = Sequence[Any]
Convert = Callable[[Any], Any] | None


class Compiled:
    """A statement for one dialect: its text, the names of its parameters in order, and the conversions."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        names: Sequence[str] = getattr(compiled, "positiontup", None) or ()
        binds: Mapping[str, sa.BindParameter[Any]] = getattr(compiled, "binds", {})
        self.text = str(compiled)
        self.takes = [(name, binds[name].value, _binder(binds[name].type, dialect)) for name in names]
        columns = list(_result_columns(statement))
        self.readers = [_reader(column.type, dialect) for column in columns]
        self.shows = [raw_show(column.type, dialect) for column in columns]

    def arguments(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        """The parameters in the driver's order; a value that the statement holds itself is the default."""
        found = []
        for name, default, convert in self.takes:
            value = given.get(name, default)
            found.append(value if convert is None else convert(value))
        return tuple(found)


def _result_columns(statement: ClauseElement) -> Iterable[sa.ColumnElement[Any]]:
    if isinstance(statement, sa.Select):
        return statement.selected_columns
    returned = getattr(statement, "exported_columns", None) if getattr(statement, "_returning", None) else None
    return returned or ()


def _binder(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> Convert:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _reader(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> Convert:
    return kind.dialect_impl(dialect).result_processor(dialect, None)


class Prepared:
    """A Core statement with named parameters that is compiled once per dialect and run without SQLAlchemy's engine.

    Meant for what runs on every request; anything else goes through `Session.execute`.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement
        self._compiled: dict[Dialect, Compiled] = {}

    def on(self, dialect: Dialect) -> Compiled:
        """The statement for this dialect."""
        found = self._compiled.get(dialect)
        if found is None:
            found = self._compiled[dialect] = Compiled(self.statement, dialect)
        return found


def among(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    """The condition that a column is one of a list of values, for a far session."""
    return column == sa.any_(sa.bindparam(name, type_=sa.ARRAY(column.type)))


class Session(ABC):
    """One connection, in a unit or for reading. Rules never see it; the context does."""

    connection: Connection
    dialect: Dialect
    far = False
    """Whether each statement is a journey to another process: then it pays to ask for many rows in one."""

    @abstractmethod
    def run(self, statement: Prepared, given: Mapping[str, Any]) -> list[Row]:
        """Run a prepared statement; rows as the driver gives them."""

    @abstractmethod
    def run_many(self, statement: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a prepared statement once for each of the rows, in one go."""

    @abstractmethod
    def command(self, text: str) -> None:
        """A statement without parameters or rows: BEGIN, SAVEPOINT, COMMIT."""

    @abstractmethod
    def begin_unit(self, org_id: int) -> None:
        """Begin a transaction that writes, alone in its organisation, and see only this organisation's rows."""

    @abstractmethod
    def begin_read(self, org_id: int) -> None:
        """Begin a transaction that reads one consistent state of this organisation."""

    @abstractmethod
    def commit(self) -> None:
        """Make the transaction durable."""

    def next_savepoint(self) -> None:
        """Keep what the unit did, and mark where the next one begins."""
        self.command("RELEASE SAVEPOINT unit")
        self.command("SAVEPOINT unit")

    def back_to_savepoint(self) -> None:
        """Undo what the unit did; the mark stays."""
        self.command("ROLLBACK TO SAVEPOINT unit")

    def committed_after_all(self) -> bool:
        """Whether a commit that failed took effect all the same; raises OutcomeUnknown where nobody can say."""
        return False

    @abstractmethod
    def gone(self) -> bool:
        """Whether the transaction ended although nobody ended it: rolled back by the database, or disconnected."""

    @abstractmethod
    def rollback(self) -> None:
        """End the transaction without effect; never raises."""

    def execute(
        self, statement: sa.Executable, given: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> sa.Result[Any]:
        """Run any Core statement, in the transaction of this session."""
        return self.connection.execute(statement, given)

    def change(self, statement: sa.Executable) -> int:
        """Run an UPDATE or DELETE; gives how many rows it hit."""
        result = self.connection.execute(statement)
        hit: int = result.rowcount
        return hit

    def records(self, statement: Prepared, given: Mapping[str, Any]) -> tuple[list[Row], list[Convert]]:
        """Rows with the conversions to what rules see."""
        return self.run(statement, given), statement.on(self.dialect).readers
