"""By the link of a repair its customer sees how it stands and answers the estimate; nobody guesses their way (R-24)."""

import asyncio
from typing import Any

import pytest

from tests.files.samples import from_a_phone, send, sent
from tests.running import Application, Clock, Place
from tests.trades.phoneshop.arranging import a_customer, a_repair, became, done, token_of
from tradehall.web.client import Proxies

SHOWN = {
    "language",
    "repair_number", "status", "phone_description", "issue_description", "diagnosis", "cost", "paid_amount", "balance_due", "refunded_amount",
    "due_date", "completed_at", "delivered_at", "warranty_until", "created_at", "updated_at", "shop", "currency", "days", "estimate", "payment", "photos", "pays_online",
}  # fmt: skip


async def test_r24_whoever_holds_the_link_sees_how_the_repair_stands(application: Application, shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    token = await token_of(shop.clerk, repair)
    await became(shop.clerk, repair, "In Progress")
    answer = await application.stranger.get(f"/r/{token}/")
    found = done(answer, 200)
    assert found.keys() == SHOWN
    assert (found["repair_number"], found["status"], found["cost"], found["shop"]) == (
        "REP-000001", "In Progress", 450, "SwapSync",
    )  # fmt: skip
    assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")


async def test_r24_a_token_has_at_least_128_bits_and_no_other_opens_anything(
    application: Application, shop: Place, other: Place
) -> None:
    tokens = {await token_of(shop.clerk, await a_repair(shop.clerk)) for _ in range(5)}
    assert len(tokens) == 5
    assert all(len(token.partition("-")[2]) * 6 >= 128 for token in tokens)
    token = tokens.pop()
    secret = token.partition("-")[2]
    wrong = (
        f"{other.org_id:x}-{secret}",
        f"ffff-{secret}",
        f"{token[:-1]}{'A' if token[-1] != 'A' else 'B'}",
        "1",
        "nobody",
        "1-%00",
    )
    for each in wrong:
        for method, path in (("GET", f"/r/{each}"), ("POST", f"/r/{each}/estimate")):
            answer = await application.stranger.ask(
                method, path, json={"decision": "accepted"} if method == "POST" else None
            )
            assert (answer.status_code, answer.json()["detail"]) == (404, "Repair not found")


async def test_r24_the_link_is_in_no_log_and_in_no_list(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    token = await token_of(shop.clerk, repair)
    for path in ("/api/repairs", f"/api/repairs/{repair['id']}", f"/api/repairs/{repair['id']}/history", "/api/events"):
        assert token not in (await shop.owner.get(path)).text


async def test_r24_photos_are_shown_by_links_that_are_good_for_ten_minutes(
    application: Application, shop: Place, clock: Clock
) -> None:
    clock.set("2026-03-02T09:00:00Z")
    repair = await a_repair(shop.clerk)
    path = f"/api/repairs/{repair['id']}/files"
    await sent(shop.clerk, from_a_phone(), "front.jpg", path)
    assert (await send(shop.clerk, b"internal", "note.txt", path)).status_code == 201
    (photo,) = done(await application.stranger.get(f"/r/{await token_of(shop.clerk, repair)}"), 200)["photos"]
    assert photo["type"] == "image/jpeg"
    clock.set("2026-03-02T09:09:59Z")
    assert (await application.stranger.get(photo["url"])).status_code == 200
    clock.set("2026-03-02T09:10:00Z")
    assert (await application.stranger.get(photo["url"])).status_code == 403


async def test_r24_number_and_phone_together_find_a_repair_eight_times_in_five_minutes(
    application: Application, shop: Place, clock: Clock
) -> None:
    clock.set("2026-03-02T09:00:00Z")
    customer = await a_customer(shop.clerk, phone_number="0241234567")
    await a_repair(shop.clerk, customer_id=customer["id"])
    asked = {"repair_number": "rep-000001", "phone_number": "+233 24 123 4567"}
    found = done(await application.stranger.post("/r/lookup", json=asked), 200)
    assert found.keys() == SHOWN - {"photos", "pays_online"}
    for wrong in ({"phone_number": "0241234568"}, {"repair_number": "REP-000002"}, {"organisation": "kumasi"}) * 2:
        answer = await application.stranger.post("/r/lookup", json=asked | wrong)
        assert (answer.status_code, answer.json()["detail"]) == (404, "Repair not found")
    assert (await application.stranger.post("/r/lookup", json={"phone_number": "1"})).status_code == 422
    assert (await application.stranger.post("/r/lookup", json=asked)).status_code == 200
    many = await application.stranger.post("/r/lookup", json=asked)
    assert (many.status_code, many.headers["retry-after"]) == (429, "300")
    clock.set("2026-03-02T09:05:01Z")
    assert (await application.stranger.post("/r/lookup", json=asked)).status_code == 200


async def test_r24_the_limit_goes_by_the_real_address_of_the_client(application: Application, shop: Place) -> None:
    asked = {"repair_number": "REP-000001", "phone_number": "0241234567"}

    async def statuses(count: int, forwarded: str) -> list[int]:
        headers = {"X-Forwarded-For": forwarded}
        answers = [await application.http.post("/r/lookup", json=asked, headers=headers) for _ in range(count)]
        return [each.status_code for each in answers]

    forged = [await statuses(1, f"203.0.113.{n}") for n in range(9)]
    assert forged == [[404]] * 8 + [[429]]
    # Behind a proxy that is trusted the address counts that it saw.
    scope: dict[str, Any] = {
        "client": ("127.0.0.1", 1),
        "headers": [(b"x-forwarded-for", b"198.51.100.1, 203.0.113.9")],
    }
    Proxies(["127.0.0.1"]).look_through(scope)
    assert scope["client"][0] == "203.0.113.9"


async def test_r24_where_two_shops_know_a_number_the_shop_is_named(
    application: Application, shop: Place, other: Place
) -> None:
    for place in (shop, other):
        customer = await a_customer(place.clerk, phone_number="0241234567")
        await a_repair(place.clerk, customer_id=customer["id"], issue_description=str(place.org_id))
    asked = {"repair_number": "REP-000001", "phone_number": "0241234567"}
    assert (await application.stranger.post("/r/lookup", json=asked)).status_code == 409
    found = done(await application.stranger.post("/r/lookup", json=asked | {"organisation": "kumasi"}), 200)
    assert found["issue_description"] == str(other.org_id)


async def an_estimate(shop: Place, **more: Any) -> tuple[dict[str, Any], dict[str, Any], str]:
    """A repair with an estimate, and its link."""
    repair = await a_repair(shop.clerk)
    made = done(await shop.technician.post(f"/api/repairs/{repair['id']}/estimate", json={"amount": 600} | more))
    return repair, made, await token_of(shop.clerk, repair)


@pytest.mark.parametrize(
    ("said", "status", "cost"),
    [
        ("accepted", "accepted", 600),
        ("accept", "accepted", 600),
        ("declined", "declined", 450),
        ("reject", "declined", 450),
    ],
)
async def test_an_estimate_is_accepted_or_declined_by_the_link(
    application: Application, shop: Place, said: str, status: str, cost: int
) -> None:
    repair, made, token = await an_estimate(shop, details="New screen and battery")
    shown = done(await application.stranger.get(f"/r/{token}"), 200)["estimate"]
    assert (shown["amount"], shown["details"], shown["status"]) == (600, "New screen and battery", "open")
    await shop.news()
    for _ in range(2):
        answer = await application.stranger.post(f"/r/{token}/estimate", json={"decision": said})
        assert (answer.status_code, answer.json()["cost"]) == (200, cost)
        assert answer.json().keys() < SHOWN
    assert done(await application.stranger.get(f"/r/{token}"), 200)["estimate"]["status"] == status
    other_word = "declined" if status == "accepted" else "accepted"
    refused = await application.stranger.post(f"/r/{token}/estimate", json={"decision": other_word})
    assert (refused.status_code, refused.json()["detail"]) == (409, f"This estimate is {status}")
    assert any(line.startswith("repair.decide: ") for line in await shop.news())
    notices = done(await shop.technician.get("/api/notices"), 200)
    assert [each["body"] for each in notices] == [
        f"The customer has {status} the estimate of GHS 600.00 for {repair['repair_number']}"
    ]
    assert done(await shop.clerk.get(f"/api/repairs/{repair['id']}/estimates"), 200)[0]["id"] == made["id"]


async def test_an_estimate_that_was_replaced_is_not_accepted_for_the_new_one(
    application: Application, shop: Place
) -> None:
    repair, made, token = await an_estimate(shop)
    done(await shop.clerk.post(f"/api/repairs/{repair['id']}/estimate", json={"amount": 900}))
    late = {"decision": "accepted", "estimate_id": made["id"]}
    refused = await application.stranger.post(f"/r/{token}/estimate", json=late)
    assert (refused.status_code, refused.json()["detail"]) == (409, "This estimate was replaced: it is 900.00 now")
    states = [each["status"] for each in done(await shop.clerk.get(f"/api/repairs/{repair['id']}/estimates"), 200)]
    assert states == ["open", "replaced"]


async def test_what_is_wrong_with_a_decision_is_said(application: Application, shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    path = f"/r/{await token_of(shop.clerk, repair)}/estimate"
    none = await application.stranger.post(path, json={"decision": "accepted"})
    assert (none.status_code, none.json()["detail"]) == (409, "There is no estimate to decide on")
    for wrong in ({"decision": "maybe"}, {"decision": "open"}, {}, {"decision": 1}):
        refused = await application.stranger.post(path, json=wrong)
        assert (refused.status_code, "Answer" in refused.text) == (422, False)
    done(await shop.clerk.post(f"/api/repairs/{repair['id']}/estimate", json={"amount": 600}))
    await became(shop.clerk, repair, "Completed")
    settled = await shop.clerk.post(f"/api/repairs/{repair['id']}/estimate", json={"amount": 1})
    assert (settled.status_code, settled.json()["detail"]) == (409, "Repair is Completed: it needs no estimate")
    assert (await application.stranger.post(path, json={"decision": "accepted"})).status_code == 409


async def test_parallel_decisions_have_one_outcome(application: Application, shop: Place) -> None:
    _, _, token = await an_estimate(shop)
    said = ["accepted", "declined"] * 5
    answers = await asyncio.gather(
        *(application.stranger.post(f"/r/{token}/estimate", json={"decision": each}) for each in said)
    )
    assert sorted(each.status_code for each in answers) == [200] * 5 + [409] * 5
    assert await shop.wrong() == []


async def test_staff_note_what_a_customer_said_by_telephone(shop: Place) -> None:
    repair, _, _ = await an_estimate(shop)
    path = f"/api/repairs/{repair['id']}/decide"
    assert done(await shop.clerk.post(path, json={"decision": "accepted"}), 200)["cost"] == 600
    assert (await shop.application.stranger.post(path, json={"decision": "accepted"})).status_code == 401


async def test_a_guest_s_dry_run_shows_nothing_of_the_shop(application: Application, shop: Place) -> None:
    _, _, token = await an_estimate(shop)
    asked = {"params": {"dry_run": "1"}, "json": {"decision": "accepted"}}
    would = done(await application.stranger.post(f"/r/{token}/estimate", **asked), 200)
    assert (would["events"], would["answer"]["cost"]) == ([], 600)
    assert done(await application.stranger.get(f"/r/{token}"), 200)["cost"] == 450


async def test_the_estimate_is_sent_with_its_link_where_the_shop_has_said_where_that_is(shop: Place) -> None:
    done(await shop.owner.put("/api/settings", json={"repair_link": "https://shop.example/r/"}), 200)
    _, _, token = await an_estimate(shop)
    message = done(await shop.owner.get("/api/sms/log", params={"template": "repair_estimate"}), 200)[0]
    assert f"would cost GHS 600.00. Do you accept? https://shop.example/r/{token} SwapSync" in message["body"]
    assert (await shop.owner.put("/api/settings", json={"repair_link": "javascript:alert(1)"})).status_code == 422
