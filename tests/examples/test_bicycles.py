"""The bicycle rental, from the first bicycle to the takings: what a page of Python gives."""

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import bicycles
import httpx2
import pytest

from tests.running import Application, Clock, Person, Place
from tradehall.kernel.context import Context

EXAMPLE = Path(bicycles.__file__)
PROGRAMS = Path(__file__).parents[2] / ".venv/bin"
NINE = "2026-03-02T09:00:00+00:00"


def done(answer: httpx2.Response, status: int = 201) -> dict[str, Any]:
    """The body of an answer that must have this status."""
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


def refused(answer: httpx2.Response) -> tuple[str, str]:
    """The code and the sentence of a refusal."""
    body = done(answer, 409)
    return body["code"], body["detail"]


async def a_bicycle(place: Place, **more: Any) -> dict[str, Any]:
    given = {"frame_number": "KA-1042", "daily_rate": 12, "deposit": 50} | more
    return done(await place.owner.post("/api/bicycles", json=given))


async def a_rental(place: Place, person: Person | None = None, **more: Any) -> dict[str, Any]:
    """A rental by the helper of a new bicycle, unless they are given; what happened so far is forgotten."""
    given = {"renter": "Ama Owusu", "days": 2} | more
    if "bicycle_id" not in given:
        given["bicycle_id"] = (await a_bicycle(place))["id"]
    rental = done(await (person or place.helper).post("/api/rentals/start", json=given))
    await place.news()
    return rental


async def give_back(person: Person, rental: dict[str, Any], damage: Any = 0) -> httpx2.Response:
    return await person.post(f"/api/rentals/{rental['id']}/give-back", json={"damage": damage})


async def state_of(place: Place, bicycle_id: int) -> str:
    state: str = done(await place.owner.get(f"/api/bicycles/{bicycle_id}"), 200)["status"]
    return state


# Bicycles.


async def test_the_owner_adds_bicycles_and_the_helper_sees_them(shop: Place) -> None:
    made = await a_bicycle(shop)
    assert made | {"frame_number": "KA-1042", "daily_rate": 12.0, "deposit": 50.0, "status": "free"} == made
    assert (await shop.helper.get("/api/bicycles")).json() == [made]
    assert await shop.events() == [
        (
            "bicycle.create",
            {
                f"add bicycles {made['id']}": {
                    "id": made["id"], "created_at": made["created_at"], "frame_number": "KA-1042", "daily_rate": 12.0,
                    "deposit": 50.0, "status": "free",
                }
            },
        )
    ]  # fmt: skip


async def test_the_helper_may_not_add_change_or_delete_bicycles(shop: Place) -> None:
    made = await a_bicycle(shop)
    await shop.news()
    path = f"/api/bicycles/{made['id']}"
    assert (await shop.helper.post("/api/bicycles", json={"frame_number": "X"})).status_code == 403
    assert (await shop.helper.patch(path, json={"daily_rate": 1})).status_code == 403
    assert (await shop.helper.delete(path)).status_code == 403
    assert await shop.news() == []


async def test_a_frame_number_is_used_once_in_an_organisation(shop: Place, other: Place) -> None:
    await a_bicycle(shop)
    again = await shop.owner.post("/api/bicycles", json={"frame_number": "KA-1042", "daily_rate": 9, "deposit": 5})
    assert refused(again) == ("conflict", "There is a bicycle with this frame number already")
    assert (await a_bicycle(other))["status"] == "free"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"daily_rate": 0}, "daily_rate"),
        ({"deposit": -1}, "deposit"),
        ({"frame_number": ""}, "frame_number"),
        ({"frame_number": "x" * 41}, "frame_number"),
        ({"daily_rate": "1e400"}, "daily_rate"),
    ],
)
async def test_a_malformed_bicycle_is_refused_naming_the_field(shop: Place, changes: Any, field: str) -> None:
    given = {"frame_number": "KA-1", "daily_rate": 12, "deposit": 50} | changes
    wrong = done(await shop.owner.post("/api/bicycles", json=given), 422)
    assert [each["loc"] for each in wrong["detail"]] == [["body", field]]
    assert await shop.news() == []


async def test_a_bicycle_with_rentals_is_not_deleted(shop: Place) -> None:
    rental = await a_rental(shop)
    answer = await shop.owner.delete(f"/api/bicycles/{rental['bicycle_id']}")
    assert refused(answer) == ("in_use", "Bicycle can't be deleted: it has 1 rental")
    assert await shop.news() == []


async def test_nobody_writes_a_state_by_editing(shop: Place) -> None:
    rental = await a_rental(shop)
    path = f"/api/bicycles/{rental['bicycle_id']}"
    changed = done(await shop.owner.patch(path, json={"status": "free", "daily_rate": 13}), 200)
    assert (changed["status"], changed["daily_rate"]) == ("out", 13.0)
    assert await shop.events() == [
        ("bicycle.edit", {f"edit bicycles {rental['bicycle_id']}": {"daily_rate": [12.0, 13.0]}})
    ]


# Hire.


async def test_a_bicycle_is_handed_out_against_its_deposit(shop: Place, clock: Clock) -> None:
    clock.set(NINE)
    bicycle = await a_bicycle(shop)
    await shop.news()
    asked = {"bicycle_id": bicycle["id"], "renter": "Ama Owusu", "days": 2, "staff_id": 99, "deposit": 1, "charge": 5}
    made = done(await shop.helper.post("/api/rentals/start", json=asked))
    wanted = {
        "bicycle_id": bicycle["id"], "renter": "Ama Owusu", "days": 2, "staff_id": shop.helper.user_id,
        "status": "running", "due_at": "2026-03-04T09:00:00.000000Z", "returned_at": None, "deposit": 50.0,
        "damage": 0.0, "charge": 0.0, "id": made["id"], "created_at": "2026-03-02T09:00:00.000000Z",
    }  # fmt: skip
    assert made == wanted | {"updated_at": made["created_at"]}
    assert await state_of(shop, bicycle["id"]) == "out"
    noted = {name: value for name, value in wanted.items() if name != "renter"}  # which the log keeps apart
    assert await shop.events() == [
        (
            "rental.start",
            {f"edit bicycles {bicycle['id']}": {"status": ["free", "out"]}, f"add rentals {made['id']}": noted},
        )
    ]


@pytest.mark.parametrize("days", [0, -1, 91, 1.5, None])
async def test_a_bicycle_is_hired_for_1_to_90_days(shop: Place, days: Any) -> None:
    asked = {"bicycle_id": (await a_bicycle(shop))["id"], "renter": "Ama", "days": days}
    wrong = done(await shop.helper.post("/api/rentals/start", json=asked), 422)
    assert [each["loc"] for each in wrong["detail"]] == [["body", "days"]]


async def test_a_bicycle_that_nobody_has_is_404(shop: Place, other: Place) -> None:
    theirs = await a_bicycle(other)
    for bicycle_id in (theirs["id"], 999):
        answer = await shop.helper.post("/api/rentals/start", json={"bicycle_id": bicycle_id, "renter": "A", "days": 1})
        assert done(answer, 404)["detail"] == "Bicycle not found"
    assert await state_of(other, theirs["id"]) == "free"


async def test_a_bicycle_is_rented_once_at_a_time(shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    await shop.news()
    asked = {"bicycle_id": bicycle["id"], "days": 1}
    tries = (shop.helper.post("/api/rentals/start", json=asked | {"renter": f"Renter {n}"}) for n in range(12))
    answers = await asyncio.gather(*tries)
    assert sorted(each.status_code for each in answers) == [201] + [409] * 11
    said = {refused(each) for each in answers if each.status_code == 409}
    assert said <= {
        ("not_free", "This bicycle is out"),
        ("illegal_move", "Bicycle is out and can only become free or damaged"),
    }
    assert [line.split(":")[0] for line in await shop.news()] == ["rental.start"]
    assert await shop.wrong() == []


# Giving back.


@pytest.mark.parametrize(
    ("hours", "charge"), [(0, 12.0), (23.9, 12.0), (24, 24.0), (47.9, 24.0), (48, 36.0), (24 * 10 + 1, 132.0)]
)
async def test_each_day_begun_is_charged(shop: Place, clock: Clock, hours: float, charge: float) -> None:
    clock.set(NINE)
    rental = await a_rental(shop, days=90)
    clock.forward(hours=hours)
    given = done(await give_back(shop.helper, rental), 200)
    assert (given["status"], given["charge"], given["damage"]) == ("returned", charge, 0.0)
    assert await state_of(shop, rental["bicycle_id"]) == "free"


async def test_damage_is_kept_of_the_deposit_and_the_bicycle_waits_to_be_mended(shop: Place, clock: Clock) -> None:
    clock.set(NINE)
    rental = await a_rental(shop)
    clock.forward(hours=30)
    given = done(await give_back(shop.helper, rental, "10.505"), 200)
    assert (given["damage"], given["charge"]) == (10.51, 24.0)
    bicycle = rental["bicycle_id"]
    assert await shop.events() == [
        (
            "rental.give_back",
            {
                f"edit rentals {rental['id']}": {
                    "returned_at": [None, "2026-03-03T15:00:00.000000Z"], "damage": [0.0, 10.51],
                    "charge": [0.0, 24.0], "status": ["running", "returned"],
                },
                f"edit bicycles {bicycle}": {"status": ["out", "damaged"]},
            },
        )
    ]  # fmt: skip
    again = await shop.helper.post("/api/rentals/start", json={"bicycle_id": bicycle, "renter": "Kofi", "days": 1})
    assert done(again, 409)["allowed"] == ["free"]
    assert refused(again) == ("illegal_move", "Bicycle is damaged and can only become free")
    assert (await shop.helper.post(f"/api/bicycles/{bicycle}/mend")).status_code == 403
    assert done(await shop.owner.post(f"/api/bicycles/{bicycle}/mend"), 200)["status"] == "free"
    assert done(await shop.owner.post(f"/api/bicycles/{bicycle}/mend"), 200)["status"] == "free"
    assert await shop.news() == [f"bicycle.mend: edit bicycles {bicycle}"]
    assert (await a_rental(shop, bicycle_id=bicycle))["status"] == "running"


async def test_not_more_than_the_deposit_can_be_kept(shop: Place) -> None:
    rental = await a_rental(shop)
    assert refused(await give_back(shop.helper, rental, 50.01)) == (
        "over_deposit",
        "Not more than the deposit can be kept",
    )
    assert await shop.news() == []
    assert await state_of(shop, rental["bicycle_id"]) == "out"
    assert done(await give_back(shop.helper, rental, 50), 200)["damage"] == 50.0


async def test_giving_back_twice_changes_nothing(shop: Place) -> None:
    rental = await a_rental(shop)
    first = await give_back(shop.helper, rental, 5)
    await shop.news()
    second = await give_back(shop.helper, rental, 7)
    assert (done(second, 200), second.headers["etag"]) == (done(first, 200), first.headers["etag"])
    assert await shop.news() == []


async def test_a_lost_answer_is_asked_for_again_with_the_same_key(shop: Place) -> None:
    asked = {"bicycle_id": (await a_bicycle(shop))["id"], "renter": "Ama", "days": 1}
    answers = [
        await shop.helper.post("/api/rentals/start", json=asked, headers={"Idempotency-Key": "till 1"}) for _ in "ab"
    ]
    assert done(answers[0]) == done(answers[1])
    assert answers[1].headers["idempotent-replay"] == "true"


# Time.


async def test_a_bicycle_that_is_not_back_in_time_is_overdue(
    shop: Place, application: Application, clock: Clock
) -> None:
    clock.set(NINE)
    rental = await a_rental(shop, days=2)
    path = f"/api/rentals/{rental['id']}"
    clock.forward(days=2, seconds=-1)
    await application.office.work_once()
    assert done(await shop.helper.get(path), 200)["status"] == "running"
    clock.forward(seconds=1)
    await application.office.work_once()
    await until_overdue(shop, path)
    ((verb, changes),) = await shop.events()
    assert (verb, changes.pop(f"edit rentals {rental['id']}")) == (
        "rental.overdue", {"status": ["running", "overdue"]}
    )  # fmt: skip
    assert list(changes) == ["add kernel_notices 1"]
    (told,) = (await shop.owner.get("/api/notices")).json()
    assert told["body"] == f"Ama Owusu should have brought bicycle {rental['bicycle_id']} back by 4 Mar 2026, 09:00"
    assert (await shop.helper.get("/api/notices")).json() == []
    assert done(await give_back(shop.helper, rental), 200)["charge"] == 36.0
    history = (await shop.owner.get(f"{path}/history")).json()
    assert [(each["verb"], each["actor"]) for each in history] == [
        ("rental.give_back", f"user:{shop.helper.user_id}"),
        ("rental.overdue", "system"),
        ("rental.start", f"user:{shop.helper.user_id}"),
    ]


async def until_overdue(shop: Place, path: str) -> None:
    """The office looks after timers too: whoever claimed it first rings it."""
    async with asyncio.timeout(10):
        while done(await shop.helper.get(path), 200)["status"] != "overdue":  # noqa: ASYNC110 - over HTTP
            await asyncio.sleep(0.02)


async def test_a_bicycle_that_is_back_in_time_is_never_overdue(
    shop: Place, application: Application, clock: Clock
) -> None:
    clock.set(NINE)
    rental = await a_rental(shop, days=2)
    done(await give_back(shop.helper, rental), 200)
    await shop.news()
    clock.forward(days=3)
    await application.office.work_once()
    assert await shop.news() == []


async def test_nobody_makes_a_rental_overdue_by_hand(shop: Place) -> None:
    rental = await a_rental(shop)
    assert (await shop.owner.post(f"/api/rentals/{rental['id']}/overdue")).status_code == 404


# Who sees what.


async def test_a_helper_sees_and_takes_back_own_rentals_only(shop: Place) -> None:
    mine, theirs = (
        await a_rental(shop),
        await a_rental(shop, shop.owner, bicycle_id=(await a_bicycle(shop, frame_number="KA-1043"))["id"]),
    )
    path = f"/api/rentals/{theirs['id']}"
    assert [each["id"] for each in (await shop.helper.get("/api/rentals")).json()] == [mine["id"]]
    assert [each["id"] for each in (await shop.owner.get("/api/rentals")).json()] == [theirs["id"], mine["id"]]
    for answer in (
        await shop.helper.get(path),
        await shop.helper.get(f"{path}/history"),
        await give_back(shop.helper, theirs),
    ):
        assert done(answer, 404)["detail"] == "Rental not found"
    assert done(await give_back(shop.owner, mine), 200)["status"] == "returned"


async def test_another_organisation_sees_nothing(shop: Place, other: Place) -> None:
    rental = await a_rental(shop)
    assert (await other.owner.get("/api/rentals")).json() == []
    for path in (f"/api/rentals/{rental['id']}", f"/api/bicycles/{rental['bicycle_id']}"):
        assert (await other.owner.get(path)).status_code == 404
    assert (await give_back(other.owner, rental)).status_code == 404
    assert await other.news() == []


async def test_rentals_are_filtered_by_state_and_bicycle(shop: Place) -> None:
    first = await a_rental(shop)
    done(await give_back(shop.helper, first), 200)
    second = await a_rental(shop, bicycle_id=first["bicycle_id"])

    async def ids(query: str) -> list[int]:
        return [each["id"] for each in (await shop.owner.get(f"/api/rentals?{query}")).json()]

    assert await ids("status=running") == [second["id"]]
    assert await ids(f"status=returned&bicycle_id={first['bicycle_id']}") == [first["id"]]
    assert await ids("bicycle_id=999") == []
    assert (await shop.owner.get("/api/rentals?status=lost")).status_code == 422


async def test_without_a_token_nothing_is_answered(application: Application, shop: Place) -> None:
    for path in ("/api/bicycles", "/api/rentals", "/api/reports/takings"):
        assert (await application.stranger.get(path)).status_code == 401


# Figures.


async def test_the_takings_are_shown_day_by_day_with_days_without_any(shop: Place, clock: Clock) -> None:
    clock.set(NINE)
    rental = await a_rental(shop)
    clock.forward(days=1)
    done(await give_back(shop.helper, rental, 10.5), 200)
    again = await a_rental(shop, bicycle_id=(await a_bicycle(shop, frame_number="KA-1043"))["id"])
    clock.forward(days=2)
    done(await give_back(shop.helper, again), 200)
    asked = "/api/reports/takings?from=2026-03-02&to=2026-03-07"
    assert (await shop.owner.get(asked)).json() == [
        {"date": "2026-03-02", "count": 0, "amount": 0},
        {"date": "2026-03-03", "count": 1, "amount": 34.5},
        {"date": "2026-03-04", "count": 0, "amount": 0},
        {"date": "2026-03-05", "count": 1, "amount": 36.0},
        {"date": "2026-03-06", "count": 0, "amount": 0},
    ]
    behind = (await shop.owner.get("/api/totals/bicycles.takings?from=2026-03-02&to=2026-03-07")).json()
    assert [(each["id"], each["amount"]) for each in behind["rows"]] == [(rental["id"], 34.5), (again["id"], 36.0)]
    assert len((await shop.owner.get("/api/reports/takings")).json()) == 30
    assert (await shop.helper.get(asked)).status_code == 403
    assert (await shop.owner.get("/api/reports/takings?from=soon")).status_code == 422
    assert await shop.wrong() == []


# The page itself.


async def test_the_documentation_holds_every_path(application: Application) -> None:
    document = done(await application.stranger.get("/openapi.json"), 200)
    served = {(each.method.lower(), each.path) for each in bicycles.trade.operations}
    written = {(method, path) for path, item in document["paths"].items() for method in item}
    assert served <= written
    others = {path for _, path in written - served if "/files" not in path}  # which `web/` answers besides
    assert others == {
        "/api/privacy/export.zip", "/api/events/ticket", "/readyz", "/api/messages/inbound/{provider}",
        "/api/messages/unsubscribe/{token}",
    }  # fmt: skip
    assert {("post", "/api/rentals/start"), ("post", "/api/rentals/{id}/give-back")} <= served
    assert {("post", "/api/bicycles/{id}/mend"), ("get", "/api/reports/takings")} <= served


async def test_its_home_page_leads_to_its_documentation(application: Application) -> None:
    home = await application.stranger.get("/")
    assert (home.status_code, 'href="/docs"' in home.text) == (200, True)


async def test_the_sample_data_is_what_its_docstring_says(shop: Place) -> None:
    await shop.work(load)
    states = sorted(each["status"] for each in (await shop.owner.get("/api/bicycles")).json())
    assert states == ["free", "free", "out"]
    assert (await shop.owner.get("/api/rentals")).json()[0]["renter"] == "Ama Owusu"
    assert await shop.wrong() == []


def load(ctx: Context) -> None:
    with ctx.happening("bicycles.demo"):
        bicycles.demo(ctx)


def test_a_trade_is_a_page() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 150


def test_the_formatter_leaves_the_page_alone() -> None:
    left = subprocess.run([PROGRAMS / "ruff", "format", "--check", EXAMPLE], capture_output=True, text=True)
    assert left.returncode == 0, left.stdout


def test_the_command_line_prints_every_verb() -> None:
    words = [str(PROGRAMS / "tradehall"), "verbs", "bicycles"]
    printed = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    heads = [line for line in printed if " by " in line and not line.startswith(" ")]
    assert sorted(line.split()[0] for line in heads) == sorted(verb.event for verb in bicycles.trade.verbs)
    assert any(
        line.startswith("rental.give_back by helper (own rows), owner; running or overdue → returned") for line in heads
    )
