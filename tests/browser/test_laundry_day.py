"""A day at the laundry on telephones: two residents at once, a lost line, a fault with its photo, the screen on the wall."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PHONE, Rental, fits
from tests.commands import Server, done, serving
from tests.trades.laundry.test_push import BROWSER, KEY

PIN = "4826"
PEOPLE = {"ama": "100001", "ben": "100002", "admin": "900001"}
API = "/api/v1"
PUSH = """
let kept = null;
const made = { endpoint: "http://127.0.0.1:9/phone", options: {}, unsubscribe: async () => { kept = null; return true; } };
PushManager.prototype.getSubscription = async () => kept;
PushManager.prototype.subscribe = async () => kept = { ...made, toJSON: () => ({ endpoint: made.endpoint, keys: %s }) };
"""
"""A push service of this browser's maker, which is nowhere near."""


class House(Rental):
    """A laundry that is served, with residents at their telephones."""

    def __init__(self, server: Server, browser: Browser) -> None:
        self.server, self.browser, self.seats = server, browser, []
        self.base = f"http://127.0.0.1:{server.port}"
        self.tokens = {name: self._token(number) for name, number in PEOPLE.items()}

    def _token(self, number: str) -> str:
        answer = self.server.http.post(f"{API}/auth/login", json={"student_id": number, "pin": PIN})
        token: str = answer.json()["access_token"]
        return token

    def phone(self, name: str, path: str = "", **more: Any) -> Page:
        """Somebody's telephone, with a page open."""
        page = self.seat(name, PHONE, **more).page
        page.goto(f"{self.base}/app{path}")
        return page

    def status(self, kind: str, number: int) -> str:
        """How a machine is, by the interface."""
        found: str = self.ask("admin", "GET", f"{API}/machines/{kind}/{number}")["status"]
        return found


@pytest.fixture(scope="module")
def house_served(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[House]:
    """One laundry for the tests of this file."""
    folder = tmp_path_factory.mktemp("laundry")
    (folder / ".env").write_text(
        f"VAPID_PRIVATE_KEY={KEY}\nVAPID_SUBJECT=mailto:it@example.com\nWEBHOOKS_ALLOW_PRIVATE=true\n"
    )
    done(folder, "org", "create", "KY Wash")
    for name, number in PEOPLE.items():
        role = "admin" if name == "admin" else "resident"
        who = ("--trade", "laundry", "--role", role, "--password-stdin")
        done(folder, "user", "create", number, *who, given=f"{PIN}\n")
    with serving(folder, "serve", "laundry") as server:
        yield House(server, browser)


@pytest.fixture
def house(house_served: House) -> Iterator[House]:
    """The laundry, whose screens are closed afterwards."""
    yield house_served
    house_served.leave()


def machine(page: Page, name: str) -> Locator:
    return page.locator("a.machine", has_text=name)


def start(page: Page, name: str) -> None:
    """Start a machine in two taps."""
    machine(page, name).click()
    page.get_by_role("dialog").get_by_role("button", name="Normal").click()


def test_two_residents_share_the_machines_and_the_line(house: House) -> None:
    page = house.phone("")
    page.get_by_label("Student ID").fill(PEOPLE["ama"])
    page.get_by_label("PIN").fill(PIN)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("a.machine")).to_have_count(12)
    assert fits(page)
    other = house.phone("ben")
    expect(machine(other, "Washer 1")).to_contain_text("Free")
    start(page, "Washer 1")
    expect(machine(page, "Washer 1")).to_contain_text("Yours")
    expect(machine(other, "Washer 1")).to_contain_text("Running")
    left = machine(other, "Washer 1").locator(".left")
    expect(left).not_to_have_text(left.inner_text())
    # Who waits is offered what becomes free, and has it kept.
    house.ask("ben", "POST", f"{API}/waitlist/join", {"machine_type": "washer"})
    expect(other.get_by_text("You are number 1 in line")).to_be_visible()
    machine(page, "Washer 1").click()
    page.get_by_role("dialog").get_by_role("button", name="It has stopped").click()
    page.get_by_role("button", name="I have taken them out").click()
    offer = other.locator(".offer")
    expect(offer).to_contain_text("Washer 1 is free for you")
    expect(machine(page, "Washer 1")).to_contain_text("Kept for the next")
    offer.get_by_role("button", name="Accept").click()
    expect(other.locator("#tray")).to_contain_text("It is kept for you")
    offer.get_by_role("link", name="Start it now").click()
    other.get_by_role("dialog").get_by_role("button", name="Normal").click()
    expect(machine(page, "Washer 1")).to_contain_text("Running")
    expect(machine(other, "Washer 1")).to_contain_text("Yours")
    expect(other.locator(".offer")).to_have_count(0)
    assert fits(other)


def test_what_is_done_without_a_line_is_done_once_when_it_is_back(house: House) -> None:
    page = house.phone("ama")
    expect(page.locator("#wash")).to_have_attribute("data-kept", "yes")
    expect(page.locator("body")).to_have_attribute("data-kept", "yes")
    page.context.set_offline(True)
    start(page, "Dryer 2")
    expect(page.locator("#tray")).to_contain_text("Waiting for the line: Dryer 2")
    expect(page.locator("#offline")).to_be_visible()
    assert house.status("dryer", 2) == "available"
    page.reload()
    expect(page.locator("#tray")).to_contain_text("Waiting for the line: Dryer 2")
    page.context.set_offline(False)
    expect(machine(page, "Dryer 2")).to_contain_text("Yours")
    expect(page.locator("#tray")).to_contain_text("Dryer 2 runs")
    told = house.ask("ama", "GET", f"{API}/activities/")["activities"]
    started = [each for each in told if (each["activity_type"], each["machine_type"]) == ("machine_started", "dryer")]
    assert len(started) == 1
    # What was refused meanwhile is said, and is not tried again.
    house.ask("admin", "POST", f"{API}/admin/machines/dryer/5/disable")
    expect(machine(page, "Dryer 5")).to_contain_text("Out of order")
    expect(page.locator("#wash")).to_have_attribute("data-kept", "yes")
    page.context.set_offline(True)
    start(page, "Dryer 4")
    expect(page.locator("#tray")).to_contain_text("Waiting for the line: Dryer 4")
    house.ask("ben", "POST", f"{API}/machines/start", {"machine_type": "dryer", "machine_id": 4})
    page.context.set_offline(False)
    expect(page.locator("#tray .refused")).to_contain_text("Machine is in_use")
    page.locator("#tray .refused").get_by_role("button", name="OK").click()
    expect(page.locator("#tray .refused")).to_have_count(0)


def test_a_fault_is_reported_with_its_photo_and_the_wall_shows_no_names(house: House) -> None:
    wall = house.seat("", (1280, 720)).page
    wall.goto(f"{house.base}/app/wall")
    expect(wall.locator(".machine")).to_have_count(12)
    page = house.phone("ama", "/wash/washer/6/fault")
    photo = io.BytesIO()
    Image.new("RGB", (2400, 1200), "navy").save(photo, "JPEG")
    page.get_by_label("What is wrong?").fill("Water stays inside")
    given: Any = {"name": "drum.jpg", "mimeType": "image/jpeg", "buffer": photo.getvalue()}
    page.get_by_label("Photo").set_input_files(given)
    expect(page.locator("[data-preview]")).to_be_visible()
    page.get_by_role("button", name="Send the report").click()
    page.wait_for_url("**/app/wash/washer/6")
    expect(page.get_by_role("link", name="1 report of a fault")).to_be_visible()
    [fault] = house.ask("ama", "GET", f"{API}/faults/")
    assert fault["photo_data"]
    house.ask("admin", "POST", f"{API}/admin/machines/washer/6/disable")
    expect(wall.locator(".machine", has_text="Washer 6")).to_contain_text("Out of order")
    assert not any(number in wall.content() for number in PEOPLE.values())


def test_the_pages_are_in_malay_for_who_wants_them_so(house: House) -> None:
    page = house.phone("ama", locale="ms-MY")
    expect(machine(page, "Mesin basuh 2")).to_contain_text("Kosong")
    page.goto(f"{house.base}/app/queue")
    expect(page.get_by_role("heading", level=1)).to_have_text("Giliran")


def test_somebody_is_told_on_this_telephone_once_they_asked_for_it_there(house: House) -> None:
    seat = house.seat("ama", PHONE, permissions=["notifications"])
    seat.page.add_init_script(PUSH % json.dumps(BROWSER))
    page = seat.page
    page.goto(f"{house.base}/app/me")
    page.get_by_role("button", name="Notify me on this telephone").click()
    stop = page.get_by_role("button", name="Not on this telephone any more")
    expect(stop).to_be_visible()
    expect(page.get_by_label("On the telephones and computers")).to_be_checked()
    assert len(house.ask("ama", "GET", f"{API}/devices")) == 1
    stop.click()
    expect(page.get_by_role("button", name="Notify me on this telephone")).to_be_visible()
    assert house.ask("ama", "GET", f"{API}/devices") == []
    # Who wants the page to ring is rung until they have seen it.
    page.get_by_label("Ring on these pages until I have seen it").check()
    page.locator("[data-ways] button").click()
    expect(page.locator("#tray")).to_contain_text("Saved")
    page.reload()
    house.ask("ama", "POST", f"{API}/machines/start", {"machine_type": "washer", "machine_id": 5})
    house.ask("ama", "POST", f"{API}/machines/end", {"machine_type": "washer", "machine_id": 5})
    ring = page.locator("#ring")
    expect(ring).to_contain_text("Washer 5 is done")
    ring.get_by_role("button", name="I have seen it").click()
    expect(ring).to_be_hidden()
    house.ask("ama", "PUT", f"{API}/profile/preferences", {"rings": False})
    assert fits(page)
