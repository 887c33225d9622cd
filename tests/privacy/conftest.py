"""A phone shop and a bicycle rental in one installation, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import bicycles
import httpx2
import pytest

from tests.privacy.hall import Hall, filled
from tests.running import SECRET, Clock, Switchboard
from tests.servers import Postgres
from tradehall.app import build_app
from tradehall.kernel.database import open_database
from tradehall.settings import Settings
from tradehall.trades import phoneshop

TRADES = [phoneshop.trade, bicycles.trade]


@pytest.fixture(params=["sqlite", "postgresql"])
async def hall(
    request: pytest.FixtureRequest, served: tuple[Switchboard, httpx2.AsyncClient], tmp_path: Path
) -> AsyncIterator[Hall]:
    """Both trades, with two organisations and an owner in each."""
    url, admin = f"sqlite:///{tmp_path / 'hall.db'}", ""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("private_server")
        name = f"hall_{abs(hash(tmp_path)) % 10**9}"
        url, admin = server.database(name), server.admin(name)
    await asyncio.to_thread(lambda: filled(open_database(url, tmp_path), TRADES))
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
