"""What the pages hold against whoever means harm: rows 15, 17, 20, 21, 22 and 40 on pages, and no more questions than needed."""

from collections.abc import AsyncIterator
from itertools import product
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.running import Application, Clock, Place, Switchboard, opened
from tests.web.browsing import Browser, Seen, looking
from tests.web.harm import EVIL, FOREIGN, harmless
from tests.web.hiring import a_bicycle, a_rental, bicycles
from tradehall.kernel.database import Session
from tradehall.kernel.database.postgres import PostgresSession
from tradehall.kernel.database.sqlite import SqliteSession
from tradehall.kernel.trade import Trade
from tradehall.web.face.rooms import House

OWN = (
    "", "/-/search", "/-/keys", "/-/account", "/-/people", "/-/settings", "/-/templates", "/-/audit", "/-/backups",
    "/-/privacy", "/-/boards/rentals", "/-/boards/bicycles", "/-/charts/takings", "/-/calendars/rentals", "/-/totals/takings",
)  # fmt: skip


def addresses(application: Application, rental: int, bicycle: int) -> list[str]:
    """Pages of every kind."""
    house = House(application.trade)
    rooms = [f"/{name}" for name in house.rooms]
    one = [f"/rentals/{rental}", f"/bicycles/{bicycle}", f"/bicycles/{bicycle}/edit", f"/rentals/{rental}/do/give-back"]
    return [f"/app{each}" for each in (*OWN, *rooms, *one, "/bicycles/new", "/rentals/do/start", "/bicycles/pick")]


@pytest.mark.parametrize("word", EVIL)
async def test_rows_17_and_20_what_somebody_writes_is_text_on_every_page_that_shows_it(
    application: Application, shop: Place, word: str
) -> None:
    bicycle = await a_bicycle(shop, word[:40])
    rental = await a_rental(shop, word, bicycle_id=bicycle)
    await shop.prefer(name=word)
    async with looking(application, shop.owner) as browser:
        for address in addresses(application, rental, bicycle):
            page = await browser.get(address)
            assert page.status == 200, (address, page.html[:300])
            harmless(page)
        found = await browser.get(f"/app/rentals/{rental}")
        assert found.one("h1").text == " ".join(word.split())
        for query in ("/-/search", "/bicycles", "/bicycles/pick", "/-/audit"):
            names = {
                "q": word,
                "search": word,
                "actor": word,
                "status": word,
                "sort": word,
                "columns": word,
                "after": word,
            }
            for name, value in names.items():
                answer = Seen(await browser.http.get(f"/app{query}", params={name: value}))
                assert answer.status < 500
                harmless(answer)


async def test_row_20_every_page_has_a_policy_without_a_hole(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    rental = await a_rental(shop)
    async with looking(application, shop.owner) as browser, looking(application) as stranger:
        pages = [await browser.get(each) for each in addresses(application, rental, bicycle)]
        pages += [
            await stranger.get(each) for each in ("/app/-/sign-in", "/app/-/sign-in/forgot", "/app/nowhere", "/app")
        ]
        for page in pages:
            policy = page.answer.headers["content-security-policy"]
            assert "unsafe" not in policy
            assert "default-src 'self'" in policy
            assert "frame-ancestors 'none'" in policy
            assert page.answer.headers["x-content-type-options"] == "nosniff"
            assert "style" not in {name for each in page.walk() for name in each.given}
            assert page.all("style") == []


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_row_21_no_form_of_another_place_does_anything(
    application: Application, shop: Place, headers: dict[str, str]
) -> None:
    bicycle, rental = await a_bicycle(shop), await a_rental(shop)
    await shop.news()
    unsafe = [
        "/-/look", "/-/sign-out", "/-/sign-in", "/-/settings", "/-/privacy/erase", "/bicycles/new", "/bicycles/do/create",
        f"/bicycles/{bicycle}/edit", f"/bicycles/{bicycle}/do/edit", f"/bicycles/{bicycle}/do/delete",
        "/bicycles/many/delete", "/rentals/do/start", f"/rentals/{rental}/do/give-back", "/api-keys/do/create",
    ]  # fmt: skip
    async with looking(application, shop.owner) as browser:
        for path in unsafe:
            answer = await browser.post(f"/app{path}", {"frame_number": "X", "damage": "1"}, headers=headers)
            assert answer.status == 403, path
        assert (await browser.get("/app/rentals")).status == 200
    assert await shop.news() == []


PRIVILEGED: dict[str, str] = {
    "id": "77000077", "org_id": "77000077", "version_": "77", "created_at": "1977-07-07T07:07", "status": "damaged",
    "staff_id": "77000077", "charge": "77000077", "returned_at": "1977-07-07T07:07", "due_at": "1977-07-07T07:07",
    "role": "owner", "actor": "system", "organisation_id": "77000077", "is_active": "false", "folded": "EVIL",
}  # fmt: skip


async def test_row_22_a_form_writes_the_fields_that_it_shows(application: Application, shop: Place) -> None:
    async with looking(application, shop.owner) as browser:
        given = {"frame_number": "KA-1", "daily_rate": "12", "deposit": "50"}
        made = await browser.post("/app/bicycles/do/create", given | PRIVILEGED)
        assert made.status == 303, made.alerts
        row = (await shop.owner.get("/api/bicycles")).json()[0]
        assert (row["status"], row["frame_number"]) == ("free", "KA-1")
        assert "7700" not in str(row)
        assert "1977" not in str(row)
        changed = await browser.post(f"/app/bicycles/{row['id']}/do/edit", {"daily_rate": "13"} | PRIVILEGED)
        assert changed.status == 303
        row = (await shop.owner.get(f"/api/bicycles/{row['id']}")).json()
        assert (row["daily_rate"], row["status"]) == (13, "free")
        assert "1977" not in str(row)
    assert await shop.wrong() == []


async def test_row_15_whoever_is_shut_out_sees_no_page_any_more(application: Application, shop: Place) -> None:
    async with looking(application) as browser:
        await browser.sign_in(shop.helper.name)
        assert (await browser.get("/app/rentals")).status == 200
        off = await shop.owner.patch(f"/api/users/{shop.helper.user_id}", json={"is_active": False})
        assert off.status_code == 200
        for path in ("/app", "/app/rentals", "/app/-/account"):
            assert (await browser.get(path)).to.startswith("/app/-/sign-in")
        answer = await browser.http.get("/app/-/live")
        assert (answer.status_code, answer.headers["location"][:14]) == (303, "/app/-/sign-in")


async def test_row_15_whoever_gets_another_role_sees_the_pages_of_that(application: Application, shop: Place) -> None:
    async with looking(application, shop.helper) as browser:
        assert (await browser.get("/app/-/people")).status == 403
        await shop.owner.patch(f"/api/users/{shop.helper.user_id}", json={"role": "owner"})
        assert (await browser.get("/app/-/people")).status == 200


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that are run from now on."""
    found: list[str] = []
    for kind, name in product((Session, SqliteSession, PostgresSession), ("run", "execute", "dicts")):
        run = kind.__dict__.get(name)
        if run is None:
            continue

        def noted(self: Session, statement: Any, *args: Any, run: Any = run, **more: Any) -> Any:
            found.append("")
            return run(self, statement, *args, **more)

        monkeypatch.setattr(kind, name, noted)
    return found


async def test_a_list_asks_as_little_for_fifty_rows_as_for_one(
    application: Application, shop: Place, counted: list[str]
) -> None:
    async def asked(browser: Browser, path: str) -> int:
        found = []
        for _ in range(4):  # the office asks something by itself now and then
            counted.clear()
            assert (await browser.get(path)).status == 200
            found.append(len(counted))
        return min(found)

    async with looking(application, shop.owner) as browser:
        await a_rental(shop)
        paths = ("/app/rentals", "/app/bicycles", "/app/-/boards/rentals", "/app/-/calendars/rentals")
        for path in paths:
            await browser.get(path)
        few = [await asked(browser, path) for path in paths]
        await bicycles(shop, 30, 100)
        for number in range(20):
            await a_rental(shop, f"Renter {number}")
        many = [await asked(browser, path) for path in paths]
    assert all(now <= before + 2 for now, before in zip(many, few, strict=True)), (few, many)
    assert max(many) <= 25


@pytest.fixture
async def limited(
    database_url: str, trade: Trade, clock: Clock, served: tuple[Switchboard, httpx2.AsyncClient], tmp_path: Path
) -> AsyncIterator[Application]:
    """The bicycle rental with few requests to give away."""
    limits = {"rate_limit": "5/day", "rate_limit_auth": "2/day"}
    async with opened(database_url, trade, clock, served, tmp_path, **limits) as application:
        yield application


async def test_row_40_pages_and_signing_in_on_them_have_limits_that_say_when_to_come_back(limited: Application) -> None:
    async with looking(limited, limited.places["accra"].owner) as browser:
        await limited.office.tokens.look()  # else the office's own look might forget the token in between
        answers = [await browser.get("/app/rentals") for _ in range(7)]
        # The first shows a token that nobody knows yet: the address pays for it.
        assert [each.status for each in answers] == [200] * 6 + [429]
        assert int(answers[-1].answer.headers["retry-after"]) >= 1
    async with looking(limited) as stranger:
        tries = [await stranger.sign_in("owner-accra", "wrong") for _ in range(3)]
        assert [each.status for each in tries] == [401, 401, 429]
        assert int(tries[-1].answer.headers["retry-after"]) >= 1
