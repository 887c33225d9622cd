"""The wire between the application and PostgreSQL, which a test may cut while a COMMIT is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum
from urllib.parse import urlsplit


class Cut(Enum):
    """When the wire is cut."""

    NEVER = "never"
    BEFORE = "before COMMIT reaches the database"
    AFTER = "after COMMIT took effect, before its answer arrives"
    FOR_GOOD = "after COMMIT took effect, and no new connection is had"


class Wire:
    """Passes bytes on, both ways, until it is told otherwise; it is cut once."""

    def __init__(self, host: str, port: int) -> None:
        self._there = (host, port)
        self._dead = False
        self.cut = Cut.NEVER
        self._passing: set[asyncio.Task[None]] = set()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass a new connection on."""
        if self._dead:
            writer.close()
            return
        there, onward = await asyncio.open_connection(*self._there)
        answers = asyncio.ensure_future(self._answers(there, writer))
        self._passing.add(answers)
        with suppress(ConnectionError):
            await self._questions(reader, onward, answers)
        for each in (onward, writer):
            each.close()

    async def _questions(
        self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter, answers: asyncio.Task[None]
    ) -> None:
        while data := await reader.read(65536):
            cut = self.cut if b"COMMIT" in data else Cut.NEVER
            if cut is Cut.BEFORE:
                self.cut = Cut.NEVER
                answers.cancel()
                return
            onward.write(data)
            await onward.drain()
            if cut is not Cut.NEVER:
                await answers
                return

    async def _answers(self, there: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await there.read(65536):
                if self.cut is not Cut.NEVER and b"COMMIT\x00" in data:
                    self._dead = self.cut is Cut.FOR_GOOD
                    self.cut = Cut.NEVER
                    return
                writer.write(data)
                await writer.drain()
        writer.close()

    async def end(self) -> None:
        """Stop passing."""
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)


@asynccontextmanager
async def wire_to(url: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to the database at a URL, and the URL of its near end."""
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    wire = Wire(parts.hostname, parts.port)
    server = await asyncio.start_server(wire.connect, "127.0.0.1", 0)
    near = server.sockets[0].getsockname()[1]
    yield wire, url.replace(f":{parts.port}/", f":{near}/")
    server.close()
    await wire.end()
