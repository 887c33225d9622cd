"""What is done to a phone before it is sold: inspections, and what belongs to its cost."""

import asyncio
from typing import Any

from tests.running import Application, Place
from tests.trades.phoneshop.arranging import a_phone, a_sale, done
from tests.web.looking import Looker, text

FOUND = {
    "grade": "B",
    "checks": ["locks", {"name": "battery", "passed": False, "note": "71 %"}],
    "asking_price": 3999.99,
}


async def received(shop: Place) -> int:
    """A phone as it comes in by a swap: not offered yet."""
    phone = await a_phone(shop.manager, value=1800, cost_price=1800)
    row = {"status": "RECEIVED", "org_id": shop.org_id, "id": phone["id"]}

    def rule(ctx: Any) -> None:
        ctx.session.connection.exec_driver_sql(
            "UPDATE phoneshop_phones SET status = '{status}' WHERE org_id = {org_id} AND id = {id}".format(**row)
        )

    await shop.work(rule)
    return int(phone["id"])


async def cost_of(shop: Place, phone_id: int) -> Any:
    """What a phone has cost so far."""
    return done(await shop.manager.get(f"/api/phones/{phone_id}"), 200)["cost_price"]


async def test_a5_an_inspection_prices_a_received_phone_and_offers_it(shop: Place) -> None:
    phone_id = await received(shop)
    await shop.news()
    shown = done(await shop.technician.post(f"/api/phones/{phone_id}/inspect", json=FOUND), 200)
    after = {"status": "AVAILABLE", "is_available": True, "grade": "B", "value": 3999.99}
    assert shown | after == shown
    [kept] = done(await shop.clerk.get(f"/api/phones/{phone_id}/inspections"), 200)
    assert (
        kept | {"phone_id": phone_id, "grade": "B", "asking_price": 3999.99, "staff_id": shop.technician.user_id}
        == kept
    )
    assert kept["checks"] == [
        {"name": "locks", "passed": True, "note": None}, {"name": "battery", "passed": False, "note": "71 %"},
    ]  # fmt: skip
    assert await shop.news() == [f"phone.inspect: add inspections {kept['id']}, edit phones {phone_id}"]


async def test_a5_an_inspection_is_never_changed_and_each_one_is_kept(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    path = f"/api/phones/{phone['id']}"
    for grade in ("A", "C"):
        done(await shop.clerk.post(f"{path}/inspect", json=FOUND | {"grade": grade}), 200)
    kept = done(await shop.clerk.get(f"{path}/inspections"), 200)
    assert [each["grade"] for each in kept] == ["C", "A"]
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await shop.owner.ask(method, f"/api/inspections/{kept[0]['id']}")).status_code == 405
    assert done(await shop.manager.delete(path), 409)["code"] == "in_use"


async def test_p18_a_withheld_phone_is_offered_by_an_inspection_and_one_that_left_is_not(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    path = f"/api/phones/{phone['id']}"
    await shop.clerk.patch(f"{path}/availability", json={"is_available": False})
    assert done(await shop.clerk.post(f"{path}/inspect", json=FOUND), 200)["status"] == "AVAILABLE"
    await a_sale(shop.clerk, phone_id=phone["id"], amount_paid=1)
    await shop.news()
    refused = done(await shop.clerk.post(f"{path}/inspect", json=FOUND), 409)
    assert (refused["code"], refused["detail"]) == ("illegal_move", "Phone is SOLD: it can't be inspected now")
    assert await shop.news() == []


async def test_a5_a_malformed_inspection_is_422(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    wrong: Any = (
        ({"grade": ""}, "grade"), ({"grade": "x" * 21}, "grade"), ({"asking_price": 0}, "asking_price"),
        ({"asking_price": None}, "asking_price"), ({"checks": "battery"}, "checks"), ({"checks": ["x"] * 51}, "checks"),
        ({"checks": [""]}, "checks"), ({"checks": [{"passed": True}]}, "checks"),
    )  # fmt: skip
    for changes, field in wrong:
        told = done(await shop.clerk.post(f"/api/phones/{phone['id']}/inspect", json=FOUND | changes), 422)
        assert told["detail"][0]["loc"][:2] == ["body", field]
    assert (await shop.clerk.post("/api/phones/999/inspect", json=FOUND)).status_code == 404


#


async def test_r02_what_is_spent_on_a_phone_is_a_part_of_its_cost(shop: Place) -> None:
    phone = await a_phone(shop.manager, cost_price=1800)
    path = f"/api/phones/{phone['id']}/costs"
    await shop.news()
    booked = done(await shop.manager.post(path, json={"amount": 150, "description": "Screen", "reference": "B-1"}))
    here = {"phone_id": phone["id"], "amount": 150, "description": "Screen", "reference": "B-1"}
    assert booked | here == booked
    assert await shop.news() == [f"phone.spend: add unit_costs {booked['id']}, edit phones {phone['id']}"]
    done(await shop.technician.post(path, json={"amount": 0.01, "description": "Glue"}))
    assert await cost_of(shop, phone["id"]) == 1950.01
    assert [each["amount"] for each in done(await shop.manager.get(path), 200)] == [0.01, 150]
    sale = await a_sale(shop.manager, phone_id=phone["id"], amount_paid=2000)
    assert sale["margin"] == 49.99
    assert await shop.wrong() == []


async def test_r02_the_asking_price_is_no_cost(shop: Place) -> None:
    phone = await a_phone(shop.manager, cost_price=1800)
    done(await shop.manager.post(f"/api/phones/{phone['id']}/inspect", json=FOUND), 200)
    assert await cost_of(shop, phone["id"]) == 1800


async def test_r02_a_bill_is_booked_once(shop: Place) -> None:
    phone, second = await a_phone(shop.manager, cost_price=1800), await a_phone(shop.manager, cost_price=1)
    given = {"amount": 150, "description": "Screen", "reference": "B-1"}
    path = f"/api/phones/{phone['id']}/costs"
    answers = await asyncio.gather(*(shop.manager.post(path, json=given) for _ in range(5)))
    assert sorted(each.status_code for each in answers) == [201] + [409] * 4
    refusal = next(each.json() for each in answers if each.status_code == 409)
    assert refusal["detail"] == "This bill is booked on this phone already"
    assert await cost_of(shop, phone["id"]) == 1950
    assert (await shop.manager.post(f"/api/phones/{second['id']}/costs", json=given)).status_code == 201
    key = {"Idempotency-Key": "cost-1"}
    for _ in range(2):
        done(await shop.manager.post(path, json={"amount": 50, "description": "Battery"}, headers=key))
    assert await cost_of(shop, phone["id"]) == 2000


async def test_r02_an_unknown_cost_stays_unknown_until_somebody_says_it(shop: Place) -> None:
    phone = await a_phone(shop.manager, cost_price=None)
    path = f"/api/phones/{phone['id']}"
    done(await shop.manager.post(f"{path}/costs", json={"amount": 150, "description": "Screen"}))
    assert await cost_of(shop, phone["id"]) is None
    done(await shop.manager.put(path, json={"cost_price": 1000}), 200)
    assert await cost_of(shop, phone["id"]) == 1150
    done(await shop.manager.put(path, json={"cost_price": 1100}), 200)
    assert await cost_of(shop, phone["id"]) == 1100


async def test_r02_the_cost_of_a_phone_that_left_stays(shop: Place) -> None:
    sale = await a_sale(shop.manager)
    await shop.news()
    path = f"/api/phones/{sale['phone_id']}/costs"
    refused = done(await shop.manager.post(path, json={"amount": 1, "description": "Late bill"}), 409)
    assert refused["code"] == "phone_gone"
    assert await shop.news() == []


async def test_r02_a_clerk_says_a_cost_that_nobody_knows_and_changes_none(shop: Place) -> None:
    phone = await a_phone(shop.manager, cost_price=None)
    path = f"/api/phones/{phone['id']}"
    done(await shop.clerk.put(path, json={"cost_price": 300}), 200)
    for guess in (300, 301):
        refused = await shop.clerk.put(path, json={"cost_price": guess, "model": "Other"})
        assert (refused.status_code, refused.json()["detail"]) == (403, "Only a manager changes what a phone has cost")
    done(await shop.clerk.put(path, json={"cost_price": None, "model": "Other"}), 200)
    assert done(await shop.manager.get(path), 200)["cost_price"] == 300
    assert done(await shop.manager.put(path, json={"cost_price": 310}), 200)["cost_price"] == 310


async def test_r02_costs_are_for_managers_to_see(shop: Place) -> None:
    phone = await a_phone(shop.manager, cost_price=1800)
    path = f"/api/phones/{phone['id']}/costs"
    for person in (shop.clerk, shop.technician):
        booked = done(await person.post(path, json={"amount": 77.25, "description": "Screen"}))
        assert "amount" not in booked
        for listed in (path, "/api/unit-costs", f"/api/unit-costs/{booked['id']}"):
            assert "77.25" not in (await person.get(listed)).text
    would = await shop.clerk.post(f"{path}?dry_run=1", json={"amount": 77.25, "description": "Screen"})
    assert "77.25" not in would.text


async def test_r02_a_malformed_cost_is_422(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    wrong: Any = (
        ({"amount": 0}, "amount"), ({"amount": -1}, "amount"), ({"description": ""}, "description"),
        ({"description": "x" * 201}, "description"), ({"reference": "x" * 101}, "reference"),
    )  # fmt: skip
    for changes, field in wrong:
        given = {"amount": 1, "description": "Screen"} | changes
        told = done(await shop.clerk.post(f"/api/phones/{phone['id']}/costs", json=given), 422)
        assert [each["loc"] for each in told["detail"]] == [["body", field]]
    assert done(await shop.clerk.get("/api/phones/999/costs"), 404)["detail"] == "Phone not found"


async def test_a5_checks_that_are_written_on_the_page_keep_their_answers(application: Application, shop: Place) -> None:
    phone_id = await received(shop)
    async with Looker(application, shop.clerk) as clerk:
        at = f"/phones/{phone_id}/do/inspect"
        assert "Inspect and price" in text(await clerk.see(at))
        checks = {
            "checks.name": ["", "battery", "locks"],
            "checks.passed": ["true", "", "true"],
            "checks.note": [""] * 3,
        }
        await clerk.told(at, {"grade": "B", "asking_price": "1400", **checks})
    [found] = done(await shop.clerk.get(f"/api/phones/{phone_id}/inspections"), 200)
    assert [(each["name"], each["passed"]) for each in found["checks"]] == [("battery", False), ("locks", True)]
