"""What most tests need first, each in a line."""

import asyncio
from itertools import count
from typing import Any

import httpx2

from tests.running import Person, Place

_serial = count(1)


def done(answer: httpx2.Response, status: int = 201) -> Any:
    """The body of an answer that must have this status."""
    assert answer.status_code == status, answer.text
    return answer.json()


async def settled(shop: Place) -> None:
    """Everything that is due is done."""
    while await shop.application.office.work_once():
        pass
    await asyncio.sleep(0)


async def a_customer(person: Person, **more: Any) -> dict[str, Any]:
    """A customer; without a phone number, one with a number of their own."""
    given = {"full_name": "Ama Owusu", "phone_number": f"024{next(_serial):07d}"} | more
    made: dict[str, Any] = done(await person.post("/api/customers/", json=given))
    return made


async def a_phone(person: Person, **more: Any) -> dict[str, Any]:
    """A phone in stock."""
    given = {"brand": "Samsung", "model": "Galaxy A55", "condition": "New", "value": 4500, "cost_price": 4000} | more
    made: dict[str, Any] = done(await person.post("/api/phones/", json=given))
    return made


async def a_sale(person: Person, **more: Any) -> dict[str, Any]:
    """A sale of a new phone to a new customer, unless they are given."""
    given = dict(more)
    if "customer_id" not in given:
        given["customer_id"] = (await a_customer(person))["id"]
    if "phone_id" not in given:
        given["phone_id"] = (await a_phone(person))["id"]
    made: dict[str, Any] = done(await person.post("/api/sales/", json={"amount_paid": 4500} | given))
    return made


async def a_swap(person: Person, **more: Any) -> dict[str, Any]:
    """A swap of a customer's iPhone 11 and a balance for a new phone, unless they are given."""
    given = {"given_phone_description": "iPhone 11", "given_phone_value": 1800, "balance_paid": 2700} | more
    if "customer_id" not in given:
        given["customer_id"] = (await a_customer(person))["id"]
    if "new_phone_id" not in given:
        given["new_phone_id"] = (await a_phone(person))["id"]
    made: dict[str, Any] = done(await person.post("/api/swaps/", json=given))
    return made


def a_seller_s_phone(**more: Any) -> dict[str, Any]:
    """What somebody who walks in wants to sell, and who they are."""
    who = {"seller_name": "Yaw Boateng", "id_kind": "ghana_card", "id_number": "GHA-000111222-3"}
    return {"brand": "Apple", "model": "iPhone 11", "condition": "Used", "amount": 500, **who} | more


async def a_purchase(person: Person, **more: Any) -> dict[str, Any]:
    """A phone bought from somebody who walked in."""
    made: dict[str, Any] = done(await person.post("/api/purchases/", json=a_seller_s_phone(**more)))
    return made


async def a_repair(person: Person, **more: Any) -> dict[str, Any]:
    """A repair for a new customer, unless one is given."""
    given = {"phone_description": "iPhone X, black", "issue_description": "Screen cracked", "cost": 450} | more
    if "customer_id" not in given:
        given["customer_id"] = (await a_customer(person))["id"]
    made: dict[str, Any] = done(await person.post("/api/repairs/", json=given))
    return made


async def became(person: Person, repair: dict[str, Any], status: str, code: int = 200, **more: Any) -> Any:
    """A repair after it was brought to a status."""
    path = f"/api/repairs/{repair['id']}/status"
    return done(await person.patch(path, params={"new_status": status} | more), code)


async def token_of(person: Person, repair: dict[str, Any]) -> str:
    """What the link of a repair ends in."""
    found: str = done(await person.get(f"/api/repairs/{repair['id']}/link"), 200)["public_token"]
    return found


def imei(number: int) -> str:
    """A valid IMEI, a different one for each number."""
    fourteen = f"35{number:012d}"
    total = sum(sum(divmod(int(digit) * (1 + index % 2), 10)) for index, digit in enumerate(fourteen))
    return f"{fourteen}{-total % 10}"
