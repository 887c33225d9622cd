"""The trade of these tests."""

import pytest

from tradehall.kernel.trade import Trade
from tradehall.trades import phoneshop


@pytest.fixture
def trade() -> Trade:
    """The phone shop."""
    return phoneshop.trade
