"""Sessions and their tokens (P-14, rows 11, 12 and 15)."""

import asyncio
import base64
import hmac
import json
import time
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import OctKey

from tests.people.signing import bearer, renew, session, sign_in
from tests.running import PASSWORD, SECRET, Application, Clock, Place
from tradehall.kernel.database import Session
from tradehall.kernel.people.attempts import HOUR, Budget, Spend
from tradehall.kernel.people.tables import SESSIONS


async def live(shop: Place) -> int:
    """How many sessions have not ended."""

    def count(db: Session) -> int:
        return int(db.execute(sa.select(sa.func.count()).where(SESSIONS.c.ended_at.is_(None))).scalar_one())

    found: int = await shop.read(count)
    return found


async def test_row_11_ten_parallel_refreshes_get_the_same_successor_and_leave_one_live_token(
    application: Application, shop: Place
) -> None:
    first = await session(application, shop.clerk.name)
    answers = await asyncio.gather(*(renew(application, first["refresh_token"]) for _ in range(10)))
    assert [each.status_code for each in answers] == [200] * 10
    (successor,) = {each.json()["refresh_token"] for each in answers}
    assert successor != first["refresh_token"]
    assert await live(shop) == 1
    assert (await renew(application, successor)).status_code == 200


async def test_row_11_a_token_used_again_after_half_a_minute_ends_its_session_alone_and_is_logged(
    application: Application, shop: Place, clock: Clock
) -> None:
    clock.set(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    stolen, elsewhere = [await session(application, shop.clerk.name) for _ in range(2)]
    successor = (await renew(application, stolen["refresh_token"])).json()
    clock.forward(seconds=30)
    again = await renew(application, stolen["refresh_token"])
    assert again.json()["refresh_token"] == successor["refresh_token"]
    clock.forward(seconds=1)
    await shop.news()
    reused = await renew(application, stolen["refresh_token"])
    assert (reused.status_code, reused.json()["detail"]) == (401, "Invalid refresh token")
    assert await shop.news() == [f"session.reuse: edit users {shop.clerk.user_id}"]
    assert (await renew(application, successor["refresh_token"])).status_code == 401
    assert (await bearer(application, successor).get("/api/auth/me")).status_code == 401
    assert (await renew(application, elsewhere["refresh_token"])).status_code == 200
    assert await shop.wrong() == []


async def test_row_11_a_token_of_long_ago_is_known_for_what_it_is(application: Application, shop: Place) -> None:
    tokens = [(await session(application, shop.clerk.name))["refresh_token"]]
    for _ in range(4):
        tokens.append((await renew(application, tokens[-1])).json()["refresh_token"])
    assert (await renew(application, tokens[1])).status_code == 401
    assert (await renew(application, tokens[-1])).status_code == 401
    assert await live(shop) == 0


async def test_p14_what_is_no_refresh_token_is_401_and_ends_nothing(application: Application, shop: Place) -> None:
    mine = await session(application, shop.clerk.name)
    number, turn, secret = mine["refresh_token"].split(".")
    for wrong in (
        mine["access_token"], "", ".", "..", "1.0.", f"{number}.1.{secret}", f"{number}.-1.{secret}", f"{number}.9999.{secret}",
        f"{number}.{turn}.{'0' * 64}", f"99999.0.{secret}", f"{number}.{turn}.{secret}.", f"{10**30}.0.{secret}", "é.0.x", "\x00.0.x",
    ):  # fmt: skip
        answer = await renew(application, wrong)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_refresh_token"), wrong
    assert (await application.stranger.post("/api/auth/refresh", json={})).status_code == 422
    assert (await renew(application, mine["refresh_token"])).status_code == 200


async def test_p14_only_digests_of_refresh_tokens_are_stored(application: Application, shop: Place) -> None:
    secret = (await session(application, shop.clerk.name))["refresh_token"].split(".")[2]
    rows = await shop.read(lambda db: [list(row) for row in db.execute(sa.select(SESSIONS))])
    assert secret not in str(rows)


async def test_p14_a_refresh_token_lasts_a_week_from_its_last_use(
    application: Application, shop: Place, clock: Clock
) -> None:
    clock.set(time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()))
    first = await session(application, shop.clerk.name)
    clock.forward(days=6)
    second = (await renew(application, first["refresh_token"])).json()
    clock.forward(days=6)
    third = await renew(application, second["refresh_token"])
    assert third.status_code == 200
    clock.forward(days=8)
    assert (await renew(application, third.json()["refresh_token"])).status_code == 401


async def test_p14_signing_out_ends_both_tokens_at_once_and_no_other_session(
    application: Application, shop: Place
) -> None:
    one, two = [await session(application, shop.clerk.name) for _ in range(2)]
    await shop.news()
    assert (await bearer(application, one).post("/api/auth/logout")).status_code == 200
    assert (await bearer(application, one).get("/api/auth/me")).status_code == 401
    assert (await renew(application, one["refresh_token"])).status_code == 401
    assert (await bearer(application, two).get("/api/auth/me")).status_code == 200
    assert await shop.news() == [f"session.end: edit users {shop.clerk.user_id}"]
    three = await session(application, shop.clerk.name)
    assert (await bearer(application, two).post("/api/auth/logout-all")).status_code == 200
    assert [(await bearer(application, each).get("/api/auth/me")).status_code for each in (two, three)] == [401, 401]
    assert (await shop.clerk.get("/api/auth/me")).status_code == 200
    assert await live(shop) == 0


async def test_devices_are_listed_and_one_is_signed_out(application: Application, shop: Place, other: Place) -> None:
    here, there = [await session(application, shop.clerk.name) for _ in range(2)]
    me = bearer(application, here)
    listed = (await me.get("/api/auth/sessions")).json()
    assert [each["is_this"] for each in listed] == [False, True]
    assert all(each["source"] == "127.0.0.1" and "httpx" in each["agent"] for each in listed)
    path = f"/api/auth/sessions/{listed[0]['id']}"
    assert (await other.clerk.delete(path)).status_code == 404
    assert (await shop.manager.delete(path)).status_code == 404
    assert (await me.delete(path)).status_code == 204
    assert (await me.delete(path)).status_code == 404
    assert (await renew(application, there["refresh_token"])).status_code == 401
    assert len((await me.get("/api/auth/sessions")).json()) == 1


async def test_a_new_password_ends_every_session_and_the_old_password(application: Application, shop: Place) -> None:
    one, two = [await session(application, shop.clerk.name) for _ in range(2)]
    me = bearer(application, one)
    new = "a roof and four walls"

    async def change(current: str, wanted: str) -> tuple[int, str]:
        body = {"current_password": current, "new_password": wanted}
        answer = await me.post("/api/auth/change-password", json=body)
        return answer.status_code, answer.json().get("code", "")

    assert await change("not this one", new) == (400, "wrong_secret")
    assert await change(PASSWORD, "short") == (422, "invalid")
    assert await change(PASSWORD, "Password123") == (422, "invalid")
    await shop.news()
    assert (await change(PASSWORD, new))[0] == 200
    assert await shop.news() == [f"user.password: edit users {shop.clerk.user_id}"]
    for each in (one, two):
        assert (await bearer(application, each).get("/api/auth/me")).status_code == 401
        assert (await renew(application, each["refresh_token"])).status_code == 401
    assert (await sign_in(application, shop.clerk.name)).status_code == 401
    assert (await sign_in(application, shop.clerk.name, new)).status_code == 200


# Row 12.


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def by_hand(body: str, key: bytes) -> str:
    """A body signed with what a library would not take for a secret."""
    shown = f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{body}"
    digest = hmac.new(key, shown.encode(), "sha256").digest()
    return f"{shown}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


async def test_row_12_none_of_15_forged_tokens_is_accepted(application: Application, shop: Place) -> None:
    good = (await session(application, shop.owner.name))["access_token"]
    header, claims = ({"alg": "HS256", "typ": "JWT"}, jwt.decode(good, OctKey.import_key(SECRET)).claims)
    body, signature = good.split(".")[1:]

    def signed(changed: dict[str, Any], key: str = SECRET, **head: Any) -> str:
        left = {name: value for name, value in (claims | changed).items() if value is not ...}
        return jwt.encode(header | head, left, OctKey.import_key(key), algorithms=[head.get("alg", "HS256")])

    forged = {
        "no algorithm": f"{part({'alg': 'none', 'typ': 'JWT'})}.{body}.",
        "no algorithm, old signature": f"{part({'alg': 'NONE', 'typ': 'JWT'})}.{body}.{signature}",
        "another algorithm": signed({}, alg="HS512"),
        "a public key as the secret": by_hand(body, b"-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQ\n-----END PUBLIC KEY-----"),
        "another secret": signed({}, "somebody else's secret"),
        "an altered body": f"{good.split('.')[0]}.{part(dict(claims) | {'sub': '1'})}.{signature}",
        "no signature": ".".join(good.split(".")[:2]) + ".",
        "another type": signed({"type": "refresh"}),
        "no type": signed({"type": ...}),
        "another trade": signed({"aud": "bicycles"}),
        "another issuer": signed({"iss": "somebody"}),
        "expired": signed({"exp": int(time.time()) - 1}),
        "never expiring": signed({"exp": ...}),
        "a key of one's own": signed({}, kid="../../dev/null"),
        "a key from elsewhere": signed({}, jku="https://evil.example/keys"),
        "another kind of token": signed({}, typ="refresh+jwt"),
        "another organisation's session": signed({"org": 2}),
        "a session that is not": signed({"sid": 10**9}),
        "nobody": signed({"sub": "0"}),
    }  # fmt: skip
    assert len(forged) >= 15
    assert await ask(application, good) == 200
    for name, token in forged.items():
        assert await ask(application, token) == 401, name


async def ask(application: Application, token: str) -> int:
    answer = await application.stranger.get("/api/customers", headers={"Authorization": f"Bearer {token}"})
    return answer.status_code


async def test_of_two_tries_at_once_the_one_that_is_counted_later_does_not_wait_for_the_other(
    application: Application, clock: Clock
) -> None:
    budget, now = Budget("register:here", 20, HOUR), clock()
    for moment in (now + timedelta(milliseconds=5), now):
        await application.office.database.unit(Spend((budget,), moment))
