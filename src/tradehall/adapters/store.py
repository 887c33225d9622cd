"""Files in a folder of this machine, or in a bucket that speaks S3."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, S3Store

from tradehall.kernel.errors import StorageFull, Unavailable
from tradehall.kernel.store import PIECE, Content, Stored

if TYPE_CHECKING:
    from obstore import GetResult

PART = 5 * 1024 * 1024
FULL = ("os error 28", "os error 122", "No space left", "Disk quota")
GONE = (NotFoundError, FileNotFoundError)
PATIENCE = timedelta(seconds=10)


def in_folder(folder: Path) -> "Objects":
    """A store in a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    return Objects(LocalStore(folder, automatic_cleanup=True))


def in_bucket(url: str, *, endpoint: str = "", region: str = "", key: str = "", secret: str = "") -> "Objects":
    """A store at `s3://bucket/folder`; an endpoint is given where it is not Amazon's."""
    bucket, _, prefix = url.removeprefix("s3://").partition("/")
    given: dict[str, Any] = {
        "endpoint": endpoint.rstrip("/"), "region": region, "access_key_id": key, "secret_access_key": secret,
    }  # fmt: skip
    return Objects(
        S3Store(
            bucket,
            prefix=prefix.strip("/") or None,
            client_options={
                "timeout": PATIENCE,
                "connect_timeout": PATIENCE / 2,
                "allow_http": endpoint[:5] == "http:",
            },
            retry_config={"max_retries": 2, "retry_timeout": PATIENCE},
            **{name: value for name, value in given.items() if value},
        )
    )


class Objects:
    """Either of them; both write an object whole or not at all."""

    def __init__(self, store: LocalStore | S3Store) -> None:
        self._store = store

    async def put(self, key: str, content: BinaryIO) -> None:
        with _failures():
            await obstore.put_async(self._store, key, content, chunk_size=PART, max_concurrency=2)

    async def get(self, key: str) -> Content | None:
        try:
            with _failures():
                found = await obstore.get_async(self._store, key)
        except GONE:
            return None
        return Content(found.meta["size"], _pieces(found))

    async def drop(self, keys: Iterable[str]) -> None:
        await asyncio.gather(*(self._drop(key) for key in keys))

    async def _drop(self, key: str) -> None:
        try:
            with _failures():
                await obstore.delete_async(self._store, key)
        except GONE:
            return

    async def walk(self, prefix: str) -> AsyncIterator[Stored]:
        # In a thread of ours: its own threads may still call Python when a command ends.
        pages = iter(obstore.list(self._store, f"{prefix}/"))
        with _failures():
            while page := await asyncio.to_thread(next, pages, None):
                for each in page:
                    yield Stored(each["path"], each["size"], each["last_modified"])


async def _pieces(found: "GetResult") -> AsyncIterator[bytes]:
    async for piece in found.stream(min_chunk_size=PIECE):
        yield bytes(piece)


@contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except GONE:
        raise
    except (BaseError, OSError) as error:
        if any(words in str(error) for words in FULL):
            raise StorageFull from error
        raise Unavailable("The store of files does not answer; please try again", "store_unavailable") from error
