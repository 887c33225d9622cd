"""The SMS adapter against a provider that speaks the protocol (P-23)."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.providers import CALLBACK, NUMBER, TOKEN, FakeTwilio, fake_twilio, signature
from tradehall.adapters import twilio
from tradehall.app import build_app
from tradehall.kernel.errors import Denied, Invalid
from tradehall.kernel.notices.senders import Fate, NotAccepted, Outgoing, Reply, Unsure
from tradehall.settings import Settings
from tradehall.trades import laundry, phoneshop

TO_AMA = Outgoing("1-7", "+233241234567", "Hello, Ama & Kofi: 5+5 = €10", trade="stall")


@pytest.fixture
async def provider() -> AsyncIterator[FakeTwilio]:
    """A provider of SMS."""
    async with fake_twilio(FakeTwilio()) as found:
        yield found


async def test_a_message_is_handed_over_as_the_protocol_wants_it(provider: FakeTwilio) -> None:
    receipt = await provider.sender().send(TO_AMA)
    assert provider.taken == [
        {"To": TO_AMA.to, "From": NUMBER, "Body": TO_AMA.text, "StatusCallback": f"{CALLBACK}?message=1-7"}
    ]
    assert (receipt.provider_id, receipt.parts, receipt.cost) == (f"SM{1:032x}", 1, None)


@pytest.mark.parametrize(
    ("does", "again", "opted_out", "why", "details"),
    [
        (400, False, False, "This is no number that an SMS can be sent to", "21211: Invalid 'To' Phone Number: ***567"),
        (21610, False, True, "This person wants no messages", "21610: Attempt to send to unsubscribed recipient"),
        (
            401,
            True,
            False,
            "The provider doesn't let this installation in",
            "20003: Authentication Error - invalid username",
        ),
        (429, True, False, "The provider takes no messages just now", "20429: Too Many Requests"),
        (503, True, False, "The provider takes no messages just now", "20503: Service Unavailable"),
    ],
)
async def test_what_the_provider_refuses_was_certainly_not_sent(
    provider: FakeTwilio, does: int, again: bool, opted_out: bool, why: str, details: str
) -> None:
    provider.does = [does]
    with pytest.raises(NotAccepted) as refusal:
        await provider.sender().send(TO_AMA)
    assert (refusal.value.again, refusal.value.opted_out) == (again, opted_out)
    assert (refusal.value.why, refusal.value.details) == (why, details)


async def test_where_the_provider_failed_or_left_nobody_is_sure(
    provider: FakeTwilio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twilio, "PATIENCE", 0.2)
    for how in (500, "drop", "hang"):
        provider.does = [how]
        with pytest.raises(Unsure):
            await provider.sender().send(TO_AMA)


async def test_a_provider_that_is_not_there_and_a_wrong_token_can_be_tried_again(provider: FakeTwilio) -> None:
    for sender in (provider.sender("http://127.0.0.1:9"), provider.sender(token="wrong")):
        with pytest.raises(NotAccepted) as refusal:
            await sender.send(TO_AMA)
        assert refusal.value.again


def heard(url: str, fields: dict[str, str], **changed: Any) -> Fate | Reply | None:
    """What is made of a signed report."""
    body = "&".join(f"{name}={value.replace('+', '%2B').replace(' ', '+')}" for name, value in fields.items())
    given = {"body": body.encode(), "signature": signature(CALLBACK + url, fields)} | changed
    asked = f"http://10.0.0.7:8000/api/messages/inbound/twilio{url}"
    return FakeTwilio().sender().heard(asked, {"x-twilio-signature": given["signature"]}, given["body"])


def test_a_signed_report_is_read_whatever_address_a_proxy_made_of_it() -> None:
    fields = {"MessageSid": "SM1", "MessageStatus": "delivered", "Price": "-0.0075", "PriceUnit": "USD"}
    assert heard("?message=1-7", fields) == Fate("1-7", "SM1", "delivered", "", "", Decimal("0.0075"), "USD")
    failed = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": "30003", "Price": "NaN"}
    assert heard("?message=1-7", failed) == Fate(
        "1-7", "SM1", "failed", "The provider could not deliver it", "30003", None, ""
    )
    assert heard("?message=1-7", fields | {"MessageStatus": "queued"}) is None
    assert heard("", {"MessageSid": "SM2", "From": "+233241234567", "Body": "Stop it"}) == Reply(
        "+233241234567", "Stop it", "SM2"
    )
    assert heard("", {"AccountSid": "AC1"}) is None


@pytest.mark.parametrize("path", ["/api/messages/inbound/twilio", "/api/sms/inbound"])
@pytest.mark.parametrize("trades", [["phoneshop"], ["phoneshop", "laundry"]], ids=len)
def test_p23_an_answer_is_heard_at_every_path_that_is_for_it_behind_a_proxy(
    tmp_path: Path, trades: list[str], path: str
) -> None:
    account = {"twilio_account_sid": "AC1", "twilio_auth_token": TOKEN, "twilio_phone_number": NUMBER}
    told = account | {"enable_sms": True, "public_url": "https://shop.example.com", "tradehall_data": tmp_path}
    found = {each.name: each for each in (phoneshop.trade, laundry.trade)}
    sms = build_app(Settings.read(**told), [found[name] for name in trades]).office.outside.sms
    place = path if len(trades) == 1 else f"/phoneshop{path}"
    signed = signature(f"https://shop.example.com{place}", {"MessageSid": "SM1", "From": NUMBER, "Body": "Yes"})
    body, headers = b"MessageSid=SM1&From=%2B" + NUMBER[1:].encode() + b"&Body=Yes", {"x-twilio-signature": signed}
    assert sms.heard(f"http://10.0.0.7:8000{place}", headers, body) == Reply(NUMBER, "Yes", "SM1")


@pytest.mark.parametrize(
    "changed",
    [
        {"signature": ""},
        {"signature": "é"},
        {"signature": signature(f"{CALLBACK}?message=1-8", {"MessageSid": "SM1", "MessageStatus": "sent"})},
        {"signature": signature(f"{CALLBACK}?message=1-7", {"MessageSid": "SM1", "MessageStatus": "sent"}, "other")},
        {"body": b"MessageSid=SM1&MessageStatus=delivered"},
        {"body": b"MessageSid=SM1&MessageStatus=sent&Extra="},
        {"body": b""},
    ],
)
def test_a_report_with_a_wrong_signature_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Denied):
        heard("?message=1-7", {"MessageSid": "SM1", "MessageStatus": "sent"}, **changed)


def test_a_body_that_is_no_form_is_refused() -> None:
    for body in (b"\xff\xfe", b"&".join(b"a%d=1" % number for number in range(300))):
        with pytest.raises(Invalid):
            heard("", {}, body=body)
