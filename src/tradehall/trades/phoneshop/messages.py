"""What a customer is told of a repair, and what they write back (spec R-09, R-10)."""

from typing import Any

from tradehall.kernel.columns import personal, reference, text
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing
from tradehall.kernel.notices.inbound import RECEIVE
from tradehall.kernel.notices.ledger import Channel, Message, Reply
from tradehall.kernel.notices.paths import log_of
from tradehall.kernel.notices.sending import ACCEPT, DELIVER
from tradehall.kernel.records import Record, find
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import after
from tradehall.trades.phoneshop.models import Customer, Repair, RepairStatus
from tradehall.trades.phoneshop.reach import WORKSHOP
from tradehall.trades.phoneshop.roles import MANAGERS
from tradehall.trades.phoneshop.terms import LINK, language_of

EVERY_STATUS = {
    RepairStatus.PENDING: "repair_booked",
    RepairStatus.IN_PROGRESS: "repair_in_progress",
    RepairStatus.COMPLETED: "repair_completed",
    RepairStatus.DELIVERED: "repair_delivered",
}
"""The template of each status."""
DONE = (RepairStatus.COMPLETED, RepairStatus.DELIVERED)


class RepairReply(Record, table="phoneshop_repair_replies"):
    """What a customer wrote back about a repair."""

    repair_id = reference(Repair)
    customer_id = reference(Customer)
    body = personal(text(2000))

    indexes = (("repair_id",), ("customer_id",))


def link_of(ctx: Context, repair: Repair) -> str:
    """Where the customer follows a repair; "" where the shop has not said where that is."""
    base: str = ctx.preferences[LINK.name]
    return f"{base}{repair.token}" if base else ""


def tell(ctx: Context, repair: Repair, template: str, *, once: str | int, **values: Any) -> None:
    """Tell a customer of their repair."""
    customer = ctx.get(Customer, repair.customer_id)
    values |= {"customer": customer.full_name, "link": link_of(ctx, repair)}
    language = language_of(ctx, customer)
    ctx.notify(customer.phone_number, template, repair, once=f"{repair.id}:{once}", language=language, **values)


def tell_status(ctx: Context, repair: Repair, status: RepairStatus) -> None:
    """One message for each real change: its key is the repair, the status and the number of the change."""
    tell(ctx, repair, EVERY_STATUS[status], once=repair.changes)


@after(ACCEPT)
@after(DELIVER)
def note_delivery(ctx: Context, message: Message) -> None:
    """A customer counts as notified when the message for Completed or Delivered was taken, or would have been."""
    wanted = {EVERY_STATUS[status] for status in DONE}
    if message.of_trade == Repair.trade and message.template in wanted and message.cause_id is not None:
        repair = ctx.find(Repair, message.cause_id)
        if repair is not None and repair.status in DONE:
            repair.delivery_notified = True


@after(RECEIVE)
def attach_reply(ctx: Context, reply: Reply) -> None:
    """What somebody writes back belongs to the repair that they were told of last, and its technician is told."""
    if reply.of_trade != Repair.trade:
        return
    here = (
        Message.of_trade == reply.of_trade,
        Message.address == reply.address,
        Message.cause_entity == Repair.table.name,
    )
    told = ctx.first(find(Message, *here).by(Message.id.desc()))
    repair = ctx.find(Repair, told.cause_id) if told is not None and told.cause_id is not None else None
    if repair is None:
        return
    ctx.add(RepairReply(repair_id=repair.id, customer_id=repair.customer_id, body=reply.body))
    if (whom := repair.technician_id or repair.staff_id) is not None:
        ctx.notify(whom, "repair_reply", repair, once=reply.id, body=reply.body)


replies = Resource(
    RepairReply,
    columns=("id", "repair_id", "customer_id", "body", "created_at"),
    by=WORKSHOP,
)
sent = log_of(Repair.trade, MANAGERS, Channel.SMS)
paths = (
    Contract("GET", "/api/sms/log", Listing(sent)),
    Contract("GET", "/api/repairs/{id}/replies", Listing(replies, parent="repair_id")),
)
