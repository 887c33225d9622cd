"""Providers of payments: what an adapter has to offer, and how it says that it failed."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel


@dataclass(frozen=True)
class Wish:
    """What somebody is to pay. The provider knows it by `reference`, the same at every try."""

    reference: str
    amount: Decimal
    currency: str
    email: str


class Fate(StrEnum):
    """What became of a payment, as its provider tells it."""

    SUCCESS = "success"
    PENDING = "pending"
    FAILED = "failed"
    REVERSED = "reversed"


class Standing(BaseModel):
    """How a payment stands with its provider, and what it took."""

    fate: Fate
    reference: str
    amount: Decimal = Decimal(0)
    currency: str = ""
    provider_id: str = ""
    why: str = ""


class Told(BaseModel):
    """That something happened to a payment; `event_id` is the same however often it is told."""

    event_id: str
    kind: str
    reference: str


class NotTaken(Exception):  # noqa: N818 - what a provider says, not an error of the program
    """The provider will not take this payment, however often it is asked."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class PaymentProvider(Protocol):
    """What takes payments of cards and mobile money: an adapter. What can't be reached raises Unavailable."""

    async def begin(self, wish: Wish) -> str:
        """The address at which it is paid; raises NotTaken."""

    async def ask(self, reference: str) -> Standing:
        """How a payment stands; one that the provider does not know is pending."""

    def heard(self, headers: Mapping[str, str], body: bytes) -> Told | None:
        """What the provider tells; raises Denied, before anything is read, where it is not the provider who does."""
