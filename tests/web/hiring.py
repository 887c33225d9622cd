"""A bicycle rental with something in it."""

from itertools import count
from typing import Any

from tests.running import Person, Place

_serial = count(1)


async def a_bicycle(place: Place, frame: str = "KA-1042", **more: Any) -> int:
    """A bicycle, by the owner."""
    given = {"frame_number": frame, "daily_rate": 12, "deposit": 50} | more
    made = await place.owner.post("/api/bicycles", json=given)
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


async def bicycles(place: Place, count: int, first: int = 1) -> list[int]:
    """Several bicycles with one number after the other."""
    return [await a_bicycle(place, f"KA-{number:04d}", daily_rate=number) for number in range(first, first + count)]


async def a_rental(place: Place, renter: str = "Ama Owusu", person: Person | None = None, **more: Any) -> int:
    """A rental of a new bicycle, by the helper."""
    given: dict[str, Any] = {"renter": renter, "days": 2} | more
    if "bicycle_id" not in given:
        given["bicycle_id"] = await a_bicycle(place, f"KB-{next(_serial)}")
    made = await (person or place.helper).post("/api/rentals/start", json=given)
    assert made.status_code == 201, made.text
    return int(made.json()["id"])


async def bring_back(place: Place, rental_id: int, damage: Any = 0) -> None:
    """A bicycle is brought back."""
    answer = await place.owner.post(f"/api/rentals/{rental_id}/give-back", json={"damage": damage})
    assert answer.status_code == 200, answer.text


async def row(person: Person, path: str) -> dict[str, Any]:
    """A row as the interface has it."""
    answer = await person.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found
