"""A verb called from outside: its key, its row, its version check, its dry run and its answer, all in one unit."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from time import perf_counter
from typing import TYPE_CHECKING, Any, BinaryIO, get_args

from pydantic import BaseModel

from tradehall.kernel import files
from tradehall.kernel.columns import Refers
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Shape, dumps
from tradehall.kernel.database import Batch, Undone, Work
from tradehall.kernel.errors import Missing, Problem, Stale
from tradehall.kernel.events import BY_COMMAND, by_job
from tradehall.kernel.idempotency import Answer, Key, KeyBook
from tradehall.kernel.jobs import LOST, Failed, Job, Then, finish
from tradehall.kernel.records import Record, per_record, record_of
from tradehall.kernel.rows import RowBook
from tradehall.kernel.verbs import Actor, Verb, system

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade

log = logging.getLogger("tradehall")
LONG_UNIT = 0.05
"""Seconds; a rule that takes longer holds up everybody who writes in its organisation."""
BRIEF = 0.005
"""Seconds; a rule that is over sooner is carried out on the event loop, where nobody minds."""
_pace: dict[Verb[Any, Any], float] = {}
"""How long each verb took here, lately and at the most. The first time its statements are compiled."""
_added: dict[Verb[Any, Any], Mapping[type[Record], int]] = {}
"""How many rows of each kind each verb added when it was last carried out."""


@per_record
def references(body: type[BaseModel]) -> dict[str, type[Record]]:
    """The fields of a request model that hold the id of a row, with its record."""
    found = {
        name: mark.record
        for name, info in body.model_fields.items()
        for mark in (*info.metadata, *_marks(info.annotation))
        if isinstance(mark, Refers)
    }
    return {name: record_of(each) if isinstance(each, str) else each for name, each in found.items()}


@per_record
def _of_files(body: type[BaseModel]) -> list[str]:
    return [name for name, record in references(body).items() if record is files.File]


def _marks(kind: Any) -> Iterator[Any]:
    """What marks a kind that may be left out: `Annotated[int, mark] | None`."""
    yield from getattr(kind, "__metadata__", ())
    for each in get_args(kind):
        yield from _marks(each)


def etag(row: Record) -> str:
    """The version of a row, as a header says it."""
    return f'"{row.version}"'


@dataclass(frozen=True)
class Caller:
    """Where a request comes from, and what it shows beside its body; its device's secret is no part of the log."""

    source: str = ""
    agent: str = ""
    device: str = ""
    token: str = ""
    is_secure: bool = False
    base: str = ""
    """Where the trade answers, as the caller wrote it."""
    way: str = ""
    """The sealed way to a sign-in provider that they are on."""


@dataclass(frozen=True)
class Sent:
    """A file that came with a request."""

    name: str
    content: BinaryIO


@dataclass  # one is made for each request: frozen, it takes three times as long to make
class Call:
    """What somebody asks for: a contract whose `does` is a verb, with everything that came with the request."""

    contract: Contract
    actor: Actor
    now: datetime
    target: int | None = None
    body: BaseModel | None = None
    key: Key | None = None
    if_match: str | None = None
    dry_run: bool = False
    origin: Mapping[str, str] = field(default_factory=dict)
    prepared: Any = None
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    caller: Caller = Caller()
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """The body as it came, and the headers, by small names: of services only."""
    file: Sent | None = None


class Perform(Work):
    """The unit of a call. Gives an Answer, or raises what the rules refused."""

    through_context = True

    def __init__(self, trade: "Trade", call: Call) -> None:
        self.trade = trade
        self.call = call
        self.org_id = call.actor.org_id
        self._batch: Batch | None = None

    @property
    def is_brief(self) -> bool:  # type: ignore[override]  # it is asked, never set
        """Whether its verb took no time worth mentioning before."""
        return _pace.get(self.call.contract.does, 1.0) < BRIEF  # type: ignore[arg-type]  # only verbs are performed

    @property
    def jobs_added(self) -> bool:
        """Whether its transaction left something to do for a worker."""
        return self._batch is not None and self._batch.jobs_added

    def foresee(self, batch: Batch) -> None:
        call = self.call
        if call.key is not None:
            batch.book(KeyBook).want(call.key)
        verb: Verb[Any, Any] = call.contract.does  # type: ignore[assignment]  # only verbs are performed
        for record, many in _added.get(verb, {} if verb.target else {verb.record: 1}).items():
            batch.book(RowBook).will_add(record, many)
        if call.body is not None:
            for name, record in references(type(call.body)).items():
                if isinstance(row_id := getattr(call.body, name), int):
                    batch.book(RowBook).want(record, row_id)

    def run(self, batch: Batch) -> Answer:
        verb: Verb[Any, Any] = self.call.contract.does  # type: ignore[assignment]  # only verbs are performed
        started = perf_counter()
        try:
            return self._run(batch, verb)
        except Exception:
            if self.call.key is not None:
                batch.book(KeyBook).doubt(self.call.key)
            raise
        finally:
            took, before = perf_counter() - started, _pace.get(verb)
            _pace[verb] = took if before is None else max(took, 0.9 * before)
            if took > LONG_UNIT and before is not None:
                log.warning("the unit of %s took %.0f ms", verb.event, took * 1000)

    def _run(self, batch: Batch, verb: Verb[Any, Any]) -> Answer:
        call, self._batch = self.call, batch
        is_kept = not call.contract.secret and not call.dry_run
        if call.key is not None and (known := batch.book(KeyBook).find(call.key, call.now, is_kept)) is not None:
            return known
        ctx = Context(batch, self.trade, call.actor, call.now, call.origin)
        ctx.prepared = call.prepared
        args: list[Any] = []
        if verb.target:
            args.append(self._target(ctx, verb))
        self._may_show(ctx)
        more = {name: getattr(call.body, name) for name in verb.spread}
        if verb.body is not None and not more:
            args.append(call.body)
        result = ctx.do(verb, *args, **more)
        answer = self._answer(result if result is not None or not args else args[0])
        if call.dry_run:
            raise Undone(self._would(answer, ctx))
        if call.key is not None and is_kept:
            batch.book(KeyBook).stage(call.key, answer, call.now)
        ctx.end()
        _added[verb] = ctx.added
        return answer

    def refused(self, batch: Batch, problem: Problem) -> None:
        call = self.call
        if (
            call.key is not None
            and not call.dry_run
            and not any(error.get("type") == "key_reused" for error in getattr(problem, "errors", ()))
        ):
            answer = self.trade.problem(problem, call.origin.get("request_id", ""), call.contract.errors)
            batch.book(KeyBook).stage(call.key, answer, call.now)

    def _may_show(self, ctx: Context) -> None:
        # Whoever sees the row will see its files: nobody passes on what they may not see themselves.
        for name in _of_files(type(self.call.body)) if self.call.body is not None else ():
            if isinstance(file_id := getattr(self.call.body, name), int):
                files.get(ctx, file_id)

    def _target(self, ctx: Context, verb: Verb[Any, Any]) -> Record:
        contract = self.call.contract
        grant = contract.grant(ctx.actor)
        if contract.finds is not None:
            row = contract.finds(ctx, self.call.path, grant)
        else:
            row = ctx.get(verb.record, self.call.target or 0, grant)
            others = (name for name in contract.parameters if name != "id" and name in verb.record.fields)
            if any(row.values[name] != self.call.path[name] for name in others):  # the path leads through another row
                raise Missing(f"{verb.record.title} not found")
        if self.call.if_match is not None and self.call.if_match not in ("*", etag(row)):
            raise Stale(self._shape(row).view(ctx.actor).one(row), etag(row))
        return row

    def _shape(self, row: Record) -> Shape:
        shape = self.call.contract.shape
        return shape if shape is not None and shape.record is type(row) else self.trade.shape_of(type(row))

    def _answer(self, result: Any) -> Answer:
        contract = self.call.contract
        if contract.status == 204:
            return Answer(204, b"")
        headers: Mapping[str, str] = {}
        if isinstance(result, Record):
            headers = {"ETag": etag(result)}
            result = self._shape(result).view(self.call.actor).one(result)
        if contract.changes is not None:
            result = contract.changes(result)
        return Answer(contract.status, dumps(result), headers)

    def _would(self, answer: Answer, ctx: Context) -> Answer:
        would = {"dry_run": True, "status": answer.status, "events": ctx.changes()}
        shown = dumps(would)[:-1] + b',"answer":' + (answer.body or b"null") + b"}"
        return Answer(200, shown, {"Dry-Run": "true"})


class RunTimer(Work):
    """The unit of a due timer: its verb and the mark that it is done are committed together."""

    through_context = True

    def __init__(self, trade: "Trade", job: Job, worker: str, now: datetime) -> None:
        self.trade, self.job, self.worker, self.now = trade, job, worker, now
        self.org_id = job.org_id

    def run(self, batch: Batch) -> None:
        job = self.job
        finish(batch.session, job, self.worker)
        verb = self.trade.verb(record_of(job.entity), job.verb)
        ctx = Context(batch, self.trade, system(job.org_id, job.of_trade), self.now, by_job(job.id))
        if (row := ctx.find(verb.record, job.record_id)) is not None:
            ctx.do(verb, row)
            ctx.flush()

    def refused(self, batch: Batch, problem: Problem) -> None:
        # The world moved on before the timer rang: nothing is left to do.
        finish(batch.session, self.job, self.worker)


class Close(Work):
    """The closing unit of a task: the rule that it returned, and the mark that the job is done, together."""

    through_context = True

    def __init__(self, trade: "Trade", job: Job, worker: str, now: datetime, then: Then) -> None:
        self.trade, self.job, self.worker, self.now, self.then = trade, job, worker, now, then
        self.org_id = job.org_id

    def run(self, batch: Batch) -> None:
        job = self.job
        finish(batch.session, job, self.worker)
        ctx = Context(batch, self.trade, system(job.org_id, job.of_trade), self.now, by_job(job.id))
        self.then(ctx)
        ctx.flush()


class GiveUp(Failed):
    """The unit of a job that failed for the last time: the mark that it is dead, and what its task declares for that."""

    through_context = True

    def __init__(self, trade: "Trade", job: Job, worker: str, error: BaseException, now: datetime) -> None:
        super().__init__(job, worker, error, now, is_last=True)
        self.trade, self.org_id = trade, job.org_id

    def run(self, batch: Batch) -> bool:
        job, is_over = self.job, super().run(batch)
        if is_over:
            ctx = Context(batch, self.trade, system(job.org_id, job.of_trade), self.now, by_job(job.id))
            LOST[job.verb](ctx, job.payload)
            ctx.flush()
        return is_over


class AsSystem(Work):
    """The unit of something that Tradehall does by itself: housekeeping, or sample data as an event of its own."""

    through_context = True

    def __init__(
        self, trade: "Trade", org_id: int, now: datetime, rule: Any, event: str = "",
        origin: Mapping[str, str] = BY_COMMAND,
    ) -> None:  # fmt: skip
        self.trade, self.org_id, self.now, self.rule, self.event = trade, org_id, now, rule, event
        self.origin = origin

    def run(self, batch: Batch) -> Any:
        ctx = Context(batch, self.trade, system(self.org_id, self.trade.name), self.now, self.origin)
        with ctx.happening(self.event) if self.event else nullcontext():
            result = self.rule(ctx)
        ctx.flush()
        return result
