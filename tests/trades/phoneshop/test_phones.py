"""A phone's number, its stay in the shop and its moves."""

import asyncio

import pytest

from tests.running import Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, done, imei
from tradehall.kernel.errors import Refused
from tradehall.trades.phoneshop.imei import check_digit, normalised

GOOD = "490154203237518"


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        (GOOD, GOOD),
        ("490154-20-323751-8", GOOD),
        ("490154 20 323751 8", GOOD),
        ("49.015420/3237518", GOOD),
        ("260531793113837", "260531793113837"),
        ("490154203237517", None),  # check digit
        ("26053179311383", None),  # fourteen digits
        ("4901542032375180", None),  # sixteen: an IMEISV
        ("000000000000000", None),  # passes Luhn
        ("111111111111111", None),
        ("49015420323751X", None),
        ("٤٩٠١٥٤٢٠٣٢٣٧٥١٨", None),  # digits, but none that a network knows
        ("٤٩٠١٥٤٢٠٣٢٣٧٥١8", None),
        ("", None),
    ],
)
def test_r06_an_imei_is_fifteen_digits_with_its_check_digit(typed: str, number: str | None) -> None:
    if number is None:
        with pytest.raises(Refused) as refused:
            normalised(typed)
        assert refused.value.code == "imei_invalid"
    else:
        assert normalised(typed) == number


def test_r06_the_check_digit_of_the_standard_s_example() -> None:
    assert check_digit("26053179311383") == "7"
    assert check_digit(GOOD[:14]) == "8"


async def test_r06_an_imei_is_kept_without_separators_and_a_wrong_one_is_400(shop: Place) -> None:
    assert (await a_phone(shop.clerk, imei="490154 20 323751 8"))["imei"] == GOOD
    await shop.news()
    given = {"brand": "Nokia", "model": "G42", "condition": "New", "value": 1900}
    told = set()
    for wrong in ("490154203237517", "4901542032375180", "000000000000000", "26053179311383"):
        told.add(done(await shop.clerk.post("/api/phones/", json=given | {"imei": wrong}), 400)["detail"])
        assert (await shop.clerk.post("/api/phones/", json=given | {"imei2": wrong})).status_code == 400
    assert len(told) == 4  # each has a sentence of its own
    assert await shop.news() == []


async def test_r06_an_imei_is_in_the_shop_once_in_either_slot(shop: Place, other: Place) -> None:
    one, two, three = imei(1), imei(2), imei(3)
    await a_phone(shop.clerk, imei=one, imei2=two)
    await shop.news()
    given = {"brand": "Nokia", "model": "G42", "condition": "New", "value": 1900}
    for slots in ({"imei": one}, {"imei2": one}, {"imei": two}, {"imei": three, "imei2": two}):
        refused = done(await shop.clerk.post("/api/phones/", json=given | slots), 400)
        assert refused["detail"] == "A phone with this IMEI is already in stock"
    assert (await shop.clerk.post("/api/phones/", json=given | {"imei": three, "imei2": three})).status_code == 400
    assert await shop.news() == []
    await a_phone(other.clerk, imei=one)  # another shop may hold it


async def test_r06_parallel_arrivals_of_one_imei_leave_one_phone(shop: Place) -> None:
    given = {"brand": "Nokia", "model": "G42", "condition": "New", "value": 1900}
    slots = [{"imei": imei(5)} if n % 2 else {"imei2": imei(5)} for n in range(10)]
    answers = await asyncio.gather(*(shop.clerk.post("/api/phones/", json=given | each) for each in slots))
    assert sorted(each.status_code for each in answers) == [201] + [400] * 9
    assert len(done(await shop.clerk.get("/api/phones/"), 200)) == 1


async def test_r06_a_phone_that_left_may_come_back(shop: Place) -> None:
    first = await a_phone(shop.clerk, imei=imei(7))
    await a_sale(shop.clerk, phone_id=first["id"])
    second = await a_phone(shop.clerk, imei2=imei(7))
    assert second["id"] != first["id"]
    given = {"brand": "Nokia", "model": "G42", "condition": "New", "value": 1900, "imei": imei(7)}
    assert (await shop.clerk.post("/api/phones/", json=given)).status_code == 400


async def test_r06_changing_an_imei_frees_the_old_and_holds_the_new(shop: Place) -> None:
    phone = await a_phone(shop.clerk, imei=imei(1))
    path = f"/api/phones/{phone['id']}"
    assert done(await shop.clerk.put(path, json={"imei": imei(2)}), 200)["imei"] == imei(2)
    third = await a_phone(shop.clerk, imei=imei(1))
    assert (await shop.clerk.put(path, json={"imei": imei(1)})).status_code == 400
    assert (await shop.clerk.put(path, json={"imei": "490154203237517"})).status_code == 400
    assert done(await shop.clerk.put(path, json={"imei": None}), 200)["imei"] is None
    await a_phone(shop.clerk, imei=imei(2))
    assert done(await shop.clerk.get(f"/api/phones/{third['id']}"), 200)["imei"] == imei(1)


async def test_r06_a_phone_with_an_imei_can_be_deleted_and_frees_it(shop: Place) -> None:
    phone = await a_phone(shop.clerk, imei=imei(1), imei2=imei(2))
    assert (await shop.manager.delete(f"/api/phones/{phone['id']}")).status_code == 204
    await a_phone(shop.clerk, imei=imei(2), imei2=imei(1))


async def test_p18_a_withheld_phone_is_not_sold(shop: Place) -> None:
    customer, phone = await a_customer(shop.clerk), await a_phone(shop.clerk)
    path = f"/api/phones/{phone['id']}"
    done(await shop.clerk.put(path, json={"is_available": False}), 200)
    order = {"customer_id": customer["id"], "phone_id": phone["id"], "amount_paid": 4500}
    assert done(await shop.clerk.post("/api/sales/", json=order), 400)["detail"] == "Phone is not available for sale"
    done(await shop.clerk.put(path, json={"is_available": True}), 200)
    done(await shop.clerk.post("/api/sales/", json=order), 201)


async def test_p18_the_same_state_again_has_no_effect(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    await shop.news()
    answer = await shop.clerk.patch(f"/api/phones/{phone['id']}/availability", json={"is_available": True})
    assert (answer.status_code, answer.json(), answer.headers["etag"]) == (200, phone, '"1"')
    assert [line for line in await shop.news() if "edit" in line] == []


async def test_p17_state_and_derived_fields_of_a_request_are_ignored(shop: Place) -> None:
    forged = {
        "id": 77, "org_id": 2, "version": 9, "status": "SOLD", "is_available": False, "swapped_from_id": 5,
        "acquired_via_swap_id": 5, "created_at": "2001-01-01T00:00:00Z", "folded": "x",
    }  # fmt: skip
    phone = await a_phone(shop.clerk, **forged)
    assert phone["id"] != 77
    honest = {"status": "AVAILABLE", "is_available": True, "swapped_from_id": None, "acquired_via_swap_id": None}
    assert phone | honest == phone
    assert phone["created_at"] > "2026"
    changed = done(
        await shop.clerk.put(f"/api/phones/{phone['id']}", json={"status": "SOLD", "swapped_from_id": 1}), 200
    )
    assert changed | honest == changed
    sale = await a_sale(shop.manager, invoice_number="INV-7", margin=9999, refunded_amount=4, cost=1, condition="Used")
    assert (sale["invoice_number"], sale["margin"], sale["refunded_amount"]) == ("INV-000001", 500, 0)
    customer = await a_customer(shop.clerk, unique_id="BOSS", phone_e164="+15550001111")
    assert customer["unique_id"] != "BOSS"
    assert customer["phone_e164"].startswith("+233")
