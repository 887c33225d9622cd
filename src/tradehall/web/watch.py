"""What is noted of each request: how long it took, for the metrics, and a line in the log (P-31, P-32)."""

import asyncio
from time import perf_counter
from typing import Any

from prometheus_client import Histogram

from tradehall.kernel.logs import Requests
from tradehall.kernel.meters import REQUESTS
from tradehall.web.dispatch import Scope

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
SOON = 0.02
"""Seconds for which requests are gathered: noting many at once costs each of them half as much."""
Kind = tuple[str, str, str, int]


class Watch:
    """Notes requests by the template of their route, never by what was in it."""

    def __init__(self, log: Requests | None = None) -> None:
        self._log = log
        self._kinds: dict[Kind, tuple[Histogram, str]] = {}
        self._gathered: list[tuple[Scope, float, float]] = []

    def seen(self, scope: Scope, started: float) -> None:
        """A request that began at this reading of `perf_counter` has ended; who answered it left marks in the scope."""
        if not self._gathered:
            asyncio.get_running_loop().call_later(SOON, self.note)
        self._gathered.append((scope, started, perf_counter()))

    def note(self) -> None:
        """Note what was gathered."""
        gathered, self._gathered = self._gathered, []
        for scope, started, ended in gathered:
            route = scope.get("at") or _template(scope)
            kind = (scope.get("trade", ""), scope["method"], route, scope.get("status", 0))
            meter, head = self._kinds.get(kind) or self._new(kind)
            meter.observe(ended - started)
            if self._log is not None:
                actor = scope.get("actor")
                who, org_id = (actor.label, actor.org_id) if actor is not None else ("", 0)
                self._log.add(head, ended, ended - started, scope.get("request_id", ""), who, org_id)

    def _new(self, kind: Kind) -> tuple[Histogram, str]:
        trade, method, route, status = kind
        method = method if method in METHODS else "OTHER"
        head = self._log.head(trade, method, route, status) if self._log is not None else ""
        found = self._kinds[kind] = (REQUESTS.labels(trade, method, route, str(status)), head)
        return found


def _template(scope: Scope) -> str:
    """The template of a path operation or of a mounted folder; nothing of an unknown path is told."""
    route: Any = scope.get("route")
    return getattr(route, "path_format", None) or getattr(route, "path", None) or "-"
