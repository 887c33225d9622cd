"""A house at work in whatever order a fuzzer likes, beside a board of paper: after each step both must agree (row 26)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tradehall.kernel.calls import AsSystem
from tradehall.kernel.context import Context
from tradehall.kernel.database import Database
from tradehall.kernel.doctor import altered, differences
from tradehall.kernel.errors import Problem
from tradehall.kernel.jobs import JOBS, Job, JobState
from tradehall.kernel.people import CreateOrganisation
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import record_of
from tradehall.kernel.verbs import Actor, Verb, system
from tradehall.trades.laundry import cycles, faults, queue, trade
from tradehall.trades.laundry.cycles import Collection, StartCycle, Which
from tradehall.trades.laundry.feed import seed
from tradehall.trades.laundry.models import MACHINES, OFFERS, WAITING, MachineStatus, MachineType, Offer, WaitlistItem
from tradehall.trades.laundry.queue import Kind
from tradehall.trades.laundry.views import numbered

BEGAN = datetime.fromisoformat("2026-03-02T01:00:00+00:00")
PEOPLE = st.one_of(st.integers(1, 6), st.integers(1, 200))
KINDS, NUMBERS = st.sampled_from([*MachineType]), st.integers(1, 6)
OFFER, HOLD, GRACE, RUNS, DAY = (timedelta(seconds=each) for each in (300, 900, 600, 1800, 86_400))
_serial = count(1)


@dataclass
class Drum:
    """What paper says of a machine: whose it is since when, and for whom it is kept until when."""

    user: int = 0
    ends: datetime | None = None
    is_done: bool = False
    works: bool = True
    kept_for: int = 0
    until: datetime | None = None
    is_held: bool = False

    @property
    def status(self) -> str:
        """As the machine should call it."""
        if self.user:
            return "completed" if self.is_done else "in_use"
        return "available" if self.works else "disabled"

    @property
    def is_free(self) -> bool:
        """Whether it can be offered to somebody."""
        return not self.user and self.works and not self.kept_for


@dataclass
class Waits:
    """What paper says of somebody in line."""

    user: int
    missed: int = 0
    snoozed: bool = False


class Paper:
    """The board as a caretaker would keep it with a pencil."""

    def __init__(self) -> None:
        self.drums = {(kind, number): Drum() for kind in MachineType for number in range(1, 7)}
        self.lines: dict[MachineType, list[Waits]] = {kind: [] for kind in MachineType}

    def place(self, user: int, kind: MachineType) -> Waits | None:
        return next((each for each in self.lines[kind] if each.user == user), None)

    def kept(self, user: int, kind: MachineType) -> Drum | None:
        """The machine of a kind that is kept for somebody."""
        return next((drum for (of, _), drum in self.drums.items() if of is kind and drum.kept_for == user), None)

    def offer(self, kind: MachineType, drum: Drum, now: datetime, but: int = 0) -> None:
        """Offer a machine to the first in line who has none."""
        if drum.is_free:
            for each in self.lines[kind]:
                if not each.snoozed and each.user != but and self.kept(each.user, kind) is None:
                    drum.kept_for, drum.until, drum.is_held = each.user, now + OFFER, False
                    return

    def unkeep(self, kind: MachineType, drum: Drum, now: datetime, but: int = 0) -> None:
        drum.kept_for, drum.until = 0, None
        self.offer(kind, drum, now, but)

    def due(self, now: datetime) -> None:
        """What should have happened by now, in its order."""
        while True:
            found = [
                (at, key) for key, drum in self.drums.items() if (at := self._next(drum)) is not None and at <= now
            ]
            if not found:
                return
            at, (kind, number) = min(found)
            drum = self.drums[kind, number]
            if drum.kept_for:
                self._missed(kind, drum, at)
            elif not drum.is_done:
                drum.is_done = True
            else:
                self.empty(kind, drum, at)

    def _next(self, drum: Drum) -> datetime | None:
        if drum.kept_for:
            return drum.until
        return None if drum.ends is None else drum.ends + DAY if drum.is_done else drum.ends

    def _missed(self, kind: MachineType, drum: Drum, now: datetime) -> None:
        line = self.lines[kind]
        who = self.place(drum.kept_for, kind)
        assert who is not None
        who.missed += 1
        if who.missed == 2:
            line.remove(who)
        else:
            behind = [each for each in line[line.index(who) + 1 :] if not each.snoozed]
            if behind:
                here, there = line.index(who), line.index(behind[0])
                line[here], line[there] = line[there], line[here]
        self.unkeep(kind, drum, now, who.user)

    def empty(self, kind: MachineType, drum: Drum, now: datetime) -> None:
        drum.user, drum.ends, drum.is_done = 0, None, False
        self.offer(kind, drum, now)


def _queue(kind: MachineType, reader: Reader) -> tuple[list[WaitlistItem], list[Offer]]:
    """Who waits for a kind of machine, and what is offered."""
    return reader.all(WAITING, kind=kind), reader.all(OFFERS, kind=kind)


class Washday(RuleBasedStateMachine):
    """The house and the paper."""

    database: Database

    @initialize()
    def move_in(self) -> None:
        self.now = BEGAN
        self.org_id: int = self.database.run(CreateOrganisation(f"house {next(_serial)}", self.now))
        self.paper = Paper()
        self.database.run(AsSystem(trade, self.org_id, self.now, seed))

    # How both are asked.

    def ask(self, user: int, verb: Verb[Any, Any], *asked: Any) -> bool:
        """Let somebody do something; whether it was allowed."""

        def do(ctx: Context) -> None:
            ctx.actor = Actor(self.org_id, trade.name, "resident", user)
            ctx.do(verb, *asked)

        return self._tried(do)

    def _tried(self, do: Callable[[Context], Any]) -> bool:
        try:
            self.database.run(AsSystem(trade, self.org_id, self.now, do))
        except Problem:
            return False
        return True

    def read(self, query: Callable[[Reader], Any]) -> Any:
        return self.database.ask(
            self.org_id, lambda session: query(Reader(session, trade, system(self.org_id, trade.name), self.now))
        )

    def ring(self) -> None:
        """Let every timer that is due ring, each at its moment."""
        while (job := self._first_due()) is not None:
            verb = trade.verb(record_of(job.entity), job.verb)

            def do(ctx: Context, job: Job = job, verb: Verb[Any, Any] = verb) -> None:
                ctx.session.execute(JOBS.delete().where(JOBS.c.id == job.id))
                if (row := ctx.find(verb.record, job.record_id)) is not None:
                    ctx.do(verb, row)

            try:
                self.database.run(AsSystem(trade, self.org_id, job.due_at, do))
            except Problem:  # the world moved on: as the worker does, the timer is forgotten
                gone = JOBS.delete().where(JOBS.c.id == job.id)
                self.database.run(
                    AsSystem(trade, self.org_id, self.now, lambda ctx, gone=gone: ctx.session.execute(gone))
                )

    def _first_due(self) -> Job | None:
        mine = (JOBS.c.org_id == self.org_id, JOBS.c.state == JobState.QUEUED, JOBS.c.due_at <= self.now)
        query = JOBS.select().where(*mine, JOBS.c.entity != "").order_by(JOBS.c.due_at, JOBS.c.id).limit(1)
        row = self.database.ask(self.org_id, lambda session: session.execute(query).first())
        return None if row is None else Job.loaded(dict(row._mapping), None)

    def tick(self, span: timedelta = timedelta(seconds=1)) -> None:
        self.now += span
        self.paper.due(self.now)
        self.ring()

    # What people do.

    @rule(user=PEOPLE, kind=KINDS, number=NUMBERS)
    def start(self, user: int, kind: MachineType, number: int) -> None:
        self.tick()
        paper, drum = self.paper, self.paper.drums[kind, number]
        may = not drum.user and drum.works and drum.kept_for in (0, user)
        assert self.ask(user, cycles.start, StartCycle(machine_type=kind, machine_id=number)) is may
        if may:
            kept, place = paper.kept(user, kind), paper.place(user, kind)
            drum.kept_for, drum.until = 0, None
            drum.user, drum.ends = user, self.now + RUNS
            if place is not None:
                paper.lines[kind].remove(place)
            if kept is not None and kept is not drum:
                paper.unkeep(kind, kept, self.now)

    @rule(kind=KINDS, number=NUMBERS, deed=st.sampled_from(["cancel", "end"]), other=st.booleans())
    def stop(self, kind: MachineType, number: int, deed: str, other: bool) -> None:
        self.tick()
        drum = self.paper.drums[kind, number]
        may = bool(drum.user) and not drum.is_done and not other
        verb = cycles.cancel if deed == "cancel" else cycles.end
        assert self.ask(drum.user + other or 1, verb, Which(machine_type=kind, machine_id=number)) is may
        if may and deed == "end":
            drum.ends, drum.is_done = self.now, True
        elif may:
            self.paper.empty(kind, drum, self.now)

    @rule(user=PEOPLE, kind=KINDS, number=NUMBERS, own=st.booleans())
    def collect(self, user: int, kind: MachineType, number: int, own: bool) -> None:
        self.tick()
        drum = self.paper.drums[kind, number]
        who = drum.user if own and drum.user else user
        may = drum.is_done and drum.ends is not None and (who == drum.user or self.now >= drum.ends + GRACE)
        assert self.ask(who, cycles.collect, Collection(machine_type=kind, machine_id=number)) is may
        if may:
            self.paper.empty(kind, drum, self.now)

    @rule(user=PEOPLE, kind=KINDS)
    def join(self, user: int, kind: MachineType) -> None:
        self.tick()
        may = self.paper.place(user, kind) is None
        assert self.ask(user, queue.join, Kind(machine_type=kind)) is may
        if may:
            self.paper.lines[kind].append(Waits(user))

    @rule(user=PEOPLE, kind=KINDS, deed=st.sampled_from(["leave", "accept", "snooze", "resume"]))
    def wait(self, user: int, kind: MachineType, deed: str) -> None:
        self.tick()
        paper, place, kept = self.paper, self.paper.place(user, kind), self.paper.kept(user, kind)
        may = place is not None and (deed != "accept" or kept is not None)
        verb: Verb[Any, Any] = getattr(queue, deed)
        assert self.ask(user, verb, Kind(machine_type=kind)) is may
        if not may or place is None:
            return
        if deed == "accept" and kept is not None and not kept.is_held:
            kept.is_held, kept.until = True, self.now + HOLD
        if deed in ("snooze", "resume"):
            place.snoozed = deed == "snooze"
        if deed == "leave":
            paper.lines[kind].remove(place)
        if deed in ("leave", "snooze") and kept is not None:
            paper.unkeep(kind, kept, self.now, user)

    @rule(kind=KINDS, number=NUMBERS, works=st.booleans())
    def look_after(self, kind: MachineType, number: int, works: bool) -> None:
        self.tick()
        paper, drum = self.paper, self.paper.drums[kind, number]

        def seen_to(ctx: Context) -> Any:
            machine = numbered(ctx, kind, number)
            return ctx.do(faults.enable, machine) if works else ctx.do(faults.disable, machine, faults.Maintenance())

        assert self._tried(seen_to)
        if drum.works and not works and drum.kept_for:
            who, drum.kept_for, drum.until = drum.kept_for, 0, None
            free = next((d for (k, _), d in paper.drums.items() if k is kind and d is not drum and d.is_free), None)
            if free is not None:
                free.kept_for, free.until, free.is_held = who, self.now + OFFER, False
        was, drum.works = drum.works, works
        if works and not was:
            paper.offer(kind, drum, self.now)

    @rule(seconds=st.sampled_from([60, 299, 301, 900, 1800, 2401, 90_000]))
    def time_goes_by(self, seconds: int) -> None:
        self.tick(timedelta(seconds=seconds))

    # What is likelier together than one by one: machines that change hands while people wait, and answers to offers.

    @rule(kind=KINDS, users=st.lists(PEOPLE, min_size=1, max_size=4, unique=True))
    def crowd(self, kind: MachineType, users: list[int]) -> None:
        for user in users:
            self.join(user, kind)

    @rule(kind=KINDS, number=NUMBERS, user=PEOPLE)
    def change_hands(self, kind: MachineType, number: int, user: int) -> None:
        if not self.paper.drums[kind, number].user:
            self.start(user, kind, number)
        self.stop(kind, number, "end", False)
        self.collect(user, kind, number, True)

    @rule(kind=KINDS, deed=st.sampled_from(["accept", "start", "late", "late", "late", "leave", "snooze"]))
    def answer(self, kind: MachineType, deed: str) -> None:
        found = ((number, drum) for (of, number), drum in self.paper.drums.items() if of is kind and drum.kept_for)
        for number, drum in found:
            if deed == "start":
                self.start(drum.kept_for, kind, number)
            elif deed != "late":
                self.wait(drum.kept_for, kind, deed)
            elif drum.until is not None:
                self.tick(drum.until - self.now)
            return

    # What must hold.

    @invariant()
    def both_agree(self) -> None:
        machines = self.read(lambda reader: reader.all(MACHINES))
        seen = {(each.machine_type, each.number): (each.status.value, each.current_user_id or 0, each.offered_to_id or 0)
                for each in machines}  # fmt: skip
        assert seen == {key: (drum.status, drum.user, drum.kept_for) for key, drum in self.paper.drums.items()}
        for kind in MachineType:
            line, offers = self.read(partial(_queue, kind))
            assert [(each.user_id, each.missed, each.snoozed) for each in line] == [
                (each.user, each.missed, each.snoozed) for each in self.paper.lines[kind]
            ]
            free = [each for each in machines if each.machine_type == kind and each.status is MachineStatus.AVAILABLE]
            assert len(offers) <= len(free)
            assert all(each.until > self.now for each in offers)

    def teardown(self) -> None:
        """Nobody is stuck: let those wash to whom a machine is offered, and everybody who goes on waiting gets theirs."""
        if not hasattr(self, "paper"):
            return
        for _ in range(500):
            busy = [key for key, drum in self.paper.drums.items() if drum.is_done]
            for kind, number in busy:
                self.collect(1, kind, number, True)
            for (kind, number), drum in self.paper.drums.items():
                if drum.kept_for:
                    self.start(drum.kept_for, kind, number)
            for kind in MachineType:
                idle = [number for number in range(1, 7) if self.paper.drums[kind, number].is_free]
                waiting = [each.user for each in self.paper.lines[kind] if not each.snoozed]
                for number, user in zip(idle, waiting, strict=False):
                    if self.paper.kept(user, kind) is None:
                        self.start(user, kind, number)
            works = {kind for (kind, _), drum in self.paper.drums.items() if drum.works}
            if not any(not each.snoozed for kind in works for each in self.paper.lines[kind]):
                break
            self.tick(RUNS)
        else:
            raise AssertionError("somebody waits for ever")
        self.both_agree()
        found = self.database.ask(
            self.org_id,
            lambda session: differences(session, self.org_id, trade, "here") + altered(session, self.org_id),
        )
        assert found == []
