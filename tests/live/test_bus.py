"""P-38 and row 32: several processes tell each other what happens, with Redis, without it, and while it is away."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from redis.asyncio import Redis

from tests.listening import PATIENCE, SocketListener, socket_of
from tests.running import Application, Clock, Copies, Place, Switchboard, opened, serving
from tests.servers import private_valkey
from tests.trades.phoneshop.arranging import a_customer
from tradehall.kernel import hub
from tradehall.kernel.people import ChangeMember, member
from tradehall.kernel.trade import Trade
from tradehall.web import live

Served = tuple[Switchboard, httpx2.AsyncClient]


@asynccontextmanager
async def two_processes(
    url: str, trade: Trade, served: Served, folder: Path, redis: str
) -> AsyncIterator[tuple[Application, Application]]:
    """The same trade on the same database, twice, knowing of each other through Redis only."""
    clock = Clock()
    async with (
        serving() as again,
        opened(url, trade, clock, served, folder, redis_url=redis) as one,
        opened(url, trade, clock, again, folder, redis_url=redis) as two,
    ):
        yield one, two


async def connected(*applications: Application) -> None:
    """Wait until each hears of the others."""
    async with asyncio.timeout(PATIENCE):
        for each in applications:
            while not each.office.outside.bus.connected:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.02)


async def tells(writer: Place, listener: SocketListener, name: str) -> None:
    """What one process writes is told by the other."""
    await a_customer(writer.owner, full_name=name)
    event = await listener.next()
    assert event["data"]["changes"][0]["values"]["full_name"] == name


@pytest.fixture
def shared_url(copies: Copies, trade: Trade) -> Iterator[str]:
    """A database that several processes may serve."""
    with copies.copy("postgresql", trade) as url:
        yield url


async def test_p_38_what_one_process_writes_the_others_tell_at_once_through_redis(
    shared_url: str, trade: Trade, served: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub, "LOOK", 3600.0)
    with private_valkey() as redis:
        async with two_processes(shared_url, trade, served, tmp_path, redis) as (one, two):
            await connected(one, two)
            async with socket_of(two.places["accra"].owner) as listener, socket_of(one.places["accra"].owner) as other:
                for number in range(3):
                    await tells(one.places["accra"], listener, f"from one {number}")
                await tells(two.places["accra"], listener, "from two")
                assert [each["data"]["changes"][0]["values"]["full_name"] for each in await other.hears(4)] == [
                    "from one 0", "from one 1", "from one 2", "from two"
                ]  # fmt: skip


async def test_row_32_sales_go_on_while_redis_is_away_or_hangs_and_everybody_catches_up(
    shared_url: str, trade: Trade, served: Served, tmp_path: Path
) -> None:
    with private_valkey() as redis:
        port = urlsplit(redis).port
        async with two_processes(shared_url, trade, served, tmp_path, redis) as (one, two):
            await connected(one, two)
            async with socket_of(two.places["accra"].owner) as listener:
                await tells(one.places["accra"], listener, "before")
                async with Redis.from_url(redis) as admin:
                    await admin.client_pause(3000)
                    await tells(one.places["accra"], listener, "hanging")
                async with Redis.from_url(redis) as admin:
                    await admin.shutdown(nosave=True)
                for number in range(3):
                    await tells(one.places["accra"], listener, f"away {number}")
                with private_valkey(port):
                    await connected(one, two)
                    await tells(one.places["accra"], listener, "back")


async def test_row_32_a_sale_does_not_wait_for_a_redis_that_hangs(
    shared_url: str, trade: Trade, served: Served, tmp_path: Path
) -> None:
    hanging = await asyncio.start_server(lambda reader, writer: asyncio.sleep(3600), "127.0.0.1", 0)
    redis = f"redis://127.0.0.1:{hanging.sockets[0].getsockname()[1]}/0"
    async with (
        two_processes(shared_url, trade, served, tmp_path, redis) as (one, two),
        socket_of(two.places["accra"].owner) as listener,
    ):
        for number in range(5):
            await tells(one.places["accra"], listener, f"customer {number}")
        assert not one.office.outside.bus.connected
    hanging.close()


async def test_p_38_and_row_15_without_redis_news_and_revocations_of_another_process_are_found_by_looking(
    database_url: str, trade: Trade, served: Served, tmp_path: Path
) -> None:
    async with (
        two_processes(database_url, trade, served, tmp_path, "") as (one, two),
        socket_of(two.places["accra"].owner) as listener,
    ):
        await tells(one.places["accra"], listener, "found")
        clerk = two.places["accra"].clerk
        async with socket_of(clerk) as sent_away, asyncio.timeout(5):
            found = await one.places["accra"].read(
                lambda db: member(db, clerk.user_id, one.places["accra"].org_id, trade.name)
            )
            await one.office.database.unit(ChangeMember(found, one.office.clock(), is_active=False))
            assert await sent_away.closed() == live.NOT_THEM
