"""How a message leaves: what an adapter has to offer, how it says that it failed, and the console where there is none."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

log = logging.getLogger("tradehall")
CONSOLE = "console"
"""The name of what takes messages where there is no provider."""


@dataclass(frozen=True)
class Outgoing:
    """One message of a trade as it goes out. `id` is the same at every try, and comes back when its fate is reported."""

    id: str
    to: str
    text: str
    subject: str = ""
    trade: str = ""
    unique: str = ""
    """The id, with what tells it from those of another installation: the local part of an e-mail's Message-ID."""
    unsubscribe: str = ""
    """Where whoever gets it says that they want no more; empty where there is no such link."""


@dataclass(frozen=True)
class Receipt:
    """What a provider said when it accepted a message."""

    provider_id: str = ""
    cost: Decimal | None = None
    currency: str = ""
    parts: int | None = None


class NotAccepted(Exception):  # noqa: N818 - what a provider says, not an error of the program
    """The provider certainly did not take the message.

    `why` is a sentence for people, `details` what the provider said. With `again` it may take it later; with `opted_out`
    the person wants none, and told the provider so.
    """

    def __init__(self, why: str, details: str = "", *, again: bool = False, opted_out: bool = False) -> None:
        super().__init__(details or why)
        self.why, self.details, self.again, self.opted_out = why, details, again, opted_out


class Unsure(Exception):  # noqa: N818 - as above
    """Nobody can say whether the provider took the message: `why` for people, and in `details` what the provider said."""

    def __init__(self, why: str, details: str = "") -> None:
        super().__init__(details or why)
        self.why, self.details = why, details


@dataclass(frozen=True)
class Fate:
    """What a provider reports of a message later: `sent`, `delivered` or `failed`, and what it cost."""

    message: str
    provider_id: str
    status: str
    why: str = ""
    details: str = ""
    cost: Decimal | None = None
    currency: str = ""


@dataclass(frozen=True)
class Reply:
    """What somebody wrote back."""

    sender: str
    text: str
    provider_id: str


class Sender(Protocol):
    """What takes messages of one kind: an adapter."""

    @property
    def name(self) -> str:
        """What it is called in the path at which its provider reports."""

    @property
    def is_real(self) -> bool:
        """Whether messages reach anybody."""

    async def send(self, message: Outgoing) -> Receipt:
        """Hand a message over; raises NotAccepted or Unsure."""

    def heard(self, url: str, headers: Mapping[str, str], body: bytes) -> Fate | Reply | None:
        """What the provider reports; raises Denied where it is not the provider who does, before anything is read."""


def masked(address: str) -> str:
    """A number or an e-mail address as it may stand in a log."""
    name, at, host = address.partition("@")
    return f"{name[:1]}***@{host}" if at else f"***{address[-3:]}"


@dataclass(frozen=True)
class Console:
    """Takes messages where no provider is set: it notes that there was one, and the ledger shows what it said."""

    kind: str
    name: str = CONSOLE
    is_real: bool = False

    async def send(self, message: Outgoing) -> Receipt:
        log.info(
            "%s to %s: %s characters, not sent: no provider is set", self.kind, masked(message.to), len(message.text)
        )
        return Receipt(f"console-{message.id}")

    def heard(self, url: str, headers: Mapping[str, str], body: bytes) -> Fate | Reply | None:
        return None
