"""A follower: somebody who listens to a channel, who they are, and where in the log they have come to."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tradehall.kernel import feed
from tradehall.kernel.database import Database, Session
from tradehall.kernel.errors import Unauthenticated
from tradehall.kernel.feed import Happening, RowId
from tradehall.kernel.kinds import utc_text
from tradehall.kernel.live import MESSAGES, Live, Message
from tradehall.kernel.reader import Reader
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Actor, Grant, is_own, system

log = logging.getLogger("tradehall")
REPLAY = 500
"""Who missed more events than this is told to look afresh."""
BEAT = 15.0
"""Seconds after which somebody to whom nothing was said hears that the line is good."""
LARGEST = 256 * 1024
"""Bytes that one event may take; of a larger one nothing is told but that it happened."""

Identify = Callable[[], Awaitable[Actor]]
"""Says who listens, each time anew; raises where they may not any more."""


class Source(Protocol):
    """A log as its followers see it."""

    database: Database
    epoch: str
    last: int
    saying: asyncio.Lock

    async def catch_up(self) -> None:
        """Look now whether it has grown."""

    async def after(self, position: int) -> list[Happening]:
        """The next page after an event."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Something for a listener, who has come to `id` with it. `what` is `event`, `ready`, `snapshot`, `resync` or `beat`."""

    what: str
    id: int
    text: bytes


Said = tuple[Message, Frame]


class Follower:
    """Somebody who listens to a channel."""

    def __init__(
        self, tail: Source, trade: Trade, channel: Live, identify: Identify, actor: Actor,
        clock: Callable[[], datetime],
    ) -> None:  # fmt: skip
        self.tail = tail
        self.trade = trade
        self.channel = channel
        self.actor = actor
        self.woken = asyncio.Event()
        self.topics: Set[str] | None = None
        self._identify = identify
        self._clock = clock
        self._seen = feed.sights(trade, actor)
        self._alike = (trade.name, actor.role, actor.scopes)  # what is told to one of these is told to all
        self._position = 0
        self._sent = 0

    async def frames(self, cursor: str | None) -> AsyncIterator[Frame]:
        """Everything for this listener from a cursor on, without end; raises where they may not listen any more."""
        for frame in await self._begin(cursor):
            yield frame
            del frame
        while True:
            self.woken.clear()
            await self._check()
            page = await self.tail.after(self._position)
            for frame in await self._told(page):
                self._sent = frame.id
                yield frame
            if page:
                self._position = page[-1].id
                self._sent = self._end(self._position)
            if self._position < self.tail.last:
                continue
            try:
                async with asyncio.timeout(BEAT):
                    await self.woken.wait()
            except TimeoutError:
                yield self._frame("beat", None)

    async def _check(self) -> None:
        if await self._identify() != self.actor:
            raise Unauthenticated("Your rights have changed; connect again")

    def _end(self, event_id: int) -> int:
        """The last id that an event may take on this channel."""
        return event_id * self.channel.each + self.channel.each - 1

    # Where it begins.

    async def _begin(self, cursor: str | None) -> list[Frame]:
        fresh = bool(cursor) and not await self._resumed(cursor or "")
        if fresh or not cursor:
            self._position, self._sent = self.tail.last, self._end(self.tail.last)
        found = [self._frame("resync", None)] if fresh else []
        if (snapshot := self.channel.snapshot) is None:
            return [*found, self._frame("ready", None)]
        now = self._clock()
        data = await self._read(lambda session: snapshot(Reader(session, self.trade, self.actor, now)))
        return [*found, self._frame("snapshot", data)]

    async def _resumed(self, cursor: str) -> bool:
        try:
            age, after = feed.position(cursor)
        except ValueError:
            return False
        event_id = after // self.channel.each
        if event_id > self.tail.last:
            await self.tail.catch_up()  # another process may have told of what this one has not read yet
        if age not in (None, self.tail.epoch) or not 0 <= self.tail.last - event_id <= REPLAY:
            return False
        self._position, self._sent = (after + 1) // self.channel.each - 1, after
        return True

    def _frame(self, what: str, data: Any) -> Frame:
        text = feed.envelope(what, self._sent, self.tail.epoch, utc_text(self._clock()), data)
        return Frame(what, self._sent, text)

    async def _read(self, query: Callable[[Session], Any]) -> Any:
        return await self.tail.database.read(self.actor.org_id, query)

    # What is told of events.

    async def _told(self, page: Sequence[Happening]) -> Sequence[Frame]:
        mine = [happening for happening in page if happening.trade == self.trade.name]
        if not mine:
            return ()
        if self.channel.tells is not None:
            return await self._messages(mine)
        asked = feed.asked_rows(self._seen, mine)
        reached: set[RowId] = set()
        if asked:
            reached = await self._read(lambda session: feed.within(session, self.actor, asked, self._seen))
        found = (self._event(happening, reached) for happening in mine)
        return [frame for frame in found if frame is not None]

    def _event(self, happening: Happening, reached: Set[RowId]) -> Frame | None:
        if self.topics is not None or feed.limited(self._seen, happening):
            return self._made(happening, reached)
        if self._alike not in happening.told:
            happening.told[self._alike] = self._made(happening, reached)
        found: Frame | None = happening.told[self._alike]
        return found

    def _made(self, happening: Happening, reached: Set[RowId]) -> Frame | None:
        data = feed.shown(happening, self.trade.name, self.actor, self._seen, reached)
        if data is None or not self._wanted(*(each["resource"] for each in data["changes"])):
            return None
        text = feed.envelope(happening.verb, happening.id, self.tail.epoch, happening.at, data)
        if len(text) > LARGEST:
            data |= {"changes": [], "more_changes": len(data["changes"])}
            text = feed.envelope(happening.verb, happening.id, self.tail.epoch, happening.at, data)
        return Frame("event", happening.id, text)

    def _wanted(self, *topics: str) -> bool:
        return self.topics is None or not self.topics.isdisjoint(topics)

    # What a trade says of them.

    async def _messages(self, page: Sequence[Happening]) -> Sequence[Frame]:
        if any(self.channel not in happening.told for happening in page):
            async with self.tail.saying:  # one says it for all
                if unsaid := [happening for happening in page if self.channel not in happening.told]:
                    actor, now = system(self.actor.org_id, self.trade.name), self._clock()
                    await self._read(lambda session: self._say(Reader(session, self.trade, actor, now), unsaid))
        said: list[Said] = [each for happening in page for each in happening.told[self.channel]]
        mine = [(message, frame) for message, frame in said if frame.id > self._sent and self._may_hear(message)]
        asked = {frame.id: grant for message, frame in mine if (grant := self._scope(message)) is not None}
        if asked:
            reached = await self._read(lambda session: self._within(session, mine, asked))
            mine = [(message, frame) for message, frame in mine if frame.id not in asked or frame.id in reached]
        return [frame for _, frame in mine]

    def _say(self, reader: Reader, page: Sequence[Happening]) -> None:
        tells, age = self.channel.tells, self.tail.epoch
        assert tells is not None  # noqa: S101 - for the type checker
        for happening in page:
            said: list[Said] = []
            try:
                for number, message in enumerate(tells(reader, happening), happening.id * MESSAGES):
                    text = feed.envelope(message.event, number, age, happening.at, message.data, message.more)
                    said.append((message, Frame("event", number, text)))
            except Exception:
                log.exception("what %s says of %s failed", self.channel.path, happening.verb)
            happening.told[self.channel] = said[:MESSAGES]

    def _may_hear(self, message: Message) -> bool:
        if message.to is not None and (not self.actor.user_id or message.to != self.actor.user_id):
            return False
        if message.topic and not self._wanted(message.topic):
            return False
        if not self.actor.may(message.by):
            return False
        grant, about = self.actor.grant(message.by, feed.SCOPES), message.about
        if not is_own(grant):
            return True
        return about is not None and about.values[about.owner] == self.actor.user_id != 0

    def _scope(self, message: Message) -> Grant | None:
        """The grant that only the database can answer, if it is one."""
        grant = self.actor.grant(message.by, feed.SCOPES)
        return None if grant.scope is None or is_own(grant) else grant

    def _within(self, session: Session, said: Sequence[Said], asked: dict[int, Grant]) -> set[int]:
        reader = Reader(session, self.trade, self.actor, self._clock())
        return {
            frame.id
            for message, frame in said
            if (grant := asked.get(frame.id)) is not None
            and (about := message.about) is not None
            and reader.find(type(about), about.id, grant) is not None
        }
