"""How many jobs a second are written, each in a unit of its own, and done: `python -m bench.jobs`."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.servers import private_postgres

from bench.ours import create_user
from tradehall.kernel.calls import AsSystem
from tradehall.kernel.context import Context
from tradehall.kernel.database import Database, open_database
from tradehall.kernel.jobs import Job, task
from tradehall.kernel.office import Office, utc_now
from tradehall.trades.phoneshop import trade

JOBS, TOGETHER, ROUNDS = 4_000, 64, 3
WRITTEN, DONE = 1_500, 4_000
"""The targets, a second."""


@task("bench.nothing")
async def nothing(office: Office, job: Job) -> None:
    """Ask nobody for anything."""


def want(ctx: Context) -> None:
    """Have nothing done."""
    ctx.later(nothing, {"to": "nobody"})


async def measure(title: str, database: Database) -> bool:
    """Print the best of the rounds; whether both targets were met."""
    office = Office(database, [trade], "a secret that nobody needs to know")
    written = done = 0.0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(JOBS // TOGETHER):
            units = (AsSystem(trade, 1, utc_now(), want) for _ in range(TOGETHER))
            await asyncio.gather(*(database.unit(unit) for unit in units))
        middle = time.perf_counter()
        count = await office.work_once()
        end = time.perf_counter()
        written, done = max(written, count / (middle - start)), max(done, count / (end - middle))
    print(f"{title:<11} written {written:7,.0f}/s (target {WRITTEN:,})   done {done:7,.0f}/s (target {DONE:,})")
    await database.close()
    return written >= WRITTEN and done >= DONE


def main() -> int:
    """Measure both databases; 1 where a target was missed."""
    met = []
    with tempfile.TemporaryDirectory() as folder, private_postgres() as server:
        for title, where in (("SQLite", Path(folder)), ("PostgreSQL", server.database("jobs"))):
            create_user(where, Path(folder), "a-long-enough-password")
            url = None if isinstance(where, Path) else where
            met.append(asyncio.run(measure(title, open_database(url, Path(folder)))))
    return 0 if all(met) else 1


if __name__ == "__main__":
    sys.exit(main())
