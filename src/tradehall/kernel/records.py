"""Records: rows that note what is assigned to them. The layer writes; it never loads by itself."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, cached_property
from typing import Any, ClassVar, Generic, ParamSpec, Protocol, Self, TypeVar, cast

import sqlalchemy as sa

from tradehall.kernel.columns import Field, State
from tradehall.kernel.errors import Refused
from tradehall.kernel.kinds import KEY, Choice, Utc, way_told

METADATA = sa.MetaData()
KERNEL = "kernel"
"""What the trade of a record is called that is the kernel's own."""
R = TypeVar("R", bound="Record")
P = ParamSpec("P")
T = TypeVar("T")


def per_record(make: Callable[P, T]) -> Callable[P, T]:
    """Make something once for each record and whatever else it is made from: statements, mostly."""
    return cast("Callable[P, T]", cache(make))


@dataclass(frozen=True)
class Wall:
    """What must never be: a constraint of the database, with the refusal that people see.

    A unique wall covers `columns` of one organisation, of the rows where `where` holds; a check wall is `sql`.
    """

    says: str
    columns: tuple[str, ...] = ()
    where: str | None = None
    sql: str | None = None
    name: str = ""
    code: str = "conflict"

    def refusal(self) -> Refused:
        """The answer to whoever ran into it."""
        return Refused(self.code, self.says)


def unique(*columns: str, says: str, where: str | None = None, code: str = "conflict") -> Wall:
    """No two rows of one organisation (where `where` holds) share these columns."""
    return Wall(says, columns, where=where, code=code)


def check(name: str, sql: str, says: str, code: str = "conflict") -> Wall:
    """Every row satisfies `sql`."""
    return Wall(says, sql=sql, name=name, code=code)


class Keeper(Protocol):
    """Who is told of a row's changes: the unit of work that holds it."""

    def touched(self, row: "Record", field: Field[Any], value: Any) -> None:
        """Called before a value is changed; raises where the change is not allowed."""


class Record:
    """A row of a table. Subclasses name the table: `class Phone(Record, table="phoneshop_phones")`."""

    table: ClassVar[sa.Table]
    stored_as: ClassVar[str]
    """The name of the table, as the log and the totals have it: a plain word, which drivers take as it is."""
    fields: ClassVar[dict[str, Field[Any]]] = {}
    base: ClassVar[set[str]] = set()
    """The columns that the kernel gives every record."""
    walls: ClassVar[tuple[Wall, ...]] = ()
    indexes: ClassVar[tuple[tuple[str, ...], ...]] = ()
    searched: ClassVar[tuple[str, ...]] = ()
    owner: ClassVar[str] = ""
    """The column with the id of whoever a row belongs to: the first `person()`."""
    known_as: ClassVar[tuple[str, ...]] = ()
    """The columns by which people call a row: its name or its number, if nobody chose."""
    contact: ClassVar[dict[str, str]] = {}
    """Where a row is a person: which columns hold their `name`, and the `email` and `phone` at which they are reached."""
    title: ClassVar[str]
    plural: ClassVar[str]
    in_paths: ClassVar[str]
    """What its rows are called in paths: `stock-counts`."""
    trade: ClassVar[str]
    states: ClassVar[tuple[State[Any], ...]] = ()
    derived: ClassVar[tuple[str, ...]] = ()
    blank: ClassVar[dict[str, Any]] = {}
    """The values of a new row of which nothing is known."""
    made: ClassVar[tuple[str, ...]] = ()
    """The columns whose first value is made anew for each row."""

    id: Field[int] = Field(KEY, int)
    org_id: Field[int] = Field(KEY, int)
    version: Field[int] = Field(sa.Integer(), int, default=1)
    created_at: Field[datetime] = Field(Utc(), datetime)
    updated_at: Field[datetime] = Field(Utc(), datetime)

    __slots__ = ("before", "keeper", "values")

    def __init_subclass__(cls, table: str, by_org: bool = True, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.stored_as = table
        cls.trade, cls.plural = table.split("_", 1)
        cls.in_paths = vars(cls).get("in_paths", cls.plural.replace("_", "-"))
        words = re.sub(r"(?<!^)(?=[A-Z])", " ", cls.__name__).lower()
        cls.title = words.capitalize()
        own = {name: field for name, field in vars(cls).items() if isinstance(field, Field)}
        if cls.searched:
            folded = cls.folded = Field(sa.Text(), str, default="")
            folded.name = "folded"
            own = {"folded": folded} | own  # before the others, which SQLite would have to step over in each row
        base = {name: field for name, field in vars(Record).items() if isinstance(field, Field)}
        cls.fields = base | own
        Record.base = {*base, "folded"}
        cls.states = tuple(field for field in own.values() if isinstance(field, State))
        cls.contact = {field.how: name for name, field in own.items() if field.how}
        cls.derived = tuple(name for name, field in own.items() if field.formula)
        cls.made = tuple(name for name, field in cls.fields.items() if callable(field.default))
        cls.blank = {name: None if name in cls.made else field.initial() for name, field in cls.fields.items()}
        cls.known_as = cls.known_as or _known_as(cls)
        cls.owner = next((name for name, field in own.items() if field.is_person), "")
        cls.table = _table(cls, table, by_org)

    folded: Field[str]

    def __init__(self, **values: Any) -> None:
        self.keeper: Keeper | None = None
        self.before: dict[str, Any] = {}
        self.values: dict[str, Any] = self.blank | values
        if len(self.values) > len(self.blank):
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(values.keys() - self.fields.keys()))}")
        for name in self.made:
            if name not in values:
                self.values[name] = self.fields[name].initial()

    @classmethod
    def loaded(cls, values: dict[str, Any], keeper: Keeper | None) -> Self:
        """A row as it was read."""
        row = cls.__new__(cls)
        row.values, row.before, row.keeper = values, {}, keeper
        return row

    def assign(self, field: Field[Any], value: Any) -> None:
        """Note a new value; the unit writes it before its next query, insert or inner verb, and at its end."""
        old = self.values[field.name]
        if old == value and type(old) is type(value):
            return
        if self.keeper is not None:
            self.keeper.touched(self, field, value)
            self.before.setdefault(field.name, old)
        self.values[field.name] = value

    def derive(self) -> None:
        """Bring what is computed from other columns up to date."""
        for name in self.derived:
            self.values[name] = self.fields[name].derived(self)

    def former(self) -> Self:
        """The row as it was before the changes that are not written yet."""
        return self.loaded(self.values | self.before, None)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.values.get('id')}>"


def _known_as(record: type[Record]) -> tuple[str, ...]:
    """What a row is called by where its author says nothing: a person's name, a text that is unique, or a name."""
    fields = record.fields
    texts = {name for name, field in fields.items() if type(field.kind) is sa.String and not field.secret}
    unique_ones = (wall.columns[0] for wall in record.walls if len(wall.columns) == 1)
    wanted = (record.contact.get("name", ""), *unique_ones, "name", "title")
    return tuple(name for name in wanted if name in texts and not fields[name].optional)[:1]


def _table(record: type[Record], name: str, by_org: bool) -> sa.Table:
    """The table of a record, with its walls and references inside one organisation."""
    columns: dict[str, sa.Column[Any]] = {}
    for each in record.fields.values():
        columns[each.name] = _column(each, columns)
    parts: list[Any] = [*columns.values(), *_references(record, name), *_checks(record, name)]
    table = sa.Table(name, METADATA, *parts, sqlite_autoincrement=True, info={"record": record, "by_org": by_org})
    # A reference from another row names the organisation too, so the pair has to be unique.
    sa.Index(f"uq_{name}_org_id_id", table.c.org_id, table.c.id, unique=True)
    sa.Index(f"ix_{name}_recent", table.c.org_id, table.c.created_at, table.c.id)
    for names in record.indexes:
        # A row without the reference needs no place in its index.
        filled = sa.text(f"{names[0]} IS NOT NULL") if record.fields[names[0]].optional else None
        of = [table.c.org_id, *(table.c[each] for each in names)]
        sa.Index(f"ix_{name}_{'_'.join(names)}", *of, sqlite_where=filled, postgresql_where=filled)
    for wall in record.walls:
        if wall.columns:
            where = sa.text(wall.where) if wall.where else None
            of = [table.c[each] for each in ("org_id", *wall.columns)]
            sa.Index(unique_name(name, wall), *of, unique=True, sqlite_where=where, postgresql_where=where)
    return table


def unique_name(table: str, wall: Wall) -> str:
    """The name of a unique wall's index."""
    return f"uq_{table}_{'_'.join(wall.columns)}"


def _column(field: Field[Any], others: Mapping[str, sa.Column[Any]]) -> sa.Column[Any]:
    if field.name == "id":
        return sa.Column("id", KEY, primary_key=True, autoincrement=True)
    return field.column(others)


def _references(record: type[Record], name: str) -> Iterator[sa.ForeignKeyConstraint]:
    for field in record.fields.values():
        if field.references is not None:
            by_name = isinstance(field.references, str)
            target = field.references if isinstance(field.references, str) else field.references.table.name
            pair, remote = ["org_id", field.name], [f"{target}.org_id", f"{target}.id"]
            # A reference by name may close a circle, which only PostgreSQL needs to be told of.
            later = "DEFERRED" if field.is_ahead else None
            yield sa.ForeignKeyConstraint(
                pair,
                remote,
                f"fk_{name}_{field.name}",
                use_alter=by_name,
                deferrable=field.is_ahead or None,
                initially=later,
            )


def _checks(record: type[Record], name: str) -> Iterator[sa.CheckConstraint]:
    for field in record.fields.values():
        if isinstance(field.kind, Choice):
            # SQLite makes a table of a list for each row that it checks: a quarter of what it costs to add one.
            allowed = " OR ".join(f"{field.name} = '{value}'" for value in field.kind.values)
            yield sa.CheckConstraint(allowed, name=f"ck_{name}_{field.name}")
    for wall in record.walls:
        if wall.sql:
            yield sa.CheckConstraint(wall.sql, name=f"ck_{name}_{wall.name}")


def shower(fields: Mapping[str, Field[Any]]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A function from the values of a row to some of its fields, each under a name, as `show` writes them.

    It is made as plain Python with constant keys, in which only those fields are looked at that are written otherwise.
    """
    known: dict[str, Any] = {}
    parts = []
    for index, (name, field) in enumerate(fields.items()):
        value, way = f"values[{field.name!r}]", way_told(field.kind)
        if way is not None:
            known[f"c{index}"] = way[1]
            value = way[0].format(value=value, by=f"c{index}")
        parts.append(f"{name!r}: {value}")
    made: Callable[[Mapping[str, Any]], dict[str, Any]] = eval(  # noqa: S307 - the names are those of declared columns
        f"lambda values: {{{', '.join(parts)}}}", known
    )
    return made


def record_of(table: str) -> type[Record]:
    """The record that a table holds."""
    record: type[Record] = METADATA.tables[table].info["record"]
    return record


def referrers(record: type[Record]) -> Iterator[tuple[type[Record], Field[Any]]]:
    """The records whose rows point to rows of this one, with the field that points."""
    for table in METADATA.tables.values():
        if (other := table.info.get("record")) is not None:
            for field in other.fields.values():
                target = field.references
                if target is not None and (target is record or target == record.table.name):
                    yield other, field


@dataclass(frozen=True, eq=False)
class Find(Generic[R]):
    """A search for rows of one record; the context that runs it adds the organisation."""

    record: type[R]
    conditions: tuple[sa.ColumnElement[bool], ...] = ()
    order: tuple[sa.ColumnElement[Any], ...] = ()
    most: int | None = None
    skipped: int = 0
    is_standing: bool = False

    def where(self, *conditions: sa.ColumnElement[bool]) -> "Find[R]":
        """Only rows for which all of these hold too."""
        return replace(self, conditions=self.conditions + conditions)

    def by(self, *order: sa.ColumnElement[Any]) -> "Find[R]":
        """In this order."""
        return replace(self, order=order)

    def first(self, most: int) -> "Find[R]":
        """At most so many."""
        return replace(self, most=most)

    def skip(self, skipped: int) -> "Find[R]":
        """Without so many of the first."""
        return replace(self, skipped=skipped)

    def standing(self) -> "Find[R]":
        """A search that a module keeps and runs again and again, with a `wanted` value where they differ: compiled once."""
        return replace(self, is_standing=True)

    @cached_property
    def statement(self) -> sa.Select[Any]:
        """The select, inside the organisation `org_id`."""
        table = self.record.table
        found = sa.select(*table.c).where(table.c.org_id == sa.bindparam("org_id"), *self.conditions)
        return found.order_by(*self.order or (table.c.id,)).limit(self.most).offset(self.skipped or None)

    @cached_property
    def tables(self) -> frozenset[sa.Table]:
        """The tables that it reads."""
        return frozenset(each for each in sa.sql.visitors.iterate(self.statement) if isinstance(each, sa.Table))


def wanted(name: str) -> sa.BindParameter[Any]:
    """The place of a value that a standing search is given each time: `ctx.all(SALES_OF, phone_id=7)`."""
    return sa.bindparam(name)


def find(record: type[R], *conditions: sa.ColumnElement[bool]) -> Find[R]:
    """Rows of a record for which all conditions hold."""
    return Find(record, conditions)


def rows_of(record: type[R], rows: Iterable[dict[str, Any]]) -> list[R]:
    """Rows that were read, each with all columns, as records."""
    return [record.loaded(values, None) for values in rows]


def whole_rows(record: type[R], rows: Iterable[Sequence[Any]]) -> list[R]:
    """What a Core select of all columns gave, as records."""
    return rows_of(record, (dict(zip(record.fields, row, strict=True)) for row in rows))
