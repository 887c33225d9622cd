"""Files over HTTP: multipart in, bytes out; `{p}/files` and the files of each record (P-25)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import file_digest
from typing import Annotated, Any, BinaryIO, TypeVar
from urllib.parse import quote

import orjson
from fastapi import APIRouter, Path, Request
from fastapi.responses import Response, StreamingResponse
from starlette.datastructures import UploadFile

from tradehall.kernel import files
from tradehall.kernel.cabinet import IMAGES, SIZES, Arrived
from tradehall.kernel.calls import Call
from tradehall.kernel.columns import LARGEST_ID
from tradehall.kernel.contracts import LARGEST_BODY, Contract, dumps
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Missing, OutcomeUnknown, TooLarge, UnsupportedType, field_error
from tradehall.kernel.files import KEEP, REMOVE, SHOWN, Attached, File
from tradehall.kernel.idempotency import Answer, Key
from tradehall.kernel.keys import READS_FILES, WRITES_FILES
from tradehall.kernel.office import Office
from tradehall.kernel.reader import Reader
from tradehall.kernel.resources import Resource
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Actor, Verb, system
from tradehall.web.bodies import is_dry
from tradehall.web.client import origin, source
from tradehall.web.dispatch import Dispatcher

T = TypeVar("T")
Id = Annotated[int, Path(gt=0, le=LARGEST_ID)]
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, max-age=600",
}
BYTES: dict[int | str, dict[str, Any]] = {200: {"content": {"*/*": {}}}}
FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


def routes(trade: Trade) -> APIRouter:
    """The paths of a trade's files. What answers there is the `desk` of the application that they are in."""
    return _routes(trade.prefix, tuple((each.record.in_paths, each.record.title.lower()) for each in trade.resources))


@cache
def _routes(prefix: str, kinds: tuple[tuple[str, str], ...]) -> APIRouter:
    router = APIRouter(prefix=prefix, tags=["files"])

    @router.post("/files", status_code=201, summary="Upload a file.", openapi_extra=FORM)
    async def upload(request: Request) -> Response:
        return await _desk(request).upload(request)

    @router.get("/files/{id}", summary="The bytes of a file, or of a smaller picture of it.", responses=BYTES)
    async def download(request: Request, id: Id, size: int | None = None, link: str = "") -> Response:  # noqa: A002
        return await _desk(request).download(request, id, size, link)

    @router.get("/files/{id}/link", summary="A file's description, with a link that needs no sign-in for a while.")
    async def link(request: Request, id: Id) -> Response:  # noqa: A002
        return await _desk(request).describe(request, id)

    @router.delete("/files/{id}", status_code=204, summary="Remove a file that no row holds.")
    async def remove(request: Request, id: Id) -> Response:  # noqa: A002
        return await _desk(request).remove(request, id)

    for in_paths, name in kinds:
        _of_rows(router, in_paths, name)
    return router


def _of_rows(router: APIRouter, in_paths: str, name: str) -> None:
    path = f"/{in_paths}/{{id}}/files"

    @router.get(path, summary=f"The files of a {name}.")
    async def attached(request: Request, id: Id) -> Response:  # noqa: A002
        desk = _desk(request)
        return await desk.attached(request, desk.resources[in_paths], id)

    @router.post(path, status_code=201, summary=f"Attach a file to a {name}.", openapi_extra=FORM)
    async def attach(request: Request, id: Id) -> Response:  # noqa: A002
        desk = _desk(request)
        return await desk.upload(request, desk.resources[in_paths], id)


def _desk(request: Request) -> "Desk":
    desk: Desk = request.app.desk
    return desk


@dataclass(frozen=True)
class Desk:
    """Where files are handed in and out in one trade."""

    office: Office
    trade: Trade
    dispatcher: Dispatcher

    @cached_property
    def resources(self) -> Mapping[str, Resource]:
        """The trade's resources by what paths call them."""
        return {each.record.in_paths: each for each in self.trade.resources}

    # In.

    async def upload(self, request: Request, resource: Resource | None = None, row_id: int | None = None) -> Response:
        """Take a file in, alone or for a row."""
        actor = await self._actor(request)
        entity = None if resource is None else resource.record.table.name
        if entity is not None and row_id is not None:
            await self._read(actor, lambda reader: files.seen(reader, entity, row_id))
        self._announced(request)
        async with request.form(max_files=1, max_fields=8) as form:
            sent = next((each for each in form.values() if isinstance(each, UploadFile)), None)
            if sent is None:
                raise field_error(["body", "file"], "Field required", "missing")
            arrived = await self.office.files.take_in(actor.org_id, sent.file, sent.filename or "")
            key = self._key(request, actor, sent.file, arrived)
        quota = self.office.files.allowance.quota
        body = Attached(**vars(arrived), entity=entity, record_id=row_id, quota=quota)
        answer = await self._kept(self._call(request, actor, KEEP, 201, body=body, key=key), arrived)
        return self._response(request, actor, answer)

    async def _kept(self, call: Call, arrived: Arrived) -> Answer:
        """Write the row; where none was written, its bytes go again."""
        try:
            answer = await self.office.perform(self.trade, call)
        except OutcomeUnknown:
            raise  # the row may be there: if not, the sweep takes the bytes
        except BaseException:
            await self.office.files.drop_quietly(arrived.key)
            raise
        if {"Idempotent-Replay", "Dry-Run"} & answer.headers.keys():
            await self.office.files.drop_quietly(arrived.key)
        return answer

    def _announced(self, request: Request) -> None:
        kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
        if kind != "multipart/form-data":
            raise UnsupportedType("multipart/form-data")
        length, largest = request.headers.get("content-length", "0"), self.office.files.allowance.largest
        if length.isdigit() and int(length) > largest + LARGEST_BODY:
            raise TooLarge(largest)

    def _key(self, request: Request, actor: Actor, content: BinaryIO, arrived: Arrived) -> Key | None:
        headers = dict(request.headers.raw)
        if b"idempotency-key" not in headers:
            return None
        content.seek(0)
        digest = file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]  # a spooled file has what it takes
        same = f"{arrived.name}\n{arrived.type}\n{digest}".encode()
        return self.dispatcher.key(headers, actor, request.scope, same)

    def _call(self, request: Request, actor: Actor, verb: Verb[Any, Any], status: int, **more: Any) -> Call:
        contract = Contract(request.method, request.url.path, verb, status, shape=SHOWN)
        dry = is_dry(request.query_params)
        came = origin(
            request.scope,
            dict(request.headers.raw),
            request.scope.get("request_id", ""),
            request.scope.get("via", "api"),
        )
        return Call(contract, actor, self.office.clock(), dry_run=dry, origin=came, **more)

    # Out.

    async def download(self, request: Request, file_id: int, size: int | None, link: str) -> Response:
        """The bytes, by a link or for somebody who may see the file."""
        if size is not None and size not in SIZES:
            raise field_error(["query", "size"], f"Input should be one of {', '.join(map(str, SIZES))}", "enum")
        row = await self._linked(file_id, link) if link else await self._seen(request, file_id)
        if size is not None and row.type not in IMAGES:
            raise field_error(["query", "size"], "Only a picture comes in other sizes")
        content = await self.office.files.open(row.key, size)
        if content is None:
            raise Missing("The store does not have this file any more", "content_missing")
        shown = "inline" if row.type in IMAGES else "attachment"
        name = quote(row.name, safe="")
        headers = SAFE | {
            "Content-Disposition": f"{shown}; filename*=UTF-8''{name}", "Content-Length": str(content.size),
        }  # fmt: skip
        return StreamingResponse(content.pieces, 200, headers, row.type)

    async def _linked(self, file_id: int, link: str) -> File:
        org_id = self.office.files.admitted(self.trade.name, file_id, link, self.office.clock())
        actor = system(org_id, self.trade.name)
        return await self._read(actor, lambda reader: reader.get(File, file_id))

    async def _seen(self, request: Request, file_id: int) -> File:
        return await self._read(await self._actor(request), lambda reader: files.get(reader, file_id))

    async def describe(self, request: Request, file_id: int) -> Response:
        """What is known of a file, with a fresh link."""
        actor = await self._actor(request)
        row = await self._read(actor, lambda reader: files.get(reader, file_id))
        return Response(dumps(self._shown(request, actor, row)), 200, media_type="application/json")

    async def attached(self, request: Request, resource: Resource, row_id: int) -> Response:
        """The files of a row, oldest first."""
        actor, entity = await self._actor(request), resource.record.table.name

        def rows(reader: Reader) -> list[File]:
            files.seen(reader, entity, row_id)
            return reader.all(files.OF_ROW, entity=entity, record_id=row_id)

        found = [self._shown(request, actor, row) for row in await self._read(actor, rows)]
        return Response(dumps(found), 200, {"X-Total-Count": str(len(found))}, "application/json")

    async def remove(self, request: Request, file_id: int) -> Response:
        """Remove a file; its bytes go after the commit."""
        actor = await self._actor(request)
        answer = await self.office.perform(self.trade, self._call(request, actor, REMOVE, 204, target=file_id))
        return Response(answer.body or None, answer.status, dict(answer.headers))

    # Both.

    async def _actor(self, request: Request) -> Actor:
        scopes = READS_FILES if request.method in ("GET", "HEAD") else WRITES_FILES
        address = source(request.scope)
        return await self.dispatcher.actor(dict(request.headers.raw), address=address, scopes=scopes)

    async def _read(self, actor: Actor, query: Callable[[Reader], T]) -> T:
        now = self.office.clock()

        def read(session: Session) -> T:
            return query(Reader(session, self.trade, actor, now))

        found: T = await self.office.database.read(actor.org_id, read)
        return found

    def _shown(self, request: Request, actor: Actor, row: File) -> dict[str, Any]:
        return SHOWN.view(actor).one(row) | self._link(request, actor, row.id)

    def _link(self, request: Request, actor: Actor, file_id: int) -> dict[str, str]:
        link = self.office.files.link(self.trade.name, actor.org_id, file_id, self.office.clock())
        return {"url": f"{request.scope.get('root_path', '')}{self.trade.prefix}/files/{file_id}?link={link}"}

    def _response(self, request: Request, actor: Actor, answer: Answer) -> Response:
        body: Mapping[str, Any] = orjson.loads(answer.body)
        if "Dry-Run" not in answer.headers:
            body = {**body, **self._link(request, actor, body["id"])}
        return Response(dumps(body), answer.status, dict(answer.headers), "application/json")
