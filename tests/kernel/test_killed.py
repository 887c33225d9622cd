"""Rows 23 and 24: a sender that is killed loses nothing, and what it sends twice has the same id."""

from tests.kernel.floor import NOW, Floor
from tests.kernel.killed import Point, killed_at
from tests.running import Clock


async def test_row_23_and_24_killed_between_commit_send_and_mark_each_event_arrives_under_one_id(
    floor: Floor, database_url: str, clock: Clock
) -> None:
    clock.set(NOW.isoformat())
    twice = await killed_at(floor, database_url, clock, [Point(1, is_answered=False)])
    assert twice >= 1
