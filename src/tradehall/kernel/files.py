"""Files: what people attach to records and upload, who may see each, and what it takes to keep or remove one (P-25)."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pydantic import BaseModel

from tradehall.kernel.cabinet import MEGABYTE, Arrived
from tradehall.kernel.columns import Field, integer, optional, person, personal, reference, text
from tradehall.kernel.context import GONE, Context
from tradehall.kernel.contracts import Contract, Listing, Shape
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Denied, Missing, Refused
from tradehall.kernel.jobs import Job, task
from tradehall.kernel.keys import WRITES_FILES
from tradehall.kernel.persons import Subject, belongs, keep_for
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record, find, record_of, referrers, unique, wanted
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import MEMBER, Grant, Verb

if TYPE_CHECKING:
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade


class File(Record, table="kernel_files"):
    """A file: where its bytes are in the store, and the row that it is attached to, if any."""

    of_trade = text(40)
    key = text(80)
    name = personal(text(200))
    type = text(100)
    size = integer(at_least=0)
    uploaded_by = person()
    entity = optional(text(63))
    record_id = optional(integer(at_least=1))

    indexes = (("entity", "record_id"),)
    walls = (unique("key", says="This file is there already"),)


SHOWN = Shape(File, ("id", "name", "type", "size", "entity", "record_id", "uploaded_by", "created_at"))


def file() -> Field[int]:
    """A file of the same organisation: whoever may see the row may see it."""
    return reference(File)


class Attached(BaseModel):
    """A file that is in the store, and the row that it is for."""

    key: str
    name: str
    type: str
    size: int
    quota: int
    entity: str | None = None
    record_id: int | None = None
    by_rule: bool = False
    """Whether a rule gives it to the row: whoever carries the rule out need not see that row."""


def keep(ctx: Context, arrived: Attached) -> File:
    """Keep a file."""
    if arrived.entity is not None and arrived.record_id is not None and not arrived.by_rule:
        seen(ctx, arrived.entity, arrived.record_id)
    used = ctx.session.execute(sa.select(sa.func.sum(File.size)).where(File.org_id == ctx.org_id)).scalar() or 0
    if used + arrived.size > arrived.quota:
        raise Refused("quota_reached", f"The files here may not exceed {arrived.quota // MEGABYTE:,} MB")
    values = arrived.model_dump(exclude={"quota", "by_rule"})
    return ctx.add(File(of_trade=ctx.trade.name, uploaded_by=ctx.actor.user_id, **values))


def remove(ctx: Context, row: File) -> File:
    """Remove a file that no row holds."""
    if not visible(ctx, row):
        raise Missing(f"{File.title} not found")
    if row.uploaded_by != ctx.actor.user_id:
        ctx.actor.grant(ctx.trade.widest, WRITES_FILES)
    ctx.delete(row)
    return row


KEEP: Verb[Any, File] = Verb("upload", File, MEMBER, keep, False, Attached, "Upload a file.")
REMOVE: Verb[Any, File] = Verb("remove", File, MEMBER, remove, True, None, "Remove a file.")


def attach(ctx: Context, arrived: Arrived, row: Record | None = None, quota: int = 2**62) -> File:
    """Keep what `prepare` took in, attached to a row: for rules whose request holds a photo."""
    entity, record_id = (None, None) if row is None else (row.table.name, row.id)
    given = Attached(**vars(arrived), entity=entity, record_id=record_id, quota=quota, by_rule=True)
    return ctx.do(KEEP, given)


# Who sees what.


def visible(reader: Reader, row: File) -> bool:
    """Whether the actor may see a file: its row, or one that holds it; an unattached one is its uploader's."""
    actor, trade = reader.actor, reader.trade
    if row.of_trade != trade.name:
        return False
    if row.entity is not None:
        return _reaches(reader, row.entity, row.record_id or 0)
    if row.uploaded_by == actor.user_id or actor.may(trade.widest):
        return True
    return any(_holds(reader, resource, name, row.id) for resource, name in _holders(trade))


def get(reader: Reader, file_id: int) -> File:
    """The file; raises Missing where there is none that the actor may see."""
    row = reader.find(File, file_id)
    if row is None or not visible(reader, row):
        raise Missing(f"{File.title} not found")
    return row


def seen(reader: Reader, entity: str, record_id: int) -> None:
    """Raise Missing where the actor may not see a row."""
    if not _reaches(reader, entity, record_id):
        raise Missing(f"{record_of(entity).title} not found")


OF_ROW = find(File, File.entity == wanted("entity"), File.record_id == wanted("record_id")).standing()
"""The files that are attached to a row."""


def _reaches(reader: Reader, entity: str, record_id: int) -> bool:
    resource = next((each for each in reader.trade.resources if each.record.table.name == entity), None)
    grant = _grant(reader, resource) if resource is not None else None
    return resource is not None and grant is not None and reader.find(resource.record, record_id, grant) is not None


def _grant(reader: Reader, resource: Resource) -> Grant | None:
    """What of a resource the actor may read, if anything; a key needs its scope besides."""
    listed = Contract("GET", "", Listing(resource))
    try:
        return listed.grant(reader.actor)
    except Denied:
        return None


def _holders(trade: "Trade") -> Iterator[tuple[Resource, str]]:
    """The columns of a trade that hold a file."""
    for resource in trade.resources:
        for name, declared in resource.record.fields.items():
            if declared.references is File:
                yield resource, name


def _holds(reader: Reader, resource: Resource, name: str, file_id: int) -> bool:
    record, grant = resource.record, _grant(reader, resource)
    if grant is None or name not in resource.shape.view(reader.actor).names:
        return False
    within = () if grant.scope is None else (grant.scope(record),)
    return reader.first(find(record, record.table.c[name] == file_id, *within)) is not None


# When a row goes, so do its files.


@task("file.drop")
async def drop(office: "Office", job: Job) -> None:
    """Remove the bytes of a file that has no row any more."""
    await office.files.drop(job.payload["key"])


def _gone(ctx: Context, row: Record) -> None:
    if isinstance(row, File):
        ctx.later(drop, {"key": row.key}, once=row.key)
    elif any(each.record is type(row) for each in ctx.trade.resources):  # what is not offered has no files
        for each in ctx.all(OF_ROW, entity=row.table.name, record_id=row.id):
            ctx.delete(each)


GONE.append(_gone)


# Whose they are, and how long they are kept.


def _of_person(subject: Subject) -> sa.ColumnElement[bool]:
    held = (
        sa.and_(File.org_id == record.table.c.org_id, File.id == record.table.c[name], record.table.c.id.in_(ids))
        for table, ids in subject.rows.items()
        for record in [record_of(table)]
        for name, declared in record.fields.items()
        if declared.references is File
    )
    loose = sa.and_(File.uploaded_by.in_(subject.users), File.entity.is_(None))
    attached = subject.refers(File.table.c.entity, File.table.c.record_id)
    return sa.or_(attached, loose, *(sa.exists().where(each) for each in held))


def _erase(ctx: Context, row: File) -> None:
    """Remove a file of somebody who is erased from whatever row holds it."""
    for record, declared in referrers(File):
        if record.trade == row.of_trade:
            for holding in ctx.all(find(record, record.table.c[declared.name] == row.id)):
                if declared.optional:
                    holding.assign(declared, None)
    if ctx.references_to(row):
        ctx.erase(row, name="erased")
        ctx.later(drop, {"key": row.key}, once=row.key)
    else:
        ctx.forget(row.table.name, row.id, {"name"})
        ctx.delete(row)


def _expire(ctx: Context, before: datetime) -> int:
    old = find(File, File.of_trade == ctx.trade.name, File.created_at < before)
    oldest = old.by(File.table.c.created_at, File.table.c.id).first(1000)
    found = [row for row in ctx.all(oldest) if not ctx.references_to(row)]
    for row in found:
        ctx.forget(row.table.name, row.id, {"name"})
        ctx.delete(row)
    return len(found)


belongs(File, _of_person, _erase)
keep_for("files", "files", None, _expire)


def keys(session: Session, org_id: int) -> list[str]:
    """Where the files of an organisation are in the store."""
    return list(session.execute(sa.select(File.key).where(File.org_id == org_id)).scalars())
