"""What is written of a message in the unit that wants it (P-23)."""

from decimal import Decimal
from typing import Any

import pytest

from tests.kernel.stall import Crate
from tests.running import Clock, Place
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Refused
from tradehall.kernel.notices.ledger import Message, OptOut, forget
from tradehall.kernel.notices.sending import NOBODY
from tradehall.kernel.records import find
from tradehall.kernel.verbs import Role

AMA = "024 123 4567"
GIVEN: dict[str, Any] = {"customer": "Ama", "price": Decimal("12.5"), "colour": "red"}


async def tell(place: Place, to: Any, template: str = "receipt", **more: Any) -> None:
    """Tell somebody something, in a unit of its own."""

    def rule(ctx: Context) -> None:
        with ctx.happening("crate.sell"):
            given = GIVEN | {"at": ctx.now} if template == "receipt" else {}
            ctx.notify(to, template, **given | more)

    await place.work(rule)


async def ready(place: Place, **chosen: Any) -> None:
    """A stall in Accra that sends messages."""
    settings = {"messages": True, "zone": "Africa/Accra", "currency": "GHS", "region": "GH", "name": "Osu Fruit"}
    await place.prefer(**settings | chosen)
    await place.events()


async def log(place: Place, **query: Any) -> list[dict[str, Any]]:
    """The ledger as the keeper sees it, oldest first."""
    answer = await place.keeper.get("/api/messages/log", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()
    return found[::-1]


async def until(place: Place, status: str, **query: Any) -> dict[str, Any]:
    """The newest message, once it is so."""
    while True:
        await place.application.office.work_once()
        found = await log(place, **query)
        if found and found[-1]["status"] == status:
            return found[-1]


async def test_nothing_is_written_where_the_organisation_sends_no_messages(shop: Place) -> None:
    await tell(shop, AMA)
    assert await shop.news() == ["crate.sell"]
    assert await log(shop) == []


async def test_a_message_is_in_the_ledger_with_its_words_its_length_its_cost_and_its_cause(
    shop: Place, clock: Clock
) -> None:
    await ready(shop, sms_price=0.35)
    clock.set("2026-11-21T10:00:00Z")
    await tell(shop, AMA)
    assert (await shop.news())[0] == "crate.sell: add kernel_messages 1"
    message = await until(shop, "sent")
    assert message | {"updated_at": None} == {
        "id": 1, "created_at": "2026-11-21T10:00:00.000000Z", "channel": "sms", "to": "+233241234567",
        "template": "receipt", "subject": "", "body": "Ama: GHS 12.50 paid on 21 Nov 2026, 10:00. Osu Fruit",
        "status": "sent", "why": NOBODY, "details": "", "segments": 1, "cost": 0.35, "currency": "GHS", "provider": "console",
        "provider_id": f"console-{shop.org_id}-1", "cause_entity": None, "cause_id": None, "cause_event": "crate.sell",
        "due_at": "2026-11-21T10:00:00.000000Z", "attempts": 1, "updated_at": None,
        "is_test": False,
    }  # fmt: skip
    assert await shop.news() == [
        "message.begin: edit kernel_messages 1", "message.strand: add kernel_notices 1",
        "message.accept: edit kernel_messages 1",
    ]  # fmt: skip
    assert await shop.wrong() == []


async def test_an_e_mail_has_a_subject_of_one_line(shop: Place) -> None:
    await ready(shop, name="Osu\nFruit")
    await tell(shop, "Ama@Example.com")
    message = await until(shop, "sent")
    assert (message["channel"], message["to"]) == ("email", "Ama@Example.com")
    assert message["subject"] == "Receipt from Osu Fruit"
    assert message["body"] == "Dear Ama,\nyou paid GHS 12.50.\nOsu\nFruit"


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("024123456", "This is no telephone number that a message can be sent to"),
        ("at the market", "This is no telephone number that a message can be sent to"),
        ("ama@", "This is no e-mail address that a message can be sent to"),
        ("5" * 300, "This is no telephone number that a message can be sent to"),
    ],
)
async def test_p_35_an_address_that_can_t_be_one_fails_in_the_ledger_and_not_in_the_business(
    shop: Place, to: str, why: str
) -> None:
    await ready(shop)
    await tell(shop, to)
    (message,) = await log(shop)
    assert (message["status"], message["why"], message["to"]) == ("failed", why, to[:254])
    answer = await shop.keeper.post(f"/api/messages/{message['id']}/resend")
    assert (answer.status_code, answer.json()["code"]) == (409, "unreachable")


async def test_a_text_that_is_longer_than_any_sms_fails_in_the_ledger(shop: Place) -> None:
    await ready(shop)
    await tell(shop, AMA, customer="a" * 1700)
    (message,) = await log(shop)
    assert (message["status"], message["why"]) == ("failed", "An SMS has at most 1600 characters")


@pytest.mark.parametrize("to", [None, ""])
async def test_nobody_is_told_nothing(shop: Place, to: Any) -> None:
    await ready(shop)
    await tell(shop, to)
    assert await log(shop) == []


async def test_once_is_once_for_each_template_and_channel(shop: Place) -> None:
    await ready(shop)
    for _ in range(2):
        await tell(shop, AMA, once=7)
        await tell(shop, "ama@example.com", once=7)
        await tell(shop, AMA, "code", once=7, code="1234")
        await tell(shop, AMA, "code", code="1234")
    kinds = [(each["template"], each["channel"]) for each in await log(shop)]
    assert sorted(kinds) == [("code", "sms")] * 3 + [("receipt", "email"), ("receipt", "sms")]


async def test_row_23_what_is_rolled_back_is_not_sent(shop: Place) -> None:
    await ready(shop)

    def rule(ctx: Context) -> None:
        with ctx.happening("crate.sell"):
            ctx.notify(AMA, "code", code="1234")
            raise Refused("no", "Not today")

    with pytest.raises(Refused):
        await shop.work(rule)
    assert await shop.application.office.work_once() == 0
    assert await log(shop) == []


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-11-21T20:59:59Z", "2026-11-21T20:59:59Z"),
        ("2026-11-21T21:00:00Z", "2026-11-22T07:30:00Z"),
        ("2026-11-22T00:10:00Z", "2026-11-22T07:30:00Z"),
        ("2026-11-22T07:29:59Z", "2026-11-22T07:30:00Z"),
        ("2026-11-22T07:30:00Z", "2026-11-22T07:30:00Z"),
    ],
)
async def test_in_the_quiet_hours_a_message_waits_and_an_urgent_one_does_not(
    shop: Place, clock: Clock, now: str, due: str
) -> None:
    await ready(shop, quiet_from="21:00", quiet_until="07:30")
    clock.set(now)
    await tell(shop, AMA)
    await tell(shop, AMA, "code", code="1234")
    found = {each["template"]: each["due_at"].replace(".000000", "") for each in await log(shop)}
    assert found == {"receipt": due, "code": now}
    clock.set(due)
    assert (await until(shop, "sent", template="receipt"))["due_at"] == due.replace("Z", ".000000Z")


@pytest.mark.parametrize(
    ("zone", "hours", "now", "due"),
    [
        (
            "Europe/London",
            ("01:30", "09:00"),
            "2026-03-29T01:40:00Z",
            "2026-03-29T08:00:00Z",
        ),  # the clocks went forward
        ("Europe/London", ("22:00", "08:00"), "2026-10-24T22:30:00Z", "2026-10-25T08:00:00Z"),  # and back
        ("Asia/Kolkata", ("21:00", "08:00"), "2026-11-21T18:00:00Z", "2026-11-22T02:30:00Z"),
        ("Africa/Accra", ("13:00", "14:00"), "2026-11-21T13:30:00Z", "2026-11-21T14:00:00Z"),
        ("Africa/Accra", ("13:00", "13:00"), "2026-11-21T13:00:00Z", "2026-11-21T13:00:00Z"),
        ("Africa/Accra", ("13:00", ""), "2026-11-21T13:00:00Z", "2026-11-21T13:00:00Z"),
    ],
)
async def test_quiet_hours_are_those_of_the_organisation_s_clocks(
    shop: Place, clock: Clock, zone: str, hours: tuple[str, str], now: str, due: str
) -> None:
    await ready(shop, zone=zone, quiet_from=hours[0], quiet_until=hours[1])
    clock.set(now)
    await tell(shop, AMA)
    assert (await log(shop))[0]["due_at"] == due.replace("Z", ".000000Z")


async def test_who_wants_no_messages_gets_none_and_the_ledger_says_so(shop: Place) -> None:
    await ready(shop)

    def stop(ctx: Context) -> None:
        with ctx.happening("test"):
            ctx.add(OptOut(channel="sms", address="+233241234567", source="reply"))

    await shop.work(stop)
    await tell(shop, AMA)
    await tell(shop, "ama@example.com")
    await until(shop, "sent", channel="email")
    (message,) = await log(shop, channel="sms")
    assert (message["status"], message["why"]) == ("suppressed", "This person wants no messages")


async def test_p_39_what_was_sent_to_somebody_can_be_forgotten(shop: Place) -> None:
    await ready(shop)
    await tell(shop, AMA, customer="Canary")
    await until(shop, "sent")

    def rule(ctx: Context) -> None:
        with ctx.happening("test"):
            forget(ctx, AMA, None, "")

    await shop.work(rule)
    (message,) = await log(shop)
    assert [message[name] for name in ("to", "body", "status")] == ["", "", "sent"]
    assert "Canary" not in str(await shop.events())
    assert "24123" not in str(await shop.events())
    assert await shop.wrong() == []


async def test_the_log_is_the_managers_and_can_be_asked_in_parts(shop: Place, other: Place, clock: Clock) -> None:
    await ready(shop)
    clock.set("2026-11-21T10:00:00Z")
    for number in range(3):
        clock.forward(minutes=1)
        await tell(shop, f"024123456{number}")
    await tell(shop, "ama@example.com")
    assert len(await log(shop, channel="sms")) == 3
    assert len(await log(shop, to="+233241234561")) == 1
    assert len(await log(shop, since="2026-11-21T10:02:00Z", until="2026-11-21T10:03:00Z")) == 1
    assert (await shop.keeper.get("/api/messages/log", params={"since": "yesterday"})).status_code == 422
    assert (await shop.keeper.get("/api/messages/log", params={"since": "2026-11-21T10:00:00"})).status_code == 422
    first = await shop.keeper.get("/api/messages/log", params={"limit": 3})
    rest = await shop.keeper.get("/api/messages/log", params={"after": first.headers["X-Next-Cursor"]})
    assert [row["id"] for row in (*first.json(), *rest.json())] == [4, 3, 2, 1]
    assert await log(other) == []
    assert await other.news() == []


# In the application.


async def crate(place: Place) -> int:
    """A crate to be told of."""

    def rule(ctx: Context) -> int:
        with ctx.happening("test"):
            return ctx.add(Crate(label="Mangoes", number="C-1", price=Decimal(5), stock=1)).id

    made: int = await place.work(rule)
    return made


async def inform(place: Place, to: Any, row_id: int, **more: Any) -> None:
    """Tell somebody in the application that a crate is open."""

    def rule(ctx: Context) -> None:
        with ctx.happening("crate.open"):
            ctx.notify(to, "opened", ctx.get(Crate, row_id), **more)

    await place.work(rule)


async def test_a_person_is_told_in_the_application_whether_or_not_messages_are_sent(shop: Place, other: Place) -> None:
    await inform(shop, shop.keeper.user_id, await crate(shop))
    (notice,) = (await shop.keeper.get("/api/notices")).json()
    assert {name: notice[name] for name in ("template", "body", "cause_entity", "cause_event", "read_at")} == {
        "template": "opened", "body": "Crate Mangoes is open, at USD 5.00", "cause_entity": "stall_crates",
        "cause_event": "crate.open", "read_at": None,
    }  # fmt: skip
    path = f"/api/notices/{notice['id']}/read"
    for person in (shop.seller, other.keeper):
        assert (await person.get("/api/notices")).json() == []
        assert (await person.post(path)).status_code == 404
    assert (await shop.keeper.get("/api/notices", params={"unread": "true"})).headers["X-Total-Count"] == "1"
    read = await shop.keeper.post(path)
    assert read.status_code == 200
    assert read.json()["read_at"] is not None
    assert (await shop.keeper.post(path)).json()["read_at"] == read.json()["read_at"]
    assert (await shop.keeper.get("/api/notices", params={"unread": "true"})).json() == []
    assert len((await shop.keeper.get("/api/notices", params={"unread": "false"})).json()) == 1
    assert (await shop.application.stranger.get("/api/notices")).status_code == 401


async def test_a_role_is_everybody_who_has_it_in_this_organisation(shop: Place, other: Place) -> None:
    row_id = await crate(shop)
    for _ in range(2):
        await inform(shop, Role("keeper", "Keeper"), row_id, once="a")
    assert len((await shop.keeper.get("/api/notices")).json()) == 1
    assert (await shop.seller.get("/api/notices")).json() == []
    assert (await other.keeper.get("/api/notices")).json() == []


def test_the_tables_hold_no_person_s_words_outside_of_what_is_erased() -> None:
    assert {name for name, field in Message.fields.items() if field.personal} == {"address", "subject", "body", "once"}
    assert find(Message).record is Message
