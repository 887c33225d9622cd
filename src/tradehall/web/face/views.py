"""Views: a list as somebody wants it again, under a name, as tabs above it."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import orjson
import sqlalchemy as sa

from tradehall.kernel.database import Session
from tradehall.kernel.errors import Missing, Problem, Unauthenticated
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find, wanted
from tradehall.kernel.verbs import Actor
from tradehall.kernel.views import SavedView, managers
from tradehall.web.face.pages import Page, Pages
from tradehall.web.face.rooms import Room
from tradehall.web.face.visiting import Visit

VIEW = "view"
"""The parameter that says which view an address is of; `all` is none."""
PRINT = "print"
"""The parameter of a page that is made for paper."""
PASSING = ("after", VIEW, PRINT)
MOST = 30
SEEN = (
    find(SavedView, SavedView.of_trade == wanted("trade"), SavedView.room == wanted("room"))
    .where(sa.or_(SavedView.owner_id == wanted("me"), SavedView.table.c.shared))
    .by(SavedView.table.c.shared, SavedView.table.c.name)
    .first(MOST)
    .standing()
)
"""The views of a room that somebody sees: their own first."""


@dataclass(frozen=True)
class Tab:
    """A view above its list."""

    id: int
    name: str
    href: str
    is_here: bool
    opens: bool
    can_go: bool


class Views(Pages):
    """The saved views of lists."""

    async def views_of(self, visit: Visit, room: Room) -> list[Tab]:
        """The views of a list that somebody sees: their own first."""

        def read(session: Session) -> list[SavedView]:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            return reader.all(SEEN, trade=self.trade.name, room=room.name)

        found = await self.office.database.read(visit.actor.org_id, read, quick=True)
        return [self._tab(visit, room, each) for each in found]

    def _tab(self, visit: Visit, room: Room, view: SavedView) -> Tab:
        query = urlencode([*parse_qsl(view.query), (VIEW, str(view.id))])
        is_own = view.owner_id == visit.actor.user_id
        return Tab(
            view.id, view.name, f"{visit.app}/{room.name}?{query}", visit.query.get(VIEW) == str(view.id), view.opens,
            is_own or self.manages(visit.actor),
        )  # fmt: skip

    def manages(self, actor: Actor) -> bool:
        """Whether somebody may keep a view for everybody."""
        return actor.may(managers(self.trade))

    async def keep_view(self, visit: Visit, room: Room) -> Page:
        """Keep a list as it is under a name."""
        contract = self.house.find("POST", "/saved-views")
        assert contract is not None  # noqa: S101 - every trade has it
        query = urlencode([each for each in parse_qsl(visit.value("query")) if each[0] not in PASSING])
        wish: dict[str, object] = {"room": room.name, "name": visit.value("name"), "query": query}
        wish |= {name: visit.value(name) == "true" for name in ("shared", "opens")}
        try:
            made = orjson.loads((await visit.asking.ask(contract, body=wish)).body)
        except Unauthenticated:
            raise
        except Problem as problem:
            visit.tell(visit.words.why(problem))
            return Page("", to=f"{visit.app}/{room.name}?{urlencode([*parse_qsl(query), (VIEW, 'all')])}")
        visit.tell(visit.words("The view is kept"))
        return Page("", to=f"{visit.app}/{room.name}?{urlencode([*parse_qsl(query), (VIEW, made['id'])])}")

    async def drop_view(self, visit: Visit, room: Room, view_id: str) -> Page:
        """Remove a view; the rows stay."""
        contract = self.house.find("DELETE", "/saved-views/{id}")
        if contract is None or not view_id.isdecimal() or len(view_id) > 18:
            raise Missing("There is no such page")
        await visit.asking.ask(contract, {"id": view_id})
        visit.tell(visit.words("The view is removed"))
        return Page("", to=f"{visit.app}/{room.name}?{VIEW}=all")
