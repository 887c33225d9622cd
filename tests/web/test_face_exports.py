"""Long lists as files: a job writes them, the page shows how far it is, and only whoever asked has them."""

import re
from typing import Any

import pytest

from tests.running import Application, Place
from tests.web.hiring import bicycles
from tests.web.looking import Looker, text
from tradehall.kernel.context import Context
from tradehall.kernel.jobs import Job
from tradehall.kernel.progress import Note
from tradehall.kernel.transfer.preparing import Export, Format, Prepared, run
from tradehall.web.face import exporting


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows are many here."""
    monkeypatch.setattr(exporting, "LARGE", 3)


async def done(place: Place, export_id: int) -> dict[str, Any]:
    """An export, once it has ended."""
    while (found := (await place.owner.get(f"/api/exports/jobs/{export_id}")).json())["status"] == "running":
        await place.application.office.work_once()
    return dict(found)


async def test_p_26_a_short_list_comes_at_once_and_a_long_one_is_written_by_a_job(
    application: Application, shop: Place, other: Place
) -> None:
    await bicycles(shop, 3)
    await bicycles(other, 5)
    async with Looker(application, shop.owner) as owner, Looker(application, shop.helper) as helper:
        at_once = await owner.see("/-/export/bicycles.csv")
        assert at_once.headers["Content-Disposition"] == 'attachment; filename="bicycles.csv"'
        assert at_once.text.count("KA-") == 3
        await bicycles(shop, 2, 4)
        assert "5 rows" in text(await owner.see("/-/export/bicycles.csv"))
        begun = await owner.send("/-/export/bicycles.csv?sort=created_at")
        page = begun.headers["Location"].removeprefix("/app")
        await done(shop, int(page.rpartition("/")[2]))
        ended = await owner.see(page)
        assert "Done 5 / 5" in text(ended)
        assert "Refresh" not in ended.headers
        found = await owner.see(f"/-{page}/file")
        assert found.headers["Content-Type"] == "text/csv; charset=utf-8"
        assert re.findall(r"KA-\d+", found.text) == [f"KA-000{n}" for n in range(1, 6)]
        for path in (page, f"/-{page}/file"):
            assert (await helper.see(path)).status_code == 404
        assert (await shop.owner.get("/api/files/1")).status_code == 404  # only by its export, whoever manages
    assert await shop.wrong() == []


async def test_an_export_shows_how_far_it_is_begins_anew_after_a_crash_and_is_stopped(
    application: Application, shop: Place
) -> None:
    await bicycles(shop, 4)

    def begin(ctx: Context) -> int:
        with ctx.happening("test"):
            of = {"of_trade": "bicycles", "type": "bicycles", "by_user": shop.owner.user_id, "by_role": "owner"}
            row = Export(format=Format.XLSX, query={}, status=Prepared.RUNNING, rows=4, position=3, **of)
            return ctx.add(row).id

    crashed, stopped = await shop.work(begin), await shop.work(begin)
    async with Looker(application, shop.owner) as owner:
        going = await owner.see(f"/exports-jobs/{stopped}")
        assert "Running 3 / 4" in text(going)
        assert (going.headers["Refresh"], 'max="4" value="3"' in going.text) == ("2", True)
        assert "now the file is written" not in going.text
        await shop.application.office.database.unit(Note(Export, shop.org_id, stopped, 4))
        assert "now the file is written" in (await owner.see(f"/exports-jobs/{stopped}")).text
        assert (await owner.see(f"/-/exports-jobs/{stopped}/file")).status_code == 404
        assert "Cancelled" in await owner.told(f"/-/exports-jobs/{stopped}/cancel")
        assert (await shop.owner.post(f"/api/exports/jobs/{stopped}/cancel")).status_code == 200
    job = Job.blank | {"id": 0, "org_id": shop.org_id, "of_trade": "bicycles", "payload": {"export": crashed}}
    for _ in range(2):  # the first was killed before its mark
        ended = await run.run(application.office, Job.loaded(job, None))
    assert callable(ended)
    await shop.work(ended)
    found = await done(shop, crashed)
    assert (found["status"], found["position"]) == ("done", 4)
    assert (await shop.owner.get(f"/api/exports/jobs/{crashed}/file")).content[:2] == b"PK"
    assert (await shop.owner.post(f"/api/exports/jobs/{crashed}/cancel")).status_code == 409


async def test_somebody_has_three_exports_at_a_time_of_what_they_may_see(shop: Place) -> None:
    for _ in range(4):
        last = (await shop.helper.post("/api/exports/jobs", json={"type": "bicycles"})).json()["id"]
    assert len((await shop.helper.get("/api/exports/jobs")).json()) == 3
    assert (await shop.owner.get(f"/api/exports/jobs/{last}")).status_code == 404
    for wrong in (
        {"type": "nothing"},
        {"type": "bicycles", "query": {"sort": "nothing"}},
        {"type": "bicycles", "format": "exe"},
    ):
        assert (await shop.owner.post("/api/exports/jobs", json=wrong)).status_code == 422
    assert await shop.wrong() == []
