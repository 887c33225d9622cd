"""Somebody who listens: to a socket or to an event stream, over the wire."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.running import Person

PATIENCE = 15.0
"""Seconds after which a test that waits for something gives up."""


class Listener:
    """Hears one thing after the other."""

    def __init__(self, heard: AsyncIterator[dict[str, Any]]) -> None:
        self._heard = heard

    async def next(self, *, beats: bool = False) -> dict[str, Any]:
        """The next thing that is said, but for beats."""
        async with asyncio.timeout(PATIENCE):
            while (found := await anext(self._heard))["event"] == "beat" and not beats:
                pass
            return found

    async def hears(self, count: int) -> list[dict[str, Any]]:
        """The next things that are said."""
        return [await self.next() for _ in range(count)]

    async def until(self, event: str) -> list[dict[str, Any]]:
        """What is said up to the next thing of this name, without it."""
        found = []
        while (heard := await self.next())["event"] != event:
            found.append(heard)
        return found


class SocketListener(Listener):
    """Listens to a socket."""

    def __init__(self, line: ClientConnection) -> None:
        super().__init__(self._said(line))
        self.line = line

    async def _said(self, line: ClientConnection) -> AsyncIterator[dict[str, Any]]:
        while True:
            yield json.loads(await line.recv())

    async def closed(self) -> int:
        """The code with which the other side closes the line, whatever it says before."""
        try:
            while True:
                await self.next()
        except ConnectionClosed as end:
            return end.rcvd.code if end.rcvd is not None else 1006


def address(http: httpx2.AsyncClient, path: str) -> str:
    """Where a socket is."""
    return f"ws{str(http.base_url).removeprefix('http').rstrip('/')}{path}"


@asynccontextmanager
async def line_to(http: httpx2.AsyncClient, path: str, **more: Any) -> AsyncIterator[SocketListener]:
    """Open a socket, and say nothing."""
    async with connect(address(http, path), proxy=None, compression=None, **more) as line:
        yield SocketListener(line)


@asynccontextmanager
async def socket_of(
    person: Person, path: str = "/api/events/socket", begins: str = "ready", **first: Any
) -> AsyncIterator[SocketListener]:
    """Somebody's socket, with all that comes after its first word."""
    async with line_to(person.http, path) as listener:
        await listener.line.send(json.dumps({"token": person.token} | first))
        if begins:
            assert await listener.until(begins) == []
        yield listener


@asynccontextmanager
async def stream_of(
    person: Person, path: str = "/api/events/stream", begins: str = "ready", headers: dict[str, str] | None = None,
    **params: str,
) -> AsyncIterator[Listener]:  # fmt: skip
    """Somebody's event stream, with all that comes after its first word."""
    signed = {"Authorization": f"Bearer {person.token}"} if person.token else {}
    async with person.http.stream("GET", path, params=params, headers=signed | (headers or {})) as answer:
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        listener = Listener(_sent(answer))
        if begins:
            assert await listener.until(begins) == []
        yield listener


@asynccontextmanager
async def both_of(person: Person, begins: str = "ready", **more: Any) -> AsyncIterator[tuple[Listener, Listener]]:
    """Somebody's socket and their event stream."""
    async with socket_of(person, begins=begins, **more) as one, stream_of(person, begins=begins, **more) as two:
        yield one, two


async def _sent(answer: httpx2.Response) -> AsyncIterator[dict[str, Any]]:
    fields: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        yield json.loads(fields["data"]) | {"cursor": fields["id"]} if "data" in fields else {"event": "beat"} | fields
        fields = {}
