"""Payments that a provider confirms: whatever gets lost, the money is booked once, and never what was not asked for."""

import asyncio
from typing import Any

import httpx2
import pytest

from tests.adapters.paystack import FakePaystack, signed
from tests.running import Clock, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, done, settled

HOOK = "/api/payments/webhook/paystack"


@pytest.fixture
def chosen(account: dict[str, str]) -> dict[str, str]:
    """The shop has an account at the provider."""
    return account


async def due(shop: Place, price: float = 500, paid: float = 100) -> dict[str, Any]:
    """A sale of which something is due."""
    customer = await a_customer(shop.clerk, email="ama@example.com")
    phone = await a_phone(shop.clerk, value=price)
    of = {"customer_id": customer["id"], "phone_id": phone["id"]}
    return dict(await a_sale(shop.clerk, original_price=price, amount_paid=paid, **of))


async def intend(shop: Place, sale: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Somebody is to pay what is due, and the provider has a page for it."""
    order = {"sale_id": sale["id"], "provider": "paystack"} | more
    made = done(await shop.clerk.post("/api/payments/intents", json=order))
    await settled(shop)
    return await now(shop, made)


async def now(shop: Place, made: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = done(await shop.clerk.get(f"/api/payments/{made['id']}"), 200)
    return found


async def sale_now(shop: Place, sale: dict[str, Any]) -> tuple[Any, Any]:
    found = done(await shop.clerk.get(f"/api/sales/{sale['id']}"), 200)
    return found["amount_paid"], found["balance_due"]


async def until(shop: Place, made: dict[str, Any], status: str) -> dict[str, Any]:
    """The attempt once it has a status: the worker of the application may be on it already."""
    for _ in range(200):
        await settled(shop)
        found = await now(shop, made)
        if found["status"] == status:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(found)


async def with_page(shop: Place, made: dict[str, Any]) -> dict[str, Any]:
    for _ in range(200):
        found = await now(shop, made)
        if found["authorization_url"]:
            return found
        await settled(shop)
        await asyncio.sleep(0.02)
    raise AssertionError(found)


async def begun(shop: Place, sale: dict[str, Any], **more: Any) -> dict[str, Any]:
    return await with_page(shop, await intend(shop, sale, **more))


async def tell(shop: Place, body: bytes, **more: Any) -> httpx2.Response:
    return await shop.application.stranger.post(HOOK, content=body, headers=signed(body) | more)


async def test_r23_after_a_success_four_numbers_agree(shop: Place, paystack: FakePaystack) -> None:
    sale = await due(shop)
    made = await begun(shop, sale)
    assert (made["status"], made["amount"], made["currency"], made["provider"]) == ("pending", 400, "GHS", "paystack")
    assert made["authorization_url"].startswith("https://checkout.paystack.com/")
    assert paystack.transactions[made["reference"]]["amount"] == 40000
    paystack.pays(made["reference"])
    assert done(await tell(shop, paystack.event(made["reference"])), 200) == {"received": True}
    made = await until(shop, made, "succeeded")
    payments = done(await shop.clerk.get(f"/api/sales/{sale['id']}/payments"), 200)
    assert [(each["id"], each["amount"], each["method"], each["provider"]) for each in payments] == [
        (made["payment_id"], 400, "provider", "paystack")
    ]
    assert (made["provider_amount"], made["provider_currency"]) == (400, "GHS")
    assert await sale_now(shop, sale) == (500, 0)
    assert await shop.wrong() == []


async def test_r18_whoever_is_made_anonymous_leaves_no_address_with_their_payments(shop: Place) -> None:
    sale = await due(shop)
    await begun(shop, sale)
    assert (await shop.manager.delete(f"/api/customers/{sale['customer_id']}?anonymize=true")).status_code == 204

    def everything(session: Any) -> str:
        tables = ("phoneshop_attempts", "event_changes", "idempotency_keys")
        return repr([tuple(each) for table in tables
                     for each in session.connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall()])  # fmt: skip

    assert "ama@example.com" not in await shop.read(everything)
    assert await shop.wrong() == []


async def test_r23_a_webhook_that_is_repeated_and_late_has_one_effect(
    shop: Place, paystack: FakePaystack, clock: Clock
) -> None:
    sale = await due(shop)
    made = await begun(shop, sale)
    paystack.pays(made["reference"])
    body = paystack.event(made["reference"])
    answers = await asyncio.gather(*(tell(shop, body) for _ in range(5)))
    assert {each.status_code for each in answers} == {200}
    await until(shop, made, "succeeded")
    clock.forward(days=2)
    done(await tell(shop, body), 200)
    done(await tell(shop, paystack.event(made["reference"], "charge.update")), 200)
    await settled(shop)
    assert len(done(await shop.clerk.get(f"/api/sales/{sale['id']}/payments"), 200)) == 1
    told = done(await shop.owner.get("/api/payments/events"), 200)
    assert sorted(each["kind"] for each in told) == ["charge.success", "charge.update"]
    assert await sale_now(shop, sale) == (500, 0)


async def test_r23_a_webhook_that_never_comes_is_healed_within_minutes(
    shop: Place, paystack: FakePaystack, clock: Clock
) -> None:
    sale = await due(shop)
    made = await begun(shop, sale)
    paystack.pays(made["reference"])
    clock.forward(minutes=2)
    await settled(shop)
    assert (await now(shop, made))["status"] == "pending"
    clock.forward(minutes=2)
    await until(shop, made, "succeeded")
    assert await sale_now(shop, sale) == (500, 0)


async def test_r23_a_forged_webhook_is_refused_and_nobody_is_believed_without_asking(
    shop: Place, paystack: FakePaystack
) -> None:
    made = await begun(shop, await due(shop))
    body = paystack.event(made["reference"])
    for headers in ({}, signed(body, "sk_test_another"), signed(body + b" "), {"x-paystack-signature": "é"}):
        answer = await shop.application.stranger.post(
            HOOK, content=body, headers={k: v.encode() for k, v in headers.items()}
        )
        assert (answer.status_code, answer.json()["code"]) == (403, "signature")
    forged = body.replace(b'"abandoned"', b'"success"')
    done(await tell(shop, forged), 200)
    await settled(shop)
    assert (await now(shop, made))["status"] == "pending"
    assert (await shop.application.stranger.post("/api/payments/webhook/nobody", content=body)).status_code == 404
    for odd in (b'{"event":"transfer.success","data":{"id":1}}', b'{"event":1}', b'{"data":{"reference":"th-99999-x"}}',
                b'{"data":{"reference":"th-x-y"}}', b'{"data":{"reference":"another system"}}'):  # fmt: skip
        assert (await tell(shop, odd)).status_code == 200
    assert (await tell(shop, b"no json")).status_code == 422
    assert (await tell(shop, b"[" * 5000)).status_code == 422


@pytest.mark.parametrize(("more", "why"), [
    ({"amount": 39999}, "GHS 399.99 came instead of GHS 400.00"),
    ({"amount": 40001}, "GHS 400.01 came instead of GHS 400.00"),
    ({"currency": "NGN"}, "NGN 400.00 came instead of GHS 400.00"),
    ({"reference": "another"}, "The provider speaks of another payment"),
    ({"status": "reversed"}, "The provider took it back"),
])  # fmt: skip
async def test_r23_what_differs_from_what_was_asked_for_is_not_booked(
    shop: Place, paystack: FakePaystack, more: dict[str, Any], why: str
) -> None:
    sale = await due(shop)
    made = await begun(shop, sale)
    body = paystack.event(made["reference"])
    paystack.pays(made["reference"], **more)
    done(await tell(shop, body), 200)
    found = await until(shop, made, "requires_verification")
    assert found["why"] == why
    assert await sale_now(shop, sale) == (100, 400)
    assert (
        await shop.clerk.post(f"/api/payments/{made['id']}/resolve", json={"decision": "book", "note": "x"})
    ).status_code == 403
    returned = {"decision": "returned", "note": "sent back by hand"}
    assert (
        done(await shop.manager.post(f"/api/payments/{made['id']}/resolve", json=returned), 200)["status"] == "returned"
    )
    assert (
        done(await shop.manager.post(f"/api/payments/{made['id']}/resolve", json=returned), 409)["code"]
        == "nothing_to_verify"
    )
    assert await shop.wrong() == []


async def test_r23_a_manager_books_what_came_too_little(shop: Place, paystack: FakePaystack) -> None:
    sale = await due(shop)
    made = await begun(shop, sale)
    paystack.pays(made["reference"], amount=30000)
    done(await tell(shop, paystack.event(made["reference"])), 200)
    await until(shop, made, "requires_verification")
    note = {"decision": "book", "note": "the customer pays the rest in cash"}
    assert done(await shop.manager.post(f"/api/payments/{made['id']}/resolve", json=note), 200)["status"] == "succeeded"
    assert await sale_now(shop, sale) == (400, 100)


async def test_r23_cancelled_in_the_browser_is_not_believed_before_the_provider_is_asked(
    shop: Place, paystack: FakePaystack
) -> None:
    paid, left = await due(shop), await due(shop)
    first, second = await begun(shop, paid), await begun(shop, left)
    paystack.pays(first["reference"])
    for made in (first, second):
        answer = done(await shop.clerk.post(f"/api/payments/{made['id']}/cancel"), 200)
        assert answer["status"] == "pending"
    await until(shop, first, "succeeded")
    await until(shop, second, "cancelled")
    assert (await sale_now(shop, paid), await sale_now(shop, left)) == ((500, 0), (100, 400))
    paystack.pays(second["reference"])  # they went back to the page after all
    done(await tell(shop, paystack.event(second["reference"])), 200)
    await until(shop, second, "succeeded")
    assert await sale_now(shop, left) == (500, 0)


async def test_r23_two_attempts_at_once_cannot_overpay_a_sale(shop: Place, paystack: FakePaystack) -> None:
    sale = await due(shop)
    order = {"sale_id": sale["id"], "provider": "paystack", "amount": 300}
    answers = await asyncio.gather(*(shop.clerk.post("/api/payments/intents", json=order) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [201] + [409] * 5
    refused = {(each.json()["code"], each.json()["detail"]) for each in answers if each.status_code == 409}
    assert refused == {("overpaid", "Only 100.00 is due")}
    first = await with_page(shop, next(each.json() for each in answers if each.status_code == 201))
    done(await shop.clerk.post("/api/payments/intents", json=order | {"amount": None, "provider": "local"}))
    assert done(await shop.clerk.post("/api/payments/intents", json=order), 409)["code"] == "under_way"
    # Cash at the counter is there: what the provider takes as well is not booked by itself.
    done(await shop.clerk.post(f"/api/sales/{sale['id']}/payments", json={"amount": 250}))
    paystack.pays(first["reference"])
    done(await tell(shop, paystack.event(first["reference"])), 200)
    found = await until(shop, first, "requires_verification")
    assert found["why"] == "Only 50.00 is due by now"
    assert await sale_now(shop, sale) == (450, 50)
    book = {"decision": "book", "note": "all of it"}
    assert done(await shop.manager.post(f"/api/payments/{first['id']}/resolve", json=book), 409)["code"] == "overpaid"
    assert await shop.wrong() == []


async def test_r23_an_attempt_that_nobody_pays_ends_and_its_money_counts_if_it_comes_after_all(
    shop: Place, paystack: FakePaystack, clock: Clock
) -> None:
    sale = await due(shop)
    made = await begun(shop, sale)
    clock.forward(minutes=61)
    await until(shop, made, "expired")
    again = await begun(shop, sale)
    assert again["amount"] == 400
    paystack.pays(made["reference"])
    done(await tell(shop, paystack.event(made["reference"])), 200)
    await until(shop, made, "succeeded")
    assert await sale_now(shop, sale) == (500, 0)
    paystack.pays(again["reference"])
    clock.forward(minutes=4)
    assert (await until(shop, again, "requires_verification"))["why"] == "Only 0.00 is due by now"


async def test_r23_a_provider_that_is_down_loses_nothing(shop: Place, paystack: FakePaystack, clock: Clock) -> None:
    sale = await due(shop)
    paystack.does = [503, 500]
    made = await intend(shop, sale)
    assert (made["status"], made["authorization_url"]) == ("pending", None)
    for _ in range(3):
        clock.forward(seconds=10)
        await settled(shop)
    made = await with_page(shop, made)
    paystack.pays(made["reference"])
    paystack.does = [503, 503, 503]
    clock.forward(minutes=3)
    await settled(shop)
    assert (await now(shop, made))["status"] == "pending"
    for _ in range(3):
        clock.forward(minutes=3)
        await settled(shop)
    await until(shop, made, "succeeded")
    assert await sale_now(shop, sale) == (500, 0)


async def test_r23_what_the_provider_refuses_has_failed_and_says_why(shop: Place, paystack: FakePaystack) -> None:
    await shop.prefer(currency="XYZ")
    made = await intend(shop, await due(shop))
    assert (await until(shop, made, "failed"))["why"] == "400: Currency not supported by merchant"


async def test_r23_the_local_provider_needs_no_network_and_takes_a_reference_once(
    shop: Place, paystack: FakePaystack
) -> None:
    one, two = await due(shop), await due(shop)
    order = {
        "sale_id": one["id"],
        "provider": "local",
        "method": "mobile_money",
        "reference": "MP240302.1",
        "amount": 150,
    }
    made = done(await shop.clerk.post("/api/payments/intents/", json=order))
    assert (made["status"], made["provider_amount"], made["method_reference"]) == ("succeeded", 150, "MP240302.1")
    assert await sale_now(shop, one) == (250, 250)
    again = await shop.clerk.post("/api/payments/intents", json=order | {"sale_id": two["id"]})
    assert done(again, 409)["code"] == "payment_known"
    assert await sale_now(shop, two) == (100, 400)
    assert (await shop.clerk.post("/api/payments/intents", json=order | {"reference": None})).status_code == 422
    cash = done(await shop.clerk.post("/api/payments/intents", json={"sale_id": one["id"]}))
    assert (cash["method"], cash["amount"], await sale_now(shop, one)) == ("cash", 250, (500, 0))
    assert paystack.asked == []
    assert await shop.wrong() == []


async def test_r23_the_same_key_with_other_details_is_refused(shop: Place) -> None:
    sale = await due(shop)
    order, key = {"sale_id": sale["id"], "provider": "paystack", "amount": 100}, {"Idempotency-Key": "pay-1"}
    first = await shop.clerk.post("/api/payments/intents", json=order, headers=key)
    assert done(await shop.clerk.post("/api/payments/intents", json=order, headers=key)) == done(first)
    assert (
        await shop.clerk.post("/api/payments/intents", json=order | {"amount": 200}, headers=key)
    ).status_code == 422
    assert len(done(await shop.clerk.get("/api/payments/"), 200)) == 1


async def test_r23_an_intent_names_one_document_and_a_provider_that_is_there(shop: Place) -> None:
    sale = await due(shop)
    for wrong in ({}, {"sale_id": sale["id"], "provider": "nobody"},
                  {"sale_id": sale["id"], "amount": 0}, {"sale_id": sale["id"], "method": "provider"}):  # fmt: skip
        assert (await shop.clerk.post("/api/payments/intents", json=wrong)).status_code == 422
    assert (
        done(await shop.clerk.post("/api/payments/intents", json={"sale_id": 999999}), 404)["detail"]
        == "Sale not found"
    )
    paid = await a_sale(shop.clerk)
    assert (
        done(await shop.clerk.post("/api/payments/intents", json={"sale_id": paid["id"]}), 409)["code"] == "nothing_due"
    )
    nobody = await a_sale(shop.clerk, customer_id=None, original_price=500, amount_paid=100)
    order = {"sale_id": nobody["id"], "provider": "paystack"}
    assert (await shop.clerk.post("/api/payments/intents", json=order)).status_code == 422
    done(await shop.clerk.post("/api/payments/intents", json=order | {"email": "who@example.com"}))
