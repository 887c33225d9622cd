"""Importing: a table of rows is sent, looked at, put in order, checked, and then imported."""

from dataclasses import replace
from typing import Any

import orjson
from starlette.responses import StreamingResponse

from tradehall.kernel.errors import Invalid, MethodNotAllowed, Missing, Problem, Unauthenticated
from tradehall.kernel.transfer.records import GOING, Import
from tradehall.web.dispatch import Streamed
from tradehall.web.face.errands import LOOK_AGAIN, NO_PAGE, Errands, Parts, number
from tradehall.web.face.forms import Filling, Input
from tradehall.web.face.pages import Page
from tradehall.web.face.rooms import Deed, Room
from tradehall.web.face.visiting import Visit
from tradehall.web.face.words import phrase


class Importing(Errands):
    """Tables that are imported."""

    async def ask(self, visit: Visit, room: Room, deed: Deed, row_id: int | None = None) -> Page:
        """The form of a verb; that of an import has a page of its own."""
        if room.record is Import and deed.contract.file:
            return Page("", to=f"{visit.app}/-/imports/new")
        return await super().ask(visit, room, deed, row_id)

    async def detail(self, visit: Visit, room: Room, row_id: int) -> Page:
        """The page of a row; that of an import shows how far it is."""
        if room.record is Import:
            return await self._import(visit, row_id)
        return await super().detail(visit, room, row_id)

    async def imports(self, visit: Visit, method: str, parts: Parts) -> Page:
        """The pages below `/-/imports`."""
        match parts:
            case ["new"]:
                return await self._new_import(visit, method)
            case [each, "errors.csv"]:
                if method != "GET":
                    raise MethodNotAllowed(["GET"])
                answer = await visit.asking.ask(self.at("GET", "/imports/{id}/errors.csv"), {"id": number(each)})
                if not isinstance(answer, Streamed) or answer.outgoing is None:
                    raise Missing(NO_PAGE)
                return Page("", response=StreamingResponse(answer.outgoing.pieces, 200, dict(answer.headers)))
            case [each, "columns" | "start" | "cancel" as what] if method == "POST":
                return await self._go_on(visit, number(each), what)
        raise Missing(NO_PAGE)

    async def _new_import(self, visit: Visit, method: str) -> Page:
        upload = self.at("POST", "/imports")
        upload.grant(visit.actor)
        await self.learn(visit)
        types = await visit.asking.found(self.at("GET", "/imports/types"))
        kinds = [(each["type"], visit.words(each["title"])) for each in types]
        kinds += [(each.name, each.title) for each in self.trade.foreign]
        declared = tuple(_tidy(each, kinds) for each in self.asked_by(upload, "columns", "dry_run", "ask_columns"))
        filling = Filling(visit.words, visit.formats)
        if method == "GET":
            filling.begin(declared, visit.query)
            return self._sheet(visit, filling, [])
        body = {**filling.read(declared, visit.form), "dry_run": True, "ask_columns": True}
        try:
            answer = await visit.asking.ask(upload, body=body, file=visit.file)
        except Unauthenticated:
            raise
        except Problem as problem:
            whole = filling.again(declared, visit.form, problem.errors if isinstance(problem, Invalid) else ())
            if not isinstance(problem, Invalid):
                whole = [visit.words(problem.sentence)]
            return replace(self._sheet(visit, filling, whole), status=problem.status)
        return Page("", to=f"{visit.app}/imports/{orjson.loads(answer.body)['id']}")

    def _sheet(self, visit: Visit, filling: Filling, whole: list[str]) -> Page:
        fields = sorted(filling.fields, key=lambda each: each.name != "type")
        return Page("face/import-new.html", {"title": visit.words("Import a table"), "fields": fields, "whole": whole})

    async def _import(self, visit: Visit, row_id: int, wrong: str = "", status: int = 200) -> Page:
        await self.learn(visit)
        found = await visit.asking.found(self.at("GET", "/imports/{id}"), {"id": row_id})
        types = await visit.asking.found(self.at("GET", "/imports/types"))
        kind = next((each for each in types if each["type"] == found["type"]), None)
        is_going = found["status"] in [str(each) for each in GOING]
        fields = (
            [(each["name"], visit.words(phrase(each["name"])), each["required"]) for each in kind["fields"]]
            if kind
            else []
        )
        room = next((each for each in self.house.rooms.values() if each.record.plural == found["type"]), None)
        values: dict[str, Any] = {
            "title": visit.words("Import of {what}", what=found["file_name"]), "found": found, "fields": fields, "going": is_going,
            "room": room, "wrong": wrong, "headers": {"Refresh": LOOK_AGAIN} if is_going and status == 200 else {},
            "parts": ("created", "updated", "unchanged", "failed"), "lacking": _lacking(found["columns"] or [], fields),
        }  # fmt: skip
        return Page("face/import.html", values, status)

    async def _go_on(self, visit: Visit, row_id: int, what: str) -> Page:
        contract = (
            self.at("PATCH", "/imports/{id}") if what == "columns" else self.at("POST", f"/imports/{{id}}/{what}")
        )
        body: Any = None
        if what == "columns":
            names, chosen = visit.form.get("column", []), visit.form.get("field", [])
            body = {"columns": {name: field or None for name, field in zip(names, chosen, strict=False)}}
        try:
            await visit.asking.ask(contract, {"id": row_id}, {}, body)
        except Unauthenticated:
            raise
        except Problem as problem:
            return await self._import(visit, row_id, visit.words(problem.sentence), problem.status)
        return Page("", to=f"{visit.app}/imports/{row_id}")


def _tidy(each: Input, kinds: list[tuple[str, str]]) -> Input:
    """A field of the form, with what there is to choose from."""
    if each.name == "type":
        return replace(each, kind="choice", title="What is in it", options=tuple(kinds), is_required=True)
    titles = {
        "decimal": "Decimal mark", "dates": "Order of day, month and year", "existing": "Rows that are there already",
        "whole": "All rows or none",
    }  # fmt: skip
    return replace(each, title=titles.get(each.name, each.title))


def _lacking(columns: list[dict[str, Any]], fields: list[tuple[str, str, bool]]) -> list[str]:
    """What every row needs and no column of the table is, as people read it."""
    known = {each["field"] for each in columns}
    return [said for name, said, needed in fields if needed and columns and name not in known]
