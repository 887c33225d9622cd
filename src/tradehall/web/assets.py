"""Assets: what pages load, named by its content, so that a browser keeps it; packed once and kept in memory."""

import gzip
import mimetypes
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "assets"
FOLDERS: dict[str, Path] = {}
"""The folders of trades that have assets of their own, by the name of the trade, which is the first part of their names."""
WORKER = "worker.js"
"""The service worker, which may answer for all pages of a trade."""
FOR_EVER = b"public, max-age=31536000, immutable"
FOR_A_WHILE = b"public, max-age=300"
SMALL = 4_000_000
TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
"""Not what the machine has for these: some have text/plain for a script, which no browser runs."""


def _place(name: str) -> Path | None:
    """Where an asset lies, if it is one."""
    first, _, rest = name.partition("/")
    folder, inside = (FOLDERS[first], rest) if first in FOLDERS else (FOLDER, name)
    path = (folder / inside).resolve()
    return path if path.is_relative_to(folder.resolve()) and path.is_file() else None


@cache
def mark(name: str) -> str:
    """What tells one version of an asset from the next; raises FileNotFoundError."""
    path = _place(name)
    if path is None:
        raise FileNotFoundError(f"there is no asset {name}")
    return sha256(path.read_bytes()).hexdigest()[:12]


@cache
def asset(name: str) -> str:
    """The address of an asset below the root of its trade: it changes with what is in it."""
    return f"/assets/{name}?v={mark(name)}"


@cache
def worker(trade: str) -> str:
    """The address of the service worker for a trade's pages: another one as soon as anything changes that they load."""
    own = FOLDERS.get(trade)
    names = [each.name for each in FOLDER.iterdir() if each.is_file()]
    names += [f"{trade}/{each.relative_to(own)}" for each in own.rglob("*") if each.is_file()] if own else []
    edition = sha256("".join(f"{name} {mark(name)}" for name in sorted(names)).encode()).hexdigest()[:12]
    return f"/assets/{WORKER}?v={edition}"


@cache
def _content(name: str) -> tuple[bytes, bytes] | None:
    path = _place(name)
    if path is None:
        return None
    plain = path.read_bytes()
    return plain, gzip.compress(plain, 9) if len(plain) < SMALL else plain


async def serve(scope: Any, receive: Any, send: Any) -> None:
    """Answer with an asset."""
    name = scope["path"].removeprefix(scope.get("root_path", "")).removeprefix("/assets").lstrip("/")
    found = _content(name) if scope["method"] in ("GET", "HEAD") and "\x00" not in name else None
    if found is None:
        await _send(send, 404, b"Not found", [(b"content-type", b"text/plain; charset=utf-8")])
        return
    headers = dict(scope["headers"])
    body, packed = found[0], b"gzip" in headers.get(b"accept-encoding", b"") and len(found[1]) < len(found[0])
    path = Path(name)
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    lasts = FOR_EVER if b"v=" in scope.get("query_string", b"") else FOR_A_WHILE
    more = [
        (b"content-type", kind.encode()),
        (b"cache-control", lasts),
        (b"vary", b"Accept-Encoding"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if name == WORKER:
        more.append((b"service-worker-allowed", f"{scope.get('root_path', '').removesuffix('/assets')}/app".encode()))
    if packed:
        body, more = found[1], [*more, (b"content-encoding", b"gzip")]
    await _send(send, 200, b"" if scope["method"] == "HEAD" else body, [*more, (b"content-length", b"%d" % len(body))])


async def _send(send: Any, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
