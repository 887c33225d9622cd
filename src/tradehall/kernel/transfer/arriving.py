"""What arrives: a table is looked at before any of its rows is taken, outside of the unit that begins its import."""

import asyncio
import codecs
import io
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Literal

import orjson
import sqlalchemy as sa
from pydantic import BaseModel, BeforeValidator
from pydantic import Field as Limit

from tradehall.kernel import files
from tradehall.kernel.cabinet import DATABASE, Arrived
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Invalid, UnsupportedType, field_error
from tradehall.kernel.preferences import Preferences, chosen
from tradehall.kernel.reader import Reader
from tradehall.kernel.transfer.cells import Conventions
from tradehall.kernel.transfer.foreign import Foreign, foreign_of
from tradehall.kernel.transfer.plan import SAMPLED, Target, target_of
from tradehall.kernel.transfer.records import Existing, Import, Progress
from tradehall.kernel.transfer.running import header_of, numbered, unrolled

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call, Sent
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade


def _object(value: Any) -> Any:
    try:
        return orjson.loads(value) if isinstance(value, str) else value
    except orjson.JSONDecodeError:
        raise ValueError("columns are a JSON object: title to field") from None


Columns = Annotated[dict[str, str | None], BeforeValidator(_object), Limit(max_length=500)]


class Choices(BaseModel):
    """How a table is read, and what is done with its rows; what is not said is told by the table itself."""

    columns: Columns | None = None
    decimal: Literal[".", ","] | None = None
    dates: Literal["dmy", "mdy", "ymd"] | None = None
    existing: Existing | None = None
    whole: bool | None = None


class NewImport(Choices):
    """A table for a resource; with `dry_run` its rows are checked, and nothing is imported until it is started.

    With `ask_columns` a column goes where it went in the last import, and where the columns do not tell enough, the table
    waits until somebody says what goes where.
    """

    type: Annotated[str, Limit(max_length=63)]
    dry_run: bool = False
    ask_columns: bool = False


class BulkUpload(Choices):
    """A table for this resource, which is checked first: it is imported when it is started, or with `dry_run=0` at once."""

    dry_run: bool = True


@dataclass(frozen=True)
class Read:
    """What a table says of itself, before any of its rows is taken."""

    type: str
    header: list[str]
    fields: list[str | None]
    how: Conventions
    rows: int
    arrived: Arrived | None = None
    quota: int = 0
    is_foreign: bool = False
    lacks: str = ""
    """Why its columns do not tell enough, where that is to be asked."""


def arriving(name: str = "") -> Any:
    """What looks at a table for this resource, or for the one that the request names, before the unit."""

    async def arrive(office: "Office", trade: "Trade", call: "Call") -> Read:
        wish, sent = call.body, call.file
        assert isinstance(wish, Choices)  # noqa: S101 - for the type checker
        if sent is None:
            raise UnsupportedType("multipart/form-data")
        if (foreign := foreign_of(trade, name or getattr(wish, "type", ""))) is not None:
            foreign.grants(call.actor)
            return await _look_into(office, call, foreign, sent)
        target = target_of(trade, name or getattr(wish, "type", ""))
        target.grants(call.actor)
        with _in_utf_8(sent.content) as content:
            arrived = await office.files.take_in(call.actor.org_id, content, sent.name)
        try:
            return await look(office, trade, call.actor.org_id, target, arrived, wish)
        except BaseException:
            await office.files.drop_quietly(arrived.key)
            raise

    return arrive


async def _look_into(office: "Office", call: "Call", foreign: Foreign, sent: "Sent") -> Read:
    """Take in the database of another system."""
    arrived = await office.files.take_in(call.actor.org_id, sent.content, sent.name, databases=True)
    try:
        if arrived.type != DATABASE:
            raise field_error(["body", "file"], f"This file is no database of {foreign.title}", "file")
        async with unrolled(office.files, arrived.key, arrived.type, foreign.queries) as rows:
            count = await asyncio.to_thread(lambda: sum(1 for _ in rows) - 2)
    except BaseException:
        await office.files.drop_quietly(arrived.key)
        raise
    return Read(foreign.name, [], [], Conventions(), count, arrived, office.files.allowance.quota, is_foreign=True)


@contextmanager
def _in_utf_8(content: BinaryIO) -> Iterator[BinaryIO]:
    """The same file; what is UTF-16, as some programs write tables, in UTF-8."""
    content.seek(0)
    if content.read(2) not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        yield content
        return
    content.seek(0)
    text = io.TextIOWrapper(content, "utf-16", newline="")
    with TemporaryFile() as made:
        try:
            shutil.copyfileobj(text, codecs.getwriter("utf-8")(made))
        except UnicodeError as error:
            raise field_error(["body", "file"], "This file can't be read", "file") from error
        finally:
            text.detach()
        yield made


async def look(office: "Office", trade: "Trade", org_id: int, target: Target, arrived: Arrived, wish: Choices) -> Read:
    asks = isinstance(wish, NewImport) and wish.ask_columns

    def read(session: Session) -> tuple[Preferences, dict[str, str | None]]:
        known = remembered(session, org_id, trade.name, target) if asks else {}
        return Preferences(trade.preferences, chosen(session, org_id, trade.name)), known

    preferences, known = await office.database.read(org_id, read)
    async with unrolled(office.files, arrived.key, arrived.type) as rows:
        header, fields, how, count = await asyncio.to_thread(_described, rows, target, wish, preferences, known)
    lacks = ""
    try:
        target.sufficient(fields)
    except Invalid as invalid:
        if not asks:
            raise
        lacks = invalid.sentence
    quota = office.files.allowance.quota
    return Read(target.record.plural, header, fields, how, count, arrived, quota, lacks=lacks)


def remembered(session: Session, org_id: int, trade: str, target: Target) -> dict[str, str | None]:
    """Where each column of the last import went."""
    mine = (Import.org_id == org_id, Import.of_trade == trade, Import.type == target.record.plural)
    last = sa.select(Import.columns).where(*mine, Import.status == Progress.DONE).order_by(Import.id.desc()).limit(1)
    found = session.execute(last).scalar() or []
    return {each["column"]: each["field"] for each in found if each["field"] in (None, *target.columns)}


def _described(
    rows: BinaryIO, target: Target, wish: Choices, preferences: Preferences, known: Mapping[str, str | None]
) -> tuple[list[str], list[str | None], Conventions, int]:
    next(rows)
    numbers = numbered(rows)
    if not (header := header_of(numbers)):
        raise field_error(["body", "file"], "This file holds nothing", "file")
    sample = [cells for _, cells in islice(numbers, SAMPLED)]
    more = sum(len(cells) > 0 for _, cells in numbers)
    fields = target.guessed(header, known) if wish.columns is None else target.checked(header, wish.columns)
    guess = target.conventions(fields, sample, preferences)
    how = Conventions(wish.decimal or guess.decimal, wish.dates or guess.dates, guess.zone)
    return header, fields, how, sum(len(cells) > 0 for cells in sample) + more


async def look_again(office: "Office", trade: "Trade", call: "Call") -> Read | None:
    """What the table says with other choices."""
    wish = call.body
    assert isinstance(wish, Choices)  # noqa: S101 - for the type checker

    def read(session: Session) -> tuple[Import, files.File]:
        reader = Reader(session, trade, call.actor, call.now)
        row = reader.get(Import, call.target or 0, call.contract.grant(call.actor))
        return row, reader.get(files.File, row.file_id or 0)

    row, file = await office.database.read(call.actor.org_id, read)
    arrived, target = Arrived(file.key, file.name, file.type, file.size), target_of(trade, row.type)
    target.grants(call.actor)
    return await look(office, trade, call.actor.org_id, target, arrived, wish)
