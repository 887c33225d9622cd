"""Residents come and go: by a list, one by one, and all at once at the end of a term; a machine is started for whoever has no telephone."""

from datetime import timedelta
from typing import Any

from tests.running import Person
from tests.trades.laundry.washing import AT, House, done, refused

LIST = "Student ID,Phone number\n204001,012-345 6789\n204002,\n20400,012-345 6780\n"


async def ended(house: House, **wish: Any) -> Any:
    answer = done(await house.admin.post(f"{AT}/admin/residents/end-term", json=wish))
    await house.work()
    return answer


async def here(house: House) -> list[str]:
    """Who has not left, by their numbers."""
    found = done(await house.admin.get(f"{AT}/residents", params={"is_here": "true", "sort": "student_id"}))
    return [each["student_id"] for each in found]


async def test_day_one_residents_are_let_in_by_a_list_and_choose_their_pin_by_sms(house: House) -> None:
    files = {"file": ("residents.csv", LIST.encode(), "text/csv")}
    made = done(await house.admin.post(f"{AT}/imports", params={"type": "residents"}, files=files), 201)
    told = made
    while told["status"] in ("checking", "running"):
        await house.work()
        told = done(await house.admin.get(f"{AT}/imports/{made['id']}"))
    assert (told["created"], told["failed"]) == (2, 1), told
    assert await here(house) == ["204001", "204002"]
    assert (
        refused(await house.admin.post(f"{AT}/residents", json={"student_id": "204001"}))
        == "Student ID already registered"
    )
    someone = Person(house.application.http)
    registers = {
        "student_id": "204001",
        "pin": "4826",
        "phone_number": "0129999999",
        "organisation": house.place.org_id,
    }
    assert refused(await someone.post(f"{AT}/auth/register", json=registers)) == "Student ID already registered"
    done(await someone.post(f"{AT}/auth/forgot-pin", json={"student_id": "204001"}))
    await house.work()
    [sent] = done(await house.admin.get(f"{AT}/messages/log"))
    assert sent["to"] == "+60123456789"
    assert (await house.ama.post(f"{AT}/residents", json={"student_id": "204009"})).status_code == 403
    [row] = done(await house.admin.get(f"{AT}/residents", params={"student_id": "204002"}))
    number = {"phone_number": "012-345 6788"}
    assert (await house.place.people["caretaker"].put(f"{AT}/residents/{row['id']}", json=number)).status_code == 403
    assert done(await house.admin.put(f"{AT}/residents/{row['id']}", json=number))["phone_e164"] == "+60123456788"


async def test_day_one_who_leaves_waits_for_nothing_and_their_clothes_may_be_taken_out(house: House) -> None:
    await house.started(house.ama)
    await house.started(house.ben, 2)
    done(await house.do(house.ben, "end", 2))
    done(await house.wait(house.ama, kind="dryer"))
    done(await house.wait(house.cho, kind="dryer"))
    answer = await ended(house, who="listed", student_ids=f"{house.ama.name}, {house.ben.name} 999999", only_count=True)
    assert (answer["count"], answer["unknown"]) == (2, ["999999"])
    assert (await house.line("dryer"), house.ama.name in await here(house)) == (["ama", "cho"], True)
    others = [each for each in await here(house) if each not in (house.ama.name, house.ben.name, house.cho.name)]
    await ended(house, who="listed", student_ids=[house.ama.name, house.ben.name])
    assert (await house.line("dryer"), await here(house)) == (["cho"], [house.cho.name, *others])
    await house.application.office.tokens.look()
    assert (await house.ama.get(f"{AT}/machines")).status_code == 401
    # What ran goes on; both may be emptied by others at once, and nobody who left is told.
    done(await house.do(house.cho, "collect", 2, moved=True))
    await house.forward(seconds=1800)
    done(await house.do(house.cho, "collect", moved=True))
    # Who comes back is let in again.
    [row] = done(await house.admin.get(f"{AT}/residents", params={"student_id": house.ama.name}))
    done(await house.admin.post(f"{AT}/residents/{row['id']}/move-in"))
    await house.application.office.tokens.look()
    assert house.ama.name in await here(house)


async def test_day_one_all_leave_but_those_on_a_list_or_who_washed_nothing_lately(house: House) -> None:
    await ended(house, who="all_but_listed", student_ids=[house.ama.name, house.ben.name])
    assert sorted(await here(house)) == sorted([house.ama.name, house.ben.name])
    await house.forward(days=40)
    await house.started(house.ama)
    since = str((house.clock() - timedelta(days=30)).date())
    assert (await ended(house, who="idle", since=since))["count"] == 1
    assert await here(house) == [house.ama.name]
    for wish in ({"who": "idle"}, {"who": "listed"}, {"who": "all_but_listed", "student_ids": []}):
        assert (await house.admin.post(f"{AT}/admin/residents/end-term", json=wish)).status_code == 422


async def test_day_one_staff_starts_a_machine_for_whoever_has_no_telephone(house: House) -> None:
    done(await house.do(house.admin, "start", for_student_id=house.ben.name))
    assert (await house.machine())["current_user_id"] == house.ben.user_id
    answer = await house.do(house.admin, "start", 2, for_student_id="999999")
    assert refused(answer, 404) == "Resident not found"
    assert (await house.do(house.ama, "start", 2, for_student_id=house.ben.name)).status_code == 403


async def test_n3_a_free_dryer_is_offered_when_the_washer_is_done(house: House) -> None:
    await house.started(house.ama, then_dryer=True)
    await house.forward(seconds=1800)
    assert (await house.machine(kind="dryer"))["offered_to_me"] is True
    assert (await house.do(house.ben, "start", kind="dryer")).status_code == 400


async def test_a11_what_is_being_done_to_a_machine_is_seen(house: House) -> None:
    note = {"note": "The belt is ordered: Friday"}
    done(await house.admin.post(f"{AT}/admin/machines/washer/1/disable", json=note))
    assert (await house.machine())["maintenance_note"] == note["note"]


async def test_r10_everybody_sees_when_the_laundry_is_open(house: House) -> None:
    await house.place.prefer(opens_at="07:00", closes_at="23:00")
    done(await house.admin.post(f"{AT}/holidays", json={"date": "2026-03-03", "name": "Hari cuti"}), 201)
    found = done(await house.ama.get(f"{AT}/hours"))
    assert (found["is_open"], found["opens_at"], found["holidays"][0]["name"]) == (True, "07:00", "Hari cuti")
    house.clock.set("2026-03-02T23:30:00+08:00")
    found = done(await house.ama.get(f"{AT}/hours"))
    assert (found["is_open"], found["opens_next"][:16]) == (False, "2026-03-03T23:00")
