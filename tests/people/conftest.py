"""The phone shop, with two organisations, on both databases."""

import pytest

from tradehall.kernel.trade import Trade
from tradehall.trades import phoneshop


@pytest.fixture(scope="session")
def trade() -> Trade:
    """The trade of this folder."""
    return phoneshop.trade
