"""`python -m bench.laundry`: what a laundry does in a second, and how soon a crowd at its sockets hears of it."""

import argparse
import asyncio
import json
import os
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import sqlalchemy as sa
from tests.reliability.crowd import Crowd, memory, percentile
from tests.reliability.serving import Server, Shop
from tests.trades.laundry.loading import SHORT, Ear, Load, settled
from tests.trades.laundry.moving import ask, move_in

from tradehall.trades import laundry
from tradehall.trades.laundry.models import Activity

MACHINES, RESIDENTS, WAITING = 300, 316, 300
FEW = 12
"""Machines of a house at whose sockets a crowd listens: each hears of all of them first."""
CHANNEL = "/api/ws"
EVENTS = 30
QUEUE = {"machine_type": "dryer"}
"""What people wait for; the machines that are started are washers."""
MANY = {"MAX_ACTIVE_CONNECTIONS": "20000"}


@dataclass(frozen=True)
class Figure:
    """A line of the table."""

    what: str
    found: float
    asked: float
    unit: str
    least: bool = False
    """Whether more is better."""

    @property
    def is_met(self) -> bool:
        return self.found >= self.asked if self.least else self.found <= self.asked

    def show(self) -> None:
        """Print it."""
        bound = f"{'>=' if self.least else '<='} {self.asked:,g} {self.unit}"
        print(
            f"{self.what:56}{self.found:>12,.0f} {self.unit:6}{bound:>18}  {'ok' if self.is_met else 'MISSED'}",
            flush=True,
        )


@dataclass(frozen=True)
class House:
    """A laundry with its residents, and servers for it."""

    shop: Shop
    tokens: list[str]

    async def serve(self, **settings: str) -> Server:
        """A server, beside this loop."""
        return await asyncio.to_thread(lambda: self.shop.serve(**MANY, **settings))


async def wash(server: Server, token: str, mine: list[int], until: float) -> int:
    """Start and cancel one machine after the other on a connection of one's own; how many verbs that were."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    done = 0
    while perf_counter() < until:
        for deed in ("start", "cancel"):
            body = json.dumps({"machine_type": "washer", "machine_id": mine[done // 2 % len(mine)]})
            head = (
                f"POST /api/v1/machines/{deed} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write((head + body).encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            content = await reader.readexactly(int(length.split(b":")[1]))
            assert answer.split()[1] == b"200", content
            done += 1
    writer.close()
    return done


async def verbs(house: House) -> list[Figure]:
    """How many verbs a second residents get done who start machines and cancel them again."""
    server, some, started = await house.serve(), house.tokens[-16:], perf_counter()
    shares = [list(range(1 + number, MACHINES + 1, len(some))) for number in range(len(some))]
    each = (wash(server, token, mine, started + 10) for token, mine in zip(some, shares, strict=True))
    done = sum(await asyncio.gather(*each))
    return [Figure("verbs a second", done / (perf_counter() - started), 1000, "/s", least=True)]


async def told(house: House, server: Server, crowd: Crowd, readers: int, events: int) -> list[list[float]]:
    """Start and cancel a machine so often; how long each reader waited for each, in milliseconds."""
    found = []
    for number in range(events):
        before, known = perf_counter(), len(crowd.heard)
        status, body = await ask(server, house.tokens[-1], f"machines/{('start', 'cancel')[number % 2]}", machine_id=1)
        assert status == 200, body
        await crowd.all_have_heard(known + readers)
        found.append([(each - before) * 1000 for each in crowd.heard[known:]])
    return found


async def crowded(house: House, sockets: int, events: int) -> tuple[float, list[float]]:
    """MB that so many sockets take, with the server; and milliseconds until the last one has heard, for each event."""
    server = await house.serve()
    crowd = Crowd(server.base, house.tokens[0], CHANNEL, "machine_update")
    for _ in range(sockets // 1000):
        await crowd.come(1000)
    lasts = [max(each) for each in await told(house, server, crowd, sockets, events)]
    held = memory(server.process.pid)
    crowd.leave()
    return held, lasts


async def thousand(house: House) -> list[Figure]:
    """One machine started before a thousand sockets."""
    _, lasts = await crowded(house, 1000, EVENTS)
    return [Figure("1,000 sockets: until the last has it, p99", percentile(lasts, 0.99), 250, "ms"),
            Figure("1,000 sockets: until the last has it, median", percentile(lasts, 0.5), 250, "ms")]  # fmt: skip


async def ten_thousand(house: House) -> list[Figure]:
    """Ten thousand sockets."""
    held, lasts = await crowded(house, 10_000, 4)
    return [Figure("10,000 sockets: memory of the server", held, 500, "MB"),
            Figure("10,000 sockets: a kilobyte to all, slowest", max(lasts), 2000, "ms")]  # fmt: skip


async def stalled(house: House) -> list[Figure]:
    """Fifty of a thousand who do not read, while a long queue is told to everybody."""
    server = await house.serve()
    for token in house.tokens[:WAITING]:
        await ask(server, token, "waitlist/join", **QUEUE)
    crowd = Crowd(server.base, house.tokens[0], CHANNEL, "machine_update")
    await crowd.come(950)
    await crowd.come(50, stalls=True)
    for deed in ("leave", "join") * 6:  # 50 KB each: more than is held for somebody who does not read
        assert (await ask(server, house.tokens[0], f"waitlist/{deed}", **QUEUE))[0] == 200
    await told(house, server, crowd, 950, 2)  # when this is heard, so is all that was said before
    since, waits = perf_counter(), list[float]()
    while (open_sockets := await _listening(server)) > 950 and perf_counter() < since + 20:
        waits += [each for event in await told(house, server, crowd, 950, 2) for each in event]
    gone = perf_counter() - since
    crowd.leave()
    return [Figure("50 of 1,000 stalled: p99 of the others", percentile(waits, 0.99), 1000, "ms"),
            Figure("50 of 1,000 stalled: until they are closed", gone, 10, "s"),
            Figure("50 of 1,000 stalled: who is left", open_sockets, 950, "")]  # fmt: skip


async def _listening(server: Server) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    body = (await reader.read()).split(b"\r\n\r\n", 1)[1]
    writer.close()
    return int(json.loads(body)["active_connections"])


async def restarted(house: House) -> list[Figure]:
    """A restart under load, and a client that resumes."""
    shop, count = house.shop, sa.select(Activity.table.c.id)

    async def happened() -> Counter[int]:
        return Counter(await shop.read(lambda session: session.execute(count).scalars().all()))

    before = await happened()
    load = Load(await house.serve(**SHORT), house.tokens, MACHINES)
    ear = Ear(load, house.tokens[0])
    listening = asyncio.create_task(ear.listen())
    await ear.listens.wait()
    washing = asyncio.create_task(load.go(12))
    await asyncio.sleep(5)
    await load.killed(shop)
    await washing
    await settled(shop)
    wanted = await happened() - before
    with suppress(TimeoutError):
        async with asyncio.timeout(20):
            while len(ear.heard) < wanted.total():  # noqa: ASYNC110 - it rings no bell
                await asyncio.sleep(0.1)
    listening.cancel()
    heard = Counter(ear.heard)
    return [Figure(f"a restart under load: of {wanted.total():,} events lost", (wanted - heard).total(), 0, ""),
            Figure("a restart under load: events told twice", (heard - wanted).total(), 0, "")]  # fmt: skip


ROWS: dict[str, Callable[[House], Awaitable[list[Figure]]]] = {
    "verbs": verbs, "thousand": thousand, "ten": ten_thousand, "stalled": stalled, "restart": restarted,
}  # fmt: skip


def measured(row: str, url: str) -> list[Figure]:
    """A row in a house of its own, with what the doctor finds afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        shop = Shop(Path(folder), url, laundry.trade)
        try:
            machines = MACHINES if row in ("verbs", "restart") else FEW
            house = House(shop, move_in(shop, machines, RESIDENTS))
            found = asyncio.run(_row(row, house))
            wrong = list(asyncio.run(shop.wrong()))
        finally:
            shop.close()
    return [*found, *([Figure(f"{row}: the doctor found {wrong}", len(wrong), 0, "")] if wrong else [])]


async def _row(row: str, house: House) -> list[Figure]:
    return await ROWS[row](house)


def main() -> int:
    """Measure once; 1 where a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.laundry", description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS), help="some of: %(default)s")
    parser.add_argument("--url", default="", help="an empty PostgreSQL, for one row; SQLite, if none is named")
    chosen = parser.parse_args()
    missed = 0
    for row in chosen.rows.split(","):
        for figure in measured(row, chosen.url):
            figure.show()
            missed += not figure.is_met
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return int(missed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
