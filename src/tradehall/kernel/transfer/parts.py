"""Parts of an export: rows that a turn took, kept in the store until the last turn makes one file of all of them."""

import asyncio
import gzip
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from itertools import islice
from tempfile import TemporaryFile
from time import monotonic
from typing import Any

import orjson

from tradehall.kernel.cabinet import Cabinet
from tradehall.kernel.contracts import dumps
from tradehall.kernel.errors import Missing
from tradehall.kernel.transfer.exporting import LINES, PAGE, Rows, Source, cells_of

TURN = 60.0
"""Seconds: after so long the rest waits for its turn as a job of its own."""
Tell = Callable[[int], Awaitable[None]]
"""Notes how many rows there are so far."""


def by_id(source: Source) -> Source:
    """The same list in the order of its ids.

    No change moves a row there: none is taken twice, and none is left out, however long it takes.
    """
    down = source.asked.sort[: source.asked.sort.startswith("-")]
    return replace(source, asked=replace(source.asked, sort=f"{down}id"))


async def gather(source: Source, kind: str, position: int, tell: Tell) -> tuple[str, int, str | None]:
    """Take rows until there are no more, or the turn is over: the part's key, how many rows there are now, and a cursor."""
    until, after = monotonic() + TURN, None
    line = _line_of(source, kind)
    with TemporaryFile() as made:
        with gzip.open(made, "wb", compresslevel=1) as part:
            async for found in by_id(source).found():
                await asyncio.to_thread(_add, part, line, found.rows)
                position, after = position + len(found.rows), found.cursor
                await tell(position)
                if monotonic() >= until:
                    break
            else:
                after = None
        return await source.office.files.keep(source.actor.org_id, made), position, after


def _line_of(source: Source, kind: str) -> Callable[[dict[str, Any]], bytes]:
    """From a row to what its file needs of it, behind what the list is to be sorted by."""
    view, cells = source.view, cells_of(source.view)
    key = dict(zip(view.names, view.called, strict=True)).get(source.asked.sort.removeprefix("-"), "")
    return lambda row: b"%b\t%b\n" % (dumps(row.get(key)), dumps(row if kind == LINES else cells(row)))


def _add(part: gzip.GzipFile, line: Callable[[dict[str, Any]], bytes], rows: Rows) -> None:
    part.write(b"".join(map(line, rows)))


@dataclass(frozen=True, kw_only=True)
class Gathered(Source):
    """A list whose rows are in a file already."""

    rows: Iterable[bytes]
    tell: Callable[[], Awaitable[None]]

    async def tables(self) -> AsyncIterator[Iterable[Sequence[Any]]]:
        """The rows as cells, so many at a time, sorted as it was asked for."""
        async for lines in self._chunks():
            yield map(orjson.loads, lines)

    async def lines(self) -> AsyncIterator[bytes]:
        """The rows as JSON, so many at a time."""
        async for lines in self._chunks():
            yield b"".join(lines)

    async def _chunks(self) -> AsyncIterator[list[bytes]]:
        lines = _sorted(self.rows, self.asked.sort)
        while chunk := await asyncio.to_thread(lambda: list(islice(lines, PAGE))):
            yield chunk
            await self.tell()


def _sorted(rows: Iterable[bytes], sort: str) -> Iterator[bytes]:
    """What stands behind the keys, in their order; of the same key, as it was gathered: by id."""
    # A database in a temporary file sorts what is larger than the memory.
    with closing(sqlite3.connect("", check_same_thread=False)) as scratch:
        scratch.execute("CREATE TABLE lines (key, line)")
        parted = (line.partition(b"\t") for line in rows)
        scratch.executemany("INSERT INTO lines VALUES (?, ?)", ((orjson.loads(key), line) for key, _, line in parted))
        down = "DESC" if sort.startswith("-") else ""
        for (line,) in scratch.execute(f"SELECT line FROM lines ORDER BY key {down}, rowid"):  # noqa: S608 - no input
            yield line


@asynccontextmanager
async def gathered(cabinet: Cabinet, keys: Iterable[str]) -> AsyncIterator[Iterable[bytes]]:
    """The lines of these parts, one after the other; raises Missing where the store does not have one."""
    with TemporaryFile() as parts:
        for key in keys:
            content = await cabinet.open(key)
            if content is None:
                raise Missing("The store does not have this file any more", "content_missing")
            async for piece in content.pieces:
                parts.write(piece)
        parts.seek(0)
        with gzip.open(parts) as rows:
            yield rows
