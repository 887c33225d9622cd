"""The gate: which trade a request is for, and whether it may come in at all."""

import logging
from collections.abc import Mapping, Sequence
from time import perf_counter

import orjson

from tradehall.kernel.errors import Problem
from tradehall.kernel.hosts import is_loopback
from tradehall.kernel.office import Office
from tradehall.kernel.trade import Trade
from tradehall.web.bodies import Arriving, Bodies
from tradehall.web.client import Proxies
from tradehall.web.dispatch import WENT_WRONG, Headers, Receive, Scope, Send
from tradehall.web.face.visiting import PLACE, chosen_language, language_cookie
from tradehall.web.face.words import Words
from tradehall.web.names import request_id
from tradehall.web.pages import PAGES, PLAIN, failed, spoken, wants_page, words_of
from tradehall.web.site import TradeApp
from tradehall.web.watch import Watch

log = logging.getLogger("tradehall")


class Gate:
    """The outermost application. It owns the office's life, and guards an open installation against other sites."""

    def __init__(
        self,
        office: Office,
        apps: Mapping[str, TradeApp],
        hosts: Mapping[str, str],
        loopback_only: bool,
        proxies: Proxies,
        watch: Watch,
    ) -> None:
        self.office = office
        self.apps = dict(apps)
        self.hosts = {**{f"{name}.localhost": name for name in apps}, **hosts}
        self.alone = next(iter(apps.values())) if len(apps) == 1 else None
        self.loopback_only = loopback_only
        self.proxies = proxies
        self.watch = watch
        self.bodies = Bodies()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        self.proxies.look_through(scope)
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        started = perf_counter()
        body = Arriving(self.bodies, scope["headers"], receive) if scope["method"] not in ("GET", "HEAD") else None
        try:
            await self._answer(scope, body or receive, send)
        except Exception:
            known_as = scope.setdefault("request_id", request_id(headers := dict(scope["headers"])))
            if not scope.get("noted"):
                log.exception("a request failed", extra={"request_id": known_as})
            if "status" in scope:
                raise  # the server breaks off the answer that was begun
            if wants_page(headers):
                await _fail(scope, receive, send)
            else:
                await _refuse(scope, send, 500, WENT_WRONG)
        finally:
            if body is not None:
                body.let_go()
            self.watch.seen(scope, started)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.loopback_only and (refusal := _foreign(scope)):
            await _refuse(scope, send, 403, refusal)
            return
        named = self.alone or self._by_host(dict(scope["headers"]))
        scope["named"] = named is not None
        app = named or self._by_path(scope)
        if app is None:
            await self._home(scope, send, [(each.trade, f"/{name}") for name, each in self.apps.items()])
        elif app is named and scope["path"] == "/" and app.dispatcher.find("/") is None and not _looks(scope):
            await self._home(scope, send, [(app.trade, "")])
        else:
            await app(scope, receive, send)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        app = self.alone or self._by_host(headers) or self._by_path(scope)
        if app is None or (self.loopback_only and _foreign(scope)):
            await receive()
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: a 403
            return
        await app.sockets(scope, receive, send)

    async def health_alone(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for a process that does jobs and serves nothing else."""
        if scope["type"] == "lifespan" or scope.get("path") in ("/readyz", "/metrics"):
            await self(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await _refuse(scope, send, 404, "This process does jobs; it answers /readyz and /metrics")

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.office.open()
                await send({"type": "lifespan.startup.complete"})
            else:
                self.watch.note()
                await self.office.close()
                await self._let_go()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _let_go(self) -> None:
        limits = next(iter(self.apps.values())).policy.limits
        if limits is not None and limits.shared is not None:
            await limits.shared.close()

    def _by_host(self, headers: Headers) -> TradeApp | None:
        name = _host(headers)
        return self.apps.get(self.hosts.get(name, ""))

    def _by_path(self, scope: Scope) -> TradeApp | None:
        first = scope["path"].split("/", 2)[1] if scope["path"] != "/" else ""
        app = self.apps.get(first)
        if app is not None:
            scope["root_path"] = f"/{first}"
            if scope["path"] == f"/{first}":
                scope["path"] += "/"
        elif first in ("welcome", "assets", "readyz", "metrics"):
            return next(iter(self.apps.values()))
        return app

    async def _home(self, scope: Scope, send: Send, trades: Sequence[tuple[Trade, str]]) -> None:
        if scope["path"] != "/":
            await _refuse(scope, send, 404, "Not Found")
            return
        scope["status"], scope["at"] = 200, "/"
        for_show = next(iter(self.apps.values())).policy.for_show
        asked = chosen_language(scope)
        words = words_of(dict(scope["headers"]), asked=asked)
        places = [
            (trade.title, f"{prefix}{PLACE}", f"{prefix}{trade.docs[0]}", _roles(words, trade) if for_show else [])
            for trade, prefix in trades
        ]
        text = PAGES.get_template("home.html").render(places=places, root="", title=words("Open here"), **spoken(words))
        headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", PLAIN.encode())]
        if asked == words.language:
            name, value = language_cookie(scope, asked)
            headers.append((name.lower().encode(), value.encode()))
        await _send(send, 200, headers, text.encode())


def _roles(words: Words, trade: Trade) -> list[tuple[str, str]]:
    """The roles in which a demonstration is entered, the owner's first."""
    own = Words(words.language, trade.words)
    return [(role.name, own(role.title)) for role in reversed(trade.roles)]


def _looks(scope: Scope) -> bool:
    return scope["method"] == "GET" and wants_page(dict(scope["headers"]))


def _host(headers: Headers) -> str:
    name = headers.get(b"host", b"").decode("latin-1").lower()
    if name.startswith("["):
        return name[1:].split("]")[0]
    return name.rsplit(":", 1)[0]


def _foreign(scope: Scope) -> str | None:
    headers, client = dict(scope["headers"]), scope.get("client")
    if client is not None and not is_loopback(client[0]):  # it may say any Host; another server may listen anywhere
        return "This installation is open to everybody on this machine, and to nobody else"
    if not is_loopback(_host(headers)):
        return "This installation is open to everybody on this machine, and answers under a loopback name only"
    if (origin := headers.get(b"origin")) is not None:
        name = origin.split(b"://", 1)[-1]
        if not is_loopback(_host({b"host": name})):
            return "A page of another site may not ask an open installation"
    return None


async def _refuse(scope: Scope, send: Send, status: int, sentence: str) -> None:
    known_as = scope.setdefault("request_id", request_id(dict(scope["headers"])))
    scope["status"] = status
    headers = [(b"content-type", b"application/json"), (b"x-request-id", known_as.encode())]
    await _send(send, status, headers, orjson.dumps({"detail": sentence, "request_id": known_as}))


async def _fail(scope: Scope, receive: Receive, send: Send) -> None:
    """Say in a browser that nobody foresaw this."""
    scope["status"], known_as, headers = 500, scope["request_id"], dict(scope["headers"])
    shown = failed(Problem("internal_error", WENT_WRONG), known_as, headers, scope.get("root_path", ""))
    shown.headers["X-Request-ID"] = known_as
    await shown(scope, receive, send)


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
