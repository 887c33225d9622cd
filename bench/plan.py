"""What is measured, how much of it, and what is asked of us."""

from dataclasses import dataclass

CONNECTIONS = 16
PAGE = 50
DEEP = 40_000
TILLS_PHONES = 40
REPAIRS, SWAPS = 5_000, 2_000
OVERVIEW_MS = 5.0
OVERVIEW_RATIO = 4.0
FLAT = 1.5
DEEP_OF_FIRST_PAGE = 1.5
IDLE_MB = 120.0
START_SECONDS = 2.0


@dataclass(frozen=True)
class Sizes:
    """How much data, and how long: rounds a row, seconds a round."""

    customers: int
    sales: int
    stock: int
    many_sales: int
    rounds: int
    seconds: int


FULL = Sizes(customers=10_000, sales=100_000, stock=120_000, many_sales=1_000_000, rounds=5, seconds=4)
QUICK = Sizes(customers=2_000, sales=50_000, stock=40_000, many_sales=200_000, rounds=2, seconds=2)


@dataclass(frozen=True)
class Row:
    """One operation: what is asked of us on each database, and PocketBase 0.39's recorded figures, if there are any."""

    title: str
    at_least: dict[str, float]
    pocketbase: float = 0
    pocketbase_rate: int = 0


RATED = {
    "get": Row("GET one customer", {"sqlite": 10, "postgresql": 4}, 12, 4782),
    "list": Row(f"list of {PAGE} sales", {"sqlite": 9, "postgresql": 4}, 9.6, 1828),
    "deep": Row(f"the same from row {DEEP:,}", {"sqlite": 15, "postgresql": 4}, 3.5, 545),
    "sell": Row("POST a sale", {"sqlite": 8, "postgresql": 4}, 8.9, 1498),
    "swap": Row("POST a swap", {"sqlite": 8, "postgresql": 4}),
    "repair": Row("POST a repair, nobody is told", {"sqlite": 8, "postgresql": 4}),
}
