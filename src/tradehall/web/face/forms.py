"""Forms: the fields of a request model as people fill them in, and what they filled in as the interface takes it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
import orjson
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from tradehall.kernel.columns import Email, Refers
from tradehall.kernel.formats import Formats
from tradehall.kernel.records import Record, record_of
from tradehall.web.face.fields import choice_text
from tradehall.web.face.words import Words, phrase

AREA_FROM = 201
SECRETS = ("password", "pin", "secret")
HIDDEN = ("secret", "pin")
"""Kinds of fields whose text nobody sees, and that are never filled in again."""


@dataclass(frozen=True)
class Input:
    """A field of a form: what it is called, what it takes, and what stands in it."""

    name: str
    title: str
    kind: str
    is_required: bool
    places: int = 0
    longest: int | None = None
    lowest: str = ""
    options: tuple[tuple[str, str], ...] = ()
    is_named: bool = False
    """Whether its options are called by names, which are the same in every language."""
    target: type[Record] | None = None
    default: Any = None
    inner: tuple["Input", ...] = ()
    help: str = ""
    unit: str = ""
    text: str = ""
    """What stands in it now."""
    said: str = ""
    """What a row is called that it refers to."""
    wrong: str = ""
    """Why what was filled in is not taken."""


@lru_cache(1000)
def inputs(model: type[BaseModel]) -> tuple[Input, ...]:
    """The fields of a request model, in its order."""
    return tuple(_input(name, info) for name, info in model.model_fields.items())


def _input(name: str, info: FieldInfo) -> Input:
    kind, marks, may_be_empty = _core(info.annotation)
    marks = (*info.metadata, *marks)
    given = info.get_default(call_default_factory=False) if not info.is_required() else None
    default = None if given is PydanticUndefined else given
    found = Input(
        name,
        phrase(name),
        "text",
        info.is_required() and not may_be_empty,
        default=default,
        help=info.description or "",
    )
    refers = next((each for each in marks if isinstance(each, Refers)), None)
    if refers is not None:
        target = record_of(refers.record) if isinstance(refers.record, str) else refers.record
        return replace(found, kind="reference", target=target)
    return _by_kind(found, kind, marks, info.annotation)


def _by_kind(found: Input, kind: Any, marks: Sequence[Any], whole: Any) -> Input:
    if kind is AwareDatetime:
        return replace(found, kind="moment")
    if isinstance(kind, type):
        if issubclass(kind, BaseModel):
            return replace(found, kind="model", inner=inputs(kind))
        if issubclass(kind, StrEnum):
            return replace(found, kind="choice", options=tuple((str(each), str(each)) for each in kind))
        simple = (
            (bool, "flag"),
            (int, "number"),
            (Decimal, "decimal"),
            (float, "decimal"),
            (datetime, "moment"),
            (date, "day"),
            (dict, "json"),
        )
        for each, called in simple:
            if issubclass(kind, each):
                return replace(found, kind=called, places=_places(marks), lowest=_lowest(marks, called))
    if get_origin(kind) is Literal:
        return replace(found, kind="choice", options=tuple((str(each), str(each)) for each in get_args(kind)))
    if get_origin(kind) is list:
        of, inner_marks, _ = _core(get_args(kind)[0])
        if isinstance(of, type) and issubclass(of, BaseModel):
            return replace(found, kind="rows", inner=inputs(of))
        if isinstance(of, type) and issubclass(of, StrEnum):
            return replace(found, kind="several", options=tuple((str(each), str(each)) for each in of))
        return replace(found, kind="texts" if of is str else "json", longest=_longest(inner_marks))
    return _text(found, marks) if kind is str else replace(found, kind="json")


def _text(found: Input, marks: Sequence[Any]) -> Input:
    longest = _longest(marks)
    if (last := found.name.split("_")[-1]) in SECRETS:
        return replace(found, kind="pin" if last == "pin" else "secret", longest=longest)
    is_long = longest is not None and longest >= AREA_FROM and longest not in (254, 255)
    return replace(found, kind="email" if _is_email(marks) else "area" if is_long else "text", longest=longest)


def _core(annotation: Any) -> tuple[Any, tuple[Any, ...], bool]:
    """The kind itself, what marks it, and whether it may be left empty: of `Annotated[int, mark] | None` all three."""
    if get_origin(annotation) is Annotated:
        kind, *marks = get_args(annotation)
        inner, more, empty = _core(kind)
        return inner, (*marks, *more), empty
    if get_origin(annotation) in (Union, UnionType):
        parts = [each for each in get_args(annotation) if each is not type(None)]
        inner, more, _ = _core(parts[0])
        return inner, more, len(parts) < len(get_args(annotation))
    return annotation, (), False


def _places(marks: Sequence[Any]) -> int:
    # A money field is rounded to its places: it is asked what becomes of a thousandth.
    rounds = (each.func for each in marks if type(each).__name__ == "AfterValidator")
    for each in rounds:
        try:
            return max(0, -int(each(Decimal("0.12345")).as_tuple().exponent))
        except (TypeError, ValueError, AttributeError, ArithmeticError):
            continue
    return 2


def _lowest(marks: Sequence[Any], kind: str) -> str:
    if kind not in ("number", "decimal"):
        return ""
    for each in _flat(marks):
        if isinstance(each, annotated_types.Ge) and isinstance(each.ge, int) and each.ge > -(10**9):
            return str(each.ge)
        if isinstance(each, annotated_types.Gt) and isinstance(each.gt, int):
            return str(each.gt) if kind == "decimal" else str(each.gt + 1)
    return ""


def _longest(marks: Sequence[Any]) -> int | None:
    return next((each.max_length for each in _flat(marks) if getattr(each, "max_length", None)), None)


def _flat(marks: Sequence[Any]) -> Iterator[Any]:
    for each in marks:
        yield each
        if isinstance(each, FieldInfo):
            yield from each.metadata


def _is_email(marks: Sequence[Any]) -> bool:
    wanted = next((each for each in get_args(Email)[1:] if getattr(each, "pattern", None)), None)
    return wanted is not None and any(getattr(each, "pattern", None) == wanted.pattern for each in marks)


@dataclass
class Filling:
    """A form between its model and a person: fields with what stands in them, in their language and formats."""

    words: Words
    formats: Formats
    fields: list[Input] = field(default_factory=list)

    def begin(
        self, declared: Sequence[Input], values: Mapping[str, Any], texts: Mapping[str, str] | None = None
    ) -> None:
        """Lay the form out: with these texts, else with these values, else with what is usual."""
        fields = [self._titled(each, values.get(each.name, each.default)) for each in declared]
        self.fields = [
            replace(each, text=texts[each.name]) if texts and each.name in texts else each for each in fields
        ]

    def _titled(self, each: Input, value: Any) -> Input:
        options = each.options
        if not each.is_named:
            options = tuple((value, choice_text(self.words, text)) for value, text in options)
        inner = tuple(self._titled(one, one.default) for one in each.inner)
        return replace(
            each,
            title=self.words(each.title),
            options=options,
            inner=inner,
            text=self.written(each, value),
            help=self.words(each.help) if each.help else "",
        )

    def written(self, each: Input, value: Any) -> str:
        """A value as it stands in its field."""
        if value is None:
            return ""
        match each.kind:
            case "decimal":
                return self.formats.plain(Decimal(str(value)), each.places) if value != "" else ""
            case "moment":
                return self.formats.local(value if isinstance(value, str) else value.isoformat())
            case "flag":
                return "true" if value else ""
            case "json" | "rows" | "model":
                return (
                    "" if value in ({}, []) else orjson.dumps(value, default=str, option=orjson.OPT_INDENT_2).decode()
                )
            case "texts" | "several":
                return "\n".join(str(one) for one in value)
        return str(value)

    def read(
        self, declared: Sequence[Input], form: Mapping[str, Sequence[str]], *, only_changed: bool = False
    ) -> dict[str, Any]:
        """What was filled in, as the interface takes it. With `only_changed`, what differs from what stood there before."""
        found: dict[str, Any] = {}
        for each in declared:
            given = form.get(each.name, ())
            text = "\n".join(given) if each.kind == "several" else given[0] if given else ""
            if each.kind == "rows":
                found[each.name] = self._rows(each, form)
                continue
            if each.name not in form and each.kind not in ("flag", "several"):
                continue
            was = form.get(f"was.{each.name}")
            if only_changed and was is not None and _same(was[0], text):
                continue
            if text.strip() == "" and each.kind not in ("flag", "several", "texts"):
                if each.is_required or only_changed:
                    found[each.name] = None if not each.is_required else text
                continue
            found[each.name] = self._value(each, text)
        return found

    def _value(self, each: Input, text: str) -> Any:
        match each.kind:
            case "flag":
                return text == "true"
            case "number" | "reference":
                text = self.formats.read_number(text)
                return int(text) if text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 19 else text
            case "decimal":
                return self.formats.read_number(text)
            case "moment":
                return self.formats.read_moment(text)
            case "texts" | "several":
                return [line.strip() for line in text.splitlines() if line.strip()]
            case "json" | "model":
                try:
                    return orjson.loads(text)
                except orjson.JSONDecodeError:
                    return text
        return text

    def _rows(self, each: Input, form: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
        count = max((len(form.get(f"{each.name}.{one.name}", ())) for one in each.inner), default=0)
        rows: list[dict[str, Any]] = []
        for number in range(count):
            of_row = {
                one.name: [texts[number]]
                for one in each.inner
                if number < len(texts := form.get(f"{each.name}.{one.name}", ()))
            }
            if any(of_row[one.name][0].strip() for one in each.inner if one.name in of_row and one.kind != "flag"):
                rows.append(self.read(each.inner, of_row))
        return rows

    def again(
        self, declared: Sequence[Input], form: Mapping[str, Sequence[str]], errors: Sequence[Mapping[str, Any]]
    ) -> list[str]:
        """Show what was filled in, with what is wrong at each field; gives what is wrong with the whole."""
        self.fields = []
        for each in declared:
            titled = self._titled(each, None)
            given = form.get(each.name, ())
            text = "\n".join(given) if each.kind == "several" else given[0] if given else ""
            wrong = next((str(one["msg"]) for one in errors if len(one["loc"]) > 1 and one["loc"][1] == each.name), "")
            self.fields.append(replace(titled, text=text, wrong=self.words.plain(wrong)))
        names = {each.name for each in declared}
        return [
            self.words.plain(str(one["msg"])) for one in errors if len(one["loc"]) < 2 or one["loc"][1] not in names
        ]


def _same(before: str, now: str) -> bool:
    return before.replace("\r\n", "\n").strip() == now.replace("\r\n", "\n").strip()
