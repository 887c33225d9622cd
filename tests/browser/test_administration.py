"""The administration of a rental, walked in a real browser: by mouse, by keys, on a phone, by two at once."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from zipfile import ZipFile

from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Rental, fits
from tests.commands import PASSWORD, done, until


def to(page: Page, place: str) -> None:
    """Go to a place of the menu."""
    page.get_by_role("navigation", name="Places").get_by_role("link", name=place, exact=True).click()
    expect(page.locator("main h1")).to_have_text(place)


def press(page: Page, name: str) -> None:
    """Press the button of the dialog."""
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()


def told(page: Page, sentence: str) -> None:
    """What the page before had to say."""
    expect(page.locator(".told")).to_contain_text(sentence)


@contextmanager
def receiver() -> Iterator[tuple[str, list[int]]]:
    """A receiver of webhooks on this machine, with what it answers, one after the other."""
    answers = [500, 200]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(answers.pop(0) if len(answers) > 1 else answers[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook", answers
        finally:
            server.shutdown()
            thread.join()


def test_somebody_is_invited_comes_in_and_is_shut_out_again(rental: Rental) -> None:
    owner, kofi = rental.seat("owner").page, rental.seat().page
    owner.goto(f"{rental.base}/app")
    to(owner, "People")
    owner.get_by_role("link", name="Invite").click()
    owner.get_by_role("dialog").get_by_label("Role").select_option("helper")
    press(owner, "Invite")
    link = owner.get_by_role("dialog").locator("code").inner_text()
    owner.get_by_role("dialog").get_by_role("link", name="I have kept it").click()
    expect(owner.get_by_role("region", name="Open invitations")).to_contain_text("Helper")
    kofi.goto(link.replace("localhost", "127.0.0.1"))
    kofi.get_by_label("Username").fill("kofi")
    kofi.get_by_label("Password", exact=True).fill(PASSWORD)
    kofi.get_by_label("The same password again").fill(PASSWORD)
    kofi.get_by_role("button", name="Begin").click()
    kofi.wait_for_url("**/app")
    expect(kofi.get_by_role("navigation", name="Places").get_by_role("link", name="People")).to_have_count(0)
    owner.reload()
    row = owner.get_by_role("row", name=re.compile("kofi"))
    row.get_by_role("link", name="Change the role").click()
    owner.get_by_role("dialog").get_by_label("Role").select_option("owner")
    press(owner, "Change the role")
    told(owner, "The role is changed")
    kofi.reload()
    to(kofi, "People")
    row.get_by_role("link", name="Shut out").click()
    press(owner, "Shut out")
    told(owner, "They are shut out")
    expect(row).to_contain_text("Let in again")
    kofi.get_by_role("navigation", name="Places").get_by_role("link", name="Settings").click()
    expect(kofi.locator("main h1")).to_have_text("Sign in")


def test_a_program_gets_a_key_that_is_shown_once_and_ended(rental: Rental) -> None:
    page = rental.seat("owner").page
    page.goto(f"{rental.base}/app")
    to(page, "API keys")
    page.get_by_role("link", name="New: API key").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("Bookkeeping")
    press(page, "Create")
    expect(dialog.locator("#f-scopes-wrong")).to_contain_text("List should have at least 1 item")
    expect(dialog.get_by_label("Name")).to_have_value("Bookkeeping")
    dialog.get_by_label("Rentals: read", exact=True).check()
    press(page, "Create")
    key = page.locator("main code, dialog code").inner_text()
    shown = {"Authorization": f"Bearer {key}"}
    assert rental.server.http.get("/api/rentals", headers=shown).status_code == 200
    page.goto(f"{rental.base}/app/api-keys")
    assert key not in page.content()
    page.get_by_role("link", name="Bookkeeping").click()
    page.get_by_role("link", name="Revoke").click()
    press(page, "Revoke")
    expect(page.locator("main h1")).to_have_text("API keys")
    until(lambda: rental.server.http.get("/api/rentals", headers=shown).status_code == 401)


def test_settings_and_the_words_of_a_message_are_the_business_s_own(rental: Rental) -> None:
    page = rental.seat("owner").page
    page.goto(f"{rental.base}/app")
    to(page, "Settings")
    page.get_by_label("Name of the business").fill("Ama's bicycles")
    page.get_by_label("Days that files are kept").fill("many")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#f-keep_files_days-wrong")).to_be_visible()
    expect(page.get_by_label("Name of the business")).to_have_value("Ama's bicycles")
    page.get_by_label("Days that files are kept").fill("400")
    page.get_by_role("button", name="Save").click()
    told(page, "The settings are saved")
    expect(page.locator(".brand")).to_have_text("Ama's bicycles")
    to(page, "Templates")
    page.get_by_role("link", name="Overdue").click()
    words = page.get_by_label("In the application")
    words.fill("{renter}, bring {nobody} back!")
    page.get_by_label("Renter").fill("Ama <b>")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#f-notice-wrong")).to_contain_text("There is no value {nobody}")
    words.fill("{renter}, bring it back!")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("main")).to_contain_text("Ama <b>, bring it back!")
    page.get_by_role("button", name="Save").click()
    told(page, "The words are saved")
    page.get_by_role("button", name="Back to the words it came with").click()
    expect(words).to_have_value(re.compile("should have brought"))


def test_a_webhook_is_tried_and_what_failed_is_sent_again(rental: Rental) -> None:
    page = rental.seat("owner").page
    page.goto(f"{rental.base}/app")
    with receiver() as (url, _):
        to(page, "Webhooks")
        page.get_by_role("link", name="New: Webhook").first.click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("URL").fill("nowhere")
        dialog.get_by_label("Events").fill("*")
        press(page, "Create")
        expect(dialog.locator("#f-url-wrong")).to_be_visible()
        dialog.get_by_label("URL").fill(url)
        press(page, "Create")
        expect(page.locator("main code, dialog code")).to_contain_text("whsec_")
        page.goto(f"{rental.base}/app/webhooks")
        page.get_by_role("link", name=url).click()
        page.get_by_role("link", name="Deliveries").click()
        expect(page.get_by_role("main")).to_contain_text("Nothing was sent yet")
        page.get_by_role("link", name="Ping").click()
        press(page, "Ping")
        told(page, "Done: ping")
        page.goto(f"{rental.base}/app/-/deliveries/1")
        expect(page.get_by_role("row", name=re.compile("ping"))).to_be_visible()
        for _ in range(50):
            if page.get_by_text("500").count():
                break
            page.reload()
        expect(page.get_by_role("row", name=re.compile("500"))).to_be_visible()
        page.get_by_role("link", name="Send again").click()
        press(page, "Send again")
        told(page, "It is sent again")
        for _ in range(50):
            if page.get_by_text("Delivered").count():
                break
            page.reload()
        expect(page.get_by_role("row", name=re.compile("Delivered"))).to_be_visible()


def test_what_happened_is_read_checked_kept_and_handed_over(rental: Rental, tmp_path: Path) -> None:
    number = rental.a_rental("Ama Canary", "KA-3000")
    (tmp_path / "notes.txt").write_text("Chain oiled.")
    page = rental.seat("owner").page
    page.goto(f"{rental.base}/app/rentals/{number}")
    page.get_by_label("File", exact=True).set_input_files(tmp_path / "notes.txt")
    page.get_by_role("button", name="Attach").click()
    told(page, "The file is attached")
    with page.expect_download() as fetched:
        page.get_by_role("link", name="notes.txt").click()
    assert fetched.value.path().read_text() == "Chain oiled."
    to(page, "Jobs")
    expect(page.get_by_role("row", name=re.compile("overdue")).first).to_be_visible()
    to(page, "What happened")
    expect(page.get_by_role("main")).to_contain_text("file.upload")
    page.get_by_label("What", exact=True).select_option(label="Rentals")
    expect(page).to_have_url(re.compile("entity=bicycles_rentals"))
    expect(page.get_by_role("main")).to_contain_text("rental.start")
    page.get_by_role("button", name="Check the chain").click()
    expect(page.get_by_role("main")).to_contain_text("The log is as it was written", timeout=15_000)
    done(rental.folder, "backup")
    to(page, "Backups")
    expect(page.get_by_role("row", name=re.compile("Done")).first).to_be_visible()
    to(page, "Privacy")
    page.get_by_role("combobox", name="Rental").fill("Ama Can")
    page.get_by_role("option", name=re.compile("Ama Canary")).click()
    page.get_by_role("button", name="See what is kept").click()
    expect(page.get_by_role("region", name="What would be erased")).to_contain_text("Rentals")
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Everything as an archive").click()
    with ZipFile(fetched.value.path()) as archive:
        assert "Ama Canary" in archive.read("person.json").decode()


def test_the_core_of_it_by_keys_alone(rental: Rental) -> None:
    page = rental.seat("owner").page
    page.goto(f"{rental.base}/app")
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog").get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("People")
    page.keyboard.press("Enter")
    page.wait_for_url("**/app/-/people")
    page.keyboard.press("n")
    expect(page.get_by_role("dialog").get_by_label("Username")).to_be_focused()
    page.keyboard.type("esi")
    for _ in range(20):
        if page.evaluate("document.activeElement.id") == "f-role":
            break
        page.keyboard.press("Tab")
    page.keyboard.type("Hel")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("dialog").locator("code")).to_contain_text("/welcome/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="I have kept it")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name=re.compile("esi"))).to_be_visible()
    page.goto(f"{rental.base}/app/-/settings")
    page.get_by_label("Name of the business").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("Esi's bicycles")
    page.keyboard.press("Enter")
    told(page, "The settings are saved")


PLACES = ("-/people", "-/settings", "-/templates/overdue", "-/audit", "-/backups", "-/privacy", "-/account", "webhooks", "api-keys", "jobs", "messages-log")  # fmt: skip


def test_an_owner_looks_after_it_on_a_phone(rental: Rental) -> None:
    rental.a_rental("Nana Akua Owusu-Ansah-Mensah " * 3 + "of Kumasi", "K" * 40)
    page = rental.seat("owner", PHONE, has_touch=True, is_mobile=True).page
    page.goto(f"{rental.base}/app")
    page.get_by_label("Menu").first.tap()
    page.locator(".drawer").get_by_role("link", name="People").tap()
    page.get_by_role("link", name="Invite").tap()
    page.get_by_role("dialog").get_by_label("Role").select_option("helper")
    assert fits(page)
    page.get_by_role("dialog").get_by_role("button", name="Invite").tap()
    page.get_by_role("link", name="I have kept it").tap()
    page.get_by_role("region", name="Open invitations").get_by_role("link", name="Withdraw").first.tap()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw").tap()
    told(page, "The invitation is withdrawn")
    wide = []
    for place in PLACES:
        page.goto(f"{rental.base}/app/{place}")
        expect(page.locator("main h1")).to_be_visible()
        if not fits(page):
            wide.append(place)
    assert wide == []


def test_two_owners_at_once_and_the_second_sees_what_the_first_has_done(rental: Rental) -> None:
    first, second = rental.seat("owner").page, rental.seat("owner").page
    for page in (first, second):
        page.goto(f"{rental.base}/app/-/settings")
    first.get_by_label("Name of the business").fill("Kofi's bicycles")
    first.get_by_role("button", name="Save").click()
    told(first, "The settings are saved")
    second.get_by_label("Days that files are kept").fill("500")
    second.get_by_role("button", name="Save").click()
    told(second, "The settings are saved")
    expect(second.get_by_label("Name of the business")).to_have_value("Kofi's bicycles")
    rental.ask("owner", "POST", "/api/users", {"username": "yaa", "password": PASSWORD, "role": "helper"})
    for page in (first, second):
        page.goto(f"{rental.base}/app/-/people")
        page.get_by_role("row", name=re.compile("yaa")).get_by_role("link", name="Shut out").click()
    for page in (first, second):
        press(page, "Shut out")
        told(page, "They are shut out")
