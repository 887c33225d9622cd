"""A wire to a server that can be cut, and can hang: what a restart or a network does to a database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Wire:
    """Passes bytes on. While it hangs it takes connections and passes nothing; while it is cut it closes them."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._goes = asyncio.Event()
        self._goes.set()
        self._is_cut = False
        self._word = b""
        self._open: set[asyncio.StreamWriter] = set()
        self._passing: set[asyncio.Task[None]] = set()
        self.port = 0
        self.asked = 0
        """How often somebody tried to connect."""

    def hang(self) -> None:
        """Pass nothing any more."""
        self._goes.clear()

    def hang_at(self, word: bytes) -> None:
        """Hang as soon as this is said, which isn't passed on."""
        self._word = word

    def cut(self) -> None:
        """Close every connection, and each new one at once."""
        self._is_cut = True
        for writer in self._open:
            writer.transport.abort()

    def mend(self) -> None:
        """Be a wire again; what was held up goes on its way."""
        self._is_cut = False
        self._goes.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """A connection through the wire."""
        self.asked += 1
        if self._is_cut:
            writer.transport.abort()
            return
        there, back = await asyncio.open_connection(*self._to)
        self._open |= {writer, back}
        both = [asyncio.ensure_future(self._pass(reader, back)), asyncio.ensure_future(self._pass(there, writer))]
        self._passing |= set(both)
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        for each in both:
            each.cancel()
        for one in (writer, back):
            one.transport.abort()
        self._open -= {writer, back}

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if self._word and self._word in data:
                    self._word = b""
                    self.hang()
                await self._goes.wait()
                writer.write(data)
                await writer.drain()

    def end(self) -> None:
        """Let go of everything."""
        self.mend()
        for task in self._passing:
            task.cancel()
        for writer in self._open:
            writer.transport.abort()


@asynccontextmanager
async def wire(host: str, port: int) -> AsyncIterator[Wire]:
    """A wire to a server; `port` is where it begins, on loopback."""
    found = Wire(host, port)
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    try:
        yield found
    finally:
        server.close()
        found.end()
        await asyncio.sleep(0)
