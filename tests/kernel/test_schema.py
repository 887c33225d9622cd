"""Migrations: up, down and up again loses nothing, whoever starts at the same time, on either database."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from sqlalchemy.engine import Connection

from tests.kernel import stall
from tests.kernel.floor import Floor, bring
from tests.kernel.later import COLOUR, LONGER, SHAPE, Step, brought_to, later
from tests.running import Copies
from tests.servers import Postgres
from tradehall.kernel.backup import Lock, Source, make
from tradehall.kernel.context import Context
from tradehall.kernel.database import Database, open_database
from tradehall.kernel.office import utc_now
from tradehall.kernel.records import KERNEL
from tradehall.kernel.schema import SchemaError, migrate, pending, revise, scripts
from tradehall.kernel.trade import Trade
from tradehall.kernel.versions import HERE as KERNEL_HERE
from tradehall.kernel.versions import branches, is_current
from tradehall.trades import laundry, phoneshop


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'empty.db'}"
    server: Postgres = request.getfixturevalue("private_server")
    return server.database(f"empty_{abs(hash(tmp_path)) % 10**9}")


def replay(database: Database, trade: Trade, revision: str, folders: dict[str, Path] | None = None) -> None:
    """Go down to a revision of a branch, as an operator would with Alembic."""
    directory = scripts(folders or branches([trade]))

    def change(connection: Connection) -> None:
        def steps(current: Any, _: Any) -> Any:
            return directory._downgrade_revs(revision, current)

        context = MigrationContext.configure(connection, opts={"fn": steps, "render_as_batch": True})
        with Operations.context(context):
            context.run_migrations()

    database.migrate(change)


def tables(database: Database) -> set[str]:
    return set(database.ask(0, lambda session: sa.inspect(session.connection).get_table_names()))


@pytest.mark.parametrize("trade", [stall.trade, phoneshop.trade], ids=["stall", "phoneshop"])
def test_row_29_up_down_and_up_again_leaves_the_same_schema(empty_url: str, trade: Trade) -> None:
    database = open_database(empty_url, Path())
    assert migrate(database, [trade])[-1] == f"{trade.name}_0001"
    before = described(database)
    replay(database, trade, f"{trade.name}@base")
    assert not any(name.startswith(trade.name) for name in tables(database))
    replay(database, trade, f"{KERNEL}@base")
    assert tables(database) <= {"alembic_version", "sqlite_sequence"}
    assert migrate(database, [trade])[-1] == f"{trade.name}_0001"
    assert described(database) == before
    assert migrate(database, [trade]) == []
    assert pending(database, [trade]) == []


def described(database: Database) -> dict[str, Any]:
    """Every table with its columns, indexes, checks and references."""

    def query(connection: Connection) -> Iterator[tuple[str, Any]]:
        inspector = sa.inspect(connection)
        for table in inspector.get_table_names():
            columns = [(each["name"], str(each["type"]), each["nullable"]) for each in inspector.get_columns(table)]
            indexes = sorted(str(each["name"]) for each in inspector.get_indexes(table))
            checks = sorted(str(each["name"]) for each in inspector.get_check_constraints(table))
            keys = sorted(str(each["name"]) for each in inspector.get_foreign_keys(table))
            yield table, (columns, indexes, checks, keys)

    return database.ask(0, lambda session: dict(query(session.connection)))


async def test_row_29_going_down_in_a_trade_and_up_again_keeps_the_rows_of_the_kernel(
    floor: Floor, database_url: str
) -> None:
    await floor.do(bring("a"))
    events = await floor.verbs()
    database = open_database(database_url, Path())
    await asyncio.to_thread(replay, database, stall.trade, "stall@base")
    await asyncio.to_thread(migrate, database, [stall.trade])
    assert await floor.verbs() == events
    assert await floor.labels() == []


def test_p_34_a_trade_joins_a_database_that_holds_another_one(empty_url: str) -> None:
    database, shop, wash = open_database(empty_url, Path()), [phoneshop.trade], [laundry.trade]
    assert migrate(database, shop) == ["phoneshop_0001"]
    assert pending(database, wash) == ["laundry_0001"]
    assert is_current(database, wash) is False
    assert migrate(database, wash) == ["laundry_0001"]
    assert migrate(database, shop) == []
    assert pending(database, wash) == []
    assert [is_current(database, each) for each in (shop, wash, shop + wash)] == [True, True, True]
    assert {"phoneshop_phones", "laundry_machines"} <= tables(database)


@pytest.mark.parametrize(
    ("branch", "folder"),
    [(KERNEL, KERNEL_HERE), ("phoneshop", phoneshop.trade.migrations), ("stall", stall.trade.migrations)],
)
def test_what_is_declared_is_what_the_migrations_leave_so_that_there_is_nothing_to_write(
    branch: str, folder: Path
) -> None:
    before = sorted(path.name for path in folder.glob("*.py"))
    try:
        written = revise(branch, folder, [phoneshop.trade, stall.trade], "forgotten")
        assert written is None, written.read_text()
    finally:
        for path in folder.glob("*_forgotten.py"):
            path.unlink()
    assert sorted(path.name for path in folder.glob("*.py")) == before


def newer(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'stall_0099' WHERE version_num = 'stall_0001'")


def test_row_29_a_database_of_a_newer_version_is_refused_and_left_as_it_is(
    copies: Copies, trade: Trade, request: pytest.FixtureRequest
) -> None:
    for kind in ("sqlite", "postgresql"):
        with copies.copy(kind, trade) as url:
            database = open_database(url, Path())
            database.migrate(newer)
            before = described(database)
            with pytest.raises(SchemaError, match="another version of Tradehall: it holds stall_0099"):
                migrate(database, [trade])
            assert described(database) == before


# One version and the next (P-34).


def digests(url: str, tmp_path: Path) -> dict[str, list[tuple[str, int]]]:
    """The digests of every row, whatever the schema."""
    made = make(Source(open_database(url, Path())), tmp_path / "rows.backup", Lock(), utc_now())
    made.path.unlink()
    return made.manifest.blocks


async def test_row_29_a_version_works_on_the_next_one_s_schema_and_refuses_the_one_after(
    floor: Floor, database_url: str, tmp_path: Path
) -> None:
    ours = [stall.trade]

    def check() -> tuple[bool, list[str], list[str]]:
        other = open_database(database_url, Path())
        return is_current(other, ours), migrate(other, ours), pending(other, ours)

    def install(*steps: Step) -> list[str]:
        return brought_to(open_database(database_url, Path()), later(tmp_path, *steps))

    await floor.do(bring("before"))
    assert await asyncio.to_thread(install, COLOUR) == ["stall_0002"]
    assert await asyncio.to_thread(check) == (True, [], [])
    await floor.do(bring("meanwhile"))
    assert await floor.labels() == ["before", "meanwhile"]
    assert await floor.wrong() == []
    assert await asyncio.to_thread(install, COLOUR, SHAPE) == ["stall_0003"]
    with pytest.raises(SchemaError, match="another version of Tradehall: it holds stall_0003"):
        await asyncio.to_thread(check)
    other = open_database(database_url, Path())
    assert await asyncio.to_thread(is_current, other, ours) is False
    assert await floor.labels() == ["before", "meanwhile"]


async def test_row_29_a_version_of_several_steps_is_the_next_one_and_one_that_changes_something_is_refused(
    floor: Floor, database_url: str, tmp_path: Path
) -> None:
    database = open_database(database_url, Path())
    assert await asyncio.to_thread(brought_to, database, later(tmp_path, COLOUR, SHAPE)) == ["stall_0003"]
    assert await asyncio.to_thread(is_current, database, [stall.trade]) is True
    assert await asyncio.to_thread(brought_to, database, later(tmp_path, COLOUR, SHAPE, LONGER)) == ["stall_0004"]
    assert await asyncio.to_thread(is_current, database, [stall.trade]) is False
    with pytest.raises(SchemaError, match="it holds stall_0004"):
        await asyncio.to_thread(migrate, database, [stall.trade])


async def test_row_29_up_down_and_up_again_in_a_filled_schema_loses_no_row(
    floor: Floor, database_url: str, tmp_path: Path
) -> None:
    crates = [await floor.do(bring(f"crate {number}")) for number in range(20)]
    for crate in crates:
        await floor.rule(partial(hang, crate.id))
    before = await asyncio.to_thread(digests, database_url, tmp_path)
    assert sum(count for _, count in before["stall_tags"]) == 20
    folders = later(tmp_path, COLOUR, LONGER)
    database = open_database(database_url, Path())
    for _ in range(2):
        assert await asyncio.to_thread(brought_to, database, folders) == ["stall_0003"]
        up = await asyncio.to_thread(digests, database_url, tmp_path)
        assert {name: sum(n for _, n in found) for name, found in up.items()} == {
            name: sum(n for _, n in found) for name, found in before.items()
        }
        await asyncio.to_thread(replay, database, stall.trade, "stall@stall_0001", folders)
        assert await asyncio.to_thread(digests, database_url, tmp_path) == before
    await floor.do(bring("later"))
    assert await floor.wrong() == []


def hang(crate_id: int, ctx: Context) -> None:
    """Hang a tag on a crate: a row that refers to it."""
    ctx.do(stall.tag, ctx.get(stall.Crate, crate_id), stall.Word(word="sweet"))


START = """
import sys
from pathlib import Path
from tests.kernel import stall
from tradehall.kernel.database import open_database
from tradehall.kernel.office import utc_now
from tradehall.kernel.schema import migrate
from tradehall.founding import first_organisation

print("ready", flush=True)
sys.stdin.readline()
database = open_database(sys.argv[1], Path())
applied = migrate(database, [stall.trade])
print(bool(applied), first_organisation(database, utc_now(), "Ours"))
"""


def test_row_29_four_starts_at_once_migrate_once_and_found_one_organisation(empty_url: str, tmp_path: Path) -> None:
    ended = four_at_once(START, empty_url, tmp_path)
    assert [errors for _, errors in ended] == [""] * 4
    assert sorted(said for said, _ in ended) == ["False 1", "False 1", "False 1", "True 1"]


def four_at_once(program: str, url: str, folder: Path) -> list[tuple[str, str]]:
    """Run a program in four processes that go on at the same moment; what each said, and complained of."""
    pipe = subprocess.PIPE
    starts = []
    for number in range(4):
        place = folder / f"start_{number}"
        place.mkdir()
        words = [sys.executable, "-c", program, url, str(place)]
        starts.append(subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe, text=True))
    for each in starts:
        assert each.stdout
        assert each.stdout.readline() == "ready\n"
    return [communicated(each) for each in starts_together(starts)]


NEXT = """
import sys
from pathlib import Path
from tests.kernel.later import COLOUR, LONGER, brought_to, later
from tradehall.kernel.database import open_database

folders = later(Path(sys.argv[2]), COLOUR, LONGER)
print("ready", flush=True)
sys.stdin.readline()
print(brought_to(open_database(sys.argv[1], Path()), folders))
"""


async def test_row_29_four_starts_of_a_new_version_at_once_migrate_a_filled_schema_once(
    floor: Floor, database_url: str, tmp_path: Path
) -> None:
    for number in range(20):
        await floor.do(bring(f"crate {number}"))
    ended = await asyncio.to_thread(four_at_once, NEXT, database_url, tmp_path)
    assert [errors for _, errors in ended] == [""] * 4
    assert sorted(said for said, _ in ended) == ["['stall_0003']", "[]", "[]", "[]"]
    assert len(await floor.labels()) == 20
    assert await floor.wrong() == []


def starts_together(starts: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    """Tell all of them to go."""
    for each in starts:
        assert each.stdin
        each.stdin.write("go\n")
        each.stdin.flush()
    return starts


def communicated(start: subprocess.Popen[str]) -> tuple[str, str]:
    """What a process said, and what it complained of."""
    said, errors = start.communicate(timeout=60)
    return said.strip(), errors.strip()[-400:]
