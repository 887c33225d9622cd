"""Every page in a real browser: nothing is blocked, nothing is logged, nothing is wider than the screen."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.commands import PASSWORD, serving

pytestmark = pytest.mark.browser

IMAGES = Path(__file__).parents[2] / "docs" / "images"
LARGEST = 150_000
DESK, PHONE = (1100, 760), (360, 740)
SIZES = pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
LONG = "ama.owusu-mensah-of-the-second-shop-behind-the-station." * 3 + "kumasi"


@contextmanager
def looking(browser: Browser, size: tuple[int, int], dark: bool = False) -> Iterator[Page]:
    """A page that must stay without a complaint of the browser."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light"
    )
    page, wrong = context.new_page(), []
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(f"{request.url}: {request.failure}"))
    yield page
    context.close()
    # A refused form is logged as an error, and whoever leaves a page ends what it listened to or was about to load.
    assert [each for each in wrong if "status of 4" not in each and not each.endswith("net::ERR_ABORTED")] == []


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def keep(page: Page, name: str) -> None:
    """Save what is seen for the documentation, where that is asked for."""
    if not os.environ.get("SCREENSHOTS"):
        return
    IMAGES.mkdir(parents=True, exist_ok=True)
    image = page.screenshot(path=IMAGES / f"{name}.png")
    assert len(image) < LARGEST


@SIZES
def test_the_documentation_of_the_interface(browser: Browser, size: tuple[int, int], tmp_path: Path) -> None:
    with serving(tmp_path, "demo", "bicycles", "phoneshop") as server:
        base = f"http://localhost:{server.port}"
        with looking(browser, size) as page:
            page.goto(f"{base}/")
            assert [page.get_by_role("link", name=name).count() for name in ("Bicycles", "SwapSync")] == [1, 1]
            assert fits(page)
            page.screenshot(path=tmp_path / "home.png")
            page.get_by_role("link", name="Documentation").first.click()
            page.get_by_text("Hand a bicycle out against its deposit.").wait_for()
            assert fits(page)
            page.screenshot(path=tmp_path / "docs.png")
            if size == DESK:
                keep(page, "docs")
            page.get_by_text("Hand a bicycle out against its deposit.").click()
            page.get_by_role("button", name="Try it out").click()
            page.get_by_role("button", name="Execute").click()
            page.get_by_text('"This bicycle is out"').first.wait_for()
            page.screenshot(path=tmp_path / "tried.png")
        with looking(browser, size) as page:
            page.goto(f"{base}/phoneshop/redoc")
            page.get_by_text("Sell a phone").first.wait_for(state="attached")
            page.screenshot(path=tmp_path / "redoc.png")


@SIZES
def test_the_owner_s_link(browser: Browser, size: tuple[int, int], tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "bicycles") as server:
        link = server.printed[0].rsplit(" ", 1)[1]
        for dark in (True, False):
            with looking(browser, size, dark) as page:
                page.goto(link)
                assert fits(page)
                page.screenshot(path=tmp_path / f"empty-{dark}.png")
                if size == DESK and not dark:
                    page.set_viewport_size({"width": 640, "height": 620})
                    keep(page, "owner")
                page.get_by_label("Username").fill(LONG)
                page.get_by_label("Password", exact=True).fill(PASSWORD)
                page.get_by_label("The same password again").fill("something else")
                page.get_by_role("button", name="Begin").click()
                assert page.get_by_role("alert").inner_text() == "The two passwords are not the same."
                assert page.get_by_label("Username").input_value() == LONG
                assert fits(page)
                page.screenshot(path=tmp_path / f"problem-{dark}.png")
        with looking(browser, size) as page:
            page.goto(link)
            page.get_by_label("Username").fill(LONG)
            page.get_by_label("Password", exact=True).fill(PASSWORD)
            page.get_by_label("The same password again").fill(PASSWORD)
            page.get_by_role("button", name="Begin").click()
            page.wait_for_url("**/app")
            assert fits(page)
            page.screenshot(path=tmp_path / "done.png")
            page.goto(link)
            page.get_by_role("heading", name="This link does not work").wait_for()
            page.screenshot(path=tmp_path / "gone.png")


@SIZES
def test_what_an_owner_looks_at(browser: Browser, size: tuple[int, int], tmp_path: Path) -> None:
    with serving(tmp_path, "demo", "bicycles", "phoneshop") as server, looking(browser, size) as page:
        for path in ("/phoneshop/app/sales", "/bicycles/app/-/boards/rentals"):
            page.goto(f"http://localhost:{server.port}{path}")
            page.get_by_role("heading", level=1).wait_for()
            assert fits(page)


@SIZES
def test_what_a_resident_and_the_staff_of_a_laundry_look_at(
    browser: Browser, size: tuple[int, int], tmp_path: Path
) -> None:
    with serving(tmp_path, "demo", "bicycles", "laundry") as server:
        for role, name, seen in (("Resident", "laundry", PHONE), ("Administrator", "floor", DESK)):
            with looking(browser, size) as page:
                page.goto(f"http://localhost:{server.port}/")
                page.get_by_role("button", name=role).click()
                page.get_by_role("heading", level=1).wait_for()
                page.wait_for_load_state()
                assert fits(page)
                if size == seen:
                    keep(page, name)
