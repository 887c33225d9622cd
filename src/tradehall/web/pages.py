"""The few pages of the spine: the documentation, the owner's link, the home page of several trades."""

import asyncio
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from tradehall.kernel.errors import Missing, Problem
from tradehall.kernel.office import Office
from tradehall.kernel.people import LONGEST_PASSWORD, AcceptLink, NewUser, hash_password, link, pools
from tradehall.web.dispatch import parsed, read_body

HERE = Path(__file__).parent
ASSETS = HERE / "assets"
PAGES = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape(), trim_blocks=True)
PLAIN = "default-src 'self'; script-src 'none'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
DOCS = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; "
    "worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'"
)


def page(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A script-free page."""
    headers = {"Content-Security-Policy": PLAIN, "Referrer-Policy": "no-referrer", "Cache-Control": "no-store"}
    return HTMLResponse(PAGES.get_template(name).render(**values), status, headers)


def documentation(title: str, paths: tuple[str, str, str]) -> APIRouter:
    """Swagger UI and Redoc, served from here, with a policy of their own."""
    router = APIRouter(include_in_schema=False)
    swagger, redoc, openapi = paths

    def html(request: Request, head: str, body: str) -> HTMLResponse:
        root = request.scope.get("root_path", "")
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


class Welcome:
    """A one-time link: what it asks for, and what happens when it is answered."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.trade = next(iter(office.trades.values()))

    async def ask(self, request: Request, secret: str) -> HTMLResponse:
        """Show the form of a link that still works."""
        try:
            return self._form(request, first=(await self._known(secret)).user_id is None)
        except Missing as gone:
            return _gone(request, gone)

    async def accept(self, request: Request, secret: str) -> HTMLResponse:
        """Take what was filled in."""
        try:
            found = await self._known(secret)
        except Missing as gone:
            return _gone(request, gone)
        first, fields = found.user_id is None, parsed(await read_body(dict(request.headers.raw), request.receive))
        username = fields.get("username", "").strip()
        if wrong := _wrong(fields, first, self.trade.sign_in.shortest):
            return self._form(request, first, wrong, username, 422)
        hashed = await asyncio.get_running_loop().run_in_executor(pools(), hash_password, fields["password"])
        roles = tuple((each.name, each.owner.name) for each in self.office.trades.values())
        user = NewUser(username, roles, self.trade.sign_in.name, hashed)
        try:
            await self.office.database.unit(AcceptLink(found.org_id, secret, user, self.office.clock()))
        except Problem as problem:
            return self._form(request, first, problem.sentence, username, problem.status)
        return self._done(request, username if first else "")

    async def _known(self, secret: str) -> Any:
        now = self.office.clock()
        found = await self.office.database.read(0, lambda session: link(session, secret, now))
        if found is None:
            raise Missing("This link was used already, or it has expired")
        return found

    def _form(
        self, request: Request, first: bool, problem: str = "", username: str = "", status: int = 200
    ) -> HTMLResponse:
        sign_in = self.trade.sign_in
        return page(
            "welcome.html", status, root=request.scope.get("root_path", ""), problem=problem, username=username,
            title="Welcome to Tradehall" if first else "Choose a password", asks_name=first,
            sentence="You are the first here: choose how you, the owner, sign in." if first
            else "With it you sign in from now on.",
            name_label=sign_in.name.replace("_", " ").capitalize(), shortest=sign_in.shortest,
            button="Begin" if first else "Save",
        )  # fmt: skip

    def _done(self, request: Request, username: str) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        sentence = f"Sign in as {username}." if username else "Your password is set. You can sign in with it now."
        alone = len(self.office.trades) == 1
        link_on = ("Documentation of the interface", f"{root}{self.trade.docs[0]}") if alone else ("Home", "/")
        return page("done.html", title="Everything is ready", sentence=sentence, root=root, links=[link_on])


def _gone(request: Request, gone: Missing) -> HTMLResponse:
    root = request.scope.get("root_path", "")
    sentence = f"{gone.sentence}. Ask whoever looks after this installation for a new one."
    return page("done.html", 404, title="This link does not work", sentence=sentence, root=root, links=[])


def _wrong(fields: Mapping[str, str], first: bool, shortest: int) -> str:
    name, password = fields.get("username", "").strip(), fields.get("password", "")
    if first and not 0 < len(name) <= 254:
        return "Choose a name to sign in with."
    if not shortest <= len(password) <= LONGEST_PASSWORD:
        return f"A password has {shortest} to {LONGEST_PASSWORD} characters."
    if password != fields.get("again"):
        return "The two passwords are not the same."
    return (
        ""
        if password.lower() not in ("admin123", "password123", "password", "12345678")
        else "This password is the first that anybody would guess."
    )
