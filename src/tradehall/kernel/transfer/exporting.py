"""Tables out: every row of a list that somebody may see, as CSV, as a workbook or as JSON lines, piece by piece (P-26)."""

import asyncio
import csv
import io
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, Self

from tradehall.kernel.cabinet import MEGABYTE, SHEET
from tradehall.kernel.contracts import Contract, Found, Listing, Outgoing, View, Window, dumps, flag_of
from tradehall.kernel.database import Session
from tradehall.kernel.kinds import Scaled
from tradehall.kernel.reader import Reader
from tradehall.kernel.resources import Asked, Resource
from tradehall.kernel.transfer.cells import FORMULA
from tradehall.kernel.verbs import Actor

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

PAGE = 1000
BOM = "\ufeff"
CSV, WORKBOOK, LINES = "csv", "xlsx", "jsonl"
TYPES = {CSV: "text/csv; charset=utf-8", WORKBOOK: SHEET, LINES: "application/x-ndjson"}
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")
Rows = list[dict[str, Any]]


def guarded(text: str) -> str:
    """Text that no program takes for a formula, by an apostrophe before it; a number stays one.

    What looks as if it were so marked is marked, too: whoever reads it takes one apostrophe away.
    """
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) and not _NUMBER.fullmatch(text) else text


@dataclass(frozen=True)
class Source:
    """A list that is asked for as a file, by somebody."""

    office: "Office"
    trade: "Trade"
    resource: Resource
    actor: Actor
    asked: Asked

    @property
    def view(self) -> View:
        """What they see of a row."""
        return self.resource.shape.view(self.actor, listed=True)

    async def tables(self) -> AsyncIterator[Iterable[Sequence[Any]]]:
        """The rows as cells, so many at a time."""
        cells = cells_of(self.view)
        async for found in self.found():
            yield map(cells, found.rows)

    async def lines(self) -> AsyncIterator[bytes]:
        """The rows as JSON, an object a line, so many at a time."""
        async for found in self.found():
            yield b"".join(dumps(row) + b"\n" for row in found.rows)

    async def found(self) -> AsyncIterator[Found]:
        """The pages of the list, in the order that was asked for."""
        grant, asked = Contract("GET", "", Listing(self.resource)).grant(self.actor), self.asked
        while True:
            found = await self.office.database.read(self.actor.org_id, partial(self._page, asked=asked, grant=grant))
            if found.rows:
                yield found
            if found.cursor is None:
                return
            asked = replace(asked, window=Window(PAGE, after=found.cursor))

    def _page(self, session: Session, asked: Asked, grant: Any) -> Found:
        reader = Reader(session, self.trade, self.actor, self.office.clock())
        return self.resource.page(reader, asked, grant, counted=False)


def source_of(office: "Office", trade: "Trade", resource: Resource, actor: Actor, query: Mapping[str, str]) -> Source:
    """The list that is asked for; raises Invalid naming the wrong parameter."""
    return Source(office, trade, resource, actor, resource.asked(query, Window(PAGE)))


def places_of(view: View) -> list[int | None]:
    """How many decimals the numbers of each column have; nothing where it holds none."""
    return [kind.places if isinstance(kind := column.type, Scaled) else None for column in view.columns]


def cells_of(view: View) -> Callable[[dict[str, Any]], list[Any]]:
    """From a row as it is answered to cells: numbers with all their decimals, everything else as text or nothing."""
    pairs = list(zip(view.called, places_of(view), strict=True))
    return lambda row: [_cell(row[name], decimals) for name, decimals in pairs]


def _cell(value: Any, places: int | None) -> Any:
    if places is not None and isinstance(value, float | int):
        return format(value, f".{places}f")
    if value is None or isinstance(value, bool | int):
        return value
    return str(value) if isinstance(value, str) else dumps(value).decode().strip('"')


def as_csv(rows: Iterable[Sequence[Any]]) -> bytes:
    """Rows of cells as RFC 4180 has them."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
    return text.getvalue().encode()


def _plain(cell: Any) -> Any:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return guarded(cell) if isinstance(cell, str) else cell


async def csv_pieces(source: Source, bom: bool) -> AsyncGenerator[bytes]:
    """The list as CSV."""
    head = (BOM.encode() if bom else b"") + as_csv([source.view.called])
    async for rows in source.tables():
        yield head + await asyncio.to_thread(as_csv, rows)
        head = b""
    if head:
        yield head


async def line_pieces(source: Source) -> AsyncGenerator[bytes]:
    """The list as JSON, an object a line."""
    async for lines in source.lines():
        yield lines


async def workbook(source: Source, target: BinaryIO) -> None:
    """Write the list as a workbook."""
    view = source.view
    # Whoever never asks for a workbook is spared the 13 MB of what writes them.
    writing = import_module("tradehall.kernel.transfer.workbook")
    book = writing.Workbook(target, view.called, places_of(view))
    async for rows in source.tables():
        await asyncio.to_thread(book.write, rows)
    await asyncio.to_thread(book.close)


async def _workbook_pieces(source: Source) -> AsyncGenerator[bytes]:
    with TemporaryFile() as made:
        await workbook(source, made)
        made.seek(0)
        while piece := made.read(MEGABYTE // 4):
            yield piece


class Begun:
    """Pieces of which the first is there already: what was refused on the way to it was refused before anything was sent."""

    def __init__(self, first: bytes, rest: AsyncGenerator[bytes]) -> None:
        self._first: bytes | None = first
        self._rest = rest

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if (first := self._first) is not None:
            self._first = None
            return first
        return await anext(self._rest)

    async def aclose(self) -> None:
        """Nobody wants the rest."""
        await self._rest.aclose()


async def begun(pieces: AsyncGenerator[bytes]) -> Begun:
    """The same pieces, once the first is there; raises Problem."""
    return Begun(await anext(pieces, b""), pieces)


def pieces(source: Source, kind: str, bom: bool = False) -> AsyncGenerator[bytes]:
    """The list as a file of one of the three kinds."""
    if kind == CSV:
        return csv_pieces(source, bom)
    return line_pieces(source) if kind == LINES else _workbook_pieces(source)


def exporter(resource: Resource, kind: str) -> Callable[..., Any]:
    """What answers with a list as a file."""

    async def export(office: "Office", trade: "Trade", call: "Call") -> Outgoing:
        source = source_of(office, trade, resource, call.actor, call.query)
        made = await begun(pieces(source, kind, flag_of(call.query, "bom")))
        return Outgoing(f"{resource.record.plural}.{kind}", TYPES[kind], made)

    return export
