"""The words of templates are the organisation's (P-23, row 17)."""

from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from tests.kernel.notices.test_ledger import AMA, ready, tell, until
from tests.running import Place
from tradehall.kernel.context import Context
from tradehall.kernel.people.tables import SIGN_IN_NAMES

PATH = "/api/messages/templates"


async def change(place: Place, **wish: Any) -> httpx2.Response:
    """Change the words of the receipt."""
    return await place.keeper.put(PATH, json={"template": "receipt"} | wish)


async def test_templates_are_read_and_changed_and_each_change_is_an_event(shop: Place, other: Place) -> None:
    await ready(shop)
    found = (await shop.keeper.get(PATH)).json()
    own, kernel = (
        ["receipt", "code", "opened"],
        ["choose_secret", "confirm_address", "webhook_off", "messages_stranded", "mentioned"],
    )
    assert [each["template"] for each in found] == own + kernel
    assert found[0] == {
        "template": "receipt", "changed": [], "needs": [], "urgent": False,
        "texts": found[0]["original"], "values": ["colour", "customer", "price", "at", "business"],
        "original": {
            "sms": "{customer}: {price} paid on {at}. {business}", "subject": "Receipt from {business}",
            "email": "Dear {customer},\nyou paid {price}.\n{business}",
        },
    }  # fmt: skip
    changed = await change(shop, sms="Medaase, {customer}! {colour}")
    assert changed.status_code == 200
    assert changed.json()["texts"] == found[0]["original"] | {"sms": "Medaase, {customer}! {colour}"}
    assert changed.json()["changed"] == ["sms"]
    assert await shop.news() == ["wording.word: add kernel_wordings 1"]
    await tell(shop, AMA)
    assert (await until(shop, "sent"))["body"] == "Medaase, Ama! red"
    await shop.events()
    assert (await change(shop, sms=None, subject="Hello")).json()["changed"] == ["subject"]
    assert await shop.news() == ["wording.word: edit kernel_wordings 1"]
    await tell(shop, AMA)
    assert "paid on" in (await until(shop, "sent"))["body"]
    assert (await other.keeper.get(PATH)).json() == found


@pytest.mark.parametrize(
    ("wish", "why"),
    [
        ({"sms": "Dear {custommer}"}, "There is no value {custommer}; there are {colour}, {customer}, {price}, {at}, {business}"),
        ({"email": "{a} {b}"}, "There is no value {a}, {b}; there are {colour}, {customer}, {price}, {at}, {business}"),
        ({"notice": "Hello"}, "This template has no such text; it has sms, subject, email"),
        ({"template": "code", "sms": "Welcome"}, "This text needs {code}"),
    ],
)  # fmt: skip
async def test_words_with_missing_or_unknown_values_are_refused_when_they_are_saved(
    shop: Place, wish: dict[str, str], why: str
) -> None:
    await ready(shop)
    answer = await change(shop, **wish)
    assert answer.status_code == 422
    assert [each["msg"] for each in answer.json()["detail"]] == [why]
    assert await shop.news() == []


async def test_row_17_words_of_other_languages_are_kept_and_sent_as_they_are(shop: Place) -> None:
    await ready(shop)
    words = "{{7*7}} {x.__init__} %s ${7*7} {customer.__class__} {0} {customer}"
    assert (await change(shop, sms=words, email=words, subject=words)).status_code == 200
    await tell(shop, AMA, customer="{{8*8}} {business} %d")
    told = words[:-10] + "{{8*8}} {business} %d"
    assert (await until(shop, "sent"))["body"] == told
    preview = await shop.keeper.post(
        f"{PATH}/preview", json={"template": "receipt", "values": {"customer": "{{8*8}} {business} %d"}}
    )
    assert preview.json()["texts"]["sms"] == told


async def test_a_preview_counts_and_prices_and_writes_nothing(shop: Place) -> None:
    await ready(shop, sms_price=0.1)
    wish = {"template": "receipt", "sms": "Ɔdɔ {customer} €" + "a" * 80, "values": {"customer": "Ama"}}
    answer = await shop.keeper.post(f"{PATH}/preview", json=wish)
    assert answer.status_code == 200
    assert answer.json() == {
        "texts": {
            "sms": "Ɔdɔ Ama €" + "a" * 80, "subject": "Receipt from Osu Fruit",
            "email": "Dear Ama,\nyou paid price.\nOsu Fruit",
        },
        "sms": {
            "encoding": "UCS-2", "characters": 89, "units": 89, "segments": 2, "outside_gsm": "Ɔɔ", "cost": 0.2,
            "currency": "GHS",
        },
        "wrong": [],
    }  # fmt: skip
    wrong = await shop.keeper.post(f"{PATH}/preview", json={"template": "receipt", "sms": "{nobody}"})
    assert wrong.json()["wrong"][0]["text"] == "sms"
    assert await shop.news() == []
    assert (await shop.keeper.get(PATH)).json()[0]["changed"] == []


async def test_p_23_a_test_goes_to_whoever_asks_and_is_marked_as_one(shop: Place) -> None:
    await ready(shop, messages=False)
    wish = {"template": "receipt", "sms": "Hello {customer}", "values": {"customer": "Ama"}}
    refused = await shop.keeper.post(f"{PATH}/test", json=wish)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_address")
    assert "Neither a telephone number nor an e-mail address of yours is known here" in refused.json()["detail"]
    code = await shop.keeper.post(f"{PATH}/test", json={"template": "code"})
    assert code.json()["detail"] == "No telephone number of yours is known here that a test could go to"
    assert await shop.news() == []
    await reached_by(shop, "email", "keeper@example.com")
    tried = await shop.keeper.post(f"{PATH}/test", json=wish)
    assert tried.json() == {"sent": [{"channel": "email", "to": "keeper@example.com"}], "not_reached": ["sms"]}
    assert await shop.news() == ["wording.test: add kernel_messages 1"]
    sent = await until(shop, "sent")
    assert (sent["is_test"], sent["to"], sent["subject"]) == (
        True,
        "keeper@example.com",
        "Test: Receipt from Osu Fruit",
    )
    await reached_by(shop, "phone_number", "+233241234567")
    tried = await shop.keeper.post(f"{PATH}/test", json=wish)
    assert [each["channel"] for each in tried.json()["sent"]] == ["sms", "email"]
    found = {each["channel"]: each["body"] for each in (await shop.keeper.get("/api/messages/log")).json()}
    assert found["sms"] == "Test: Hello Ama"
    told = await shop.keeper.post(f"{PATH}/test", json={"template": "opened", "values": {"label": "A-7"}})
    assert [each["channel"] for each in told.json()["sent"]] == ["notice"]
    notices = [each["body"] for each in (await shop.keeper.get("/api/notices")).json()]
    assert "Test: Crate A-7 is open, at price" in notices
    wrong = await shop.keeper.post(f"{PATH}/test", json={"template": "receipt", "sms": "{nobody}"})
    assert wrong.status_code == 422
    assert (await shop.keeper.get(PATH)).json()[0]["changed"] == []


async def reached_by(place: Place, kind: str, name: str) -> None:
    """The keeper is reached by this, too."""

    def rule(ctx: Context) -> None:
        mine = {"user_id": place.keeper.user_id, "trade": ctx.trade.name, "kind": kind, "position": len(name)}
        ctx.session.execute(sa.insert(SIGN_IN_NAMES).values(folded=name, shown=name, **mine))

    await place.work(rule)


async def test_a_template_that_there_is_not_is_missing_and_its_words_are_the_owner_s(shop: Place) -> None:
    for path in (PATH, f"{PATH}/preview", f"{PATH}/test"):
        ask = shop.keeper.put if path == PATH else shop.keeper.post
        assert (await ask(path, json={"template": "nothing", "sms": "x"})).status_code == 404
        other_ask = shop.seller.put if path == PATH else shop.seller.post
        assert (await other_ask(path, json={"template": "receipt", "sms": "x"})).status_code == 403
