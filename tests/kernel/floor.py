"""A stall on a database: units that are made to share one transaction, and whether everything is right afterwards."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import psycopg
import sqlalchemy as sa

from tests.kernel import stall
from tests.kernel.stall import Crate, NewCrate, Tag
from tradehall.kernel.calls import Call, Perform
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract
from tradehall.kernel.database import Batch, Database, Session, SqliteDatabase, Work
from tradehall.kernel.doctor import altered, differences
from tradehall.kernel.events import EVENTS
from tradehall.kernel.idempotency import KEYS, Key
from tradehall.kernel.numbers import NUMBERS
from tradehall.kernel.verbs import Actor, system

NOW = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
HERE, THERE = 1, 2
"""The two organisations."""
BRING = Contract("POST", "/api/crates", stall.bring, 201)


class Unit(Work):
    """What somebody does in one unit, outside every verb at first; it keeps the transactions that it was run in."""

    through_context = True

    def __init__(self, rule: Callable[[Context], Any], org_id: int = HERE) -> None:
        self.org_id, self.rule = org_id, rule
        self.ran_in: list[Batch] = []

    def run(self, batch: Batch) -> Any:
        self.ran_in.append(batch)
        ctx = Context(batch, stall.trade, system(self.org_id, "stall"), NOW, {})
        result = self.rule(ctx)
        ctx.flush()
        return result


class Keyed(Perform):
    """A call with a key, which keeps the transactions that it was run in."""

    def __init__(self, key: str, label: str, now: datetime = NOW) -> None:
        actor = Actor(HERE, "stall", "seller", 1)
        body = NewCrate(label=label)
        given = Key.of(actor.label, "POST", "stall:/api/crates", key, body.model_dump_json().encode())
        super().__init__(stall.trade, Call(BRING, actor, now, body=body, key=given))
        self.ran_in: list[Batch] = []

    def run(self, batch: Batch) -> Any:
        self.ran_in.append(batch)
        return super().run(batch)


def bring(label: str, **more: Any) -> Unit:
    """A unit that brings a crate."""
    return Unit(lambda ctx: ctx.do(stall.bring, NewCrate(label=label, **more)))


class Floor:
    """A stall's database with its two organisations."""

    def __init__(self, database: Database, admin_url: str) -> None:
        self.database = database
        self.admin_url = admin_url

    @property
    def on_sqlite(self) -> bool:
        return isinstance(self.database, SqliteDatabase)

    async def do(self, work: Work) -> Any:
        """Run one unit."""
        return await self.database.unit(work)

    async def rule(self, rule: Callable[[Context], Any], org_id: int = HERE) -> Any:
        """Run one rule as a unit."""
        return await self.do(Unit(rule, org_id))

    async def together(self, *works: Work) -> list[Any]:
        """Ask for units in one turn of the loop, so that they share a transaction; results, or what each raised."""
        return list(await asyncio.gather(*map(self.database.unit, works), return_exceptions=True))

    async def read(self, query: Callable[[Session], Any], org_id: int = HERE) -> Any:
        """Read as the application does."""
        return await self.database.read(org_id, query)

    async def labels(self, org_id: int = HERE) -> list[str]:
        """The crates, in the order in which they came."""
        query = sa.select(Crate.table.c.label).where(Crate.table.c.org_id == org_id).order_by(Crate.table.c.id)
        found: list[str] = await self.read(lambda session: list(session.execute(query).scalars()), org_id)
        return found

    async def tags(self) -> int:
        """How many tags hang."""
        query = sa.select(sa.func.count()).select_from(Tag.table)
        return int(await self.read(lambda session: session.execute(query).scalar()))

    async def verbs(self, org_id: int = HERE) -> list[str]:
        """What the stall's events are, in their order."""
        mine = (EVENTS.c.org_id == org_id, EVENTS.c.verb.not_like("user.%"))
        query = sa.select(EVENTS.c.verb).where(*mine).order_by(EVENTS.c.id)
        found: list[str] = await self.read(lambda session: list(session.execute(query).scalars()), org_id)
        return found

    async def keys(self) -> list[int]:
        """The status of each answer that is kept under a key."""
        query = sa.select(KEYS.c.status).order_by(KEYS.c.status)
        found: list[int] = await self.read(lambda session: list(session.execute(query).scalars()))
        return found

    async def wrong(self, org_id: int = HERE) -> list[str]:
        """What is not as it must be: numbers, kept totals, ids of events, the chain."""

        def examine(session: Session) -> Iterator[str]:
            yield from differences(session, org_id, stall.trade, "here")
            yield from altered(session, org_id)
            table = Crate.table.c
            given = sorted(session.execute(sa.select(table.number).where(table.org_id == org_id)).scalars())
            if given != [f"C-{number:06d}" for number in range(1, len(given) + 1)]:
                yield f"the numbers are {given}"
            counter = session.execute(sa.select(NUMBERS.c.value).where(NUMBERS.c.org_id == org_id)).scalar() or 0
            if counter != len(given):
                yield f"the counter stands at {counter} for {len(given)} crates"
            ids = list(
                session.execute(sa.select(EVENTS.c.id).where(EVENTS.c.org_id == org_id).order_by(EVENTS.c.id)).scalars()
            )
            if ids != list(range(1, len(ids) + 1)):
                yield f"the events are {ids}"

        found: list[str] = await self.read(lambda session: list(examine(session)), org_id)
        return found

    @contextmanager
    def plain(self) -> Iterator[Any]:
        """A plain connection of somebody else, each statement of which is committed: PostgreSQL's superuser's."""
        if isinstance(self.database, SqliteDatabase):
            file = sqlite3.connect(self.database.path, isolation_level=None)
            try:
                yield file
            finally:
                file.close()
        else:
            with psycopg.connect(self.admin_url, autocommit=True) as admin:
                yield admin

    def sql(self, text: str) -> list[Any]:
        """Run a statement on such a connection."""
        with self.plain() as connection:
            cursor = connection.execute(text)
            return list(cursor.fetchall()) if cursor.description else []


def shared(works: Sequence[Unit | Keyed]) -> bool:
    """Whether there was a transaction with all these units in it."""
    return bool(set.intersection(*({id(batch) for batch in work.ran_in} for work in works)))
