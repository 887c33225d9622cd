"""Finding: the search over everything, and the places that the menu leads to."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tradehall.kernel.contracts import Window, dumps
from tradehall.kernel.database import Session
from tradehall.kernel.reader import Reader
from tradehall.kernel.resources import Asked
from tradehall.kernel.screens import Board, Chart
from tradehall.kernel.search import pattern
from tradehall.web.face.details import Details
from tradehall.web.face.pages import Entry, Page
from tradehall.web.face.rooms import Room
from tradehall.web.face.visiting import Visit

FOUND = 5


class Finding(Details):
    """How people find what they look for."""

    async def search(self, visit: Visit) -> Page:
        """Everything that is called so: rows of every room that can be searched, pages, and things to do."""
        term = visit.query.get("q", "").strip()[:100]
        rooms = [each for each in self.rooms_of(visit.actor) if each.record.searched]

        def read(session: Session) -> list[tuple[Room, list[tuple[int, str, str]]]]:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            found: list[tuple[Room, list[tuple[int, str, str]]]] = []
            for room in rooms:
                asked = Asked(Window(FOUND), (), pattern(term))
                rows = orjson.loads(
                    dumps(room.resource.page(reader, asked, room.listing.grant(visit.actor), counted=False).rows)
                )
                if rows:
                    found.append(
                        (room, [(row["id"], self.label(room, row, visit.words), _hint(room, row)) for row in rows])
                    )
            return found

        found = await self.office.database.read(visit.actor.org_id, read) if term else []
        places = [(visit.words(room.title), f"{visit.app}/{room.name}") for room in self.rooms_of(visit.actor)]
        places += [(entry.title, entry.href) for entry in self.more_of(visit, [""])]
        deeds = [
            (f"{visit.words(deed.title)} – {visit.words(room.record.title)}", f"{visit.app}/{room.name}/do/{deed.name}")
            for room in self.rooms_of(visit.actor)
            for deed in ((room.create,) if room.create else ()) + room.starts
            if deed.is_for(visit.actor)
        ]
        wanted = term.lower()
        return Page(
            "face/search.html",
            {
                "title": visit.words("Search"),
                "term": term,
                "found": found,
                "places": [each for each in places if wanted in each[0].lower()][:8],
                "deeds": [each for each in deeds if wanted in each[0].lower()][:8],
            },
        )

    def more_of(self, visit: Visit, here: Sequence[str]) -> list[Entry]:
        """The places of the menu that are no rooms of the trade: boards, calendars, and the administration."""
        screens = [
            each for each in self.trade.screens if not isinstance(each, Chart) and self._sees(visit, each.record)
        ]
        found = []
        for each in screens:
            room, kind = self.house.by_record[each.record], "boards" if isinstance(each, Board) else "calendars"
            title = (
                visit.words(each.title)
                if each.title
                else visit.words(
                    "{what}: " + ("board" if kind == "boards" else "calendar"), what=visit.words(room.title)
                )
            )
            is_here = list(here[1:3]) == [kind, room.name]
            group = visit.words("Boards and calendars")
            found.append(Entry(title, f"{visit.app}/-/{kind}/{room.name}", kind, is_here, group))
        return [*found, *self.administration(visit, here)]

    def administration(self, visit: Visit, here: Sequence[str]) -> list[Entry]:
        """The places of whoever looks after the business: the kernel's rooms, and what is no room."""
        group = visit.words("Administration")
        return [
            Entry(visit.words(room.title), f"{visit.app}/{room.name}", room.icon, here[0] == room.name, group)
            for room in self.rooms_of(visit.actor)
            if room.is_kernel_s
        ]

    def _sees(self, visit: Visit, record: Any) -> bool:
        room = self.house.by_record.get(record)
        return room is not None and room.is_for(visit.actor)


def _hint(room: Room, row: Mapping[str, Any]) -> str:
    return " · ".join(
        str(row[name]) for name in room.record.searched if row.get(name) and name not in room.record.known_as
    )[:80]
