"""The few pages of the spine: the documentation, the owner's link, the home page of several trades."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from tradehall.kernel.calls import Call
from tradehall.kernel.errors import Missing, Problem
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.office import Office
from tradehall.kernel.people import AcceptLink, NewUser, SignIn, hash_password, hashing, link
from tradehall.kernel.people.account import way_of
from tradehall.kernel.people.entry import Admit, region
from tradehall.kernel.people.links import ADDRESS, JOINS, OWNER, PASSWORD, VerifyAddress
from tradehall.kernel.people.members import member
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import ANYBODY, Actor
from tradehall.web.bodies import parsed, read_body
from tradehall.web.client import caller, origin
from tradehall.web.face.visiting import (
    LANGUAGE,
    PLACE,
    chosen_language,
    cookies_of,
    language_cookie,
    session_cookies,
)
from tradehall.web.face.words import Words, called, languages, wanted

HERE = Path(__file__).parent
ASSETS = HERE / "assets"
PAGES = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape(), trim_blocks=True)
PLAIN = "default-src 'self'; script-src 'none'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
DOCS = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'"
)


def words_of(headers: Mapping[bytes, bytes], folders: tuple[Path, ...] = (), asked: str = "") -> Words:
    """What is said to whoever sends these headers: in the language that they choose, else in one that their browser names."""
    chosen = asked if asked in languages() else cookies_of(headers).get(LANGUAGE, "")
    return Words(wanted(headers.get(b"accept-language", b"").decode("latin-1"), chosen), folders)


def page(name: str, status: int = 200, *, words: Words, **values: Any) -> HTMLResponse:
    """A script-free page."""
    headers = {"Content-Security-Policy": PLAIN, "Referrer-Policy": "same-origin", "Cache-Control": "no-store"}
    return HTMLResponse(PAGES.get_template(name).render(**values, **spoken(words)), status, headers)


def spoken(words: Words) -> dict[str, Any]:
    """What every small page says by itself: its words, and the languages that there are."""
    return {"_": words, "language": words.language, "tongues": [(each, called(each)) for each in languages()]}


def wants_page(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser asks: it names text/html, and does so before JSON."""
    accepted = headers.get(b"accept", b"").decode("latin-1").lower().split(",")
    kinds = [each.split(";")[0].strip() for each in accepted]
    return "text/html" in kinds and "application/json" not in kinds[: kinds.index("text/html")]


def as_page(answer: Answer, root: str, docs: str, words: Words) -> Answer:
    """An answer as a small page, which holds what was answered for a script of ours that opened its window."""
    title, sentence = answer.page or ("", "")
    told = answer.body.decode().replace("<", "\\u003c")  # closes no element
    shown = page(
        "done.html", answer.status, words=words, title=words(title), sentence=_whole(words, sentence), root=root, told=told,
        links=[(words("Documentation of the interface"), f"{root}{docs}")],
    )  # fmt: skip
    more = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": PLAIN, "Vary": "Accept"}
    safe = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    return Answer(answer.status, bytes(shown.body), {**answer.headers, **more, **safe})


def failed(problem: Problem, known_as: str, headers: Mapping[bytes, bytes], root: str = "") -> HTMLResponse:
    """The page of what did not work, for a browser, with the number that it has in the log."""
    words = words_of(headers)
    sentence = f"{words.why(problem)}."
    if problem.status == Problem.status:
        sentence += " " + words("Whoever looks after Tradehall finds it in the log as {number}.", number=known_as)
    links, title = [(words("Home"), f"{root}/")], words("That did not work")
    shown = page("done.html", problem.status, words=words, title=title, sentence=sentence, root=root, links=links)
    shown.headers.update(problem.headers)
    return shown


def _whole(words: Words, sentence: str) -> str:
    """A sentence with its full stop, which catalogues have of some only."""
    said = words(sentence)
    return said if said != sentence else f"{words(sentence.removesuffix('.'))}."


def documentation(title: str, paths: tuple[str, str, str]) -> APIRouter:
    """Swagger UI and Redoc, served from here, with a policy of their own."""
    router = APIRouter(include_in_schema=False)
    swagger, redoc, openapi = paths

    def html(request: Request, head: str, body: str) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        head = f'<link rel="icon" href="{{root}}/assets/mark.svg" type="image/svg+xml">{head}'
        text = f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>{head}</head><body>{body}</body></html>'
        text = text.replace("{root}", escape(root)).replace("{openapi}", escape(root + openapi))
        return HTMLResponse(text, headers={"Content-Security-Policy": DOCS})

    @router.get(swagger)
    async def docs(request: Request) -> HTMLResponse:
        head = '<link rel="stylesheet" href="{root}/assets/vendor/swagger-ui.css">'
        body = (
            '<div id="swagger-ui" data-openapi="{openapi}"></div>'
            '<script src="{root}/assets/vendor/swagger-ui-bundle.js"></script><script src="{root}/assets/docs.js"></script>'
        )
        return html(request, head, body)

    @router.get(redoc)
    async def alternative(request: Request) -> HTMLResponse:
        body = '<redoc spec-url="{openapi}"></redoc><script src="{root}/assets/vendor/redoc.standalone.js"></script>'
        return html(request, '<meta name="viewport" content="width=device-width, initial-scale=1">', body)

    return router


def welcome(office: Office) -> APIRouter:
    """The page that accepts a one-time link: the first owner's, or one that sets a password."""
    router = APIRouter(include_in_schema=False)
    page_of = Welcome(office)
    router.add_api_route("/welcome/{secret}", page_of.ask, methods=["GET"])
    router.add_api_route("/welcome/{secret}", page_of.accept, methods=["POST"])
    return router


@dataclass(frozen=True)
class Asked:
    """A link that works, with its trade and the way in which its person will sign in."""

    link: Any
    trade: Trade
    way: SignIn

    @property
    def asks_name(self) -> bool:
        """Whether it makes a new user."""
        return self.link.user_id is None

    def said(self, words: Words) -> tuple[str, str, str]:
        """The page's title, its sentence and its button."""
        if self.link.purpose == ADDRESS:
            asked = words("Is {address} your address?", address=self.link.address)
            return words("Your e-mail address"), asked, words("Yes, it is mine")
        if self.link.purpose == OWNER:
            first = words("You are the first here: choose how you, the owner, sign in.")
            return words("Welcome to Tradehall"), first, words("Begin")
        if self.asks_name:
            title = words("Welcome to {trade}", trade=self.trade.title)
            return title, words("You are invited: choose how you sign in."), words("Begin")
        title = words("Choose a PIN") if self.way.secret.is_pin else words("Choose a password")
        return title, words("With it you sign in from now on."), words("Save")

    def way_in(self, trade: Trade) -> SignIn:
        """How a new user signs in to a trade."""
        return trade.sign_in if self.link.purpose == JOINS else trade.sign_in.staff

    def why(self, words: Words, fields: Mapping[str, str], name: str, weak_too: bool) -> str:
        """What is wrong with what was filled in, as a sentence."""
        if self.link.purpose == ADDRESS:
            return ""
        if self.asks_name and not 0 < len(name) <= 254:
            return words("Choose a name to sign in with.")
        if self.asks_name and self.link.purpose == JOINS and not self.way.kind_of(name).fits(name):
            return words("This is no {kind}.", kind=words(self.way.kind_of(name).called()).lower())
        secret = fields.get("password", "")
        if wrong := self.way.secret.wrong(secret, weak_too):
            return words(wrong)
        differ = (
            words("The two PINs are not the same.")
            if self.way.secret.is_pin
            else words("The two passwords are not the same.")
        )
        return "" if secret == fields.get("again") else differ


class Welcome:
    """A one-time link: what it asks for, and what happens when it is answered."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.trade = next(iter(office.trades.values()))

    async def ask(self, request: Request, secret: str) -> HTMLResponse:
        """Show the form of a link that still works."""
        try:
            return self._form(request, await self._known(secret))
        except Missing as gone:
            return _gone(request, gone)

    async def accept(self, request: Request, secret: str) -> HTMLResponse:
        """Take what was filled in."""
        try:
            asked = await self._known(secret)
        except Missing as gone:
            return _gone(request, gone)
        words = _words_of(request, asked.trade)
        fields = parsed(await read_body(dict(request.headers.raw), request.receive))
        username = fields.get("username", "").strip()
        if wrong := asked.why(words, fields, username, self.office.terms.weak_passwords):
            return self._form(request, asked, wrong, username, 422)
        try:
            came = origin(request.scope, dict(request.headers.raw), request.scope.get("request_id", ""), "ui")
            user_id = await self._use(asked, secret, username, fields, came)
        except Problem as problem:
            return self._form(request, asked, words.why(problem), username, problem.status)
        entered = await self._entered(request, asked, user_id, came) if user_id else None
        return entered or self._done(request, asked, username)

    async def _entered(
        self, request: Request, asked: Asked, user_id: int, came: Mapping[str, str]
    ) -> HTMLResponse | None:
        """Sign somebody in whose link has proved who they are: at the pages of the trade, or of all of them."""
        office, headers, scope = self.office, dict(request.headers.raw), request.scope
        known_by, cookies, roots = caller(scope, headers), list[tuple[str, str]](), list[str]()
        device = known_by.device or secrets.token_urlsafe(24)
        for trade in [asked.trade] if asked.link.purpose != OWNER else office.trades.values():
            name, org_id = trade.name, asked.link.org_id
            place = await office.database.read(0, partial(member, user_id=user_id, org_id=org_id, trade=name))
            if place is None or not place.is_active:
                continue
            contract = next(each for each in trade.operations if getattr(each.does, "name", "") == "sign_in")
            nobody = Actor(0, name, ANYBODY.name)
            call = Call(contract, nobody, office.clock(), origin=came, caller=known_by)
            granted = await office.database.unit(Admit(office, trade, call, place, device))
            roots.append("" if scope.get("named") else f"/{name}")
            at = {"root_path": roots[-1], "scheme": scope.get("scheme")}
            cookies += session_cookies(at, office, trade, call, granted)[1]
        if not roots:
            return None
        home = "/" if len(roots) > 1 and not scope.get("named") else f"{roots[0]}{PLACE}"
        safe = {"Location": home, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
        found = HTMLResponse("", 303, safe)
        for name, value in cookies:
            found.headers.append(name, value)
        return found

    async def _use(
        self, asked: Asked, secret: str, username: str, fields: Mapping[str, str], came: Mapping[str, str]
    ) -> int:
        """Use the link; gives whose account it has opened, 0 where it opens none."""
        office, found, way, now = self.office, asked.link, asked.way, self.office.clock()
        if found.purpose == ADDRESS:
            await office.database.unit(VerifyAddress(found.org_id, secret, now, came))
            return 0
        is_pin = way.secret.is_pin
        hashed = await hashing(hash_password, fields["password"], office.pepper if is_pin else "")
        user = NewUser(username, (), way.name, hashed, secret_of=found.trade if is_pin else "")
        if asked.asks_name:
            trades = [asked.trade] if found.purpose == JOINS else list(office.trades.values())
            roles = tuple((each.name, found.role or each.owner.name) for each in trades)
            kinds = tuple((each.name, asked.way_in(each).kind_of(username).name) for each in trades)
            folded = way.kind_of(username).folded(username, region(asked.trade))
            user = replace(user, roles=roles, kinds=kinds, folded=folded)
        user_id: int = await office.database.unit(AcceptLink(found.org_id, secret, user, now, origin=came))
        await office.tokens.look()
        return user_id

    async def _known(self, secret: str) -> Asked:
        now = self.office.clock()
        purposes = (OWNER, JOINS, PASSWORD, ADDRESS)
        found = await self.office.database.read(0, lambda session: link(session, secret, now, *purposes))
        trade = self.office.trades.get(found.trade, self.trade)
        way = trade.sign_in if found.purpose == JOINS else trade.sign_in.staff
        if found.user_id is not None:
            way = await way_of(self.office, trade, found.user_id)
        return Asked(found, trade, way)

    def _form(
        self, request: Request, asked: Asked, problem: str = "", username: str = "", status: int = 200
    ) -> HTMLResponse:
        words = _words_of(request, asked.trade)
        way, (title, sentence, button) = asked.way, asked.said(words)
        asked_for = page(
            "welcome.html", status, words=words, root=request.scope.get("root_path", ""), problem=problem, username=username,
            title=title, asks_name=asked.asks_name, asks_secret=asked.link.purpose != ADDRESS, sentence=sentence,
            name_label=words(way.kinds[0].called()), secret_label="PIN" if way.secret.is_pin else words("Password"),
            secret=way.secret, button=button,
        )  # fmt: skip
        if chosen_language(request.scope) == words.language:
            asked_for.headers.append(*language_cookie(request.scope, words.language))
        return asked_for

    def _done(self, request: Request, asked: Asked, username: str) -> HTMLResponse:
        root, words = request.scope.get("root_path", ""), _words_of(request, asked.trade)
        if asked.link.purpose == ADDRESS:
            sentence = words("{address} is verified.", address=asked.link.address)
        elif asked.asks_name:
            sentence = words("Sign in as {name}.", name=username)
        else:
            sentence = words("It is set. You can sign in with it now.")
        docs = (words("Documentation of the interface"), f"{root}{self.trade.docs[0]}")
        link_on = docs if len(self.office.trades) == 1 else (words("Home"), "/")
        title = words("Everything is ready")
        return page("done.html", words=words, title=title, sentence=sentence, root=root, links=[link_on])


def _words_of(request: Request, trade: Trade) -> Words:
    return words_of(dict(request.headers.raw), trade.words, chosen_language(request.scope))


def _gone(request: Request, gone: Missing) -> HTMLResponse:
    asked = chosen_language(request.scope)
    root, words = request.scope.get("root_path", ""), words_of(dict(request.headers.raw), asked=asked)
    sentence = f"{words(gone.sentence)}. {words('Ask whoever looks after this installation for a new one.')}"
    return page(
        "done.html", 404, words=words, title=words("This link does not work"), sentence=sentence, root=root, links=[]
    )
