"""Several phones in one go: all or nothing, one number, paid in several ways."""

from typing import Any

from tests.running import Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, done


async def prices(shop: Place, *values: float, cost: float | None = 10) -> list[dict[str, Any]]:
    return [{"phone_id": (await a_phone(shop.manager, value=value, cost_price=cost))["id"]} for value in values]


async def sales_of(shop: Place, made: dict[str, Any]) -> list[dict[str, Any]]:
    return [done(await shop.manager.get(f"/api/sales/{each}"), 200) for each in made["sale_ids"]]


async def test_several_phones_are_sold_in_one_go_and_paid_in_several_ways(shop: Place) -> None:
    lines = await prices(shop, 1000, 500, 300)
    lines[0]["discount_amount"] = 100
    lines[2]["original_price"] = 250
    payments = [{"method": "cash", "amount": 600}, {"method": "mobile_money", "amount": 1050, "reference": "MP7"}]
    await shop.news()
    made = done(await shop.clerk.post("/api/checkouts/", json={"lines": lines, "payments": payments}))
    assert (made["number"], made["total_amount"], made["paid_amount"], made["balance_due"]) == (
        "CHK-000001",
        1650,
        1650,
        0,
    )
    sales = await sales_of(shop, made)
    assert [(each["amount_paid"], each["balance_due"], each["method"], each["checkout"]) for each in sales] == [
        (900, 0, "cash", "CHK-000001"), (500, 0, "mobile_money", "CHK-000001"), (250, 0, "mobile_money", "CHK-000001"),
    ]  # fmt: skip
    assert [each["customer_id"] for each in sales] == [None] * 3
    rest = done(await shop.clerk.get(f"/api/sales/{sales[0]['id']}/payments"), 200)
    assert [(each["amount"], each["method"], each["method_reference"]) for each in rest] == [
        (300, "mobile_money", "MP7")
    ]
    listed = done(await shop.clerk.get("/api/sales/?checkout=CHK-000001"), 200)
    assert {each["id"] for each in listed} == {*made["sale_ids"]}
    assert len(await shop.news()) == 1
    assert done(await shop.owner.get("/api/analytics/overview"), 200)["revenue"]["from_sales"] == 1650
    assert await shop.wrong() == []


async def test_a_checkout_is_all_or_nothing(shop: Place) -> None:
    lines = await prices(shop, 1000, 500)
    await shop.clerk.patch(f"/api/phones/{lines[1]['phone_id']}/availability", json={"is_available": False})
    await shop.news()
    refused = await shop.clerk.post("/api/checkouts", json={"lines": lines})
    assert (refused.status_code, refused.json()["detail"]) == (400, "Phone is not available for sale")
    twice = await shop.clerk.post("/api/checkouts", json={"lines": [lines[0], lines[0]]})
    assert twice.status_code == 400
    missing = await shop.clerk.post("/api/checkouts", json={"lines": [lines[0], {"phone_id": 999999}]})
    assert (missing.status_code, missing.json()["detail"]) == (404, "Phone not found")
    over = await shop.clerk.post("/api/checkouts", json={"lines": lines[:1], "payments": [{"amount": 1000.01}]})
    assert (over.status_code, over.json()["detail"]) == (409, "Only 1000.00 is due")
    malformed: list[dict[str, Any]] = [{"lines": []}, {}, {"lines": [lines[0] | {"discount_amount": 1000}]}]
    for wrong in malformed:
        assert (await shop.clerk.post("/api/checkouts", json=wrong)).status_code == 422
    assert await shop.news() == []
    assert done(await shop.clerk.get("/api/sales"), 200) == []
    made = done(await shop.clerk.post("/api/checkouts", json={"lines": lines[:1]}))
    assert (made["number"], made["balance_due"]) == ("CHK-000001", 1000)
    assert await shop.wrong() == []


async def test_r17_what_is_not_paid_of_a_checkout_stays_due_on_its_last_phones(shop: Place) -> None:
    await shop.prefer(messages=True)
    customer = await a_customer(shop.clerk, email="ama@example.com")
    order = {"customer_id": customer["id"], "lines": await prices(shop, 100, 200, 300), "payments": [{"amount": 250}]}
    made = done(await shop.clerk.post("/api/checkouts", json=order))
    sales = await sales_of(shop, made)
    assert [each["balance_due"] for each in sales] == [0, 50, 300]
    assert [each["completed_at"] is None for each in sales] == [False, True, True]
    done(await shop.clerk.post(f"/api/sales/{sales[2]['id']}/payments", json={}))
    assert (await sales_of(shop, made))[2]["completed_at"] is not None
    path = f"/api/checkouts/{made['id']}"
    now = done(await shop.clerk.get(path), 200)
    assert (now["total_amount"], now["paid_amount"], now["balance_due"]) == (600, 550, 50)
    done(await shop.manager.post(f"/api/sales/{sales[1]['id']}/refund", json={"reason": "changed her mind"}), 200)
    assert done(await shop.clerk.get(path), 200)["balance_due"] == 0
    told = done(await shop.owner.get("/api/messages/log"), 200)
    assert {each["template"] for each in told} == {"checkout_receipt"}
    assert await shop.wrong() == []


async def test_p02_r16_the_tax_of_a_checkout_is_rounded_once(shop: Place) -> None:
    await shop.prefer(tax_mode="standard", tax_rate=10, prices_include_tax=False)
    made = done(await shop.manager.post("/api/checkouts", json={"lines": await prices(shop, 0.14, 0.14, 0.14)}))
    assert (made["tax_amount"], made["total_amount"]) == (0.04, 0.46)
    assert [each["tax_amount"] for each in await sales_of(shop, made)] == [0.02, 0.01, 0.01]
    await shop.prefer(tax_mode="margin", tax_rate=20)
    made = done(await shop.manager.post("/api/checkouts", json={"lines": await prices(shop, 160, 90, cost=100)}))
    assert [each["tax_amount"] for each in await sales_of(shop, made)] == [10, 0]
    assert await shop.wrong() == []


async def test_n2_a_phone_given_in_part_payment_is_netted_in_the_same_go(shop: Place) -> None:
    customer = await a_customer(shop.clerk)
    lines = await prices(shop, 3000, 500)
    given = {"given_phone_description": "iPhone 11", "given_phone_value": 1800}
    payments = [{"amount": 1000}, {"method": "mobile_money", "amount": 700, "reference": "MP8"}]
    order = {"customer_id": customer["id"], "lines": lines, "trade_in": given, "payments": payments}
    short = order | {"payments": [{"amount": 1199}]}
    assert done(await shop.clerk.post("/api/checkouts", json=short), 409)["code"] == "swap_unpaid"
    dear = order | {"trade_in": given | {"given_phone_value": 3000.01}}
    assert done(await shop.clerk.post("/api/checkouts", json=dear), 409)["code"] == "trade_in_above_price"
    assert (await shop.clerk.post("/api/checkouts", json=order | {"customer_id": None})).status_code == 422
    made = done(await shop.clerk.post("/api/checkouts", json=order))
    assert (made["total_amount"], made["trade_in_amount"], made["paid_amount"], made["balance_due"]) == (
        3500,
        1800,
        1700,
        0,
    )
    swap = done(await shop.clerk.get(f"/api/swaps/{made['swap_id']}"), 200)
    assert (swap["balance_paid"], swap["given_phone_value"], swap["new_phone_id"]) == (1200, 1800, lines[0]["phone_id"])
    (sale,) = await sales_of(shop, made)
    assert (sale["amount_paid"], sale["method"], sale["checkout"]) == (500, "mobile_money", made["number"])
    found = done(await shop.owner.get("/api/analytics/cash-and-accrual"), 200)
    methods = {name: each["amount"] for name, each in found["cash"]["by_method"].items()}
    assert (methods, found["accrual"]["total"]) == ({"cash": 1000, "mobile_money": 700}, 1700)
    assert await shop.wrong() == []
