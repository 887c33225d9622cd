"""A day at the phone shop in a real browser: at the till by mouse and scanner, by keys alone, and with the line cut in the middle."""

import io
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Error, Page, expect

from tests.browser.conftest import PHONE, Rental, fits
from tests.browser.test_pages import keep
from tests.commands import PASSWORD, done, serving

IMEI = "490154203237518"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Rental]:
    """One phone shop for the tests of this file: an owner, a clerk, and phones on offer."""
    folder = tmp_path_factory.mktemp("shop")
    done(folder, "org", "create", "Accra Phones")
    for role in ("owner", "clerk"):
        words = ("user", "create", role, "--trade", "phoneshop", "--role", role, "--password-stdin")
        done(folder, *words, given=f"{PASSWORD}\n")
    with serving(folder, "serve", "phoneshop") as server:
        shop = Rental(server, browser, folder, ("owner", "clerk"))
        for brand, model, value, imei in (
            ("Samsung", "Galaxy A55", 5200, IMEI), ("Apple", "iPhone 13", 6100.5, None), ("Tecno", "Camon 30", 2900, None),
            ("Nokia", "G42", 1900, None), ("Infinix", "Hot 40", 1750, None), ("Xiaomi", "Redmi 13", 2600, None),
        ):  # fmt: skip
            phone = {"brand": brand, "model": model, "condition": "New", "value": value, "cost_price": value - 500}
            shop.ask("owner", "POST", "/api/phones", phone | {"imei": imei})
        shop.ask("owner", "POST", "/api/customers", {"full_name": "Ama Owusu", "phone_number": "0241234567"})
        yield shop


@pytest.fixture
def shop(opened: Rental) -> Iterator[Rental]:
    """The shop, whose screens are closed afterwards."""
    yield opened
    opened.leave()


def till(page: Page, base: str) -> None:
    page.goto(f"{base}/app/till")
    expect(page.locator("#scan")).to_be_focused()
    expect(page.locator("#till-brands option")).not_to_have_count(0)


def test_day_one_a_day_at_the_counter(shop: Rental) -> None:
    page = shop.seat("owner").page
    page.goto(f"{shop.base}/app/drawer")
    page.get_by_label("What is in it now").fill("200")
    page.get_by_role("button", name="Open it").click()
    expect(page.get_by_text("It should hold")).to_contain_text("200.00")
    # A plain sale takes at most five inputs: a scan, which ends with Enter, and two keys.
    till(page, shop.base)
    inputs = (f"{IMEI}\n", "\n", "\n")
    for each, then in zip(inputs, ("#till-lines li", "#till-sums .sum", "#till-done"), strict=True):
        page.keyboard.type(each)
        expect(page.locator(then)).to_be_visible()
    assert len(inputs) <= 5
    expect(page.locator("#till-done")).to_contain_text("CHK-000001")
    expect(page.locator("#till-done")).to_contain_text("5,200.00")
    page.get_by_role("button", name="Next customer").click()
    # A swap: the rule and the guard are said before anything is refused.
    page.locator("#scan").fill("iphone")
    page.locator("#scanned [role=option]").click()
    page.get_by_text("A phone is given in part payment").click()
    trade = page.locator("#till-trade")
    trade.get_by_label("Brand").fill("Samsung")
    trade.get_by_label("Model").fill("Galaxy A34")
    trade.get_by_label("Allowed for it").fill("1000.25")
    trade.get_by_label("Balance to take").fill("100")
    expect(page.locator("#till-guard")).to_contain_text("Only 1,100.25 does")
    trade.get_by_label("Balance to take").fill("")
    expect(page.locator("#till-guard")).to_contain_text("6,100.50 does")
    expect(page.locator("#till-sums .sum")).to_contain_text("5,100.25")
    keep(page, "till")
    page.get_by_role("button", name="Take the money").click()
    expect(page.locator("#till-wrong")).to_have_text("A phone is taken from a customer only")
    page.locator("#sell-customer").fill("ama")
    page.locator("#sell-customers [role=option]").first.click()
    page.get_by_label("Cash given").fill("5200")
    expect(page.locator("#till-sums .change")).to_contain_text("99.75")
    page.get_by_role("button", name="Take the money").click()
    expect(page.locator("#till-done")).to_contain_text("INV-")
    page.get_by_role("button", name="Next customer").click()
    # A repair with a deposit by mobile money, and a customer who is new.
    page.get_by_role("tab", name="Take in a repair").click()
    form = page.locator("#till-repair")
    form.locator("#repair-customer").fill("Esi Boateng")
    form.locator("#repair-customers [role=option]", has_text="New customer").click()
    form.locator("[data-number]").fill("0201112223")
    form.get_by_label("Phone", exact=True).fill("Samsung A12")
    form.get_by_label("What is wrong").fill("Broken screen")
    form.get_by_label("Turns on").check()
    form.locator("#t-cost").fill("450")
    form.get_by_label("Deposit").fill("150.10")
    form.get_by_text("Mobile money").click()
    form.get_by_label("Technician").select_option("owner")
    picture = io.BytesIO()
    Image.new("RGB", (2400, 1200), "navy").save(picture, "PNG")
    shown: Any = {"name": "front.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    form.get_by_label("Choose pictures").set_input_files([shown, shown])
    expect(form.locator("#till-photos img")).to_have_count(2)
    form.locator("#till-photos").get_by_role("button", name="Remove").first.click()
    form.get_by_role("button", name="Take it in").click()
    expect(page.locator("#till-done")).to_contain_text("REP-000001")
    [repair] = shop.ask("owner", "GET", "/api/repairs")
    [photo] = shop.ask("owner", "GET", f"/api/repairs/{repair['id']}/files")
    assert (photo["type"], bool(repair["technician_id"])) == ("image/jpeg", True)
    # It is moved on the board, and its customer is told.
    page.goto(f"{shop.base}/app/-/boards/repairs")
    page.locator(".board-card", has_text="REP-000001").get_by_role("link", name="Complete").click()
    page.get_by_role("dialog").get_by_role("button", name="Complete").click()
    expect(page.locator("main")).to_contain_text("ready")
    expect(page.locator("main")).to_contain_text("Turns on")
    # The phone that came in stands in the chain of the one that went out.
    phone = shop.ask("owner", "GET", "/api/swaps")[0]["new_phone_id"]
    page.goto(f"{shop.base}/app/phones/{phone}")
    expect(page.locator("svg.chain")).to_contain_text("Samsung Galaxy A34")
    # The figures of the day are right to the cent, and the drawer closes.
    page.goto(f"{shop.base}/app")
    expect(page.locator("main")).to_contain_text(f"{5200 + 5100.25 + 150.10:,.2f}")
    keep(page, "shop")
    page.goto(f"{shop.base}/app/drawer")
    expect(page.get_by_text("It should hold")).to_contain_text(f"{200 + 5200 + 5100.25:,.2f}")
    page.get_by_label("Counted").fill("10500")
    page.get_by_role("button", name="Close the drawer").click()
    expect(page.get_by_role("alert")).to_contain_text("10500.25")
    page.get_by_label("Counted").fill("10500.25")
    page.get_by_role("button", name="Close the drawer").click()
    expect(page.locator("main")).to_contain_text("Former days")
    assert shop.ask("owner", "GET", "/api/drawers")[0]["difference"] == 0


def test_day_one_by_keys_alone(shop: Rental) -> None:
    page = shop.seat("clerk").page
    till(page, shop.base)
    page.keyboard.type("camon")
    page.keyboard.press("Enter")
    page.keyboard.press("F8")
    page.keyboard.type("0209998887")
    expect(page.locator("#sell-customers [role=option]")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.type("Kofi Mensah")
    page.keyboard.press("F9")
    expect(page.locator("#till-done")).to_contain_text("Kofi Mensah")
    expect(page.get_by_role("button", name="Next customer")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#scan")).to_be_focused()
    # What is refused stays where it was typed, with the reason.
    shop.ask("owner", "PATCH", "/api/phones/6/availability", {"is_available": False})
    page.keyboard.type("redmi")
    page.keyboard.press("Enter")
    page.keyboard.press("F9")
    expect(page.locator("#till-wrong")).to_have_text("Phone is not available for sale")
    expect(page.locator("#till-lines")).to_contain_text("Redmi 13")
    assert shop.ask("owner", "GET", "/api/checkouts")[0]["number"] == "CHK-000002"


def test_n7_the_till_goes_on_without_the_line_and_posts_each_sale_once(shop: Rental) -> None:
    seat = shop.seat("clerk", PHONE)
    page, before = seat.page, len(shop.ask("owner", "GET", "/api/checkouts"))
    till(page, shop.base)
    assert fits(page)
    answered: list[str] = []

    def cut(route: object) -> None:
        """The line breaks when the sale is booked already and nobody has heard of it."""
        route.fetch()  # type: ignore[attr-defined]  # it is a Route
        answered.append("lost")
        route.abort()  # type: ignore[attr-defined]  # it is a Route

    page.route("**/checkouts/", cut, times=1)
    page.keyboard.type("nokia")
    page.keyboard.press("Enter")
    page.locator("#till-finish").click()
    expect(page.locator("#till-done")).to_contain_text("Kept here")
    seat.context.set_offline(True)
    page.locator("#till-next").click()
    page.keyboard.type("infinix")
    page.keyboard.press("Enter")
    page.locator("#till-finish").click()
    expect(page.locator("#till-waiting")).to_have_text("2 waiting for the line")
    page.locator("#till-waiting").click()
    expect(page.locator("#till-waits li")).to_have_count(2)
    assert fits(page)
    seat.context.set_offline(False)
    expect(page.locator("#till-waiting")).to_be_hidden()
    expect(page.locator("#till-done")).to_contain_text("CHK-")
    assert answered == ["lost"]
    sold = shop.ask("owner", "GET", "/api/checkouts")
    assert len(sold) == before + 2
    assert sorted(each["total_amount"] for each in sold[:2]) == [1750, 1900]


def stocked(page: Page, base: str) -> None:
    """Look at the till, until it is kept with its stock for when the line is gone."""
    till(page, base)
    expect(page.locator("body")).to_have_attribute("data-kept", "yes")


def test_n7_the_till_opens_without_the_line_for_whoever_is_signed_in_and_nobody_else(shop: Rental) -> None:
    phone = {"brand": "Itel", "model": "S24", "condition": "New", "value": 800}
    shop.ask("owner", "POST", "/api/phones", phone)
    before, seat = len(shop.ask("owner", "GET", "/api/checkouts")), shop.seat("clerk")
    page, address = seat.page, f"{shop.base}/app/till"
    stocked(page, shop.base)
    seat.context.set_offline(True)
    till(page, shop.base)
    expect(page.locator("#offline")).to_be_visible()
    page.keyboard.type("itel")
    page.keyboard.press("Enter")
    page.keyboard.press("F9")
    expect(page.locator("#till-done")).to_contain_text("Kept here")
    # It waits while the page is closed, and is posted once.
    page.goto("about:blank")
    till(page, shop.base)
    expect(page.locator("#till-waiting")).to_have_text("1 waiting for the line")
    seat.context.set_offline(False)
    expect(page.locator("#till-waiting")).to_be_hidden()
    [sold, *_] = found = shop.ask("owner", "GET", "/api/checkouts")
    assert (len(found), sold["total_amount"]) == (before + 1, 800)
    # Somebody else's page is kept instead, as soon as somebody else is signed in; and none, once nobody is.
    cookie: Any = {"name": "hall", "value": shop.tokens["owner"], "url": f"{shop.base}/app"}
    seat.context.add_cookies([cookie])
    page.goto(f"{shop.base}/app")
    expect(page.locator("body")).to_have_attribute("data-kept", "yes")
    seat.context.set_offline(True)
    page.goto(address)
    expect(page.locator(".me-name")).to_have_text("owner")
    expect(page.locator("#till-brands option")).to_have_count(0)
    seat.context.set_offline(False)
    page.goto(f"{shop.base}/app")
    expect(page.locator("body")).to_have_attribute("data-kept", "yes")
    page.locator("details.me summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Password")).to_be_visible()
    page.wait_for_function("async () => !(await caches.keys()).length")
    seat.context.set_offline(True)
    with pytest.raises(Error, match="ERR_"):
        page.goto(address)
