"""The album, on both databases."""

import pytest

from tests.files import album
from tradehall.kernel.trade import Trade


@pytest.fixture(scope="session")
def trade() -> Trade:
    """The trade of this folder."""
    return album.trade
