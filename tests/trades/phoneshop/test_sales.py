"""One buyer a phone, one number an invoice, one effect a key."""

import asyncio
from typing import Any

from tests.running import Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, done


async def test_r01_one_phone_has_one_buyer(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    customers = [await a_customer(shop.clerk) for _ in range(4)]
    await shop.news()
    orders = [{"customer_id": customers[n % 4]["id"], "phone_id": phone["id"], "amount_paid": 4500} for n in range(20)]
    answers = await asyncio.gather(*(shop.clerk.post("/api/sales/", json=order) for order in orders))
    assert sorted(each.status_code for each in answers) == [201] + [400] * 19
    assert {each.json()["detail"] for each in answers if each.status_code == 400} == {"Phone is not available for sale"}
    sold = next(each.json() for each in answers if each.status_code == 201)
    assert [each["id"] for each in done(await shop.clerk.get("/api/sales/"), 200)] == [sold["id"]]
    assert await shop.news() == [f"sale.sell: edit phones {phone['id']}, add sales {sold['id']}"]
    assert await shop.wrong() == []


async def test_r02_margin_is_what_was_received_less_what_the_phone_had_cost(shop: Place) -> None:
    for paid, cost, margin in ((4500, 4000, 500), (4500, 4500.01, -0.01), (0.01, 0, 0.01), (4500, None, None)):
        phone = await a_phone(shop.manager, value=4500, cost_price=cost)
        assert (await a_sale(shop.manager, phone_id=phone["id"], amount_paid=paid))["margin"] == margin


async def test_r02_what_a_phone_had_cost_is_kept_with_its_sale(shop: Place) -> None:
    sale = await a_sale(shop.manager)
    changed = await shop.manager.put(f"/api/phones/{sale['phone_id']}", json={"cost_price": 1})
    assert changed.status_code == 409
    assert done(await shop.manager.get(f"/api/sales/{sale['id']}"), 200)["margin"] == 500


async def test_r19_p06_fifty_parallel_sales_get_fifty_consecutive_numbers(shop: Place) -> None:
    customer = await a_customer(shop.clerk)
    phones = [await a_phone(shop.clerk) for _ in range(50)]
    orders = [{"customer_id": customer["id"], "phone_id": phone["id"], "amount_paid": 4500} for phone in phones]
    answers = await asyncio.gather(*(shop.clerk.post("/api/sales/", json=order) for order in orders))
    numbers = sorted(done(each)["invoice_number"] for each in answers)
    assert numbers == [f"INV-{n:06d}" for n in range(1, 51)]
    assert await shop.wrong() == []


async def test_p06_a_refused_sale_gives_its_number_back(shop: Place) -> None:
    first = await a_sale(shop.clerk)
    taken = {"customer_id": first["customer_id"], "phone_id": first["phone_id"], "amount_paid": 1}
    free = await a_phone(shop.clerk)
    good = taken | {"phone_id": free["id"]}
    answers = await asyncio.gather(
        *(shop.clerk.post("/api/sales/", json=order) for order in (taken, taken, good, taken))
    )
    assert [each.status_code for each in answers] == [400, 400, 201, 400]
    assert [first["invoice_number"], answers[2].json()["invoice_number"]] == ["INV-000001", "INV-000002"]
    assert (await a_sale(shop.clerk))["invoice_number"] == "INV-000003"


async def test_p06_each_organisation_counts_for_itself_and_past_six_digits(shop: Place, other: Place) -> None:
    assert (await a_sale(shop.clerk))["invoice_number"] == "INV-000001"
    assert (await a_sale(other.clerk))["invoice_number"] == "INV-000001"

    def far(ctx: Any) -> None:
        ctx.session.connection.exec_driver_sql(
            f"UPDATE numbers SET value = 999999 WHERE series = 'phoneshop.invoice' AND org_id = {ctx.org_id}"
        )

    await shop.work(far)
    assert (await a_sale(shop.clerk))["invoice_number"] == "INV-1000000"
    assert (await a_sale(other.clerk))["invoice_number"] == "INV-000002"


KEY = {"Idempotency-Key": "till-7-0001"}


async def an_order(shop: Place) -> dict[str, Any]:
    return {
        "customer_id": (await a_customer(shop.clerk))["id"],
        "phone_id": (await a_phone(shop.clerk))["id"],
        "amount_paid": 4500,
    }


async def test_p07_the_same_key_gets_the_same_answer_and_no_second_effect(shop: Place) -> None:
    order = await an_order(shop)
    await shop.news()
    first = await shop.clerk.post("/api/sales/", json=order, headers=KEY)
    again = await shop.clerk.post("/api/sales", json=order, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    assert ("idempotent-replay" in first.headers, again.headers["idempotent-replay"]) == (False, "true")
    assert await shop.news() == [f"sale.sell: edit phones {order['phone_id']}, add sales {first.json()['id']}"]


async def test_p07_a_key_with_another_body_is_422_and_keeps_its_first_answer(shop: Place) -> None:
    order = await an_order(shop)
    first = done(await shop.clerk.post("/api/sales/", json=order, headers=KEY))
    await shop.news()
    for _ in range(2):
        assert (
            await shop.clerk.post("/api/sales/", json=order | {"amount_paid": 4400}, headers=KEY)
        ).status_code == 422
    assert done(await shop.clerk.post("/api/sales/", json=order, headers=KEY)) == first
    assert await shop.news() == []


async def test_p07_refusals_are_stored_too(shop: Place) -> None:
    order = await an_order(shop)
    path = f"/api/phones/{order['phone_id']}/availability"
    await shop.clerk.patch(path, json={"is_available": False})
    first = await shop.clerk.post("/api/sales/", json=order, headers=KEY)
    await shop.clerk.patch(path, json={"is_available": True})
    await shop.news()
    again = await shop.clerk.post("/api/sales/", json=order, headers=KEY)
    assert (first.status_code, again.status_code, again.headers["idempotent-replay"]) == (400, 400, "true")
    assert again.content == first.content
    assert await shop.news() == []


async def test_p07_twenty_parallel_requests_with_one_key_have_one_effect(shop: Place) -> None:
    order = await an_order(shop)
    await shop.news()
    answers = await asyncio.gather(*(shop.clerk.post("/api/sales/", json=order, headers=KEY) for _ in range(20)))
    assert {(each.status_code, each.content) for each in answers} == {(201, answers[0].content)}
    assert sorted(each.headers.get("idempotent-replay", "") for each in answers) == [""] + ["true"] * 19
    assert len(await shop.news()) == 1


async def test_p07_a_key_belongs_to_its_user_its_path_and_its_organisation(shop: Place, other: Place) -> None:
    one, two = await a_phone(shop.clerk), await a_phone(shop.clerk)
    theirs = await a_phone(other.clerk)
    asked = [
        (shop.clerk, one), (shop.manager, one), (shop.clerk, two), (other.clerk, theirs),
    ]  # fmt: skip
    await shop.news()
    for person, phone in asked:
        answer = await person.patch(f"/api/phones/{phone['id']}/availability", headers=KEY)
        assert (answer.status_code, answer.headers.get("idempotent-replay")) == (200, None)
    assert await shop.news() == [f"phone.offer: edit phones {phone['id']}" for phone in (one, one, two)]


async def test_p07_a_key_is_forgotten_after_a_day(shop: Place, clock: Any) -> None:
    order = await an_order(shop)
    clock.set("2026-03-02T09:00:00Z")
    await shop.clerk.post("/api/sales/", json=order, headers=KEY)
    clock.forward(hours=23, minutes=59)
    assert (await shop.clerk.post("/api/sales/", json=order, headers=KEY)).headers["idempotent-replay"] == "true"
    clock.forward(minutes=2)
    late = await shop.clerk.post("/api/sales/", json=order, headers=KEY)
    assert (late.status_code, late.headers.get("idempotent-replay")) == (400, None)
    kept = await shop.clerk.post("/api/sales/", json=order, headers=KEY)
    assert (kept.status_code, kept.headers.get("idempotent-replay")) == (400, "true")


async def test_p07_an_unusable_key_is_422(shop: Place) -> None:
    order = await an_order(shop)
    for key in ("", "k" * 256):
        assert (await shop.clerk.post("/api/sales/", json=order, headers={"Idempotency-Key": key})).status_code == 422
    assert (await shop.clerk.post("/api/sales/", json=order, headers={"Idempotency-Key": "k" * 255})).status_code == 201


async def test_p41_a_dry_run_says_what_would_be_and_changes_nothing(shop: Place) -> None:
    order = await an_order(shop)
    await shop.news()
    would = await shop.clerk.post("/api/sales/?dry_run=1", json=order, headers=KEY)
    told = done(would, 200)
    assert (told["dry_run"], told["status"], would.headers["dry-run"]) == (True, 201, "true")
    assert told["answer"]["invoice_number"] == "INV-000001"
    assert [each["verb"] for each in told["events"]] == ["sale.sell"]
    touched = [(each["entity"], each["operation"]) for each in told["events"][0]["changes"]]
    assert touched == [("phoneshop_phones", "edit"), ("phoneshop_sales", "add")]
    assert await shop.news() == []
    assert done(await shop.clerk.get("/api/sales/"), 200) == []
    assert done(await shop.clerk.get(f"/api/phones/{order['phone_id']}"), 200)["status"] == "AVAILABLE"
    assert await shop.wrong() == []
    # Neither the number nor the key was used up.
    real = await shop.clerk.post("/api/sales/", json=order, headers=KEY)
    assert (done(real)["invoice_number"], real.headers.get("idempotent-replay")) == ("INV-000001", None)


async def test_p41_a_dry_run_is_refused_as_the_real_one_would_be(shop: Place) -> None:
    sold = await a_sale(shop.clerk)
    again = {"customer_id": sold["customer_id"], "phone_id": sold["phone_id"], "amount_paid": 1}
    refused = await shop.clerk.post("/api/sales/?dry_run=1", json=again, headers=KEY)
    assert done(refused, 400)["detail"] == "Phone is not available for sale"
    deleted = await shop.manager.delete(f"/api/customers/{sold['customer_id']}?dry_run=1")
    assert deleted.status_code == 409
    assert (await shop.clerk.delete(f"/api/customers/{sold['customer_id']}?dry_run=1")).status_code == 403


async def test_p41_a_dry_run_shows_a_clerk_no_cost(shop: Place) -> None:
    order = await an_order(shop)
    shown = (await shop.clerk.post("/api/sales/?dry_run=1", json=order)).text
    given = {"brand": "Nokia", "model": "G42", "condition": "New", "value": 1900, "cost_price": 1234.56}
    shown += (await shop.clerk.post("/api/phones/?dry_run=1", json=given)).text
    assert [word for word in ("margin", "cost_price", '"cost"', "1234.56") if word in shown] == []
