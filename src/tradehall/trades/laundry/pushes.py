"""Web push: which browsers somebody is told in, and telling them."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, StringConstraints

from tradehall.kernel.columns import clean
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Service, dumps
from tradehall.kernel.errors import field_error
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.jobs import Job, Then, task
from tradehall.kernel.notices.ledger import Notice
from tradehall.kernel.pushing import GONE, Subscription
from tradehall.kernel.records import Record, find
from tradehall.kernel.verbs import SYSTEM, act
from tradehall.trades.laundry.models import DEVICES, Device
from tradehall.trades.laundry.roles import EVERYBODY
from tradehall.trades.laundry.ways import also_pushed

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

MOST_DEVICES = 10
Key = Annotated[str, StringConstraints(min_length=1, max_length=200), BeforeValidator(clean)]


class Keys(BaseModel):
    """The keys of a browser, as it gives them."""

    p256dh: Key
    auth: Annotated[str, StringConstraints(min_length=1, max_length=100), BeforeValidator(clean)]


class Endpoint(BaseModel):
    """The address at which a browser is told; nobody but itself and its push service knows it."""

    endpoint: Annotated[str, StringConstraints(min_length=1, max_length=1000), BeforeValidator(clean)]


class Browser(Endpoint):
    """A browser that wants to be told: what `PushManager.subscribe` gives."""

    keys: Keys


async def allowed(office: "Office", trade: "Trade", call: "Call") -> None:
    """See that the browser can be told, and that its address is a public one."""
    wish: Browser = call.body  # type: ignore[assignment]  # the verb's own model
    if why := await office.outside.push.refusal(Subscription(wish.endpoint, wish.keys.p256dh, wish.keys.auth)):
        raise field_error(["body", "endpoint"], why)


@act(Device, by=EVERYBODY, prepare=allowed)
def register(ctx: Context, wish: Browser) -> dict[str, Any]:
    """Be told in this browser, also where it shows something else."""
    for each in ctx.all(find(Device, Device.endpoint == wish.endpoint)):
        ctx.delete(each)
    also_pushed(ctx)
    for each in ctx.all(DEVICES, user=ctx.actor.user_id)[: -MOST_DEVICES + 1]:
        ctx.delete(each)
    me = ctx.actor.user_id
    made = ctx.add(Device(user_id=me, endpoint=wish.endpoint, p256dh=wish.keys.p256dh, auth=wish.keys.auth))
    return {"success": True, "message": "You will be told here", "id": made.id}


@act(Device, by=EVERYBODY)
def unregister(ctx: Context, wish: Endpoint) -> dict[str, Any]:
    """Be told in this browser no more."""
    for each in ctx.all(find(Device, Device.endpoint == wish.endpoint, Device.user_id == ctx.actor.user_id)):
        ctx.delete(each)
    return {"success": True, "message": "You will be told here no more"}


async def _key(office: "Office", trade: "Trade", call: "Call") -> Answer:
    return Answer(200, dumps({"public_key": office.outside.push.public_key}))


KEY = Service("push_key", EVERYBODY, _key, 'What a browser is registered with; "" where nobody is told by push.')


def pushed(ctx: Context, user_id: int, template: str, cause: Record, due: datetime, about: Mapping[str, Any]) -> None:
    """Have somebody's browsers told what they were told in the application, with its title."""
    for each in ctx.all(DEVICES, user=user_id):
        given = {"device": each.id, "template": template, "cause": [cause.table.name, cause.id], "about": dict(about)}
        ctx.later(push, given, due=due, target=urlsplit(each.endpoint).netloc[:100])


@task("laundry.push", timeout=20)
async def push(office: "Office", job: Job) -> Then | None:
    """Tell a browser; one that is registered no more is forgotten."""
    trade, given = office.trades[job.of_trade], job.payload

    def words(ctx: Context) -> tuple[Subscription, bytes] | None:
        device = ctx.find(Device, given["device"])
        if device is None:
            return None
        told = (
            Notice.person_id == device.user_id,
            Notice.template == given["template"],
            Notice.cause_entity == given["cause"][0],
            Notice.cause_id == given["cause"][1],
        )
        notice = ctx.first(find(Notice, *told).by(Notice.table.c.created_at.desc(), Notice.table.c.id.desc()))
        if notice is None:
            return None
        content = {"id": notice.id, "type": notice.template, "message": notice.body, "at": notice.created_at}
        content |= given["about"]
        return Subscription.of(device.values), dumps(content)

    found = await office.as_system(trade, job.org_id, words)
    if found is None:
        return None
    reply = await office.outside.push.push(found[0], found[1], office.clock())
    if reply.status in GONE:
        return lambda ctx: _forget(ctx, given["device"])
    if not reply.is_good and reply.status != 413:
        raise RuntimeError(f"a push service answered {reply.status or 'nothing'}")
    return None


def _forget(ctx: Context, device_id: int) -> None:
    if (device := ctx.find(Device, device_id)) is not None:
        ctx.do(forget, device)


@act(Device, by=SYSTEM)
def forget(ctx: Context, device: Device) -> None:
    """A browser is registered no more."""
    ctx.delete(device)
