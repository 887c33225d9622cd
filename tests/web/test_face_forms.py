"""Verbs as forms: what is wrong is said at its field, what is not changed is not sent, and nothing is done twice."""

from typing import Any
from uuid import uuid4

from tests.running import Application, Place
from tests.web.browsing import looking
from tests.web.hiring import a_bicycle, a_rental, row


async def test_a_form_asks_what_its_verb_needs(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    async with looking(application, shop.helper) as browser:
        page = await browser.get(f"/app/rentals/do/start?bicycle_id={bicycle}")
        assert page.one("h1").text == "Start"
        assert "Hand a bicycle out against its deposit." in page.one("main").text
        assert page.fields == {
            "version": "",
            "key": page.fields["key"],
            "bicycle_id": str(bicycle),
            "renter": "",
            "days": "",
        }
        assert page.one("span", class_="picker").given["data-pick"] == "/app/bicycles/pick"
        assert page.one("input", role="combobox").given["value"] == "KA-1042"
        assert page.one("input", id="f-renter").given["maxlength"] == "100"
        part = await browser.get("/app/rentals/do/start", part=True)
        assert not part.all("html")
        assert part.one("form").fits({"data-part": ""})


async def test_what_is_done_is_said_on_the_next_page_and_once(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    await shop.news()
    async with looking(application, shop.helper) as browser:
        done = await browser.fill("/app/rentals/do/start", bicycle_id=str(bicycle), renter="Kofi Mensah", days="3")
        assert (done.status, done.to) == (303, "/app/rentals/1")
        assert [each for each in await shop.news() if each.startswith("rental.")] == ["rental.start: edit bicycles 1, add rentals 1"]  # fmt: skip
        page = await browser.get(done.to)
        assert page.one("div", class_="told").text == "Done: start"
        assert not (await browser.get(done.to)).all("div", class_="told")


async def test_a_part_of_a_page_is_told_where_to_go_on(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    async with looking(application, shop.helper) as browser:
        values = {"bicycle_id": str(bicycle), "renter": "Kofi Mensah", "days": "3"}
        done = await browser.post("/app/rentals/do/start", values, part=True)
        assert (done.status, done.answer.headers["hx-redirect"], done.html) == (200, "/app/rentals/1", "")


async def test_what_is_wrong_is_said_at_its_field_and_what_was_written_stays(
    application: Application, shop: Place
) -> None:
    await shop.news()
    async with looking(application, shop.owner) as browser:
        given = {"frame_number": "", "daily_rate": "-1", "deposit": "ten"}
        page = await browser.post("/app/bicycles/do/create", given)
        assert page.status == 422
        assert set(page.wrong()) == {"frame_number", "daily_rate", "deposit"}
        assert {name: page.fields[name] for name in given} == given
        for name in given:
            field = page.one("input", id=f"f-{name}")
            assert f"f-{name}-wrong" in field.given["aria-describedby"].split()
            assert "is-invalid" in field.given["class"]
        assert await shop.news() == []


async def test_a_refusal_is_said_above_the_form_and_what_was_written_stays(
    application: Application, shop: Place
) -> None:
    rental = await a_rental(shop)
    bicycle = (await row(shop.owner, f"/api/rentals/{rental}"))["bicycle_id"]
    async with looking(application, shop.owner) as browser:
        page = await browser.fill("/app/rentals/do/start", bicycle_id=str(bicycle), renter="Esi", days="1")
        assert page.status == 409
        assert page.alerts == ["This bicycle is out"]
        assert page.fields["renter"] == "Esi"
        over = await browser.fill(f"/app/rentals/{rental}/do/give-back", damage="51")
        assert (over.status, over.alerts) == (409, ["Not more than the deposit can be kept"])
        assert over.fields["damage"] == "51"


async def test_a_change_sends_what_was_changed_and_nothing_else(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    await shop.events()
    async with looking(application, shop.owner) as browser:
        assert (await browser.fill(f"/app/bicycles/{bicycle}/edit", deposit="60")).to == f"/app/bicycles/{bicycle}"
        ((verb, changes),) = await shop.events()
        assert (verb, list(changes)) == ("bicycle.edit", [f"edit bicycles {bicycle}"])
        assert {name: value for name, value in changes[f"edit bicycles {bicycle}"].items() if name != "updated_at"} == {"deposit": [50, 60]}  # fmt: skip


async def test_two_who_change_different_fields_of_a_row_at_once_see_whose_is_which(
    application: Application, shop: Place
) -> None:
    bicycle = await a_bicycle(shop)
    path = f"/app/bicycles/{bicycle}"
    async with looking(application, shop.owner) as mine, looking(application, shop.owner) as theirs:
        form = await mine.get(f"{path}/edit")
        assert (await theirs.fill(f"{path}/edit", deposit="60", daily_rate="13")).status == 303
        clash = await mine.post(f"{path}/do/edit", form.fields | {"deposit": "70"})
        assert clash.status == 412
        table = clash.one("div", class_="alert-warning").one("tbody")
        lines = [[cell.text for cell in line.inner if not isinstance(cell, str)] for line in table.all("tr")]
        assert lines == [["Daily rate", "12.00", "", "13.00"], ["Deposit", "50.00", "70", "60.00"]]
        assert clash.fields["deposit"] == "70"
        again = await mine.post(f"{path}/do/edit", clash.fields)
        assert again.status == 303, again.alerts
        now = await row(shop.owner, f"/api/bicycles/{bicycle}")
        assert (now["deposit"], now["daily_rate"]) == (70, 13)


async def test_a_dry_run_says_what_would_change_and_changes_nothing(application: Application, shop: Place) -> None:
    rental = await a_rental(shop)
    await shop.news()
    async with looking(application, shop.owner) as browser:
        page = await browser.fill(f"/app/rentals/{rental}/do/give-back", damage="10", dry_run="1")
        assert page.status == 200
        would = page.one("div", class_="would").text
        assert "Damage" in would
        assert "0.00 → 10.00" in would
        assert "Running → Returned" in would
        assert "Z" not in would
        assert page.fields["damage"] == "10"
        assert await shop.news() == []
        assert (await browser.post(f"/app/rentals/{rental}/do/give-back", page.fields)).status == 303


async def test_a_form_that_is_sent_twice_is_done_once(application: Application, shop: Place) -> None:
    await shop.news()
    async with looking(application, shop.owner) as browser:
        values = {"frame_number": "KA-1", "daily_rate": "1", "deposit": "1", "key": str(uuid4())}
        first = await browser.post("/app/bicycles/do/create", values)
        second = await browser.post("/app/bicycles/do/create", values)
        assert first.to == second.to == "/app/bicycles/1"
        assert await shop.news() == ["bicycle.create: add bicycles 1"]
        other = await browser.post("/app/bicycles/do/create", values | {"frame_number": "KA-2"})
        assert other.status == 422
        assert other.fields["frame_number"] == "KA-2"
        assert other.fields["key"] != values["key"]


async def test_a_move_is_undone_by_the_move_back_and_a_change_by_what_stood_there(
    application: Application, shop: Place
) -> None:
    bicycle = await a_bicycle(shop)
    async with looking(application, shop.owner) as browser:
        changed = await browser.fill(f"/app/bicycles/{bicycle}/edit", deposit="60")
        undo = (await browser.get(changed.to)).one("div", class_="told").one("form")
        fields = {each.given["name"]: each.given["value"] for each in undo.all("input")}
        assert (await browser.post(undo.given["action"], fields)).status == 303
        assert (await row(shop.owner, f"/api/bicycles/{bicycle}"))["deposit"] == 50


async def test_a_row_that_is_gone_or_not_theirs_has_no_form(application: Application, shop: Place, other: Place) -> None:  # fmt: skip
    theirs = await a_bicycle(other)
    async with looking(application, shop.owner) as browser:
        for path in ("edit", "do/delete", "do/edit", "do/mend"):
            page = await browser.get(f"/app/bicycles/{theirs}/{path}")
            assert page.status == 404, path
            assert (await browser.post(f"/app/bicycles/{theirs}/{path}", {"deposit": "1"})).status == 404
        for path in ("do/nothing", "new/do/create", "1x", "-1", "0/edit", f"{9 * 10**18}/edit", f"{10**30}", "do/mend"):
            assert (await browser.get(f"/app/bicycles/{path}")).status == 404, path


async def test_deleting_asks_first_and_says_what_is_gone(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    async with looking(application, shop.owner) as browser:
        page = await browser.get(f"/app/bicycles/{bicycle}/do/delete")
        assert "Are you sure?" in page.one("main").text
        gone = await browser.fill(f"/app/bicycles/{bicycle}/do/delete")
        assert gone.to == "/app/bicycles"
        assert (await browser.get(gone.to)).one("div", class_="told").text == "KA-1042 was deleted"
        assert (await browser.get(f"/app/bicycles/{bicycle}")).status == 404


async def test_numbers_are_written_and_read_as_the_reader_s_language_has_them(
    application: Application, shop: Place
) -> None:
    bicycle = await a_bicycle(shop, daily_rate=1234.5)
    french = {"Accept-Language": "fr"}
    async with looking(application, shop.owner) as browser:
        page = await browser.get(f"/app/bicycles/{bicycle}/edit", headers=french)
        assert page.fields["daily_rate"] == "1234,50"
        done = await browser.post(f"/app/bicycles/{bicycle}/do/edit", page.fields | {"daily_rate": "2 345,50"}, headers=french)  # fmt: skip
        assert done.status == 303
        assert (await row(shop.owner, f"/api/bicycles/{bicycle}"))["daily_rate"] == 2345.5


async def test_hostile_bodies_of_forms_are_refused_in_words(application: Application, shop: Place) -> None:
    bodies: list[dict[str, Any]] = [
        {"frame_number": "x" * 5000}, {"daily_rate": "1e400"}, {"daily_rate": "NaN"}, {"deposit": "\x00"}, {"frame_number": "a\x00b"},
        {"daily_rate": ["1", "2"]}, {"deposit": "9" * 400}, {"version": "9" * 30}, {"key": "\xff" * 300}, {"frame_number": "\ud7ff\U0001f600" * 20}, {"dry_run": "1"},
    ]  # fmt: skip
    async with looking(application, shop.owner) as browser:
        for body in bodies:
            given = {"frame_number": "KA-1", "daily_rate": "1", "deposit": "1"} | body
            page = await browser.post("/app/bicycles/do/create", given)
            assert page.status in (200, 303, 409, 422), (body, page.html)
        answer = await browser.http.post("/app/bicycles/do/create", content=b"\xff\xfe=%zz&&&=", headers={"Origin": str(browser.http.base_url).rstrip("/")})  # fmt: skip
        assert answer.status_code == 422
        big = await browser.post("/app/bicycles/do/create", {"frame_number": "x" * 1_100_000})
        assert big.status == 413
