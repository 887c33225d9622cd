"""Finding: the search over everything, and the places that the menu leads to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from tradehall.kernel.database import Prepared, Session
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record, per_record
from tradehall.kernel.screens import Board, Chart, OwnPage, Screen, Section
from tradehall.kernel.search import matches, pattern
from tradehall.web.face.details import Details
from tradehall.web.face.pages import Entry, Page, Scope
from tradehall.web.face.rooms import Room
from tradehall.web.face.visiting import Visit

FOUND = 5
LOOKED_THROUGH = 20_000
"""So many rows of a room are looked through, the newest: its list looks through all."""


@dataclass(frozen=True)
class Hits:
    """What was found in a room; it is short where there are more rows than were looked through."""

    room: Room
    rows: list[tuple[int, str, str]]
    is_short: bool


class Finding(Details):
    """How people find what they look for."""

    async def search(self, visit: Visit) -> Page:
        """Everything that is called so: rows of every room that can be searched, pages, and things to do."""
        term = visit.query.get("q", "").strip()[:100]
        rooms = [each for each in self.rooms_of(visit.actor) if each.record.searched]

        def read(session: Session) -> list[Hits]:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            return [hits for room in rooms if (hits := self._hits(visit, reader, room, term)).rows or hits.is_short]

        found = await self.office.database.read(visit.actor.org_id, read) if term else []
        places = [(each.title, each.href) for each in self.places(visit)]
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

    def _hits(self, visit: Visit, reader: Reader, room: Room, term: str) -> Hits:
        """The newest rows of a room that are called so; where there are very many, of the newest of them."""
        seen = room.resource.shape.view(visit.actor, listed=True).names
        names = [name for name in dict.fromkeys(("id", *room.record.known_as, *room.record.searched)) if name in seen]
        scope = room.listing.grant(visit.actor).scope
        given = {"org_id": reader.org_id, "me": visit.actor.user_id, "pattern": pattern(term)}
        newest = _id_at(reader, room.record, scope, 0)
        if not newest:
            return Hits(room, [], is_short=False)
        since = _id_at(reader, room.record, scope, LOOKED_THROUGH) if newest > LOOKED_THROUGH else 0
        is_dense = newest - since <= 2 * LOOKED_THROUGH
        statement = _called_so(room.record, tuple(names), scope, is_dense)
        rows = reader.session.dicts(statement, given | {"since": since})
        told = [(row["id"], self.label(room, row, visit.words), _hint(room, row)) for row in rows]
        return Hits(room, told, since > 0 and len(rows) < FOUND)

    def places(self, visit: Visit) -> list[Entry]:
        """The places of the menu: as the trade groups them, or its own pages, its rooms, its boards; and the administration."""
        rooms = [room for room in self.rooms_of(visit.actor) if not room.is_kernel_s]
        if self.trade.menu:
            apart = [replace(each, is_folded=True) for each in self.administration(visit)]
            return [*self._grouped(visit, rooms), *apart]
        screens = [each for screen in self.trade.screens if (each := self._place(visit, screen)) is not None]
        own, others = ([each for each in screens if bool(each.group) is is_other] for is_other in (False, True))
        return [*own, *(_entry(visit, room) for room in rooms), *others, *self.administration(visit)]

    def _grouped(self, visit: Visit, rooms: Sequence[Room]) -> Iterator[Entry]:
        """The places under the headings of the trade; what is under none comes last, folded."""
        for group in self.trade.menu:
            for each in (self._place(visit, place) for place in group.places):
                if each is not None:
                    yield replace(each, group=visit.words(group.title), is_folded=group.is_folded)
        named = [place for group in self.trade.menu for place in group.places]
        screens = [self._place(visit, each) for each in self.trade.screens if each not in named]
        rest = [*screens, *(_entry(visit, room) for room in rooms if room.record not in named)]
        yield from (replace(each, group=visit.words("More"), is_folded=True) for each in rest if each is not None)

    def _place(self, visit: Visit, place: type[Record] | Screen) -> Entry | None:
        """Where the room of a record or a screen is, if it is a place of its own that this person may go to."""
        if isinstance(place, OwnPage):
            is_for = place.is_place and visit.actor.may(place.by)
            return Entry(visit.words(place.title), f"{visit.app}/{place.path}", place.icon) if is_for else None
        if isinstance(place, Chart | Section):
            return None
        record = place if isinstance(place, type) else place.record
        if not self._sees(visit, record):
            return None
        room = self.house.by_record[record]
        if isinstance(place, type):
            return _entry(visit, room)
        kind = "boards" if isinstance(place, Board) else "calendars"
        usual = "{what}: board" if kind == "boards" else "{what}: calendar"
        title = visit.words(place.title) if place.title else visit.words(usual, what=visit.words(room.title))
        return Entry(title, f"{visit.app}/-/{kind}/{room.name}", kind, visit.words("Boards and calendars"))

    def administration(self, visit: Visit) -> list[Entry]:
        """The places of whoever looks after the business: the kernel's rooms, and what is no room."""
        group = visit.words("Administration")
        return [
            Entry(visit.words(room.title), f"{visit.app}/{room.name}", room.icon, group)
            for room in self.rooms_of(visit.actor)
            if room.is_kernel_s
        ]

    def _sees(self, visit: Visit, record: Any) -> bool:
        room = self.house.by_record.get(record)
        return room is not None and room.is_for(visit.actor)


@per_record
def _ids(record: type[Record], scope: Scope) -> Prepared:
    table, own = record.table.c, [scope(record)] if scope is not None else []
    found = sa.select(table.id).where(table.org_id == sa.bindparam("org_id"), *own).order_by(table.id.desc())
    return Prepared(found.offset(sa.bindparam("place", type_=sa.BigInteger)).limit(1))


def _id_at(reader: Reader, record: type[Record], scope: Scope, place: int) -> int:
    """The id of the row at a place, counted from the newest; 0 where there are not so many."""
    given = {"org_id": reader.org_id, "me": reader.actor.user_id, "place": place}
    rows = reader.session.run(_ids(record, scope), given)
    return int(rows[0][0]) if rows else 0


@per_record
def _called_so(record: type[Record], names: tuple[str, ...], scope: Scope, is_dense: bool) -> Prepared:
    table, own = record.table.c, [scope(record)] if scope is not None else []
    # Where most of the ids are this organisation's, to walk along them takes half as long as an index of its own rows.
    org_id = table.org_id + 0 if is_dense else table.org_id
    mine = org_id == sa.bindparam("org_id", type_=table.org_id.type)
    # What few rows have is asked first.
    here = (table.id > sa.bindparam("since"), matches(table.folded, "pattern"), mine)
    found = sa.select(*(table[each] for each in names)).where(*here, *own)
    return Prepared(found.order_by(table.id.desc()).limit(FOUND))


def _entry(visit: Visit, room: Room) -> Entry:
    return Entry(visit.words(room.title), f"{visit.app}/{room.name}", room.icon)


def _hint(room: Room, row: Mapping[str, Any]) -> str:
    return " · ".join(
        str(row[name]) for name in room.record.searched if row.get(name) and name not in room.record.known_as
    )[:80]
