"""SQLite: one writer, one reader for what is quick, a bounded pool of readers for the rest.

What is brief is done on the event loop, and all that waits for the disk in a thread. (A writer of its own thread for all
of it takes turns with the loop for the interpreter, and each turn begins with the other's core's cache: a fifth slower.)
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from time import monotonic, sleep
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect, Engine

from tradehall.kernel.database.group import Asked, Clash, Outcome, Patience, Steps, Void, run_batch, settle, whole
from tradehall.kernel.database.presumed import statistics
from tradehall.kernel.database.session import Keyed, Prepared, Row, Session
from tradehall.kernel.database.walls import by_sqlite_message
from tradehall.kernel.errors import Problem, Refused, StorageFull, Unavailable

T = TypeVar("T")
Waiting = tuple[Asked, asyncio.Future[Any]]
READERS = 4
MOST_IN_A_GROUP = 64
STATEMENTS = 1024
"""How many a connection keeps compiled: a trade has several hundred, and compiling one takes longer than most take to run."""
LOCK_SECONDS = 5.0
BUSY = f"busy_timeout={LOCK_SECONDS * 1000:.0f}"
PATIENTLY = f"PRAGMA {BUSY}"
# The WAL is copied back every 16,000 pages: what many units changed is copied once.
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    BUSY,
    "cache_size=-16384",
    "mmap_size=268435456",
    "wal_autocheckpoint=16000",
)


class SqliteSession(Session):
    """One connection to the file."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.dialect = connection.dialect
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - for the type checker
        self.driver = driver
        self._cursor = driver.cursor()
        self._changes = 0

    def lock(self) -> bool:
        """Begin a transaction that writes, at once or not at all: whether nobody else writes."""
        self.driver.execute("PRAGMA busy_timeout=0")
        try:
            self.driver.execute("BEGIN IMMEDIATE")
        except sqlite3.Error:
            return False
        finally:
            self.driver.execute(PATIENTLY)
        return True

    def run(self, statement: Prepared, given: Mapping[str, Any]) -> list[Row]:
        compiled = statement.on(self.dialect)
        return self._cursor.execute(compiled.text, compiled.arguments(given)).fetchall()

    def run_many(self, statement: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
        compiled = statement.on(self.dialect)
        self._cursor.executemany(compiled.text, [compiled.arguments(row) for row in rows])

    def insert(self, statement: Prepared, given: Mapping[str, Any]) -> int:
        compiled = statement.on(self.dialect)
        return self._cursor.execute(compiled.text, compiled.arguments(given)).lastrowid or 0

    def update(self, statement: Prepared, given: Mapping[str, Any]) -> int:
        compiled = statement.on(self.dialect)
        return self._cursor.execute(compiled.text, compiled.arguments(given)).rowcount

    def command(self, text: str) -> None:
        self.driver.execute(text)

    def begin_unit(self, org_id: int) -> None:
        if not self.driver.in_transaction:
            self.driver.execute("BEGIN IMMEDIATE")
        if self.marked:
            self.driver.execute("SAVEPOINT unit")
        self._changes = self.driver.total_changes

    def next_savepoint(self) -> None:
        if self.marked:
            super().next_savepoint()
        self._changes = self.driver.total_changes

    def back_to_savepoint(self) -> None:
        if self.marked:
            super().back_to_savepoint()
        elif self.driver.total_changes != self._changes:
            raise Clash

    def begin_read(self, org_id: int) -> None:
        self.driver.execute("BEGIN")

    def commit(self) -> None:
        self.driver.execute("COMMIT")

    def gone(self) -> bool:
        return not self.driver.in_transaction

    def rollback(self) -> None:
        if self.driver.in_transaction:
            self.driver.execute("ROLLBACK")


def translate(error: BaseException) -> Problem | Void | None:
    """What an error of SQLite means to whoever asked."""
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if not isinstance(cause, sqlite3.Error):
        return None
    if isinstance(cause, sqlite3.IntegrityError):
        return by_sqlite_message(str(cause)) or Refused("conflict", "This contradicts what is already recorded")
    name = getattr(cause, "sqlite_errorname", "")
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE")):
        return StorageFull()
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return Void(Unavailable())
    if name.startswith(("SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_READONLY")):
        return Unavailable("The disk can't be written or read now; please try again", "storage_unavailable")
    if name == "SQLITE_INTERRUPT":
        return Unavailable("The work was interrupted; please try again", "interrupted")
    return None


def _understood(query: Callable[[Session], T], session: Session) -> T:
    """What a query gives, or the problem that an error of SQLite means to whoever asked."""
    try:
        return query(session)
    except (sqlite3.Error, sa.exc.DBAPIError) as error:
        if (found := translate(error)) is None:
            raise
        raise found.problem if isinstance(found, Void) else found from error


def _connect(path: Path, read_only: bool) -> Engine:
    how = {"check_same_thread": False, "isolation_level": None, "cached_statements": STATEMENTS}
    engine = sa.create_engine(f"sqlite:///{path}", poolclass=sa.NullPool, connect_args=how)

    @sa.event.listens_for(engine, "connect")
    def configure(driver: sqlite3.Connection, _: object) -> None:
        for pragma in PRAGMAS:
            _patiently(driver, f"PRAGMA {pragma}")
        if read_only:
            driver.execute("PRAGMA query_only=ON")

    return engine


def _patiently(driver: sqlite3.Connection, statement: str) -> None:
    """Run a statement again while the file is locked: SQLite does not wait by itself where it turns a new file to WAL."""
    deadline = monotonic() + LOCK_SECONDS
    while True:
        try:
            driver.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or monotonic() > deadline:
                raise
            sleep(0.02)


@dataclass
class Group:
    """Units that wait together: what is left to do for them, how they ended, and which organisations have news."""

    loop: asyncio.AbstractEventLoop
    waiting: list[Waiting]
    steps: Steps[None] | None = None
    ended: list[tuple[asyncio.Future[Any], Outcome]] = field(default_factory=list)
    news: list[int] = field(default_factory=list)


class SqliteDatabase:
    """A SQLite file with one writer; readers never queue behind it."""

    name = "sqlite"

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer_engine = _connect(path, read_only=False)
        self._reader_engine = _connect(path, read_only=True)
        self.dialect: Dialect = self._writer_engine.dialect
        self._gathered: list[Waiting] = []
        self._busy = False
        self._expected = 1
        self._queue: SimpleQueue[Group | None] = SimpleQueue()
        self._writer: SqliteSession | None = None
        self._thread: threading.Thread | None = None
        self._local = threading.local()
        self._readers = ThreadPoolExecutor(READERS, "reader")
        self._sessions: list[SqliteSession] = []
        self.tell: Callable[[int], None] = tell_nobody
        """Called on the loop after each commit of an organisation's events."""

    async def unit(self, work: Asked) -> Any:
        """Run a unit; returns when it is durable. Raises what its rules raised."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        if self._thread is None:
            self._thread = threading.Thread(target=self._write, name="writer", daemon=True)
            self._thread.start()
        self._gathered.append((work, future))
        if not self._busy:
            self._busy = True
            loop.call_soon(self._hand_over, loop, Patience())
        return await future

    def _hand_over(self, loop: asyncio.AbstractEventLoop, patience: Patience) -> None:
        """Do what was asked for: one commit for all of it.

        As many as were under way a moment ago will ask again now; until they have, the loop reads on, rather than commit
        twice.
        """
        known = len(self._gathered)
        if known < min(self._expected, MOST_IN_A_GROUP) and patience.lasts(known):
            loop.call_soon(self._hand_over, loop, patience)
            return
        gathered, self._gathered = self._gathered[:MOST_IN_A_GROUP], self._gathered[MOST_IN_A_GROUP:]
        if self._writer is None:
            self._writer = SqliteSession(self._writer_engine.connect())
        group = Group(loop, gathered)
        group.steps = self._doing(self._writer, group)
        if all(work.is_brief for work, _ in gathered) and self._writer.lock():
            next(group.steps, None)
        self._queue.put(group)

    def _doing(self, session: SqliteSession, group: Group) -> Steps[None]:
        for org_id in dict.fromkeys(work.org_id for work, _ in group.waiting):
            pairs = [pair for pair in group.waiting if pair[0].org_id == org_id]
            outcomes = yield from self._settle(session, [work for work, _ in pairs])
            group.ended += [(future, outcome) for (_, future), outcome in zip(pairs, outcomes, strict=True)]
            if session.news:
                group.news.append(org_id)
                session.news = False

    def _answered(self, group: Group) -> None:
        answer_all(group.ended)
        for org_id in group.news:
            self.tell(org_id)
        self._expected = len(group.ended) + len(self._gathered)
        self._busy = bool(self._gathered)
        if self._busy:
            loop = group.loop
            loop.call_soon(self._hand_over, loop, Patience())

    async def read(self, org_id: int, query: Callable[[Session], T], quick: bool = False) -> T:
        """Read one organisation; a quick query (by key, or one keyset page) runs at once, others in a thread."""
        if quick:
            return _understood(query, self._reader())
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, org_id, query)

    async def row(self, org_id: int, statement: Keyed, row_id: int, me: int) -> Row | None:
        """The row with this id, asked for by this person."""
        rows = self._reader().run(statement.one, {"id": row_id, "org_id": org_id, "me": me})
        return rows[0] if rows else None

    def _reader(self) -> SqliteSession:
        session: SqliteSession | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = SqliteSession(self._reader_engine.connect())
            self._sessions.append(session)
        return session

    def _read(self, org_id: int, query: Callable[[Session], T]) -> T:
        session = self._reader()
        session.begin_read(org_id)
        try:
            return _understood(query, session)
        finally:
            session.rollback()

    def run(self, work: Asked) -> Any:
        """Run a unit from a thread without a loop: the command line."""
        with self._writer_engine.connect() as connection:
            return _result(whole(self._settle(SqliteSession(connection), [work]))[0])

    def ask(self, org_id: int, query: Callable[[Session], T]) -> T:
        """Read from a thread without a loop: the command line."""
        return self._read(org_id, query)

    def migrate(self, change: Callable[[Connection], None]) -> None:
        """Change the schema under a lock, with foreign keys off, since a rebuilt table would lose its children."""
        with self._writer_engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN EXCLUSIVE")
            try:
                change(connection)
                if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall():
                    raise RuntimeError(f"a migration left rows that point nowhere: {broken[:3]}")
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise

    def weigh(self) -> None:
        """Have searches planned as for a business that has been at work for years, whatever there is today.

        What SQLite counts holds until it counts again: of tables that were empty then it thinks that an organisation has
        ten rows, and goes through all of them in the order that is asked for.
        """
        with self._writer_engine.connect() as connection:
            presumed = list(statistics(connection))
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            # A new table is a new schema: connections that are open read it again.
            connection.exec_driver_sql("DROP TABLE IF EXISTS sqlite_stat1")
            connection.exec_driver_sql("ANALYZE sqlite_schema")
            connection.exec_driver_sql("INSERT INTO sqlite_stat1 VALUES (?, ?, ?)", presumed)
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("ANALYZE sqlite_schema")

    def _write(self) -> None:
        while (group := self._queue.get()) is not None:
            if group.steps is not None:
                whole(group.steps)
            group.loop.call_soon_threadsafe(self._answered, group)

    def _settle(self, session: SqliteSession, works: Sequence[Asked]) -> Steps[list[Outcome]]:
        return settle(lambda some, lightly: run_batch(session, some, translate, lightly), works)

    def check(self) -> None:
        """Raise where this database may not be served."""
        if sqlite3.sqlite_version_info < (3, 35):
            raise RuntimeError(f"SQLite {sqlite3.sqlite_version} is too old: 3.35 or newer is needed")

    async def close(self) -> None:
        """Finish what is queued and close every connection."""
        latest = monotonic() + 4 * LOCK_SECONDS
        while self._busy and monotonic() < latest:  # noqa: ASYNC110 - at the end of a process
            await asyncio.sleep(0.001)
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)
        if self._writer is not None:
            self._writer.connection.close()
        self.shut()

    def shut(self) -> None:
        """Close the readers."""
        self._readers.shutdown()
        for session in self._sessions:
            session.connection.close()


def tell_nobody(org_id: int) -> None:
    """What happens after a commit of events where nobody follows the log."""


def answer_all(ended: Iterable[tuple[asyncio.Future[Any], Outcome]]) -> None:
    """Wake those who wait for units that were committed, or failed."""
    for future, outcome in ended:
        if future.done():
            continue
        if outcome.error is None:
            future.set_result(outcome.result)
        else:
            future.set_exception(outcome.error)


def _result(outcome: Outcome) -> Any:
    if outcome.error is not None:
        raise outcome.error
    return outcome.result
