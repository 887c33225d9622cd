"""A sender of webhooks that is killed while it sends, and whether each event arrives all the same."""

from __future__ import annotations

import asyncio
import random
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

import sqlalchemy as sa

from tests.kernel import stall
from tests.kernel.floor import Floor, bring
from tests.receiver import Receiver, receiving
from tests.running import SECRET, Clock
from tradehall.adapters.courier import PublicCourier
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Refused
from tradehall.kernel.jobs import JOBS, LEASE
from tradehall.kernel.office import Office
from tradehall.kernel.outside import Outside
from tradehall.kernel.webhooks.records import Delivery, Webhook

EVENTS = 6
"""How many events each sender has before it."""
SENDER = """
import asyncio, sys
from pathlib import Path
from tests.kernel import stall
from tests.running import SECRET, Clock
from tradehall.adapters.courier import PublicCourier
from tradehall.kernel.database import open_database
from tradehall.kernel.office import Office
from tradehall.kernel.outside import Outside

clock = Clock()
clock.set(sys.argv[2])
office = Office(open_database(sys.argv[1], Path()), [stall.trade], SECRET, clock, Outside(courier=PublicCourier(True)))
asyncio.run(office.work_once())
"""


@dataclass(frozen=True)
class Point:
    """When a sender is killed: at which request, before or after it is answered, and so much later."""

    request: int
    is_answered: bool
    delay: float = 0.0


def points(count: int, seed: int) -> Iterable[Point]:
    """So many points between the first and the last request."""
    chance = random.Random(seed)  # noqa: S311 - which points is no secret
    for _ in range(count):
        yield Point(chance.randint(1, EVENTS), chance.random() < 0.5, chance.choice((0.0, 0.001, 0.003, 0.01)))


async def killed_at(floor: Floor, url: str, clock: Clock, wanted: Iterable[Point]) -> int:
    """Kill a sender at each point and have another one end its work; gives how many messages came twice."""
    outside = Outside(courier=PublicCourier(allow_private=True))
    office = Office(floor.database, [stall.trade], SECRET, clock, outside)
    async with receiving() as receiver:
        await floor.rule(lambda ctx: _webhook(ctx, receiver.url("/ok")))
        for number, point in enumerate(wanted):
            await _happen(floor, number)
            await _kill(receiver, point, url, clock)
            clock.forward(seconds=LEASE.total_seconds() + 1)
            await office.work_once()
        return await _arrived(floor, receiver)


def _webhook(ctx: Context, url: str) -> None:
    with ctx.happening("test"):
        given = {"of_trade": "stall", "events": ["crate.bring"], "secret": "whsec_c2VjcmV0", "role": "keeper"}
        ctx.add(Webhook(url=url, created_by=1, **given))


async def _happen(floor: Floor, number: int) -> None:
    """Some events, and some that are taken back."""
    for each in range(EVENTS):
        await floor.do(bring(f"{number}.{each}"))
    try:
        await floor.do(bring("forbidden fruit"))
    except Refused:
        return


async def _kill(receiver: Receiver, point: Point, url: str, clock: Clock) -> None:
    words = (sys.executable, "-c", SENDER, url, clock().isoformat())
    process = await asyncio.create_subprocess_exec(*words, stderr=asyncio.subprocess.PIPE)
    loop, before = asyncio.get_running_loop(), len(receiver.got)

    def end() -> None:
        with suppress(ProcessLookupError):
            process.kill()

    def kill(count: int, is_answered: bool) -> None:
        if count - before >= point.request and is_answered == point.is_answered:
            loop.call_later(point.delay, end)

    receiver.on_request = kill
    _, errors = await process.communicate()
    receiver.on_request = lambda count, is_answered: None
    assert process.returncode in (0, -signal.SIGKILL), errors.decode()


async def _arrived(floor: Floor, receiver: Receiver) -> int:
    sent = [(got.headers["webhook-id"], got.body) for got in receiver.got]
    states = await floor.read(lambda db: {row.id: row.state for row in db.execute(sa.select(Delivery.table))})
    assert set(states.values()) == {"delivered"}
    assert {known_as for known_as, _ in sent} == {f"msg_{each}" for each in states}
    assert len(set(sent)) == len(states) == len(await floor.labels())
    assert not any(b"forbidden fruit" in body for _, body in sent)
    left = sa.select(sa.func.count()).where(JOBS.c.state != "done")
    assert await floor.read(lambda db: db.execute(left).scalar(), 0) == 0
    return len(sent) - len(states)
