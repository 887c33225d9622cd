"""A customer gets a receipt of a sale, once, where the shop sends messages (P-23, spec R-09 and R-10)."""

from tests.running import Place
from tests.trades.phoneshop.arranging import a_phone
from tradehall.kernel.notices.segments import Encoding, size


async def sold(shop: Place, **customer: object) -> dict[str, object]:
    """A phone sold to somebody; the sale."""
    person = {"full_name": "Kwame Nkansah", "phone_number": "024 123 4567", "email": "kwame@example.com"} | customer
    made = (await shop.clerk.post("/api/customers/", json=person)).json()
    order = {"customer_id": made["id"], "phone_id": (await a_phone(shop.clerk))["id"], "amount_paid": 1450}
    answer = await shop.clerk.post("/api/sales/", json=order, headers={"Idempotency-Key": "till 1"})
    again = await shop.clerk.post("/api/sales/", json=order, headers={"Idempotency-Key": "till 1"})
    assert (answer.status_code, again.content) == (201, answer.content)
    sale: dict[str, object] = answer.json()
    return sale


async def test_a_sale_is_told_by_sms_and_e_mail_once_and_the_sms_is_one_part(shop: Place) -> None:
    await shop.prefer(messages=True, name="Osu Phones")
    sale = await sold(shop)
    found = (await shop.manager.get("/api/messages/log")).json()
    by = {each["channel"]: each for each in found}
    assert len(found) == 2
    assert by["sms"]["to"] == "+233241234567"
    assert by["sms"]["body"].startswith("Thank you, Kwame Nkansah! ")
    assert by["sms"]["body"].endswith(f"GHS 1,450.00 paid, invoice {sale['invoice_number']}. Osu Phones")
    assert (size(by["sms"]["body"]).encoding, by["sms"]["segments"]) == (Encoding.GSM_7, 1)
    assert by["email"]["subject"] == f"Your receipt {sale['invoice_number']} from Osu Phones"
    assert (by["sms"]["cause_entity"], by["sms"]["cause_id"]) == ("phoneshop_sales", sale["id"])
    assert (await shop.clerk.get("/api/messages/log")).status_code == 403


async def test_a_shop_that_sends_no_messages_writes_none(shop: Place) -> None:
    await sold(shop)
    assert (await shop.manager.get("/api/messages/log")).json() == []


async def test_a_number_that_can_t_be_reached_does_not_refuse_the_sale(shop: Place) -> None:
    await shop.prefer(messages=True)
    await sold(shop, phone_number="02412345678", email=None)
    (message,) = (await shop.manager.get("/api/messages/log")).json()
    assert message["status"] == "failed"


async def test_r_18_who_is_made_anonymous_is_so_in_the_ledger_too(shop: Place) -> None:
    await shop.prefer(messages=True)
    sale = await sold(shop)
    removed = await shop.manager.ask("DELETE", f"/api/customers/{sale['customer_id']}", json={"anonymize": True})
    assert removed.status_code == 204
    ledger = (await shop.manager.get("/api/messages/log")).text
    assert not any(word in ledger for word in ("Kwame", "24123", "kwame"))
    assert await shop.wrong() == []


async def test_row_44_what_was_told_to_somebody_is_exported_and_erased_with_them(shop: Place) -> None:
    await shop.prefer(messages=True)
    sale = await sold(shop, full_name="Canary Mensah")
    who = {"customer_id": sale["customer_id"]}
    shown = await shop.owner.post("/api/privacy/export", json=who)
    assert shown.status_code == 200, shown.text
    assert {each["address"] for each in shown.json()["rows"]["kernel_messages"]} == {
        "+233241234567",
        "kwame@example.com",
    }
    assert (await shop.owner.post("/api/privacy/erase", json=who)).status_code == 200
    ledger = (await shop.manager.get("/api/messages/log")).text
    assert not any(word in ledger for word in ("Canary", "24123", "kwame"))
    assert await shop.wrong() == []
