"""The cabinet: what somebody sends is looked at, kept in the store, found again, and swept out when nobody refers to it."""

import asyncio
import base64
import binascii
import hmac
import io
import json
import re
import secrets
import shutil
import sys
import tempfile
import unicodedata
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from tradehall.kernel.errors import Denied, Problem, TooLarge, UnsupportedType, field_error
from tradehall.kernel.store import Content, Memory, Store

MEGABYTE = 1024 * 1024
EXAMINER = Path(__file__).with_name("examiner.py")
READER = Path(__file__).with_name("sheet.py")
AT_ONCE = 2
"""How many examiners run beside the server, each with a gigabyte at most."""
SIZES = (128, 256, 512, 1024)
LONGEST_NAME = 120
LEFT_AFTER = timedelta(days=1)
"""An object without a row is nobody's after so long: before, its row may be on the way."""
IMAGES = ("image/png", "image/jpeg", "image/webp", "image/gif")
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DATABASE = "application/vnd.sqlite3"
ENDINGS = {
    DATABASE: (".db", ".sqlite", ".sqlite3"),
    "image/png": (".png",), "image/jpeg": (".jpg", ".jpeg"), "image/webp": (".webp",), "image/gif": (".gif",),
    "application/pdf": (".pdf",), SHEET: (".xlsx",), "model/gltf-binary": (".glb",), "text/csv": (".csv",),
    "text/plain": (".txt", ".md", ".log"),
}  # fmt: skip
ACCEPTED = "a PNG, JPEG, WebP, GIF, PDF, CSV, XLSX, GLB or plain text file"
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
_DATA_URL = re.compile(r"data:[\w/+.-]*(;[\w=-]+)*;base64,")


@dataclass(frozen=True)
class Allowance:
    """What an organisation may keep, in bytes, and how long a link is good for."""

    largest: int = 10 * MEGABYTE
    quota: int = 2048 * MEGABYTE
    link_lasts: timedelta = timedelta(hours=1)


@dataclass(frozen=True)
class Arrived:
    """What was looked at and is in the store, before a row refers to it."""

    key: str
    name: str
    type: str
    size: int


def kind_of(content: BinaryIO, name: str, databases: bool = False) -> str:
    """The type of a file by its content, of those that are accepted; raises UnsupportedType."""
    content.seek(0)
    head = content.read(512)
    if databases and head.startswith(b"SQLite format 3\x00"):
        return DATABASE
    for mark, kind in (
        (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF87a", "image/gif"),
        (b"GIF89a", "image/gif"), (b"%PDF-", "application/pdf"), (b"PK\x03\x04", SHEET),
        (b"glTF\x02\x00\x00\x00", "model/gltf-binary"),
    ):  # fmt: skip
        if head.startswith(mark):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" or not _is_text(content):
        raise UnsupportedType(ACCEPTED)
    return "text/csv" if name.lower().endswith(".csv") else "text/plain"


def _is_text(content: BinaryIO) -> bool:
    content.seek(0)
    while piece := content.read(MEGABYTE):
        if _NO_TEXT.search(piece):
            return False
    return True


def cleaned(name: str, kind: str) -> str:
    """A name to show: without folders and control characters, and with an ending that its type has."""
    name = unicodedata.normalize("NFC", name).replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(char for char in name if unicodedata.category(char)[0] != "C" and char not in '<>:"|?*')
    stem = " ".join(plain.split()).lstrip(". ")[-LONGEST_NAME:]
    endings = ENDINGS[kind]
    if not stem.lower().endswith(endings):
        stem += endings[0]
    return stem if not stem.startswith(".") else f"file{stem}"


def decoded(text: str, largest: int) -> BinaryIO:
    """What a base64 text or data URL holds; raises TooLarge before it is decoded, Invalid where it is none."""
    start = found.end() if (found := _DATA_URL.match(text[:100])) else 0
    if (len(text) - start) // 4 * 3 > largest + 2:
        raise TooLarge(largest)
    try:
        return io.BytesIO(base64.b64decode(text[start:], validate=True))
    except (binascii.Error, ValueError) as error:
        raise field_error(["body"], "This is not base64") from error


def original(key: str) -> str:
    """Where in the store the bytes of a file are; pictures of other sizes are made from them."""
    return f"{key}/original"


class Cabinet:
    """Everything about files that is slow, and therefore happens outside a unit."""

    def __init__(self, store: Store | None = None, allowance: Allowance | None = None, secret: str = "") -> None:
        self.store: Store = store or Memory()
        self.allowance = allowance or Allowance()
        self._secret = sha256(f"files\n{secret}".encode()).digest()
        self._examiners = asyncio.Semaphore(AT_ONCE)

    # In.

    async def take_in(self, org_id: int, content: BinaryIO, name: str, databases: bool = False) -> Arrived:
        """Look at what was sent and put it into the store; raises Problem. Only some take databases."""
        size = content.seek(0, io.SEEK_END)
        if size > self.allowance.largest:
            raise TooLarge(self.allowance.largest)
        kind = await asyncio.to_thread(kind_of, content, name, databases)
        key = f"{org_id}/{secrets.token_hex(16)}"
        if kind in IMAGES:
            async with self._examined(content, EXAMINER, "picture") as fresh:
                size = fresh.seek(0, io.SEEK_END)
                fresh.seek(0)
                await self.store.put(original(key), fresh)
        else:
            if kind == SHEET:
                async with self._examined(content, EXAMINER, "workbook"):
                    pass
            content.seek(0)
            await self.store.put(original(key), content)
        return Arrived(key, cleaned(name, kind), kind, size)

    async def keep(self, org_id: int, content: BinaryIO) -> str:
        """Put what Tradehall made itself into the store; gives its key."""
        key = f"{org_id}/{secrets.token_hex(16)}"
        content.seek(0)
        await self.store.put(original(key), content)
        return key

    @asynccontextmanager
    async def _examined(self, content: BinaryIO, program: Path, *words: str) -> AsyncIterator[BinaryIO]:
        """What a program beside the server made of this, from its start."""
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
            content.seek(0)
            await asyncio.to_thread(shutil.copyfileobj, content, source)
            source.seek(0)
            async with self._examiners:
                running = await asyncio.create_subprocess_exec(
                    sys.executable,
                    "-I",
                    str(program),
                    *words,
                    stdin=source,
                    stdout=target,
                    stderr=asyncio.subprocess.PIPE,
                )
                _, said = await running.communicate()
            if running.returncode:
                sentence = said.decode(errors="replace").strip() if running.returncode == 1 else "can't be read"
                raise field_error(["body", "file"], f"This file {sentence}", "file")
            target.seek(0)
            yield target

    # Out.

    async def open(self, key: str, size: int | None = None) -> Content | None:
        """The bytes of a file, or of a picture no larger than so many pixels a side."""
        if size is None:
            return await self.store.get(original(key))
        if (known := await self.store.get(f"{key}/{size}")) is not None:
            return known
        if (whole := await self.store.get(original(key))) is None:
            return None
        with tempfile.TemporaryFile() as picture:
            async for piece in whole.pieces:
                picture.write(piece)
            async with self._examined(picture, EXAMINER, "picture", str(size)) as small:
                await self.store.put(f"{key}/{size}", small)
        return await self.store.get(f"{key}/{size}")

    def rows(
        self, content: BinaryIO, kind: str, queries: Mapping[str, str] | None = None
    ) -> AbstractAsyncContextManager[BinaryIO]:
        """The rows of a table, workbook or database, a JSON array a line; raises Invalid where it can't be read."""
        if queries is not None:
            return self._examined(content, READER, "database", json.dumps(queries))
        return self._examined(content, READER, "workbook" if kind == SHEET else "csv")

    async def drop(self, key: str) -> None:
        """Forget a file and its thumbnails."""
        await self.store.drop(f"{key}/{part}" for part in ("original", *SIZES))

    async def drop_quietly(self, key: str) -> None:
        """The same, where the sweep will do it otherwise."""
        try:
            await self.drop(key)
        except Problem:
            return

    async def left(self, org_id: int, known: Iterable[str], before: datetime) -> tuple[list[str], set[str]]:
        """What the store keeps of an organisation though no row refers to it, and what rows refer to in vain."""
        wanted = set(known)
        missing, stray = set(wanted), []
        async for each in self.store.walk(str(org_id)):
            key = each.key.rpartition("/")[0]
            missing.discard(key)
            if key not in wanted and each.at.astimezone(UTC) < before:
                stray.append(each.key)
        return stray, missing

    # Links.

    def link(self, trade: str, org_id: int, file_id: int, now: datetime, lasts: timedelta | None = None) -> str:
        """What lets anybody read this file for a while: the organisation, when it ends, and a signature of both."""
        until = int((now + (lasts or self.allowance.link_lasts)).timestamp())
        return f"{org_id}.{until}.{self._signed(trade, org_id, file_id, until)}"

    def admitted(self, trade: str, file_id: int, link: str, now: datetime) -> int:
        """The organisation of a link that is good for a file; raises Denied."""
        parts = link.split(".")
        if len(parts) == 3 and all(part.isascii() and part.isdecimal() and len(part) < 19 for part in parts[:2]):
            org_id, until = int(parts[0]), int(parts[1])
            right = hmac.compare_digest(self._signed(trade, org_id, file_id, until).encode(), parts[2].encode())
            if right and now.timestamp() < until:
                return org_id
        raise Denied("This link is not valid, or not any more", "link_expired")

    def _signed(self, *said: object) -> str:
        return hmac.new(self._secret, "\n".join(map(str, said)).encode(), sha256).hexdigest()
