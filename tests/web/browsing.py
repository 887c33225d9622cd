"""Somebody who looks at pages: a browser without a script. It keeps its cookies, and follows a redirect only when told.

page = await browser.get("/app/rentals")
assert page.status == 200
assert page.one("h1").text == "Rentals"
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx2

from tests.running import PASSWORD, Application, Person

VOID = {"meta", "link", "input", "br", "img", "hr", "use", "line", "rect"}
Values = Mapping[str, str | Sequence[str]]


@dataclass
class Tag:
    """An element, as a browser reads it."""

    name: str
    given: dict[str, str] = field(default_factory=dict)
    inner: list[Tag | str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What is written in it, spaces put together."""
        return " ".join(self._text().split())

    def _text(self) -> str:
        return "".join(each if isinstance(each, str) else f" {each._text()} " for each in self.inner)

    def walk(self) -> Iterator[Tag]:
        """It and all that is in it."""
        yield self
        for each in self.inner:
            if isinstance(each, Tag):
                yield from each.walk()

    def all(self, name: str = "", /, **given: str) -> list[Tag]:
        """The elements in it of a name and with these attributes; `class_` needs one of several, `_` is a hyphen."""
        return [each for each in self.walk() if each is not self and name in ("", each.name) and each.fits(given)]

    def fits(self, given: Mapping[str, str]) -> bool:
        """Whether it has these attributes."""
        for name, value in given.items():
            here = self.given.get(name.rstrip("_").replace("_", "-"))
            if here is None or (value not in here.split() if name == "class_" else value not in ("", here)):
                return False
        return True

    def one(self, name: str = "", /, **given: str) -> Tag:
        """The only such element."""
        found = self.all(name, **given)
        assert len(found) == 1, (name, given, found)
        return found[0]


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.top = Tag("")
        self.open = [self.top]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Tag(tag, {name: value or "" for name, value in attrs})
        self.open[-1].inner.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_endtag(self, tag: str) -> None:
        if any(each.name == tag for each in self.open):
            while self.open.pop().name != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.open[-1].inner.append(data)


def read(html: str) -> Tag:
    """A page as a tree."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.top


class Seen(Tag):
    """An answer, with its page."""

    def __init__(self, answer: httpx2.Response) -> None:
        super().__init__("", {}, read(answer.text).inner)
        self.answer = answer
        self.status = answer.status_code
        self.html = answer.text
        self.to = answer.headers.get("location") or answer.headers.get("hx-redirect") or ""

    @property
    def cells(self) -> list[list[str]]:
        """The body of its table."""
        return [
            [cell.text for cell in row.all("td")] for body in self.all("tbody") for row in body.all("tr", data_row="")
        ]

    @property
    def fields(self) -> dict[str, str]:
        """What its form would send, were it sent as it is: the only form with fields of its main part."""
        form = next(each for each in self.one("main").all("form", method="post") if "data-guard" in each.given)
        found = {}
        for each in form.walk():
            name = each.given.get("name", "")
            if not name or each.name == "button" or (each.given.get("type") == "checkbox" and not each.fits(CHECKED)):
                continue
            if each.name == "select":
                chosen = [one for one in each.all("option") if one.fits({"selected": ""})] or each.all("option")[:1]
                found[name] = chosen[0].given["value"] if chosen else ""
            else:
                found[name] = each.text if each.name == "textarea" else each.given.get("value", "")
        return found

    @property
    def alerts(self) -> list[str]:
        """What it complains about."""
        return [each.text for each in self.all(role="alert")]

    def wrong(self) -> dict[str, str]:
        """What is said at each field."""
        return {each.given["id"].removeprefix("f-").removesuffix("-wrong"): each.text for each in self.all("p", class_="field-wrong")}  # fmt: skip

    def deeds(self) -> list[str]:
        """What the page of a row offers to do."""
        offered = self.one("div", class_="head-deeds").all("a")
        return [each.text for each in offered if "print=1" not in each.given["href"]]


CHECKED = {"checked": ""}


class Browser:
    """Somebody's cookies, and where they are."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self.http = http

    async def get(self, path: str, *, part: bool = False, headers: Mapping[str, str] | None = None) -> Seen:
        """Look at a page, or at what a script would put into one."""
        asked = ({"HX-Request": "true"} if part else {}) | dict(headers or {})
        return Seen(await self.http.get(path, headers=asked))

    async def post(
        self, path: str, values: Values | None = None, *, part: bool = False, headers: Mapping[str, str] | None = None
    ) -> Seen:
        """Send a form from a page of this place, unless the headers say otherwise."""
        asked = {"Content-Type": "application/x-www-form-urlencoded", "Origin": str(self.http.base_url).rstrip("/")}
        asked |= ({"HX-Request": "true"} if part else {}) | dict(headers or {})
        asked = {name: value for name, value in asked.items() if value}
        return Seen(await self.http.post(path, content=urlencode(values or {}, doseq=True), headers=asked))

    async def fill(self, path: str, **values: Any) -> Seen:
        """Fill a form in and send it, as it stands otherwise."""
        page = await self.get(path)
        assert page.status == 200, page.html
        form = next(each for each in page.one("main").all("form", method="post") if "data-guard" in each.given)
        return await self.post(form.given["action"], page.fields | values)

    async def sign_in(self, name: str, secret: str = PASSWORD, **more: str) -> Seen:
        """Sign in on the page for it."""
        return await self.post("/app/-/sign-in", {"name": name, "secret": secret} | more)

    def shows(self, token: str) -> None:
        """Show a token from now on."""
        self.takes("hall", token)

    def takes(self, name: str, value: str) -> None:
        """Have a cookie, as if it had been set here."""
        self.http.cookies.set(name, value, domain="127.0.0.1", path="/app")


@asynccontextmanager
async def looking(application: Application, person: Person | None = None) -> AsyncIterator[Browser]:
    """A browser, of somebody who is signed in or of nobody."""
    async with httpx2.AsyncClient(base_url=application.http.base_url, timeout=30, trust_env=False) as http:
        browser = Browser(http)
        if person is not None:
            browser.shows(person.token)
        yield browser
