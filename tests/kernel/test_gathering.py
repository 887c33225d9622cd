"""Rows that are asked for by their ids at the same moment come from PostgreSQL in one journey."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from tests.kernel.floor import HERE, THERE, Floor, bring
from tests.kernel.stall import Crate
from tradehall.kernel.database import Keyed, Row, Session
from tradehall.kernel.database.gathering import MOST, Gathering
from tradehall.kernel.errors import Unavailable

CRATES = Crate.table.c
LABELS = Keyed(sa.select(CRATES.label).where(CRATES.org_id == sa.bindparam("org_id")), CRATES.id)
ASKED = (HERE, LABELS, 0)


class Journeys:
    """Gathers rows of a database; each journey can be held up, or fail."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.gathering = Gathering(self._read)
        self.made = 0
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.fails = False

    async def _read(self, org_id: int, query: Callable[[Session], list[Row]], quick: bool) -> list[Row]:
        self.made += 1
        await self.goes_on.wait()
        if self.fails:
            raise Unavailable
        return await self.floor.database.read(org_id, query, quick)

    async def labels(self, *ids: int, asked: Any = ASKED) -> list[str | None]:
        """The labels of these, asked for at the same moment."""
        rows = await asyncio.gather(*(self.gathering.row(asked, row_id) for row_id in ids))
        return [None if row is None else row[0] for row in rows]


@pytest.fixture
async def journeys(floor: Floor) -> Journeys:
    if floor.on_sqlite:
        pytest.skip("a file is near")
    for number in range(1, 6):
        await floor.do(bring(f"crate {number}"))
    return Journeys(floor)


async def test_each_gets_the_row_that_it_asked_for_and_all_come_in_one_journey(journeys: Journeys) -> None:
    assert await journeys.labels(3, 1, 999, 3, 5) == ["crate 3", "crate 1", None, "crate 3", "crate 5"]
    assert journeys.made == 1
    assert await journeys.labels(2) == ["crate 2"]


async def test_who_asks_in_another_organisation_asks_alone_and_sees_nothing_of_this_one(journeys: Journeys) -> None:
    here, there = await asyncio.gather(journeys.labels(1), journeys.labels(1, asked=(THERE, LABELS, 0)))
    assert (here, there, journeys.made) == (["crate 1"], [None], 2)


async def test_who_comes_while_one_is_on_its_way_sees_what_was_committed_before(
    journeys: Journeys, floor: Floor
) -> None:
    journeys.goes_on.clear()
    first = asyncio.create_task(journeys.labels(6))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    made = await floor.do(bring("crate 6"))
    assert made is not None
    others = asyncio.create_task(journeys.labels(6, 1, 2))
    await asyncio.sleep(0)
    journeys.goes_on.set()
    await first
    assert await others == ["crate 6", "crate 1", "crate 2"]
    assert journeys.made == 2


async def test_row_31_a_journey_that_hangs_holds_up_nobody_who_comes_later(journeys: Journeys) -> None:
    journeys.goes_on.clear()
    hanging = asyncio.create_task(journeys.labels(1))
    while not journeys.made:  # noqa: ASYNC110 - it begins by itself
        await asyncio.sleep(0)
    later = asyncio.create_task(journeys.labels(2))
    while journeys.made < 2:  # noqa: ASYNC110 - the first one goes on hanging meanwhile
        await asyncio.sleep(0.001)
    assert not hanging.done()
    journeys.goes_on.set()
    assert (await hanging, await later) == (["crate 1"], ["crate 2"])


async def test_what_fails_fails_for_all_who_asked_and_for_nobody_after_them(journeys: Journeys) -> None:
    journeys.fails = True
    found = await asyncio.gather(*(journeys.gathering.row(ASKED, n) for n in (1, 2)), return_exceptions=True)
    assert [type(each) for each in found] == [Unavailable] * 2
    journeys.fails = False
    assert await journeys.labels(1) == ["crate 1"]


async def test_who_goes_away_leaves_the_row_to_the_others(journeys: Journeys) -> None:
    journeys.goes_on.clear()
    gone, stays = (asyncio.create_task(journeys.labels(1)) for _ in range(2))
    while not journeys.made:  # noqa: ASYNC110 - it begins by itself
        await asyncio.sleep(0)
    gone.cancel()
    journeys.goes_on.set()
    assert await stays == ["crate 1"]
    assert gone.cancelled() or gone.cancelling()


async def test_more_than_fit_into_one_journey_go_in_several(journeys: Journeys) -> None:
    ids = [1 + n % 5 for n in range(2 * MOST + 1)]
    assert await journeys.labels(*ids) == [f"crate {n}" for n in ids]
    assert 2 <= journeys.made <= 3
