"""The trade of these tests."""

import pytest

from tests.running import Application, Clock, Place
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
