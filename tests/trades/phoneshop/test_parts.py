"""Spare parts leave the stock once, come back when they are taken off, and are never fewer than none (R-20)."""

import asyncio
from typing import Any

import pytest

from tests.running import Person, Place
from tests.trades.phoneshop.arranging import a_repair, became, done


async def a_part(person: Person, **more: Any) -> dict[str, Any]:
    """A spare part in stock."""
    given = {"name": "Screen iPhone X", "quantity": 5, "unit_cost": 120} | more
    made: dict[str, Any] = done(await person.post("/api/parts/", json=given))
    return made


async def left(shop: Place, part: dict[str, Any]) -> int:
    found: int = done(await shop.clerk.get(f"/api/parts/{part['id']}"), 200)["quantity"]
    return found


async def costs(shop: Place, repair: dict[str, Any]) -> tuple[Any, ...]:
    found = done(await shop.manager.get(f"/api/repairs/{repair['id']}"), 200)
    return tuple(found[name] for name in ("parts_cost", "outside_cost", "margin"))


async def test_r20_a_part_is_deducted_once_and_given_back_when_it_is_taken_off(shop: Place) -> None:
    part, repair = await a_part(shop.manager), await a_repair(shop.clerk)
    path, key = f"/api/repairs/{repair['id']}/parts", {"Idempotency-Key": "bench 1"}
    for _ in range(2):
        line = done(await shop.technician.post(path, json={"part_id": part["id"], "quantity": 2}, headers=key))
    assert (await left(shop, part), await costs(shop, repair)) == (3, (240, 0, 210))
    (shown,) = done(await shop.manager.get(f"{path}/"), 200)
    assert (shown["id"], shown["name"], shown["quantity"], shown["reason"], shown["cost"]) == (
        line["id"], "Screen iPhone X", 2, "used", 240,
    )  # fmt: skip
    assert "cost" not in done(await shop.clerk.get(path), 200)[0]
    assert (await shop.clerk.delete(f"{path}/{line['id']}")).status_code == 204
    assert (await shop.clerk.delete(f"{path}/{line['id']}")).status_code == 404
    assert (await left(shop, part), await costs(shop, repair)) == (5, (0, 0, 450))
    assert done(await shop.clerk.get(path), 200) == []
    assert await shop.wrong() == []


async def test_r20_a_part_is_refused_below_zero_under_parallel_requests(shop: Place) -> None:
    part = await a_part(shop.manager, quantity=3)
    repairs = [await a_repair(shop.clerk) for _ in range(2)]
    paths = [f"/api/repairs/{repairs[n % 2]['id']}/parts" for n in range(10)]
    answers = await asyncio.gather(*(shop.clerk.post(path, json={"part_id": part["id"]}) for path in paths))
    assert sorted(each.status_code for each in answers) == [201] * 3 + [409] * 7
    refusals = {each.json()["detail"] for each in answers if each.status_code == 409}
    assert refusals == {"Only 0 of Screen iPhone X in stock"}
    assert await left(shop, part) == 0
    assert await shop.wrong() == []


async def test_r20_broken_by_the_technician_is_not_faulty_from_the_supplier(shop: Place) -> None:
    part, repair = await a_part(shop.manager), await a_repair(shop.clerk)
    path = f"/api/repairs/{repair['id']}/parts"
    for reason, bears in (("used", 120), ("broken", 240), ("faulty", 240)):
        done(await shop.clerk.post(path, json={"part_id": part["id"], "reason": reason}))
        assert await costs(shop, repair) == (bears, 0, 450 - bears)
    assert await left(shop, part) == 2
    assert [each["reason"] for each in done(await shop.clerk.get(path), 200)] == ["faulty", "broken", "used"]


async def test_r20_the_margin_is_the_price_less_parts_less_work_done_elsewhere(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    path = f"/api/repairs/{repair['id']}/parts"
    done(await shop.clerk.post(path, json={"name": "Board work", "unit_cost": 100, "reason": "outside"}))
    done(await shop.clerk.post(path, json={"name": "Special screw", "unit_cost": 0.5, "quantity": 3}))
    assert await costs(shop, repair) == (1.5, 100, 348.5)


@pytest.mark.parametrize(
    ("wrong", "status", "field"),
    [
        ({"part_id": 10**9}, 404, None),
        ({"part_id": True, "quantity": 0}, 422, "quantity"),
        ({"part_id": True, "quantity": 1001}, 422, "quantity"),
        ({"part_id": True, "reason": "lost"}, 422, "reason"),
        ({"part_id": True, "reason": "outside"}, 422, "reason"),
        ({"name": "Screw"}, 422, "unit_cost"),
        ({"unit_cost": 1}, 422, "name"),
        ({"name": "Screw", "unit_cost": 1, "reason": "faulty"}, 422, "reason"),
    ],
)
async def test_r20_what_is_wrong_with_a_part_is_said(
    shop: Place, wrong: dict[str, Any], status: int, field: str | None
) -> None:
    part, repair = await a_part(shop.manager), await a_repair(shop.clerk)
    given = wrong | ({"part_id": part["id"]} if wrong.get("part_id") is True else {})
    answer = await shop.clerk.post(f"/api/repairs/{repair['id']}/parts", json=given)
    assert answer.status_code == status
    if field is None:
        assert answer.json()["detail"] == "Spare part not found"
    else:
        assert answer.json()["detail"][0]["loc"][-1] == field
    assert await left(shop, part) == 5


async def test_r20_a_part_of_one_repair_is_not_taken_off_by_the_path_of_another(shop: Place) -> None:
    part, one, two = await a_part(shop.manager), await a_repair(shop.clerk), await a_repair(shop.clerk)
    line = done(await shop.clerk.post(f"/api/repairs/{one['id']}/parts", json={"part_id": part["id"]}))
    answer = await shop.clerk.delete(f"/api/repairs/{two['id']}/parts/{line['id']}")
    assert (answer.status_code, answer.json()["detail"]) == (404, "Repair part not found")
    assert await left(shop, part) == 4


async def test_r20_the_parts_of_a_repair_stay_as_they_are_once_it_is_handed_over(shop: Place) -> None:
    part, repair = await a_part(shop.manager), await a_repair(shop.clerk)
    path = f"/api/repairs/{repair['id']}/parts"
    line = done(await shop.clerk.post(path, json={"part_id": part["id"]}))
    await became(shop.clerk, repair, "Delivered")
    for answer in (
        await shop.clerk.post(path, json={"part_id": part["id"]}),
        await shop.clerk.delete(f"{path}/{line['id']}"),
    ):
        assert (answer.status_code, answer.json()["detail"]) == (
            409,
            "Repair is Delivered: its parts stay as they are",
        )


async def test_r18_a_repair_that_is_deleted_gives_its_parts_back(shop: Place) -> None:
    part, repair = await a_part(shop.manager), await a_repair(shop.clerk)
    done(await shop.clerk.post(f"/api/repairs/{repair['id']}/parts", json={"part_id": part["id"], "quantity": 2}))
    done(await shop.clerk.post(f"/api/repairs/{repair['id']}/estimate", json={"amount": 500}))
    refused = await shop.manager.delete(f"/api/parts/{part['id']}")
    assert (refused.status_code, refused.json()["reasons"]) == (409, {"repair part": 1})
    assert (await shop.manager.delete(f"/api/repairs/{repair['id']}")).status_code == 204
    assert await left(shop, part) == 5
    assert (await shop.manager.delete(f"/api/parts/{part['id']}")).status_code == 204
    assert await shop.wrong() == []


async def test_managers_keep_the_parts_and_are_told_when_few_are_left(shop: Place) -> None:
    part = await a_part(shop.manager, quantity=3, low_mark=2, sku="SCR-X")
    again = await shop.manager.post("/api/parts", json={"name": "Other", "sku": "SCR-X", "unit_cost": 1})
    assert (again.status_code, again.json()["detail"]) == (400, "A part with this SKU is there already")
    assert (await shop.clerk.post("/api/parts", json={"name": "Mine", "unit_cost": 1})).status_code == 403
    assert done(await shop.clerk.get("/api/parts", params={"low": "true"}), 200) == []
    repair = await a_repair(shop.clerk)
    for _ in range(2):
        done(await shop.clerk.post(f"/api/repairs/{repair['id']}/parts", json={"part_id": part["id"]}))
    assert "unit_cost" not in done(await shop.clerk.get("/api/parts", params={"low": "true"}), 200)[0]
    for person in (shop.manager, shop.owner):
        notices = done(await person.get("/api/notices"), 200)
        few = [each["body"] for each in notices if each["body"].startswith("Only")]
        assert few == ["Only 2 of Screen iPhone X left"]
    changed = done(await shop.manager.put(f"/api/parts/{part['id']}", json={"quantity": 9}), 200)
    assert (changed["quantity"], changed["name"]) == (9, "Screen iPhone X")
