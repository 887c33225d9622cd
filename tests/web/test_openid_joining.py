"""Where whoever wants may join, an account of a provider with a verified address joins by signing in."""

from __future__ import annotations

from dataclasses import replace

import bicycles
import pytest

from tests.identity import Identity
from tests.running import Application, Place
from tests.web.test_openid import refused, sign_in, them
from tradehall.kernel.people import EMAIL, JOIN, USERNAME, Register, SignIn
from tradehall.kernel.trade import Trade

__all__ = ["them"]


@pytest.fixture
def trade() -> Trade:
    """A bicycle rental that whoever wants may join."""
    return replace(bicycles.trade, register=Register(how=JOIN), sign_in=SignIn(kinds=(USERNAME, EMAIL)))


async def test_a_verified_address_that_nobody_has_joins_in_the_least_role(
    application: Application, shop: Place, other: Place, them: Identity
) -> None:
    assert refused(await sign_in(application)) == (422, "invalid"), "there are two organisations"
    answer = await sign_in(application, organisation="accra")
    assert answer.status_code == 200, answer.text
    user = answer.json()["user"]
    assert (user["role"], user["email"], user["organisation_id"]) == ("helper", "ama@example.com", shop.org_id)
    assert [each.split(":")[0] for each in await shop.news()] == ["user.create", "user.link", "user.sign_in"]
    assert (await sign_in(application)).json()["user"]["id"] == user["id"]
    them.person = {"sub": "8", "email": "AMA@example.com", "email_verified": True}
    assert (await sign_in(application)).json()["user"]["id"] == user["id"], "the address was verified here by then"
    them.person = {"sub": "9", "email": "kofi@example.com", "email_verified": False}
    assert refused(await sign_in(application, organisation="accra")) == (403, "not_linked")
    assert await other.news() == []
    assert await shop.wrong() == []


async def test_an_address_that_somebody_registered_without_verifying_it_is_not_given_to_them(
    application: Application, shop: Place, them: Identity
) -> None:
    given = {"username": "mallory", "email": "ama@example.com", "role": "helper", "password": "four walls and a roof"}
    assert (await shop.owner.post("/api/users", json=given)).status_code == 201
    assert refused(await sign_in(application, organisation="accra")) == (409, "name_taken")
