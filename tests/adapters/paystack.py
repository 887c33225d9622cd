"""A provider of payments that speaks Paystack's protocol, at an address of this machine."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from tests.running import serving

SECRET = "sk_test_0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakePaystack:
    """Takes payments, or fails in the way that is set: a status, `hang`, or `drop` after doing what was asked."""

    base: str = ""
    does: list[int | str] = field(default_factory=list)
    """What it does with the next requests, one after the other; then it answers."""
    transactions: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        path, method = scope["path"], scope["method"]
        self.asked.append(f"{method} {path.rsplit('/', 1)[0] if method == 'GET' else path}")
        if dict(scope["headers"]).get(b"authorization") != f"Bearer {SECRET}".encode():
            await _answer(send, 401, {"status": False, "message": "Invalid key"})
            return
        how = self.does.pop(0) if self.does else 200
        if how == "hang":
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        if isinstance(how, int) and how != 200:
            await _answer(send, how, {"status": False, "message": "An error occurred"})
            return
        status, said = (
            self._initialize(orjson.loads(body)) if method == "POST" else self._verify(path.rsplit("/", 1)[1])
        )
        if how == "drop":
            raise ConnectionError("dropped")
        await _answer(send, status, said)

    def _initialize(self, asked: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        reference = asked["reference"]
        if reference in self.transactions:
            return 400, {"status": False, "message": "Duplicate Transaction Reference"}
        if asked["currency"] not in ("GHS", "NGN"):
            return 400, {"status": False, "message": "Currency not supported by merchant"}
        assert asked["amount"].isdigit()
        assert "@" in asked["email"]
        self.transactions[reference] = {
            "id": 4099260516 + len(self.transactions), "domain": "test", "status": "abandoned", "reference": reference,
            "amount": int(asked["amount"]), "message": None, "gateway_response": "The transaction was not completed",
            "paid_at": None, "channel": "mobile_money", "currency": asked["currency"], "fees": None,
            "customer": {"email": asked["email"]},
        }  # fmt: skip
        page = {"authorization_url": f"https://checkout.paystack.com/{len(self.transactions):08x}", "access_code": "x"}
        said = {"status": True, "message": "Authorization URL created"}
        return 200, said | {"data": {**page, "reference": reference}}

    def _verify(self, reference: str) -> tuple[int, dict[str, Any]]:
        found = self.transactions.get(reference)
        if found is None:
            return 400, {"status": False, "message": "Transaction reference not found", "code": "transaction_not_found"}
        return 200, {"status": True, "message": "Verification successful", "data": found}

    def pays(self, reference: str, /, **more: Any) -> None:
        """The customer pays on the provider's page; `more` is what is otherwise than it should be."""
        paid = {"status": "success", "gateway_response": "Approved", "paid_at": "2026-03-02T09:00:00.000Z"}
        self.transactions[reference] |= paid | more

    def event(self, reference: str, kind: str = "charge.success") -> bytes:
        """What the provider tells of a transaction."""
        return orjson.dumps({"event": kind, "data": self.transactions[reference]})


async def _answer(send: Any, status: int, body: dict[str, Any]) -> None:
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(body)})


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The headers with which Paystack signs what it tells."""
    return {
        "x-paystack-signature": hmac.digest(secret.encode(), body, "sha512").hex(),
        "content-type": "application/json",
    }


@asynccontextmanager
async def fake_paystack() -> AsyncIterator[FakePaystack]:
    """A provider at an address of this machine."""
    provider = FakePaystack()
    async with serving() as (board, http):
        board.serves, provider.base = provider, str(http.base_url).rstrip("/")
        yield provider
