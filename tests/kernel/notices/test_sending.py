"""What becomes of a message after its unit: sent once, tried again, doubted, stopped (P-23, rows 17, 23 and 41)."""

import logging
from collections.abc import AsyncIterator
from email import message_from_bytes
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from tests.adapters.providers import CALLBACK, PUBLIC, FakeTwilio, Mailbox, fake_twilio, mail_server, signature
from tests.kernel.notices.test_ledger import AMA, log, ready, tell, until
from tests.running import Clock, Place
from tradehall.adapters import twilio
from tradehall.adapters.smtp import Smtp
from tradehall.kernel.context import Context
from tradehall.kernel.jobs import JOBS, TRIES
from tradehall.kernel.notices import sending
from tradehall.kernel.notices.ledger import Message, forget
from tradehall.kernel.outside import Outside

NOW = "2026-11-21T10:00:00Z"


@pytest.fixture
async def provider(shop: Place) -> AsyncIterator[FakeTwilio]:
    """A provider of SMS that the application uses."""
    async with fake_twilio(FakeTwilio()) as found:
        shop.application.office.outside = Outside(sms=found.sender())
        yield found


@pytest.fixture
async def box(shop: Place) -> AsyncIterator[Mailbox]:
    """A mail server that the application uses."""
    async with mail_server() as found:
        mail = Smtp("127.0.0.1", found.port, "", "", "shop@example.com", "none")
        shop.application.office.outside = Outside(mail=mail)
        yield found


async def report(shop: Place, query: str, **fields: str) -> httpx2.Response:
    """What the provider says, signed."""
    http = shop.application.http
    headers = {"X-Twilio-Signature": signature(CALLBACK + query, fields)}
    return await http.post(f"{CALLBACK.removeprefix(PUBLIC)}{query}", data=fields, headers=headers)


async def became(shop: Place, status: str, *, message: int = 1, **more: str) -> httpx2.Response:
    """The provider reports on a message of this place."""
    given = {"MessageSid": f"SM{message:032x}", "MessageStatus": status} | more
    return await report(shop, f"?message={shop.org_id}-{message}", **given)


async def test_a_message_is_sent_and_its_delivery_and_cost_are_noted(shop: Place, provider: FakeTwilio) -> None:
    await ready(shop)
    await tell(shop, AMA)
    sent = await until(shop, "sent")
    assert (sent["provider"], sent["provider_id"]) == ("twilio", f"SM{1:032x}")
    assert provider.taken[0]["StatusCallback"] == f"{CALLBACK}?message={shop.org_id}-1"
    await shop.events()
    for _ in range(2):
        assert (await became(shop, "delivered", Price="-0.05", PriceUnit="USD")).status_code == 200
    assert await shop.news() == ["message.deliver: edit kernel_messages 1"]
    assert (await became(shop, "sent")).status_code == 200  # comes late
    (message,) = await log(shop)
    assert (message["status"], message["cost"], message["currency"]) == ("delivered", 0.05, "USD")
    assert len(provider.taken) == 1


async def test_a_message_that_was_not_delivered_says_why_and_can_be_sent_again(
    shop: Place, provider: FakeTwilio
) -> None:
    await ready(shop)
    await tell(shop, AMA)
    await until(shop, "sent")
    assert (await shop.keeper.post("/api/messages/1/resend")).status_code == 409
    await became(shop, "undelivered", ErrorCode="30003", ErrorMessage="Unreachable destination handset")
    (message,) = await log(shop)
    assert (message["status"], message["why"]) == ("failed", "The provider could not deliver it")
    assert message["details"] == "30003: Unreachable destination handset"
    again = await shop.keeper.post("/api/messages/1/resend")
    assert (again.status_code, again.json()["status"]) == (200, "queued")
    assert (await until(shop, "sent"))["provider_id"] == f"SM{2:032x}"
    assert len(provider.taken) == 2
    assert (await became(shop, "undelivered")).status_code == 404  # the report is of the first time


async def test_what_the_provider_refuses_for_good_is_failed_with_its_reason_and_without_the_number(
    shop: Place, provider: FakeTwilio
) -> None:
    await ready(shop)
    provider.does = [400]
    await tell(shop, AMA)
    message = await until(shop, "failed")
    assert message["why"] == "This is no number that an SMS can be sent to"
    assert message["details"] == "21211: Invalid 'To' Phone Number: ***567"
    assert await shop.application.office.work_once() == 0


@pytest.mark.parametrize("does", [429, 503, 401])
async def test_what_the_provider_refuses_for_now_is_tried_again_later_and_at_last_given_up(
    shop: Place, clock: Clock, provider: FakeTwilio, monkeypatch: pytest.MonkeyPatch, does: int
) -> None:
    monkeypatch.setattr(sending, "TRIES", 3)
    await ready(shop, quiet_from="21:00", quiet_until="07:00")
    clock.set("2026-11-21T20:59:00Z")
    provider.does = [does] * 2
    await tell(shop, AMA)
    while provider.asked < 1:
        await shop.application.office.work_once()
    first = await until(shop, "queued")
    assert (first["due_at"], first["attempts"]) == ("2026-11-21T20:59:30.000000Z", 1)
    assert first["details"].startswith("20")
    clock.set("2026-11-21T20:59:30Z")
    while provider.asked < 2:
        await shop.application.office.work_once()
    second = await until(shop, "queued")
    assert (second["due_at"], second["attempts"]) == ("2026-11-22T07:00:00.000000Z", 2)
    provider.does = [does]
    clock.set("2026-11-22T07:00:00Z")
    assert (await until(shop, "failed"))["attempts"] == 3
    assert provider.taken == []
    assert provider.asked == 3


async def test_what_is_urgent_does_not_wait_for_the_end_of_the_quiet_hours_when_it_is_tried_again(
    shop: Place, clock: Clock, provider: FakeTwilio
) -> None:
    await ready(shop, quiet_from="21:00", quiet_until="07:00")
    clock.set("2026-11-21T23:00:00Z")
    provider.does = [503]
    await tell(shop, AMA, "code", code="1234")
    while provider.asked < 1:
        await shop.application.office.work_once()
    assert (await until(shop, "queued"))["due_at"] == "2026-11-21T23:00:30.000000Z"
    clock.set("2026-11-21T23:00:30Z")
    assert (await until(shop, "sent"))["attempts"] == 2


@pytest.mark.parametrize("how", [500, "drop", "hang"])
async def test_row_23_an_sms_of_which_nobody_is_sure_is_unknown_and_not_sent_twice_by_itself(
    shop: Place, clock: Clock, provider: FakeTwilio, monkeypatch: pytest.MonkeyPatch, how: Any
) -> None:
    monkeypatch.setattr(twilio, "PATIENCE", 0.3)
    await ready(shop)
    clock.set(NOW)
    provider.does = [how]
    await tell(shop, AMA)
    message = await until(shop, "unknown")
    assert message["why"]
    clock.forward(hours=12)
    assert await shop.application.office.work_once() == 0
    assert provider.asked == 1
    if how == "drop":  # the provider had taken it, and says so
        assert (await became(shop, "delivered")).status_code == 200
        assert (await log(shop))[0]["status"] == "delivered"
    else:
        await shop.keeper.post("/api/messages/1/resend")
        await until(shop, "sent")
        assert len(provider.taken) == 1


async def test_row_23_an_sms_that_a_lost_worker_was_sending_is_unknown_and_an_e_mail_goes_out_again(
    shop: Place, box: Mailbox, clock: Clock
) -> None:
    await ready(shop)
    clock.set("2026-11-21T20:00:00Z")
    await shop.prefer(quiet_from="19:00", quiet_until="21:00")
    await tell(shop, AMA)
    await tell(shop, "ama@example.com")

    def begun(ctx: Any) -> None:
        for message_id in (1, 2):
            ctx.do(sending.BEGIN, ctx.get(Message, message_id), attempts=1)

    await shop.work(begun)
    clock.set("2026-11-21T21:00:00Z")
    assert (await until(shop, "unknown", channel="sms"))["why"] == "Tradehall was stopped while it was sent"
    assert (await until(shop, "sent", channel="email"))["attempts"] == 2
    assert len(box.letters) == 1


async def test_row_23_an_e_mail_is_tried_again_with_the_same_message_id(
    shop: Place, box: Mailbox, clock: Clock
) -> None:
    await ready(shop)
    clock.set(NOW)
    box.says = ["451 try later"]
    await tell(shop, "ama@example.com")
    while not box.letters:
        await shop.application.office.work_once()
    await until(shop, "queued")
    clock.forward(minutes=1)
    assert (await until(shop, "sent"))["attempts"] == 2
    ids = [message_from_bytes(each.original_content or b"")["Message-ID"] for each in box.letters]
    assert len(ids) == 2
    assert len(set(ids)) == 1


async def test_row_23_a_provider_that_hangs_or_is_down_holds_up_no_request_and_no_e_mail(
    shop: Place, provider: FakeTwilio
) -> None:
    async with mail_server() as box:
        mail = Smtp("127.0.0.1", box.port, "", "", "shop@example.com", "none")
        shop.application.office.outside = Outside(sms=provider.sender(), mail=mail)
        await ready(shop)
        provider.does = ["hang"] * 30
        for number in range(20):
            await tell(shop, f"02412345{number:02d}")
        await tell(shop, "ama@example.com")
        assert (await shop.keeper.get("/api/notices")).status_code == 200
        while not box.letters:
            assert (await shop.keeper.get("/api/messages/log")).status_code == 200


# What people answer.


async def answer(shop: Place, text: str, number: int = 1, sender: str = "+233241234567") -> httpx2.Response:
    """Somebody writes back."""
    return await report(shop, "", MessageSid=f"SMin{number}", From=sender, To="+15005550006", Body=text)


@pytest.mark.parametrize("word", ["STOP", " stop. ", "Unsubscribe", "STOP  ALL"])
async def test_who_answers_stop_gets_no_more_until_they_answer_start(
    shop: Place, other: Place, provider: FakeTwilio, word: str
) -> None:
    for place in (shop, other):
        await ready(place)
    await tell(shop, AMA)
    await until(shop, "sent")
    await shop.events()
    assert (await answer(shop, word)).content == b"<Response/>"
    assert await shop.news() == ["reply.receive: add kernel_opt_outs 1, add kernel_replies 1"]
    assert (await answer(shop, word)).status_code == 200
    assert await shop.news() == []
    await tell(shop, AMA)
    assert (await log(shop))[-1]["status"] == "suppressed"
    assert (await other.keeper.get("/api/messages/replies")).json() == []
    await tell(other, AMA)  # whom they had not heard of, and did not mean
    await until(other, "sent")
    await answer(shop, "Start", 2)
    assert (await shop.events())[-1][0] == "reply.receive"
    await answer(shop, word)  # comes a second time, and late
    assert await shop.news() == []
    await tell(shop, AMA)
    await until(shop, "sent")
    replies = (await shop.keeper.get("/api/messages/replies")).json()
    assert [(each["from"], each["body"]) for each in replies] == [("+233241234567", "Start"), ("+233241234567", word)]


async def test_a_stop_while_the_message_waits_suppresses_it(shop: Place, clock: Clock, provider: FakeTwilio) -> None:
    await ready(shop, quiet_from="09:00", quiet_until="11:00")
    clock.set(NOW)
    await tell(shop, AMA)
    await answer(shop, "stop")
    clock.forward(hours=2)
    assert (await until(shop, "suppressed"))["why"] == "This person wants no messages"
    assert provider.asked == 0


async def test_p_39_a_message_that_is_forgotten_while_it_waits_is_not_sent(
    shop: Place, clock: Clock, provider: FakeTwilio
) -> None:
    await ready(shop, quiet_from="09:00", quiet_until="11:00")
    clock.set(NOW)
    await tell(shop, AMA)

    def rule(ctx: Any) -> None:
        with ctx.happening("test"):
            forget(ctx, AMA)

    await shop.work(rule)
    clock.forward(hours=2)
    await until(shop, "suppressed")
    assert provider.asked == 0


async def test_who_told_the_provider_to_stop_is_not_written_to_again(shop: Place, provider: FakeTwilio) -> None:
    await ready(shop)
    provider.does = [21610]
    await tell(shop, AMA)
    await until(shop, "suppressed")
    await tell(shop, AMA)
    assert [each["status"] for each in await log(shop)] == ["suppressed"] * 2
    assert provider.asked == 1


async def test_what_is_no_word_of_these_stops_nothing(shop: Place, provider: FakeTwilio) -> None:
    await ready(shop)
    await tell(shop, AMA)
    await until(shop, "sent")
    await answer(shop, "Please stop by when it is ready")
    await tell(shop, AMA)
    await until(shop, "sent")


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/api/messages/inbound/twilio", {"X-Twilio-Signature": "wrong"}, 403),
        ("/api/messages/inbound/twilio", {}, 403),
        ("/api/messages/inbound/twilio", {"Content-Type": "application/json"}, 415),
        ("/api/messages/inbound/console", {}, 404),
        ("/api/messages/inbound/nobody", {}, 404),
    ],
)
async def test_who_is_not_the_provider_is_not_heard(
    shop: Place, provider: FakeTwilio, path: str, headers: dict[str, str], status: int
) -> None:
    given = {"Content-Type": "application/x-www-form-urlencoded"} | headers
    body = b"MessageSid=SM1&From=%2B233241234567&Body=STOP"
    refused = await shop.application.http.post(path, content=body, headers=given)
    assert refused.status_code == status
    assert await shop.news() == []


@pytest.mark.parametrize("known_as", ["", "1", "x-1", "1-x", "999-1", "1-999", "1-1-1", "9" * 40 + "-1"])
async def test_a_report_on_what_there_is_not_is_missing_and_breaks_nothing(
    shop: Place, provider: FakeTwilio, known_as: str
) -> None:
    found = await report(shop, f"?message={known_as}", MessageSid="SM1", MessageStatus="sent")
    assert found.status_code in (200, 404)
    assert await shop.news() == []


async def test_row_41_neither_number_nor_text_nor_token_is_in_the_log(
    shop: Place, provider: FakeTwilio, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await ready(shop)
    provider.does = [400, 500, 429, 201]
    for number in range(4):
        await tell(shop, f"02498765{number:02d}", customer="Canary")
    while provider.asked < 4:
        await shop.application.office.work_once()
    await answer(shop, "My canary sings", sender="+233249876501")
    ours = [each for each in caplog.records if each.name.startswith(("tradehall", "httpx2", "asyncio"))]
    text = "\n".join(each.getMessage() + str(each.exc_info) for each in ours)
    assert not any(word in text.casefold() for word in ("canary", "2498765", "the token of"))


async def test_p23_a_message_that_nobody_tries_to_send_any_more_says_so(shop: Place, provider: FakeTwilio) -> None:
    await ready(shop)

    def rule(ctx: Context) -> None:
        with ctx.happening("crate.sell"):
            ctx.notify(AMA, "code", code="4711", once=1)
            ctx.session.execute(sa.update(JOBS).values(attempts=TRIES))  # the next one is one too many

    await shop.work(rule)
    given_up = await until(shop, "failed")
    assert (given_up["why"], provider.taken) == (sending.GIVEN_UP, [])
    assert (await shop.keeper.post(f"/api/messages/{given_up['id']}/resend")).status_code == 200
    await until(shop, "sent")
    assert [each["Body"] for each in provider.taken] == ["Your code is 4711"]
