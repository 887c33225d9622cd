"""A store of files as backups use it: from the uploads, and to a place off the machine."""

import asyncio
import io
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from tradehall.kernel.backup.making import organisations
from tradehall.kernel.database import Database
from tradehall.kernel.errors import Problem
from tradehall.kernel.store import Store

T = TypeVar("T")
AT_ONCE = 4
"""So many uploads are read at the same time: those in a bucket are far away."""
COPIES = "backups"
"""The folder of the store that holds copies."""


def _wait_for(doing: Coroutine[Any, Any, T]) -> T:
    with ThreadPoolExecutor(1) as thread:  # the caller may be inside a loop
        return thread.submit(asyncio.run, doing).result()


class StoredUploads:
    """The uploads of every organisation."""

    def __init__(self, store: Store, database: Database) -> None:
        self._store, self._database = store, database

    def names(self) -> list[str]:
        everybody = self._database.ask(0, lambda session: organisations(session.connection))
        return [name for org_id in everybody for name in _wait_for(_walk(self._store, str(org_id)))]

    def read(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        for first in range(0, len(names), AT_ONCE):
            try:
                found = _wait_for(self._read(names[first : first + AT_ONCE]))
            except Problem:  # a bucket that is away must not keep the rows from being backed up
                return
            yield from found

    async def _read(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        contents = await asyncio.gather(*map(self._content, names))
        return [(name, content) for name, content in zip(names, contents, strict=True) if content is not None]

    async def _content(self, name: str) -> bytes | None:
        found = await self._store.get(name)
        return None if found is None else b"".join([piece async for piece in found.pieces])

    def write(self, name: str, content: bytes) -> None:
        _wait_for(self._store.put(name, io.BytesIO(content)))


async def _walk(store: Store, folder: str) -> list[str]:
    return [each.key async for each in store.walk(folder)]


class StoredCopies:
    """Backups in a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def names(self) -> list[str]:
        return [key.removeprefix(f"{COPIES}/") for key in _wait_for(_walk(self._store, COPIES))]

    def put(self, path: Path) -> None:
        with path.open("rb") as file:
            _wait_for(self._store.put(f"{COPIES}/{path.name}", file))

    def drop(self, name: str) -> None:
        _wait_for(self._store.drop([f"{COPIES}/{name}"]))
