"""Migrations: one labelled branch for the kernel and one for each trade, written from the declarations."""

from collections.abc import Iterable, Iterator, Set
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.config import Config
from alembic.operations import Operations
from alembic.operations.ops import AddColumnOp, CreateIndexOp, CreateTableOp, MigrationScript, ModifyTableOps
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection

from tradehall.kernel import (
    checks,
    comments,
    events,
    feed,
    files,
    idempotency,
    jobs,
    keeping,
    keys,
    numbers,
    people,
    preferences,
    privacy,
    reports,
    subjects,
    tickets,
    versions,
    views,
)
from tradehall.kernel.database import Database
from tradehall.kernel.database.walls import policies
from tradehall.kernel.kinds import Choice, Json, Scaled, Utc
from tradehall.kernel.notices import ledger, templates
from tradehall.kernel.records import KERNEL, METADATA
from tradehall.kernel.trade import Trade
from tradehall.kernel.transfer import preparing as exports
from tradehall.kernel.transfer import records as imports
from tradehall.kernel.versions import HERE, branches, by_branch, fits, note, ours, standing
from tradehall.kernel.webhooks import records as webhooks

ROOMS = (
    checks,
    comments,
    events,
    exports,
    files,
    idempotency,
    imports,
    jobs,
    keeping,
    keys,
    ledger,
    numbers,
    people,
    preferences,
    privacy,
    reports,
    subjects,
    templates,
    tickets,
    webhooks,
    versions,
    views,
)
"""The modules whose tables are the kernel's own branch: imported here, so that none is forgotten."""


class SchemaError(RuntimeError):
    """The schema of the database is not one that this version can serve."""


def scripts(folders: dict[str, Path]) -> ScriptDirectory:
    """The revisions of all branches."""
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(str(path) for path in folders.values()))
    return ScriptDirectory.from_config(config)


def migrate(database: Database, trades: Iterable[Trade]) -> list[str]:
    """Bring the schema up to date, one process at a time; gives the revisions that were applied."""
    folders = branches(trades)
    applied: list[str] = []

    def change(connection: Connection) -> None:
        applied.extend(advance(connection, folders))
        feed.begin_epoch(connection)

    database.migrate(change)
    return applied


def advance(connection: Connection, folders: dict[str, Path], goal: str | tuple[str, ...] = "heads") -> list[str]:
    """Bring the schema up to these revisions, or all; gives those that were applied."""
    directory = scripts(folders)

    def steps(current: Any, _: Any) -> Any:
        return directory._upgrade_revs(goal, tuple(standing(current, folders)))  # type: ignore[arg-type]  # Alembic takes several heads, and declares one

    context = MigrationContext.configure(
        connection, opts={"fn": steps, "render_as_batch": True, "transactional_ddl": False}
    )
    before = set(context.get_current_heads())
    known = {revision.revision for revision in directory.walk_revisions()}
    wanted = before if goal == "heads" else before | set(goal)
    if unknown := ours(wanted, folders) - known:
        if goal == "heads" and fits(connection, folders):
            return []
        raise SchemaError(f"the database is of another version of Tradehall: it holds {', '.join(sorted(unknown))}")
    with Operations.context(context):
        context.run_migrations()
    after = set(context.get_current_heads())
    _note(connection, directory, by_branch(standing(before, folders)), by_branch(standing(after, folders)))
    return sorted(after - before)


def _note(connection: Connection, directory: ScriptDirectory, before: dict[str, str], after: dict[str, str]) -> None:
    for branch, last in after.items():
        former = before.get(branch)
        if former == last:
            continue
        steps = directory.walk_revisions(former, last) if former else ()
        only_adds = all(getattr(step.module, "additive", False) for step in steps if step.revision != former)
        note(connection, branch, last, former if former and only_adds else last)


def pending(database: Database, trades: Iterable[Trade]) -> list[str]:
    """The revisions that the database lacks."""
    folders = branches(trades)
    directory = scripts(folders)

    def lacking(connection: Connection) -> list[str]:
        if fits(connection, folders):
            return []
        current = standing(MigrationContext.configure(connection).get_current_heads(), folders)
        steps = directory._upgrade_revs("heads", tuple(current))  # type: ignore[arg-type]  # Alembic takes several heads, and declares one
        return [step.revision.revision for step in steps]

    return database.ask(0, lambda session: lacking(session.connection))


def mine(name: str, branch: str) -> bool:
    """Whether a table belongs to a branch."""
    record = METADATA.tables[name].info.get("record") if name in METADATA.tables else None
    return (record.trade if record is not None else KERNEL) == branch


def revise(branch: str, folder: Path, trades: Iterable[Trade], message: str) -> Path | None:
    """Write the migration that leads from a branch's revisions to its declarations; None where nothing changed."""
    folders = branches(trades) | {branch: folder}
    folder.mkdir(parents=True, exist_ok=True)
    directory = scripts(folders)
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        _replay(connection, directory, branch)
        context = MigrationContext.configure(
            connection, opts={"render_as_batch": True, "include_object": _only(branch), "compare_type": True,
                              "render_item": _rendered, "target_metadata": METADATA, "user_module_prefix": None}
        )  # fmt: skip
        script = produce_migrations(context, METADATA)
        return _write(script, context, _own_heads(directory, branch), branch, folder, message)


def _replay(connection: Connection, directory: ScriptDirectory, branch: str) -> None:
    def steps(current: Any, _: Any) -> Any:
        wanted: Any = f"{branch}@head" if _own_heads(directory, branch) else ()
        return directory._upgrade_revs(wanted, current)

    context = MigrationContext.configure(connection, opts={"fn": steps, "render_as_batch": True})
    with Operations.context(context):
        context.run_migrations()


def _own_heads(directory: ScriptDirectory, branch: str) -> list[str]:
    return [
        revision.revision
        for revision in directory.walk_revisions()
        if revision.is_head and branch in directory.get_revision(revision.revision).branch_labels
    ]


def _only(branch: str) -> Any:
    def include(item: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
        table = item if kind == "table" else getattr(item, "table", None)
        return table is None or (table.name != "alembic_version" and mine(table.name, branch))

    return include


def _rendered(kind: str, item: Any, context: Any) -> str | Literal[False]:
    if kind != "type":
        return False
    if isinstance(item, Scaled):
        return "sa.BigInteger()"
    if isinstance(item, Utc):
        return "sa.DateTime(timezone=True).with_variant(sa.String(27), 'sqlite')"
    if isinstance(item, Choice):
        return "sa.String(40)"
    return "sa.Text()" if isinstance(item, Json) else False


FILE = '''"""{title}."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {down}
branch_labels = {labels}
depends_on = {needs}
additive = {additive}


def upgrade() -> None:
    {upgrade}
{more}

def downgrade() -> None:
{less}    {downgrade}
'''


def _write(
    script: MigrationScript, context: MigrationContext, parents: list[str], branch: str, folder: Path, message: str
) -> Path | None:
    upgrade, downgrade = script.upgrade_ops, script.downgrade_ops
    if upgrade is None or downgrade is None or upgrade.is_empty():
        return None
    created = [each for each in upgrade.ops if isinstance(each, CreateTableOp)]
    for each in created:
        each.kw.pop("info", None)
        each.info.clear()
    tables = [METADATA.tables[each.table_name] for each in created]
    number = len(list(folder.glob("[0-9]*.py"))) + 1
    path = folder / f"{number:04d}_{message.lower().replace(' ', '_')}.py"
    text = FILE.format(
        title=message.capitalize(),
        revision=f"{branch}_{number:04d}",
        down=f'"{parents[0]}"' if parents else "None",
        labels="None" if parents else f'("{branch}",)',
        needs="None" if branch == KERNEL or parents else f'"{KERNEL}_0001"',
        additive=all(_adds(each, {table.name for table in tables}) for each in upgrade.ops),
        upgrade=_code(upgrade, context),
        downgrade=_code(downgrade, context),
        more="".join(f"{line}\n" for line in _on_postgres(_raised(tables))),
        less="".join(f"{line}\n" for line in _on_postgres(_lowered(tables))),
    )
    path.write_text(text)
    return path


def _adds(change: Any, created: Set[str]) -> bool:
    """Whether code that does not know of a change works on: a new table, a plain index, a column that may stay empty."""
    if isinstance(change, ModifyTableOps):
        return all(_adds(each, created) for each in change.ops)
    if isinstance(change, AddColumnOp):
        return bool(change.column.nullable or change.column.server_default is not None)
    if isinstance(change, CreateIndexOp):
        return not change.unique or change.table_name in created
    return isinstance(change, CreateTableOp)


def _code(ops: Any, context: MigrationContext) -> str:
    code = render_python_code(ops, render_as_batch=True, render_item=_rendered, migration_context=context)
    lines = [
        line
        for line in code.splitlines()
        if "commands auto generated" not in line and "end Alembic commands" not in line
    ]
    return "\n".join(lines).strip() or "pass"


def _circles(tables: Iterable[sa.Table]) -> Iterator[sa.ForeignKeyConstraint]:
    for table in tables:
        yield from sorted(
            (key for key in table.foreign_key_constraints if key.use_alter), key=lambda key: str(key.name)
        )


def _raised(tables: list[sa.Table]) -> Iterator[str]:
    """What only PostgreSQL needs: references that close a circle, and row-level security."""
    for key in _circles(tables):
        local, remote = ", ".join(key.column_keys), ", ".join(each.column.name for each in key.elements)
        there = f"{key.elements[0].column.table.name} ({remote})"
        later = " DEFERRABLE INITIALLY DEFERRED" if key.deferrable else ""
        yield f"ALTER TABLE {key.table.name} ADD CONSTRAINT {key.name} FOREIGN KEY ({local}) REFERENCES {there}{later}"
    for table in tables:
        if table.info.get("by_org"):
            yield from policies(table)


def _lowered(tables: list[sa.Table]) -> Iterator[str]:
    for key in _circles(tables):
        yield f"ALTER TABLE {key.table.name} DROP CONSTRAINT {key.name}"


def _on_postgres(statements: Iterable[str]) -> Iterator[str]:
    found = list(statements)
    if found:
        yield '    if op.get_bind().dialect.name == "postgresql":'
        yield from (f'        op.execute("{statement}")' for statement in found)
