"""Saved views: filters, order and columns of a list under a name, for oneself or, by whoever manages, for everybody."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradehall.kernel.columns import flag, person, personal, text
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing
from tradehall.kernel.errors import Denied
from tradehall.kernel.forms import Form
from tradehall.kernel.persons import belongs
from tradehall.kernel.records import Record, find, unique
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import ME, MEMBER, Role, Verb, where

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade


class SavedView(Record, table="kernel_saved_views"):
    """Filters, order and columns of a list, kept under a name by whoever needs them again."""

    of_trade = text(40)
    owner_id = person()
    room = text(80, shortest=1)
    name = personal(text(60, shortest=1))
    query = personal(text(1000))
    shared = flag()
    opens = flag()
    """Whether the list opens with it."""

    known_as = ("name",)
    indexes = (("of_trade", "room"),)
    walls = (unique("of_trade", "owner_id", "room", "name", says="You have a view of this name already"),)


class NewView(Form, of=SavedView, fields=("room", "name", "query", "shared", "opens")):
    """A list as somebody wants it again: `query` is that of its address."""


def _of_this(trade: "Trade", record: type[Record]) -> sa.ColumnElement[bool]:
    return record.table.c.of_trade == trade.name


def managers(trade: "Trade") -> tuple[Role, ...]:
    """Who keeps views for everybody: the upper two roles, but not the least."""
    return trade.roles[1:][-2:] or trade.roles


def paths(trade: "Trade") -> Iterator[Contract]:
    """What is offered of views: each sees their own and those for everybody; whoever manages removes the latter, too."""
    managing = managers(trade)

    def seen(record: type[Record]) -> sa.ColumnElement[bool]:
        table = record.table.c
        return sa.and_(_of_this(trade, record), sa.or_(table.owner_id == ME, table.shared))

    def own(record: type[Record]) -> sa.ColumnElement[bool]:
        return sa.and_(_of_this(trade, record), record.table.c.owner_id == ME)

    def save(ctx: Context, wish: NewView) -> SavedView:
        if wish.shared and not ctx.actor.may(managing):
            raise Denied("Only whoever manages keeps a view for everybody")
        if wish.opens:
            mine = (SavedView.of_trade == trade.name, SavedView.owner_id == ctx.actor.user_id)
            for each in ctx.all(find(SavedView, *mine, SavedView.room == wish.room, SavedView.opens)):
                each.opens = False
        return ctx.add(SavedView(of_trade=trade.name, owner_id=ctx.actor.user_id, **wish.model_dump()))

    def remove(ctx: Context, view: SavedView) -> None:
        ctx.delete(view)

    path = f"{trade.prefix}/saved-views"
    columns = ("id", "room", "name", "query", "shared", "opens", "owner_id", "created_at")
    views = Resource(
        SavedView, by=where(MEMBER, seen), columns=columns, filters=("room",), table=("name", "room", "shared", "opens")
    )
    saves: Verb[Any, Any] = Verb(
        "create", SavedView, MEMBER, save, False, NewView, "Keep a list as it is now under a name."
    )
    by = (*(where(role, seen) for role in managing), where(MEMBER, own))
    removes: Verb[Any, Any] = Verb("delete", SavedView, by, remove, True, None, "Remove a saved view.")
    yield Contract("GET", path, Listing(views))
    yield Contract("POST", path, saves, 201, shape=views.shape)
    yield Contract("DELETE", f"{path}/{{id}}", removes, 204)


def _let_go(ctx: Context, view: SavedView) -> None:
    ctx.forget(view.table.name, view.id, {"name", "query"})
    ctx.delete(view)


belongs(SavedView, lambda subject: SavedView.owner_id.in_(subject.users), _let_go)
