"""The bus over Redis or Valkey: publish and subscribe, of organisation ids only."""

import asyncio
import logging
import secrets

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tradehall.kernel.bus import Heard

log = logging.getLogger("tradehall")
CHANNEL = "tradehall:events"
PATIENCE = 1.0
PAUSE = 0.5
QUIET = 2.0
"""Seconds: how long an answer may take, how long until the next try, and how long silence is believed."""


class RedisBus:
    """Tells and hears through Redis. While it is away nobody waits for it; when it is back, everybody looks."""

    def __init__(self, url: str) -> None:
        # It is we who try again: who waits for a try inside the client hears of nothing meanwhile.
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0)
        )
        self._me = secrets.token_hex(8)
        self._to_tell: set[int] = set()
        self._some = asyncio.Event()
        self._connected = False

    @property
    def connected(self) -> bool:
        """Whether what others write is heard of at once."""
        return self._connected

    def tell(self, org_id: int) -> None:
        """Let the other processes know, as soon as that can be done."""
        self._to_tell.add(org_id)
        self._some.set()

    async def run(self, heard: Heard) -> None:
        """Send and receive until cancelled."""
        try:
            await asyncio.gather(self._send(), self._receive(heard))
        finally:
            self._connected = False
            await self._redis.aclose()

    async def _send(self) -> None:
        while True:
            await self._some.wait()
            self._some.clear()
            going, self._to_tell = self._to_tell, set()
            try:
                await self._redis.publish(CHANNEL, " ".join((self._me, *map(str, going))))
            except (RedisError, OSError):
                self._to_tell |= going
                self._some.set()
                await asyncio.sleep(PAUSE)

    async def _receive(self, heard: Heard) -> None:
        while True:
            try:
                async with self._redis.pubsub() as line:
                    await line.subscribe(CHANNEL)
                    await self._listen(line, heard)
            except (RedisError, OSError) as error:
                if self._connected:
                    log.warning("Redis does not answer (%s); each process looks at the log until it does", error)
                self._connected = False
            await asyncio.sleep(PAUSE)

    async def _listen(self, line: PubSub, heard: Heard) -> None:
        asked = False
        while True:
            message = await line.get_message(timeout=QUIET)
            if message is None:
                if asked:
                    raise ConnectionError("nothing heard for too long")
                await line.ping()
                asked = True
                continue
            asked = False
            if message["type"] == "subscribe":  # the first one, or the client connected anew without a word
                self._connected = True
                heard(None)
            elif message["type"] == "message":
                told_by, *organisations = message["data"].decode().split()
                if told_by != self._me:
                    for org_id in organisations:
                        heard(int(org_id))
