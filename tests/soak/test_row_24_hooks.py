"""Row 24 in full: half of the endpoints hang, and the others have theirs within five seconds, by a server of its own."""

import asyncio
import time
from typing import Any

import orjson
import pytest

from tests.receiver import Receiver, receiving
from tests.reliability.crowd import percentile
from tests.reliability.serving import Shop, a_customer
from tests.soak.figures import place, show

pytestmark = pytest.mark.soak
GOOD = HANGING = 20
EVENTS, EVERY = 300, 0.1


async def test_row_24_with_half_of_40_endpoints_hanging_the_others_have_95_of_100_within_five_seconds(
    real_shop: Shop,
) -> None:
    server = await asyncio.to_thread(lambda: real_shop.serve(WEBHOOKS_ALLOW_PRIVATE="true"))
    arrived: list[tuple[float, dict[str, Any]]] = []
    async with receiving() as receiver, real_shop.client(server) as client:

        def note(count: int, is_answered: bool) -> None:
            if not is_answered and (got := receiver.got[-1]).path.startswith("/ok"):
                arrived.append((time.time(), orjson.loads(got.body)))

        receiver.on_request = note
        for path in [f"/ok{n}" for n in range(GOOD)] + [f"/hang{n}" for n in range(HANGING)]:
            wish = {"url": receiver.url(path), "events": ["customer.register"]}
            made = await client.post("/api/webhooks", json=wish)
            assert made.status_code == 201, made.text
        answered: dict[int, float] = {}
        for _ in range(EVENTS):
            customer = await a_customer(client)
            answered[customer] = time.time()
            await asyncio.sleep(EVERY)
        await _all_arrived(receiver)
    waits = [moment - answered[told["data"]["changes"][0]["id"]] for moment, told in arrived]
    show(
        f"row 24, {place(real_shop.on_sqlite)}", deliveries=len(waits), p50=percentile(waits, 0.5),
        p95=percentile(waits, 0.95), longest=max(waits),
    )  # fmt: skip
    assert len(waits) == len({(got.path, got.headers["webhook-id"]) for got in receiver.got if got.path[:3] == "/ok"})
    assert percentile(waits, 0.95) <= 5
    assert await real_shop.wrong() == []


async def _all_arrived(receiver: Receiver) -> None:
    async with asyncio.timeout(120):
        while sum(got.path.startswith("/ok") for got in receiver.got) < GOOD * EVENTS:  # noqa: ASYNC110 - no bell
            await asyncio.sleep(0.1)
