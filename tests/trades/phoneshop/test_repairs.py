"""Repairs: from Pending to Delivered, each move once; a unit under repair is not for sale."""

import asyncio
from typing import Any

import pytest

from tests.running import Clock, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_repair, a_sale, became, done

EVERY = ("Pending", "In Progress", "Completed", "Delivered")


async def repair_of(place: Place, repair: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = done(await place.owner.get(f"/api/repairs/{repair['id']}"), 200)
    return found


async def status_of_phone(place: Place, phone: dict[str, Any]) -> str:
    found: str = done(await place.owner.get(f"/api/phones/{phone['id']}"), 200)["status"]
    return found


@pytest.mark.parametrize("slash", ["", "/"])
async def test_a_repair_is_booked_as_pending_and_not_notified(shop: Place, slash: str) -> None:
    customer = await a_customer(shop.clerk)
    given = {
        "customer_id": customer["id"], "phone_description": "iPhone X", "issue_description": "Screen", "cost": 450,
        "diagnosis": "Glass only", "due_date": "2030-01-31",
    }  # fmt: skip
    made = done(await shop.clerk.post(f"/api/repairs{slash}", json=given))
    assert made == made | given
    assert (made["status"], made["delivery_notified"], made["repair_number"]) == ("Pending", False, "REP-000001")
    assert "token" not in made
    assert done(await shop.clerk.get(f"/api/repairs/{made['id']}{slash}"), 200)["repair_number"] == "REP-000001"
    assert [each["id"] for each in done(await shop.clerk.get(f"/api/repairs{slash}"), 200)] == [made["id"]]


@pytest.mark.parametrize(
    ("wrong", "status", "detail"),
    [
        ({"customer_id": 10**9}, 404, "Customer not found"),
        ({"phone_id": 10**9}, 404, "Phone not found"),
        ({"customer_id": 0}, 422, None),
        ({"cost": 0}, 422, None),
        ({"cost": -1}, 422, None),
        ({"phone_description": ""}, 422, None),
        ({"phone_description": "x" * 201}, 422, None),
        ({"issue_description": "x" * 501}, 422, None),
        ({"diagnosis": "x" * 501}, 422, None),
        ({"due_date": "soon"}, 422, None),
    ],
)
async def test_what_is_wrong_with_a_repair_is_said_and_nothing_is_booked(
    shop: Place, wrong: dict[str, Any], status: int, detail: str | None
) -> None:
    given = {
        "customer_id": (await a_customer(shop.clerk))["id"], "phone_description": "iPhone", "issue_description": "Dead", "cost": 10,
    }  # fmt: skip
    answer = await shop.clerk.post("/api/repairs/", json=given | wrong)
    assert answer.status_code == status
    assert detail in (None, answer.json()["detail"])
    assert done(await shop.clerk.get("/api/repairs/"), 200) == []
    assert (await a_repair(shop.clerk))["repair_number"] == "REP-000001"


async def test_r11_a_repair_goes_forward_and_may_jump(shop: Place) -> None:
    step = await a_repair(shop.clerk)
    for status in EVERY[1:]:
        assert (await became(shop.clerk, step, status))["status"] == status
    for status in ("Completed", "Delivered"):
        assert (await became(shop.clerk, await a_repair(shop.clerk), status))["status"] == status
    assert await shop.wrong() == []


@pytest.mark.parametrize(
    ("now", "then", "allowed"),
    [
        ("In Progress", "Pending", ["Completed", "Delivered"]),
        ("Completed", "Pending", ["In Progress", "Delivered"]),
        ("Delivered", "Pending", []),
        ("Delivered", "In Progress", []),
        ("Delivered", "Completed", []),
    ],
)
@pytest.mark.parametrize("way", ["put", "patch"])
async def test_r11_an_illegal_move_is_409_and_names_the_allowed_ones(
    shop: Place, now: str, then: str, allowed: list[str], way: str
) -> None:
    repair = await a_repair(shop.clerk)
    await became(shop.clerk, repair, now)
    before = await repair_of(shop, repair)
    if way == "put":
        answer = await shop.clerk.put(f"/api/repairs/{repair['id']}", json={"status": then, "diagnosis": "none"})
    else:
        answer = await shop.clerk.patch(f"/api/repairs/{repair['id']}/status", params={"new_status": then})
    assert (answer.status_code, answer.json()["allowed"]) == (409, allowed)
    if now != "Completed":
        assert (await repair_of(shop, repair))["diagnosis"] == before["diagnosis"]
    assert (await repair_of(shop, repair))["status"] == now


async def test_r11_an_unknown_status_is_422_for_put_and_400_for_patch(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    path = f"/api/repairs/{repair['id']}"
    assert (await shop.clerk.put(path, json={"status": "Lost"})).status_code == 422
    for ask in ({"params": {"new_status": "Lost"}}, {"json": {"status": "Lost"}}, {"json": {"new_status": "pending"}}):
        answer = await shop.clerk.patch(f"{path}/status", **ask)
        assert answer.status_code == 400
        assert answer.json()["detail"] == "Invalid status: it is one of Pending, In Progress, Completed, Delivered"
    assert (await shop.clerk.patch(f"{path}/status")).status_code == 422
    assert (await shop.clerk.patch("/api/repairs/999/status", params={"new_status": "Lost"})).status_code == 404


@pytest.mark.parametrize("status", EVERY)
async def test_r11_the_same_status_again_is_200_and_changes_nothing(shop: Place, status: str) -> None:
    repair = await a_repair(shop.clerk)
    await became(shop.clerk, repair, status)
    before = await repair_of(shop, repair)
    messages = len(done(await shop.owner.get("/api/sms/log"), 200))
    for _ in range(2):
        assert (await became(shop.clerk, repair, status))["completed_at"] == before["completed_at"]
        again = done(await shop.clerk.put(f"/api/repairs/{repair['id']}", json={"status": status}), 200)
        assert again["status"] == status
    assert len(done(await shop.owner.get("/api/sms/log"), 200)) == messages


async def test_r11_patch_takes_the_status_as_json_too_and_both_slashes(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    path = f"/api/repairs/{repair['id']}/status"
    assert done(await shop.clerk.patch(f"{path}/", json={"status": "In Progress"}), 200)["status"] == "In Progress"
    assert done(await shop.clerk.patch(path, json={"new_status": "Completed"}), 200)["status"] == "Completed"


async def test_r11_a_completed_repair_is_taken_up_again_with_a_reason_only(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    await became(shop.clerk, repair, "Completed")
    await became(shop.clerk, repair, "In Progress", 422)
    assert (await shop.clerk.put(f"/api/repairs/{repair['id']}", json={"status": "In Progress"})).status_code == 422
    again = await became(shop.clerk, repair, "In Progress", reason="No sound")
    assert (again["status"], again["rework_reason"], again["completed_at"]) == ("In Progress", "No sound", None)
    assert again["delivery_notified"] is False
    assert await shop.wrong() == []


async def test_r11_each_change_of_status_is_an_event_of_its_own(shop: Place) -> None:
    await shop.prefer(repair_messages=False)
    repair = await a_repair(shop.clerk)
    await shop.news()
    number = repair["id"]
    await became(shop.clerk, repair, "In Progress")
    await shop.clerk.post(f"/api/repairs/{number}/complete")
    assert await shop.news() == [
        "repair.set_status",
        f"repair.start: edit repairs {number}",
        f"repair.complete: edit repairs {number}",
    ]


async def test_put_changes_what_is_known_and_the_price_until_it_is_handed_over(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    path = f"/api/repairs/{repair['id']}"
    given = {
        "cost": 500, "diagnosis": "Battery", "delivery_notified": True, "phone_description": "iPhone 11",
        "issue_description": "Does not charge", "status": "In Progress",
    }  # fmt: skip
    changed = done(await shop.clerk.put(path, json=given), 200)
    assert changed == changed | given
    assert (await shop.clerk.put(path, json={"cost": 0})).status_code == 422
    await became(shop.clerk, repair, "Delivered")
    refused = await shop.clerk.put(path, json={"cost": 1})
    assert (refused.status_code, refused.json()["detail"]) == (409, "Repair is Delivered: its price stays as it is")
    assert done(await shop.clerk.put(path, json={"cost": 500, "diagnosis": "Fuse"}), 200)["diagnosis"] == "Fuse"
    assert (await shop.clerk.put("/api/repairs/999", json={})).json()["detail"] == "Repair not found"


async def test_repairs_are_listed_by_status_and_by_customer(shop: Place) -> None:
    one, two = await a_repair(shop.clerk), await a_repair(shop.clerk)
    await became(shop.clerk, two, "In Progress")
    for name in ("status_filter", "status"):
        for status, expected in (("Pending", [one["id"]]), ("In Progress", [two["id"]]), ("Delivered", [])):
            found = done(await shop.clerk.get("/api/repairs/", params={name: status}), 200)
            assert [each["id"] for each in found] == expected
        assert (await shop.clerk.get("/api/repairs/", params={name: "Lost"})).status_code == 422
    path = f"/api/repairs/customer/{one['customer_id']}"
    assert [each["id"] for each in done(await shop.clerk.get(path), 200)] == [one["id"]]
    assert (await shop.clerk.get("/api/repairs/customer/999")).json()["detail"] == "Customer not found"
    assert (await shop.clerk.get("/api/repairs/999")).json()["detail"] == "Repair not found"


async def test_r19_p06_fifty_parallel_repairs_get_fifty_consecutive_numbers(shop: Place) -> None:
    customer = await a_customer(shop.clerk)
    made = await asyncio.gather(*(a_repair(shop.clerk, customer_id=customer["id"]) for _ in range(50)))
    assert sorted(each["repair_number"] for each in made) == [f"REP-{n:06d}" for n in range(1, 51)]
    assert await shop.wrong() == []


async def test_r18_only_a_repair_that_was_neither_paid_nor_handed_over_is_deleted(shop: Place) -> None:
    mistake, given = await a_repair(shop.clerk), await a_repair(shop.clerk)
    await became(shop.clerk, given, "Delivered")
    refused = await shop.manager.delete(f"/api/repairs/{given['id']}")
    assert (refused.status_code, refused.json()["detail"]) == (409, "Repair can't be deleted: it is Delivered")
    assert (await shop.clerk.delete(f"/api/repairs/{mistake['id']}")).status_code == 403
    assert (await shop.manager.delete(f"/api/repairs/{mistake['id']}")).status_code == 204
    assert (await shop.manager.delete(f"/api/repairs/{mistake['id']}")).status_code == 404
    assert [each["id"] for each in done(await shop.clerk.get("/api/repairs/"), 200)] == [given["id"]]
    busy = await shop.manager.delete(f"/api/customers/{given['customer_id']}")
    assert (busy.status_code, busy.json()["reasons"]) == (409, {"repair": 1})
    assert await shop.wrong() == []


async def test_r21_a_unit_of_the_stock_is_not_for_sale_until_it_is_mended(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    repair = await a_repair(shop.clerk, phone_id=phone["id"])
    assert await status_of_phone(shop, phone) == "UNDER_REPAIR"
    again = await shop.clerk.post(
        "/api/repairs/",
        json={"customer_id": repair["customer_id"], "phone_id": phone["id"], "phone_description": "x", "issue_description": "x", "cost": 1},
    )  # fmt: skip
    assert (again.status_code, again.json()["detail"]) == (409, "Phone is UNDER_REPAIR already")
    sold = await shop.clerk.post("/api/sales/", json={"phone_id": phone["id"], "amount_paid": 1})
    assert (sold.status_code, sold.json()["detail"]) == (400, "Phone is not available for sale")
    await became(shop.clerk, repair, "In Progress")
    assert await status_of_phone(shop, phone) == "UNDER_REPAIR"
    await became(shop.clerk, repair, "Completed")
    assert await status_of_phone(shop, phone) == "AVAILABLE"
    await became(shop.clerk, repair, "In Progress", reason="No sound")
    assert await status_of_phone(shop, phone) == "UNDER_REPAIR"
    await became(shop.clerk, repair, "Completed")
    await a_repair(shop.clerk, phone_id=phone["id"])
    await became(shop.clerk, repair, "Delivered")
    assert await status_of_phone(shop, phone) == "UNDER_REPAIR"
    assert await shop.wrong() == []


async def test_r21_a_customer_s_own_phone_never_becomes_stock(shop: Place) -> None:
    sale = await a_sale(shop.clerk)
    repair = await a_repair(shop.clerk, customer_id=sale["customer_id"], phone_id=sale["phone_id"])
    for status in EVERY:
        await became(shop.clerk, repair, status)
        assert await status_of_phone(shop, {"id": sale["phone_id"]}) == "SOLD"
    own = await a_repair(shop.clerk)
    await became(shop.clerk, own, "Completed")
    assert len(done(await shop.clerk.get("/api/phones/"), 200)) == 1


async def test_r21_a_unit_that_was_sold_meanwhile_is_not_taken_under_repair_again(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    repair = await a_repair(shop.clerk, phone_id=phone["id"])
    await became(shop.clerk, repair, "Completed")
    await a_sale(shop.clerk, phone_id=phone["id"])
    refused = await became(shop.clerk, repair, "In Progress", 409, reason="No sound")
    assert refused["detail"] == "Phone is SOLD: it can't be taken under repair again"


async def test_r21_a_repair_that_was_booked_by_mistake_gives_its_unit_back_as_it_was(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    await shop.clerk.patch(f"/api/phones/{phone['id']}/availability", params={"is_available": "false"})
    repair = await a_repair(shop.clerk, phone_id=phone["id"])
    assert (await shop.manager.delete(f"/api/repairs/{repair['id']}")).status_code == 204
    assert await status_of_phone(shop, phone) == "WITHHELD"


async def test_a_repair_is_given_to_a_technician_or_a_manager_of_the_shop(shop: Place, other: Place) -> None:
    repair = await a_repair(shop.clerk, technician_id=shop.technician.user_id)
    assert repair["technician_id"] == shop.technician.user_id
    path = f"/api/repairs/{repair['id']}"
    for wrong in (shop.clerk.user_id, other.technician.user_id, 10**9):
        answer = await shop.clerk.put(path, json={"technician_id": wrong})
        assert answer.status_code == 422
        assert answer.json()["detail"][0]["loc"] == ["body", "technician_id"]
    assert done(await shop.clerk.put(path, json={"technician_id": shop.manager.user_id}), 200)["technician_id"]
    assert done(await shop.clerk.put(path, json={"technician_id": None}), 200)["technician_id"] is None


async def test_technicians_see_their_own_repairs_only_where_the_owner_says_so(shop: Place) -> None:
    other, mine = await a_repair(shop.clerk), await a_repair(shop.clerk, technician_id=shop.technician.user_id)
    assert len(done(await shop.technician.get("/api/repairs/"), 200)) == 2
    done(await shop.owner.put("/api/settings", json={"technicians_see_own": True}), 200)
    own = await a_repair(shop.technician)
    found = await shop.technician.get("/api/repairs/")
    assert [each["id"] for each in found.json()] == [own["id"], mine["id"]]
    assert found.headers["x-total-count"] == "2"
    for path in ("", "/history", "/link"):
        assert (await shop.technician.get(f"/api/repairs/{other['id']}{path}")).status_code == 404
    await became(shop.technician, other, "In Progress", 404)
    await became(shop.technician, mine, "In Progress")
    assert len(done(await shop.clerk.get("/api/repairs/"), 200)) == 3
    for who, seen in ((shop.technician, [own["id"], mine["id"]]), (shop.clerk, [own["id"], mine["id"], other["id"]])):
        told = done(await who.get("/api/analytics/overview"), 200)["recent_repairs"]
        assert [each["id"] for each in told] == seen
        lives = [done(await who.get(f"/api/customers/{each['customer_id']}/story"), 200) for each in (own, mine, other)]
        assert [[event["id"] for event in life["events"]] for life in lives][: len(seen)] == [[each] for each in seen]
        assert sum(len(life["events"]) + len(life["due"]) for life in lives) == 2 * len(seen)
    sale = await a_sale(shop.clerk)
    claim = done(await shop.technician.post(f"/api/sales/{sale['id']}/claim", json={"issue_description": "Rattles"}))
    assert (await shop.technician.get(f"/api/repairs/{claim['id']}")).json()["technician_id"] == shop.technician.user_id


async def test_p16_technicians_see_no_money_of_repairs_that_they_do_not_see(shop: Place) -> None:
    repairs = [await a_repair(shop.clerk, technician_id=who.user_id) for who in (shop.manager, shop.technician)]
    for each in repairs:
        order = {"repair_id": each["id"], "amount": 10, "method": "card"}
        done(await shop.clerk.post("/api/payments/intents", json=order))
        await became(shop.clerk, each, "Completed")
        done(await shop.manager.post(f"/api/repairs/{each['id']}/refund", json={"reason": "Late"}), 200)
    await shop.prefer(technicians_see_own=True)
    other, mine = (each["id"] for each in repairs)
    for path in ("payments", "refunds"):
        for who, seen in ((shop.technician, [mine]), (shop.clerk, [mine, other])):
            assert [each["repair_id"] for each in done(await who.get(f"/api/{path}"), 200)] == seen
    found = done(await shop.technician.get("/api/desk"), 200)["recent"]
    assert sorted(each["what"] for each in found) == ["refunded", "repaired"]
    done(await shop.technician.post("/api/payments/intents", json={"repair_id": other}), 404)
    done(await shop.technician.post("/api/payments/intents", json={"repair_id": mine}))
    assert await shop.wrong() == []


async def test_only_managers_see_what_a_repair_costs_the_shop(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    hidden = {"margin", "parts_cost", "outside_cost", "claims_cost"}
    assert hidden.isdisjoint(repair)
    assert hidden <= (await repair_of(shop, repair)).keys()


async def test_r14_a_repair_earns_on_the_day_it_is_completed_and_is_pipeline_before(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-01T23:00:00Z")
    repair = await a_repair(shop.clerk)
    await a_repair(shop.clerk, cost=50)

    async def revenue() -> tuple[Any, Any]:
        found = done(await shop.owner.get("/api/analytics/overview"), 200)["revenue"]
        return found["from_repairs"], found["repairs_booked"]

    assert await revenue() == (0, 500)
    clock.set("2026-03-02T01:00:00Z")
    await became(shop.clerk, repair, "Completed")
    assert await revenue() == (450, 500)
    rows = done(await shop.owner.get("/api/totals/phoneshop.repairs_earned", params={"from": "2026-03-02"}), 200)[
        "rows"
    ]
    assert [(each["id"], each["amount"], each["day"]) for each in rows] == [(repair["id"], 450, "2026-03-02")]
    await became(shop.clerk, repair, "In Progress", reason="No sound")
    assert await revenue() == (0, 500)
    assert await shop.wrong() == []


async def test_p08_p41_a_repair_has_a_version_and_a_dry_run(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    path = f"/api/repairs/{repair['id']}"
    tag = (await shop.clerk.get(path)).headers["etag"]
    would = await shop.clerk.patch(f"{path}/status", params={"new_status": "Completed", "dry_run": "1"})
    assert (would.status_code, would.json()["answer"]["status"]) == (200, "Completed")
    assert (await repair_of(shop, repair))["status"] == "Pending"
    done(await shop.clerk.put(path, json={"diagnosis": "Glass"}, headers={"If-Match": tag}), 200)
    assert (await shop.clerk.put(path, json={"diagnosis": "Fuse"}, headers={"If-Match": tag})).status_code == 412
