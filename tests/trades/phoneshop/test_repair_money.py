"""Deposits, parts and the rest of a repair's price: never more than it costs, never more back than was paid (R-12, R-17)."""

import asyncio
from typing import Any

from tests.running import Place
from tests.trades.phoneshop.arranging import a_repair, became, done


async def money(shop: Place, repair: dict[str, Any]) -> tuple[Any, ...]:
    found = done(await shop.manager.get(f"/api/repairs/{repair['id']}"), 200)
    return tuple(found[name] for name in ("paid_amount", "balance_due", "refunded_amount"))


async def test_r17_a_repair_is_paid_by_a_deposit_parts_and_the_rest(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    path = f"/api/repairs/{repair['id']}/payments"
    for given, left in (
        ({"amount": 100}, 350),
        ({"amount": 50.5, "method": "mobile_money", "reference": "MM-1"}, 299.5),
    ):
        payment = done(await shop.clerk.post(path, json=given))
        assert (payment["repair_id"], payment["amount"]) == (repair["id"], given["amount"])
        assert (await money(shop, repair))[1] == left
    assert done(await shop.clerk.post(f"{path}/", json={}))["amount"] == 299.5
    assert await money(shop, repair) == (450, 0, 0)
    assert [each["amount"] for each in done(await shop.clerk.get(path), 200)] == [299.5, 50.5, 100]
    assert (await shop.clerk.post(path, json={"amount": 1})).status_code == 409
    assert await shop.wrong() == []


async def test_r17_a_deposit_is_not_revenue(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    done(await shop.clerk.post(f"/api/repairs/{repair['id']}/payments", json={"amount": 100}))
    assert done(await shop.owner.get("/api/analytics/overview"), 200)["revenue"]["from_repairs"] == 0


async def test_r17_parallel_payments_never_overpay_a_repair(shop: Place) -> None:
    repair = await a_repair(shop.clerk, cost=100)
    path = f"/api/repairs/{repair['id']}/payments"
    answers = await asyncio.gather(*(shop.clerk.post(path, json={"amount": 30}) for _ in range(10)))
    assert sorted(each.status_code for each in answers) == [201] * 3 + [409] * 7
    assert {each.json()["detail"] for each in answers if each.status_code == 409} == {"Only 10.00 is due"}
    assert await money(shop, repair) == (90, 10, 0)
    assert await shop.wrong() == []


async def test_the_price_does_not_fall_below_what_was_paid(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    done(await shop.clerk.post(f"/api/repairs/{repair['id']}/payments", json={"amount": 100}))
    for answer in (
        await shop.clerk.put(f"/api/repairs/{repair['id']}", json={"cost": 99.99}),
        await shop.clerk.post(f"/api/repairs/{repair['id']}/estimate", json={"amount": 99.99}),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (409, "100.00 was paid already")


async def test_r12_a_deposit_that_is_given_back_is_due_again(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    path = f"/api/repairs/{repair['id']}"
    done(await shop.clerk.post(f"{path}/payments", json={"amount": 100}))
    assert (await shop.clerk.post(f"{path}/refund", json={"reason": "Cancelled"})).status_code == 403
    done(await shop.manager.post(f"{path}/refund", json={"reason": "Cancelled", "amount": 40}), 200)
    assert await money(shop, repair) == (60, 390, 0)
    over = await shop.manager.post(f"{path}/refund", json={"reason": "Cancelled", "amount": 60.01})
    assert (over.status_code, over.json()["detail"]) == (409, "More would be refunded than was paid: 60.00 is left")
    done(await shop.manager.post(f"{path}/refund", json={"reason": "Cancelled"}), 200)
    assert await money(shop, repair) == (0, 450, 0)
    assert (await shop.manager.post(f"{path}/refund", json={"reason": "Cancelled"})).status_code == 409
    assert (await shop.manager.post(f"{path}/refund", json={})).status_code == 422
    amounts = [each["amount"] for each in done(await shop.clerk.get(f"{path}/payments"), 200)]
    assert amounts == [-60, -40, 100]


async def test_r12_a_refund_of_a_completed_repair_leaves_its_figures_and_is_a_row_of_its_own_day(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    path = f"/api/repairs/{repair['id']}"
    done(await shop.clerk.post(f"{path}/payments", json={}))
    await became(shop.clerk, repair, "Completed")
    await shop.news()
    done(await shop.manager.post(f"{path}/refund", json={"reason": "Late", "amount": 50}), 200)
    assert await money(shop, repair) == (450, 0, 50)
    assert any(line.startswith("repair.refund: ") and "add refunds" in line for line in await shop.news())
    refused = await shop.manager.delete(path)
    assert (refused.status_code, refused.json()["detail"]) == (409, "Repair can't be deleted: it is paid")
    assert await shop.wrong() == []


async def test_r11_r12_a_repair_that_was_refunded_is_not_taken_up_again_but_claimed(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    path = f"/api/repairs/{repair['id']}"
    done(await shop.clerk.post(f"{path}/payments", json={}))
    await became(shop.clerk, repair, "Completed")
    done(await shop.manager.post(f"{path}/refund", json={"reason": "Late", "amount": 50}), 200)
    refused = await shop.clerk.patch(f"{path}/status", json={"status": "In Progress", "reason": "No sound"})
    assert (refused.status_code, refused.json()["code"]) == (409, "refunded")
    assert done(await shop.owner.get("/api/analytics/overview"), 200)["revenue"]["from_repairs"] == 400
    refused = await shop.manager.put(path, json={"cost": 500})
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "This repair was refunded: its price stays as it was",
    )
    done(await shop.manager.put(path, json={"cost": 450, "diagnosis": "The same price is no change"}), 200)
    assert await shop.wrong() == []
