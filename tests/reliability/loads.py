"""What is done to a shop's servers: races, and clerks who go on until the server is killed."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx2
import sqlalchemy as sa

from tests.reliability.serving import Server, Shop, a_customer, a_phone, anew, race
from tradehall.trades.phoneshop.models import Customer, Phone, PhoneStatus, Sale, Swap


async def one_phone_for_many(shop: Shop, servers: list[Server], rounds: int, buyers: int = 50) -> None:
    """Row 1: of those who want the same phone at the same moment, by sale or by swap, exactly one gets it."""
    paths = ["/api/sales", "/api/swaps"] * (buyers // 2)
    async with shop.client(servers[0]) as client:
        customer = await a_customer(client)
        for _ in range(rounds):
            phone = await a_phone(client)
            sale = {"customer_id": customer, "phone_id": phone, "amount_paid": 100}
            given = {"given_phone_description": "Nokia 3310", "given_phone_value": 10, "balance_paid": 100}
            swap = {"customer_id": customer, "new_phone_id": phone} | given
            orders = [sale, swap] * (buyers // 2)
            answers = await race([each.base for each in servers], shop.token, paths, orders)
            statuses = Counter(status for status, _ in answers)
            assert statuses == {201: 1, 400: buyers - 1}
            refusals = {body["code"] for status, body in answers if status == 400}
            assert refusals <= {"not_for_sale", "not_for_swap"}
    made = (sa.select(sa.func.count()).select_from(each.table).scalar_subquery() for each in (Sale, Swap))
    gone = sum(await shop.read(lambda session: session.execute(sa.select(*made)).one()))
    assert gone == rounds
    assert await shop.wrong() == []


async def few_phones_for_many(shop: Shop, servers: list[Server], buyers: int = 50, phones: int = 10) -> None:
    """Row 2: no more is sold than there is."""
    async with shop.client(servers[0]) as client:
        customer = await a_customer(client)
        stock = [await a_phone(client) for _ in range(phones)]
        orders = [{"customer_id": customer, "phone_id": stock[n % phones], "amount_paid": 100} for n in range(buyers)]
        for each in servers:  # each knows the token, as that of a till that is at work
            assert (await anew(each, shop.token, "/api/phones"))[0] == 200
        answers = await race([each.base for each in servers], shop.token, "/api/sales", orders)
        assert Counter(status for status, _ in answers) == {201: phones, 400: buyers - phones}
        assert {body["phone_id"] for status, body in answers if status == 201} == set(stock)
        numbers = sorted(body["invoice_number"] for status, body in answers if status == 201)
        assert numbers == [f"INV-{number:06d}" for number in range(1, phones + 1)]
        overview = (await client.get("/api/analytics/overview")).json()
        assert overview["totals"]["available_phones"] == 0

    def left(session: Any) -> dict[str, int]:
        of = sa.select(Phone.table.c.status, sa.func.count()).group_by(Phone.table.c.status)
        return {row[0]: row[1] for row in session.execute(of)}

    assert await shop.read(left) == {PhoneStatus.SOLD: phones}
    assert await shop.wrong() == []


async def created_is_there(shop: Shop, server: Server, times: int, clerks: int = 8) -> None:
    """Row 3: what was answered with 201 is there for whoever asks next, on a connection of their own."""

    async def clerk(client: httpx2.AsyncClient) -> list[int]:
        missing = []
        for _ in range(times // clerks):
            made = await a_customer(client)
            status, _ = await anew(server, shop.token, f"/api/customers/{made}")
            _, listed = await anew(server, shop.token, "/api/customers?limit=100")
            if status != 200 or made not in [row["id"] for row in listed]:
                missing.append(made)
        return missing

    async with shop.client(server) as client:
        assert await asyncio.gather(*(clerk(client) for _ in range(clerks))) == [[]] * clerks


@dataclass
class Ledger:
    """What was acknowledged: the key of each request, with the answer."""

    acknowledged: dict[str, Any] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)


def customer_of(key: str) -> dict[str, str]:
    """The request that goes with a key."""
    return {"full_name": key, "phone_number": f"02{int(key, 16) % 10**8:08d}"}


async def work_until_killed(shop: Shop, server: Server, ledger: Ledger, enough: int, clerks: int = 16) -> None:
    """Clerks register customers; when enough is acknowledged the server is killed amid the rest."""
    goal = len(ledger.acknowledged) + enough
    async with shop.client(server) as client:

        async def clerk() -> None:
            while True:
                key = os.urandom(8).hex()
                ledger.unanswered.add(key)
                try:
                    answer = await client.post(
                        "/api/customers", json=customer_of(key), headers={"Idempotency-Key": key}
                    )
                except httpx2.TransportError:
                    return
                ledger.unanswered.discard(key)
                if answer.status_code == 201:
                    ledger.acknowledged[key] = answer.json()
                else:
                    assert answer.status_code == 400, answer.text  # that number has somebody else already
                if len(ledger.acknowledged) >= goal and server.process.poll() is None:
                    server.process.kill()

        await asyncio.gather(*(clerk() for _ in range(clerks)))
    server.process.wait()


async def killed_and_complete(shop: Shop, kills: int, each: int) -> Ledger:
    """Row 4 and row 7: after every kill what was acknowledged is there, and what was not may be asked for again."""
    ledger = Ledger()
    for _ in range(kills):
        await work_until_killed(shop, shop.serve(), ledger, each)
        everybody = await shop.read(names)
        lost = [key for key, made in ledger.acknowledged.items() if everybody.get(key) != [made["id"]]]
        assert lost == []
        assert await shop.wrong() == []
    async with shop.client(shop.serve()) as client:
        for key in list(ledger.unanswered)[:40]:
            twice = [
                await client.post("/api/customers", json=customer_of(key), headers={"Idempotency-Key": key})
                for _ in range(2)
            ]
            assert twice[0].content == twice[1].content
            assert twice[1].headers["Idempotent-Replay"] == "true"
        for key, made in list(ledger.acknowledged.items())[-40:]:
            again = await client.post("/api/customers", json=customer_of(key), headers={"Idempotency-Key": key})
            assert (again.status_code, again.json(), again.headers["Idempotent-Replay"]) == (201, made, "true")
    everybody = await shop.read(names)
    assert {key: len(ids) for key, ids in everybody.items() if len(ids) != 1} == {}
    assert await shop.wrong() == []
    return ledger


def names(session: Any) -> dict[str, list[int]]:
    """Every customer by name."""
    found: dict[str, list[int]] = {}
    for row in session.execute(sa.select(Customer.table.c.full_name, Customer.table.c.id)):
        found.setdefault(row.full_name, []).append(row.id)
    return found
