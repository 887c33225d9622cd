"""A trade's own pages: its template, with what the interface answers to whoever looks, and what they ask of it there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import zip_longest
from typing import Any, Literal, get_args, get_origin
from urllib.parse import parse_qsl
from uuid import uuid4

import orjson
from jinja2 import FileSystemLoader
from starlette.responses import Response

from tradehall.kernel.contracts import Contract
from tradehall.kernel.errors import Denied, MethodNotAllowed, Missing, Problem, Unauthenticated
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record
from tradehall.kernel.screens import OwnPage, Section
from tradehall.kernel.verbs import Actor
from tradehall.web import assets
from tradehall.web.dispatch import Receive, Send, is_question, respond
from tradehall.web.face.asking import VIA
from tradehall.web.face.entering import Entering
from tradehall.web.face.pages import OF_TRADES, Page
from tradehall.web.face.visiting import ACCOUNT, LANGUAGE, Visit
from tradehall.web.face.words import languages

DO = "do"
"""The field of a form that names what it asks for."""
KEY = "key"
"""The field with the key of a form, by which what it asks for is done once: a page has a new one as `key`."""
ME = "me"
"""What stands for whoever looks, in the addresses of what a page shows."""
KEEP = "X-Keep"
"""The header of a page that the service worker keeps, for the account that the page names."""
Values = Mapping[str, str]
Wish = tuple[Contract, Values, Values]
GUESTS = {"X-Robots-Tag": "noindex, nofollow, noarchive"}
"""With pages that a link opens: no search finds its address, and no other site is told it (spec R-24 of the phone shop)."""


class Own(Entering):
    """The pages that a trade draws itself, and its interface for their scripts."""

    def furnish(self) -> None:
        """Find the trade's own templates and assets; raises TypeError where a page names an operation that is not there."""
        OF_TRADES[self.trade.name] = FileSystemLoader(self.trade.folder / "templates")
        assets.FOLDERS[self.trade.name] = self.trade.folder / "assets"
        papers = (f"{self.trade.prefix}/{each.record.in_paths}/0/papers/{each.name}.pdf" for each in self.trade.papers)
        named = [(self.trade.name, "GET", each) for each in papers]
        for page in self.trade.screens:
            if isinstance(page, OwnPage | Section):
                named += [(page.template, *each) for each in _operations(page)]
        self._named: set[tuple[str, str]] = set()
        """The operations that pages of the trade name, by method and path."""
        for who, method, wish in named:
            if (found := self._operation(method, wish.partition("?")[0])) is None:
                raise TypeError(f"{who} of {self.trade.name} names {method} {wish}, which is not there")
            self._named.add((found[0].method, found[0].path))

    @cached_property
    def open_rooms(self) -> frozenset[str]:
        """With what the addresses begin that have pages for those who are not signed in."""
        return frozenset(each.path.partition("/")[0] for each in self._own if each.is_open)

    def is_open(self, path: str) -> bool:
        """Whether a page is seen without signing in."""
        parts = path.split("/")
        return any(_fits(each.path, parts) is not None and each.is_open for each in self._beside(parts))

    def own_page(self, actor: Actor, parts: Sequence[str]) -> tuple[OwnPage, dict[str, str]] | None:
        """The trade's own page at an address for somebody, with the values in its path."""
        parts = parts or [""]
        for each in self._beside(parts):
            if (values := _fits(each.path, parts)) is not None and actor.may(each.by):
                return each, values
        return None

    def kept(self, visit: Visit) -> str:
        """The addresses of the pages that whoever looks wants to have without a line, one after the other."""
        some = [each for each in self._own if each.is_kept and "{" not in each.path and visit.actor.may(each.by)]
        return " ".join(f"{visit.app}/{each.path}".rstrip("/") for each in some)

    async def draw_own(
        self, visit: Visit, page: OwnPage, values: Values, problem: Problem | None = None, answer: Any = None
    ) -> Page:
        """Draw a page: with the refusal of what was asked for on it, or with what was answered, if there is any."""
        known = {**visit.query, **values, ME: str(visit.actor.user_id)}
        found = await self._read_for(visit, page, known)
        if page.is_open:
            self._speak_as_told(visit, found.values())
        told: dict[str, Any] = {
            "title": visit.words(page.title) if page.title else "",
            "problem": problem,
            "answer": answer,
        }
        told["key"] = uuid4().hex
        if page.is_open:
            told["headers"] = GUESTS
        if page.is_kept:
            told["headers"] = {KEEP: "yes"}
        status = problem.status if problem is not None else 200
        return Page(
            f"{self.trade.name}/{page.template}", {**told, "values": values, "query": visit.query, **found}, status
        )

    async def _read_for(self, visit: Visit, page: OwnPage, known: Values) -> dict[str, Any]:
        """What a page shows: its questions are answered in one read, where somebody is in."""
        wishes = {name: self._wish(wish, known) for name, wish in page.shows.items()}
        if not visit.actor.org_id:
            return {name: await self._seen(visit, wish) for name, wish in wishes.items()}
        questions = {name: wish for name, wish in wishes.items() if is_question(wish[0])}

        def find(reader: Reader) -> dict[str, Any]:
            found = {name: visit.asking.within(reader, *wish) for name, wish in questions.items()}
            return found if page.path else {**self.on_homes(visit, reader), **found}

        found = await self.read(visit, find)
        return found | {name: await self._seen(visit, wish) for name, wish in wishes.items() if name not in questions}

    def on_homes(self, visit: Visit, reader: Reader) -> Mapping[str, Any]:
        """What the home of a trade's own is told besides."""
        return {}

    def sections_of(
        self, visit: Visit, reader: Reader, record: type[Record], row_id: int
    ) -> list[tuple[str, dict[str, Any]]]:
        """The trade's own parts of the page of a row: each a template with what the interface answers."""
        found = []
        for each in self.trade.screens:
            if isinstance(each, Section) and each.record is record:
                known = {"id": str(row_id)}
                wishes = {name: self._wish(wish, known) for name, wish in each.shows.items()}
                seen = {name: visit.asking.within(reader, *wish) for name, wish in wishes.items()}
                if None not in seen.values():
                    found.append((f"{self.trade.name}/{each.template}", seen))
        return found

    async def do_own(self, visit: Visit, page: OwnPage, values: Values) -> Page:
        """Ask for what a form of the page says, with its other fields, and show the page as it is then."""
        wish = page.does.get(visit.value(DO))
        if wish is None:
            raise MethodNotAllowed(["GET"]) if not page.does else Missing("There is no such page")
        method, path = _deed(wish)
        contract, inside = self._wished(method, path, {**visit.query, **values})
        body = {
            name: _chosen(contract, name, given[0])
            for name, given in visit.form.items()
            if name not in (DO, KEY) and given[0] != ""
        }
        key = visit.value(KEY)
        headers = {b"idempotency-key": key.encode()} if key.isalnum() and key.isascii() and len(key) < 100 else {}
        try:
            answer = await visit.asking.ask(contract, inside, {}, body, headers)
        except Problem as problem:
            return await self.draw_own(visit, page, values, problem)
        if visit.value(DO) in page.answers:
            return await self.draw_own(visit, page, values, answer=orjson.loads(answer.body))
        return Page("", to=str(visit.scope["path"]))

    async def pass_on(self, visit: Visit, path: str, receive: Receive, send: Send) -> None:
        """Answer an operation that pages of the trade name to a script of one: whoever looks at the page asks for it.

        What is refused has its sentence in the language of the page besides, as `said`.
        """
        method, known_as, contract = visit.scope["method"], visit.scope["request_id"], None
        try:
            await self.know(visit)
            if visit.headers.get(ACCOUNT, visit.account.encode()) != visit.account.encode():
                raise Unauthenticated("Somebody else is signed in here")
            if method == "POST" and (response := await self.handed_in(visit, path, receive)) is not None:
                for name, value in visit.more_headers:
                    response.headers.append(name, value)
                await response(visit.scope, receive, send)
                return
            found = self.dispatcher.find(path)
            contract = found[0].methods.get("GET" if method == "HEAD" else method) if found is not None else None
            if found is None or contract is None or (contract.method, contract.path) not in self._named:
                raise Missing("There is no such page")
            headers = {name: value for name, value in visit.headers.items() if name != b"cookie"}
            if visit.asking.token:
                headers[b"authorization"] = f"Bearer {visit.asking.token}".encode()
            inner = {**visit.scope, "via": VIA, "path": visit.root + path, "headers": list(headers.items())}
            answer = await self.dispatcher.answer(contract, found[1], inner, headers, known_as, receive)
        except Problem as problem:
            refused = self.trade.problem(problem, known_as, contract.errors if contract is not None else None)
            told = {**orjson.loads(refused.body), "said": visit.words.why(problem)}
            answer = replace(refused, body=orjson.dumps(told))
        visit.scope["status"] = answer.status
        more = [(name.lower().encode(), value.encode()) for name, value in visit.more_headers]
        await respond(send, answer, known_as, [*more, *visit.scope.get("rate_limit", ())], body=method != "HEAD")

    async def handed_in(self, visit: Visit, path: str, receive: Receive) -> Response | None:
        """The answer to a script that attaches a file to a row; None where it asks for something else."""
        return None

    def _speak_as_told(self, visit: Visit, found: Iterable[Any]) -> None:
        """The `language` that is known of whoever holds a link, where they chose none here themselves."""
        known = (each["language"] for each in found if isinstance(each, dict) and each.get("language"))
        if (language := next(known, "")) in languages(self.trade.words) and LANGUAGE not in visit.cookies:
            visit.speak(language)

    def _beside(self, parts: Sequence[str]) -> Sequence[OwnPage]:
        """The pages whose address begins as this one does, or with any value."""
        return self._by_first.get(parts[0], self._by_first[""])

    @cached_property
    def _by_first(self) -> Mapping[str, Sequence[OwnPage]]:
        firsts = [(each.path.partition("/")[0], each) for each in self._own]
        known = {"", *(first for first, _ in firsts)}
        return {name: [each for first, each in firsts if first == name or first.startswith("{")] for name in known}

    @cached_property
    def _own(self) -> Sequence[OwnPage]:
        return [each for each in self.trade.screens if isinstance(each, OwnPage)]

    def _wish(self, wish: str, known: Values) -> Wish:
        """What is shown, as it is asked for: an operation, the values of its path, its query."""
        path, _, query = wish.partition("?")
        asked = {name: _filled(text, known) for name, text in parse_qsl(query, keep_blank_values=True)}
        return *self._wished("GET", path, known), {name: text for name, text in asked.items() if text}

    async def _seen(self, visit: Visit, wish: Wish) -> Any:
        try:
            return await visit.asking.found(*wish)
        except (Denied, Unauthenticated):
            return None

    def _wished(self, method: str, path: str, known: Values) -> tuple[Contract, dict[str, str]]:
        """An operation with the values of its path."""
        found = self._operation(method, path)
        assert found is not None  # noqa: S101 - looked for at the start
        contract, inside = found
        return contract, {name: _filled(text, known) for name, text in zip(contract.parameters, inside, strict=True)}

    def _operation(self, method: str, path: str) -> tuple[Contract, list[str]] | None:
        found = self.dispatcher.find(path)
        contract = found[0].methods.get(method) if found is not None else None
        return (contract, found[1]) if found is not None and contract is not None else None


def _operations(page: OwnPage | Section) -> Iterator[tuple[str, str]]:
    """What a page names: methods and addresses."""
    yield from (("GET", each) for each in page.shows.values())
    if isinstance(page, OwnPage):
        yield from (_deed(each) for each in (*page.does.values(), *page.asks))


def _deed(wish: str) -> tuple[str, str]:
    method, _, path = wish.rpartition(" ")
    return method or "POST", path


def _chosen(contract: Contract, name: str, text: str) -> Any:
    """What a field of a form says: where one of some values is asked for, and they are numbers, that number."""
    model = getattr(contract.does, "body", None)
    info = model.model_fields.get(name) if model is not None else None
    options = get_args(info.annotation) if info is not None and get_origin(info.annotation) is Literal else ()
    return next((each for each in options if str(each) == text), text)


def _filled(text: str, known: Values) -> str:
    """A part of an operation's address: what a name in braces stands for, or itself."""
    return known.get(text[1:-1], "") if text.startswith("{") and text.endswith("}") else text


def _fits(path: str, parts: Sequence[str]) -> dict[str, str] | None:
    """The values of the names in a path, where an address fits it."""
    found: dict[str, str] = {}
    for ours, theirs in zip_longest(path.split("/"), parts):
        if ours is None or theirs is None:
            return None
        if ours.startswith("{"):
            found[ours[1:-1]] = theirs
        elif ours != theirs:
            return None
    return found
