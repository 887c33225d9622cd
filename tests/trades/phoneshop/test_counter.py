"""The counter: what the pages of the till, the day and the home go by."""

from tests.running import Application, Clock, Place
from tests.trades.phoneshop.arranging import a_customer, a_repair, a_sale, a_swap, became, done
from tests.web.looking import Looker, menu, text


async def test_day_one_the_day_is_right_to_the_cent_for_managers_and_says_no_money_to_clerks(shop: Place) -> None:
    done(await shop.clerk.post("/api/drawers", json={"opening_amount": 200}))
    await a_sale(shop.clerk, amount_paid=100.1)
    await a_sale(shop.clerk, amount_paid=50.05, payment_method="mobile_money", payment_reference="MP1")
    await a_swap(shop.clerk, balance_paid=1000)
    repair = await a_repair(shop.clerk, cost=450)
    done(await shop.clerk.post(f"/api/repairs/{repair['id']}/payments", json={"amount": 200.2}))
    done(await shop.clerk.post("/api/expenses", json={"category": "Rent", "amount": 20.5}))
    seen = done(await shop.manager.get("/api/day"), 200)
    assert seen["counts"] == {"sales": 2, "swaps": 1, "repairs": 1}
    assert seen["takings"] == {"cash": 1300.3, "mobile_money": 50.05}
    assert seen["total"] == 1350.35
    assert {each["of"]: each["amount"] for each in seen["moved"]} == {
        "expense": -20.5, "repair": 200.2, "sale": 150.15, "swap": 1000,
    }  # fmt: skip
    assert seen["drawer"]["expected_amount"] == 200 + 1300.3 - 20.5
    blind = done(await shop.clerk.get("/api/day"), 200)
    assert (blind["counts"], blind["total"], blind["takings"], blind["moved"]) == (seen["counts"], None, {}, [])
    assert blind["drawer"]["expected_amount"] is None
    count = {"counted_amount": 1479.8}
    done(await shop.clerk.post(f"/api/drawers/{seen['drawer']['id']}/close", json=count), 200)
    after = done(await shop.manager.get("/api/day"), 200)
    assert (after["drawer"], after["closed"][0]["difference"]) == (None, 0)


async def test_r12_the_day_counts_what_was_made_on_it_and_not_what_came_back(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T10:00:00Z")
    sale = await a_sale(shop.clerk, amount_paid=100)
    clock.forward(days=1)
    wish = {"reason": "It does not ring", "payment_method": "mobile_money"}
    done(await shop.manager.post(f"/api/sales/{sale['id']}/refund", json=wish), 200)
    for page in ("day", "desk"):
        seen = done(await shop.manager.get(f"/api/{page}"), 200)
        assert (seen["counts"], seen["total"]) == ({"sales": 0, "swaps": 0, "repairs": 0}, -100)


async def test_day_one_what_is_overdue_and_what_runs_low_is_seen_first(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T10:00:00+00:00")
    late = await a_repair(shop.clerk, due_date="2026-03-02")
    await a_repair(shop.clerk, due_date="2026-03-11")
    done(await shop.manager.post("/api/parts", json={"name": "Screen", "unit_cost": 5, "quantity": 1, "low_mark": 2}))
    clock.forward(days=2)
    desk = done(await shop.manager.get("/api/desk"), 200)
    assert [each["id"] for each in desk["overdue"]] == [late["id"]]
    assert [each["name"] for each in desk["parts"]] == ["Screen"]
    assert (desk["repairs"]["pending"], desk["is_low"], desk["drawer"]) == (2, True, None)
    assert len(desk["days"]) == 30
    assert {each["what"] for each in desk["recent"]} == {"repaired"}
    await became(shop.clerk, late, "Completed")
    assert done(await shop.manager.get("/api/desk"), 200)["overdue"] == []


async def test_day_one_what_was_looked_at_when_a_repair_was_taken_in_stays_as_it_was(shop: Place) -> None:
    repair = await a_repair(shop.clerk, intake="Turns on; glass is whole")
    path = f"/api/repairs/{repair['id']}"
    await shop.clerk.put(path, json={"intake": "Broken before"})
    assert done(await shop.clerk.get(path), 200)["intake"] == "Turns on; glass is whole"


async def test_day_one_the_drawer_s_page_opens_and_closes_it(application: Application, shop: Place) -> None:
    await a_customer(shop.clerk)
    async with Looker(application, shop.owner) as owner:
        page = await owner.see("/drawer")
        assert "Open the drawer" in text(page)
        assert menu(page)[:3] == ["Home", "Till", "Phones"]
        assert "200.00" in await owner.told("/drawer", {"do": "open", "opening_amount": "200", "key": "k1"})
        drawer = done(await shop.manager.get("/api/drawers/current"), 200)["id"]
        refused = await owner.send(f"/drawer?drawer={drawer}", {"do": "close", "counted_amount": "190", "key": "k2"})
        assert refused.status_code == 409
        assert "The drawer should hold 200.00" in text(refused)
        close = {"do": "close", "counted_amount": "190", "reason": "change", "key": "k3"}
        assert "-10.00" in await owner.told(f"/drawer?drawer={drawer}", close)
        assert "No cash drawer is open" in text(await owner.see("/till"))
        assert "No cash drawer is open" in text(await owner.see(""))


async def test_a25_a_technician_s_home_begins_with_their_bench_and_a_clerk_s_shows_no_takings(
    application: Application, shop: Place
) -> None:
    mine = await a_repair(shop.technician, technician_id=shop.technician.user_id, phone_description="Pixel on my bench")
    await a_repair(shop.clerk)
    async with Looker(application, shop.technician) as technician, Looker(application, shop.clerk) as clerk:
        bench, counter = text(await technician.see("")), text(await clerk.see(""))
    assert f"{mine['repair_number']} · Pixel on my bench" in bench
    assert "1 waits for a technician" in bench
    assert bench.index("Your bench") < bench.index("Today")
    assert "Your bench" not in counter
    assert "The last 30 days" not in counter
