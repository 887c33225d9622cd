"""The page of a row, and the other ways to look at rows: boards, charts, calendars, search, picking."""

import re

from tests.running import Application, Clock, Place
from tests.web.browsing import Browser, Seen, looking
from tests.web.hiring import a_bicycle, a_rental, bicycles, bring_back, row


async def test_the_page_of_a_row_says_what_is_known_and_what_happened(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    rental = await a_rental(shop, bicycle_id=bicycle)
    async with looking(application, shop.owner) as browser:
        page = await browser.get(f"/app/rentals/{rental}")
        assert page.one("h1").text == "Ama Owusu"
        facts = {each.one("dt").text: each.one("dd").text for each in page.one("dl", class_="facts").all("div")}
        assert (facts["Bicycle"], facts["Days"], facts["Staff"], facts["Deposit"]) == ("KA-1042", "2", shop.helper.name, "50.00")  # fmt: skip
        assert "Hand a bicycle out against its deposit" in page.one("section", class_="story").text
        assert shop.helper.name in page.one("section", class_="story").text
        there = await browser.get(f"/app/bicycles/{bicycle}")
        assert "Ama Owusu" in there.one("section", class_="related").text
        assert there.one("section", class_="related").one("a", class_="ms-auto").given["href"] == f"/app/rentals?bicycle_id={bicycle}"  # fmt: skip


async def test_a_row_offers_what_this_person_may_do_with_it_now(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    async with looking(application, shop.owner) as owner, looking(application, shop.helper) as helper:
        at = f"/app/bicycles/{bicycle}"
        assert (await owner.get(at)).deeds() == ["Change", "Delete"]
        assert (await helper.get(at)).deeds() == []
        mine = await a_rental(shop, person=shop.helper, bicycle_id=bicycle)
        assert (await helper.get(f"/app/rentals/{mine}")).deeds() == ["Give back"]
        await bring_back(shop, mine, damage=5)
        assert (await owner.get(f"/app/rentals/{mine}")).deeds() == []
        assert (await helper.get(f"/app/rentals/{mine}")).deeds() == []
        assert (await owner.get(at)).deeds() == ["Mend", "Change", "Delete"]
        assert (await helper.get(at)).deeds() == []
        done = await owner.fill(f"{at}/do/mend")
        assert (await owner.get(done.to)).deeds() == ["Change", "Delete"]


async def test_a_helper_sees_their_own_rentals_everywhere_and_no_other(application: Application, shop: Place) -> None:
    mine = await a_rental(shop, "Mine Renter", shop.helper)
    others = await a_rental(shop, "Secret Renter", shop.owner)
    async with looking(application, shop.helper) as browser:
        month = (await row(shop.owner, f"/api/rentals/{mine}"))["due_at"][:7]
        bicycle = (await row(shop.owner, f"/api/rentals/{others}"))["bicycle_id"]
        for path in (
            "", "/rentals", "/rentals?sort=due_at", f"/rentals?bicycle_id={bicycle}", "/-/boards/rentals", f"/-/calendars/rentals?month={month}",
            "/-/search?q=Secret", "/-/search?q=Renter", "/rentals/pick?q=Renter", "/rentals/pick", f"/bicycles/{bicycle}", "/-/export/rentals.csv", "/-/export/rentals.jsonl",
        ):  # fmt: skip
            page = await browser.get(f"/app{path}")
            assert "Secret Renter" not in page.html, path
        for path in ("", "/edit", "/do/give-back", "/row"):
            assert (await browser.get(f"/app/rentals/{others}{path}")).status == 404, path
        assert (await browser.post(f"/app/rentals/{others}/do/give-back", {"damage": "0"})).status == 404
        refused = await browser.post("/app/rentals/many/give-back", {"id": [str(others)], "damage": "0"})
        assert refused.status == 409
        assert [each[1] for each in (await browser.get("/app/rentals")).cells] == ["Mine Renter"]
        assert (await row(shop.owner, f"/api/rentals/{others}"))["status"] == "running"


async def test_nobody_sees_a_row_of_another_organisation_on_any_page(
    application: Application, shop: Place, other: Place
) -> None:
    bicycle = await a_bicycle(other, "Their Frame")
    theirs = await a_rental(other, "Their Renter", bicycle_id=bicycle)
    async with looking(application, shop.owner) as browser:
        for room, number in (("rentals", theirs), ("bicycles", bicycle)):
            for path in ("", "/edit", "/row", "/do/give-back", "/do/delete", "/do/mend"):
                there, nowhere = [(await browser.get(f"/app/{room}/{each}{path}")) for each in (number, 10**9)]
                assert there.status == nowhere.status == 404, path
                assert there.one("main").text == nowhere.one("main").text
        for path in ("", "/rentals", "/-/boards/rentals", "/-/calendars/rentals", "/-/search?q=Their", "/rentals/pick?q=Their", "/-/export/rentals.csv", "/-/totals/takings", f"/rentals?bicycle_id={bicycle}", f"/rentals/do/start?bicycle_id={bicycle}"):  # fmt: skip
            page = await browser.get(f"/app{path}")
            assert page.status == 200, path
            assert not re.search("Their (Renter|Frame)", page.html), path
        refused = await browser.post(
            "/app/rentals/do/start", {"bicycle_id": str(bicycle), "renter": "Esi", "days": "1"}
        )
        assert refused.status in (404, 409, 422)
        assert "Their Frame" not in refused.html


def cards(page: Seen) -> dict[str, list[str]]:
    """What stands in each column of a board."""
    return {
        each.given["data-value"]: [one.one("h3").text for one in each.all("article")]
        for each in page.all("section", class_="board-column")
    }


async def test_a_board_shows_rows_by_their_state_with_the_moves_that_this_person_may_make(
    application: Application, shop: Place
) -> None:
    one, _ = await bicycles(shop, 2)
    rental = await a_rental(shop, bicycle_id=one)
    async with looking(application, shop.owner) as owner, looking(application, shop.helper) as helper:
        assert cards(await owner.get("/app/-/boards/bicycles")) == {
            "free": ["KA-0002"],
            "out": ["KA-0001"],
            "damaged": [],
        }
        board = await owner.get("/app/-/boards/rentals")
        assert cards(board) == {"running": ["Ama Owusu"], "overdue": []}
        card = board.one("article", class_="board-card")
        assert card.given["data-to-1"] == f"returned|/app/rentals/{rental}/do/give-back"
        assert [each.text for each in card.all("a", data_dialog="")] == ["Give back"]
        await bring_back(shop, rental, damage=1)
        assert cards(await owner.get("/app/-/boards/bicycles")) == {
            "free": ["KA-0002"],
            "out": [],
            "damaged": ["KA-0001"],
        }
        damaged = (await owner.get("/app/-/boards/bicycles")).one("section", data_value="damaged")
        assert [each.text for each in damaged.all("a", data_dialog="")] == ["Mend"]
        assert (await helper.get("/app/-/boards/bicycles")).one("main").all("a", data_dialog="") == []
        assert (await owner.get("/app/-/boards/api-keys")).status == 404
        assert (await owner.get("/app/-/boards/nothing")).status == 404


def amount(text: str) -> float:
    """A number as it is written on a page."""
    return float("".join(each for each in text if each.isdigit() or each == "."))


async def test_each_bar_of_a_chart_leads_to_the_rows_that_sum_to_it(
    application: Application, shop: Place, clock: Clock
) -> None:
    clock.forward(days=-3)
    for turn, charges in enumerate(((7, 12.5), (3,), (40.25, 1.1))):
        for number, damage in enumerate(charges):
            await bring_back(shop, await a_rental(shop, f"Renter {turn}-{number}"), damage=damage)
        clock.forward(days=1)
    async with looking(application, shop.owner) as browser:
        page = await browser.get("/app/-/charts/takings")
        days = [[cell.text for cell in line.all("td")] for line in page.one("tbody").all("tr")]
        assert [amount(each[1]) for each in days] == [65.35, 15.0, 43.5]
        assert amount(page.one("section", class_="chart-card").one("span").text) == 123.85
        bars = page.one("svg", class_="chart").all("a")
        assert [each.given["href"] for each in bars] == [
            each.given["href"] for each in reversed(page.one("tbody").all("a"))
        ]
        for link, (day, total) in zip(page.one("tbody").all("a"), days, strict=True):
            behind = await browser.get(link.given["href"])
            rows = [[cell.text for cell in line.all("td")] for line in behind.one("tbody").all("tr")]
            assert {each[1] for each in rows} == {day}
            assert (
                round(sum(amount(each[-1]) for each in rows), 2)
                == amount(total)
                == amount(behind.one("main").one("strong").text)
            )
        for query in ("from=x", "to=2024-13-45", "from=2024-01-02&to=2024-01-01", "from=0001-01-01"):
            assert (await browser.get(f"/app/-/charts/takings?{query}")).status in (200, 422), query
            assert (await browser.get(f"/app/-/totals/takings?{query}&after=zz")).status in (200, 422), query
        empty = await browser.get("/app/-/charts/takings?from=2020-01-01&to=2020-02-01")
        assert "Nothing in these days" in empty.one("main").text


async def test_a_figure_is_whole_however_many_rows_are_behind_it(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    for number in range(105):
        await bring_back(shop, await a_rental(shop, f"Renter {number}", bicycle_id=bicycle))
    async with looking(application, shop.owner) as browser:
        page = await browser.get("/app/-/totals/takings?from=2020-01-01&to=2030-01-01")
        assert len(page.one("tbody").all("tr")) == 100
        assert amount(page.one("main").one("strong").text) == 105 * 12
        following = await browser.get(f"/app/-/totals/takings{page.all('a', class_='btn')[-1].given['href']}")
        assert len(following.one("tbody").all("tr")) == 5
        assert amount(following.one("main").one("strong").text) == 105 * 12


async def test_a_calendar_shows_rows_on_their_days_in_the_business_s_zone(
    application: Application, shop: Place, clock: Clock
) -> None:
    await shop.prefer(zone="Pacific/Auckland")
    clock.set("2026-03-01T13:00:00+00:00")
    await a_rental(shop, "Ama", days=1)
    async with looking(application, shop.owner) as browser:
        page = await browser.get("/app/-/calendars/rentals?month=2026-03")
        assert "March 2026" in page.one("main").text
        days = {each.one("time").given["datetime"]: [one.text for one in each.all("a")] for each in page.all("td")}
        assert {day: names for day, names in days.items() if names} == {"2026-03-03": ["Ama"]}
        before = await browser.get(f"/app/-/calendars/rentals{page.one('a', rel='prev').given['href']}")
        assert "February 2026" in before.one("main").text
        for month in ("x", "2026-13", "0000-01", "9999-12", "2026-1-1", "-1-1", "9" * 5000):
            assert (await browser.get(f"/app/-/calendars/rentals?month={month}")).status == 200, month[:9]
        assert (await browser.get("/app/-/calendars/bicycles")).status == 404


async def names(browser: Browser, query: str) -> list[str]:
    """What picking offers."""
    return [each.text for each in (await browser.get(f"/app/bicycles/pick?q={query}", part=True)).all("button")]


async def test_rows_to_refer_to_are_found_as_somebody_types(application: Application, shop: Place) -> None:
    await bicycles(shop, 3)
    async with looking(application, shop.owner) as browser, looking(application, shop.helper) as helper:
        assert [each.split()[0] for each in await names(browser, "")] == ["KA-0003", "KA-0002", "KA-0001"]
        assert [each.split()[0] for each in await names(browser, "0002")] == ["KA-0002"]
        page = await browser.get("/app/bicycles/pick?q=nothing", part=True)
        assert page.all("a", href="/app/bicycles/new") != []
        assert "Nothing is called so" in page.text
        assert (await helper.get("/app/bicycles/pick?q=nothing", part=True)).all("a") == []


async def test_search_finds_pages_and_things_to_do_by_what_they_are_called(
    application: Application, shop: Place
) -> None:
    async with looking(application, shop.owner) as browser, looking(application, shop.helper) as helper:
        page = await browser.get("/app/-/search?q=bicy")
        assert {"/app/bicycles", "/app/bicycles/do/create"} <= {each.given["href"] for each in page.one(id="found").all("a")}  # fmt: skip
        found = await helper.get("/app/-/search?q=bicy")
        assert "/app/bicycles/do/create" not in [each.given["href"] for each in found.one(id="found").all("a")]
        assert "Nothing is called so" in (await browser.get("/app/-/search?q=qqqq")).one(id="found").text
        for word in ("%", "'", "\\", "\x00", "x" * 3000, "<b>"):
            assert (await browser.http.get("/app/-/search", params={"q": word})).status_code in (200, 422)


async def test_the_first_page_shows_what_is_to_be_done_and_what_just_happened(
    application: Application, shop: Place
) -> None:
    rental = await a_rental(shop)
    async with looking(application, shop.owner) as browser:
        page = await browser.get("/app")
        tiles = {each.one("h2").text: each.one("ul").text for each in page.all("section", class_="tile")}
        assert tiles == {"Bicycles": "Out 1", "Rentals": "Running 1"}
        news = page.one("section", class_="news").all("li")
        assert news[0].one("a").given["href"] == f"/app/rentals/{rental}"
        assert shop.helper.name in news[0].text
