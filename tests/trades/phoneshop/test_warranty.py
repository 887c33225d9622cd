"""A warranty begins when a repair is handed over or a phone is sold; claims are free and do not begin it anew (R-13)."""

from typing import Any

from tests.running import Clock, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_repair, a_sale, became, done

ISSUE = {"issue_description": "Screen flickers again"}


async def repair_of(shop: Place, repair: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = done(await shop.manager.get(f"/api/repairs/{repair['id']}"), 200)
    return found


async def test_r13_the_warranty_of_a_repair_begins_when_it_is_delivered(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-01T10:00:00Z")
    repair, own = await a_repair(shop.clerk), await a_repair(shop.clerk, warranty_days=90)
    none = await a_repair(shop.clerk, warranty_days=0)
    await became(shop.clerk, repair, "Completed")
    early = await shop.clerk.post(f"/api/repairs/{repair['id']}/claim", json=ISSUE)
    assert (early.status_code, early.json()["detail"]) == (
        409, "Repair is Completed: its warranty begins when it is Delivered",
    )  # fmt: skip
    clock.set("2026-03-05T10:00:00Z")
    for each, until in ((repair, "2026-04-04"), (own, "2026-06-03"), (none, None)):
        assert (await became(shop.clerk, each, "Delivered"))["warranty_until"] == until
    refused = await shop.clerk.post(f"/api/repairs/{none['id']}/claim", json=ISSUE)
    assert (refused.status_code, refused.json()["detail"]) == (409, "There is no warranty on this repair")


async def test_r13_a_claim_is_a_linked_repair_of_price_0_and_its_parts_are_charged_to_the_first_job(
    shop: Place, clock: Clock
) -> None:
    clock.set("2026-03-01T10:00:00Z")
    first = await a_repair(shop.clerk)
    await became(shop.clerk, first, "Delivered")
    part = done(await shop.manager.post("/api/parts", json={"name": "Screen", "quantity": 5, "unit_cost": 120}))
    claims = []
    for day in ("2026-03-10", "2026-03-31"):
        clock.set(f"{day}T23:00:00Z")
        claim = done(await shop.clerk.post(f"/api/repairs/{first['id']}/claim", json=ISSUE))
        assert (claim["cost"], claim["warranty_of_id"], claim["status"]) == (0, first["id"], "Pending")
        assert (claim["customer_id"], claim["phone_description"]) == (first["customer_id"], first["phone_description"])
        done(await shop.clerk.post(f"/api/repairs/{claim['id']}/parts", json={"part_id": part["id"]}))
        assert (await became(shop.clerk, claim, "Delivered"))["warranty_until"] is None
        claims.append(claim)
    found = await repair_of(shop, first)
    assert (found["claims_cost"], found["margin"], found["warranty_until"]) == (240, 210, "2026-03-31")
    assert (await repair_of(shop, claims[0]))["margin"] == 0
    again = done(await shop.clerk.post(f"/api/repairs/{claims[1]['id']}/claim", json=ISSUE))
    assert again["warranty_of_id"] == first["id"]
    clock.set("2026-04-01T00:00:00Z")
    for each in (first, claims[0]):
        late = await shop.clerk.post(f"/api/repairs/{each['id']}/claim", json=ISSUE)
        assert (late.status_code, late.json()["detail"]) == (409, "The warranty of this repair ended on 2026-03-31")
    assert await shop.wrong() == []


async def test_r13_a_claim_stays_free_and_what_is_taken_off_it_is_given_back_to_the_first_job(shop: Place) -> None:
    first = await a_repair(shop.clerk)
    await became(shop.clerk, first, "Delivered")
    claim = done(await shop.clerk.post(f"/api/repairs/{first['id']}/claim", json=ISSUE))
    path = f"/api/repairs/{claim['id']}"
    for answer in (
        await shop.clerk.post(f"{path}/estimate", json={"amount": 5}),
        await shop.clerk.put(path, json={"cost": 5}),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (409, "A warranty claim is free of charge")
    line = done(await shop.clerk.post(f"{path}/parts", json={"name": "Glue", "unit_cost": 3}))
    assert (await repair_of(shop, first))["claims_cost"] == 3
    assert (await shop.clerk.delete(f"{path}/parts/{line['id']}")).status_code == 204
    assert (await repair_of(shop, first))["claims_cost"] == 0
    refused = await shop.manager.delete(f"/api/repairs/{first['id']}")
    assert refused.status_code == 409


async def test_r13_the_warranty_of_a_phone_begins_with_its_sale_and_is_as_long_as_its_condition_says(
    shop: Place, clock: Clock
) -> None:
    clock.set("2026-03-01T10:00:00Z")
    done(await shop.owner.put("/api/settings", json={"used_warranty_days": 0, "new_warranty_days": 10}), 200)
    new = await a_sale(shop.manager)
    used = await a_sale(shop.manager, phone_id=(await a_phone(shop.clerk, condition="Used"))["id"])
    assert (new["warranty_until"], used["warranty_until"]) == ("2026-03-11", None)
    refused = await shop.clerk.post(f"/api/sales/{used['id']}/claim", json=ISSUE)
    assert (refused.status_code, refused.json()["detail"]) == (409, "There is no warranty on this sale")
    clock.set("2026-03-11T10:00:00Z")
    claim = done(await shop.clerk.post(f"/api/sales/{new['id']}/claim", json=ISSUE))
    assert (claim["cost"], claim["warranty_of_sale_id"], claim["phone_id"]) == (0, new["id"], new["phone_id"])
    assert claim["phone_description"] == "Samsung Galaxy A55"
    done(await shop.clerk.post(f"/api/repairs/{claim['id']}/parts", json={"name": "Glue", "unit_cost": 3}))
    margin = done(await shop.manager.get(f"/api/sales/{new['id']}"), 200)["margin"]
    assert margin == new["margin"] - 3
    await became(shop.clerk, claim, "Delivered")
    done(await shop.clerk.post(f"/api/repairs/{claim['id']}/claim", json=ISSUE))
    clock.set("2026-03-12T10:00:00Z")
    for path in (f"/api/sales/{new['id']}/claim", f"/api/repairs/{claim['id']}/claim"):
        late = await shop.clerk.post(path, json=ISSUE)
        assert (late.status_code, late.json()["detail"]) == (409, "The warranty of this sale ended on 2026-03-11")
    assert await shop.wrong() == []


async def test_r13_a_claim_of_a_sale_over_the_counter_needs_its_customer(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    sale = done(await shop.clerk.post("/api/sales/", json={"phone_id": phone["id"], "amount_paid": 4500}))
    path, customer = f"/api/sales/{sale['id']}/claim", await a_customer(shop.clerk)
    assert (await shop.clerk.post(path, json=ISSUE)).json()["detail"][0]["loc"] == ["body", "customer_id"]
    assert done(await shop.clerk.post(path, json=ISSUE | {"customer_id": customer["id"]}))["cost"] == 0
