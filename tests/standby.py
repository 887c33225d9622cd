"""A process that has loaded the command line, and runs each command in a copy of itself: to load it takes a second.

A command is a process of its own all the same, with a folder, an environment, an end and an output of its own. Commands
that serve are started from nothing, by `commands.serving`.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile

ROOT = Path(__file__).parents[1]
LOADED = (
    "cli",
    "app",
    "server",
    "founding",
    "kernel.schema",
    "kernel.doctor",
    "kernel.backup",
    "kernel.database.postgres",
)
LARGEST = 100_000


class Standby:
    """The process, as a test sees it; it ends with whoever has it."""

    def __init__(self, program: str, environment: dict[str, str]) -> None:
        self._program = program
        self._asks, heard = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with heard:
            words = [sys.executable, "-m", "tests.standby", str(heard.fileno())]
            nothing = subprocess.DEVNULL
            self._process = subprocess.Popen(
                words, cwd=ROOT, env=environment, stdin=nothing, stdout=nothing, stderr=nothing, pass_fds=[heard.fileno()],
                start_new_session=True,
            )  # fmt: skip

        atexit.register(self.close)

    def close(self) -> None:
        """Let it end."""
        self._asks.close()
        self._process.wait()

    def run(
        self, words: Sequence[str], folder: Path, environment: dict[str, str], given: str, patience: float
    ) -> tuple[int, str, str]:
        """Run a command in a folder until it ends: its code, and what it printed and complained about."""
        ends, ended = os.pipe()
        with (
            os.fdopen(ends, "rb", 0) as ends_with,
            TemporaryFile() as stdin,
            TemporaryFile() as out,
            TemporaryFile() as err,
        ):
            stdin.write(given.encode())
            stdin.seek(0)
            order = json.dumps([[self._program, *words], str(folder.resolve()), environment]).encode()
            socket.send_fds(self._asks, [order], [stdin.fileno(), out.fileno(), err.fileno(), ended])
            os.close(ended)
            process_id = int(ends_with.read(10))
            if not select.select([ends_with], [], [], patience)[0]:
                os.kill(process_id, signal.SIGKILL)
                raise subprocess.TimeoutExpired(list(words), patience)
            code = int(ends_with.read(10))
            out.seek(0)
            err.seek(0)
            return code, out.read().decode(), err.read().decode()


def stand_by(heard: socket.socket) -> None:
    """Run what is asked for, until nobody can ask any more."""
    for name in LOADED:
        import_module(f"tradehall.{name}")
    import_module("tradehall.kernel.trade").installed()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait for a command
    while True:
        order, given, _, _ = socket.recv_fds(heard, LARGEST, 4)
        if not order:
            return
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            heard.close()
            _carry_out(*json.loads(order), *given)
            return
        for each in given:
            os.close(each)


def _carry_out(words: list[str], folder: str, environment: dict[str, str], *given: int) -> None:
    *streams, ended = given
    if (process_id := os.fork()) != 0:
        os.write(ended, b"%-10d" % process_id)
        status = os.waitpid(process_id, 0)[1]
        os.write(ended, b"%-10d" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    os.close(ended)
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = words
    import_module("tradehall.cli").main()


if __name__ == "__main__":
    stand_by(socket.socket(fileno=int(sys.argv[1])))
