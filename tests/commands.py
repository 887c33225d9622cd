"""The command line as a real process: one that ends, or one that serves meanwhile.

assert done(folder, "org", "list") == "1\tAccra\n"
with serving(folder, "demo", "phoneshop") as server:
    server.http.get("/health")
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import httpx2
import pytest

from tests.standby import Standby

PROGRAM = str(Path(__file__).parents[1] / ".venv/bin/tradehall")
PATIENCE = 60.0
PASSWORD = "four walls and a roof"
ROOM = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "PYTHONPATH")}


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


def run(folder: Path, *words: str, given: str = "", **environment: str) -> Ended:
    """Run a command in a folder until it ends."""
    folder.mkdir(exist_ok=True)
    return Ended(*_standby().run(words, folder, ROOM | environment, given, PATIENCE))


@cache
def _standby() -> Standby:
    return Standby(PROGRAM, ROOM)


def done(folder: Path, *words: str, given: str = "") -> str:
    """What a command that must succeed prints, and nothing beside it."""
    ended = run(folder, *words, given=given)
    assert (ended.code, ended.err) == (0, ""), ended
    return ended.out


def refusal(ended: Ended) -> str:
    """The one sentence of a command that refuses."""
    lines = ended.err.splitlines()
    assert (ended.code, len(lines)) == (1, 1), ended
    assert lines[0].startswith("tradehall: ")
    return lines[0].removeprefix("tradehall: ")


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Server:
    """A running `tradehall serve` or `demo`."""

    process: subprocess.Popen[str]
    port: int
    printed: list[str]
    http: httpx2.Client

    def stop(self) -> int:
        """Ask it to stop, and give its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def token(self, name: str, password: str = PASSWORD) -> str:
        """Sign in."""
        answer = self.http.post("/api/auth/login-json", json={"username": name, "password": password})
        assert answer.status_code == 200, answer.text
        token: str = answer.json()["access_token"]
        return token

    def me(self, token: str) -> int:
        """The status of asking who one is."""
        return self.http.get("/api/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code


@contextmanager
def serving(folder: Path, *words: str) -> Iterator[Server]:
    """Run a serving command until its ready line, and end it afterwards."""
    folder.mkdir(exist_ok=True)
    port = free_port()
    started = [PROGRAM, *words, "--port", str(port)]
    pipe = subprocess.PIPE
    with subprocess.Popen(started, cwd=folder, env=ROOM, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            printed = []
            for line in process.stdout:
                printed.append(line.rstrip("\n"))
                if line.startswith("ready "):
                    break
            else:
                pytest.fail(f"it ended with {process.wait()}: {process.stderr.read()}")
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, trust_env=False) as http:
                yield Server(process, port, printed, http)
        finally:
            process.kill()
