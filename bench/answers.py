"""Answers read once with care, before and after the rounds that only look at how they begin."""

from typing import Any

from bench.contestants import Contestant
from bench.plan import CONNECTIONS, DEEP, PAGE
from bench.rounds import Figures

CUSTOMER = {"id", "full_name", "phone_number", "email", "created_at"}
SALE = {"id", "customer_id", "phone_id", "amount_paid", "created_at"}
SALE |= {"original_price", "discount_amount", "invoice_number"}


def customer_faults(contestant: Contestant) -> list[str]:
    """What is wrong with one customer's answer."""
    wanted = contestant.stock.first_customer + contestant.stock.customers // 2
    found: dict[str, Any] = contestant.ask(f"/api/customers/{wanted}").json()
    faults = [f"a customer lacks {name}" for name in sorted(CUSTOMER - found.keys())]
    return faults if found.get("id") == wanted else [*faults, "another customer was shown"]


def page_faults(contestant: Contestant) -> list[str]:
    """What is wrong with the first page and the deep one: 50 sales each, newest first, 40,000 apart."""
    first = contestant.ask(f"/api/sales/?limit={PAGE}").json()
    deep = contestant.ask(contestant.deep_path).json()
    faults = [f"a sale lacks {name}" for name in sorted(SALE - first[0].keys())]
    for name, rows in (("first", first), ("deep", deep)):
        ids = [row["id"] for row in rows]
        if len(ids) != PAGE or ids != sorted(ids, reverse=True):
            faults.append(f"the {name} page isn't {PAGE} sales, newest first")
    expected = contestant.ask(f"/api/sales/?limit=1&skip={DEEP}").json()[0]["id"]
    return faults if deep[0]["id"] == expected else [*faults, f"the deep page doesn't begin at row {DEEP:,}"]


def sales_counted(contestant: Contestant) -> int:
    """How many sales the overview counts."""
    return int(contestant.ask("/api/analytics/overview").json()["totals"]["sales"])


def count_faults(contestant: Contestant, before: int, sold: Figures, rounds: int) -> list[str]:
    """Whether the sales that were answered are there; those in flight when a round ended may be as well."""
    least = before + sold.right
    most = least + CONNECTIONS * (rounds + 1)
    counted = sales_counted(contestant)
    return [] if least <= counted <= most else [f"{counted:,} sales are counted, not {least:,} to {most:,}"]
