"""Serving: migrations first, then uvicorn, and one line when it answers."""

import asyncio
import fcntl
import gc
import logging
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn

from tradehall.app import build_app
from tradehall.founding import FIRST, begin, fill, first_organisation
from tradehall.kernel import logs
from tradehall.kernel.database import Database, SqliteDatabase, open_database
from tradehall.kernel.office import utc_now
from tradehall.kernel.people import CreateLink, has_users
from tradehall.kernel.trade import Trade
from tradehall.settings import Settings
from tradehall.supervisor import Lifeline, Supervisor
from tradehall.web.gate import Gate
from tradehall.web.guard import guarded, look

SOCKETS: dict[str, Any] = {
    "ws": "websockets-sansio", "ws_max_size": 16384, "ws_ping_interval": 30.0, "ws_ping_timeout": 30.0,
    "ws_per_message_deflate": False,
}  # fmt: skip
"""How uvicorn serves sockets: what it would compress it would hold for each of them."""
UNREAD_SECONDS = 9
"""After so long without any progress the system drops a connection whose other side does not read."""
UNSENT_BYTES = 128 * 1024
"""So much the system takes for a connection beyond what the other side has room for."""
MOST_FILES = 65_536
SPARE_FILES = 200
"""Files that are left for the database and what else is open besides connections."""


def serve(
    settings: Settings,
    trades: Sequence[Trade],
    bring_up: Callable[[Database, Sequence[Trade]], None],
    demo: bool = False,
    workers: int = 1,
    only_jobs: bool = False,
) -> None:
    """Serve until told to stop; raises SystemExit where this installation must not be served."""
    if refusals := settings.refusals(several=workers > 1 or only_jobs):
        raise SystemExit(refusals[0])
    listening = listen(settings.host, settings.port, workers)
    logging.getLogger().handlers[:] = [logs.direct(settings.log_as_json)]
    base = f"http://{'localhost' if settings.host == '127.0.0.1' else settings.host}:{settings.port}"
    database = open_database(settings.database_url, settings.tradehall_data)
    with alone(database):
        prepare(trades, database, bring_up, demo, "" if settings.open or only_jobs else settings.base_url)
        process = Process(settings, trades, listening, only_jobs, demo)

        def ready() -> None:
            print(f"ready {base}", flush=True)

        if workers > 1:
            sys.exit(Supervisor(workers, process.work, ready, process.leave).run())
        process.run(listening[0], ready)


def prepare(
    trades: Sequence[Trade],
    database: Database,
    bring_up: Callable[[Database, Sequence[Trade]], None],
    demo: bool,
    base: str,
) -> None:
    """Bring the schema up to date, and see that there is an organisation and a way in."""
    database.check()
    bring_up(database, trades)
    database.weigh()
    org_id = first_organisation(database, utc_now(), "Demo" if demo else FIRST)
    if demo:
        fill(database, trades, org_id)
    begin(database, trades)
    if not demo and base and not database.ask(0, has_users):
        secret = database.run(CreateLink(org_id, None, utc_now()))
        print(f"nobody can sign in yet; the owner's link, good for one day: {base}/welcome/{secret}", flush=True)


@contextmanager
def alone(database: Database) -> Iterator[None]:
    """Hold a SQLite file for this process; raises SystemExit where another one serves it already."""
    if not isinstance(database, SqliteDatabase):
        yield
        return
    with database.path.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SystemExit(
                f"another process serves {database.path} already: SQLite allows one, PostgreSQL several"
            ) from error
        yield


class Process:
    """One process that serves, or does the jobs alone."""

    def __init__(
        self,
        settings: Settings,
        trades: Sequence[Trade],
        listening: list[socket.socket],
        only_jobs: bool = False,
        for_show: bool = False,
    ) -> None:
        self.settings, self.trades, self.listening, self.only_jobs = settings, trades, listening, only_jobs
        self.for_show = for_show
        most = more_files()
        self._protocol = guarded(min(settings.max_connections, most - SPARE_FILES))

    def work(self, place: int, lifeline: Lifeline) -> None:
        """Serve as one of several."""
        mine = self.listening.pop(place)
        self.leave()
        self.run(mine, lambda: os.write(lifeline.born, b"1"), lifeline.alive)

    def leave(self) -> None:
        """Listen no more."""
        for each in self.listening:
            each.close()

    def run(self, listening: socket.socket, ready: Callable[[], Any], alive: int | None = None) -> None:
        """Serve until told to stop, or until nobody holds the other end of `alive`."""
        settings = self.settings
        lines = logs.begin(settings.log_level, settings.log_as_json)
        noted = logs.Requests(lines, settings.log_as_json) if settings.log_level in ("debug", "info") else None
        gate = build_app(settings, self.trades, log=noted, for_show=self.for_show)
        config = uvicorn.Config(
            gate.health_alone if self.only_jobs else gate, settings.host, settings.port, http=self._protocol,
            access_log=False, log_config=None, server_header=False, timeout_keep_alive=75,
            timeout_graceful_shutdown=15, lifespan="on", proxy_headers=False, interface="asgi3", **SOCKETS,
        )  # fmt: skip
        # What was loaded by now stays: the collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 20)
        try:
            with listening, asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
                runner.run(_serve(Server(config, gate), listening, ready, alive))
        finally:
            lines.close()


def more_files() -> int:
    """Let this process open as many files as it may; gives how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(soft, most)


class Server(uvicorn.Server):
    """uvicorn's, but a stop that was asked for is a success: exit 0, not death by the signal."""

    def __init__(self, config: uvicorn.Config, gate: Gate) -> None:
        super().__init__(config)
        self.gate = gate

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Send those away who follow the log, who would stay for ever; then wait for the others."""
        self.gate.office.hub.leave()
        await super().shutdown(sockets)

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            look(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop, wanted = asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
        for each in wanted:
            loop.add_signal_handler(each, self.handle_exit, each, None)
        try:
            yield
        finally:
            for each in wanted:
                loop.remove_signal_handler(each)


def listen(host: str, port: int, several: int = 1) -> list[socket.socket]:
    """Sockets that others may connect to, one for each process; raises SystemExit where the address is taken or not ours.

    Of one socket that several share, whoever wakes first takes all that came together; among sockets the system deals.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        listening = [socket.create_server(found[4][:2], family=found[0], backlog=2048)]
        if several > 1:
            where = listening.pop()
            address = where.getsockname()[:2]
            where.close()  # nobody else had it
            listening = [
                socket.create_server(address, family=found[0], backlog=2048, reuse_port=True) for _ in range(several)
            ]
    except OSError as error:
        why = (error.strerror or str(error)).split(" (")[0].lower()
        raise SystemExit(f"can't listen at {host}, port {port}: {why}") from error
    for each in listening:
        drop_stalled(each)
    return listening


def drop_stalled(listening: socket.socket) -> None:
    """Let the system drop whoever takes nothing any more, and hold little for them meanwhile. Only Linux can."""
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_SECONDS * 1000)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)


async def _serve(server: uvicorn.Server, listening: socket.socket, ready: Callable[[], Any], alive: int | None) -> None:
    serving = asyncio.create_task(server.serve([listening]))
    if alive is not None:
        asyncio.get_running_loop().add_reader(alive, server.handle_exit, signal.SIGTERM, None)
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    if server.started:
        ready()
    await serving
