"""Stock counts (A23): each phone is scanned once, and what differs is written down. The price list."""

import asyncio
from typing import Any

from tests.running import Clock, Place
from tests.trades.phoneshop.arranging import a_phone, a_sale, done, imei


async def a_count(shop: Place) -> str:
    """The path of a new count."""
    return f"/api/stock-counts/{done(await shop.manager.post('/api/stock-counts', json={}))['id']}"


async def test_a23_a_count_finds_what_is_missing_and_what_was_not_expected(shop: Place) -> None:
    there = await a_phone(shop.clerk, imei=imei(1))
    by_id = await a_phone(shop.clerk)
    absent = await a_phone(shop.clerk, imei=imei(3))
    sold = await a_phone(shop.clerk, imei=imei(4))
    await a_sale(shop.clerk, phone_id=sold["id"])
    path = await a_count(shop)
    scans = ({"imei": imei(1)}, {"phone_id": by_id["id"]}, {"imei": imei(4)}, {"imei": imei(9)})
    lines = [done(await shop.clerk.post(f"{path}/scan", json=each)) for each in scans]
    assert [(each["phone_id"], each["imei"], each["result"], each["phone_status"]) for each in lines] == [
        (there["id"], imei(1), "counted", "AVAILABLE"),
        (by_id["id"], None, "counted", "AVAILABLE"),
        (sold["id"], imei(4), "unexpected", "SOLD"),
        (None, imei(9), "unexpected", None),
    ]
    assert [each["id"] for each in done(await shop.clerk.get(f"{path}/missing"), 200)] == [absent["id"]]
    await shop.news()
    closed = done(await shop.manager.post(f"{path}/close"), 200)
    figures = {"status": "CLOSED", "counted": 2, "unexpected": 2, "missing": 1, "closed_by_id": shop.manager.user_id}
    assert closed | figures == closed
    for result, found in (("missing", [absent["id"]]), ("unexpected", [None, sold["id"]])):
        listed = done(await shop.clerk.get(f"{path}/lines?result={result}"), 200)
        assert [each["phone_id"] for each in listed] == found
    assert [each["id"] for each in done(await shop.clerk.get(f"{path}/missing"), 200)] == [absent["id"]]
    assert len(await shop.news()) == 1
    assert await shop.wrong() == []


async def test_a23_a_phone_is_counted_once_by_whoever_scans_it(shop: Place) -> None:
    phone = await a_phone(shop.clerk, imei=imei(1), imei2=imei(2))
    path = await a_count(shop)
    ways: Any = ({"imei": imei(1)}, {"imei": imei(2)}, {"phone_id": phone["id"]})
    people = (shop.clerk, shop.technician, shop.manager)
    answers = await asyncio.gather(*(people[n % 3].post(f"{path}/scan", json=ways[n % 3]) for n in range(12)))
    assert sorted(each.status_code for each in answers) == [201] + [409] * 11
    refusals = {each.json()["detail"] for each in answers if each.status_code == 409}
    assert refusals == {"Phone is counted already"}
    assert len(done(await shop.clerk.get(f"{path}/lines"), 200)) == 1
    second = await a_count(shop)
    assert (await shop.clerk.post(f"{second}/scan", json={"imei": imei(1)})).status_code == 201


async def test_a23_a_device_that_nobody_knows_is_listed_once(shop: Place) -> None:
    path = await a_count(shop)
    answers = await asyncio.gather(*(shop.clerk.post(f"{path}/scan", json={"imei": imei(8)}) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [201] + [409] * 5


async def test_a23_several_people_count_at_once(shop: Place) -> None:
    phones = [await a_phone(shop.clerk) for _ in range(20)]
    path = await a_count(shop)
    people = (shop.clerk, shop.technician)
    answers = await asyncio.gather(
        *(people[n % 2].post(f"{path}/scan", json={"phone_id": phone["id"]}) for n, phone in enumerate(phones))
    )
    assert {each.status_code for each in answers} == {201}
    closed = done(await shop.manager.post(f"{path}/close"), 200)
    assert (closed["counted"], closed["missing"], closed["unexpected"]) == (20, 0, 0)
    who = {each["staff_id"] for each in done(await shop.clerk.get(f"{path}/lines"), 200)}
    assert who == {shop.clerk.user_id, shop.technician.user_id}


async def test_a23_what_is_sold_or_comes_in_during_a_count_is_not_missing(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T09:00:00Z")
    leaving = await a_phone(shop.clerk)
    path = await a_count(shop)
    clock.forward(minutes=5)
    await a_sale(shop.clerk, phone_id=leaving["id"])
    await a_phone(shop.clerk, imei=imei(5))
    assert done(await shop.clerk.get(f"{path}/missing"), 200) == []
    assert done(await shop.clerk.post(f"{path}/scan", json={"imei": imei(5)}))["result"] == "counted"
    closed = done(await shop.manager.post(f"{path}/close"), 200)
    assert (closed["counted"], closed["missing"], closed["unexpected"]) == (1, 0, 0)


async def test_a23_of_several_phones_with_one_imei_the_one_in_the_shop_is_meant(shop: Place) -> None:
    first = await a_phone(shop.clerk, imei=imei(1))
    await a_sale(shop.clerk, phone_id=first["id"])
    second = await a_phone(shop.clerk, imei=imei(1))
    path = await a_count(shop)
    line = done(await shop.clerk.post(f"{path}/scan", json={"imei": imei(1)}))
    assert (line["phone_id"], line["result"]) == (second["id"], "counted")


async def test_a23_a_closed_count_stays_as_it_is(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    path = await a_count(shop)
    closed = done(await shop.manager.post(f"{path}/close"), 200)
    await shop.news()
    refused = done(await shop.clerk.post(f"{path}/scan", json={"phone_id": phone["id"]}), 409)
    assert refused["code"] == "count_closed"
    again = done(await shop.manager.post(f"{path}/close"), 200)
    assert again == closed
    assert [line for line in await shop.news() if "edit" in line or "add" in line] == []
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await shop.owner.ask(method, path)).status_code == 405


async def test_a23_a_scan_is_refused(shop: Place, other: Place) -> None:
    foreign = await a_phone(other.clerk)
    path = await a_count(shop)
    for given, status, detail in (
        ({}, 422, None),
        ({"imei": "490154203237517"}, 400, "The check digit of this IMEI is wrong"),
        ({"phone_id": 10**9}, 404, "Phone not found"),
        ({"phone_id": foreign["id"]}, 404, "Phone not found"),
        ({"phone_id": 0}, 422, None),
    ):
        refused = done(await shop.clerk.post(f"{path}/scan", json=given), status)
        assert detail is None or refused["detail"] == detail
    assert (
        done(await other.clerk.post(f"{path}/scan", json={"imei": imei(1)}), 404)["detail"] == "Stock count not found"
    )
    assert (await shop.clerk.post("/api/stock-counts", json={})).status_code == 403
    assert (await shop.clerk.post(f"{path}/close")).status_code == 403


async def test_a23_missing_phones_are_read_part_by_part_and_without_their_cost(shop: Place) -> None:
    ids = [(await a_phone(shop.manager, cost_price=123.45))["id"] for _ in range(5)]
    path = await a_count(shop)
    for _ in range(2):
        first = await shop.clerk.get(f"{path}/missing", params={"limit": 3})
        rest = await shop.clerk.get(f"{path}/missing", params={"after": first.json()[-1]["id"]})
        assert [each["id"] for each in first.json() + rest.json()] == ids
        assert "123.45" not in first.text
        assert "123.45" in (await shop.manager.get(f"{path}/missing")).text
        await shop.manager.post(f"{path}/close")


# Day one: the price list.


async def test_the_price_list_shows_what_is_for_sale_and_for_how_much(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T09:00:00Z")
    for value in (4500, 4300.5, 4700):
        await a_phone(shop.clerk, value=value)
    await a_phone(shop.clerk, brand="Nokia", model="G42", condition="Used", value=1900)
    gone = await a_phone(shop.clerk, brand="Tecno", model="Camon 30")
    await a_sale(shop.clerk, phone_id=gone["id"])
    withheld = await a_phone(shop.clerk, brand="Tecno", model="Camon 30")
    await shop.clerk.patch(f"/api/phones/{withheld['id']}/availability")
    nokia = {
        "brand": "Nokia",
        "model": "G42",
        "condition": "Used",
        "lowest_price": 1900,
        "highest_price": 1900,
        "available": 1,
    }
    samsung = {
        "brand": "Samsung", "model": "Galaxy A55", "condition": "New", "lowest_price": 4300.5, "highest_price": 4700,
        "available": 3,
    }  # fmt: skip
    for path, found in (
        ("/api/price-list", [nokia, samsung]),
        ("/api/price-list/?brand=Nokia", [nokia]),
        ("/api/price-list?condition=New", [samsung]),
        ("/api/price-list?brand=Infinix", []),
    ):
        assert done(await shop.clerk.get(path), 200) == found
    assert (await shop.clerk.get("/api/price-list?condition=Broken")).status_code == 422


async def test_n10_a_phone_on_hold_is_not_on_the_price_list(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T09:00:00Z")
    phone = await a_phone(shop.clerk)
    held = f"UPDATE phoneshop_phones SET hold_until = '2026-03-09T09:00:00.000000Z' WHERE id = {phone['id']}"
    await shop.work(lambda ctx: ctx.session.connection.exec_driver_sql(held))
    assert done(await shop.clerk.get("/api/price-list"), 200) == []
    clock.forward(days=7)
    assert [each["available"] for each in done(await shop.clerk.get("/api/price-list"), 200)] == [1]
