"""The database: SQLite in a file, or PostgreSQL; the only room that knows which."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tradehall.kernel.database.group import Batch, Book, Clash, Outcome, Several, Undone, Void, Work
from tradehall.kernel.database.session import Compiled, Keyed, Prepared, Row, Session, among
from tradehall.kernel.database.sqlite import SqliteDatabase

if TYPE_CHECKING:
    from tradehall.kernel.database.postgres import PostgresDatabase

    Database = SqliteDatabase | PostgresDatabase
else:  # whoever keeps everything in a file is spared the driver of the other
    Database = Any

__all__ = [
    "Batch",
    "Book",
    "Clash",
    "Compiled",
    "Database",
    "Keyed",
    "Outcome",
    "Prepared",
    "Row",
    "Session",
    "Several",
    "SqliteDatabase",
    "Undone",
    "Void",
    "Work",
    "among",
    "open_database",
]


def open_database(url: str | None, folder: Path) -> Database:
    """The database at a URL (`sqlite:///file` or `postgresql://...`), or a file in the folder where there is none."""
    if not url:
        return SqliteDatabase(folder / "tradehall.db")
    if url.startswith("sqlite"):
        return SqliteDatabase(Path(url.split("///", 1)[1]))
    if url.startswith(("postgres://", "postgresql")):
        found: Database = import_module("tradehall.kernel.database.postgres").PostgresDatabase(
            url.replace("postgres://", "postgresql://", 1)
        )
        return found
    raise ValueError("DATABASE_URL must begin with sqlite:/// or postgresql://")
