"""Things that people send, and things that nobody should."""

import io
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import Any

import httpx2
from PIL import Image

from tests.running import Application, Person

GPS = {1: "N", 2: (5.0, 33.0, 0.0), 3: "W", 4: (0.0, 12.0, 0.0)}
CANARY = "taken at 12 Canary Street"


def picture(kind: str = "PNG", size: tuple[int, int] = (40, 20), **more: Any) -> bytes:
    """A picture, red on its left and blue on its right."""
    image = Image.new("RGB", size, "red")
    image.paste("blue", (size[0] // 2, 0, *size))
    out = io.BytesIO()
    image.save(out, kind, **more)
    return out.getvalue()


def from_a_phone() -> bytes:
    """A photo that says where it was taken, and that it lies on its side."""
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x8825] = 6, CANARY, GPS
    return picture("JPEG", (400, 200), exif=exif, comment=CANARY, xmp=CANARY.encode())


def pixel_bomb(side: int = 20_000) -> bytes:
    """A PNG of a few hundred kilobytes that says it is 400 million pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    rows = zlib.compressobj(9)
    body = b"".join(rows.compress(bytes(1 + side // 8)) for _ in range(side)) + rows.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def workbook(**parts: bytes) -> bytes:
    """An archive with the parts that a workbook has, and more."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/workbook.xml", "<workbook/>")
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def zip_bomb() -> bytes:
    """A workbook that would grow to 300 MB."""
    return workbook(**{f"xl/{number}.xml": bytes(100 * 1024 * 1024) for number in range(3)})


def tar_bomb() -> bytes:
    """An archive that would write outside the folder that it is unpacked in."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        member = tarfile.TarInfo("../../outside")
        member.size = 1_000_000
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    return out.getvalue()


async def send(
    person: Person, content: bytes, name: str = "photo.png", path: str = "/api/files", **more: Any
) -> httpx2.Response:
    """Upload a file."""
    return await person.post(path, files={"file": (name, content)}, **more)


async def sent(person: Person, content: bytes, name: str = "photo.png", path: str = "/api/files") -> dict[str, Any]:
    """Upload a file that must be taken; its description."""
    answer = await send(person, content, name, path)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def kept(folder: Path) -> list[Path]:
    """Every file below a folder."""
    return sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())


async def stored(application: Application, org_id: int) -> list[str]:
    """What the store keeps of an organisation."""
    return sorted([each.key async for each in application.office.files.store.walk(str(org_id))])
