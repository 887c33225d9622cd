"""What customers are told of their repairs: once for each real change, in one part; and what they answer."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.adapters.providers import FakeTwilio, fake_twilio, signature
from tests.running import Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_repair, a_sale, a_swap, became, done
from tradehall.kernel.notices.segments import Encoding, size
from tradehall.kernel.outside import Outside

FIFTEEN = "Nana Kofi Owusu"
EVERY = ("Pending", "In Progress", "Completed", "Delivered")


@pytest.fixture
async def provider(shop: Place) -> AsyncIterator[FakeTwilio]:
    """A provider of SMS that the application uses."""
    async with fake_twilio(FakeTwilio()) as found:
        shop.application.office.outside = Outside(sms=found.sender())
        yield found


async def log(shop: Place) -> list[dict[str, Any]]:
    """The ledger, oldest first."""
    found: list[dict[str, Any]] = done(await shop.owner.get("/api/sms/log"), 200)
    return found[::-1]


async def settled(shop: Place, status: str = "sent") -> list[dict[str, Any]]:
    """The ledger, once every message is so."""
    while True:
        await shop.application.office.work_once()
        found = await log(shop)
        if all(each["status"] == status for each in found):
            return found


async def notified(shop: Place, repair: dict[str, Any]) -> bool:
    found: bool = done(await shop.clerk.get(f"/api/repairs/{repair['id']}"), 200)["delivery_notified"]
    return found


async def test_r10_each_text_greets_by_name_names_the_repair_and_the_shop_and_is_one_part(shop: Place) -> None:
    assert len(FIFTEEN) == 15
    customer = await a_customer(shop.clerk, full_name=FIFTEEN)
    repair = await a_repair(shop.clerk, customer_id=customer["id"])
    for status in EVERY[1:]:
        await became(shop.clerk, repair, status)
    found = await settled(shop)
    assert [each["template"] for each in found] == [
        "repair_booked", "repair_in_progress", "repair_completed", "repair_delivered",
    ]  # fmt: skip
    for each in found:
        for said in (FIFTEEN, repair["repair_number"], "SwapSync"):
            assert said in each["body"]
        counted = size(each["body"])
        assert (counted.encoding, counted.parts, each["segments"]) == (Encoding.GSM_7, 1, 1)
        assert (each["cause_entity"], each["cause_id"]) == ("phoneshop_repairs", repair["id"])
        assert each["to"] == customer["phone_e164"]


async def test_r10_a_name_outside_gsm_7_is_counted_as_it_will_be_sent(shop: Place) -> None:
    customer = await a_customer(shop.clerk, full_name="Kɔfi Mɛnsah")
    await a_repair(shop.clerk, customer_id=customer["id"])
    (message,) = await log(shop)
    assert size(message["body"]).encoding is not Encoding.GSM_7
    assert message["segments"] == size(message["body"]).parts == 2


async def test_r09_there_is_one_message_for_each_real_change(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    path, key = f"/api/repairs/{repair['id']}", {"Idempotency-Key": "bench 1"}
    for _ in range(3):
        await shop.clerk.patch(f"{path}/status", params={"new_status": "Completed"}, headers=key)
        await became(shop.clerk, repair, "Completed")
        await shop.clerk.put(path, json={"status": "Completed", "diagnosis": "Glass"})
    assert [each["template"] for each in await log(shop)] == ["repair_booked", "repair_completed"]
    await became(shop.clerk, repair, "In Progress", reason="No sound")
    await became(shop.clerk, repair, "Completed")
    assert [each["template"] for each in await log(shop)][2:] == ["repair_in_progress", "repair_completed"]


async def test_r09_a_refused_move_and_a_dry_run_tell_nobody(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    await became(shop.clerk, repair, "Delivered")
    before = await log(shop)
    await became(shop.clerk, repair, "Pending", 409)
    await shop.clerk.post("/api/repairs/", params={"dry_run": "1"}, json={
        "customer_id": repair["customer_id"], "phone_description": "x", "issue_description": "x", "cost": 1,
    })  # fmt: skip
    assert len(await log(shop)) == len(before) == 2


async def test_r09_a_customer_is_notified_when_the_message_was_simulated(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    await became(shop.clerk, repair, "In Progress")
    await settled(shop)
    assert await notified(shop, repair) is False
    await became(shop.clerk, repair, "Completed")
    await settled(shop)
    assert await notified(shop, repair) is True
    await became(shop.clerk, repair, "In Progress", reason="No sound")
    await settled(shop)
    assert await notified(shop, repair) is False
    assert await shop.wrong() == []


async def test_r09_a_provider_that_is_down_fails_no_request_and_notifies_nobody(
    shop: Place, provider: FakeTwilio
) -> None:
    provider.does = [503, 503]
    repair = await a_repair(shop.clerk)
    assert (await became(shop.clerk, repair, "Delivered"))["status"] == "Delivered"
    while provider.asked < 2:
        await shop.application.office.work_once()
    found = await settled(shop, "queued")
    assert {each["details"] for each in found} == {"20503: Service Unavailable"}
    assert await notified(shop, repair) is False


async def test_r09_a_provider_that_refuses_leaves_a_failed_row_and_notifies_nobody(
    shop: Place, provider: FakeTwilio
) -> None:
    provider.does = [400, 400]
    repair = await a_repair(shop.clerk)
    await became(shop.clerk, repair, "Completed")
    assert all(each["details"].startswith("21211") for each in await settled(shop, "failed"))
    assert await notified(shop, repair) is False


async def test_r09_a_provider_that_takes_the_message_notifies(shop: Place, provider: FakeTwilio) -> None:
    repair = await a_repair(shop.clerk)
    await became(shop.clerk, repair, "Completed")
    await settled(shop)
    assert await notified(shop, repair) is True
    assert len(provider.taken) == 2


async def test_a_shop_that_tells_nobody_of_repairs_writes_nothing(shop: Place) -> None:
    await shop.prefer(repair_messages=False)
    await became(shop.clerk, await a_repair(shop.clerk), "Completed")
    assert await log(shop) == []


async def test_the_texts_are_the_shop_s_own_to_change(shop: Place) -> None:
    words = {"template": "repair_booked", "sms": "{customer}: {repair_number}, {cost}, {due_date}. {business}"}
    done(await shop.owner.put("/api/messages/templates", json=words), 200)
    customer = await a_customer(shop.clerk, full_name="Ama")
    await a_repair(shop.clerk, customer_id=customer["id"], due_date="2030-01-31")
    assert [each["body"] for each in await log(shop)] == ["Ama: REP-000001, GHS 450.00, 31 Jan 2030. SwapSync"]


async def test_r10_a_customer_is_told_in_their_language_in_one_part_of_gsm_7(shop: Place) -> None:
    await shop.prefer(messages=True, repair_link="https://shop.example/r/")
    french = await a_customer(shop.clerk, full_name=FIFTEEN, phone_number="0241234567", language="fr")
    assert "language" not in french
    repair = await a_repair(shop.clerk, customer_id=french["id"], cost=450)
    for status in EVERY[1:]:
        await became(shop.clerk, repair, status)
    await a_sale(shop.clerk, customer_id=french["id"])
    await a_swap(shop.clerk, customer_id=french["id"])
    lines = [{"phone_id": (await a_phone(shop.manager))["id"]} for _ in range(2)]
    done(await shop.clerk.post("/api/checkouts", json={"customer_id": french["id"], "lines": lines}))
    found = await log(shop)
    assert [each["body"].split(",")[0] for each in found] == [f"Bonjour {FIFTEEN}"] * 4 + ["Merci"] * 3
    assert [(size(each["body"]).encoding, each["segments"]) for each in found] == [(Encoding.GSM_7, 1)] * 7
    # Whoever chose none is told in the language of the shop's papers, and what was chosen can be taken back.
    at = f"/api/customers/{french['id']}"
    assert done(await shop.clerk.get(f"{at}/story"), 200)["language"] == "fr"
    done(await shop.clerk.post(f"{at}/speak", json={"language": "en"}), 200)
    await a_repair(shop.clerk, customer_id=french["id"])
    done(await shop.clerk.post(f"{at}/speak", json={"language": None}), 200)
    await shop.prefer(paper_language="fr")
    await a_repair(shop.clerk, customer_id=french["id"])
    assert [each["body"].split()[0] for each in await log(shop)][-2:] == ["Hello", "Bonjour"]
    assert (await shop.clerk.post(f"{at}/speak", json={"language": "tlh"})).status_code == 422


async def test_the_log_of_sms_is_for_managers_and_holds_no_mail(shop: Place, other: Place) -> None:
    await shop.prefer(messages=True)
    customer = await a_customer(shop.clerk, email="ama@example.com")
    await a_repair(shop.clerk, customer_id=customer["id"])
    assert [each["channel"] for each in await log(shop)] == ["sms"]
    assert (await shop.clerk.get("/api/sms/log")).status_code == 403
    assert done(await other.owner.get("/api/sms/log"), 200) == []


async def heard(shop: Place, sender: str, text: str, sid: str = "SMreply1", sign: bool = True) -> int:
    """Somebody writes back, as the provider reports it; the status of the answer."""
    fields = {"From": sender, "Body": text, "MessageSid": sid}
    url = f"{str(shop.application.http.base_url).rstrip('/')}/api/sms/inbound"
    signed = signature(url, fields) if sign else "nonsense"
    answer = await shop.application.http.post(url, data=fields, headers={"X-Twilio-Signature": signed})
    return int(answer.status_code)


async def test_a_signed_reply_is_attached_to_the_repair_and_its_technician_is_told(
    shop: Place, other: Place, provider: FakeTwilio
) -> None:
    customer = await a_customer(shop.clerk, phone_number="0241234567")
    repair = await a_repair(shop.clerk, customer_id=customer["id"], technician_id=shop.technician.user_id)
    assert await heard(shop, "+233241234567", "Is it ready?", sign=False) == 403
    for _ in range(2):
        assert await heard(shop, "+233241234567", "Is it ready?") == 200
    path = f"/api/repairs/{repair['id']}/replies"
    (reply,) = done(await shop.clerk.get(path), 200)
    assert (reply["body"], reply["customer_id"], reply["repair_id"]) == ("Is it ready?", customer["id"], repair["id"])
    notices = done(await shop.technician.get("/api/notices"), 200)
    assert [each["body"] for each in notices] == [f"{repair['repair_number']}: Is it ready?"]
    assert (await other.clerk.get(path)).status_code == 404
    assert await heard(shop, "+233200000000", "Who is this?", "SMreply2") == 200
    assert len(done(await shop.clerk.get(path), 200)) == 1
    gone = await shop.manager.ask("DELETE", f"/api/customers/{customer['id']}", json={"anonymize": True})
    assert gone.status_code == 204
    assert "ready" not in (await shop.clerk.get(path)).text
    assert await shop.wrong() == []


async def test_inbound_sms_without_a_provider_is_404(shop: Place) -> None:
    assert await heard(shop, "+233241234567", "Hello") == 404
