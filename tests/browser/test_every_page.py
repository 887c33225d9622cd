"""Every kind of page: for everybody (WCAG 2.2 AA by axe), light and dark, narrow and wide, and light in weight."""

from typing import Any

import pytest

from tests.browser.conftest import AXE, DESK, PHONE, Rental, fits

pytestmark = pytest.mark.browser
HEAVIEST = 200_000
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
LONG = "Nana Akua Owusu-Ansah-Mensah " * 3


def pages(rental: Rental) -> list[str]:
    """One address of each kind of page."""
    number = rental.a_rental(LONG.strip()[:100], "K" * 40)
    return [
        "", "/rentals", "/rentals?status=overdue", f"/rentals/{number}", f"/rentals/{number}/do/give-back", "/rentals/do/start", "/bicycles", "/bicycles/new",
        "/-/boards/rentals", "/-/calendars/rentals", "/-/charts/takings", "/-/totals/takings", "/-/search?q=b", "/-/keys", "/nothing/here",
    ]  # fmt: skip


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_kind_of_page_can_be_used_by_everybody(rental: Rental, dark: bool) -> None:
    seat = rental.seat("owner", PHONE if dark else DESK, dark=dark, bypass_csp=True)
    wrong: dict[str, Any] = {}
    for path in pages(rental) if not dark else pages_again(rental):
        seat.page.goto(f"{rental.base}/app{path}")
        if not fits(seat.page):
            wrong[f"{path}: too wide"] = []
        seat.page.add_script_tag(path=AXE)
        found = seat.page.evaluate("tags => axe.run({ runOnly: tags })", WCAG)
        for each in found["violations"]:
            wrong[f"{path}: {each['id']}"] = [one["html"][:150] for one in each["nodes"][:3]]
    assert wrong == {}


def pages_again(rental: Rental) -> list[str]:
    """The same, of the rental that is there already."""
    rows = rental.ask("owner", "GET", "/api/rentals")
    number = max(each["id"] for each in rows)
    return [
        "", "/rentals", f"/rentals/{number}", f"/rentals/{number}/do/give-back", "/rentals/do/start", "/bicycles", "/-/boards/rentals", "/-/calendars/rentals",
        "/-/charts/takings", "/-/search?q=b", "/-/keys", "/nothing/here",
    ]  # fmt: skip


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
