"""No row of one organisation is seen, written or pointed to by another: the database itself sees to it."""

import asyncio
import sqlite3
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from tests.kernel.floor import HERE, NOW, THERE, Floor, Keyed, bring
from tests.kernel.stall import Crate, NewCrate, Tag
from tests.kernel.stall import bring as bringing
from tradehall.kernel.context import Context
from tradehall.kernel.database import open_database
from tradehall.kernel.errors import Missing, Refused
from tradehall.kernel.records import METADATA, find
from tradehall.kernel.verbs import act

SCOPED = sorted(name for name, table in METADATA.tables.items() if table.info.get("by_org"))


async def filled(floor: Floor) -> int:
    """A crate with a tag here, one there; the id of the one here."""
    crate_id = int((await floor.do(bring("a"))).id)
    await floor.do(Keyed("k", "b"))
    await floor.rule(lambda ctx: ctx.do(bringing, NewCrate(label="a")), THERE)
    return crate_id


async def test_row_9_a_row_of_another_organisation_is_as_one_that_does_not_exist(floor: Floor) -> None:
    crate_id = await filled(floor)
    with pytest.raises(Missing, match="Crate not found"):
        await floor.rule(lambda ctx: ctx.get(Crate, crate_id), THERE)
    assert await floor.rule(lambda ctx: ctx.find(Crate, crate_id), THERE) is None
    assert await floor.rule(lambda ctx: [row.id for row in ctx.all(find(Crate))], THERE) != [crate_id]
    assert await floor.rule(lambda ctx: (ctx.count(find(Crate)), ctx.totals("rows")["stall_crates"].count), THERE) == (
        1,
        1,
    )


async def test_row_9_no_reference_crosses_organisations(floor: Floor) -> None:
    crate_id = await filled(floor)

    @act(Crate, by=())
    def dangle(ctx: Context) -> None:
        """Point to a row of somebody else."""
        ctx.add(Tag(crate_id=crate_id, word="mine now"))

    with pytest.raises(Refused) as refused:
        await floor.rule(lambda ctx: ctx.do(dangle), THERE)
    assert refused.value.code == "reference"
    row = f"{THERE}, 1, '{NOW.isoformat()}', '{NOW.isoformat()}', {crate_id}, 'x'"
    orphan = f"INSERT INTO stall_tags (org_id, version, created_at, updated_at, crate_id, word) VALUES ({row})"
    with floor.plain() as plain:
        if floor.on_sqlite:
            plain.execute("PRAGMA foreign_keys=ON")
        with pytest.raises((sqlite3.IntegrityError, psycopg.errors.ForeignKeyViolation)):
            plain.execute(orphan)
    assert await floor.tags() == 0


async def test_row_9_every_reference_between_business_rows_names_the_organisation(floor: Floor) -> None:
    wrong = [
        f"{table.name}.{key.name}"
        for table in METADATA.tables.values()
        if "record" in table.info
        for key in table.foreign_key_constraints
        if key.column_keys[0] != "org_id" or next(each.column.name for each in key.elements) != "org_id"
    ]
    assert wrong == []


async def test_row_level_security_is_forced_on_every_table_of_an_organisation(floor: Floor) -> None:
    if floor.on_sqlite:
        pytest.skip("SQLite has none")
    found = floor.sql("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity ORDER BY relname")
    tables = {name for (name,) in floor.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert [name for (name,) in found] == [name for name in SCOPED if name in tables]
    with_org = floor.sql("SELECT table_name FROM information_schema.columns WHERE column_name = 'org_id'")
    assert {name for (name,) in with_org} - {name for (name,) in found} == {
        "kernel_jobs",
        "memberships",
        "one_time_links",
        "sessions",
    }


async def test_row_9_whoever_connects_as_the_application_sees_and_writes_its_own_organisation_alone(
    floor: Floor, database_url: str
) -> None:
    if floor.on_sqlite:
        pytest.skip("SQLite has no row-level security")
    await filled(floor)
    tables = [name for name in SCOPED if name in {row[0] for row in floor.sql("SELECT tablename FROM pg_tables")}]
    with psycopg.connect(database_url, autocommit=True) as nobody:
        for table in tables:
            assert nobody.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    with psycopg.connect(database_url, autocommit=True) as there:
        there.execute(f"SET tradehall.org = '{THERE}'")
        for table in tables:
            others = there.execute(f"SELECT count(*) FROM {table} WHERE org_id <> {THERE}").fetchone()
            assert others == (0,), table
            assert there.execute(f"UPDATE {table} SET org_id = org_id WHERE org_id = {HERE}").rowcount == 0
            assert there.execute(f"DELETE FROM {table} WHERE org_id = {HERE}").rowcount == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            there.execute(f"INSERT INTO numbers (org_id, series, value) VALUES ({HERE}, 'stolen', 1)")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            there.execute(f"UPDATE stall_crates SET org_id = {HERE}")
    assert len(await floor.labels()) == 2
    assert await floor.wrong() == []


async def test_a_role_that_row_level_security_does_not_bind_is_refused(floor: Floor, database_url: str) -> None:
    if floor.on_sqlite:
        pytest.skip("SQLite has no roles")
    refusing, serving = open_database(floor.admin_url, Path()), open_database(database_url, Path())
    with pytest.raises(RuntimeError, match="superuser or BYPASSRLS"):
        await asyncio.to_thread(refusing.check)
    await asyncio.to_thread(serving.check)


async def test_p_42_a_database_that_is_not_unicode_is_refused(floor: Floor, database_url: str) -> None:
    if floor.on_sqlite:
        pytest.skip("SQLite knows Unicode alone")
    with psycopg.connect(floor.admin_url, autocommit=True) as admin:
        admin.execute("DROP DATABASE IF EXISTS ascii WITH (FORCE)")
        of = (
            "ENCODING 'SQL_ASCII' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"  # as of a server without a locale
        )
        admin.execute(f"CREATE DATABASE ascii OWNER tradehall {of}")
    refusing = open_database(f"{database_url.rsplit('/', 1)[0]}/ascii", Path())
    with pytest.raises(RuntimeError, match="is kept in SQL_ASCII"):
        await asyncio.to_thread(refusing.check)


async def test_a_transaction_leaves_no_organisation_behind_on_its_connection(floor: Floor) -> None:
    if floor.on_sqlite:
        pytest.skip("SQLite has no settings of a connection")
    await filled(floor)
    count = sa.select(sa.func.count()).select_from(Crate.table)
    assert await floor.read(lambda session: session.execute(count).scalar(), 0) == 0
    assert await floor.read(lambda session: session.execute(count).scalar(), HERE) == 2
    assert await floor.read(lambda session: session.execute(count).scalar(), THERE) == 1
    assert await floor.read(lambda session: session.execute(count).scalar(), 0) == 0
