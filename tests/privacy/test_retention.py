"""What is older than the settings say is let go, each day, and counted in the log (P-39)."""

from functools import partial

import sqlalchemy as sa

from tests.privacy.hall import Hall
from tests.privacy.test_person import HIRE, SHOP, Planted, done
from tradehall.kernel.database import Session
from tradehall.kernel.files import File
from tradehall.kernel.notices.ledger import Message, Notice, Reply
from tradehall.kernel.people.tables import ATTEMPTS
from tradehall.kernel.records import Record


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
    await hall.office.sweep()
    assert await kept(hall) == before
    for trade in ("phoneshop", "bicycles"):
        path = SHOP if trade == "phoneshop" else HIRE
        chosen = {"keep_files_days": 50, "keep_messages_days": 50}
        await done(hall.owner(trade), "PUT", f"{path}/settings", 200, json=chosen)
    await hall.office.sweep()
    assert await kept(hall) == before
    hall.clock.forward(days=11)
    await hall.office.sweep()
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
    await hall.office.sweep()
    assert await left() == (3, 0)
    hall.clock.forward(days=30)
    await hall.office.sweep()
    assert (await left())[0] == 0
