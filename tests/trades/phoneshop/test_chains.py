"""The swap chain as an economic object, and what became of the phones that came in (spec R-03)."""

from typing import Any

import sqlalchemy as sa

from tests.running import Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, a_swap, done
from tests.trades.phoneshop.test_swaps import read


async def on_offer(shop: Place, phone_id: int, price: int = 2000) -> None:
    """Inspect a phone that came in."""
    found = {"grade": "B", "checks": [], "asking_price": price}
    done(await shop.manager.post(f"/api/phones/{phone_id}/inspect", json=found), 200)


async def chain(shop: Place, phone_id: int) -> dict[str, Any]:
    """The chain of a phone, as a manager sees it."""
    found: dict[str, Any] = await read(shop, f"/api/swaps/phone/{phone_id}/chain/")
    return found


async def the_example(shop: Place) -> tuple[dict[str, Any], dict[str, Any]]:
    """Both swaps of the example: an iPhone for a Samsung, a Nokia for the iPhone, on which 150 were spent."""
    samsung = await a_phone(shop.manager, brand="Samsung", model="S21", value=2800, cost_price=2000)
    iphone = {"given_phone_brand": "Apple", "given_phone_model": "iPhone 11", "given_phone_description": "iPhone 11"}
    first = await a_swap(shop.manager, new_phone_id=samsung["id"], given_phone_value=1800, balance_paid=1000, **iphone)
    battery = {"amount": 150, "description": "A new battery"}
    done(await shop.manager.post(f"/api/phones/{first['received_phone_id']}/costs", json=battery))
    await on_offer(shop, first["received_phone_id"])
    nokia = {"given_phone_brand": "Nokia", "given_phone_model": "G42", "given_phone_description": "Nokia G42"}
    second = await a_swap(
        shop.manager, new_phone_id=first["received_phone_id"], given_phone_value=300, balance_paid=1700, **nokia
    )
    return first, second


async def test_r03_the_example_to_the_cent_while_open_and_when_closed(shop: Place) -> None:
    first, second = await the_example(shop)
    assert [first["margin"], second["margin"]] == [800, 50]
    phones = [first["new_phone_id"], first["received_phone_id"], second["received_phone_id"]]
    for phone_id in phones:
        found = await chain(shop, phone_id)
        assert [each["swap_id"] for each in found["swap_chain"]] == [first["id"], second["id"]]
        assert (found["phone_id"], found["chain_length"], found["open"]) == (phone_id, 2, True)
        assert found["phone_ids"] == phones
        assert found["totals"] == {
            "cash_received": 2700, "cash_paid": 2150, "realised_cash": 550, "realised_profit": 850,
            "unit_in_hand": phones[2], "unit_cost": 300, "unit_value": 300, "unrealised_profit": 0, "profit": None,
        }  # fmt: skip
    await on_offer(shop, phones[2])
    sale = await a_sale(shop.manager, phone_id=phones[2], amount_paid=350)
    assert sale["margin"] == 50
    for phone_id in phones:
        found = await chain(shop, phone_id)
        assert (found["open"], found["sale_id"], found["chain_length"]) == (False, sale["id"], 2)
        totals = found["totals"]
        assert (totals["cash_received"], totals["cash_paid"], totals["profit"]) == (3050, 2150, 900)
        assert totals["profit"] == totals["realised_profit"] == 800 + 50 + 50
        assert (totals["unit_in_hand"], totals["unrealised_profit"]) == (None, None)
    assert await shop.wrong() == []
    issue = {"issue_description": "Rattles"}
    claim = done(await shop.clerk.post(f"/api/sales/{sale['id']}/claim", json=issue))
    done(await shop.clerk.post(f"/api/repairs/{claim['id']}/parts", json={"name": "Speaker", "unit_cost": 20}))
    totals = (await chain(shop, phones[0]))["totals"]
    assert (totals["cash_paid"], totals["profit"], totals["realised_profit"]) == (2170, 880, 880)


async def test_r03_a_chain_is_answered_in_the_words_of_the_contract(shop: Place) -> None:
    first, _ = await the_example(shop)
    found = await read(shop, f"/api/swaps/phone/{first['new_phone_id']}/chain", "clerk")
    assert (found["brand"], found["model"], found["current_value"]) == ("Samsung", "S21", 2800)
    wanted = {
        "swap_id": first["id"], "given_phone_description": "iPhone 11", "given_phone_value": 1800,
        "balance_paid": 1000, "total_value": 2800, "created_at": first["created_at"], "margin": None,
    }  # fmt: skip
    assert {name: found["swap_chain"][0][name] for name in wanted} == wanted
    assert found["totals"] is None


async def test_r03_a_phone_without_swaps_has_a_chain_of_none(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    found = await chain(shop, phone["id"])
    assert (found["swap_chain"], found["chain_length"], found["open"]) == ([], 0, True)
    missing = await shop.clerk.get("/api/swaps/phone/999999/chain")
    assert (missing.status_code, missing.json()["detail"]) == (404, "Phone not found")


async def test_r02_a_chain_of_which_a_cost_is_not_known_has_no_profit(shop: Place) -> None:
    phone = await a_phone(shop.manager, value=2000, cost_price=None)
    await a_swap(shop.manager, new_phone_id=phone["id"])
    totals = (await chain(shop, phone["id"]))["totals"]
    assert [totals[name] for name in ("cash_received", "cash_paid", "realised_cash", "realised_profit")] == [
        2700, None, None, None,
    ]  # fmt: skip


async def test_r12_a_refund_takes_its_part_out_of_the_chain_and_a_returned_swap_out_altogether(shop: Place) -> None:
    first, second = await the_example(shop)
    done(await shop.manager.post(f"/api/swaps/{first['id']}/refund", json={"amount": 40, "reason": "late"}), 200)
    totals = (await chain(shop, first["new_phone_id"]))["totals"]
    assert (totals["cash_received"], totals["realised_profit"]) == (2660, 810)
    done(await shop.manager.post(f"/api/swaps/{second['id']}/refund", json={"reason": "broken"}), 200)
    found = await chain(shop, first["new_phone_id"])
    assert (found["chain_length"], found["totals"]["unit_in_hand"]) == (1, first["received_phone_id"])
    assert (found["totals"]["realised_cash"], found["totals"]["unit_cost"]) == (960 - 2150, 1950)
    alone = await chain(shop, second["received_phone_id"])
    assert (alone["chain_length"], alone["open"], alone["totals"]["cash_paid"]) == (0, False, None)


async def test_what_became_of_the_phones_that_came_in(shop: Place) -> None:
    first, second = await the_example(shop)
    (pending,) = await read(shop, "/api/swaps/pending-resales")
    assert (pending["id"], pending["resale_status"], pending["resale_value"]) == (second["id"], "pending", 300)
    (gone,) = await read(shop, "/api/swaps/sold-resales/")
    assert (gone["id"], gone["resale_status"], gone["resale_value"], gone["profit_or_loss"]) == (
        first["id"], "swapped", 2000, 850,
    )  # fmt: skip
    await on_offer(shop, second["received_phone_id"])
    await a_sale(shop.manager, phone_id=second["received_phone_id"], amount_paid=350)
    assert await read(shop, "/api/swaps/pending-resales") == []
    sold = await read(shop, "/api/swaps/sold-resales")
    assert [(each["id"], each["resale_status"], each["resale_value"]) for each in sold] == [
        (second["id"], "sold", 350), (first["id"], "swapped", 2000),
    ]  # fmt: skip
    assert await read(shop, "/api/swaps/sold-resales?skip=1&limit=1") == sold[1:]
    assert (await shop.clerk.get("/api/swaps/sold-resales?limit=0")).status_code == 422
    lowered = await shop.clerk.get("/api/swaps/sold-resales?limit=5000")
    assert (lowered.headers["x-limit-applied"], lowered.headers["x-total-count"]) == ("1000", str(len(sold)))


async def test_what_swaps_earned_in_all_is_for_managers(shop: Place) -> None:
    assert (await shop.clerk.get("/api/swaps/profit-summary")).status_code == 403
    empty = await read(shop, "/api/swaps/profit-summary")
    assert (empty["total_swaps"], empty["total_profit"], empty["average_profit"], empty["swaps"]) == (0, 0, 0, [])
    _, second = await the_example(shop)
    await on_offer(shop, second["received_phone_id"])
    await a_sale(shop.manager, phone_id=second["received_phone_id"], amount_paid=200)
    bare = await a_phone(shop.manager, cost_price=None)
    third = await a_swap(shop.manager, new_phone_id=bare["id"])
    await on_offer(shop, third["received_phone_id"])
    await a_sale(shop.manager, phone_id=third["received_phone_id"], amount_paid=1800)
    await a_swap(shop.manager, given_phone_value=1500)
    found = await read(shop, "/api/swaps/profit-summary")
    counted = {
        "total_swaps": 3, "total_profit": 800, "average_profit": 400, "profitable_count": 1, "loss_count": 1,
        "break_even_count": 0, "unknown_count": 1, "pending_count": 1, "pending_cost": 1500,
    }  # fmt: skip
    assert {name: found[name] for name in counted} == counted
    assert [each["profit_or_loss"] for each in found["swaps"]] == [None, -50, 850]


async def test_a_phone_that_came_in_is_priced_through_its_swap(shop: Place) -> None:
    made = await a_swap(shop.clerk)
    path = f"/api/swaps/{made['id']}/resale"
    priced = done(await shop.clerk.put(path, json={"resale_value": 2100}), 200)
    assert (priced["id"], priced["resale_status"], priced["resale_value"]) == (made["id"], "pending", 2100)
    unit = await read(shop, f"/api/phones/{made['received_phone_id']}")
    assert (unit["value"], unit["cost_price"], unit["status"]) == (2100, 1800, "RECEIVED")
    for wrong in (0, -1, None, "x"):
        assert (await shop.clerk.put(path, json={"resale_value": wrong})).status_code == 422
    await on_offer(shop, unit["id"])
    await a_sale(shop.clerk, phone_id=unit["id"], amount_paid=2050)
    late = await shop.clerk.put(path, json={"resale_value": 2200})
    assert (late.status_code, late.json()["detail"]) == (400, "This swap has already been marked as resold")


async def test_a_page_of_resales_takes_as_many_statements_however_long_it_is(shop: Place) -> None:
    customer = (await a_customer(shop.clerk))["id"]
    made = [await a_swap(shop.clerk, customer_id=customer, given_phone_value=1800 + n) for n in range(5)]
    asked: list[str] = []

    def note(connection: Any, statement: Any, *_: Any) -> None:
        asked.append(str(statement))

    sa.event.listen(sa.Connection, "before_execute", note)
    try:
        counts = []
        for limit in (1, 3):
            asked.clear()
            found = await read(shop, f"/api/swaps/pending-resales?limit={limit}")
            assert [each["id"] for each in found] == [each["id"] for each in made[::-1][:limit]]
            counts.append(sum("phoneshop_" in each for each in asked))
    finally:
        sa.event.remove(sa.Connection, "before_execute", note)
    assert counts == [5, 5]
