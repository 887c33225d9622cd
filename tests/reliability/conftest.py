"""The phone shop, on both databases, in a process of its own where it may be killed."""

import os
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from tests.reliability.serving import Shop
from tests.servers import Postgres, private_postgres
from tradehall.kernel.trade import Trade
from tradehall.trades import phoneshop


@pytest.fixture(scope="session")
def trade() -> Trade:
    """The trade of this folder."""
    return phoneshop.trade


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
