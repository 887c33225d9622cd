"""A program of its own, that looks into what somebody sent: whatever it meets there, it hurts only itself.

`python -I examiner.py picture SIZE` reads an image from standard input and writes it anew to standard output: upright,
its first frame, without what a camera or a person noted in it; SIZE is the longest side, 0 to keep it. `workbook` looks
whether a workbook is what it says. Where it refuses, it ends with 1 and a sentence on standard error.
"""

import resource
import sys
import warnings
import zipfile
from typing import Any, BinaryIO

from PIL import Image, ImageOps

MOST_PIXELS = 25_000_000
TOO_MANY = f"has more than {MOST_PIXELS // 1_000_000} million pixels"
MEMORY = 1024**3
SECONDS = 20
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
QUALITY = {"JPEG": {"quality": 88, "optimize": True}, "WEBP": {"quality": 88}}
LARGEST_WORKBOOK = 200 * 1024 * 1024
MOST_PARTS = 10_000


class Refused(Exception):  # noqa: N818 - a way to end
    """Says why this is not taken, after "This file"."""


def picture(source: BinaryIO, target: BinaryIO, longest: int) -> None:
    """Write the image anew."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    with Image.open(source, formats=FORMATS) as found:
        kind = found.format or ""
        if found.width * found.height > MOST_PIXELS:
            raise Refused(TOO_MANY)
        if longest:
            found.draft("RGB", (longest, longest))
        image: Image.Image = ImageOps.exif_transpose(found)
    image.info = {name: value for name, value in image.info.items() if name == "transparency"}
    if longest:
        image.thumbnail((longest, longest))
    more: dict[str, Any] = QUALITY.get(kind, {})
    _plain(image, kind).save(target, kind, **more)


def _plain(image: Image.Image, kind: str) -> Image.Image:
    """The image in a mode that its format can hold."""
    if image.mode == "L" or (kind == "GIF" and image.mode == "P"):
        return image
    clear = kind != "JPEG" and (image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info)
    return image.convert("RGBA" if clear else "RGB")


def workbook(source: BinaryIO) -> None:
    """Look whether it is a workbook, and how large it would grow."""
    with zipfile.ZipFile(source) as found:
        parts = {each.filename: each.file_size for each in found.infolist()}
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= parts.keys():
        raise Refused("is an archive, not a workbook")
    if "xl/vbaProject.bin" in parts:
        raise Refused("holds macros")
    if len(parts) > MOST_PARTS or sum(parts.values()) > LARGEST_WORKBOOK:
        raise Refused("would grow too large")


def main(what: str, size: str = "0") -> None:
    """Do what was asked for, within limits."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    try:
        if what == "picture":
            picture(sys.stdin.buffer, sys.stdout.buffer, int(size))
        else:
            workbook(sys.stdin.buffer)
    except Refused as error:
        sys.exit(str(error))
    except Image.DecompressionBombError:
        sys.exit(TOO_MANY)
    except Exception:  # noqa: BLE001 - whatever it met, the answer is the same
        sys.exit("can't be read")


if __name__ == "__main__":
    main(*sys.argv[1:])
