"""Looking at pages over HTTP, as a browser does: with cookies, and from the same site."""

import re
from html import unescape
from typing import Any

import httpx2

from tests.running import Application, Person

SAME_SITE = {"Sec-Fetch-Site": "same-origin"}


class Looker:
    """Somebody in front of the face of a trade; it keeps cookies, and follows where it is sent only when told."""

    def __init__(self, application: Application, person: Person | None = None) -> None:
        self.http = httpx2.AsyncClient(base_url=str(application.http.base_url), timeout=30, trust_env=False)
        if person is not None:
            self.http.cookies.set("hall", person.token, path="/app")

    async def __aenter__(self) -> "Looker":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def see(self, path: str, **more: Any) -> httpx2.Response:
        """Open a page."""
        return await self.http.get(f"/app{path}", **more)

    async def send(self, path: str, data: Any = None, **more: Any) -> httpx2.Response:
        """Send a form."""
        return await self.http.post(f"/app{path}", data=data or {}, headers=SAME_SITE, **more)

    async def told(self, path: str, data: Any = None, **more: Any) -> str:
        """Send a form that is taken; gives the text of the page that it leads to."""
        answer = await self.send(path, data, **more)
        assert answer.status_code == 303, text(answer)
        return text(await self.http.get(answer.headers["Location"]))


def text(answer: httpx2.Response) -> str:
    """What people read of a page, on one line."""
    main = re.search(r"<main.*?</main>", answer.text, re.S)
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", main[0] if main else answer.text)))


def menu(answer: httpx2.Response) -> list[str]:
    """The places that the menu at the side leads to."""
    side = re.search(r'<nav class="side.*?</nav>', answer.text, re.S)
    return re.findall(r"<span>([^<]*)</span>", side[0]) if side else []
