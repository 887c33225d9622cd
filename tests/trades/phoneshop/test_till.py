"""The till: the drawer from morning to evening, what is spent and taken, and phones bought from who walks in."""

import asyncio

from tests.running import Clock, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_purchase, a_sale, a_seller_s_phone, done, imei


async def test_a_drawer_should_hold_what_was_in_it_and_all_cash_since(shop: Place) -> None:
    await a_sale(shop.clerk, amount_paid=100)  # before it was opened
    drawer = done(await shop.clerk.post("/api/drawers/", json={"opening_amount": 200}))
    assert (drawer["status"], drawer["opening_amount"]) == ("OPEN", 200)
    await a_sale(shop.clerk, amount_paid=1000)
    await a_sale(shop.clerk, amount_paid=500, payment_method="mobile_money", payment_reference="MP1")
    deposit = await a_sale(shop.clerk, original_price=900, amount_paid=400, payment_method="card")
    done(await shop.clerk.post(f"/api/sales/{deposit['id']}/payments", json={"amount": 300}))
    done(await shop.clerk.post("/api/expenses/", json={"category": "Transport", "amount": 20.5}))
    done(await shop.clerk.post("/api/expenses/", json={"category": "Rent", "amount": 800, "method": "bank"}))
    done(await shop.manager.post("/api/withdrawals/", json={"amount": 100, "note": "school fees"}))
    for kind, amount in (("cash_in", 50), ("cash_out", 10), ("banked", 600)):
        done(await shop.clerk.post("/api/movements/", json={"kind": kind, "amount": amount}))
    await a_purchase(shop.clerk, amount=150)
    now = done(await shop.manager.get("/api/drawers/current"), 200)
    assert now["expected_amount"] == 200 + 1000 + 300 - 20.5 - 100 + 50 - 10 - 600 - 150
    blind = "This is not what the drawer should hold: count again, or say why"
    for who, text in ((shop.clerk, blind), (shop.manager, "The drawer should hold 669.50: say why it holds 660.00")):
        refused = done(await who.post(f"/api/drawers/{drawer['id']}/close", json={"counted_amount": 660}), 409)
        assert (refused["code"], refused["detail"]) == ("difference", text)
    count = {"counted_amount": 660, "reason": "change that nobody wrote down"}
    closed = done(await shop.clerk.post(f"/api/drawers/{drawer['id']}/close", json=count), 200)
    assert (closed["status"], closed["expected_amount"], closed["difference"]) == ("CLOSED", 669.5, -9.5)
    assert closed["by_method"] == {"bank": -200, "card": 400, "cash": 469.5, "mobile_money": 500}
    assert closed["closed_by_id"] == shop.clerk.user_id
    await a_sale(shop.clerk, amount_paid=77)
    assert done(await shop.clerk.get(f"/api/drawers/{drawer['id']}"), 200) == closed
    assert (await shop.manager.get("/api/drawers/current")).status_code == 404
    assert await shop.wrong() == []


async def test_a_shop_has_one_open_drawer_also_when_two_open_it_at_once(shop: Place, other: Place) -> None:
    opened = [shop.clerk.post("/api/drawers", json={"opening_amount": 0}) for _ in range(5)]
    answers = await asyncio.gather(*opened)
    assert sorted(each.status_code for each in answers) == [201] + [409] * 4
    refused = {each.json()["detail"] for each in answers if each.status_code == 409}
    assert refused == {"The cash drawer is open already"}
    drawer = next(each.json() for each in answers if each.status_code == 201)
    done(await other.clerk.post("/api/drawers", json={"opening_amount": 0}))
    path = f"/api/drawers/{drawer['id']}/close"
    first = done(await shop.clerk.post(path, json={"counted_amount": 0}), 200)
    await shop.news()
    assert done(await shop.clerk.post(path, json={"counted_amount": 0}), 200) == first
    for otherwise in ({"counted_amount": 5}, {"counted_amount": 0, "reason": "a note that is not ours"}):
        refused = done(await shop.clerk.post(path, json=otherwise), 409)
        assert (refused["code"], refused["detail"]) == (
            "drawer_closed",
            "The drawer was closed already, with 0.00 counted",
        )
    assert [each for each in await shop.news() if "edit" in each] == []
    done(await shop.clerk.post("/api/drawers", json={"opening_amount": 0}))


async def test_of_two_tills_that_close_the_drawer_with_different_counts_one_is_told(shop: Place) -> None:
    drawer = done(await shop.clerk.post("/api/drawers", json={"opening_amount": 100}))
    path = f"/api/drawers/{drawer['id']}/close"
    counts = [{"counted_amount": amount, "reason": "counted twice"} for amount in (90, 95)]
    answers = await asyncio.gather(*(shop.clerk.post(path, json=each) for each in counts))
    assert sorted(each.status_code for each in answers) == [200, 409]
    kept = next(each.json() for each in answers if each.status_code == 200)
    assert (await shop.clerk.get(f"/api/drawers/{drawer['id']}")).json() == kept
    told = next(each.json() for each in answers if each.status_code == 409)
    assert told["detail"] == f"The drawer was closed already, with {kept['counted_amount']:.2f} counted"


async def test_a29_what_the_owner_takes_is_no_expense(shop: Place) -> None:
    spent = done(
        await shop.clerk.post("/api/expenses", json={"category": "Airtime", "amount": 30, "description": "MTN"})
    )
    assert (await shop.clerk.post("/api/withdrawals", json={"amount": 10})).status_code == 403
    taken = done(await shop.owner.post("/api/withdrawals", json={"amount": 10}))
    assert [each["id"] for each in done(await shop.clerk.get("/api/expenses/?category=Airtime"), 200)] == [spent["id"]]
    assert [each["amount"] for each in done(await shop.owner.get("/api/withdrawals/"), 200)] == [taken["amount"]]
    path = f"/api/expenses/{spent['id']}/cancel"
    assert (await shop.clerk.post(path, json={"reason": "mistake"})).status_code == 403
    assert (await shop.manager.post(path, json={})).status_code == 422
    assert done(await shop.manager.post(path, json={"reason": "mistake"}), 200)["cancelled_because"] == "mistake"
    assert done(await shop.manager.post(path, json={"reason": "again"}), 409)["code"] == "cancelled"
    assert await shop.wrong() == []


async def test_a29_a_withdrawal_and_a_movement_of_cash_that_were_mistakes_are_turned_round(shop: Place) -> None:
    done(await shop.clerk.post("/api/drawers", json={"opening_amount": 900}))
    why = {"reason": "Typed wrong"}
    made = [("withdrawals", "put-back", done(await shop.manager.post("/api/withdrawals", json={"amount": 100})))]
    for kind in ("cash_in", "cash_out", "banked"):
        order = {"kind": kind, "amount": 50}
        made.append(("movements", "reverse", done(await shop.clerk.post("/api/movements", json=order))))
    assert done(await shop.manager.get("/api/drawers/current"), 200)["by_method"] == {"bank": 50, "cash": -150}
    for room, verb, row in made:
        path = f"/api/{room}/{row['id']}/{verb}"
        assert (await shop.clerk.post(path, json=why)).status_code == 403
        undone = done(await shop.manager.post(path, json=why), 200)
        assert (undone["amount"], undone["cancelled_because"]) == (row["amount"], "Typed wrong")
        assert done(await shop.manager.post(path, json=why), 409)["code"] == "cancelled"
    now = done(await shop.manager.get("/api/drawers/current"), 200)
    assert (now["expected_amount"], now["by_method"]) == (900, {"bank": 0, "cash": 0})
    cash = done(await shop.manager.get("/api/analytics/cash-and-accrual"), 200)
    assert [cash["reconciliation"][each]["amount"] for each in ("withdrawals", "movements")] == [0, 0]
    assert await shop.wrong() == []


async def test_a3_a_phone_bought_from_somebody_becomes_stock_at_what_was_paid(shop: Place) -> None:
    number = imei(8101)
    await shop.news()
    bought = await a_purchase(shop.clerk, amount=700, imei=number, seller_phone="0241234567")
    assert (bought["purchase_number"], bought["seller_name"]) == ("PUR-000001", "Yaw Boateng")
    phone = done(await shop.manager.get(f"/api/phones/{bought['phone_id']}"), 200)
    assert (phone["status"], phone["is_available"], phone["cost_price"], phone["value"]) == (
        "RECEIVED",
        False,
        700,
        700,
    )
    told = await shop.news()
    assert [each.split(":")[0] for each in told] == ["purchase.buy"]
    again = await shop.clerk.post("/api/purchases/", json=a_seller_s_phone(imei=number))
    assert (again.status_code, again.json()["detail"]) == (400, "A phone with this IMEI is already in stock")
    hidden = {"amount", "id_number", "seller_address"}
    assert hidden.isdisjoint(done(await shop.clerk.get(f"/api/purchases/{bought['id']}"), 200))
    assert hidden <= done(await shop.manager.get(f"/api/purchases/{bought['id']}"), 200).keys()
    assert done(await shop.clerk.get("/api/phones/?available_only=true"), 200) == []
    assert await shop.wrong() == []


async def test_a3_a_purchase_that_was_a_mistake_is_undone_on_its_own_day(shop: Place) -> None:
    number, why = imei(8102), {"reason": "The wrong seller"}
    done(await shop.clerk.post("/api/drawers", json={"opening_amount": 1000}))
    customer = await a_customer(shop.clerk)
    bought = await a_purchase(shop.clerk, amount=700, imei=number, customer_id=customer["id"])
    path, phone = f"/api/purchases/{bought['id']}", f"/api/phones/{bought['phone_id']}"
    assert (await shop.technician.post(f"{path}/void", json=why)).status_code == 404
    assert (await shop.clerk.post(f"{path}/void", json={})).status_code == 422
    await shop.news()
    undone = done(await shop.clerk.post(f"{path}/void", json=why), 200)
    assert (undone["returned_because"], bool(undone["returned_at"])) == ("The wrong seller", True)
    assert [each.split(":")[0] for each in await shop.news()] == ["purchase.void"]
    assert done(await shop.manager.get(phone), 200)["status"] == "RETURNED"
    assert done(await shop.manager.get("/api/drawers/current"), 200)["expected_amount"] == 1000
    cash = done(await shop.manager.get("/api/analytics/cash-and-accrual"), 200)
    assert (cash["reconciliation"]["purchases"]["amount"], cash["cash"]["total"]) == (0, 0)
    assert done(await shop.owner.get("/api/analytics/inventory-report"), 200)["total_inventory_cost"] == 0
    told = done(await shop.manager.get(f"{phone}/life"), 200)["events"]
    assert [(each["what"], each["text"], each["amount"]) for each in told] == [
        ("bought", "PUR-000001", 700),
        ("given back", "The wrong seller", -700),
    ]
    assert done(await shop.clerk.get(f"/api/customers/{customer['id']}/story"), 200)["events"] == []
    history = done(await shop.clerk.get(f"/api/devices/{number}/history"), 200)["events"]
    assert [each["what"] for each in history] == ["bought", "given back"]
    assert done(await shop.clerk.post(f"{path}/void", json=why), 409)["code"] == "returned"
    again = await a_purchase(shop.clerk, imei=number)  # the device may come again
    assert done(await shop.manager.get(f"/api/phones/{again['phone_id']}"), 200)["status"] == "RECEIVED"
    assert await shop.wrong() == []


async def test_a3_a_purchase_stays_once_its_day_is_over_or_its_phone_was_worked_on(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T23:00:00Z")
    why, late, seen, spent = {"reason": "mistake"}, *[await a_purchase(shop.clerk) for _ in range(3)]
    done(await shop.clerk.post(f"/api/phones/{spent['phone_id']}/costs", json={"amount": 5, "description": "case"}))
    found = {"grade": "B", "asking_price": 900}
    done(await shop.clerk.post(f"/api/phones/{seen['phone_id']}/inspect", json=found), 200)
    for each, code in ((seen, "not_received"), (spent, "money_spent")):
        assert done(await shop.manager.post(f"/api/purchases/{each['id']}/void", json=why), 409)["code"] == code
    clock.set("2026-03-03T00:00:00Z")
    refused = done(await shop.manager.post(f"/api/purchases/{late['id']}/void", json=why), 409)
    assert (refused["code"], refused["detail"]) == ("not_of_today", "A purchase can be voided on its own day only")
    assert await shop.wrong() == []


async def test_a3_nothing_is_bought_from_somebody_who_does_not_show_who_they_are(shop: Place) -> None:
    for missing in ("seller_name", "id_kind", "id_number", "amount", "brand", "condition"):
        order = a_seller_s_phone()
        del order[missing]
        assert (await shop.clerk.post("/api/purchases", json=order)).status_code == 422, missing
    wrong = a_seller_s_phone(imei="490154203237517")
    assert (await shop.clerk.post("/api/purchases", json=wrong)).status_code == 400
    assert (await shop.clerk.post("/api/purchases", json=a_seller_s_phone(customer_id=999999))).status_code == 404
    assert done(await shop.clerk.get("/api/purchases"), 200) == []


async def test_p39_a_seller_is_erased_and_the_purchase_stays(shop: Place) -> None:
    bought = await a_purchase(shop.clerk, seller_name="Kojo Antwi", id_number="GHA-71234", seller_phone="0247654321")
    erased = await shop.owner.post("/api/privacy/erase", json={"purchase_id": bought["id"]})
    assert erased.status_code == 200, erased.text
    left = await shop.owner.get(f"/api/purchases/{bought['id']}")
    assert (left.json()["seller_name"], left.json()["amount"], left.json()["id_number"]) == ("Erased", 500, "")
    everything = left.text + (await shop.owner.get(f"/api/purchases/{bought['id']}/history")).text
    assert [word for word in ("Kojo", "71234", "7654321") if word in everything] == []
    assert await shop.wrong() == []


async def test_a_price_may_be_asked_for_a_phone_when_it_is_bought(shop: Place) -> None:
    bought = await a_purchase(shop.clerk, amount=500, value=800, method="mobile_money", reference="MP9")
    assert done(await shop.manager.get(f"/api/phones/{bought['phone_id']}"), 200)["value"] == 800
    assert (await a_phone(shop.clerk))["status"] == "AVAILABLE"
