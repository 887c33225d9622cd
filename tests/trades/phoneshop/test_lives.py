"""Lives: all that became of a phone, a customer and a repair, and who sees what of it."""

import re

from tests.running import Application, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_repair, a_sale, a_swap, became, done
from tests.web.looking import Looker, text
from tradehall.kernel.context import Context
from tradehall.trades.phoneshop.lives import MOST
from tradehall.trades.phoneshop.payments import NewPayment
from tradehall.trades.phoneshop.repair_money import pay
from tradehall.trades.phoneshop.repairs import NewRepair, book_in


async def test_n1_n4_a_phone_s_page_tells_its_whole_life_with_its_chain(application: Application, shop: Place) -> None:
    phone = await a_phone(shop.manager, cost_price=2000, value=2800)
    swap = await a_swap(shop.clerk, new_phone_id=phone["id"], given_phone_value=1800, balance_paid=1000)
    path = f"/api/phones/{phone['id']}/life"
    seen, blind = done(await shop.manager.get(path), 200), done(await shop.clerk.get(path), 200)
    assert [each["what"] for each in seen["events"]] == ["stocked", "swapped"]
    assert [each["id"] for each in seen["chain"]["phones"]] == [phone["id"], swap["received_phone_id"]]
    assert (seen["chain"]["swaps"][0]["margin"], seen["totals"]["realised_cash"]) == (800, -1000)
    assert (blind["chain"]["swaps"][0]["margin"], blind["totals"]) == (None, None)
    assert (seen["events"][0]["amount"], blind["events"][0]["amount"]) == (2000, None)
    came_in = done(await shop.clerk.get(f"/api/phones/{swap['received_phone_id']}/life"), 200)
    assert came_in["events"][0] | {"at": ""} == {
        "what": "taken in a swap", "at": "", "room": "swaps", "id": swap["id"], "text": swap["invoice_number"], "amount": 1800,
    }  # fmt: skip
    async with Looker(application, shop.owner) as owner:
        page = await owner.see(f"/phones/{phone['id']}")
        assert 'class="chain"' in page.text
        assert "Its life with the shop" in text(page)
    done(await shop.manager.post(f"/api/swaps/{swap['id']}/refund", json={"reason": "Wrong colour"}), 200)
    for phone_id, before in ((phone["id"], "swapped"), (swap["received_phone_id"], "taken in a swap")):
        events = done(await shop.clerk.get(f"/api/phones/{phone_id}/life"), 200)["events"]
        assert [each["what"] for each in events][-2:] == [before, "refunded"]
        assert (events[-1]["amount"], events[-1]["text"]) == (-1000, "Wrong colour")


async def test_a_customer_s_page_tells_what_they_did_and_what_is_due(application: Application, shop: Place) -> None:
    customer = await a_customer(shop.clerk)
    repair = await a_repair(shop.clerk, customer_id=customer["id"], cost=450, intake="Turns on")
    done(await shop.clerk.post(f"/api/repairs/{repair['id']}/payments", json={"amount": 150.1}))
    seen = done(await shop.clerk.get(f"/api/customers/{customer['id']}/story"), 200)
    assert [(each["what"], each["amount"]) for each in seen["events"]] == [("repaired", 450)]
    assert seen["due"] == [{"room": "repairs", "id": repair["id"], "number": repair["repair_number"], "amount": 299.9}]
    folder = done(await shop.clerk.get(f"/api/repairs/{repair['id']}/folder"), 200)
    assert (folder["intake"], folder["paid"], folder["due"]) == ("Turns on", 150.1, 299.9)
    link = done(await shop.clerk.get(f"/api/repairs/{repair['id']}/link"), 200)["public_token"]
    assert (folder["token"], folder["telephone"][:4], folder["language"]) == (link, "+233", "en")
    assert ["REP-000001" in each["body"] for each in folder["messages"]] == [True]
    async with Looker(application, shop.owner) as owner:
        page = await owner.see(f"/repairs/{repair['id']}")
        assert "What the customer was told" in text(page)
        ticket = re.search(r'"(/app/-/api/[^"]+/ticket.pdf[^"]*)"', page.text)
        assert ticket is not None
        assert (await owner.http.get(ticket[1])).content[:4] == b"%PDF"
        assert "299.90" in text(await owner.see(f"/customers/{customer['id']}"))


async def test_a32_what_a_customer_owes_is_told_however_much_came_after_it(shop: Place) -> None:
    customer = await a_customer(shop.clerk)
    repair = await a_repair(shop.clerk, customer_id=customer["id"], cost=450)

    def many(ctx: Context) -> None:
        order = NewRepair.of(customer_id=customer["id"], phone_description="Nokia", issue_description="Screen", cost=10)
        for _ in range(MOST):
            ctx.do(pay, ctx.do(book_in, order), NewPayment())

    await shop.work(many)
    seen = done(await shop.clerk.get(f"/api/customers/{customer['id']}/story"), 200)
    assert [(each["id"], each["amount"]) for each in seen["due"]] == [(repair["id"], 450)]


async def test_a_page_has_no_button_for_what_can_not_be_done_with_its_row_now(
    application: Application, shop: Place
) -> None:
    paid, deposit, returned = (
        await a_sale(shop.clerk),
        await a_sale(shop.clerk, original_price=4500, amount_paid=500),
        await a_sale(shop.clerk),
    )
    done(await shop.manager.post(f"/api/sales/{returned['id']}/refund", json={"reason": "wrong colour"}), 200)
    pending, delivered = await a_repair(shop.clerk), await a_repair(shop.clerk)
    done(await shop.clerk.post(f"/api/repairs/{delivered['id']}/payments", json={}))
    await became(shop.clerk, delivered, "Delivered")
    wanted = {
        f"sales/{paid['id']}": {"refund", "void", "claim-sale"},
        f"sales/{deposit['id']}": {"pay", "refund", "void", "claim-sale"},
        f"sales/{returned['id']}": set(),
        f"repairs/{pending['id']}": {
            "start",
            "complete",
            "deliver",
            "set-status",
            "take",
            "estimate",
            "decide",
            "pay",
            "strike",
        },
        f"repairs/{delivered['id']}": {"set-status", "claim", "refund"},
        f"phones/{paid['phone_id']}": {"discard"},
        f"phones/{returned['phone_id']}": {"offer", "inspect", "spend", "discard"},
    }
    async with Looker(application, shop.owner) as owner:
        for path, deeds in wanted.items():
            found = set(re.findall(rf"/{path}/do/([\w-]+)", (await owner.see(f"/{path}")).text))
            assert found - {"comment"} == deeds, path


async def test_a23_the_stock_is_counted_on_a_page(application: Application, shop: Place) -> None:
    phone = await a_phone(shop.manager, imei="490154203237518")
    async with Looker(application, shop.owner) as owner:
        assert "Not seen yet" in await owner.told("/count", {"do": "begin", "note": "", "key": "c1"})
        count = done(await shop.clerk.get("/api/count"), 200)["open"]["id"]
        told = await owner.told(f"/count?count={count}", {"do": "scan", "imei": "490154203237518"})
        assert "1 of 1" in told
        again = await owner.send(f"/count?count={count}", {"do": "scan", "imei": "490154203237518"})
        assert "Phone is counted already" in text(again)
        await owner.told(f"/count?count={count}", {"do": "close"})
        assert f"{phone['brand']} {phone['model']}" in text(await owner.see("/prices"))


async def test_every_page_of_figures_is_for_managers(application: Application, shop: Place) -> None:
    await a_swap(shop.clerk)
    pages = ("", "/today", "/week", "/month", "/customers", "/repairs", "/swaps", "/sales", "/stock", "/profit")
    async with Looker(application, shop.owner) as owner, Looker(application, shop.clerk) as clerk:
        for each in pages:
            assert (await owner.see(f"/figures{each}")).status_code == 200
            assert (await clerk.see(f"/figures{each}")).status_code == 404
        assert (await owner.see("/figures/month?year=2025&month=2")).status_code == 200
        assert (await owner.see("/figures/month?month=13")).status_code == 422
