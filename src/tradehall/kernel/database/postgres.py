"""PostgreSQL: one transaction at a time for each organisation, in as many processes as there are."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

import asyncpg
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.util.concurrency import await_only, greenlet_spawn

from tradehall.kernel.database.fitness import unfit
from tradehall.kernel.database.gathering import Gathering
from tradehall.kernel.database.group import Asked, Clash, Outcome, Patience, Steps, Void, run_batch, settle, whole
from tradehall.kernel.database.session import Keyed, Prepared, Row, Session
from tradehall.kernel.database.sqlite import answer_all, tell_nobody
from tradehall.kernel.database.walls import by_name
from tradehall.kernel.errors import Invalid, OutcomeUnknown, Problem, Refused, StorageFull, Unavailable

log = logging.getLogger("tradehall")
T = TypeVar("T")
MOST_IN_A_GROUP = 64
CONNECTIONS = 12
LOCK_SECONDS = 3
HANG_SECONDS = 3.5
"""After so long without an answer to a statement the connection is given up: whoever asked is answered within five."""
CONNECT_SECONDS = 2.0
STATUS_SECONDS = 1.0
WRITER_LOCKS = 0x7261
MIGRATION_LOCK = 0x6D69
_STATUS = sa.text("SELECT pg_xact_status(CAST(CAST(:transaction AS text) AS xid8))")
ORG = "organisation"
ONE_PLAN = "SET plan_cache_mode = force_generic_plan; SET jit = off"
"""For what is quick: to plan such a statement for its values each time takes longer than to run it."""
BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
ANY_PLAN = "SET LOCAL plan_cache_mode = DEFAULT; SET LOCAL jit = DEFAULT"
RAISED = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What the driver raises; the third is what it says once the database has said farewell and the line is not yet cut."""
TRANSIENT = {"40001", "40P01", "0A000", "57P01", "57P02", "57P03"}


class PostgresSession(Session):
    """One connection, driven from inside a greenlet."""

    far = True

    def __init__(self, connection: Connection, status_of: Callable[[str], str | None], watched: bool = True) -> None:
        self.connection = connection
        self.dialect = connection.dialect
        self._driver: Any = connection.connection.driver_connection
        self._kept = connection.info
        """What is known of the connection for as long as it lasts."""
        self._status_of = status_of
        self._transaction: str | None = None
        self._wrote = False
        """Whether anything may have been written since the last savepoint: if not, the next one is where it is."""
        self._latest = monotonic()
        self._loop = asyncio.get_running_loop()
        self._look: asyncio.TimerHandle | None = None
        self._watched = watched
        self.hung = False

    @property
    def driver(self) -> Any:
        """The connection, about to be asked something."""
        self._latest = monotonic()
        return self._driver

    def __enter__(self) -> "PostgresSession":
        if self._watched:
            self._look = self._loop.call_later(HANG_SECONDS, self._watch)
        return self

    def __exit__(self, *_: object) -> None:
        if self._look is not None:
            self._look.cancel()

    def _watch(self) -> None:
        """Give the connection up where the database has not answered for too long; what waits for it fails then."""
        if (left := self._latest + HANG_SECONDS - monotonic()) > 0:
            self._look = self._loop.call_later(left, self._watch)
        else:
            self.hung = True
            self._driver.terminate()

    def run(self, statement: Prepared, given: Mapping[str, Any]) -> list[Row]:
        self._wrote = self._wrote or not statement.reads
        compiled = statement.on(self.dialect)
        rows: list[Row] = await_only(self.driver.fetch(compiled.text, *compiled.arguments(given)))
        return rows

    def run_many(self, statement: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
        self._wrote = True
        compiled = statement.on(self.dialect)
        if len(rows) == 1:
            await_only(self.driver.fetch(compiled.text, *compiled.arguments(rows[0])))
        elif rows:
            await_only(self.driver.executemany(compiled.text, [compiled.arguments(row) for row in rows]))

    def insert(self, statement: Prepared, given: Mapping[str, Any]) -> int:
        return int(self.run(statement, given)[0][0])

    def update(self, statement: Prepared, given: Mapping[str, Any]) -> int:
        self._wrote = True
        compiled = statement.on(self.dialect)
        done: str = await_only(self.driver.execute(compiled.text, *compiled.arguments(given)))
        return int(done.rsplit(" ", 1)[-1])

    def execute(
        self, statement: sa.Executable, given: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> sa.Result[Any]:
        self._wrote, self._latest = True, monotonic()
        return super().execute(statement, given)

    def change(self, statement: sa.Executable) -> int:
        self._wrote, self._latest = True, monotonic()
        return super().change(statement)

    def command(self, text: str) -> None:
        await_only(self.driver.execute(text))

    def begin_unit(self, org_id: int) -> None:
        self.command(
            f"BEGIN; {ANY_PLAN}; SET LOCAL lock_timeout = '{LOCK_SECONDS}s'; SET LOCAL tradehall.org = '{int(org_id)}'; "
            f"SELECT pg_advisory_xact_lock({WRITER_LOCKS}, {int(org_id)}); SAVEPOINT unit"
        )
        self._transaction = None

    def read_singly(self, org_id: int) -> None:
        """Read this organisation without a transaction: each statement sees what is committed when it begins."""
        if self._kept.get(ORG) != org_id:
            self._kept.pop(ORG, None)
            self.command(f"SET tradehall.org = '{int(org_id)}'; {ONE_PLAN}")
            self._kept[ORG] = org_id

    def begin_read(self, org_id: int) -> None:
        self.command(f"{BEGIN_READ}; {ANY_PLAN}; SET LOCAL tradehall.org = '{int(org_id)}'")

    def next_savepoint(self) -> None:
        if self._wrote:
            self.command("RELEASE SAVEPOINT unit; SAVEPOINT unit")
            self._wrote = False

    def commit(self) -> None:
        self._transaction = await_only(self.driver.fetchval("SELECT pg_current_xact_id_if_assigned()::text"))
        try:
            self.command("COMMIT")
        except asyncpg.InternalClientError:  # nobody knows whether it was sent: another connection is asked
            self._driver.terminate()
            raise

    def committed_after_all(self) -> bool:
        if not self._driver.is_closed() or self._transaction is None:
            return False
        return self._status_of(self._transaction) == "committed"

    def gone(self) -> bool:
        return bool(self._driver.is_closed()) or not self._driver.is_in_transaction()

    def rollback(self) -> None:
        if self._driver.is_closed():
            self.connection.invalidate()
        if self.gone():
            return
        try:
            self.command("ROLLBACK")
        except RAISED:
            self.connection.invalidate()


def translate(error: BaseException) -> Problem | Void | None:
    """What an error of PostgreSQL or of the connection to it means to whoever asked."""
    cause = getattr(error.orig, "__cause__", None) if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(cause, asyncpg.IntegrityConstraintViolationError):
        name = getattr(cause, "constraint_name", None) or ""
        return by_name(name) or Refused("conflict", "This contradicts what is already recorded")
    state = getattr(cause, "sqlstate", None)
    if state in TRANSIENT:
        return Void(Unavailable(), again=True)
    if state == "22021":
        return Invalid([{"loc": ["body"], "msg": "control characters are not allowed", "type": "value_error"}])
    if state == "55P03":
        return Void(Unavailable())
    if state == "53100":
        return StorageFull()
    if state == "57014":
        return Unavailable("The work was interrupted; please try again", "interrupted")
    if isinstance(cause, RAISED) and (state is None or isinstance(cause, asyncpg.PostgresConnectionError)):
        return Void(Unavailable(), again=True)
    return None


class LostConnectionError(Exception):
    """The connection was lost while something was read, or the database gave up on it."""


def _alive(_: Any, record: Any, __: Any) -> None:
    """Refuse a pooled connection that was closed while it waited, and every older one; new ones are made."""
    if record.driver_connection.is_closed():
        raise sa.exc.InvalidatePoolError


class PostgresDatabase:
    """A PostgreSQL database; in each organisation one transaction writes at a time, over all processes."""

    name = "postgresql"

    def __init__(self, url: str) -> None:
        async_url = sa.make_url(url).set(drivername="postgresql+asyncpg")
        # The engine that AsyncEngine would wrap: every use of it is inside a greenlet already.
        self._engine = sa.create_engine(
            async_url, isolation_level="AUTOCOMMIT", pool_size=CONNECTIONS, max_overflow=0,
            pool_use_lifo=True, pool_timeout=CONNECT_SECONDS, connect_args={"timeout": CONNECT_SECONDS},
        )  # fmt: skip
        self._away = 0.0
        self.dialect: Dialect = self._engine.dialect
        self._queues: dict[int, deque[tuple[Asked, asyncio.Future[Any]]]] = {}
        self._expected: dict[int, int] = {}
        self._gathering = Gathering(self.read)
        self._writers: set[asyncio.Task[None]] = set()
        self._asking: set[asyncio.Task[str | None]] = set()
        self.tell: Callable[[int], None] = tell_nobody

    async def unit(self, work: Asked) -> Any:
        """Run a unit; returns when it is durable. Raises what its rules raised."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        queue = self._queues.get(work.org_id)
        if queue is None:
            queue = self._queues[work.org_id] = deque()
            writer = loop.create_task(greenlet_spawn(self._write, work.org_id, queue))
            self._writers.add(writer)
            writer.add_done_callback(self._writers.discard)
        queue.append((work, future))
        return await future

    def _write(self, org_id: int, queue: deque[tuple[Asked, asyncio.Future[Any]]]) -> None:
        try:
            while queue:
                self._gather(queue, self._expected.get(org_id, 1))
                pairs = [queue.popleft() for _ in range(min(len(queue), MOST_IN_A_GROUP))]
                began = monotonic()
                try:
                    outcomes = whole(settle(self._transact, [work for work, _ in pairs]))
                except BaseException as error:
                    answer_all([(future, Outcome(error=error)) for _, future in pairs])
                    raise
                answer_all([(future, outcome) for (_, future), outcome in zip(pairs, outcomes, strict=True)])
                self._expected[org_id] = len(pairs) + len(queue)
                if self._away > began:  # the others would wait as long for nothing
                    answer_all([(future, Outcome(error=Unavailable())) for _, future in queue])
                    queue.clear()
        finally:
            del self._queues[org_id]

    def _gather(self, queue: deque[tuple[Asked, asyncio.Future[Any]]], expected: int) -> None:
        """Let the loop read on until as many wait as were under way a moment ago: a group costs journeys of its own."""
        patience = Patience()
        while len(queue) < min(expected, MOST_IN_A_GROUP) and patience.lasts(len(queue)):
            await_only(asyncio.sleep(0))

    def _transact(self, works: Sequence[Asked], lightly: bool) -> Steps[list[Outcome]]:
        try:
            connection = self._engine.connect()
        except (sa.exc.SQLAlchemyError, *RAISED) as error:
            self._away = monotonic()
            log.warning("the database could not be reached: %s", type(error).__name__)
            raise Void(Unavailable(), begun=False) from error
        with connection, PostgresSession(connection, self._status_of) as session:
            try:
                outcomes = yield from run_batch(session, works, translate, lightly)
            except Clash:
                raise
            except Void as void:
                if not isinstance(cause := void.__cause__, Void):  # no unit wanted that
                    log.warning("a transaction is void: %s %s", type(cause).__name__, getattr(cause, "sqlstate", ""))
                raise void if not session.hung else Void(void.problem, begun=False) from void
            finally:
                if session.hung:
                    self._away = monotonic()
            if session.news:
                self.tell(works[0].org_id)
            return outcomes

    def _status_of(self, transaction: str) -> str | None:
        """Ask another connection how a transaction ended whose COMMIT was not answered."""
        asking = asyncio.get_running_loop().create_task(greenlet_spawn(self._ask_status, transaction))
        self._asking.add(asking)
        asking.add_done_callback(self._asked)
        # It isn't cancelled, since that would wait for a database that hangs: it gives its connection up by itself.
        await_only(asyncio.wait({asking}, timeout=STATUS_SECONDS))
        if not asking.done() or asking.exception() is not None:  # nothing may be run again
            raise OutcomeUnknown
        return asking.result()

    def _asked(self, asking: asyncio.Task[str | None]) -> None:
        self._asking.discard(asking)
        if not asking.cancelled() and asking.exception() is not None:
            log.warning("the database did not say how a transaction ended")

    def _ask_status(self, transaction: str) -> str | None:
        with self._engine.connect() as connection, PostgresSession(connection, self._status_of):
            while (status := connection.scalar(_STATUS, {"transaction": transaction})) == "in progress":
                await_only(asyncio.sleep(0.1))
            return str(status) if status is not None else None

    async def read(self, org_id: int, query: Callable[[Session], T], quick: bool = False) -> T:
        """Read one organisation, in a transaction that sees one state; what is quick asks without one, in one journey."""
        answer: T = await greenlet_spawn(self._read, org_id, query, quick)
        return answer

    async def row(self, org_id: int, statement: Keyed, row_id: int, me: int) -> Row | None:
        """The row with this id, asked for by this person; with others who ask at the same moment."""
        return await self._gathering.row((org_id, statement, me), row_id)

    def _read(self, org_id: int, query: Callable[[Session], T], quick: bool = False, watched: bool = True) -> T:
        with suppress(LostConnectionError):  # nothing was changed: a new connection may ask again
            return self._read_once(org_id, query, quick, watched)
        try:
            return self._read_once(org_id, query, quick, watched)
        except LostConnectionError as error:
            raise Unavailable from error

    def _read_once(self, org_id: int, query: Callable[[Session], T], quick: bool, watched: bool) -> T:
        try:
            with (
                self._engine.connect() as connection,
                PostgresSession(connection, self._status_of, watched) as session,
            ):
                try:
                    if quick:
                        session.read_singly(org_id)
                    else:
                        session.begin_read(org_id)
                    return query(session)
                except Exception as error:
                    if session.hung:
                        raise Unavailable from error
                    raise
                finally:
                    if not quick:
                        session.rollback()
        except (sa.exc.TimeoutError, TimeoutError) as error:
            raise Unavailable from error
        except (sa.exc.SQLAlchemyError, *RAISED) as error:
            if isinstance(found := translate(error), Void):
                raise LostConnectionError from error
            if found is not None:
                raise found from error
            raise

    def run(self, work: Asked) -> Any:
        """Run a unit from a thread without a loop: the command line."""
        return asyncio.run(self._once(self.unit(work)))

    def ask(self, org_id: int, query: Callable[[Session], T]) -> T:
        """Read from a thread without a loop: the command line, where a large question may take its time."""
        answer: T = asyncio.run(self._once(greenlet_spawn(self._read, org_id, query, False, False)))
        return answer

    async def _once(self, doing: Any) -> Any:
        try:
            return await doing
        finally:
            await greenlet_spawn(self._engine.dispose)

    def weigh(self) -> None:
        """Nothing: PostgreSQL counts by itself what its indexes hold."""

    def migrate(self, change: Callable[[Connection], None]) -> None:
        """Change the schema in one transaction, one process at a time."""
        asyncio.run(self._once(greenlet_spawn(self._migrate, change)))

    def _migrate(self, change: Callable[[Connection], None]) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK}, 0)")
            try:
                change(connection)
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise

    def check(self) -> None:
        """Raise where this database may not be served."""
        if reason := self.ask(0, unfit):
            raise RuntimeError(reason)

    async def close(self) -> None:
        """Finish what is queued and close every connection."""
        while self._writers:
            await asyncio.wait(set(self._writers))
        with suppress(TimeoutError):  # a server that hangs does not keep this process
            await asyncio.wait_for(greenlet_spawn(self._engine.dispose), LOCK_SECONDS)
