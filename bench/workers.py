"""Two processes against one, on reads: `python -m bench.workers` (PostgreSQL; wrk takes its share of the same cores)."""

import math
import os
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.servers import private_postgres, private_valkey

from bench import ours, rounds
from bench.contestants import Contestant, Stock, first_answer, free_port, memory_mb, running, wait_for_line

CUSTOMERS, SALES, STOCK = 2_000, 5_000, 100
ROUNDS, SECONDS = 5, 4
AT_LEAST = 1.4
Reading = Callable[[Contestant], rounds.Lap]
Pair = tuple[tuple[Contestant, int], tuple[Contestant, int]]
MANY = 64
READS: dict[str, Reading] = {
    "GET one customer": rounds.customer,
    f"GET one customer, {MANY} connections": lambda one: rounds.customer(replace(one, connections=MANY)),
    "list of 50 sales": lambda one: rounds.page(one, "/api/sales/?limit=50"),
    "GET the overview": rounds.overview,
}


@dataclass
class Spent:
    """CPU seconds that requests took: of the processes that serve, of PostgreSQL and of the load generator."""

    requests: int = 0
    ours: float = 0.0
    postgres: float = 0.0
    load: float = 0.0

    def __str__(self) -> str:
        each = (f"{seconds / self.requests * 1e6:.0f} us {of}" for seconds, of in self._parts())
        return f"CPU of a request: {', '.join(each)}"

    def _parts(self) -> list[tuple[float, str]]:
        return [(self.ours, "ours"), (self.postgres, "PostgreSQL's"), (self.load, "wrk's")]

    @property
    def all_of_one(self) -> float:
        """CPU seconds of one request, whoever spends them."""
        return (self.ours + self.postgres + self.load) / self.requests


def cpu(process: int) -> float:
    """CPU seconds of a process and of all that it started and that are there."""
    found = 0.0
    for task in Path(f"/proc/{process}/task").iterdir():
        found += sum(cpu(int(child)) for child in (task / "children").read_text().split())
    ticks = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
    return found + sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def noting(lap: rounds.Lap, spent: Spent, ours: int, postgres: int) -> rounds.Lap:
    """The same rounds, with the CPU that they took noted."""

    def now() -> tuple[float, float, float]:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return cpu(ours), cpu(postgres), children.ru_utime + children.ru_stime

    def noted(seconds: int) -> rounds.Round:
        before = now()
        done = lap(seconds)
        ours, postgres, load = (after - each for after, each in zip(now(), before, strict=True))
        spent.requests += done.right
        spent.ours, spent.postgres, spent.load = spent.ours + ours, spent.postgres + postgres, spent.load + load
        return done

    return noted


@contextmanager
def served(where: str, redis: str, password: str, processes: int, place: Path) -> Iterator[tuple[Contestant, int]]:
    """The phone shop, served by so many processes, and the one that was begun."""
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
        yield Contestant(f"{processes}", url, token, stock, took, memory_mb(process.pid), "", 0), process.pid


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
            ratios = [
                compared(title, reading, (one, two), server.program.processes[0], rounds_, seconds)
                for title, reading in READS.items()
            ]
    mean = math.prod(ratios) ** (1 / len(ratios))
    print(f"two of one, the reads' geometric mean: {mean:.2f}x, asked is {AT_LEAST:g}x")
    return 0 if mean >= AT_LEAST else 1


def compared(title: str, reading: Reading, pair: Pair, postgres: int, rounds_: int, seconds: int) -> float:
    """Print what both do of one kind of read, and return how much two processes do of what one does."""
    spent = {each.name: Spent() for each, _ in pair}
    laps = {each.name: noting(reading(each), spent[each.name], pid, postgres) for each, pid in pair}
    found = rounds.alternate(laps, rounds_, seconds)
    print(title)
    for each, _ in pair:
        figures = found[each.name]
        if figures.wrong:
            raise SystemExit(f"{figures.wrong} wrong answers: {figures.first_wrong}")
        print(f"  {each.name} at work: {figures.rate:,.0f}/s, {figures.p50_ms:.2f} ms; {spent[each.name]}")
    ratio = found["2"].rate / found["1"].rate
    cores, alone = os.cpu_count() or 1, spent["1"].ours / spent["1"].requests
    allowed = cores * alone / spent["2"].all_of_one
    print(f"  two of one: {ratio:.2f}x; by that CPU {cores} cores allow {allowed:.2f}x, without an idle moment")
    return ratio


if __name__ == "__main__":
    sys.exit(main())
