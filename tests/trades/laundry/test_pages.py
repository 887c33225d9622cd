"""The laundry's own pages over HTTP, in a house where everything that they can show is there."""

from datetime import timedelta
from typing import Any

from tests.running import Application
from tests.trades.laundry.test_contract import picture
from tests.trades.laundry.test_paying import topped_up
from tests.trades.laundry.washing import AT, House, done, refused
from tests.web.looking import Looker, text

RESIDENTS = ("", "/queue", "/inbox", "/me", "/when", "/wash/washer/1", "/wash/washer/2", "/wash/dryer/1")
STAFF = ("", "/floor", "/queue", "/codes", "/wall", "/wash/washer/1")


async def busy(house: House) -> None:
    """Rooms, a holiday, a busy period, balances and fees; a machine in each state, and clothes that were moved."""
    await house.place.prefer(paying=True, washer_price="3.00", idle_fee="1.00", opens_at="08:00", closes_at="23:00")
    today = house.clock().date()
    given: dict[str, Any] = {"name": "Exams", "first_day": str(today), "last_day": str(today + timedelta(days=9))}
    for path, body in (
        ("periods", given), ("holidays", {"date": str(today + timedelta(days=4)), "name": "Deepavali"}),
        ("rooms", {"name": "Cellar"}), ("rooms", {"name": "Roof", "building": "House A"}), ("bulletins", {"headline": "Filters"}),
    ):  # fmt: skip
        done(await house.admin.post(f"{AT}/{path}", json=body), 201)
    await topped_up(house, "20.00")
    await house.started(house.ama)
    await house.started(house.ben, 1, "dryer")
    await house.forward(seconds=1800)
    await house.forward(minutes=5)
    await house.forward(minutes=10)
    done(await house.do(house.ben, "collect", moved=True, place="On the table", photo=picture()))
    await house.started(house.ama, 2)
    fault = {"machine_id": 3, "machine_type": "washer", "description": "It leaks"}
    done(await house.ben.post(f"{AT}/faults/report", json=fault))
    done(await house.admin.post(f"{AT}/admin/machines/washer/3/disable", json={}))
    done(await house.wait(house.ama, kind="dryer"))
    wish = {"machine_type": "washer", "count": 5}
    done(await house.ama.post(f"{AT}/wishes", json=wish), 201)


async def test_every_page_of_the_laundry_is_drawn_in_each_language(application: Application, house: House) -> None:
    await busy(house)
    for person, paths in ((house.ama, RESIDENTS), (house.admin, STAFF)):
        async with Looker(application, person) as browser:
            for language in ("en", "fr", "ms"):
                browser.http.headers["Accept-Language"] = language
                for path in paths:
                    assert (await browser.see(path)).status_code == 200, (language, path)


async def test_residents_see_the_period_what_they_paid_and_where_their_clothes_are(
    application: Application, house: House
) -> None:
    await busy(house)
    async with Looker(application, house.ama) as browser:
        board = text(await browser.see(""))
        assert "Exams, until 11 Mar 2026: more people wash than usual." in board
        assert "Closed on 6 Mar 2026 : Deepavali" in board.replace("2026:", "2026 :")
        assert "Clothes left inside · Washer 1: -MYR 1.00" in text(await browser.see("/me")).replace("−", "-")
        assert "You are told when so many are free: 5" in text(await browser.see("/queue"))
        page = await browser.see("/inbox")
        photo = page.text.split('<img class="preview" src="')[1].split('"')[0]
        assert (await browser.http.get(photo.replace("&amp;", "&"))).status_code == 200
        [wish] = done(await house.ama.get(f"{AT}/wishes"))
        taken_back = {"do": "take_back"}
        await browser.told(f"/queue?id={wish['id']}", taken_back)
        assert done(await house.ama.get(f"{AT}/wishes")) == []


async def test_the_staff_sees_the_floor_at_a_glance(application: Application, house: House) -> None:
    await busy(house)
    found = done(await house.admin.get(f"{AT}/admin/overview"))
    assert found["machines"]["washer"] == {"available": 4, "in_use": 1, "completed": 0, "disabled": 1, "kept": 0}
    assert found["waiting"] == {"washer": 0, "dryer": 1}
    assert [(each["machine_type"], each["machine_id"]) for each in found["overdue"]] == [("dryer", 1)]
    assert (found["faults"]["count"], found["faults"]["items"][0]["description"]) == (1, "It leaks")
    assert found["days"][-1] == {"day": "2026-03-02", "washer": 1, "dryer": 1}
    assert float(found["taken"]) == 7
    assert refused(await house.ben.get(f"{AT}/admin/overview"), 403)
    async with Looker(application, house.admin) as browser:
        home = text(await browser.see(""))
    assert "4 of 6 free" in home
    assert "Dryer 1 Late since 2 Mar 2026" in home


async def test_the_pages_of_a_house_without_machines_say_so(application: Application, house: House) -> None:
    for row in done(await house.admin.get(f"{AT}/equipment", params={"limit": 50})):
        assert (await house.admin.delete(f"{AT}/equipment/{row['id']}")).status_code == 204
    for person, paths in ((house.ama, ("", "/queue", "/when")), (house.admin, ("", "/floor", "/codes", "/wall"))):
        async with Looker(application, person) as browser:
            seen = {path: await browser.see(path) for path in paths}
            assert {each.status_code for each in seen.values()} == {200}
            assert "There are none here yet" in text(seen.get("/floor", seen[""]))
