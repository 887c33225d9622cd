"""Row 34 and P-38: who does not read is let go, and a restart loses nothing."""

import asyncio
import socket

import pytest

from tests.listening import PATIENCE, socket_of, stream_of
from tests.reliability.crowd import Crowd
from tests.reliability.serving import Shop, a_customer
from tests.running import Application, Person, Place
from tradehall.web import live

LARGE = {"brand": "Samsung", "model": "Galaxy", "condition": "New", "value": 1, "specs": {"colour": "black" * 10_000}}


async def test_row_34_of_50_sockets_5_do_not_read_the_others_hear_everything_and_the_5_are_let_go(
    application: Application, shop: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STALLED", 0.5)
    crowd = Crowd(str(application.http.base_url), shop.owner.token)
    await crowd.come(45)
    await crowd.come(5, stalls=True)
    assert application.office.hub.listening == 50
    events = 10
    for _ in range(events):
        assert (await shop.owner.post("/api/phones", json=LARGE)).status_code == 201
    await crowd.all_have_heard(45 * events)
    async with asyncio.timeout(PATIENCE):
        while application.office.hub.listening > 45:  # noqa: ASYNC110 - a hub rings no bell
            await asyncio.sleep(0.02)
    assert crowd.gone == 0
    assert (await shop.owner.post("/api/phones", json=LARGE)).status_code == 201
    await crowd.all_have_heard(45 * (events + 1))
    crowd.leave()
    async with asyncio.timeout(PATIENCE):
        while application.office.hub.listening:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)


async def test_row_34_an_event_stream_that_is_not_read_is_let_go(
    application: Application, shop: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "STALLED", 0.5)
    url = application.http.base_url
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.setblocking(False)
    await asyncio.get_running_loop().sock_connect(line, (url.host, url.port))
    head = f"GET /api/events/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {shop.owner.token}\r\n\r\n"
    await asyncio.get_running_loop().sock_sendall(line, head.encode())
    async with asyncio.timeout(PATIENCE):
        while not application.office.hub.listening:  # noqa: ASYNC110 - a hub rings no bell
            await asyncio.sleep(0.02)
        for _ in range(10):
            assert (await shop.owner.post("/api/phones", json=LARGE)).status_code == 201
        while application.office.hub.listening:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.02)
    line.close()


async def test_p_38_across_a_kill_a_listener_misses_nothing_and_a_stop_sends_listeners_away(real_shop: Shop) -> None:
    server = real_shop.serve()
    async with real_shop.client(server) as client, socket_of(Person(client, real_shop.token)) as listener:
        made = [await a_customer(client)]
        heard = [await listener.next()]
        made += [await a_customer(client) for _ in range(3)]
        server.kill()
    cursor, server = f"{heard[0]['epoch']}-{heard[0]['id']}", real_shop.serve()
    async with real_shop.client(server) as client:
        owner = Person(client, real_shop.token)
        async with socket_of(owner, after=cursor) as listener, stream_of(owner, after=cursor) as stream:
            made.append(await a_customer(client))
            heard += await listener.hears(4)
            assert [each["id"] for each in await stream.hears(4)] == [each["id"] for each in heard[1:]]
            server.process.terminate()
            assert await listener.closed() == live.RESTART
            with pytest.raises(StopAsyncIteration):
                await stream.next()
    assert [each["data"]["changes"][0]["id"] for each in heard] == made
    assert [each["id"] for each in heard] == list(range(heard[0]["id"], heard[0]["id"] + 5))
    assert await asyncio.to_thread(server.process.wait, 20) == 0
