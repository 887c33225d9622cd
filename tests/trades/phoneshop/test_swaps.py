"""A phone given for a phone: both legs in one unit, the phone that comes in is stock (spec R-01, R-03 to R-05)."""

import asyncio
from typing import Any

from tests.running import Clock, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, a_swap, done, imei
from tradehall.kernel.notices.segments import Encoding, size

ALL = ("id", "customer_id", "given_phone_description", "given_phone_value", "new_phone_id", "balance_paid", "created_at",
       "total_transaction_value")  # fmt: skip


async def read(place: Place, path: str, role: str = "manager") -> Any:
    """What is there."""
    return done(await place.people[role].get(path), 200)


async def an_order(shop: Place, **more: Any) -> dict[str, Any]:
    """A swap that may be asked for: a phone of 1,800 and 1,000 for one of 2,800."""
    phone = await a_phone(shop.clerk, value=2800, cost_price=2000)
    given = {"given_phone_description": "iPhone 11", "given_phone_value": 1800, "balance_paid": 1000}
    return {"customer_id": (await a_customer(shop.clerk))["id"], "new_phone_id": phone["id"]} | given | more


async def test_a_swap_is_answered_in_the_words_of_the_contract(shop: Place) -> None:
    order = await an_order(shop)
    made = done(await shop.clerk.post("/api/swaps/", json=order))
    assert {name: made[name] for name in order} == order
    assert set(ALL) <= made.keys()
    assert (made["total_transaction_value"], made["estimated_profit"], made["invoice_number"]) == (
        2800,
        0,
        "INV-000001",
    )
    for path in (f"/api/swaps/{made['id']}", f"/api/swaps/{made['id']}/"):
        assert await read(shop, path, "clerk") == made
    for path in ("/api/swaps/", "/api/swaps", f"/api/swaps/customer/{order['customer_id']}"):
        (listed,) = await read(shop, path, "clerk")
        assert {name: listed[name] for name in ALL} == {name: made[name] for name in ALL}
    assert await read(shop, "/api/swaps/?skip=1") == []
    assert await shop.wrong() == []


async def test_both_legs_of_a_swap_are_one_unit(shop: Place) -> None:
    order = await an_order(shop)
    await shop.events()
    made = done(await shop.clerk.post("/api/swaps/", json=order))
    ((verb, changes),) = await shop.events()
    assert verb == "swap.swap"
    assert list(changes) == [
        f"add phones {made['received_phone_id']}", f"add swaps {made['id']}", f"edit phones {order['new_phone_id']}",
    ]  # fmt: skip
    assert changes[f"edit phones {order['new_phone_id']}"] == {
        "status": ["AVAILABLE", "SWAPPED"], "swapped_from_id": [None, made["id"]],
    }  # fmt: skip


async def test_r01_one_phone_has_one_buyer_be_it_sold_or_swapped(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    customers = [await a_customer(shop.clerk) for _ in range(4)]
    await shop.news()
    asked = []
    for n in range(10):
        customer = {"customer_id": customers[n % 4]["id"]}
        given = {"given_phone_description": "iPhone", "given_phone_value": 2000, "balance_paid": 2500}
        asked.append(("/api/sales/", customer | {"phone_id": phone["id"], "amount_paid": 4500}))
        asked.append(("/api/swaps/", customer | {"new_phone_id": phone["id"]} | given))
    answers = await asyncio.gather(*(shop.clerk.post(path, json=body) for path, body in asked))
    assert sorted(each.status_code for each in answers) == [201] + [400] * 19
    refusals = {each.json()["detail"] for each in answers if each.status_code == 400}
    assert refusals == {"Phone is not available for sale", "New phone is not available for swap"}
    assert len(await read(shop, "/api/sales/")) + len(await read(shop, "/api/swaps/")) == 1
    assert len(await shop.news()) == 1
    assert await shop.wrong() == []


async def test_r02_r03_the_margin_of_a_swap_is_against_the_cost_and_the_estimate_against_the_value(shop: Place) -> None:
    made = done(await shop.manager.post("/api/swaps/", json=await an_order(shop)))
    assert (made["margin"], made["margin_basis"], made["estimated_profit"]) == (800, "cost", 0)
    bare = await a_phone(shop.manager, value=2800, cost_price=None)
    unknown = await a_swap(shop.manager, new_phone_id=bare["id"], balance_paid=900)
    assert (unknown["margin"], unknown["margin_basis"], unknown["estimated_profit"]) == (None, "unknown", -100)


async def test_a_clerk_sees_no_margin_of_a_swap(shop: Place) -> None:
    order = await an_order(shop)
    would = (await shop.clerk.post("/api/swaps/?dry_run=1", json=order)).text
    made = await a_swap(shop.clerk)
    shown = would + "".join(
        [(await shop.clerk.get(path)).text for path in ("/api/swaps/", f"/api/swaps/{made['id']}", "/api/swaps/pending-resales")]
    )  # fmt: skip
    assert [word for word in ('"margin":', '"cost":', "profit_or_loss", "cost_price") if word in shown] == []


async def test_r04_the_phone_that_comes_in_is_stock_and_not_available(shop: Place) -> None:
    order = await an_order(shop, given_phone_imei="49-015420-323751-8")
    await shop.events()
    made = done(await shop.clerk.post("/api/swaps/", json=order))
    unit = await read(shop, f"/api/phones/{made['received_phone_id']}")
    assert unit["id"] in [each["id"] for each in await read(shop, "/api/phones/")]
    assert unit["id"] not in [each["id"] for each in await read(shop, "/api/phones/?available_only=true")]
    wanted = {
        "brand": "Unknown", "model": "iPhone 11", "condition": "Used", "value": 1800, "cost_price": 1800,
        "status": "RECEIVED", "is_available": False, "acquired_via_swap_id": made["id"], "swapped_from_id": None,
        "imei": "490154203237518",
    }  # fmt: skip
    assert {name: unit[name] for name in wanted} == wanted
    out = await read(shop, f"/api/phones/{order['new_phone_id']}")
    assert (out["status"], out["is_available"], out["swapped_from_id"]) == ("SWAPPED", False, made["id"])
    offered = await shop.clerk.patch(f"/api/phones/{unit['id']}/availability", json={"is_available": True})
    text = "Phone is RECEIVED: it becomes AVAILABLE when it is inspected"
    assert (offered.status_code, offered.json()["detail"]) == (409, text)
    sold = await shop.clerk.post("/api/sales/", json={"phone_id": unit["id"], "amount_paid": 2000})
    assert (sold.status_code, sold.json()["detail"]) == (400, "Phone is not available for sale")
    held = [
        each["cost_price"] for each in await read(shop, "/api/phones/") if each["status"] in ("RECEIVED", "AVAILABLE")
    ]
    assert sum(held) == 2000 + 1800 - 2000


async def test_r04_what_the_phone_is_may_be_said(shop: Place) -> None:
    said = {"given_phone_brand": "Apple", "given_phone_model": "iPhone 11", "given_phone_condition": "Refurbished"}
    made = await a_swap(shop.clerk, given_phone_description="x" * 200, **said)
    unit = await read(shop, f"/api/phones/{made['received_phone_id']}")
    assert (unit["brand"], unit["model"], unit["condition"]) == ("Apple", "iPhone 11", "Refurbished")
    long = await a_swap(shop.clerk, given_phone_description="y" * 200)
    assert (await read(shop, f"/api/phones/{long['received_phone_id']}"))["model"] == "y" * 100


async def test_r04_a_phone_taken_for_nothing_is_priced_before_it_is_offered(shop: Place) -> None:
    made = await a_swap(shop.clerk, given_phone_value=0, balance_paid=4500)
    path = f"/api/phones/{made['received_phone_id']}"
    unit = await read(shop, path)
    assert (unit["value"], unit["cost_price"], unit["status"]) == (0, 0, "RECEIVED")
    refused = await shop.clerk.patch(f"{path}/availability", json={"is_available": True})
    assert refused.status_code == 409


HALVES = (
    ("2800", "0", "400", "1000", None),
    ("2800", "0", "399.99", "1000", "1400.00"),
    ("2800", "0", "0", "1400", None),
    ("2800", "0", "1400", "0", None),
    ("2800", "800", "1000", "0", None),
    ("2800", "800", "999.99", "0", "1000.00"),
    ("2800", "2799.99", "0", "0.01", None),
    ("2800", "2799.99", "0", "0", "0.01"),
    ("100.01", "0", "50", "0", "50.01"),
    ("100.01", "0", "50", "0.01", None),
)
"""Value, discount, allowance and balance, with what would have to come in at least where it is too little."""


async def test_r05_half_of_the_price_comes_in_to_the_cent(shop: Place) -> None:
    customer = await a_customer(shop.clerk)
    for value, discount, allowance, balance, least in HALVES:
        order = {
            "customer_id": customer["id"], "given_phone_description": "iPhone 11", "discount_amount": discount,
            "new_phone_id": (await a_phone(shop.clerk, value=value, cost_price=None))["id"],
            "given_phone_value": allowance, "balance_paid": balance,
        }  # fmt: skip
        answer = await shop.clerk.post("/api/swaps/", json=order)
        assert answer.status_code == (400 if least else 201), order
        if least:
            text = f"The phone given and the balance come to less than 50 % of the price: {least}"
            assert (answer.json()["code"], answer.json()["detail"]) == ("below_minimum", text)
    assert len(await read(shop, "/api/swaps/")) == sum(least is None for *_, least in HALVES)


REFUSED: tuple[tuple[dict[str, Any], int, str | None], ...] = (
    ({"customer_id": 10**6}, 404, "Customer not found"),
    ({"new_phone_id": 10**6}, 404, "New phone not found"),
    ({"given_phone_imei": "490154203237517"}, 400, "The check digit of this IMEI is wrong"),
    ({"customer_id": 0}, 422, None),
    ({"new_phone_id": 0}, 422, None),
    ({"given_phone_description": ""}, 422, None),
    ({"given_phone_description": "x" * 201}, 422, None),
    ({"given_phone_value": -0.01}, 422, None),
    ({"given_phone_value": None}, 422, None),
    ({"balance_paid": -1}, 422, None),
    ({"balance_paid": "NaN"}, 422, None),
    ({"discount_amount": 2800}, 422, None),
    ({"given_phone_condition": "Broken"}, 422, None),
    ({"payment_method": "provider"}, 422, None),
)


async def test_a_swap_that_can_t_be_is_refused_and_nothing_happens(shop: Place) -> None:
    order = await an_order(shop)
    await shop.news()
    for change, status, text in REFUSED:
        answer = await shop.clerk.post("/api/swaps/", json=order | change)
        assert answer.status_code == status, answer.text
        assert text is None or answer.json()["detail"] == text
    assert await shop.news() == []
    assert await shop.wrong() == []


async def test_a_phone_that_is_gone_or_withheld_is_not_swapped(shop: Place) -> None:
    order = await an_order(shop)
    await shop.clerk.patch(f"/api/phones/{order['new_phone_id']}/availability", json={"is_available": False})
    answer = await shop.clerk.post("/api/swaps/", json=order)
    assert (answer.status_code, answer.json()["detail"]) == (400, "New phone is not available for swap")
    sale = await a_sale(shop.clerk)
    answer = await shop.clerk.post("/api/swaps/", json=order | {"new_phone_id": sale["phone_id"]})
    assert (answer.status_code, answer.json()["detail"]) == (400, "New phone is not available for swap")


async def test_r06_a_phone_with_an_imei_in_stock_is_not_taken_and_one_that_left_is(shop: Place) -> None:
    number = imei(41)
    mine = await a_phone(shop.clerk, imei=number)
    answer = await shop.clerk.post("/api/swaps/", json=await an_order(shop, given_phone_imei=number))
    assert (answer.status_code, answer.json()["detail"]) == (400, "A phone with this IMEI is already in stock")
    await a_swap(shop.clerk, new_phone_id=mine["id"])
    back = await a_swap(shop.clerk, given_phone_imei=number)
    assert back["received_phone_id"] != mine["id"]


async def test_r07_a_blocked_phone_is_neither_taken_nor_given_and_an_unknown_one_with_a_decision(shop: Place) -> None:
    bad, good = imei(42), imei(43)
    mine = await a_phone(shop.manager, imei=bad)
    done(await shop.manager.post("/api/blocked-devices", json={"imei": bad, "reason": "Stolen in Osu"}))
    for change in ({"given_phone_imei": bad}, {"new_phone_id": mine["id"]}):
        order = await an_order(shop) | {"given_phone_value": 4000} | change
        if "new_phone_id" not in change:
            done(await shop.manager.put(f"/api/phones/{mine['id']}", json={"imei": None}), 200)
        refused = await shop.clerk.post("/api/swaps/", json=order)
        assert (refused.status_code, refused.json()["detail"]) == (409, "This device is blocked")
        done(await shop.manager.put(f"/api/phones/{mine['id']}", json={"imei": bad}), 200)
    await shop.prefer(imei_decision=True)
    order = await an_order(shop, given_phone_imei=good)
    refused = await shop.clerk.post("/api/swaps/", json=order)
    assert (refused.status_code, refused.json()["code"]) == (409, "imei_decision")
    made = done(await shop.clerk.post("/api/swaps/", json=order | {"imei_decision": "It has its box and its bill"}))
    decided = await read(shop, f"/api/device-checks?phone_id={made['received_phone_id']}")
    assert [(each["imei"], each["decision"]) for each in decided] == [(good, "It has its box and its bill")]


async def test_a4_a_phone_that_comes_in_is_held_as_long_as_the_settings_say(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T10:00:00Z")
    await shop.prefer(hold_days=7)
    made = await a_swap(shop.clerk)
    path = f"/api/phones/{made['received_phone_id']}"
    assert (await read(shop, path))["hold_until"] == "2026-03-09T10:00:00.000000Z"
    done(await shop.clerk.post(f"{path}/inspect", json={"grade": "B", "checks": [], "asking_price": 2000}), 200)
    again = await an_order(shop, new_phone_id=made["received_phone_id"])
    refused = await shop.clerk.post("/api/swaps/", json=again)
    assert (refused.status_code, refused.json()["code"]) == (409, "on_hold")
    clock.forward(days=7)
    done(await shop.clerk.post("/api/swaps/", json=again))


async def test_lists_of_a_customer_s_swaps_and_what_is_not_there(shop: Place, other: Place) -> None:
    made = await a_swap(shop.clerk)
    lonely = await a_customer(shop.clerk)
    assert await read(shop, f"/api/swaps/customer/{lonely['id']}/") == []
    for person, path in (
        (shop.clerk, "/api/swaps/999999"), (shop.clerk, "/api/swaps/customer/999999"),
        (shop.clerk, "/api/swaps/phone/999999/chain"), (other.clerk, f"/api/swaps/{made['id']}"),
        (other.clerk, f"/api/swaps/customer/{made['customer_id']}"),
        (other.clerk, f"/api/swaps/phone/{made['new_phone_id']}/chain"),
    ):  # fmt: skip
        assert (await person.get(path)).status_code == 404
    assert await read(other, "/api/swaps/") == []


async def test_a_swap_is_told_to_the_customer_once_in_one_part(shop: Place) -> None:
    await shop.prefer(messages=True, name="Osu Phones")
    customer = await a_customer(shop.clerk, full_name="Nii Lantey Lamp", email="nii@example.com")
    made = await a_swap(shop.clerk, customer_id=customer["id"])
    found = {each["channel"]: each for each in await read(shop, "/api/messages/log")}
    assert set(found) == {"sms", "email"}
    text = found["sms"]["body"]
    assert text.startswith(
        "Thank you, Nii Lantey Lamp! Samsung Galaxy A55 for your phone (GHS 1,800.00) and GHS 2,700.00"
    )
    assert text.endswith(f"{made['invoice_number']}. Osu Phones")
    assert (size(text).encoding, found["sms"]["segments"]) == (Encoding.GSM_7, 1)


async def test_p07_a_swap_with_the_same_key_is_one_swap(shop: Place) -> None:
    order, key = await an_order(shop), {"Idempotency-Key": "till-1"}
    answers = await asyncio.gather(*(shop.clerk.post("/api/swaps/", json=order, headers=key) for _ in range(20)))
    assert {(each.status_code, each.content) for each in answers} == {(201, answers[0].content)}
    assert len(await read(shop, "/api/swaps/")) == 1


async def test_p41_a_dry_run_of_a_swap_changes_nothing(shop: Place) -> None:
    order = await an_order(shop)
    await shop.news()
    would = done(await shop.clerk.post("/api/swaps/?dry_run=1", json=order), 200)
    assert (would["status"], would["answer"]["total_transaction_value"]) == (201, 2800)
    assert await shop.news() == []
    assert (await read(shop, f"/api/phones/{order['new_phone_id']}"))["status"] == "AVAILABLE"


async def test_r14_the_revenue_of_swaps_is_the_balance(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T10:00:00Z")
    await a_swap(shop.clerk, given_phone_value=1800, balance_paid=2700)
    revenue = (await read(shop, "/api/analytics/overview", "owner"))["revenue"]
    assert (revenue["from_swaps"], revenue["total"]) == (2700, 2700)
    for measure, amount in (("swaps_made", 2700), ("swaps_received", 1800), ("swaps_margin", 500)):
        found = await read(shop, f"/api/totals/phoneshop.{measure}", "owner")
        assert [(each["day"], each["amount"]) for each in found["rows"]] == [("2026-03-02", amount)]
    assert await shop.wrong() == []


async def test_r18_a_customer_with_a_swap_is_not_deleted(shop: Place) -> None:
    made = await a_swap(shop.clerk)
    refused = await shop.manager.delete(f"/api/customers/{made['customer_id']}")
    assert (refused.status_code, refused.json()["reasons"]) == (409, {"swap": 1})
