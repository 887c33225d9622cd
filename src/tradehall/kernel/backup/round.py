"""A backup as the schedule wants it: into a folder, copied off the machine, and the old ones cleared away."""

import errno
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from tradehall.kernel.backup.archive import Head, Manifest
from tradehall.kernel.backup.making import SUFFIX, Base, Made, OtherSchemaError, Source, make
from tradehall.kernel.backup.sealing import BackupError, Lock
from tradehall.kernel.database import Database
from tradehall.kernel.errors import Problem
from tradehall.kernel.keeping import CHANGES, FULL, LEASE, Begin, End, Marred, Renew, Schedule

INDEX = "full.index"
"""What the newest full backup holds, beside it: a sealed one can't be asked."""
STAMP = "%Y%m%dT%H%M%SZ"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


class Copies(Protocol):
    """Where backups are copied to."""

    def names(self) -> Iterable[str]:
        """Those that are there."""

    def put(self, path: Path) -> None:
        """Copy a file there, whole or not at all."""

    def drop(self, name: str) -> None:
        """Delete one."""


@dataclass(frozen=True)
class Round:
    """Everything that a scheduled backup needs."""

    source: Source
    lock: Lock
    schedule: Schedule
    reopen: Callable[[], Database]
    """Another connection to the same database, for a thread of its own."""
    clock: Callable[[], datetime]
    copies: Copies | None = None

    @property
    def folder(self) -> Path:
        """Where backups are made."""
        return self.schedule.folder

    def run(self, wanted: str | None = None) -> Made | None:
        """Make what is due, or wanted; None where it is not, or somebody else is at it, or nothing changed."""
        begun = self.source.database.run(Begin(self.schedule, self.clock(), wanted))
        if begun is None:
            return None
        backup, kind = begun
        try:
            with self._renewed(backup):
                made = self._make(kind)
        except BaseException as error:
            self._end(backup, error=_why(error), details=_said(error))
            raise
        return made if self._keep(backup, made) else None

    def _make(self, kind: str) -> Made:
        now = self.clock()
        base = self._base() if kind == CHANGES else None
        if base is not None:
            path = self.folder / f"{now:{STAMP}}-{CHANGES}{SUFFIX}"
            try:
                return make(self.source, path, self.lock, now, base)
            except OtherSchemaError:
                pass  # an upgrade came between: begin anew
        made = make(self.source, self.folder / f"{now:{STAMP}}-{FULL}{SUFFIX}", self.lock, now)
        index = self.folder / INDEX
        told = {"head": made.head.dumps().decode(), "manifest": made.manifest.dumps().decode()}
        unfinished = index.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(told))
        unfinished.replace(index)
        return made

    def _base(self) -> Base | None:
        try:
            told = json.loads((self.folder / INDEX).read_text())
            base = Base(Head.loads(told["head"]), Manifest.loads(told["manifest"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return base if (self.folder / base.head.name).exists() else None

    def _keep(self, backup: int, made: Made) -> bool:
        digest = sha256(made.manifest.dumps()).hexdigest()
        kind, size = (CHANGES if made.head.base else FULL), made.path.stat().st_size
        worth = self._end(backup, kind=kind, name=made.path.name, bytes=size, digest=digest)
        if not worth:
            made.path.unlink()
        if trouble := self._copy() or _lack(made.lacking):
            self.source.database.run(trouble)
        self._clear()
        return worth

    def _end(self, backup: int, **told: object) -> bool:
        worth: bool = self.source.database.run(End(self.schedule, backup, self.clock(), **told))
        return worth

    def _here(self) -> list[str]:
        return [path.name for path in self.folder.glob(f"*{SUFFIX}")]

    def _copy(self) -> Marred | None:
        """Copy everything that is not there yet; what is wrong, if that failed: the next round tries again."""
        if self.copies is None:
            return None
        try:
            there = set(self.copies.names())
            for name in sorted(set(self._here()) - there):
                self.copies.put(self.folder / name)
        except (Problem, OSError) as error:
            return Marred(why="it could not be copied off the machine", details=_said(error))
        return None

    def _clear(self) -> None:
        now = self.clock()
        for path in self.folder.glob("*.unfinished"):  # of a process that was killed
            path.unlink(missing_ok=True)
        for name in superfluous(self._here(), now, self.schedule.keep):
            (self.folder / name).unlink(missing_ok=True)
        if self.copies is not None:
            try:
                for name in superfluous(self.copies.names(), now, self.schedule.keep):
                    self.copies.drop(name)
            except (Problem, OSError):
                return  # the copy said so already, and the next round clears up

    @contextmanager
    def _renewed(self, backup: int) -> Iterator[None]:
        """Keep the lease while a large backup is made."""
        done = threading.Event()

        def renew() -> None:
            database = self.reopen()
            while not done.wait(LEASE.total_seconds() / 3):
                database.run(Renew(backup, self.clock()))

        thread = threading.Thread(target=renew, name="lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def _lack(uploads: int) -> Marred | None:
    found = f"{uploads} uploads"
    return Marred(why="the store of files lacks uploads, or did not give them", details=found) if uploads else None


def _why(error: BaseException) -> str:
    """What came between, in words for the owner."""
    if not isinstance(error, Exception):
        return "it was interrupted"
    if isinstance(error, OSError):
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return "the disk is full" if is_full else "the disk can't be read or written"
    return "its key or its settings are wrong" if isinstance(error, BackupError) else "something went wrong"


def _said(error: BaseException) -> str:
    """What the program said, for whoever looks after the installation."""
    return error.sentence if isinstance(error, Problem) else str(error)


def superfluous(names: Iterable[str], now: datetime, keep: timedelta) -> set[str]:
    """Which backups can go: full ones that are older than wanted, and of the changes in between all but a few.

    The newest full one stays whatever its age. Of the changes since a full one stay all of the last hour, the last of each
    hour of the last two days, and the last one before the next full.
    """
    dated = sorted((moment, name) for name in names if (moment := _made_at(name)) is not None)
    fulls = [pair for pair in dated if pair[1].endswith(f"-{FULL}{SUFFIX}")]
    gone = {name for moment, name in fulls[:-1] if now - moment > keep}
    for number, (start, full) in enumerate(fulls):
        end = fulls[number + 1][0] if number + 1 < len(fulls) else datetime.max.replace(tzinfo=UTC)
        changes = [pair for pair in dated if start < pair[0] < end]
        kept = () if full in gone else set(_kept(changes, now))
        gone |= {name for _, name in changes if name not in kept}
    return gone


def _kept(changes: Sequence[tuple[datetime, str]], now: datetime) -> Iterator[str]:
    of_hours: dict[datetime, str] = {}
    for moment, name in changes:
        if now - moment <= HOUR:
            yield name
        elif now - moment <= 2 * DAY:
            of_hours[moment.replace(minute=0, second=0)] = name
    yield from of_hours.values()
    yield from (name for _, name in changes[-1:])


def _made_at(name: str) -> datetime | None:
    try:
        return datetime.strptime(name.partition("-")[0], STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
