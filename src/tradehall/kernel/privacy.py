"""Privacy: everything about one person, found over all trades of the organisation, shown or erased (P-39, row 44)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, create_model
from pydantic import Field as Limit

from tradehall.kernel import files, idempotency, jobs
from tradehall.kernel.columns import ID, Refers, json, person, text
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract
from tradehall.kernel.errors import Missing, field_error
from tradehall.kernel.events import history
from tradehall.kernel.kinds import show
from tradehall.kernel.people import erasure
from tradehall.kernel.persons import BELONGS, HOLDINGS, Subject
from tradehall.kernel.records import METADATA, Record, find, record_of, referrers
from tradehall.kernel.search import fold
from tradehall.kernel.verbs import Verb

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

ROOMS = (files, erasure, idempotency, jobs)
"""The rooms that say in `persons` what they hold: imported here, so that none is forgotten."""
MOST_ROWS = 10_000
Ids = frozenset[int]


class Privacy(Record, table="kernel_privacy"):
    """What was done for the privacy of somebody: exported, erased, or let go when its time was over."""

    of_trade = text(40)
    what = text(20)
    of = json()
    counts = json()
    by_user = person()


class Also(BaseModel):
    """The same person in another trade."""

    trade: Annotated[str, Limit(max_length=40)]
    record: Annotated[str, Limit(max_length=63)]
    id: Annotated[int, ID]


@dataclass(frozen=True)
class Named:
    """Who is meant, as the caller confirmed it: rows that are persons, and users."""

    rows: tuple[tuple[type[Record], int], ...]
    users: Ids


def persons(trades: Iterable["Trade"]) -> Iterator[type[Record]]:
    """The records of these trades that are persons."""
    names = {trade.name for trade in trades}
    for table in METADATA.sorted_tables:
        record = table.info.get("record")
        if record is not None and record.trade in names and record.contact:
            yield record


# Who is meant.


def _named(trade: "Trade", trades: tuple["Trade", ...], wish: Any) -> Named:
    rows = [
        (record, row_id) for record in persons([trade]) if (row_id := getattr(wish, _field(record), None)) is not None
    ]
    for each in wish.also:
        there = next((one for one in trades if one.name == each.trade), None)
        record = next((one for one in persons([there] if there else []) if one.plural == each.record), None)
        if record is None:
            raise field_error(["body", "also"], f"There are no persons {each.record} in {each.trade}")
        rows.append((record, each.id))
    users = frozenset() if wish.user_id is None else frozenset([wish.user_id])
    if not rows and not users:
        raise field_error(["body"], "Say who is meant", "missing")
    return Named(tuple(rows), users)


def _field(record: type[Record]) -> str:
    return f"{record.__name__.lower()}_id"


def _table(record: type[Record]) -> str:
    return str(record.table.name)  # plain, since JSON takes no other


class Search:
    """Everything that belongs to one person, found from what was named."""

    def __init__(self, ctx: Context, trades: tuple["Trade", ...], named: Named) -> None:
        self.ctx = ctx
        self.open = {trade.name for trade in trades} | {"kernel"}
        self.persons = tuple(persons(trades))
        self.named = named
        self.found: dict[type[Record], dict[int, Record]] = {}
        for record, row_id in named.rows:
            self._keep(ctx.get(record, row_id))
        self.names = erasure.names_of(ctx.session, ctx.org_id, named.users)
        if named.users - {row.user_id for row in self.names}:
            raise Missing("User not found")
        self.addresses = frozenset(self._addresses())
        self._follow([row for rows in self.found.values() for row in rows.values()])
        for record, (rule, _) in BELONGS.items():
            if record.trade in self.open:  # the tables of a trade that is not open here may not be there
                for row in ctx.all(find(record, rule(self.subject)).first(MOST_ROWS)):
                    self._keep(row)

    @property
    def subject(self) -> Subject:
        """The person, as far as they are found."""
        rows = {_table(record): frozenset(rows) for record, rows in self.found.items()}
        said = (value for found in self.found.values() for row in found.values() for value in _words(row))
        return Subject(rows, self.named.users, self.addresses, self.addresses | set(said))

    def _keep(self, row: Record) -> bool:
        rows = self.found.setdefault(type(row), {})
        new = row.id not in rows
        rows[row.id] = row
        return new

    def _addresses(self) -> Iterator[str]:
        yield from (row.shown for row in self.names)
        for record, rows in self.found.items():
            for row in rows.values():
                yield from (row.values[record.contact[how]] for how in ("email", "phone")
                            if how in record.contact and row.values[record.contact[how]])  # fmt: skip

    def _follow(self, rows: list[Record]) -> None:
        """Find the rows that refer to these, and those that refer to them, but nothing that is another person's."""
        while rows:
            row = rows.pop()
            for record, field in referrers(type(row)):
                if record.trade in self.open:
                    same = find(record, record.table.c[field.name] == row.id).first(MOST_ROWS)
                    rows += [each for each in self.ctx.all(same) if not self._of_another(each) and self._keep(each)]

    def _of_another(self, row: Record) -> bool:
        for name, field in type(row).fields.items():
            target = record_of(field.references) if isinstance(field.references, str) else field.references
            if target in self.persons and (row_id := row.values[name]) and row_id not in self.found.get(target, {}):
                return True
        return type(row) in self.persons

    def candidates(self) -> list[dict[str, Any]]:
        """Who else is reached in the same way: perhaps the same person, which only the caller can know."""
        return [*self._rows_alike(), *self._users_alike()]

    def _rows_alike(self) -> Iterator[dict[str, Any]]:
        alike = {fold(each) for each in self.addresses}
        for record in self.persons if alike else ():
            columns = [record.table.c[record.contact[how]] for how in ("email", "phone") if how in record.contact]
            if not columns:
                continue
            same = sa.or_(*(sa.func.lower(column).in_(alike) for column in columns))
            for row in self.ctx.all(find(record, same).first(100)):
                if row.id not in self.found.get(record, {}):
                    known_by = [
                        how for how, name in record.contact.items() if fold(str(row.values[name] or "")) in alike
                    ]
                    yield {"trade": record.trade, "record": record.plural, "id": row.id, "same": known_by}

    def _users_alike(self) -> Iterator[dict[str, Any]]:
        for row in erasure.reached_as(self.ctx.session, self.ctx.org_id, frozenset(map(fold, self.addresses))):
            if row.user_id not in self.named.users:
                yield {"trade": row.trade, "record": "users", "id": row.user_id, "same": [row.kind]}


# What is asked for.


def _export(ctx: Context, wish: BaseModel) -> dict[str, Any]:
    search = Search(ctx, ctx.prepared, _named(ctx.trade, ctx.prepared, wish))
    holdings = {name: each.export(ctx.session, ctx.org_id, search.subject) for name, each in HOLDINGS.items()}
    rows = {_table(record): [_shown(row) for row in found.values()] for record, found in search.found.items() if found}
    logged = {
        table: {str(row["id"]): history(ctx.session, ctx.org_id, table, row["id"], 2**62, 1000) for row in found}
        for table, found in rows.items()
    }
    counts = {table: len(found) for table, found in (rows | holdings).items() if found}
    _noted(ctx, "export", search, counts)
    return {"exported_at": show(ctx.now), "counts": counts, "rows": rows, **holdings, "history": logged,
            "candidates": search.candidates()}  # fmt: skip


def _shown(row: Record) -> dict[str, Any]:
    hidden = {"org_id", "version", "folded"} | {name for name, field in row.fields.items() if field.secret}
    return {name: show(value) for name, value in row.values.items() if name not in hidden}


def _erase(ctx: Context, wish: BaseModel) -> dict[str, Any]:
    search = Search(ctx, ctx.prepared, _named(ctx.trade, ctx.prepared, wish))
    subject, candidates = search.subject, search.candidates()
    counts: dict[str, int] = {}
    for record, rows in search.found.items():
        _, instead = BELONGS.get(record, (None, None))
        for row in rows.values():
            if instead is not None:
                instead(ctx, row)
            elif not _blank(ctx, row):
                continue
            counts[_table(record)] = counts.get(_table(record), 0) + 1
    for name, holding in HOLDINGS.items():
        if number := holding.erase(ctx, subject):
            counts[name] = number
    idempotency.erase_answers(ctx.session, ctx.org_id, subject.words)
    _noted(ctx, "erase", search, counts)
    return {"counts": counts, "candidates": candidates}


def _words(row: Record) -> Iterator[str]:
    for name, field in row.fields.items():
        if field.personal and isinstance(value := row.values[name], str) and value:
            yield value


def _blank(ctx: Context, row: Record) -> bool:
    """Blank what is personal in a row; whether there was anything."""
    personal = {name: field for name, field in row.fields.items() if field.personal}
    if not personal:
        return False
    called = row.contact.get("name")
    blanks: dict[str, Any] = {
        name: "Erased"
        if name == called
        else None
        if field.optional
        else ""
        if isinstance(row.values[name], str)
        else {}
        for name, field in personal.items()
    }
    ctx.erase(row, **blanks)
    return True


def _noted(ctx: Context, what: str, search: Search, counts: dict[str, int]) -> None:
    of = [[_table(record), row_id] for record, row_id in search.named.rows]
    of += [["users", user_id] for user_id in sorted(search.named.users)]
    ctx.add(Privacy(of_trade=ctx.trade.name, what=what, of=of, counts=counts, by_user=ctx.actor.user_id))


def paths(trade: "Trade") -> Iterator[Contract]:
    """The paths of privacy in a trade."""
    fields: dict[str, Any] = {
        _field(record): (Annotated[int | None, ID, Refers(record)], None) for record in persons([trade])
    }
    model = create_model("PersonReference", **fields, user_id=(Annotated[int | None, ID], None),
                         also=(Annotated[list[Also], Limit(max_length=20)], Limit(default_factory=list)))  # fmt: skip

    async def prepare(office: "Office", trade: "Trade", call: "Call") -> tuple["Trade", ...]:
        return tuple(office.trades.values())

    shown = "Everything that is kept about a person, in every trade of the organisation."
    gone = "Erase what is personal of a person; what has to be kept stays without it."
    export: Verb[Any, Any] = Verb("export", Privacy, trade.owner, _export, False, model, shown, prepare=prepare)
    erase: Verb[Any, Any] = Verb("erase", Privacy, trade.owner, _erase, False, model, gone, prepare=prepare)
    yield Contract("POST", f"{trade.prefix}/privacy/export", export, 200, secret=True, changes=dict)
    yield Contract("POST", f"{trade.prefix}/privacy/erase", erase, 200, changes=dict)
