"""An import as it goes: a durable job that looks at each row once, in chunks, until it ends, is stopped or is killed."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from itertools import islice
from tempfile import TemporaryFile
from time import monotonic
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson
import sqlalchemy as sa

from tradehall.kernel.context import Context
from tradehall.kernel.database import Session, Several, Work
from tradehall.kernel.errors import Denied, Missing, Problem, Unavailable
from tradehall.kernel.events import by_job
from tradehall.kernel.files import File
from tradehall.kernel.jobs import IN_VAIN, Badly, Job, Then, given_up, task
from tradehall.kernel.keys import stands
from tradehall.kernel.people import member
from tradehall.kernel.preferences import Preferences, chosen
from tradehall.kernel.rows import select_statement
from tradehall.kernel.transfer.cells import Conventions
from tradehall.kernel.transfer.foreign import Foreign, ForeignParser, TakeForeign, foreign_of
from tradehall.kernel.transfer.plan import Parsed, Parser, target_of
from tradehall.kernel.transfer.records import GOING, Import, Progress, Wrong
from tradehall.kernel.transfer.units import MOST_ERRORS, REHEARSED, Going, Mark, Match, Rehearsed, TakeRow
from tradehall.kernel.verbs import Actor

if TYPE_CHECKING:
    from tradehall.kernel.cabinet import Cabinet
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

CHUNK = 100
TURN = 60.0
"""Seconds: after so long the rest waits for its turn as a job of its own."""
MOST_REHEARSED = 50_000
"""So many rows of another system may be checked: they build on each other, so they are one transaction that is undone."""
MOST_WHOLE = 2_000
"""So many rows may be imported all or none: they are one transaction."""


@asynccontextmanager
async def unrolled(
    cabinet: "Cabinet", key: str, kind: str, queries: Mapping[str, str] | None = None
) -> AsyncIterator[BinaryIO]:
    """The rows of a stored table; raises Missing where its bytes are gone."""
    content = await cabinet.open(key)
    if content is None:
        raise Missing("The store does not have this file any more", "content_missing")
    with TemporaryFile() as source:
        async for piece in content.pieces:
            source.write(piece)
        async with cabinet.rows(source, kind, queries) as rows:
            yield rows


def numbered(rows: BinaryIO) -> Iterator[tuple[int, list[Any]]]:
    """The rows that follow the first line, each with its number in the file."""
    for number, line in enumerate(rows, 1):
        yield number, orjson.loads(line)


def header_of(rows: Iterator[tuple[int, list[Any]]]) -> list[str]:
    """The titles of the columns: the first row that holds anything; of two alike the second is numbered."""
    for _, cells in rows:
        if any(cell not in ("", None) for cell in cells):
            titles: list[str] = []
            for place, cell in enumerate(cells, 1):
                title = str(cell).strip()[:200] or f"Column {place}"
                titles.append(title if title not in titles else f"{title} ({place})")
            return titles
    return []


class Runner:
    """One turn of an import."""

    def __init__(self, office: "Office", trade: "Trade", row: Import, going: Going, preferences: Preferences) -> None:
        self.office, self.trade, self.row, self.going, self.preferences = office, trade, row, going, preferences
        self.position = row.position
        self.failed = row.failed
        self.until = monotonic() + TURN

    async def go(self, rows: BinaryIO) -> bool:
        """Take rows until there are no more, or the turn is over; whether there are no more."""
        known_by = orjson.loads(next(rows))[0]
        numbers = numbered(rows)
        header = header_of(numbers)
        parser = self._parser(header, known_by)
        size = self._size
        while chunk := await asyncio.to_thread(lambda: list(islice(numbers, size))):
            parsed = await asyncio.to_thread(self._parsed, parser, chunk)
            if chunk[-1][0] <= self.position:
                continue  # what was taken in a former turn is looked at again, so that what repeats it is known
            await self._take(parser, parsed, chunk[-1][0])
            if self.failed > MOST_ERRORS:
                raise Denied(f"More than {MOST_ERRORS:,} rows are wrong; are the columns right?", "too_many_errors")
            if monotonic() > self.until:
                return False
        return True

    @property
    def _size(self) -> int:
        """How many rows go together."""
        if isinstance(self.going.target, Foreign) and self.going.is_check:
            return MOST_REHEARSED
        return MOST_WHOLE if self.row.whole and not self.going.is_check else CHUNK

    def _parser(self, header: list[str], known_by: str) -> Parser | ForeignParser:
        if isinstance(self.going.target, Foreign):
            return ForeignParser(self.going.target, known_by)
        how = Conventions(self.row.decimal, self.row.dates, self.preferences["zone"])
        return Parser(self.going.target, header, [each["field"] for each in self.row.columns], how, self.preferences)

    def _parsed(self, parser: Parser | ForeignParser, chunk: list[tuple[int, list[Any]]]) -> list[Parsed]:
        return [row for number, cells in chunk if (row := parser.parse(number, cells)) is not None]

    async def _take(self, parser: Parser | ForeignParser, parsed: list[Parsed], until: int) -> None:
        now, going = self.office.clock(), self.going
        mine = [row for row in parsed if row.number > self.position]
        of = TakeForeign if isinstance(going.target, Foreign) else TakeRow
        rows = [of(going, row, now) for row in mine if row.problem is None]
        wrong = [row for row in mine if row.problem is not None]
        mark = Mark(going, self.position, until, rows, wrong, parser.column_of, now)
        works: list[Work] = [*([] if of is TakeForeign else [Match(going, rows)]), *rows]
        if going.is_check:
            await self._rehearse(works)
            await self.office.database.unit(mark)
        else:
            await self.office.database.unit(Several(going.actor.org_id, [*works, mark], self.row.whole))
        self.position = until
        self.failed += sum(each.outcome == "failed" for each in rows) + len(wrong)

    async def _rehearse(self, works: list[Work]) -> None:
        """Take rows as if they were imported, and undo all of them at the end."""
        works = [*works, Rehearsed(self.going.actor.org_id)]
        try:
            await self.office.database.unit(Several(self.going.actor.org_id, works))
        except Unavailable as problem:
            if problem.code != REHEARSED:
                raise


@task("import.run", timeout=600, at_once=1)
async def run(office: "Office", job: Job) -> Then | None:
    """Go on with an import."""
    trade, import_id = office.trades[job.of_trade], job.payload["import"]
    row, file, preferences = await office.database.read(
        job.org_id, partial(_read, org_id=job.org_id, id=import_id, trade=trade)
    )
    if row is None or row.status not in GOING:
        return None
    try:
        if file is None:
            raise Missing("The file of this import was removed", "content_missing")
        by_key, now = row.by_key, office.clock()
        if by_key and not await office.database.read(job.org_id, lambda db: stands(db, job.org_id, by_key, now)):
            raise Denied("The key that began this import is not good any more")
        going = await office.database.read(0, lambda session: _going(session, trade, row, job))
        queries = going.target.queries if isinstance(going.target, Foreign) else None
        async with unrolled(office.files, file.key, file.type, queries) as rows:
            ended = await Runner(office, trade, row, going, preferences).go(rows)
    except Unavailable as problem:
        if problem.code == "import_ended":
            return None
        raise
    except Problem as problem:
        if problem.status >= 500:
            raise
        return partial(fail, import_id=import_id, why=problem.sentence)
    return partial(end, import_id=import_id) if ended else partial(go_on, import_id=import_id)


async def drive(office: "Office", trade: "Trade", org_id: int, import_id: int) -> Import:
    """Go through an import here and now, whoever else may be at it; gives it as it ended."""
    job = Job.loaded(
        Job.blank | {"id": 0, "org_id": org_id, "of_trade": trade.name, "payload": {"import": import_id}}, None
    )
    while True:
        row, _, _ = await office.database.read(org_id, partial(_read, org_id=org_id, id=import_id, trade=trade))
        if row is None:
            raise Missing("Import not found")
        if row.status not in GOING:
            return row
        then = await run.run(office, job)
        if then is None or isinstance(then, Badly):
            await asyncio.sleep(0.2)  # a server has it
        else:
            await office.as_system(trade, org_id, then)


def _read(session: Session, org_id: int, id: int, trade: "Trade") -> tuple[Import | None, File | None, Preferences]:  # noqa: A002
    given = {"org_id": org_id, "id": id}
    found = session.dicts(select_statement(Import, None), given)
    row = Import.loaded(found[0], None) if found else None
    files = (
        []
        if row is None or row.file_id is None
        else session.dicts(select_statement(File, None), given | {"id": row.file_id})
    )
    preferences = Preferences(trade.preferences, chosen(session, org_id, trade.name))
    return row, File.loaded(files[0], None) if files else None, preferences


def _going(session: Session, trade: "Trade", row: Import, job: Job) -> Going:
    """What an import may do now; raises Denied where whoever began it may not any more."""
    target = foreign_of(trade, row.type) or target_of(trade, row.type)
    role = row.by_role
    if row.by_user and not row.by_key:
        now = member(session, row.by_user, row.org_id, trade.name)
        role = now.role if now is not None and now.is_active else ""
    actor = Actor(row.org_id, trade.name, role, row.by_user, key_id=row.by_key)
    if not role or not actor.may(trade.widest):
        raise Denied("Whoever began this import may not import any more")
    origin = by_job(job.id) | {"import": str(row.id)}
    return Going(
        row.id, trade, target, actor, target.grants(actor), row.existing, origin, row.status is Progress.CHECKING
    )


# The closing rules: how a turn ends.


def go_on(ctx: Context, import_id: int) -> None:
    """Have the rest done in another turn."""
    ctx.later(run, {"import": import_id}, once=str(import_id), target=str(import_id))


def fail(ctx: Context, import_id: int, why: str) -> None:
    """Say why an import ended before its end."""
    row = ctx.find(Import, import_id)
    if row is not None and row.status in GOING:
        with ctx.happening("import.fail"):
            row.status, row.error, row.ended_at = Progress.FAILED, why[:500], ctx.now


@given_up(run)
def lose(ctx: Context, given: Mapping[str, Any]) -> None:
    """Nobody tries to go on with this import any more; the rows that it has imported so far stay."""
    fail(ctx, given["import"], why=IN_VAIN)


def end(ctx: Context, import_id: int) -> None:
    """All rows were looked at: what was only checked is imported now, if that is wanted."""
    row = ctx.find(Import, import_id)
    if row is None or row.status not in GOING:
        return
    if row.status is Progress.RUNNING:
        with ctx.happening("import.finish"):
            row.status, row.ended_at = Progress.DONE, ctx.now
    elif row.dry_run:
        with ctx.happening("import.check"):
            row.status = Progress.CHECKED
    elif row.whole and row.failed:
        fail(ctx, import_id, f"Nothing was imported: {row.failed} {'rows are' if row.failed > 1 else 'row is'} wrong")
    else:
        with ctx.happening("import.start"):
            begin(ctx, row, Progress.RUNNING)


def begin(ctx: Context, row: Import, how: Progress) -> None:
    """Look at every row, from the first one."""
    if row.status is not how:
        row.status = how
    row.position = row.created = row.updated = row.unchanged = row.failed = 0
    row.errors, row.error, row.ended_at = [], None, None
    ctx.flush()
    ctx.session.execute(sa.delete(Wrong.table).where(Wrong.org_id == ctx.org_id, Wrong.import_id == row.id))
    go_on(ctx, row.id)


def drop(ctx: Context, row: Import) -> None:
    """Delete an import with what it said of its rows, and its file."""
    ctx.session.execute(sa.delete(Wrong.table).where(Wrong.org_id == ctx.org_id, Wrong.import_id == row.id))
    file = ctx.find(File, row.file_id) if row.file_id is not None else None
    ctx.forget(row.table.name, row.id, {"file_name", "errors"})
    ctx.delete(row)
    if file is not None and not ctx.references_to(file):
        ctx.forget(file.table.name, file.id, {"name"})
        ctx.delete(file)
