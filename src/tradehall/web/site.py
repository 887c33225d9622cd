"""One trade as an ASGI application: a FastAPI app for the pages and sign-in, which carries the dispatcher."""

import logging
from functools import cached_property
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Match

from tradehall.kernel.contracts import LARGEST_BODY
from tradehall.kernel.errors import Invalid, MethodNotAllowed, Missing, Problem, Throttled, Unfinished
from tradehall.kernel.office import Office
from tradehall.kernel.trade import Trade
from tradehall.web import assets, files, health, inbound, live, openapi, pages, privacy
from tradehall.web.bodies import invalid, limited
from tradehall.web.dispatch import WENT_WRONG, Dispatcher, Policy, Receive, Scope, Send, cors
from tradehall.web.face.entering import WAY_BACK
from tradehall.web.face.face import Face
from tradehall.web.face.visiting import PLACE, cookies_of
from tradehall.web.health import Health
from tradehall.web.names import request_id

log = logging.getLogger("tradehall")


class TradeApp(FastAPI):
    """A trade over HTTP. What the dispatcher knows, it answers; the rest are the path operations of `web/`."""

    def __init__(self, office: Office, trade: Trade, policy: Policy, checked: Health) -> None:
        super().__init__(title=trade.title, docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
        self.office = office
        self.trade = trade
        self.policy = policy
        self.dispatcher = Dispatcher(office, trade, policy)
        self.face = Face(office, trade, self.dispatcher)
        self.desk = self.face.desk
        self.sockets = live.Sockets(office, trade, self.dispatcher)
        self._routers = (
            live.routes(office, trade, self.dispatcher),
            files.routes(trade),
            privacy.routes(office, trade, self.dispatcher),
            inbound.routes(office, trade),
            pages.documentation(f"{trade.title} API", trade.docs),
            pages.welcome(office),
            health.routes(checked),
        )
        for each in self._routers:
            self.include_router(each)
        self.mount("/assets", assets.serve)
        self.add_api_route(trade.docs[2], self._document, include_in_schema=False)
        for kind in (Problem, RequestValidationError, ValidationError, HTTPException, Exception):
            self.add_exception_handler(kind, self._problem)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["trade"] = self.trade.name
            path = scope["path"].removeprefix(scope.get("root_path", ""))
            if path == PLACE or path.startswith(f"{PLACE}/"):
                await self.face(scope, receive, send)
                return
            if path == "/" and scope["method"] == "GET" and pages.wants_page(dict(scope["headers"])):
                await _send_to(f"{scope.get('root_path', '')}{PLACE}", send)
                return
            if scope["method"] == "GET" and self._is_link(scope, path):
                await _send_to(f"{scope.get('root_path', '')}{PLACE}{path.rstrip('/')}", send)
                return
            if (provider := self._returning_from(scope, path)) is not None:
                await self.face.returning(scope, send, provider)
                return
            if await self.dispatcher(scope, receive, send):
                return
            scope["path"] = scope["path"].rstrip("/") or "/"
            send = self._stamped(scope, send)
            receive = limited(receive, self._largest(scope))
            if self.policy.limits is not None and scope["path"] not in ("/readyz", "/metrics"):
                try:
                    await self.dispatcher.limit(scope, dict(scope["headers"]))
                except Throttled as many:
                    await (await self._problem(Request(scope), many))(scope, receive, send)
                    return
        await super().__call__(scope, receive, send)

    def _is_link(self, scope: Scope, path: str) -> bool:
        """Whether a browser opens a link of the interface that has a page of its own for whoever holds it."""
        if path.split("/", 2)[1] not in self.face.open_rooms or not self.face.is_open(path.strip("/")):
            return False
        return pages.wants_page(dict(scope["headers"]))

    def _returning_from(self, scope: Scope, path: str) -> str | None:
        """The provider of sign-ins that somebody comes back from to a page, where the way was begun on one."""
        before, _, rest = path.partition(f"{self.trade.prefix}/auth/openid/")
        name, _, last = rest.partition("/")
        is_back = not before and last.rstrip("/") == "callback" and scope["method"] == "GET"
        return name if is_back and WAY_BACK in cookies_of(dict(scope["headers"])) else None

    def _largest(self, scope: Scope) -> int:
        uploads = scope["method"] == "POST" and scope["path"].endswith("/files")
        return self.office.files.allowance.largest + LARGEST_BODY if uploads else LARGEST_BODY

    def _stamped(self, scope: Scope, send: Send) -> Send:
        headers = dict(scope["headers"])
        known_as = scope["request_id"] = request_id(headers)
        more = [(b"x-request-id", known_as.encode()), *cors(headers, self.policy.origins)]

        async def stamped(message: Any) -> None:
            if message["type"] == "http.response.start":
                scope["status"] = message["status"]
                message["headers"] = [*message.get("headers", ()), *more, *scope.get("rate_limit", ())]
            await send(message)

        return stamped

    @cached_property
    def document(self) -> bytes:
        """The OpenAPI document, made when it is first asked for."""
        version = self.policy.facts.get("app_version", "1.0.0")
        return orjson.dumps(openapi.document(self.trade, version, self.openapi()))

    async def _document(self, request: Request) -> Response:
        found = self.document
        if root := request.scope.get("root_path", ""):  # its paths are below this one
            found = orjson.dumps(orjson.loads(found) | {"servers": [{"url": root}]})
        return Response(found, media_type="application/json")

    def _allowed(self, scope: Scope) -> list[str]:
        """The methods of every path operation at this path: each has a route of its own."""
        routes = (route for router in self._routers for route in router.routes if isinstance(route, APIRoute))
        return sorted(
            {each for route in routes if route.matches(scope)[0] is not Match.NONE for each in route.methods or ()}
        )

    async def _problem(self, request: Request, error: Exception) -> Response:
        known_as = request.scope.get("request_id", "")
        problem = _as_problem(error)
        if problem is None:
            request.scope["noted"] = True
            log.error("a request failed", exc_info=error, extra={"request_id": known_as})
            problem = Problem("internal_error", WENT_WRONG)
        if isinstance(problem, MethodNotAllowed):
            problem = MethodNotAllowed(self._allowed(request.scope) or problem.allowed)
        if request.method == "OPTIONS" and isinstance(problem, MethodNotAllowed):
            found = self.dispatcher.preflight(sorted({*problem.allowed, "OPTIONS"}), dict(request.headers.raw))
            return Response(None, found.status, dict(found.headers))
        if problem.status >= 500 and pages.wants_page(headers := dict(request.headers.raw)):
            return pages.failed(problem, known_as, headers, request.scope.get("root_path", ""))
        answer = self.trade.problem(problem, known_as)
        return Response(answer.body, answer.status, dict(answer.headers), "application/json")


async def _send_to(place: str, send: Send) -> None:
    headers = [(b"location", place.encode()), (b"vary", b"Accept"), (b"content-length", b"0")]
    await send({"type": "http.response.start", "status": 303, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


def _as_problem(error: Exception) -> Problem | None:
    if isinstance(error, Problem):
        return error
    if isinstance(error, ClientDisconnect):
        return Unfinished()
    if isinstance(error, RequestValidationError):
        return Invalid([{name: each[name] for name in ("loc", "msg", "type")} for each in error.errors()])
    if isinstance(error, ValidationError):
        return invalid(error, "body")
    if isinstance(error, HTTPException):
        if isinstance(error.__cause__, Problem):
            return error.__cause__  # what FastAPI took for a malformed body
        if error.status_code == 405:
            return MethodNotAllowed((error.headers or {}).get("Allow", "GET").split(", "))
        return Missing("Not Found") if error.status_code == 404 else field_of(error)
    return None


def field_of(error: HTTPException) -> Problem:
    """What FastAPI itself refuses: a body that is no JSON."""
    return Invalid([{"loc": ["body"], "msg": str(error.detail), "type": "http"}])
