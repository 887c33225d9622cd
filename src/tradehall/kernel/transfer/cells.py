"""Cells: what stands in a table, read as somebody meant it, by the conventions of the file (P-27)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Annotated, Any, get_args, get_origin
from zoneinfo import ZoneInfo

import orjson
from pydantic.fields import FieldInfo

from tradehall.kernel.search import fold

TRUE = frozenset(("true", "yes", "y", "1", "x", "on", "ja", "oui", "si", "vrai", "wahr"))
FALSE = frozenset(("false", "no", "n", "0", "off", "nein", "non", "faux", "falsch"))
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a program that opens a table takes for a formula, at the start of a cell (P-26)."""
_NUMBER = re.compile(r"-?[\d.,]*\d")
_WRITTEN = re.compile(r"([-−–]?)[^\d.,−–-]*([-−–]?)([\d.,]*\d)[^\d.,−–-]*([-−–]?)")
_SPACES = re.compile(r"[\s'’_]")
_DAY = re.compile(r"(\d{1,4})[./-](\d{1,2})[./-](\d{1,4})")
_COMMA = re.compile(r"^-?\d+,(\d{1,2}|\d{4,})$|\.\d{3},\d")
_POINT = re.compile(r"^-?\d+\.(\d{1,2}|\d{4,})$|,\d{3}\.\d")


class Kind(StrEnum):
    """How a cell is read."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole number"
    FLAG = "yes or no"
    DAY = "date"
    MOMENT = "date and time"
    CHOICE = "choice"
    JSON = "json"


@dataclass(frozen=True)
class Column:
    """What a field of a request takes."""

    kind: Kind
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conventions:
    """How numbers and dates are written in a file: the decimal mark, the order of day, month and year, the time zone."""

    decimal: str = "."
    dates: str = "dmy"
    zone: str = "UTC"


def column_of(info: FieldInfo) -> Column:
    """What a field of a request model takes."""
    for each in _kinds(info.annotation):
        if not isinstance(each, type):
            continue
        if issubclass(each, Enum):
            return Column(Kind.CHOICE, tuple(str(member.value) for member in each))
        for base, kind in (
            (bool, Kind.FLAG), (int, Kind.WHOLE), (Decimal, Kind.NUMBER), (float, Kind.NUMBER),
            (datetime, Kind.MOMENT), (date, Kind.DAY), (str, Kind.TEXT),
        ):  # fmt: skip
            if issubclass(each, base):
                return Column(kind)
    return Column(Kind.JSON)


def _kinds(annotation: Any) -> Iterable[Any]:
    if get_origin(annotation) is Annotated:
        yield from _kinds(get_args(annotation)[0])
    elif get_args(annotation):
        for each in get_args(annotation):
            yield from _kinds(each)
    else:
        yield annotation


def conventions(samples: Iterable[tuple[Column, Any]], zone: str, region: str) -> Conventions:
    """What the cells of a file say about how it is written; the country decides where they say nothing."""
    comma = point = day_first = month_first = 0
    for column, cell in samples:
        if not isinstance(cell, str):
            continue
        if column.kind is Kind.NUMBER:
            bare = _bare(cell)
            comma += bool(_COMMA.search(bare))
            point += bool(_POINT.search(bare))
        elif column.kind in (Kind.DAY, Kind.MOMENT) and (found := _DAY.match(cell.strip())) and len(found[1]) < 3:
            day_first += int(found[1]) > 12
            month_first += int(found[2]) > 12
    usual = month_first > day_first if month_first != day_first else region == "US"
    return Conventions("," if comma > point else ".", "mdy" if usual else "dmy", zone)


def read(column: Column, cell: Any, how: Conventions) -> Any:
    """What a cell means; raises ValueError with a sentence. Whether it fits is for the request's model to say."""
    if isinstance(cell, str):
        cell = cell.strip()
    match column.kind:
        case Kind.TEXT:
            return _text(cell)
        case Kind.NUMBER | Kind.WHOLE:
            return _number(cell, how)
        case Kind.FLAG:
            return _flag(cell)
        case Kind.DAY:
            return _moment(cell, how).date()
        case Kind.MOMENT:
            return _moment(cell, how)
        case Kind.CHOICE:
            return next((each for each in column.choices if fold(each) == fold(str(cell))), cell)
    return _json(cell)


def _text(cell: Any) -> str:
    if not isinstance(cell, str):
        return str(cell)
    # What an export wrote to keep a formula from being one is not part of the text.
    return cell[1:] if cell[:1] == "'" and cell.lstrip("'").startswith(FORMULA) else cell


def _bare(cell: str) -> str:
    """A number without its currency, its spaces and its apostrophes; below zero by a minus on either side, or in brackets."""
    text = _SPACES.sub("", cell)
    if (found := _WRITTEN.fullmatch(text)) is None:
        return text
    signs = sum(map(bool, found.group(1, 2, 4))) + (text.startswith("(") and text.endswith(")"))
    return text if signs > 1 else f"{'-' * signs}{found[3]}"


def _number(cell: Any, how: Conventions) -> Decimal:
    if isinstance(cell, bool):
        raise ValueError("A number is needed")
    if isinstance(cell, int | float):
        return Decimal(repr(cell))
    text = _bare(cell)
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{_shown(cell)} is not a number")
    decimal = how.decimal
    if "." in text and "," in text:
        decimal = max(".,", key=text.rfind)
    elif text.count(".") + text.count(",") == 1 and not re.search(r"[.,]\d{3}$", text):
        decimal = "." if "." in text else ","
    whole, _, rest = text.rpartition(decimal) if text.count(decimal) == 1 else (text, "", "")
    return Decimal(f"{re.sub(r'[.,]', '', whole) or '0'}.{rest or '0'}") if rest else Decimal(re.sub(r"[.,]", "", text))


def _flag(cell: Any) -> bool:
    if isinstance(cell, bool):
        return cell
    if (text := fold(str(cell))) in TRUE | FALSE:
        return text in TRUE
    raise ValueError(f"{_shown(cell)} is neither yes nor no")


def _moment(cell: Any, how: Conventions) -> datetime:
    text = str(cell)
    try:
        if found := _DAY.match(text):
            year, month, day = _ordered([int(each) for each in found.groups()], len(found[1]) > 2, how.dates)
            clock = text[found.end() :].lstrip(" T,") or "00:00"
            moment = datetime.fromisoformat(f"{year:04d}-{month:02d}-{day:02d}T{clock.rjust(5, '0')}")
        else:
            moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{_shown(cell)} is not a date that this file would hold: {how.dates} or ISO 8601") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=ZoneInfo(how.zone))


def _ordered(parts: list[int], year_first: bool, dates: str) -> tuple[int, int, int]:
    if year_first:
        return parts[0], parts[1], parts[2]
    day, month, year = (parts[1], parts[0], parts[2]) if dates == "mdy" else (parts[0], parts[1], parts[2])
    return year + (2000 if year < 70 else 1900) if year < 100 else year, month, day


def _json(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    try:
        return orjson.loads(cell)
    except orjson.JSONDecodeError:
        raise ValueError(f"{_shown(cell)} is not JSON") from None


def _shown(cell: Any) -> str:
    text = str(cell)
    return text if len(text) <= 40 else f"{text[:40]}…"
