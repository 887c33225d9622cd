"""The trade of these tests."""

import bicycles
import pytest

from tradehall.kernel.trade import Trade


@pytest.fixture
def trade() -> Trade:
    """The bicycle rental."""
    return bicycles.trade
