"""What a server holds while somebody does it harm, or while forty sign in at once."""

import asyncio
from contextlib import suppress
from time import monotonic

import pytest

from tests.reliability.serving import Server, Shop, anew
from tests.soak.figures import place, show

pytestmark = pytest.mark.soak
SLOW = 1000
P99 = 0.2
SIGN_INS = 40
STARTS = (
    b"",
    b"GET /health HTTP/1.1\r\nhost: localhost\r\n",
    b"POST /api/auth/login-json HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 90\r\n\r\n{",
)


async def hold(server: Server, kind: int) -> float:
    """Say a little every second until the connection ends; the seconds that it lasted."""
    began = monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(STARTS[kind])
    with suppress(OSError):
        while not reader.at_eof():
            if kind:
                writer.write(b"x: y\r\n" if kind == 1 else b" ")
                await writer.drain()
            with suppress(TimeoutError):
                await asyncio.wait_for(reader.read(1000), 1)
    writer.close()
    return monotonic() - began


async def beside(doing: "asyncio.Future[list[float]]", server: Server, token: str, path: str) -> list[float]:
    """How long each request took, one after the other, as long as something else goes on."""
    took = []
    while not doing.done():
        began = monotonic()
        status, _ = await anew(server, token, path)
        took.append(monotonic() - began)
        assert status == 200
    return sorted(took)


async def test_row_36_1000_slow_connections_are_closed_in_20_seconds_while_health_stays_quick(real_shop: Shop) -> None:
    server = real_shop.serve()
    holding = asyncio.gather(*(hold(server, serial % 3) for serial in range(SLOW)))
    await asyncio.sleep(1)
    took = await beside(holding, server, real_shop.token, "/health")
    lasted = max(await holding)
    show(f"row 36, {place(real_shop.on_sqlite)}", longest=lasted, health_p99=took[int(len(took) * 0.99)])
    assert lasted <= 20
    assert took[int(len(took) * 0.99)] <= P99


async def test_row_39_forty_sign_ins_at_once_hold_nobody_up(real_shop: Shop) -> None:
    server = real_shop.serve()
    async with real_shop.client(server) as client:

        async def sign_in() -> float:
            given = {"username": "owner", "password": "four walls and a roof"}
            answer = await client.post("/api/auth/login-json", json=given, headers={"Authorization": ""})
            assert answer.status_code in (200, 429)
            return 0.0

        signing_in = asyncio.gather(*(sign_in() for _ in range(SIGN_INS)))
        took = await beside(signing_in, server, real_shop.token, "/api/phones")
    show(f"row 39, {place(real_shop.on_sqlite)}", p99=took[int(len(took) * 0.99)])
    assert took[int(len(took) * 0.99)] <= P99
