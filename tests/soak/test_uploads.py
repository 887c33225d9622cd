"""Row 19: what people upload costs the server at most 64 MB, whatever it is."""

import asyncio
import io
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from tests.files.samples import pixel_bomb, zip_bomb
from tests.reliability.serving import Shop
from tests.soak.figures import place, show

pytestmark = pytest.mark.soak
MOST_MB = 64


def peak(pid: int) -> float:
    """The most memory that a process has held since it was last reset, in megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def reset(pid: int) -> None:
    """Forget what it held before."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def large(kind: str) -> bytes:
    """A picture of 24 million pixels."""
    out = io.BytesIO()
    Image.effect_noise((6000, 4000), 12).convert("RGB").save(out, kind, **({"quality": 60} if kind == "JPEG" else {}))
    return out.getvalue()


async def test_row_19_uploads_cost_at_most_64_mb(real_shop: Shop) -> None:
    server = real_shop.serve()
    photo, bombs = large("JPEG"), (pixel_bomb(), zip_bomb())
    assert len(photo) < 10_000_000

    async def send(client: httpx2.AsyncClient, content: bytes) -> int:
        return (await client.post("/api/files", files={"file": ("a.jpg", content)})).status_code

    async with real_shop.client(server) as client:
        assert await send(client, b"hello") == 201
        reset(server.process.pid)
        before = peak(server.process.pid)
        for _ in range(5):
            answers = await asyncio.gather(*(send(client, each) for each in (photo, photo, photo, photo, *bombs)))
            assert answers == [201] * 4 + [422] * 2
        listed = (await client.get("/api/files/2/link")).json()
        assert (await client.get(f"/api/files/{listed['id']}?size=1024")).status_code == 200
        grown = peak(server.process.pid) - before
    show(f"row 19, {place(real_shop.on_sqlite)}", mb_more=grown)
    assert grown <= MOST_MB
