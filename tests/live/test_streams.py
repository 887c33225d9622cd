"""P-38 and rows 15, 21, 34: following what happens, over sockets and over server-sent events."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.listening import Listener, both_of, line_to, socket_of, stream_of
from tests.running import ORIGIN, Application, Clock, Person, Place
from tests.trades.phoneshop.arranging import a_customer, a_sale, done
from tradehall.kernel.feed import RenewEpoch
from tradehall.kernel.people import ChangeMember, Member, member
from tradehall.web import live


async def test_p_38_what_happens_is_told_in_its_order_with_the_fields_of_the_role(shop: Place) -> None:
    async with both_of(shop.clerk) as clerk, both_of(shop.owner) as owner:
        await a_sale(shop.manager)
        heard = [await each.hears(3) for each in (*clerk, *owner)]
    for events in heard:
        assert [each["event"] for each in events] == ["customer.register", "phone.stock", "sale.sell"]
        assert [each["id"] for each in events] == list(range(events[0]["id"], events[0]["id"] + 3))
    sales = [change for events in heard for change in events[-1]["data"]["changes"] if change["resource"] == "sales"]
    assert ["margin" in change["values"] for change in sales] == [False, False, True, True]


async def test_p_38_nothing_of_another_organisation_is_told(shop: Place, other: Place) -> None:
    async with both_of(shop.owner) as mine, both_of(other.owner) as theirs:
        await a_customer(shop.owner, full_name="Ours")
        await a_customer(other.owner, full_name="Theirs")
        for listener, name in ((mine[0], "Ours"), (mine[1], "Ours"), (theirs[0], "Theirs"), (theirs[1], "Theirs")):
            event = await listener.next()
            assert event["data"]["changes"][0]["values"]["full_name"] == name


async def test_p_38_many_writers_at_once_are_told_completely_and_in_the_order_of_the_log(shop: Place) -> None:
    writers = [shop.people[role] for role in ("clerk", "manager") for _ in range(30)]
    async with both_of(shop.owner) as listeners:
        made = await asyncio.gather(*(a_customer(each) for each in writers))
        for listener in listeners:
            events = await listener.hears(60)
            assert [each["id"] for each in events] == list(range(events[0]["id"], events[0]["id"] + 60))
            assert {each["data"]["changes"][0]["id"] for each in events} == {each["id"] for each in made}


async def test_p_38_who_comes_back_hears_what_was_missed_once_and_then_goes_on(shop: Place) -> None:
    async with socket_of(shop.owner) as listener:
        await a_customer(shop.owner)
        seen = await listener.next()
    missed = [(await a_customer(shop.owner))["id"] for _ in range(3)]
    cursor = f"{seen['epoch']}-{seen['id']}"
    async with (
        socket_of(shop.owner, after=cursor) as one,
        socket_of(shop.owner, last_event_id=seen["id"], epoch=seen["epoch"]) as two,
        stream_of(shop.owner, headers={"Last-Event-ID": cursor}) as three,
        stream_of(shop.owner, after=cursor) as four,
    ):
        missed.append((await a_customer(shop.owner))["id"])
        listeners: tuple[Listener, ...] = (one, two, three, four)
        for back in listeners:
            assert [each["data"]["changes"][0]["id"] for each in await back.hears(4)] == missed


async def test_p_38_coming_and_going_while_others_write_loses_and_doubles_nothing(shop: Place) -> None:
    async def write() -> list[int]:
        return [(await a_customer(shop.clerk))["id"] for _ in range(60)]

    cursor = done(await shop.owner.get("/api/events"), 200)["cursor"]
    found: list[int] = []
    writing = asyncio.create_task(write())
    while len(found) < 60:
        async with socket_of(shop.owner, after=cursor) as listener:
            for event in await listener.hears(min(7, 60 - len(found))):
                found.append(event["data"]["changes"][0]["id"])
                cursor = f"{event['epoch']}-{event['id']}"
    assert found == await writing


async def test_p_38_a_cursor_that_is_unknown_of_another_epoch_or_too_old_is_told_to_look_afresh(
    shop: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = done(await shop.owner.get("/api/events"), 200)
    last = int(now["cursor"].split("-")[1])
    for cursor in (f"{now['epoch']}-{last + 5}", f"beef-{last}", "nonsense"):
        async with both_of(shop.owner, begins="", after=cursor) as listeners:
            for listener in listeners:
                heard = await listener.hears(2)
                assert [(each["event"], each["id"]) for each in heard] == [("resync", last), ("ready", last)]
            await a_customer(shop.owner)
            last += 1
            assert [(await listener.next())["id"] for listener in listeners] == [last, last]
    monkeypatch.setattr("tradehall.kernel.follower.REPLAY", 1)
    async with both_of(shop.owner, begins="", after=now["cursor"]) as listeners:
        assert [(await listener.next())["event"] for listener in listeners] == ["resync", "resync"]


async def test_p_38_after_a_restore_the_epoch_is_another_one_and_every_cursor_is_told_to_look_afresh(
    shop: Place, application: Application
) -> None:
    before = done(await shop.owner.get("/api/events"), 200)["cursor"]
    await application.office.database.unit(RenewEpoch())
    assert done(await shop.owner.get("/api/events", params={"after": before}), 200)["resync"]
    async with both_of(shop.owner, begins="", after=before) as listeners:
        for listener in listeners:
            assert [each["event"] for each in await listener.hears(2)] == ["resync", "ready"]


async def test_p_38_only_what_was_asked_for_is_told_where_topics_are_named(shop: Place) -> None:
    async with socket_of(shop.owner, topics=["sales"]) as one, stream_of(shop.owner, topics="sales,returns") as two:
        await a_sale(shop.owner)
        await a_customer(shop.owner)
        await a_sale(shop.owner)
        listeners: list[Listener] = [one, two]
        for listener in listeners:
            assert [each["event"] for each in await listener.hears(2)] == ["sale.sell", "sale.sell"]


async def test_row_15_who_is_shut_out_or_gets_another_role_is_sent_away(shop: Place) -> None:
    async def who(person: Person) -> Member:
        found: Member = await shop.read(lambda db: member(db, person.user_id, shop.org_id, "phoneshop"))
        return found

    office = shop.application.office
    changes: dict[str, dict[str, Any]] = {"clerk": {"is_active": False}, "manager": {"role": "clerk"}}
    for role, change in changes.items():
        person = shop.people[role]
        async with socket_of(person) as listener, stream_of(person) as stream, socket_of(shop.owner) as stays:
            await office.database.unit(ChangeMember(await who(person), office.clock(), **change))
            async with asyncio.timeout(5):
                assert await listener.closed() == live.NOT_THEM
                with pytest.raises(StopAsyncIteration):
                    await stream.next()
            await a_customer(shop.owner)
            assert (await stays.next())["event"] == "customer.register"


async def test_a_key_follows_what_its_scopes_name_and_nothing_once_it_is_revoked(shop: Place) -> None:
    async def a_key(*scopes: str) -> tuple[int, Person]:
        made = done(await shop.owner.post("/api/api-keys", json={"name": "till", "scopes": scopes}))
        return made["id"], replace(shop.owner, token=made["key"])

    key_id, narrow = await a_key("events:read", "customers:read")
    _, wide = await a_key("events:read", "read")
    _, none = await a_key("read")
    assert (await none.get("/api/events")).status_code == 403
    assert (await none.get("/api/events/stream")).status_code == 403
    async with line_to(none.http, "/api/events/socket") as listener:
        await listener.line.send(json.dumps({"token": none.token}))
        assert await listener.closed() == live.NOT_THEM
    async with both_of(narrow) as few, both_of(wide) as many:
        await a_sale(shop.owner)
        for follower in many:
            assert [each["event"] for each in await follower.hears(3)] == [
                "customer.register",
                "phone.stock",
                "sale.sell",
            ]
        for follower in few:
            assert (await follower.next())["event"] == "customer.register"
        done_with = await shop.owner.delete(f"/api/api-keys/{key_id}")
        assert done_with.status_code == 204
        async with asyncio.timeout(5):
            with pytest.raises(ConnectionClosed):
                await few[0].next()
            with pytest.raises(StopAsyncIteration):
                await few[1].next()


async def test_row_21_a_socket_of_a_foreign_page_is_refused_and_one_of_an_allowed_or_of_our_own_not(
    application: Application, shop: Place
) -> None:
    own = str(application.http.base_url).rstrip("/")
    for origin in ("https://evil.example", "null", "https://shop.example.com.evil.example", f"{own}0"):
        with pytest.raises(InvalidStatus) as refused:
            async with line_to(application.http, "/api/events/socket", origin=origin):
                pass
        assert refused.value.response.status_code == 403
    for origin in (ORIGIN, own):
        async with line_to(application.http, "/api/events/socket", origin=origin) as listener:
            await listener.line.send(json.dumps({"token": shop.owner.token}))
            assert (await listener.next())["event"] == "ready"


async def test_a_socket_is_open_at_declared_paths_only(application: Application) -> None:
    for path in ("/", "/api/ws", "/api/events", "/api/events/stream", "/api/customers", "/nowhere"):
        with pytest.raises(InvalidStatus) as refused:
            async with line_to(application.http, path):
                pass
        assert refused.value.response.status_code == 403


async def test_a_socket_that_does_not_say_who_it_is_is_closed(
    application: Application, shop: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for first, code in (
        ('{"token": "nonsense"}', live.NOT_THEM), ("{}", live.NOT_THEM), ("[1]", live.MALFORMED), ("x", live.MALFORMED),
        (json.dumps({"token": shop.owner.token, "topics": 3}), live.MALFORMED), ("x" * 20_000, 1009),
    ):  # fmt: skip
        async with line_to(application.http, "/api/events/socket") as listener:
            await listener.line.send(first)
            assert await listener.closed() == code
    monkeypatch.setattr(live, "FIRST_MESSAGE", 0.05)
    async with line_to(application.http, "/api/events/socket") as listener:
        assert await listener.closed() == live.SILENT


async def test_a_ticket_opens_one_stream_once_and_dies_with_the_rights_of_its_owner(
    application: Application, shop: Place, clock: Clock
) -> None:
    async def a_ticket() -> str:
        return str(done(await shop.clerk.post("/api/events/ticket"), 200)["ticket"])

    ticket = await a_ticket()
    async with stream_of(application.stranger, ticket=ticket) as listener:
        await a_customer(shop.owner)
        assert (await listener.next())["event"] == "customer.register"
        for wrong in (ticket, ticket[:-3], "x", "x" * 9000):
            assert (await application.stranger.get("/api/events/stream", params={"ticket": wrong})).status_code == 401
    late = await a_ticket()
    clock.forward(seconds=31)
    assert (await application.stranger.get("/api/events/stream", params={"ticket": late})).status_code == 401
    assert (await application.stranger.post("/api/events/ticket")).status_code == 401


async def test_p_11_an_event_stream_has_the_headers_of_cors_for_an_allowed_origin(shop: Place) -> None:
    signed = {"Authorization": f"Bearer {shop.owner.token}", "Origin": ORIGIN}
    async with shop.owner.http.stream("GET", "/api/events/stream", headers=signed) as answer:
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert answer.headers["cache-control"] == "no-store"
    refused = await shop.application.stranger.get("/api/events/stream", headers={"Origin": ORIGIN})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, ORIGIN)


async def test_who_hears_nothing_for_a_while_hears_that_the_line_is_good_and_where_it_has_come_to(
    shop: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tradehall.kernel.follower.BEAT", 0.02)
    epoch, last = done(await shop.owner.get("/api/events"), 200)["cursor"].split("-")
    async with both_of(shop.owner) as listeners:
        socket, stream = [await listener.next(beats=True) for listener in listeners]
    assert (socket["event"], socket["id"], socket["epoch"]) == ("beat", int(last), epoch)
    assert stream == {"event": "beat", "": "beat", "id": f"{epoch}-{last}"}
