"""A laundry under load: killed and started again, and by a clock that is set forward and back (rows 4, 26 and 27)."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.reliability.serving import Shop
from tests.soak.figures import place, show
from tests.trades.laundry.conftest import real_laundry
from tests.trades.laundry.loading import SHORT, Ear, Load, settled
from tests.trades.laundry.moving import lost_or_doubled, moved_in
from tradehall.kernel.office import utc_now
from tradehall.trades.laundry.models import Activity, Cycle

__all__ = ["real_laundry"]
pytestmark = pytest.mark.soak
DAY = 86_400


async def intact(shop: Shop, load: Load) -> None:
    """Nothing was lost or doubled."""
    assert await shop.read(lambda session: list(lost_or_doubled(session))) == []
    ids = await shop.read(lambda session: set(session.execute(sa.select(Cycle.table.c.id)).scalars()))
    assert len(load.acknowledged) == len(set(load.acknowledged))
    assert set(load.acknowledged) <= ids
    assert await shop.wrong() == []


async def test_row_4_a_house_of_2000_loses_nothing_by_two_kills_and_a_client_hears_everything_once(
    real_laundry: Shop,
) -> None:
    tokens = await moved_in(real_laundry, 300, 2000)
    load = Load(real_laundry.serve(**SHORT), tokens, 300)
    ear = Ear(load, tokens[0])
    listening = asyncio.create_task(ear.listen())
    await ear.listens.wait()
    for _ in range(2):
        washing = asyncio.create_task(load.go(20))
        await asyncio.sleep(15)
        await load.killed(real_laundry)
        await washing
    await load.go(20)
    await settled(real_laundry)
    told = sa.select(Activity.table.c.id)
    happened = Counter(await real_laundry.read(lambda session: session.execute(told).scalars().all()))
    with suppress(TimeoutError):
        async with asyncio.timeout(30):
            while len(ear.heard) < happened.total():  # noqa: ASYNC110 - it rings no bell
                await asyncio.sleep(0.1)
    listening.cancel()
    assert ear.afresh == 0
    assert Counter(ear.heard) == happened
    await intact(real_laundry, load)
    show(
        f"a house, {place(real_laundry.on_sqlite)}",
        asked=load.asked,
        started=len(load.acknowledged),
        heard=len(ear.heard),
    )


@pytest.fixture
def faked(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A file that sets a server's clock, in seconds of difference, and the settings by which a server heeds it."""
    [library] = Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")
    file = tmp_path / "clock"
    file.write_text("+0")
    return file, {
        "LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }  # fmt: skip


async def test_row_27_a_clock_that_is_set_by_an_hour_and_by_a_day_loses_and_doubles_nothing(
    real_laundry: Shop, faked: tuple[Path, dict[str, str]]
) -> None:
    clock, heeding = faked
    tokens = await moved_in(real_laundry, 60, 120)
    load = Load(real_laundry.serve(**SHORT, **heeding), tokens, 60)
    for seconds in (0, 3600, -3600, 0, DAY, -DAY, 0, 3600, DAY):
        clock.write_text(f"{seconds:+d}")
        await load.go(6, clerks=4)
    clock.write_text(f"{3 * DAY:+d}")
    await settled(real_laundry, timedelta(days=3))
    await intact(real_laundry, load)
    ends = await real_laundry.read(lambda session: session.execute(sa.select(Cycle.table.c.ends_at)).scalars().all())
    assert min(ends) < utc_now() - timedelta(hours=20) < utc_now() + timedelta(hours=20) < max(ends)
    show(f"row 27, {place(real_laundry.on_sqlite)}", asked=load.asked, started=len(load.acknowledged))
