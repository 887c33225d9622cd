"""Screens: what people look at besides the table, the form and the page of each row, which every resource has by itself."""

from dataclasses import dataclass
from typing import Any

from tradehall.kernel.records import Record
from tradehall.kernel.reports import Measure


@dataclass(frozen=True)
class Board:
    """The rows of a record as cards, in a column for each value of `by`, its state if not given.

    A card shows the fields of `shows` below the name of its row, and is moved by the verbs of the record. Rows in one of the
    states of `until` are done and leave the board.
    """

    record: type[Record]
    by: str = ""
    shows: tuple[str, ...] = ()
    until: tuple[str, ...] = ()
    title: str = ""

    @property
    def column(self) -> str:
        """The column whose values are the columns of the board."""
        return self.by or self.record.states[0].name


@dataclass(frozen=True)
class Chart:
    """A measure by day: its amounts, or its counts. Each bar leads to the rows behind it (P-40)."""

    measure: Measure[Any]
    title: str = ""
    counts: bool = False


@dataclass(frozen=True)
class Calendar:
    """The rows of a record on the days of `on`, a moment or a day of theirs."""

    record: type[Record]
    on: str
    title: str = ""


Screen = Board | Chart | Calendar
