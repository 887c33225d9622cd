"""The pages that the links of customers open: what they show, what is done there, and what they never tell (R-24, N3, N4)."""

import io
from typing import Any

import httpx2
import pytest
from pypdf import PdfReader

from tests.adapters.paystack import FakePaystack
from tests.files.samples import from_a_phone, sent
from tests.running import Application, Place
from tests.trades.phoneshop.arranging import (
    a_customer,
    a_phone,
    a_repair,
    a_sale,
    became,
    done,
    imei,
    settled,
    token_of,
)
from tests.web.looking import Looker, text
from tradehall.trades.phoneshop.models import Sale


@pytest.fixture
def chosen(account: dict[str, str]) -> dict[str, str]:
    """The shop has an account at the provider."""
    return account


def printed(answer: httpx2.Response) -> str:
    """What stands on a paper."""
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    found = " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    return " ".join(found.replace("\u200b", "").replace("\u00a0", " ").split())


async def an_estimate(shop: Place, **customer: Any) -> tuple[dict[str, Any], str]:
    """A repair whose customer is asked, with the address of its page."""
    who = await a_customer(shop.clerk, full_name="Ama Owusu", **customer)
    repair = await a_repair(shop.clerk, customer_id=who["id"], phone_description="iPhone X <b>")
    done(
        await shop.technician.post(
            f"/api/repairs/{repair['id']}/estimate", json={"amount": 600, "details": "A new screen"}
        )
    )
    return repair, f"/r/{await token_of(shop.clerk, repair)}"


async def test_n3_by_one_link_a_customer_follows_accepts_pays_and_has_a_receipt(
    application: Application, shop: Place, paystack: FakePaystack
) -> None:
    repair, place = await an_estimate(shop, email="ama@example.com")
    await sent(shop.clerk, from_a_phone(), "front.jpg", f"/api/repairs/{repair['id']}/files")
    async with Looker(application) as customer:
        page = await customer.see(place)
        assert all(
            each in text(page) for each in ("Please answer the estimate", "A new screen", "GHS 600.00", "REP-000001")
        )
        assert "iPhone X &lt;b&gt;" in page.text
        assert 'alt="Photo 1 of your phone"' in page.text
        assert "Pay GHS" not in page.text  # nobody pays for what they were not asked yet
        form = {
            "do": "decide",
            "estimate_id": str(done(await shop.owner.get(f"/api/repairs/{repair['id']}/estimates"), 200)[0]["id"]),
        }
        assert "You accepted this estimate." in await customer.told(place, form | {"decision": "accepted"})
        assert (await customer.send(place, form | {"decision": "declined"})).status_code == 409
        assert "Pay GHS 600.00" in text(await customer.see(place))
        begun = await customer.told(place, {"do": "pay"})  # the worker may be done with it already
        assert "is being prepared" in begun or "Go on to pay" in begun
        await settled(shop)
        page = await customer.see(place)
        assert "Go on to pay GHS 600.00" in text(page)
        (reference,) = paystack.transactions
        assert paystack.transactions[reference]["amount"] == 60000
        await customer.told(place, {"do": "pay"})  # once more, and the same payment goes on
        assert [*paystack.transactions] == [reference]
        paystack.pays(reference)
        attempt = done(await shop.clerk.get("/api/payments"), 200)[0]
        done(await shop.clerk.post(f"/api/payments/{attempt['id']}/cancel"), 200)  # the provider is asked at once
        await settled(shop)
        assert "Go on to pay" not in text(await customer.see(place))
    receipt = printed(await application.stranger.get(f"{place}/receipt.pdf", params={"language": "fr"}))
    assert all(each in receipt for each in ("Reçu", "REP-000001", "600,00 GH₵"))
    assert "clerk-accra" not in receipt  # who serves is no business of whoever holds a link
    assert await shop.wrong() == []


async def test_r12_whoever_holds_the_link_sees_what_was_given_back(application: Application, shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    path, place = f"/api/repairs/{repair['id']}", f"/r/{await token_of(shop.clerk, repair)}"
    done(await shop.clerk.post(f"{path}/payments", json={}))
    await became(shop.clerk, repair, "Delivered")
    done(await shop.manager.post(f"{path}/refund", json={"amount": 50.5, "reason": "A scratch"}), 200)
    async with Looker(application) as customer:
        assert "Refunded GHS 50.50" in " ".join(text(await customer.see(place)).split())


async def test_r24_a_page_of_a_link_is_told_nobody_and_names_nobody(application: Application, shop: Place) -> None:
    _repair, place = await an_estimate(shop)
    browser = {"Accept": "text/html,*/*"}
    sent_on = await application.stranger.get(place, headers=browser)
    assert (sent_on.status_code, sent_on.headers["location"]) == (303, f"/app{place}")
    async with Looker(application) as customer:
        page = await customer.see(place)
        assert (page.headers["referrer-policy"], page.headers["x-robots-tag"].split(",")[0]) == (
            "same-origin",
            "noindex",
        )
        assert not any(each in page.text for each in ("Ama Owusu", "clerk-accra", "technician-accra"))
        french = await customer.http.get(f"/app{place}", headers={"Accept-Language": "fr"})
        assert "Votre réparation" in french.text
        assert (await customer.see("/r/1-nobodynobodynobodynobody")).status_code == 404
        foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "null"}
        asked = {"do": "decide", "decision": "accepted"}
        assert (await customer.http.post(f"/app{place}", data=asked, headers=foreign)).status_code == 403
        nowhere = {"Sec-Fetch-Site": "same-origin", "Origin": "null"}
        assert (await customer.http.post(f"/app{place}", data=asked, headers=nowhere)).status_code == 403
        assert (await customer.send(place, asked)).status_code == 303


async def test_n3_a_link_opens_in_the_language_of_its_customer(application: Application, shop: Place) -> None:
    _repair, place = await an_estimate(shop, language="fr")
    async with Looker(application) as customer:
        assert "Votre réparation" in (await customer.see(place)).text
        chosen = await customer.http.get(f"/app{place}", headers={"Cookie": "hall_language=en"})
        assert "Your repair" in chosen.text


async def test_n4_a_buyer_s_link_opens_the_passport_of_the_device(
    application: Application, shop: Place, other: Place
) -> None:
    phone = await a_phone(shop.manager, imei=imei(7))
    found = {"grade": "B", "asking_price": 4321.5, "checks": [{"name": "battery", "passed": False, "note": "71 %"}]}
    done(await shop.clerk.post(f"/api/phones/{phone['id']}/inspect", json=found), 200)
    mended = await a_repair(shop.clerk, phone_id=phone["id"], issue_description="Speaker was silent")
    await became(shop.clerk, mended, "Completed")
    made = await a_sale(shop.clerk, phone_id=phone["id"], amount_paid=4321.5)
    place = f"/p/{application.office.seals.token(Sale, shop.org_id, made['id'])}"
    known = done(await application.stranger.get(place), 200)
    assert (known["phone"], known["imeis"], known["register"]) == ("Samsung Galaxy A55", [phone["imei"]], "unknown")
    assert [each["what"] for each in known["story"]] == ["inspected", "repaired"]
    async with Looker(application) as buyer:
        page = await buyer.see(place)
        assert all(
            each in text(page) for each in (phone["imei"], "grade B", "battery: not good (71 %)", "Speaker was silent")
        )
        assert not any(each in page.text for each in ("Ama Owusu", "4321", "4,321", "4000", made["invoice_number"]))
    assert phone["imei"] in printed(await application.stranger.get(f"{place}/passport.pdf"))
    wrong = place.replace(f"/p/{shop.org_id:x}-", f"/p/{other.org_id:x}-")
    for each in (wrong, f"{place[:-1]}{'A' if place[-1] != 'A' else 'B'}", "/p/nobody"):
        assert (await application.stranger.get(each)).status_code == 404
    done(await shop.manager.post(f"/api/sales/{made['id']}/refund", json={"reason": "came back"}), 200)
    assert (await application.stranger.get(place)).status_code == 404
