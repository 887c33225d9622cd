"""Tables: the list of a room as a page, and as the pieces that follow when somebody scrolls on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import orjson
from markupsafe import Markup, escape

from tradehall.kernel.columns import Day
from tradehall.kernel.contracts import Window, dumps
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Invalid, Missing
from tradehall.kernel.kinds import Choice
from tradehall.kernel.reader import Reader
from tradehall.kernel.resources import Asked, Filter
from tradehall.web.face.fields import (
    FLAG,
    JSON,
    NOTHING,
    REFERENCE,
    Drawing,
    Shown,
    choice_text,
    kind_of,
    shown_fields,
)
from tradehall.web.face.pages import Page
from tradehall.web.face.rooms import Room
from tradehall.web.face.views import PASSING, PRINT, Views
from tradehall.web.face.visiting import Visit
from tradehall.web.face.words import Words, phrase

PAGE = 50
PRINTED = 1000
"""How many rows are on the page of a list that is made for paper."""
AT_FIRST = 7
LONG = 200


@dataclass(frozen=True)
class Choices:
    """A filter as it is offered: its name and title, what it may be, and what it is."""

    name: str
    title: str
    kind: str
    options: tuple[tuple[str, str], ...]
    value: str
    shown: str = ""


@dataclass(frozen=True)
class Heading:
    """A column's head: where its order leads to, and which way it is ordered now."""

    title: str
    is_right: bool
    href: str = ""
    order: str = ""


def first_columns(room: Room, names: Sequence[str]) -> list[str]:
    """The columns that a table shows until somebody chooses others."""
    if room.resource.table:
        return [name for name in room.resource.table if name in names]
    fields = room.record.fields
    short = [
        name
        for name in names
        if name not in ("id", "updated_at", "created_at", "of_trade")
        and kind_of(fields[name]) != JSON
        and (getattr(fields[name].kind, "length", None) or 0) <= LONG
    ]
    label = [name for name in room.record.known_as if name in names]
    main = {name for name in short if not fields[name].optional or kind_of(fields[name]) == REFERENCE}
    needed = [name for name in short if name not in label and name in main]
    rest = [name for name in short if name not in label and name not in main]
    found = [*label, *(needed + rest)[: AT_FIRST - 1 - len(label)]]
    return [*found, *(["created_at"] if "created_at" in names else [])]


class Tables(Views):
    """The lists of a trade."""

    async def table(self, visit: Visit, room: Room) -> Page:
        """The list of a room: all of the page, or the rows that follow a cursor."""
        room.listing.grant(visit.actor)
        if "after" in visit.query and visit.is_part:
            return Page("face/rows.html", {"listed": await self._listed(visit, room), "room": room})
        views = await self.views_of(visit, room)
        first = next((each for each in views if each.opens), None)
        if first is not None and not visit.query:
            return Page("", to=first.href)
        listed = await self._listed(visit, room)
        kept = urlencode([each for each in listed.given if each[0] not in PASSING])
        values = {
            "views": views, "kept": kept, "manages": self.manages(visit.actor), "is_print": PRINT in visit.query,
            "offers": room.offers(visit.actor), "listed": listed, "room": room, "title": visit.words(room.title),
        }  # fmt: skip
        return Page("face/table.html", values)

    async def row(self, visit: Visit, room: Room, row_id: int) -> Page:
        """One row of a list again, because somebody changed it; nothing where it is no more to be seen there."""
        grant = room.listing.grant(visit.actor)
        columns = self._columns(visit, room)

        def read(session: Session) -> str:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            found = room.resource.read(reader, row_id, grant)
            if found is None:
                return ""
            rows = orjson.loads(dumps([found[0]]))
            drawing = self.drawing(visit, reader)
            drawing.look_up(reader, columns, rows)
            return self._drawn(visit, room, drawing, columns, rows)

        html = await self.office.database.read(visit.actor.org_id, read, quick=True)
        if not html:
            raise Missing(f"{room.record.title} not found")
        return Page("", html=html)

    async def _listed(self, visit: Visit, room: Room) -> "Listed":
        """What somebody asks for; where that can't be, all rows, and why."""
        try:
            given = {name: value for name, value in visit.query.items() if value != "" and name != PRINT}
            return await self._found(visit, room, given)
        except Invalid as invalid:
            return await self._found(visit, room, {}, visit.words.why(invalid))

    async def _found(self, visit: Visit, room: Room, given: Mapping[str, str], wrong: str = "") -> "Listed":
        resource, grant = room.resource, room.listing.grant(visit.actor)
        page = PRINTED if PRINT in visit.query else PAGE
        asked = resource.asked(given, Window(page, after=given.get("after")))
        columns = self._columns(visit, room)

        def read(session: Session) -> Listed:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            found = resource.page(reader, asked, grant, counted=asked.window.after is None)
            rows = orjson.loads(dumps(found.rows))
            drawing = self.drawing(visit, reader)
            drawing.look_up(reader, columns, rows)
            chosen = tuple(self._filters(visit, room, given, reader, drawing))
            body = self._drawn(visit, room, drawing, columns, rows)
            following = self._address(room, visit, {**given, "after": found.cursor}) if found.cursor else ""
            heads = list(self._heads(visit, room, columns, given, asked))
            is_narrowed = bool(asked.filters or asked.pattern)
            return Listed(
                columns,
                heads,
                Markup(body),  # noqa: S704 - cells escape
                len(rows),
                found.total,
                following,
                chosen,
                is_narrowed,
                wrong,
                tuple(given.items()),
                self._other(visit, room, columns),
            )

        return await self.office.database.read(visit.actor.org_id, read, resource.quick(asked))

    def _columns(self, visit: Visit, room: Room) -> list[Shown]:
        view = room.resource.shape.view(visit.actor, listed=True)
        chosen = [name for name in visit.query.get("columns", "").split(",") if name in view.names]
        if chosen:
            return shown_fields(room.record, chosen, room.resource.called, visit.words)
        found = room.usual.get((view, visit.words.language))
        if found is None:
            names = first_columns(room, view.names)
            found = shown_fields(room.record, names, room.resource.called, visit.words)
            room.usual[view, visit.words.language] = found
        return found

    def _other(self, visit: Visit, room: Room, columns: Sequence[Shown]) -> tuple[tuple[str, str, bool], ...]:
        """Every column that may be shown: its name, its title, whether it is shown."""
        now = {each.column for each in columns}
        names = room.resource.shape.view(visit.actor, listed=True).names
        return tuple((name, visit.words(phrase(name)), name in now) for name in names)

    def _heads(
        self, visit: Visit, room: Room, columns: Sequence[Shown], given: Mapping[str, str], asked: Asked
    ) -> Iterator[Heading]:
        for each in columns:
            if each.column not in room.resource.sort:
                yield Heading(each.title, each.is_right)
                continue
            is_here, down = asked.sort.removeprefix("-") == each.column, asked.sort.startswith("-")
            turned = each.column if is_here and down else f"-{each.column}"
            href = self._address(
                room, visit, {name: value for name, value in given.items() if name != "after"} | {"sort": turned}
            )
            yield Heading(
                each.title, each.is_right, href, ("descending" if down else "ascending") if is_here else "none"
            )

    def _address(self, room: Room, visit: Visit, query: Mapping[str, Any]) -> str:
        return f"{visit.app}/{room.name}?{urlencode({name: value for name, value in query.items() if value})}"

    def _filters(
        self, visit: Visit, room: Room, given: Mapping[str, str], reader: Reader, drawing: Drawing
    ) -> Iterator[Choices]:
        words, view = visit.words, room.resource.shape.view(visit.actor, listed=True)
        for each in room.resource.filters:
            name = each.name if isinstance(each, Filter) else each
            title, value = words(phrase(name)), given.get(name, "")
            if isinstance(each, Filter):
                if name.removesuffix("_filter") == name or name.removesuffix("_filter") not in room.resource.filters:
                    yield Choices(name, title, *_own_kind(words, each.kind), value)
                continue
            if name not in view.names:
                yield Choices(name, title, "text", (), value)
                continue
            declared = room.record.fields[name]
            kind, options, said = kind_of(declared), tuple[tuple[str, str], ...](), ""
            if isinstance(declared.kind, Choice):
                options = tuple((str(one), choice_text(words, str(one))) for one in declared.kind.values)
            elif kind == FLAG:
                options = (("true", words("Yes")), ("false", words("No")))
            elif kind == REFERENCE and value.isdecimal():
                shown = shown_fields(room.record, [name], {}, words)[0]
                drawing.look_up(reader, [shown], [{name: int(value)}])
                said = drawing.called(shown.target or room.record, int(value))
            yield Choices(name, title, kind, options, value, said)

    def _drawn(
        self, visit: Visit, room: Room, drawing: Drawing, columns: Sequence[Shown], rows: Sequence[Mapping[str, Any]]
    ) -> str:
        """The rows as they are sent: drawn column by column, and not by a template, since there are many."""
        place, ids = f"{visit.app}/{room.name}/", [row["id"] for row in rows]
        drawn = [drawing.column(each, rows) for each in columns]
        if columns and columns[0].kind == REFERENCE:
            drawn[0] = [f'{text} <a href="{place}{each}">#{each}</a>' for each, text in zip(ids, drawn[0], strict=True)]
        elif columns:
            link = f'<a class="row-link" href="{place}%s">%s</a>'
            called = (f"#{each}" if text == NOTHING else text for each, text in zip(ids, drawn[0], strict=True))
            drawn[0] = [link % pair for pair in zip(ids, called, strict=True)]
        mark = str(escape(visit.words("Select"))).replace("%", "%%")
        cells = "".join('<td class="text-end">%s</td>' if each.is_right else "<td>%s</td>" for each in columns)
        pattern = (
            f'<tr data-row="{room.record.plural}:%s"><td class="w-1"><input class="form-check-input" type="checkbox" '
            f'name="id" value="%s" form="many" aria-label="{mark} %s"></td>{cells}</tr>'
        )
        return "".join(pattern % each for each in zip(ids, ids, ids, *drawn, strict=True))


def _own_kind(words: Words, kind: Any) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What a filter of a trade's own takes, and what it may be."""
    if kind is bool:
        return FLAG, (("true", words("Yes")),)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return "choice", tuple((str(one), choice_text(words, str(one))) for one in kind)
    return ("day" if kind is Day else "text"), ()


@dataclass(frozen=True)
class Listed:
    """A list, ready to be laid out."""

    columns: list[Shown]
    heads: list[Heading]
    body: Markup
    count: int
    total: int
    following: str
    filters: tuple[Choices, ...]
    is_narrowed: bool
    wrong: str
    given: tuple[tuple[str, str], ...]
    all_columns: tuple[tuple[str, str, bool], ...]
