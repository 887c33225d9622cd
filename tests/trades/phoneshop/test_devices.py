"""What is known of a device: checks, the shop's own list, holds, and its whole history."""

from typing import Any

import pytest
import sqlalchemy as sa

from tests.running import Clock, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, a_swap, done, imei
from tradehall.kernel.errors import Refused
from tradehall.trades.phoneshop.devices import DeviceCheck, about, acquire
from tradehall.trades.phoneshop.models import Phone

GOOD = "490154203237518"
CHECK = "/api/devices/check-imei"


async def looked_up(shop: Place, number: str, **more: Any) -> dict[str, Any]:
    """The answer to a look-up."""
    found: dict[str, Any] = done(await shop.clerk.post(CHECK, json={"imei": number} | more), 200)
    return found


async def an_order(shop: Place, number: str | None, **more: Any) -> dict[str, Any]:
    """A sale of a phone with this IMEI."""
    phone = await a_phone(shop.clerk, imei=number)
    return {"customer_id": (await a_customer(shop.clerk))["id"], "phone_id": phone["id"], "amount_paid": 4500} | more


async def taken_in(shop: Place, number: str, decision: str | None = None) -> None:
    """What a swap and a purchase do with a phone that comes in; raises Refused."""
    phone = await a_phone(shop.clerk, imei=number)

    def rule(ctx: Any) -> None:
        with ctx.happening("test"):
            acquire(ctx, ctx.get(Phone, phone["id"]), decision)

    await shop.work(rule)


# looking an IMEI up.


async def test_r06_an_imei_is_looked_up_normalised(shop: Place) -> None:
    found = await looked_up(shop, "490154-20-323751-8")
    assert found == {
        "imei": GOOD, "valid": True, "reason": None, "in_stock": False, "phone_id": None, "known_before": False,
        "phone_ids": [], "result": "unknown", "blocked": False, "blocked_reason": None, "last_check": None,
    }  # fmt: skip


async def test_r06_what_is_no_imei_is_told_why_and_leaves_no_trace(shop: Place) -> None:
    reasons = {
        "490154203237517": "The check digit of this IMEI is wrong",
        "4901542032375180": "This is an IMEISV of 16 digits; enter the IMEI of 15 digits",
        "000000000000000": "This IMEI is not the number of a device",
        "26053179311383": "An IMEI has 15 digits",
    }
    for typed, reason in reasons.items():
        found = await looked_up(shop, typed)
        assert (found["imei"], found["valid"], found["reason"]) == (None, False, reason)
    assert done(await shop.clerk.get("/api/device-checks"), 200) == []
    assert (await shop.clerk.post(CHECK, json={})).status_code == 422
    assert (await shop.clerk.post(CHECK, json={"imei": "x" * 41})).status_code == 422


async def test_r06_a_device_is_in_stock_or_known_before(shop: Place, other: Place) -> None:
    first = await a_phone(shop.clerk, imei=GOOD)
    assert (await looked_up(shop, GOOD))["phone_id"] == first["id"]
    await a_sale(shop.clerk, phone_id=first["id"])
    sold = await looked_up(shop, GOOD)
    assert (sold["in_stock"], sold["phone_id"], sold["known_before"], sold["phone_ids"]) == (
        False, None, True, [first["id"]],
    )  # fmt: skip
    second = await a_phone(shop.clerk, imei2=GOOD)
    back = await looked_up(shop, GOOD)
    assert (back["in_stock"], back["phone_id"], back["known_before"]) == (True, second["id"], True)
    assert back["phone_ids"] == [first["id"], second["id"]]
    assert (await looked_up(other, GOOD))["phone_ids"] == []


async def test_r06_a_refused_return_of_an_imei_that_another_phone_has_changes_nothing(shop: Place) -> None:
    first = await a_phone(shop.clerk, imei=GOOD)
    other_one = await a_phone(shop.clerk, imei=imei(2))
    await a_sale(shop.clerk, phone_id=first["id"])
    await a_phone(shop.clerk, imei=GOOD)
    refused = await shop.clerk.put(f"/api/phones/{other_one['id']}", json={"imei2": GOOD})
    assert done(refused, 400)["detail"] == "A phone with this IMEI is already in stock"
    assert (await looked_up(shop, imei(2)))["phone_id"] == other_one["id"]


async def test_r07_a_check_is_kept_with_its_result_provider_reference_and_time(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T09:00:00Z")
    found = await looked_up(shop, GOOD, result="clear", provider="GSMA", reference="DC-77")
    last = found["last_check"]
    assert found["result"] == "clear"
    assert last == {
        "id": last["id"], "result": "clear", "provider": "GSMA", "reference": "DC-77", "counts": True,
        "checked_at": "2026-03-02T09:00:00.000000Z",
    }  # fmt: skip
    kept = done(await shop.clerk.get(f"/api/device-checks/{last['id']}"), 200)
    here = {"imei": GOOD, "result": "clear", "provider": "GSMA", "reference": "DC-77", "staff_id": shop.clerk.user_id}
    assert kept | here == kept
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await shop.owner.ask(method, f"/api/device-checks/{last['id']}")).status_code == 405


async def test_r07_a_result_needs_whoever_said_it(shop: Place) -> None:
    for wrong, field in (({"result": "clear"}, "provider"), ({"result": "fine", "provider": "GSMA"}, "result")):
        told = done(await shop.clerk.post(CHECK, json={"imei": GOOD} | wrong), 422)
        assert [each["loc"] for each in told["detail"]] == [["body", field]]


async def test_r07_a_result_older_than_the_setting_says_counts_as_unknown(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T09:00:00Z")
    await looked_up(shop, GOOD, result="clear", provider="GSMA")
    clock.forward(days=7)
    assert (await looked_up(shop, GOOD))["result"] == "clear"
    clock.forward(seconds=1)
    old = await looked_up(shop, GOOD)
    assert (old["result"], old["last_check"]["result"], old["last_check"]["counts"]) == ("unknown", "clear", False)
    await shop.prefer(imei_check_days=30)
    assert (await looked_up(shop, GOOD))["result"] == "clear"


# the shop's own list.


async def test_r07_the_local_list_works_without_a_provider(shop: Place, other: Place) -> None:
    given = {"imei": "490154-20-323751-8", "reason": "Stolen at Circle", "source": "Police 12/26"}
    listed = done(await shop.manager.post("/api/blocked-devices", json=given))
    assert listed | {"imei": GOOD, "reason": "Stolen at Circle", "staff_id": shop.manager.user_id} == listed
    found = await looked_up(shop, GOOD, result="clear", provider="GSMA")
    assert (found["result"], found["blocked"], found["blocked_reason"]) == ("blocked", True, "Stolen at Circle")
    assert (await looked_up(other, GOOD))["blocked"] is False
    again = await shop.manager.post("/api/blocked-devices", json={"imei": GOOD, "reason": "x"})
    assert done(again, 409)["detail"] == "This device is on the list already"
    wrong = await shop.manager.post("/api/blocked-devices", json={"imei": "490154203237517", "reason": "x"})
    assert done(wrong, 400)["detail"] == "The check digit of this IMEI is wrong"
    path = f"/api/blocked-devices/{listed['id']}"
    assert done(await shop.manager.patch(path, json={"reason": "Lost"}), 200)["reason"] == "Lost"
    assert done(await shop.clerk.get("/api/blocked-devices?search=lost"), 200)[0]["imei"] == GOOD
    assert (await shop.manager.delete(path)).status_code == 204
    assert (await looked_up(shop, GOOD))["result"] == "clear"


async def test_r07_only_managers_keep_the_list(shop: Place) -> None:
    given = {"imei": GOOD, "reason": "Stolen"}
    listed = done(await shop.owner.post("/api/blocked-devices", json=given))
    for person in (shop.clerk, shop.technician):
        assert (await person.post("/api/blocked-devices", json=given)).status_code == 403
        assert (await person.delete(f"/api/blocked-devices/{listed['id']}")).status_code == 403
        assert (await person.get("/api/blocked-devices")).status_code == 200


# R-07, N10: in the sale path itself.


async def test_r07_a_blocked_device_is_not_sold(shop: Place) -> None:
    order = await an_order(shop, GOOD)
    await looked_up(shop, GOOD, result="blocked", provider="GSMA")
    await shop.news()
    for more in ({}, {"imei_decision": "The buyer insists"}):
        refused = done(await shop.clerk.post("/api/sales/", json=order | more), 409)
        assert (refused["detail"], refused["code"]) == ("This device is blocked", "device_blocked")
    assert await shop.news() == []
    await looked_up(shop, GOOD, result="clear", provider="GSMA", reference="corrected")
    assert (await shop.clerk.post("/api/sales/", json=order)).status_code == 201


async def test_r07_a_device_on_the_local_list_is_not_sold_by_either_number(shop: Place) -> None:
    done(await shop.manager.post("/api/blocked-devices", json={"imei": imei(2), "reason": "Stolen"}))
    phone = await a_phone(shop.clerk, imei=imei(1), imei2=imei(2))
    order = {"phone_id": phone["id"], "amount_paid": 4500}
    assert done(await shop.owner.post("/api/sales/", json=order), 409)["code"] == "device_blocked"


async def test_r07_an_unknown_device_is_sold_with_a_recorded_decision(shop: Place) -> None:
    order = await an_order(shop, GOOD, imei_decision="Bought new from the importer")
    await shop.news()
    sale = done(await shop.clerk.post("/api/sales/", json=order))
    [kept] = done(await shop.clerk.get("/api/device-checks"), 200)
    decided = {
        "imei": GOOD, "phone_id": order["phone_id"], "result": "unknown", "provider": "local",
        "decision": "Bought new from the importer", "staff_id": shop.clerk.user_id,
    }  # fmt: skip
    assert kept | decided == kept
    [line] = await shop.news()
    assert line.startswith("sale.sell: ")
    assert f"add device_checks {kept['id']}" in line
    assert f"add sales {sale['id']}" in line


async def test_r07_the_setting_demands_a_decision(shop: Place) -> None:
    await shop.prefer(imei_decision=True)
    for number in (GOOD, None):
        order = await an_order(shop, number)
        await shop.news()
        refused = done(await shop.clerk.post("/api/sales/", json=order), 409)
        assert refused["code"] == "imei_decision"
        assert "imei_decision" in refused["detail"]
        assert await shop.news() == []
        assert (await shop.clerk.post("/api/sales/", json=order | {"imei_decision": "Seen the box"})).status_code == 201
    clear = await an_order(shop, imei(9))
    await looked_up(shop, imei(9), result="clear", provider="GSMA")
    assert (await shop.clerk.post("/api/sales/", json=clear)).status_code == 201


async def test_r07_what_was_blocked_long_ago_is_sold_with_a_decision_only(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T09:00:00Z")
    order = await an_order(shop, GOOD)
    await looked_up(shop, GOOD, result="blocked", provider="GSMA")
    clock.forward(days=8)
    assert done(await shop.clerk.post("/api/sales/", json=order), 409)["code"] == "imei_decision"
    assert (await shop.clerk.post("/api/sales/", json=order | {"imei_decision": "Released"})).status_code == 201


async def test_r07_a_blocked_device_is_not_taken_in(shop: Place) -> None:
    done(await shop.manager.post("/api/blocked-devices", json={"imei": GOOD, "reason": "Stolen"}))
    with pytest.raises(Refused, match="This device is blocked"):
        await taken_in(shop, GOOD, "He seems honest")
    await shop.prefer(imei_decision=True)
    with pytest.raises(Refused) as refused:
        await taken_in(shop, imei(1))
    assert refused.value.code == "imei_decision"
    await taken_in(shop, imei(2), "Showed the receipt")
    [kept] = done(await shop.clerk.get(f"/api/device-checks?imei={imei(2)}"), 200)
    assert (kept["result"], kept["decision"]) == ("unknown", "Showed the receipt")


async def test_n10_a_second_hand_phone_is_not_sold_before_its_hold_is_over(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T09:00:00Z")
    await shop.prefer(hold_days=14)
    await taken_in(shop, GOOD)
    [phone] = done(await shop.clerk.get("/api/phones/"), 200)
    path = f"/api/phones/{phone['id']}"
    assert done(await shop.clerk.get(path), 200)["hold_until"] == "2026-03-16T09:00:00.000000Z"
    order = {"phone_id": phone["id"], "amount_paid": 4500}
    clock.forward(days=13, hours=23)
    await shop.news()
    for person in (shop.clerk, shop.owner):
        refused = done(await person.post("/api/sales/", json=order), 409)
        assert (refused["detail"], refused["code"]) == ("Phone is on hold until 2026-03-16", "on_hold")
    assert await shop.news() == []
    forged = await shop.clerk.put(path, json={"hold_until": None})
    assert done(forged, 200)["hold_until"] == "2026-03-16T09:00:00.000000Z"
    clock.forward(hours=1)
    assert (await shop.clerk.post("/api/sales/", json=order)).status_code == 201


async def test_n10_without_the_setting_nothing_is_held(shop: Place) -> None:
    await taken_in(shop, GOOD)
    [phone] = done(await shop.clerk.get("/api/phones/"), 200)
    assert (await shop.clerk.post("/api/sales/", json={"phone_id": phone["id"], "amount_paid": 1})).status_code == 201


# A2, N4: the history of one device.


async def history(person: Any, number: str, **asked: Any) -> dict[str, Any]:
    """The history of a device."""
    found: dict[str, Any] = done(await person.get(f"/api/devices/{number}/history", params=asked), 200)
    return found


async def a_life(shop: Place) -> tuple[int, int]:
    """A device that came, was looked up, inspected, refurbished, sold, and came back years later; the two phones."""
    first = await a_phone(shop.manager, imei=GOOD, cost_price=4012.35)
    await looked_up(shop, GOOD, result="clear", provider="GSMA")
    found = {"grade": "A", "checks": ["battery"], "asking_price": 4600}
    done(await shop.technician.post(f"/api/phones/{first['id']}/inspect", json=found), 200)
    cost = {"amount": 151.75, "description": "battery"}
    done(await shop.manager.post(f"/api/phones/{first['id']}/costs", json=cost))
    await a_sale(shop.clerk, phone_id=first["id"])
    second = await a_phone(shop.clerk, imei2=GOOD)
    return first["id"], second["id"]


async def test_a2_the_history_of_a_device_spans_every_phone_that_had_its_imei(shop: Place) -> None:
    first, second = await a_life(shop)
    await a_phone(shop.clerk, imei=imei(3))
    told = await history(shop.manager, "490154 20 323751 8")
    assert (told["imei"], told["phone_ids"], told["next"]) == (GOOD, [first, second], None)
    assert [(each["what"], each["verb"]) for each in told["events"]] == [
        ("bought", "phone.stock"), ("checked", "devicecheck.check_imei"), ("inspected", "phone.inspect"),
        ("refurbished", "phone.spend"), ("sold", "sale.sell"), ("bought", "phone.stock"),
    ]  # fmt: skip
    sold = told["events"][4]
    assert sold["name"] == shop.clerk.name
    kinds = {each["entity"]: each for each in sold["changes"]}
    assert kinds["phoneshop_sales"]["values"]["amount_paid"] == 4500
    assert kinds["phoneshop_sales"]["values"]["margin"] == 335.9
    assert kinds["phoneshop_phones"]["values"]["status"] == ["AVAILABLE", "SOLD"]
    assert [each["at"] for each in told["events"]] == sorted(each["at"] for each in told["events"])


async def test_a2_the_history_tells_of_swaps_refunds_and_returns(shop: Place) -> None:
    made = await a_swap(shop.clerk, given_phone_imei=GOOD)
    came = made["received_phone_id"]
    found = {"grade": "B", "asking_price": 2000}
    done(await shop.technician.post(f"/api/phones/{came}/inspect", json=found), 200)
    sale = await a_sale(shop.clerk, phone_id=came, amount_paid=2000)
    for wish in ({"amount": 100, "reason": "scratched"}, {"reason": "brought back"}):
        done(await shop.manager.post(f"/api/sales/{sale['id']}/refund", json=wish), 200)
    again = await a_swap(shop.clerk, new_phone_id=came, given_phone_imei=imei(7), balance_paid=200)
    told = await history(shop.owner, GOOD)
    assert [each["what"] for each in told["events"]] == [
        "swapped", "inspected", "sold", "refunded", "refunded", "swapped",
    ]  # fmt: skip
    assert told["phone_ids"] == [came]
    assert [each["what"] for each in (await history(shop.clerk, imei(7)))["events"]] == ["swapped"]
    assert (await looked_up(shop, GOOD))["in_stock"] is False
    assert (await looked_up(shop, imei(7)))["phone_id"] == again["received_phone_id"]
    assert await shop.wrong() == []


async def test_n10_nobody_but_a_manager_takes_its_number_from_a_blocked_device(shop: Place) -> None:
    phone = await a_phone(shop.clerk, imei=GOOD, imei2=imei(2))
    done(await shop.manager.post("/api/blocked-devices", json={"imei": imei(2), "reason": "Stolen"}))
    await shop.news()
    for change in ({"imei2": None}, {"imei2": imei(3)}, {"imei": None}):
        refused = done(await shop.clerk.put(f"/api/phones/{phone['id']}", json=change), 409)
        assert refused["code"] == "device_blocked"
    assert await shop.news() == []
    done(await shop.clerk.put(f"/api/phones/{phone['id']}", json={"imei2": imei(2), "model": "Galaxy A56"}), 200)
    done(await shop.manager.put(f"/api/phones/{phone['id']}", json={"imei2": imei(3)}), 200)


async def test_a2_a_number_that_a_phone_had_once_still_leads_to_it(shop: Place) -> None:
    phone = await a_phone(shop.clerk, imei=GOOD)
    done(await shop.clerk.put(f"/api/phones/{phone['id']}", json={"imei": imei(1)}), 200)
    for number in (GOOD, imei(1)):
        told = await history(shop.clerk, number)
        assert told["phone_ids"] == [phone["id"]]
        assert [each["what"] for each in told["events"]] == ["bought", "changed"]


async def test_n4_the_history_shows_no_cost_and_no_margin_to_who_may_not_see_them(shop: Place) -> None:
    await a_life(shop)
    for person in (shop.clerk, shop.technician):
        told = await history(person, GOOD)
        assert [each["what"] for each in told["events"]][4] == "sold"
        text = str(told)
        assert [
            word for word in ("margin", "cost_price", "'cost'", "4012.35", "151.75", "4164.1") if word in text
        ] == []


async def test_n4_the_history_is_read_page_by_page(shop: Place) -> None:
    await a_life(shop)
    whole = (await history(shop.owner, GOOD))["events"]
    pages: list[list[dict[str, Any]]] = []
    after: int | None = 0
    while after is not None:
        told = await history(shop.owner, GOOD, after=after, limit=4)
        pages.append(told["events"])
        after = told["next"]
    assert [len(each) for each in pages] == [4, 2]
    assert [event for page in pages for event in page] == whole
    for wrong in ({"limit": 0}, {"limit": 501}, {"after": -1}, {"after": "x"}):
        assert (await shop.owner.get(f"/api/devices/{GOOD}/history", params=wrong)).status_code == 422


async def test_n4_the_history_of_an_unknown_device_is_404_and_of_no_imei_400(shop: Place, other: Place) -> None:
    await a_life(shop)
    assert done(await other.owner.get(f"/api/devices/{GOOD}/history"), 404)["detail"] == "Device not found"
    wrong = await shop.clerk.get("/api/devices/490154203237517/history")
    assert done(wrong, 400)["detail"] == "The check digit of this IMEI is wrong"
    await looked_up(shop, imei(4))
    assert [each["what"] for each in (await history(shop.clerk, imei(4)))["events"]] == ["checked"]


async def test_n4_the_history_is_found_by_indexes(shop: Place) -> None:
    def plan(session: Any) -> list[str]:
        if session.dialect.name != "sqlite":
            return []  # which reads small tables whole, whatever indexes there are
        compiled: Any = about(Phone).statement.compile(dialect=session.dialect)
        rows = session.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", (1,) * len(compiled.positiontup))
        return [row[3] for row in rows if row[3].startswith("SCAN phoneshop") or row[3].endswith("(org_id=?)")]

    assert await shop.read(plan) == []


async def test_p20_a_check_can_not_be_changed_by_any_verb(shop: Place) -> None:
    await looked_up(shop, GOOD)
    rows = await shop.read(lambda session: session.execute(sa.select(DeviceCheck.version)).scalars().all())
    assert list(rows) == [1]
    assert await shop.wrong() == []
