"""Where providers of SMS and e-mail report, signed by them, and where people say that they want no more e-mail."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tradehall.kernel.errors import Missing, UnsupportedType
from tradehall.kernel.notices.inbound import hear
from tradehall.kernel.notices.optouts import unsubscribe
from tradehall.kernel.notices.paths import room
from tradehall.kernel.notices.tokens import unseal
from tradehall.kernel.office import Office
from tradehall.kernel.trade import Trade
from tradehall.web.bodies import read_body
from tradehall.web.pages import page, words_of

FORM = "application/x-www-form-urlencoded"
LARGEST = 64 * 1024
PAGES: dict[str, Any] = {
    "response_class": HTMLResponse,
    "responses": {404: {"description": "A link that does not work", "content": {"text/html": {}}}},
}
"""How a path is described that answers people with a page."""
SCHEMA: dict[str, Any] = {"requestBody": {"required": True, "content": {FORM: {"schema": {"type": "object"}}}}}


def routes(office: Office, trade: Trade) -> APIRouter:
    """The paths at which a trade's messages are reported on."""
    router, stop_at = APIRouter(tags=["messages"]), f"{room(trade)}/unsubscribe/{{token}}"

    @router.post(f"{room(trade)}/inbound/{{provider}}", summary="A provider reports.", openapi_extra=SCHEMA)
    async def inbound(request: Request, provider: str) -> Response:
        """What a provider says of a message, or what somebody answered."""
        return await _heard(office, trade, request, provider)

    @router.get(stop_at, summary="Ask whether somebody wants no more e-mail.", **PAGES)
    async def ask(request: Request, token: str) -> HTMLResponse:
        """A page with a button: what looks at links before people do must not answer for them."""
        try:
            _, address = unseal(office.stop_key, token)
        except Missing as gone:
            return _said(request, words_of(dict(request.headers.raw))(gone.sentence), 404)
        root, words = request.scope.get("root_path", ""), words_of(dict(request.headers.raw))
        title = words("No more e-mail?")
        return page("stop.html", words=words, title=title, root=root, address=address, business=trade.title)

    @router.post(stop_at, summary="Somebody wants no more e-mail (RFC 8058).", **PAGES)
    async def stop(request: Request, token: str) -> HTMLResponse:
        """One click in a mail program, or the button of the page."""
        await read_body(dict(request.headers.raw), request.receive, LARGEST)
        try:
            address = await unsubscribe(office, trade, token)
        except Missing as gone:
            return _said(request, words_of(dict(request.headers.raw))(gone.sentence), 404)
        words = words_of(dict(request.headers.raw))
        return _said(request, words("{address} gets no more e-mail from here.", address=address))

    if trade.sms_inbound:

        @router.post(trade.sms_inbound, summary="The provider of SMS reports.", openapi_extra=SCHEMA)
        async def inbound_sms(request: Request) -> Response:
            """What the provider of SMS says of a message, or what somebody answered."""
            return await _heard(office, trade, request, office.outside.sms.name)

    return router


async def _heard(office: Office, trade: Trade, request: Request, provider: str) -> Response:
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


def _said(request: Request, sentence: str, status: int = 200) -> HTMLResponse:
    words, root = words_of(dict(request.headers.raw)), request.scope.get("root_path", "")
    title = words("Done") if status == 200 else words("This link does not work")
    return page("done.html", status, words=words, title=title, sentence=sentence, root=root, links=[])


def _asked(request: Request) -> str:
    scope = request.scope
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    host = request.headers.get("host", "")
    return f"{scope['scheme']}://{host}{path.partition('?')[0]}{'?' if query else ''}{query}"
