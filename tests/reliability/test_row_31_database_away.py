"""A database that restarts or hangs (row 31): only 503, soon; nothing wrong; and back as soon as it is."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from tests.reliability.proxy import Wire, wire
from tests.reliability.serving import Shop
from tests.running import Copies, Place
from tests.servers import Postgres
from tradehall.kernel.trade import Trade

SOON = 5.0
UNKNOWN = "outcome_unknown"


@pytest.fixture(autouse=True)
def patience() -> None:
    """As short as a server's."""


@pytest.fixture
def beyond(copies: Copies, trade: Trade) -> Iterator[str]:
    """The URL of a database on PostgreSQL; a file can't go away like this."""
    with copies.copy("postgresql", trade) as url:
        yield url


@pytest.fixture
async def line(beyond: str) -> AsyncIterator[tuple[Wire, str]]:
    """A wire to a database, and the database's URL through it."""
    host, port = beyond.rsplit("@", 1)[1].split("/")[0].split(":")
    async with wire(host, int(port)) as found:
        yield found, beyond.replace(f"{host}:{port}", f"127.0.0.1:{found.port}")


@pytest.fixture
def database_url(line: tuple[Wire, str]) -> str:
    """The database, through the wire."""
    return line[1]


def phone(serial: int) -> dict[str, Any]:
    return {"brand": "Nokia", "model": f"{serial}", "condition": "Used", "value": 100}


async def asked(shop: Place, serial: int) -> tuple[int, str, str]:
    """Ask for the list, or add a phone; status, code and the phone's model."""
    if serial % 2:
        answer = await shop.manager.get("/api/phones")
        return answer.status_code, "", ""
    answer = await shop.manager.post("/api/phones", json=phone(serial))
    return answer.status_code, answer.json().get("code", ""), str(serial)


async def back_again(shop: Place) -> float:
    """Seconds until it serves again."""
    began = monotonic()
    while monotonic() - began < 30:
        answers = await asyncio.gather(*(asked(shop, serial) for serial in (10_001, 10_002)))
        if all(status in (200, 201) for status, _, _ in answers):
            break
        await asyncio.sleep(0.1)
    return monotonic() - began


async def saved(shop: Place) -> set[str]:
    table = sa.table("phoneshop_phones", sa.column("org_id"), sa.column("model"))
    query = sa.select(table.c.model).where(table.c.org_id == shop.org_id)
    found: set[str] = await shop.read(lambda session: set(session.execute(query).scalars()))
    return found


async def away(shop: Place, line: Wire, harm: str) -> None:
    """Do harm while twenty ask; look at their answers, at what is saved, and that all is well afterwards."""
    await asyncio.gather(*(asked(shop, serial) for serial in range(6)))
    under_way = [asyncio.ensure_future(asked(shop, serial)) for serial in range(10, 20)]
    await asyncio.sleep(0)
    getattr(line, harm)()
    began = monotonic()
    answers = await asyncio.gather(*under_way, *(asked(shop, serial) for serial in range(20, 30)))
    took = monotonic() - began
    line.mend()
    recovered = await back_again(shop)
    assert {status for status, _, _ in answers} <= {200, 201, 503}
    assert took < SOON
    assert recovered < SOON
    kept = await saved(shop)
    assert {model for status, _, model in answers if status == 201} <= kept
    assert not {model for status, code, model in answers if status == 503 and code != UNKNOWN} & kept
    assert await shop.wrong() == []


@pytest.mark.parametrize("harm", ["cut", "hang"])
async def test_row_31_a_database_that_is_away_is_503_soon_and_nothing_is_wrong(
    harm: str, shop: Place, line: tuple[Wire, str]
) -> None:
    await away(shop, line[0], harm)


async def test_row_31_a_database_that_is_away_is_one_line_in_the_log_and_one_when_it_is_back(
    shop: Place, line: tuple[Wire, str], caplog: pytest.LogCaptureFixture
) -> None:
    wire, _ = line

    def said(word: str) -> list[str]:
        return [each.message for each in caplog.records if f"database is {word}" in each.message]

    await asked(shop, 2)
    wire.cut()
    while not said("away"):  # noqa: ASYNC110 - a log rings no bell
        await asyncio.sleep(0.05)
    before = wire.asked
    while wire.asked < before + 10:  # noqa: ASYNC110 - nor does a wire
        await asyncio.sleep(0.05)
    wire.mend()
    while not said("back"):  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.05)
    assert (len(said("away")), len(said("back"))) == (1, 1)
    assert [each.message for each in caplog.records if each.exc_info] == []


@pytest.fixture
def far_shop(durable_postgres: Postgres, tmp_path: Path) -> Iterator[Shop]:
    """A shop whose server is a process of its own, on PostgreSQL."""
    found = Shop(tmp_path, durable_postgres.database("far"))
    yield found
    found.close()


async def test_row_31_a_database_that_hangs_at_the_commit_is_503_soon_and_says_that_nobody_knows(
    far_shop: Shop,
) -> None:
    there = far_shop.url.rsplit("@", 1)[1].split("/")[0]
    host, port = there.split(":")
    async with wire(host, int(port)) as line:
        url = far_shop.url.replace(there, f"127.0.0.1:{line.port}")
        server = await asyncio.to_thread(lambda: far_shop.serve(DATABASE_URL=url))
        async with far_shop.client(server) as client:
            codes: list[str] = []
            while UNKNOWN not in codes:  # until it is ours, and not the commit of something that goes on by itself
                await asyncio.gather(*(client.post("/api/phones", json=phone(serial)) for serial in range(6)))
                line.hang_at(b"COMMIT")
                began = monotonic()
                answer = await client.post("/api/phones", json=phone(7))
                took = monotonic() - began
                line.mend()
                assert (answer.status_code, len(codes) < 5) == (503, True)
                assert took < SOON
                codes.append(answer.json()["code"])
                while (await client.post("/api/phones", json=phone(8))).status_code == 503:  # noqa: ASYNC110 - as a till
                    await asyncio.sleep(0.1)
    assert await far_shop.wrong() == []


async def test_row_31_a_database_that_ends_every_connection_is_503_at_worst(
    shop: Place, beyond: str, private_server: Postgres
) -> None:
    def throw_out() -> None:
        with psycopg.connect(private_server.admin(beyond.rsplit("/", 1)[1]), autocommit=True) as admin:
            others = "datname = current_database() AND pid <> pg_backend_pid()"
            admin.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}".encode())

    answers = []
    for first in range(0, 200, 20):
        asking = [asyncio.ensure_future(asked(shop, serial)) for serial in range(first, first + 20)]
        await asyncio.to_thread(throw_out)
        answers += await asyncio.gather(*asking)
    assert await back_again(shop) < SOON
    assert {status for status, _, _ in answers} <= {200, 201, 503}
    kept = await saved(shop)
    assert {model for status, _, model in answers if status == 201} <= kept
    assert not {model for status, code, model in answers if status == 503 and code != UNKNOWN} & kept
    assert await shop.wrong() == []
