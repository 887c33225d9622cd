"""Whoever shows the same token or key many times at the same moment is looked up once."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import sqlalchemy as sa

from tests.people.signing import session
from tests.running import Application, Place

AT_ONCE = 200


@contextmanager
def asked(words: str) -> Iterator[list[str]]:
    """The statements with these words that are asked meanwhile."""
    found: list[str] = []

    def note(connection: Any, statement: Any, *_: Any) -> None:
        if words in str(statement):
            found.append(str(statement))

    sa.event.listen(sa.Connection, "before_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(sa.Connection, "before_execute", note)


async def all_at_once(application: Application, **shown: str) -> Counter[int]:
    """What two hundred requests are answered that come together, each on a connection of its own."""
    limits = httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    async with httpx2.AsyncClient(
        base_url=application.http.base_url, limits=limits, timeout=60, trust_env=False
    ) as client:
        await asyncio.gather(*(client.get("/ping") for _ in range(AT_ONCE)))
        answers = await asyncio.gather(*(client.get("/api/customers", headers=shown) for _ in range(AT_ONCE)))
    return Counter(answer.status_code for answer in answers)


async def test_p14_200_requests_with_one_new_token_look_its_person_up_once(
    application: Application, shop: Place
) -> None:
    granted = await session(application, shop.clerk.name)
    await application.office.tokens.look()
    with asked("FROM sessions") as statements:
        answers = await all_at_once(application, Authorization=f"Bearer {granted['access_token']}")
    assert answers == {200: AT_ONCE}
    assert len(statements) == 1


async def test_p13_200_requests_with_one_new_key_look_it_up_once(application: Application, shop: Place) -> None:
    made = await shop.owner.post("/api/api-keys", json={"name": "till", "scopes": ["read"]})
    assert made.status_code == 201, made.text
    await application.office.keys.look()
    with asked("FROM sign_in_attempts") as statements:
        answers = await all_at_once(application, **{"X-API-Key": made.json()["key"]})
    assert answers == {200: AT_ONCE}
    assert len(statements) == 1


async def test_p29_200_requests_with_one_wrong_key_count_as_one(application: Application) -> None:
    with asked("INSERT INTO sign_in_attempts") as statements:
        answers = await all_at_once(application, **{"X-API-Key": f"th_1_{'x' * 43}"})
    assert answers == {401: AT_ONCE}
    assert len(statements) == 1


async def test_p14_a_token_that_is_refused_is_refused_to_all_who_showed_it(
    application: Application, shop: Place
) -> None:
    granted = await session(application, shop.clerk.name)
    signed_out = await shop.owner.patch(f"/api/users/{shop.clerk.user_id}", json={"is_active": False})
    assert signed_out.status_code == 200, signed_out.text
    await application.office.tokens.look()
    answers = await all_at_once(application, Authorization=f"Bearer {granted['access_token']}")
    assert answers == {401: AT_ONCE}
