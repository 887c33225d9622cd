"""Which versions of its schema a database has, and which there are: read from file names, without loading Alembic."""

from collections.abc import Container, Iterable
from pathlib import Path

import sqlalchemy as sa

from tradehall.kernel.database import Database, Session
from tradehall.kernel.records import KERNEL
from tradehall.kernel.trade import Trade

HERE = Path(__file__).parent / "migrations"


def branches(trades: Iterable[Trade]) -> dict[str, Path]:
    """The folder of each branch: the kernel's, and one a trade."""
    return {KERNEL: HERE} | {trade.name: trade.migrations for trade in trades}


def heads(trades: Iterable[Trade]) -> set[str]:
    """The last revision of each branch; `phoneshop_0003` is in `phoneshop/migrations/0003_....py`."""
    last = {branch: max(folder.glob("[0-9]*.py"), default=None) for branch, folder in branches(trades).items()}
    return {f"{branch}_{path.name[:4]}" for branch, path in last.items() if path is not None}


def ours(revisions: Iterable[str], folders: Container[str]) -> set[str]:
    """The revisions of these branches: a database may hold trades besides those that are served."""
    return {each for each in revisions if each.rpartition("_")[0] in folders}


def is_current(database: Database, trades: Iterable[Trade]) -> bool:
    """Whether the database has the last revision of every branch."""
    return database.ask(0, lambda session: current(session, trades))


def current(session: Session, trades: Iterable[Trade]) -> bool:
    """Whether the last revision of every branch was applied."""
    trades = tuple(trades)
    found = ours(_applied(session), branches(trades))
    # A trade's first revision depends on the kernel's, which Alembic then does not list.
    implied = {f"{KERNEL}_0001"} if found else set()
    return found | implied == heads(trades) | implied


def held(database: Database, trades: Iterable[Trade]) -> tuple[Trade, ...]:
    """The trades that the database holds; all, where it is empty."""
    trades, found = tuple(trades), database.ask(0, _applied)
    return tuple(trade for trade in trades if not found or ours(found, (trade.name,)))


def _applied(session: Session) -> set[str]:
    if not sa.inspect(session.connection).has_table("alembic_version"):
        return set()
    return set(session.execute(sa.text("SELECT version_num FROM alembic_version")).scalars())
