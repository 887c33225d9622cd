"""What the shop counts: days of its own zone, totals that open to their rows."""

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.running import Clock, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, done
from tradehall.kernel.context import Context
from tradehall.kernel.records import find
from tradehall.kernel.verbs import act
from tradehall.trades.phoneshop.models import Customer, Phone, PhoneStatus, Repair, RepairStatus, Swap
from tradehall.trades.phoneshop.roles import OWNER


async def overview(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = done(await place.owner.get("/api/analytics/overview"), 200)
    return found


async def dashboard(place: Place) -> dict[str, Any]:
    found: dict[str, Any] = done(await place.owner.get("/api/analytics/dashboard-summary"), 200)
    return found


async def days(place: Place) -> list[tuple[str, str]]:
    """The local days that sales were counted on, with their amounts."""
    rows = await place.read(
        lambda session: session.connection.exec_driver_sql(
            "SELECT day, amount FROM totals WHERE measure = 'phoneshop.sales_made' AND day NOT IN ('', 'each') "
            f"AND org_id = {place.org_id} ORDER BY day"
        ).fetchall()
    )
    return [(row[0], str(Decimal(row[1]).scaleb(-2))) for row in rows]


@act(Swap, by=OWNER)
def record_the_sample(ctx: Context) -> None:
    """Put the swap and the repairs of the sample into the books."""
    customer, phone = ctx.first(find(Customer)), ctx.first(find(Phone, Phone.value == 2800))
    assert customer is not None
    assert phone is not None
    phone.status = PhoneStatus.SWAPPED
    ctx.add(
        Swap(
            customer_id=customer.id, given_phone_description="iPhone 11", given_phone_value=Decimal(1800),
            new_phone_id=phone.id, new_phone_value=phone.value, balance_paid=Decimal(1000), invoice_number="SWP-1",
        )
    )  # fmt: skip
    for cost in (450, 350):
        repair = ctx.add(
            Repair(
                customer_id=customer.id, phone_description="iPhone X", issue_description="Screen", cost=Decimal(cost),
                repair_number=f"REP-{cost}", token=f"{cost}",
            )
        )  # fmt: skip
        repair.status = RepairStatus.COMPLETED
        repair.completed_at = ctx.now


async def test_the_sample_of_the_contract_gives_its_figures(shop: Place) -> None:
    customers = [await a_customer(shop.clerk) for _ in range(4)]
    sold = await a_phone(shop.clerk, value=4500, condition="New")
    await a_phone(shop.clerk, value=2800, condition="Used")
    await a_sale(shop.clerk, customer_id=customers[0]["id"], phone_id=sold["id"], amount_paid=4500)
    await shop.work(lambda ctx: ctx.do(record_the_sample))
    found = await overview(shop)
    money = {"total": 6300, "from_repairs": 800, "from_sales": 4500, "from_swaps": 1000}
    assert found["revenue"] | money == found["revenue"]
    assert found["totals"] == {
        "customers": 4, "repairs": 2, "sales": 1, "swaps": 1, "phones_in_inventory": 0, "available_phones": 0,
    }  # fmt: skip
    assert found["repair_status"] == {"pending": 0, "in_progress": 0, "completed": 2, "delivered": 0}
    recent = [(each["phone"], each["issue"], each["status"], each["cost"]) for each in found["recent_repairs"]]
    assert recent == [("iPhone X", "Screen", "Completed", 350), ("iPhone X", "Screen", "Completed", 450)]
    day = await dashboard(shop)
    assert day["quick_stats"] == {
        "total_customers": 4, "total_repairs": 2, "pending_repairs": 0, "available_phones": 0, "monthly_revenue": 6300,
    }  # fmt: skip
    assert day["alerts"] == {"low_inventory": True, "pending_repairs_count": 0}
    assert await shop.wrong() == []


async def test_an_empty_shop_has_zeros(shop: Place) -> None:
    found = await overview(shop)
    assert set(found["totals"].values()) == {0}
    assert set(found["revenue"].values()) == {0}
    assert set(found["repair_status"].values()) == {0}
    assert found["recent_repairs"] == []
    assert (await dashboard(shop))["alerts"] == {"low_inventory": True, "pending_repairs_count": 0}


async def test_stock_is_low_below_five_available_phones(shop: Place) -> None:
    for _ in range(5):
        phone = await a_phone(shop.clerk)
    assert (await dashboard(shop))["alerts"]["low_inventory"] is False
    await shop.clerk.patch(f"/api/phones/{phone['id']}/availability")
    day = await dashboard(shop)
    assert (day["quick_stats"]["available_phones"], day["alerts"]["low_inventory"]) == (4, True)
    assert (await overview(shop))["totals"] | {"phones_in_inventory": 5, "available_phones": 4} == (
        await overview(shop)
    )["totals"]


async def test_a_clerk_sees_no_revenue(shop: Place) -> None:
    await a_sale(shop.clerk)
    found = done(await shop.clerk.get("/api/analytics/overview"), 200)
    assert set(found["revenue"].values()) == {None}
    assert found["totals"]["sales"] == 1
    assert done(await shop.clerk.get("/api/analytics/dashboard-summary"), 200)["quick_stats"]["monthly_revenue"] is None


@pytest.mark.parametrize(
    ("zone", "moments", "expected"),
    [
        ("Africa/Accra", ("2026-03-01T23:59:59Z", "2026-03-02T00:00:00Z"), ("2026-03-01", "2026-03-02")),
        # Kuala Lumpur is eight hours ahead.
        ("Asia/Kuala_Lumpur", ("2026-03-01T15:59:59Z", "2026-03-01T16:00:00Z"), ("2026-03-01", "2026-03-02")),
        # New York: the short day of spring begins at 05:00Z and ends at 04:00Z.
        ("America/New_York", ("2026-03-08T04:59:59Z", "2026-03-08T05:00:00Z"), ("2026-03-07", "2026-03-08")),
        ("America/New_York", ("2026-03-09T03:59:59Z", "2026-03-09T04:00:00Z"), ("2026-03-08", "2026-03-09")),
        # The long day of autumn ends at 05:00Z.
        ("America/New_York", ("2025-11-03T04:59:59Z", "2025-11-03T05:00:00Z"), ("2025-11-02", "2025-11-03")),
    ],
)
async def test_r15_p04_a_day_is_that_of_the_shop_s_zone(
    shop: Place, clock: Clock, zone: str, moments: tuple[str, str], expected: tuple[str, str]
) -> None:
    await shop.prefer(zone=zone)
    for number, moment in enumerate(moments):
        clock.set(moment)
        sale = await a_sale(shop.clerk, amount_paid=100 + number)
        assert sale["created_at"] == moment.replace("Z", ".000000Z")  # stored and shown in UTC
    assert await days(shop) == [(expected[0], "100.00"), (expected[1], "101.00")]
    assert await shop.wrong() == []


async def test_r15_a_month_is_half_open_and_the_dashboard_shows_the_present_one(shop: Place, clock: Clock) -> None:
    await shop.prefer(zone="Asia/Kuala_Lumpur")
    for moment, paid in (
        ("2025-12-31T15:59:59Z", 1), ("2025-12-31T16:00:00Z", 20), ("2026-01-31T15:59:59Z", 300), ("2026-01-31T16:00:00Z", 4000),
    ):  # fmt: skip
        clock.set(moment)
        await a_sale(shop.clerk, amount_paid=paid)
    seen = []
    for moment in ("2025-12-31T15:59:59Z", "2025-12-31T16:00:00Z", "2026-01-31T15:59:59Z", "2026-01-31T16:00:00Z"):
        clock.set(moment)
        seen.append((await dashboard(shop))["quick_stats"]["monthly_revenue"])
    assert seen == [1, 320, 320, 4000]
    assert (await overview(shop))["revenue"]["total"] == 4321


async def drilled(place: Place, measure: str, **query: Any) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    after: int | str | None = 0
    while after is not None:
        page = done(await place.owner.get(f"/api/totals/{measure}", params=query | {"after": after, "limit": 7}), 200)
        rows, after = rows + page["rows"], page["next"]
    return rows


async def test_p40_every_total_opens_to_rows_that_sum_to_it(shop: Place, clock: Clock) -> None:
    chance = random.Random(40)  # noqa: S311 - data for a test
    await shop.prefer(zone="America/New_York")
    clock.set("2026-01-30T22:00:00Z")
    customer = await a_customer(shop.clerk)
    for _ in range(24):
        clock.forward(hours=chance.randint(1, 9))
        value = chance.randint(1, 900_000)
        phone = await a_phone(shop.clerk, value=value / 100, condition=chance.choice(["New", "Used", "Refurbished"]))
        if chance.random() < 0.6:
            await a_sale(shop.clerk, customer_id=customer["id"], phone_id=phone["id"], amount_paid=f"{value}e-2")
        elif chance.random() < 0.5:
            await shop.clerk.patch(f"/api/phones/{phone['id']}/availability")
    kept = await shop.read(
        lambda session: session.connection.exec_driver_sql(
            f"SELECT measure, dimension, day, count, amount FROM totals WHERE org_id = {shop.org_id} AND measure <> 'rows'"
        ).fetchall()
    )
    for measure, dimension, day, count, amount in kept:
        query = {"subject": dimension} if day == "each" else {"dimension": dimension}
        if day not in ("", "each"):
            query |= {"from": day, "to": (date.fromisoformat(day) + timedelta(days=1)).isoformat()}
        rows = await drilled(shop, measure, **query)
        sums = sum(row["count"] for row in rows), sum(Decimal(str(row["amount"])) for row in rows)
        assert sums == (count, Decimal(amount).scaleb(-2))
    assert {row[0] for row in kept} == {
        f"phoneshop.{each}" for each in (
            "sales_made", "sales_profit", "sales_margin", "spent", "phones_by_status", "phones_at_cost",
            "brands_available", "conditions_available", "cash_of_sales",
        )
    }  # fmt: skip
    assert (await overview(shop))["revenue"]["from_sales"] == float(
        sum(Decimal(str(row["amount"])) for row in await drilled(shop, "phoneshop.sales_made"))
    )
    assert await shop.wrong() == []


async def test_p40_only_managers_see_the_rows_behind_a_total(shop: Place) -> None:
    for person, status in ((shop.clerk, 403), (shop.technician, 403), (shop.manager, 200), (shop.owner, 200)):
        assert (await person.get("/api/totals/phoneshop.sales_made")).status_code == status
    for wrong, status in (
        ("phoneshop.nothing", 404),
        ("rows", 404),
        ("phoneshop.sales_made?from=x", 422),
        ("phoneshop.sales_made?limit=0", 422),
    ):
        assert (await shop.owner.get(f"/api/totals/{wrong}")).status_code == status
