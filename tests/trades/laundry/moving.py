"""A real laundry with machines and residents by the hundred, raced and looked at from outside."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from random import Random
from typing import Any

import sqlalchemy as sa

from tests.reliability.serving import SECRET, Server, Shop, race
from tests.trades.laundry.washing import AT, FIRST
from tradehall.kernel.calls import AsSystem
from tradehall.kernel.context import Context
from tradehall.kernel.notices.ledger import Notice
from tradehall.kernel.office import utc_now
from tradehall.kernel.people import CreateUser, NewUser, members
from tradehall.kernel.tokens import Tokens
from tradehall.trades import laundry
from tradehall.trades.laundry.models import Cycle, CycleStatus, Machine, MachineType, Offer, OfferStatus

MONTH = 60 * 24 * 30
WASHER = {"machine_type": "washer"}
EARLIER = timedelta(days=7)


def move_in(shop: Shop, machines: int, residents: int, kind: MachineType = MachineType.WASHER) -> list[str]:
    """Put machines of a kind and residents into a house; the tokens of the residents, which are good for weeks."""

    def furnish(ctx: Context) -> None:
        with ctx.happening("machine.seed"):
            for number in range(1, machines + 1):
                ctx.add(Machine(machine_type=kind, number=number))

    database, now = shop.database(), utc_now()
    database.run(AsSystem(laundry.trade, shop.org_id, now, furnish))
    for number in range(residents):
        user = NewUser(f"{FIRST + number}", (("laundry", "resident"),), "student_id", None)
        database.run(CreateUser(shop.org_id, user, now))
    everybody = database.ask(0, lambda session: list(members(session, "laundry")))
    tokens = Tokens(SECRET, database)
    return [tokens.issue(each, now - EARLIER, MONTH) for each in everybody if each.role == "resident"]


async def moved_in(shop: Shop, machines: int, residents: int) -> list[str]:
    """The same, beside a loop."""
    return await asyncio.to_thread(move_in, shop, machines, residents)


async def ask(server: Server, token: str, deed: str, **more: Any) -> tuple[int, Any]:
    """One request on a connection of its own; status and body."""
    [answer] = await race([server.base], token, f"{AT}/{deed}", [WASHER | more])
    return answer


async def emptied(server: Server, token: str, number: int = 1) -> None:
    """Somebody washes and takes the clothes out, so that a machine becomes free."""
    for deed in ("start", "end", "collect"):
        status, body = await ask(server, token, f"machines/{deed}", machine_id=number)
        assert status == 200, body


async def one_machine_for_many(shop: Shop, servers: list[Server], tokens: list[str], rounds: int) -> None:
    """Row 1: of those who start one machine at the same moment exactly one does."""
    bases = [each.base for each in servers]
    for _ in range(rounds):
        answers = await race(bases, tokens, f"{AT}/machines/start", [WASHER | {"machine_id": 1}] * len(tokens))
        assert Counter(status for status, _ in answers) == {200: 1, 400: len(tokens) - 1}
        assert {body["detail"] for status, body in answers if status == 400} == {"Machine is in_use"}
        winner = next(token for token, (status, _) in zip(tokens, answers, strict=True) if status == 200)
        assert (await ask(servers[0], winner, "machines/cancel", machine_id=1))[0] == 200
    started = sa.select(sa.func.count()).select_from(Cycle.table)
    assert await shop.read(lambda session: session.execute(started).scalar()) == rounds
    assert await shop.wrong() == []


async def first_come(shop: Shop, servers: list[Server], tokens: list[str]) -> None:
    """Row 26: those who join at the same moment have one place each, and machines go round by it."""
    joined = await race([each.base for each in servers], tokens, f"{AT}/waitlist/join", [WASHER] * len(tokens))
    places = {body["position"]: token for token, (status, body) in zip(tokens, joined, strict=True) if status == 200}
    assert sorted(places) == [*range(1, len(tokens) + 1)]
    await emptied(servers[0], shop.token)
    for place in sorted(places):
        bodies = [WASHER] * len(tokens)
        answers = await race([each.base for each in servers], tokens, f"{AT}/waitlist/accept", bodies)
        got = [token for token, (status, _) in zip(tokens, answers, strict=True) if status == 200]
        assert got == [places[place]]
        assert (await ask(servers[0], got[0], "machines/start", machine_id=1))[0] == 200
        assert (await ask(servers[0], got[0], "machines/cancel", machine_id=1))[0] == 200  # it goes to the next
    assert await shop.wrong() == []


async def offer_at_its_edge(shop: Shop, servers: list[Server], tokens: Sequence[str], dice: Random) -> bool:
    """Row 26: two wait, and at the moment at which the first one's offer ends both ask; gives whether it was taken."""
    first, second = tokens
    for token in tokens:
        assert (await ask(servers[0], token, "waitlist/join"))[0] == 200
    await emptied(servers[0], shop.token)
    offers = sa.select(Offer.table).order_by(Offer.table.c.id.desc()).limit(1)
    mine = await shop.read(lambda session: session.execute(offers).mappings().one())
    before = (mine["until"] - utc_now()).total_seconds()

    async def at_the_edge(number: int, token: str, deed: str) -> tuple[int, Any]:
        await asyncio.sleep(max(0.0, before - 0.02 + dice.random() * 0.03))
        return await ask(servers[number % len(servers)], token, deed, **({"machine_id": 1} if "start" in deed else {}))

    wishes = [(first, "waitlist/accept")] * 8 + [(second, "waitlist/accept")] * 8 + [(second, "machines/start")] * 8
    asked = zip(wishes, await asyncio.gather(*(at_the_edge(n, *each) for n, each in enumerate(wishes))), strict=True)
    got = {token for (token, _), (status, _) in asked if status == 200}
    found = sa.select(Offer.table).where(Offer.table.c.id >= mine["id"]).order_by(Offer.table.c.id)
    rows = await shop.read(lambda session: session.execute(found).mappings().all())
    taken = first in got
    assert len(got) <= 1
    assert rows[0]["status"] in ((OfferStatus.HELD,) if taken else (OfferStatus.OFFERED, OfferStatus.LAPSED))
    assert all(each["user_id"] != rows[0]["user_id"] for each in rows[1:2])  # it goes to the next person
    for token in tokens:
        await ask(servers[0], token, "machines/cancel", machine_id=1)
        await ask(servers[0], token, "waitlist/leave")
    return taken


def lost_or_doubled(session: Any) -> Iterator[str]:
    """What is not as it must be, whatever became of the server and of its clock."""
    cycles = session.execute(sa.select(Cycle.table)).mappings().all()
    over = [each for each in cycles if each["status"] not in (CycleStatus.RUNNING, CycleStatus.CANCELLED)]
    counted = {each["id"]: each["total_cycles"] for each in session.execute(sa.select(Machine.table)).mappings().all()}
    by_machine = Counter(each["machine_id"] for each in over)
    yield from (f"machine {key} counts {count}" for key, count in counted.items() if by_machine[key] != count)
    offers = session.execute(sa.select(Offer.table)).mappings().all()
    yield from _told(session, "cycle_completed", over)
    yield from _told(session, "machine_offered", offers)
    yield from _told(session, "offer_missed", [each for each in offers if each["status"] == OfferStatus.LAPSED])
    for key, some in groupby(sorted(cycles, key=_by_machine), key=lambda each: each["machine_id"]):
        loads = [each for each in some if each["cleared_at"] is None]
        if len(loads) > 1:
            yield f"machine {key} has {len(loads)} loads"
    live = Counter(each["machine_id"] for each in offers if each["ended_at"] is None)
    yield from (f"machine {key} is offered {count} times" for key, count in live.items() if count > 1)


def _by_machine(row: Any) -> Any:
    return row["machine_id"], row["id"]


def _told(session: Any, template: str, wanted: Sequence[Any]) -> Iterator[str]:
    """Where people were told something of a machine more or less often than it happened to them."""
    templates = (template, "waitlist_removed") if template == "offer_missed" else (template,)
    told = sa.select(Notice.table.c.person_id, Notice.table.c.cause_id).where(Notice.table.c.template.in_(templates))
    heard = Counter((row.person_id, row.cause_id) for row in session.execute(told))
    happened = Counter((each["user_id"], each["machine_id"]) for each in wanted)
    for key in happened.keys() | heard.keys():
        if happened[key] != heard[key]:
            yield f"{template}: person and machine {key} were told {heard[key]} times of {happened[key]}"


def overdue(now: datetime) -> Callable[[Any], int]:
    """How many cycles and offers should be over, and are not."""

    def query(session: Any) -> int:
        cycles = sa.select(sa.func.count()).where(
            Cycle.table.c.status == CycleStatus.RUNNING, Cycle.table.c.ends_at <= now
        )
        offers = sa.select(sa.func.count()).where(Offer.table.c.ended_at.is_(None), Offer.table.c.until <= now)
        return int(session.execute(cycles).scalar_one() + session.execute(offers).scalar_one())

    return query
