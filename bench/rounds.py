"""Short rounds of wrk, the contestants in turn, so that noise hits them all."""

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.contestants import Contestant
from bench.plan import PAGE

SCRIPTS = Path(__file__).parent / "wrk"
OBJECT, LIST = '^%s*{%s*"', '^%s*%[%s*{%s*"'
SHORTEST_SALE = 60


@dataclass(frozen=True)
class Round:
    """What one run of wrk found."""

    right: int
    wrong: int
    broken: int
    seconds: float
    p50_ms: float
    next_phone: int
    first_wrong: str


@dataclass(frozen=True)
class Figures:
    """The median of a contestant's rounds, and the sum of its faults."""

    rate: float
    p50_ms: float
    right: int
    wrong: int
    first_wrong: str


Lap = Callable[[int], Round]


def wrk(contestant: Contestant, script: str, seconds: int, arguments: tuple[object, ...]) -> Round:
    """Run wrk once: one thread, every answer checked."""
    words = [
        "wrk",
        "-t1",
        f"-c{contestant.connections}",
        f"-d{seconds}s",
        "--timeout",
        "30s",
        "-s",
        str(SCRIPTS / script),
    ]
    command = [*words, contestant.url, "--", *map(str, arguments)]
    env = os.environ | {"BENCH_TOKEN": contestant.token, "BENCH_SCRIPTS": str(SCRIPTS)}
    printed = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    found = [line for line in printed.stdout.splitlines() if line.startswith("BENCH ")]
    if not found:
        raise SystemExit(f"wrk failed: {printed.stdout}{printed.stderr}")
    return Round(**json.loads(found[0].removeprefix("BENCH ")))


def reading(contestant: Contestant, path: str, shape: tuple[str, str, int], first: int = 1, last: int = 1) -> Lap:
    """Rounds of GET; a %d in the path stands for any number from first to last."""
    return lambda seconds: wrk(contestant, "read.lua", seconds, (*shape, path, first, last))


def bare(contestant: Contestant) -> Lap:
    """Rounds of the reference's route that does nothing."""
    return reading(contestant, "/bare", (OBJECT, '"status"', 10))


def customer(contestant: Contestant) -> Lap:
    """Rounds of GET one customer, any of them."""
    first, count = contestant.stock.first_customer, contestant.stock.customers
    return reading(contestant, "/api/customers/%d", (OBJECT, '"full_name"', 60), first, first + count - 1)


def page(contestant: Contestant, path: str) -> Lap:
    """Rounds of GET one page of sales."""
    return reading(contestant, path, (LIST, '"invoice_number"', PAGE * SHORTEST_SALE))


def overview(contestant: Contestant) -> Lap:
    """Rounds of GET the overview."""
    return reading(contestant, "/api/analytics/overview", (OBJECT, '"totals"', 100))


def posting(contestant: Contestant, what: str) -> Lap:
    """Rounds of POST a sale or a swap, each of a phone that no round has offered before, or of POST a repair."""

    def lap(seconds: int) -> Round:
        stock, first = contestant.stock, contestant.next_phone
        last_customer = stock.first_customer + stock.customers - 1
        arguments = (what, f"bench-{contestant.name}-", first, stock.last_timed, stock.first_customer, last_customer)
        done = wrk(contestant, "sell.lua", seconds, arguments)
        contestant.next_phone = done.next_phone
        return done

    return lap


def alternate(laps: Mapping[str, Lap], rounds: int, seconds: int) -> dict[str, Figures]:
    """Warm each up for a second, then give each its rounds in turn."""
    warm = {name: lap(1) for name, lap in laps.items()}
    done: dict[str, list[Round]] = {name: [] for name in laps}
    for _ in range(rounds):
        for name, lap in laps.items():
            done[name].append(lap(seconds))
    return {name: figures(warm[name], found) for name, found in done.items()}


def figures(warm: Round, timed: list[Round]) -> Figures:
    """The median of the timed rounds; faults and sums count the warm-up too."""
    every = [warm, *timed]
    return Figures(
        rate=median(one.right / one.seconds for one in timed),
        p50_ms=median(one.p50_ms for one in timed),
        right=sum(one.right for one in every),
        wrong=sum(one.wrong + one.broken for one in every),
        first_wrong=next((one.first_wrong for one in every if one.first_wrong), ""),
    )
