"""A running application for a test: on either database, over real HTTP, with people in every role.

    async def test_...(shop: Place) -> None:
        made = await shop.clerk.post("/api/phones/", json={...})
        assert await shop.news() == ["phone.stock: add phones 1"]

A database with two organisations is migrated once for each trade; every test gets a copy of it.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg
import httpx2
import orjson
import psycopg
import sqlalchemy as sa
import uvicorn
from psycopg import sql

from tests.servers import Postgres
from tradehall.app import build_app
from tradehall.kernel import events
from tradehall.kernel.calls import AsSystem
from tradehall.kernel.context import Context
from tradehall.kernel.database import Database, Session, open_database
from tradehall.kernel.doctor import altered, differences
from tradehall.kernel.office import Office, utc_now
from tradehall.kernel.people import CreateOrganisation, CreateUser, Member, NewUser, hash_password, members
from tradehall.kernel.people.passwords import be_quick
from tradehall.kernel.schema import migrate
from tradehall.kernel.trade import Trade
from tradehall.server import SOCKETS, drop_stalled
from tradehall.settings import Settings

be_quick()
_asked: Callable[..., Awaitable[Any]] = vars(asyncpg.Connection)["_introspect_types"]
_arrays: dict[frozenset[int], Any] = {}


async def _known_arrays(line: asyncpg.Connection[Any], types: set[int], *more: Any) -> Any:
    """What arrays of built-in types are: PostgreSQL takes ten milliseconds to say so, on each connection."""
    wanted = frozenset(types)
    if wanted not in _arrays:
        _arrays[wanted], _ = await _asked(line, types, *more)
    return _arrays[wanted], SimpleNamespace(name="known")


setattr(asyncpg.Connection, "_introspect_types", _known_arrays)  # noqa: B010 - mypy knows of no such name
PASSWORD = "four walls and a roof"
SECRET = "the tests sign with this and nobody else does"
ORIGIN = "https://shop.example.com"
ORGANISATIONS = ("accra", "kumasi")
YEARS = 60 * 24 * 365 * 20
"""Minutes for which the tokens of the tests are good, so that a test may move its clock."""


class Clock:
    """The application's clock: the real one, until a test sets it; then it stands still."""

    def __init__(self) -> None:
        self._stands: datetime | None = None

    def __call__(self) -> datetime:
        return self._stands or utc_now()

    def set(self, moment: str) -> None:
        """Stand at a moment, as ISO 8601 with its offset."""
        self._stands = datetime.fromisoformat(moment).astimezone(UTC)

    def forward(self, **span: float) -> None:
        """Go on by a span, as `timedelta` names it."""
        self._stands = self() + timedelta(**span)


@dataclass(frozen=True)
class Person:
    """Somebody with a token, or nobody without one; asks over HTTP."""

    http: httpx2.AsyncClient
    token: str = ""
    name: str = ""
    user_id: int = 0

    async def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
        """Send a request as this person."""
        signed = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        return await self.http.request(method, path, headers=signed | (headers or {}), **more)

    async def get(self, path: str, **more: Any) -> httpx2.Response:
        return await self.ask("GET", path, **more)

    async def post(self, path: str, **more: Any) -> httpx2.Response:
        return await self.ask("POST", path, **more)

    async def put(self, path: str, **more: Any) -> httpx2.Response:
        return await self.ask("PUT", path, **more)

    async def patch(self, path: str, **more: Any) -> httpx2.Response:
        return await self.ask("PATCH", path, **more)

    async def delete(self, path: str, **more: Any) -> httpx2.Response:
        return await self.ask("DELETE", path, **more)


class Place:
    """One organisation with its people: `place.clerk` is whoever has that role."""

    def __init__(self, application: Application, org_id: int, people: dict[str, Person]) -> None:
        self.application = application
        self.org_id = org_id
        self.people = people
        self._told = 0

    def __getattr__(self, role: str) -> Person:
        try:
            return self.people[role]
        except KeyError:
            raise AttributeError(role) from None

    @property
    def head(self) -> Person:
        """Whoever runs the business."""
        return self.people[self.application.trade.owner.name]

    async def read(self, query: Callable[[Session], Any]) -> Any:
        """Read the database as the application does, in this organisation."""
        return await self.application.office.database.read(self.org_id, query)

    async def work(self, rule: Callable[[Context], Any]) -> Any:
        """Run something as Tradehall itself, as one unit."""
        office = self.application.office
        return await office.as_system(self.application.trade, self.org_id, rule)

    async def prefer(self, **chosen: Any) -> None:
        """Set settings of this organisation."""

        def prefer(ctx: Context) -> None:
            with ctx.happening("setting.change"):
                for name, value in chosen.items():
                    ctx.prefer(name, value)

        await self.work(prefer)

    async def events(self) -> list[tuple[str, dict[str, Any]]]:
        """What happened since this or `news` was last asked: each verb with its changes.

        A change is named as in `edit phones 1`; its value is `{field: value}`, or `{field: [before, after]}` of an edit.
        """
        found: list[tuple[str, dict[str, Any]]]
        self._told, found = await self.read(self._since)
        return found

    async def news(self) -> list[str]:
        """What happened since this or `events` was last asked, a line each: `phone.stock: add phones 1`."""
        return [": ".join(filter(None, (verb, ", ".join(changes)))) for verb, changes in await self.events()]

    def _since(self, session: Session) -> tuple[int, list[tuple[str, dict[str, Any]]]]:
        log, changed = events.EVENTS.c, events.CHANGES.c
        rows = session.execute(
            sa.select(log.id, log.verb).where(log.org_id == self.org_id, log.id > self._told).order_by(log.id)
        ).all()
        found: dict[int, tuple[str, dict[str, Any]]] = {row.id: (row.verb, {}) for row in rows}
        of_these = (changed.org_id == self.org_id, changed.event_id > self._told)
        prefix = f"{self.application.trade.name}_"
        for row in session.execute(
            sa.select(events.CHANGES).where(*of_these).order_by(changed.event_id, changed.position)
        ):
            name = f"{row.operation} {row.entity.removeprefix(prefix)} {row.record_id}"
            found[row.event_id][1][name] = None if row.body is None else orjson.loads(row.body)
        return max(found, default=self._told), list(found.values())

    async def wrong(self) -> list[str]:
        """What the doctor finds wrong here: kept totals that differ from the rows, a broken chain."""

        def examine(session: Session) -> list[str]:
            return differences(session, self.org_id, self.application.trade, "here") + altered(session, self.org_id)

        found: list[str] = await self.read(examine)
        return found


@dataclass
class Application:
    """One trade, served at `/`."""

    office: Office
    trade: Trade
    http: httpx2.AsyncClient
    places: dict[str, Place]

    @property
    def stranger(self) -> Person:
        """Somebody without a token."""
        return Person(self.http)


class Switchboard:
    """One server for all tests of a session: what it serves is changed from test to test."""

    def __init__(self) -> None:
        self.serves: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.serves(scope, receive, send)


class _Server(uvicorn.Server):
    def capture_signals(self) -> Any:
        return nullcontext()  # Ctrl-C is pytest's


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Switchboard, httpx2.AsyncClient]]:
    """Serve on a free loopback port, with a client that knows where."""
    board = Switchboard()
    listening = socket.socket(proto=socket.IPPROTO_TCP)  # named, so that asyncio sends without delay
    listening.bind(("127.0.0.1", 0))
    drop_stalled(listening)
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        board,
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,  # as a server has it: by default it hangs up in the moment in which clients do
        **SOCKETS,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    limits = httpx2.Limits(max_connections=64, max_keepalive_connections=64)
    async with httpx2.AsyncClient(base_url=base, limits=limits, timeout=30, trust_env=False) as http:
        while not server.started:  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.01)
        yield board, http
    server.should_exit = True
    await task


@cache
def _settings(**chosen: Any) -> Settings:
    """What all tests set: read once, since it takes longer than a small test."""
    always: dict[str, Any] = {"secret_key": SECRET, "allowed_origins": ORIGIN, "backup_every": 0}
    return Settings(_env_file=None, **(always | chosen))  # type: ignore[call-arg]  # pydantic-settings takes it


@asynccontextmanager
async def opened(
    url: str,
    trade: Trade,
    clock: Clock,
    serving: tuple[Switchboard, httpx2.AsyncClient],
    folder: Path,
    **chosen: Any,
) -> AsyncIterator[Application]:
    """Open the application on a database, as it is served; `chosen` are settings."""
    board, http = serving
    settings = _settings(**chosen).model_copy(update={"database_url": url, "tradehall_data": folder})
    gate = build_app(settings, [trade], clock=clock)
    office = gate.office
    found: list[Member] = await office.database.read(0, lambda session: list(members(session, trade.name)))
    application = Application(office, trade, http, {})
    for each in found:
        place = each.name.split("-")[1]
        here = application.places.setdefault(place, Place(application, each.org_id, {}))
        token = office.tokens.issue(each, utc_now(), YEARS)
        here.people[each.role] = Person(http, token, each.name, each.user_id)
    for here in application.places.values():
        await here.events()
    board.serves = gate
    office.open()
    try:
        yield application
    finally:
        board.serves = None
        await office.close()


class Copies:
    """Databases for tests: one for each kind and trade is made, and copied from then on."""

    def __init__(self, folder: Path, postgres: Callable[[], Postgres]) -> None:
        self._folder = folder
        self._postgres = postgres
        self._made: dict[tuple[str, str], str] = {}
        self._serial = count(1)
        self._hash = ""

    @contextmanager
    def copy(self, kind: str, trade: Trade, original: str = "") -> Iterator[str]:
        """The URL of a database of one's own, as the trade's or as another one that nobody is connected to."""
        url = self.fresh(kind, trade, original)
        yield url
        name = url.rsplit("/", 1)[1]
        if kind == "sqlite":
            for each in self._folder.glob(f"{name}*"):
                each.unlink()
            return
        self._admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def fresh(self, kind: str, trade: Trade, original: str = "") -> str:
        """The URL of such a database, which stays as long as the session."""
        original, name = original or self._original(kind, trade), f"copy_{next(self._serial)}"
        if kind == "sqlite":
            path = self._folder / f"{name}.db"
            shutil.copyfile(original.split("///", 1)[1], path)
            return f"sqlite:///{path}"
        place, model = original.rsplit("/", 1)
        # To copy its files takes half of what it takes to copy its pages through the log.
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {} OWNER tradehall STRATEGY file_copy")
        self._admin.execute(create.format(sql.Identifier(name), sql.Identifier(model)))
        return f"{place}/{name}"

    @cached_property
    def _admin(self) -> psycopg.Connection:
        """Who makes and drops databases, on one connection."""
        return psycopg.connect(self._postgres().admin_url, autocommit=True)

    def close(self) -> None:
        """Let go of the server."""
        if "_admin" in vars(self):
            self._admin.close()

    def _original(self, kind: str, trade: Trade) -> str:
        signs_in = "_".join(each.name for each in trade.sign_in.kinds)  # a test may have people sign in otherwise
        found = self._made.get((kind, name := f"original_{trade.name}_{signs_in}"))
        if found is None:
            found = f"sqlite:///{self._folder / name}.db" if kind == "sqlite" else self._postgres().database(name)
            self._fill(open_database(found, self._folder), trade)
            self._made[kind, name] = found
        return found

    def _fill(self, database: Database, trade: Trade) -> None:
        self._hash = self._hash or hash_password(PASSWORD)
        migrate(database, [trade])
        database.weigh()
        now = utc_now()
        for place in ORGANISATIONS:
            org_id = database.run(CreateOrganisation(place, now))
            for role in trade.roles:
                name = f"{role.name}-{place}"
                user = NewUser(name, ((trade.name, role.name),), trade.sign_in.name, self._hash)
                database.run(CreateUser(org_id, user, now))
            if trade.begin is not None:
                database.run(AsSystem(trade, org_id, now, trade.begin))
