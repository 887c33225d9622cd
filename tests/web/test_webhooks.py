"""A trade's events reach the addresses that its owner named, signed, in the end, and nobody else's (P-22)."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from tests.receiver import Got, Receiver, answer, receiving
from tests.running import Application, Clock, Place
from tradehall.adapters.courier import PublicCourier
from tradehall.kernel.jobs import JOBS
from tradehall.kernel.webhooks.records import Delivery, Webhook
from tradehall.kernel.webhooks.sending import WAITS, drop_old, signature
from tradehall.kernel.worker import AT_ONCE, CROWD, Standing

NOW = "2026-03-02T09:00:00+00:00"


@pytest.fixture
async def receiver(application: Application) -> AsyncIterator[Receiver]:
    """A receiver in our own network, which this installation may send to."""
    courier = PublicCourier(allow_private=True)
    application.office.outside = replace(application.office.outside, courier=courier)
    async with receiving() as found:
        yield found
        found.closing.set()
        await application.office.worker.close()


async def hook(place: Place, url: str, *events: str, **more: Any) -> dict[str, Any]:
    """A webhook of this organisation's."""
    made = await place.owner.post("/api/webhooks", json={"url": url, "events": list(events or "*")} | more)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def bicycle(place: Place, frame: str) -> dict[str, Any]:
    """A bicycle that is bought."""
    made = await place.owner.post("/api/bicycles", json={"frame_number": frame, "daily_rate": 12, "deposit": 50})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def deliveries(place: Place, webhook: dict[str, Any], **params: Any) -> list[dict[str, Any]]:
    """How the deliveries to a webhook went, oldest first."""
    found: list[dict[str, Any]] = (
        await place.owner.get(f"/api/webhooks/{webhook['id']}/deliveries", params=params)
    ).json()
    return found[::-1]


async def until(place: Place, webhook: dict[str, Any], **wanted: Any) -> dict[str, Any]:
    """The last delivery to a webhook once it is so; the worker is told to look."""
    while True:
        found = await deliveries(place, webhook)
        if found and wanted.items() <= found[-1].items():
            return found[-1]
        place.application.office.worker.wake.set()
        await asyncio.sleep(0.01)


async def eventually(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    while True:
        if await is_so():
            return
        await asyncio.sleep(0.01)


def is_signed(got: Got, secret: str) -> bool:
    """Whether a message is signed as Standard Webhooks says, by an implementation of its own."""
    assert secret.startswith("whsec_")
    signed = b".".join([got.headers["webhook-id"].encode(), got.headers["webhook-timestamp"].encode(), got.body])
    mac = hmac.new(base64.b64decode(secret[6:]), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(mac).decode()}" in got.headers["webhook-signature"].split(" ")


def test_p_22_the_signature_is_that_of_standard_webhooks() -> None:
    content = b'{"test": 2432232314}'
    found = signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, content)
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_p_22_an_event_is_delivered_signed_with_what_changed_and_the_version(
    shop: Place, receiver: Receiver, clock: Clock
) -> None:
    clock.set(NOW)
    made = await hook(shop, receiver.url("/ok"), "bicycle.*")
    bought = await bicycle(shop, "KA-1")
    await until(shop, made, state="delivered")
    changed = await shop.owner.patch(f"/api/bicycles/{bought['id']}", json={"daily_rate": 15})
    assert changed.status_code == 200, changed.text
    found = await until(shop, made, event="bicycle.edit", state="delivered")
    first, second = receiver.got
    for got in (first, second):
        assert is_signed(got, made["secret"])
        assert not is_signed(replace(got, body=got.body + b" "), made["secret"])
        assert got.headers["content-type"] == "application/json"
        assert got.headers["webhook-timestamp"] == str(int(datetime.fromisoformat(NOW).timestamp()))
    assert first.headers["webhook-id"] != second.headers["webhook-id"]
    event_id = second.json["data"]["event_id"]
    assert second.json == {
        "type": "bicycle.edit", "timestamp": "2026-03-02T09:00:00.000000Z",
        "data": {"event_id": event_id, "actor": f"user:{shop.owner.user_id}", "cause": None, "changes": [
            {"entity": "bicycles_bicycles", "id": bought["id"], "version": 2, "operation": "edit",
             "values": {"daily_rate": [12.0, 15.0]}},
        ]},
    }  # fmt: skip
    assert first.json["data"]["changes"][0]["version"] == 1
    assert found == {
        "id": found["id"], "webhook_id": made["id"], "event_id": event_id, "event": "bicycle.edit", "state": "delivered",
        "attempts": 1, "next_at": None, "status": 200, "response": "thank you", "error": None,
        "created_at": "2026-03-02T09:00:00.000000Z", "delivered_at": "2026-03-02T09:00:00.000000Z",
    }  # fmt: skip
    assert (await shop.owner.get(f"/api/deliveries/{found['id']}")).json() == found
    assert await shop.wrong() == []


async def test_p_22_the_secret_is_shown_once_and_never_again(shop: Place, receiver: Receiver) -> None:
    await shop.events()
    made = await hook(shop, receiver.url("/ok"), "bicycle.create", description="The accountant's")
    secret = made.pop("secret")
    assert made == {
        "id": made["id"], "url": receiver.url("/ok"), "description": "The accountant's", "events": ["bicycle.create"],
        "is_active": True, "created_at": made["created_at"], "created_by": shop.owner.user_id, "failing_since": None,
        "former_until": None,
    }  # fmt: skip
    path = f"/api/webhooks/{made['id']}"
    assert (await shop.owner.get("/api/webhooks")).json() == [made]
    assert (await shop.owner.get(path)).json() == made
    changed = await shop.owner.patch(path, json={"description": "Nobody's", "is_active": False})
    assert changed.json() == made | {"description": "Nobody's", "is_active": False}
    assert (await shop.owner.delete(path)).status_code == 204
    happened = await shop.events()
    assert [verb for verb, _ in happened] == ["webhook.create", "webhook.change", "webhook.delete"]
    assert secret not in str(happened)


async def test_row_23_what_did_not_happen_is_not_delivered_and_nothing_is_written_where_nobody_listens(
    shop: Place, other: Place, receiver: Receiver
) -> None:
    await hook(other, receiver.url("/other"))
    made = await hook(shop, receiver.url("/ok"), "rental.*")
    await bicycle(shop, "KA-1")
    await shop.owner.patch(f"/api/webhooks/{made['id']}", json={"events": ["bicycle.create"]})
    body = {"frame_number": "KA-1", "daily_rate": 12, "deposit": 50}
    assert (await shop.owner.post("/api/bicycles", json=body)).status_code == 409
    dry = await shop.owner.post("/api/bicycles", params={"dry_run": "1"}, json=body | {"frame_number": "KA-2"})
    assert dry.status_code == 200
    count = sa.select(sa.func.count()).select_from(Delivery.table)
    for place in (shop, other):
        assert await place.read(lambda session: session.execute(count).scalar()) == 0
    sent = sa.select(JOBS.c.id).where(JOBS.c.verb == "webhook.deliver")
    assert await shop.read(lambda session: session.execute(sent).all()) == []
    assert receiver.got == []


async def test_p_22_it_is_tried_for_three_days_under_one_id_then_parked_and_the_webhook_is_switched_off(
    shop: Place, receiver: Receiver, clock: Clock
) -> None:
    clock.set(NOW)
    receiver.answers["/bad"] = answer(500, b"out of order")
    made = await hook(shop, receiver.url("/bad"))
    await bicycle(shop, "KA-1")
    await shop.events()
    for attempt, wait in enumerate(WAITS, 1):
        found = await until(shop, made, attempts=attempt)
        assert (found["state"], found["status"], found["response"]) == ("pending", 500, "out of order")
        assert datetime.fromisoformat(found["next_at"]) == clock() + wait
        clock.forward(seconds=wait.total_seconds())
    found = await until(shop, made, attempts=len(WAITS) + 1)
    assert (found["state"], found["next_at"]) == ("failed", None)
    assert timedelta(days=3) <= sum(WAITS, timedelta()) <= timedelta(days=3.5)
    assert list(WAITS) == sorted(WAITS)
    assert {got.headers["webhook-id"] for got in receiver.got} == {f"msg_{found['id']}"}
    assert len({got.body for got in receiver.got}) == 1
    assert len({got.headers["webhook-timestamp"] for got in receiver.got}) == len(WAITS) + 1
    assert (await shop.owner.get(f"/api/webhooks/{made['id']}")).json()["is_active"] is False
    assert [verb for verb, _ in await shop.events()] == ["webhook.disable"]
    [told] = (await shop.owner.get("/api/notices")).json()
    assert receiver.url("/bad") in told["body"]
    await bicycle(shop, "KA-2")
    assert len(await deliveries(shop, made)) == 1


async def test_p_22_a_delivery_is_sent_again_by_hand_under_the_same_id(shop: Place, receiver: Receiver) -> None:
    receiver.answers["/gone"] = answer(410)
    made = await hook(shop, receiver.url("/gone"))
    await bicycle(shop, "KA-1")
    first = await until(shop, made, status=410)
    path = f"/api/deliveries/{first['id']}/resend"
    assert (await shop.owner.post(path)).json()["code"] == "webhook_off"
    receiver.answers["/gone"] = answer(200)
    await shop.owner.patch(f"/api/webhooks/{made['id']}", json={"is_active": True})
    again = await shop.owner.post(path)
    assert (again.status_code, again.json()["state"]) == (200, "pending")
    await until(shop, made, state="delivered")
    assert {got.headers["webhook-id"] for got in receiver.got} == {f"msg_{first['id']}"}
    assert (await shop.owner.post(path)).status_code == 200

    async def is_there() -> bool:
        return len(receiver.got) == 3

    await eventually(is_there)


async def test_p_22_a_webhook_is_tried_with_a_ping(shop: Place, receiver: Receiver) -> None:
    made = await hook(shop, receiver.url("/ok"), "rental.start", is_active=False)
    tried = await shop.owner.post(f"/api/webhooks/{made['id']}/ping")
    assert (tried.status_code, tried.json()["event"]) == (202, "ping")
    await until(shop, made, state="delivered")
    [got] = receiver.got
    assert is_signed(got, made["secret"])
    assert (got.json["type"], got.json["data"]) == ("ping", {"webhook_id": made["id"]})


async def test_row_24_half_the_receivers_hang_and_the_others_have_theirs_meanwhile(
    shop: Place, receiver: Receiver
) -> None:
    good = [await hook(shop, receiver.url(f"/ok{n}"), "bicycle.create") for n in range(4)]
    for n in range(4):
        await hook(shop, receiver.url(f"/hang{n}"), "bicycle.create")
    for n in range(6):
        await bicycle(shop, f"KA-{n}")

    async def are_there() -> bool:
        states = [one["state"] for each in good for one in await deliveries(shop, each)]
        return states == ["delivered"] * 24

    await eventually(are_there)
    assert all(len(receiver.at(f"/ok{n}")) == 6 for n in range(4))


async def test_p_16_webhooks_are_the_owners_of_their_own_organisation(
    shop: Place, other: Place, receiver: Receiver
) -> None:
    made = await hook(shop, receiver.url("/ok"), "bicycle.create")
    await bicycle(shop, "KA-1")
    sent = await until(shop, made, state="delivered")
    one, asked = f"/api/webhooks/{made['id']}", {"url": receiver.url("/x"), "events": ["*"]}
    paths = [("GET", one), ("PATCH", one), ("DELETE", one), ("POST", f"{one}/ping"), ("GET", f"{one}/deliveries"),
             ("GET", f"/api/deliveries/{sent['id']}"), ("POST", f"/api/deliveries/{sent['id']}/resend")]  # fmt: skip
    for method, path in paths:
        assert (await other.owner.ask(method, path, json=asked)).status_code == 404, path
    for method, path in [*paths, ("GET", "/api/webhooks"), ("POST", "/api/webhooks")]:
        assert (await shop.helper.ask(method, path, json=asked)).status_code == 403, path
    assert (await other.owner.get("/api/webhooks")).json() == []


async def test_a_key_that_may_not_read_makes_no_webhook_that_would(shop: Place, receiver: Receiver) -> None:
    asked = {"url": receiver.url("/ok"), "events": ["*"]}
    for scopes, status in ((["webhooks:write"], 403), (["webhooks:write", "read"], 201)):
        key = (await shop.owner.post("/api/api-keys", json={"name": "till", "scopes": scopes})).json()["key"]
        answered = await shop.application.stranger.post("/api/webhooks", json=asked, headers={"X-API-Key": key})
        assert answered.status_code == status, answered.text


@pytest.mark.parametrize("change", [{"events": ["bicycle.sold"]}, {"events": []}, {"events": "all"}, {"url": ""}])
async def test_p_22_what_can_never_be_sent_is_refused_at_once(
    shop: Place, receiver: Receiver, change: dict[str, Any]
) -> None:
    made = await hook(shop, receiver.url("/ok"))
    good = {"url": receiver.url("/ok"), "events": ["*"]}
    for refused in (
        await shop.owner.post("/api/webhooks", json=good | change),
        await shop.owner.patch(f"/api/webhooks/{made['id']}", json=change),
    ):
        assert refused.status_code == 422, refused.text
        assert refused.json()["detail"][0]["loc"][:2] == ["body", next(iter(change))]


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1/", "https://2130706433/", "http://example.com/", "ftp://a.example/"]
)
async def test_row_18_a_private_address_is_refused_when_it_is_named(shop: Place, url: str) -> None:
    refused = await shop.owner.post("/api/webhooks", json={"url": url, "events": ["*"]})
    assert (refused.status_code, refused.json()["detail"][0]["loc"]) == (422, ["body", "url"])


async def test_a_webhook_that_is_deleted_takes_its_deliveries_with_it(
    shop: Place, receiver: Receiver, clock: Clock
) -> None:
    clock.set(NOW)
    receiver.answers["/bad"] = answer(503)
    made = await hook(shop, receiver.url("/bad"))
    await bicycle(shop, "KA-1")
    await until(shop, made, attempts=1)
    assert (await shop.owner.delete(f"/api/webhooks/{made['id']}")).status_code == 204
    clock.forward(minutes=1)
    waiting = sa.select(JOBS.c.state).where(JOBS.c.verb == "webhook.deliver", JOBS.c.state != "done")
    while await shop.read(lambda session: session.execute(waiting).all()):
        shop.application.office.worker.wake.set()
        await asyncio.sleep(0.01)
    assert len(receiver.got) == 1
    rows = sa.select(sa.func.count()).select_from(Webhook.table)
    assert await shop.read(lambda session: session.execute(rows).scalar()) == 0


async def test_p_39_how_a_delivery_went_is_forgotten_once_it_is_old(shop: Place, receiver: Receiver) -> None:
    made = await hook(shop, receiver.url("/ok"))
    await bicycle(shop, "KA-1")
    await until(shop, made, state="delivered")
    now = shop.application.office.clock()
    for days, left in ((-1, 1), (1, 0)):
        gone = await shop.work(partial(drop_old, before=now + timedelta(days=days)))
        assert (gone, len(await deliveries(shop, made))) == (1 - left, left)


# Other secrets.


async def rotated(place: Place, webhook: dict[str, Any], **asked: Any) -> dict[str, Any]:
    """The webhook with a new secret."""
    answer = await place.owner.post(f"/api/webhooks/{webhook['id']}/rotate", json=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_p_22_a_new_secret_and_the_former_one_both_sign_until_the_overlap_is_over(
    shop: Place, receiver: Receiver, clock: Clock
) -> None:
    clock.set(NOW)
    made = await hook(shop, receiver.url("/ok"), "bicycle.create")
    turned = await rotated(shop, made, overlap_hours=2)
    assert turned["secret"] != made["secret"]
    assert turned["former_until"] == "2026-03-02T11:00:00.000000Z"
    for frame, minutes, old in (("KA-1", 0, True), ("KA-2", 119, True), ("KA-3", 2, False)):
        clock.forward(minutes=minutes)
        await bicycle(shop, frame)
        await until(shop, made, state="delivered")

        async def has_come(count: int = int(frame[-1])) -> bool:
            shop.application.office.worker.wake.set()
            return len(receiver.got) == count

        await eventually(has_come)
        got = receiver.got[-1]
        assert (is_signed(got, turned["secret"]), is_signed(got, made["secret"])) == (True, old)
        assert len(got.headers["webhook-signature"].split(" ")) == 1 + old

    async def is_forgotten() -> bool:
        kept = sa.select(Webhook.table.c.former_secret)
        shop.application.office.worker.wake.set()
        return await shop.read(lambda session: session.execute(kept).scalar()) is None

    await eventually(is_forgotten)
    assert (await shop.owner.get(f"/api/webhooks/{made['id']}")).json()["former_until"] is None
    happened = str(await shop.events())
    assert "webhook.rotate" in happened
    assert made["secret"] not in happened
    assert turned["secret"] not in happened


async def test_p_22_without_an_overlap_the_former_secret_signs_no_more_at_once(shop: Place, receiver: Receiver) -> None:
    made = await hook(shop, receiver.url("/ok"), "bicycle.create")
    second = await rotated(shop, made)
    third = await rotated(shop, made, overlap_hours=0)
    await bicycle(shop, "KA-1")
    await until(shop, made, state="delivered")
    [got] = receiver.got
    assert [is_signed(got, each["secret"]) for each in (made, second, third)] == [False, False, True]
    for hours in (-1, 169, "a day"):
        path = f"/api/webhooks/{made['id']}/rotate"
        assert (await shop.owner.post(path, json={"overlap_hours": hours})).status_code == 422


async def test_p_22_a_new_secret_is_no_answer_that_is_kept_and_is_the_owners_alone(
    shop: Place, other: Place, receiver: Receiver
) -> None:
    made = await hook(shop, receiver.url("/ok"))
    path, key = f"/api/webhooks/{made['id']}/rotate", {"Idempotency-Key": "one"}
    answers = [await shop.owner.post(path, headers=key) for _ in range(2)]
    assert len({answer.json()["secret"] for answer in answers}) == 2
    assert (await shop.helper.post(path)).status_code == 403
    assert (await other.owner.post(path)).status_code == 404


# Many that hang.


async def test_row_24_a_hundred_new_endpoints_that_hang_hold_up_no_other_organisation(
    shop: Place, other: Place, receiver: Receiver
) -> None:
    for n in range(100):
        await hook(other, receiver.url(f"/hang{n}"), "bicycle.create")
    for n in range(3):
        await bicycle(other, f"KU-{n}")

    async def hang() -> bool:
        return sum(got.path.startswith("/hang") for got in receiver.got) >= AT_ONCE[Standing.NEW][1]

    await eventually(hang)
    made = await hook(shop, receiver.url("/ok"), "bicycle.create")
    await bicycle(shop, "KA-1")
    await until(shop, made, state="delivered")
    running = sa.select(sa.func.count()).where(JOBS.c.org_id == other.org_id, JOBS.c.state == "running")
    assert await shop.read(lambda session: session.execute(running).scalar()) <= 3 * CROWD * AT_ONCE[Standing.NEW][1]


async def test_row_24_endpoints_that_are_known_to_hang_hold_up_nobody_of_their_own_organisation(
    shop: Place, receiver: Receiver, clock: Clock
) -> None:
    office = shop.application.office
    office.outside = replace(office.outside, courier=PublicCourier(allow_private=True, seconds=0.2))
    clock.set(NOW)
    hooks = [await hook(shop, receiver.url(f"/hang{n}"), "bicycle.create") for n in range(100)]
    await bicycle(shop, "KA-1")
    tried = sa.select(sa.func.count()).select_from(Delivery.table).where(Delivery.table.c.attempts == 1)

    async def all_were_tried() -> bool:
        office.worker.wake.set()
        return bool(await shop.read(lambda session: session.execute(tried).scalar()) == len(hooks))

    await eventually(all_were_tried)
    office.outside = replace(office.outside, courier=PublicCourier(allow_private=True, seconds=25))
    before = len(receiver.got)
    clock.forward(minutes=10)  # all of them are due again
    for n in range(2, 8):
        await bicycle(shop, f"KA-{n}")

    async def hang() -> bool:
        office.worker.wake.set()
        return len(receiver.got) - before >= AT_ONCE[Standing.FAILING][1]

    await eventually(hang)
    good = [await hook(shop, receiver.url(f"/ok{n}"), "bicycle.create") for n in range(3)]
    for n in range(8, 12):
        await bicycle(shop, f"KA-{n}")
    for each in good:
        await until(shop, each, event="bicycle.create", state="delivered")
    hanging = sum(got.path.startswith("/hang") for got in receiver.got[before:])
    assert hanging == AT_ONCE[Standing.FAILING][1]  # not one of them has ended, and no more were begun
