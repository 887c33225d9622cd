"""Cursors: where a page of a list ended, as whoever reads on gives it back; nothing in one is believed."""

import base64
import binascii
from datetime import UTC, date, datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine.default import DefaultDialect

from tradehall.kernel.columns import LARGEST_ID
from tradehall.kernel.errors import field_error
from tradehall.kernel.kinds import Choice, Scaled, Utc, utc_text

ANY_DIALECT = DefaultDialect()


def encoded(key: Any, row_id: int) -> str:
    """The cursor behind a row: the value that the list is sorted by, and its id."""
    key = utc_text(key) if hasattr(key, "astimezone") else key
    return base64.urlsafe_b64encode(orjson.dumps([key, row_id])).decode().rstrip("=")


def decoded(cursor: str, column: sa.Column[Any]) -> tuple[Any, int]:
    """The value of a column and the id that a cursor holds; raises Invalid."""
    try:
        value, row_id = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if type(row_id) is not int or not 0 < row_id <= LARGEST_ID:
            raise ValueError("not a row")
        value = None if value is None and column.nullable else _of_column(value, column.type)
    except (binascii.Error, ValueError, TypeError, ArithmeticError) as error:
        raise field_error(["query", "after"], "This cursor is not one of this list") from error
    return value, row_id


def _of_column(value: Any, kind: sa.types.TypeEngine[Any]) -> Any:
    if isinstance(kind, Utc):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("not a moment")
        return moment.astimezone(UTC)
    if isinstance(kind, sa.Date):
        return date.fromisoformat(value)
    wanted = int if isinstance(kind, Scaled) else str if isinstance(kind, Choice) else kind.python_type
    fits = -LARGEST_ID <= value <= LARGEST_ID if isinstance(value, int) else "\x00" not in str(value)
    if type(value) is not wanted or not fits:
        raise ValueError("not a value of this column")
    read = kind.result_processor(ANY_DIALECT, None) if isinstance(kind, sa.types.TypeDecorator) else None
    return value if read is None else read(value)


def order(key: sa.Column[Any], row_id: sa.Column[int], down: bool) -> tuple[sa.ColumnElement[Any], ...]:
    """The order of a list: what has no value is the least, on both databases; of the same value the id decides."""
    if not key.nullable:
        return (key.desc(), row_id.desc()) if down else (key, row_id)
    return (key.desc().nulls_last(), row_id.desc()) if down else (key.asc().nulls_first(), row_id)


def behind(key: sa.Column[Any], row_id: sa.Column[int], down: bool, of_none: bool) -> sa.ColumnElement[bool]:
    """What follows the row of a cursor in that order; `of_none` if that row has no value."""
    last_id = sa.bindparam("last_id", type_=row_id.type)
    if of_none:
        rest = sa.and_(key.is_(None), row_id < last_id if down else row_id > last_id)
        return rest if down else sa.or_(rest, key.is_not(None))
    here, last = sa.tuple_(key, row_id), sa.tuple_(sa.bindparam("last", type_=key.type), last_id)
    if not down:
        return here > last
    return sa.or_(here < last, key.is_(None)) if key.nullable else here < last
