"""The CPU of one full sale, without HTTP: `python -m bench.budget` (number, totals, changes, event and key, durable)."""

import asyncio
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.servers import private_postgres

from bench.ours import create_user, load
from tradehall.kernel.calls import Call, Perform
from tradehall.kernel.database import Database, open_database
from tradehall.kernel.idempotency import Key
from tradehall.kernel.office import utc_now
from tradehall.kernel.verbs import Actor
from tradehall.trades.phoneshop import trade
from tradehall.trades.phoneshop.rules import NewSale, sell

CUSTOMERS, SALES, STOCK = 2_000, 20_000, 20_000
SIZES = (1, 4, 16, 64)
SALES_A_ROUND = 640
ROUNDS = 5
ACTOR = Actor(1, "phoneshop", "owner", 1, "bench")
CONTRACT = next(each for each in trade.operations if each.does is sell)


def sales(first_phone: int) -> Iterator[Perform]:
    """Units that sell one phone after the other."""
    for phone in range(first_phone, first_phone + STOCK):
        content = b'{"customer_id": %d, "phone_id": %d, "amount_paid": 1500.5}' % (1 + phone % CUSTOMERS, phone)
        key = Key.of(ACTOR.label, "POST", "/api/sales", f"key-{phone}", content)
        body = NewSale.model_validate_json(content)
        yield Perform(trade, Call(CONTRACT, ACTOR, utc_now(), None, body, key, None, False, {"request_id": "budget"}))


async def measure(database: Database, units: Iterator[Perform], together: int) -> tuple[float, float]:
    """Seconds of this process's CPU, and on the clock, a sale, where so many wait together; the best of the rounds."""
    best = (1.0, 1.0)
    for _ in range(ROUNDS):
        clock, cpu = time.perf_counter(), time.process_time()
        for _ in range(SALES_A_ROUND // together // (16 if together == 1 else 1)):
            await asyncio.gather(*(database.unit(next(units)) for _ in range(together)))
        done = SALES_A_ROUND // together // (16 if together == 1 else 1) * together
        best = min(best, ((time.process_time() - cpu) / done, (time.perf_counter() - clock) / done))
    return best


async def report(title: str, database: Database, first_phone: int) -> None:
    """Print a line for each number of sales that wait together."""
    units = sales(first_phone)
    for together in SIZES:
        cpu, clock = await measure(database, units, together)
        print(
            f"{title:<11} {together:>3} together: {cpu * 1e6:6.0f} us of CPU here, {clock * 1e6:6.0f} us on the clock, a sale"
        )
    await database.close()


def main() -> None:
    """Measure both databases."""
    with tempfile.TemporaryDirectory() as folder, private_postgres() as server:
        for title, where in (("SQLite", Path(folder)), ("PostgreSQL", server.database("budget"))):
            create_user(where, Path(folder), "a-long-enough-password")
            _, first_phone = load(where, CUSTOMERS, SALES, STOCK)
            database = open_database(None, where) if isinstance(where, Path) else open_database(where, Path())
            asyncio.run(report(title, database, first_phone))


if __name__ == "__main__":
    main()
