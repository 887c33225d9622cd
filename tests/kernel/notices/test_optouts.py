"""Who wants no messages: by one click in an e-mail, and as managers note it (P-23, RFC 8058)."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from tests.adapters.providers import Mailbox, mail_server
from tests.kernel.notices.conftest import TEMPLATES
from tests.kernel.notices.test_ledger import AMA, log, ready, tell, until
from tests.running import Clock, Place
from tradehall.adapters.smtp import Smtp
from tradehall.kernel.notices.ledger import STOPPED
from tradehall.kernel.notices.sending import NO_MORE
from tradehall.kernel.notices.templates import Template
from tradehall.kernel.outside import Outside
from tradehall.kernel.trade import Trade

PUBLIC = "https://office.example.com"
AMA_S = "Ama@Example.com"
SECRET = Template("secret", subject="A new password", email="Choose one: {link}", needs=("link",), always=True)


@pytest.fixture(scope="session")
def trade(trade: Trade) -> Trade:
    """The stall, which also answers who asks for a password."""
    return replace(trade, templates=(*TEMPLATES, SECRET))


@pytest.fixture
async def box(shop: Place) -> AsyncIterator[Mailbox]:
    """A mail server that the application uses, which others reach under its name."""
    async with mail_server() as found:
        mail = Smtp("127.0.0.1", found.port, "", "", "shop@example.com", "none")
        shop.application.office.outside = Outside(mail=mail, messages={"stall": f"{PUBLIC}/api/messages"})
        yield found


def letters(box: Mailbox) -> list[EmailMessage]:
    """What arrived."""
    return [message_from_bytes(each.original_content or b"", policy=policy.default) for each in box.letters]


async def link(shop: Place, box: Mailbox, to: str = AMA_S) -> str:
    """The path of the link in a letter that is sent now."""
    await tell(shop, to)
    await until(shop, "sent")
    said = str(letters(box)[-1]["List-Unsubscribe"])
    found = re.fullmatch(rf"<{PUBLIC}(/api/messages/unsubscribe/[\w.-]+)>", said)
    assert found, said
    return found[1]


async def click(shop: Place, path: str) -> Any:
    """What a mail program sends for one click: no cookie, no token."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return await shop.application.http.post(path, content=b"List-Unsubscribe=One-Click", headers=form)


async def opt_outs(place: Place, **query: Any) -> list[dict[str, Any]]:
    """Who wants no messages, as the keeper sees it."""
    answer = await place.keeper.get("/api/messages/opt-outs", params=query)
    assert answer.status_code == 200, answer.text
    return [{name: each[name] for name in ("channel", "address", "source")} for each in answer.json()]


async def test_p23_a_letter_has_the_headers_of_rfc_8058_on_one_line_each(shop: Place, box: Mailbox) -> None:
    await ready(shop)
    await link(shop, box)
    head = (box.letters[-1].original_content or b"").partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    [where] = [line for line in head if line.startswith("List-Unsubscribe:")]
    assert where.startswith(f"List-Unsubscribe: <{PUBLIC}/api/messages/unsubscribe/")
    assert where.endswith(">")
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head
    assert "example.com" not in where.partition("unsubscribe/")[2]


async def test_p23_a_letter_says_in_its_text_how_to_get_no_more_and_the_ledger_keeps_what_was_written(
    shop: Place, box: Mailbox
) -> None:
    await ready(shop)
    path = await link(shop, box)
    text = letters(box)[-1].get_content().replace("\r\n", "\n")
    written = (await log(shop))[-1]["body"]
    assert text.strip() == f"{written}\n\n{NO_MORE}{PUBLIC}{path}"
    assert max(len(line) for line in (box.letters[-1].original_content or b"").split(b"\r\n")) <= 998


async def test_p23_one_click_without_signing_in_ends_the_mails_and_the_ledger_says_why(
    shop: Place, other: Place, box: Mailbox
) -> None:
    for place in (shop, other):
        await ready(place)
    path = await link(shop, box)
    await shop.events()
    for _ in range(2):
        answer = await click(shop, path)
        assert (answer.status_code, "gets no more e-mail" in answer.text) == (200, True)
    assert await shop.news() == ["optout.ask: add kernel_opt_outs 1"]
    assert await opt_outs(shop) == [{"channel": "email", "address": "ama@example.com", "source": "link"}]
    await tell(shop, "AMA@example.com")  # whichever way it is written
    message = (await log(shop))[-1]
    assert (message["status"], message["why"]) == ("suppressed", STOPPED)
    assert (await shop.keeper.post(f"/api/messages/{message['id']}/resend")).status_code == 409
    assert await opt_outs(other) == []
    await tell(other, AMA_S)
    await until(other, "sent")
    assert len(box.letters) == 2


async def test_p23_a_letter_that_waits_is_not_sent_to_whom_says_so_meanwhile(
    shop: Place, box: Mailbox, clock: Clock
) -> None:
    await ready(shop, quiet_from="09:00", quiet_until="11:00")
    clock.set("2026-11-21T08:00:00Z")
    path = await link(shop, box)
    clock.forward(hours=2)
    await tell(shop, AMA_S)
    assert (await click(shop, path)).status_code == 200
    clock.forward(hours=2)
    assert (await until(shop, "suppressed"))["why"] == STOPPED
    assert len(box.letters) == 1


async def test_p23_what_somebody_asked_for_goes_out_anyway_and_has_no_such_link(shop: Place, box: Mailbox) -> None:
    await ready(shop)
    await click(shop, await link(shop, box))
    await tell(shop, AMA_S, "secret", link="https://office.example.com/welcome/1")
    await until(shop, "sent", template="secret")
    assert letters(box)[-1]["Subject"] == "A new password"
    assert letters(box)[-1]["List-Unsubscribe"] is None
    assert letters(box)[-1]["List-Unsubscribe-Post"] is None
    assert NO_MORE not in letters(box)[-1].get_content()


async def test_p23_where_nobody_said_how_others_reach_us_there_is_no_link(shop: Place, box: Mailbox) -> None:
    await ready(shop)
    outside = shop.application.office.outside
    shop.application.office.outside = replace(outside, messages={})
    await tell(shop, AMA_S)
    await until(shop, "sent")
    assert letters(box)[-1]["List-Unsubscribe"] is None
    assert NO_MORE not in letters(box)[-1].get_content()


async def test_p23_who_opens_the_link_is_asked_and_nothing_happens_before_they_answer(
    shop: Place, box: Mailbox
) -> None:
    await ready(shop)
    path = await link(shop, box)
    seen = await shop.application.http.get(path)
    assert (seen.status_code, "<form" in seen.text, AMA_S in seen.text) == (200, True, True)
    assert "script-src 'none'" in seen.headers["content-security-policy"]
    assert await opt_outs(shop) == []


async def test_p23_a_link_that_is_not_ours_or_was_changed_does_nothing(shop: Place, box: Mailbox) -> None:
    await ready(shop)
    path = await link(shop, box)
    wrong = [
        path[:-3],
        path[:-1] + ("A" if path[-1] != "A" else "B"),
        f"{path}.x",
        path.rpartition("/")[0] + "/nothing",
    ]
    for each in [*wrong, f"{path.rpartition('/')[0]}/{'a' * 5000}"]:
        for answer in (await click(shop, each), await shop.application.http.get(each)):
            assert answer.status_code == 404, each
    assert await opt_outs(shop) == []


async def test_managers_note_and_lift_that_somebody_wants_no_messages(shop: Place, other: Place) -> None:
    await ready(shop)
    path = "/api/messages/opt-outs"
    first = await shop.keeper.post(path, json={"address": " 024 123 4567 "})
    assert (first.status_code, first.json()["address"], first.json()["channel"]) == (201, "+233241234567", "sms")
    second = await shop.seller.post(path, json={"address": AMA_S})  # a stall has but two roles, both the highest
    assert (second.status_code, second.json()["address"], second.json()["source"]) == (
        201,
        "ama@example.com",
        "manager",
    )
    assert (await shop.keeper.post(path, json={"address": "AMA@example.com"})).status_code == 409
    for wrong in ("", "at the market", "ama@", "024123456"):
        answer = await shop.keeper.post(path, json={"address": wrong})
        assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", "address"])
    assert [each["channel"] for each in await opt_outs(shop)] == ["email", "sms"]
    assert [each["channel"] for each in await opt_outs(shop, address=AMA_S)] == ["email"]
    assert [each["channel"] for each in await opt_outs(shop, channel="sms")] == ["sms"]
    assert await opt_outs(other) == []
    await tell(shop, AMA)
    assert (await log(shop))[-1]["status"] == "suppressed"
    lifted = f"{path}/{first.json()['id']}"
    assert (await other.keeper.delete(lifted)).status_code == 404
    await shop.events()
    assert (await shop.keeper.delete(lifted)).status_code == 204
    assert await shop.news() == ["optout.lift: delete kernel_opt_outs 1"]
    await tell(shop, AMA)
    await until(shop, "sent")
