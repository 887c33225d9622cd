"""Pages: what every page of a trade shares: its answer, its frame, and what it is drawn with."""

import gzip
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
import sqlalchemy as sa
from jinja2 import (
    BaseLoader,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    pass_context,
    select_autoescape,
)
from jinja2.runtime import Context
from markupsafe import Markup

from tradehall.kernel.contracts import dumps
from tradehall.kernel.database import Prepared, Session
from tradehall.kernel.formats import formats
from tradehall.kernel.office import Office
from tradehall.kernel.preferences import CURRENCY, ZONE
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record, per_record
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Actor
from tradehall.web.assets import asset
from tradehall.web.face.fields import Drawing, choice_text, tone
from tradehall.web.face.parts import part
from tradehall.web.face.rooms import House, Room
from tradehall.web.face.visiting import Visit
from tradehall.web.face.words import called, languages, phrase

if TYPE_CHECKING:
    from tradehall.web.dispatch import Dispatcher

TEMPLATES = Path(__file__).parent.parent / "templates"
OF_TRADES: dict[str, BaseLoader] = {}
"""The templates of trades that draw pages themselves, by the name of the trade, which is the first part of their names."""
POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; frame-ancestors 'none'; form-action 'self'; "
    "base-uri 'none'"
)
WORTH_PACKING = 1000
T = TypeVar("T")
Scope = Callable[[type[Record]], sa.ColumnElement[bool]] | None


@dataclass(frozen=True)
class Page:
    """A page to be drawn by a template, or HTML that is ready; or a place to go to instead, or something else."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    status: int = 200
    html: str = ""
    to: str = ""
    response: Any = None
    """An answer that is no page, such as a file, as an ASGI application."""


@dataclass(frozen=True)
class Entry:
    """A place in the menu."""

    title: str
    href: str
    icon: str
    group: str = ""
    """Under which heading it stands."""
    is_folded: bool = False
    """Whether that heading hides its places until somebody opens it."""


def environment() -> Environment:
    """What draws pages: everything is escaped, and a name that is not known is an error."""
    found = Environment(
        loader=ChoiceLoader([FileSystemLoader(TEMPLATES), PrefixLoader(OF_TRADES)]), autoescape=select_autoescape(default=True), trim_blocks=True,
        lstrip_blocks=True, undefined=StrictUndefined, auto_reload=False,
    )  # fmt: skip
    found.globals |= {
        "asset": asset_at,
        "phrase": phrase,
        "tone": tone,
        "choice_text": choice_text,
        "icon": icon,
        "part": part,
        "qr": qr,
        "languages": languages,
        "language_called": called,
    }
    return found


@pass_context
def icon(context: Context, name: str) -> Markup:
    """A picture of the sprite, which says nothing by itself."""
    return _icon(context["root"], name)


@cache
def _icon(root: str, name: str) -> Markup:
    where = f"{root}{asset('icons.svg')}"
    return Markup('<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>').format(where, name)


@cache
def qr(text: str) -> Markup:
    """A code that a telephone's camera reads, as a drawing."""
    segno = import_module("segno")  # whoever shows none is spared the memory
    drawing: str = segno.make(text, error="m", micro=False).svg_inline(omitsize=True, border=2, light="#fff")
    return Markup(drawing)  # noqa: S704 - segno writes paths, and no text


@pass_context
def asset_at(context: Context, name: str) -> str:
    """The address of an asset."""
    return f"{context['root']}{asset(name)}"


class Pages:
    """What the pages of a trade are made with."""

    def __init__(
        self, office: Office, trade: Trade, dispatcher: "Dispatcher", house: House, draws: Environment
    ) -> None:
        self.office = office
        self.trade = trade
        self.dispatcher = dispatcher
        self.house = house
        self.draws = draws
        self._open_to: dict[str, list[Room]] = {}
        self._places_of: tuple[int, dict[tuple[int, int], list[tuple[int, str]]]] = (-1, {})
        """Where else people have a place, as long as nobody's places change."""

    def drawing(self, visit: Visit, reader: Reader) -> Drawing:
        """What draws values here: in the organisation's zone and currency."""
        preferences = reader.preferences
        visit.formats = formats(visit.words.language, preferences[ZONE.name], preferences[CURRENCY.name])
        visit.business = preferences["name"] or self.trade.title
        return Drawing(self.house, visit.formats, visit.words, visit.app)

    async def read(self, visit: Visit, find: Callable[[Reader], T], *, quick: bool = False) -> T:
        """What a page needs, out of one read, which also learns how the business writes."""

        def whole(session: Session) -> T:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            self.drawing(visit, reader)
            return find(reader)

        return await self.office.database.read(visit.actor.org_id, whole, quick)

    async def learn(self, visit: Visit) -> None:
        """Learn the zone and the currency of the business."""
        await self.read(visit, lambda _: None, quick=True)

    def drawing_of(self, visit: Visit) -> Drawing:
        """What draws values where the organisation's formats are known already."""
        return Drawing(self.house, visit.formats, visit.words, visit.app)

    def within(self, reader: Reader, room: Room, *conditions: sa.ColumnElement[bool]) -> list[sa.ColumnElement[bool]]:
        """The conditions for the rows of a room that somebody may see: of their organisation, in the scope of their role."""
        grant = room.listing.grant(reader.actor)
        scope = [grant.scope(room.record)] if grant.scope is not None else []
        return [room.record.table.c.org_id == reader.org_id, *scope, *conditions]

    def rows(
        self, reader: Reader, room: Room, names: Sequence[str], *conditions: sa.ColumnElement[bool],
        order: Sequence[sa.ColumnElement[Any]], most: int,
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Some rows of a room, each with these columns."""
        table = room.record.table.c
        wanted = sa.select(*(table[name] for name in names)).where(*self.within(reader, room, *conditions))
        found = reader.session.execute(wanted.order_by(*order).limit(most), {"me": reader.actor.user_id})
        return [dict(zip(names, row, strict=True)) for row in found]

    def rows_with(
        self, reader: Reader, room: Room, names: Sequence[str], name: str, value: Any, most: int
    ) -> list[dict[str, Any]]:
        """The newest rows of a room with this value in a column, each with these columns as they are answered."""
        scope = room.listing.grant(reader.actor).scope
        statement = _newest_with(room.record, tuple(names), name, scope)
        given = {"org_id": reader.org_id, "me": reader.actor.user_id, "value": value, "most": most}
        shown = statement.on(reader.session.dialect).shown(tuple(names))
        found: list[dict[str, Any]] = orjson.loads(dumps(shown(reader.session.run(statement, given))))
        return found

    def count_with(self, reader: Reader, room: Room, name: str, value: Any, most: int) -> int:
        """How many rows of a room have this value in a column; they are counted up to so many."""
        statement = _count_with(room.record, name, room.listing.grant(reader.actor).scope)
        given = {"org_id": reader.org_id, "me": reader.actor.user_id, "value": value, "most": most}
        return int(reader.session.run(statement, given)[0][0])

    def rooms_of(self, actor: Actor) -> list[Room]:
        """Where somebody may go: their role tells."""
        if actor.scopes is not None:
            return [room for room in self.house.rooms.values() if room.is_for(actor)]
        found = self._open_to.get(actor.role)
        if found is None:
            found = self._open_to[actor.role] = [room for room in self.house.rooms.values() if room.is_for(actor)]
        return found


def _with(record: type[Record], name: str, scope: Scope) -> list[sa.ColumnElement[bool]]:
    table = record.table.c
    own = [scope(record)] if scope is not None else []
    value = sa.bindparam("value", type_=table[name].type)
    return [table.org_id == sa.bindparam("org_id"), *own, table[name] == value]


@per_record
def _newest_with(record: type[Record], names: tuple[str, ...], name: str, scope: Scope) -> Prepared:
    table = record.table.c
    found = sa.select(*(table[each] for each in names)).where(*_with(record, name, scope))
    found = found.order_by(table.created_at.desc(), table.id.desc())  # as indexes of references and states have it
    return Prepared(found.limit(sa.bindparam("most", type_=sa.BigInteger)))


@per_record
def _count_with(record: type[Record], name: str, scope: Scope) -> Prepared:
    few: sa.Select[Any] = sa.select(sa.literal_column("1")).select_from(record.table).where(*_with(record, name, scope))
    few = few.limit(sa.bindparam("most", type_=sa.BigInteger))
    return Prepared(sa.select(sa.func.count()).select_from(few.subquery()))


def packed(body: bytes, headers: Mapping[bytes, bytes]) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    """A body, smaller where the reader unpacks it and it is worth while, with the headers that say so."""
    vary = [(b"vary", b"Accept-Encoding, HX-Request, Cookie")]
    if len(body) < WORTH_PACKING or b"gzip" not in headers.get(b"accept-encoding", b""):
        return body, vary
    return gzip.compress(body, 5), [*vary, (b"content-encoding", b"gzip")]
