"""The bicycle rental, walked in a real browser: by mouse, by keys, on a phone, by two at once, without a line."""

import re
import sqlite3
from contextlib import closing

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Rental, fits
from tests.commands import PASSWORD


def sign_in(page: Page, base: str, name: str) -> None:
    page.goto(f"{base}/app")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Places")).to_be_attached()


def test_a_day_at_the_rental_by_mouse(rental: Rental) -> None:
    page = rental.seat().page
    sign_in(page, rental.base, "owner")
    page.get_by_role("navigation").get_by_role("link", name="Bicycles", exact=True).click()
    page.get_by_role("link", name="New: Bicycle").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Frame number").fill("KA-2001")
    dialog.get_by_label("Daily rate").fill("minus one")
    dialog.get_by_label("Deposit").fill("50")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.locator("#f-daily_rate-wrong")).to_be_visible()
    expect(dialog.get_by_label("Frame number")).to_have_value("KA-2001")
    dialog.get_by_label("Daily rate").fill("12")
    dialog.get_by_role("button", name="Create").click()
    expect(page.locator("main h1")).to_have_text("KA-2001")
    expect(page.get_by_role("status").first).to_contain_text("Done: create")
    page.get_by_role("navigation").get_by_role("link", name="Rentals", exact=True).click()
    page.get_by_role("link", name="Start").click()
    dialog.get_by_role("combobox").fill("2001")
    dialog.get_by_role("option", name=re.compile("KA-2001")).click()
    dialog.get_by_label("Renter").fill("Ama Owusu")
    dialog.get_by_label("Days").fill("2")
    dialog.get_by_role("button", name="What would change?").click()
    expect(dialog.get_by_role("status")).to_contain_text("Free → Out")
    dialog.get_by_role("button", name="Start").click()
    expect(page.locator("main h1")).to_have_text("Ama Owusu")
    page.get_by_role("navigation").get_by_role("link", name="Bicycles that are out").click()
    card = page.locator(".board-card", has_text="Ama Owusu")
    card.get_by_role("link", name="Give back").click()
    dialog.get_by_label("Damage").fill("10")
    dialog.get_by_role("button", name="Give back").click()
    expect(page.locator("main h1")).to_have_text("Ama Owusu")
    expect(page.locator(".head .badge")).to_have_text("Returned")
    page.get_by_role("navigation").get_by_role("link", name="The yard").click()
    page.locator('.board-card:has-text("KA-2001")').drag_to(page.locator('.board-column[data-value="free"]'))
    dialog.get_by_role("button", name="Mend").click()
    expect(page.locator(".head .badge")).to_have_text("Free")
    page.get_by_role("link", name="Home").first.click()
    page.locator(".chart a").last.click()
    expect(page.get_by_role("main")).to_contain_text("22.00")


def test_a_day_at_the_rental_by_keys_alone(rental: Rental) -> None:
    rental.a_bicycle("KA-2100")
    page = rental.seat().page
    page.goto(f"{rental.base}/app")
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type("owner")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/app")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Control+k")
    field = page.get_by_role("dialog").get_by_role("searchbox")
    expect(field).to_be_focused()
    page.keyboard.type("Start")
    expect(page.get_by_role("dialog").get_by_role("link")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/rentals/do/start")
    page.get_by_role("combobox").focus()
    page.keyboard.type("2100")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("combobox")).to_have_value("KA-2100")
    page.keyboard.press("Tab")
    page.keyboard.type("Esi Boateng")
    page.keyboard.press("Tab")
    page.keyboard.type("3")
    page.keyboard.press("Control+Enter")
    expect(page.locator("main h1")).to_have_text("Esi Boateng")
    page.goto(f"{rental.base}/app/bicycles")
    chosen = page.locator("[data-filters] select[name=status]")
    chosen.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_url("**status=free*")
    expect(chosen).to_be_focused()
    page.goto(f"{rental.base}/app/bicycles")
    page.keyboard.press("n")
    expect(page.get_by_role("dialog").get_by_label("Frame number")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#many")).to_contain_text("1 row chosen")
    page.keyboard.press("x")
    page.keyboard.press("Enter")
    expect(page.locator("[data-page-row]")).to_be_attached()
    page.keyboard.press("e")
    page.get_by_role("dialog").get_by_label("Deposit").fill("55")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").first).to_contain_text("Done: edit")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog").get_by_role("heading")).to_have_text("Keyboard")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url("**/app")


def test_a_hire_on_a_phone(rental: Rental) -> None:
    rental.a_bicycle("KA-2200")
    seat = rental.seat("helper", PHONE, has_touch=True, is_mobile=True)
    page = seat.page
    page.goto(f"{rental.base}/app")
    assert fits(page)
    page.get_by_label("Menu").first.tap()
    page.locator(".drawer").get_by_role("link", name="Rentals").tap()
    expect(page.locator("main h1")).to_have_text("Rentals")
    assert fits(page)
    page.get_by_role("link", name="Start").tap()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").tap()
    dialog.get_by_role("combobox").fill("2200")
    dialog.get_by_role("option").first.tap()
    dialog.get_by_label("Renter").fill("Kofi Mensah")
    dialog.get_by_label("Days").fill("1")
    dialog.get_by_role("button", name="Start").tap()
    expect(page.locator("main h1")).to_have_text("Kofi Mensah")
    assert fits(page)
    small = page.evaluate(
        """[...document.querySelectorAll("main a.btn, main button, header summary, header a")].filter(each => {
            const box = each.getBoundingClientRect(); return box.width && (box.height < 24 || box.width < 24); })
            .map(each => each.outerHTML)"""
    )
    assert small == []


def test_what_somebody_else_does_is_seen_at_once(rental: Rental) -> None:
    number = rental.a_rental("Moving Renter", "KA-2300")
    owner, helper = rental.seat("owner").page, rental.seat("helper").page
    owner.goto(f"{rental.base}/app/rentals")
    line = owner.locator(f'tr[data-row="rentals:{number}"]')
    expect(line).to_contain_text("Running")
    line.get_by_role("link").first.focus()
    helper.goto(f"{rental.base}/app/rentals/{number}")
    helper.get_by_role("link", name="Give back").click()
    helper.get_by_role("dialog").get_by_label("Damage").fill("0")
    helper.get_by_role("dialog").get_by_role("button", name="Give back").click()
    expect(line).to_contain_text("Returned")
    expect(line.get_by_role("link").first).to_be_focused()  # what is drawn again loses nobody's place
    rental.a_rental("Appearing Renter", "KA-2301", "owner")
    expect(owner.locator("tbody")).to_contain_text("Appearing Renter")
    expect(line.get_by_role("link").first).to_be_focused()


def test_any_number_of_tabs_share_one_stream_and_all_hear(rental: Rental) -> None:
    number = rental.a_rental("Tabbed Renter", "KA-2350")
    seat = rental.seat("owner")
    tabs = [seat.page, *(seat.context.new_page() for _ in range(7))]  # of a stream each, a browser allows six
    for tab in tabs:
        tab.goto(f"{rental.base}/app/rentals/{number}")
    tabs.pop().close()
    rental.ask("helper", "POST", f"/api/rentals/{number}/comments", {"text": "Heard by everybody"})
    for tab in tabs:
        expect(tab.locator("#comments")).to_contain_text("Heard by everybody")


def test_a_colleague_is_named_by_keys(rental: Rental) -> None:
    number = rental.a_rental("Named Renter", "KA-2351")
    page = rental.seat("owner").page
    page.goto(f"{rental.base}/app/rentals/{number}")
    page.get_by_label("Comment", exact=True).press_sequentially("Ask @he")
    expect(page.get_by_role("option", name="helper")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Comment", exact=True)).to_have_value("Ask @helper ")
    page.get_by_role("button", name="Comment").click()
    expect(page.locator("#comments")).to_contain_text("Ask @helper")
    assert "mentioned you" in rental.ask("helper", "GET", "/api/notices")[0]["body"]


def test_two_who_change_the_same_row_see_whose_is_which(rental: Rental) -> None:
    number = rental.a_bicycle("KA-2400")
    page = rental.seat("owner").page
    page.goto(f"{rental.base}/app/bicycles/{number}")
    page.get_by_role("link", name="Change").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Deposit").fill("70")
    rental.ask("owner", "PATCH", f"/api/bicycles/{number}", {"deposit": 60, "daily_rate": 13})
    expect(page.locator("#moved")).to_be_visible()
    dialog.get_by_role("button", name="Save").click()
    alert = dialog.locator(".alert-warning")
    expect(alert).to_contain_text("Somebody else changed this meanwhile.")
    expect(alert.get_by_role("row", name="Deposit")).to_contain_text("60.00")
    expect(dialog.get_by_label("Deposit")).to_have_value("70")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    now = rental.ask("owner", "GET", f"/api/bicycles/{number}")
    assert (now["deposit"], now["daily_rate"]) == (70, 13)


def test_a_server_that_fails_loses_nothing_of_what_was_written(rental: Rental) -> None:
    bicycle, seat = rental.a_bicycle("KA-2450"), rental.seat("owner")
    page = seat.page
    page.goto(f"{rental.base}/app/bicycles/{bicycle}")
    page.get_by_role("link", name="Change").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Deposit").fill("70")
    with closing(sqlite3.connect(rental.folder / "data/tradehall.db", isolation_level=None, timeout=30)) as other:
        other.execute("ALTER TABLE bicycles_bicycles RENAME TO elsewhere")
        try:
            dialog.get_by_role("button", name="Save").click()
            expect(dialog.get_by_role("alert")).to_contain_text(
                "Something went wrong here. Whoever looks after Tradehall"
            )
            expect(dialog.get_by_label("Deposit")).to_have_value("70")
        finally:
            other.execute("ALTER TABLE elsewhere RENAME TO bicycles_bicycles")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("main")).to_contain_text("70.00")
    seat.complaints[:] = [each for each in seat.complaints if "status of 500" not in each]


def test_a_lost_line_loses_nothing_and_what_was_written_is_sent_once(rental: Rental) -> None:
    seat = rental.seat("owner")
    page = seat.page
    page.goto(f"{rental.base}/app/bicycles")
    page.get_by_role("link", name="New: Bicycle").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Frame number").fill("KA-2500")
    dialog.get_by_label("Daily rate").fill("12")
    dialog.get_by_label("Deposit").fill("50")
    seat.context.set_offline(True)
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.get_by_role("alert")).to_contain_text("No connection")
    expect(dialog.get_by_label("Frame number")).to_have_value("KA-2500")
    seat.context.set_offline(False)
    expect(page.locator("main h1")).to_have_text("KA-2500")
    found = rental.ask("owner", "GET", "/api/bicycles")
    assert [each["frame_number"] for each in found].count("KA-2500") == 1
