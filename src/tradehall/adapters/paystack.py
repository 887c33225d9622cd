"""Payments by card and mobile money with Paystack, or with whoever speaks its protocol at another address."""

import hmac
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import httpx2

from tradehall.kernel.errors import Denied, Unavailable, field_error
from tradehall.kernel.money import scaled, unscaled
from tradehall.kernel.paying import Fate, NotTaken, Standing, Told, Wish

PATIENCE = httpx2.Timeout(10, connect=5)
FATES = {"success": Fate.SUCCESS, "failed": Fate.FAILED, "reversed": Fate.REVERSED}
"""All others go on: one who left the page ("abandoned") may come back and pay."""
UNKNOWN = "reference not found"
AWAY = "The provider of payments can't be reached"


class Paystack:
    """One account. Amounts go in the hundredth part of the currency, as Paystack wants them of every one."""

    def __init__(self, secret: str, base_url: str) -> None:
        self._secret, self._base = secret, base_url.rstrip("/")

    async def begin(self, wish: Wish) -> str:
        """The address of the page on which somebody pays; raises NotTaken."""
        asked = {
            "reference": wish.reference, "amount": str(scaled(wish.amount, 2)), "currency": wish.currency,
            "email": wish.email,
        }  # fmt: skip
        status, said = await self._asked("POST", "/transaction/initialize", asked)
        found = said.get("data")
        if status == 200 and said.get("status") is True and isinstance(found, dict):
            return str(found.get("authorization_url", ""))[:500]
        raise NotTaken(_why(said, status))

    async def ask(self, reference: str) -> Standing:
        """How a payment stands."""
        status, said = await self._asked("GET", f"/transaction/verify/{quote(reference, safe='')}")
        found = said.get("data")
        if status == 200 and said.get("status") is True and isinstance(found, dict):
            return _standing(found)
        if UNKNOWN in str(said.get("message", "")).lower():
            return Standing(fate=Fate.PENDING, reference=reference, why="The provider does not know it yet")
        raise Unavailable(_why(said, status), "provider_away")

    def heard(self, headers: Mapping[str, str], body: bytes) -> Told | None:
        """What Paystack tells; raises Denied before anything is read where its signature is wrong."""
        wanted = hmac.digest(self._secret.encode(), body, "sha512").hex()
        if not hmac.compare_digest(wanted.encode(), headers.get("x-paystack-signature", "").encode("utf-8", "replace")):
            raise Denied("This is not signed by the provider", "signature")
        said = _object(body)
        if said is None:
            raise field_error(["body"], "This is no JSON object", "json_invalid")
        found = said.get("data")
        if not isinstance(found, dict) or not isinstance(reference := found.get("reference"), str):
            return None
        kind = str(said.get("event", ""))[:60]
        return Told(event_id=f"{kind}:{found.get('id')}"[:120], kind=kind, reference=reference[:100])

    async def _asked(self, method: str, path: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        signed = {"Authorization": f"Bearer {self._secret}"}
        try:
            async with httpx2.AsyncClient(timeout=PATIENCE, trust_env=False, headers=signed) as http:
                answer = await http.request(method, self._base + path, json=body)
        except httpx2.HTTPError as error:
            raise Unavailable(AWAY, "provider_away") from error
        said = _object(answer.content)
        if said is None or answer.status_code in (401, 403, 408, 429) or answer.status_code >= 500:
            raise Unavailable(f"{AWAY}: it answered {answer.status_code}", "provider_away")
        return answer.status_code, said


def _standing(found: Mapping[str, Any]) -> Standing:
    amount = found.get("amount")
    return Standing(
        fate=FATES.get(str(found.get("status")), Fate.PENDING),
        reference=str(found.get("reference", ""))[:100],
        amount=unscaled(amount, 2) if isinstance(amount, int) and abs(amount) < 10**15 else Decimal(0),
        currency=str(found.get("currency", ""))[:10],
        provider_id=str(found.get("id", ""))[:60],
        why=str(found.get("gateway_response") or "").replace("\x00", "")[:300],
    )


def _why(said: Mapping[str, Any], status: int) -> str:
    return f"{status}: {said.get('message', 'the provider refused')}".replace("\x00", "")[:300]


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
