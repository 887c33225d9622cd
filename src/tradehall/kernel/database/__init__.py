"""The database: SQLite in a file, or PostgreSQL; the only room that knows which."""

from pathlib import Path

from tradehall.kernel.database.group import Batch, Book, Clash, Outcome, Several, Undone, Void, Work
from tradehall.kernel.database.postgres import PostgresDatabase
from tradehall.kernel.database.session import Compiled, Keyed, Prepared, Row, Session, among
from tradehall.kernel.database.sqlite import SqliteDatabase

Database = SqliteDatabase | PostgresDatabase

__all__ = [
    "Batch",
    "Book",
    "Clash",
    "Compiled",
    "Database",
    "Keyed",
    "Outcome",
    "PostgresDatabase",
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
        return PostgresDatabase(url.replace("postgres://", "postgresql://", 1))
    raise ValueError("DATABASE_URL must begin with sqlite:/// or postgresql://")
