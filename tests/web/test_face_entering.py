"""Coming in and going on pages: cookies that no script sees, and tokens that go on by themselves (P-13 to P-15)."""

import asyncio

import pytest

from tests.running import PASSWORD, Application, Clock, Place
from tests.web.browsing import Browser, looking
from tests.web.hiring import a_bicycle

HIDDEN = ("HttpOnly", "SameSite=Lax", "Path=/app")


def kept(browser: Browser) -> dict[str, str]:
    """The cookies of a session."""
    return {name: value for name, value in browser.http.cookies.items() if name in ("hall", "hall_more", "device")}


def earlier(clock: Clock) -> None:
    """A while ago: a token is never taken before the time of the machine at which it was issued."""
    clock.forward(minutes=-40)


async def test_whoever_is_not_signed_in_is_led_to_sign_in_and_back_to_where_they_wanted_to_go(
    application: Application, shop: Place
) -> None:
    async with looking(application) as browser:
        asked = await browser.get("/app/rentals?status=running&sort=due_at")
        assert asked.status == 303
        assert asked.to == "/app/-/sign-in?to=%2Fapp%2Frentals%3Fstatus%3Drunning%26sort%3Ddue_at"
        page = await browser.get(asked.to)
        assert page.one("h1").text == "Sign in"
        to = page.one("input", name="to").given["value"]
        entered = await browser.sign_in(shop.owner.name, to=to)
        assert (entered.status, entered.to) == (303, "/app/rentals?status=running&sort=due_at")
        assert (await browser.get(entered.to)).one("h1").text == "Rentals"
        for each in entered.answer.headers.get_list("set-cookie"):
            assert all(mark in each for mark in HIDDEN)
        assert set(kept(browser)) == {"hall", "hall_more", "device"}


async def test_a_part_of_a_page_leads_to_sign_in_as_a_whole(application: Application) -> None:
    async with looking(application) as browser:
        part = await browser.get("/app/rentals/1/row", part=True)
        assert (part.status, part.to) == (200, "/app/-/sign-in")
        assert part.html == ""


@pytest.mark.parametrize("name", ["owner-accra", "nobody-at-all"])
async def test_a_wrong_secret_says_the_same_as_a_name_that_nobody_has(application: Application, name: str) -> None:
    async with looking(application) as browser:
        refused = await browser.sign_in(name, "something else")
        assert refused.status == 401
        assert refused.alerts == ["Incorrect username or password"]
        assert refused.one("input", name="name").given["value"] == name
        assert refused.one("input", name="secret").given.get("value", "") == ""
        assert kept(browser) == {}


@pytest.mark.parametrize(
    "to",
    ["https://evil.example/app", "//evil.example/app", "/api/users", "/apple", "javascript:alert(1)", "/app\\x", "/app/\r\nX: y", "\\\\evil.example", "app"],
)  # fmt: skip
async def test_nobody_is_sent_elsewhere_after_signing_in_or_choosing_a_language(
    application: Application, shop: Place, to: str
) -> None:
    async with looking(application) as browser:
        assert (await browser.sign_in(shop.owner.name, to=to)).to == "/app"
        assert (await browser.post("/app/-/look", {"language": "fr", "to": to})).to == "/app"


async def test_whoever_chooses_how_pages_look_stays_where_they_are(application: Application, shop: Place) -> None:
    async with looking(application, shop.owner) as browser:
        page = f"{browser.http.base_url}/app/rentals?status=running"
        chosen = await browser.post("/app/-/look", {"theme": "dark"}, headers={"Referer": page})
        assert chosen.to == "/app/rentals?status=running"
        assert (await browser.get(chosen.to)).one("html", data_bs_theme="dark")
        for elsewhere in (
            "https://evil.example/apple",
            "https://evil.example//evil.example/app",
            "javascript:alert(1)",
        ):
            chosen = await browser.post("/app/-/look", {"theme": "dark"}, headers={"Referer": elsewhere})
            assert chosen.to == "/app"


async def test_an_ended_token_goes_on_by_itself_with_two_tabs_at_once(application: Application, shop: Place, clock: Clock) -> None:  # fmt: skip
    async with looking(application) as browser, looking(application) as other_tab:
        earlier(clock)
        await browser.sign_in(shop.owner.name)
        clock.forward(minutes=31)
        before = kept(browser)
        for name, value in before.items():
            other_tab.takes(name, value)
        pages = await asyncio.gather(browser.get("/app/rentals"), other_tab.get("/app/bicycles"))
        assert [each.one("h1").text for each in pages] == ["Rentals", "Bicycles"]
        assert kept(browser)["hall_more"] == kept(other_tab)["hall_more"] != before["hall_more"]
        clock.forward(minutes=2)
        assert [(await each.get("/app")).status for each in (browser, other_tab)] == [200, 200]


async def test_a_refresh_cookie_that_is_used_again_later_ends_the_session_of_whoever_has_it(
    application: Application, shop: Place, clock: Clock
) -> None:
    async with looking(application) as browser, looking(application) as thief:
        earlier(clock)
        await browser.sign_in(shop.owner.name)
        thief.takes("hall_more", kept(browser)["hall_more"])
        clock.forward(minutes=31)
        assert (await browser.get("/app")).status == 200
        clock.forward(minutes=2)
        assert (await thief.get("/app")).to == "/app/-/sign-in"
        assert (await browser.get("/app")).to == "/app/-/sign-in"


async def test_whoever_signs_out_is_out_with_every_cookie_they_had(application: Application, shop: Place) -> None:
    async with looking(application) as browser, looking(application) as copy:
        await browser.sign_in(shop.owner.name)
        for name, value in kept(browser).items():
            copy.takes(name, value)
        gone = await browser.post("/app/-/sign-out")
        assert (gone.status, gone.to) == (303, "/app/-/sign-in")
        assert set(kept(browser)) <= {"device"}
        assert (await browser.get("/app")).status == 303
        assert (await copy.get("/app")).status == 303


async def test_whoever_is_in_several_organisations_chooses_one(application: Application, shop: Place, other: Place) -> None:  # fmt: skip
    made = (await other.owner.post("/api/invitations", json={"role": "owner"})).json()
    body = {"token": made["link"].rsplit("/", 1)[1], "username": shop.owner.name, "password": PASSWORD}
    assert (await application.stranger.post("/api/invitations/accept", json=body)).status_code == 201
    async with looking(application) as browser:
        asked = await browser.sign_in(shop.owner.name, PASSWORD)
        assert asked.status == 409
        choices = {each.text: each.given["value"] for each in asked.one("select", name="organisation").all("option")}
        assert choices == {"accra": str(shop.org_id), "kumasi": str(other.org_id)}
        entered = await browser.sign_in(shop.owner.name, PASSWORD, organisation=choices["kumasi"])
        assert entered.status == 303
        await a_bicycle(other, "KU-1")
        assert [cells[1] for cells in (await browser.get("/app/bicycles")).cells] == ["KU-1"]


async def test_a_made_up_cookie_is_nobody_s(application: Application) -> None:
    for name in ("hall", "hall_more"):
        for value in ("x", "a.b.c", "1.2.3", "%00", "null", "9" * 4000):
            async with looking(application) as browser:
                browser.takes(name, value)
                assert (await browser.get("/app")).status == 303
                assert (await browser.get("/app/-/live")).status == 303


async def test_a_form_for_signing_in_needs_its_fields(application: Application) -> None:
    async with looking(application) as browser:
        assert (await browser.post("/app/-/sign-in")).status in (401, 422)
        assert (await browser.post("/app/-/sign-in", {"name": "x" * 5000, "secret": "y" * 50_000})).status in (401, 422)


async def test_a_secret_is_never_in_a_page_or_an_address(application: Application, shop: Place) -> None:
    async with looking(application) as browser:
        page = await browser.sign_in(shop.owner.name, f"{PASSWORD}!")
        assert PASSWORD not in page.html
        entered = await browser.sign_in(shop.owner.name)
        assert PASSWORD not in entered.to + str(entered.answer.headers)
