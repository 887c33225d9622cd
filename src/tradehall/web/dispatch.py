"""The dispatcher: one tree of paths for a trade, from a request to the kernel and back, without detours."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from hashlib import file_digest
from typing import Any

from pydantic import ValidationError

from tradehall.kernel.calls import Call, Sent
from tradehall.kernel.columns import LARGEST_ID
from tradehall.kernel.contracts import Contract, Download, Info, Outgoing, Report, Service, dumps
from tradehall.kernel.errors import (
    MethodNotAllowed,
    Missing,
    Problem,
    Unauthenticated,
    field_error,
)  # fmt: skip
from tradehall.kernel.idempotency import Answer, Key
from tradehall.kernel.keys import SIGN
from tradehall.kernel.office import Office
from tradehall.kernel.reader import Reader
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import ANYBODY, Actor, Verb
from tradehall.web.bodies import body_of, form_of, invalid, is_dry, parsed, read_body
from tradehall.web.client import caller, origin, source
from tradehall.web.limits import Limits
from tradehall.web.names import request_id
from tradehall.web.pages import as_page, wants_page, words_of

log = logging.getLogger("tradehall")
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = Mapping[bytes, bytes]

LONGEST_KEY = 255
WENT_WRONG = "Something went wrong here"
_EXPOSED = (
    b"X-Request-ID, ETag, X-Total-Count, X-Next-Cursor, X-Limit-Applied, Idempotent-Replay, Dry-Run, Retry-After, "
    b"RateLimit, RateLimit-Policy, X-Device-Token"
)
_ALLOWED = b"Authorization, Content-Type, Idempotency-Key, If-Match, X-API-Key, X-Device-Token, X-Request-ID"


@dataclass
class Node:
    """A place in the tree of paths: what follows it, and what answers there."""

    named: dict[str, "Node"] = field(default_factory=dict)
    open: "Node | None" = None
    methods: dict[str, Contract] = field(default_factory=dict)


@dataclass
class Streamed(Answer):
    """An answer that is a file, sent piece by piece."""

    outgoing: Outgoing | None = None


@dataclass(frozen=True)
class Policy:
    """How this installation treats callers: allowed web origins, and who an unsigned request is, if anybody."""

    origins: frozenset[str] = frozenset()
    facts: Mapping[str, str] = field(default_factory=dict)
    stranger: Callable[[], Awaitable[Actor]] | None = None
    limits: Limits | None = None
    for_show: bool = False
    """Whether it is a demonstration, which everybody enters in whatever role they like."""


def tree(contracts: tuple[Contract, ...]) -> Node:
    """The paths of a trade as a tree."""
    root = Node()
    for contract in contracts:
        node = root
        for part in contract.path.strip("/").split("/"):
            if part.startswith("{"):
                node.open = node.open or Node()
                node = node.open
            elif part:
                node = node.named.setdefault(part, Node())
        node.methods[contract.method] = contract
    return root


def find(node: Node, parts: list[str]) -> tuple[Node, list[str]] | None:
    """The place that a path leads to, with its values; a name comes before a value."""
    if not parts:
        return (node, []) if node.methods else None
    first, rest = parts[0], parts[1:]
    if first in node.named and (found := find(node.named[first], rest)) is not None:
        return found
    if node.open is not None and (found := find(node.open, rest)) is not None:
        return found[0], [first, *found[1]]
    return None


def shown(headers: Headers) -> tuple[str, str]:
    """The access token that a request shows, or the API key; "" where there is none."""
    given = headers.get(b"authorization", b"").decode("latin-1")
    is_bearer = given[:7].lower() == "bearer "
    if is_bearer and not given.startswith(SIGN, 7):
        return given[7:], ""
    return "", given[7:] if is_bearer else headers.get(b"x-api-key", b"").decode("latin-1")


def cors(headers: Headers, origins: frozenset[str]) -> list[tuple[bytes, bytes]]:
    """The CORS headers for an allowed origin, on whatever answer (P-11)."""
    origin = headers.get(b"origin")
    if origin is None:
        return []
    if origin.decode("latin-1") not in origins:
        return [(b"vary", b"Origin")]
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", _EXPOSED),
        (b"vary", b"Origin"),
    ]


class Dispatcher:
    """Answers every path of a trade's declarations."""

    def __init__(self, office: Office, trade: Trade, policy: Policy) -> None:
        self.office = office
        self.trade = trade
        self.policy = policy
        self.root = tree(trade.operations)

    def find(self, path: str) -> tuple[Node, list[str]] | None:
        """What answers at a path; a trailing slash makes no difference (P-12)."""
        return find(self.root, [part for part in path.strip("/").split("/") if part] if path != "/" else [])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answer a request; False where the path is not one of the trade's."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if (found := self.find(path)) is None:
            return False
        headers = dict(scope["headers"])
        known_as = scope["request_id"] = request_id(headers)
        contract: Contract | None = None
        try:
            contract = self._contract(found[0], scope["method"])
            if contract is None:
                answer = self.preflight(self._allowed(found[0]), headers)
            else:
                scope["at"] = contract.path
                if self.policy.limits is not None:
                    await self.limit(scope, headers)
                answer = await self.answer(contract, found[1], scope, headers, known_as, receive)
        except Problem as problem:
            answer = self.trade.problem(problem, known_as, contract.errors if contract else None)
            if contract is not None and isinstance(contract.does, Service) and contract.does.in_browser:
                answer = replace(answer, page=(contract.does.in_browser, f"{problem.sentence}."))
        except Exception:
            log.exception("a request failed", extra={"request_id": known_as})
            answer = self.trade.problem(Problem("internal_error", WENT_WRONG), known_as)
        if answer.page is not None and wants_page(headers):
            words = words_of(headers, self.trade.words)
            answer = as_page(answer, scope.get("root_path", ""), self.trade.docs[0], words)
        scope["status"] = answer.status
        more = cors(headers, self.policy.origins) if b"origin" in headers else []
        if "rate_limit" in scope:
            more = [*more, *scope["rate_limit"]]
        await respond(send, answer, known_as, more, body=scope["method"] != "HEAD")
        return True

    def _contract(self, node: Node, method: str) -> Contract | None:
        if method == "OPTIONS":
            return None
        found = node.methods.get("GET" if method == "HEAD" else method)
        if found is None:
            raise MethodNotAllowed(self._allowed(node))
        return found

    def _allowed(self, node: Node) -> list[str]:
        more = ["HEAD"] if "GET" in node.methods else []
        return sorted([*node.methods, *more, "OPTIONS"])

    def preflight(self, methods: list[str], headers: Headers) -> Answer:
        """The answer to OPTIONS where these methods are known."""
        allowed = ", ".join(methods)
        given = {"Allow": allowed}
        if headers.get(b"origin", b"").decode("latin-1") in self.policy.origins:
            given |= {
                "Access-Control-Allow-Methods": allowed,
                "Access-Control-Allow-Headers": _ALLOWED.decode(),
                "Access-Control-Max-Age": "600",
            }
        return Answer(204, b"", given)

    async def answer(
        self, contract: Contract, values: list[str], scope: Scope, headers: Headers, known_as: str, receive: Receive
    ) -> Answer:
        """Carry out an operation with the values of its path; raises Problem, also for what nobody foresaw, which is logged."""
        try:
            return await self._answer(contract, values, scope, headers, known_as, receive)
        except Problem:
            raise
        except Exception as error:
            log.exception("a request failed", extra={"request_id": known_as})
            raise Problem("internal_error", WENT_WRONG) from error

    async def _answer(
        self, contract: Contract, values: list[str], scope: Scope, headers: Headers, known_as: str, receive: Receive
    ) -> Answer:
        does = contract.does
        if isinstance(does, Info):
            now = {"now": self.office.clock(), "listening": self.office.hub.listening}
            return Answer(contract.status, dumps(does.facts({**self.policy.facts, **now})))
        actor = scope["actor"] = await self.actor(headers, contract, source(scope))
        path, query = self._path(contract, values), parsed(scope["query_string"])
        if is_question(contract):
            try:
                return await self.office.read(self.trade, contract, actor, path, query)
            except ValidationError as error:
                raise invalid(error, "query") from error
        contract.grant(actor)
        if isinstance(does, Report):
            ask = body_of(does, headers, await read_body(headers, receive, contract.largest_body), query)
            return await self.office.read(self.trade, contract, actor, path, query, ask)
        key, body, content = None, None, b""
        if isinstance(does, Verb | Service) and not contract.file:
            content = await read_body(headers, receive, contract.largest_body)
            key, body = self.key(headers, actor, scope, content), body_of(does, headers, content, query)
        call = Call(
            contract, actor, self.office.clock(), path.get("id"), body, key,
            if_match=headers[b"if-match"].decode("latin-1") if b"if-match" in headers else None,
            dry_run=is_dry(query) and not contract.file,
            origin=origin(scope, headers, known_as, scope.get("via", "api")), path=path, query=query,
        )  # fmt: skip
        if isinstance(does, Download):
            asked = replace(call, caller=caller(scope, headers))
            return streamed(await self.office.download(self.trade, asked))
        if contract.file:
            async with self._with_file(call, headers, scope, receive) as whole:
                return await self.office.perform(self.trade, whole)
        if isinstance(does, Service):
            asked = replace(call, caller=caller(scope, headers), content=content, headers=texts(headers))
            return await self.office.serve(self.trade, asked)
        return await self.office.perform(self.trade, call)

    def within(self, reader: Reader, contract: Contract, values: list[str], query: Mapping[str, str]) -> Answer:
        """Answer a question within somebody's read, for a page that asks several; raises Problem."""
        try:
            path = self._path(contract, values)
            return self.office.question(self.trade, contract, reader.actor, path, query)[0](reader)
        except ValidationError as error:
            raise invalid(error, "query") from error

    @asynccontextmanager
    async def _with_file(self, call: Call, headers: Headers, scope: Scope, receive: Receive) -> AsyncIterator[Call]:
        """The call with what its form holds, as long as its file is open."""
        verb: Verb[Any, Any] = call.contract.does  # type: ignore[assignment]  # only verbs take files
        async with form_of(headers, scope, receive, self.office.files.allowance.largest) as (name, content, fields):
            try:
                body = verb.body.model_validate({**call.query, **fields}) if verb.body is not None else None
            except ValidationError as error:
                raise invalid(error, "body") from error
            said = f"{name}\n{sorted(fields.items())}\n{file_digest(content, 'sha256').hexdigest()}"  # type: ignore[arg-type]  # it has what it takes
            content.seek(0)
            key = self.key(headers, call.actor, scope, said.encode())
            yield replace(call, body=body, key=key, file=Sent(name, content))

    async def limit(self, scope: Scope, headers: Headers, *, signs_in: bool = False) -> None:
        """Count a request: for whoever showed the same token or key before, else for the address. Raises Throttled."""
        assert self.policy.limits is not None  # noqa: S101 - for the type checker
        known = self._known(*shown(headers))
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        enters = signs_in or path.startswith((f"{self.trade.prefix}/auth/", "/welcome/"))
        who = f"{self.trade.name}:{known.org_id}:{known.label}" if known is not None else None
        await self.policy.limits.spend(scope, who, enters and scope["method"] == "POST")

    def _known(self, token: str, key: str) -> Actor | None:
        """Who showed this before, from memory."""
        now = self.office.clock().timestamp()
        if key:
            return self.office.keys.known(key, self.trade, now)
        return self.office.tokens.known(token, self.trade.name, now) if token else None

    async def actor(
        self,
        headers: Headers,
        contract: Contract | None = None,
        address: str = "",
        scopes: frozenset[str] = frozenset(),
    ) -> Actor:
        """Who asks; raises Unauthenticated.

        Without a contract, which has its own, a key needs one of `scopes`: a path operation that names none keeps keys out.
        """
        if contract is not None and contract.by is ANYBODY and isinstance(contract.does, Service | Download):
            return Actor(0, self.trade.name, ANYBODY.name)  # an old token must not keep anybody from signing in
        token, key = shown(headers)
        if key:
            actor = await self.office.keys.actor(key, self.trade, address, self.office.clock())
            actor.within(scopes if contract is None else contract.scopes)
            return actor
        if token:
            known = self._known(token, "")
            return known or await self.office.tokens.actor(token, self.trade.name, self.office.clock())
        if self.policy.stranger is not None and b"authorization" not in headers:
            return await self.policy.stranger()
        if contract is not None and contract.is_open:
            return Actor(0, self.trade.name, ANYBODY.name)
        raise Unauthenticated

    def _path(self, contract: Contract, values: list[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, text in zip(contract.parameters, values, strict=True):
            if name == "id" or name.endswith("_id"):
                if not text.removeprefix("-").isdecimal() or not text.isascii():
                    raise field_error(["path", name], "Input should be a valid integer", "int_parsing")
                found[name] = int(text) if len(text) <= 20 else 0
                if not 0 < found[name] <= LARGEST_ID:
                    raise Missing(self._nothing(contract))
            else:
                found[name] = text
        return found

    def _nothing(self, contract: Contract) -> str:
        record = getattr(getattr(contract.does, "resource", None) or contract.does, "record", None)
        return f"{record.title} not found" if record is not None else "Not found"

    def key(self, headers: Headers, actor: Actor, scope: Scope, content: bytes) -> Key | None:
        """The key of a request, if it has one; raises Invalid."""
        given = headers.get(b"idempotency-key")
        if given is None:
            return None
        text = given.decode("latin-1").strip()
        if not 0 < len(text) <= LONGEST_KEY:
            raise field_error(["header", "Idempotency-Key"], f"A key has 1 to {LONGEST_KEY} characters")
        content += b"\n" + scope["query_string"]
        path = scope["path"].removeprefix(scope.get("root_path", "")).rstrip("/")
        return Key.of(actor.label, scope["method"], f"{self.trade.name}:{path}", text, content)


def texts(headers: Headers) -> dict[str, str]:
    """Headers as text."""
    return {name.decode("latin-1"): value.decode("latin-1") for name, value in headers.items()}


def is_question(contract: Contract) -> bool:
    """Whether it is a question that the path and the query string ask."""
    does = contract.does
    return not isinstance(does, Verb | Service | Report | Download) or (
        isinstance(does, Report) and contract.method == "GET"
    )


def streamed(outgoing: Outgoing) -> Streamed:
    """The answer that sends a file; nothing in it is ever run by a browser."""
    headers = {
        "Content-Type": outgoing.type,
        "Content-Disposition": f'{"inline" if outgoing.is_shown else "attachment"}; filename="{outgoing.name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return Streamed(200, b"", headers, outgoing=outgoing)


async def respond(
    send: Send, answer: Answer, known_as: str, more: list[tuple[bytes, bytes]], *, body: bool = True
) -> None:
    """Send an answer."""
    headers = [
        (b"x-request-id", known_as.encode()),
        *((name.lower().encode(), value.encode("latin-1")) for name, value in answer.headers.items()),
        *more,
    ]
    if isinstance(answer, Streamed) and answer.outgoing is not None:
        await _stream(send, answer.outgoing, headers, body)
        return
    if answer.status != 204:
        kind = [] if "Content-Type" in answer.headers else [(b"content-type", b"application/json")]
        headers += [*kind, (b"content-length", b"%d" % len(answer.body))]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body if body else b""})


async def _stream(send: Send, outgoing: Outgoing, headers: list[tuple[bytes, bytes]], body: bool) -> None:
    """Send a file as it is made; where that fails, the answer ends before its end, so that nobody takes it for whole."""
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    try:
        if body:
            async for piece in outgoing.pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        if (close := getattr(outgoing.pieces, "aclose", None)) is not None:
            await close()
