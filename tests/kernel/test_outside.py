"""Where no provider is set, nothing leaves, and nothing of a person is in the log (row 41)."""

import logging

import pytest

from tradehall.kernel.notices.senders import Outgoing, masked
from tradehall.kernel.outside import Outside


async def test_the_console_takes_a_message_and_logs_neither_its_text_nor_its_address(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outside = Outside()
    with caplog.at_level(logging.INFO, "tradehall"):
        for sender, to in ((outside.sms, "+233241234567"), (outside.mail, "ama.owusu@example.com")):
            receipt = await sender.send(Outgoing("7", to, "The secret canary sings"))
            assert receipt.provider_id == "console-7"
    assert "23 characters" in caplog.text
    assert not any(word in caplog.text for word in ("canary", "24123", "owusu"))


def test_an_address_in_a_log_is_recognised_only_by_whoever_knows_it() -> None:
    assert [masked(each) for each in ("+233241234567", "ama@example.com")] == ["***567", "a***@example.com"]
