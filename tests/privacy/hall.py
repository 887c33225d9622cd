"""The installation of these tests, and everything that it keeps as one text."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import psycopg
import sqlalchemy as sa
from psycopg import sql

from tests.running import YEARS, Clock, Person
from tradehall.kernel.database import Database, Session, open_database
from tradehall.kernel.doctor import examine
from tradehall.kernel.jobs import JOBS
from tradehall.kernel.office import Office, utc_now
from tradehall.kernel.people import CreateOrganisation, CreateUser, Member, NewUser, members
from tradehall.kernel.schema import migrate
from tradehall.kernel.trade import Trade


def filled(database: Database, trades: Sequence[Trade]) -> None:
    """Two organisations, each with an owner of both trades, and a helper."""
    migrate(database, trades)
    for place in ("accra", "kumasi"):
        org_id = database.run(CreateOrganisation(place, utc_now()))
        for name, each in (("owner", -1), ("canary-helper", 0)):
            roles = tuple((trade.name, trade.roles[each].name) for trade in trades)
            database.run(CreateUser(org_id, NewUser(f"{name}-{place}", roles, "username", "no hash"), utc_now()))


def _any(query: sa.Select[Any], session: Session) -> bool:
    return session.execute(query).first() is not None


def _known(session: Session, trade: str) -> list[Member]:
    return list(members(session, trade))


@dataclass
class Hall:
    """The installation, running."""

    office: Office
    http: httpx2.AsyncClient
    folder: Path
    url: str
    admin: str
    clock: Clock
    people: dict[str, Person] = field(default_factory=dict)

    async def meet(self, trades: Sequence[Trade]) -> None:
        """Give each person a token for each trade: `shop-owner-accra`, `bicycles-owner-accra`."""
        for trade in trades:
            for each in await self.office.database.read(0, partial(_known, trade=trade.name)):
                token = self.office.tokens.issue(each, utc_now(), YEARS)
                self.people[f"{trade.name}-{each.name}"] = Person(self.http, token, each.name, each.user_id)

    def owner(self, trade: str = "phoneshop", place: str = "accra") -> Person:
        """The owner of a trade."""
        return self.people[f"{trade}-owner-{place}"]

    async def settle(self) -> None:
        """Wait until nothing that is too old is left, and no bytes of a file are to be removed."""
        now, its = self.clock(), JOBS.c.verb.in_(("file.drop", "privacy.retain"))
        waiting = sa.select(JOBS.c.id).where(its, JOBS.c.state.in_(("queued", "running")), JOBS.c.due_at <= now)
        while await self.office.database.read(0, partial(_any, waiting)):
            await self.office.worker.work_once()
            await asyncio.sleep(0.01)

    async def wrong(self) -> list[str]:
        """What the doctor finds."""
        trades, url = list(self.office.trades.values()), self.url
        return await asyncio.to_thread(lambda: list(examine(open_database(url, self.folder), trades)))

    def everything(self) -> str:
        """Every row of every table, whoever's, and the bytes of every file."""
        rows = self._postgres() if self.admin else self._sqlite()
        uploads = (path.read_bytes().decode(errors="replace") for path in sorted((self.folder / "files").rglob("*"))
                   if path.is_file())  # fmt: skip
        return "\n".join([*rows, *uploads])

    def _sqlite(self) -> Iterator[str]:
        with sqlite3.connect(self.url.split("///", 1)[1]) as file:
            tables = [row[0] for row in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                yield from (f"{table}: {row}" for row in file.execute(f'SELECT * FROM "{table}"'))
        file.close()

    def _postgres(self) -> Iterator[str]:
        with psycopg.connect(self.admin) as admin:
            query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            for (table,) in admin.execute(query).fetchall():
                found: Any = admin.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))
                yield from (f"{table}: {row}" for row in found)
