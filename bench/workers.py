"""Two processes against one, on reads: `python -m bench.workers` (PostgreSQL; wrk takes its share of the same cores)."""

import secrets
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import private_postgres, private_valkey

from bench import ours, rounds
from bench.contestants import Contestant, Stock, first_answer, free_port, memory_mb, running, wait_for_line

CUSTOMERS, SALES, STOCK = 2_000, 5_000, 100
ROUNDS, SECONDS = 5, 4
AT_LEAST = 1.4


@contextmanager
def served(where: str, redis: str, password: str, processes: int, place: Path) -> Iterator[Contestant]:
    """The phone shop, served by so many processes."""
    place.mkdir()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [*ours.serve_command(place, port), "--workers", str(processes)]
    started = time.monotonic()
    # The same secret in both, and no log of requests, which a disk would write.
    env = ours.environment(where, place) | {"REDIS_URL": redis, "LOG_LEVEL": "warning"}
    with running(command, env, place) as process:
        wait_for_line(process, place / "output", "ready http://", place / "errors")
        first_answer(process, port, "/ping", place / "errors")
        took = time.monotonic() - started
        stock = Stock(1, CUSTOMERS, SALES, SALES + 1, STOCK)
        token = ours.sign_in(url, password)
        yield Contestant(f"{processes}", url, token, stock, took, memory_mb(process.pid), "", 0)


def main() -> int:
    """Measure, print, and say by the exit code whether it is enough."""
    rounds_, seconds = (1, 1) if "--quick" in sys.argv else (ROUNDS, SECONDS)
    password = secrets.token_urlsafe(16)
    with tempfile.TemporaryDirectory() as folder, private_postgres() as server, private_valkey() as redis:
        where = server.database("workers")
        ours.create_user(where, Path(folder), password)
        ours.load(where, CUSTOMERS, SALES, STOCK)
        with (
            served(where, redis, password, 1, Path(folder) / "one") as one,
            served(where, redis, password, 2, Path(folder) / "two") as two,
        ):
            laps = {each.name: rounds.customer(each) for each in (one, two)}
            found = rounds.alternate(laps, rounds_, seconds)
            for each in (one, two):
                figures = found[each.name]
                print(
                    f"{each.name} process{'es' * (each is two)}: {figures.rate:,.0f}/s, {figures.p50_ms:.2f} ms, "
                    f"{each.idle_mb:.0f} MB, {figures.wrong} wrong answers"
                )
    ratio = found["2"].rate / found["1"].rate
    print(f"two of one: {ratio:.2f}x, asked is {AT_LEAST:g}x")
    return 0 if ratio >= AT_LEAST and not any(each.wrong for each in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
