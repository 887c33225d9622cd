"""How often somebody may ask: counted in windows of time, by each process or in a store that several share (P-29)."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
MOST_KNOWN = 100_000
_LIMIT = re.compile(r"(\d{1,9}) ?/ ?(second|minute|hour|day)")


@dataclass(frozen=True)
class Limit:
    """At most so many in so many seconds."""

    most: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Limit | None":
        """`600/minute`; `off` is no limit. Raises ValueError."""
        if text.strip().lower() in ("", "off"):
            return None
        found = _LIMIT.fullmatch(text.strip().lower())
        if found is None or not int(found[1]):
            raise ValueError("write a limit as 600/minute, or off")
        return cls(int(found[1]), SECONDS[found[2]])


class Counts(Protocol):
    """A store of counters that several processes share."""

    async def add(self, key: str, seconds: int) -> int | None:
        """Count one more under a key that is kept for so many seconds; None where the store doesn't answer."""

    async def close(self) -> None:
        """Let go of the store."""


@dataclass(frozen=True)
class Spent:
    """What somebody has used of a limit, and in how many seconds a new window begins."""

    limit: Limit
    count: int
    resets: int

    @property
    def left(self) -> int:
        """How many more there may be in this window."""
        return max(0, self.limit.most - self.count)

    @property
    def exceeded(self) -> bool:
        """Whether this one is too many."""
        return self.count > self.limit.most


class Meter:
    """Counts against one limit. Where the shared store doesn't answer, each process counts for itself until it does."""

    def __init__(
        self, name: str, limit: Limit, shared: Counts | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.limit = limit
        self._name = name
        self._shared = shared
        self._clock = clock
        self._window = 0
        self._counts: dict[str, int] = {}

    async def spend(self, who: str) -> Spent:
        """Count a request of somebody."""
        now, seconds = self._clock(), self.limit.seconds
        window = int(now) // seconds
        count = self._count(who, window)
        if self._shared is not None:
            count = await self._shared.add(f"{self._name}:{window}:{who}", seconds) or count
        return Spent(self.limit, count, (window + 1) * seconds - int(now))

    def _count(self, who: str, window: int) -> int:
        if window != self._window:
            self._window, self._counts = window, {}
        if len(self._counts) >= MOST_KNOWN and who not in self._counts:
            who = ""  # a flood of addresses shares one counter, so that it can't fill the memory
        count = self._counts[who] = self._counts.get(who, 0) + 1
        return count
