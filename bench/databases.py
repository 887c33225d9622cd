"""Where each contestant keeps its rows: SQLite files, or databases of a private PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from sqlalchemy import create_engine, text
from tests.servers import Postgres, private_postgres


class Store(Protocol):
    """A place for each contestant's rows."""

    def for_reference(self) -> str:
        """The reference's SQLAlchemy URL."""

    def for_ours(self, name: str) -> str | Path:
        """Our data directory, or our PostgreSQL URL."""


class SqliteFiles:
    """One file a contestant, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def for_reference(self) -> str:
        """A file beside ours, on the same disk."""
        return f"sqlite:///{self.folder}/reference.db"

    def for_ours(self, name: str) -> Path:
        """The data directory of that name."""
        data = self.folder / name
        data.mkdir(exist_ok=True)
        return data


class PostgresDatabases:
    """One database a contestant, in one server."""

    def __init__(self, server: Postgres) -> None:
        self.server = server

    def for_reference(self) -> str:
        """A database by psycopg, refused where a commit might be forgotten, which would flatter whoever commits most."""
        url = self.server.database("reference").replace("postgresql://", "postgresql+psycopg://", 1)
        engine = create_engine(url)
        with engine.connect() as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                if connection.scalar(text(f"SHOW {setting}")) != "on":
                    raise SystemExit(f"PostgreSQL runs without {setting}: the sales wouldn't be durable.")
        engine.dispose()
        return url

    def for_ours(self, name: str) -> str:
        """A database of that name, owned by the application's role."""
        return self.server.database(name)


@contextmanager
def store(database: str, folder: Path) -> Iterator[Store]:
    """The place of that kind: `sqlite` or `postgresql`."""
    if database == "sqlite":
        yield SqliteFiles(folder)
    else:
        with private_postgres() as server:
            yield PostgresDatabases(server)
