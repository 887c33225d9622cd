"""No search that a module keeps goes through a whole table, whatever is asked for.

SQLite plans by what it is told of its indexes (`Database.weigh`), so an empty database tells the truth. PostgreSQL plans by
what it has counted: here of many rows that few kinds and states tell apart and no words do, where it would rather walk along
an order than look something up. It is asked for the plan that it keeps for any values, and forbidden to read a whole table
where an index helps: many answers are no fault of a search.
"""

import importlib
import pkgutil
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from tests.running import Copies
from tests.servers import Postgres

import tradehall.kernel
import tradehall.trades
from tradehall.kernel.kinds import Choice, Json, Utc
from tradehall.kernel.notices.ledger import Message, Notice, _same
from tradehall.kernel.records import METADATA, Find, Record
from tradehall.kernel.rows import standing_statement
from tradehall.kernel.trade import Trade
from tradehall.trades.laundry import trade as laundry
from tradehall.trades.phoneshop import models
from tradehall.trades.phoneshop import trade as phoneshop
from tradehall.trades.phoneshop.lives import _referring

ROWS = 1500
SQLITE, POSTGRES = (sa.make_url(each).get_dialect()() for each in ("sqlite://", "postgresql+asyncpg://"))
TELLS_NOTHING = {"org_id", "of_trade"}
WHOLE = {
    "MACHINES Machine": "the machines of a house",
    "PERIODS Period": "the terms of some years",
    "HOLIDAYS Holiday": "the holidays of some years",
    "ALL_OWN_WORDS Wording": "the templates of a trade that an owner words otherwise",
    "IN_REACH Refund": "the refunds of the repairs of others, between those that a technician sees",
    "LOW_PARTS SparePart": "the kinds of spare parts that a workshop keeps",
}
SMALL = {"laundry_machines.room_id": "the machines of a house"}
"""References of tables that do not grow."""
TOLD = ("Node Type", "Relation Name", "Index Name", "Index Cond", "Filter")
"""The searches that may read all rows of their organisation, and which those are."""


def standing() -> Iterator[tuple[str, Find[Any]]]:
    """Every search that a module keeps or makes by column, with what it is called."""
    for package in (tradehall.kernel, tradehall.trades):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in info.name:
                for name, value in vars(importlib.import_module(info.name)).items():
                    yield from ((name, each) for each in _finds(value))
    yield from (("_same", _same(record)) for record in (Message, Notice))
    for record, column in (
        (models.Sale, "customer_id"),
        (models.Swap, "received_phone_id"),
        (models.Refund, "sale_id"),
    ):
        yield "_referring", _referring(record, column)


def _finds(value: Any) -> Iterator[Find[Any]]:
    if isinstance(value, Find) and value.is_standing:
        yield value
    elif isinstance(value, tuple | list):
        for each in value:
            yield from _finds(each)
    elif isinstance(value, dict):
        yield from _finds([*value.values()])


SEARCHES = {f"{name} {each.record.__name__}": each for name, each in standing()}


def searches(trade: Trade) -> Iterator[tuple[str, Find[Any]]]:
    """Those that run in a trade."""
    for name, each in SEARCHES.items():
        if each.record.trade in ("kernel", trade.name):
            yield name, each


def narrows(index: str, columns: set[str]) -> bool:
    """Whether an index that is entered by these columns leads to few rows."""
    found = next((each for table in METADATA.tables.values() for each in table.indexes if each.name == index), None)
    where = None if found is None else found.dialect_options["sqlite"].get("where")
    holds_few = where is not None and not str(where).endswith("IS NOT NULL")
    return holds_few or bool(columns - TELLS_NOTHING)


def judged(name: str, search: Find[Any], narrow: bool, in_order: bool, plan: object) -> Iterator[str]:
    """What is wrong with the plan of a search."""
    is_bounded = not search.conditions and search.most is not None and in_order
    if not (narrow or is_bounded) and name not in WHOLE:
        yield f"{name} goes through all rows: {plan}"


def of_sqlite(name: str, search: Find[Any], connection: sqlite3.Connection) -> Iterator[str]:
    """What is wrong with how SQLite finds it."""
    text = standing_statement(search).on(SQLITE).text
    lines = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", [None] * text.count("?"))]
    mine = [line for line in lines if f" {search.record.stored_as}" in line]
    entered = (
        re.match(r"SEARCH \w+ USING (?:COVERING )?(?:INTEGER PRIMARY KEY|INDEX (\w+)) \((.*)\)", line) for line in mine
    )
    narrow = all(found and narrows(found[1] or "", set(re.findall(r"(\w+)[=<>]", found[2]))) for found in entered)
    yield from judged(name, search, narrow, not any("ORDER BY" in line for line in lines), lines)


def of_postgres(name: str, search: Find[Any], connection: psycopg.Connection) -> Iterator[str]:
    """What is wrong with how PostgreSQL finds it, for any values."""
    explain = f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {standing_statement(search).on(POSTGRES).text}"
    [[[plan]]] = connection.execute(explain.encode()).fetchall()
    nodes = list(_nodes(plan["Plan"]))
    mine = [node for node in nodes if node.get("Relation Name") == search.record.stored_as]
    indexes = [node for node in nodes if "Index Cond" in node or "Index Name" in node]
    reads = [node for node in mine if node["Node Type"] == "Seq Scan"]
    entered = (
        narrows(node["Index Name"], set(re.findall(r"\((\w+)\)?(?:::\w+)? [=<>I]", node.get("Index Cond", ""))))
        for node in indexes
        if search.record.stored_as in node["Index Name"]
    )
    narrow = not reads and all(entered)
    told = [" ".join(str(node[name]) for name in TOLD if name in node) for node in nodes]
    yield from judged(name, search, narrow, not any(node["Node Type"] == "Sort" for node in nodes), told)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def _value(column: sa.Column[Any], is_unique: bool) -> str:
    """What stands in a column of row `i`: references to many rows, but few people, states and kinds, and words that are alike."""
    kind, record = column.type, column.table.info.get("record")
    is_person = record is not None and record.fields[column.name].is_person
    simple: dict[type, str] = {
        Utc: "timestamptz '2026-01-01Z' + i * interval '1 minute'",
        sa.Boolean: "i % 2 = 0",
        sa.Date: "date '2026-01-01' + i::int / 100",
        Json: "'{}'",
    }
    if column.name in ("id", "org_id"):
        return "i" if column.name == "id" else "1"
    if isinstance(kind, Choice):
        return f"('{{{','.join(kind.values)}}}'::text[])[i % {len(kind.values)} + 1]"
    for each, text in simple.items():
        if isinstance(kind, each):
            return text
    if isinstance(kind, sa.String | sa.Text):
        word = "i" if is_unique else "1"
        return f"left(({word})::text, {getattr(kind, 'length', None) or 40})"
    return "i" if is_unique else "i % 5 + 1" if is_person else f"i * 7 % {ROWS // 4} + 1"


def fill(admin: psycopg.Connection) -> None:
    """Many rows in every table of a record, without regard to what a business would allow."""
    admin.execute("SET session_replication_role = replica")
    kept = "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace"
    for table, name in admin.execute(kept).fetchall():
        admin.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'.encode())
    there = {row[0] for row in admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    for table in METADATA.tables.values():
        record: type[Record] | None = table.info.get("record")
        if record is None or table.name not in there:
            continue
        unique = {list(index.columns)[-1].name for index in table.indexes if index.unique}
        names = [name for name in record.fields if name not in record.derived]
        values = [_value(table.c[name], name in unique) for name in names]
        given = [
            f"CASE WHEN i % 3 > 0 THEN {value} END" if table.c[name].nullable else value
            for name, value in zip(names, values, strict=True)
        ]
        called = ", ".join(f'"{name}"' for name in names)
        admin.execute(
            f"INSERT INTO {table.name} ({called}) OVERRIDING SYSTEM VALUE SELECT {', '.join(given)} "
            f"FROM generate_series(1, {ROWS}) AS i ON CONFLICT DO NOTHING".encode()
        )
    admin.execute("ANALYZE")


def test_whoever_is_referred_to_is_found_by_an_index() -> None:
    for table in METADATA.tables.values():
        record: type[Record] | None = table.info.get("record")
        if record is None or record.trade not in ("kernel", "phoneshop", "laundry"):
            continue
        entered = {tuple(each.name for each in index.columns)[:2] for index in table.indexes if not _is_partial(index)}
        for name, field in record.fields.items():
            assert field.references is None or ("org_id", name) in entered or f"{table.name}.{name}" in SMALL, (
                f"Which {record.plural} have a {name} is not to be seen without going through all"
            )


def _is_partial(index: sa.Index) -> bool:
    """Whether it lacks rows that refer to something."""
    where = index.dialect_options["sqlite"].get("where")
    return where is not None and str(where) != f"{list(index.columns)[:2][-1].name} IS NOT NULL"


@pytest.mark.parametrize("trade", [phoneshop, laundry], ids=lambda trade: trade.name)
def test_sqlite_goes_through_no_whole_table_for_a_search(trade: Trade, copies: Copies) -> None:
    with copies.copy("sqlite", trade) as url, closing(sqlite3.connect(url.split("///", 1)[1])) as connection:
        wrong = [each for name, search in searches(trade) for each in of_sqlite(name, search, connection)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("trade", [phoneshop, laundry], ids=lambda trade: trade.name)
def test_postgres_goes_through_no_whole_table_for_a_search(
    trade: Trade, copies: Copies, private_server: Postgres
) -> None:
    with copies.copy("postgresql", trade) as url:
        with psycopg.connect(private_server.admin(url.rsplit("/", 1)[1]), autocommit=True) as admin:
            fill(admin)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET enable_seqscan = off; SET tradehall.org = '1'")
            wrong = [each for name, search in searches(trade) for each in of_postgres(name, search, connection)]
    assert not wrong, "\n".join(wrong)
