"""What is older than the settings say is let go, each day, and counted in the log (P-39)."""

import asyncio
from functools import partial
from typing import Any

import sqlalchemy as sa

from tests.privacy.hall import Hall
from tests.privacy.test_person import HIRE, SHOP, Planted, done
from tests.running import SECRET
from tradehall.kernel.database import Session, open_database
from tradehall.kernel.files import File
from tradehall.kernel.jobs import JOBS
from tradehall.kernel.notices.ledger import Message, Notice, Reply
from tradehall.kernel.office import Office
from tradehall.kernel.people.tables import ATTEMPTS
from tradehall.kernel.records import Record
from tradehall.kernel.retention import plan


def _count(record: type[Record], session: Session) -> int:
    query = sa.select(sa.func.count()).select_from(record.table).where(record.table.c.org_id == 1)
    if record is Notice:  # the rental's owner is told of it while time goes by
        query = query.where(Notice.of_trade == "phoneshop")
    return int(session.execute(query).scalar_one())


def _attempts(session: Session) -> int:
    return int(session.execute(sa.select(sa.func.count()).select_from(ATTEMPTS)).scalar_one())


async def kept(hall: Hall) -> list[int]:
    """How many files, messages, notices and replies there are."""
    records = (File, Message, Notice, Reply)
    return [await hall.office.database.read(1, partial(_count, record)) for record in records]


async def test_nothing_goes_before_its_time_and_files_and_messages_only_where_the_owner_says_so(hall: Hall) -> None:
    planted = Planted(hall)
    await planted.plant()
    owner = hall.owner()
    before = await kept(hall)
    assert before == [10, 10, 10, 10]
    hall.clock.forward(days=40)
    await hall.settle()
    assert await kept(hall) == before
    for trade in ("phoneshop", "bicycles"):
        path = SHOP if trade == "phoneshop" else HIRE
        chosen = {"keep_files_days": 50, "keep_messages_days": 50}
        await done(hall.owner(trade), "PUT", f"{path}/settings", 200, json=chosen)
    await hall.settle()
    assert await kept(hall) == before
    hall.clock.forward(days=11)
    await hall.settle()
    assert await kept(hall) == [0, 0, 0, 0]
    left = hall.everything()
    assert [word for word in planted.words if word in left and word.split("-")[1:2] in (["body"], ["content"])] == []
    assert await hall.wrong() == []
    log = await done(owner, "GET", f"{SHOP}/audit?entity=kernel_privacy", 200)
    assert "'messages': 30" in str(log)


async def test_attempts_keys_and_jobs_go_by_themselves(hall: Hall) -> None:
    owner = hall.owner()
    for name in ("nobody", "somebody"):
        await done(owner, "POST", f"{SHOP}/auth/login-json", 401, json={"username": name, "password": "wrong password"})
    given = {"full_name": "Ama", "phone_number": "0244778001"}
    await done(owner, "POST", f"{SHOP}/customers", 201, json=given, headers={"Idempotency-Key": "one"})

    async def left() -> tuple[int, int]:
        return await hall.office.database.read(0, _attempts), hall.everything().count("idempotency_keys: ")

    assert await left() == (3, 1)
    hall.clock.forward(days=2)
    await hall.settle()
    assert await left() == (3, 0)
    hall.clock.forward(days=30)
    await hall.settle()
    assert (await left())[0] == 0


async def retentions(hall: Hall, *states: str) -> list[Any]:
    """The jobs of the retention in the first organisation's phone shop, oldest first."""
    mine = (JOBS.c.verb == "privacy.retain", JOBS.c.org_id == 1, JOBS.c.of_trade == "phoneshop")
    query = sa.select(JOBS).where(*mine, JOBS.c.state.in_(states)).order_by(JOBS.c.id)
    return list(await hall.office.database.read(0, lambda session: session.execute(query).all()))


async def test_p39_retention_runs_once_a_day_however_many_processes_there_are(hall: Hall) -> None:
    hall.clock.forward(days=0)  # it stands from here on
    others = [Office(open_database(hall.url, hall.folder), hall.office.trades.values(), SECRET, hall.clock)
              for _ in range(3)]  # fmt: skip
    everybody = [hall.office, *others]
    await asyncio.gather(*(each.sweep() for each in everybody))
    for day in range(1, 4):
        assert len(await retentions(hall, "queued", "running")) == 1
        hall.clock.forward(days=1)
        await asyncio.gather(*(each.sweep() for each in everybody))
        await asyncio.gather(*(each.work_once() for each in everybody))
        await hall.settle()
        assert len(await retentions(hall, "done")) == day
    waiting, last = (await retentions(hall, "queued"))[0], (await retentions(hall, "done"))[-1]
    assert (waiting.due_at - last.due_at).total_seconds() >= 24 * 3600
    for each in others:
        await each.worker.close()
        await each.database.close()


async def test_p24_a_retention_that_failed_for_good_is_planned_again_for_the_next_day(hall: Hall) -> None:
    await hall.office.sweep()
    while not await retentions(hall, "queued"):  # noqa: ASYNC110 - the office may be about to write it
        await asyncio.sleep(0.01)
    dead = sa.update(JOBS).where(JOBS.c.verb == "privacy.retain").values(state="dead")
    trade = hall.office.trades["phoneshop"]
    await hall.office.as_system(trade, 1, lambda ctx: ctx.session.execute(dead))
    for _ in range(2):
        await hall.office.as_system(trade, 1, plan)
    [failed], [again] = await retentions(hall, "dead"), await retentions(hall, "queued")
    assert (again.due_at - failed.due_at).total_seconds() == 24 * 3600
