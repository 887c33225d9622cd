"""Live over the wire: the feed as server-sent events, and the sockets of a trade's channels."""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from typing import Annotated, Any
from urllib.parse import urlsplit

import orjson
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tradehall.kernel.columns import LARGEST_ID
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Denied, Problem, Throttled, Unauthenticated
from tradehall.kernel.feed import SCOPES
from tradehall.kernel.follower import Follower, Frame, Identify
from tradehall.kernel.live import Live
from tradehall.kernel.office import Office
from tradehall.kernel.people import organisation_of, organisations
from tradehall.kernel.tickets import LASTS
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import ANYBODY, Actor
from tradehall.web.client import source
from tradehall.web.dispatch import Dispatcher, Headers, Receive, Scope, Send

FIRST_MESSAGE = 10.0
"""Seconds in which a socket has to say who it is."""
STALLED = 8.0
"""Seconds that one message may take to go out; who does not read for so long is let go."""
MUCH = 4096
"""Bytes after which it is seen whether they were taken, before there are more."""
SHOWN = (b"authorization", b"x-api-key", b"cookie")
"""The headers with which somebody shows who they are."""
NOT_THEM, SILENT, FULL, MALFORMED, RESTART = 4401, 4408, 1013, 4400, 1012
"""How a socket is closed: not (or no longer) allowed, nothing said in time, full, not understood, another process goes on."""


class Ticket(BaseModel):
    """What stands for a token in the address of an event stream; good once, for so many seconds."""

    ticket: str
    expires_in: int


class First(BaseModel):
    """What a socket says first: its token, and from where it goes on; `topics` are all where none are named."""

    model_config = ConfigDict(extra="ignore")

    token: Annotated[str | None, Field(max_length=8192)] = None
    after: Annotated[str | None, Field(max_length=40)] = None
    last_event_id: Annotated[int | str | None, Field()] = None
    user_id: Annotated[int | None, Field(ge=1, le=LARGEST_ID)] = None
    epoch: Annotated[str | None, Field(max_length=20)] = None
    topics: Annotated[list[str] | None, Field(max_length=100)] = None

    @property
    def cursor(self) -> str | None:
        """From where on."""
        if self.after or self.last_event_id is None:
            return self.after
        return f"{self.epoch}-{self.last_event_id}" if self.epoch else str(self.last_event_id)


class Streams:
    """The event streams of a trade."""

    def __init__(self, office: Office, trade: Trade, dispatcher: Dispatcher) -> None:
        self.office = office
        self.trade = trade
        self.dispatcher = dispatcher
        self.channel = trade.channels[0]

    async def ticket(self, request: Request) -> Ticket:
        """A ticket for an event stream, where no header can be sent: good once, for 30 seconds."""
        headers = dict(request.headers.raw)
        await self.dispatcher.actor(headers, address=source(request.scope), scopes=SCOPES)
        shown = {name.decode(): headers[name].decode("latin-1") for name in SHOWN if name in headers}
        made = self.office.tickets.issue(self.trade.name, shown, self.office.clock())
        return Ticket(ticket=made, expires_in=int(LASTS.total_seconds()))

    async def stream(
        self, request: Request, after: Annotated[str, Query(max_length=40)] = "",
        topics: Annotated[str, Query(max_length=1000)] = "", ticket: str = "",
    ) -> Response:  # fmt: skip
        """What happens, as it happens, as far as you may see it: server-sent events."""
        headers = await self._spent(ticket) if ticket else dict(request.headers.raw)
        address = source(request.scope)

        async def identify() -> Actor:
            return await self.dispatcher.actor(headers, address=address, scopes=SCOPES)

        stack = AsyncExitStack()
        follower = await stack.enter_async_context(self.office.hub.following(self.trade, self.channel, identify))
        follower.topics = frozenset(topics.split(",")) if topics else None
        return EventStream(follower, request.headers.get("last-event-id") or after or None, stack)

    async def _spent(self, ticket: str) -> Headers:
        shown, spend = self.office.tickets.spend(self.trade.name, ticket, self.office.clock())
        if not await self.office.database.unit(spend):
            raise Unauthenticated("This ticket was used already")
        return {name.encode(): value.encode("latin-1") for name, value in shown.items()}


def routes(office: Office, trade: Trade, dispatcher: Dispatcher) -> APIRouter:
    """The paths of a trade's event stream."""
    router, streams = APIRouter(prefix=f"{trade.prefix}/events", tags=["events"]), Streams(office, trade, dispatcher)
    router.add_api_route("/ticket", streams.ticket, methods=["POST"], summary="A ticket for an event stream.")
    # Not in the document: its answer has no end, and what reads the document tries every operation.
    router.add_api_route("/stream", streams.stream, methods=["GET"], include_in_schema=False, response_model=None)
    return router


class EventStream(Response):
    """Server-sent events without end."""

    def __init__(self, follower: Follower, cursor: str | None, stack: AsyncExitStack) -> None:
        super().__init__(None, 200, {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}, "text/event-stream")
        del self.headers["content-length"]
        self.follower = follower
        self.cursor = cursor
        self.stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self.stack:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            with suppress(TimeoutError):  # who does not read is let go
                with suppress(Problem):  # who may not listen any more is told so at the next request
                    await _until_gone(receive, "http.disconnect", self._send(send))
                async with asyncio.timeout(STALLED):
                    await send({"type": "http.response.body", "body": b""})

    async def _send(self, send: Send) -> None:
        age = self.follower.tail.epoch
        async for frame in self.follower.frames(self.cursor):
            body = sse(frame, age)
            await _out(send, {"type": "http.response.body", "body": body, "more_body": True}, len(body))


def sse(frame: Frame, age: str) -> bytes:
    """A frame as a server-sent event; a beat is a comment, which moves the reader's cursor all the same."""
    if frame.what == "beat":
        return b": beat\nid: %s-%d\n\n" % (age.encode(), frame.id)
    kind = b"" if frame.what == "event" else b"event: %s\n" % frame.what.encode()
    return b"%sid: %s-%d\ndata: %s\n\n" % (kind, age.encode(), frame.id, frame.text)


class Sockets:
    """The sockets of a trade: a channel at each declared path, and nothing anywhere else."""

    def __init__(self, office: Office, trade: Trade, dispatcher: Dispatcher) -> None:
        self.office = office
        self.trade = trade
        self.dispatcher = dispatcher
        self.channels = {channel.path: channel for channel in trade.channels}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a socket from its request on."""
        path, headers = scope["path"].removeprefix(scope.get("root_path", "")), dict(scope["headers"])
        channel = self.channels.get(path.rstrip("/"))
        await receive()
        if channel is None or not self._may_call(headers):
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: a 403
            return
        await send({"type": "websocket.accept"})
        with suppress(TimeoutError):  # it does not read: there is no use in telling it anything
            try:
                first = await self._first(receive)
                identify = self._identify(channel, first, source(scope))
                async with self.office.hub.following(self.trade, channel, identify) as follower:
                    follower.topics = frozenset(first.topics) if first.topics else None
                    await _until_gone(receive, "websocket.disconnect", self._send(follower, first.cursor, send))
            except Closed as closed:
                await self._close(send, closed.code, closed.why)
            except (Unauthenticated, Denied) as problem:
                await self._close(send, NOT_THEM, problem.sentence)
            except Problem as problem:
                later = isinstance(problem, Throttled) or problem.code == "full"
                await self._close(send, FULL if later else RESTART, problem.sentence)

    def _may_call(self, headers: Headers) -> bool:
        """Whether a page of this origin may open a socket: our own, or one that is named in the settings (row 21)."""
        origin = headers.get(b"origin")
        if origin is None:
            return True
        text = origin.decode("latin-1")
        own = urlsplit(text).netloc.lower() == headers.get(b"host", b"").decode("latin-1").lower()
        return own or text in self.dispatcher.policy.origins

    async def _first(self, receive: Receive) -> First:
        try:
            async with asyncio.timeout(FIRST_MESSAGE):
                message = await receive()
        except TimeoutError as error:
            raise Closed(SILENT, "Nothing was said in time") from error
        if message["type"] != "websocket.receive":
            raise Closed(1000)
        try:
            return First.model_validate(orjson.loads(message.get("text") or message.get("bytes") or b""))
        except (ValidationError, ValueError) as error:
            raise Closed(MALFORMED, "The first message is a JSON object with a token") from error

    def _identify(self, channel: Live, first: First, address: str) -> Identify:
        headers = {b"authorization": f"Bearer {first.token}".encode()} if first.token else {}

        public: Actor | None = None

        async def identify() -> Actor:
            nonlocal public
            if not headers and channel.public:
                public = public or await self._public(first.user_id)
                return public
            return await self.dispatcher.actor(headers, address=address, scopes=SCOPES)

        return identify

    async def _public(self, user_id: int | None) -> Actor:
        """Somebody without a token hears what is public in the organisation of whom they name, or in the only one."""

        def find(session: Session) -> int | None:
            if user_id is not None:
                return organisation_of(session, user_id, self.trade.name)
            found = organisations(session)
            return found[0][0] if len(found) == 1 else None

        org_id = await self.office.database.read(0, find)
        if org_id is None:
            raise Unauthenticated
        return Actor(org_id, self.trade.name, ANYBODY.name)

    async def _send(self, follower: Follower, cursor: str | None, send: Send) -> None:
        async for frame in follower.frames(cursor):
            await _out(send, {"type": "websocket.send", "text": frame.text.decode()}, len(frame.text))
            del frame  # what was said is not held until there is more: ten thousand snapshots are a hundred MB

    async def _close(self, send: Send, code: int, why: str = "") -> None:
        async with asyncio.timeout(STALLED):
            await send({"type": "websocket.close", "code": code, "reason": why[:100]})


class Closed(Exception):  # noqa: N818 - an end, not always a fault
    """A socket is to be closed with this code."""

    def __init__(self, code: int, why: str = "") -> None:
        super().__init__(why)
        self.code = code
        self.why = why


async def _out(send: Send, message: dict[str, Any], size: int) -> None:
    """Send something, and after much of it let the loop find out whether it was taken; raises TimeoutError if not."""
    async with asyncio.timeout(STALLED):
        await send(message)
        if size > MUCH:
            await asyncio.sleep(0)


async def _until_gone(receive: Receive, farewell: str, doing: Coroutine[Any, Any, None]) -> None:
    """Do something until it ends or the other side has gone; what they say meanwhile is not listened to."""
    work, watch = asyncio.create_task(doing), asyncio.create_task(_gone(receive, farewell))
    try:
        await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (work, watch):
            task.cancel()
        await asyncio.gather(work, watch, return_exceptions=True)
    if not work.cancelled():
        work.result()


async def _gone(receive: Receive, farewell: str) -> None:
    while (await receive())["type"] != farewell:
        pass
