"""The face of a trade: from an address below `/app` to a page and back."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import cache
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from jinja2 import Environment
from markupsafe import Markup
from starlette.responses import Response

from tradehall.kernel.errors import Denied, MethodNotAllowed, Missing, Problem, Unauthenticated
from tradehall.kernel.formats import formats
from tradehall.kernel.office import Office
from tradehall.kernel.reader import Reader
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import ANYBODY, Actor
from tradehall.web.assets import worker
from tradehall.web.bodies import form_of, parsed, read_body
from tradehall.web.dispatch import WENT_WRONG, Dispatcher, Receive, Scope, Send
from tradehall.web.face.administration import Administration
from tradehall.web.face.asking import Asking
from tradehall.web.face.calendars import Calendars
from tradehall.web.face.entering import SIGN_IN
from tradehall.web.face.home import Home
from tradehall.web.face.menus import Menus
from tradehall.web.face.own import Own
from tradehall.web.face.pages import POLICY, Page, environment, packed
from tradehall.web.face.registering import Registering
from tradehall.web.face.rooms import House, Room
from tradehall.web.face.tables import Tables
from tradehall.web.face.visiting import (
    ACCESS,
    ACCOUNT,
    LANGUAGE,
    PLACE,
    THEME,
    YEAR,
    Undo,
    Visit,
    chosen_language,
    cookie,
    cookies_of,
    is_foreign,
    language_cookie,
)
from tradehall.web.face.words import Words, languages, wanted
from tradehall.web.live import EventStream
from tradehall.web.names import request_id

log = logging.getLogger("tradehall")
Handler = Callable[[Visit], Awaitable[Page]]
LIVE = "live"
OWN = "-"
"""The place of the pages that are no room's: `/app/-/search`."""


@cache
def drawing_board() -> Environment:
    """The one environment of all trades: its templates are compiled once."""
    return environment()


class Face(Administration, Registering, Tables, Home, Calendars, Own):
    """Everything that people look at."""

    def __init__(self, office: Office, trade: Trade, dispatcher: Dispatcher) -> None:
        super().__init__(office, trade, dispatcher, House(trade), drawing_board())
        self.furnish()
        self.menus = Menus(self.places)
        self.own: Mapping[tuple[str, str], Handler] = {
            ("GET", "sign-in"): self.ask_in, ("POST", "sign-in"): self.come_in, ("POST", "sign-out"): self.go_out, ("POST", "enter"): self.enter,
            ("GET", "sign-in/forgot"): self.forgot, ("POST", "sign-in/forgot"): self.forgot,
            ("GET", "sign-in/register"): self.register, ("POST", "sign-in/register"): self.register,
            ("POST", "look"): self.look_so, ("GET", "search"): self.search, ("GET", "keys"): self.keys,
        }  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a page."""
        headers = dict(scope["headers"])
        scope["request_id"], scope["at"] = request_id(headers), PLACE
        path = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix(PLACE).strip("/")
        visit = self._stranger(scope, headers)
        try:
            if self.dispatcher.policy.limits is not None:
                await self.dispatcher.limit(scope, self._shown(visit), signs_in=_is_entrance(path))
            if is_foreign(scope["method"], headers):
                raise Denied("This form was not sent from here", "foreign")
            visit.query = parsed(scope.get("query_string", b""))
            if path.startswith(f"{OWN}/api/"):
                await self.pass_on(visit, path.removeprefix(f"{OWN}/api"), receive, send)
                return
            if not _is_entrance(path) and not self.is_open(path):
                await self.know(visit)
            elif (wish := chosen_language(scope)) in languages(self.trade.words):
                visit.speak(wish)
                visit.cookies[LANGUAGE] = wish
                visit.more_headers.append(language_cookie(scope, wish))
            if path == f"{OWN}/{LIVE}":
                await self._live(visit, receive, send)
                return
            async with self._form_of(visit, receive):
                page = self._drawn_page(visit, await self._page(visit, path))
        except Unauthenticated as problem:
            page = await self._to_sign_in(visit, path, problem)
        except Problem as problem:
            page = await self._wrong(visit, problem)
        except Exception:
            log.exception("a page failed", extra={"request_id": scope["request_id"]})
            page = await self._wrong(visit, Problem("internal_error", WENT_WRONG))
        if page.response is not None:
            await _respond(page.response, visit, receive, send)
            return
        await self._send(visit, page, send)

    @asynccontextmanager
    async def _form_of(self, visit: Visit, receive: Receive) -> AsyncIterator[None]:
        """Read what was filled in; a file that came with it is there as long as this is open."""
        headers = visit.headers
        if visit.scope["method"] != "POST":
            yield
        elif headers.get(b"content-type", b"").lower().startswith(b"multipart/"):
            largest = self.office.files.allowance.largest
            async with form_of(headers, visit.scope, receive, largest) as (name, content, fields):
                visit.file, visit.form = (name, content), {each: [text] for each, text in fields.items()}
                yield
        else:
            body = (await read_body(headers, receive)).decode("utf-8", "replace")
            visit.form = parse_qs(body, keep_blank_values=True)
            yield

    def _stranger(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Visit:
        cookies = cookies_of(headers)
        language = wanted(
            headers.get(b"accept-language", b"").decode("latin-1"), cookies.get(LANGUAGE, ""), self.trade.words
        )
        words = Words(language, self.trade.words)
        nobody = Actor(0, self.trade.name, ANYBODY.name)
        return Visit(
            scope,
            headers,
            {},
            nobody,
            Asking(self.dispatcher, scope, ""),
            words,
            formats(language),
            cookies,
            self.trade.title,
        )

    def _shown(self, visit: Visit) -> Mapping[bytes, bytes]:
        """The headers by which a limit knows somebody: their token, as it would be in a request of the interface."""
        token = visit.cookies.get(ACCESS, "")
        return {b"authorization": f"Bearer {token}".encode("latin-1", "replace")} if token else {}

    async def _page(self, visit: Visit, path: str) -> Page:
        method = "GET" if visit.scope["method"] == "HEAD" else visit.scope["method"]
        parts = path.split("/") if path else []
        if (own := self.own_page(visit.actor, parts)) is not None:
            return await (self.do_own if method == "POST" else self.draw_own)(visit, *own)
        if not parts:
            self._only(method, "GET")
            return await self.home(visit)
        if parts[0] == OWN:
            return await self._own_page(visit, method, "/".join(parts[1:]))
        room = self.house.rooms.get(parts[0])
        if room is None:
            raise Missing("There is no such page")
        return await self._in_room(visit, method, room, parts[1:])

    async def _own_page(self, visit: Visit, method: str, name: str) -> Page:
        handler = self.own.get((method, name))
        if handler is not None:
            return await handler(visit)
        if any(each == name for _, each in self.own):
            raise MethodNotAllowed([each for each, other in self.own if other == name])
        return await self.further(visit, method, name.split("/"))

    async def _in_room(self, visit: Visit, method: str, room: Room, rest: list[str]) -> Page:
        match rest:
            case []:
                self._only(method, "GET")
                return await self.table(visit, room)
            case ["pick"]:
                self._only(method, "GET")
                return await self.pick(visit, room)
            case ["views"]:
                self._only(method, "POST")
                return await self.keep_view(visit, room)
            case ["views", view_id, "drop"]:
                self._only(method, "POST")
                return await self.drop_view(visit, room, view_id)
            case ["new"] if room.create is not None:
                return await self._deed(visit, method, room, room.create.name, None)
            case ["do", name]:
                return await self._deed(visit, method, room, name, None)
            case ["many", name] if (deed := room.deed(name)) is not None and deed.verb.target:
                self._only(method, "POST")
                return await self.do_many(visit, room, deed)
            case [row_id, *more] if row_id.isascii() and row_id.isdecimal() and len(row_id) < 19:
                return await self._of_row(visit, method, room, int(row_id), more)
        raise Missing("There is no such page")

    async def _of_row(self, visit: Visit, method: str, room: Room, row_id: int, rest: list[str]) -> Page:
        match rest:
            case []:
                self._only(method, "GET")
                return await self.detail(visit, room, row_id)
            case ["row"]:
                self._only(method, "GET")
                return await self.row(visit, room, row_id)
            case ["files"]:
                self._only(method, "POST")
                return await self.attach(visit, room, row_id)
            case ["edit"] if room.edit is not None:
                return await self._deed(visit, method, room, room.edit.name, row_id)
            case ["do", name]:
                return await self._deed(visit, method, room, name, row_id)
        raise Missing("There is no such page")

    async def _deed(self, visit: Visit, method: str, room: Room, name: str, row_id: int | None) -> Page:
        deed = room.deed(name)
        if deed is None or deed.verb.target == (row_id is None):
            raise Missing("There is no such page")
        return await (self.do if method == "POST" else self.ask)(visit, room, deed, row_id)

    async def returning(self, scope: Scope, send: Send, provider: str) -> None:
        """Somebody comes back from a provider of sign-ins whose way was begun on a page."""
        headers = dict(scope["headers"])
        scope["request_id"], scope["at"] = request_id(headers), PLACE
        visit = self._stranger(scope, headers)
        visit.query = parsed(scope.get("query_string", b""))
        await self._send(visit, self._drawn_page(visit, await self.come_back(visit, provider)), send)

    async def further(self, visit: Visit, method: str, parts: list[str]) -> Page:
        """A page of this trade's that is no room: a board, a chart, a calendar, the rows behind a figure."""
        if method == "GET":
            match parts:
                case [first, "with", provider] if first == SIGN_IN:
                    return await self.set_out(visit, provider)
                case ["boards", name]:
                    return await self.board(visit, self._room(visit, name))
                case ["charts", name]:
                    return await self.chart(visit, name)
                case ["calendars", name]:
                    return await self.calendar(visit, self._room(visit, name))
                case ["totals", name]:
                    return await self.behind(visit, name)
        return await self.administer(visit, method, parts)

    def _room(self, visit: Visit, name: str) -> Room:
        room = self.house.rooms.get(name)
        if room is None:
            raise Missing("There is no such page")
        room.listing.grant(visit.actor)
        return room

    def _only(self, method: str, allowed: str) -> None:
        if method != allowed:
            raise MethodNotAllowed([allowed])

    async def _to_sign_in(self, visit: Visit, path: str, problem: Unauthenticated) -> Page:
        scope = visit.scope
        if scope["method"] == "POST" and path.endswith(SIGN_IN):
            return await self._wrong(visit, problem)
        query = scope.get("query_string", b"").decode("latin-1")
        back = f"{scope.get('root_path', '')}{PLACE}/{path}" + (f"?{query}" if query else "")
        is_page = scope["method"] == "GET" and not path.endswith("/row")
        return Page(
            "",
            to=f"{scope.get('root_path', '')}{PLACE}/{OWN}/{SIGN_IN}"
            + (f"?{urlencode({'to': back})}" if path and is_page else ""),
        )

    async def _wrong(self, visit: Visit, problem: Problem) -> Page:
        if visit.actor.org_id and problem.status < 500:
            with suppress(Problem):
                await self.learn(visit)
        return Page(
            "face/problem.html",
            {
                "problem": problem,
                "title": "",
                "headers": dict(problem.headers),
                "again": visit.again() if problem.status >= 500 else None,
            },
            problem.status,
        )

    async def look_so(self, visit: Visit) -> Page:
        """Choose a language, or light or dark. The language of somebody with an account is kept with it."""
        wish = visit.value("language")
        if wish in languages(self.trade.words) and visit.actor.user_id:
            await visit.asking.ask(self.at("PUT", "/auth/language"), body={"language": wish})
        for name, known in ((LANGUAGE, wish), (THEME, visit.value("theme"))):
            if known:
                kept = "" if known == "auto" else quote(known[:20], safe="")
                is_language = name == LANGUAGE
                visit.more_headers.append(
                    language_cookie(visit.scope, kept) if is_language else cookie(visit.scope, name, kept, YEAR)
                )
        came_from = urlsplit(visit.headers.get(b"referer", b"").decode("latin-1"))._replace(scheme="", netloc="")
        return Page("", to=self.back(visit, visit.value("to") or came_from.geturl()))

    async def keys(self, visit: Visit) -> Page:
        """The sheet of keyboard shortcuts."""
        return Page("face/keys.html", {"title": visit.words("Keyboard")})

    # What is no page.

    async def _live(self, visit: Visit, receive: Receive, send: Send) -> None:
        """What happens, as it happens, for whoever has a page open: the feed, or the channel `of` the trade (row 15)."""

        async def identify() -> Actor:
            return (await self.who(visit))[0]

        stack, feed = AsyncExitStack(), self.trade.channels[0]
        channel = next((each for each in self.trade.channels if each.path == visit.query.get("of")), feed)
        follower = await stack.enter_async_context(self.office.hub.following(self.trade, channel, identify))
        last = visit.headers.get(b"last-event-id", b"").decode("latin-1") or None
        await EventStream(follower, last, stack)(visit.scope, receive, send)

    # Sending.

    def frame(self, visit: Visit) -> dict[str, Any]:
        """What stands around every page: the menu, who is here, what the page before had to say."""
        told, undo = visit.told() if visit.scope["method"] == "GET" and not visit.is_part else ("", "")
        is_in = visit.actor.org_id != 0
        return {
            "_": visit.words, "root": visit.root, "app": visit.app, "visit": visit, "trade": self.trade, "told": told,
            "undo": Undo.of(undo), "menu": self.menus.of(visit) if is_in else None, "language": visit.words.language,
            "trades": self._trades(visit) if is_in else (), "for_show": self.dispatcher.policy.for_show, "formats": visit.formats, "is_in": is_in, "house": self.house,
            "keeps": self.kept(visit) if is_in else "", "worker": f"{visit.root}{worker(self.trade.name)}",
        }  # fmt: skip

    def sections(self, visit: Visit, reader: Reader, room: Room, row_id: int) -> list[Markup]:
        """What the trade draws itself on the page of a row."""
        known = {"_": visit.words, "root": visit.root, "app": visit.app, "visit": visit, "formats": visit.formats}
        return [
            Markup(self.draws.get_template(template).render({**known, **seen}))  # noqa: S704 - templates escape
            for template, seen in self.sections_of(visit, reader, room.record, row_id)
        ]

    def on_homes(self, visit: Visit, reader: Reader) -> Mapping[str, Any]:
        """What whoever looks after the business is told on every home."""
        return {"warnings": self.warnings(visit, reader)}

    def _trades(self, visit: Visit) -> tuple[tuple[str, str], ...]:
        """The other trades of this installation, where they are beside this one."""
        others = [each for each in self.office.trades.values() if each is not self.trade]
        return tuple((each.title, f"/{each.name}{PLACE}") for each in others if visit.root == f"/{self.trade.name}")

    def _drawn_page(self, visit: Visit, page: Page) -> Page:
        """The page with its HTML."""
        if page.to or page.html or page.response is not None:
            return page
        html = self.draws.get_template(page.template).render({**self.frame(visit), **page.values})
        return Page(page.template, page.values, page.status, html)

    async def _send(self, visit: Visit, page: Page, send: Send) -> None:
        scope = visit.scope
        headers: list[tuple[bytes, bytes]] = [
            (b"content-security-policy", POLICY.encode()), (b"referrer-policy", b"same-origin"),
            (b"x-content-type-options", b"nosniff"), (b"cache-control", b"private, no-store"),
            (b"x-request-id", scope["request_id"].encode()), *scope.get("rate_limit", ()),
        ]  # fmt: skip
        body, status = b"", page.status
        if page.to:
            status = 200 if visit.is_part else 303
            headers.append((b"hx-redirect" if visit.is_part else b"location", page.to.encode("latin-1", "replace")))
        else:
            body, more = packed(self._drawn_page(visit, page).html.encode(), visit.headers)
            headers += [*more, *([(ACCOUNT, visit.account.encode())] if visit.account else [])]
        own = {name.lower().encode(): value.encode() for name, value in page.values.get("headers", {}).items()}
        headers = [each for each in headers if each[0] not in own] + list(own.items())
        headers += [(name.lower().encode(), value.encode()) for name, value in visit.more_headers]
        headers += [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        scope["status"] = status
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _is_entrance(path: str) -> bool:
    """Whether a page is for those who are not in yet."""
    return path == f"{OWN}/{SIGN_IN}" or path.startswith(f"{OWN}/{SIGN_IN}/")


async def _respond(response: Response, visit: Visit | None, receive: Receive, send: Send) -> None:
    """Send what is no page, with the cookies of a session that went on meanwhile."""
    if visit is None:
        return
    for name, value in visit.more_headers:
        response.headers.append(name, value)
    visit.scope["status"] = response.status_code
    await response(visit.scope, receive, send)
