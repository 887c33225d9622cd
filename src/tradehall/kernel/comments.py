"""Comments: what people say to each other about a row, for whoever may see it; who is named with an @ is told."""

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel
from pydantic import Field as Limit

from tradehall.kernel import columns, files
from tradehall.kernel.columns import LARGEST_ID, integer, moment, optional, person, personal
from tradehall.kernel.context import GONE, Context
from tradehall.kernel.contracts import Contract, Report, Shape
from tradehall.kernel.database import Prepared
from tradehall.kernel.forms import Form
from tradehall.kernel.labels import people
from tradehall.kernel.notices.ledger import Notice
from tradehall.kernel.notices.templates import Template
from tradehall.kernel.people.declared import CLOSED
from tradehall.kernel.people.members import Member, memberships
from tradehall.kernel.people.tables import MEMBERSHIPS
from tradehall.kernel.persons import Subject, belongs
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Find, Record, find, record_of
from tradehall.kernel.resources import Resource
from tradehall.kernel.search import fold
from tradehall.kernel.verbs import ME, MEMBER, Actor, Grant, Role, Verb, where
from tradehall.kernel.views import managers

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade

LONGEST = 4000
MOST = 200
"""So many colleagues can be named; a larger business calls for another way to find people."""
NOTED = "note"
"""What the log calls it that something was said about a row: whoever sees the row hears of it."""
SAYS = "Say something about a row. A colleague who is named with an @ is told."
SIGN = re.compile(r"(?<![\w@.])@(?=\w)")
MENTIONED = Template("mentioned", notice="{who} mentioned you in a comment: {what}")


class Comment(Record, table="kernel_comments"):
    """What somebody said about a row."""

    of_trade = columns.text(40)
    entity = columns.text(63)
    record_id = integer(at_least=1)
    person_id = person()
    edited_at = optional(moment())
    text = personal(columns.text(LONGEST, shortest=1))

    indexes = (("entity", "record_id", "id"),)


class NewComment(Form, of=Comment, fields=("text",)):
    """What somebody has to say; a colleague who is named with an @ is told of it."""


class Older(BaseModel):
    """Which comments: the newest, or those before one."""

    before: Annotated[int, Limit(ge=1, le=LARGEST_ID)] = LARGEST_ID
    limit: Annotated[int, Limit(ge=1, le=1000)] = 100


SHOWN = Shape(Comment, ("id", "text", "person_id", "created_at", "edited_at"))


def of_row(entity: str, record_id: int, *conditions: sa.ColumnElement[bool]) -> Find[Comment]:
    """What was said about a row, newest first."""
    here = (Comment.entity == entity, Comment.record_id == record_id)
    return find(Comment, *here, *conditions).by(Comment.table.c.id.desc())


def said(reader: Reader, row: Record, asked: Older) -> list[dict[str, Any]]:
    """What was said about a row, newest first, each with who said it."""
    before = Comment.table.c.id < asked.before
    found = reader.all(of_row(row.table.name, row.id, before).first(asked.limit))
    names, view = people(reader, {each.person_id for each in found}), SHOWN.view(reader.actor)
    return [view.one(each) | {"person": names.get(each.person_id, "")} for each in found]


# What may happen.


def comment(ctx: Context, row: Record, wish: NewComment) -> Comment:
    """Say something about a row."""
    here = {"of_trade": ctx.trade.name, "entity": row.table.name, "record_id": row.id}
    made = ctx.add(Comment(person_id=ctx.actor.user_id, text=wish.text, **here))
    _noted(ctx, made)
    return made


def edit(ctx: Context, made: Comment, wish: NewComment) -> Comment:
    """Say one's own comment in other words."""
    files.seen(ctx, made.entity, made.record_id)
    if made.text != wish.text:
        made.text, made.edited_at = wish.text, ctx.now
        _noted(ctx, made)
    return made


def remove(ctx: Context, made: Comment) -> None:
    """Take a comment back."""
    files.seen(ctx, made.entity, made.record_id)
    ctx.mark(made.entity, made.record_id, NOTED, {"comment": made.id})
    ctx.delete(made)


def _noted(ctx: Context, made: Comment) -> None:
    """Let whoever looks at the row hear of it, and tell those who are named in it, each once."""
    ctx.mark(made.entity, made.record_id, NOTED, {"comment": made.id})
    row = ctx.get(record_of(made.entity), made.record_id)
    known = people(ctx, [ctx.actor.user_id])
    told: dict[str, Any] = {
        "who": known.get(ctx.actor.user_id) or ctx.actor.name or ctx.trade.owner.title,
        "what": called(row),
    }
    for user_id in mentioned(ctx, row, made.text):
        if user_id != ctx.actor.user_id:
            ctx.notify(user_id, MENTIONED.name, row, once=made.id, **told)


def called(row: Record) -> str:
    """What a row is called, with its kind and number."""
    words = (str(row.values[name]) for name in row.known_as if row.values[name] not in (None, ""))
    return " ".join((row.title, str(row.id), *words))[:200]


# Who is named.


def colleagues(reader: Reader, record: type[Record]) -> list[Member]:
    """Who may be named about rows of a record: whoever works here and may see them at all.

    Where whoever wants may join, those of the least role are no colleagues: nobody learns their names here.
    """
    trade = reader.trade
    roles = trade.roles if trade.register.how is CLOSED else trade.roles[1:]
    known = tuple(role.name for role in roles if _grant(reader, record, role) is not None)
    return [Member(**row) for row in reader.session.dicts(_in_roles(trade.name, known), {"org_id": reader.org_id})]


@cache
def _in_roles(trade: str, roles: tuple[str, ...]) -> Prepared:
    """Whoever works in one of these roles."""
    here = (MEMBERSHIPS.c.org_id == sa.bindparam("org_id"), MEMBERSHIPS.c.trade == trade, MEMBERSHIPS.c.is_active)
    return Prepared(memberships(*here, MEMBERSHIPS.c.role.in_(roles)).limit(MOST))


def mentioned(reader: Reader, row: Record, text: str) -> list[int]:
    """The colleagues whom a text names with an @, by their full name or what they sign in with, and who may see the row."""
    if SIGN.search(text) is None:
        return []
    names = [
        (fold(name), each)
        for each in colleagues(reader, type(row))
        for name in (each.full_name, each.name)
        if name and fold(name)
    ]
    names.sort(key=lambda each: -len(each[0]))  # the longest first: "@Ama Mensah" is not Ama
    found: dict[int, Member] = {}
    for place in SIGN.finditer(text):
        rest = fold(text[place.end() :])
        longest = next((len(name) for name, _ in names if _begins(rest, name)), 0)
        found |= {each.user_id: each for name, each in names if len(name) == longest and _begins(rest, name)}
    return [user_id for user_id, each in found.items() if _sees(reader, row, each)]


def _begins(rest: str, name: str) -> bool:
    return rest.startswith(name) and not rest[len(name) : len(name) + 1].isalnum()


def _sees(reader: Reader, row: Record, member: Member) -> bool:
    role = reader.trade.role(member.role)
    grant = None if role is None else _grant(reader, type(row), role)
    theirs = Reader(
        reader.session, reader.trade, Actor(reader.org_id, member.trade, member.role, member.user_id), reader.now
    )
    return grant is not None and theirs.find(type(row), row.id, grant) is not None


def _grant(reader: Reader, record: type[Record], role: Role) -> Grant | None:
    resource = next((each for each in reader.trade.resources if each.record is record), None)
    actor = Actor(reader.org_id, reader.trade.name, role.name)
    return actor.grant(resource.by) if resource is not None and actor.may(resource.by) else None


# Where it is offered.


def paths(trade: "Trade") -> Iterator[Contract]:
    """The comments on the rows of every resource; each changes their own, and whoever manages removes any."""

    def here(record: type[Record]) -> sa.ColumnElement[bool]:
        return record.table.c.of_trade == trade.name

    def own(record: type[Record]) -> sa.ColumnElement[bool]:
        return sa.and_(here(record), record.table.c.person_id == ME)

    for resource in trade.resources:
        yield from _of_rows(trade, resource)
    by = (*(where(role, here) for role in managers(trade)), where(MEMBER, own))
    edits: Verb[Any, Any] = Verb(
        "edit", Comment, where(MEMBER, own), edit, True, NewComment, "Change one's own comment."
    )
    removes: Verb[Any, Any] = Verb("remove", Comment, by, remove, True, None, "Remove a comment.")
    yield Contract("PATCH", f"{trade.prefix}/comments/{{id}}", edits, shape=SHOWN)
    yield Contract("DELETE", f"{trade.prefix}/comments/{{id}}", removes, 204)


def _of_rows(trade: "Trade", resource: Resource) -> Iterator[Contract]:
    record = resource.record
    path = f"{trade.prefix}/{record.in_paths}/{{id}}/comments"
    summary = "What was said about a row, newest first."
    reads = Report("comments", resource.by, said, Older, summary, quick=True, room=Comment.plural, record=record)
    says: Verb[Any, Any] = Verb("comment", record, resource.by, comment, True, NewComment, SAYS)
    yield Contract("GET", path, reads)
    yield Contract("POST", path, says, 201, shape=SHOWN)


# When the row goes, or a person.


def _gone(ctx: Context, row: Record) -> None:
    if any(each.record is type(row) for each in ctx.trade.resources):
        for each in ctx.all(of_row(row.table.name, row.id)):
            ctx.delete(each)


def _of_person(subject: Subject) -> sa.ColumnElement[bool]:
    about = subject.refers(Comment.table.c.entity, Comment.table.c.record_id)
    return sa.or_(about, Comment.person_id.in_(subject.users))


def _erase(ctx: Context, made: Comment) -> None:
    """Erase what was said, and who was told that this person said it."""
    theirs = Notice.table.c.once.like(f"{MENTIONED.name}:%:{made.id}")
    for notice in ctx.all(find(Notice, Notice.of_trade == made.of_trade, Notice.template == MENTIONED.name, theirs)):
        ctx.erase(notice, body="", once=None)
    ctx.erase(made, text="")


GONE.append(_gone)
belongs(Comment, _of_person, _erase)
