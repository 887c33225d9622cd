"""Rule R-13: what is told as it happens, over the socket of the contract."""

from dataclasses import replace
from typing import Any

from tests.listening import socket_of
from tests.trades.laundry.washing import House, done

PATH = "/api/ws"


async def test_r13_somebody_with_a_token_hears_of_machines_and_of_what_is_for_them(house: House) -> None:
    async with (
        socket_of(house.ama, PATH, "snapshot") as ama,
        socket_of(house.ben, PATH, "snapshot", user_id=house.ben.user_id) as ben,
    ):
        await house.started(house.ama)
        await house.forward(seconds=1800)
        theirs = [each["event"] for each in await ama.hears(5)]
        assert sorted(theirs) == ["activity_logged"] * 2 + ["machine_update"] * 2 + ["notification_received"]
        others = [each["event"] for each in await ben.hears(4)]
        assert sorted(others) == ["activity_logged"] * 2 + ["machine_update"] * 2


async def test_r13_an_old_client_with_a_user_id_alone_hears_what_is_public_and_nothing_of_anybodys(
    house: House,
) -> None:
    old = replace(house.ama, token="")
    async with socket_of(old, PATH, "snapshot", token=None, user_id=house.ama.user_id) as listener:
        await house.started(house.ama)
        done(await house.wait(house.ben))
        await house.forward(seconds=1800)
        heard = await listener.hears(6)
    events = [each["event"] for each in heard]
    assert "notification_received" not in events
    queue = next(each for each in heard if each["event"] == "waitlist_update")
    assert (queue["machine_type"], queue["data"]["count"]) == ("washer", 1)
    assert "••" in queue["data"]["items"][0]["student_id"]


async def test_r13_every_event_has_an_id_and_what_was_missed_is_told_once(house: House) -> None:
    async with socket_of(house.ama, PATH, "snapshot") as listener:
        await house.started(house.ama)
        (first, _) = await listener.hears(2)
    assert first.keys() >= {"id", "event", "data", "timestamp", "epoch"}
    done(await house.do(house.ama, "cancel"))
    await house.started(house.ben, 2)
    seen: dict[str, Any] = {"last_event_id": first["id"], "epoch": first["epoch"]}
    async with socket_of(house.ama, PATH, "", **seen) as listener:
        snapshot, *missed = await listener.hears(6)
        assert snapshot["event"] == "snapshot"
        assert [len(snapshot["data"][name]) for name in ("washers", "dryers")] == [6, 6]
        ids = [each["id"] for each in missed]
        assert ids == sorted(set(ids))
        assert ids[0] > first["id"]
    async with socket_of(house.ama, PATH, "", last_event_id=first["id"], epoch="beef") as listener:
        assert [each["event"] for each in await listener.hears(2)] == ["resync", "snapshot"]


async def test_r13_what_was_refused_is_told_to_nobody(house: House) -> None:
    await house.started(house.ama)
    async with socket_of(house.ben, PATH, "snapshot") as listener:
        assert (await house.do(house.ben, "start")).status_code == 400
        done(await house.do(house.ama, "cancel"))
        assert [
            each["data"].get("status") for each in await listener.hears(2) if each["event"] == "machine_update"
        ] == ["available"]


async def test_r12_a_fault_is_told_without_its_words_and_its_photo(house: House) -> None:
    async with socket_of(house.ben, PATH, "snapshot") as listener:
        fault = {"machine_id": 1, "machine_type": "washer", "description": "It leaks"}
        done(await house.ama.post("/api/v1/faults/report", json=fault))
        heard = {each["event"]: each["data"] for each in await listener.hears(2)}
    assert heard["fault_reported"]["report_count"] == 1
    assert not heard["fault_reported"].keys() & {"description", "photo_data"}
