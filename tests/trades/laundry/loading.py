"""A real laundry under load: who washes, who listens, and whether it has come to rest."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import timedelta
from random import Random
from time import perf_counter
from typing import Any

from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from tests.reliability.serving import Server, Shop
from tests.trades.laundry.moving import ask, overdue
from tradehall.kernel.office import utc_now

SHORT = {"CYCLE_NORMAL_SECONDS": "3", "OFFER_SECONDS": "2", "HOLD_SECONDS": "2", "GRACE_SECONDS": "7200"}
DEEDS = ("start",) * 7 + ("collect",) * 7 + ("join",) * 3 + ("accept",) * 2 + ("end", "cancel", "leave")


class Load:
    """Residents who start, collect and wait as the dice say, through whichever server there is."""

    def __init__(self, server: Server, tokens: list[str], machines: int) -> None:
        self.server, self.tokens, self.machines = server, tokens, machines
        self.dice = Random(27)  # noqa: S311 - no secret
        self.acknowledged: list[int] = []
        self.asked = 0
        self._used: dict[int, str] = {}

    async def go(self, seconds: float, clerks: int = 8) -> None:
        """Let them wash for so long."""
        until = perf_counter() + seconds
        await asyncio.gather(*(self._clerk(until) for _ in range(clerks)))

    async def _clerk(self, until: float) -> None:
        while perf_counter() < until:
            deed, number = self.dice.choice(DEEDS), self.dice.randint(1, self.machines)
            waits = deed in ("join", "accept", "leave")
            who = self.dice.choice(self.tokens)
            who = self._used.get(number, who) if deed in ("collect", "end", "cancel") else who
            path = f"waitlist/{deed}" if waits else f"machines/{deed}"
            try:
                status, body = await ask(self.server, who, path, **({} if waits else {"machine_id": number}))
            except (OSError, ValueError):  # it was killed
                await asyncio.sleep(0.1)
                continue
            assert status in (200, 400, 403, 404, 503), body
            self.asked += 1
            if deed == "start" and status == 200:
                self.acknowledged.append(body["cycle_id"])
                self._used[number] = who

    async def killed(self, shop: Shop) -> None:
        """The server is killed, and started again."""
        self.server.kill()
        self.server = await asyncio.to_thread(lambda: shop.serve(**SHORT))


class Ear:
    """A client that hears what happens, and goes on from where it was when it is cut off."""

    def __init__(self, load: Load, token: str) -> None:
        self.load, self.token = load, token
        self.heard: list[int] = []
        self.afresh = 0
        self.listens = asyncio.Event()

    async def listen(self) -> None:
        """For ever."""
        first: dict[str, Any] = {"token": self.token}
        while True:
            with suppress(OSError, WebSocketException, TimeoutError):
                address = f"{self.load.server.base.replace('http', 'ws')}/api/ws"
                async with connect(address, proxy=None, compression=None) as line:
                    await line.send(json.dumps(first))
                    async for text in line:
                        said = json.loads(text)
                        first |= {"last_event_id": said["id"], "epoch": said["epoch"]}
                        self.afresh += said["event"] == "resync"
                        if said["event"] == "activity_logged":
                            self.heard.append(said["data"]["id"])
                        self.listens.set()
            await asyncio.sleep(0.05)


async def settled(shop: Shop, ahead: timedelta = timedelta(0)) -> None:
    """Wait until everything is over that should be."""
    async with asyncio.timeout(180):
        while await shop.read(overdue(utc_now() + ahead)):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.2)
