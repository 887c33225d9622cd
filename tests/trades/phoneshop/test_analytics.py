"""The ten analytics of the contract: exact for its sample, empty for an empty shop, without money for those who may not see it."""

from decimal import Decimal
from typing import Any

from tests.running import Application, Clock, Person, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, a_swap, done
from tests.trades.phoneshop.test_reports import drilled, record_the_sample

PATHS = (
    "overview", "weekly-stats", "monthly-stats", "customer-insights", "repair-statistics", "swap-analytics",
    "sales-analytics", "inventory-report", "profit-loss", "dashboard-summary",
)  # fmt: skip


async def report(person: Person, name: str, **query: Any) -> dict[str, Any]:
    """One of the analytics."""
    found: dict[str, Any] = done(await person.get(f"/api/analytics/{name}", params=query), 200)
    return found


async def the_sample(shop: Place) -> None:
    """The contract's own sample: four customers, a phone sold for 4500, one swapped for 1800 and 1000, repairs of 450 and 350."""
    customers = [await a_customer(shop.clerk, full_name=name) for name in ("Ama", "Kofi", "Esi", "Yaw")]
    sold = await a_phone(shop.clerk, value=4500, condition="New", brand="Apple", cost_price=None)
    await a_phone(shop.clerk, value=2800, condition="Used", brand="Samsung", cost_price=2000)
    await a_sale(shop.clerk, customer_id=customers[1]["id"], phone_id=sold["id"], amount_paid=4500)
    await shop.work(lambda ctx: ctx.do(record_the_sample))


async def test_the_sample_of_the_contract_in_all_ten_reports(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-14T12:00:00Z")
    await the_sample(shop)
    owner = shop.owner
    money = {"total": 6300, "from_repairs": 800, "from_sales": 4500, "from_swaps": 1000, "repairs_booked": 800}
    revenue = (await report(owner, "overview"))["revenue"]
    assert revenue | money == revenue
    assert (await report(owner, "dashboard-summary"))["quick_stats"]["monthly_revenue"] == 6300
    assert await report(owner, "monthly-stats") == {
        "month": "2026-03", "total_revenue": 6300, "repairs": {"count": 2, "revenue": 800, "completed": 2},
        "sales": {"count": 1, "revenue": 4500}, "swaps": {"count": 1, "revenue": 1000},
    }  # fmt: skip
    week = (await report(owner, "weekly-stats"))["last_7_days"]
    for name, count, amount in (("repairs", 2, 800), ("sales", 1, 4500), ("swaps", 1, 1000)):
        assert [each["date"] for each in week[name]] == [f"2026-03-{day:02d}" for day in range(8, 15)]
        assert week[name][-1] == {"date": "2026-03-14", "count": count, "revenue": amount}
        assert {(each["count"], each["revenue"]) for each in week[name][:-1]} == {(0, 0)}
    insights = await report(owner, "customer-insights")
    assert insights["total_customers"] == 4
    # The sample of these tests gives both repairs and the swap to one customer; the contract's gives them to two.
    assert (insights["customers_with_repairs"], insights["retention_rate"]) == (1, "25.0%")
    assert (insights["customers_with_sales"], insights["customers_with_swaps"]) == (1, 1)
    assert (insights["repeat_repair_customers"], insights["repeat_customer_rate"]) == (1, "50.0%")
    assert [(each["name"], each["total_spent"]) for each in insights["top_customers"]] == [
        ("Kofi", 4500),
        ("Ama", 1800),
    ]
    assert await report(owner, "repair-statistics") == {
        "total_repairs": 2, "average_cost": 400, "completion_rate": "100.0%",
        "status_breakdown": [{"status": "Completed", "count": 2, "avg_cost": 400, "total_revenue": 800}],
    }  # fmt: skip
    swaps = await report(owner, "swap-analytics")
    figures = {
        "total_swaps": 1, "total_value_received": 1800, "total_balance_paid": 1000, "total_transaction_value": 2800,
        "average_balance": 1000,
    }  # fmt: skip
    assert swaps | figures == swaps
    assert [each["given_phone_value"] for each in swaps["recent_swaps"]] == [1800]
    sales = await report(owner, "sales-analytics")
    assert (sales["total_sales"], sales["total_revenue"], sales["average_sale_value"]) == (1, 4500, 4500)
    assert sales["by_condition"] == [{"condition": "New", "count": 1, "revenue": 4500}]
    profit = await report(owner, "profit-loss")
    assert (profit["swaps"]["total_profit"], profit["sales"]["total_profit"], profit["combined_profit"]) == (0, 0, 0)
    assert profit["swaps"]["transactions"] == [
        {
            "swap_id": 1, "given_phone_value": 1800, "balance_paid": 1000, "total_received": 2800, "phone_value": 2800,
            "estimated_profit": 0, "margin": None, "refunded_amount": 0, "created_at": "2026-03-14T12:00:00.000000Z",
        }
    ]  # fmt: skip
    assert (profit["sales"]["without_cost"], profit["sales"]["margin"]) == (1, 0)
    assert await shop.wrong() == []


async def test_an_empty_shop_has_no_missing_number(shop: Place) -> None:
    for name in PATHS:
        for value in numbers(await report(shop.owner, name)):
            assert value in (0, "0.0%"), name
    insights = await report(shop.owner, "customer-insights")
    assert (insights["retention_rate"], insights["repeat_customer_rate"]) == ("0.0%", "0.0%")
    assert (await report(shop.owner, "repair-statistics"))["completion_rate"] == "0.0%"


def numbers(found: Any) -> Any:
    """Every figure in a report, however deep."""
    if isinstance(found, dict):
        for name, value in found.items():
            if name not in ("date", "month", "next", "low_inventory"):
                yield from numbers(value)
    elif isinstance(found, list):
        for value in found:
            yield from numbers(value)
    else:
        yield found


async def test_a_clerk_sees_counts_and_no_money(shop: Place) -> None:
    await the_sample(shop)
    for name in PATHS:
        clerk, owner = await report(shop.clerk, name), await report(shop.owner, name)
        assert clerk.keys() == owner.keys()
        assert not {4500, 6300, 1800, 2800, 1000, 800, 400} & set(numbers(clerk)), name


async def test_analytics_need_a_token(application: Application) -> None:
    for name in PATHS:
        assert (await application.stranger.get(f"/api/analytics/{name}")).status_code == 401


async def test_a_month_is_asked_for_by_year_and_month(shop: Place, clock: Clock) -> None:
    clock.set("2026-01-31T12:00:00Z")
    await a_sale(shop.clerk, amount_paid=10)
    clock.set("2026-02-01T12:00:00Z")
    await a_sale(shop.clerk, amount_paid=7)
    assert (await report(shop.owner, "monthly-stats", year=2026, month=1))["total_revenue"] == 10
    assert (await report(shop.owner, "monthly-stats", month=2))["total_revenue"] == 7
    assert (await report(shop.owner, "monthly-stats", year=2025, month=2))["total_revenue"] == 0
    assert (await report(shop.owner, "monthly-stats", year=987, month=2))["month"] == "0987-02"
    assert (await report(shop.owner, "monthly-stats", year=2024, month=2))["month"] == "2024-02"
    for month in ("0", "13", "x"):
        answer = await shop.owner.get("/api/analytics/monthly-stats", params={"month": month})
        assert answer.status_code == 422


async def test_r17_a_deposit_is_no_revenue(shop: Place) -> None:
    made = await a_sale(shop.clerk, original_price=1000, amount_paid=200)
    assert made["balance_due"] == 800
    assert (await report(shop.owner, "overview"))["revenue"]["from_sales"] == 0
    assert (await report(shop.owner, "sales-analytics"))["total_sales"] == 0


async def test_r14_r17_customers_count_for_what_is_paid_in_full_and_did_not_come_back(shop: Place) -> None:
    async def insights() -> tuple[Any, ...]:
        found = await report(shop.owner, "customer-insights")
        return found["customers_with_sales"], found["customers_with_swaps"], found["repeat_customer_rate"]

    deposit = await a_sale(shop.clerk, original_price=1000, amount_paid=200)
    assert await insights() == (0, 0, "0.0%")
    path, who = f"/api/sales/{deposit['id']}", deposit["customer_id"]
    done(await shop.clerk.post(f"{path}/payments", json={}))
    assert await insights() == (1, 0, "0.0%")
    swap = await a_swap(shop.clerk, customer_id=who)
    assert await insights() == (1, 1, "100.0%")
    done(await shop.manager.post(f"{path}/refund", json={"reason": "A scratch", "amount": 100}), 200)
    assert await insights() == (1, 1, "100.0%")
    done(await shop.manager.post(f"{path}/refund", json={"reason": "It does not ring"}), 200)
    assert await insights() == (0, 1, "0.0%")
    done(await shop.clerk.post(f"/api/swaps/{swap['id']}/void", json={"reason": "Typed wrong"}), 200)
    assert await insights() == (0, 0, "0.0%")
    assert (await report(shop.owner, "customer-insights"))["top_customers"] == []
    assert await shop.wrong() == []


async def test_r14_a_swap_that_was_refunded_is_in_no_figure_of_swaps(shop: Place) -> None:
    swap = await a_swap(shop.clerk)
    await a_swap(shop.clerk, given_phone_value=2000, balance_paid=2500)
    done(await shop.manager.post(f"/api/swaps/{swap['id']}/refund", json={"reason": "It does not ring"}), 200)
    figures = {
        "total_swaps": 1, "total_value_received": 2000, "total_balance_paid": 2500, "total_transaction_value": 4500,
        "average_balance": 2500,
    }  # fmt: skip
    found = await report(shop.owner, "swap-analytics")
    assert found | figures == found
    assert (await report(shop.owner, "overview"))["revenue"]["from_swaps"] == 2500
    assert await shop.wrong() == []


async def test_profit_and_loss_lists_the_newest_hundred_and_leads_to_the_rest(shop: Place) -> None:
    customer = await a_customer(shop.clerk)
    for number in range(103):
        phone = await a_phone(shop.clerk, value=100 + number, cost_price=90)
        await a_sale(shop.clerk, customer_id=customer["id"], phone_id=phone["id"], amount_paid=150)
    first = (await report(shop.owner, "profit-loss"))["sales"]
    assert (first["total_count"], first["total_profit"]) == (103, sum(150 - 100 - number for number in range(103)))
    assert (first["margin"], first["without_cost"]) == (103 * 60, 0)
    assert len(first["transactions"]) == 100
    rest = (await report(shop.owner, "profit-loss", sales_before=first["next"]))["sales"]
    ids = [each["sale_id"] for each in (*first["transactions"], *rest["transactions"])]
    assert ids == sorted(ids, reverse=True)
    assert (len(set(ids)), rest["next"]) == (103, None)


async def test_p40_what_a_customer_spent_opens_to_sales_swaps_and_repairs(shop: Place) -> None:
    await the_sample(shop)
    leaders = (await report(shop.owner, "customer-insights"))["top_customers"]
    for each in leaders:
        rows = await drilled(shop, "phoneshop.spent", subject=each["id"])
        assert sum(Decimal(str(row["amount"])) for row in rows) == each["total_spent"]
    assert (await shop.owner.get("/api/totals/phoneshop.spent", params={"after": "x"})).status_code == 422


async def test_inventory_counts_what_is_on_offer(shop: Place) -> None:
    for brand, value in (("Apple", 100), ("Apple", 201), ("Tecno", 50)):
        phone = await a_phone(shop.clerk, brand=brand, value=value, cost_price=value - 10)
    await shop.clerk.patch(f"/api/phones/{phone['id']}/availability")
    found = await report(shop.owner, "inventory-report")
    figures = {"total_phones": 3, "available": 2, "sold": 0, "total_inventory_value": 301, "total_inventory_cost": 321}
    assert found | figures == found
    assert found["by_brand"] == [{"brand": "Apple", "count": 2, "avg_value": 150.5}]
    assert found["by_condition"] == [{"condition": "New", "count": 2, "avg_value": 150.5}]
