"""Where whoever registers founds an organisation, signing in with a provider for the first time founds one too."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import bicycles
import pytest
import sqlalchemy as sa

from tests.identity import Identity
from tests.running import Application, Person, Place
from tests.web.test_openid import refused, sign_in, them
from tradehall.kernel.people import EMAIL, FOUND, Register, SignIn, organisations
from tradehall.kernel.people.entry import REGISTRATIONS
from tradehall.kernel.people.tables import USERS
from tradehall.kernel.trade import Trade

__all__ = ["them"]


@pytest.fixture
def trade() -> Trade:
    """A bicycle rental of one's own for whoever registers."""
    return replace(bicycles.trade, register=Register(how=FOUND), sign_in=SignIn(kinds=(EMAIL,)))


async def names(application: Application) -> list[str]:
    return [name for _, name in await application.office.database.read(0, organisations)]


async def test_a_verified_address_that_nobody_has_founds_an_organisation_and_owns_it(
    application: Application, shop: Place, them: Identity
) -> None:
    answer = await sign_in(application, organisation="Ama's bicycles")
    assert answer.status_code == 200, answer.text
    user = answer.json()["user"]
    assert (user["role"], user["email"], user["full_name"]) == ("owner", "ama@example.com", "Ama")
    assert await names(application) == ["accra", "kumasi", "Ama's bicycles"]
    me = Person(application.http, answer.json()["access_token"])
    assert (await me.get("/api/bicycles")).json() == []
    assert [each["id"] for each in (await me.get("/api/users")).json()] == [user["id"]]
    assert (await sign_in(application)).json()["user"]["id"] == user["id"]
    them.person = {"sub": "8", "email": "kofi@example.com", "email_verified": True}
    assert (await sign_in(application)).json()["user"]["organisation_id"] != user["organisation_id"]
    assert (await names(application))[3:] == ["kofi@example.com"], "called as with the form, where no name is given"
    assert await shop.news() == []


async def test_nothing_is_founded_where_the_registration_fails(
    application: Application, shop: Place, them: Identity
) -> None:
    given = {"email": "ama@example.com", "role": "helper", "password": "four walls and a roof"}
    assert (await shop.owner.post("/api/users", json=given)).status_code == 201
    assert refused(await sign_in(application)) == (409, "name_taken"), "it was not verified here"
    them.person = {"sub": "9", "email": "esi@example.com", "email_verified": True}
    assert refused(await sign_in(application, organisation="ACCRA")) == (409, "organisation_exists")
    them.person = {"sub": "9", "email": "esi@example.com", "email_verified": False}
    assert refused(await sign_in(application)) == (403, "not_linked")
    assert await names(application) == ["accra", "kumasi"]
    found = await shop.read(lambda db: db.execute(sa.select(sa.func.count()).select_from(USERS)).scalar_one())
    assert found == 2 * len(application.trade.roles) + 1


async def test_of_one_person_who_signs_in_twice_at_once_one_organisation_is_left(
    application: Application, shop: Place, them: Identity
) -> None:
    found = await asyncio.gather(*(sign_in(application, organisation=name) for name in ("one", "two")))
    assert sorted(each.status_code for each in found) in ([200, 200], [200, 409])
    assert len(await names(application)) == 3
    assert (await sign_in(application)).status_code == 200


async def test_p29_one_address_founds_so_many_an_hour_and_no_more(
    application: Application, shop: Place, them: Identity
) -> None:
    for number in range(REGISTRATIONS + 1):
        them.person = {"sub": str(number), "email": f"{number}@example.com", "email_verified": True}
        last = await sign_in(application)
    assert refused(last) == (429, "throttled")
    assert len(await names(application)) == 2 + REGISTRATIONS
