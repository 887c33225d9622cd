"""The e-mail adapter against a mail server (P-23)."""

from collections.abc import AsyncIterator
from email import message_from_bytes, policy

import pytest

from tests.adapters.providers import Mailbox, mail_server
from tradehall.adapters.smtp import Smtp
from tradehall.kernel.notices.senders import NotAccepted, Outgoing

LETTER = Outgoing("1-7", "ama@example.com", "Dear Ɔkɔ,\n.\nThank you.", "Your receipt: 5 €", "stall", "1-7-1700000000")


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    """A mail server."""
    async with mail_server() as found:
        yield found


def sender(port: int, tls: str = "none") -> Smtp:
    """The adapter for it."""
    return Smtp("127.0.0.1", port, "", "", "Osu Phones <shop@example.com>", tls)


async def test_a_letter_arrives_as_it_was_written_with_the_same_message_id_each_time(box: Mailbox) -> None:
    receipts = [await sender(box.port).send(LETTER) for _ in range(2)]
    found = [message_from_bytes(each.content or b"", policy=policy.default) for each in box.letters]  # type: ignore[arg-type]  # typeshed binds the policy to one kind of message
    first = found[0]
    assert {name: str(first[name]) for name in ("From", "To", "Subject", "Message-ID", "Auto-Submitted")} == {
        "From": "Osu Phones <shop@example.com>", "To": "ama@example.com", "Subject": "Your receipt: 5 €",
        "Message-ID": "<1-7-1700000000@example.com>", "Auto-Submitted": "auto-generated",
    }  # fmt: skip
    assert first.get_content().replace("\r\n", "\n").rstrip("\n") == LETTER.text
    assert first.get_content_type() == "text/plain"
    assert {each["Message-ID"] for each in found} == {each.provider_id for each in receipts}


@pytest.mark.parametrize(
    ("to", "says", "again", "why", "details"),
    [
        ("ama@example.com", "451 later", True, "The mail server takes no messages just now", "451: later"),
        ("ama@example.com", "554 no", False, "The mail server refused this message", "554: no"),
        (
            "nobody@example.com",
            "",
            False,
            "The mail server refused this message",
            "550: <n***@example.com> unknown here",
        ),
        ("a b@example.com", "", False, "This is no e-mail address that a mail server knows", ""),
        ("ama@example.com\nBcc: all@example.com", "", False, "This is no e-mail address that a mail server knows", ""),
    ],
)
async def test_what_the_server_refuses_was_not_sent(
    box: Mailbox, to: str, says: str, again: bool, why: str, details: str
) -> None:
    box.says = [says] if says else []
    with pytest.raises(NotAccepted) as refusal:
        await sender(box.port).send(Outgoing("1-7", to, "Hello", "Hello", unique="1"))
    assert (refusal.value.again, refusal.value.why, refusal.value.details) == (again, why, details)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_without_tls_where_it_is_wanted_nothing_is_sent(box: Mailbox, tls: str) -> None:
    with pytest.raises(NotAccepted) as refusal:
        await sender(box.port, tls).send(LETTER)
    assert refusal.value.again
    assert box.letters == []


async def test_a_server_that_is_not_there_can_be_tried_again() -> None:
    with pytest.raises(NotAccepted) as refusal:
        await sender(9).send(LETTER)
    assert refusal.value.again
