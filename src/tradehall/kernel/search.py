"""Text search through a folded column: without case and accents, the same on both databases (P-28)."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

_BETWEEN_DIGITS = "+-./() "
_NO_DIGIT = re.compile(r"\D+")


def fold(text: str) -> str:
    """Text without case and accents, its white space single."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = "".join(char for char in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(char))
    return " ".join(plain.split())


def digits(text: str) -> str:
    """The digits of a phone number or of a document number."""
    return _NO_DIGIT.sub("", text) if text.isascii() else "".join(char for char in text if char.isdigit())


def folded(values: Iterable[Any]) -> str:
    """What a row is found by: every value folded, and the digits of those that are mostly digits."""
    return "\n".join(part for value in values if value is not None for part in _parts(str(value)))


@lru_cache(4096)
def _parts(value: str) -> tuple[str, ...]:
    text = fold(value)
    number = digits(text)
    return (text, number) if len(number) >= 4 and number != text else (text,)


def matches(column: sa.ColumnElement[str], name: str) -> sa.ColumnElement[bool]:
    """The condition that a folded column contains the pattern of a parameter."""
    return column.like(sa.bindparam(name, type_=sa.Text), escape="\\")


def pattern(term: str) -> str:
    """The LIKE pattern of what somebody typed; `%` and `_` are themselves (P-09)."""
    text = fold(term)
    number = digits(text)
    if number and all(char.isdigit() or char in _BETWEEN_DIGITS for char in text):
        # Somebody typed a phone number: the trunk zero is not in the international form, nor are two dialled before it.
        text = (number[2:] if number.startswith("00") else number.removeprefix("0")) or number
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
