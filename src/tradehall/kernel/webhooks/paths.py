"""The paths of webhooks: name an address, change it, remove it, try it, see how deliveries went, send one again."""

import base64
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel
from pydantic import Field as Limit

from tradehall.kernel.columns import clean
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing, Reading
from tradehall.kernel.errors import Refused, field_error
from tradehall.kernel.forms import Form
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import Verb, where
from tradehall.kernel.webhooks.outbox import EVERYTHING, wants
from tradehall.kernel.webhooks.records import Delivery, DeliveryState, Webhook
from tradehall.kernel.webhooks.sending import PING, SECRET, retire, send

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

Names = Annotated[list[Annotated[str, Limit(max_length=120)]], Limit(min_length=1, max_length=100)]
WEBHOOK = (
    "id",
    "url",
    "description",
    "events",
    "is_active",
    "created_at",
    "created_by",
    "failing_since",
    "former_until",
)
DELIVERY = (
    "id", "webhook_id", "event_id", "event", "state", "attempts", "next_at", "status", "response", "error",
    "created_at", "delivered_at",
)  # fmt: skip


class NewWebhook(Form, of=Webhook, fields=("url", "description", "is_active")):
    """Where to send which events: `sale.sell`, all of a kind as `sale.*`, or all there are as `*`."""

    events: Names


class WebhookChanges(Form, of=Webhook, fields=("url", "description", "is_active"), partial=True):
    """What is to be different."""

    events: Names | None = None


class Rotation(BaseModel):
    """For how many hours the former secret signs too; with none it does so no more at once."""

    overlap_hours: Annotated[int, Limit(ge=0, le=168)] = 24


async def vet(office: "Office", trade: "Trade", call: "Call") -> None:
    """Refuse an address that nothing may be sent to, before anything is written."""
    url = getattr(call.body, "url", None)
    if url is not None and (reason := await office.outside.courier.refusal(clean(url))):
        raise field_error(["body", "url"], reason)


def _checked(trade: "Trade", names: list[str]) -> list[str]:
    offered = (each.does for each in trade.operations)
    known = {
        verb.event for verb in (*trade.verbs, *offered) if isinstance(verb, Verb) and wants([EVERYTHING], verb.event)
    }
    known |= {f"{event.split('.')[0]}.*" for event in known} | {EVERYTHING}
    for name in names:
        if name not in known:
            listed = ", ".join(sorted(known))
            raise field_error(["body", "events"], f"There is no event {clean(name)}; there are {listed}", "enum")
    return sorted(set(names))


def create(ctx: Context, wish: NewWebhook) -> dict[str, Any]:
    """Add a webhook; its secret is answered now and never again."""
    ctx.actor.within(frozenset({"read"}))
    secret = _secret()
    row = ctx.add(
        Webhook(
            of_trade=ctx.trade.name, url=wish.url, description=wish.description, is_active=wish.is_active,
            events=_checked(ctx.trade, wish.events), secret=secret, role=ctx.actor.role, created_by=ctx.actor.user_id,
        )
    )  # fmt: skip
    return webhooks(ctx.trade).shape.view(ctx.actor).one(row) | {"secret": secret}


def _secret() -> str:
    return SECRET + base64.b64encode(secrets.token_bytes(32)).decode()


def rotate(ctx: Context, webhook: Webhook, wish: Rotation) -> dict[str, Any]:
    """Give a webhook another secret; it is answered now and never again, and the former one signs too for a while."""
    until = ctx.now + timedelta(hours=wish.overlap_hours)
    both = wish.overlap_hours > 0
    webhook.former_secret, webhook.former_until = (webhook.secret, until) if both else (None, None)
    webhook.secret = _secret()
    if both:
        ctx.later(retire, {"webhook": webhook.id}, due=until, once=str(webhook.id))
    return webhooks(ctx.trade).shape.view(ctx.actor).one(webhook) | {"secret": webhook.secret}


def change(ctx: Context, webhook: Webhook, wish: WebhookChanges) -> Webhook:
    """Change a webhook."""
    ctx.actor.within(frozenset({"read"}))
    asked = {name: value for name, value in wish.model_dump(exclude_unset=True).items() if value is not None}
    if "events" in asked:
        asked["events"] = _checked(ctx.trade, asked["events"])
    if asked.get("is_active") and not webhook.is_active:
        asked["failing_since"] = None
    for name, value in asked.items():
        webhook.assign(webhook.fields[name], value)
    return webhook


def remove(ctx: Context, webhook: Webhook) -> None:
    """Delete a webhook and what is known of its deliveries."""
    table = Delivery.table
    here = (table.c.org_id == ctx.org_id, table.c.webhook_id == webhook.id)
    ctx.session.execute(sa.delete(table).where(*here))
    ctx.delete(webhook)


def ping(ctx: Context, webhook: Webhook) -> Delivery:
    """Send a test message to a webhook."""
    delivery = ctx.add(Delivery(of_trade=ctx.trade.name, webhook_id=webhook.id, event=PING))
    send(ctx, delivery.id, webhook.id, ctx.now)
    return delivery


def resend(ctx: Context, delivery: Delivery) -> Delivery:
    """Send a delivery again now, under the same id."""
    if delivery.event != PING and not ctx.get(Webhook, delivery.webhook_id).is_active:
        raise Refused("webhook_off", "The webhook is switched off")
    delivery.state, delivery.attempts, delivery.next_at = DeliveryState.PENDING, 0, ctx.now
    send(ctx, delivery.id, delivery.webhook_id, ctx.now)
    return delivery


def webhooks(trade: "Trade") -> Resource:
    """A trade's webhooks, as its owner sees them."""
    return Resource(Webhook, by=_mine(trade), columns=WEBHOOK, filters=("is_active",))


def _mine(trade: "Trade") -> Any:
    return where(trade.owner, lambda record: record.table.c.of_trade == trade.name)


def paths(trade: "Trade") -> Iterator[Contract]:
    """The paths of a trade's webhooks."""
    many, deliveries = (
        webhooks(trade),
        Resource(Delivery, by=_mine(trade), columns=DELIVERY, filters=("state", "event")),
    )
    path, sent = f"{trade.prefix}/webhooks", f"{trade.prefix}/deliveries"

    def verb(name: str, rule: Any, record: Any, summary: str, body: type[BaseModel] | None = None) -> Verb[Any, Any]:
        return Verb(name, record, many.by, rule, True, body, summary, prepare=vet if body else None)

    adds: Verb[Any, Any] = Verb(
        "create", Webhook, trade.owner, create, False, NewWebhook, "Add a webhook; its secret is shown this once.",
        prepare=vet,
    )  # fmt: skip
    yield Contract("GET", path, Listing(many))
    yield Contract("POST", path, adds, 201, secret=True)
    yield Contract("GET", f"{path}/{{id}}", Reading(many))
    changes = verb("change", change, Webhook, "Change a webhook.", WebhookChanges)
    yield Contract("PATCH", f"{path}/{{id}}", changes, shape=many.shape)
    yield Contract("DELETE", f"{path}/{{id}}", verb("delete", remove, Webhook, "Delete a webhook."), 204)
    turns: Verb[Any, Any] = Verb(
        "rotate", Webhook, many.by, rotate, True, Rotation, "Give a webhook another secret; it is shown this once."
    )
    yield Contract("POST", f"{path}/{{id}}/rotate", turns, secret=True, changes=dict)
    tries = verb("ping", ping, Webhook, "Send a test message to a webhook.")
    yield Contract("POST", f"{path}/{{id}}/ping", tries, 202, shape=deliveries.shape)
    yield Contract("GET", f"{path}/{{webhook_id}}/deliveries", Listing(deliveries, "webhook_id"))
    yield Contract("GET", f"{sent}/{{id}}", Reading(deliveries))
    again = verb("resend", resend, Delivery, "Send a delivery again, under the same id.")
    yield Contract("POST", f"{sent}/{{id}}/resend", again, shape=deliveries.shape)
