"""Contracts: paths as data. What answers at a path, with which shape, status and refusals."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import orjson
import sqlalchemy as sa
from pydantic import BaseModel

from tradehall.kernel.errors import field_error
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.kinds import shown_decimal, utc_text
from tradehall.kernel.records import KERNEL, Record, per_record, shower
from tradehall.kernel.verbs import ANYBODY, MEMBER, Actor, By, Grant, Verb, grants

if TYPE_CHECKING:
    from tradehall.kernel.reader import Reader
    from tradehall.kernel.resources import Resource


REPORTS = "reports"
LARGEST_BODY = 1024 * 1024
MOST_OF_BODIES = 32 * LARGEST_BODY
"""So much of the bodies of all requests together a process holds in memory."""
"""How many bytes a request may bring where its contract does not say otherwise (row 37)."""


def dumps(value: Any) -> bytes:
    """JSON as it is sent: decimals are exact numbers, moments are in UTC with six digits and `Z` (P-04)."""
    return orjson.dumps(value, default=_shown, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _shown(value: Any) -> Any:
    if isinstance(value, datetime):
        return utc_text(value)
    return value.isoformat() if isinstance(value, date | time) else shown_decimal(value)


class View:
    """Some columns of a record, as one role sees them."""

    def __init__(self, record: type[Record], names: tuple[str, ...], called: tuple[str, ...]) -> None:
        self.record = record
        self.names = names
        self.called = called
        self.columns: list[sa.Column[Any]] = [record.table.c[name] for name in names]
        self._show = shower({each: record.fields[name] for each, name in zip(called, names, strict=True)})

    def one(self, row: Record) -> dict[str, Any]:
        """A row that a rule holds, ready for JSON."""
        return self._show(row.values)


@per_record
def _view(record: type[Record], names: tuple[str, ...], called: tuple[str, ...]) -> View:
    return View(record, names, called)


@dataclass(frozen=True)
class Shape:
    """The fields of an answer: columns of a record, some for some roles only, some under another name, some not in lists."""

    record: type[Record]
    columns: tuple[str, ...]
    only: Mapping[str, By] = field(default_factory=dict)
    called: Mapping[str, str] = field(default_factory=dict)
    detail: tuple[str, ...] = ()
    """Columns that are answered with one row only."""
    _views: dict[tuple[str, bool], View] = field(default_factory=dict, repr=False)

    def view(self, actor: Actor, *, listed: bool = False) -> View:
        """What an actor sees of a row: of one, or of each in a list."""
        found = self._views.get((actor.role, listed))
        if found is None:
            columns = self.columns if listed else (*self.columns, *self.detail)
            names = tuple(n for n in columns if n not in self.only or actor.may(self.only[n]))
            called = tuple(self.called.get(name, name) for name in names)
            found = self._views[actor.role, listed] = _view(self.record, names, called)
        return found


def shown(record: type[Record]) -> tuple[str, ...]:
    """The columns that are answered of a record where nobody chose: all but the kernel's own and secrets."""
    hidden = ("org_id", "version", "folded")
    return tuple(name for name, field in record.fields.items() if name not in hidden and not field.secret)


@dataclass(frozen=True)
class Window:
    """Which part of a list: so many rows from an offset, or behind a cursor."""

    limit: int
    offset: int = 0
    after: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """A page of a list; `cursor` leads to the next one, where there may be one."""

    rows: list[dict[str, Any]]
    total: int
    window: Window
    cursor: str | None


class Paging(Protocol):
    """How a trade's lists are asked for and answered."""

    @property
    def parameters(self) -> tuple[tuple[str, int, int | None], ...]:
        """Name, lowest value and default of each parameter."""

    def window(self, query: Mapping[str, str]) -> Window:
        """What was asked for; raises Invalid."""

    def answer(self, found: Found) -> Answer:
        """The page."""


def whole(query: Mapping[str, str], name: str, default: int, lowest: int) -> int:
    """A whole number of the query string; raises Invalid naming it."""
    text = query.get(name)
    if text is None:
        return default
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(text) > 18:
        raise field_error(["query", name], "Input should be a valid integer", "int_parsing")
    if (value := int(text)) < lowest:
        raise field_error(["query", name], f"Input should be greater than or equal to {lowest}", "greater_than_equal")
    return value


FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def flag_of(query: Mapping[str, str], name: str) -> bool:
    """Whether a parameter of the query string is switched on; raises Invalid where that is not clear."""
    found = FLAGS.get(query.get(name, "0").lower())
    if found is None:
        raise field_error(["query", name], "Input should be a valid boolean", "bool_parsing")
    return found


@dataclass(frozen=True)
class SkipLimit:
    """`?skip&limit`, or `?after=<cursor>&limit`; bare arrays, with the total and the next cursor in headers.

    A limit above `most` is lowered to it, and the header `X-Limit-Applied` says so.
    """

    default: int = 100
    most: int = 1000

    @property
    def parameters(self) -> tuple[tuple[str, int, int | None], ...]:
        """Name, lowest value and default of each parameter."""
        return (("skip", 0, 0), ("limit", 1, self.default))

    def window(self, query: Mapping[str, str]) -> Window:
        limit = whole(query, "limit", self.default, 1)
        headers = {"X-Limit-Applied": str(self.most)} if limit > self.most else {}
        return Window(min(limit, self.most), whole(query, "skip", 0, 0), query.get("after"), headers)

    def answer(self, found: Found) -> Answer:
        headers = {"X-Total-Count": str(found.total), **found.window.headers}
        if found.cursor is not None:
            headers["X-Next-Cursor"] = found.cursor
        return Answer(200, dumps(found.rows), headers)


@dataclass(frozen=True)
class Listing:
    """The list of a resource; `parent` names the reference whose rows are listed: so called in the path, or `id` there."""

    resource: "Resource"
    parent: str | None = None


@dataclass(frozen=True)
class Reading:
    """One row of a resource."""

    resource: "Resource"


@dataclass(frozen=True)
class History:
    """What happened to one row of a resource."""

    resource: "Resource"


@dataclass(frozen=True, eq=False)
class Report:
    """Figures: a function of a reader, of the row that the path names where it is about one, and of a request model.

    The request model takes the parameters of the query string and those of the path; of one that is asked by POST, the body.
    """

    name: str
    by: By
    rule: Callable[..., Any]
    body: type[BaseModel] | None
    summary: str
    quick: bool
    room: str = ""
    """What a key's scope calls it, where that is not its name: a trade's own reports are `reports`."""
    record: type[Record] | None = None
    """What it is about, where the path names a row by its `id`."""


@dataclass(frozen=True)
class Drill:
    """The rows behind a kept total: those that contribute to it sum to it (P-40)."""

    by: By


@dataclass(frozen=True)
class Info:
    """What is known without looking anything up: that the process lives, what it is."""

    summary: str
    facts: Callable[[Any], dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Service:
    """What the platform itself does at a path: an async function of the office, the trade and the call.

    It is for what is no verb of a record, such as signing in; it makes its own units and its own answer. `form` takes a
    body as a web form too; `answers` is the model of its answer, for the documentation.
    """

    name: str
    by: By
    does: Callable[..., Awaitable[Answer]]
    summary: str
    body: type[BaseModel] | None = None
    form: bool = False
    answers: type[BaseModel] | None = None
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The parameters of its query string, each with its schema."""
    in_browser: str = ""
    """Where browsers are sent by themselves: the title of the page that says why not."""
    raw: bool = False
    """Whether its body is left as it came: whoever signs one signs its bytes."""


@dataclass(frozen=True)
class Outgoing:
    """A file on its way out, piece by piece."""

    name: str
    type: str
    pieces: AsyncIterator[bytes]
    is_shown: bool = False
    """Whether a browser may show it at once, instead of keeping it."""


@dataclass(frozen=True, eq=False)
class Download:
    """What answers with a file: an async function of the office, the trade and the call. Its rows are those of `record`;
    with a `resource`, of its list, filtered and sorted as that."""

    name: str
    by: By
    record: type[Record]
    does: Callable[..., Awaitable[Outgoing]]
    summary: str
    type: str
    resource: "Resource | None" = None
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """The parameters of its query string besides, each with its schema."""


Does = Verb[Any, Any] | Listing | Reading | History | Report | Drill | Info | Service | Download


@dataclass(frozen=True)
class Contract:
    """What answers to a method at a path.

    `errors` gives codes of refusals the status that this contract promises; `changes` shapes what a verb returns.
    A `secret` answer is not kept for whoever asks again with the same Idempotency-Key (P-07). `largest_body` is in bytes:
    more than usual is for whoever signed in, such as for a photo as base64 or a file to import.
    """

    method: str
    path: str
    does: Does
    status: int = 200
    errors: Mapping[str, int] = field(default_factory=dict)
    shape: Shape | None = None
    changes: Callable[[Any], Any] | None = None
    secret: bool = False
    largest_body: int = LARGEST_BODY
    finds: Callable[["Reader", Mapping[str, Any], Grant], Record] | None = None
    """How the row is found that the path names otherwise than by its id; from the values of the path. Raises Problem."""
    file: bool = False
    """Whether the request is a form with a file, which the verb's `prepare` finds in the call."""

    _grants: dict[str, Grant] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.largest_body > LARGEST_BODY and self.is_open:
            raise TypeError(
                f"{self.method} {self.path} is open to anybody: its bodies have at most {LARGEST_BODY:,} bytes"
            )
        if self.largest_body > MOST_OF_BODIES:
            raise TypeError(f"{self.method} {self.path}: a process holds bodies of {MOST_OF_BODIES:,} bytes at most")

    @property
    def is_open(self) -> bool:
        """Whether somebody may ask who did not sign in."""
        return self.by is None or any(each.role is ANYBODY for each in grants(self.by))

    @cached_property
    def by(self) -> By | None:
        """Who may ask; None means anybody."""
        does = self.does
        if isinstance(does, Info):
            return None
        return does.resource.by if isinstance(does, Listing | Reading | History) else does.by

    @cached_property
    def scopes(self) -> frozenset[str]:
        """What a key may be given for this, each enough: `rentals:read`, and for the trade's own rooms `read` too."""
        does = self.does
        if isinstance(does, Info | Service):
            return frozenset()
        kind = "write" if isinstance(does, Verb) else "read"
        if isinstance(does, Report | Drill):
            room = does.room or does.name if isinstance(does, Report) else REPORTS
            is_business = room == REPORTS
        else:
            record = does.record if isinstance(does, Verb | Download) else does.resource.record
            room, is_business = record.plural, record.trade != KERNEL
        return frozenset({f"{room}:{kind}", kind} if is_business else {f"{room}:{kind}"})

    def grant(self, actor: Actor) -> Grant:
        """The actor's grant; raises Denied where there is none."""
        if actor.scopes is not None:
            return actor.grant(self.by or ANYBODY, self.scopes)
        found = self._grants.get(actor.role)
        if found is None:
            found = self._grants[actor.role] = actor.grant(self.by or ANYBODY)
        return found

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names in braces in the path."""
        return tuple(part[1:-1] for part in self.path.split("/") if part.startswith("{"))


def report(*, by: By = MEMBER, quick: bool = False) -> Callable[[Callable[..., Any]], Report]:
    """Declare a report: a function of a `Reader`, of a row where it is about one, and of a request model.

    A quick one reads kept totals and rows by an index only: it is answered at once, not in a reader thread.
    """

    def declare(rule: Callable[..., Any]) -> Report:
        kinds = [kind for name, kind in _hints(rule).items() if name != "return"]
        body = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), None)
        record = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Record)), None)
        summary = " ".join((rule.__doc__ or "").split("\n\n")[0].split())
        return Report(rule.__name__, by, rule, body, summary, quick, REPORTS, record)

    return declare


def _hints(rule: Callable[..., Any]) -> Mapping[str, Any]:
    return rule.__annotations__


def run_report(found: Report, reader: "Reader", row: Record | None, ask: BaseModel | None) -> Any:
    """The figures of a report."""
    return found.rule(reader, *(each for each in (row, ask) if each is not None))
