"""A browser for the tests of pages, and a bicycle rental with an owner and a helper."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.commands import PASSWORD, Server, done, serving

DESK, PHONE = (1100, 760), (360, 740)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("The tests of pages in a browser need Chromium, which the apt package chromium has.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        yield browser
        browser.close()


@dataclass
class Seat:
    """Somebody in front of a screen of their own. Whatever the browser complains about is kept."""

    context: BrowserContext
    page: Page
    complaints: list[str]

    def calm(self) -> list[str]:
        """What the browser complained about; that an answer was a refusal is no complaint, and neither is a lost line."""
        return [each for each in self.complaints if "status of 4" not in each and "net::ERR" not in each]


class Rental:
    """A bicycle rental that is served, with people at their screens."""

    def __init__(
        self, server: Server, browser: Browser, folder: Path, names: tuple[str, ...] = ("owner", "helper")
    ) -> None:
        self.server, self.browser, self.folder = server, browser, folder
        self.base = f"http://127.0.0.1:{server.port}"
        self.tokens = {name: server.token(name) for name in names}
        self.seats: list[Seat] = []

    def ask(self, name: str, method: str, path: str, body: Any = None) -> Any:
        """Ask the interface as somebody."""
        signed = {"Authorization": f"Bearer {self.tokens[name]}"}
        answer: httpx2.Response = self.server.http.request(method, path, json=body, headers=signed)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def a_bicycle(self, frame: str, **more: Any) -> int:
        """A bicycle."""
        given = {"frame_number": frame, "daily_rate": 12, "deposit": 50} | more
        return int(self.ask("owner", "POST", "/api/bicycles", given)["id"])

    def a_rental(self, renter: str, frame: str, name: str = "helper") -> int:
        """A rental of a new bicycle."""
        given = {"bicycle_id": self.a_bicycle(frame), "renter": renter, "days": 2}
        return int(self.ask(name, "POST", "/api/rentals/start", given)["id"])

    def seat(self, name: str = "", size: tuple[int, int] = DESK, *, dark: bool = False, **more: Any) -> Seat:
        """Sit down, signed in as somebody, or as nobody."""
        context = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light", **more
        )
        if name:
            context.add_cookies([{"name": "hall", "value": self.tokens[name], "url": f"{self.base}/app"}])
        page, wrong = context.new_page(), list[str]()
        page.set_default_timeout(15_000)
        page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        self.seats.append(Seat(context, page, wrong))
        return self.seats[-1]

    def leave(self) -> None:
        """Close every screen; nothing may have been wrong at any of them."""
        seats, self.seats = self.seats, []
        for each in seats:
            each.context.close()
        assert [each.calm() for each in seats if each.calm()] == []


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[Rental]:
    """One rental for the tests of a file."""
    folder = tmp_path_factory.mktemp("rental")
    (folder / ".env").write_text("WEBHOOKS_ALLOW_PRIVATE=true\n")
    done(folder, "org", "create", "Accra Bikes")
    for role in ("owner", "helper"):
        done(
            folder,
            "user",
            "create",
            role,
            "--trade",
            "bicycles",
            "--role",
            role,
            "--password-stdin",
            given=f"{PASSWORD}\n",
        )
    with serving(folder, "serve", "bicycles") as server:
        yield Rental(server, browser, folder)


@pytest.fixture
def rental(served: Rental) -> Iterator[Rental]:
    """The rental, whose screens are closed afterwards."""
    yield served
    served.leave()


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled sideways."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
