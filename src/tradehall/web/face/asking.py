"""Asking: the face is a client of the trade's own interface, in the same process. What a page does, a program can do."""

from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import orjson

from tradehall.kernel.contracts import Contract
from tradehall.kernel.errors import Denied, Unauthenticated
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.reader import Reader
from tradehall.web.bodies import Receive
from tradehall.web.face.sending import File, form_with

if TYPE_CHECKING:
    from tradehall.web.dispatch import Dispatcher

VIA = "ui"


class Asking:
    """Somebody's way to the interface: their token goes with each request."""

    def __init__(self, dispatcher: "Dispatcher", scope: Mapping[str, Any], token: str) -> None:
        self._dispatcher = dispatcher
        self._scope = scope
        self.token = token

    async def ask(
        self, contract: Contract, path: Mapping[str, Any] | None = None, query: Mapping[str, str] | None = None,
        body: Any = None, headers: Mapping[bytes, bytes] | None = None, file: File | None = None,
    ) -> Answer:  # fmt: skip
        """Ask for an operation, with a body that becomes JSON, or a form where there is a file; raises Problem."""
        values = {name: str(value) for name, value in (path or {}).items()}
        content = b"" if body is None else orjson.dumps(body)
        shown = {name: value for name, value in self._scope["headers"] if name in (b"user-agent", b"host", b"cookie")}
        given = shown | {b"content-type": b"application/json"} | dict(headers or {})
        if self.token:
            given[b"authorization"] = f"Bearer {self.token}".encode()
        scope: MutableMapping[str, Any] = {
            **self._scope, "via": VIA, "method": contract.method, "path": self._scope.get("root_path", "") + contract.path.format(**values),
            "query_string": urlencode(query or {}).encode(), "headers": list(given.items()),
        }  # fmt: skip

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": content, "more_body": False}

        arriving: Receive = receive
        if file is not None:
            given[b"content-type"], arriving = form_with(body or {}, file)
            given.pop(b"content-length", None)
            scope["headers"] = list(given.items())
        known_as = self._scope.get("request_id", "")
        return await self._dispatcher.answer(
            contract, [values[name] for name in contract.parameters], scope, given, known_as, arriving
        )

    async def found(
        self, contract: Contract, path: Mapping[str, Any] | None = None, query: Mapping[str, str] | None = None
    ) -> Any:
        """What an operation answers, as Python values."""
        answer = await self.ask(contract, path, query)
        return orjson.loads(answer.body) if answer.body else None

    def within(
        self, reader: Reader, contract: Contract, path: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Any:  # fmt: skip
        """The same of a question, within the one read of a page; None where its reader may not ask it."""
        values = {name: str(value) for name, value in (path or {}).items()}
        try:
            answer = self._dispatcher.within(
                reader, contract, [values[name] for name in contract.parameters], query or {}
            )
        except (Denied, Unauthenticated):
            return None
        return orjson.loads(answer.body)
