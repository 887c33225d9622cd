"""The trade of these tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.serving import Shop
from tests.running import Application, Clock, Place
from tests.servers import Postgres
from tests.trades.laundry.washing import House
from tradehall.kernel.trade import Trade
from tradehall.trades import laundry


@pytest.fixture
def trade() -> Trade:
    """The laundry."""
    return laundry.trade


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at nine in the morning."""
    clock = Clock()
    clock.set("2026-03-02T09:00:00+08:00")
    return clock


@pytest.fixture
async def house(application: Application, shop: Place, clock: Clock) -> House:
    """A house with its machines, and three residents."""
    house = House(application, shop, clock)
    await house.people("ama", "ben", "cho")
    await shop.events()
    return house


@pytest.fixture(params=["sqlite", "postgresql"])
def real_laundry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A laundry to be served by processes of their own."""
    url = ""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("private_server")
        url = server.database(f"laundry_{abs(hash(tmp_path)) % 10**9}")
    shop = Shop(tmp_path, url, laundry.trade)
    yield shop
    shop.close()
