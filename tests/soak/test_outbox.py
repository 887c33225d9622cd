"""Rows 23 and 24 in full: a sender that is killed at 100 points loses nothing."""

import pytest

from tests.kernel import stall
from tests.kernel.conftest import floor
from tests.kernel.floor import NOW, Floor
from tests.kernel.killed import killed_at, points
from tests.running import Clock
from tradehall.kernel.trade import Trade

__all__ = ["floor"]
pytestmark = pytest.mark.soak


@pytest.fixture(scope="session")
def trade() -> Trade:
    """The stall."""
    return stall.trade


async def test_row_23_and_24_killed_at_100_points_each_event_arrives_under_one_id(
    floor: Floor, database_url: str, clock: Clock
) -> None:
    clock.set(NOW.isoformat())
    assert await killed_at(floor, database_url, clock, points(100, seed=23)) > 0
