"""Every kind of page: for everybody (WCAG 2.2 AA by axe), light and dark, wide and narrow, and light in weight."""

from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Page

from tests.browser.conftest import AXE, DESK, PHONE, Rental, fits

HEAVIEST = 200_000
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LONG = "Nana Akua Owusu-Ansah-Mensah " * 3
SETTLED = "Promise.all(document.getAnimations().map(each => each.finished.catch(() => null)))"
LOOK = "rules => axe.run({ runOnly: rules, resultTypes: ['violations'] })"


def pages(rental: Rental) -> list[str]:
    """One address of each kind of page."""
    number = rental.a_rental(LONG.strip()[:100], "K" * 40)
    hook = {"url": "https://shop.example.com/hook", "events": ["bicycle.*"], "is_active": True}
    rental.ask("owner", "POST", f"/api/webhooks/{rental.ask('owner', 'POST', '/api/webhooks', hook)['id']}/ping")
    check = rental.ask("owner", "POST", "/api/audit/checks")["id"]
    while not rental.ask("owner", "GET", f"/api/audit/checks/{check}")["ended_at"]:
        pass  # its page looks again by itself until then
    return [
        "", "/rentals", "/rentals?status=overdue", f"/rentals/{number}", f"/rentals/{number}/do/give-back", "/rentals/do/start", "/bicycles/new",
        "/-/boards/rentals", "/-/calendars/rentals", "/-/charts/takings", "/-/totals/takings", "/-/search?q=b", "/-/keys", "/nothing/here",
        "/-/people", "/-/people/invite", "/-/account", "/-/settings", "/-/templates", "/-/templates/overdue", "/-/audit", f"/-/audit/checks/{check}", "/-/backups",
        "/-/privacy", "/-/imports/new", "/webhooks", "/-/deliveries/1", "/api-keys", "/messages-log", "/jobs",
    ]  # fmt: skip


def wrong(page: Page, rules: Any) -> list[str]:
    """What axe finds wrong, each with the elements."""
    found: Sequence[dict[str, Any]] = page.evaluate(LOOK, rules)["violations"]
    return [f"{each['id']}: {one['html'][:150]}" for each in found for one in each["nodes"][:3]]


def looked_at(page: Page, address: str) -> dict[str, list[str]]:
    """What is wrong with a page: all of it in light, its colours in dark, and what is wider than a screen."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(address)
    light = wrong(page, WCAG)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.locator('html[data-bs-theme="dark"]').wait_for(state="attached")
    page.evaluate(SETTLED)
    dark = wrong(page, ["color-contrast"])
    wide = [] if fits(page) else ["wider than a desk"]
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    wide += [] if fits(page) else ["wider than a phone"]
    page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
    found = {"light": light, "dark": dark, "size": wide}
    return {name: some for name, some in found.items() if some}


def test_every_kind_of_page_can_be_used_by_everybody(rental: Rental) -> None:
    found: dict[str, dict[str, list[str]]] = {}
    for name, paths in (("owner", pages(rental)), ("", ["/-/sign-in", "/-/sign-in/forgot"])):
        seat = rental.seat(name, bypass_csp=True)
        seat.context.add_init_script(path=AXE)
        found |= {path: looked_at(seat.page, f"{rental.base}/app{path}") for path in paths}
    assert {path: each for path, each in found.items() if each} == {}


def test_the_first_page_weighs_little(rental: Rental) -> None:
    seat = rental.seat("owner")
    line = seat.context.new_cdp_session(seat.page)
    line.send("Network.enable")
    sizes = list[int]()
    line.on("Network.loadingFinished", lambda told: sizes.append(int(told["encodedDataLength"])))
    seat.page.goto(f"{rental.base}/app")
    seat.page.wait_for_timeout(500)
    assert len(sizes) >= 6
    assert sum(sizes) <= HEAVIEST


def test_the_days_of_a_calendar_are_as_wide_as_each_other(rental: Rental) -> None:
    page = rental.seat("owner").page
    page.goto(f"{rental.base}/app/-/calendars/rentals")
    days = page.evaluate("[...document.querySelectorAll('.calendar th')].map(each => each.offsetWidth)")
    assert len(days) == 7
    assert max(days) - min(days) <= 2
