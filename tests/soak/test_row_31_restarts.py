"""Row 31 in full: a PostgreSQL that crashes, restarts, stands still or throws everybody out, ten times each, under load."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

import httpx2
import psycopg
import pytest
import sqlalchemy as sa

from tests.reliability.serving import Server, Shop
from tests.servers import Postgres, private_postgres
from tests.soak.figures import show
from tradehall.kernel.database import Session
from tradehall.trades.phoneshop.models import Phone

pytestmark = pytest.mark.soak
ROUNDS = 10
SOON = 5.0
CLERKS = 8
OTHERS = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


def restart(server: Postgres, lasts: float) -> Iterator[float]:
    """Stop it in order, and start it again."""
    server.program.stop()
    yield lasts
    server.program.start()


def crash(server: Postgres, lasts: float) -> Iterator[float]:
    """Kill a process of somebody's connection: all the others end too, and it reads its log before it takes anybody."""
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        found = admin.execute(f"{OTHERS} LIMIT 1").fetchone()
    if found is not None:
        os.kill(found[0], signal.SIGKILL)
    yield 0.1
    while True:  # until it has read its log
        with suppress(psycopg.OperationalError), psycopg.connect(server.admin_url):
            return
        sleep(0.02)


def throw_out(server: Postgres, lasts: float) -> Iterator[float]:
    """End every connection."""
    with psycopg.connect(server.admin_url, autocommit=True) as admin:
        admin.execute(f"SELECT pg_terminate_backend(pid) FROM ({OTHERS}) AS others")
    yield 0.0


def stand_still(server: Postgres, lasts: float) -> Iterator[float]:
    """Stop all its processes where they are, and let them go on."""
    stopped = server.program.processes
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield lasts
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)


@dataclass
class Answers:
    """What the clerks were answered: how often which status, which phones, and how long the longest took."""

    statuses: Counter[int] = field(default_factory=Counter)
    kept: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    longest: float = 0.0


async def clerk(client: httpx2.AsyncClient, answers: Answers, number: int, enough: asyncio.Event) -> None:
    """Add phones and look at the list, one after the other."""
    serial = 0
    while not enough.is_set():
        serial += 1
        model, began = f"{number}-{serial}", monotonic()
        if serial % 3:
            phone = {"brand": "Nokia", "model": model, "condition": "Used", "value": 100}
            answer = await client.post("/api/phones", json=phone)
        else:
            answer = await client.get("/api/phones")
        answers.longest = max(answers.longest, monotonic() - began)
        answers.statuses[answer.status_code] += 1
        if answer.status_code == 201:
            answers.kept.add(model)
        elif answer.status_code == 503:
            if answer.json()["code"] != "outcome_unknown":
                answers.refused.add(model)
            await asyncio.sleep(0.1)


@asynccontextmanager
async def busy(shop: Shop, servers: list[Server]) -> AsyncIterator[tuple[Answers, httpx2.AsyncClient]]:
    """Clerks at work while the block runs."""
    answers, enough = Answers(), asyncio.Event()
    async with shop.client(servers[0]) as one, shop.client(servers[-1]) as other:
        working = [asyncio.create_task(clerk(one if n % 2 else other, answers, n, enough)) for n in range(CLERKS)]
        yield answers, one
        enough.set()
        await asyncio.gather(*working)


async def back(client: httpx2.AsyncClient) -> float:
    """Seconds until it serves again."""
    began = monotonic()
    while monotonic() - began < 30:
        answer = await client.post(
            "/api/phones", json={"brand": "Nokia", "model": "back", "condition": "Used", "value": 1}
        )
        if answer.status_code == 201 and (await client.get("/api/phones")).status_code == 200:
            break
        await asyncio.sleep(0.05)
    return monotonic() - began


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL that may be harmed."""
    with private_postgres() as server:
        yield server


@pytest.fixture
def shop(postgres: Postgres, tmp_path: Path) -> Iterator[Shop]:
    """A phone shop on it."""
    found = Shop(tmp_path, postgres.database("shop"))
    yield found
    found.close()


@pytest.mark.parametrize("harm", [restart, crash, throw_out, stand_still], ids=lambda harm: harm.__name__)
async def test_row_31_ten_times_away_it_is_only_503_within_five_seconds_and_back_within_five(
    postgres: Postgres, shop: Shop, harm: Callable[[Postgres, float], Iterator[float]]
) -> None:
    servers, recovered = [shop.serve(), shop.serve()], []
    async with busy(shop, servers) as (answers, client):
        for number in range(ROUNDS):
            await asyncio.sleep(0.5 + 0.07 * number)
            steps = harm(postgres, 1.0 + number % 6)
            await asyncio.sleep(await asyncio.to_thread(next, steps))
            await asyncio.to_thread(next, steps, None)
            recovered.append(await back(client))
    show(
        f"row 31, {harm.__name__}",
        **vars(answers) | {"kept": len(answers.kept), "refused": len(answers.refused)},
        back=max(recovered),
    )
    assert set(answers.statuses) <= {200, 201, 503}
    assert answers.longest <= SOON
    assert max(recovered) <= SOON

    def models(session: Session) -> set[str]:
        return {row[0] for row in session.execute(sa.select(Phone.table.c.model))}

    saved = await shop.read(models)
    assert answers.kept - saved == set()
    assert answers.refused & saved == set()
    assert await shop.wrong() == []
