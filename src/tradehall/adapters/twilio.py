"""SMS by Twilio, or by whoever speaks its protocol at another address."""

import base64
import hmac
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import httpx2

from tradehall.kernel.errors import Denied, field_error
from tradehall.kernel.notices.senders import Fate, NotAccepted, Outgoing, Receipt, Reply, Unsure, masked

STATUSES = {
    "sent": "sent", "delivered": "delivered", "read": "delivered", "undelivered": "failed", "failed": "failed",
    "canceled": "failed",
}  # fmt: skip
OPTED_OUT, NO_NUMBERS = 21610, (21211, 21614)
NO_NUMBER = "This is no number that an SMS can be sent to"
NOT_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.LocalProtocolError,
)
"""Errors after which nothing of the request can have arrived."""
PATIENCE = httpx2.Timeout(10, connect=5)
MOST_FIELDS = 200


class Twilio:
    """Takes SMS; `callbacks` is where each trade hears of their fate, `more` where it hears of answers besides."""

    name = "twilio"
    is_real = True

    def __init__(
        self,
        account: str,
        token: str,
        sender: str,
        base_url: str,
        callbacks: Mapping[str, str],
        more: Iterable[str] = (),
    ) -> None:
        self._account, self._token, self._sender = account, token, sender
        self._url = f"{base_url.rstrip('/')}/2010-04-01/Accounts/{account}/Messages.json"
        self._callbacks = callbacks
        self._known = {urlsplit(each).path: each for each in (*callbacks.values(), *more)}

    async def send(self, message: Outgoing) -> Receipt:
        """Hand a message over; raises NotAccepted or Unsure."""
        fields = {"To": message.to, "Body": message.text}
        fields["MessagingServiceSid" if self._sender.startswith("MG") else "From"] = self._sender
        if callback := self._callbacks.get(message.trade):
            fields["StatusCallback"] = f"{callback}?message={message.id}"
        try:
            async with httpx2.AsyncClient(auth=(self._account, self._token), timeout=PATIENCE, trust_env=False) as http:
                answer = await http.post(self._url, data=fields)
        except NOT_SENT as error:
            raise NotAccepted("The provider can't be reached", again=True) from error
        except httpx2.HTTPError as error:
            raise Unsure("The connection to the provider was lost before it answered") from error
        return _read(answer, message)

    def heard(self, url: str, headers: Mapping[str, str], body: bytes) -> Fate | Reply | None:
        """What Twilio reports; raises Denied before anything is read where its signature is wrong."""
        try:
            fields = parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=MOST_FIELDS)
        except ValueError as error:
            raise field_error(["body"], "This is no form") from error
        self._verify(url, fields, headers.get("x-twilio-signature", ""))
        given = dict(fields)
        sid = given.get("MessageSid", "")[:120]
        if "MessageStatus" in given:
            return _fate(url, sid, given)
        if "Body" in given and sid:
            return Reply(given.get("From", "")[:254], given["Body"].replace("\x00", "")[:2000], sid)
        return None

    def _verify(self, url: str, fields: list[tuple[str, str]], signature: str) -> None:
        signed = self._public(url) + "".join(name + value for name, value in sorted(set(fields)))
        wanted = base64.b64encode(hmac.digest(self._token.encode(), signed.encode(), "sha1")).decode()
        if not hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace")):
            raise Denied("This is not signed by the provider", "signature")

    def _public(self, url: str) -> str:
        """The address as Twilio called it: what a proxy made of it is not what was signed."""
        asked = urlsplit(url)
        known = self._known.get(asked.path)
        return url if known is None else known + (f"?{asked.query}" if asked.query else "")


def _read(answer: httpx2.Response, message: Outgoing) -> Receipt:
    said = _json(answer)
    if answer.status_code in (200, 201):
        parts = str(said.get("num_segments"))
        return Receipt(
            str(said.get("sid", "")), _cost(said.get("price")), str(said.get("price_unit") or ""),
            int(parts) if parts.isascii() and parts.isdigit() and int(parts) else None,
        )  # fmt: skip
    code = said.get("code", answer.status_code)
    details = f"{code}: {said.get('message', '')}".replace(message.to, masked(message.to)).rstrip(": ")
    if answer.status_code in (401, 403):  # the installation's to mend
        raise NotAccepted("The provider doesn't let this installation in", details, again=True)
    if answer.status_code in (408, 425, 429, 503):
        raise NotAccepted("The provider takes no messages just now", details, again=True)
    if answer.status_code >= 500:
        raise Unsure("The provider failed, and may have sent it", details)
    if code == OPTED_OUT:
        raise NotAccepted("This person wants no messages", details, opted_out=True)
    raise NotAccepted(NO_NUMBER if code in NO_NUMBERS else "The provider refused this message", details)


def _json(answer: httpx2.Response) -> dict[str, Any]:
    try:
        found = json.loads(answer.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _fate(url: str, sid: str, given: Mapping[str, str]) -> Fate | None:
    status = STATUSES.get(given["MessageStatus"])
    message = parse_qs(urlsplit(url).query).get("message", [""])[0]
    if status is None or not message:
        return None
    details = f"{given['ErrorCode']}: {given.get('ErrorMessage', '')}".rstrip(": ") if given.get("ErrorCode") else ""
    why = "The provider could not deliver it" if status == "failed" else ""
    return Fate(message, sid, status, why, details, _cost(given.get("Price")), given.get("PriceUnit", ""))


def _cost(price: Any) -> Decimal | None:
    """What a message costs; a price is what the account changes by, so it is negative."""
    try:
        found = Decimal(str(price))
    except InvalidOperation:
        return None
    return abs(found) if found.is_finite() and abs(found) < 1000 else None
