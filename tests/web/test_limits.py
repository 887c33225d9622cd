"""Limits over HTTP (P-29, row 40)."""

import pytest

from tests.running import ORIGIN, PASSWORD, Application
from tradehall.kernel.trade import Trade
from tradehall.settings import Settings
from tradehall.trades import phoneshop

DAY = "3/day"


@pytest.fixture
def trade() -> Trade:
    """The phone shop stands for every trade."""
    return phoneshop.trade


@pytest.fixture
def chosen() -> dict[str, str]:
    """Very few requests a day."""
    return {"rate_limit": DAY, "rate_limit_auth": "2/day", "trusted_proxies": "127.0.0.1"}


async def test_row_40_too_many_requests_are_429_in_the_trade_s_shape_with_cors(application: Application) -> None:
    answers = [await application.stranger.get("/api/phones", headers={"Origin": ORIGIN}) for _ in range(4)]
    assert [each.status_code for each in answers] == [401, 401, 401, 429]
    assert [each.headers["RateLimit"].split(";")[1] for each in answers] == ["r=2", "r=1", "r=0", "r=0"]
    many = answers[-1]
    assert many.headers["RateLimit-Policy"] == '"default";q=3;w=86400'
    assert 0 < int(many.headers["Retry-After"]) <= 86400
    assert many.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert many.json()["code"] == "throttled"
    assert many.json()["request_id"] == many.headers["X-Request-ID"]


async def test_row_40_a_forged_header_has_no_effect(application: Application) -> None:
    answers = [
        await application.stranger.get("/api/phones", headers={"X-Forwarded-For": f"10.9.9.{n}, 198.51.100.4"})
        for n in range(4)
    ]
    assert [each.status_code for each in answers] == [401, 401, 401, 429]
    another = await application.stranger.get("/api/phones", headers={"X-Forwarded-For": "198.51.100.5"})
    assert another.status_code == 401


async def test_each_person_has_a_budget_wherever_they_are(application: Application) -> None:
    shop = application.places["accra"]
    await application.office.tokens.look()
    await shop.clerk.get("/api/phones")  # shows the token for the first time, which the address pays for
    await shop.manager.get("/api/phones")
    statuses = [(await shop.clerk.get("/api/phones")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    assert (await shop.manager.get("/api/phones")).status_code == 200


async def test_sign_in_is_limited_more_strictly(application: Application) -> None:
    wrong = {"username": "clerk-accra", "password": f"not {PASSWORD}"}
    answers = [await application.stranger.post("/api/auth/login-json", json=wrong) for _ in range(3)]
    assert [each.status_code for each in answers[:2]] != [429, 429]
    assert answers[2].status_code == 429
    assert answers[2].headers["RateLimit-Policy"] == '"default";q=2;w=86400'


async def test_whoever_watches_the_installation_is_never_limited(application: Application) -> None:
    assert {(await application.stranger.get("/readyz")).status_code for _ in range(5)} == {200}


@pytest.mark.parametrize(
    ("given", "limited"),
    [
        ({}, False),
        ({"host": "192.0.2.1"}, True),
        ({"trusted_proxies": "127.0.0.1"}, True),
        ({"host": "192.0.2.1", "rate_limit": "off", "rate_limit_auth": "off"}, False),
        ({"rate_limit": "5/minute"}, True),
        ({"rate_limit": "5/minute", "open": True}, False),
    ],
)
def test_there_are_limits_where_others_than_this_machine_ask(given: dict[str, str], limited: bool) -> None:
    settings = Settings(_env_file=None, **given)  # type: ignore[call-arg, arg-type]  # pydantic-settings takes them
    assert any(settings.limits) is limited
