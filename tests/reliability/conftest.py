"""The phone shop, on both databases, in a process of its own where it may be killed."""

from collections.abc import Iterator
from pathlib import Path

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
