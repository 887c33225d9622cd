"""Who wants no messages: by the link of an e-mail (RFC 8058), or because a manager was told so."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing
from tradehall.kernel.errors import field_error
from tradehall.kernel.forms import Form
from tradehall.kernel.notices.ledger import Channel, OptOut, Source, reachable, stop_writing, wants_none
from tradehall.kernel.notices.tokens import unseal
from tradehall.kernel.resources import Filter, Resource
from tradehall.kernel.verbs import Verb

if TYPE_CHECKING:
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade


class NewOptOut(Form, of=OptOut, fields=("address",)):
    """A telephone number or an e-mail address to which nothing is written any more."""


def add(ctx: Context, wish: NewOptOut) -> OptOut:
    """Write to an address no more."""
    channel = Channel.EMAIL if "@" in wish.address else Channel.SMS
    if (whole := reachable(channel, wish.address, ctx.preferences)) is None:
        raise field_error(["body", "address"], "This is neither a telephone number nor an e-mail address")
    return stop_writing(ctx, channel, whole, Source.MANAGER)


def lift(ctx: Context, row: OptOut) -> None:
    """Write to an address again."""
    ctx.delete(row)


def paths(trade: "Trade", here: str) -> Iterator[Contract]:
    """Who wants no messages, as managers see and change it; it holds in every trade of the organisation."""
    by = trade.roles[-2:]
    columns = ("id", "created_at", "channel", "address", "source")
    of_address = Filter("address", str, lambda given: sa.or_(OptOut.address == given, OptOut.address == given.lower()))
    listed = Resource(OptOut, by=by, columns=columns, filters=("channel", of_address))
    adds: Verb[Any, Any] = Verb("add", OptOut, by, add, False, NewOptOut, "Write to an address no more.")
    lifts: Verb[Any, Any] = Verb("lift", OptOut, by, lift, True, None, "Write to an address again.")
    yield Contract("GET", here, Listing(listed))
    yield Contract("POST", here, adds, 201, shape=listed.shape)
    yield Contract("DELETE", f"{here}/{{id}}", lifts, 204)


async def unsubscribe(office: "Office", trade: "Trade", token: str) -> str:
    """Write no more e-mail to whom a link was sent; gives the address. A second time changes nothing."""
    org_id, address = unseal(office.stop_key, token)
    await office.as_system(trade, org_id, lambda ctx: _stop(ctx, address))
    return address


def _stop(ctx: Context, address: str) -> None:
    if wants_none(ctx, Channel.EMAIL, address) is None:
        with ctx.happening("optout.ask"):
            stop_writing(ctx, Channel.EMAIL, address, Source.LINK)
