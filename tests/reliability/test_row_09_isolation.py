"""Row 9: what belongs to another organisation is, to the byte, as what does not exist."""

from itertools import product
from typing import Any

import httpx2
import pytest

from tests.reliability.walk import (
    NOWHERE,
    PHONESHOP,
    ROUTES,
    Operation,
    Stocked,
    Walk,
    first_of,
    in_groups,
    operations,
    routes,
    rows_of,
)
from tests.reliability.walks import WALKS, called, walked
from tests.running import Clock, Place
from tradehall.app import build_app
from tradehall.kernel.contracts import Listing
from tradehall.kernel.trade import Trade
from tradehall.settings import Settings

FIXED = {"X-Request-ID": "the-same"}
ALL = list(walked())
WITH_IDS = [each for each in ALL if each.path_records]
WITH_REFERENCES = [each for each in ALL if each.body_records]


def seen(answer: httpx2.Response) -> tuple[Any, ...]:
    """All of an answer that could tell two apart."""
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "date"}
    return answer.status_code, answer.content, headers


def test_the_walk_knows_every_route_of_the_application(trade: Trade, tmp_path: Any) -> None:
    gate = build_app(Settings(_env_file=None, tradehall_data=tmp_path), [trade])  # type: ignore[call-arg]  # pydantic-settings takes it
    assert routes(gate, trade) == ROUTES
    assert {each.name for each in operations(PHONESHOP)} == {
        f"{each.method} {each.path}" for each in gate.apps[trade.name].trade.operations
    }


@pytest.mark.parametrize("operations", in_groups(WITH_IDS), ids=first_of)
async def test_row_9_an_id_of_another_organisation_in_the_path_is_as_one_that_does_not_exist(
    operations: list[Operation], stocked: Stocked
) -> None:
    shop, other, mine, theirs = stocked.shop, stocked.other, stocked.mine, stocked.theirs
    for operation in operations:
        method, body = operation.contract.method, operation.filled(mine)
        more = {"json": body} if operation.body is not None else {}
        for name in operation.path_records:
            foreign = operation.ids(mine) | {name: operation.ids(theirs)[name]}
            nobody = operation.ids(mine) | {name: NOWHERE}
            assert foreign[name] not in mine.ids.values() or operation.ids(mine)[name] != foreign[name]
            answers = [
                seen(await stocked.walk.who(shop, operation).ask(method, operation.path(ids), headers=FIXED, **more))
                for ids in (foreign, nobody)
            ]
            assert answers[0] == answers[1], operation.name
            assert answers[0][0] == 404, operation.name
    assert await other.events() == []
    assert await shop.wrong() == await other.wrong() == []


@pytest.mark.parametrize("operations", in_groups(WITH_REFERENCES), ids=first_of)
async def test_row_9_an_id_of_another_organisation_in_the_body_is_as_one_that_does_not_exist(
    operations: list[Operation], stocked: Stocked
) -> None:
    shop, other, mine, theirs = stocked.shop, stocked.other, stocked.mine, stocked.theirs
    for operation, way in product(operations, ("json", "params")):
        for name, record in operation.body_records.items():
            answers = []
            for row_id in (theirs.of(record), NOWHERE):
                body = operation.filled(mine)
                asked = {"json": body | {name: row_id}} if way == "json" else {
                    "json": {each: value for each, value in body.items() if each != name}, "params": {name: row_id}
                }  # fmt: skip
                path = operation.path(operation.ids(mine))
                answers.append(
                    seen(
                        await stocked.walk.who(shop, operation).ask(
                            operation.contract.method, path, headers=FIXED, **asked
                        )
                    )
                )
            assert answers[0] == answers[1], operation.name
            assert answers[0][0] == 404, (operation.name, answers)
    assert await other.events() == []


@pytest.mark.parametrize("walk", WALKS, ids=called)
async def test_row_9_lists_totals_histories_and_reports_show_nothing_of_another_organisation(
    walk: Walk, stocked: Stocked, clock: Clock
) -> None:
    clock.forward()
    shop, other, mine = stocked.shop, stocked.other, stocked.mine
    reading = [each for each in operations(walk) if each.contract.method == "GET"]

    async def read(each: Operation, **params: int) -> httpx2.Response:
        return await walk.who(shop, each).get(each.path(each.ids(mine)), headers=FIXED, params=params)

    before = {each.name: seen(await read(each)) for each in reading}
    for listing in (each for each in reading if isinstance(each.contract.does, Listing) and not each.path_records):
        shown = before[listing.name]
        assert int(shown[2]["x-total-count"]) >= 1
    for _ in range(3):
        await rows_of(other, walk)
    after = {each.name: seen(await read(each)) for each in reading}
    assert after == before
    theirs = await rows_of(other, walk)
    for record, row_id in theirs.ids.items():
        for each in reading:
            if isinstance(each.contract.does, Listing) and each.contract.does.resource.record is record:
                assert row_id not in [row["id"] for row in (await read(each, limit=100)).json()]


@pytest.mark.parametrize("walk", WALKS, ids=called)
async def test_row_9_no_filter_or_cursor_leads_to_a_row_of_another_organisation(walk: Walk, stocked: Stocked) -> None:
    shop, other, mine, theirs = stocked.shop, stocked.other, stocked.mine, stocked.theirs
    for each in operations(walk):
        if not isinstance(each.contract.does, Listing):
            continue
        path, who = each.path(each.ids(mine)), walk.who(shop, each)
        elsewhere = await walk.who(other, each).get(each.path(each.ids(theirs)), params={"limit": 1})
        record = each.contract.does.resource.record
        for params in (
            {"after": elsewhere.headers.get("X-Next-Cursor", "")},
            {"search": "Samsung"},
            *({name: str(theirs.ids.get(record, NOWHERE))} for name in each.query),
        ):
            answer = await who.get(path, params=params)
            if answer.status_code == 200:
                assert theirs.ids.get(record) not in [row["id"] for row in answer.json()]


async def test_row_9_a_token_of_one_organisation_never_acts_in_another(shop: Place, other: Place) -> None:
    answers = [(await place.owner.get("/api/auth/me")).json()["organisation_id"] for place in (shop, other)]
    assert answers == [shop.org_id, other.org_id]
