"""What is noted of each request: how long it took, for the metrics, and a line in the log (P-31, P-32)."""

import asyncio
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

from prometheus_client import Histogram

from tradehall.kernel.logs import Requests
from tradehall.kernel.meters import REQUESTS, observe_all
from tradehall.web.dispatch import Scope

METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
SOON = 0.02
"""Seconds for which requests are gathered: noting many at once costs each of them half as much."""
Kind = tuple[str, str, str, int]


@dataclass(slots=True)
class Seen:
    """Requests of one kind: their meter, the head of their lines, and how long those took that are not counted yet."""

    meter: Histogram
    head: str
    took: list[float] = field(default_factory=list)


class Watch:
    """Notes requests by the template of their route, never by what was in it."""

    def __init__(self, log: Requests | None = None) -> None:
        self._log = log
        self._kinds: dict[Kind, Seen] = {}
        self._gathered: list[tuple[Kind, float, str, Any]] = []

    def seen(self, scope: Scope, started: float) -> None:
        """A request that began at this reading of `perf_counter` has ended; who answered it left marks in the scope."""
        if not self._gathered:
            asyncio.get_running_loop().call_later(SOON, self.note)
        kind = (scope.get("trade", ""), scope["method"], scope.get("at") or _template(scope), scope.get("status", 0))
        took = perf_counter() - started
        self._gathered.append((kind, took, scope.get("request_id", ""), scope.get("actor")))

    def note(self) -> None:
        """Note what was gathered."""
        gathered, self._gathered = self._gathered, []
        last: Any = None
        tail, lines = self._tail(None), []
        for kind, took, known_as, actor in gathered:
            seen = self._kinds.get(kind) or self._new(kind)
            seen.took.append(took)
            if self._log is not None:
                if actor is not last:
                    last, tail = actor, self._tail(actor)
                lines.append((seen.head, took, known_as, tail))
        for seen in self._kinds.values():
            if seen.took:
                observe_all(seen.meter, seen.took)
                seen.took.clear()
        if self._log is not None and lines:
            self._log.add(lines)

    def _tail(self, actor: Any) -> str:
        if self._log is None:
            return ""
        return self._log.tail(actor.label, actor.org_id) if actor is not None else self._log.tail("", 0)

    def _new(self, kind: Kind) -> Seen:
        trade, method, route, status = kind
        method = method if method in METHODS else "OTHER"
        head = self._log.head(trade, method, route, status) if self._log is not None else ""
        found = self._kinds[kind] = Seen(REQUESTS.labels(trade, method, route, str(status)), head)
        return found


def _template(scope: Scope) -> str:
    """The template of a path operation or of a mounted folder; nothing of an unknown path is told."""
    route: Any = scope.get("route")
    return getattr(route, "path_format", None) or getattr(route, "path", None) or "-"
