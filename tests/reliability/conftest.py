"""The phone shop, on both databases, in a process of its own where it may be killed."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any
from zlib import crc32

import httpx2
import pytest

from tests.reliability.serving import Shop
from tests.reliability.walk import PHONESHOP, Rows, Stocked, Walk, rows_of
from tests.running import Clock, Copies, Switchboard, opened
from tests.servers import Postgres, private_postgres
from tradehall.kernel.trade import Trade
from tradehall.trades import phoneshop


@pytest.fixture(scope="session")
def trade(request: pytest.FixtureRequest) -> Trade:
    """The trade of this folder, or the one that a test names."""
    named: Trade = getattr(request, "param", phoneshop.trade)
    return named


@pytest.fixture(scope="session")
def durable_postgres() -> Iterator[Postgres]:
    """A PostgreSQL as it is in production: it writes before it answers."""
    with private_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def real_shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A phone shop to be served by processes of their own."""
    url = ""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("durable_postgres")
        url = server.database(f"shop_{abs(hash(tmp_path)) % 10**9}")
    shop = Shop(tmp_path, url)
    yield shop
    shop.close()


class Stock:
    """Databases in which both organisations have a row of everything, each made when it is first asked for."""

    def __init__(self, copies: Copies, folder: Path) -> None:
        self.copies, self.folder = copies, folder
        self.made: dict[tuple[str, Walk], tuple[str, Rows, Rows]] = {}

    async def of(self, kind: str, walk: Walk, served: tuple[Switchboard, httpx2.AsyncClient]) -> tuple[str, Rows, Rows]:
        """The URL of one for a walk, and what is in each organisation."""
        if (kind, walk) not in self.made:
            # The first copy of a kind is of an original that is filled in a loop of its own.
            url = await asyncio.to_thread(self.copies.fresh, kind, walk.trade)
            async with opened(url, walk.trade, Clock(), served, self.folder) as application:
                mine, theirs = [await rows_of(place, walk) for place in application.places.values()]
            self.made[kind, walk] = url, mine, theirs
        return self.made[kind, walk]


@pytest.fixture(scope="session")
def stock(copies: Copies, tmp_path_factory: pytest.TempPathFactory) -> Stock:
    """Databases with a row of everything, to be copied."""
    return Stock(copies, tmp_path_factory.mktemp("stock"))


def walk_of(given: Mapping[str, Any]) -> Walk:
    """Which walk a test is part of, by its parameters: one that is named, or that of its operations."""
    some = given.get("operations") or ([given["operation"]] if "operation" in given else [])
    found: Walk = some[0].walk if some else given.get("walk", PHONESHOP)
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
async def stocked(
    request: pytest.FixtureRequest, stock: Stock, clock: Clock, served: tuple[Switchboard, httpx2.AsyncClient]
) -> AsyncIterator[Stocked]:
    """A trade with a row of everything in both of its organisations."""
    walk = walk_of(request.node.callspec.params)
    url, mine, theirs = await stock.of(request.param, walk, served)
    with stock.copies.copy(request.param, walk.trade, url) as own:
        async with opened(own, walk.trade, clock, served, stock.folder) as application:
            shop, other = application.places["accra"], application.places["kumasi"]
            yield Stocked(walk, application, shop, other, mine, theirs)


SAMPLED = {"test_row_16_injection.py": 5, "test_row_22_mass_assignment.py": 3}
"""Of these walks over all operations, every how many are done on PostgreSQL, too. `EVERY_ROUTE=1` does them all."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what SQLite shows as well: these walks end before the database nearly always."""
    if os.environ.get("EVERY_ROUTE"):
        return
    left = [each for each in items if _sampled(each)]
    config.hook.pytest_deselected(items=[each for each in items if not _sampled(each)])
    items[:] = left


def _sampled(item: pytest.Item) -> bool:
    share = SAMPLED.get(item.path.name, 1)
    return "postgresql" not in item.name or crc32(item.name.encode()) % share == 0
