"""Rows 4, 5, 7, 33 and 37: killed, out of space, sent too much; nothing that was acknowledged is lost."""

import asyncio
import resource
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import pytest

from tests.reliability.loads import customer_of, killed_and_complete, names
from tests.reliability.serving import Shop, a_customer
from tests.servers import Postgres
from tradehall.kernel.contracts import LARGEST_BODY
from tradehall.kernel.database import Batch, SqliteDatabase, Work, open_database


async def test_row_4_and_7_kill_9_under_load_loses_nothing_acknowledged_and_a_key_works_afterwards(
    real_shop: Shop,
) -> None:
    ledger = await killed_and_complete(real_shop, kills=2, each=200)
    assert len(ledger.acknowledged) >= 400


class Pragmas(Work):
    """What the writer's own connection is set to."""

    org_id = 1

    def run(self, batch: Batch) -> list[Any]:
        driver: Any = batch.session.connection.connection.driver_connection
        return [
            driver.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode", "foreign_keys")
        ]


async def test_row_5_sqlite_writes_through_to_the_disk_before_it_answers(tmp_path: Path) -> None:
    database = open_database(None, tmp_path)
    assert isinstance(database, SqliteDatabase)
    try:
        assert await database.unit(Pragmas()) == [2, "wal", 1]
        assert await asyncio.to_thread(database.run, Pragmas()) == [2, "wal", 1]
    finally:
        await database.close()


def test_row_5_postgresql_writes_through_to_the_disk_before_it_answers(durable_postgres: Postgres) -> None:
    url = durable_postgres.database("durable")
    database = open_database(url, Path())
    names = ("fsync", "synchronous_commit", "full_page_writes")

    def settings(session: Any) -> list[Any]:
        return [session.connection.exec_driver_sql(f"SHOW {name}").scalar() for name in names]

    assert database.ask(0, settings) == ["on"] * 3
    with psycopg.connect(url) as plain:
        assert [plain.execute(f"SHOW {name}").fetchone() for name in names] == [("on",)] * 3


async def test_row_33_a_disk_that_is_full_is_507_and_passes_without_a_restart(real_shop: Shop) -> None:
    if not real_shop.on_sqlite:
        pytest.skip("PostgreSQL's disk is PostgreSQL's: see the kernel's tests of group commit")
    server = real_shop.serve()
    async with real_shop.client(server) as client:
        kept = [await a_customer(client) for _ in range(3)]
        largest = max(path.stat().st_size for path in real_shop.folder.iterdir() if path.is_file())
        _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (largest + 40_000, hard))
        statuses: list[int] = []
        acknowledged = []
        for number in range(400):
            body = customer_of(f"{number:x}")
            answer = await client.post("/api/customers", json=body)
            statuses.append(answer.status_code)
            if answer.status_code == 201:
                acknowledged.append(body["full_name"])
            if statuses[-3:] == [507] * 3:
                break
        assert set(statuses) == {201, 507}
        assert (await client.get(f"/api/customers/{kept[0]}")).status_code == 200
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert (await client.post("/api/customers", json=customer_of("ffff"))).status_code == 201
    assert server.process.poll() is None
    everybody = await real_shop.read(names)
    assert [name for name in acknowledged if name not in everybody] == []
    assert len(everybody) == 1 + len(acknowledged) + 1
    assert await real_shop.wrong() == []


async def too_much(client: httpx2.AsyncClient, method: str, path: str, size: int, announced: bool, kind: str) -> int:
    """Send a body of some size; the status."""

    async def pieces() -> Any:
        left = size
        while left > 0:
            yield b" " * min(left, 65536)
            left -= 65536

    headers = {"Content-Type": kind} | ({"Content-Length": str(size)} if announced else {})
    try:
        answer = await client.request(method, path, content=pieces(), headers=headers)
    except httpx2.TransportError:  # the server answered and closed before all was sent
        return 413
    return answer.status_code


def memory(kernel_knows: Path, name: str) -> int:
    """A figure of a process's memory, in bytes."""
    return int((kernel_knows / "status").read_text().split(f"{name}:")[1].split()[0]) * 1024


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
async def test_row_37_a_body_of_more_than_a_megabyte_is_413_and_costs_no_memory(
    real_shop: Shop, announced: bool
) -> None:
    server = real_shop.serve()
    json_, form = "application/json", "application/x-www-form-urlencoded"
    async with real_shop.client(server) as client:
        places = [
            ("POST", "/api/customers", json_), ("PATCH", "/api/customers/1", json_), ("PUT", "/api/phones/1", json_),
            ("POST", "/api/sales", json_), ("POST", "/api/auth/login-json", json_), ("POST", "/api/auth/login", form),
        ]  # fmt: skip
        for method, path, kind in places:
            assert await too_much(client, method, path, LARGEST_BODY, announced, kind) in (422, 404)
        kernel_knows = Path("/proc") / str(server.process.pid)
        (kernel_knows / "clear_refs").write_text("5")  # from here on the peak counts
        before = memory(kernel_knows, "VmRSS")
        statuses = [
            await too_much(client, method, path, size, announced, kind)
            for method, path, kind in places
            for size in (LARGEST_BODY + 1, 30 * LARGEST_BODY)
        ]
        assert statuses == [413] * len(statuses)
        together = [too_much(client, "POST", "/api/customers", 30 * LARGEST_BODY, announced, json_) for _ in range(8)]
        assert await asyncio.gather(*together) == [413] * 8
        assert memory(kernel_knows, "VmHWM") - before < 20 * 1024 * 1024
        assert (await client.get("/ping")).status_code == 200
