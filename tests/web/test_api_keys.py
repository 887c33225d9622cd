"""API keys: a program acts in a role, within scopes, until the key ends or is revoked (P-13, P-14, P-16, P-17)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa

from tests.running import Application, Clock, Person, Place
from tradehall.kernel.context import Context
from tradehall.kernel.database import open_database
from tradehall.kernel.errors import Problem, Unauthenticated
from tradehall.kernel.keys import WRONG_FOR_FREE, ApiKey, Keys
from tradehall.kernel.records import find

NINE = "2026-03-02T09:00:00+00:00"
BICYCLE = {"frame_number": "KA-1042", "daily_rate": 12, "deposit": 50}


@dataclass(frozen=True)
class Program:
    """Something that shows a key."""

    http: httpx2.AsyncClient
    key: str

    async def ask(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx2.Response:
        return await self.http.request(method, path, headers={"X-API-Key": self.key} | (headers or {}), **more)


async def made(place: Place, *scopes: str, **more: Any) -> dict[str, Any]:
    """A key of this organisation's; what happened so far is forgotten."""
    answer = await place.owner.post("/api/api-keys", json={"name": "till", "scopes": list(scopes)} | more)
    assert answer.status_code == 201, answer.text
    await place.news()
    found: dict[str, Any] = answer.json()
    return found


async def program(place: Place, *scopes: str, **more: Any) -> Program:
    return Program(place.owner.http, (await made(place, *scopes, **more))["key"])


async def status(someone: Program | Person, method: str, path: str, **more: Any) -> int:
    return (await someone.ask(method, path, **more)).status_code


# Made, shown once, listed, revoked.


async def test_p_13_a_key_is_shown_once_and_kept_as_a_hash(shop: Place) -> None:
    await shop.news()
    answer = await shop.owner.post("/api/api-keys", json={"name": "till", "scopes": ["read", "rentals:write", "read"]})
    assert answer.status_code == 201, answer.text
    body = answer.json()
    key = body.pop("key")
    assert key.startswith(f"th_{shop.org_id}_")
    assert key.startswith(body["prefix"])
    assert len(key) - len(body["prefix"]) > 30
    assert body == {
        "id": body["id"], "name": "till", "prefix": body["prefix"], "role": "owner", "scopes": ["read", "rentals:write"],
        "created_at": body["created_at"], "created_by": shop.owner.user_id, "expires_at": None, "last_used_at": None,
    }  # fmt: skip
    assert (await shop.owner.get("/api/api-keys")).json() == [body]
    ((verb, changes),) = await shop.events()
    assert (verb, list(changes)) == ("apikey.create", [f"add kernel_api_keys {body['id']}"])
    assert "digest" not in changes[f"add kernel_api_keys {body['id']}"]

    def everywhere(session: Any) -> str:
        names = sa.inspect(session.connection).get_table_names()
        return "\n".join(str(row) for name in names for row in session.execute(sa.text(f"SELECT * FROM {name}")))

    assert key.split("_", 2)[2] not in await shop.read(everywhere)


async def test_p_07_an_answer_that_holds_a_key_is_not_kept_under_an_idempotency_key(shop: Place) -> None:
    asked = {"json": {"name": "till", "scopes": ["read"]}, "headers": {"Idempotency-Key": "k"}}
    first, again = [await shop.owner.post("/api/api-keys", **asked) for _ in range(2)]
    assert first.json()["key"] != again.json()["key"]
    assert "Idempotent-Replay" not in again.headers


@pytest.mark.parametrize("header", ["X-API-Key", "Authorization"])
async def test_a_program_shows_its_key_in_either_header(shop: Place, application: Application, header: str) -> None:
    key = (await made(shop, "bicycles:read"))["key"]
    headers = {header: key if header == "X-API-Key" else f"Bearer {key}"}
    assert (await application.http.get("/api/bicycles", headers=headers)).json() == []


async def test_p_20_the_log_names_the_key(shop: Place) -> None:
    key = await made(shop, "bicycles:write")
    answer = await Program(shop.owner.http, key["key"]).ask("POST", "/api/bicycles", json=BICYCLE)
    assert answer.status_code == 201
    (entry,) = (await shop.owner.get(f"/api/bicycles/{answer.json()['id']}/history")).json()
    assert (entry["actor"], entry["verb"]) == (f"key:{key['id']}", "bicycle.create")


async def test_p_07_two_keys_do_not_share_an_idempotency_key(shop: Place) -> None:
    headers = {"Idempotency-Key": "same"}
    for frame in ("KA-1", "KA-2"):
        till = await program(shop, "bicycles:write")
        for replay in (None, "true"):
            body = BICYCLE | {"frame_number": frame}
            answer = await till.ask("POST", "/api/bicycles", json=body, headers=headers)
            assert (answer.status_code, answer.headers.get("Idempotent-Replay")) == (201, replay)


WRONG_WISHES: list[tuple[dict[str, Any], str]] = [
    ({"scopes": []}, "scopes"),
    ({"scopes": ["everything"]}, "scopes"),
    ({"scopes": ["api_keys:write"]}, "scopes"),
    ({"scopes": "read"}, "scopes"),
    ({"role": "king"}, "role"),
    ({"role": "system"}, "role"),
    ({"name": " "}, "name"),
    ({"expires_at": "2026-03-02T08:59:59+00:00"}, "expires_at"),
    ({"expires_at": "2026-04-01T09:00:00"}, "expires_at"),
    ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
]


async def test_a_malformed_wish_for_a_key_is_refused_naming_the_field(shop: Place, clock: Clock) -> None:
    clock.set(NINE)
    for wish, field in WRONG_WISHES:
        answer = await shop.owner.post("/api/api-keys", json={"name": "till", "scopes": ["read"]} | wish)
        assert answer.status_code == 422, wish
        assert {each["loc"][1] for each in answer.json()["detail"]} == {field}
    assert await shop.news() == []


async def test_p_17_nobody_chooses_what_is_not_theirs_to_choose(shop: Place) -> None:
    evil = {"id": 77, "digest": "EVIL", "prefix": "EVIL", "created_by": 77, "of_trade": "EVIL", "org_id": 77}
    key = await made(shop, "read", **evil)
    assert (key["id"] == 77, key["prefix"] == "EVIL", key["created_by"]) == (False, False, shop.owner.user_id)


# What a key may.


REACH: list[tuple[list[str], set[str]]] = [
        (["read"], {"bicycles", "bicycle", "history", "rentals", "takings", "totals"}),
        (["write"], {"add", "hire"}),
        (["bicycles:read"], {"bicycles", "bicycle", "history"}),
        (["bicycles:write"], {"add"}),
        (["rentals:read"], {"rentals"}),
        (["rentals:write"], {"hire"}),
        (["reports:read"], {"takings", "totals"}),
        (["settings:read"], {"settings"}),
        (["settings:write"], {"set"}),
        (["read", "write", "settings:read", "settings:write"],
         {"bicycles", "bicycle", "history", "rentals", "takings", "totals", "add", "hire", "settings", "set"}),
]  # fmt: skip


async def test_a_key_does_what_its_scopes_name_and_nothing_else(shop: Place) -> None:
    for number, (scopes, allowed) in enumerate(REACH):
        assert await reach(shop, scopes, number) == allowed, scopes


async def reach(shop: Place, scopes: list[str], number: int) -> set[str]:
    """What a key with these scopes may; the rest has to be refused."""
    new = {"frame_number": f"old {number}"}
    bicycle = (await shop.owner.post("/api/bicycles", json=BICYCLE | new)).json()["id"]
    asked: dict[str, tuple[str, str, Any]] = {
        "bicycles": ("GET", "/api/bicycles", None),
        "bicycle": ("GET", f"/api/bicycles/{bicycle}", None),
        "history": ("GET", f"/api/bicycles/{bicycle}/history", None),
        "rentals": ("GET", "/api/rentals", None),
        "takings": ("GET", "/api/reports/takings", None),
        "totals": ("GET", "/api/totals/bicycles.takings", None),
        "settings": ("GET", "/api/settings", None),
        "add": ("POST", "/api/bicycles", BICYCLE | {"frame_number": f"new {number}"}),
        "hire": ("POST", "/api/rentals/start", {"bicycle_id": bicycle, "renter": "Ama", "days": 1}),
        "set": ("PUT", "/api/settings", {"currency": "GHS"}),
        "keys": ("GET", "/api/api-keys", None),
        "make": ("POST", "/api/api-keys", {"name": "another", "scopes": ["read"]}),
        "me": ("GET", "/api/auth/me", None),
    }
    till = await program(shop, *scopes)
    found = {name: await status(till, method, path, json=body) for name, (method, path, body) in asked.items()}
    assert set(found.values()) <= {200, 201, 403}
    refusal = await till.ask("GET", "/api/api-keys")
    assert refusal.json()["detail"] == "This key lacks the scope api_keys:read"
    return {name for name, code in found.items() if code < 300}


async def test_a_key_does_no_more_than_its_role(shop: Place) -> None:
    till = await program(shop, "read", "write", "settings:read", role="helper")
    bicycle = (await shop.owner.post("/api/bicycles", json=BICYCLE)).json()["id"]
    assert await status(till, "POST", "/api/bicycles", json=BICYCLE) == 403
    assert await status(till, "GET", "/api/settings") == 403
    rented = await shop.owner.post("/api/rentals/start", json={"bicycle_id": bicycle, "renter": "Ama", "days": 1})
    assert await status(till, "GET", f"/api/rentals/{rented.json()['id']}") == 404
    assert (await till.ask("GET", "/api/bicycles")).json()[0]["id"] == bicycle


async def test_a_key_needs_the_scope_of_files_and_that_of_the_rows_that_hold_them(shop: Place) -> None:
    path = f"/api/bicycles/{(await shop.owner.post('/api/bicycles', json=BICYCLE)).json()['id']}/files"
    sent = {"files": {"file": ("bill.pdf", b"%PDF-1.4\n%%EOF\n", "application/pdf")}}
    made = await shop.owner.post(path, **sent)
    assert made.status_code == 201, made.text
    file = f"/api/files/{made.json()['id']}"
    for scopes, code in (
        (["read", "write"], 403), (["files:read"], 404), (["files:read", "rentals:read"], 404),
        (["files:write", "bicycles:read"], 403), (["files:read", "bicycles:read"], 200), (["files:read", "read"], 200),
    ):  # fmt: skip
        assert await status(await program(shop, *scopes), "GET", file) == code, scopes
    assert await status(await program(shop, "files:read", "read"), "POST", path, **sent) == 403
    assert await status(await program(shop, "files:write", "read"), "POST", path, **sent) == 201
    (event,) = (await shop.owner.get("/api/audit", params={"entity": "files", "limit": 1})).json()["events"]
    assert (event["origin"]["via"], event["origin"]["agent"][:14]) == ("api", "python-httpx2/")


async def test_only_the_owner_has_to_do_with_keys(shop: Place, application: Application) -> None:
    key = await made(shop, "read")
    for person, code in ((shop.helper, 403), (application.stranger, 401)):
        assert await status(person, "GET", "/api/api-keys") == code
        assert await status(person, "POST", "/api/api-keys", json={"name": "x", "scopes": ["read"]}) == code
        assert await status(person, "DELETE", f"/api/api-keys/{key['id']}") == code
    assert await shop.news() == []


async def test_p_16_a_key_acts_in_its_own_organisation_and_is_unknown_to_others(shop: Place, other: Place) -> None:
    key = await made(shop, "read")
    here, there = Program(shop.owner.http, key["key"]), await program(other, "read")
    bicycle = (await shop.owner.post("/api/bicycles", json=BICYCLE)).json()["id"]
    assert [row["id"] for row in (await here.ask("GET", "/api/bicycles")).json()] == [bicycle]
    assert (await there.ask("GET", "/api/bicycles")).json() == []
    assert await status(there, "GET", f"/api/bicycles/{bicycle}") == 404
    assert key["id"] not in [row["id"] for row in (await other.owner.get("/api/api-keys")).json()]
    foreign = await other.owner.delete(f"/api/api-keys/{key['id']}", headers={"X-Request-ID": "same"})
    nobody = await other.owner.delete("/api/api-keys/999999", headers={"X-Request-ID": "same"})
    assert (foreign.status_code, foreign.content) == (404, nobody.content)
    assert await status(here, "GET", "/api/bicycles") == 200
    forged = f"th_{other.org_id}_" + key["key"].split("_", 2)[2]
    assert await status(Program(here.http, forged), "GET", "/api/bicycles") == 401


# How a key ends.


async def test_row_15_a_revoked_key_is_forgotten_by_every_process_that_knew_it(
    shop: Place, application: Application, database_url: str, tmp_path: Any
) -> None:
    key = await made(shop, "bicycles:read")
    till = Program(shop.owner.http, key["key"])
    elsewhere = Keys(open_database(database_url, tmp_path))
    try:
        await elsewhere.look()
        now = application.office.clock()
        assert (await elsewhere.actor(key["key"], application.trade, "", now)).label == f"key:{key['id']}"
        assert await status(till, "GET", "/api/bicycles") == 200
        assert await status(shop.owner, "DELETE", f"/api/api-keys/{key['id']}") == 204
        assert await shop.news() == [f"apikey.revoke: delete kernel_api_keys {key['id']}"]
        await asyncio.gather(elsewhere.look(), application.office.keys.look())
        assert await status(till, "GET", "/api/bicycles") == 401
        with pytest.raises(Unauthenticated):
            await elsewhere.actor(key["key"], application.trade, "", now)
    finally:
        await elsewhere._database.close()
    assert (await shop.owner.get("/api/api-keys")).json() == []


async def test_an_expired_key_stops_at_once_although_it_is_known(shop: Place, clock: Clock) -> None:
    clock.set(NINE)
    till = await program(shop, "read", expires_at="2026-03-02T10:00:00+00:00")
    clock.forward(minutes=59, seconds=59)
    assert await status(till, "GET", "/api/bicycles") == 200
    clock.forward(seconds=1)
    assert await status(till, "GET", "/api/bicycles") == 401


FORGERIES: list[Callable[[str], str]] = [
        lambda key: "none", lambda key: "th_", lambda key: key[:-1], lambda key: key + "A", lambda key: key.upper(),
        lambda key: key.replace("th_", "sk_", 1), lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"),
        lambda key: "th_0_" + key.split("_", 2)[2], lambda key: "th_" + "9" * 40 + "_" + key.split("_", 2)[2],
        lambda key: key + "%00", lambda key: "th_1_' OR '1'='1" + "x" * 30, lambda key: "x" * 5000,
]  # fmt: skip


async def test_row_12_what_is_not_the_key_opens_nothing(shop: Place) -> None:
    key = (await made(shop, "read"))["key"]
    for forged in (change(key) for change in FORGERIES):
        assert await status(Program(shop.owner.http, forged), "GET", "/api/bicycles") == 401
        headers = {"Authorization": f"Bearer {forged}"}
        assert (await shop.owner.http.get("/api/bicycles", headers=headers)).status_code == 401


async def test_p_13_a_source_that_shows_many_wrong_keys_waits_while_known_keys_work(shop: Place, clock: Clock) -> None:
    clock.set(NINE)
    known, unknown = await program(shop, "read"), await program(shop, "read")
    assert await status(known, "GET", "/api/bicycles") == 200
    wrong = [Program(known.http, known.key[:-4] + f"{number:04d}") for number in range(WRONG_FOR_FREE + 1)]
    found = [await status(each, "GET", "/api/bicycles") for each in (wrong[0], *wrong[:-1])]
    assert set(found) == {401}, "a wrong key that comes again is no new guess"
    answer = await wrong[-1].ask("GET", "/api/bicycles")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
    assert await status(unknown, "GET", "/api/bicycles") == 429
    assert await status(known, "GET", "/api/bicycles") == 200
    clock.forward(seconds=61)
    assert await status(unknown, "GET", "/api/bicycles") == 200


async def test_p_29_wrong_keys_count_in_every_process_and_parallel_ones_too(
    shop: Place, application: Application, clock: Clock, database_url: str, tmp_path: Any
) -> None:
    clock.set(NINE)
    known, unknown = await program(shop, "read"), await program(shop, "read")
    assert await status(known, "GET", "/api/bicycles") == 200
    elsewhere = Keys(open_database(database_url, tmp_path))

    async def shown(key: str, address: str) -> int:
        try:
            await elsewhere.actor(key, application.trade, address, clock())
        except Problem as refusal:
            return refusal.status
        return 200

    try:
        wrong = [known.key[:-4] + f"{number:04d}" for number in range(4 * WRONG_FOR_FREE)]
        found = await asyncio.gather(*(shown(each, "127.0.0.1") for each in wrong))
        assert Counter(found) == {401: WRONG_FOR_FREE, 429: 3 * WRONG_FOR_FREE}
        assert await status(unknown, "GET", "/api/bicycles") == 429, "counted by the other process"
        assert await status(known, "GET", "/api/bicycles") == 200
        assert await shown(unknown.key, "192.0.2.1") == 200, "from another address"
        clock.forward(seconds=60)
        assert await status(unknown, "GET", "/api/bicycles") == 200
        assert await shown(wrong[-1], "127.0.0.1") == 401
    finally:
        await elsewhere._database.close()
    assert await shop.news() == []


async def test_a_key_of_one_trade_opens_no_other(shop: Place, application: Application) -> None:
    till = await program(shop, "read")

    def rename(ctx: Context) -> None:
        with ctx.happening("test.rename"):
            for row in ctx.all(find(ApiKey)):
                row.of_trade = "phoneshop"

    await shop.work(rename)
    assert await status(till, "GET", "/api/bicycles") == 401
    assert (await shop.owner.get("/api/api-keys")).json() == []


async def test_when_a_key_was_last_used_is_noted_later_and_once_a_minute(
    shop: Place, application: Application, clock: Clock
) -> None:
    clock.set(NINE)
    till, keys = await program(shop, "read"), application.office.keys

    async def noted() -> str | None:
        await keys.look()
        (row,) = (await shop.owner.get("/api/api-keys")).json()
        found: str | None = row["last_used_at"]
        return found

    assert await noted() is None
    for seconds, wanted in ((0, "09:00:00"), (59, "09:00:00"), (60, "09:01:00"), (61, "09:01:00")):
        clock.set(NINE)
        clock.forward(seconds=seconds)
        assert await status(till, "GET", "/api/bicycles") == 200
        assert await noted() == f"2026-03-02T{wanted}.000000Z"
    assert await shop.news() == []
