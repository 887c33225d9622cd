"""Doing: verbs as forms. What is refused is said at its field; what others changed meanwhile is shown beside it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import orjson
from markupsafe import Markup

from tradehall.kernel.contracts import Window, dumps
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Invalid, Missing, Problem, Stale, Unauthenticated
from tradehall.kernel.keys import ApiKey
from tradehall.kernel.labels import labels
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record
from tradehall.kernel.resources import Asked
from tradehall.kernel.search import pattern
from tradehall.kernel.webhooks.records import Webhook
from tradehall.web.face.details import Details
from tradehall.web.face.fields import Drawing, shown_fields
from tradehall.web.face.forms import Filling, Input, inputs
from tradehall.web.face.pages import Page
from tradehall.web.face.rooms import Deed, Room
from tradehall.web.face.visiting import Visit
from tradehall.web.face.words import Words, phrase

PICKED = 20
LONGEST_ID = 19
UNDOES = "undo"
"""Is sent with what undoes something."""


@dataclass(frozen=True)
class Conflict:
    """A field that somebody changed while somebody else was filling it in."""

    title: str
    before: str
    mine: str
    theirs: Markup
    is_mine: bool


class Doing(Details):
    """What people do on the pages of a trade."""

    async def ask(self, visit: Visit, room: Room, deed: Deed, row_id: int | None = None) -> Page:
        """The form of a verb, empty or with what the row holds."""
        deed.contract.grant(visit.actor)
        filling = Filling(visit.words, visit.formats)
        row, version = await self._row(visit, room, row_id) if row_id is not None else ({}, 0)
        filling.formats = visit.formats
        declared = self._declared(visit, deed)
        filling.begin(declared, row if deed is room.edit else {}, visit.query)
        await self._say(visit, filling)
        return self._form(visit, room, deed, row_id, row, filling, version)

    async def do(self, visit: Visit, room: Room, deed: Deed, row_id: int | None = None) -> Page:
        """Carry out a verb with what was filled in, or say what it would change."""
        deed.contract.grant(visit.actor)
        row, version = await self._row(visit, room, row_id) if row_id is not None else ({}, 0)
        filling, declared = Filling(visit.words, visit.formats), self._declared(visit, deed)
        body = filling.read(declared, visit.form, only_changed=deed is room.edit) if declared else None
        is_dry = visit.value("dry_run") == "1"
        headers = self._headers(visit, deed, row_id, is_dry)
        try:
            answer = await visit.asking.ask(
                deed.contract,
                {"id": row_id} if row_id is not None else {},
                {"dry_run": "1"} if is_dry else {},
                body,
                headers,
                visit.file if deed.contract.file else None,
            )
        except Unauthenticated:
            raise
        except Problem as problem:
            if UNDOES in visit.form:
                return self._not_undone(visit, problem, deed, declared)
            whole = filling.again(declared, visit.form, problem.errors if isinstance(problem, Invalid) else ())
            await self._say(visit, filling)
            clash = self._conflict(visit, room, declared, problem) if isinstance(problem, Stale) else []
            if not isinstance(problem, Invalid):
                whole = [] if clash else [". ".join(visit.why(problem))]
            shown = replace(self._form(visit, room, deed, row_id, row, filling, version), status=problem.status)
            return replace(shown, values={**shown.values, "whole": whole, "conflict": clash})
        told = orjson.loads(answer.body) if answer.body else None
        if is_dry:
            filling.again(declared, visit.form, ())
            await self._say(visit, filling)
            shown = self._form(visit, room, deed, row_id, row, filling, version)
            would = await self._would(visit, told or {})
            return replace(shown, values={**shown.values, "would": would, "version": visit.value("version") or version})
        undo = self._undo(visit, room, deed, row_id, row, declared)
        if undo and (tag := answer.headers.get("ETag")):
            undo += f"{'&' if '?' in undo else '?'}version={tag.strip(chr(34))}&{UNDOES}=1"
        return self._after(visit, room, deed, row_id, row, told, undo)

    def _not_undone(self, visit: Visit, problem: Problem, deed: Deed, declared: Sequence[Input]) -> Page:
        """What one click can't undo any more leads to the form, with what stood there, to decide."""
        visit.tell(visit.words.why(problem))
        former = {each.name: visit.value(each.name) for each in declared if each.name in visit.form}
        return Page("", to=f"{visit.root}{visit.scope['path'].removeprefix(visit.root)}?{urlencode(former)}")

    def _declared(self, visit: Visit, deed: Deed) -> tuple[Input, ...]:
        """The fields of a verb's form; what a key may do is chosen from all that there is to do."""
        fields = inputs(deed.verb.body) if deed.verb.body is not None else ()
        scopes = tuple((each, self._scope(visit.words, each)) for each in sorted(self.trade.scopes))
        roles = tuple((each.name, each.title) for each in self.trade.roles)
        events = visit.words("One a line, as in user.create; user.* is all of a kind, * is everything")
        chosen: Mapping[Any, Mapping[str, dict[str, Any]]] = {
            ApiKey: {"scopes": {"kind": "several", "options": scopes}, "role": {"kind": "choice", "options": roles}},
            Webhook: {"events": {"help": events}, "url": {"kind": "text"}},
        }
        known = chosen.get(deed.verb.record, {})
        return tuple(replace(each, **known.get(each.name, {})) for each in fields)

    def _scope(self, words: Words, scope: str) -> str:
        """What a key may do, as people read it: `rentals:give_back` is "Rentals: give back"."""
        kind, _, what = scope.partition(":")
        return f"{words(phrase(kind))}: {words(phrase(what)).lower()}"

    def _headers(self, visit: Visit, deed: Deed, row_id: int | None, is_dry: bool) -> dict[bytes, bytes]:
        found: dict[bytes, bytes] = {}
        if (version := visit.value("version")).isdecimal() and row_id is not None:
            found[b"if-match"] = b'"%s"' % version.encode()
        if (key := visit.value("key")) and key.isascii() and len(key) < 100 and not is_dry:
            found[b"idempotency-key"] = key.encode()
        return found

    def _form(
        self,
        visit: Visit,
        room: Room,
        deed: Deed,
        row_id: int | None,
        row: Mapping[str, Any],
        filling: Filling,
        version: int,
    ) -> Page:
        here = f"{visit.app}/{room.name}" + (f"/{row_id}" if row_id is not None else "")
        title = visit.words(deed.title)
        if deed is room.create:
            title = visit.words("New: {what}", what=visit.words(room.record.title))
        written = Filling(visit.words, visit.formats).written
        was = {
            each.name: visit.value(f"was.{each.name}") if visit.form else written(each, row.get(each.name))
            for each in (filling.fields if deed is room.edit else ())
        }
        values = {
            "room": room, "deed": deed, "was": was, "row_id": row_id, "fields": filling.fields, "version": version, "title": title,
            "called": self.label(room, row, visit.words) if row else "", "action": f"{here}/do/{deed.name}", "back": here,
            "whole": [], "conflict": [], "would": None, "key": str(uuid4()), "is_edit": deed is room.edit,
        }  # fmt: skip
        return Page("face/form.html", values)

    def _after(
        self,
        visit: Visit,
        room: Room,
        deed: Deed,
        row_id: int | None,
        row: Mapping[str, Any],
        told: Any,
        undo: str,
    ) -> Page:
        place = f"{visit.app}/{room.name}"
        made = told.get("id") if isinstance(told, dict) else None
        words = visit.words
        if deed is room.delete:
            visit.tell(words("{what} was deleted", what=self.label(room, row, words)))
            return Page("", to=place)
        stays = row_id if deed.contract.method != "DELETE" else None
        there = made if row_id is None and isinstance(made, int) else stays
        to = f"{place}/{there}" if there is not None else place
        if deed is room.comment:
            return Page("", to=f"{to}#comments")
        visit.tell(words("Done: {what}", what=words(deed.title).lower()), undo if row_id is not None else "")
        if holds_secret(told):
            return Page("face/secret.html", {"title": words(deed.title), "told": told, "to": to})
        return Page("", to=to)

    def _undo(
        self,
        visit: Visit,
        room: Room,
        deed: Deed,
        row_id: int | None,
        row: Mapping[str, Any],
        declared: Sequence[Input],
    ) -> str:
        """What is sent to undo it: the move back, where there is one that asks nothing; of an edit, what stood there."""
        if row_id is None:
            return ""
        place = f"{visit.app}/{room.name}/{row_id}/do/"
        if deed is room.edit:
            former = dict(_former(visit.form, declared))
            is_any = any(not name.startswith("was.") for name in former)
            return f"{place}{deed.name}?{urlencode(former)}" if is_any and len(str(former)) < 800 else ""
        before = row.get(deed.verb.state_name) if deed.verb.goal is not None else None
        back = next(
            (
                each
                for each in room.deeds
                if before is not None
                and str(each.verb.goal) == before
                and deed.verb.goal in each.verb.sources
                and each.verb.body is None
                and each.is_for(visit.actor)
            ),
            None,
        )
        return f"{place}{back.name}" if back is not None else ""

    async def _row(self, visit: Visit, room: Room, row_id: int) -> tuple[dict[str, Any], int]:
        grant = (room.reading or room.listing).grant(visit.actor)

        def read(session: Session) -> tuple[dict[str, Any], int]:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            self.drawing(visit, reader)
            found = room.resource.read(reader, row_id, grant)
            if found is None:
                raise Missing(f"{room.record.title} not found")
            return orjson.loads(dumps(found[0])), found[1]

        return await self.office.database.read(visit.actor.org_id, read, quick=True)

    async def _say(self, visit: Visit, filling: Filling) -> None:
        """Look up what the rows are called that the form refers to."""
        wanted = [
            each
            for each in filling.fields
            if each.target is not None and each.text.isdecimal() and len(each.text) < LONGEST_ID
        ]

        def read(session: Session) -> dict[type[Record], dict[int, str]]:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            self.drawing(visit, reader)
            return {
                each.target: labels(reader, each.target, [int(each.text)])
                for each in wanted
                if each.target is not None and self._may_pick(visit, each.target)
            }

        known = await self.office.database.read(visit.actor.org_id, read, quick=True)
        filling.formats = visit.formats
        for place, each in enumerate(filling.fields):
            if each in wanted and each.target is not None:
                filling.fields[place] = replace(each, said=known.get(each.target, {}).get(int(each.text), ""))

    def _may_pick(self, visit: Visit, target: type[Record]) -> bool:
        room = self.house.by_record.get(target)
        return room is not None and room.is_for(visit.actor)

    async def _would(self, visit: Visit, told: Mapping[str, Any]) -> list[tuple[str, list[tuple[str, Markup, Markup]]]]:
        """What a dry run says, as people read it: for each touched row its name and what would change."""
        changes = [each for event in told.get("events", ()) for each in event.get("changes", ())]

        def read(session: Session) -> list[tuple[str, list[tuple[str, Markup, Markup]]]]:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            drawing = self.drawing(visit, reader)
            return [
                self._changed(visit, reader, drawing, each) for each in changes if each["entity"] in self.house.by_table
            ]

        return await self.office.database.read(visit.actor.org_id, read)

    def _changed(
        self, visit: Visit, reader: Reader, drawing: Drawing, change: Mapping[str, Any]
    ) -> tuple[str, list[tuple[str, Markup, Markup]]]:
        room, is_edit = self.house.by_table[change["entity"]], change["operation"] == "edit"
        values: Mapping[str, Any] = change.get("values") or {}
        seen = room.resource.shape.view(visit.actor).names
        names = [name for name in values if name in seen and name not in ("id", "created_at", "updated_at")]
        shown = shown_fields(room.record, names, {}, visit.words)
        before, now = [{name: each[side] if is_edit else each for name, each in values.items()} for side in (0, 1)]
        drawing.look_up(reader, shown, (before, now))
        lines = [
            (each.title, drawing.value(each, before[each.name]) if is_edit else Markup(), drawing.value(each, now[each.name]))
            for each in shown
        ]  # fmt: skip
        called = f"{visit.words(room.record.title)} {change['id'] or ''}".strip()
        match change["operation"]:
            case "add":
                called = visit.words("New: {what}", what=called)
            case "delete":
                called = visit.words("Deleted: {what}", what=called)
        return called, lines

    def _conflict(self, visit: Visit, room: Room, declared: tuple[Input, ...], stale: Stale) -> list[Conflict]:
        """Each field that I changed, or that somebody else did since I looked."""
        current = orjson.loads(dumps(stale.details["current"]))
        view = room.resource.shape.view(visit.actor)
        shown = {each.name: each for each in shown_fields(room.record, view.names, room.resource.called, visit.words)}
        filling = Filling(visit.words, visit.formats)
        drawing = self.drawing_of(visit)
        found: list[Conflict] = []
        for each in declared:
            if each.name not in shown or each.name not in visit.form:
                continue
            was, mine = visit.value(f"was.{each.name}"), visit.value(each.name)
            theirs = filling.written(each, current.get(each.name))
            if mine.strip() != theirs.strip() and (mine.strip() != was.strip() or theirs.strip() != was.strip()):
                found.append(
                    Conflict(
                        shown[each.name].title,
                        was,
                        mine,
                        drawing.value(shown[each.name], current.get(each.name)),
                        mine.strip() != was.strip(),
                    )
                )
        return found

    # Picking a row that a field refers to.

    async def pick(self, visit: Visit, room: Room) -> Page:
        """Rows to choose from, as somebody types."""
        grant, resource = room.listing.grant(visit.actor), room.resource
        term = visit.query.get("q", "").strip()

        def read(session: Session) -> list[tuple[int, str, str]]:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            asked = Asked(Window(PICKED), (), pattern(term) if term and room.record.searched else None)
            rows = orjson.loads(dumps(resource.page(reader, asked, grant, counted=False).rows))
            found = [
                (
                    row["id"],
                    self.label(room, row, visit.words),
                    " · ".join(str(row[each.name]) for each in room.record.states if each.name in row),
                )
                for row in rows
            ]
            return [each for each in found if not term or room.record.searched or term.lower() in each[1].lower()]

        rows = await self.office.database.read(visit.actor.org_id, read)
        can_add = room.create is not None and room.create.is_for(visit.actor)
        return Page("face/pick.html", {"rows": rows, "room": room, "can_add": can_add, "term": term})

    # Many at once.

    async def do_many(self, visit: Visit, room: Room, deed: Deed) -> Page:
        """Do the same with several rows, one after the other; whatever is refused is said, and the others go on."""
        deed.contract.grant(visit.actor)
        ids = [int(each) for each in visit.form.get("id", ()) if each.isdecimal() and len(each) < LONGEST_ID][:500]
        filling, declared = Filling(visit.words, visit.formats), self._declared(visit, deed)
        body = filling.read(declared, visit.form) if declared else None
        refused: list[tuple[int, str]] = []
        for row_id in ids:
            try:
                await visit.asking.ask(deed.contract, {"id": row_id}, {}, body)
            except Problem as problem:
                refused.append((row_id, visit.words.why(problem)))
        done = len(ids) - len(refused)
        if not refused:
            visit.tell(visit.words.many(done, "Done with {count} row", "Done with {count} rows"))
            return Page("", to=f"{visit.app}/{room.name}")
        return Page(
            "face/many.html",
            {"room": room, "deed": deed, "refused": refused, "done": done, "title": visit.words(deed.title)},
            status=409,
        )


def _former(form: Mapping[str, Sequence[str]], declared: Sequence[Input]) -> Iterator[tuple[str, str]]:
    """What stood in the fields that were changed. A box that is not ticked is not sent: of one that stays it is said how it was."""
    for each in declared:
        was = form.get(f"was.{each.name}", ("",))[0]
        is_box = each.kind in ("flag", "several")
        if "\n".join(form.get(each.name, ())) != was and (is_box or each.name in form):
            yield each.name, was
        elif is_box:
            yield f"was.{each.name}", ""


def holds_secret(told: Any) -> bool:
    """Whether an answer holds what is shown once only."""
    return isinstance(told, dict) and any(told.get(name) for name in ("key", "secret", "link"))
