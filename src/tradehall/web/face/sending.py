"""Sending on: a form with a file, as the interface takes it."""

import secrets
from collections.abc import AsyncIterator, Mapping
from typing import Any, BinaryIO

import orjson

from tradehall.web.bodies import Receive

PIECE = 256 * 1024
File = tuple[str, BinaryIO]


def form_with(fields: Mapping[str, Any], file: File) -> tuple[bytes, Receive]:
    """A form of these fields and this file: its content type, and its messages piece by piece."""
    mark = secrets.token_hex(16)
    pieces = _pieces(fields, file, mark)

    async def receive() -> dict[str, Any]:
        piece = await anext(pieces, b"")
        return {"type": "http.request", "body": piece, "more_body": bool(piece)}

    return f"multipart/form-data; boundary={mark}".encode(), receive


async def _pieces(fields: Mapping[str, Any], file: File, mark: str) -> AsyncIterator[bytes]:
    for name, value in fields.items():
        if value is not None:
            yield f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{_text(value)}\r\n'.encode()
    name, content = file
    plain = "".join(char for char in name if char.isprintable() and char not in '"\\')
    head = f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{plain}"\r\nContent-Type: application/octet-stream\r\n\r\n'
    yield head.encode()
    content.seek(0)
    while piece := content.read(PIECE):
        yield piece
    yield f"\r\n--{mark}--\r\n".encode()


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
