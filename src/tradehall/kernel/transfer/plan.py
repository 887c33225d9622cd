"""A plan: which column of a table goes into which field of a resource, and by what a row is found again."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import BaseModel, ValidationError

from tradehall.kernel.columns import LARGEST_ID
from tradehall.kernel.contracts import Contract
from tradehall.kernel.errors import Denied, Invalid, Problem, Refused, field_error
from tradehall.kernel.preferences import Preferences
from tradehall.kernel.records import Record
from tradehall.kernel.resources import Resource
from tradehall.kernel.search import fold
from tradehall.kernel.transfer.cells import Column, Conventions, Kind, column_of, conventions, read
from tradehall.kernel.verbs import Actor, Grant, Verb

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade

ID = "id"
SAMPLED = 1000


@dataclass
class Parsed:
    """A row of the table: what it says, or why it can't be taken."""

    number: int
    cells: list[Any]
    given: dict[str, Any] = field(default_factory=dict)
    key: dict[str, Any] = field(default_factory=dict)
    digest: str = ""
    problem: Problem | None = None
    column: str | None = None


@dataclass(frozen=True, eq=False)
class Target:
    """A resource that rows can be imported into."""

    resource: Resource

    @property
    def record(self) -> type[Record]:
        """What a row becomes."""
        return self.resource.record

    @cached_property
    def creates(self) -> Verb[Any, Any] | None:
        """The verb that a new row goes through."""
        return _plain(self.resource.creates)

    @cached_property
    def edits(self) -> Verb[Any, Any] | None:
        """The verb that a row goes through that is there already."""
        return _plain(self.resource.edits)

    @cached_property
    def model(self) -> type[BaseModel]:
        """What a row is looked at with before it is known whether it is new."""
        verb = self.edits or self.creates
        assert verb is not None and verb.body is not None  # noqa: PT018, S101 - for the type checker
        return verb.body

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """The fields that a column may go into."""
        found = {ID: Column(Kind.WHOLE)}
        for verb in (self.creates, self.edits):
            if verb is not None and verb.body is not None:
                found |= {name: column_of(info) for name, info in verb.body.model_fields.items()}
        return found

    @cached_property
    def required(self) -> frozenset[str]:
        """The fields that a new row can't be without."""
        fields = self.creates.body.model_fields if self.creates is not None and self.creates.body is not None else {}
        return frozenset(name for name, info in fields.items() if info.is_required())

    def grants(self, actor: Actor) -> tuple[Grant | None, Grant | None]:
        """What the actor may do with rows: create some, edit some; raises Denied where it is neither.

        It goes by the role alone: that a key may import at all is for the path to say.
        """
        person = replace(actor, scopes=None)
        found = [self._grant(verb, person) for verb in (self.creates, self.edits)]
        if found == [None, None]:
            raise Denied
        return found[0], found[1]

    def _grant(self, verb: Verb[Any, Any] | None, actor: Actor) -> Grant | None:
        try:
            return Contract("POST", "", verb).grant(actor) if verb is not None else None
        except Denied:
            return None

    def identify(self, preferences: Preferences, row: BaseModel) -> dict[str, Any]:
        """The values of the columns by which a row is found again; none where it has no key."""
        if self.resource.same is not None:
            return dict(self.resource.same(preferences, row))
        for wall in self.record.walls:
            if wall.columns and set(wall.columns) <= self.columns.keys():
                key = {name: getattr(row, name, None) for name in wall.columns}
                if None not in key.values():
                    return key
        return {}

    # Columns.

    def guessed(self, header: Sequence[str], before: Mapping[str, str | None] | None = None) -> list[str | None]:
        """The field of each column: where it went before, else as far as its name tells."""
        known = {_word(name): name for name in self.columns}
        for name in self.columns:
            known.setdefault(_word(self.resource.called.get(name, name)), name)
            for each in self.resource.also.get(name, ()):
                known.setdefault(_word(each), name)
        taken: set[str] = set()
        found: list[str | None] = []
        for title in header:
            field = before[title] if before and title in before else known.get(_word(title))
            found.append(None if field is None or field in taken else field)
            taken |= {field} if field is not None else set()
        return found

    def checked(self, header: Sequence[str], wish: Mapping[str, str | None]) -> list[str | None]:
        """The field of each column, as somebody wants it; raises Invalid."""
        found = self.guessed(header)
        for title, name in wish.items():
            if title not in header:
                raise field_error(["body", "columns"], f"There is no column {title[:80]}")
            if name is not None and name not in self.columns:
                raise field_error(
                    ["body", "columns"], f"There is no field {name[:80]}; there are {', '.join(self.columns)}"
                )
            found = [None if each == name else each for each in found] if name is not None else found
            found[list(header).index(title)] = name
        self.sufficient(found)
        return found

    def sufficient(self, fields: Sequence[str | None]) -> None:
        """Raise Invalid where these fields make no row."""
        listed = ", ".join(self.columns)
        if not any(fields):
            raise field_error(["body", "columns"], f"No column goes into a field; there are {listed}")
        lacking = sorted(self.required - set(fields))
        # A table that changes rows needs no more than what they are found by.
        if lacking and (self.edits is None or (ID not in fields and len(lacking) == len(self.required))):
            raise field_error(["body", "columns"], f"There is no column for {', '.join(lacking)}; there are {listed}")

    def conventions(
        self, fields: Sequence[str | None], rows: Iterable[list[Any]], preferences: Preferences
    ) -> Conventions:
        """How the numbers and dates of these rows are written."""
        samples = (
            (self.columns[name], cell)
            for row in rows
            for name, cell in zip(fields, row, strict=False)
            if name is not None
        )
        return conventions(samples, preferences["zone"], preferences["region"])


def _plain(verb: Verb[Any, Any] | None) -> Verb[Any, Any] | None:
    """The verb, unless it does slow work first: rows have none of the files that such a verb asks for."""
    return verb if verb is not None and verb.prepare is None and verb.body is not None else None


def _word(title: str) -> str:
    return "".join(char for char in fold(title) if char.isalnum())


def target_of(trade: "Trade", name: str, where: tuple[str, ...] = ("query", "type")) -> Target:
    """The resource of this name; raises Invalid where there is none that rows can be imported into."""
    found = targets(trade)
    if name not in found:
        raise field_error(where, f"Input should be one of {', '.join(found)}", "enum")
    return found[name]


def targets(trade: "Trade") -> dict[str, Target]:
    """Everything in a trade that rows can be imported into."""
    every = (Target(each) for each in trade.resources)
    return {each.record.plural: each for each in every if each.creates is not None or each.edits is not None}


class Parser:
    """Rows of one table, one after the other, as requests."""

    def __init__(
        self, target: Target, header: Sequence[str], fields: Sequence[str | None], how: Conventions,
        preferences: Preferences,
    ) -> None:  # fmt: skip
        self.target, self.header, self.fields, self.how, self.preferences = target, header, fields, how, preferences
        self._seen: dict[int, int] = {}
        self._same: Counter[bytes] = Counter()

    def parse(self, number: int, cells: list[Any]) -> Parsed | None:
        """A row; nothing where it is blank."""
        found = Parsed(number, cells)
        if all(cell in ("", None) for cell in cells):
            return None
        try:
            found.given = self._given(found)
            if not found.given:
                return None
            self._identify(found)
        except Problem as problem:
            found.problem = problem
        except ValidationError as error:
            found.problem = Invalid(error.errors(include_url=False, include_context=False, include_input=False))
        if found.problem is not None and found.column is None:
            found.column = self.column_of(found.problem)
        return found

    def _given(self, row: Parsed) -> dict[str, Any]:
        given: dict[str, Any] = {}
        for place, (name, cell) in enumerate(zip(self.fields, row.cells, strict=False)):
            if name is None or cell in ("", None):
                continue
            try:
                given[name] = read(self.target.columns[name], cell, self.how)
            except ValueError as error:
                row.column = self.header[place]
                raise field_error([name], str(error)) from error
        return given

    def _identify(self, row: Parsed) -> None:
        if (row_id := row.given.get(ID)) is not None:
            if row_id != int(row_id) or not 0 < row_id <= LARGEST_ID:
                raise field_error([ID], "Input should be a valid integer")
            row.key = {ID: int(row_id)}
        else:
            row.key = self.target.identify(self.preferences, self.target.model.model_validate(row.given))
        said = orjson.dumps(row.key or row.given, default=str, option=orjson.OPT_SORT_KEYS)
        if row.key:
            first = self._seen.setdefault(hash(said), row.number)
            if first != row.number:
                names = " and ".join(row.key)
                raise Refused("row_twice", f"Row {first} has the same {names} already")
        else:
            digest = sha256(said).digest()
            nth = self._same[digest[:12]]
            self._same[digest[:12]] += 1
            row.digest = sha256(digest + str(nth).encode()).hexdigest()

    def column_of(self, problem: Problem) -> str | None:
        """The title of the column whose field a refusal names."""
        for error in getattr(problem, "errors", ()):
            for part in error.get("loc", ()):
                if part in self.fields:
                    return self.header[list(self.fields).index(part)]
        return None
