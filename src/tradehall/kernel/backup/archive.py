"""The file of a backup: a gzipped tar of rows and uploads, sealed where there is a key; anything can look into an open one.

First comes `head.json`, then the rows in blocks (`rows/<table>/<digest>.jsonl`, a JSON list a line), the uploads
(`files/...`), the secret, and last `manifest.json`, which names every block with its digest. A backup of the changes
holds only the blocks and uploads that the full backup before it lacks; its manifest names all.
"""

import gzip
import io
import os
import tarfile
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from tradehall.kernel.backup.sealing import MAGIC, BackupError, Key, Lock, Opening, Sealing
from tradehall.kernel.database.portable import Layout

HEAD, MANIFEST, SECRET = "head.json", "manifest.json", "secret.key"
ENDS_WITH = 511
"""A block ends after a row whose checksum has these bits: so that a change moves no border but its own."""
MOST_ROWS = 4096
LARGEST = 1 << 28
GZIP = b"\x1f\x8b"
DAMAGED = (EOFError, OSError, tarfile.TarError, zlib.error, ValueError, KeyError, TypeError, AttributeError)


@dataclass(frozen=True)
class Head:
    """What a backup is of: when, with which schema, and, where it holds only changes, since which full one."""

    name: str
    made_at: str
    revisions: tuple[str, ...]
    layouts: tuple[Layout, ...]
    base: str = ""

    def dumps(self) -> bytes:
        """As JSON."""
        told = {"tradehall": 1, "name": self.name, "made_at": self.made_at, "base": self.base}
        tables = [each.saved() for each in self.layouts]
        return orjson.dumps(told | {"revisions": self.revisions, "tables": tables}, option=orjson.OPT_INDENT_2)

    @classmethod
    def loads(cls, text: bytes) -> "Head":
        """From JSON; raises BackupError where it is of a later version."""
        told = orjson.loads(text)
        if told["tradehall"] != 1:
            raise BackupError("this backup is of a newer version of Tradehall")
        tables = tuple(Layout.of(each) for each in told["tables"])
        return cls(told["name"], told["made_at"], tuple(map(str, told["revisions"])), tables, told["base"])


@dataclass
class Manifest:
    """Everything that a backup stands for: the blocks of each table, the last ids, the uploads, the heads of the logs."""

    blocks: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    last_ids: dict[str, int] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    logs: dict[str, tuple[int, str]] = field(default_factory=dict)
    with_uploads: bool = True
    """Whether it was to hold the uploads, too."""

    def dumps(self) -> bytes:
        """As JSON."""
        return orjson.dumps(vars(self))

    @classmethod
    def loads(cls, text: bytes) -> "Manifest":
        """From JSON."""
        told = orjson.loads(text)
        blocks = {table: [(str(one), int(count)) for one, count in found] for table, found in told["blocks"].items()}
        logs = {org_id: (int(last), str(chain)) for org_id, (last, chain) in told["logs"].items()}
        return cls(blocks, dict(told["last_ids"]), dict(told["files"]), logs, told.get("with_uploads", True))

    def wanted(self) -> Counter[tuple[str, str]]:
        """Each block, as often as it is there."""
        return Counter((table, digest) for table, found in self.blocks.items() for digest, _ in found)

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        return {table: sum(count for _, count in found) for table, found in self.blocks.items()}


def blocks(parts: Iterator[list[Sequence[Any]]]) -> Iterator[tuple[str, int, bytes]]:
    """Rows in blocks: digest, how many, and their lines."""
    lines: list[bytes] = []
    for part in parts:
        for row in part:
            line = orjson.dumps(row)
            lines.append(line)
            if zlib.crc32(line) & ENDS_WITH == ENDS_WITH or len(lines) == MOST_ROWS:
                yield _block(lines)
                lines = []
    if lines:
        yield _block(lines)


def _block(lines: list[bytes]) -> tuple[str, int, bytes]:
    content = b"\n".join(lines)
    return sha256(content).hexdigest(), len(lines), content


class Writing:
    """A backup that is being written."""

    def __init__(self, tar: tarfile.TarFile, now: float) -> None:
        self._tar, self._now = tar, int(now)

    def add(self, name: str, content: bytes) -> None:
        """Add a member."""
        member = tarfile.TarInfo(name)
        member.size, member.mtime, member.mode = len(content), self._now, 0o600
        self._tar.addfile(member, io.BytesIO(content))


@contextmanager
def writing(path: Path, lock: Lock, now: float) -> Iterator[Writing]:
    """Write a backup; the file appears under its name when it is whole, and on the disk."""
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        with unfinished.open("wb") as file:
            unfinished.chmod(0o600)
            sealed: Any = Sealing(file, lock) if lock else file
            with gzip.GzipFile("", "wb", 4, sealed, now) as packed, tarfile.open(fileobj=packed, mode="w|") as tar:
                yield Writing(tar, now)
            if lock:
                sealed.finish()
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def members(path: Path, key: Key) -> Iterator[tuple[str, bytes]]:
    """Each member of a backup; raises BackupError where it can't be opened, or was changed or cut short."""
    try:
        with path.open("rb") as file:
            yield from _members(file, key)
    except FileNotFoundError:
        raise BackupError(f"there is no file {path}") from None
    except DAMAGED as error:
        if isinstance(error, OSError) and error.errno and not isinstance(error, gzip.BadGzipFile):
            raise
        raise BackupError(f"{path.name} is damaged or cut short") from error


def _members(file: BinaryIO, key: Key) -> Iterator[tuple[str, bytes]]:
    start = file.read(len(MAGIC))
    opened: Any = file
    if start == MAGIC:
        opened = io.BufferedReader(Opening(file, key), 1 << 18)
    elif start.startswith(GZIP):
        file.seek(0)
    else:
        raise BackupError("this is no backup of Tradehall")
    last = ""
    with gzip.GzipFile(fileobj=opened) as packed:
        with tarfile.open(fileobj=packed, mode="r|") as tar:
            for member in tar:
                last = member.name
                content = tar.extractfile(member)
                if content is None or member.size > LARGEST:
                    raise BackupError("this is no backup of Tradehall")
                yield last, content.read()
        while packed.read(1 << 16):  # to the end, where the checksum is
            pass
    if last != MANIFEST:
        raise BackupError("this backup was cut short")
