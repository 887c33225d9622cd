"""Whose data is where: rooms say here how what they keep belongs to a person, and privacy asks all of them (P-39)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy as sa
from pydantic import Field as Limit

from tradehall.kernel.database import Session
from tradehall.kernel.preferences import Setting
from tradehall.kernel.records import Record

if TYPE_CHECKING:
    from tradehall.kernel.context import Context


@dataclass(frozen=True)
class Subject:
    """One person, as far as it is known: their rows by table, the users that they are, and where they are reached."""

    rows: Mapping[str, frozenset[int]]
    users: frozenset[int] = frozenset()
    addresses: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    """Everything personal that their rows hold."""

    def refers(self, entity: sa.ColumnElement[Any], row_id: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        """The condition that a pair of columns names one of their rows."""
        return sa.or_(sa.false(), *(sa.and_(entity == table, row_id.in_(ids)) for table, ids in self.rows.items()))


Belongs = Callable[[Subject], sa.ColumnElement[bool]]
Erase = Callable[["Context", Any], None]


@dataclass(frozen=True)
class Holding:
    """What a room keeps beside records: how it is shown, and how it is erased; `erase` says how much that was."""

    export: Callable[[Session, int, Subject], list[dict[str, Any]]]
    erase: Callable[["Context", Subject], int]


BELONGS: dict[type[Record], tuple[Belongs, Erase | None]] = {}
"""How the rows of a room belong to a person, and what is done with one other than blanking what is personal."""
HOLDINGS: dict[str, Holding] = {}


def belongs(record: type[Record], rule: Belongs, erase: Erase | None = None) -> None:
    """Rows of this record for which `rule` holds are a person's, besides those that refer to them."""
    BELONGS[record] = (rule, erase)


@dataclass(frozen=True)
class Kept:
    """A class of data that is not kept for ever: `expire` deletes what is older than a moment, and says how much."""

    name: str
    setting: Setting
    expire: Callable[["Context", datetime], int]


KEPT: dict[str, Kept] = {}
Days = Annotated[int, Limit(ge=1, le=36_500)]


def keep_for(name: str, title: str, days: int | None, expire: Callable[["Context", datetime], int]) -> None:
    """Declare such a class, with how many days it is kept where nobody chose; None is for ever."""
    setting = Setting(f"keep_{name}_days", f"Days that {title} are kept", Days | None, days, "days")
    KEPT[name] = Kept(name, setting, expire)


def settings() -> Iterable[Setting]:
    """The settings of every class, in each trade."""
    return [each.setting for each in KEPT.values()]
