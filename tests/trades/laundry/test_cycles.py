"""Cycles: rules R-01 to R-05, R-14, R-20 and R-22 of the laundry."""

import asyncio
from collections import Counter

from tests.running import Place
from tests.trades.laundry.washing import AT, House, done, refused
from tradehall.trades.laundry.feed import seed
from tradehall.trades.laundry.models import Cycle


async def test_r01_of_ten_who_start_one_machine_at_once_one_does(house: House) -> None:
    crowd = [house.ama, house.ben, house.cho, *await house.people(*"abcdefg")]
    answers = await asyncio.gather(*(house.do(each, "start") for each in crowd))
    assert Counter(each.status_code for each in answers) == {200: 1, 400: 9}
    assert {refused(each) for each in answers if each.status_code == 400} == {"Machine is in_use"}
    rows = done(await house.admin.get(f"{AT}/cycles"))
    assert len(rows) == 1


async def test_r02_a_cycle_ends_at_its_moment_whoever_looks_and_whenever_its_timer_rings(house: House) -> None:
    made = await house.started(house.ama)
    assert (made["success"], made["time_left_seconds"], made["machine"]["status"]) == (True, 1800, "in_use")
    house.clock.forward(seconds=1799)
    assert (await house.machine())["time_left_seconds"] == 1
    house.clock.forward(seconds=1)
    seen = await house.machine()
    assert (seen["status"], seen["time_left_seconds"], seen["total_cycles"]) == ("completed", 0, 0)
    await house.work()
    await house.work()
    assert (await house.machine())["total_cycles"] == 1
    assert await house.told(house.ama) == ["cycle_completed"]


async def test_r02_a_timer_that_rings_late_writes_when_the_cycle_ended(house: House) -> None:
    await house.started(house.ama)
    began = house.clock()
    await house.forward(seconds=4000)
    (row,) = done(await house.admin.get(f"{AT}/cycles"))
    assert (row["status"], row["ends_at"], row["ended_at"]) == ("completed", row["ended_at"], row["ends_at"])
    assert row["ended_at"] == f"{began.replace(minute=30):%Y-%m-%dT%H:%M:%S.%f}Z"
    assert (await house.told(house.ama)).count("cycle_completed") == 1


async def test_r02_a_clock_that_is_set_back_opens_no_cycle_again(house: House) -> None:
    await house.started(house.ama)
    house.clock.forward(seconds=-60)
    assert (await house.machine())["time_left_seconds"] == 1860
    await house.forward(seconds=1860)
    house.clock.forward(seconds=-600)
    assert (await house.machine())["status"] == "completed"


async def test_r03_each_category_has_its_length_which_is_a_setting_of_each_kind(house: House) -> None:
    lengths = {"normal": 1800, "extra_5": 2100, "extra_10": 2400, "extra_15": 2700}
    for number, (category, seconds) in enumerate(lengths.items(), 1):
        made = await house.started(house.ama, number, category=category)
        assert (made["time_left_seconds"], made["machine"]["current_category"]) == (seconds, category)
    await house.place.prefer(dryer_normal_seconds=600)
    assert (await house.started(house.ama, 1, "dryer"))["time_left_seconds"] == 600


async def test_r04_only_its_user_or_the_staff_ends_or_cancels_a_cycle(house: House) -> None:
    await house.started(house.ama)
    for deed in ("cancel", "end", "extend"):
        answer = await house.do(house.ben, deed, minutes=5)
        assert refused(answer, 403) == "You are not using this machine"
    done(await house.do(house.admin, "end"))
    machine = await house.machine()
    assert (machine["status"], machine["total_cycles"]) == ("completed", 1)
    assert refused(await house.do(house.ama, "cancel")) == "Cannot cancel machine in completed state"
    await house.started(house.ben, 2)
    done(await house.do(house.ben, "cancel", 2))
    machine = await house.machine(2)
    assert (machine["status"], machine["total_cycles"], machine["current_user_id"]) == ("available", 0, None)
    assert refused(await house.do(house.ben, "end", 2)) == "Cannot end machine in available state"


async def test_r05_completed_is_not_available_until_the_clothes_are_out(house: House) -> None:
    await house.started(house.ama)
    await house.forward(seconds=1800)
    assert refused(await house.do(house.ben, "start")) == "Machine is completed"
    assert refused(await house.do(house.ben, "collect")) == "Its owner has until 09:40 to collect"
    done(await house.do(house.ama, "collect"))
    assert (await house.machine())["status"] == "available"
    await house.started(house.ben)


async def test_r05_after_the_grace_anybody_takes_out_what_is_done_and_its_owner_is_told_where(house: House) -> None:
    await house.started(house.ama)
    await house.forward(seconds=2401)
    done(await house.do(house.ben, "collect", moved=True, place="On the table"))
    assert (await house.machine())["status"] == "available"
    (row,) = done(await house.ama.get(f"{AT}/cycles"))
    assert (row["status"], row["cleared_by_id"], row["place"]) == ("moved", house.ben.user_id, "On the table")
    found = done(await house.ama.get(f"{AT}/notifications/"))["notifications"][0]
    assert (found["title"], found["machine_type"], found["machine_id"]) == ("Your clothes were moved", "washer", 1)
    assert "On the table" in found["message"]


async def test_r05_reminders_come_at_the_end_at_half_the_grace_and_after_it_each_once(house: House) -> None:
    await house.started(house.ama)
    for seconds in (1800, 300, 300, 3600):
        await house.forward(seconds=seconds)
    assert await house.told(house.ama) == ["cycle_completed", "collect_reminder", "collect_overdue"]


async def test_r05_after_a_day_a_machine_is_free_by_itself_and_nobody_is_sure_of_it(house: House) -> None:
    await house.started(house.ama)
    await house.forward(seconds=1800)
    await house.forward(hours=24)
    machine = await house.machine()
    assert (machine["status"], machine["confidence"]) == ("available", "inferred")


async def test_a_cycle_is_made_longer_before_its_end(house: House) -> None:
    await house.started(house.ama)
    assert done(await house.do(house.ama, "extend", minutes=10))["time_left_seconds"] == 2400
    await house.forward(seconds=1800)
    assert (await house.machine())["status"] == "in_use"
    await house.forward(seconds=600)
    assert (await house.machine())["status"] == "completed"
    assert refused(await house.do(house.ama, "extend", minutes=5)) == "Cannot extend machine in completed state"
    assert (await house.do(house.ama, "extend", minutes=7)).status_code == 422


async def test_a3_whoever_wants_it_is_told_some_minutes_before_the_end_also_of_what_runs_already(house: House) -> None:
    async def minutes(wish: int) -> None:
        done(await house.ama.put(f"{AT}/profile/preferences", json={"remind_before_min": wish}))

    await house.started(house.ama)
    await minutes(10)
    await house.forward(minutes=15)
    await minutes(5)
    await house.forward(minutes=9)
    assert await house.told(house.ama) == []
    await house.forward(minutes=1)
    [told] = done(await house.ama.get(f"{AT}/notifications"))["notifications"]
    assert told["message"] == "Washer 1 will be done at 09:30."
    await minutes(120)
    await house.started(house.ama, 2)
    await minutes(0)
    await house.started(house.ama, 3)
    await house.forward(minutes=5)
    assert await house.told(house.ama) == ["cycle_ends_soon", "cycle_completed"]


async def test_r14_every_moment_has_its_offset(house: House) -> None:
    machine = (await house.started(house.ama))["machine"]
    for name in ("ends_at", "server_time", "created_at", "updated_at"):
        assert machine[name].endswith("Z")


async def test_r20_there_are_twelve_machines_and_seeding_twice_changes_nothing(house: House, other: Place) -> None:
    for place in (house.place, other):
        await place.work(seed)
        found = done(await place.people["resident"].get(f"{AT}/machines/"))
        for name, kind in (("washers", "washer"), ("dryers", "dryer")):
            assert [(each["machine_id"], each["machine_type"]) for each in found[name]] == [
                (number, kind) for number in range(1, 7)
            ]
            assert all(each["updated_at"] for each in found[name])
    twin = {"machine_type": "washer", "number": 1}
    assert (await house.admin.post(f"{AT}/equipment", json=twin)).status_code == 409
    assert await house.place.wrong() == []


async def test_r22_one_person_runs_so_many_machines_of_a_kind(house: House) -> None:
    await house.place.prefer(most_washers=2)
    await house.started(house.ama, 1)
    await house.started(house.ama, 2)
    assert refused(await house.do(house.ama, "start", 3)) == "One person runs at most 2 washers at once"
    await house.started(house.ama, 3, "dryer")
    await house.started(house.ben, 3)


async def test_staff_starts_a_machine_for_somebody_without_a_telephone(house: House) -> None:
    answer = await house.do(house.ben, "start", for_user_id=house.ama.user_id)
    assert refused(answer, 403) == "Only staff starts a machine for somebody else"
    made = await house.started(house.admin, for_user_id=house.ama.user_id)
    assert made["machine"]["current_user_id"] == house.ama.user_id
    done(await house.do(house.ama, "cancel"))


async def test_what_happens_is_in_the_log_and_the_last_wall_is_the_databases(house: House) -> None:
    await house.place.events()
    await house.started(house.ama)
    happened = await house.place.events()
    assert [verb for verb, _ in happened] == ["cycle.start"]
    assert set(happened[0][1]) == {"add cycles 1", "edit machines 1", "add activities 1"}
    assert [wall.code for wall in Cycle.walls] == ["machine_busy"]
