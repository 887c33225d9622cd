"""A crowd at the sockets of a server: as many as one process of ours can hold, some of whom don't read."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit

PATIENCE = 60.0


def frame(text: str) -> bytes:
    """A client's text frame, masked with zeros."""
    content = text.encode()
    size = bytes((0x80 | len(content),)) if len(content) < 126 else b"\xfe" + struct.pack("!H", len(content))
    return b"\x81" + size + bytes(4) + content


class Visitor(asyncio.Protocol):
    """One who listens, or only pretends to."""

    def __init__(self, crowd: Crowd, stalls: bool) -> None:
        self.crowd, self.stalls = crowd, stalls
        self._held = b""
        self._is_open = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(
            f"GET {self.crowd.path} HTTP/1.1\r\n".encode()
            + b"Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        self._held += data
        if not self._is_open:
            head, end, self._held = self._held.partition(b"\r\n\r\n")
            if not end:
                self._held = head
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self._is_open = True
            self.transport.write(frame(json.dumps({"token": self.crowd.token, "topics": self.crowd.topics})))
        while (content := self._next()) is not None:
            self._heard(content)

    def _next(self) -> bytes | None:
        held = self._held
        if len(held) < 2:
            return None
        size, start = held[1], 2
        if size == 126:
            size, start = int.from_bytes(held[2:4]), 4
        elif size == 127:
            size, start = int.from_bytes(held[2:10]), 10
        if len(held) < start + size:
            return None
        self._held = held[start + size :]
        return held[start : start + size] if held[0] & 15 == 1 else b""

    def _heard(self, content: bytes) -> None:
        if content.startswith((b'{"event":"ready"', b'{"event":"snapshot"')):
            self.crowd.ready += 1
            if self.stalls:
                self.transport.pause_reading()
        elif content.startswith(self.crowd.counts) and not content.startswith(b'{"event":"beat"'):
            self.crowd.heard.append(perf_counter())
            self.crowd.bell.set()

    def connection_lost(self, error: Exception | None) -> None:
        self.crowd.gone += 1


class Crowd:
    """Everybody who listens, with the moments at which anybody heard something."""

    def __init__(self, base: str, token: str, path: str = "/api/events/socket", counts: str = "") -> None:
        """Of what they hear only what is called `counts` is counted, if that is said."""
        self.path, self.counts = path, f'{{"event":"{counts}'.encode()
        self.topics: list[str] | None = None
        self.address = (urlsplit(base).hostname or "", urlsplit(base).port or 0)
        self.token = token
        self.ready = self.gone = 0
        self.heard: list[float] = []
        self.bell = asyncio.Event()
        self._visitors: list[Visitor] = []

    async def come(self, count: int, *, stalls: bool = False) -> None:
        """So many more listen from now on; returns when each of them has heard the first word."""
        wanted = self.ready + count
        for first in range(0, count, 50):
            await asyncio.gather(*(self._one(stalls) for _ in range(min(50, count - first))))
        async with asyncio.timeout(PATIENCE):
            while self.ready < wanted:  # noqa: ASYNC110 - a crowd rings no bell
                await asyncio.sleep(0.01)

    async def _one(self, stalls: bool) -> None:
        line = socket.socket()
        line.setblocking(False)
        if stalls:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(line, self.address)
        _, visitor = await loop.create_connection(lambda: Visitor(self, stalls), sock=line)
        self._visitors.append(visitor)

    async def all_have_heard(self, count: int) -> None:
        """Wait until so many things were heard, by all together."""
        async with asyncio.timeout(PATIENCE):
            while len(self.heard) < count:
                self.bell.clear()
                await self.bell.wait()

    def leave(self) -> None:
        """Everybody goes."""
        for visitor in self._visitors:
            with suppress(OSError):
                visitor.transport.abort()


def memory(pid: int) -> float:
    """What a process holds, in MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def percentile(values: list[float], part: float) -> float:
    """The value below which this part of them lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
