"""Guessing PINs (rows 13 and 14). What is evaluated is answered 401; what is not even looked at, 429."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.running import Application, Clock, Place, Switchboard, opened
from tradehall.kernel.trade import Trade

PIN = "4711"


@dataclass(frozen=True)
class Address:
    """Somebody who signs in from an address of their own."""

    serves: Any
    source: str
    device: str = ""

    async def try_pin(self, student_id: str, pin: str) -> tuple[int, dict[str, str]]:
        """Try to sign in; status and headers."""
        body = json.dumps({"student_id": student_id, "pin": pin}).encode()
        headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
        if self.device:
            headers.append((b"x-device-token", self.device.encode()))
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "scheme": "http",
            "path": "/api/auth/login", "raw_path": b"/api/auth/login", "root_path": "", "query_string": b"",
            "client": (self.source, 1), "server": ("127.0.0.1", 80), "headers": headers,
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.serves(scope, receive, send)
        start = next(each for each in sent if each["type"] == "http.response.start")
        return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}

    async def guess(self, student_id: str, number: int, first: int = 0) -> Counter[int]:
        """Try so many wrong PINs; how many got which status."""
        found: Counter[int] = Counter()
        for guess in range(first, first + number):
            found[(await self.try_pin(student_id, f"{guess:04d}"))[0]] += 1
        return found


@pytest.fixture
def serves(served: tuple[Switchboard, Any], application: Application) -> Any:
    """The application's own door."""
    return served[0].serves


@pytest.fixture
async def resident(shop: Place, clock: Clock) -> str:
    """Somebody with a number and a PIN."""
    clock.set(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    made = await shop.owner.post("/api/users", json={"student_id": "123456", "pin": PIN, "role": "clerk"})
    assert made.status_code == 201, made.text
    return "123456"


async def test_row_13_of_the_pins_of_one_account_ten_are_evaluated_a_day_from_wherever_they_come(
    serves: Any, resident: str, clock: Clock
) -> None:
    evaluated = 0
    for hour in range(23):
        evaluated += (await Address(serves, f"10.0.0.{hour}").guess(resident, 12, hour * 12))[401]
        clock.forward(hours=1)
    assert evaluated == 10
    status, headers = await Address(serves, "10.0.1.1").try_pin(resident, PIN)
    assert (status, int(headers["retry-after"]) > 0) == (429, True)


async def test_row_13_after_a_hundred_failures_only_a_new_pin_helps(
    serves: Any, resident: str, clock: Clock, shop: Place
) -> None:
    evaluated = 0
    for day in range(13):
        for hour in range(8):
            evaluated += (await Address(serves, f"10.0.{day}.{hour}").guess(resident, 6))[401]
            clock.forward(hours=1)
        clock.forward(hours=16)
    assert evaluated == 100
    user_id = next(each["id"] for each in (await shop.owner.get("/api/users")).json() if each["username"] == resident)
    secret = (await shop.owner.post(f"/api/users/{user_id}/link")).json()["link"].rsplit("/", 1)[1]
    assert (await shop.owner.post("/api/auth/reset-password", json={"token": secret, "pin": "12"})).status_code == 422
    assert (await shop.owner.post("/api/auth/reset-password", json={"token": secret, "pin": "9182"})).status_code == 200
    assert (await Address(serves, "10.9.9.9").try_pin(resident, "9182"))[0] == 200


async def test_row_13_one_address_tries_thirty_an_hour_over_all_accounts(serves: Any, resident: str) -> None:
    one = Address(serves, "10.0.0.1")
    statuses = Counter([(await one.try_pin(f"{number:06d}", "1234"))[0] for number in range(60)])
    assert statuses == {401: 30, 429: 30}
    assert (await Address(serves, "10.0.0.2").try_pin("000001", "1234"))[0] == 401


async def test_row_13_an_organisation_is_not_sprayed_from_many_addresses(
    serves: Any, shop: Place, clock: Clock
) -> None:
    clock.set(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    found: Counter[int] = Counter()
    for number in range(700):
        found[(await Address(serves, f"10.1.{number // 20}.1").try_pin(f"{number:06d}", "1234"))[0]] += 1
    assert found == {
        401: 600,
        429: 100,
    }  # 300 in each of the two organisations: an ID that nobody has is counted in one


async def test_row_13_an_id_that_nobody_has_is_refused_when_one_that_somebody_has_is(
    serves: Any, resident: str, clock: Clock
) -> None:
    clock.set(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    for number in range(700):
        await Address(serves, f"10.2.{number // 20}.1").try_pin(f"{number:06d}", "1234")
    answers = {
        (await Address(serves, f"10.3.{number}.1").try_pin(name, "4321"))[0]
        for number, name in enumerate((resident, "909090", "818181", "727272", "636363"))
    }
    assert answers == {429}


async def test_row_14_the_owner_of_a_known_device_signs_in_first_try_after_a_thousand_hostile_failures(
    serves: Any, resident: str, clock: Clock
) -> None:
    status, headers = await Address(serves, "192.0.2.7").try_pin(resident, PIN)
    device = headers["x-device-token"]
    assert status == 200
    clock.forward(days=1)
    hostile = await Address(serves, "10.0.0.1").guess(resident, 1000)
    assert hostile[200] == 0
    assert (await Address(serves, "192.0.2.7").try_pin(resident, PIN))[0] == 429  # without its token it is a stranger
    for source in ("192.0.2.7", "10.0.0.1"):
        assert (await Address(serves, source, device).try_pin(resident, PIN))[0] == 200


async def test_row_13_a_known_device_has_a_small_budget_and_only_for_its_own_person(
    serves: Any, resident: str, clock: Clock, shop: Place
) -> None:
    made = await shop.owner.post("/api/users", json={"student_id": "654321", "pin": "1122", "role": "clerk"})
    assert made.status_code == 201
    device = (await Address(serves, "192.0.2.7").try_pin("654321", "1122"))[1]["x-device-token"]
    thief, evaluated = Address(serves, "192.0.2.7", device), 0
    for hour in range(20):
        evaluated += (await thief.guess("654321", 6, hour * 6))[401]
        evaluated += (await thief.guess(resident, 6, hour * 6))[401]
        clock.forward(hours=1)
    assert evaluated == 20
    assert (await Address(serves, "192.0.2.8", "x" * 32).try_pin(resident, PIN))[0] == 429


async def test_row_32_and_13_the_limits_of_pins_hold_while_redis_hangs(
    database_url: str, trade: Trade, clock: Clock, served: tuple[Switchboard, Any], tmp_path: Path
) -> None:
    hanging = await asyncio.start_server(lambda reader, writer: asyncio.sleep(3600), "127.0.0.1", 0)
    redis = f"redis://127.0.0.1:{hanging.sockets[0].getsockname()[1]}/0"
    limits = {"redis_url": redis, "rate_limit": "100000/minute", "rate_limit_auth": "100000/minute"}
    async with opened(database_url, trade, clock, served, tmp_path, **limits):
        one = Address(served[0].serves, "10.0.0.1")
        statuses = Counter([(await one.try_pin(f"{number:06d}", "1234"))[0] for number in range(40)])
    assert statuses == {401: 30, 429: 10}
    hanging.close()


async def test_a_right_pin_costs_nothing(serves: Any, resident: str) -> None:
    somebody = Address(serves, "192.0.2.7")
    assert [(await somebody.try_pin(resident, PIN))[0] for _ in range(40)] == [200] * 40
