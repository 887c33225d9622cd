"""Readiness and metrics (P-31)."""

import os
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from tests.running import Application, Clock, Place, Switchboard, opened
from tradehall.kernel.database import Batch, Work
from tradehall.kernel.office import Office
from tradehall.kernel.trade import Trade
from tradehall.trades import phoneshop
from tradehall.web import health
from tradehall.web.health import Health

MANY = ("database", "migrations", "jobs", "disk")


@pytest.fixture
def trade() -> Trade:
    """The phone shop stands for every trade."""
    return phoneshop.trade


class Statement(Work):
    """One statement as a unit."""

    org_id = 0

    def __init__(self, statement: sa.Executable) -> None:
        self.statement = statement

    def run(self, batch: Batch) -> Any:
        return batch.session.execute(self.statement)


async def readiness(office: Office, folder: Path) -> dict[str, bool]:
    return {name: found["ok"] for name, found in (await Health(office, folder).checks()).items()}


async def test_an_installation_in_order_is_ready(application: Application) -> None:
    answer = await application.stranger.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert "Retry-After" not in answer.headers
    assert {name: each["ok"] for name, each in answer.json()["checks"].items()} == dict.fromkeys(MANY, True)


async def test_the_seed_s_health_paths_stay_as_they_are(application: Application) -> None:
    assert (await application.stranger.get("/health")).status_code == 200
    assert "checks" not in (await application.stranger.get("/health")).json()


async def test_p_31_a_schema_that_is_behind_is_not_ready_and_says_when_to_ask_again(
    application: Application, tmp_path: Path
) -> None:
    await application.office.database.unit(Statement(sa.text("DELETE FROM alembic_version")))
    assert await readiness(application.office, tmp_path) == dict.fromkeys(MANY, True) | {"migrations": False}
    answer = await application.stranger.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert (answer.headers["Retry-After"], answer.headers["Cache-Control"]) == ("5", "no-store")


async def test_jobs_that_wait_for_long_are_not_ready(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LONGEST_LAG", -1)
    assert await readiness(application.office, tmp_path) == dict.fromkeys(MANY, True) | {"jobs": False}


async def test_a_disk_that_is_nearly_full_is_not_ready(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LEAST_FREE", 2**62)
    assert await readiness(application.office, tmp_path) == dict.fromkeys(MANY, True) | {"disk": False}


async def test_the_metrics_tell_requests_by_route_units_and_jobs(shop: Place, application: Application) -> None:
    phone = {"brand": "Nokia", "model": "3310", "condition": "Used", "value": 100}
    assert (await shop.manager.post("/api/phones/", json=phone)).status_code == 201
    assert (await shop.manager.get("/api/phones/1")).status_code == 200
    told = (await application.stranger.get("/metrics")).text
    labels = 'method="GET",route="/api/phones/{id}",status="200",trade="phoneshop"'
    assert f"tradehall_request_seconds_count{{{labels}}}" in told
    assert "tradehall_units_in_a_group_sum" in told
    assert "tradehall_job_lag_seconds 0.0" in told
    assert "phones/1" not in told


async def test_the_metrics_are_for_the_machine_itself_or_for_who_shows_the_token(
    database_url: str, trade: Trade, clock: Clock, served: tuple[Switchboard, httpx2.AsyncClient], tmp_path: Path
) -> None:
    async with opened(database_url, trade, clock, served, tmp_path, metrics_token="a token") as application:
        through = {"X-Forwarded-For": "127.0.0.1"}
        asks = application.stranger.get
        assert (await asks("/metrics")).status_code == 200
        assert (await asks("/metrics", headers=through)).status_code == 403
        assert (await asks("/metrics", headers=through | {"Authorization": "Bearer another"})).status_code == 403
        assert (await asks("/metrics", headers=through | {"Authorization": "Bearer a token"})).status_code == 200


async def test_several_processes_are_told_of_together(
    application: Application, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    told = await Health(application.office, tmp_path).metrics()
    assert b"tradehall_job_lag_seconds" in told
    assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(tmp_path)
