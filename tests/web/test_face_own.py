"""Pages that a trade draws itself, over HTTP."""

import re
from dataclasses import replace

import pytest

from tests.running import Application, Place
from tests.web.hiring import a_bicycle, a_rental
from tests.web.looking import SAME_SITE, Looker, menu, text
from tradehall.kernel.screens import OwnPage
from tradehall.kernel.trade import Trade
from tradehall.web.dispatch import Dispatcher, Policy
from tradehall.web.face.face import Face


async def test_an_own_page_shows_what_the_interface_answers_and_asks_it_for_what_its_forms_say(
    application: Application, shop: Place
) -> None:
    bicycle = await a_bicycle(shop, "KA-1 <b>")
    async with Looker(application, shop.helper) as browser:
        page = await browser.see("/counter")
        assert "KA-1 &lt;b&gt;" in page.text
        assert "Counter" in menu(page)
        hired = await browser.told("/counter", {"do": "hire", "bicycle_id": bicycle, "renter": "Ama", "days": "2"})
        assert "No bicycle is free" in hired
        refused = await browser.send("/counter", {"do": "hire", "bicycle_id": bicycle, "renter": "Ama", "days": "2"})
        assert refused.status_code == 409
        assert "is out" in text(refused)
        assert (await browser.send("/counter", {"do": "sell"})).status_code == 404
    assert [each["renter"] for each in (await shop.owner.get("/api/rentals")).json()] == ["Ama"]


async def test_the_menu_marks_the_place_that_somebody_is_at_and_none_elsewhere(
    application: Application, shop: Place
) -> None:
    bicycle = await a_bicycle(shop, "KA-7")
    async with Looker(application, shop.owner) as browser:
        for path, called in (
            ("", "Home"), ("/counter", "Counter"), (f"/bicycles/{bicycle}", "Bicycles"), ("/-/audit", "What happened"),
            ("/-/account", None), ("/nothing", None),
        ):  # fmt: skip
            marked = re.findall(r'aria-current="page">.*?<span>(.*?)</span>', (await browser.see(path)).text)
            assert marked == ([called] * 2 if called else []), path


async def test_an_own_page_is_for_those_whom_it_names(application: Application) -> None:
    async with Looker(application) as stranger:
        answer = await stranger.see("/counter")
        assert answer.status_code == 303
        assert "/sign-in" in answer.headers["location"]


async def test_a_script_of_a_page_asks_the_interface_as_whoever_looks_at_it(
    application: Application, shop: Place
) -> None:
    bicycle = await a_bicycle(shop, "KA-7")
    async with Looker(application, shop.helper) as browser:
        wish = {"bicycle_id": bicycle, "renter": "Ama", "days": 2}
        once = {**SAME_SITE, "Idempotency-Key": "once"}
        first = await browser.http.post("/app/-/api/api/rentals/start", json=wish, headers=once)
        again = await browser.http.post("/app/-/api/api/rentals/start", json=wish, headers=once)
        assert (first.is_success, again.json()["id"]) == (True, first.json()["id"])
        assert [each["frame_number"] for each in (await browser.see("/-/api/api/bicycles")).json()] == ["KA-7"]
        assert (await browser.see("/-/api/api/nothing")).status_code == 404
        drawn_for = (await browser.see("/counter")).headers["x-account"]
        # What waited at somebody's page is not sent as another's.
        for who, status in ((drawn_for, 200), ("1.987654", 401)):
            answer = await browser.http.get("/app/-/api/api/bicycles", headers={**SAME_SITE, "X-Account": who})
            assert answer.status_code == status
    async with Looker(application) as stranger:
        assert (await stranger.see("/-/api/api/bicycles")).status_code == 401


async def test_row_21_no_other_site_asks_the_interface_with_the_cookies_of_a_page(
    application: Application, shop: Place
) -> None:
    async with Looker(application, shop.owner) as browser:
        wish = {"bicycle_id": await a_bicycle(shop, "KA-7"), "renter": "Ama", "days": 2}
        nowhere = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}
        for headers in ({}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.test"}, nowhere):
            answer = await browser.http.post("/app/-/api/api/rentals/start", json=wish, headers=headers)
            assert answer.status_code == 403
    assert (await shop.owner.get("/api/rentals")).json() == []


async def test_a_script_asks_for_nothing_that_no_page_of_its_trade_names(application: Application, shop: Place) -> None:
    rental = await a_rental(shop)
    async with Looker(application, shop.owner) as browser:
        for method, path in (
            ("POST", "/api/bicycles"), ("PATCH", f"/api/rentals/{rental}"), ("GET", "/api/users"), ("GET", "/api/audit"),
            ("POST", "/api/auth/logout-all"), ("POST", "/api/privacy/erase"),
        ):  # fmt: skip
            answer = await browser.http.request(method, f"/app/-/api{path}", json={}, headers=SAME_SITE)
            assert answer.status_code == 404, path


async def test_a_page_that_names_an_operation_which_is_not_there_is_refused_at_the_start(
    application: Application, trade: Trade
) -> None:
    wrong = replace(trade, screens=(OwnPage("lost", "lost.html", trade.owner, shows={"rows": "/api/lost"}),))
    with pytest.raises(TypeError, match="names GET /api/lost, which is not there"):
        Face(application.office, wrong, Dispatcher(application.office, wrong, Policy()))


async def test_what_is_no_demonstration_is_entered_in_no_role(application: Application, shop: Place) -> None:
    async with Looker(application, shop.helper) as browser:
        assert (await browser.send("/-/enter", {"role": "owner"})).status_code == 404
        assert "Enter as" not in (await browser.see("")).text
