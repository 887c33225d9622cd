"""Verbs: what may happen, who may do it, and the only writer of state."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, get_type_hints

import sqlalchemy as sa
from pydantic import BaseModel

from tradehall.kernel.columns import State
from tradehall.kernel.errors import Denied, Refused
from tradehall.kernel.forms import form
from tradehall.kernel.kinds import KEY
from tradehall.kernel.records import Record

if TYPE_CHECKING:
    from tradehall.kernel.context import Context

P = ParamSpec("P")
T = TypeVar("T")
Rule = Callable[..., Any]
When = Callable[[Mapping[str, Any]], bool]
"""Says of a row, as it is answered, whether something can be done with it now."""
ME = sa.bindparam("me", type_=KEY)
"""Stands for the id of whoever asks, in the condition of a row scope."""


@dataclass(frozen=True)
class Role:
    """What a member of an organisation is in one trade."""

    name: str
    title: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Grant:
    """A role, and which rows it reaches; without a scope, all rows of the organisation."""

    role: Role
    scope: Callable[[type[Record]], sa.ColumnElement[bool]] | None = None


Rows = Role | Grant
By = Rows | tuple[Rows, ...] | tuple[Rows | tuple[Rows, ...], ...]

SYSTEM = Role("system", "Tradehall itself")
MEMBER = Role("member", "Anybody signed in")
ANYBODY = Role("anybody", "Anybody, signed in or not")
GUEST = Role("guest", "Whoever holds the link to a row")


def own(role: Role) -> Grant:
    """The rows that belong to whoever asks: the record's `owner` column holds their id."""
    return Grant(role, _is_mine)


def _is_mine(record: type[Record]) -> sa.ColumnElement[bool]:
    return record.table.c[record.owner] == ME


def is_own(grant: Grant) -> bool:
    """Whether a grant reaches the rows of whoever asks, and no others."""
    return grant.scope is _is_mine


def where(role: Role, scope: Callable[[type[Record]], sa.ColumnElement[bool]]) -> Grant:
    """The rows for which a condition holds; it may use ME."""
    return Grant(role, scope)


@lru_cache(1024)
def grants(by: By) -> tuple[Grant, ...]:
    """Every grant in a `by=`, flat."""
    if isinstance(by, tuple):
        return tuple(grant for each in by for grant in grants(each))
    return (by if isinstance(by, Grant) else Grant(by),)


@dataclass(frozen=True)
class Actor:
    """Who acts: a person with a role in one organisation and trade, or Tradehall itself."""

    org_id: int
    trade: str
    role: str
    user_id: int = 0
    name: str = ""
    key_id: int = 0
    scopes: frozenset[str] | None = None
    """What an API key was given; None of anybody else."""
    session: int = 0
    """The session that a token belongs to."""
    language: str = field(default="", compare=False)
    """In which they are spoken to, where they chose one."""

    @property
    def label(self) -> str:
        """How the log names the actor."""
        if self.key_id:
            return f"key:{self.key_id}"
        return f"user:{self.user_id}" if self.user_id else self.role

    def grant(self, by: By, scopes: frozenset[str] = frozenset()) -> Grant:
        """The widest grant that this actor has; raises Denied where there is none.

        A key has one only where it was given one of `scopes`: whoever forgets to name them keeps every key out.
        """
        self.within(scopes)
        mine = [each for each in grants(by) if self.is_a(each.role)]
        if not mine:
            raise Denied
        return next((each for each in mine if each.scope is None), mine[0])

    def within(self, scopes: frozenset[str]) -> None:
        """Raise Denied where this is a key that was given none of these scopes."""
        if self.scopes is not None and self.scopes.isdisjoint(scopes):
            wanted = next((each for each in sorted(scopes) if ":" in each), "")
            raise Denied(f"This key lacks the scope {wanted}" if wanted else "No key may do this; sign in")

    def may(self, by: By) -> bool:
        """Whether there is a grant for this actor."""
        return any(self.is_a(each.role) for each in grants(by))

    def is_a(self, role: Role) -> bool:
        """Whether the actor has a role; Tradehall itself has every one."""
        if self.role == SYSTEM.name or role is ANYBODY:
            return True
        return role.name == self.role or (role is MEMBER and self.role not in (ANYBODY.name, GUEST.name))


def system(org_id: int, trade: str) -> Actor:
    """Tradehall itself, in an organisation."""
    return Actor(org_id, trade, SYSTEM.name)


@dataclass(frozen=True, eq=False)
class Verb(Generic[P, T]):
    """One thing that may happen. Permission, state check, event, route and help text come from it."""

    name: str
    record: type[Record]
    by: By
    rule: Callable[..., T]
    target: bool
    body: type[BaseModel] | None
    summary: str
    spread: tuple[str, ...] = ()
    """The fields of the body that the rule takes one by one, as parameters of their names."""
    sources: tuple[StrEnum, ...] = ()
    goal: StrEnum | None = None
    prepare: Callable[..., Awaitable[Any]] | None = None
    title: str = ""
    """What its button says, where that is more than its name."""
    when: When | None = None
    """Whether its button is shown, by what is seen of the row."""

    @cached_property
    def event(self) -> str:
        """The name of its event: `sale.sell`."""
        return f"{self.record.__name__.lower()}.{self.name}"

    @property
    def state_name(self) -> str:
        """The name of the state column that a move writes."""
        return self.record.states[0].name


VERBS: dict[str, list[Verb[Any, Any]]] = {}
"""The declared verbs of each trade."""
AFTER: dict[Verb[Any, Any], list[Rule]] = {}
MOVES = "can only become"


def act(
    record: type[Record],
    *,
    by: By,
    prepare: Callable[..., Awaitable[Any]] | None = None,
    title: str = "",
    when: When | None = None,
) -> Callable[[Callable[Concatenate["Context", P], T]], Verb[P, T]]:
    """Declare a verb of a record: a function of a context, of a row of it where it concerns one, and of what is asked.

    What is asked is either a request model, or fields of the record as parameters of the same names.

    `prepare` is an async function of the same request that does slow work before the unit: the rule finds its result
    in `ctx.prepared`. The `title` is what its button says, if that is not simply the name of the function. `when` says of a
    row, as it is answered, whether the button is shown: the rule refuses what must not be, wherever it is asked for.
    """

    def declare(rule: Callable[Concatenate["Context", P], T]) -> Verb[P, T]:
        return _verb(record, by, rule, prepare=prepare, title=title, when=when)

    return declare


def move(
    record: type[Record], source: StrEnum | tuple[StrEnum, ...], goal: StrEnum, *, by: By
) -> Callable[[Callable[Concatenate["Context", P], T]], Verb[P, T]]:
    """Declare a verb that moves a row from one of its states to another; where it is there already, nothing happens."""
    sources = source if isinstance(source, tuple) else (source,)
    allowed = record.states[0].moves
    if wrong := [each for each in sources if goal not in allowed.get(each, ())]:
        raise TypeError(f"{record.__name__} declares no move from {', '.join(wrong)} to {goal}")

    def declare(rule: Callable[Concatenate["Context", P], T]) -> Verb[P, T]:
        return _verb(record, by, rule, sources=sources, goal=goal)

    return declare


def after(verb: Verb[Any, Any]) -> Callable[[Rule], Rule]:
    """Declare what must succeed together with a verb: a function of the context and of the verb's row."""

    def declare(rule: Rule) -> Rule:
        AFTER.setdefault(verb, []).append(rule)
        return rule

    return declare


def _verb(record: type[Record], by: By, rule: Callable[..., T], **more: Any) -> Verb[Any, T]:
    hints = get_type_hints(rule)
    names = list(inspect.signature(rule).parameters)[1:]
    target = bool(names) and _is(hints.get(names[0]), Record)
    asked = names[target:]
    model = next((hints[name] for name in asked if _is(hints.get(name), BaseModel)), None)
    if unknown := [name for name in asked if name not in record.fields] if model is None else asked[1:]:
        raise TypeError(f"{rule.__name__} asks for {', '.join(unknown)}, which {record.__name__} does not have")
    if model is None and asked:
        model = form(record, tuple(asked), name=f"{rule.__name__.title().replace('_', '')}{record.__name__}")
    spread = asked if model is not None and not _is(hints.get(asked[0]), BaseModel) else []
    if not rule.__doc__:
        raise TypeError(f"{rule.__name__} needs a docstring: its first sentence is shown to people")
    summary = " ".join(rule.__doc__.split("\n\n")[0].split())
    verb: Verb[Any, T] = Verb(rule.__name__, record, by, rule, target, model, summary, tuple(spread), **more)
    VERBS.setdefault(record.trade, []).append(verb)
    return verb


def _is(kind: Any, base: type) -> bool:
    return isinstance(kind, type) and issubclass(kind, base)


def check_move(row: Record, field: State[Any], goal: Any) -> None:
    """Raise Refused, naming the allowed moves, where a row may not move from its state to this one (P-18)."""
    state = row.values[field.name]
    allowed: Mapping[Any, tuple[Any, ...]] = field.moves
    if goal not in allowed.get(state, ()):
        raise illegal(row, state, allowed.get(state, ()))


def illegal(row: Record, state: Any, allowed: tuple[Any, ...]) -> Refused:
    """The refusal of a move."""
    names = " or ".join(str(each) for each in allowed) or "nothing else"
    sentence = f"{row.title} is {state} and {MOVES} {names}"
    return Refused("illegal_move", sentence, state=str(state), allowed=[str(each) for each in allowed])
