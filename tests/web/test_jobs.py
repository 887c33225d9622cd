"""The jobs of a trade over HTTP: what waits, what is dead and why, and another try (P-24)."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.running import Application, Place
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Unavailable
from tradehall.kernel.jobs import JOBS, Job, Task, task
from tradehall.kernel.office import Office

HEARD: list[int] = []
DOOR = asyncio.Event()
MINE = {"verb": "rental.knock"}


@task("rental.knock")
async def knock(office: Office, job: Job) -> None:
    """Knock at a door that opens the second time."""
    HEARD.append(job.id)
    if HEARD.count(job.id) == 1:
        raise Unavailable("Nobody at home")


@task("rental.wait")
async def wait(office: Office, job: Job) -> None:
    """Wait until the door is open."""
    await DOOR.wait()


async def later(place: Place, what: Task = knock, **more: Any) -> int:
    """Have a task done in an organisation; the job's id."""

    def rule(ctx: Context) -> int:
        ctx.later(what, {"door": "a secret"}, **more)
        newest = sa.select(sa.func.max(JOBS.c.id)).where(JOBS.c.verb == what.name)
        return int(ctx.session.execute(newest).scalar_one())

    return int(await place.work(rule))


async def job(place: Place, job_id: int) -> dict[str, Any]:
    """A job as its owner sees it."""
    found: dict[str, Any] = (await place.owner.get(f"/api/jobs/{job_id}")).json()
    return found


async def until(place: Place, job_id: int, **wanted: Any) -> dict[str, Any]:
    """The job once it is so."""
    while True:
        found = await job(place, job_id)
        if wanted.items() <= found.items():
            return found
        await asyncio.sleep(0.01)


async def dead(place: Place) -> int:
    """A job that failed too often."""
    job_id = await later(place, due=place.application.office.clock() + timedelta(days=1))
    await place.work(lambda ctx: ctx.session.execute(
        sa.update(JOBS).where(JOBS.c.id == job_id).values(state="dead", attempts=8, error="Nobody at home")
    ))  # fmt: skip
    return job_id


async def test_p_24_what_is_dead_is_visible_and_done_after_another_try(shop: Place) -> None:
    job_id = await dead(shop)
    waiting = await later(shop, due=shop.application.office.clock() + timedelta(days=1))
    [found] = (await shop.owner.get("/api/jobs", params={"state": "dead"})).json()
    assert found == {
        "id": job_id, "state": "dead", "verb": "rental.knock", "entity": "", "record_id": 0, "due_at": found["due_at"],
        "attempts": 8, "error": "Nobody at home", "created_at": found["created_at"], "updated_at": found["updated_at"],
    }  # fmt: skip
    assert [each["id"] for each in (await shop.owner.get("/api/jobs", params=MINE)).json()] == [waiting, job_id]
    await shop.events()
    HEARD.append(job_id)
    answer = await shop.owner.post(f"/api/jobs/{job_id}/retry")
    assert (answer.status_code, answer.json()["state"], answer.json()["attempts"]) == (200, "queued", 0)
    await until(shop, job_id, state="done")
    assert HEARD.count(job_id) == 2
    assert [verb for verb, _ in await shop.events()] == ["job.retry"]
    again = await shop.owner.post(f"/api/jobs/{job_id}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "not_waiting")


async def test_p_24_what_failed_waits_for_its_next_try_or_is_tried_now(shop: Place) -> None:
    job_id = await later(shop)
    found = await until(shop, job_id, state="queued", attempts=1)
    assert found["error"].startswith("Unavailable unavailable at tests/web/test_jobs.py:")
    assert (found["state"], found["attempts"]) == ("queued", 1)
    assert (await shop.owner.post(f"/api/jobs/{job_id}/retry")).status_code == 200
    await until(shop, job_id, state="done")


async def test_p_24_what_is_under_way_is_left_alone(shop: Place) -> None:
    job_id = await later(shop, wait)
    await until(shop, job_id, state="running")
    answer = await shop.owner.post(f"/api/jobs/{job_id}/retry")
    DOOR.set()
    assert (answer.status_code, answer.json()["code"]) == (409, "not_waiting")


async def test_p_16_jobs_are_the_owners_of_their_own_organisation(shop: Place, other: Place) -> None:
    job_id = await dead(shop)
    assert (await other.owner.get("/api/jobs", params=MINE)).json() == []
    for answer in (await other.owner.get(f"/api/jobs/{job_id}"), await other.owner.post(f"/api/jobs/{job_id}/retry")):
        assert (answer.status_code, answer.json()["detail"]) == (404, "Job not found")
    for answer in (await shop.helper.get("/api/jobs"), await shop.helper.post(f"/api/jobs/{job_id}/retry")):
        assert answer.status_code == 403
    assert (await shop.owner.get("/api/jobs", params={"state": "asleep"})).status_code == 422


async def test_p_09_the_list_has_a_cursor(shop: Place) -> None:
    ids = [await dead(shop) for _ in range(5)]
    seen: list[int] = []
    params: dict[str, Any] = {"limit": 2, "state": "dead"}
    while True:
        answer = await shop.owner.get("/api/jobs", params=params)
        assert answer.headers["X-Total-Count"] == "5"
        seen += [each["id"] for each in answer.json()]
        if "X-Next-Cursor" not in answer.headers:
            break
        params["after"] = answer.headers["X-Next-Cursor"]
    assert seen == ids[::-1]


async def test_row_41_nothing_of_what_a_job_carries_is_shown(shop: Place, application: Application) -> None:
    job_id = await dead(shop)
    assert "secret" not in (await shop.owner.get("/api/jobs")).text
    assert "secret" not in (await shop.owner.post(f"/api/jobs/{job_id}/retry", params={"dry_run": "1"})).text


@pytest.fixture(autouse=True)
def nobody_was_heard() -> None:
    HEARD.clear()
    DOOR.clear()
