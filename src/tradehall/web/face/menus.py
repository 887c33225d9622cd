"""Menus: where somebody may go from every page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby

from tradehall.web.face.pages import Entry
from tradehall.web.face.visiting import Visit


@dataclass(frozen=True, eq=False)
class Menu:
    """Places under their headings; the trade's own have none."""

    groups: tuple[tuple[str, tuple[Entry, ...]], ...]

    @cached_property
    def addresses(self) -> frozenset[str]:
        """Those of its places."""
        return frozenset(each.href for _, some in self.groups for each in some)

    def here(self, visit: Visit) -> str:
        """The address of the place that somebody looks at; "" where it is none of these."""
        at = str(visit.scope["path"]).rstrip("/")
        if at == visit.app:
            return at
        while at and at not in self.addresses:
            at = at.rpartition("/")[0]
        return at


class Menus:
    """The menus of a trade: one is the same for everybody of a role."""

    def __init__(self, places: Callable[[Visit], Sequence[Entry]]) -> None:
        self._places = places
        self._known: dict[tuple[str, str, frozenset[str] | None, str], Menu] = {}

    def of(self, visit: Visit) -> Menu:
        """The menu of whoever looks."""
        kind = (visit.root, visit.actor.role, visit.actor.scopes, visit.words.language)
        if (menu := self._known.get(kind)) is None:
            found = groupby(self._places(visit), lambda each: each.group)
            menu = self._known[kind] = Menu(tuple((heading, tuple(some)) for heading, some in found))
        return menu
