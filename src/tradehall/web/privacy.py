"""Everything about a person as one archive: what `{p}/privacy/export` answers, and the bytes of their files."""

import tempfile
import zipfile
from collections.abc import AsyncIterator
from typing import Any, BinaryIO

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse

from tradehall.kernel.cabinet import MEGABYTE
from tradehall.kernel.calls import Call
from tradehall.kernel.contracts import Contract
from tradehall.kernel.files import File
from tradehall.kernel.office import Office
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Actor, Verb
from tradehall.web.bodies import body_of, read_body
from tradehall.web.client import origin, source
from tradehall.web.dispatch import Dispatcher


def routes(office: Office, trade: Trade, dispatcher: Dispatcher) -> APIRouter:
    """The path of the archive."""
    router = APIRouter(prefix=f"{trade.prefix}/privacy", tags=["privacy"])
    path = f"{trade.prefix}/privacy/export"
    contract = next(each for each in trade.operations if (each.method, each.path) == ("POST", path))

    @router.post("/export.zip", summary="Everything about a person with their files, as one archive.")
    async def archive(request: Request) -> Response:
        headers = dict(request.headers.raw)
        actor = await dispatcher.actor(headers, contract, source(request.scope))
        contract.grant(actor)
        content = await read_body(headers, request.receive)
        answer = await office.perform(trade, _call(contract, actor, office, request, content))
        return StreamingResponse(
            await archived(office, answer.body),
            200,
            {"Content-Disposition": 'attachment; filename="person.zip"'},
            "application/zip",
        )

    return router


def _call(contract: Contract, actor: Actor, office: Office, request: Request, content: bytes) -> Call:
    verb: Verb[Any, Any] = contract.does  # type: ignore[assignment]  # an export is a verb
    headers = dict(request.headers.raw)
    body = body_of(verb, headers, content, {})
    known_as = request.scope.get("request_id", "")
    return Call(contract, actor, office.clock(), body=body, origin=origin(request.scope, headers, known_as))


async def archived(office: Office, told: bytes) -> AsyncIterator[bytes]:
    """The archive of what an export told, piece by piece."""
    made = tempfile.TemporaryFile()  # noqa: SIM115 - closed when its last piece was sent
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("person.json", told)
        for row in orjson.loads(told)["rows"].get(File.table.name, []):
            content = await office.files.open(row["key"])
            with archive.open(f"files/{row['id']}-{row['name']}", "w", force_zip64=True) as member:
                async for piece in content.pieces if content is not None else _nothing():
                    member.write(piece)
    made.seek(0)
    return _pieces(made)


async def _nothing() -> AsyncIterator[bytes]:
    for _ in ():
        yield b""


async def _pieces(made: BinaryIO) -> AsyncIterator[bytes]:
    with made:
        while piece := made.read(MEGABYTE // 4):
            yield piece
