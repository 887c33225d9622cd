"""Web push: telling somebody in a browser that is not open. What an adapter has to offer, and nobody where there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tradehall.kernel.webhooks.courier import Reply

GONE = (404, 410)
"""What a push service answers where a browser is registered no more."""


@dataclass(frozen=True)
class Subscription:
    """Where a browser is told, and the keys that only it can read with, as it gave them."""

    endpoint: str
    p256dh: str
    auth: str

    @classmethod
    def of(cls, values: Mapping[str, str]) -> "Subscription":
        """What a row or a request holds."""
        return cls(values["endpoint"], values["p256dh"], values["auth"])


class Pusher(Protocol):
    """What tells browsers."""

    @property
    def public_key(self) -> str:
        """What a browser is registered with; "" where nobody is told by push."""

    async def refusal(self, to: Subscription) -> str:
        """Why this browser can't be told, as a sentence; empty where it can."""

    async def push(self, to: Subscription, content: bytes, now: datetime) -> Reply:
        """Tell it, and say what came of it."""


class NoPusher:
    """Tells nobody."""

    public_key = ""

    async def refusal(self, to: Subscription) -> str:
        return "This installation tells nobody by push"

    async def push(self, to: Subscription, content: bytes, now: datetime) -> Reply:
        return Reply(error="This installation tells nobody by push")
