"""Privacy on a page: who is meant, what is kept, an archive of it, and its end (P-39)."""

import io
import re
import zipfile

import orjson
import pytest

from tests.running import Application, Place
from tests.web.looking import Looker, text
from tradehall.kernel.trade import Trade
from tradehall.trades import phoneshop

AT = "/-/privacy"


@pytest.fixture
def trade() -> Trade:
    """The phone shop: it knows customers."""
    return phoneshop.trade


async def a_customer(shop: Place, name: str, phone: str) -> str:
    made = await shop.owner.post("/api/customers/", json={"full_name": name, "phone_number": phone})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def test_p_39_a_customer_is_looked_at_first_and_then_erased(application: Application, shop: Place) -> None:
    ama = await a_customer(shop, "Ama Canary", "0241234567")
    await shop.news()
    async with Looker(application, shop.owner) as owner:
        assert (await owner.see(AT)).status_code == 200
        seen = await owner.send(AT, {"customer_id": ama, "what": "look"})
        assert seen.status_code == 200
        assert "What would be erased Customers 1" in text(seen)
        assert "Ama Canary" in seen.text
        unsure = await owner.send(AT, {"customer_id": ama, "what": "erase"})
        assert unsure.status_code == 422
        assert "Say that you are sure" in text(unsure)
        assert await shop.news() == []
        done = await owner.told(AT, {"customer_id": ama, "what": "erase", "sure": "yes"})
        assert "What was personal is erased" in done
        assert "Canary" not in (await owner.see(f"/customers/{ama}")).text
    assert await shop.wrong() == []


async def test_p_39_everything_about_somebody_comes_as_an_archive(application: Application, shop: Place) -> None:
    ama = await a_customer(shop, "Ama Canary", "0241234567")
    async with Looker(application, shop.owner) as owner:
        answer = await owner.send(AT, {"customer_id": ama, "what": "export"})
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
        told = orjson.loads(zipfile.ZipFile(io.BytesIO(answer.content)).read("person.json"))
        assert told["rows"]["phoneshop_customers"][0]["full_name"] == "Ama Canary"


async def test_p_39_who_may_be_the_same_person_is_chosen_by_whoever_asks(application: Application, shop: Place) -> None:
    given = {"full_name": "Ama", "phone_number": "0241234567", "email": "ama@example.com"}
    first = (await shop.owner.post("/api/customers/", json=given)).json()["id"]
    second = await shop.owner.post(
        "/api/customers/", json={**given, "full_name": "A. O.", "phone_number": "0249999999"}
    )
    assert second.status_code == 201
    async with Looker(application, shop.owner) as owner:
        seen = await owner.send(AT, {"customer_id": str(first), "what": "look"})
        (also,) = re.findall(r'name="also" value="([^"]*)"', seen.text)
        assert also == f"phoneshop:customers:{second.json()['id']}"
        assert f"A. O. (phoneshop: Customers {second.json()['id']})" in text(seen)
        assert f'<option value="{shop.clerk.user_id}">clerk-accra (clerk-accra)</option>' in seen.text
        both = await owner.send(AT, {"customer_id": str(first), "also": also, "what": "look"})
        assert "What would be erased Customers 2" in text(both)


async def test_p_39_nobody_is_meant_is_said_so(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner:
        nobody = await owner.send(AT, {"what": "look"})
        assert nobody.status_code == 422
        assert "Say who is meant" in text(nobody)
        assert (await owner.send(AT, {"customer_id": "999", "what": "look"})).status_code == 404


@pytest.mark.parametrize("role", ["manager", "technician", "clerk"])
async def test_only_the_owner_looks_after_privacy(application: Application, shop: Place, role: str) -> None:
    async with Looker(application, shop.people[role]) as person:
        assert (await person.see(AT)).status_code == 403
        assert (await person.send(AT, {"customer_id": "1", "what": "erase", "sure": "yes"})).status_code == 403
