"""How much the machines are used, how long one waits, and the sample data."""

from typing import Any

from tests.running import Place
from tests.trades.laundry.washing import AT, House, done
from tradehall.kernel.context import Context
from tradehall.trades.laundry import demo
from tradehall.trades.laundry.calendar import LONG_AGO


async def test_a10_use_is_counted_by_hour_and_by_day_as_the_clock_on_the_wall_says(house: House) -> None:
    for number in (1, 2):
        await house.started(house.ama, number)
    await house.started(house.ben, 1, "dryer")
    await house.started(house.ben, 3)
    done(await house.do(house.ben, "cancel", 3))
    await house.forward(seconds=1800)
    by_hour = done(await house.ama.get(f"{AT}/stats/usage"))
    assert (by_hour["by"], len(by_hour["items"]), by_hour["total"]) == ("hour", 24, 3)
    assert by_hour["items"][9] == {"hour": "09", "washer": 2, "dryer": 1}
    by_day = done(await house.ama.get(f"{AT}/stats/usage", params={"by": "day", "days": 2, "machine_type": "washer"}))
    assert by_day["items"] == [{"day": "2026-03-01", "washer": 0}, {"day": "2026-03-02", "washer": 2}]
    behind = done(await house.admin.get(f"{AT}/totals/laundry.cycles"))
    assert len(behind["rows"]) == 3
    assert (await house.ama.get(f"{AT}/stats/usage", params={"by": "moon"})).status_code == 422
    assert await house.place.wrong() == []


async def test_n7_quiet_hours_are_named_and_the_machine_that_is_ready_first(house: House) -> None:
    await house.place.prefer(opens_at="08:00", closes_at="10:00")
    for number in range(1, 7):
        await house.started(house.ama, number, category="extra_15" if number != 4 else "normal")
    found = done(await house.ben.get(f"{AT}/stats/best-times", params={"limit": 3}))
    assert (found["ready_first"]["machine_id"], found["ready_first"]["in_seconds"]) == (4, 2100)
    assert [each["hour"] for each in found["items"]] == ["08:00", "09:00", "08:00"]


async def period(house: House, name: str, first_day: str, last_day: str, status: int = 201) -> None:
    """Write a time of exams into the calendar of the house."""
    given = {"name": name, "first_day": first_day, "last_day": last_day, "busier": True}
    done(await house.admin.post(f"{AT}/periods", json=given), status)


async def test_n7_a_busy_period_leans_on_former_ones_and_other_days_leave_them_out(house: House) -> None:
    await house.place.prefer(opens_at="08:00", closes_at="10:00")
    for moment in ("2026-02-05T08:10", "2026-02-26T09:10"):
        house.clock.set(f"{moment}:00+08:00")
        await house.started(house.ama)
        await house.freed(house.ama)
    house.clock.set("2026-03-03T08:00:00+08:00")

    async def thursdays() -> tuple[Any, dict[str, float]]:
        found = done(await house.ben.get(f"{AT}/stats/best-times", params={"limit": 168}))
        return found, {each["hour"]: each["loads_a_week"] for each in found["items"] if each["weekday"] == "Thursday"}

    assert (await thursdays())[1] == {"08:00": 0.25, "09:00": 0.25}
    await period(house, "Exams", "2026-02-02", "2026-02-15")
    found, loads = await thursdays()
    assert (loads, found["period"], found["next_period"]) == ({"08:00": 0, "09:00": 0.25}, None, None)
    assert found["leans_on"] == {"days": 28, "periods": []}
    await period(house, "Resits", "2026-03-04", "2026-03-10")
    assert (await thursdays())[0]["next_period"]["name"] == "Resits"
    house.clock.set("2026-03-04T08:00:00+08:00")
    found, loads = await thursdays()
    assert (loads, found["period"]["name"]) == ({"08:00": 0.5, "09:00": 0}, "Resits")
    assert found["leans_on"] == {"days": 15, "periods": ["Exams"]}
    assert done(await house.ama.get(f"{AT}/hours"))["period"]["busier"] is True
    await period(house, "Never", "2026-03-04", "2026-03-03", 400)
    assert (await house.ben.post(f"{AT}/periods", json={})).status_code == 403


async def test_n7_a_period_of_any_length_costs_no_more_than_one_of_weeks(house: House) -> None:
    house.clock.set("2026-03-04T08:00:00+08:00")
    await period(house, "For ever", "0001-01-01", "9999-12-31")
    found = done(await house.ben.get(f"{AT}/stats/best-times"))
    assert found["period"]["name"] == "For ever"
    assert found["leans_on"] == {"days": LONG_AGO, "periods": []}
    await period(house, "Long ago", "1999-01-01", "1999-01-31")
    await period(house, "One day", "2026-03-05", "2026-03-05")
    found = done(await house.ben.get(f"{AT}/stats/best-times"))
    assert (found["leans_on"]["periods"], found["next_period"]["name"]) == ([], "One day")


async def test_n7_the_board_tells_which_machine_is_ready_first(house: House) -> None:
    for number in range(1, 7):
        await house.started(house.ama, number, category="extra_15" if number != 4 else "normal")
    found = done(await house.ben.get(f"{AT}/waitlist/washer"))["ready_first"]
    assert found == {"machine_id": 4, "at": "2026-03-02T01:35:00.000000Z", "in_seconds": 2100}


async def test_n5_the_wait_is_told_from_ends_and_from_how_soon_people_empty_machines(house: House) -> None:
    assert done(await house.ama.get(f"{AT}/waitlist/washer"))["estimated_wait_seconds"] == 0
    for number in range(1, 7):
        await house.started(house.ama, number, category="normal" if number < 3 else "extra_15")
    for who in (house.ben, house.cho):
        done(await house.wait(who))
    found = done(await house.ama.get(f"{AT}/waitlist/washer"))
    assert [each["estimated_wait_seconds"] for each in found["items"]] == [2100, 2100]
    assert found["estimated_wait_seconds"] == 3000


async def test_the_sample_data_is_a_term_s_use_and_agrees_with_itself(shop: Place) -> None:
    def rule(ctx: Context) -> None:
        with ctx.happening("laundry.demo"):
            demo.weeks_of(ctx, 2)

    await shop.work(rule)
    found = done(await shop.people["resident"].get(f"{AT}/machines"))
    states = {each["status"] for each in (*found["washers"], *found["dryers"])}
    assert states == {"available", "in_use", "disabled"}
    assert done(await shop.people["resident"].get(f"{AT}/waitlist/washer"))["count"] == 3
    assert await shop.wrong() == []
