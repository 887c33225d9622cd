"""The hub: who follows the log as it grows.

Nothing is queued for anybody. The end of each log that is followed is kept once for all, and every follower goes through
it at their own pace; who falls behind reads the log itself, and who is far behind is told to look afresh.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from time import monotonic

from tradehall.kernel import feed
from tradehall.kernel.bus import Bus
from tradehall.kernel.database import Database
from tradehall.kernel.errors import Unavailable
from tradehall.kernel.feed import Happening
from tradehall.kernel.follower import Follower, Identify
from tradehall.kernel.live import Live
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Actor

log = logging.getLogger("tradehall")
TAIL = 500
"""So many of the last events of a log that is followed are kept in memory."""
PAGE = 100
LOOK = 1.0
LOOK_BESIDE_BUS = 15.0
"""Seconds between looks at the logs that are followed, without a bus and with one: other processes write, too."""


class Tail:
    """The end of one organisation's log: read once for everybody who follows it."""

    def __init__(self, database: Database, org_id: int) -> None:
        self.database = database
        self.org_id = org_id
        self.followers: set[Follower] = set()
        self.epoch = "0"
        self.last = -1
        self.saying = asyncio.Lock()
        self._events: list[Happening] = []
        self._fresh = False
        self._growing: asyncio.Task[None] | None = None

    def news(self) -> None:
        """The log has grown, or may have: look, and wake the followers."""
        self._fresh = True
        if self._growing is None or self._growing.done():
            self._growing = asyncio.create_task(self._grow())
            self._growing.add_done_callback(_noted)

    async def catch_up(self) -> None:
        """Look now, and wait for it."""
        self.news()
        if self._growing is not None:
            await asyncio.shield(self._growing)

    async def _grow(self) -> None:
        while self._fresh:
            self._fresh = False
            if self.last < 0:
                self.epoch, self.last = await self.database.read(
                    self.org_id, lambda session: (feed.epoch(session), feed.head(session, self.org_id)), quick=True
                )
            found = await self._read(self.last, quick=True)
            while found:
                self._events = [*self._events, *found][-TAIL:]
                self.last = found[-1].id
                self.wake()
                found = await self._read(self.last) if len(found) == PAGE else []

    async def _read(self, after: int, quick: bool = False) -> list[Happening]:
        return await self.database.read(
            self.org_id, lambda session: feed.happenings(session, self.org_id, after, PAGE), quick
        )

    def wake(self) -> None:
        """Let every follower look."""
        for follower in self.followers:
            follower.woken.set()

    async def after(self, position: int) -> list[Happening]:
        """The next page after an event, from memory as far as that goes back."""
        begins = self.last - len(self._events)
        if position < begins:
            return await self._read(position)
        return self._events[position - begins :][:PAGE]


def _noted(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, Unavailable):  # that the database is away is said elsewhere
        log.warning("a log could not be looked at: %s", error)


class Hub:
    """Everybody who follows a log in this process."""

    def __init__(self, database: Database, bus: Bus, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._bus = bus
        self._clock = clock
        self._tails: dict[int, Tail] = {}
        self._listening: Counter[Live] = Counter()
        self._tasks: list[asyncio.Task[None]] = []
        self._over = False

    @property
    def listening(self) -> int:
        """How many listen in this process."""
        return self._listening.total()

    def open(self) -> None:
        """Begin to hear of what is committed, here and in other processes."""
        self._over = False
        self._database.tell = self.committed
        self._tasks = [asyncio.create_task(each) for each in (self._bus.run(self.heard), self._look())]

    async def close(self) -> None:
        """Send everybody away, and stop listening."""
        self.leave()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def leave(self) -> None:
        """Send everybody away: this process stops, and another one will have them."""
        self._over = True
        self.recheck()

    def committed(self, org_id: int) -> None:
        """An organisation's log has grown by what this process wrote."""
        self._bus.tell(org_id)
        self.heard(org_id)

    def heard(self, org_id: int | None) -> None:
        """An organisation's log has grown; None means that any of them may have."""
        for tail in list(self._tails.values()) if org_id is None else [self._tails.get(org_id)]:
            if tail is not None:
                tail.news()

    def recheck(self) -> None:
        """Somebody's rights have changed: let every follower see whether they may still listen."""
        for tail in self._tails.values():
            tail.wake()

    async def _look(self) -> None:
        looked = monotonic()
        while True:
            await asyncio.sleep(LOOK)
            if not self._bus.connected or monotonic() - looked >= LOOK_BESIDE_BUS:
                looked = monotonic()
                self.heard(None)

    @asynccontextmanager
    async def following(self, trade: Trade, channel: Live, identify: Identify) -> AsyncIterator[Follower]:
        """Follow a channel; raises Unavailable where it is full, and what `identify` raises."""
        if self._listening[channel] >= channel.most:
            raise Unavailable("Too many are listening already", "full")

        async def who() -> Actor:
            if self._over:
                raise Unavailable("This process stops; connect again", "stopping")
            return await identify()

        self._listening[channel] += 1
        tail: Tail | None = None
        follower: Follower | None = None
        try:
            actor = await who()
            tail = self._tails.setdefault(actor.org_id, Tail(self._database, actor.org_id))
            follower = Follower(tail, trade, channel, who, actor, self._clock)
            tail.followers.add(follower)
            if tail.last < 0:
                await tail.catch_up()
            yield follower
        finally:
            self._listening[channel] -= 1
            if tail is not None and follower is not None:
                tail.followers.discard(follower)
                if not tail.followers and self._tails.get(tail.org_id) is tail:
                    del self._tails[tail.org_id]
