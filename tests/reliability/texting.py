"""A shop that texts its customers and is killed while it does (row 23)."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import httpx2
import sqlalchemy as sa

from tests.adapters.providers import ACCOUNT, NUMBER, TOKEN, FakeTwilio
from tests.reliability.serving import Server, Shop, a_phone
from tradehall.kernel.database import Batch, Work
from tradehall.kernel.jobs import JOBS
from tradehall.kernel.notices.ledger import Message, Status
from tradehall.kernel.office import utc_now

STAGES = ("taken", "asked", "told", "answered", "later")
"""When the server is killed: an SMS was taken, is asked for, was said to be taken; its sale is answered, or a moment later."""
SETTLED = {Status.SENT, Status.DELIVERED, Status.UNKNOWN}


class Deadly(FakeTwilio):
    """A provider that kills whoever asks it, at one stage of one message."""

    stage = ""
    server: Server | None = None

    def at(self, stage: str) -> None:
        """Kill the server, if this is the moment."""
        if stage == self.stage and self.server is not None:
            self.server.process.kill()
            self.server = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.at("asked")
        if self.stage == "asked" and self.server is None:
            self.stage = "gone"
            return
        before = len(self.taken)

        async def told(message: Any) -> None:
            if len(self.taken) > before:
                self.at("taken")
            await send(message)

        await super().__call__(scope, receive, told)
        self.at("told")


class Lapse(Work):
    """The leases of a worker that is gone run out."""

    org_id = 0

    def run(self, batch: Batch) -> None:
        past = utc_now() - timedelta(seconds=1)
        batch.session.execute(sa.update(JOBS).where(JOBS.c.state == "running").values(lease_until=past))


def served(shop: Shop, provider: FakeTwilio) -> Server:
    """A server that sends its SMS to this provider."""
    return shop.serve(
        ENABLE_SMS="true", TWILIO_ACCOUNT_SID=ACCOUNT, TWILIO_AUTH_TOKEN=TOKEN, TWILIO_PHONE_NUMBER=NUMBER,
        TWILIO_BASE_URL=provider.base,
    )  # fmt: skip


async def sell(client: httpx2.AsyncClient, customer: int) -> str | None:
    """Sell a phone; the invoice's number where the sale was acknowledged."""
    try:
        sale = {"customer_id": customer, "phone_id": await a_phone(client), "amount_paid": 100}
        answer = await client.post("/api/sales", json=sale)
    except httpx2.TransportError:
        return None
    return str(answer.json()["invoice_number"]) if answer.status_code == 201 else None


async def killed_while_it_texts(shop: Shop, provider: Deadly, kills: int) -> None:
    """Nothing acknowledged goes untold, nobody is told twice, and what nobody knows says so."""
    acknowledged: list[str] = []
    for number in range(kills):
        server = await asyncio.to_thread(served, shop, provider)
        async with shop.client(server) as client:
            await client.put("/api/settings", json={"messages": True})
            person = {"full_name": f"Ama {number}", "phone_number": f"024{number:07d}"}
            customer = (await client.post("/api/customers", json=person)).json()["id"]
            stage = STAGES[number % len(STAGES)]
            provider.stage, provider.server = stage, server if stage in ("asked", "taken", "told") else None
            sold = [await sell(client, customer) for _ in range(3)]
            acknowledged += [each for each in sold if each]
            if stage == "later":
                await asyncio.sleep(0.01 * (number % 20))
        if stage in ("answered", "later"):
            server.process.kill()
        await asyncio.to_thread(server.process.wait)
        provider.server = None
        await asyncio.to_thread(lambda: shop.database().run(Lapse()))
    provider.stage = ""
    await settled(shop, provider)
    rows = await shop.read(ledger)
    told = Counter(invoice for body in (each["Body"] for each in provider.taken) for invoice in [invoice_of(body)])
    assert {invoice: told[invoice] for invoice in told if told[invoice] > 1} == {}
    assert [invoice for invoice in acknowledged if invoice not in rows] == []
    assert {invoice: status for invoice, status in rows.items() if status == Status.SENT and not told[invoice]} == {}
    assert set(rows.values()) <= SETTLED
    assert set(told) <= set(rows)
    assert await shop.wrong() == []


async def settled(shop: Shop, provider: FakeTwilio) -> None:
    """Serve until nothing waits."""
    server = await asyncio.to_thread(served, shop, provider)
    while not set((await shop.read(ledger)).values()) <= SETTLED:
        assert server.process.poll() is None
        await asyncio.sleep(0.1)


def invoice_of(body: str) -> str:
    """The invoice that a receipt names."""
    return body.partition("invoice ")[2].partition(".")[0]


def ledger(session: Any) -> dict[str, str]:
    """What became of the receipt of each invoice."""
    found = list(session.execute(sa.select(Message.table.c.body, Message.table.c.status)))
    assert len({invoice_of(row.body) for row in found}) == len(found)
    return {invoice_of(row.body): row.status for row in found}
