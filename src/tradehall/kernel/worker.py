"""The worker: takes what is due and does it, many at once, and none is held up by another's target that hangs."""

import asyncio
import logging
import os
import secrets
from collections import Counter, defaultdict, deque
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from functools import partial
from typing import TYPE_CHECKING, Any

from tradehall.kernel.calls import Close, GiveUp, RunTimer
from tradehall.kernel.errors import Problem
from tradehall.kernel.jobs import (
    BATCH,
    LEASE,
    LOST,
    TASKS,
    TRIED_FOR,
    TRIES,
    Badly,
    Claim,
    Failed,
    Finish,
    GiveBack,
    Job,
    LostLeaseError,
    Task,
    Then,
    WorkerLostError,
    next_due,
)
from tradehall.kernel.progress import LIMIT

if TYPE_CHECKING:
    from tradehall.kernel.office import Office

log = logging.getLogger("tradehall")
TIMERS_AT_ONCE = 64
IN_HAND = 2_000
LANES = 1_000
IDLE = 1.0
LAST_WORDS = 5.0
"""Seconds that what is under way has left when the office closes."""


class Standing(IntEnum):
    """What is known of a lane: its last job went well, none was done yet, or the last one did not."""

    PROVEN = 0
    NEW = 1
    FAILING = 2


AT_ONCE = {Standing.PROVEN: (256, 64), Standing.NEW: (128, 32), Standing.FAILING: (64, 8)}
"""How many jobs are done at the same time in lanes that stand so or worse: over all, and in one group.

A hundred targets that hang take no room from those that answer, and none from a new one of another organisation (row 24).
"""
CROWD = 2
"""So many times as many of a group's are in hand at most."""


class OutOfTimeError(Exception):
    """A task took longer than its time-out, without a sign of life."""


Crowd = dict[str, Counter[Standing]]


def _group(lane: str) -> str:
    """The lanes of one kind of job in one organisation: `webhook.deliver:7`."""
    return ":".join(lane.split(":", 2)[:2])


@dataclass
class Lane:
    """The jobs of one kind for one target. It takes twice as many once it has done all it had, and few once one failed."""

    name: str
    at_once: int
    window: int
    width: int
    waiting: deque[Job] = field(default_factory=deque)
    running: int = 0
    standing: Standing = Standing.NEW

    def __post_init__(self) -> None:
        self.group = _group(self.name)

    @property
    def held(self) -> int:
        """How many of its jobs are in hand."""
        return len(self.waiting) + self.running

    @property
    def may_begin(self) -> bool:
        """Whether one more of its jobs may be done now."""
        return bool(self.waiting) and self.running < self.width

    def ended(self, well: bool) -> None:
        """One of its jobs is over."""
        self.running -= 1
        self.standing = Standing.PROVEN if well else Standing.FAILING
        if not well:
            self.window = self.width = 1
            return
        self.width = self.at_once
        if not self.held:
            self.window = min(2 * self.window, BATCH)


class Worker:
    """Does what is due in an office's trades."""

    def __init__(self, office: "Office") -> None:
        self.office = office
        self.name = f"{os.uname().nodename}:{os.getpid()}:{secrets.token_hex(4)}"
        self._lanes: dict[str, Lane] = {}
        self._held: dict[int, Job] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._taken: Counter[tuple[str, Standing]] = Counter()
        self._finished: list[Job] = []
        self._marking = False
        self._taking = asyncio.Lock()
        self._renewed = datetime.min.replace(tzinfo=UTC)
        self.wake = asyncio.Event()

    # Taking.

    async def work(self) -> None:
        """Take what is due, or wait until something is."""
        self.wake.clear()
        if await self.take():
            return
        due, now = await self._next_due(), self.office.clock()
        wait = IDLE if due is None or due <= now else min(IDLE, (due - now).total_seconds())
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):  # wait_for would swallow a stop that comes with the waking
                await self.wake.wait()

    async def work_once(self) -> int:
        """Do everything that is due now, and what becomes due by that; gives how many jobs that were."""
        done = 0
        while True:
            was_busy = bool(
                self._under_way
            )  # with what somebody else took: it may be over before others are looked for
            taken = await self.take()
            is_busy = was_busy or bool(self._under_way)
            while self._under_way:
                await asyncio.wait(set(self._under_way))
            if not (taken or is_busy):
                return done
            done += taken

    async def take(self) -> int:
        """Lease what is due and begin with it, one after the other; gives how many jobs that are."""
        async with self._taking:
            return await self._take()

    async def _take(self) -> int:
        due, now = await self._next_due(), self.office.clock()
        holding = list(self._held) if now - self._renewed >= LEASE / 3 else []
        if len(self._held) >= IN_HAND or ((due is None or due > now) and not holding):
            return 0
        if holding:
            self._renewed = now
        crowd = self._crowd()
        full = [name for name, lane in self._lanes.items() if self._left(lane, crowd) <= 0]
        closed = {group: self._good(group) for group, lanes in crowd.items() if _is_full(lanes, Standing.NEW)}
        claim = Claim(
            self.name, self.office.clock, self.office.trades, partial(self._room, crowd), full, holding, closed
        )
        jobs: list[Job] = await self.office.database.unit(claim)
        if jobs and not self._held:
            self._renewed = now
        for job in jobs:
            self._held[job.id] = job
            self._lane(job).waiting.append(job)
        self._begin()
        return len(jobs)

    async def _next_due(self) -> datetime | None:
        return await self.office.database.read(0, lambda session: next_due(session, self.office.trades))

    def _crowd(self) -> Crowd:
        """How many jobs of each group are in hand that could begin, by the standing of their lanes."""
        found: defaultdict[str, Counter[Standing]] = defaultdict(Counter)
        for lane in self._lanes.values():
            found[lane.group][lane.standing] += min(lane.held, lane.width)
        return found

    def _left(self, lane: Lane, crowd: Crowd) -> int:
        """How many more of a lane are taken in hand."""
        return 0 if _is_full(crowd[lane.group], lane.standing) else lane.window - lane.held

    def _good(self, group: str) -> list[str]:
        return [name for name, each in self._lanes.items() if each.group == group and not each.standing]

    def _room(self, crowd: Crowd, name: str) -> int:
        """The same for any lane that a claim comes upon."""
        lane = self._lanes.get(name)
        if lane is not None and lane.standing is Standing.PROVEN:
            return self._left(lane, crowd)
        lane = lane or _lane(name)
        left = self._left(lane, crowd)
        crowd[lane.group][lane.standing] += left
        return left

    def _lane(self, job: Job) -> Lane:
        found = self._lanes.get(job.lane)
        if found is None:
            if len(self._lanes) >= LANES:
                lanes = self._lanes.items()
                self._lanes = {name: each for name, each in lanes if each.held or each.standing is Standing.FAILING}
                if len(self._lanes) >= LANES:
                    self._lanes = {name: each for name, each in lanes if each.held}
            found = self._lanes[job.lane] = _lane(job.lane)
        return found

    def _begin(self) -> None:
        """Begin with what waits, as far as its lane, its group and the whole allow; one of each lane in turn."""
        ready = [lane for lane in self._lanes.values() if lane.may_begin]
        ready.sort(key=lambda lane: (lane.standing, lane.running))
        while ready := [lane for lane in ready if lane.may_begin and self._has_place(lane)]:
            for lane in ready:
                if self._has_place(lane):
                    lane.running += 1
                    places = [("", lane.standing), (lane.group, lane.standing)]
                    self._taken.update(places)
                    self._spawn(self._do(lane, lane.waiting.popleft(), places))

    def _has_place(self, lane: Lane) -> bool:
        return all(
            sum(self._taken[where, each] for each in Standing if each >= standing) < most
            for standing, limits in AT_ONCE.items() if standing <= lane.standing
            for where, most in zip(("", lane.group), limits, strict=True)
        )  # fmt: skip

    def _spawn(self, doing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(doing)
        self._under_way.add(task)
        task.add_done_callback(self._over)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._begin()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a job could not be ended, and is done again when its lease is over", exc_info=error)
        self.wake.set()

    # Doing.

    async def _do(self, lane: Lane, job: Job, places: list[tuple[str, Standing]]) -> None:
        well = False
        try:
            well = await self._attempt(job)
        except LostLeaseError:
            log.warning("job %s went to another worker", job.id)
            self._held.pop(job.id, None)
        except Exception as error:
            if job.entity or not isinstance(error, Problem | OSError | OutOfTimeError):
                log.exception("job %s failed", job.id)
            else:
                log.warning("job %s, %s, failed: %s", job.id, job.verb, type(error).__name__)
            try:
                await self._note(job, error)
            finally:
                self._held.pop(job.id, None)
        finally:
            self._taken.subtract(places)
            lane.ended(well)

    async def _note(self, job: Job, error: Exception) -> None:
        """Note that a job failed, and where that is the last time do what its task declares for it.

        If that can't be done either, the job is dead all the same: it would be given up again and again.
        """
        unit, now, is_last = self.office.database.unit, self.office.clock(), job.attempts >= TRIES
        if isinstance(error, OutOfTimeError):
            is_last = is_last or job.attempts * TASKS[job.verb].timeout >= TRIED_FOR
        if is_last and job.verb in LOST:
            try:
                await unit(GiveUp(self.office.trades[job.of_trade], job, self.name, error, now))
                return
            except Exception as wrong:
                if isinstance(wrong, Problem) and wrong.status >= 500:
                    raise
                log.exception("job %s is dead, and what is declared for that failed", job.id)
        await unit(Failed(job, self.name, error, now, is_last))

    async def _attempt(self, job: Job) -> bool:
        """Do a job; gives whether its target took it."""
        trade, database, clock, well = self.office.trades[job.of_trade], self.office.database, self.office.clock, True
        if job.entity:
            try:
                await database.unit(RunTimer(trade, job, self.name, clock()))
            except Problem as problem:
                if problem.status >= 500:
                    raise
                # A refusal by its rule has ended the job in its own unit: nothing is left to note.
        else:
            task = TASKS[job.verb]
            if job.attempts > TRIES:
                raise WorkerLostError
            then = await _in_time(task, self.office, job)
            if then is None:
                self._finish(job)
                return True
            well = not isinstance(then, Badly)
            await database.unit(Close(trade, job, self.name, clock(), then.then if isinstance(then, Badly) else then))
        del self._held[job.id]
        return well

    def _finish(self, job: Job) -> None:
        """Mark a job done, together with all that end meanwhile."""
        self._finished.append(job)
        if not self._marking:
            self._marking = True
            self._spawn(self._mark())

    async def _mark(self) -> None:
        try:
            while self._finished:
                jobs, self._finished = self._finished, []
                try:
                    await self.office.database.unit(Finish(jobs, self.name))
                finally:
                    for job in jobs:
                        self._held.pop(job.id, None)
        finally:
            self._marking = False

    async def close(self) -> None:
        """Let what is under way end, and give back what was not begun."""
        left = [job for lane in self._lanes.values() for job in lane.waiting]
        for lane in self._lanes.values():
            lane.waiting.clear()
        if left:
            with suppress(Problem):
                await self.office.database.unit(GiveBack(left, self.name))
        if self._under_way:
            await asyncio.wait(set(self._under_way), timeout=LAST_WORDS)
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)


async def _in_time(task: Task, office: "Office", job: Job) -> Then | Badly | None:
    try:
        async with asyncio.timeout(task.timeout) as limit:
            LIMIT.set((limit, task.timeout))
            return await task.run(office, job)
    except TimeoutError as error:
        if limit.expired():
            raise OutOfTimeError from error
        raise  # what it asked did not answer in time


def _is_full(held: Counter[Standing], standing: Standing) -> bool:
    """Whether a group has as many in hand as it may of lanes that stand so or worse."""
    if standing is Standing.PROVEN:
        return False
    return sum(held[each] for each in Standing if each >= standing) >= CROWD * AT_ONCE[standing][1]


def _lane(name: str) -> Lane:
    """A lane of which nothing is known."""
    found = TASKS.get(name.split(":", 1)[0])
    at_once = TIMERS_AT_ONCE if found is None else found.at_once
    return Lane(name, at_once, at_once, at_once)
