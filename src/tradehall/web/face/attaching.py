"""Attaching: the files of a row, seen and added and removed on its page, with the rights of whoever looks."""

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tradehall.kernel import files
from tradehall.kernel.cabinet import IMAGES
from tradehall.kernel.errors import MethodNotAllowed, Missing, Problem, Unauthenticated
from tradehall.kernel.reader import Reader
from tradehall.kernel.resources import Resource
from tradehall.web.face.asking import VIA
from tradehall.web.face.entering import Entering
from tradehall.web.face.errands import NO_PAGE, Errands, Parts, number
from tradehall.web.face.pages import Page
from tradehall.web.face.rooms import Room
from tradehall.web.face.sending import form_with
from tradehall.web.face.visiting import Visit
from tradehall.web.files import Desk

HANDED_ON = (b"content-type", b"content-length", b"idempotency-key")


class Attaching(Entering, Errands):
    """The files that are attached to rows."""

    def _files(self, visit: Visit, reader: Reader, room: Room, row_id: int) -> list[dict[str, Any]] | None:
        entity = room.record.table.name
        if self._attachable(room) is None:
            return None
        try:
            files.seen(reader, entity, row_id)
        except Missing:
            return None
        return [
            {
                "id": row.id, "name": row.name, "size": _size(row.size), "is_picture": row.type in IMAGES,
                "at": visit.formats.moment(row.created_at.isoformat()),
                "may_remove": row.uploaded_by == visit.actor.user_id or visit.actor.may(self.trade.widest),
            }
            for row in reader.all(files.OF_ROW, entity=entity, record_id=row_id)
        ]  # fmt: skip

    def _attachable(self, room: Room) -> Resource | None:
        return next((each for each in self.trade.resources if each.record is room.record), None)

    async def attach(self, visit: Visit, room: Room, row_id: int) -> Page:
        """Attach a file to a row."""
        resource, back = self._attachable(room), f"{visit.app}/{room.name}/{row_id}"
        if resource is None or visit.file is None:
            raise Missing(NO_PAGE)
        kind, receive = form_with({}, visit.file)
        path = f"{self.trade.prefix}/{resource.record.in_paths}/{row_id}/files"
        request = _request(visit, "POST", path, {b"content-type": kind}, receive)
        try:
            await self.desk.upload(request, resource, row_id)
        except Unauthenticated:
            raise
        except Problem as problem:
            values = {"title": "", "sentence": visit.words(problem.sentence), "back": back}
            return Page("face/refused.html", values, problem.status)
        visit.tell(visit.words("The file is attached"))
        return Page("", to=f"{back}#files")

    async def handed_in(self, visit: Visit, path: str, receive: Any) -> Response | None:
        """Attach what a script of a page sends, once for each key."""
        found = re.fullmatch(rf"{self.trade.prefix}/([a-z-]+)/(\d{{1,18}})/files", path, re.ASCII)
        resource = self.desk.resources.get(found[1]) if found is not None else None
        if found is None or resource is None:
            return None
        given = {name: value for name, value in visit.headers.items() if name in HANDED_ON}
        response = await self.desk.upload(_request(visit, "POST", path, given, receive), resource, int(found[2]))
        visit.scope["status"] = response.status_code
        return response

    async def filed(self, visit: Visit, method: str, parts: Parts) -> Page:
        """A file as it is, or its end."""
        path = f"{self.trade.prefix}/files/{parts[0] if parts else ''}"
        match parts:
            case [each]:
                if method != "GET":
                    raise MethodNotAllowed(["GET"])
                size = visit.query.get("size")
                request = _request(visit, "GET", path, {})
                found = await self.desk.download(request, number(each), number(size) if size else None, "")
                return Page("", response=found)
            case [each, "remove"] if method == "POST":
                await self.desk.remove(_request(visit, "DELETE", path, {}), number(each))
                visit.tell(visit.words("The file is removed"))
                return Page("", to=self.back(visit, visit.value("back")))
        raise Missing(NO_PAGE)

    @cached_property
    def desk(self) -> Desk:
        """Where files are handed in and out, on pages and over the interface."""
        return Desk(self.office, self.trade, self.dispatcher)


def _request(visit: Visit, method: str, path: str, headers: Mapping[bytes, bytes], receive: Any = None) -> Request:
    """A request of the interface in the name of whoever looks."""
    given = {name: value for name, value in visit.headers.items() if name in (b"user-agent", b"host")} | dict(headers)
    if visit.asking.token:
        given[b"authorization"] = f"Bearer {visit.asking.token}".encode()
    scope = {name: value for name, value in visit.scope.items() if name != "app"}
    changed = {
        "via": VIA,
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": list(given.items()),
        "root_path": "",
    }
    return Request({**scope, **changed}, receive or _nothing)


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def _size(size: int) -> str:
    if size < 10_000:
        return f"{size} B"
    return f"{size / 1000:.0f} kB" if size < 10_000_000 else f"{size / 1_000_000:.0f} MB"
