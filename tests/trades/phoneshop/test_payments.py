"""What is paid later: deposits, the rest, and that nobody pays more than is due."""

import asyncio
from typing import Any

from tests.running import Clock, Place
from tests.trades.phoneshop.arranging import a_phone, a_sale, done


async def a_deposit(shop: Place, **more: Any) -> dict[str, Any]:
    """A sale of 4500 of which 1000 was paid."""
    sale: dict[str, Any] = await a_sale(shop.clerk, original_price=4500, amount_paid=1000, **more)
    return sale


async def revenue(shop: Place) -> Any:
    return done(await shop.owner.get("/api/analytics/overview"), 200)["revenue"]["from_sales"]


async def test_r17_a_deposit_is_not_revenue_and_a_sale_is_complete_when_paid_is_price_less_discount(
    shop: Place, clock: Clock
) -> None:
    clock.set("2026-03-02T09:00:00Z")
    sale = await a_sale(shop.clerk, original_price=4500, discount_amount=500, amount_paid=1000)
    path = f"/api/sales/{sale['id']}"
    assert (sale["balance_due"], await revenue(shop)) == (3000, 0)
    clock.forward(days=3)
    await shop.news()
    part = done(
        await shop.clerk.post(
            f"{path}/payments/", json={"amount": "2999.99", "method": "mobile_money", "reference": "MP1"}
        )
    )
    assert (part["amount"], part["method"], part["method_reference"], part["sale_id"]) == (
        2999.99,
        "mobile_money",
        "MP1",
        sale["id"],
    )
    now = done(await shop.clerk.get(path), 200)
    assert (now["balance_due"], now["completed_at"], await revenue(shop)) == (0.01, None, 0)
    last = done(await shop.clerk.post(f"{path}/payments", json={}))
    assert (last["amount"], last["method"]) == (0.01, "cash")
    now = done(await shop.clerk.get(path), 200)
    assert (now["amount_paid"], now["balance_due"], await revenue(shop)) == (4000, 0, 4000)
    assert now["completed_at"] == "2026-03-05T09:00:00.000000Z"
    assert await shop.news() == [
        f"sale.pay: add payments {part['id']}, edit sales {sale['id']}",
        f"sale.pay: add payments {last['id']}, edit sales {sale['id']}",
    ]
    listed = done(await shop.clerk.get(f"{path}/payments/"), 200)
    assert [each["id"] for each in listed] == [last["id"], part["id"]]
    assert await shop.wrong() == []


async def test_r17_what_is_paid_never_exceeds_what_is_due_also_when_everybody_pays_at_once(shop: Place) -> None:
    sale = await a_deposit(shop)
    path = f"/api/sales/{sale['id']}/payments"
    answers = await asyncio.gather(*(shop.clerk.post(path, json={"amount": 1500}) for _ in range(10)))
    assert sorted(each.status_code for each in answers) == [201, 201] + [409] * 8
    assert {(each.json()["code"], each.json()["detail"]) for each in answers if each.status_code == 409} == {
        ("overpaid", "Only 500.00 is due")
    }
    done(await shop.clerk.post(path, json={"amount": 500}))
    assert done(await shop.clerk.post(path, json={"amount": 0.01}), 409)["code"] == "nothing_due"
    assert done(await shop.clerk.get(f"/api/sales/{sale['id']}"), 200)["amount_paid"] == 4500
    assert await shop.wrong() == []


async def test_r17_a_payment_needs_an_amount_above_zero_and_a_method_of_the_counter(shop: Place) -> None:
    path = f"/api/sales/{(await a_deposit(shop))['id']}/payments"
    for wrong in ({"amount": 0}, {"amount": -1}, {"amount": "NaN"}, {"method": "provider"}, {"method": "cheque"}):
        assert (await shop.clerk.post(path, json=wrong)).status_code == 422
    assert (await shop.clerk.get("/api/sales/999999/payments")).status_code == 404
    assert done(await shop.clerk.post("/api/sales/999999/payments", json={}), 404)["detail"] == "Sale not found"
    assert done(await shop.clerk.get(path), 200) == []


async def test_r16_tax_is_off_until_it_is_chosen(shop: Place) -> None:
    sale = done(await shop.manager.get(f"/api/sales/{(await a_sale(shop.manager))['id']}"), 200)
    assert (sale["tax_mode"], sale["tax_amount"], sale["amount_paid"]) == ("none", 0, 4500)


async def test_r16_the_margin_scheme_taxes_what_a_phone_brings_above_its_purchase(shop: Place) -> None:
    await shop.prefer(tax_mode="margin", tax_rate=20)
    for cost, price, tax in ((100, 160, 10), (100, 90, 0), (100, 100, 0), (100, 100.03, 0.01), (None, 120, 20)):
        phone = await a_phone(shop.manager, value=price, cost_price=cost)
        made = await a_sale(shop.manager, phone_id=phone["id"], amount_paid=price)
        sale = done(await shop.manager.get(f"/api/sales/{made['id']}"), 200)
        assert (sale["tax_mode"], sale["tax_amount"], sale["balance_due"]) == ("margin", tax, 0)


async def test_r16_p02_the_standard_tax_is_within_the_price_or_on_top_of_it(shop: Place) -> None:
    for is_included, price, tax, due in (
        (True, 120, 20, 120),
        (False, 100, 20, 120),
        (True, 0.02, 0, 0.02),
        (False, 10.03, 2.01, 12.04),
    ):
        await shop.prefer(tax_mode="standard", tax_rate=20, prices_include_tax=is_included)
        made = await a_sale(shop.manager, original_price=price + 5, discount_amount=5, amount_paid=None)
        sale = done(await shop.manager.get(f"/api/sales/{made['id']}"), 200)
        assert (sale["tax_amount"], sale["amount_paid"], sale["balance_due"]) == (tax, due, 0)


async def test_r16_the_terms_are_the_owner_s_to_choose(shop: Place) -> None:
    assert (await shop.manager.put("/api/settings", json={"tax_mode": "margin"})).status_code == 403
    for wrong in ({"tax_mode": "some"}, {"tax_rate": -1}, {"tax_rate": 101}):
        assert (await shop.owner.put("/api/settings", json=wrong)).status_code == 422
    chosen = done(await shop.owner.put("/api/settings", json={"tax_mode": "standard", "tax_rate": 17.5}), 200)
    assert (chosen["tax_mode"], chosen["tax_rate"]) == ("standard", 17.5)
    sale = await a_sale(shop.manager, amount_paid=1175)
    assert done(await shop.manager.get(f"/api/sales/{sale['id']}"), 200)["tax_amount"] == 175
