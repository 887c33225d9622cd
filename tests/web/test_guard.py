"""Connections that tell or take too little are closed (row 36); seconds are short here, and long in tests/soak."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from typing import Any

import pytest
import uvicorn

from tradehall.kernel.errors import Unfinished
from tradehall.web import guard
from tradehall.web.bodies import read_body
from tradehall.web.guard import guarded, look

GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n"
POST = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n"


class Application:
    """Tells how long the body was; what had no end it notes."""

    def __init__(self) -> None:
        self.unfinished = asyncio.Event()
        self.answer = b""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await read_body(dict(scope["headers"]), receive, limit=2**30)
        except Unfinished:
            self.unfinished.set()
            return
        answer = self.answer or b"%d" % len(body)
        headers = [(b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


class Server(uvicorn.Server):
    def capture_signals(self) -> Any:
        return nullcontext()

    async def on_tick(self, counter: int) -> bool:
        look(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HEAD_SECONDS", "BODY_SECONDS", "UNREAD_SECONDS"):
        monkeypatch.setattr(guard, name, 0.3)


@pytest.fixture
def application() -> Application:
    return Application()


@asynccontextmanager
async def server(application: Application, most: int) -> AsyncIterator[int]:
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        application, lifespan="off", http=guarded(most), log_config=None, ws="none", interface="asgi3"
    )
    one = Server(config)
    task = asyncio.create_task(one.serve([listening]))
    while not one.started:  # noqa: ASYNC110 - uvicorn offers no event
        await asyncio.sleep(0.01)
    yield int(listening.getsockname()[1])
    one.should_exit = True
    await task


@pytest.fixture
async def port(application: Application) -> AsyncIterator[int]:
    async with server(application, 5) as port:
        yield port


async def all_of(port: int, *parts: bytes) -> bytes:
    """What is answered until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
        await asyncio.sleep(0.05)
    answer = await reader.read()
    writer.close()
    return answer


async def test_a_request_whose_headers_never_end_is_408(port: int) -> None:
    assert (await all_of(port, GET, b"x: 1\r\n")).startswith(b"HTTP/1.1 408 ")


async def test_whoever_says_nothing_is_sent_away(port: int) -> None:
    assert await all_of(port) == b""


async def test_a_second_request_whose_headers_never_end_is_408_too(port: int) -> None:
    first, second = (await all_of(port, GET + b"\r\n", GET)).split(b"HTTP/1.1 ")[1:]
    assert (first[:3], second[:3]) == (b"200", b"408")


async def test_a_body_that_never_comes_is_408_and_nothing_is_done(port: int, application: Application) -> None:
    assert (await all_of(port, POST % 100, b"x")).startswith(b"HTTP/1.1 408 ")
    await asyncio.wait_for(application.unfinished.wait(), 5)


async def test_half_a_body_is_not_taken_for_a_whole_one(port: int, application: Application) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(POST % 100 + b"half of it")
    await writer.drain()
    await asyncio.sleep(0.05)
    writer.close()
    await asyncio.wait_for(application.unfinished.wait(), 5)


async def test_a_body_may_take_its_time_as_long_as_it_comes(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "SLOWEST_BODY", 1)
    last = b"connection: close\r\ncontent-length: %d\r\n\r\n"
    parts = [b"x"] * 12
    answer = await all_of(port, b"POST / HTTP/1.1\r\nhost: localhost\r\n" + last % len(parts), *parts)
    assert answer.endswith(b"\r\n\r\n12")


async def test_headers_without_an_end_to_their_size_are_431(port: int) -> None:
    assert (await all_of(port, GET + b"x: " + b"x" * 70_000)).startswith(b"HTTP/1.1 431 ")


async def test_who_takes_nothing_of_the_answer_is_dropped(port: int, application: Application) -> None:
    application.answer = b"x" * 20_000_000
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(GET + b"\r\n")
    await asyncio.sleep(1.5)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await reader.readexactly(20_000_000)
    writer.close()


async def test_there_are_no_more_connections_than_may_be(port: int) -> None:
    held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
    assert (await all_of(port, GET)).startswith(b"HTTP/1.1 503 ")
    for _, writer in held:
        writer.close()


async def test_a_connection_that_is_kept_serves_many_requests(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(POST % 3 + b"abc")
        assert (await reader.readuntil(b"\r\n\r\n3")).startswith(b"HTTP/1.1 200 ")
        await asyncio.sleep(0.5)
    writer.close()
