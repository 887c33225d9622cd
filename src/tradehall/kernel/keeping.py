"""The ledger of backups: when one is due, who makes it, when the last one was made, and what its owner is told (P-30)."""

import asyncio
import logging
import os
import platform
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Report, Service, dumps
from tradehall.kernel.database import Batch, Database, Session, Undone, Work
from tradehall.kernel.errors import Refused, Unavailable
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.kinds import KEY, Utc, utc_text
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import METADATA

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

log = logging.getLogger("tradehall")
FULL, CHANGES = "full", "changes"
LEASE = timedelta(minutes=5)
PATIENCE = 15
"""Seconds for which whoever asks for a backup waits for it; a larger one goes on without them."""
SHOWN = 20

BACKUPS = sa.Table(
    "backups",
    METADATA,
    sa.Column("id", KEY, primary_key=True, autoincrement=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("machine", sa.String(80), nullable=False),
    sa.Column("started_at", Utc, nullable=False),
    sa.Column("lease_until", Utc, nullable=False),
    sa.Column("ended_at", Utc),
    sa.Column("covers_at", Utc),
    sa.Column("next_at", Utc),
    sa.Column("name", sa.String(100)),
    sa.Column("bytes", sa.BigInteger),
    sa.Column("digest", sa.String(64)),
    sa.Column("error", sa.Text),
    sa.Column("details", sa.Text),
    sa.CheckConstraint("state = 'running' OR state = 'done' OR state = 'failed'", name="ck_backups_state"),
    sqlite_autoincrement=True,
    info={"backup": False},
)
"""Of the installation, not of a business: it stays where it is when a backup is restored elsewhere."""


@dataclass(frozen=True)
class Schedule:
    """How often a full backup is made and how often one of what changed since, into which folder, by which command."""

    every: timedelta
    changes_every: timedelta
    keep: timedelta
    folder: Path
    command: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    look_every: timedelta = timedelta(seconds=30)

    def due(self, session: Session, now: datetime) -> str | None:
        """Which backup is to be begun now, into this folder."""
        if _last(session, state="running", after=now) is not None:
            return None
        full, newest = _last(session, state="done", kind=FULL), _last(session, state="done")
        if full is None or newest is None or now - full.started_at >= self.every:
            return FULL
        if not self.changes_every or now - newest.covers_at < self.changes_every:
            return None
        if (self.folder / full.name).exists():
            return CHANGES
        # The full one lies on another machine, which may be gone: after a while this one begins anew.
        return FULL if now - newest.covers_at >= 3 * self.changes_every else None

    def next_at(self, now: datetime) -> datetime:
        """When the next one is due after one that was made now."""
        return now + (min(self.every, self.changes_every) if self.changes_every else self.every)


def _last(session: Session, state: str, kind: str | None = None, after: datetime | None = None) -> Any:
    query = sa.select(BACKUPS).where(BACKUPS.c.state == state).order_by(BACKUPS.c.id.desc()).limit(1)
    if kind is not None:
        query = query.where(BACKUPS.c.kind == kind)
    return session.execute(query if after is None else query.where(BACKUPS.c.lease_until > after)).first()


class Begin(Work):
    """Note that a backup is begun, so that nobody else makes one meanwhile; gives its id and kind, None if it may not."""

    org_id = 0

    def __init__(self, schedule: Schedule, now: datetime, wanted: str | None = None) -> None:
        self.schedule, self.now, self.wanted = schedule, now, wanted

    def run(self, batch: Batch) -> tuple[int, str] | None:
        running = _last(batch.session, state="running", after=self.now)
        kind = None if running is not None else self.wanted or self.schedule.due(batch.session, self.now)
        if kind is None:
            return None
        lost = sa.update(BACKUPS).where(BACKUPS.c.state == "running")
        batch.session.execute(lost.values(state="failed", error="the process that made it was lost"))
        begun = {"kind": kind, "state": "running", "machine": platform.node(), "started_at": self.now}
        added = sa.insert(BACKUPS).values(**begun, lease_until=self.now + LEASE).returning(BACKUPS.c.id)
        return batch.session.execute(added).scalar_one(), kind


class Renew(Work):
    """A backup takes longer than its lease."""

    org_id = 0

    def __init__(self, backup: int, now: datetime) -> None:
        self.backup, self.now = backup, now

    def run(self, batch: Batch) -> None:
        mine = sa.update(BACKUPS).where(BACKUPS.c.id == self.backup, BACKUPS.c.state == "running")
        batch.session.execute(mine.values(lease_until=self.now + LEASE))


class End(Work):
    """Note how a backup ended: made, superfluous because nothing changed, or failed."""

    org_id = 0

    def __init__(self, schedule: Schedule, backup: int, now: datetime, **told: Any) -> None:
        self.schedule, self.backup, self.now, self.told = schedule, backup, now, told

    def run(self, batch: Batch) -> bool:
        """Whether it is worth keeping."""
        session, mine = batch.session, BACKUPS.c.id == self.backup
        [begun] = session.execute(sa.select(BACKUPS.c.started_at).where(mine)).scalars()
        old = sa.delete(BACKUPS).where(
            BACKUPS.c.started_at < self.now - self.schedule.keep, BACKUPS.c.state != "running"
        )
        session.execute(old)
        if "digest" not in self.told:
            session.execute(sa.update(BACKUPS).where(mine).values(state="failed", ended_at=self.now, **self.told))
            return False
        newest, covered = _last(session, state="done"), {"covers_at": begun, "next_at": self.schedule.next_at(begun)}
        if newest is not None and self.told["kind"] == CHANGES and newest.digest == self.told["digest"]:
            session.execute(sa.delete(BACKUPS).where(mine))
            session.execute(
                sa.update(BACKUPS).where(BACKUPS.c.id == newest.id).values(covered | {"error": None, "details": None})
            )
            return False
        values = self.told | covered | {"state": "done", "ended_at": self.now}
        session.execute(sa.update(BACKUPS).where(mine).values(values))
        return True


class Marred(Work):
    """The newest backup was made, but is nowhere else yet, or lacks uploads."""

    org_id = 0

    def __init__(self, why: str, details: str) -> None:
        self.trouble = {"error": why, "details": details}

    def run(self, batch: Batch) -> None:
        if (newest := _last(batch.session, state="done")) is not None:
            batch.session.execute(sa.update(BACKUPS).where(BACKUPS.c.id == newest.id).values(self.trouble))


async def keep(database: Database, schedule: Schedule, clock: Callable[[], datetime]) -> None:
    """Look whether a backup is due, and have it made, which takes no time from this process."""
    await asyncio.sleep(schedule.look_every.total_seconds())
    if await database.read(0, lambda session: schedule.due(session, clock())) is not None:
        await make(schedule, "--due")


async def make(schedule: Schedule, wish: str) -> bool:
    """Have a backup made by a process of its own, and say whether that went well."""
    quiet, pipe = asyncio.subprocess.DEVNULL, asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *schedule.command, wish, env=os.environ | dict(schedule.environment), stdout=quiet, stderr=pipe
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode:
        log.error("the backup failed: %s", said.decode(errors="replace").strip()[-2000:])
    return process.returncode == 0


def status(session: Session, now: datetime) -> dict[str, Any]:
    """How the backups stand: up to when everything is safe, and what is wrong, if anything is."""
    recent = session.execute(sa.select(BACKUPS).order_by(BACKUPS.c.id.desc()).limit(SHOWN)).all()
    newest = _last(session, state="done")
    ended = [row for row in recent if row.state != "running"]
    return {
        "covered_until": utc_text(newest.covers_at) if newest else None,
        "age_seconds": int((now - newest.covers_at).total_seconds()) if newest else None,
        "next_at": utc_text(newest.next_at) if newest else None,
        "warning": _warning(newest, ended[0] if ended else None, now),
        "backups": [
            {
                "kind": row.kind, "state": row.state, "name": row.name, "bytes": row.bytes, "error": row.error,
                "details": row.details, "started_at": utc_text(row.started_at), "ended_at": row.ended_at and utc_text(row.ended_at),
            }
            for row in recent
        ],
    }  # fmt: skip


def summary(session: Session, now: datetime) -> str:
    """How the backups stand, in a sentence: what the doctor says."""
    found = status(session, now)
    age = found["age_seconds"]
    safe = "" if age is None else f"; everything is safe up to {told(timedelta(seconds=age))} ago"
    return (found["warning"] or "the last backup was made as planned") + safe


def _warning(newest: Any, ended: Any, now: datetime) -> str | None:
    if newest is None:
        return "No backup has been made yet" if ended is None else f"The first backup failed: {ended.error}"
    if ended.state == "failed":
        return (
            f"The last backup failed: {ended.error}; what happened until {newest.covers_at:%-d %B, %H:%M} UTC is safe"
        )
    if now > newest.next_at + (newest.next_at - newest.covers_at):
        return f"The last backup is {told(now - newest.covers_at)} old"
    return f"The last backup was made, but {newest.error}" if newest.error else None


def told(span: timedelta) -> str:
    """A span in words: the largest unit of which there are two."""
    minutes = int(span.total_seconds() // 60)
    for size, unit in ((24 * 60, "days"), (60, "hours")):
        if minutes >= 2 * size:
            return f"{minutes // size} {unit}"
    return f"{minutes} minutes" if minutes != 1 else "a minute"


def paths(trade: "Trade") -> Iterator[Contract]:
    """Where the owner sees how the backups stand."""

    def backups(ctx: Reader) -> dict[str, Any]:
        return status(ctx.session, ctx.now)

    says = "How the backups stand: up to when everything is safe, and what is wrong, if anything is."
    report = Report("backups", trade.owner, backups, None, says, quick=False, room="backups")
    yield Contract("GET", f"{trade.prefix}/backups", report)
    says = "Make a backup now: of what changed since the newest full one, or of everything where there is none."
    yield Contract("POST", f"{trade.prefix}/backups", Service("back_up", trade.owner, back_up, says), 202)


class Ask(Work):
    """Note who wants a backup now; refuses where one is being made."""

    def __init__(self, trade: "Trade", call: "Call") -> None:
        self.org_id, self.trade, self.call = call.actor.org_id, trade, call

    def run(self, batch: Batch) -> None:
        call = self.call
        if _last(batch.session, state="running", after=call.now) is not None:
            raise Refused("backup_running", "A backup is being made just now")
        if call.dry_run:
            raise Undone(None)
        with Context(batch, self.trade, call.actor, call.now, call.origin).happening("backup.make"):
            pass


async def back_up(office: "Office", trade: "Trade", call: "Call") -> Answer:
    """Have a backup made, and wait for it for a while: `is_made` says whether it took longer."""
    schedule = office.outside.backups
    if schedule is None:
        raise Refused("backups_off", "Backups are switched off here: BACKUP_EVERY is 0")
    await office.database.unit(Ask(trade, call))
    if call.dry_run:
        return Answer(200, dumps({"is_made": False}), {"Dry-Run": "true"})
    making = office.begin(make(schedule, "--changes"))
    done, _ = await asyncio.wait([making], timeout=PATIENCE)
    if done and not making.result():
        raise Unavailable("The backup failed; the list of backups says why", "backup_failed")
    return Answer(202, dumps({"is_made": bool(done)}))
