"""The audit: who did what, when and from where; no more of it than the asker may see elsewhere (P-16, P-20)."""

from __future__ import annotations

from typing import Any

from tests.running import Application, Clock, Person, Place

BICYCLE = {"frame_number": "KA-1042", "daily_rate": 12, "deposit": 50}


async def read(person: Person, **asked: Any) -> dict[str, Any]:
    answer = await person.get("/api/audit", params=asked)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def verbs(person: Person, **asked: Any) -> list[str]:
    return [each["verb"] for each in (await read(person, **asked))["events"]]


async def a_day(shop: Place, clock: Clock) -> tuple[int, int]:
    """A bicycle, hired by the helper and then another one by the owner; the ids of the rentals."""
    clock.set("2031-03-02T09:00:00+00:00")
    rentals = []
    for person, frame in ((shop.helper, "KA-1"), (shop.owner, "KA-2")):
        bicycle = (await shop.owner.post("/api/bicycles", json=BICYCLE | {"frame_number": frame})).json()["id"]
        clock.forward(hours=1)
        asked = {"bicycle_id": bicycle, "renter": "Ama", "days": 1}
        rentals.append((await person.post("/api/rentals/start", json=asked)).json()["id"])
    return rentals[0], rentals[1]


async def test_p_20_an_event_says_who_when_what_and_from_where(shop: Place, clock: Clock) -> None:
    clock.set("2031-03-02T09:00:00+00:00")
    headers = {"X-Request-ID": "till-7", "User-Agent": "Till/1.0 " + "x" * 300}
    made = (await shop.owner.post("/api/bicycles", json=BICYCLE, headers=headers)).json()
    event = (await read(shop.owner))["events"][0]
    assert event["changes"][0].pop("values")["frame_number"] == "KA-1042"
    assert event == {
        "id": event["id"], "at": "2031-03-02T09:00:00.000000Z", "verb": "bicycle.create", "name": shop.owner.name,
        "actor": f"user:{shop.owner.user_id}", "cause": None,
        "origin": {"via": "api", "source": "127.0.0.1", "agent": ("Till/1.0 " + "x" * 300)[:200], "request_id": "till-7"},
        "changes": [{"entity": "bicycles_bicycles", "id": made["id"], "operation": "add"}],
    }  # fmt: skip


async def test_p_20_every_event_says_which_way_it_came(shop: Place, application: Application, clock: Clock) -> None:
    await a_day(shop, clock)
    key = (await shop.owner.post("/api/api-keys", json={"name": "web shop", "scopes": ["bicycles:write"]})).json()
    headers = {"X-API-Key": key["key"]}
    await shop.owner.http.post("/api/bicycles", json=BICYCLE, headers=headers)
    clock.forward(days=2)
    await application.office.worker.work_once()
    await shop.prefer(currency="GHS")
    owner = ("api", f"user:{shop.owner.user_id}", shop.owner.name)
    events = (await read(shop.owner))["events"]
    ways = [(each["verb"], each["origin"]["via"], each["actor"], each["name"]) for each in events[:5]]
    assert ways == [
        ("setting.change", "job", "system", None),
        ("rental.overdue", "job", "system", None),
        ("rental.overdue", "job", "system", None),
        ("bicycle.create", "api", f"key:{key['id']}", "web shop"),
        ("apikey.create", *owner),
    ]
    assert [each["origin"] for each in events if each["verb"] == "user.create"] == [{"via": "cli"}] * 2


async def test_the_audit_is_asked_for_by_record_actor_and_time(shop: Place, clock: Clock) -> None:
    first, second = await a_day(shop, clock)
    assert await verbs(shop.owner, entity="rentals") == ["rental.start", "rental.start"]
    assert await verbs(shop.owner, entity="bicycles_rentals", entity_id=second) == ["rental.start"]
    (event,) = (await read(shop.owner, actor=f"user:{shop.helper.user_id}"))["events"]
    assert [change["id"] for change in event["changes"] if change["entity"] == "bicycles_rentals"] == [first]
    since = "2031-03-02T10:30:00+00:00"
    assert await verbs(shop.owner, **{"from": since}) == ["rental.start"]
    assert len(await verbs(shop.owner, to=since)) == len(await verbs(shop.owner)) - 1
    assert await verbs(shop.owner, **{"from": "2031-03-03"}) == []
    assert await verbs(shop.owner, entity="nothing") == []
    await shop.prefer(zone="Pacific/Kiritimati")
    assert "rental.start" not in await verbs(shop.owner, to="2031-03-03")
    assert "rental.start" in await verbs(shop.owner, to="2031-03-04")


async def test_the_audit_is_read_page_by_page(shop: Place, clock: Clock) -> None:
    await a_day(shop, clock)
    whole = (await read(shop.owner))["events"]
    found: list[Any] = []
    after: dict[str, Any] = {}
    while True:
        page = await read(shop.owner, limit=2, **after)
        found += page["events"]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == whole
    assert [each["id"] for each in whole] == sorted((each["id"] for each in whole), reverse=True)


async def test_a_malformed_question_is_refused_naming_the_parameter(shop: Place) -> None:
    for name, value in [
        ("limit", "0"), ("limit", "501"), ("after", "x"), ("after", "0"), ("entity_id", "-1"), ("entity", "x" * 64),
        ("actor", "x" * 61), ("from", "yesterday"), ("to", "0001-01-01"), ("to", "9999-12-31"),
        ("from", "0001-01-01T00:00:00+14:00"), ("to", "9999-12-31T23:59:59-14:00"), ("from", "2031-03-02T09:00:00"),
    ]:  # fmt: skip
        answer = await shop.owner.get("/api/audit", params={name: value})
        assert answer.status_code == 422, (name, value)
        assert answer.json()["detail"][0]["loc"][:2] == ["query", name]


async def test_p_16_nobody_sees_in_the_audit_what_they_do_not_see_elsewhere(
    shop: Place, other: Place, clock: Clock
) -> None:
    first, second = await a_day(shop, clock)
    await shop.owner.post("/api/api-keys", json={"name": "till", "scopes": ["read"]})
    await shop.owner.put("/api/settings", json={"currency": "GHS"})
    seen = (await read(shop.helper))["events"]
    rentals = [c["id"] for e in seen for c in e["changes"] if c["entity"] == "bicycles_rentals"]
    assert rentals == [first], "a helper reads their own rentals"
    assert {c["entity"] for e in seen for c in e["changes"]} == {"bicycles_rentals", "bicycles_bicycles"}
    everything = {c["entity"] for e in (await read(shop.owner))["events"] for c in e["changes"]}
    assert everything >= {"kernel_api_keys", "kernel_settings", "users"}
    assert second
    theirs = (await read(other.owner))["events"]
    assert {each["verb"] for each in theirs} == {"user.create"}
    assert await verbs(other.owner, entity="bicycles_rentals", entity_id=first) == []


async def test_the_audit_can_be_read_and_nothing_else_and_reading_it_is_no_event(
    shop: Place, application: Application
) -> None:
    await shop.news()
    await read(shop.owner)
    assert await shop.news() == []
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert (await shop.owner.ask(method, "/api/audit", json={})).status_code == 405
    assert (await application.stranger.get("/api/audit")).status_code == 401
    key = (await shop.owner.post("/api/api-keys", json={"name": "till", "scopes": ["read", "write"]})).json()["key"]
    refused = await shop.owner.http.get("/api/audit", headers={"X-API-Key": key})
    assert refused.json()["detail"] == "This key lacks the scope audit:read"
    key = (await shop.owner.post("/api/api-keys", json={"name": "till", "scopes": ["audit:read"]})).json()["key"]
    assert (await shop.owner.http.get("/api/audit", headers={"X-API-Key": key})).status_code == 200


async def test_row_42_the_anchor_is_the_head_of_the_log(shop: Place, other: Place) -> None:
    before = (await shop.owner.get("/api/audit/anchor")).json()
    event = (await read(shop.owner, limit=1))["events"][0]
    assert before | {"organisation": shop.org_id, "event": event["id"], "at": event["at"]} == before
    await shop.owner.post("/api/bicycles", json=BICYCLE)
    after = (await shop.owner.get("/api/audit/anchor")).json()
    assert (after["event"], after["chain"] == before["chain"]) == (before["event"] + 1, False)
    assert (await other.owner.get("/api/audit/anchor")).json()["organisation"] == other.org_id


async def test_p_20_what_people_do_to_accounts_says_from_where_too(shop: Place, clock: Clock) -> None:
    clock.set("2031-03-02T09:00:00+00:00")
    given = {"username": "ama", "role": "helper"}
    made = (await shop.owner.post("/api/users", json=given)).json()
    page = "/welcome/" + made["link"].rsplit("/", 1)[1]
    chosen = {"password": "four walls and a roof", "again": "four walls and a roof"}
    assert (await shop.owner.http.post(page, data=chosen)).status_code == 303
    credentials = {"username": "ama", "password": chosen["password"]}
    token = (await shop.owner.http.post("/api/auth/login-json", json=credentials)).json()["refresh_token"]
    for _ in range(2):
        await shop.owner.http.post("/api/auth/refresh", json={"refresh_token": token})
        clock.forward(seconds=31)
    events = (await read(shop.owner, limit=5))["events"]
    found = [(each["verb"], each["origin"]["via"], each["origin"]["source"]) for each in events]
    assert found == [
        ("session.reuse", "api", "127.0.0.1"), ("user.sign_in", "api", "127.0.0.1"),
        ("user.sign_in", "ui", "127.0.0.1"), ("user.password", "ui", "127.0.0.1"), ("user.create", "api", "127.0.0.1"),
    ]  # fmt: skip
