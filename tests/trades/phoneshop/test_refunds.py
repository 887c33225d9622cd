"""Money given back, and mistakes of today undone (spec R-12)."""

import asyncio
from typing import Any

from tests.running import Clock, Place
from tests.trades.phoneshop.arranging import a_phone, a_repair, a_sale, a_swap, became, done, imei
from tests.trades.phoneshop.test_chains import on_offer
from tests.trades.phoneshop.test_swaps import read

WHY = {"reason": "It does not ring"}


async def counted(shop: Place, measure: str) -> list[tuple[str, str, Any]]:
    """What a measure counts: source, day and amount of each row."""
    rows: list[dict[str, Any]] = []
    after: int | str | None = 0
    while after is not None:
        found = await read(shop, f"/api/totals/phoneshop.{measure}?after={after}", "owner")
        rows, after = rows + found["rows"], found["next"]
    return [(each["dimension"], each["day"], each["amount"]) for each in rows]


async def payments(shop: Place) -> list[tuple[str, str]]:
    """What was booked besides the documents: method and amount."""
    rows = await shop.read(
        lambda session: session.connection.exec_driver_sql(
            f"SELECT method, amount FROM phoneshop_payments WHERE org_id = {shop.org_id} ORDER BY id"
        ).fetchall()
    )
    return [(row[0], f"{row[1] / 100:.2f}") for row in rows]


async def test_r12_a_full_refund_puts_the_phone_back_with_its_former_cost_and_reverses_the_margin_on_its_day(
    shop: Place, clock: Clock
) -> None:
    clock.set("2026-03-02T10:00:00Z")
    number = imei(7)
    phone = await a_phone(shop.manager, cost_price=4000, imei=number)
    sale = await a_sale(shop.manager, phone_id=phone["id"])
    clock.set("2026-04-05T10:00:00Z")
    await shop.news()
    path = f"/api/sales/{sale['id']}"
    after = done(await shop.manager.post(f"{path}/refund/", json=WHY | {"payment_method": "mobile_money"}), 200)
    assert (after["refunded_amount"], after["margin"], after["amount_paid"]) == (4500, 500, 4500)
    assert (after["returned_at"], await read(shop, path)) == ("2026-04-05T10:00:00.000000Z", after)
    unit = await read(shop, f"/api/phones/{phone['id']}")
    assert (unit["status"], unit["cost_price"], unit["imei"]) == ("AVAILABLE", 4000, number)
    (made,) = await read(shop, "/api/refunds/")
    wanted = {
        "sale_id": sale["id"], "swap_id": None, "amount": 4500, "revenue": 4500, "margin": 500, "is_full": True,
        "is_void": False, "method": "mobile_money", "reason": "It does not ring",
    }  # fmt: skip
    assert {name: made[name] for name in wanted} == wanted
    assert await read(shop, f"/api/refunds/{made['id']}") == made
    assert await payments(shop) == [("mobile_money", "-4500.00")]
    (told,) = await shop.news()
    assert told == (
        f"sale.refund: edit phones {phone['id']}, edit unit_imeis 1, edit sales {sale['id']}, add payments 1, "
        f"add refunds {made['id']}"
    )
    assert await counted(shop, "sales_made") == [("New", "2026-03-02", 4500)]
    assert await counted(shop, "sales_margin") == [("", "2026-03-02", 500)]
    assert await counted(shop, "refunded") == [("sale", "2026-04-05", -4500)]
    assert await counted(shop, "refunded_margin") == [("sale", "2026-04-05", -500)]
    revenue = (await read(shop, "/api/analytics/overview", "owner"))["revenue"]
    assert (revenue["from_sales"], revenue["total"]) == (0, 0)
    month = (await read(shop, "/api/analytics/dashboard-summary", "owner"))["quick_stats"]["monthly_revenue"]
    assert month == -4500
    again = await a_sale(shop.manager, phone_id=phone["id"], amount_paid=4400)
    assert again["margin"] == 400
    assert await shop.wrong() == []


async def test_r12_a_partial_refund_gives_money_back_and_the_phone_stays_sold(shop: Place) -> None:
    sale = await a_sale(shop.manager)
    path = f"/api/sales/{sale['id']}/refund"
    part = done(await shop.manager.post(path, json=WHY | {"amount": "100.10"}), 200)
    assert (part["refunded_amount"], part["returned_at"]) == (100.1, None)
    assert (await read(shop, f"/api/phones/{sale['phone_id']}"))["status"] == "SOLD"
    over = await shop.manager.post(path, json=WHY | {"amount": "4399.91"})
    assert (over.status_code, over.json()["left"]) == (409, 4399.9)
    assert over.json()["detail"] == "More would be refunded than was paid: 4399.90 is left"
    rest = done(await shop.manager.post(path, json=WHY), 200)
    assert (rest["refunded_amount"], rest["returned_at"] is None) == (4500, False)
    made = await read(shop, f"/api/refunds?sale_id={sale['id']}&sort=created_at")
    assert [(each["amount"], each["margin"], each["is_full"]) for each in made] == [
        (100.1, 100.1, False), (4399.9, 399.9, True),
    ]  # fmt: skip
    assert (await read(shop, f"/api/phones/{sale['phone_id']}"))["status"] == "AVAILABLE"
    again = await shop.manager.post(path, json=WHY)
    assert (again.status_code, again.json()["detail"]) == (409, "Sale is refunded already")
    assert await shop.wrong() == []


async def test_r12_a_refund_never_exceeds_what_was_paid_also_at_the_same_moment(shop: Place) -> None:
    sale, swap = await a_sale(shop.manager), await a_swap(shop.manager)
    for kind, document, paid in (("sales", sale, 4500), ("swaps", swap, 2700)):
        path, wish = f"/api/{kind}/{document['id']}/refund", WHY | {"amount": 1000}
        answers = await asyncio.gather(*(shop.manager.post(path, json=wish) for _ in range(20)))
        assert sorted(each.status_code for each in answers) == [200] * (paid // 1000) + [409] * (20 - paid // 1000)
        answers = await asyncio.gather(*(shop.manager.post(path, json=WHY) for _ in range(5)))
        assert sorted(each.status_code for each in answers) == [200] + [409] * 4
        assert (await read(shop, f"/api/{kind}/{document['id']}"))["refunded_amount"] == paid
    assert await shop.wrong() == []


async def test_r12_r14_r17_the_transactions_of_profit_and_loss_sum_to_its_totals(shop: Place) -> None:
    part, back = await a_sale(shop.manager, amount_paid=4400), await a_sale(shop.manager)
    await a_sale(shop.manager, original_price=4500, amount_paid=500)
    swap, gone = await a_swap(shop.manager, balance_paid=2600), await a_swap(shop.manager)
    for kind, document, wish in (
        ("sales", part, {"amount": 30.5}), ("sales", back, {}), ("swaps", swap, {"amount": 20.25}), ("swaps", gone, {}),
    ):  # fmt: skip
        done(await shop.manager.post(f"/api/{kind}/{document['id']}/refund", json=WHY | wish), 200)
    found = await read(shop, "/api/analytics/profit-loss", "owner")
    for kind, profit, margin in (("sales", -130.5, 369.5), ("swaps", -120.25, 379.75)):
        (one,) = found[kind]["transactions"]
        assert (one.get("profit", one.get("estimated_profit")), one["margin"]) == (profit, margin)
        assert (found[kind]["total_profit"], found[kind]["margin"], found[kind]["total_count"]) == (profit, margin, 1)


async def test_r12_a_deposit_that_is_given_back_was_no_revenue(shop: Place) -> None:
    sale = await a_sale(shop.manager, original_price=4500, amount_paid=500)
    path = f"/api/sales/{sale['id']}/refund"
    part = await shop.manager.post(path, json=WHY | {"amount": 100})
    assert (part.status_code, part.json()["code"]) == (409, "still_due")
    done(await shop.manager.post(path, json=WHY), 200)
    (made,) = await read(shop, "/api/refunds")
    assert (made["amount"], made["revenue"], made["margin"]) == (500, 0, None)
    found = await read(shop, "/api/analytics/sales-analytics", "owner")
    assert (found["total_sales"], found["total_revenue"]) == (0, 0)
    loss = (await read(shop, "/api/analytics/profit-loss", "owner"))["sales"]
    assert (loss["total_count"], loss["total_profit"], loss["margin"]) == (0, 0, 0)


async def test_r12_of_a_phone_whose_cost_is_not_known_no_margin_goes_back(shop: Place) -> None:
    phone = await a_phone(shop.manager, cost_price=None)
    sale = await a_sale(shop.manager, phone_id=phone["id"])
    for wish in (WHY | {"amount": 1}, WHY):
        done(await shop.manager.post(f"/api/sales/{sale['id']}/refund", json=wish), 200)
    assert [each["margin"] for each in await read(shop, "/api/refunds")] == [None, None]
    assert await counted(shop, "refunded_margin") == []


async def test_r12_a_refunded_swap_gives_the_customer_s_phone_back_while_it_is_received(shop: Place) -> None:
    number = imei(8)
    made = await a_swap(shop.manager, given_phone_imei=number)
    after = done(await shop.manager.post(f"/api/swaps/{made['id']}/refund/", json=WHY), 200)
    assert (after["refunded_amount"], after["returned_at"] is None) == (2700, False)
    out = await read(shop, f"/api/phones/{made['new_phone_id']}")
    assert (out["status"], out["swapped_from_id"], out["cost_price"]) == ("AVAILABLE", None, 4000)
    unit = await read(shop, f"/api/phones/{made['received_phone_id']}")
    assert (unit["status"], unit["is_available"]) == ("RETURNED", False)
    (refund,) = await read(shop, f"/api/refunds?swap_id={made['id']}")
    assert (refund["amount"], refund["revenue"], refund["margin"], refund["is_full"]) == (2700, 2700, 500, True)
    assert await payments(shop) == [("cash", "-2700.00")]
    assert (await read(shop, "/api/analytics/overview", "owner"))["revenue"]["from_swaps"] == 0
    await a_phone(shop.manager, imei=number)  # it left the stock
    await a_swap(shop.manager, new_phone_id=made["new_phone_id"])
    again = await shop.manager.post(f"/api/swaps/{made['id']}/refund", json=WHY)
    assert (again.status_code, again.json()["detail"]) == (409, "Swap is refunded already")
    assert await shop.wrong() == []


async def test_r12_a_refunded_swap_pays_the_allowance_out_where_the_phone_is_no_longer_received(shop: Place) -> None:
    made = await a_swap(shop.manager)
    await on_offer(shop, made["received_phone_id"])
    path = f"/api/swaps/{made['id']}/refund"
    done(await shop.manager.post(path, json=WHY | {"amount": 200}), 200)
    too_much = await shop.manager.post(path, json=WHY | {"amount": 2600})
    assert (too_much.status_code, too_much.json()["left"]) == (409, 2500)
    after = done(await shop.manager.post(path, json=WHY), 200)
    assert after["refunded_amount"] == 2700 + 1800
    unit = await read(shop, f"/api/phones/{made['received_phone_id']}")
    assert (unit["status"], unit["cost_price"]) == ("AVAILABLE", 1800)
    found = await read(shop, "/api/refunds?sort=created_at")
    assert [(each["amount"], each["revenue"], each["margin"]) for each in found] == [(200, 200, 200), (4300, 2500, 300)]
    assert await payments(shop) == [("cash", "-200.00"), ("cash", "-4300.00")]
    assert (await read(shop, "/api/analytics/overview", "owner"))["revenue"]["from_swaps"] == 0
    assert await shop.wrong() == []


async def test_r12_what_was_spent_on_a_phone_that_is_given_back_is_lost(shop: Place) -> None:
    made = await a_swap(shop.manager)
    battery = {"amount": 150, "description": "A new battery"}
    done(await shop.manager.post(f"/api/phones/{made['received_phone_id']}/costs", json=battery))
    done(await shop.manager.post(f"/api/swaps/{made['id']}/refund", json=WHY), 200)
    assert (await read(shop, "/api/refunds"))[0]["margin"] == made["margin"] + 150


async def test_a_swap_without_a_balance_is_refunded_without_money(shop: Place) -> None:
    made = await a_swap(shop.manager, given_phone_value=4500, balance_paid=0)
    done(await shop.manager.post(f"/api/swaps/{made['id']}/refund", json=WHY), 200)
    assert [each["amount"] for each in await read(shop, "/api/refunds")] == [0]
    assert await payments(shop) == []


async def test_only_managers_refund_and_a_reason_is_needed(shop: Place) -> None:
    sale, swap = await a_sale(shop.clerk), await a_swap(shop.clerk)
    for path in (f"/api/sales/{sale['id']}/refund", f"/api/swaps/{swap['id']}/refund"):
        assert (await shop.clerk.post(path, json=WHY)).status_code == 403
        for wrong in (
            {},
            {"reason": ""},
            WHY | {"amount": 0},
            WHY | {"amount": -1},
            WHY | {"payment_method": "provider"},
        ):
            assert (await shop.manager.post(path, json=wrong)).status_code == 422
    assert (await shop.manager.post("/api/sales/999999/refund", json=WHY)).status_code == 404


async def test_a_mistake_of_today_is_void_and_the_money_goes_back_as_it_came(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T23:00:00Z")
    sale = await a_sale(shop.clerk, payment_method="card")
    swap = await a_swap(shop.clerk, payment_method="mobile_money")
    for kind, document in (("sales", sale), ("swaps", swap)):
        after = done(await shop.clerk.post(f"/api/{kind}/{document['id']}/void/", json={"reason": "Wrong phone"}), 200)
        assert after["returned_at"] is not None
        again = await shop.clerk.post(f"/api/{kind}/{document['id']}/void", json={"reason": "Wrong phone"})
        assert again.status_code == 409
    found = await read(shop, "/api/refunds?sort=created_at")
    assert [(each["amount"], each["method"], each["is_full"], each["is_void"]) for each in found] == [
        (4500, "card", True, True), (2700, "mobile_money", True, True),
    ]  # fmt: skip
    assert await payments(shop) == [("card", "-4500.00"), ("mobile_money", "-2700.00")]
    for phone_id in (sale["phone_id"], swap["new_phone_id"]):
        assert (await read(shop, f"/api/phones/{phone_id}"))["status"] == "AVAILABLE"
    assert (await read(shop, "/api/analytics/overview", "owner"))["revenue"]["total"] == 0
    assert await shop.wrong() == []


async def test_only_who_made_it_or_a_manager_voids_and_on_its_own_local_day_only(shop: Place, clock: Clock) -> None:
    await shop.prefer(zone="Asia/Kuala_Lumpur")
    clock.set("2026-03-02T10:00:00Z")
    sale, swap = await a_sale(shop.clerk), await a_swap(shop.clerk)
    paths = (f"/api/sales/{sale['id']}/void", f"/api/swaps/{swap['id']}/void")
    for path in paths:
        assert (await shop.technician.post(path, json=WHY)).status_code == 404
        assert (await shop.clerk.post(path, json={})).status_code == 422
    clock.set("2026-03-02T16:00:00Z")  # midnight in Kuala Lumpur
    for path, name in zip(paths, ("sale", "swap"), strict=True):
        late = await shop.clerk.post(path, json=WHY)
        text = f"A {name} can be voided on its own day only; refund it instead"
        assert (late.status_code, late.json()["detail"]) == (409, text)
    clock.set("2026-03-02T15:59:59Z")
    for path in paths:
        done(await shop.manager.post(path, json=WHY), 200)


async def test_a_swap_whose_phone_was_inspected_is_not_void_but_refunded(shop: Place) -> None:
    swap = await a_swap(shop.clerk)
    await on_offer(shop, swap["received_phone_id"])
    refused = await shop.clerk.post(f"/api/swaps/{swap['id']}/void", json=WHY)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_received")


async def test_r06_a_phone_that_is_in_stock_again_otherwise_does_not_come_back_twice(shop: Place) -> None:
    number = imei(9)
    phone = await a_phone(shop.manager, imei=number)
    sale = await a_sale(shop.manager, phone_id=phone["id"])
    await a_swap(shop.manager, given_phone_imei=number)
    refused = await shop.manager.post(f"/api/sales/{sale['id']}/refund", json=WHY)
    assert (refused.status_code, refused.json()["detail"]) == (400, "A phone with this IMEI is already in stock")
    assert (await read(shop, f"/api/sales/{sale['id']}"))["refunded_amount"] == 0


async def test_p07_a_refund_with_the_same_key_is_one_refund(shop: Place) -> None:
    sale = await a_sale(shop.manager)
    path, key = f"/api/sales/{sale['id']}/refund", {"Idempotency-Key": "back-1"}
    wish = WHY | {"amount": 10}
    answers = await asyncio.gather(*(shop.manager.post(path, json=wish, headers=key) for _ in range(10)))
    assert {(each.status_code, each.content) for each in answers} == {(200, answers[0].content)}
    assert len(await read(shop, "/api/refunds")) == 1


async def taxed(shop: Place) -> tuple[list[tuple[float, float]], float]:
    """The tax of each refund beside its amount, oldest first, and what is owed in all."""
    made = await read(shop, "/api/refunds?sort=created_at", "owner")
    due = await read(shop, "/api/analytics/tax", "owner")
    rows = await counted(shop, "tax")
    assert due["total"] == round(sum(amount for _, _, amount in rows), 2)
    assert due["total"] == round(sum(due[line]["amount"] for line in ("sales", "swaps", "refunds")), 2)
    return [(each["amount"], each["tax"]) for each in made], due["total"]


async def test_r12_r16_a_refund_gives_back_its_share_of_the_tax_to_the_cent(shop: Place, clock: Clock) -> None:
    await shop.prefer(tax_mode="standard", tax_rate=17.5)
    clock.set("2026-03-02T10:00:00Z")
    phone = await a_phone(shop.manager, value=100)
    sale = await a_sale(shop.manager, phone_id=phone["id"], amount_paid=100)
    assert (await read(shop, f"/api/sales/{sale['id']}", "owner"))["tax_amount"] == 14.89
    await shop.prefer(tax_rate=3)  # what was charged is what goes back
    path = f"/api/sales/{sale['id']}/refund"
    for amount in (33.33, 33.33, 0.01):
        clock.forward(days=1)
        done(await shop.manager.post(path, json=WHY | {"amount": amount}), 200)
    assert await taxed(shop) == ([(33.33, 4.96), (33.33, 4.97), (0.01, 0)], 4.96)
    done(await shop.manager.post(path, json=WHY), 200)
    assert await taxed(shop) == ([(33.33, 4.96), (33.33, 4.97), (0.01, 0), (33.33, 4.96)], 0)
    assert await counted(shop, "tax") == [
        ("sale", "2026-03-02", 14.89), ("refund", "2026-03-03", -4.96), ("refund", "2026-03-04", -4.97),
        ("refund", "2026-03-05", -4.96),
    ]  # fmt: skip
    early = await read(shop, "/api/analytics/tax?from=2026-03-02&to=2026-03-04", "owner")
    assert (early["sales"]["amount"], early["refunds"]["amount"], early["total"]) == (14.89, -4.96, 9.93)
    assert await shop.wrong() == []


async def test_r12_r16_of_the_margin_scheme_a_refund_gives_back_the_tax_of_the_margin_that_is_gone(shop: Place) -> None:
    await shop.prefer(tax_mode="margin", tax_rate=20)
    phone = await a_phone(shop.manager, value=160, cost_price=100)
    sale = await a_sale(shop.manager, phone_id=phone["id"], amount_paid=160)
    path = f"/api/sales/{sale['id']}/refund"
    for amount, owed in ((30, 5), (29.97, 0.01), (50, 0)):  # sold for 130: 30 of margin hold 5; then 0.03; then a loss
        done(await shop.manager.post(path, json=WHY | {"amount": amount}), 200)
        assert (await taxed(shop))[1] == owed
    done(await shop.manager.post(path, json=WHY), 200)
    assert await taxed(shop) == ([(30, 5), (29.97, 4.99), (50, 0.01), (50.03, 0)], 0)
    swap = await a_swap(shop.manager)  # 4500 for what had cost 4000
    assert (await taxed(shop))[1] == 83.33
    path = f"/api/swaps/{swap['id']}/refund"
    done(await shop.manager.post(path, json=WHY | {"amount": 200}), 200)
    assert (await taxed(shop))[1] == 50
    done(await shop.manager.post(path, json=WHY), 200)
    assert (await taxed(shop))[1] == 0
    assert await shop.wrong() == []


async def test_r16_r17_a_deposit_owes_no_tax_and_gives_none_back(shop: Place) -> None:
    await shop.prefer(tax_mode="standard", tax_rate=20)
    sale = await a_sale(shop.manager, original_price=4500, amount_paid=500)
    assert await taxed(shop) == ([], 0)
    done(await shop.manager.post(f"/api/sales/{sale['id']}/refund", json=WHY), 200)
    assert await taxed(shop) == ([(500, 0)], 0)
    paid = await a_sale(shop.manager, original_price=4500, amount_paid=500)
    done(await shop.manager.post(f"/api/sales/{paid['id']}/payments", json={}))
    assert (await taxed(shop))[1] == 750
    done(await shop.manager.post(f"/api/sales/{paid['id']}/void", json=WHY), 200)
    assert (await taxed(shop))[1] == 0


async def test_r12_r13_what_claims_had_cost_stays_lost_when_a_sale_is_refunded(shop: Place) -> None:
    sale = await a_sale(shop.manager)
    claim = done(await shop.clerk.post(f"/api/sales/{sale['id']}/claim", json={"issue_description": "Rattles"}))
    parts, path = f"/api/repairs/{claim['id']}/parts", f"/api/sales/{sale['id']}"
    done(await shop.clerk.post(parts, json={"name": "Speaker", "unit_cost": 30}))
    done(await shop.manager.post(f"{path}/refund", json=WHY | {"amount": 100}), 200)
    assert done(await shop.manager.post(f"{path}/refund", json=WHY), 200)["margin"] == 470
    assert sorted(each["margin"] for each in await read(shop, "/api/refunds")) == [100, 400]
    done(await shop.clerk.post(parts, json={"name": "Glue", "unit_cost": 5}))
    assert (await read(shop, "/api/analytics/profit-loss", "owner"))["sales"]["margin"] == -35
    again = await shop.clerk.post(f"/api/repairs/{claim['id']}/claim", json={"issue_description": "Rattles"})
    assert (again.status_code, again.json()["detail"]) == (409, "Sale was returned: it has no warranty any more")
    assert await shop.wrong() == []


async def test_r21_a_phone_that_comes_back_while_it_is_mended_is_not_for_sale_before_that_is_completed(
    shop: Place,
) -> None:
    sale, swap = await a_sale(shop.manager), await a_swap(shop.manager)
    claim = done(await shop.clerk.post(f"/api/sales/{sale['id']}/claim", json={"issue_description": "Rattles"}))
    repair = await a_repair(shop.clerk, phone_id=swap["new_phone_id"])
    await became(shop.clerk, repair, "In Progress")
    for kind, document, phone_id, mended in (
        ("sales", sale, sale["phone_id"], claim), ("swaps", swap, swap["new_phone_id"], repair),
    ):  # fmt: skip
        done(await shop.manager.post(f"/api/{kind}/{document['id']}/refund", json=WHY), 200)
        assert (await read(shop, f"/api/phones/{phone_id}"))["status"] == "UNDER_REPAIR"
        await became(shop.clerk, mended, "Completed")
        assert (await read(shop, f"/api/phones/{phone_id}"))["status"] == "AVAILABLE"
        await a_sale(shop.manager, phone_id=phone_id)
    assert await shop.wrong() == []


async def test_r21_a_phone_that_comes_back_while_two_mend_it_is_for_sale_when_both_have_ended(shop: Place) -> None:
    sale = await a_sale(shop.manager)
    phone = f"/api/phones/{sale['phone_id']}"
    first, second, third = [await a_repair(shop.clerk, phone_id=sale["phone_id"]) for _ in range(3)]
    done(await shop.manager.post(f"/api/sales/{sale['id']}/refund", json=WHY), 200)
    await became(shop.clerk, first, "Completed")
    assert (await read(shop, phone))["status"] == "UNDER_REPAIR"
    assert (await shop.manager.delete(f"/api/repairs/{second['id']}")).status_code == 204
    assert (await read(shop, phone))["status"] == "UNDER_REPAIR"
    await became(shop.clerk, third, "Completed")
    assert (await read(shop, phone))["status"] == "AVAILABLE"
    assert await shop.wrong() == []
