"""Where a channel has no provider, nothing is lost: the ledger says so, and it is sent once there is one (P-23)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.adapters.providers import FakeTwilio, Mailbox, fake_twilio, mail_server
from tests.kernel.notices.test_ledger import AMA, ready, tell
from tests.running import Clock, Place
from tradehall.adapters.smtp import Smtp
from tradehall.kernel.contracts import Contract, Info
from tradehall.kernel.notices.sending import NOBODY
from tradehall.kernel.outside import Outside
from tradehall.kernel.trade import Trade

OUTBOX = "/api/outbox"


@pytest.fixture(scope="session")
def trade(trade: Trade) -> Trade:
    """A stall whose contract has another meaning for `/api/messages`."""
    return replace(trade, contract=(Contract("GET", "/api/messages", Info("A chat.", lambda facts: {"chat": []})),))


@pytest.fixture
async def providers(shop: Place) -> AsyncIterator[tuple[FakeTwilio, Mailbox]]:
    """Providers of both kinds, which nobody has set up yet."""
    async with fake_twilio(FakeTwilio()) as sms, mail_server() as mail:
        yield sms, mail


async def outbox(shop: Place, **query: Any) -> list[dict[str, Any]]:
    """The ledger, oldest first."""
    answer = await shop.keeper.get(f"{OUTBOX}/log", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found[::-1]


async def settled(shop: Place, count: int) -> list[dict[str, Any]]:
    """The ledger, once all of it was sent."""
    while True:
        await shop.application.office.work_once()
        found = await outbox(shop, status="sent")
        if len(found) == count:
            return found


async def test_p23_what_has_no_provider_stays_in_the_outbox_and_is_sent_once_there_is_one(
    shop: Place, providers: tuple[FakeTwilio, Mailbox]
) -> None:
    await ready(shop)
    assert (await shop.keeper.get("/api/messages")).json() == {"chat": []}
    assert (await shop.keeper.get("/api/messages/log")).status_code == 404
    for to in (AMA, "ama@example.com"):
        await tell(shop, to)
    found = await settled(shop, 2)
    assert [(each["channel"], each["provider"], each["why"]) for each in found] == [
        ("sms", "console", NOBODY), ("email", "console", NOBODY),
    ]  # fmt: skip
    sms, mail = providers
    there = Smtp("127.0.0.1", mail.port, "", "", "shop@example.com", "none")
    shop.application.office.outside = Outside(sms=sms.sender(), mail=there)
    for each in await outbox(shop, provider="console"):
        again = await shop.keeper.post(f"{OUTBOX}/{each['id']}/resend")
        assert (again.status_code, again.json()["status"], again.json()["why"]) == (200, "queued", "")
    found = await settled(shop, 2)
    assert [(each["channel"], each["provider"], each["why"]) for each in found] == [
        ("sms", "twilio", ""), ("email", "smtp", ""),
    ]  # fmt: skip
    assert (len(sms.taken), len(mail.letters)) == (1, 1)
    for each in found:  # nothing that a provider took goes out twice
        refused = await shop.keeper.post(f"{OUTBOX}/{each['id']}/resend")
        assert (refused.status_code, refused.json()["code"]) == (409, "sent")
    assert await outbox(shop, provider="console") == []
    assert await shop.wrong() == []


async def test_p23_the_owner_is_told_once_a_week_and_channel_that_messages_go_nowhere(
    shop: Place, clock: Clock
) -> None:
    await ready(shop)
    clock.set("2026-11-16T10:00:00Z")
    count = 0
    for days in (0, 1, 8):
        clock.forward(days=days)
        for to in (AMA, AMA, "ama@example.com"):
            await tell(shop, to)
        count += 3
        await settled(shop, count)
    told = [each["body"] for each in (await shop.keeper.get("/api/notices")).json()]
    assert [sum(f"no provider for {what}:" in each for each in told) for what in ("SMS", "e-mail")] == [2, 2]
    assert len(told) == 4
