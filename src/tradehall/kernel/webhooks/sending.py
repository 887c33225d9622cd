"""A delivery: its body from the log, its signature, its tries, and what comes of them."""

import base64
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
import sqlalchemy as sa

from tradehall.kernel.database import Session
from tradehall.kernel.events import CHANGES, EVENTS
from tradehall.kernel.jobs import Badly, Job, Then, task
from tradehall.kernel.kinds import utc_text
from tradehall.kernel.notices.templates import Template
from tradehall.kernel.persons import Subject, belongs, keep_for
from tradehall.kernel.verbs import Actor
from tradehall.kernel.webhooks.courier import Reply
from tradehall.kernel.webhooks.records import Delivery, DeliveryState, Webhook

if TYPE_CHECKING:
    from tradehall.kernel.context import Context
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

PING = "ping"
SECRET = "whsec_"  # noqa: S105 - what every secret begins with
WAITS = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 60, 300, 1800, 7200, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
"""How long until each further try: three days in all, and then the delivery is parked."""
GIVEN_UP = timedelta(days=3)
"""A webhook that took nothing for so long is switched off."""
GONE = 410
SWITCHED_OFF = Template(
    "webhook_off",
    notice="{url} took no event for three days, or asked for none, and gets none until you switch it on again",
)


@dataclass(frozen=True)
class Parcel:
    """What goes to a webhook."""

    delivery_id: int
    webhook_id: int
    attempts: int
    version: int
    url: str
    secrets: tuple[str, ...]
    is_open: bool
    content: bytes

    def headers(self, now: datetime) -> dict[str, str]:
        """The headers of Standard Webhooks; the id is the same at every try."""
        known_as, at = f"msg_{self.delivery_id}", int(now.timestamp())
        return {
            "content-type": "application/json",
            "user-agent": "Tradehall",
            "webhook-id": known_as,
            "webhook-timestamp": str(at),
            "webhook-signature": " ".join(signature(each, known_as, at, self.content) for each in self.secrets),
        }


def signature(secret: str, known_as: str, at: int, content: bytes) -> str:
    """What proves that a message is ours: `v1,` and an HMAC over id, time and body."""
    key = base64.b64decode(secret.removeprefix(SECRET))
    return f"v1,{base64.b64encode(hmac.digest(key, f'{known_as}.{at}.'.encode() + content, sha256)).decode()}"


@task("webhook.deliver", timeout=30, at_once=4)
async def deliver(office: "Office", job: Job) -> Then | Badly | None:
    """Send an event to a webhook."""
    trade, delivery_id = office.trades[job.of_trade], job.payload["delivery"]
    asked = partial(packed, trade=trade, org_id=job.org_id, row_id=delivery_id, now=office.clock())
    parcel = await office.database.read(job.org_id, asked)
    if parcel is None:
        return None
    if not parcel.is_open:
        return partial(note, parcel=parcel, reply=Reply(error="The webhook is switched off"), is_last=True)
    reply = await office.outside.courier.post(parcel.url, parcel.content, parcel.headers(office.clock()))
    noted = partial(note, parcel=parcel, reply=reply)
    return noted if reply.is_good else Badly(noted)


@task("webhook.retire")
async def retire(office: "Office", job: Job) -> Then:
    """Sign no more with the former secret of a webhook."""
    return partial(retired, webhook_id=job.payload["webhook"])


def retired(ctx: "Context", webhook_id: int) -> None:
    """Forget a former secret whose time is over."""
    webhook = ctx.find(Webhook, webhook_id)
    if webhook is not None and webhook.former_until is not None and webhook.former_until <= ctx.now:
        with ctx.happening("webhook.retire"):
            webhook.former_secret = webhook.former_until = None


def packed(session: Session, trade: "Trade", org_id: int, row_id: int, now: datetime) -> Parcel | None:
    """A delivery ready to go; None where it is there no more, or has arrived."""
    d, w = Delivery.table.c, Webhook.table.c
    mine = sa.and_(d.org_id == org_id, d.id == row_id, d.state == DeliveryState.PENDING)
    joined = Delivery.table.join(Webhook.table, sa.and_(w.org_id == d.org_id, w.id == d.webhook_id))
    asked = (
        d.webhook_id,
        d.event_id,
        d.event,
        d.versions,
        d.attempts,
        d.created_at,
        d.version,
        w.url,
        w.secret,
        w.role,
    )
    kept = (w.former_secret, w.former_until, w.is_active)
    row = session.execute(sa.select(*asked, *kept).select_from(joined).where(mine)).first()
    if row is None:
        return None
    actor = Actor(org_id, trade.name, row.role)
    data: dict[str, Any] = {"webhook_id": row.webhook_id}
    at = row.created_at
    if row.event != PING:
        at, data = _happened(session, trade, actor, row.event_id, row.versions)
    content = orjson.dumps({"type": row.event, "timestamp": utc_text(at), "data": data})
    is_open = row.is_active or row.event == PING
    both = row.former_until is not None and now < row.former_until
    secrets = (row.secret, row.former_secret) if both else (row.secret,)
    return Parcel(row_id, row.webhook_id, row.attempts, row.version, row.url, secrets, is_open, content)


def _happened(
    session: Session, trade: "Trade", actor: Actor, event_id: int, versions: Mapping[str, int]
) -> tuple[datetime, dict[str, Any]]:
    """When an event was and what it changed, as the actor may see it."""
    here = (EVENTS.c.org_id == actor.org_id, EVENTS.c.id == event_id)
    event = session.execute(sa.select(EVENTS.c.at, EVENTS.c.actor, EVENTS.c.cause).where(*here)).one()
    inside = (CHANGES.c.org_id == actor.org_id, CHANGES.c.event_id == event_id)
    changes = session.execute(sa.select(CHANGES).where(*inside).order_by(CHANGES.c.position))
    listed = [
        {
            "entity": each.entity,
            "id": each.record_id,
            "version": versions.get(f"{each.entity}:{each.record_id}"),
            "operation": each.operation,
            "values": trade.visible(
                each.entity, orjson.loads(each.body or "{}") | orjson.loads(each.personal or "{}"), actor
            ),
        }
        for each in changes
    ]
    return event.at, {"event_id": event_id, "actor": event.actor, "cause": event.cause, "changes": listed}


def note(ctx: "Context", parcel: Parcel, reply: Reply, is_last: bool = False) -> None:
    """Write down what came of a try, and when the next one is; a webhook that takes nothing any more is switched off.

    Nothing happens in the business, so no event is written, but where the webhook is switched off.
    """
    tried = parcel.attempts
    wait = None if is_last or reply.is_good or tried >= len(WAITS) else WAITS[tried]
    state = DeliveryState.PENDING if wait else DeliveryState.FAILED
    # What was answered may repeat what was erased since it was sent.
    unchanged = Delivery.table.c.version == parcel.version
    values: dict[str, Any] = {"attempts": tried + 1, "status": reply.status}
    values |= {"response": sa.case((unchanged, reply.body or None)), "error": sa.case((unchanged, reply.error or None))}
    values |= {"next_at": wait and ctx.now + wait, "state": state, "updated_at": ctx.now}
    if reply.is_good:
        values |= {"state": DeliveryState.DELIVERED, "delivered_at": ctx.now}
    here = (Delivery.table.c.org_id == ctx.org_id, Delivery.table.c.id == parcel.delivery_id)
    ctx.session.execute(sa.update(Delivery.table).where(*here).values(values))
    if wait:
        send(ctx, parcel.delivery_id, parcel.webhook_id, ctx.now + wait)
    if not is_last:
        _health(ctx, parcel, reply, is_parked=not wait)


def send(ctx: "Context", delivery_id: int, webhook_id: int, due: datetime) -> None:
    """Have a delivery tried when it is due."""
    ctx.later(deliver, {"delivery": delivery_id}, due=due, once=str(delivery_id), target=str(webhook_id))


def _health(ctx: "Context", parcel: Parcel, reply: Reply, is_parked: bool) -> None:
    webhook = ctx.find(Webhook, parcel.webhook_id)
    if webhook is None:
        return
    since = None if reply.is_good else webhook.failing_since or ctx.now
    if since != webhook.failing_since:
        here = (Webhook.table.c.org_id == ctx.org_id, Webhook.table.c.id == webhook.id)
        ctx.session.execute(sa.update(Webhook.table).where(*here).values(failing_since=since))
    is_lost = reply.status == GONE or (is_parked and since is not None and since <= ctx.now - GIVEN_UP)
    if is_lost and webhook.is_active:
        with ctx.happening("webhook.disable"):
            webhook.is_active = False
            ctx.notify(ctx.trade.owner, SWITCHED_OFF.name, webhook, once=f"{webhook.id}:{webhook.version}")


def drop_old(ctx: "Context", before: datetime) -> int:
    """Delete a trade's deliveries that ended and are older than this; gives how many those were."""
    d = Delivery.table.c
    old = (d.org_id == ctx.org_id, d.of_trade == ctx.trade.name, d.created_at < before)
    return ctx.session.change(sa.delete(Delivery.table).where(*old, d.state != DeliveryState.PENDING))


def _about_person(subject: Subject) -> sa.ColumnElement[bool]:
    """Deliveries of what happened to somebody's rows, and those whose answers repeat where they are reached."""
    d = Delivery.table.c
    theirs = subject.refers(CHANGES.c.entity, CHANGES.c.record_id)
    told = sa.exists().where(CHANGES.c.org_id == d.org_id, CHANGES.c.event_id == d.event_id, theirs)
    return sa.or_(told, *(d.response.contains(each, autoescape=True) for each in subject.addresses))


def _erase(ctx: "Context", row: Delivery) -> None:
    """Forget what was answered; a try that is under way sees that it changed."""
    here = (Delivery.table.c.org_id == ctx.org_id, Delivery.table.c.id == row.id)
    blank = {"response": None, "error": None, "version": Delivery.table.c.version + 1}
    ctx.session.execute(sa.update(Delivery.table).where(*here).values(blank))


belongs(Webhook, lambda subject: Webhook.created_by.in_(subject.users))
belongs(Delivery, _about_person, _erase)
keep_for("deliveries", "deliveries to webhooks", 30, drop_old)
