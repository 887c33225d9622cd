"""Exporting: a list as a file, at once where it is short; a long one is written by a job, which the page shows the progress of."""

from typing import Any

import orjson
from starlette.responses import StreamingResponse

from tradehall.kernel.contracts import Contract, Window
from tradehall.kernel.database import Session
from tradehall.kernel.errors import MethodNotAllowed, Missing
from tradehall.kernel.reader import Reader
from tradehall.kernel.transfer.preparing import Export, Prepared
from tradehall.web.dispatch import Streamed
from tradehall.web.face.errands import LOOK_AGAIN, NO_PAGE, Errands, Parts, number
from tradehall.web.face.pages import Page
from tradehall.web.face.rooms import Room
from tradehall.web.face.visiting import Visit

LARGE = 5000
"""So many rows come at once; of more a job makes a file."""
NO_FILTER = ("columns", "after", "view")


class Exporting(Errands):
    """Lists that go out as files."""

    async def detail(self, visit: Visit, room: Room, row_id: int) -> Page:
        """The page of a row; that of an export shows how far it is."""
        if room.record is Export:
            return await self._prepared(visit, row_id)
        return await super().detail(visit, room, row_id)

    async def export(self, visit: Visit, method: str, parts: Parts) -> Page:
        """A list as a file, with the filters of its page, or the question whether one is to be prepared."""
        name, _, kind = (parts[0] if len(parts) == 1 else "").rpartition(".")
        room = self.house.rooms.get(name)
        found = (
            next((each for each in room.exports if each.path.endswith(f".{kind}")), None) if room is not None else None
        )
        if room is None or found is None:
            raise Missing(NO_PAGE)
        query = {key: value for key, value in visit.query.items() if value and key not in NO_FILTER}
        if method == "POST":
            wish = {"type": room.record.plural, "format": kind, "query": query}
            answer = await visit.asking.ask(self.at("POST", "/exports/jobs"), body=wish)
            return Page("", to=f"{visit.app}/exports-jobs/{orjson.loads(answer.body)['id']}")
        rows = await self._count(visit, room, found, query)
        if rows > LARGE:
            await self.learn(visit)
            return Page(
                "face/export-new.html", {"title": visit.words(room.title), "room": room, "rows": rows, "kind": kind}
            )
        return await self._sent(visit, found, {}, query)

    async def _count(self, visit: Visit, room: Room, contract: Contract, query: dict[str, str]) -> int:
        """How many rows a list has for somebody; raises Invalid where a filter is wrong."""
        grant, asked = contract.grant(visit.actor), room.resource.asked(query, Window(1))

        def read(session: Session) -> int:
            return room.resource.page(Reader(session, self.trade, visit.actor, self.office.clock()), asked, grant).total

        return await self.office.database.read(visit.actor.org_id, read)

    async def exports(self, visit: Visit, method: str, parts: Parts) -> Page:
        """The file of an export, and its end."""
        match parts:
            case [each, "file"]:
                if method != "GET":
                    raise MethodNotAllowed(["GET"])
                return await self._sent(visit, self.at("GET", "/exports/jobs/{id}/file"), {"id": number(each)}, {})
            case [each, "cancel"] if method == "POST":
                await visit.asking.ask(self.at("POST", "/exports/jobs/{id}/cancel"), {"id": number(each)})
                return Page("", to=f"{visit.app}/exports-jobs/{number(each)}")
        raise Missing(NO_PAGE)

    async def _sent(self, visit: Visit, contract: Contract, path: dict[str, Any], query: dict[str, str]) -> Page:
        answer = await visit.asking.ask(contract, path, query)
        if not isinstance(answer, Streamed) or answer.outgoing is None:
            raise Missing(NO_PAGE)
        return Page("", response=StreamingResponse(answer.outgoing.pieces, 200, dict(answer.headers)))

    async def _prepared(self, visit: Visit, row_id: int) -> Page:
        await self.learn(visit)
        found = await visit.asking.found(self.at("GET", "/exports/jobs/{id}"), {"id": row_id})
        room = next((each for each in self.house.rooms.values() if each.record.plural == found["type"]), None)
        is_going = found["status"] == Prepared.RUNNING
        what = visit.words(room.title) if room is not None else found["type"]
        values = {
            "title": visit.words("Export of {what}", what=what), "found": found, "going": is_going, "room": room,
            "headers": {"Refresh": LOOK_AGAIN} if is_going else {},
        }  # fmt: skip
        return Page("face/export.html", values)
