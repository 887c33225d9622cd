"""Menus: where somebody may go from every page."""

from collections.abc import Callable, Sequence
from itertools import groupby

from jinja2 import Environment
from markupsafe import Markup

from tradehall.web.face.pages import Entry
from tradehall.web.face.visiting import Visit

Kind = tuple[str, str, frozenset[str] | None, str]


class Menus:
    """The menus of a trade: each is the same for everybody of a role, so it is drawn once for each language and place."""

    def __init__(self, draws: Environment, places: Callable[[Visit], Sequence[Entry]]) -> None:
        self._draws, self._places = draws, places
        self._entries: dict[Kind, Sequence[Entry]] = {}
        self._drawn: dict[tuple[Kind, str], Markup] = {}

    def drawn(self, visit: Visit) -> Markup:
        """The menu of whoever looks, in which the place that they look at is marked."""
        kind = (visit.root, visit.actor.role, visit.actor.scopes, visit.words.language)
        if (entries := self._entries.get(kind)) is None:
            entries = self._entries[kind] = self._places(visit)
        at = visit.scope["path"].rstrip("/")
        here = max((each.href for each in entries if f"{at}/".startswith(f"{each.href}/")), key=len, default="")
        here = at if at == visit.app else here
        if (found := self._drawn.get((kind, here))) is None:
            found = self._drawn[kind, here] = self._draw(visit, entries, here)
        return found

    def _draw(self, visit: Visit, entries: Sequence[Entry], here: str) -> Markup:
        groups = [(title, list(some)) for title, some in groupby(entries, lambda each: each.group)]
        values = {"_": visit.words, "root": visit.root, "app": visit.app, "groups": groups, "here": here}
        return Markup(self._draws.get_template("face/menu.html").render(values))  # noqa: S704 - the template escapes
