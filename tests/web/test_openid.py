"""Sign-in with an OpenID provider, there and back over real HTTP: whose account it is, and whose it is not."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any, cast

import httpx2
import pytest

from tests.commands import free_port
from tests.identity import CLIENT, PASSWORD, Identity, provider
from tests.running import Application, Clock, Person, Place
from tradehall.adapters.openid import OpenIdProvider, trusted
from tradehall.kernel.openid import Profile, Way
from tradehall.kernel.people import JOIN, Register
from tradehall.kernel.people.identities import _candidate
from tradehall.settings import Settings

START, BACK, LINK = (f"/api/auth/openid/acme/{each}" for each in ("start", "callback", "link"))


@pytest.fixture
def them(application: Application) -> Iterator[Identity]:
    """The provider `acme` of this installation."""
    with provider() as found:
        known(application)["acme"] = OpenIdProvider(found.base, CLIENT, PASSWORD)
        yield found


def known(application: Application) -> dict[str, Any]:
    return cast("dict[str, Any]", application.office.outside.openid)


@asynccontextmanager
async def browser(application: Application) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody's browser: it keeps cookies, and follows where it is sent only when told."""
    base = str(application.http.base_url)
    async with httpx2.AsyncClient(base_url=base, verify=trusted(), trust_env=False) as found:
        yield found


async def sign_in(application: Application, accept: str = "*/*", **query: str) -> httpx2.Response:
    """There and back, as a browser that was never here."""
    async with browser(application) as ours:
        sent = await ours.get(START, params=query)
        assert sent.status_code == 302, sent.text
        back = await ours.get(sent.headers["Location"])
        return await ours.get(back.headers["Location"], headers={"Accept": accept})


async def link(application: Application, person: Person) -> httpx2.Response:
    """There and back, as somebody who is signed in and asks for it."""
    async with browser(application) as ours:
        asked = await ours.post(LINK, headers={"Authorization": f"Bearer {person.token}"})
        assert asked.status_code == 200, asked.text
        back = await ours.get(asked.json()["address"])
        return await ours.get(back.headers["Location"])


async def a_member(place: Place, email: str = "ama@example.com") -> int:
    """Somebody whom the owner gave an account with this address."""
    given = {"username": email.split("@")[0], "email": email, "role": "helper", "password": "four walls and a roof"}
    made = await place.owner.post("/api/users", json=given)
    assert made.status_code == 201, made.text
    await place.news()
    return int(made.json()["id"])


def refused(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_whoever_has_a_verified_address_that_is_known_here_is_signed_in_and_known_from_then_on(
    application: Application, shop: Place, them: Identity
) -> None:
    user_id = await a_member(shop)
    answer = await sign_in(application)
    assert answer.status_code == 200, answer.text
    session = answer.json()
    assert {"access_token", "refresh_token", "token_type", "expires_in", "user"} <= session.keys()
    assert session["user"]["id"] == user_id
    assert answer.headers["Cache-Control"] == "no-store"
    me = await application.http.get("/api/auth/me", headers={"Authorization": f"Bearer {session['access_token']}"})
    assert (me.status_code, me.json()["id"]) == (200, user_id)
    renewed = await application.http.post("/api/auth/refresh", json={"refresh_token": session["refresh_token"]})
    assert renewed.status_code == 200
    assert [each.split(":")[0] for each in await shop.news()] == ["user.link", "user.sign_in"]
    them.person = {"sub": "7", "email": "new@example.com", "email_verified": False}
    assert (await sign_in(application)).json()["user"]["id"] == user_id
    assert [each.split(":")[0] for each in await shop.news()] == ["user.sign_in"]
    assert await shop.wrong() == []


async def test_whoever_is_not_known_here_is_refused_in_a_sentence(
    application: Application, shop: Place, them: Identity
) -> None:
    await a_member(shop)
    for person in (
        {"sub": "8", "email": "kofi@example.com", "email_verified": True},
        {"sub": "8", "email": "ama@example.com", "email_verified": False},
        {"sub": "8", "email": "ama@example.com"},
        {"sub": "8"},
    ):
        them.person = person
        answer = await sign_in(application)
        assert refused(answer) == (403, "not_linked")
        assert answer.json()["detail"].startswith("Nobody here is known by this account")
    assert await shop.news() == []


async def test_somebody_who_is_signed_in_links_an_account_that_nobody_else_has(
    application: Application, shop: Place, other: Place, them: Identity
) -> None:
    them.person = {"sub": "9"}
    assert (await link(application, shop.helper)).json()["user"]["id"] == shop.helper.user_id
    signed_in = (await sign_in(application)).json()
    assert (signed_in["user"]["id"], signed_in["user"]["organisation_id"]) == (shop.helper.user_id, shop.org_id)
    for somebody in (shop.owner, other.owner):
        assert refused(await link(application, somebody)) == (409, "identity_taken")
    assert (await link(application, shop.helper)).status_code == 200
    assert (await application.stranger.post(LINK)).status_code == 401
    await shop.news()
    key = (await shop.owner.post("/api/api-keys", json={"name": "x", "scopes": ["read", "write"]})).json()["key"]
    assert (await application.http.post(LINK, headers={"X-API-Key": key})).status_code == 403


PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


async def test_a_browser_is_answered_with_a_small_page_and_a_program_with_json(
    application: Application, shop: Place, them: Identity
) -> None:
    them.person = {"sub": "7", "email": "ama@example.com", "email_verified": True}
    await a_member(shop)
    page = await sign_in(application, PAGE)
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert f"You are signed in to {application.trade.title} as ama." in page.text
    assert (page.headers["Cache-Control"], page.headers["Vary"]) == ("no-store", "Accept")
    assert "script-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Device-Token"]
    (told,) = re.findall(r'<script type="application/json" id="answer">(.*?)</script>', page.text)
    me = {"Authorization": f"Bearer {json.loads(told)['access_token']}"}
    assert (await application.http.get("/api/auth/me", headers=me)).json()["username"] == "ama"
    for accept in ("*/*", "application/json", "application/json, text/html"):
        assert (await sign_in(application, accept)).headers["Content-Type"] == "application/json"
    them.person = {"sub": "8"}
    refusal = await sign_in(application, PAGE)
    assert (refusal.status_code, "You are not signed in" in refusal.text) == (403, True)
    assert "Nobody here is known by this account" in refusal.text
    for path, status in ((BACK, 400), ("/api/auth/openid/nobody/start", 404)):
        lost = await application.http.get(path, headers={"Accept": PAGE})
        assert (lost.status_code, "<h1>You are not signed in</h1>" in lost.text) == (status, True)


async def test_what_a_person_is_called_does_no_harm_in_the_page(
    application: Application, shop: Place, them: Identity
) -> None:
    evil = "</script><script>alert(1)</script>"
    given = {"username": "<b>ama", "email": "ama@example.com", "full_name": evil, "role": "helper",
             "password": "four walls and a roof"}  # fmt: skip
    assert (await shop.owner.post("/api/users", json=given)).status_code == 201
    page = (await sign_in(application, PAGE)).text
    assert ("<b>" in page, page.count("<script")) == (False, 1)
    (told,) = re.findall(r'id="answer">(.*?)</script>', page)
    assert json.loads(told)["user"]["full_name"] == evil


# Unlinking.


async def test_an_account_is_unlinked_and_signs_nobody_in_until_it_is_linked_again(
    application: Application, shop: Place, other: Place, them: Identity
) -> None:
    await a_member(shop)
    assert (await sign_in(application)).status_code == 200
    ama = {"username": "ama", "password": "four walls and a roof"}
    token = (await application.http.post("/api/auth/login-json", json=ama)).json()["access_token"]
    me = Person(application.http, token)
    (listed,) = (await me.get("/api/auth/openid/linked")).json()
    assert (listed["provider"], listed["issuer"]) == ("acme", them.base)
    await shop.news()
    assert (await me.delete(f"{LINK}?dry_run=1")).status_code == 200
    assert await shop.news() == []
    assert (await me.delete(LINK)).status_code == 204
    ((verb, changes),) = await shop.events()
    assert (verb, list(changes.values())) == ("user.unlink", [{"identity": [them.base, None]}])
    assert (await me.get("/api/auth/openid/linked")).json() == []
    assert refused(await sign_in(application)) == (403, "unlinked"), "although the address is known"
    assert refused(await me.delete(LINK)) == (404, "missing")
    assert (await link(application, shop.helper)).json()["user"]["id"] == shop.helper.user_id
    assert (await sign_in(application)).json()["user"]["id"] == shop.helper.user_id
    assert refused(await link(application, me)) == (409, "identity_taken")
    assert (await application.stranger.delete(LINK)).status_code == 401
    assert refused(await shop.owner.delete("/api/auth/openid/nobody/link")) == (404, "missing")
    key = (await shop.owner.post("/api/api-keys", json={"name": "x", "scopes": ["read", "write"]})).json()["key"]
    assert (await application.http.delete(LINK, headers={"X-API-Key": key})).status_code == 403


async def test_whoever_comes_back_without_having_set_out_is_refused(
    application: Application, shop: Place, them: Identity, clock: Clock
) -> None:
    await a_member(shop)
    async with browser(application) as ours, browser(application) as theirs:
        sent = [await each.get(START) for each in (ours, theirs)]
        back = [(await each.get(answer.headers["Location"])).headers["Location"]
                for each, answer in zip((ours, theirs), sent, strict=True)]  # fmt: skip
        assert refused(await ours.get(back[1])) == (400, "state_mismatch"), "somebody else's way"
        for query in ({}, {"state": "x"}, {"code": "code-0", "state": ""}, {"code": "code-0", "state": "\u00e4"}):
            assert refused(await ours.get(BACK, params=query)) == (400, "state_mismatch")
        async with browser(application) as nobody:
            assert refused(await nobody.get(back[0])) == (400, "state_mismatch")
        state = dict(httpx2.URL(back[0]).params)["state"]
        assert refused(await ours.get(BACK, params={"state": state, "error": "access_denied"})) == (
            401,
            "not_signed_in",
        )
        assert refused(await ours.get(BACK, params={"state": state, "code": "none"})) == (401, "not_confirmed")
        assert (await ours.get(back[0])).status_code == 200
        assert refused(await ours.get(back[0])) == (401, "not_confirmed"), "a code is good once"
        clock.forward(minutes=11)
        assert refused(await theirs.get(back[1])) == (400, "state_mismatch")
    way = Way("phoneshop", "acme", "http://localhost/").sealed(application.office.way_key, clock())
    cookie = {"Cookie": f"openid={way}"}
    state = Way.__name__
    assert refused(await application.http.get(BACK, params={"state": state}, headers=cookie)) == (400, "state_mismatch")


async def test_row_12_a_forged_id_token_signs_nobody_in_here(
    application: Application, shop: Place, them: Identity
) -> None:
    await a_member(shop)
    them.forge = lambda claims: them.signed(claims | {"nonce": "another"})
    assert refused(await sign_in(application)) == (401, "not_confirmed")
    assert await shop.news() == []


async def test_somebody_who_was_shut_out_is_not_let_in_by_a_provider(
    application: Application, shop: Place, them: Identity
) -> None:
    user_id = await a_member(shop)
    assert (await sign_in(application)).status_code == 200
    assert (await shop.owner.patch(f"/api/users/{user_id}", json={"is_active": False})).status_code == 200
    assert refused(await sign_in(application)) == (403, "inactive")


async def test_providers_are_listed_and_one_that_is_not_there_is_404_or_503(application: Application) -> None:
    known(application)["away"] = OpenIdProvider("http://127.0.0.1:9", CLIENT, PASSWORD)
    listed = (await application.http.get("/api/auth/openid")).json()
    assert listed == [{"name": "away", "start": "/api/auth/openid/away/start"}]
    away = await application.http.get("/api/auth/openid/away/start")
    assert refused(away) == (503, "provider_unavailable")
    for path in ("start", "callback"):
        assert (await application.http.get(f"/api/auth/openid/nobody/{path}")).status_code == 404


async def test_where_anybody_may_register_an_address_counts_only_once_it_was_verified_here(
    application: Application, shop: Place
) -> None:
    user_id = await a_member(shop)
    way, profile = Way("bicycles", "acme", ""), Profile("https://accounts.example.com", "7", "Ama@Example.com")
    joining = replace(application.trade, register=Register(how=JOIN))
    for trade, found in ((application.trade, user_id), (joining, 0)):
        whose = partial(_candidate, trade=trade, profile=profile, way=way, where="")
        candidate = await application.office.database.read(0, whose)
        assert candidate.user_id == found


@pytest.fixture
def independent() -> Iterator[str]:
    """A provider that is none of ours, in a process of its own."""
    port, quiet = free_port(), subprocess.DEVNULL
    ama = '{"sub": "7", "email": "ama@example.com", "email_verified": true}'
    words = ["-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"]
    with subprocess.Popen([sys.executable, *words, "--user-claims", ama], stdout=quiet, stderr=quiet) as process:
        yield f"http://127.0.0.1:{port}"
        process.kill()


async def test_an_independent_provider_signs_people_in(application: Application, shop: Place, independent: str) -> None:
    user_id = await a_member(shop)
    known(application)["acme"] = OpenIdProvider(independent, CLIENT, PASSWORD)
    async with browser(application) as ours:
        while (sent := await ours.get(START)).status_code == 503:  # noqa: ASYNC110 - it offers no event
            await asyncio.sleep(0.1)
        back = await ours.post(sent.headers["Location"], data={"sub": "7"})
        answer = await ours.get(back.headers["Location"])
    assert (answer.status_code, answer.json()["user"]["id"]) == (200, user_id)


def test_providers_are_read_from_the_settings() -> None:
    def read(issuer: str, client: str, secret: str) -> dict[str, tuple[str, str, str]]:
        given = {"openid_issuer": issuer, "openid_client_id": client, "openid_client_secret": secret}
        return Settings(_env_file=None, **given).openid  # type: ignore[call-arg, arg-type]  # pydantic-settings takes it

    assert read("", "", "") == {}
    assert read("https://a.example", "us", "s=,") == {"openid": ("https://a.example", "us", "s=,")}
    assert read("acme=https://a.example,shop=https://b.example", "acme=us,shop=we", "shop=2, acme=1==") == {
        "acme": ("https://a.example", "us", "1=="), "shop": ("https://b.example", "we", "2"),
    }  # fmt: skip
    with pytest.raises(ValueError, match="must name the same providers"):
        read("acme=https://a.example", "shop=us", "acme=1")
