"""Screens: what people look at besides the table, the form and the page of each row, which every resource has by itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tradehall.kernel.records import Record
from tradehall.kernel.reports import Measure
from tradehall.kernel.verbs import ANYBODY, By, grants


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


@dataclass(frozen=True)
class OwnPage:
    """A page that a trade draws itself, at `/app/<path>`: a template of its folder `templates`, and what is seen and done there.

    `shows` are operations of the trade that answer a GET, by the name that the template has for what they answer, with what the
    path and the query string of the page say in braces: `{"repair": "/api/repairs/{id}", "week": "/api/takings?day={day}"}`.
    Whoever may not ask for one of them finds None. `does` are operations that forms of the page ask for, by the value of their
    field `do`: `{"accept": "POST /r/{token}/estimate"}`; the answers of those in `answers` are shown by the page at once. `asks` are further operations that its script asks for:
    `("GET /api/phones", "POST /api/sales")`; scripts may ask for none but what pages of their trade name. A page for ANYBODY is seen without signing in. The page of the path ""
    is the home of those whom it is for. One that `is_kept` is there without a line, too: the browser keeps it, with what it loads,
    until somebody else signs in there, or nobody. What a page does `only_here` has no button on the list of its record.
    """

    path: str
    template: str
    by: By
    shows: Mapping[str, str] = field(default_factory=dict)
    does: Mapping[str, str] = field(default_factory=dict)
    answers: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    title: str = ""
    icon: str = "table"
    is_kept: bool = False
    only_here: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it is for those who are not signed in."""
        return any(each.role is ANYBODY for each in grants(self.by))

    @property
    def is_place(self) -> bool:
        """Whether it stands in the menu."""
        return bool(self.path and self.title) and not self.is_open and "{" not in self.path


@dataclass(frozen=True)
class Section:
    """A part of the page of each row of a record that a trade draws itself, above its fields: a template of `templates`, with what
    the operations in `shows` answer, as on an OwnPage; `{id}` stands for the row's. Whoever may not ask for them does not see it.
    """

    record: type[Record]
    template: str
    shows: Mapping[str, str]
    title: str = ""


Screen = Board | Chart | Calendar | OwnPage | Section


@dataclass(frozen=True)
class Group:
    """A part of the menu: a heading, and below it the rooms of records and the screens of the trade, in this order.

    A folded one shows its heading only, until somebody opens it or is at one of its places.
    """

    title: str
    places: tuple[type[Record] | Screen, ...]
    is_folded: bool = False
