"""Where providers of SMS and e-mail report: `{p}/messages/inbound/{provider}`, signed by them."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tradehall.kernel.errors import Missing, UnsupportedType
from tradehall.kernel.notices.inbound import hear
from tradehall.kernel.notices.paths import room
from tradehall.kernel.office import Office
from tradehall.kernel.trade import Trade
from tradehall.web.bodies import read_body

FORM = "application/x-www-form-urlencoded"
LARGEST = 64 * 1024
SCHEMA: dict[str, Any] = {"requestBody": {"required": True, "content": {FORM: {"schema": {"type": "object"}}}}}


def routes(office: Office, trade: Trade) -> APIRouter:
    """The path at which a trade's messages are reported on."""
    router = APIRouter(prefix=room(trade), tags=["messages"])

    @router.post("/inbound/{provider}", summary="A provider reports.", openapi_extra=SCHEMA)
    async def inbound(request: Request, provider: str) -> Response:
        """What a provider says of a message, or what somebody answered."""
        sender = next((each for each in (office.outside.sms, office.outside.mail) if each.name == provider), None)
        if sender is None or not sender.is_real:
            raise Missing("There is no such provider")
        headers = dict(request.headers.raw)
        if headers.get(b"content-type", b"").split(b";")[0].strip() != FORM.encode():
            raise UnsupportedType(FORM)
        body = await read_body(headers, request.receive, LARGEST)
        told = sender.heard(_asked(request), request.headers, body)
        if told is not None:
            await hear(office, trade, told, provider)
        return Response(b"<Response/>", media_type="text/xml")

    return router


def _asked(request: Request) -> str:
    scope = request.scope
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    host = request.headers.get("host", "")
    return f"{scope['scheme']}://{host}{path.partition('?')[0]}{'?' if query else ''}{query}"
