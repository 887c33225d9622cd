"""Row 40 in full: of thousands of requests exactly as many get through as may, over all processes and whatever they forge."""

import asyncio
import random
from collections import Counter
from collections.abc import Iterator

import httpx2
import pytest

from tests.reliability.serving import Server, Shop
from tests.servers import private_valkey

pytestmark = pytest.mark.soak
ASKS, MOST = 3000, 1000
SIGN_INS, MOST_SIGN_INS = 400, 100
AT_ONCE = 40
HERE, ELSEWHERE = "198.51.100.4", "198.51.100.5"


@pytest.fixture
def servers(real_shop: Shop) -> Iterator[list[Server]]:
    """As many processes as this database allows, which share their counters."""
    limits = {"RATE_LIMIT": f"{MOST}/day", "RATE_LIMIT_AUTH": f"{MOST_SIGN_INS}/day", "TRUSTED_PROXIES": "127.0.0.1"}
    if real_shop.on_sqlite:
        yield [real_shop.serve(**limits)]
        return
    with private_valkey() as redis:
        yield [real_shop.serve(REDIS_URL=redis, **limits) for _ in range(3)]


async def asked(
    servers: list[Server], count: int, path: str, sent: object = None, token: str = "", source: str = HERE
) -> Counter[int]:
    """Ask so often through every process at once, each time with another forged header; how many got which status."""
    statuses: Counter[int] = Counter()
    chance = random.Random(40)  # noqa: S311 - forgeries are no secrets
    waiting = iter(range(count))
    shown = {"Authorization": f"Bearer {token}"} if token else {}

    async def visitor(client: httpx2.AsyncClient) -> None:
        for number in waiting:
            forged = ", ".join(f"10.{chance.randrange(256)}.{chance.randrange(256)}.1" for _ in range(number % 3))
            through = {
                "X-Forwarded-For": f"{forged}, {source}",
                "Forwarded": "for=10.0.0.1",
                "X-Real-IP": f"10.1.1.{number % 250}",
            }
            base = servers[number % len(servers)].base
            answer = await client.request(
                "POST" if sent else "GET", f"{base}{path}", json=sent, headers=through | shown
            )
            statuses[answer.status_code] += 1
            if answer.status_code == 429:
                assert 0 < int(answer.headers["Retry-After"]) <= 86400

    async with httpx2.AsyncClient(trust_env=False, timeout=60) as client:
        await asyncio.gather(*(visitor(client) for _ in range(AT_ONCE)))
    return statuses


async def test_row_40_exactly_as_many_get_through_as_may_over_all_processes(
    real_shop: Shop, servers: list[Server]
) -> None:
    assert await asked(servers, ASKS, "/api/phones") == {401: MOST, 429: ASKS - MOST}
    assert await asked(servers, 10, "/api/phones", source=ELSEWHERE) == {401: 10}
    signed_in = await asked(servers, 10 * len(servers), "/api/phones", token=real_shop.token, source=ELSEWHERE)
    assert signed_in == {200: 10 * len(servers)}  # every process knows the token now, and counts its person
    statuses = await asked(servers, ASKS, "/api/phones", token=real_shop.token)
    assert statuses[200] + statuses[429] == ASKS
    assert MOST - 10 * len(servers) <= statuses[200] <= MOST


async def test_row_40_exactly_as_many_sign_ins_are_looked_at_as_may_be(real_shop: Shop, servers: list[Server]) -> None:
    wrong = {"username": "nobody", "password": "not the right one"}
    statuses = await asked(servers, SIGN_INS, "/api/auth/login-json", wrong)
    assert statuses[429] >= SIGN_INS - MOST_SIGN_INS
    assert set(statuses) == {401, 429}
