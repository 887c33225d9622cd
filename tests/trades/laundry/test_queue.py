"""The queue: rules R-06 to R-10 of the laundry, and the hand-over to a dryer (N3)."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.trades.laundry.washing import AT, House, done, refused
from tradehall.trades.laundry.terms import Hours


async def waiting(house: House, *names: str) -> None:
    """Let people join, in this order."""
    for name in names:
        done(await house.wait(house.residents[name]))


async def test_r06_a_place_is_had_once_and_positions_have_no_gaps(house: House) -> None:
    answers = await asyncio.gather(*(house.wait(house.ama) for _ in range(5)))
    assert Counter(each.status_code for each in answers) == {200: 1, 400: 4}
    assert {refused(each) for each in answers if each.status_code == 400} == {"Already on this waitlist"}
    assert done(await house.wait(house.ben))["position"] == 2
    assert done(await house.wait(house.cho))["position"] == 3
    done(await house.wait(house.ben, "leave"))
    assert await house.line() == ["ama", "cho"]
    assert refused(await house.wait(house.ben, "leave"), 404) == "Not on this waitlist"
    assert done(await house.wait(house.ben))["position"] == 3
    assert refused(await house.ama.get(f"{AT}/waitlist/oven")) == "Invalid machine type"
    assert (await house.wait(house.ama, "join", "oven")).status_code == 422


async def test_r07_who_starts_a_machine_waits_for_its_kind_no_more_and_for_the_other_still(house: House) -> None:
    await waiting(house, "ama", "ben")
    done(await house.wait(house.ama, "join", "dryer"))
    await house.place.events()
    await house.started(house.ama, 3)
    (verb, changes), *more = await house.place.events()
    assert (verb, more) == ("cycle.start", [])
    assert "edit waitlist_items 1" in changes
    assert (await house.line(), await house.line("dryer")) == (["ben"], ["ama"])


async def test_r08_a_machine_that_becomes_free_goes_round_the_queue(house: House) -> None:
    """The story of the specification, with its moments."""
    (dan,) = await house.people("dan")
    await house.started(dan, 1)
    await waiting(house, "ama", "ben", "cho")
    await house.freed(dan, 1)
    assert (await house.machine(1, who=house.ama))["offered_to_me"] is True
    other = await house.machine(1, who=house.ben)
    assert (other["offered_to_me"], other["status"], other["held_until"] is not None) == (False, "available", True)
    assert "Reserved for the next person until 09:05" in refused(await house.do(house.cho, "start"))
    await house.forward(seconds=301)
    assert await house.line() == ["ben", "ama", "cho"]
    assert (await house.machine(1, who=house.ben))["offered_to_me"] is True
    done(await house.wait(house.ben, "accept"))
    assert "Reserved for the next person until 09:20" in refused(await house.do(house.cho, "start"))
    assert refused(await house.wait(house.ama, "accept")) == "No machine is offered to you"
    await house.started(house.ben, 1)
    assert await house.line() == ["ama", "cho"]
    assert await house.told(house.ama) == ["machine_offered", "offer_missed"]


async def test_r08_who_misses_two_turns_waits_no_more_and_the_machine_goes_on(house: House) -> None:
    (dan,) = await house.people("dan")
    await house.started(dan)
    await waiting(house, "ama", "ben")
    await house.freed(dan)
    for _ in range(3):
        await house.forward(seconds=301)
    assert await house.line() == ["ben"]
    assert await house.told(house.ama) == ["machine_offered", "offer_missed", "machine_offered", "waitlist_removed"]
    assert await house.told(house.ben) == ["machine_offered", "offer_missed", "machine_offered"]
    assert (await house.machine(who=house.ben))["offered_to_me"] is True


async def test_r08_who_snoozes_is_skipped_and_keeps_the_place(house: House) -> None:
    (dan,) = await house.people("dan")
    await house.started(dan)
    await waiting(house, "ama", "ben")
    done(await house.wait(house.ama, "snooze"))
    assert await house.line() == ["ben"]
    await house.freed(dan)
    assert (await house.machine(1, who=house.ben))["offered_to_me"] is True
    assert done(await house.wait(house.ama, "resume"))["position"] == 1
    assert await house.line() == ["ama", "ben"]


async def test_r08_where_nobody_waits_nothing_is_offered_and_a_free_machine_is_anybodys(house: House) -> None:
    await house.started(house.ama)
    await house.freed(house.ama)
    assert (await house.machine())["held_until"] is None
    await waiting(house, "ama")
    await house.started(house.ben, 1)
    await house.started(house.cho, 2)


async def test_r08_who_leaves_gives_what_was_offered_to_the_next(house: House) -> None:
    (dan,) = await house.people("dan")
    await house.started(dan)
    await waiting(house, "ama", "ben")
    await house.freed(dan)
    done(await house.wait(house.ama, "leave"))
    assert (await house.machine(1, who=house.ben))["offered_to_me"] is True


async def test_r08_who_follows_a_machine_is_told_when_it_is_free_and_nobody_waits(house: House) -> None:
    await house.started(house.ama)
    done(await house.ben.post(f"{AT}/machines/washer/1/follow"))
    done(await house.ben.post(f"{AT}/machines/washer/1/follow"))
    done(await house.cho.post(f"{AT}/machines/washer/1/follow"))
    done(await house.cho.delete(f"{AT}/machines/washer/1/follow"))
    assert (await house.machine(who=house.ben))["followed"] is True
    await house.freed(house.ama)
    assert (await house.told(house.ben), await house.told(house.cho)) == (["machine_followed"], [])
    assert refused(await house.ben.delete(f"{AT}/machines/washer/1/follow"), 404) == "You do not follow this machine"


@pytest.mark.parametrize("late", [0, 1])
async def test_r09_at_the_edge_of_a_deadline_exactly_one_of_start_and_expiry_wins(house: House, late: int) -> None:
    (dan,) = await house.people("dan")
    await house.started(dan)
    await waiting(house, "ama", "ben")
    await house.freed(dan)
    house.clock.forward(seconds=299 + late)
    answers = [house.do(house.ama, "start"), house.work()]
    started = (await asyncio.gather(*(answers if late else reversed(answers))))[0 if late else 1]
    assert started is not None
    assert started.status_code == (400 if late else 200)
    await house.work()
    assert (await house.machine(who=house.ben))["offered_to_me"] is bool(late)
    assert await house.line() == (["ben", "ama"] if late else ["ben"])


async def test_r09_a_started_cycle_loses_its_machine_to_no_deadline(house: House) -> None:
    (dan,) = await house.people("dan")
    await house.started(dan)
    await waiting(house, "ama")
    await house.freed(dan)
    done(await house.wait(house.ama, "accept"))
    await house.started(house.ama)
    await house.forward(seconds=1000)
    machine = await house.machine()
    assert (machine["status"], machine["current_user_id"]) == ("in_use", house.ama.user_id)
    assert await house.told(house.ama) == ["machine_offered"]


async def test_r10_closed_hours_stop_offers_and_reminders_and_time_goes_on_at_opening(house: House) -> None:
    await house.place.prefer(opens_at="07:00", closes_at="23:00")
    house.clock.set("2026-03-02T22:00:00+08:00")
    await house.started(house.ama, 1, category="extra_15")
    await waiting(house, "ben")
    house.clock.set("2026-03-02T22:58:00+08:00")
    await house.work()
    done(await house.do(house.ama, "collect"))
    held = (await house.machine(who=house.ben))["held_until"]
    assert datetime.fromisoformat(held) == datetime(2026, 3, 3, 7, 3, tzinfo=ZoneInfo("Asia/Kuala_Lumpur"))
    house.clock.set("2026-03-03T02:00:00+08:00")
    await house.work()
    assert await house.told(house.ben) == ["machine_offered"]
    await house.started(house.cho, 2)
    await house.freed(house.cho, 2)
    done(await house.wait(house.cho))
    assert (await house.machine(2))["held_until"] is None
    house.clock.set("2026-03-03T07:00:00+08:00")
    await house.work()
    assert (await house.machine(2, who=house.cho))["offered_to_me"] is True


KL = ZoneInfo("Asia/Kuala_Lumpur")
BERLIN = ZoneInfo("Europe/Berlin")
CASES = [
    (Hours(KL, time(0), time(0), frozenset()), "2026-03-02T03:00:00+08:00", 300, "2026-03-02T03:05:00+08:00"),
    (Hours(KL, time(7), time(23), frozenset()), "2026-03-02T22:58:00+08:00", 300, "2026-03-03T07:03:00+08:00"),
    (Hours(KL, time(7), time(23), frozenset({date(2026, 3, 3)})), "2026-03-02T22:58:00+08:00", 300, "2026-03-04T07:03:00+08:00"),
    (Hours(KL, time(18), time(2), frozenset()), "2026-03-03T01:59:00+08:00", 120, "2026-03-03T18:01:00+08:00"),
    (Hours(BERLIN, time(1), time(4), frozenset()), "2026-03-29T01:30:00+01:00", 3600, "2026-03-29T03:30:00+02:00"),
]  # fmt: skip


@pytest.mark.parametrize(("hours", "now", "seconds", "then"), CASES)
def test_r10_a_deadline_counts_the_hours_in_which_it_is_open(hours: Hours, now: str, seconds: int, then: str) -> None:
    moment = datetime.fromisoformat(now).astimezone(UTC)
    assert hours.after(moment, timedelta(seconds=seconds)) == datetime.fromisoformat(then)


async def test_n3_a_place_for_a_dryer_is_kept_from_the_start_of_the_washer_and_wanted_from_its_end(
    house: House,
) -> None:
    await house.started(house.ama, then_dryer=True)
    done(await house.wait(house.ben, "join", "dryer"))
    assert await house.line("dryer") == ["ben"]
    mine = done(await house.ama.get(f"{AT}/waitlist/dryer"))["mine"]
    assert (mine["position"], mine["snoozed"]) == (1, True)
    await house.forward(seconds=1800)
    assert await house.line("dryer") == ["ama", "ben"]
    await house.started(house.cho, 2, then_dryer=True)
    done(await house.do(house.cho, "cancel", 2))
    assert await house.line("dryer") == ["ama", "ben"]


async def test_r21_numbers_of_others_are_masked_but_for_the_staff(house: House) -> None:
    await waiting(house, "ama", "ben")
    seen = done(await house.ama.get(f"{AT}/waitlist/washer"))["items"]
    whole = done(await house.admin.get(f"{AT}/waitlist/washer"))["items"]
    assert [each["student_id"] for each in whole] == [house.ama.name, house.ben.name]
    assert [each["student_id"] for each in seen] == [house.ama.name, f"{house.ben.name[:2]}••{house.ben.name[-2:]}"]
