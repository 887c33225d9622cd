"""A phone shop and a bicycle rental in one installation, on both databases."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import bicycles
import httpx2
import pytest

from tests.privacy.hall import Hall, filled
from tests.running import SECRET, Clock, Copies, Switchboard
from tests.servers import Postgres
from tradehall.app import build_app
from tradehall.kernel.database import open_database
from tradehall.settings import Settings
from tradehall.trades import phoneshop

TRADES = [phoneshop.trade, bicycles.trade]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A database with both trades, two organisations and an owner in each: its kind and its URL."""
    folder = tmp_path_factory.mktemp("original")
    url = f"sqlite:///{folder / 'hall.db'}"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("private_server")
        url = server.database("original_hall")
    filled(open_database(url, folder), TRADES)
    return request.param, url


@pytest.fixture
async def hall(
    original: tuple[str, str], copies: Copies, served: tuple[Switchboard, httpx2.AsyncClient], tmp_path: Path,
    request: pytest.FixtureRequest,
) -> AsyncIterator[Hall]:  # fmt: skip
    """Both trades, in a copy of that database."""
    with copies.copy(original[0], phoneshop.trade, original[1]) as url:
        admin = ""
        if original[0] == "postgresql":
            server: Postgres = request.getfixturevalue("private_server")
            admin = server.admin(url.rsplit("/", 1)[1])
        clock = Clock()
        given: dict[str, Any] = {"database_url": url, "secret_key": SECRET, "tradehall_data": tmp_path}
        gate = build_app(Settings.read(_env_file=None, **given), TRADES, clock=clock)
        found = Hall(gate.office, served[1], tmp_path, url, admin, clock)
        await found.meet(TRADES)
        served[0].serves = gate
        await gate.office.sweep()  # what is done daily is planned from now on, before a test sets the clock forward
        gate.office.open()
        yield found
        served[0].serves = None
        await gate.office.close()
