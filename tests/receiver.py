"""A receiver of webhooks on a loopback port, as hostile as its path says: it hangs, redirects, fails or never ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson


@dataclass
class Got:
    """A request that came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(self.body)


@dataclass
class Receiver:
    """What came so far; `answers` says what a path answers, `connections` counts who so much as knocked."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    answers: dict[str, bytes] = field(default_factory=dict)
    connections: int = 0
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    busy: set[asyncio.Task[Any]] = field(default_factory=set)
    on_request: Callable[[int, bool], None] = lambda count, answered: None
    """Told of each request before it is answered, and once it was."""

    def url(self, path: str) -> str:
        """Where that path is."""
        return f"http://127.0.0.1:{self.port}{path}"

    def at(self, path: str) -> list[Got]:
        """What came to a path."""
        return [each for each in self.got if each.path == path]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one request."""
        self.connections += 1
        if (me := asyncio.current_task()) is not None:
            self.busy.add(me)
            me.add_done_callback(self.busy.discard)
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            path = head[0].split()[1]
            self.got.append(Got(path, headers, body))
            self.on_request(len(self.got), False)
            await self._answer(path, writer)
            self.on_request(len(self.got), True)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> None:
        if path.startswith("/hang"):
            await self.closing.wait()
        elif path == "/huge":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
            while not self.closing.is_set():
                writer.write(b"x" * 65536)
                await writer.drain()
        elif path == "/drip":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
            while not self.closing.is_set():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)
        else:
            writer.write(self.answers.get(path, answer(200, b"thank you")))
            await writer.drain()


def answer(status: int, body: bytes = b"", *headers: str) -> bytes:
    """An answer as it goes over the wire."""
    head = "\r\n".join([f"HTTP/1.1 {status} So", f"content-length: {len(body)}", "connection: close", *headers])
    return head.encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Receive on a free port."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        receiver.closing.set()
        server.close()
        await asyncio.gather(*receiver.busy, return_exceptions=True)
