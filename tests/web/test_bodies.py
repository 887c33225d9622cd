"""A contract may take larger bodies for itself; everything else stays as strict as it was (P-25, row 37)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import orjson
import pytest

from tests.kernel import stall
from tests.running import Place, Switchboard
from tradehall.kernel.contracts import LARGEST_BODY, MOST_OF_BODIES, Contract, Info
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import ANYBODY
from tradehall.web.bodies import FREE

LARGER = 8 * LARGEST_BODY
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def trade() -> Trade:
    """A stall where a crate may come with a picture."""
    pictured = Contract("POST", "/api/pictured-crates", stall.bring, 201, largest_body=LARGER)
    return replace(stall.trade, contract=(pictured, Contract("POST", "/api/crates", stall.bring, 201)))


def crate(label: str, size: int) -> bytes:
    """A crate whose request has exactly so many bytes."""
    empty = orjson.dumps({"label": label, "picture": ""})
    return empty[:-2] + b"x" * (size - len(empty)) + empty[-2:]


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    """The content without its length being told."""
    for start in range(0, len(content), 65536):
        yield content[start : start + 65536]


async def bring(place: Place, path: str, content: bytes, announced: bool, **more: str) -> Any:
    """Bring a crate."""
    body = content if announced else pieces(content)
    return await place.seller.post(path, content=body, headers=JSON | more)


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
async def test_p25_a_contract_takes_bodies_as_large_as_it_says_and_no_byte_more(shop: Place, announced: bool) -> None:
    path = "/api/pictured-crates"
    assert (await bring(shop, path, crate("mangoes", LARGER), announced)).status_code == 201
    refused = await bring(shop, path, crate("papayas", LARGER + 1), announced)
    assert (refused.status_code, refused.json()["code"]) == (413, "too_large")
    assert "8,388,608" in refused.json()["detail"]
    assert [each["label"] for each in (await shop.seller.get("/api/crates")).json()] == ["mangoes"]


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
async def test_row_37_every_other_path_takes_a_megabyte_as_before(shop: Place, announced: bool) -> None:
    assert (await bring(shop, "/api/crates", crate("mangoes", LARGEST_BODY), announced)).status_code == 201
    for path in ("/api/crates", "/api/crates/1/take", "/api/privacy/export.zip"):
        answer = await bring(shop, path, crate("papayas", LARGEST_BODY + 1), announced)
        assert answer.status_code == (403 if "privacy" in path else 413), path
    answer = await shop.keeper.post("/api/privacy/export.zip", content=crate("x", LARGEST_BODY + 1), headers=JSON)
    assert answer.status_code == 413


async def test_row_37_whoever_may_not_ask_is_refused_before_the_body_is_read(shop: Place) -> None:
    content = crate("mangoes", LARGER + 1)
    stranger = shop.application.stranger
    assert (await stranger.post("/api/pictured-crates", content=content, headers=JSON)).status_code == 401
    assert (await shop.keeper.post("/api/pictured-crates", content=content, headers=JSON)).status_code == 403


async def half(content: bytes, goes_on: asyncio.Event) -> AsyncIterator[bytes]:
    """All of the content but the last byte, which follows when it may."""
    yield content[:-1]
    await goes_on.wait()
    yield content[-1:]


async def test_row_37_bodies_beyond_what_a_process_holds_are_503_and_small_ones_go_on(
    shop: Place, served: tuple[Switchboard, Any]
) -> None:
    bodies, path, goes_on = served[0].serves.bodies, "/api/pictured-crates", asyncio.Event()
    arriving = [
        asyncio.create_task(shop.seller.post(path, content=half(crate(label, LARGER), goes_on), headers=JSON))
        for label in "abcd"
    ]
    while bodies.held < 4 * (LARGER - 1 - FREE):  # noqa: ASYNC110 - nobody rings when a byte arrives
        await asyncio.sleep(0.01)
    for announced in (True, False):
        refused = await bring(shop, path, crate("late", LARGEST_BODY), announced)
        assert (refused.status_code, refused.json()["code"]) == (503, "too_much_at_once")
        assert int(refused.headers["Retry-After"]) > 0
    assert bodies.held == 4 * (LARGER - 1 - FREE)
    assert (await bring(shop, "/api/crates", crate("small", FREE), True)).status_code == 201
    goes_on.set()
    assert [(await each).status_code for each in arriving] == [201] * 4
    assert bodies.held == 0
    assert (await bring(shop, path, crate("late", LARGEST_BODY), True)).status_code == 201


async def test_row_37_a_body_that_never_ends_is_let_go_with_its_sender(
    shop: Place, served: tuple[Switchboard, Any]
) -> None:
    bodies, content = served[0].serves.bodies, half(crate("a", LARGER), asyncio.Event())
    arriving = asyncio.create_task(shop.seller.post("/api/pictured-crates", content=content, headers=JSON))
    while bodies.held < LARGER - 1 - FREE:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.01)
    arriving.cancel()
    while bodies.held:  # noqa: ASYNC110 - as above
        await asyncio.sleep(0.01)
    assert (await shop.seller.get("/api/crates")).json() == []


async def test_p07_a_large_request_that_is_repeated_has_one_effect(shop: Place) -> None:
    content, key = crate("mangoes", LARGER), {"Idempotency-Key": "one"}
    first, again = [await bring(shop, "/api/pictured-crates", content, True, **key) for _ in range(2)]
    assert (first.status_code, again.status_code, again.headers["Idempotent-Replay"]) == (201, 201, "true")
    other = await bring(shop, "/api/pictured-crates", content[:-3] + b'y"}', True, **key)
    assert other.status_code == 422


async def test_the_document_says_how_large_a_body_may_be(shop: Place) -> None:
    paths = (await shop.seller.get("/openapi.json")).json()["paths"]
    said = {
        path: paths[path]["post"]["responses"]["413"]["description"] for path in ("/api/pictured-crates", "/api/crates")
    }
    assert said == {
        "/api/pictured-crates": "The body is larger than 8,388,608 bytes",
        "/api/crates": "The body is larger than 1,048,576 bytes",
    }


def test_what_is_open_to_anybody_takes_no_larger_bodies() -> None:
    for does in (Info("Alive.", lambda facts: {}), replace(stall.bring, by=ANYBODY)):
        with pytest.raises(TypeError, match="open to anybody"):
            Contract("POST", "/api/open", does, largest_body=LARGER)


def test_row_37_nothing_takes_bodies_that_a_process_could_not_hold() -> None:
    with pytest.raises(TypeError, match="at most"):
        Contract("POST", "/api/huge", stall.bring, largest_body=MOST_OF_BODIES + 1)
