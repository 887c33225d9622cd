"""Row 13 in full: every PIN tried on one person, and one PIN on five thousand; what is counted is evaluations of a hash."""

import time
from collections import Counter
from typing import Any

import pytest
from pwdlib.hashers.argon2 import Argon2Hasher

from tests.people.pins.conftest import trade
from tests.people.pins.test_guessing import PIN, Address, resident, serves
from tests.running import Clock, Place

__all__ = ["resident", "serves", "trade"]
pytestmark = pytest.mark.soak
PINS = 10_000
IDS, EVERY = 5_000, 250


@pytest.fixture
def evaluated(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Grows by one whenever a hash is evaluated."""
    found: list[None] = []
    verify = Argon2Hasher.verify

    def noted(*given: Any) -> bool:
        found.append(None)
        return verify(*given)

    monkeypatch.setattr(Argon2Hasher, "verify", noted)
    return found


async def test_row_13_of_10000_pins_tried_in_a_day_from_500_addresses_ten_are_evaluated(
    serves: Any, resident: str, clock: Clock, evaluated: list[None]
) -> None:
    statuses: Counter[int] = Counter()
    for address in range(500):
        statuses += await Address(serves, f"10.{address // 200}.{address % 200}.1").guess(resident, 20, address * 20)
        clock.forward(seconds=170)  # 500 times it is less than a day
    assert len(evaluated) == 10
    assert statuses == {401: 10, 429: PINS - 10}


async def test_row_13_of_10000_pins_tried_over_a_month_a_hundred_are_evaluated(
    serves: Any, resident: str, clock: Clock, evaluated: list[None]
) -> None:
    worst = 0
    for day in range(25):
        before = len(evaluated)
        for hour in range(20):
            guessing = Address(serves, f"10.{day}.{hour}.1")
            assert (await guessing.guess(resident, 20, (day * 20 + hour) * 20))[200] == 0
            clock.forward(hours=1)
        worst = max(worst, len(evaluated) - before)
        clock.forward(hours=4)
    assert worst == 10
    assert len(evaluated) == 100
    assert (await Address(serves, "192.0.2.7").try_pin(resident, PIN))[0] == 429  # not before there is a new one


@pytest.mark.parametrize(("sources", "most"), [(1, 30), (250, 600)])
async def test_row_13_of_one_pin_on_5000_numbers_thirty_an_hour_are_evaluated_and_from_everywhere_three_hundred_a_day_and_organisation(
    serves: Any, shop: Place, clock: Clock, evaluated: list[None], sources: int, most: int
) -> None:
    clock.set(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    for number in range(0, IDS, EVERY):  # some are somebody's; all are counted in one of two organisations
        made = await shop.owner.post("/api/users", json={"student_id": f"{number:06d}", "pin": PIN, "role": "clerk"})
        assert made.status_code == 201, made.text
    before, statuses = len(evaluated), Counter[int]()
    for number in range(IDS):
        guessing = Address(serves, f"10.2.{number % sources}.1")
        statuses[(await guessing.try_pin(f"{number:06d}", "1234"))[0]] += 1
    assert len(evaluated) - before == most
    assert statuses == {401: most, 429: IDS - most}
