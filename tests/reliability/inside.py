"""Requests handed to the application itself, without a wire: for walks of thousands of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Inside:
    """Somebody at the application's own door."""

    serves: Any
    token: str

    async def ask(
        self, method: str, path: str, params: Mapping[str, str] | None = None, content: bytes = b"",
        headers: Mapping[str, bytes] | None = None,
    ) -> Answer:  # fmt: skip
        """Ask as a server would hand it over."""
        given = {
            "authorization": f"Bearer {self.token}".encode(),
            "content-type": b"application/json",
            **(headers or {}),
        }
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
            "path": unquote(path), "raw_path": path.encode(), "root_path": "", "client": ("127.0.0.1", 1),
            "query_string": urlencode(params or {}).encode(), "server": ("127.0.0.1", 80),
            "headers": [(b"host", b"localhost"), *((name.encode(), value) for name, value in given.items())],
        }  # fmt: skip
        messages: list[Any] = [{"type": "http.request", "body": content, "more_body": False}]
        sent: list[Any] = []

        async def receive() -> Any:
            return messages.pop() if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.serves(scope, receive, send)
        start = next(each for each in sent if each["type"] == "http.response.start")
        shown = {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]}
        return Answer(start["status"], shown, b"".join(each.get("body", b"") for each in sent))
