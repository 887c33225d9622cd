"""Several processes behind one port: whoever dies is replaced, and all stop together."""

import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from prometheus_client import multiprocess

log = logging.getLogger("tradehall")
HEEDED = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
SHORT_LIFE = 5.0
MOST_SHORT_LIVES = 5
STOP_SECONDS = 20.0


@dataclass
class Lifeline:
    """What a worker holds of its supervisor: `born` tells that it answers, `alive` ends with the supervisor."""

    born: int
    alive: int


Work = Callable[[int, Lifeline], None]


@dataclass
class Supervisor:
    """Keeps so many workers alive, each in its place; `ready` is called when all of them answer, `leave` at the end."""

    count: int
    work: Work
    ready: Callable[[], None]
    leave: Callable[[], None]
    _workers: dict[int, tuple[int, float]] = field(default_factory=dict)
    _short_lives: int = 0
    _stopping: bool = False

    def run(self) -> int:
        """Supervise until told to stop; gives the exit code."""
        signal.pthread_sigmask(signal.SIG_BLOCK, HEEDED)
        self._births, self._born = os.pipe()
        self._alive, self._held = os.pipe()
        os.set_blocking(self._births, False)
        born = 0
        for place in range(self.count):
            self._start(place)
        while not self._stopping:
            told = signal.sigtimedwait(HEEDED, 1.0 if born < 0 else 0.05)
            if born >= 0 and (born := born + self._newborn()) >= self.count:
                self.ready()
                born = -1
            self._heed(told.si_signo if told is not None else 0)
        return self._stop()

    def _newborn(self) -> int:
        try:
            return len(os.read(self._births, 64))
        except BlockingIOError:
            return 0

    def _heed(self, told: int) -> None:
        if told in (signal.SIGTERM, signal.SIGINT):
            self._stopping = True
        for pid, place, lived in self._buried():
            self._short_lives = self._short_lives + 1 if lived < SHORT_LIFE else 0
            log.warning("worker %s ended after %.0f s and is replaced", pid, lived)
            if self._short_lives >= MOST_SHORT_LIVES:
                print("tradehall: the workers end as soon as they begin", file=sys.stderr)
                self._stopping = True
            elif not self._stopping:
                self._start(place)

    def _buried(self) -> list[tuple[int, int, float]]:
        found = []
        for pid in list(self._workers):
            if os.waitpid(pid, os.WNOHANG)[0]:
                place, began = self._workers.pop(pid)
                found.append((pid, place, monotonic() - began))
                if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
                    multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the library says no types here
        return found

    def _start(self, place: int) -> None:
        pid = os.fork()
        if pid:
            self._workers[pid] = place, monotonic()
            return
        code = 1
        try:
            os.close(self._held)
            os.close(self._births)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HEEDED)
            self.work(place, Lifeline(self._born, self._alive))
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 1
        except BaseException:
            log.exception("a worker failed")
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _stop(self) -> int:
        """Ask every worker to finish what is in flight, and end those that don't in time."""
        self.leave()
        self._tell(signal.SIGTERM)
        latest = monotonic() + STOP_SECONDS
        while self._workers and monotonic() < latest:
            signal.sigtimedwait((signal.SIGCHLD,), 0.1)
            self._buried()
        self._tell(signal.SIGKILL)
        for pid in self._workers:
            os.waitpid(pid, 0)
        return 1 if self._short_lives >= MOST_SHORT_LIVES else 0

    def _tell(self, what: signal.Signals) -> None:
        for pid in self._workers:
            os.kill(pid, what)
