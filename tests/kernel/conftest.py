"""The stall of the kernel's tests, on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.kernel import stall
from tests.kernel.floor import Floor
from tests.servers import Postgres
from tradehall.kernel.database import open_database
from tradehall.kernel.trade import Trade


@pytest.fixture(scope="session")
def trade() -> Trade:
    """The trade of this folder."""
    return stall.trade


@pytest.fixture
async def floor(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Floor]:
    """A stall with nothing in it; its name is HERE, and there is another one."""
    admin_url = ""
    if database_url.startswith("postgresql"):
        server: Postgres = request.getfixturevalue("private_server")
        admin_url = server.admin(database_url.rsplit("/", 1)[1])
    database = open_database(database_url, Path())
    yield Floor(database, admin_url)
    await database.close()
