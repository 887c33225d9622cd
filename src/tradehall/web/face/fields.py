"""Fields: how each value of a row is shown, by the kind of its column."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any

import orjson
import sqlalchemy as sa
from markupsafe import Markup

from tradehall.kernel.columns import Email, Field, State
from tradehall.kernel.formats import Formats
from tradehall.kernel.kinds import Choice, Json, Scaled, Utc
from tradehall.kernel.labels import labels, people
from tradehall.kernel.meanings import Sentence, Several
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record, record_of
from tradehall.web.face.rooms import House
from tradehall.web.face.words import Words, called, languages, phrase

MONEY, PLACES, NUMBER, MOMENT, DAY, FLAG, STATE, CHOICE, REFERENCE, PERSON, JSON, TEXT, EMAIL, SAID, SEVERAL = (
    "money", "decimal", "number", "moment", "day", "flag", "state", "choice", "reference", "person", "json", "text", "email", "said", "several",
)  # fmt: skip
RIGHT = (MONEY, PLACES, NUMBER)
NOTHING = Markup('<span class="nothing">–</span>')
TONES = (
    ("green", ("free", "available", "completed", "delivered", "done", "paid", "succeeded", "active", "sent", "open", "success", "returned", "clear", "ok")),
    ("blue", ("running", "in progress", "in_progress", "started", "sending", "queued", "imported", "checking", "out", "received")),
    ("orange", ("pending", "overdue", "waiting", "withheld", "under_repair", "damaged", "expired", "requires_verification", "unknown")),
    ("red", ("failed", "dead", "cancelled", "blocked", "refused", "void", "suppressed", "lost")),
)  # fmt: skip


def safe(value: Any) -> str:
    """Text that is put between tags, as `markupsafe.escape` has it, which takes three times as long for a short one."""
    text = str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&#34;").replace("'", "&#39;")


def kind_of(declared: Field[Any]) -> str:
    """What kind of value a column holds."""
    kind = declared.kind
    if declared.references is not None:
        return REFERENCE
    if declared.is_person:
        return PERSON
    if isinstance(kind, Scaled):
        return MONEY if kind.places == 2 else PLACES
    if isinstance(declared, State):
        return STATE
    if isinstance(declared, Sentence | Several):
        return SAID if isinstance(declared, Sentence) else SEVERAL
    if declared.form is Email:
        return EMAIL
    simple = ((Utc, MOMENT), (Choice, CHOICE), (Json, JSON), (sa.Boolean, FLAG), (sa.Date, DAY), (sa.Integer, NUMBER))
    return next((name for each, name in simple if isinstance(kind, each)), TEXT)


@lru_cache(1024)
def tone(value: str) -> str:
    """The colour of a state's badge, as far as its name tells."""
    return next((colour for colour, names in TONES if value.lower() in names), "secondary")


@dataclass(frozen=True, eq=False)
class Shown:
    """A field as it is shown: its name in answers, its title, its kind."""

    name: str
    title: str
    kind: str
    field: Field[Any]
    column: str
    """Its name in the database."""

    @property
    def target(self) -> type[Record] | None:
        """The record that it refers to."""
        target = self.field.of if isinstance(self.field, Several) else self.field.references
        return record_of(target) if isinstance(target, str) else target

    @property
    def is_right(self) -> bool:
        """Whether it stands at the right, as numbers do."""
        return self.kind in RIGHT


def shown_fields(record: type[Record], names: Iterable[str], called: Mapping[str, str], words: Words) -> list[Shown]:
    """Some columns of a record as they are shown."""
    return [
        Shown(called.get(name, name), words(phrase(name)), kind_of(record.fields[name]), record.fields[name], name)
        for name in names
    ]


@dataclass
class Drawing:
    """What is needed to draw the values of some rows: formats, words, and what others are called."""

    house: House
    formats: Formats
    words: Words
    app: str
    rows: dict[type[Record], dict[int, str]] = field(default_factory=dict)
    people: dict[int, str] = field(default_factory=dict)

    def look_up(self, reader: Reader, columns: Iterable[Shown], rows: Iterable[Mapping[str, Any]]) -> None:
        """Ask once for each kind of row what the rows are called that these refer to, as far as their reader may know."""
        rows, everybody = list(rows), set[int]()
        for each in columns:
            if each.kind not in (PERSON, REFERENCE, SEVERAL):
                continue
            values = (row.get(each.name) for row in rows)
            known_ids = chain.from_iterable(value if isinstance(value, list) else (value,) for value in values)
            ids = {value for value in known_ids if isinstance(value, int)}
            if each.kind == PERSON:
                everybody |= ids
            elif ids and (target := each.target) is not None and self._may_know(reader, target):
                known = self.rows.setdefault(target, {})
                known |= labels(reader, target, ids - known.keys())
        if everybody:
            self.people |= people(reader, everybody)

    def know(self, reader: Reader, record: type[Record], ids: set[int]) -> None:
        """Ask what rows are called themselves, as far as their reader may know."""
        if self._may_know(reader, record):
            known = self.rows.setdefault(record, {})
            known |= labels(reader, record, ids - known.keys())

    def _may_know(self, reader: Reader, target: type[Record]) -> bool:
        room = self.house.by_record.get(target)
        return room is not None and room.is_for(reader.actor) and room.listing.grant(reader.actor).scope is None

    def cell(self, column: Shown) -> Callable[[Any], str]:
        """What draws the values of a column."""
        return _CELLS[column.kind](self, column)

    def column(self, column: Shown, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """A column of some rows, drawn."""
        draw, name = self.cell(column), column.name
        return [str(NOTHING) if (value := row.get(name)) is None or value == "" else draw(value) for row in rows]

    def value(self, column: Shown, value: Any) -> Markup:
        """One value, drawn."""
        return Markup(NOTHING if value is None or value == "" else self.cell(column)(value))  # noqa: S704 - cells escape

    def called(self, record: type[Record], row_id: int) -> str:
        """What a row is called."""
        known = self.rows.get(record, {}).get(row_id)
        return known or f"{self.words(record.title)} {row_id}"


def _money(drawing: Drawing, _: Shown) -> Callable[[Any], str]:
    return drawing.formats.numbers(2)


def _places(drawing: Drawing, column: Shown) -> Callable[[Any], str]:
    kind = column.field.kind
    return drawing.formats.numbers(kind.places if isinstance(kind, Scaled) else 0)


def _moment(drawing: Drawing, _: Shown) -> Callable[[Any], str]:
    moment = drawing.formats.moment
    return lambda value: f'<time datetime="{value}">{moment(value)}</time>'


def _day(drawing: Drawing, _: Shown) -> Callable[[Any], str]:
    return drawing.formats.day


def _flag(drawing: Drawing, _: Shown) -> Callable[[Any], str]:
    yes, no = safe(drawing.words("Yes")), safe(drawing.words("No"))
    return lambda value: yes if value else no


def _state(drawing: Drawing, _: Shown) -> Callable[[Any], str]:
    words = drawing.words
    known: dict[str, str] = {}

    def draw(value: Any) -> str:
        text = known.get(value)
        if text is None:
            text = f'<span class="badge bg-{tone(value)}-lt">{safe(choice_text(words, value))}</span>'
            known[value] = text
        return text

    return draw


def _choice(drawing: Drawing, _: Shown) -> Callable[[Any], str]:
    return lambda value: safe(choice_text(drawing.words, value))


def choice_text(words: Words, value: str) -> str:
    """One of a few values, as people read it: `mobile_money` is "Mobile money", and a language is called by itself."""
    if value in languages(words.folders):
        return called(value)
    return words(phrase(value) if value.islower() or value.isupper() else value)


def _reference(drawing: Drawing, column: Shown) -> Callable[[Any], str]:
    target = column.target
    assert target is not None  # noqa: S101 - for the type checker
    known, room = drawing.rows.get(target, {}), drawing.house.by_record.get(target)
    if room is None or target not in drawing.rows:
        return lambda value: safe(drawing.called(target, value))
    place = f"{drawing.app}/{room.name}/"
    return lambda value: f'<a href="{place}{value}">{safe(known.get(value) or drawing.called(target, value))}</a>'


def _several(drawing: Drawing, column: Shown) -> Callable[[Any], str]:
    draw = _reference(drawing, column)
    return lambda values: ", ".join(map(draw, values)) or str(NOTHING)


def _person(drawing: Drawing, _: Shown) -> Callable[[Any], str]:
    known = drawing.people
    return lambda value: safe(known.get(value) or f"#{value}") if value else str(NOTHING)


def _json(_: Drawing, __: Shown) -> Callable[[Any], str]:
    def draw(value: Any) -> str:
        if isinstance(value, dict) and all(not isinstance(each, dict | list) for each in value.values()):
            return safe(", ".join(f"{name}: {each}" for name, each in value.items()))
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return safe(", ".join(value))
        return f"<code>{safe(orjson.dumps(value).decode())}</code>"

    return draw


def _text(_: Drawing, __: Shown) -> Callable[[Any], str]:
    return lambda value: safe(value)


def _said(drawing: Drawing, _: Shown) -> Callable[[Any], str]:
    return lambda value: safe(drawing.words(value))


def _email(_: Drawing, __: Shown) -> Callable[[Any], str]:
    return lambda value: f'<a href="mailto:{safe(value)}">{safe(value)}</a>'


_CELLS: dict[str, Callable[[Drawing, Shown], Callable[[Any], str]]] = {
    MONEY: _money, PLACES: _places, NUMBER: _places, MOMENT: _moment, DAY: _day, FLAG: _flag, STATE: _state,
    CHOICE: _choice, REFERENCE: _reference, PERSON: _person, JSON: _json, TEXT: _text, EMAIL: _email,
    SAID: _said, SEVERAL: _several,
}  # fmt: skip
