"""Whether this process can do its work, and what it counts: `/readyz` and `/metrics` (P-31)."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterable
from hmac import compare_digest
from pathlib import Path
from time import monotonic
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector

from tradehall.kernel.backlog import standing
from tradehall.kernel.errors import Denied
from tradehall.kernel.hosts import is_loopback
from tradehall.kernel.office import Office
from tradehall.kernel.versions import current
from tradehall.web.watch import Watch

PATIENCE = 2.0
FRESH = 1.0
"""Seconds: how long a check may take, and for how long its answer is given again."""
LONGEST_LAG = 300.0
"""Seconds that a due job may wait before this installation counts as not ready."""
LEAST_FREE = 100 * 1024 * 1024
"""Bytes that must be free in the data folder."""
RETRY_AFTER = "5"
"""Seconds after which whoever hears that it is not ready may ask again."""

Found = dict[str, Any]


class Health:
    """Looks at the database, its schema, the jobs and the disk."""

    def __init__(self, office: Office, folder: Path, token: str = "", watch: Watch | None = None) -> None:
        self.office = office
        self._folder = folder
        self._token = token
        self._watch = watch
        self._looked = -FRESH
        self._found: dict[str, Found] = {}
        self._looking = asyncio.Lock()

    async def checks(self) -> dict[str, Found]:
        """Each check with `ok`; asked however often, they are made once a second."""
        async with self._looking:
            if monotonic() - self._looked >= FRESH:
                each = {
                    "database": self._database,
                    "migrations": self._migrations,
                    "jobs": self._jobs,
                    "disk": self._disk,
                }
                found = await asyncio.gather(*(_within(PATIENCE, check) for check in each.values()))
                self._found, self._looked = dict(zip(each, found, strict=True)), monotonic()
        return self._found

    async def _database(self) -> Found:
        started = monotonic()
        await self.office.database.read(0, lambda session: session.command("SELECT 1"))
        return {"ok": True, "ms": round((monotonic() - started) * 1000, 1)}

    async def _migrations(self) -> Found:
        trades = self.office.trades.values()
        return {"ok": await self.office.database.read(0, lambda session: current(session, trades))}

    async def _jobs(self) -> Found:
        lag = (await self._standing())[1]
        return {"ok": lag <= LONGEST_LAG, "lag_seconds": round(lag, 1)}

    async def _standing(self) -> tuple[dict[tuple[str, str], int], float]:
        counts, due = await self.office.database.read(0, lambda session: standing(session, self.office.trades))
        return counts, max(0.0, (self.office.clock() - due).total_seconds()) if due is not None else 0.0

    async def _disk(self) -> Found:
        free = shutil.disk_usage(self._folder).free
        return {"ok": free >= LEAST_FREE, "free_mb": free // 2**20}

    async def metrics(self) -> bytes:
        """Everything that is counted, as Prometheus reads it; of all processes, where there are several."""
        if self._watch is not None:
            self._watch.note()
        registry = CollectorRegistry()
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library says no types here
        counts, lag = await self._standing()
        registry.register(_Gauges(_job_gauges(counts, lag)))
        own = b"" if "PROMETHEUS_MULTIPROC_DIR" in os.environ else generate_latest(REGISTRY)
        return own + generate_latest(registry)

    def admits(self, scope: Any) -> bool:
        """Whether somebody may see the metrics: who shows the token, or asks from this machine and not through a proxy."""
        headers = dict(scope["headers"])
        shown = headers.get(b"authorization", b"").removeprefix(b"Bearer ")
        if self._token and compare_digest(shown, self._token.encode()):
            return True
        client = scope.get("client")
        through = any(name in headers for name in (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via"))
        return client is not None and is_loopback(client[0]) and not through


class _Gauges:
    """Figures that were looked up for one answer."""

    def __init__(self, found: list[Metric]) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        return self._found


def _job_gauges(counts: dict[tuple[str, str], int], lag: float) -> list[Metric]:
    jobs = GaugeMetricFamily("tradehall_jobs", "Jobs by task and state.", labels=["task", "state"])
    for named, count in counts.items():
        jobs.add_metric(named, count)
    return [jobs, GaugeMetricFamily("tradehall_job_lag_seconds", "For how long the next job has been due.", value=lag)]


async def _within(seconds: float, check: Callable[[], Awaitable[Found]]) -> Found:
    try:
        async with asyncio.timeout(seconds):
            return await check()
    except Exception as error:  # noqa: BLE001 - whatever it is, this installation is not ready
        return {"ok": False, "error": type(error).__name__}


def routes(health: Health) -> APIRouter:
    """The two paths; a trade's own path of the same name wins."""
    router = APIRouter(tags=["health"])

    @router.get("/readyz", summary="Whether this installation can do its work.", responses={503: {}})
    async def readyz() -> Response:
        """Whether this installation can do its work."""
        checks = await health.checks()
        ready = all(each["ok"] for each in checks.values())
        body = {"status": "ready" if ready else "not ready", "checks": checks}
        headers = {"Cache-Control": "no-store"} | ({} if ready else {"Retry-After": RETRY_AFTER})
        return Response(orjson.dumps(body), 200 if ready else 503, headers, "application/json")

    @router.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        if not health.admits(request.scope):
            raise Denied("Show METRICS_TOKEN, or ask from the machine itself")
        return Response(await health.metrics(), 200, {"Cache-Control": "no-store"}, CONTENT_TYPE_LATEST)

    return router
