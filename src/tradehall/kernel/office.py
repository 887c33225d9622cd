"""The office: the running kernel. A database, the trades that are open, a clock, and the work that is due."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel

from tradehall.kernel import events, files, retention
from tradehall.kernel.cabinet import LEFT_AFTER, Cabinet
from tradehall.kernel.calls import AsSystem, Call, Perform
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import (
    Contract,
    Download,
    Drill,
    Found,
    History,
    Listing,
    Outgoing,
    Reading,
    Report,
    Service,
    dumps,
    run_report,
    whole,
)
from tradehall.kernel.database import Database
from tradehall.kernel.errors import Missing, Problem
from tradehall.kernel.events import BY_ITSELF
from tradehall.kernel.figures import behind
from tradehall.kernel.hub import Hub
from tradehall.kernel.idempotency import Answer, KeyBook
from tradehall.kernel.keeping import keep
from tradehall.kernel.keys import Keys
from tradehall.kernel.outside import Outside
from tradehall.kernel.people import Terms, derived, nobody, organisations, pools
from tradehall.kernel.reader import Reader
from tradehall.kernel.seals import Seals
from tradehall.kernel.tickets import Tickets
from tradehall.kernel.tokens import Tokens
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Actor, Verb
from tradehall.kernel.worker import Worker

log = logging.getLogger("tradehall")
LOOK_EVERY = 0.4
IDLE = 1.0
SWEEP_EVERY = timedelta(hours=1)
T = TypeVar("T")
Question = Callable[[Reader], Answer]
AWAY = {"unavailable", "storage_unavailable", "storage_full"}
"""What is answered while the database can't be reached, or can't write."""


def utc_now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


class Office:
    """Where calls, lists, reports and timers meet the database."""

    def __init__(
        self,
        database: Database,
        trades: Iterable[Trade],
        secret: str,
        clock: Callable[[], datetime] = utc_now,
        outside: Outside | None = None,
        terms: Terms | None = None,
    ) -> None:
        self.database = database
        self.outside = outside or Outside()
        self.trades = {trade.name: trade for trade in trades}
        self.tokens = Tokens(secret, database)
        self.keys = Keys(database)
        self.files = Cabinet(self.outside.store, self.outside.uploads, secret)
        self.tickets = Tickets(secret)
        self.terms = terms or Terms()
        self.pepper, self.refresh_key = derived(secret, "pins"), derived(secret, "refresh tokens")
        self.stop_key = derived(secret, "opt-outs")
        self.way_key = derived(secret, "ways to sign-in providers")
        self.seals = Seals(derived(secret, "seals"))
        self.clock = clock
        self.hub = Hub(database, self.outside.bus, clock)
        self.worker = Worker(self)
        self._tasks: list[asyncio.Task[Any]] = []
        self._waiting: set[str] = set()
        self._swept = datetime.min.replace(tzinfo=UTC)

    # Asked for by somebody.

    async def perform(self, trade: Trade, call: Call) -> Answer:
        """Carry out a verb; returns when it is durable. Raises Problem."""
        verb = call.contract.does
        assert isinstance(verb, Verb)  # noqa: S101 - for the type checker
        call.contract.grant(call.actor)
        if verb.prepare is not None:
            if (key := call.key) is not None:
                known = await self.database.read(
                    call.actor.org_id, lambda session: KeyBook(session, call.actor.org_id).find(key, call.now)
                )
                if known is not None:
                    return known
            call = replace(call, prepared=await verb.prepare(self, trade, call))
        work = Perform(trade, call)
        answer: Answer = await self.database.unit(work)
        if work.jobs_added:
            self.worker.wake.set()
        return answer

    async def serve(self, trade: Trade, call: Call) -> Answer:
        """Do what a service of the platform does. Raises Problem."""
        does = call.contract.does
        assert isinstance(does, Service)  # noqa: S101 - for the type checker
        call.contract.grant(call.actor)
        return await does.does(self, trade, call)

    async def download(self, trade: Trade, call: Call) -> Outgoing:
        """Begin with a file that is asked for. Raises Problem."""
        does = call.contract.does
        assert isinstance(does, Download)  # noqa: S101 - for the type checker
        call.contract.grant(call.actor)
        return await does.does(self, trade, call)

    async def read(
        self,
        trade: Trade,
        contract: Contract,
        actor: Actor,
        path: Mapping[str, Any],
        query: Mapping[str, str],
        ask: BaseModel | None = None,
    ) -> Answer:
        """Answer a question: a list, a row, its history, a report, which may be asked for in a body. Raises Problem."""
        does = contract.does
        if isinstance(does, Reading):
            found = await does.resource.fetch(self.database, actor, path["id"], contract.grant(actor))
            if found is None:
                raise Missing(f"{does.resource.record.title} not found")
            return Answer(200, dumps(found[0]), {"ETag": f'"{found[1]}"'})
        question, quick = self.question(trade, contract, actor, path, query, ask)
        now = self.clock()
        return await self.database.read(
            actor.org_id, lambda session: question(Reader(session, trade, actor, now)), quick
        )

    def question(
        self,
        trade: Trade,
        contract: Contract,
        actor: Actor,
        path: Mapping[str, Any],
        query: Mapping[str, str],
        ask: BaseModel | None = None,
    ) -> tuple[Question, bool]:
        """What answers a question within a read, and whether it does so at once. Raises Problem."""
        does, grant = contract.does, contract.grant(actor)
        if isinstance(does, Listing):
            resource = does.resource
            asked = resource.asked(query, trade.paging.window(query))
            parent = (does.parent, path.get(does.parent) or path["id"]) if does.parent else None
            quick = resource.quick(asked) and parent is None
            return lambda reader: trade.paging.answer(resource.page(reader, asked, grant, parent)), quick
        quick = isinstance(does, Report) and does.quick
        return lambda reader: self._figures(reader, contract, path, query, ask), quick

    def _figures(
        self,
        reader: Reader,
        contract: Contract,
        path: Mapping[str, Any],
        query: Mapping[str, str],
        ask: BaseModel | None,
    ) -> Answer:
        does = contract.does
        if isinstance(does, History):
            record, grant = does.resource.record, contract.grant(reader.actor)
            before, most = whole(query, "before", 2**62, 1), min(whole(query, "limit", 100, 1), 1000)
            found = events.history(reader.session, reader.org_id, record.table.name, path["id"], before, most)
            if (not found and before == 2**62) or grant.scope is not None:
                reader.get(record, path["id"], grant)
            return Answer(200, dumps(does.resource.visible(found, reader.actor)))
        if isinstance(does, Drill):
            return Answer(200, dumps(behind(reader, path["measure"], query)))
        assert isinstance(does, Report)  # noqa: S101 - for the type checker
        if ask is None and does.body is not None:
            ask = does.body.model_validate({**query, **path})
        row = None
        if does.record is not None:
            grant = contract.grant(reader.actor)
            row = contract.finds(reader, path, grant) if contract.finds else reader.get(does.record, path["id"], grant)
        found = run_report(does, reader, row, ask)
        return reader.trade.paging.answer(found) if isinstance(found, Found) else Answer(contract.status, dumps(found))

    async def as_system(self, trade: Trade, org_id: int, rule: Callable[[Context], Any]) -> Any:
        """Run something as Tradehall itself, as one unit."""
        result = await self.database.unit(AsSystem(trade, org_id, self.clock(), rule, origin=BY_ITSELF))
        self.worker.wake.set()
        return result

    # Due by itself.

    def open(self) -> None:
        """Begin to look after timers, revocations and housekeeping."""
        pools().submit(nobody)
        self.hub.open()
        steps = (self._watch, self._work, *([self._keep] if self.outside.backups else []))
        self._tasks = [asyncio.create_task(self._forever(each)) for each in steps]

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Do something beside everything else, until it is done or the office closes."""
        task = asyncio.create_task(work)
        self._tasks.append(task)
        task.add_done_callback(self._tasks.remove)
        return task

    async def close(self) -> None:
        """Finish what is in hand, and close the database."""
        await self.hub.close()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.worker.close()
        await self.database.close()

    async def _forever(self, step: Callable[[], Any]) -> None:
        while True:
            try:
                await step()
                self._goes_on(step.__name__)
            except Exception as error:
                if not isinstance(error, Problem):
                    log.exception("%s failed and goes on", step.__name__)
                elif error.code in AWAY:
                    self._waits(step.__name__, error)
                else:
                    log.warning("%s failed and goes on: %s", step.__name__, error.sentence)
                await asyncio.sleep(IDLE)

    def _waits(self, step: str, problem: Problem) -> None:
        """Say once that the database is away, however long and for whatever."""
        if not self._waiting:
            log.warning("the database is away (%s); what is due by itself waits", problem.code)
        self._waiting.add(step)

    def _goes_on(self, step: str) -> None:
        if step in self._waiting:
            self._waiting.remove(step)
            if not self._waiting:
                log.warning("the database is back")

    async def _watch(self) -> None:
        changed = await self.tokens.look()
        await self.keys.look()
        if changed:
            self.hub.recheck()
        await asyncio.sleep(LOOK_EVERY)

    async def _work(self) -> None:
        await self.sweep()
        await self.worker.work()

    async def _keep(self) -> None:
        if self.outside.backups is not None:
            await keep(self.database, self.outside.backups, self.clock)

    async def work_once(self) -> int:
        """Do what is due now; gives how many jobs that were."""
        return await self.worker.work_once()

    async def sweep(self) -> None:
        """Do what is done now and then: remove what nobody refers to, and see that what is too old will go."""
        if (now := self.clock()) - self._swept < SWEEP_EVERY:
            return
        self._swept = now
        everywhere = [org_id for org_id, _ in await self.database.read(0, organisations)]
        for org_id in everywhere:
            await self.sweep_files(org_id, now)
        for trade in self.trades.values():
            if trade.begin is not None:
                for org_id in everywhere:
                    await self.as_system(trade, org_id, trade.begin)
        lacking = await self.database.read(0, lambda session: retention.lacking(session, everywhere, self.trades))
        for org_id, name in lacking:
            await self.as_system(self.trades[name], org_id, retention.plan)

    async def sweep_files(self, org_id: int, now: datetime) -> None:
        """Remove from the store what no row of an organisation refers to."""
        known = await self.database.read(org_id, lambda session: files.keys(session, org_id))
        stray, _ = await self.files.left(org_id, known, now - LEFT_AFTER)
        await self.files.store.drop(stray)
        if stray:
            log.warning("%d objects in the store of files belonged to nobody, and were removed", len(stray))
