"""Column types: what a column means, stated once, for the database, for rules, for forms and for answers."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Generic, TypeVar, cast, overload

import orjson
import sqlalchemy as sa
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StringConstraints
from pydantic import Field as Limit

from tradehall.kernel import money as amounts
from tradehall.kernel.kinds import KEY, Choice, Json, Scaled, Utc, shown_decimal

if TYPE_CHECKING:
    from tradehall.kernel.records import Record

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)
LARGEST_ID = 2**63 - 1
ID = Limit(gt=0, le=LARGEST_ID)
"""What the id of a row may be."""


def clean(text: Any) -> Any:
    """Trim and normalise text (P-37); control characters other than line breaks and tabs are refused."""
    if not isinstance(text, str):
        return text
    text = (text if text.isascii() else unicodedata.normalize("NFC", text)).strip()
    kinds = (unicodedata.category(char) for char in text if char not in "\n\t")
    if not text.isprintable() and not {"Cc", "Cs"}.isdisjoint(kinds):
        raise ValueError("control characters are not allowed")
    return text


Email = Annotated[
    str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"), BeforeValidator(clean)
]


def no_number(value: Any) -> Any:
    """Refuse a number where a moment or a day is meant: nobody writes it in seconds since 1970 on purpose."""
    is_digits = isinstance(value, str) and value.replace(".", "", 1).strip("+- ").isdecimal()
    if is_digits or isinstance(value, int | float):
        raise ValueError("a moment is written as in 2026-11-21T15:00:00Z")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(no_number)]
"""A moment with its offset, as ISO 8601 writes it."""
Day = Annotated[date, BeforeValidator(no_number)]
"""A day, as ISO 8601 writes it."""


def _round_to(places: int) -> Callable[[Decimal], Decimal]:
    return lambda value: amounts.rounded(value, places)


class Field(Generic[T]):
    """One column of a record: a descriptor that gives the column on the class and the value on a row."""

    name: str

    def __init__(self, kind: sa.types.TypeEngine[Any], form: Any, **options: Any) -> None:
        self.kind = kind
        self.form = form
        self.optional: bool = False
        self.default: Any = options.pop("default", ...)
        self.references: type[Record] | str | None = options.pop("references", None)
        self.is_ahead: bool = options.pop("is_ahead", False)
        self.formula: Callable[[Any], Any] | None = options.pop("formula", None)
        self.personal: bool = options.pop("personal", False)
        self.secret: bool = False
        self.how: str = ""
        self.is_person: bool = options.pop("is_person", False)
        if options:
            raise TypeError(f"unknown options {sorted(options)}")

    def __set_name__(self, owner: "type[Record]", name: str) -> None:
        self.name = name

    @overload
    def __get__(self, row: None, owner: "type[Record]") -> sa.Column[T]: ...
    @overload
    def __get__(self, row: "Record", owner: "type[Record]") -> T: ...
    def __get__(self, row: "Record | None", owner: "type[Record]") -> Any:
        if row is None:
            return owner.table.c[self.name]
        return row.values[self.name]

    def __set__(self, row: "Record", value: T) -> None:
        row.assign(self, value)

    def column(self, others: Mapping[str, sa.Column[Any]]) -> sa.Column[T]:
        """The column for the table; a formula is given the others by their names."""
        more: list[Any] = []
        if self.formula is not None:
            formula = self.formula(SimpleNamespace(**others)).compile(compile_kwargs={"literal_binds": True})
            more = [sa.Computed(str(formula), persisted=True)]
        return sa.Column(self.name, self.kind, *more, nullable=self.optional)

    def derived(self, row: "Record") -> Any:
        """What the formula gives for a row: nothing where a part of it is empty, as in the database."""
        assert self.formula is not None  # noqa: S101 - for the type checker
        try:
            return self.formula(row)
        except TypeError:
            return None

    def initial(self) -> Any:
        """The value of a new row where none is given."""
        if self.default is ...:
            return None
        value = self.default() if callable(self.default) else self.default
        return Decimal(value) if isinstance(self.kind, Scaled) and value is not None else value


class State(Field[E]):
    """A column whose moves are declared; only verbs of its trade may write it."""

    def __init__(self, kind: type[E], moves: Mapping[E, tuple[E, ...]], initial: E) -> None:
        super().__init__(Choice(kind), kind, default=initial)
        self.moves = moves


def optional(field: Field[T]) -> Field[T | None]:
    """The same column, but it may be empty."""
    field.optional = True
    if field.default is ...:
        field.default = None
    return cast("Field[T | None]", field)


def personal(field: Field[T], how: str = "") -> Field[T]:
    """The same column, holding what is erased when its person asks for it.

    Where the record is a person itself, `how` says what it holds of them: their "name", "email" or "phone".
    """
    field.personal, field.how = True, how
    return field


def secret(field: Field[T]) -> Field[T]:
    """The same column, neither answered nor noted in the log."""
    field.secret = True
    return field


def text(longest: int, *, shortest: int = 0, default: Any = ...) -> Field[str]:
    """Text of at most `longest` characters (code points), trimmed and in NFC."""
    limits = StringConstraints(min_length=shortest or None, max_length=longest)
    return Field(sa.String(longest), Annotated[str, limits, BeforeValidator(clean)], default=default)


def email() -> Field[str]:
    """An e-mail address, kept as entered (P-36)."""
    return Field(sa.String(254), Email)


def integer(*, at_least: int | None = None, at_most: int = LARGEST_ID, default: Any = ...) -> Field[int]:
    """A whole number."""
    lowest = -LARGEST_ID if at_least is None else at_least
    return Field(sa.BigInteger(), Annotated[int, Limit(ge=lowest, le=at_most)], default=default)


def flag(*, default: bool = False) -> Field[bool]:
    """True or false."""
    return Field(sa.Boolean(), bool, default=default)


def no_bool(value: Any) -> Any:
    """Refuse true and false where a number is meant."""
    if isinstance(value, bool):
        raise ValueError("a number is needed")
    return value


def decimal_limits(places: int, above: int | None = None, at_least: int | None = None) -> tuple[Any, ...]:
    """A finite decimal, number or numeric text, rounded half up (P-01): `Annotated[Decimal, *decimal_limits(2)]`."""
    limits = Limit(gt=above, ge=at_least, le=amounts.LARGEST, allow_inf_nan=False)
    after = Limit(gt=above, ge=-amounts.LARGEST if at_least is None and above is None else at_least)
    return BeforeValidator(no_bool), limits, AfterValidator(_round_to(places)), after


def money(*, above: int | None = None, at_least: int | None = None, default: Any = ...) -> Field[Decimal]:
    """An amount with two decimals, in the organisation's currency."""
    return Field(Scaled(2), Annotated[Decimal, *decimal_limits(2, above, at_least)], default=default)


def price(*, at_least: int | None = 0, default: Any = ...) -> Field[Decimal]:
    """A price per unit with four decimals."""
    return Field(Scaled(4), Annotated[Decimal, *decimal_limits(4, None, at_least)], default=default)


def quantity(*, at_least: int | None = 0, default: Any = ...) -> Field[Decimal]:
    """A quantity with three decimals."""
    return Field(Scaled(3), Annotated[Decimal, *decimal_limits(3, None, at_least)], default=default)


def moment(*, default: Any = ...) -> Field[datetime]:
    """A moment in UTC."""
    return Field(Utc(), Moment, default=default)


def day(*, default: Any = ...) -> Field[date]:
    """A calendar date without a time."""
    return Field(sa.Date(), Day, default=default)


def json(*, default: Any = dict) -> Field[Any]:
    """A JSON value."""
    return Field(Json(), Annotated[Any, AfterValidator(storable)], default=default)


def storable(value: Any) -> Any:
    """Refuse JSON that can't be written again: whole numbers beyond 64 bits, and lists in lists in lists without end."""
    try:
        orjson.dumps(value, default=shown_decimal)
    except TypeError as error:
        raise ValueError("this JSON can't be kept: its numbers or its depth are too large") from error
    return value


def choice(values: type[E], *, default: Any = ...) -> Field[E]:
    """One of the values of a StrEnum."""
    return Field(Choice(values), values, default=default)


def state(values: type[E], moves: Mapping[E, tuple[E, ...]], *, initial: E | None = None) -> State[E]:
    """A state with its moves: from each value, the values it may move to (P-18). A new row has the first value."""
    return State(values, moves, initial or next(iter(values)))


@dataclass(frozen=True)
class Refers:
    """Marks a field of a request model that holds the id of a row: it is read together with others, and picked on screens."""

    record: "type[Record] | str"


def reference(target: "type[Record] | str", *, ahead: bool = False) -> Field[int]:
    """The id of a row of the same organisation, by record or by the name of its table.

    One that may point `ahead`, to a row that the same unit adds later, is checked when all is written.
    """
    return Field(KEY, Annotated[int, ID, Refers(target)], references=target, is_ahead=ahead)


def person() -> Field[int]:
    """The id of a user: who did or owns it."""
    return Field(sa.BigInteger(), Annotated[int, ID], is_person=True)


def computed(field: Field[T], formula: Callable[[Any], Any]) -> Field[T]:
    """A column that is derived from the others: `computed(money(), lambda sale: sale.price - sale.paid)`.

    The database derives it by the same formula, so that it can be sorted and filtered by and no row contradicts it.
    """
    field.formula = formula
    field.default = None
    return field
