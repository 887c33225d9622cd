"""Files on the page of a row, and tables that are imported on a page."""

import asyncio
import re

import httpx2

from tests.files.samples import picture
from tests.running import Application, Place
from tests.web.looking import SAME_SITE, Looker, text

NOTES = {"file": ("notes.txt", b"Chain oiled.", "text/plain")}


async def a_bicycle(shop: Place, frame: str = "KA-1") -> int:
    made = await shop.owner.post("/api/bicycles", json={"frame_number": frame, "daily_rate": 12, "deposit": 50})
    return int(made.json()["id"])


async def test_p_25_a_file_is_attached_seen_and_removed(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    async with Looker(application, shop.owner) as owner:
        at = f"/bicycles/{bicycle}"
        assert "The file is attached" in await owner.told(f"{at}/files", files=NOTES)
        page = await owner.see(at)
        assert "notes.txt" in text(page)
        found = await owner.see("/-/files/1")
        assert (found.status_code, found.content) == (200, b"Chain oiled.")
        assert found.headers["Content-Disposition"].startswith("attachment")
        assert "The file is removed" in await owner.told("/-/files/1/remove", {"back": f"/app{at}"})
        assert (await owner.see("/-/files/1")).status_code == 404
    news = [each.split(":")[0] for each in await shop.news()]
    assert news == ["bicycle.create", "file.upload", "file.remove"]


async def test_p_25_a_picture_has_a_smaller_one_on_the_page(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    async with Looker(application, shop.owner) as owner:
        sent = {"file": ("bicycle.png", picture(), "image/png")}
        await owner.told(f"/bicycles/{bicycle}/files", files=sent)
        page = await owner.see(f"/bicycles/{bicycle}")
        (small,) = re.findall(r'src="/app(/-/files/\d+\?size=256)"', page.text)
        found = await owner.see(small)
        assert (found.status_code, found.headers["Content-Type"]) == (200, "image/png")


async def test_p_25_what_is_no_file_for_here_is_refused_in_a_sentence(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    async with Looker(application, shop.owner) as owner:
        sent = {"file": ("page.html", b"<script>alert(1)</script>", "text/html")}
        page = await owner.send(f"/bicycles/{bicycle}/files", files=sent)
        assert page.status_code == 415
        assert "PNG" in text(page)
        assert (await owner.send("/bicycles/999/files", files=NOTES)).status_code == 404
        foreign = await owner.http.post(f"/app/bicycles/{bicycle}/files", files=NOTES)
        assert foreign.status_code == 403


async def test_p_25_a_script_of_a_page_attaches_a_file_once_for_each_key(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    async with Looker(application, shop.owner) as owner:
        at, headers = f"/app/-/api/api/bicycles/{bicycle}/files", {**SAME_SITE, "Idempotency-Key": "photo"}
        first, again = [await owner.http.post(at, files=NOTES, headers=headers) for _ in range(2)]
        assert (first.status_code, again.json()["id"]) == (201, first.json()["id"])
        lost = await owner.http.post("/app/-/api/api/bicycles/999/files", files=NOTES, headers=SAME_SITE)
        assert (lost.status_code, lost.json()["said"]) == (404, "Bicycle not found")
    assert len((await shop.owner.get(f"/api/bicycles/{bicycle}/files")).json()) == 1


async def test_p_16_nobody_sees_a_file_of_another_organisation(
    application: Application, shop: Place, other: Place
) -> None:
    bicycle = await a_bicycle(shop)
    async with Looker(application, shop.owner) as owner, Looker(application, other.owner) as stranger:
        await owner.send(f"/bicycles/{bicycle}/files", files=NOTES)
        assert (await stranger.see("/-/files/1")).status_code == 404
        assert (await stranger.send("/-/files/1/remove")).status_code == 404
        assert (await stranger.send(f"/bicycles/{bicycle}/files", files=NOTES)).status_code == 404
        assert (await owner.see("/-/files/1")).status_code == 200
    async with Looker(application) as nobody:
        assert (await nobody.see("/-/files/1")).status_code == 303


TABLE = b"Frame,Rate per day,deposit\nKA-1,12,50\nKA-2,much,50\n"
STRANGE = b"A,B,C\nKA-7,12,50\n"


async def settled(owner: Looker, at: str) -> httpx2.Response:
    """The page of an import once it has come to rest; until then it asks to be looked at again."""
    while True:
        page = await owner.see(at)
        if "Refresh" not in page.headers:
            return page
        assert "This page looks again by itself" in text(page)
        await asyncio.sleep(0.05)


async def test_p_27_a_table_is_sent_put_in_order_checked_and_imported(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner:
        assert (await owner.see("/imports/do/upload")).headers["Location"] == "/app/-/imports/new"
        assert "/-/imports/new?type=bicycles" in (await owner.see("/bicycles")).text
        assert '<option value="bicycles" selected>' in (await owner.see("/-/imports/new?type=bicycles")).text
        sent = {"type": "bicycles", "decimal": "", "dates": "", "existing": ""}
        answer = await owner.send("/-/imports/new", sent, files={"file": ("bicycles.csv", TABLE, "text/csv")})
        assert answer.status_code == 303, text(answer)
        at = answer.headers["Location"].removeprefix("/app")
        page = await settled(owner, at)
        assert 'name="column" value="Rate per day"' in page.text
        chosen = {"column": ["Frame", "Rate per day", "deposit"], "field": ["frame_number", "daily_rate", "deposit"]}
        await owner.send(f"/-{at}/columns", chosen)
        page = await settled(owner, at)
        assert "Nothing is imported yet" in text(page)
        assert "Rows that are wrong" in text(page)
        wrong = await owner.see(f"/-{at}/errors.csv")
        assert wrong.headers["Content-Type"].startswith("text/csv")
        assert "much" in wrong.text
        assert (await shop.owner.get("/api/bicycles")).json() == []
        await owner.send(f"/-{at}/start")
        assert "Done" in text(await settled(owner, at))
        (made,) = (await shop.owner.get("/api/bicycles")).json()
        assert made["frame_number"] == "KA-1"
        again = await owner.send(f"/-{at}/cancel")
        assert again.status_code == 409
        assert "there is nothing to cancel" in text(again)


async def test_p_27_what_goes_where_is_asked_where_titles_do_not_tell_and_remembered(
    application: Application, shop: Place
) -> None:
    async with Looker(application, shop.owner) as owner:

        async def send(table: bytes) -> tuple[str, httpx2.Response]:
            answer = await owner.send(
                "/-/imports/new", {"type": "bicycles"}, files={"file": ("bicycles.csv", table, "text/csv")}
            )
            assert answer.status_code == 303, text(answer)
            at = answer.headers["Location"].removeprefix("/app")
            return at, await settled(owner, at)

        at, page = await send(STRANGE)
        assert "No column goes into a field" in text(page)
        assert "Which column is what" in text(page)
        assert (await owner.send(f"/-{at}/start")).status_code == 409
        chosen = {"column": ["A", "B", "C"], "field": ["frame_number", "daily_rate", "deposit"]}
        await owner.send(f"/-{at}/columns", chosen)
        assert "Nothing is imported yet" in text(await settled(owner, at))
        await owner.send(f"/-{at}/start")
        assert "Done" in text(await settled(owner, at))
        _, page = await send(STRANGE.replace(b"KA-7", b"KA-8"))
        assert "Nothing is imported yet" in text(page)
    refused = await shop.owner.post(
        "/api/imports", data={"type": "bicycles"}, files={"file": ("b.csv", STRANGE, "text/csv")}
    )
    assert refused.status_code == 422  # a program says what goes where


async def test_p_27_what_can_t_be_imported_is_said_in_the_form(application: Application, shop: Place) -> None:
    async with Looker(application, shop.owner) as owner:
        page = await owner.send(
            "/-/imports/new", {"type": "moons"}, files={"file": ("bicycles.csv", TABLE, "text/csv")}
        )
        assert page.status_code in (404, 422)
        assert 'name="type"' in page.text
        assert (await owner.see("/imports/99")).status_code == 404
        assert (await owner.send("/-/imports/99/start")).status_code == 404
    assert await shop.news() == []
