"""Details: one row with everything about it: its fields, what refers to it, its story, and what may be done with it now."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from markupsafe import Markup

from tradehall.kernel import events
from tradehall.kernel.comments import NOTED
from tradehall.kernel.contracts import dumps
from tradehall.kernel.errors import Missing
from tradehall.kernel.labels import people
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import referrers
from tradehall.kernel.verbs import Actor, grants
from tradehall.web.face.fields import Drawing, Shown, shown_fields
from tradehall.web.face.pages import Entry, Page, Pages
from tradehall.web.face.rooms import Deed, Room
from tradehall.web.face.visiting import Visit
from tradehall.web.face.words import Words, phrase

RELATED = 5
LAST = ("created_at", "updated_at")
STORY = 50


@dataclass(frozen=True)
class Line:
    """A field with its value, drawn."""

    title: str
    value: Markup
    is_wide: bool = False


@dataclass(frozen=True)
class Related:
    """Rows that refer to this one: the newest, and how many there are."""

    room: Room
    title: str
    rows: list[tuple[int, str, Markup]]
    href: str
    has_more: bool


@dataclass(frozen=True)
class Told:
    """Something that happened to a row."""

    at: str
    who: str
    what: str
    verb: str
    changes: list[tuple[str, Markup, Markup]]
    event_id: int


class Details(Pages):
    """The rows of a trade, one at a time."""

    async def detail(self, visit: Visit, room: Room, row_id: int) -> Page:
        """The page of a row."""
        grant = (room.reading or room.listing).grant(visit.actor)

        def find(reader: Reader) -> dict[str, Any]:
            found = room.resource.read(reader, row_id, grant)
            if found is None:
                raise Missing(f"{room.record.title} not found")
            row, drawing = orjson.loads(dumps(found[0])), self.drawing_of(visit)
            names = room.resource.shape.view(visit.actor).names
            columns = shown_fields(room.record, names, room.resource.called, visit.words)
            drawing.look_up(reader, columns, [row])
            states = [
                (visit.words(phrase(each.name)), str(row[each.name])) for each in room.record.states if each.name in row
            ]

            def now(deed: Deed | None) -> Deed | None:
                return deed if deed is not None and self._may_now(reader, deed, row_id, row) else None

            return {
                "lines": lines(drawing, columns, row), "title": self.label(room, row, visit.words), "version": found[1],
                "related": list(self._related(visit, reader, room, row_id, drawing)), "row": row, "states": states,
                "story": self._story(visit, reader, room, row_id, drawing) if room.history is not None else [],
                "deeds": [each for each in room.deeds if now(each)], "papers": self._papers(visit, room, row_id), "edit": now(room.edit), "delete": now(room.delete),
                "files": self._files(visit, reader, room, row_id), "comments": self._comments(visit, reader, room, row_id),
                "sections": self.sections(visit, reader, room, row_id),
            }  # fmt: skip

        values = await self.read(visit, find)
        leads = self.leads(visit, room, row_id)
        return Page("face/detail.html", {**values, "leads": leads, "room": room, "row_id": row_id})

    def sections(self, visit: Visit, reader: Reader, room: Room, row_id: int) -> list[Markup]:
        """What the trade draws itself on the page of a row."""
        return []

    def _papers(self, visit: Visit, room: Room, row_id: int) -> list[Entry]:
        """What can be printed of a row, in each size: PDF of the interface, for whoever looks at the page."""
        place = f"{visit.app}/-/api{self.trade.prefix}/{room.record.in_paths}/{row_id}/papers"
        return [
            Entry(
                visit.words(paper.title) + (f" ({size_called(size)})" if len(paper.sizes) > 1 else ""),
                f"{place}/{paper.name}.pdf?size={size}",
                "print",
            )
            for paper in self.trade.papers
            if paper.record is room.record and visit.actor.may(paper.by)
            for size in paper.sizes
        ]

    def leads(self, visit: Visit, room: Room, row_id: int) -> Sequence[Entry]:
        """Where else one can go from a row."""
        return ()

    def label(self, room: Room, row: Mapping[str, Any], words: Words) -> str:
        """What a row is called, as far as this person sees it."""
        text = " ".join(str(row[name]) for name in room.record.known_as if row.get(name) not in (None, ""))
        return text or f"{words(room.record.title)} {row['id']}"

    def _may_now(self, reader: Reader, deed: Deed, row_id: int, row: Mapping[str, Any]) -> bool:
        """Whether this person may do that with this row as it is: by their role, by whose row it is, by its state."""
        actor, verb = reader.actor, deed.verb
        if not deed.is_for(actor):
            return False
        if verb.goal is not None:
            state = row.get(verb.state_name)
            if state is not None and state not in [str(each) for each in verb.sources]:
                return False
        if verb.when is not None and not verb.when(row):
            return False
        return _reaches(reader, deed, actor, row_id)

    def _related(self, visit: Visit, reader: Reader, room: Room, row_id: int, drawing: Drawing) -> Iterator[Related]:
        links = [(record, declared) for record, declared in referrers(room.record) if record in self.house.by_record]
        for record, declared in links:
            there = self.house.by_record[record]
            if not there.is_for(visit.actor):
                continue
            names = there.resource.shape.view(visit.actor, listed=True).names
            summary = [name for name in _summary(there, names) if name != declared.name]
            found = self.rows_with(reader, there, ["id", *summary], declared.name, row_id, RELATED + 1)
            if not found:
                continue
            rows = found[:RELATED]
            shown = [
                each for each in shown_fields(record, summary, {}, visit.words) if each.column not in record.known_as
            ]
            drawing.look_up(reader, shown, rows)
            told = [(row["id"], self.label(there, row, visit.words), _told(drawing, shown, row)) for row in rows]
            several = sum(1 for other, _ in links if other is record) > 1
            title = visit.words(there.title) + (f" ({visit.words(phrase(declared.name))})" if several else "")
            can_filter = declared.name in there.resource.filters
            href = f"{visit.app}/{there.name}?{declared.name}={row_id}" if can_filter else ""
            yield Related(there, title, told, href, len(found) > RELATED)

    def _story(self, visit: Visit, reader: Reader, room: Room, row_id: int, drawing: Drawing) -> list[Told]:
        found = events.history(reader.session, reader.org_id, room.record.table.name, row_id, 2**62, STORY)
        found = [each for each in found if each["operation"] != NOTED]  # what was said stands above
        found = orjson.loads(dumps(room.resource.visible(found, visit.actor)))
        actors = {int(number) for each in found if (number := str(each["actor"]).removeprefix("user:")).isdecimal()}
        names = {f"user:{number}": name for number, name in people(reader, actors).items()}
        seen = {
            name: each
            for each in shown_fields(room.record, room.resource.shape.view(visit.actor).names, {}, visit.words)
            for name in (each.column,)
        }
        drawing.look_up(reader, seen.values(), [values for each in found for values in _sides(each)])
        return [
            Told(
                drawing.formats.moment(each["at"]),
                names.get(each["actor"]) or (visit.words("Tradehall") if each["actor"] == "system" else str(each["actor"])),
                self._done(visit.words, room, each), each["verb"], list(_changes(drawing, seen, each)), each["id"],
            )
            for each in found
        ]  # fmt: skip

    def _done(self, words: Words, room: Room, told: Mapping[str, Any]) -> str:
        own, _, name = str(told["verb"]).partition(".")
        verb = self.house.by_event.get(told["verb"])
        return words.brief(verb.summary) if verb is not None else words(phrase(name or own))

    def _files(self, visit: Visit, reader: Reader, room: Room, row_id: int) -> list[dict[str, Any]] | None:
        """The files of a row, where it may have some."""
        return None

    def _comments(self, visit: Visit, reader: Reader, room: Room, row_id: int) -> dict[str, Any] | None:
        """What was said about a row, where something may be."""
        return None


def _reaches(reader: Reader, deed: Deed, actor: Actor, row_id: int) -> bool:
    grant = actor.grant(deed.verb.by)
    if grant.scope is None or not any(each.role.name == actor.role for each in grants(deed.verb.by)):
        return True
    return reader.find(deed.verb.record, row_id, grant) is not None


def _summary(room: Room, names: Sequence[str]) -> list[str]:
    """A few fields that tell one related row from the next."""
    states = [each.name for each in room.record.states]
    amounts = [name for name in ("amount", "amount_paid", "cost", "value", "charge", "created_at") if name in names]
    found = dict.fromkeys(["id", *room.record.known_as, *states, *amounts[:1], *amounts[-1:]])
    return [name for name in found if name in names and name != "id"]


def size_called(size: str) -> str:
    """What a size of paper is called."""
    return {"a4": "A4", "80mm": "80 mm"}.get(size, size.capitalize())


def lines(drawing: Drawing, columns: Sequence[Shown], row: Mapping[str, Any]) -> list[Line]:
    """Every field with its value: what is empty comes last."""
    shown = [each for each in columns if each.column not in ("id", "of_trade", *LAST)]
    shown += [each for each in columns if each.column in LAST]
    found = [
        Line(each.title, drawing.value(each, row.get(each.name)), len(str(row.get(each.name) or "")) > 60)
        for each in shown
    ]
    empty = [row.get(each.name) in (None, "", {}, []) for each in shown]
    return [line for line, is_empty in zip(found, empty, strict=True) if not is_empty] + [
        line for line, is_empty in zip(found, empty, strict=True) if is_empty
    ]


def _told(drawing: Drawing, shown: Sequence[Shown], row: Mapping[str, Any]) -> Markup:
    values = (drawing.value(each, row[each.name]) for each in shown if row.get(each.name) not in (None, ""))
    return Markup(" · ").join(values)


def _sides(told: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    changes = told["changes"] or {}
    for place in (0, 1):
        yield {name: value[place] for name, value in changes.items() if isinstance(value, list) and len(value) == 2}


def _changes(
    drawing: Drawing, seen: Mapping[str, Shown], told: Mapping[str, Any]
) -> Iterator[tuple[str, Markup, Markup]]:
    for name, value in (told["changes"] or {}).items():
        if name in seen and told["operation"] == "edit" and isinstance(value, list) and len(value) == 2:
            yield seen[name].title, drawing.value(seen[name], value[0]), drawing.value(seen[name], value[1])
