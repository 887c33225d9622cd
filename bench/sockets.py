"""`python -m bench.sockets`: how soon the last of a crowd of sockets has an event, after the sale was answered or before."""

import argparse
import asyncio
import tempfile
from pathlib import Path
from time import perf_counter

from tests.reliability.crowd import Crowd, memory, percentile
from tests.reliability.serving import Server, Shop, a_customer

TARGET = 0.25
"""Seconds until the last of 1,000 has it, in 99 of 100 events."""


async def measure(shop: Shop, server: Server, sockets: int, events: int) -> float:
    """Let so many listen, write so many events, and print what each took; the 99th percentile in seconds."""
    idle = memory(server.process.pid)
    crowd = Crowd(server.base, shop.token)
    await crowd.come(sockets)
    print(f"{sockets:,} sockets: {memory(server.process.pid) - idle:.0f} MB above {idle:.0f} MB")
    lasts, middles = [], []
    async with shop.client(server) as client:
        for _ in range(events):
            before, known = perf_counter(), len(crowd.heard)
            await a_customer(client)
            await crowd.all_have_heard(known + sockets)
            times = [each - before for each in crowd.heard[known:]]
            lasts.append(max(times))
            middles.append(percentile(times, 0.5))
    crowd.leave()
    found = percentile(lasts, 0.99)
    print(
        f"{events} events: the last of them has it after {percentile(lasts, 0.5) * 1000:.0f} ms (median), {found * 1000:.0f} ms"
        f" (p99); the middle one after {percentile(middles, 0.5) * 1000:.0f} ms, counted from the request that writes"
    )
    return found


def main() -> int:
    """Measure once; 1 where the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.sockets", description=__doc__)
    parser.add_argument("--sockets", type=int, default=1000)
    parser.add_argument("--events", type=int, default=50)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        shop = Shop(Path(folder), "")
        try:
            found = asyncio.run(measure(shop, shop.serve(), chosen.sockets, chosen.events))
        finally:
            shop.close()
    return int(chosen.sockets == 1000 and found > TARGET)


if __name__ == "__main__":
    raise SystemExit(main())
