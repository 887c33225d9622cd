"""Other programs learn of the phone shop's sales, with what their owner's role may see and nothing that was erased."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from tests.receiver import Receiver, answer, receiving
from tests.running import Application, Clock, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, done
from tradehall.adapters.courier import PublicCourier
from tradehall.kernel.webhooks.records import Webhook

NOW = "2026-03-02T09:00:00+00:00"


@pytest.fixture
async def receiver(application: Application) -> AsyncIterator[Receiver]:
    """A receiver in our own network, which this installation may send to."""
    courier = PublicCourier(allow_private=True)
    application.office.outside = replace(application.office.outside, courier=courier)
    async with receiving() as found:
        yield found


async def came(shop: Place, receiver: Receiver, count: int) -> list[Any]:
    """The first messages that came."""
    while True:
        if len(receiver.got) >= count:
            return [got.json for got in receiver.got]
        shop.application.office.worker.wake.set()
        await asyncio.sleep(0.01)


async def test_p_22_a_sale_is_told_with_everything_that_it_changed(shop: Place, receiver: Receiver) -> None:
    done(await shop.owner.post("/api/webhooks", json={"url": receiver.url("/ok"), "events": ["sale.sell"]}))
    sale = await a_sale(shop.clerk)
    [told] = await came(shop, receiver, 1)
    assert (told["type"], told["data"]["actor"]) == ("sale.sell", f"user:{shop.clerk.user_id}")
    changes = {each["entity"]: each for each in told["data"]["changes"]}
    sold = changes["phoneshop_sales"]
    assert (sold["id"], sold["version"], sold["operation"]) == (sale["id"], 1, "add")
    assert sold["values"]["invoice_number"] == sale["invoice_number"]
    phone = changes["phoneshop_phones"]
    assert (phone["id"], phone["version"], phone["operation"]) == (sale["phone_id"], 2, "edit")
    assert phone["values"]["status"] == ["AVAILABLE", "SOLD"]


async def test_p_22_a_message_holds_what_the_role_of_its_owner_may_see(shop: Place, receiver: Receiver) -> None:
    made = done(await shop.owner.post("/api/webhooks", json={"url": receiver.url("/ok"), "events": ["phone.*"]}))
    await a_phone(shop.owner)
    await came(shop, receiver, 1)
    lower = sa.update(Webhook.table).where(Webhook.id == made["id"]).values(role="clerk")
    await shop.work(lambda ctx: ctx.session.execute(lower))
    await a_phone(shop.owner)
    first, second = [told["data"]["changes"][0]["values"] for told in await came(shop, receiver, 2)]
    assert first["cost_price"] == 4000.0
    assert "cost_price" not in second
    assert second["model"] == first["model"]


async def test_row_44_what_was_erased_is_not_told_when_it_is_tried_again(
    shop: Place, receiver: Receiver, clock: Clock
) -> None:
    clock.set(NOW)
    receiver.answers["/later"] = answer(503)
    asked = {"url": receiver.url("/later"), "events": ["customer.register"]}
    done(await shop.owner.post("/api/webhooks", json=asked))
    customer = await a_customer(shop.clerk, full_name="Kwabena Canary")
    await came(shop, receiver, 1)
    await a_sale(shop.clerk, customer_id=customer["id"])
    assert (await shop.manager.delete(f"/api/customers/{customer['id']}?anonymize=true")).status_code == 204
    clock.forward(minutes=1)
    await came(shop, receiver, 2)
    first, second = receiver.got
    assert b"Kwabena Canary" in first.body
    assert b"Canary" not in second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
