"""Which versions of its schema a database has, and which there are: read from file names, without loading Alembic."""

from collections.abc import Container, Iterable, Mapping
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from tradehall.kernel.database import Database, Session
from tradehall.kernel.records import KERNEL, METADATA
from tradehall.kernel.trade import Trade

HERE = Path(__file__).parent / "migrations"
VERSIONS = sa.Table(
    "schema_versions",
    METADATA,
    sa.Column("branch", sa.String(40), primary_key=True),
    sa.Column("revision", sa.String(60), nullable=False),
    sa.Column("serves", sa.String(60), nullable=False),
    info={"backup": False},
)
"""`serves` is the earlier revision whose code still works here: a database can't ask files that it does not have yet."""


def branches(trades: Iterable[Trade]) -> dict[str, Path]:
    """The folder of each branch: the kernel's, and one a trade."""
    return {KERNEL: HERE} | {trade.name: trade.migrations for trade in trades}


def head(branch: str, folder: Path) -> str:
    """The last revision of a branch; `phoneshop_0003` is in `phoneshop/migrations/0003_....py`."""
    last = max(folder.glob("[0-9]*.py"), default=None)
    return f"{branch}_{last.name[:4]}" if last is not None else ""


def ours(revisions: Iterable[str], folders: Container[str]) -> set[str]:
    """The revisions of these branches: a database may hold trades besides those that are served."""
    return {each for each in revisions if each.rpartition("_")[0] in folders}


def by_branch(revisions: Iterable[str]) -> dict[str, str]:
    """What is applied of each branch. A trade's first revision depends on the kernel's, which Alembic then does not list."""
    found = {each.rpartition("_")[0]: each for each in revisions}
    return {KERNEL: f"{KERNEL}_0001"} | found if found else {}


def standing(revisions: Iterable[str], folders: Container[str]) -> set[str]:
    """What is applied of these branches, as Alembic lists it: the kernel's, too, where another trade stands for it."""
    revisions = set(revisions)
    return ours(revisions, folders) or ours(by_branch(revisions).values(), folders)


def is_current(database: Database, trades: Iterable[Trade]) -> bool:
    """Whether this version may serve the database as it is."""
    return database.ask(0, lambda session: current(session, trades))


def current(session: Session, trades: Iterable[Trade]) -> bool:
    """Whether every branch is at its last revision, or at the next version's that this one still works on (P-34)."""
    return fits(session.connection, branches(trades))


def fits(connection: Connection, folders: Mapping[str, Path]) -> bool:
    """Whether the code that these folders belong to works on the schema of this database."""
    found = by_branch(applied(connection))
    known = sa.inspect(connection).has_table(VERSIONS.name)
    noted = connection.execute(sa.select(VERSIONS)).all() if known else []
    still = {row.branch: row.serves for row in noted if row.revision == found.get(row.branch)}
    wanted = {branch: head(branch, folder) for branch, folder in folders.items()}
    return all(last in (found.get(branch, ""), still.get(branch)) for branch, last in wanted.items())


def note(connection: Connection, branch: str, revision: str, serves: str) -> None:
    """Note which revision a branch is at now, and the last revision of the former version if that still works on it."""
    connection.execute(sa.delete(VERSIONS).where(VERSIONS.c.branch == branch))
    connection.execute(sa.insert(VERSIONS).values(branch=branch, revision=revision, serves=serves))


def held(database: Database, trades: Iterable[Trade]) -> tuple[Trade, ...]:
    """The trades that the database holds; all, where it is empty."""
    trades, found = tuple(trades), database.ask(0, _applied)
    return tuple(trade for trade in trades if not found or ours(found, (trade.name,)))


def _applied(session: Session) -> set[str]:
    return applied(session.connection)


def applied(connection: Connection) -> set[str]:
    """The revisions that Alembic lists."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return set()
    return set(connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalars())
