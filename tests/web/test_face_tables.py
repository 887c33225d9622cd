"""Lists as pages: order, filters, columns, what follows, several at once, files."""

import csv

import pytest

from tests.running import Application, Place
from tests.web.browsing import Browser, Seen, looking
from tests.web.hiring import a_bicycle, a_rental, bicycles, bring_back, row


def column(page: Seen, number: int = 1) -> list[str]:
    """A column of the table that is seen."""
    return [cells[number] for cells in page.cells]


async def test_a_list_shows_what_a_few_columns_say_of_each_row_and_leads_to_it(
    application: Application, shop: Place
) -> None:
    bicycle = await a_bicycle(shop)
    rental = await a_rental(shop, bicycle_id=bicycle)
    async with looking(application, shop.owner) as browser:
        page = await browser.get("/app/rentals")
        assert page.status == 200
        assert [each.text.rstrip(" ▾▴") for each in page.one("thead").all("th")][1:] == ["Renter", "Bicycle", "Days", "Staff", "Status", "Due", "Created"]  # fmt: skip
        assert page.cells[0][1:6] == ["Ama Owusu", "KA-1042", "2", shop.helper.name, "Running"]
        assert page.one(id="count").text == "1 row"
        assert page.one("a", class_="row-link").given["href"] == f"/app/rentals/{rental}"
        assert f"/app/bicycles/{bicycle}" in [each.given["href"] for each in page.one("tbody").all("a")]


async def test_a_list_is_ordered_by_what_its_head_is_asked_for(application: Application, shop: Place) -> None:
    await bicycles(shop, 3)
    async with looking(application, shop.owner) as browser:
        page = await browser.get("/app/bicycles")
        assert column(page) == ["KA-0003", "KA-0002", "KA-0001"]
        head = page.one("th", aria_sort="descending")
        turned = await browser.get(head.one("a").given["href"])
        assert column(turned) == ["KA-0001", "KA-0002", "KA-0003"]
        assert turned.one("th", aria_sort="ascending").text.startswith("Created")


async def test_a_list_is_filtered_and_says_so_where_nothing_is_like_that(application: Application, shop: Place) -> None:
    rented = [await a_rental(shop, name) for name in ("Ama", "Kofi", "Esi")]
    await bring_back(shop, rented[1])
    async with looking(application, shop.owner) as browser:
        assert column(await browser.get("/app/rentals?status=returned")) == ["Kofi"]
        page = await browser.get("/app/rentals?status=running")
        assert column(page) == ["Esi", "Ama"]
        assert page.one("select", name="status").one("option", selected="").given["value"] == "running"
        bicycle = (await row(shop.owner, f"/api/rentals/{rented[0]}"))["bicycle_id"]
        assert column(await browser.get(f"/app/rentals?bicycle_id={bicycle}")) == ["Ama"]
        nothing = await browser.get("/app/rentals?status=overdue")
        assert nothing.one("main").one("h2").text == "Nothing is like that"
        assert nothing.status == 200


@pytest.mark.parametrize("query", ["status=stolen", "bicycle_id=x", "sort=renter;--", "after=zzz", "limit=-1", "sort=org_id"])  # fmt: skip
async def test_what_a_list_can_t_be_asked_is_said_above_all_rows(application: Application, shop: Place, query: str) -> None:  # fmt: skip
    await a_rental(shop)
    async with looking(application, shop.owner) as browser:
        page = await browser.get(f"/app/rentals?{query}")
        assert page.status in (200, 422)
        assert column(page) == ["Ama Owusu"]


async def test_an_empty_list_says_what_belongs_there(application: Application, shop: Place) -> None:
    async with looking(application, shop.owner) as browser:
        page = await browser.get("/app/bicycles")
        assert page.one("main").one("h2").text == "Nothing here yet"
        assert "A bicycle; its rate is for each day begun." in page.one("div", class_="empty-state").text
        assert page.all("a", href="/app/bicycles/new") != []


async def test_columns_are_chosen_by_the_address_and_unknown_ones_are_passed_over(
    application: Application, shop: Place
) -> None:
    await a_rental(shop)
    async with looking(application, shop.owner) as browser:
        page = await browser.get("/app/rentals?columns=deposit,renter,password_hash,org_id")
        assert page.cells == [["", "50.00", "Ama Owusu"]]
        assert [each.given["data-column"] for each in page.all("input", data_column="", checked="")] == ["renter", "deposit"]  # fmt: skip
        again = await browser.get("/app/rentals/1/row?columns=deposit,renter", part=True)
        assert again.all("td")[1].text == "50.00"
        follows = await browser.get(page.one("thead").all("a")[0].given["href"]) if page.one("thead").all("a") else page
        assert follows.status == 200


async def test_chosen_columns_stay_while_a_list_is_ordered_and_narrowed(application: Application, shop: Place) -> None:
    await bicycles(shop, 2)
    async with looking(application, shop.owner) as browser:
        page = await browser.get("/app/bicycles?columns=frame_number,created_at")
        assert len(page.cells[0]) == 3
        head = page.one("th", aria_sort="descending")
        assert len((await browser.get(head.one("a").given["href"])).cells[0]) == 3
        assert page.one("form", class_="filters").one("input", name="columns").given["value"] == "frame_number,created_at"  # fmt: skip


async def test_a_long_list_follows_piece_by_piece_and_no_row_comes_twice(application: Application, shop: Place) -> None:
    await bicycles(shop, 120)
    async with looking(application, shop.owner) as browser:
        page = await browser.get("/app/bicycles?sort=created_at")
        assert page.one(id="count").text == "120 rows"
        found = column(page)
        assert len(found) == 50
        part: Seen = page
        while more := part.all("tr", class_="more"):
            part = await browser.get(more[0].given["hx-get"], part=True)
            assert not part.all("html")
            found += [each.all("td")[1].text for each in part.all("tr", data_row="")]
        assert found == [f"KA-{number:04d}" for number in range(1, 121)]
        whole = await browser.get(page.one("tr", class_="more").one("a").given["href"])
        assert whole.one("h1").text == "Bicycles"
        assert len(whole.cells) == 50


async def test_several_rows_are_done_at_once_and_those_that_are_refused_are_said(
    application: Application, shop: Place
) -> None:
    one, two, three = await bicycles(shop, 3)
    await a_rental(shop, bicycle_id=two)
    async with looking(application, shop.owner) as browser:
        page = await browser.get("/app/bicycles")
        offered = [each.given["formaction"] for each in page.one("form", id="many").all("button")]
        assert "/app/bicycles/many/delete" in offered
        refused = await browser.post("/app/bicycles/many/delete", {"id": [str(one), str(two), str(three), "x", "9" * 30]})  # fmt: skip
        assert refused.status == 409
        assert "Done with 2 rows" in refused.one("main").text
        assert [each.text for each in refused.one("div", role="alert").all("li")] == [
            f"Bicycle {two} : Bicycle can't be deleted: it has 1 rental"
        ]
        assert (await shop.owner.get(f"/api/bicycles/{two}")).status_code == 200
        gone = await browser.post("/app/bicycles/many/delete", {"id": []})
        assert gone.to == "/app/bicycles"
    async with looking(application, shop.helper) as browser:
        assert (await browser.get("/app/bicycles")).one("form", id="many").all("button") == []
        assert (await browser.post("/app/bicycles/many/delete", {"id": str(two)})).status == 403


async def test_a_list_is_taken_along_as_a_file_with_its_filters(application: Application, shop: Place) -> None:
    for name in ("Ama", "=cmd|' /C calc'!A0"):
        await a_rental(shop, name)
    await bring_back(shop, 1)
    async with looking(application, shop.owner) as browser:
        page = await browser.get("/app/rentals?status=running")
        links = {each.text: each.given["href"] for each in page.all("a", download="")}
        assert links == {"CSV": "/app/-/export/rentals.csv?status=running", "Excel": "/app/-/export/rentals.xlsx?status=running", "JSON": "/app/-/export/rentals.jsonl?status=running"}  # fmt: skip
        answer = await browser.get(links["CSV"])
        assert answer.answer.headers["content-type"].startswith("text/csv")
        assert "attachment" in answer.answer.headers["content-disposition"]
        rows = list(csv.DictReader(answer.html.lstrip("\ufeff").splitlines()))
        assert [each["renter"] for each in rows] == ["'=cmd|' /C calc'!A0"]
        assert (await browser.get("/app/-/export/rentals.pdf")).status == 404
        assert (await browser.get("/app/-/export/users.csv")).status == 404
    async with looking(application) as nobody:
        assert (await nobody.get("/app/-/export/rentals.csv")).status == 303


async def titles(browser: Browser) -> list[str]:
    """What the menu leads to."""
    return [each.text for each in (await browser.get("/app")).one("nav", class_="side").all("a")]


async def test_the_menu_shows_what_somebody_s_role_sees(application: Application, shop: Place) -> None:
    async with looking(application, shop.owner) as owner, looking(application, shop.helper) as helper:
        seen = await titles(helper)
        assert seen[:4] == (await titles(owner))[:4] == ["Home", "Counter", "Bicycles", "Rentals"]
        for each in ("Jobs", "Webhooks"):
            assert each not in seen
            assert each in await titles(owner)
        for path in ("api-keys", "jobs", "webhooks", "-/charts/takings", "-/totals/takings", "bicycles/new"):
            assert (await helper.get(f"/app/{path}")).status in (403, 404), path
        for name, person in ((shop.owner.name, owner), (shop.helper.name, helper), (shop.owner.name, owner)):
            assert (await person.get("/app/rentals")).one("span", class_="me-name").text == name
            places = {"": "Home", "/rentals": "Rentals", "/rentals/do/start": "Rentals", "/-/account": ""}
            for path, title in places.items():
                here = (await person.get(f"/app{path}")).one("nav", class_="side").all("a", aria_current="page")
                assert [each.text for each in here] == ([title] if title else []), path
