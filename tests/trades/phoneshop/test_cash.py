"""Cash and accrual side by side: the lines between them explain the difference, and each opens to its rows."""

from typing import Any

from tests.running import Clock, Place
from tests.trades.phoneshop.arranging import a_phone, a_purchase, a_sale, a_swap, done

PATH = "/api/analytics/cash-and-accrual?from=2026-03-02&to=2026-03-03"


async def test_n9_revenue_and_the_lines_between_sum_to_the_cash_and_each_figure_opens_to_its_rows(
    shop: Place, clock: Clock
) -> None:
    clock.set("2026-03-01T09:00:00Z")
    older = await a_sale(shop.clerk, original_price=900, amount_paid=400)
    clock.set("2026-03-02T09:00:00Z")
    done(await shop.clerk.post(f"/api/sales/{older['id']}/payments", json={"method": "card"}))
    await a_sale(shop.clerk, amount_paid=1000)
    await a_sale(shop.clerk, original_price=700, amount_paid=300, payment_method="mobile_money")
    await a_swap(shop.clerk, new_phone_id=(await a_phone(shop.clerk))["id"])
    back = await a_sale(shop.clerk, amount_paid=250)
    done(await shop.manager.post(f"/api/sales/{back['id']}/refund", json={"reason": "broken"}), 200)
    await a_purchase(shop.clerk, amount=150)
    done(await shop.clerk.post("/api/expenses", json={"category": "Rent", "amount": 80, "method": "bank"}))
    done(await shop.owner.post("/api/withdrawals", json={"amount": 20}))
    done(await shop.clerk.post("/api/movements", json={"kind": "banked", "amount": 500}))
    found = done(await shop.manager.get(PATH), 200)
    between = {name: each["amount"] for name, each in found["reconciliation"].items() if name != "total"}
    assert found["accrual"]["total"] == 900 + 1000 + 2700 + 250 - 250
    assert between == {
        "deposits": 300 - 400, "balances_due": 0, "refunds": 0, "purchases": -150, "expenses": -80, "withdrawals": -20,
        "movements": 0, "other": 0,
    }  # fmt: skip
    assert found["cash"]["total"] == found["accrual"]["total"] + found["reconciliation"]["total"] == 4250
    methods = {name: each["amount"] for name, each in found["cash"]["by_method"].items()}
    assert methods == {"bank": 420, "card": 500, "cash": 3030, "mobile_money": 300}
    figures: list[Any] = [
        *found["accrual"].values(),
        *found["reconciliation"].values(),
        *found["cash"]["by_method"].values(),
    ]
    for figure in (each for each in figures if isinstance(each, dict)):
        behind = 0
        for row in figure["rows"]:
            rows = done(await shop.manager.get(row["path"]), 200)["rows"]
            behind += row["sign"] * sum(each["amount"] for each in rows)
        assert behind == figure["amount"]
    assert (await shop.clerk.get(PATH)).status_code == 403
    for path in (PATH.partition("?")[0], "/api/analytics/tax", "/api/reports/sales-made"):
        assert (await shop.manager.get(f"{path}?to=0001-01-01")).status_code == 200
    assert await shop.wrong() == []
