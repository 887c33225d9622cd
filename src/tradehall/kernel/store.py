"""Where the bytes of files are kept: what an adapter provides, and one in memory that does no harm."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import BinaryIO, Protocol

PIECE = 256 * 1024


@dataclass(frozen=True)
class Stored:
    """One object in a store."""

    key: str
    size: int
    at: datetime


@dataclass(frozen=True)
class Content:
    """The bytes of an object, piece by piece."""

    size: int
    pieces: AsyncIterator[bytes]


class Store(Protocol):
    """A store of bytes under keys. What fails raises StorageFull (507) or Unavailable (503), with nothing left behind."""

    async def put(self, key: str, content: BinaryIO) -> None:
        """Keep the rest of an open file, whole or not at all."""

    async def get(self, key: str) -> Content | None:
        """What is kept under a key."""

    async def drop(self, keys: Iterable[str]) -> None:
        """Forget these; what is not there is no error."""

    def walk(self, prefix: str) -> AsyncIterator[Stored]:
        """Everything in a folder."""


class Memory:
    """A store that ends with its process: for tests of rules, and where no adapter was given."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[bytes, datetime]] = {}

    async def put(self, key: str, content: BinaryIO) -> None:
        self._kept[key] = content.read(), datetime.now(UTC)

    async def get(self, key: str) -> Content | None:
        found = self._kept.get(key)
        return None if found is None else Content(len(found[0]), _pieces(found[0]))

    async def drop(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._kept.pop(key, None)

    async def walk(self, prefix: str) -> AsyncIterator[Stored]:
        for key, (content, at) in list(self._kept.items()):
            if key.startswith(f"{prefix}/"):
                yield Stored(key, len(content), at)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content
