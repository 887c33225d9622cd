"""The trade of these tests, and the provider of its payments."""

from collections.abc import AsyncIterator

import pytest

from tests.adapters.paystack import SECRET, FakePaystack, fake_paystack
from tests.running import Clock
from tradehall.kernel.trade import Trade
from tradehall.trades import phoneshop


@pytest.fixture
def trade() -> Trade:
    """The phone shop."""
    return phoneshop.trade


@pytest.fixture
async def paystack() -> AsyncIterator[FakePaystack]:
    """The provider."""
    async with fake_paystack() as provider:
        yield provider


@pytest.fixture
def account(paystack: FakePaystack, clock: Clock) -> dict[str, str]:
    """An account at the provider, on a day of which the tests know; the worker works when a test says so."""
    clock.set("2026-03-02T09:00:00Z")
    return {"paystack_secret_key": SECRET, "paystack_base_url": paystack.base}
