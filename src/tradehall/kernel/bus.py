"""The bus: how a process tells the others which organisation has new events."""

import asyncio
from collections.abc import Callable
from typing import Protocol

Heard = Callable[[int | None], None]
"""Takes the id of an organisation with new events, or None where some may have been missed."""


class Bus(Protocol):
    """Carries no events, only whose log has grown: whoever follows it reads the log."""

    @property
    def connected(self) -> bool:
        """Whether what others write is heard of at once."""

    def tell(self, org_id: int) -> None:
        """Let the other processes know; never waits and never raises."""

    async def run(self, heard: Heard) -> None:
        """Send and receive until cancelled."""


class Alone:
    """One process, with nobody to tell."""

    connected = False

    def tell(self, org_id: int) -> None:
        return

    async def run(self, heard: Heard) -> None:
        await asyncio.Event().wait()
