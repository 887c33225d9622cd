"""A connection as the kernel uses it: statements compiled once and run by the driver itself, or Core for the rest."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ClauseElement

from tradehall.kernel.kinds import Way, way_in, way_out, way_shown

Row = Sequence[Any]
Maker = Callable[[Iterable[Any]], list[dict[str, Any]]]


class Compiled:
    """A statement for one dialect: its text, and how its parameters and rows are converted.

    `arguments` gives the parameters in the driver's order, a value that the statement holds itself where none is given;
    `dicts` makes rows as the driver gives them what rules see. Both are made once, as plain Python with constant keys,
    which takes a third of the time of loops over names and conversions.
    """

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        self.text, takes = _compiled(statement, dialect)
        self.arguments = _binding([(name, value, way_in(kind, dialect)) for name, value, kind in takes])
        columns = list(_result_columns(statement))
        self.dicts = _loading([(column.name, way_out(column.type, dialect)) for column in columns])
        self._shows = [(way_shown(each.type, dialect), getattr(each, "nullable", True)) for each in columns]
        self._shown: dict[tuple[str, ...], Maker] = {}

    def shown(self, called: tuple[str, ...]) -> "Maker":
        """A function from rows as the driver gives them to what is answered: the first columns, under these names."""
        found = self._shown.get(called)
        if found is None:
            found = self._shown[called] = _showing(called, self._shows)
        return found


Takes = list[tuple[str, Any, sa.types.TypeEngine[Any]]]


def _compiled(statement: ClauseElement, dialect: Dialect) -> tuple[str, Takes]:
    """The text of a statement, and its parameters in their order, each with the value that it holds itself and its type."""
    compiled = statement.compile(dialect=dialect)
    if not isinstance(compiled, SQLCompiler):
        return str(compiled), []
    binds = compiled.binds
    if not compiled.post_compile_params:
        return str(compiled), [(name, binds[name].value, binds[name].type) for name in compiled.positiontup or ()]
    # A list of values is written out, a parameter for each.
    full = compiled.construct_expanded_state({name: bind.value for name, bind in binds.items()})
    kinds = {name: bind.type for name, bind in binds.items()}
    kinds |= {each: kinds[name] for name, parts in full.parameter_expansion.items() for each in parts}
    return full.statement, [(name, full.parameters[name], kinds[name]) for name in full.positiontup or ()]


def _binding(takes: Sequence[tuple[str, Any, Way | None]]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    parts: list[str] = []
    known: dict[str, Any] = {}
    for index, (name, default, way) in enumerate(takes):
        known[f"d{index}"] = default
        value = f"given[{name!r}]" if default is None else f"given.get({name!r}, d{index})"
        parts.append(_gone(way, value, index, known))
    made: Callable[[Mapping[str, Any]], tuple[Any, ...]] = eval(  # noqa: S307 - the names are those of declared columns
        f"lambda given: ({' '.join(f'({part}),' for part in parts)})", known
    )
    return made


def _gone(way: Way | None, value: str, index: int, known: dict[str, Any]) -> str:
    """The expression of a value that goes this way; what it needs is then known."""
    if way is None:
        return value
    known[f"c{index}"] = way[1]
    return way[0].format(value=value, by=f"c{index}")


def _loading(columns: Sequence[tuple[str, Way | None]]) -> Maker:
    known: dict[str, Any] = {}
    pairs = [(name, _gone(way, f"v{index}", index, known)) for index, (name, way) in enumerate(columns)]
    return _maker(pairs, len(columns), known)


def _showing(called: Sequence[str], shows: Sequence[tuple[Way | None, bool]]) -> Maker:
    known: dict[str, Any] = {}
    pairs = []
    for index, (name, (way, nullable)) in enumerate(zip(called, shows, strict=False)):
        written = _gone(way, f"v{index}", index, known)
        pairs.append((name, f"None if v{index} is None else {written}" if way is not None and nullable else written))
    return _maker(pairs, len(shows), known)


def _maker(pairs: Sequence[tuple[str, str]], width: int, known: dict[str, Any]) -> Maker:
    shown = ", ".join(f"{name!r}: {value}" for name, value in pairs)
    values = " ".join(f"v{index}," for index in range(width))
    made: Maker = eval(  # noqa: S307 - as above
        f"lambda rows: [{{{shown}}} for {values} in rows]" if width else "lambda rows: []", known
    )
    return made


def _result_columns(statement: ClauseElement) -> Iterable[sa.ColumnElement[Any]]:
    if isinstance(statement, sa.Select):
        return statement.selected_columns
    returned = getattr(statement, "exported_columns", None) if getattr(statement, "_returning", None) else None
    return returned or ()


class Prepared:
    """A Core statement with named parameters that is compiled once per kind of database and run without SQLAlchemy's engine.

    Meant for what runs on every request; anything else goes through `Session.execute`.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement
        self.reads = isinstance(statement, sa.Select)
        """Whether it changes nothing."""
        self.writes: sa.TableClause | None = getattr(statement, "table", None)
        """The table that it changes, where it says which."""
        self._compiled: dict[str, Compiled] = {}

    def on(self, dialect: Dialect) -> Compiled:
        """The statement for this dialect; for another engine of the same kind it is the same."""
        try:
            return self._compiled[dialect.name]
        except KeyError:
            found = self._compiled[dialect.name] = Compiled(self.statement, dialect)
            return found


def among(column: sa.ColumnElement[Any], name: str) -> sa.ColumnElement[bool]:
    """The condition that a column is one of a list of values, for a far session."""
    return column == sa.any_(sa.bindparam(name, type_=sa.ARRAY(column.type)))


class Keyed:
    """What is asked of the row with an id, alone or of many at once; the last column of what is found is the id."""

    def __init__(self, statement: sa.Select[Any], row_id: sa.Column[Any]) -> None:
        statement = statement.add_columns(row_id.label("row_id"))
        self.one = Prepared(statement.where(row_id == sa.bindparam("id")))
        self.many = Prepared(statement.where(among(row_id, "ids")))


class Session(ABC):
    """One connection, in a unit or for reading. Rules never see it; the context does."""

    connection: Connection
    dialect: Dialect
    far = False
    """Whether each statement is a journey to another process: then it pays to ask for many rows in one."""
    news = False
    """Whether something was committed of which those who follow the log have not been told."""
    waiting = False
    """Whether the rows that units add and change wait for the end of their group, to be written together."""
    marked = True
    """Whether each unit has a savepoint, to which its transaction can go back."""

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
        """Undo what the unit did; the mark stays. Raises Clash where there is none, and something to undo."""
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

    def dicts(self, statement: Prepared, given: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows by the names of their columns, with the values that rules see."""
        return statement.on(self.dialect).dicts(self.run(statement, given))

    @abstractmethod
    def insert(self, statement: Prepared, given: Mapping[str, Any]) -> int:
        """Insert one row; gives its id."""

    @abstractmethod
    def update(self, statement: Prepared, given: Mapping[str, Any]) -> int:
        """Run a prepared UPDATE; gives how many rows it hit."""
