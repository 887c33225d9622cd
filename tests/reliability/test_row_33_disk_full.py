"""A disk that is full (row 33): 507, nothing acknowledged is lost, and it goes on without a restart."""

import resource
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.reliability.serving import Server, Shop, a_phone

MANY = 400


def limit(server: Server, size: int) -> None:
    """Let a server's files grow to this size and no further: for it the disk is full then."""
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


async def fill(client: httpx2.AsyncClient) -> tuple[list[int], list[int]]:
    """Add phones until the disk is full; the ids that were acknowledged, and the statuses of the others."""
    kept, refused = [], []
    for serial in range(MANY):
        phone = {"brand": "Nokia", "model": f"{serial}" + "x" * 90, "condition": "Used", "value": 100}
        answer = await client.post("/api/phones", json=phone)
        if answer.status_code == 201:
            kept.append(answer.json()["id"])
        else:
            refused.append(answer.status_code)
        if len(refused) == 5:
            break
    return kept, refused


async def full_and_freed(shop: Shop, server: Server, free: int | None) -> None:
    """Fill the disk, look, free it and look again."""
    async with shop.client(server) as client:
        await a_phone(client)
        if free is not None:
            largest = max(each.stat().st_size for each in shop.folder.glob("tradehall.db*"))
            limit(server, largest + free)
        kept, refused = await fill(client)
        assert set(refused) == {507}
        assert [(await client.get(f"/api/phones/{each}")).status_code for each in kept] == [200] * len(kept)
        if free is not None:
            limit(server, resource.RLIM_INFINITY)
        else:
            (shop.folder / "filler").unlink()
        await a_phone(client)
        assert [(await client.get(f"/api/phones/{each}")).status_code for each in kept] == [200] * len(kept)
    assert await shop.wrong() == []


@pytest.mark.parametrize("free", [20_000, 100_000])
async def test_row_33_a_file_that_may_not_grow_is_507_and_nothing_is_lost(tmp_path: Path, free: int) -> None:
    shop = Shop(tmp_path, "")
    try:
        await full_and_freed(shop, shop.serve(), free)
    finally:
        shop.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes, where this machine lets us mount one."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or subprocess.run([mount, "-t", "tmpfs", "-o", "size=8m", "none", folder], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


async def test_row_33_a_disk_without_room_is_507_and_nothing_is_lost(small_disk: Path) -> None:
    shop = Shop(small_disk, "")
    try:
        server = shop.serve()
        free = shutil.disk_usage(small_disk).free
        (small_disk / "filler").write_bytes(b"x" * (free - 100_000))
        await full_and_freed(shop, server, None)
    finally:
        shop.close()
