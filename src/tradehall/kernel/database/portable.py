"""Rows of every table in one form, the same from either database: numbers, text and null, ordered by key.

Times are text in UTC with six digits, flags are 0 or 1, bytes are hexadecimal. So a row has the same digest wherever it
lies, and what one database gave the other takes.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.util.concurrency import await_only

AT_ONCE = 2000
"""Rows."""
Rows = list[Sequence[Any]]
_MOMENT = "to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
_FORCED = "SELECT relname FROM pg_class WHERE relforcerowsecurity AND relnamespace = 'public'::regnamespace"
_KEYS = (
    "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE contype = 'f' AND connamespace = 'public'::regnamespace ORDER BY 1, 2"
)
_SERIALS = (
    "SELECT table_name, pg_get_serial_sequence(quote_ident(table_name), column_name) FROM information_schema.columns "
    "WHERE table_schema = 'public' AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL"
)


@dataclass(frozen=True)
class Layout:
    """A table: its columns but for those that the database computes, its key, and which of them hold bytes."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    binary: tuple[str, ...] = ()

    def saved(self) -> dict[str, Any]:
        """As JSON can say it."""
        return asdict(self)

    @classmethod
    def of(cls, saved: dict[str, Any]) -> "Layout":
        """From what `saved` gave; raises TypeError or ValueError where it is none."""
        told = {name: tuple(map(str, saved[name])) for name in ("columns", "key", "binary")}
        return cls(str(saved["name"]), **told)


def on_postgres(connection: Connection) -> bool:
    """Whether this is PostgreSQL."""
    return connection.dialect.name == "postgresql"


def layouts(connection: Connection, without: Iterable[str] = ()) -> list[Layout]:
    """Every table of the database but these, by name."""
    inspector = sa.inspect(connection)
    names = sorted(set(inspector.get_table_names()) - {"alembic_version", "sqlite_sequence", *without})
    return [_layout(inspector, name) for name in names]


def _layout(inspector: sa.Inspector, name: str) -> Layout:
    stored = [each for each in inspector.get_columns(name) if "computed" not in each]
    columns = tuple(str(each["name"]) for each in stored)
    key = tuple(inspector.get_pk_constraint(name)["constrained_columns"]) or columns
    if "org_id" in columns:
        key = ("org_id", *(each for each in key if each != "org_id"))
    binary = tuple(str(each["name"]) for each in stored if isinstance(each["type"], sa.LargeBinary))
    return Layout(name, columns, key, binary)


def rows(connection: Connection, layout: Layout, organisations: Sequence[int]) -> Iterator[Rows]:
    """All rows of a table in the order of its key, in parts; row-level security shows one organisation at a time."""
    if not on_postgres(connection):
        chosen = ", ".join(f"hex({_q(each)})" if each in layout.binary else _q(each) for each in layout.columns)
        order = ", ".join(map(_q, layout.key))
        cursor = _driver(connection).execute(f"SELECT {chosen} FROM {_q(layout.name)} ORDER BY {order}")  # noqa: S608
        while found := cursor.fetchmany(AT_ONCE):
            yield found
        return
    secured = f"SELECT relrowsecurity FROM pg_class WHERE oid = '{_q(layout.name)}'::regclass"  # noqa: S608
    apart = connection.exec_driver_sql(secured).scalar()
    for org_id in organisations if apart else [0]:
        visit(connection, org_id)
        yield from _fetched(connection, layout)


def visit(connection: Connection, org_id: int) -> None:
    """See this organisation's rows from now on, until the transaction ends."""
    if on_postgres(connection):
        connection.exec_driver_sql(f"SELECT set_config('tradehall.org', '{int(org_id)}', true)")


def _fetched(connection: Connection, layout: Layout) -> Iterator[Rows]:
    kinds = {each["name"]: each["type"] for each in sa.inspect(connection).get_columns(layout.name)}
    chosen = ", ".join(_portable(name, kinds[name]) for name in layout.columns)
    order = ", ".join(
        f'{_q(name)} COLLATE "C"' if isinstance(kinds[name], sa.String) else _q(name) for name in layout.key
    )
    query = f"SELECT {chosen} FROM {_q(layout.name)} ORDER BY {order}"  # noqa: S608
    cursor = await_only(_driver(connection).cursor(query))
    while found := await_only(cursor.fetch(AT_ONCE)):
        yield [tuple(row) for row in found]


def _portable(name: str, kind: sa.types.TypeEngine[Any]) -> str:
    quoted = _q(name)
    if isinstance(kind, sa.Integer | sa.Float | sa.String) and not isinstance(kind, sa.Numeric | sa.Enum):
        return quoted
    if isinstance(kind, sa.Boolean):
        return f"{quoted}::int"
    if isinstance(kind, sa.DateTime):
        return _MOMENT.format(quoted)
    return f"upper(encode({quoted}, 'hex'))" if isinstance(kind, sa.LargeBinary) else f"{quoted}::text"


def load(connection: Connection, layout: Layout, given: Rows) -> None:
    """Insert rows as `rows` gave them."""
    if on_postgres(connection):
        marks = ["\\\\x" if each in layout.binary else "" for each in layout.columns]
        lines = "".join("\t".join(map(_escaped, row, marks)) + "\n" for row in given)
        source = io.BytesIO(lines.encode())
        copying = _driver(connection).copy_to_table(
            layout.name, source=source, columns=list(layout.columns), format="text"
        )
        await_only(copying)
        return
    for place in (layout.columns.index(each) for each in layout.binary):
        given = [
            (*row[:place], None if row[place] is None else bytes.fromhex(row[place]), *row[place + 1 :])
            for row in given
        ]
    names, places = ", ".join(map(_q, layout.columns)), ", ".join("?" * len(layout.columns))
    _driver(connection).executemany(f"INSERT INTO {_q(layout.name)} ({names}) VALUES ({places})", given)  # noqa: S608


def _escaped(value: Any, mark: str) -> str:
    if value is None:
        return "\\N"
    if not isinstance(value, str):
        return str(value)
    return mark + value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


@contextmanager
def loosened(connection: Connection) -> Iterator[None]:
    """Let rows in whatever their order and organisation: PostgreSQL's references and policies come back afterwards.

    Meant for the connection of a migration, which on SQLite has no foreign keys and checks them at its end.
    """
    if not on_postgres(connection):
        yield
        return
    forced = list(connection.exec_driver_sql(_FORCED).scalars())
    keys = connection.exec_driver_sql(_KEYS).all()
    for table, name, _ in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} DROP CONSTRAINT {_q(name)}")
    for table in forced:
        connection.exec_driver_sql(f"ALTER TABLE {_q(table)} NO FORCE ROW LEVEL SECURITY")
    yield
    for table, name, definition in keys:
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD CONSTRAINT {_q(name)} {definition}")
    for table in forced:
        connection.exec_driver_sql(f"ALTER TABLE {_q(table)} FORCE ROW LEVEL SECURITY")


def last_ids(connection: Connection) -> dict[str, int]:
    """The last id that each table gave out: none is given again, even if its row is gone."""
    if not on_postgres(connection):
        if not sa.inspect(connection).has_table("sqlite_sequence"):
            return {}
        return {row[0]: row[1] for row in connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")}
    found = {}
    for table, sequence in connection.exec_driver_sql(_SERIALS).all():
        last, called = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()  # noqa: S608
        if called:
            found[table] = last
    return found


def go_on_from(connection: Connection, ids: dict[str, int]) -> None:
    """Give out ids after these."""
    if on_postgres(connection):
        sequences = {row[0]: row[1] for row in connection.exec_driver_sql(_SERIALS)}
        for table in ids.keys() & sequences.keys():
            connection.exec_driver_sql(f"SELECT setval('{sequences[table]}', {int(ids[table])})")
        return
    for table, last in ids.items():
        _driver(connection).execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        _driver(connection).execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, last))


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _q(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
