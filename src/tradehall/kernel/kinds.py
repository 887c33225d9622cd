"""Kinds of columns: how a value lies in a database, is seen by rules, and is written in answers.

A `Way` is how a value is converted as a Python expression of `{value}`, in which `{by}` stands for what comes with it: what
runs for each value of each row is written into the functions of a statement (`Compiled`) and calls nothing of Python's own.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Dialect

from tradehall.kernel import money as amounts

Way = tuple[str, Any]
Convert = Callable[[Any], Any]
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


@lru_cache(256)
def utc_text(moment: datetime) -> str:
    """ISO 8601 in UTC with six digits and `Z`: sorts as text as it does in time."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="microseconds")[:-6] + "Z"


@lru_cache(256)
def kept_text(moment: datetime) -> str:
    """The same, of a moment that says where it is meant."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return utc_text(moment)


def in_utc(moment: datetime) -> datetime:
    """The same moment, in UTC."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(UTC)


class Scaled(sa.types.TypeDecorator[Decimal]):
    """An exact decimal, kept as an integer of 10**-places units."""

    impl = sa.BigInteger
    cache_ok = True

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places

    # Processors are given whole, here and below: SQLAlchemy's own go through three calls for each value.

    def bind_processor(self, dialect: Dialect) -> Convert:
        places = self.places
        return lambda value: None if value is None else amounts.scaled(value, places)

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        places = self.places
        return lambda value: None if value is None else amounts.unscaled(value, places)


class Utc(sa.types.TypeDecorator[datetime]):
    """A moment in UTC: text on SQLite, `timestamptz` on PostgreSQL."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.String(27) if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Convert:
        written = kept_text if dialect.name == "sqlite" else in_utc
        return lambda value: None if value is None else written(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        return lambda value: datetime.fromisoformat(value) if isinstance(value, str) else value


class Json(sa.types.TypeDecorator[Any]):
    """A JSON value, kept as text on both databases."""

    impl = sa.Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Convert:
        return lambda value: None if value is None else orjson.dumps(value, default=shown_decimal).decode()

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        return lambda value: None if value is None else orjson.loads(value)


class Choice(sa.types.TypeDecorator[Any]):
    """One of the values of a StrEnum, kept as its text."""

    impl = sa.String(40)
    cache_ok = True

    def __init__(self, values: type[StrEnum]) -> None:
        super().__init__()
        self.values = values

    def bind_processor(self, dialect: Dialect) -> Convert:
        texts: dict[str | None, str | None] = {None: None, **{member: member.value for member in self.values}}
        return texts.__getitem__

    def result_processor(self, dialect: Dialect, coltype: object) -> Convert:
        members: dict[str | None, StrEnum | None] = {None: None, **{member.value: member for member in self.values}}
        return members.__getitem__


def way_in(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> Way | None:
    """How a value that rules see is given to the driver; None where it is given as it is."""
    if isinstance(kind, Scaled):
        return f"None if (v := {{value}}) is None else {{by}}(v, {kind.places})", amounts.scaled
    if isinstance(kind, Utc):
        written = kept_text if dialect.name == "sqlite" else in_utc
        return "None if (v := {value}) is None else {by}(v)", written
    convert = kind.dialect_impl(dialect).bind_processor(dialect)
    return None if convert is None else ("{by}({value})", convert)


def way_out(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> Way | None:
    """How a value that the driver gives becomes what rules see; None where it is that already."""
    if isinstance(kind, Scaled):
        return "None if {value} is None else {value} * {by}", amounts.UNITS[kind.places]
    if isinstance(kind, Utc):
        is_text = dialect.name == "sqlite"
        return ("None if {value} is None else {by}({value})", datetime.fromisoformat) if is_text else None
    convert = kind.dialect_impl(dialect).result_processor(dialect, None)
    return None if convert is None else ("{by}({value})", convert)


def way_shown(kind: sa.types.TypeEngine[Any], dialect: Dialect) -> Way | None:
    """How a value that the driver gives, and that is not None, is written in answers; None where it is written as it is."""
    if isinstance(kind, Scaled):
        places, limit = kind.places, amounts.EXACT_IN_FLOAT * 10 ** min(kind.places, 2)
        # A double where it tells every unit from the next, and what is slower where it does not.
        quick = f"{{value}} / {10**places} if {-limit} < {{value}} < {limit} else {{by}}({{value}})"
        return quick, lambda units: show(amounts.unscaled(units, places))
    if isinstance(kind, Utc):
        return None if dialect.name == "sqlite" else ("{by}({value})", utc_text)
    if isinstance(kind, sa.Boolean):
        return ("{by}({value})", bool) if dialect.name == "sqlite" else None
    if isinstance(kind, Json):
        return "{by}({value})", orjson.Fragment
    return None


def shown_decimal(value: Any) -> Any:
    """What orjson can't write by itself: a decimal as an exact JSON number."""
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and abs(value) < 2**53:
            return int(value)
        number = float(value)
        return number if Decimal(repr(number)) == value else orjson.Fragment(format(value, "f"))
    raise TypeError(type(value).__name__)


@lru_cache(8192)
def _number(amount: Decimal) -> Any:
    numerator, denominator = amount.as_integer_ratio()
    number = numerator / denominator
    return number if -amounts.EXACT_IN_FLOAT < number < amounts.EXACT_IN_FLOAT else orjson.Fragment(format(amount, "f"))


_SHOWN: dict[type, Callable[[Any], Any]] = {datetime: utc_text, Decimal: _number}


def show(value: Any) -> Any:
    """How a value, as rules see it, is written in an answer."""
    fix = _SHOWN.get(type(value))
    return value if fix is None else fix(value)


def way_told(kind: sa.types.TypeEngine[Any]) -> Way | None:
    """How a value that rules see is written in answers and in the log, as `show` does it; None where it is written as it is."""
    told = _number if isinstance(kind, Scaled) else utc_text if isinstance(kind, Utc) else None
    return None if told is None else ("None if (v := {value}) is None else {by}(v)", told)
