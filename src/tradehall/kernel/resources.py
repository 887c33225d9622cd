"""Resources: what is offered of a record: list, filter, sort, search, pages, create, edit, delete."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeVar

import orjson
import sqlalchemy as sa
from pydantic import BaseModel, TypeAdapter, ValidationError
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import visitors

from tradehall.kernel.columns import LARGEST_ID, State
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Found, History, Listing, Reading, Shape, View, Window, shown
from tradehall.kernel.cursors import ANY_DIALECT, behind, decoded, encoded, order
from tradehall.kernel.database import Database, Keyed, Prepared, Row
from tradehall.kernel.errors import Invalid, field_error
from tradehall.kernel.forms import form
from tradehall.kernel.preferences import Preferences
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record, record_of
from tradehall.kernel.reports import ROWS, TOTALS
from tradehall.kernel.search import matches, pattern
from tradehall.kernel.verbs import Actor, By, Grant, Verb

S = TypeVar("S")
_every_row = sa.select(TOTALS.c.count).where(
    TOTALS.c.org_id == sa.bindparam("org_id"),
    TOTALS.c.measure == ROWS,
    TOTALS.c.dimension == sa.bindparam("dimension"),
    TOTALS.c.day == "",
)
_kept_count = Prepared(_every_row)


@dataclass(frozen=True)
class Filter:
    """A parameter of a list that is not simply a column: from its value to a condition, or to none."""

    name: str
    kind: Any
    condition: Callable[[Any], sa.ColumnElement[bool] | None]


@dataclass(frozen=True)
class Asked:
    """What was asked of a list: its filters with their values, a search pattern, an order, a window."""

    window: Window
    filters: tuple[tuple[str, Any], ...] = ()
    pattern: str | None = None
    sort: str = "-created_at"


@dataclass(frozen=True, eq=False)
class Resource:
    """What is offered of a record, and to whom.

    `columns` are answered (all, if not given), those in `detail` with one row but not in lists, and, with `only`, some of them to
    some roles; `form` are the fields that a person may write.
    `create` and `edit` are grants, and the kernel makes the verb, or verbs of the trade's own; `delete` likewise.
    `write` is the grant of those three that are not given.
    """

    record: type[Record]
    by: By
    columns: tuple[str, ...] = ()
    detail: tuple[str, ...] = ()
    form: tuple[str, ...] = ()
    create: By | Verb[Any, Any] | None = None
    edit: By | Verb[Any, Any] | None = None
    delete: By | Verb[Any, Any] | None = None
    write: By | None = None
    only: Mapping[str, By] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)
    filters: tuple[str | Filter, ...] = ()
    sort: tuple[str, ...] = ("created_at",)
    errors: Mapping[str, int] = field(default_factory=dict)
    table: tuple[str, ...] = ()
    """The columns of its page, until somebody chooses others; a few that say most, if not given."""
    same: Callable[[Preferences, Any], Mapping[str, Any]] | None = None
    """By which values of which columns a row that is imported is found again; a unique wall tells, if this is not given."""
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What else the column of a field may be called in a table that is imported."""
    _statements: dict[Any, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def shape(self) -> Shape:
        """The fields of its answers."""
        columns = self.columns or tuple(name for name in shown(self.record) if name not in self.detail)
        return Shape(self.record, columns, self.only, self.called, self.detail)

    @property
    def fields(self) -> tuple[str, ...]:
        """What a person may write; where nobody chose, all that is not the kernel's, a state, a person or derived."""
        return self.form or tuple(
            name
            for name, each in self.record.fields.items()
            if name not in Record.base and not (isinstance(each, State) or each.is_person or each.formula)
        )

    @cached_property
    def creates(self) -> Verb[Any, Any] | None:
        """The verb that creates a row."""
        by = self.create or self.write
        if by is None or isinstance(by, Verb):
            return by
        record, name = self.record, self.record.title.lower()

        def create(ctx: Context, order: BaseModel) -> Record:
            values = order.model_dump()
            there(ctx, record, values)
            return ctx.add(record(**values))

        return Verb("create", record, by, create, False, form(record, self.fields), f"Add a {name}.")

    @cached_property
    def edits(self) -> Verb[Any, Any] | None:
        """The verb that changes a row."""
        by = self.edit or self.write
        if by is None or isinstance(by, Verb):
            return by
        model = form(self.record, self.fields, partial=True)
        return Verb("edit", self.record, by, edit_row, True, model, f"Change a {self.record.title.lower()}.")

    @cached_property
    def deletes(self) -> Verb[Any, Any] | None:
        """The verb that deletes a row."""
        by = self.delete or self.write
        if by is None or isinstance(by, Verb):
            return by
        summary = f"Delete a {self.record.title.lower()} that nothing refers to."
        return Verb("delete", self.record, by, delete_row, True, None, summary)

    def verbs(self) -> Iterator[Verb[Any, Any]]:
        """Its verbs."""
        for verb in (self.creates, self.edits, self.deletes):
            if verb is not None:
                yield verb

    def contracts(self, prefix: str) -> Iterator[Contract]:
        """Its paths."""
        many, one = f"{prefix}/{self.record.in_paths}", f"{prefix}/{self.record.in_paths}/{{id}}"
        yield Contract("GET", many, Listing(self))
        yield Contract("GET", one, Reading(self))
        yield Contract("GET", f"{one}/history", History(self))
        if self.creates:
            yield Contract("POST", many, self.creates, 201, self.errors)
        if self.edits:
            yield Contract("PUT", one, self.edits, 200, self.errors)
            yield Contract("PATCH", one, self.edits, 200, self.errors)
        if self.deletes:
            yield Contract("DELETE", one, self.deletes, 204, self.errors)

    # Lists.

    @cached_property
    def _filters(self) -> dict[str, tuple[TypeAdapter[Any], Filter | None]]:
        found: dict[str, tuple[TypeAdapter[Any], Filter | None]] = {}
        for each in self.filters:
            if isinstance(each, Filter):
                found[each.name] = (TypeAdapter(each.kind), each)
            else:
                found[each] = (TypeAdapter(self.record.fields[each].form), None)
        return found

    def asked(self, query: Mapping[str, str], window: Window) -> Asked:
        """What the parameters of a list mean; raises Invalid naming the wrong one (P-09)."""
        filters = tuple((name, self._value(name, query[name])) for name in self._filters if name in query)
        sort = query.get("sort", "-created_at")
        if sort.removeprefix("-") not in self.sort:
            allowed = ", ".join(f"{name}, -{name}" for name in self.sort)
            raise field_error(["query", "sort"], f"Input should be one of {allowed}", "enum")
        term = query.get("search", "").strip() if self.record.searched else ""
        return Asked(window, filters, pattern(term) if term else None, sort)

    def _value(self, name: str, text: str) -> Any:
        kind, custom = self._filters[name]
        try:
            value = kind.validate_python(text)
        except ValidationError as error:
            details = error.errors(include_url=False, include_context=False, include_input=False)
            raise Invalid([{**item, "loc": ["query", name]} for item in details]) from error
        if isinstance(value, list):
            value = tuple(value)  # what a statement is known by does not change
        if custom is not None and not _holds(custom, value):
            raise field_error(["query", name], "Input is nothing that this could be compared with")
        return value

    def quick(self, asked: Asked) -> bool:
        """Whether an index answers it at once: a page from the start or behind a cursor, without filters."""
        return not asked.filters and asked.pattern is None and asked.window.offset == 0 and asked.window.limit <= 100

    def page(
        self, reader: Reader, asked: Asked, grant: Grant, parent: tuple[str, int] | None = None, counted: bool = True
    ) -> Found:
        """A page of the list, within the grant; with a parent only the rows that refer to it, which has to exist."""
        if parent is not None:
            asked = self._of_parent(reader, asked, *parent)
        view, window = self.shape.view(reader.actor, listed=True), asked.window
        column = asked.sort.removeprefix("-")
        session = reader.session
        with_total = counted and session.far and _is_whole(asked, grant)  # one journey instead of two
        given: dict[str, Any] = {"org_id": reader.org_id, "me": reader.actor.user_id, "limit": window.limit}
        given |= {f"f_{name}": value for name, value in asked.filters} | {"pattern": asked.pattern}
        given["dimension"] = self.record.stored_as
        if window.after is not None:
            given["last"], given["last_id"] = decoded(window.after, self.record.table.c[column])
        else:
            given["offset"] = window.offset
        statement = self._statement(asked, grant, view, with_total, given.get("last", "") is None)
        rows = session.run(statement, given)
        cursor, places = None, (*view.names, *_besides(view, column))
        if len(rows) == window.limit:
            key, last = (rows[-1][places.index(each)] for each in (column, "id"))
            cursor = encoded(key, last)
        total = rows[0][-1] if with_total and rows else self._total(reader, asked, grant, given) if counted else 0
        return Found(
            statement.on(session.dialect).shown(view.called)(rows),
            total or 0,
            window,
            cursor,
        )

    def _of_parent(self, reader: Reader, asked: Asked, name: str, row_id: int) -> Asked:
        target = self.record.fields[name].references
        reader.get(record_of(target) if isinstance(target, str) else target or self.record, row_id)
        return replace(asked, filters=(*asked.filters, (name, row_id)))

    def visible(self, history: list[dict[str, Any]], actor: Actor) -> list[dict[str, Any]]:
        """The history of a row without the fields that the actor may not see."""
        hidden = {*shown(self.record)} - {*self.shape.view(actor).names}
        if hidden:
            for entry in history:
                if (changes := entry["changes"]) is not None:
                    kept = orjson.loads(orjson.dumps(changes)).items()
                    entry["changes"] = {name: value for name, value in kept if name not in hidden}
        return history

    def _custom(self, name: str) -> Filter | None:
        return self._filters[name][1] if name in self._filters else None

    def _conditions(self, asked: Asked, grant: Grant) -> Iterator[sa.ColumnElement[bool]]:
        table = self.record.table
        yield table.c.org_id == sa.bindparam("org_id")
        if grant.scope is not None:
            yield grant.scope(self.record)
        for name, value in asked.filters:
            custom = self._custom(name)
            condition = table.c[name] == sa.bindparam(f"f_{name}") if custom is None else custom.condition(value)
            if condition is not None:
                yield condition
        if asked.pattern is not None:
            yield matches(table.c.folded, "pattern")

    def _key(self, asked: Asked, grant: Grant) -> tuple[Any, ...]:
        values = tuple((name, value if self._custom(name) else None) for name, value in asked.filters)
        return (grant.scope, values, asked.pattern is None)

    def _cached(self, key: tuple[Any, ...], make: Callable[[], S]) -> S:
        found: S | None = self._statements.get(key)
        if found is None:
            if len(self._statements) > 500:
                self._statements.clear()
            found = self._statements[key] = make()
        return found

    def _statement(self, asked: Asked, grant: Grant, view: View, with_total: bool, of_none: bool) -> Prepared:
        table, after = self.record.table, asked.window.after is not None
        key, row_id = table.c[asked.sort.removeprefix("-")], table.c.id
        down = asked.sort.startswith("-")

        def make() -> Prepared:
            found = sa.select(*view.columns, *(table.c[name] for name in _besides(view, key.name)))
            if with_total:
                found = found.add_columns(_every_row.scalar_subquery().label("total"))
            found = found.where(*self._conditions(asked, grant)).order_by(*order(key, row_id, down))
            found = found.limit(sa.bindparam("limit", type_=sa.BigInteger))
            if not after:
                return Prepared(found.offset(sa.bindparam("offset", type_=sa.BigInteger)))
            return Prepared(found.where(behind(key, row_id, down, of_none)))

        return self._cached((*self._key(asked, grant), view, asked.sort, after, with_total, of_none), make)

    def _total(self, reader: Reader, asked: Asked, grant: Grant, given: Mapping[str, Any]) -> int:
        if _is_whole(asked, grant):
            rows = reader.session.run(_kept_count, given)
            return rows[0][0] if rows else 0
        count = self._cached(
            ("count", *self._key(asked, grant)),
            lambda: Prepared(
                sa.select(sa.func.count()).select_from(self.record.table).where(*self._conditions(asked, grant))
            ),
        )
        return int(reader.session.run(count, given)[0][0])

    # One row.

    def read(self, reader: Reader, row_id: int, grant: Grant) -> tuple[dict[str, Any], int] | None:
        """One row within the grant, with its version."""
        statement = self._of_one(reader.actor, grant)
        rows = reader.session.run(statement.one, {"id": row_id, "org_id": reader.org_id, "me": reader.actor.user_id})
        return self._shown(statement, reader.session.dialect, reader.actor, rows[0]) if rows else None

    async def fetch(
        self, database: Database, actor: Actor, row_id: int, grant: Grant
    ) -> tuple[dict[str, Any], int] | None:
        """The same, asked for together with what others ask for at this moment."""
        statement = self._of_one(actor, grant)
        row = await database.row(actor.org_id, statement, row_id, actor.user_id)
        return None if row is None else self._shown(statement, database.dialect, actor, row)

    def _of_one(self, actor: Actor, grant: Grant) -> Keyed:
        view, table = self.shape.view(actor), self.record.table

        def make() -> Keyed:
            found = sa.select(*view.columns, table.c.version.label("row_version"))
            found = found.where(table.c.org_id == sa.bindparam("org_id"))
            return Keyed(found if grant.scope is None else found.where(grant.scope(self.record)), table.c.id)

        return self._cached(("one", grant.scope, view), make)

    def _shown(self, statement: Keyed, dialect: Dialect, actor: Actor, row: Row) -> tuple[dict[str, Any], int]:
        return statement.one.on(dialect).shown(self.shape.view(actor).called)([row])[0], row[-2]


def _is_whole(asked: Asked, grant: Grant) -> bool:
    """Whether every row of the organisation is in the list, so that their number is kept."""
    return not asked.filters and asked.pattern is None and grant.scope is None


def _besides(view: View, key: str) -> list[str]:
    """What the order needs of a row besides what is shown."""
    return [name for name in dict.fromkeys((key, "id")) if name not in view.names]


def _holds(custom: Filter, value: Any) -> bool:
    """Whether the condition of a filter can be made of a value, and each value in it is one of its column."""
    try:
        condition = custom.condition(value)
        parts = list(visitors.iterate(condition)) if condition is not None else []
        kinds = {
            part.right: part.left.type
            for part in parts
            if isinstance(part, sa.BinaryExpression) and isinstance(part.left, sa.Column)
        }
        return all(
            _takes(kinds.get(part, part.type), (part.value or ()) if part.expanding else (part.value,))
            for part in parts
            if isinstance(part, sa.BindParameter)
        )
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError):
        return False


def _takes(kind: sa.types.TypeEngine[Any], values: Iterable[Any]) -> bool:
    """Whether a type takes these values; what it converts them with raises, where it has such."""
    if isinstance(kind, sa.types.TypeDecorator):
        convert = kind.dialect_impl(ANY_DIALECT).bind_processor(ANY_DIALECT) or str
        for each in values:
            convert(each)
        return True
    wanted = object if isinstance(kind, sa.types.NullType) else kind.python_type
    fits = (each is None or isinstance(each, wanted) for each in values)
    return all(fits) and all(-LARGEST_ID <= each <= LARGEST_ID for each in values if type(each) is int)


def edit_row(ctx: Context, row: Record, changes: BaseModel) -> Record:
    """Assign what the request holds."""
    values = changes.model_dump(exclude_unset=True)
    there(ctx, type(row), values)
    for name, value in values.items():
        row.assign(row.fields[name], value)
    return row


def there(ctx: Context, record: type[Record], values: Mapping[str, Any]) -> None:
    """Raise Missing where a row is named that there is not, or that is another organisation's."""
    for name, row_id in values.items():
        target = record.fields[name].references
        if target is not None and row_id is not None:
            ctx.get(record_of(target) if isinstance(target, str) else target, row_id)


def delete_row(ctx: Context, row: Record) -> None:
    """Delete the row."""
    ctx.delete(row)
