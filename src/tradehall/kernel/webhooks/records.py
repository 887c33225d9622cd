"""What is kept of webhooks: where events go, and how each delivery went."""

from enum import StrEnum

from tradehall.kernel.columns import choice, flag, integer, json, moment, optional, person, personal, reference, text
from tradehall.kernel.columns import secret as hidden
from tradehall.kernel.records import Record


class Webhook(Record, table="kernel_webhooks"):
    """An address to which a trade's events are sent, as the role of whoever named it sees them.

    After its secret was changed, the former one signs too for a while.
    """

    of_trade = text(40)
    url = text(2000, shortest=1)
    description = personal(text(200, default=""))
    events = json(default=list)
    is_active = flag(default=True)
    secret = hidden(text(80))
    former_secret = hidden(optional(text(80)))
    former_until = optional(moment())
    role = text(40)
    created_by = person()
    failing_since = optional(moment())

    known_as = ("url",)


class DeliveryState(StrEnum):
    """How a delivery is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Delivery(Record, table="kernel_deliveries"):
    """One event on its way to one webhook. Its body is read from the log at each try, so that what was erased stays so."""

    of_trade = text(40)
    webhook_id = reference(Webhook)
    event_id = integer(default=0)
    event = text(120)
    versions = json(default=dict)
    state = choice(DeliveryState, default=DeliveryState.PENDING)
    attempts = integer(default=0)
    next_at = optional(moment())
    status = optional(integer())
    response = personal(optional(text(1024)))
    error = personal(optional(text(300)))
    delivered_at = optional(moment())

    indexes = (("webhook_id",),)
