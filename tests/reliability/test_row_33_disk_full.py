"""A disk that is full (row 33): 507, nothing acknowledged is lost, and it goes on without a restart."""

import asyncio
import os
import pwd
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psycopg
import pytest

from tests.reliability.serving import Server, Shop, a_phone
from tests.servers import Postgres, private_postgres

MANY = 400
ROOM = 100_000
FULL, AWAY = 507, 503


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


async def full_and_freed(
    shop: Shop, full: Callable[[], object], freed: Callable[[], object], refusals: frozenset[int] = frozenset({FULL})
) -> None:
    """Fill the disk, look, free it and look again."""
    async with shop.client(shop.serve()) as client:
        await a_phone(client)
        await asyncio.to_thread(full)
        kept, refused = await fill(client)
        assert refused
        assert set(refused) <= refusals
        if FULL in refusals:
            assert [(await client.get(f"/api/phones/{each}")).status_code for each in kept] == [200] * len(kept)
        await asyncio.to_thread(freed)
        await a_phone(client)
        assert [(await client.get(f"/api/phones/{each}")).status_code for each in kept] == [200] * len(kept)
    assert await shop.wrong() == []


@contextmanager
def disk(folder: Path, megabytes: int, user: str = "") -> Iterator[Path]:
    """A small disk of that user's, where this machine lets us mount one."""
    folder.mkdir()
    mount = shutil.which("mount")
    options = f"size={megabytes}m" + (f",mode=0700,uid={pwd.getpwnam(user).pw_uid}" if user else "")
    if mount is None or subprocess.run([mount, "-t", "tmpfs", "-o", options, "none", folder], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def fill_up(folder: Path, room: int = ROOM) -> None:
    """Leave so much room on the disk where this folder is."""
    with (folder / "filler").open("wb") as filler:
        os.posix_fallocate(filler.fileno(), 0, shutil.disk_usage(folder).free - room)


@pytest.mark.parametrize("free", [20_000, 100_000])
async def test_row_33_a_file_that_may_not_grow_is_507_and_nothing_is_lost(tmp_path: Path, free: int) -> None:
    shop = Shop(tmp_path, "")

    def full() -> None:
        limit(shop.servers[0], max(each.stat().st_size for each in tmp_path.glob("tradehall.db*")) + free)

    try:
        await full_and_freed(shop, full, lambda: limit(shop.servers[0], resource.RLIM_INFINITY))
    finally:
        shop.close()


async def test_row_33_a_disk_without_room_is_507_and_nothing_is_lost(tmp_path: Path) -> None:
    with disk(tmp_path / "small", 8) as small:
        shop = Shop(small, "")
        try:
            await full_and_freed(shop, lambda: fill_up(small), (small / "filler").unlink)
        finally:
            shop.close()


@dataclass
class Cramped:
    """A shop on a PostgreSQL whose data are on a disk of 96 MB."""

    server: Postgres
    shop: Shop
    data: Path


@pytest.fixture
def cramped(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Cramped]:
    """Such a shop; the parameter says whether its WAL is elsewhere."""
    if os.geteuid() != 0:
        pytest.skip("mounting is not allowed here")
    with tempfile.TemporaryDirectory(prefix="tradehall-", dir="/tmp") as found:
        folder, wal = Path(found), Path(found) / "wal"
        folder.chmod(0o711)
        wal.mkdir()
        shutil.chown(wal, "nobody")
        with (
            disk(folder / "data", 96, "nobody") as data,
            private_postgres(data=data, wal=wal if request.param == "wal apart" else None) as server,
        ):
            shop = Shop(tmp_path, server.database("shop"))
            try:
                yield Cramped(server, shop, data)
            finally:
                shop.close()


@pytest.mark.parametrize("cramped", ["wal apart"], indirect=True)
async def test_row_33_a_postgresql_without_room_for_rows_is_507_and_nothing_is_lost(cramped: Cramped) -> None:
    await full_and_freed(cramped.shop, lambda: fill_up(cramped.data), (cramped.data / "filler").unlink)


@pytest.mark.parametrize("cramped", ["wal beside"], indirect=True)
async def test_row_33_a_postgresql_that_ended_for_want_of_room_for_its_wal_loses_nothing(cramped: Cramped) -> None:
    """It can't go on, and whoever runs it starts it again; the shop's server stays where it is."""
    server, data = cramped.server, cramped.data

    def full() -> None:
        fill_up(data, room=3_000_000)  # less than a piece of the WAL
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            admin.execute("SELECT pg_switch_wal()")

    def freed() -> None:
        (data / "filler").unlink()
        server.program.stop()
        server.program.start()

    await full_and_freed(cramped.shop, full, freed, frozenset({AWAY}))
