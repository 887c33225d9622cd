"""P-38: what a trade says on a channel of its own, and what of the log reaches whom where rows are somebody's own."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import bicycles
import pytest
from bicycles import HELPER, OWNER, Bicycle, Rental

from tests.listening import both_of, line_to, socket_of
from tests.running import Application, Person, Place
from tests.trades.phoneshop.arranging import done
from tradehall.kernel import author as th
from tradehall.kernel.verbs import ANYBODY
from tradehall.web import live

PATH = "/api/ws"


def tells(reader: th.Reader, happening: th.Happening) -> Iterator[th.Message]:
    """Bicycles for everybody, rentals for whoever handed them out and for the owner, and a word to whom it concerns."""
    for change in happening.changes:
        if change.entity == Bicycle.table.name and (bicycle := reader.find(Bicycle, change.record_id)):
            data = {"id": bicycle.id, "status": bicycle.status}
            yield th.Message("bicycle_update", data, by=ANYBODY, topic="bicycles", more={"kind": "city"})
        if change.entity == Rental.table.name and (rental := reader.find(Rental, change.record_id)):
            data = {"id": rental.id, "renter": rental.renter}
            yield th.Message("rental_update", data, by=(th.own(HELPER), OWNER), about=rental, topic="rentals")
            yield th.Message("well_done", {}, to=rental.staff_id)


def snapshot(reader: th.Reader) -> dict[str, Any]:
    """Every bicycle."""
    return {"bicycles": [each.id for each in reader.all(th.find(Bicycle))]}


def of_ama(record: Any) -> Any:
    """The rentals of one renter."""
    return record.table.c.renter == "Ama"


ammas = th.Resource(Rental, by=(th.where(HELPER, of_ama), OWNER))
CHANNEL = th.Live(PATH, tells, snapshot, public=True, most=4)


@pytest.fixture
def trade(request: pytest.FixtureRequest) -> th.Trade:
    """The bicycle rental with a channel; in some tests a helper sees the rentals of one renter, not their own."""
    resources = getattr(request, "param", bicycles.trade.resources)
    return replace(bicycles.trade, live=CHANNEL, resources=resources)


async def a_rental(place: Place, person: Person, renter: str = "Ama", frame: str = "KA-1") -> dict[str, Any]:
    bicycle = done(
        await place.owner.post("/api/bicycles", json={"frame_number": frame, "daily_rate": 12, "deposit": 50})
    )
    given = {"bicycle_id": bicycle["id"], "renter": renter, "days": 2}
    found: dict[str, Any] = done(await person.post("/api/rentals/start", json=given))
    return found


async def test_p_16_a_row_of_ones_own_is_told_to_its_owner_and_to_those_above_only(shop: Place) -> None:
    async with both_of(shop.helper) as helper, both_of(shop.owner) as owner:
        theirs = await a_rental(shop, shop.owner, "Kofi", "KA-1")
        mine = await a_rental(shop, shop.helper, "Esi", "KA-2")
        for listener in owner:
            rentals = [
                c["id"] for e in await listener.hears(4) for c in e["data"]["changes"] if c["resource"] == "rentals"
            ]
            assert rentals == [theirs["id"], mine["id"]]
        for listener in helper:
            heard = [(e["event"], [c["resource"] for c in e["data"]["changes"]]) for e in await listener.hears(4)]
            assert heard == [
                ("bicycle.create", ["bicycles"]), ("rental.start", ["bicycles"]),
                ("bicycle.create", ["bicycles"]), ("rental.start", ["bicycles", "rentals"]),
            ]  # fmt: skip
    page = done(await shop.helper.get("/api/events", params={"after": "0"}), 200)
    rentals = [c["id"] for e in page["events"] for c in e["data"]["changes"] if c["resource"] == "rentals"]
    assert rentals == [mine["id"]]


@pytest.mark.parametrize("trade", [(bicycles.bicycles, ammas)], indirect=True)
async def test_p_16_a_row_within_a_scope_is_told_to_whom_the_scope_reaches_it(shop: Place) -> None:
    async with both_of(shop.helper) as listeners:
        await a_rental(shop, shop.helper, "Kofi", "KA-1")
        hers = await a_rental(shop, shop.owner, "Ama", "KA-2")
        for listener in listeners:
            found = [
                c["id"] for e in await listener.hears(4) for c in e["data"]["changes"] if c["resource"] == "rentals"
            ]
            assert found == [hers["id"]]
    page = done(await shop.helper.get("/api/events", params={"after": "0"}), 200)
    assert [c["id"] for e in page["events"] for c in e["data"]["changes"] if c["resource"] == "rentals"] == [hers["id"]]


async def test_a_channel_says_what_its_trade_says_of_each_event_to_whom_it_is_for(shop: Place, other: Place) -> None:
    async with (
        socket_of(shop.helper, PATH, "snapshot") as helper, socket_of(shop.owner, PATH, "snapshot") as owner,
        socket_of(replace(shop.helper, token=""), PATH, "snapshot", token=None, user_id=shop.helper.user_id) as public,
        socket_of(other.owner, PATH, "snapshot") as elsewhere,
    ):  # fmt: skip
        rental = await a_rental(shop, shop.owner)
        own = await a_rental(shop, shop.helper, frame="KA-2")
        await a_rental(other, other.owner)
        heard = [(each["event"], each["data"]) for each in await owner.hears(7)]
        assert [event for event, _ in heard] == [
            "bicycle_update", "bicycle_update", "rental_update", "well_done", "bicycle_update", "bicycle_update", "rental_update"
        ]  # fmt: skip
        assert [data for event, data in heard if event == "rental_update"] == [
            {"id": each["id"], "renter": "Ama"} for each in (rental, own)
        ]
        assert [each["event"] for each in await helper.hears(6)] == [
            "bicycle_update", "bicycle_update", "bicycle_update", "bicycle_update", "rental_update", "well_done"
        ]  # fmt: skip
        heard_by_all = await public.hears(4)
        assert [(each["event"], each["kind"]) for each in heard_by_all] == [("bicycle_update", "city")] * 4
        assert len({each["id"] for each in heard_by_all}) == 4
        assert (await elsewhere.hears(4))[-1]["event"] == "well_done"


async def test_a_channel_begins_with_a_snapshot_and_goes_on_after_any_one_of_an_events_messages(shop: Place) -> None:
    async with socket_of(shop.owner, PATH, "snapshot") as listener:
        await a_rental(shop, shop.owner)
        told = await listener.hears(4)
    assert [each["event"] for each in told] == ["bicycle_update", "bicycle_update", "rental_update", "well_done"]
    for place, each in enumerate(told):
        cursor = {"last_event_id": each["id"], "epoch": each["epoch"]}
        async with socket_of(shop.owner, PATH, "", **cursor) as listener:
            first, *rest = await listener.hears(4 - place)
            assert (first["event"], first["data"], first["id"]) == ("snapshot", {"bicycles": [1]}, each["id"])
            assert rest == told[place + 1 :]
    async with socket_of(shop.owner, PATH, "", last_event_id=told[-1]["id"], epoch="beef") as listener:
        assert [each["event"] for each in await listener.hears(2)] == ["resync", "snapshot"]


async def test_a_channel_tells_of_the_topics_that_were_asked_for(shop: Place) -> None:
    async with socket_of(shop.owner, PATH, "snapshot", topics=["rentals"]) as listener:
        await a_rental(shop, shop.owner)
        assert [each["event"] for each in await listener.hears(2)] == ["rental_update", "well_done"]


async def test_a_channel_has_room_for_so_many_and_no_place_for_who_shows_a_wrong_token(
    application: Application, shop: Place
) -> None:
    for first in ({"token": "wrong", "user_id": shop.owner.user_id}, {}, {"user_id": 10**9}):
        async with line_to(application.http, PATH) as listener:
            await listener.line.send(json.dumps(first))
            assert await listener.closed() == live.NOT_THEM
    async with (
        socket_of(shop.owner, PATH, "snapshot"), socket_of(shop.owner, PATH, "snapshot"),
        socket_of(shop.owner, PATH, "snapshot"),
    ):  # fmt: skip
        async with socket_of(shop.owner, PATH, "snapshot"), line_to(application.http, PATH) as listener:
            await listener.line.send(json.dumps({"token": shop.owner.token}))
            assert await listener.closed() == live.FULL
        async with socket_of(shop.owner, PATH, "snapshot"):
            pass
