"""A3: whoever wants to know when so many machines are free is told once."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.running import Person
from tests.trades.laundry.washing import AT, House, done, refused
from tradehall.trades.laundry.terms import Hours


async def wish(who: Person, count: int = 1, kind: str = "washer", **more: Any) -> Any:
    """Want to know when so many are free."""
    given = {"machine_type": kind, "count": count} | more
    return done(await who.post(f"{AT}/wishes", json=given), 201)["wish"]


async def wishes(who: Person) -> list[Any]:
    """What somebody wants to know."""
    found: list[Any] = done(await who.get(f"{AT}/wishes"))
    return found


async def all_busy(house: House, most: int = 6) -> None:
    """Ben washes a lot."""
    for number in range(1, most + 1):
        await house.started(house.ben, number)


async def test_a3_who_asked_once_is_told_once_when_so_many_are_free(house: House) -> None:
    await all_busy(house)
    await wish(house.ama, 2)
    seen = done(await house.ama.get(f"{AT}/waitlist/washer"))["wish"]
    assert (seen["count"], seen["room_id"]) == (2, None)
    assert done(await house.cho.get(f"{AT}/waitlist/washer"))["wish"] is None
    for number, told in ((1, []), (2, ["machines_free"]), (3, ["machines_free"])):
        await house.freed(house.ben, number)
        assert await house.told(house.ama) == told
    [notice] = done(await house.ama.get(f"{AT}/notifications"))["notifications"]
    assert (notice["title"], notice["message"]) == ("So many machines are free", "Free now: Washer 1, Washer 2.")
    assert await wishes(house.ama) == []
    more = {"machine_type": "washer", "count": 3}
    assert refused(await house.ama.post(f"{AT}/wishes", json=more)) == "So many are free now: 3"
    more["count"] = 7
    answer = await house.ama.post(f"{AT}/wishes", json=more)
    assert done(answer, 422)["errors"][0]["msg"] == "Not more than 6 can be free here"


async def test_a3_machines_of_another_room_and_those_that_are_offered_to_others_do_not_count(house: House) -> None:
    room = done(await house.admin.post(f"{AT}/rooms", json={"name": "Cellar"}), 201)["id"]
    rows = done(await house.admin.get(f"{AT}/equipment", params={"machine_type": "washer", "sort": "number"}))
    for row in rows[:2]:
        done(await house.admin.patch(f"{AT}/equipment/{row['id']}", json={"room_id": room}))
    await all_busy(house)
    await wish(house.ama, 1, room_id=room)
    assert (await house.ama.post(f"{AT}/wishes", json={"machine_type": "washer", "room_id": 999})).status_code == 404
    await house.freed(house.ben, 6)
    assert await house.told(house.ama) == []
    done(await house.wait(house.cho))
    await house.freed(house.ben, 1)
    assert (await house.machine(1, who=house.cho))["offered_to_me"] is True
    assert await house.told(house.ama) == []
    done(await house.wait(house.cho, "leave"))
    assert await house.told(house.ama) == ["machines_free"]


async def test_a3_a_wish_is_replaced_taken_back_and_ends_at_closing_or_after_a_day(house: House) -> None:
    await all_busy(house)
    first = await wish(house.ama)
    second = await wish(house.ama, 3)
    assert [each["id"] for each in await wishes(house.ama)] == [second["id"]] != [first["id"]]
    assert (await house.cho.delete(f"{AT}/wishes/{second['id']}")).status_code == 404
    done(await house.ama.delete(f"{AT}/wishes/{second['id']}"))
    assert await wishes(house.ama) == []
    assert (await wish(house.ama))["until"] == "2026-03-03T01:00:00.000000Z"
    await house.place.prefer(opens_at="08:00", closes_at="09:10")
    assert (await wish(house.cho))["until"] == "2026-03-02T01:10:00.000000Z"
    await house.forward(minutes=11)
    assert (len(await wishes(house.ama)), await wishes(house.cho)) == (1, [])
    await house.forward(days=1)
    assert await wishes(house.ama) == []
    assert "machines_free" not in await house.told(house.ama)


async def test_r10_who_asks_before_the_laundry_opens_is_told_when_it_does(house: House) -> None:
    await house.place.prefer(opens_at="10:00", closes_at="20:00")
    await wish(house.ama, 6)
    assert await house.told(house.ama) == []
    await house.forward(hours=1)
    assert await house.told(house.ama) == ["machines_free"]
    assert await wishes(house.ama) == []


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("opens", "closes", "holidays", "hours"),
    [
        (0, 0, (), 24),
        (8, 20, (), 8),
        (8, 13, (), 1),
        (20, 2, (), 14),
        (13, 14, (), 2),
        (0, 0, (3,), 12),
        (8, 20, (2,), 24),
    ],
)
def test_a3_the_laundry_closes_next_or_a_day_has_gone_by(
    opens: int, closes: int, holidays: tuple[int, ...], hours: int
) -> None:
    days = frozenset(date(2026, 3, each) for each in holidays)
    found = Hours(ZoneInfo("UTC"), time(opens), time(closes), days)
    assert found.closing(NOON, timedelta(days=1)) == NOON + timedelta(hours=hours)
