"""Saved views, one-click undo, and pages for paper, over HTTP."""

import re
from collections.abc import Callable
from urllib.parse import unquote

import httpx2
import pytest

from tests.running import Person, Place

FORM = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}


async def look(person: Person, path: str, cookies: str = "") -> httpx2.Response:
    """A page, as this person's browser asks for it."""
    return await Person(person.http).get(
        path, headers={"cookie": "; ".join(filter(None, (f"hall={person.token}", cookies)))}
    )


async def send(person: Person, path: str, **fields: str) -> httpx2.Response:
    """A form, as this person's browser sends it."""
    headers = FORM | {"cookie": f"hall={person.token}"}
    return await Person(person.http).post(path, headers=headers, content=str(httpx2.QueryParams(fields)))


async def keep(person: Person, name: str, query: str, **more: str) -> httpx2.Response:
    """Keep a view of the rentals."""
    return await send(person, "/app/rentals/views", name=name, query=query, **more)


def tabs(page: httpx2.Response) -> list[str]:
    """What the tabs above a table are called."""
    found = re.search(r'<nav class="views.*?</nav>', page.text, re.DOTALL)
    return re.findall(r"<a [^>]*>([^<]*)</a>", found[0]) if found else []


async def test_a_view_keeps_filters_order_and_columns_under_a_name(shop: Place) -> None:
    made = await keep(shop.helper, "Late ones", "status=overdue&sort=created_at&columns=renter&after=9&view=3&print=1")
    assert made.headers["location"] == "/app/rentals?status=overdue&sort=created_at&columns=renter&view=1"
    page = await look(shop.helper, made.headers["location"])
    assert tabs(page) == ["All", "Late ones"]
    assert re.search(r'<a href="[^"]*view=1" aria-current="page">Late ones', page.text)
    row = (await shop.helper.get("/api/saved-views", params={"room": "rentals"})).json()[0]
    assert row["query"] == "status=overdue&sort=created_at&columns=renter"
    assert (row["shared"], row["opens"], row["owner_id"]) == (False, False, shop.helper.user_id)
    again = await keep(shop.helper, "Late ones", "status=running")
    assert "view=all" in again.headers["location"]
    told = bytes.fromhex(re.findall(r"hall_told=([0-9a-f]+)", str(again.headers.get_list("set-cookie")))[0])
    assert told.decode() == "You have a view of this name already"


async def test_a_view_is_ones_own_unless_whoever_manages_keeps_it_for_everybody(shop: Place, other: Place) -> None:
    await keep(shop.helper, "Mine", "status=running")
    await keep(shop.owner, "Ours", "status=overdue", shared="true")
    await keep(shop.owner, "The owner's", "status=returned")
    assert tabs(await look(shop.helper, "/app/rentals")) == ["All", "Mine", "Ours"]
    assert tabs(await look(shop.owner, "/app/rentals")) == ["All", "The owner&#39;s", "Ours"]
    assert tabs(await look(other.owner, "/app/rentals")) == []
    assert [each["name"] for each in (await other.owner.get("/api/saved-views")).json()] == []
    refused = await shop.helper.post(
        "/api/saved-views", json={"room": "rentals", "name": "x", "query": "", "shared": True}
    )
    assert refused.status_code == 403


async def test_a_view_is_removed_by_whoever_may(shop: Place, other: Place) -> None:
    await keep(shop.owner, "The owner's", "status=returned")
    await keep(shop.helper, "Mine", "status=running")
    assert (await send(shop.helper, "/app/rentals/views/1/drop")).status_code == 404
    assert (await send(other.owner, "/app/rentals/views/2/drop")).status_code == 404
    assert (await send(shop.helper, "/app/rentals/views/x/drop")).status_code == 404
    assert (await look(shop.helper, "/app/rentals/views/2/drop")).status_code == 405
    dropped = await send(shop.helper, "/app/rentals/views/2/drop")
    assert dropped.headers["location"] == "/app/rentals?view=all"
    assert tabs(await look(shop.helper, "/app/rentals")) == []
    assert [each["name"] for each in (await shop.owner.get("/api/saved-views")).json()] == ["The owner's"]


async def test_a_list_opens_with_the_view_that_somebody_chose(shop: Place) -> None:
    await keep(shop.helper, "First", "status=running", opens="true")
    await keep(shop.helper, "Second", "status=overdue", opens="true")
    page = await look(shop.helper, "/app/rentals")
    assert (page.status_code, page.headers["location"]) == (303, "/app/rentals?status=overdue&view=2")
    assert (await look(shop.helper, "/app/rentals?view=all")).status_code == 200
    assert (await look(shop.owner, "/app/rentals")).status_code == 200
    opening = {each["name"]: each["opens"] for each in (await shop.helper.get("/api/saved-views")).json()}
    assert opening == {"First": False, "Second": True}


@pytest.mark.parametrize(
    "query", ["status=%0d%0aSet-Cookie:%20x=1", "status=<script>alert(1)</script>", "//evil.example", "=&=&;"]
)
async def test_what_a_view_holds_leads_nowhere_else(shop: Place, query: str) -> None:
    made = await shop.helper.post(
        "/api/saved-views", json={"room": "rentals", "name": "<b>x</b>", "query": unquote(query), "opens": True}
    )
    page = await look(shop.helper, "/app/rentals")
    if made.status_code == 201:
        assert page.headers["location"].startswith("/app/rentals?")
        assert "x" not in page.headers.get("set-cookie", "")
    listed = await look(shop.helper, "/app/rentals?view=all")
    assert "<b>x" not in listed.text
    assert "<script>alert" not in listed.text


async def bicycle(shop: Place) -> int:
    """One that is free."""
    made = await shop.owner.post("/api/bicycles", json={"frame_number": "KA-1", "daily_rate": "12", "deposit": "50"})
    return int(made.json()["id"])


def undo(answer: httpx2.Response, page: httpx2.Response) -> tuple[str, dict[str, str]]:
    """Where the button to undo sends what."""
    form = re.search(r'<div class="told.*?</form>', page.text, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'name="([^"]*)" value="([^"]*)"', form[0]))
    return re.findall(r'action="([^"]*)"', form[0])[0], fields


async def test_an_edit_is_undone_by_one_click(shop: Place) -> None:
    row = await bicycle(shop)
    edited = await send(
        shop.owner,
        f"/app/bicycles/{row}/do/edit",
        **{"version": "1", "deposit": "60", "was.deposit": "50.00", "frame_number": "KA-1", "was.frame_number": "KA-1"},
    )
    told = "; ".join(each.split(";")[0] for each in edited.headers.get_list("set-cookie"))
    action, fields = undo(edited, await look(shop.owner, f"/app/bicycles/{row}", told))
    assert (action, fields) == (f"/app/bicycles/{row}/do/edit", {"deposit": "50.00", "version": "2", "undo": "1"})
    assert (await send(shop.owner, action, **fields)).status_code == 303
    assert (await shop.owner.get(f"/api/bicycles/{row}")).json()["deposit"] == 50


async def test_what_somebody_changed_meanwhile_is_not_undone_by_one_click(shop: Place) -> None:
    row = await bicycle(shop)
    stale = {"deposit": "50.00", "version": "1", "undo": "1"}
    assert (await shop.owner.patch(f"/api/bicycles/{row}", json={"deposit": 70})).status_code == 200
    answer = await send(shop.owner, f"/app/bicycles/{row}/do/edit", **stale)
    assert answer.headers["location"] == f"/app/bicycles/{row}/do/edit?deposit=50.00"
    assert (await shop.owner.get(f"/api/bicycles/{row}")).json()["deposit"] == 70
    form = await look(shop.owner, answer.headers["location"])
    assert re.search(r'name="deposit" value="50.00"', form.text)
    assert re.search(r'name="frame_number" value="KA-1"', form.text)


async def test_a_page_for_paper_has_many_rows(shop: Place) -> None:
    for number in range(60):
        await shop.owner.post(
            "/api/bicycles", json={"frame_number": f"KA-{number}", "daily_rate": "12", "deposit": "50"}
        )
    count: Callable[[httpx2.Response], int] = lambda page: page.text.count("<tr data-row=")  # noqa: E731
    assert count(await look(shop.owner, "/app/bicycles")) == 50
    paper = await look(shop.owner, "/app/bicycles?print=1")
    assert count(paper) == 60
    assert "60 of 60" in paper.text
    assert "data-print-now" in paper.text
    assert "data-print-now" in (await look(shop.owner, "/app/bicycles/1?print=1")).text
