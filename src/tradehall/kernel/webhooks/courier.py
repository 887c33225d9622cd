"""Who carries a delivery to its address: what an adapter has to offer, and nobody where there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

KEPT = 1024
"""How many bytes of an answer are kept."""


@dataclass(frozen=True)
class Reply:
    """What came of a try: a status with the beginning of its body, or why there was none."""

    status: int | None = None
    body: str = ""
    error: str = ""

    @property
    def is_good(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


class Courier(Protocol):
    """Posts to addresses that somebody named, and to no other place."""

    async def refusal(self, url: str) -> str:
        """Why nothing is sent to this address, as a sentence; empty where it may be."""

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Reply:
        """Post, and never raise for what the other side did."""


class NoCourier:
    """Sends nothing."""

    async def refusal(self, url: str) -> str:
        return ""

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Reply:
        return Reply(error="This installation has nobody who carries webhooks")
