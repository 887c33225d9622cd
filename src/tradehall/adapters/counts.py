"""Counters in Redis or Valkey, shared by every process."""

import asyncio
import logging
from time import monotonic

from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

log = logging.getLogger("tradehall")
CONNECTIONS = 8
PATIENCE = 0.5
PAUSE = 1.0
"""Seconds: how long a counter may take, and how long nobody asks a store that didn't answer."""


class RedisCounts:
    """Counts in Redis. While it doesn't answer, nobody waits for it: one task looks whether it is back."""

    def __init__(self, url: str) -> None:
        # Few connections: a burst would otherwise open one for each request, and wait for all of them.
        pool = BlockingConnectionPool.from_url(
            url, max_connections=CONNECTIONS, timeout=PATIENCE, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE
        )
        self._redis: Redis = Redis.from_pool(pool)
        self._away: asyncio.Task[None] | None = None

    async def add(self, key: str, seconds: int) -> int | None:
        """Count one more under a key that is kept for so many seconds; None while the store doesn't answer."""
        if self._away is not None:
            return None
        try:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.incr(f"tradehall:{key}")
                pipe.expire(f"tradehall:{key}", seconds)
                count, _ = await pipe.execute()
        except (RedisError, OSError):
            if self._away is None:
                log.warning("Redis does not answer; each process counts its own requests until it does")
                self._away = asyncio.create_task(self._return())
            return None
        return int(count)

    async def _return(self) -> None:
        since = monotonic()
        while True:
            await asyncio.sleep(PAUSE)
            try:
                await self._redis.ping()
            except (RedisError, OSError):
                continue
            log.warning("Redis answers again after %.0f seconds", monotonic() - since)
            self._away = None
            return

    async def close(self) -> None:
        """Let go of every connection."""
        if self._away is not None:
            self._away.cancel()
        await self._redis.aclose()
