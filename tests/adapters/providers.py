"""A provider of SMS that speaks Twilio's protocol, and a mail server: both real, at addresses of this machine."""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import orjson
from aiosmtpd.smtp import SMTP, Envelope

from tests.running import serving
from tradehall.adapters.twilio import Twilio

ACCOUNT, TOKEN, NUMBER = "AC0123456789abcdef0123456789abcdef", "the token of the account", "+15005550006"
PUBLIC = "https://office.example.com"
CALLBACK = f"{PUBLIC}/api/messages/inbound/twilio"
ERRORS = {
    400: (21211, "Invalid 'To' Phone Number: {To}"),
    401: (20003, "Authentication Error - invalid username"),
    403: (20003, "Permission denied"),
    429: (20429, "Too Many Requests"),
    500: (20500, "Internal Server Error"),
    503: (20503, "Service Unavailable"),
}


T = TypeVar("T", bound="FakeTwilio")


@dataclass
class FakeTwilio:
    """Takes messages, or fails in the way that is set: a status, a code of Twilio's, `hang`, or `drop` after taking one."""

    base: str = ""
    does: list[int | str] = field(default_factory=list)
    """What it does with the next requests, one after the other; then it takes them."""
    taken: list[dict[str, str]] = field(default_factory=list)
    asked: int = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        else:
            return  # whoever asked went away before all was said
        headers = dict(scope["headers"])
        login = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode())
        if headers.get(b"authorization") != b"Basic " + login:
            await self._answer(send, *self._error(401, {}))
            return
        assert scope["path"] == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
        assert headers[b"content-type"] == b"application/x-www-form-urlencoded"
        fields = dict(parse_qsl(body.decode(), strict_parsing=True))
        how = self.does.pop(0) if self.does else 201
        if how == "hang":
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        if how == "drop":
            self.taken.append(fields)
            raise ConnectionError("dropped")
        if isinstance(how, int) and how > 999:
            await self._answer(
                send, 400, {"code": how, "message": "Attempt to send to unsubscribed recipient", "status": 400}
            )
        elif how != 201:
            await self._answer(send, *self._error(int(how), fields))
        else:
            self.taken.append(fields)
            await self._answer(send, 201, self._resource(fields))

    def _resource(self, fields: dict[str, str]) -> dict[str, Any]:
        return {
            "sid": f"SM{len(self.taken):032x}", "account_sid": ACCOUNT, "to": fields["To"], "from": fields["From"],
            "body": fields["Body"], "status": "queued", "num_segments": "1", "price": None, "price_unit": "USD",
            "direction": "outbound-api", "error_code": None, "error_message": None,
        }  # fmt: skip

    def _error(self, status: int, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        code, words = ERRORS[status]
        return status, {"code": code, "message": words.format_map({"To": "", **fields}), "status": status}

    async def _answer(self, send: Any, status: int, body: dict[str, Any]) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": orjson.dumps(body)})

    def sender(self, base: str = "", token: str = TOKEN) -> Twilio:
        """The adapter for it."""
        return Twilio(ACCOUNT, token, NUMBER, base or self.base, {"stall": CALLBACK, "phoneshop": CALLBACK})


@asynccontextmanager
async def fake_twilio(provider: T) -> AsyncIterator[T]:
    """A provider at an address of this machine."""
    async with serving() as (board, http):
        board.serves, provider.base = provider, str(http.base_url).rstrip("/")
        yield provider


def signature(url: str, fields: dict[str, str], token: str = TOKEN) -> str:
    """How Twilio signs what it reports."""
    signed = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), signed.encode(), "sha1").digest()).decode()


@dataclass
class Mailbox:
    """A mail server that keeps what it gets, or refuses with what is set."""

    port: int = 0
    says: list[str] = field(default_factory=list)
    """What it answers to the next letters; then it takes them."""
    letters: list[Envelope] = field(default_factory=list)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Envelope, to: str, options: Any) -> str:  # noqa: N802
        if to.startswith("nobody@"):
            return f"550 <{to}> unknown here"
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Envelope) -> str:  # noqa: N802
        self.letters.append(envelope)
        return self.says.pop(0) if self.says else "250 taken"


@asynccontextmanager
async def mail_server() -> AsyncIterator[Mailbox]:
    """A mail server at an address of this machine."""
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(box, hostname="mail.example.com"), "127.0.0.1", 0)
    box.port = server.sockets[0].getsockname()[1]
    yield box
    server.close()
