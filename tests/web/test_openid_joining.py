"""Where whoever wants may join, an account of a provider with a verified address joins by signing in."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import bicycles
import pytest

from tests.identity import CLIENT, PASSWORD, Identity, provider
from tests.running import Application, Person, Place
from tests.web.test_openid import LINK, PAGE, browser, known, refused, sign_in, them
from tradehall.adapters.openid import OpenIdProvider
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


async def test_p13_whoever_joins_by_signing_in_waits_where_approval_is_asked_for(
    application: Application, shop: Place, them: Identity
) -> None:
    await shop.prefer(registration_approval=True)
    answer = await sign_in(application, organisation="accra")
    assert (answer.status_code, answer.json()["message"]) == (202, "Your registration waits for approval")
    page = await sign_in(application, PAGE, organisation="accra")
    assert (page.status_code, "Your registration waits for approval." in page.text) == (403, True)
    assert refused(await sign_in(application)) == (403, "waiting")
    (listed,) = (await shop.owner.get("/api/registrations")).json()
    assert (listed["email"], listed["user_id"]) == ("ama@example.com", answer.json()["user"]["id"])
    assert (await shop.owner.post(f"/api/registrations/{listed['user_id']}/refuse")).status_code == 204
    again = (await sign_in(application, organisation="accra")).json()["user"]["id"]
    assert again != listed["user_id"]
    assert (await shop.owner.post(f"/api/registrations/{again}/approve")).status_code == 200
    assert (await sign_in(application)).json()["user"]["id"] == again


async def test_the_last_way_to_sign_in_is_not_unlinked(application: Application, shop: Place, them: Identity) -> None:
    me = Person(application.http, (await sign_in(application, organisation="accra")).json()["access_token"])
    last = await me.delete(LINK)
    assert refused(last) == (409, "last_way_in")
    assert (await sign_in(application)).status_code == 200
    with provider() as home:
        known(application)["home"] = OpenIdProvider(home.base, CLIENT, PASSWORD)
        async with browser(application) as ours:
            at = "/api/auth/openid/home/link"
            asked = await ours.post(at, headers={"Authorization": f"Bearer {me.token}"})
            back = await ours.get(asked.json()["address"])
            assert (await ours.get(back.headers["Location"])).status_code == 200
        answers = await asyncio.gather(me.delete(LINK), me.delete(at))
        assert sorted(each.status_code for each in answers) == [204, 409]
        (left,) = (await me.get("/api/auth/openid/linked")).json()
        del known(application)["home" if left["provider"] == "acme" else "acme"]
        assert refused(await me.delete(f"/api/auth/openid/{left['provider']}/link")) == (409, "last_way_in")
