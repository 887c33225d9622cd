"""Comments on rows: who says what, who hears of it, and who takes it back."""

import httpx2

from tests.running import Application, Person, Place
from tests.web.hiring import a_bicycle, a_rental, row
from tests.web.looking import Looker, text


async def say(person: Person, what: str, said: str, **more: str) -> httpx2.Response:
    """Comment on a row."""
    return await person.post(f"/api/{what}/comments", json={"text": said}, **more)


async def heard(person: Person) -> list[str]:
    """What somebody is told in the application, newest first."""
    return [each["body"] for each in (await person.get("/api/notices")).json()]


async def test_whoever_sees_a_row_reads_and_writes_its_comments(shop: Place, other: Place) -> None:
    rental = f"rentals/{await a_rental(shop)}"
    await shop.news()
    first = await say(shop.helper, rental, "  The lock sticks. ")
    assert first.status_code == 201
    assert first.json() == {
        "id": 1, "text": "The lock sticks.", "person_id": shop.helper.user_id,
        "created_at": first.json()["created_at"], "edited_at": None,
    }  # fmt: skip
    await say(shop.owner, rental, "Oil it.")
    found = (await shop.helper.get(f"/api/{rental}/comments")).json()
    assert [(each["person"], each["text"]) for each in found] == [
        ("owner-accra", "Oil it."), ("helper-accra", "The lock sticks."),
    ]  # fmt: skip
    newest = (await shop.owner.get(f"/api/{rental}/comments", params={"limit": 1})).json()
    older = await shop.owner.get(f"/api/{rental}/comments", params={"before": newest[0]["id"]})
    assert [each["id"] for each in older.json()] == [1]
    assert await shop.news() == ["rental.comment: add kernel_comments 1, note rentals 1",
                                 "rental.comment: add kernel_comments 2, note rentals 1"]  # fmt: skip
    for wrong in ("", " ", "x" * 4001):
        assert (await say(shop.owner, rental, wrong)).status_code == 422
    assert (await shop.owner.get(f"/api/{rental}/comments", params={"before": 0})).status_code == 422
    assert (await say(other.owner, rental, "x")).status_code == 404
    assert (await other.owner.get(f"/api/{rental}/comments")).status_code == 404
    assert (await say(shop.application.stranger, rental, "x")).status_code == 401
    mine = f"rentals/{await a_rental(shop, person=shop.owner)}"  # a helper sees their own rentals only
    assert (await say(shop.helper, mine, "x")).status_code == 404
    assert (await shop.helper.get(f"/api/{mine}/comments")).status_code == 404
    assert await shop.wrong() == []


async def test_each_changes_their_own_and_whoever_manages_removes_any(shop: Place, other: Place) -> None:
    bicycle = f"bicycles/{await a_bicycle(shop)}"
    by_owner = (await say(shop.owner, bicycle, "Oil it.")).json()["id"]
    by_helper = (await say(shop.helper, bicycle, "The lock sticks.")).json()["id"]
    changed = await shop.helper.patch(f"/api/comments/{by_helper}", json={"text": "The lock is broken."})
    assert (changed.status_code, changed.json()["text"]) == (200, "The lock is broken.")
    assert changed.json()["edited_at"] is not None
    for person, comment in ((shop.owner, by_helper), (shop.helper, by_owner), (other.owner, by_owner)):
        assert (await person.patch(f"/api/comments/{comment}", json={"text": "x"})).status_code == 404
    assert (await shop.helper.delete(f"/api/comments/{by_owner}")).status_code == 404
    assert (await other.owner.delete(f"/api/comments/{by_owner}")).status_code == 404
    assert (await shop.owner.delete(f"/api/comments/{by_helper}")).status_code == 204
    assert [each["id"] for each in (await shop.owner.get(f"/api/{bicycle}/comments")).json()] == [by_owner]
    assert (await shop.owner.delete(f"/api/{bicycle}")).status_code == 204  # a comment keeps nothing from being deleted
    assert (await shop.owner.delete(f"/api/comments/{by_owner}")).status_code == 404
    assert await shop.wrong() == []


async def test_a_colleague_who_is_named_is_told_once_where_they_may_see_the_row(shop: Place, other: Place) -> None:
    rental = await a_rental(shop)
    said = (await say(shop.owner, f"rentals/{rental}", "Ask @HELPER-accra, or write to me@helper-accra.")).json()["id"]
    assert await heard(shop.helper) == [f"owner-accra mentioned you in a comment: Rental {rental} Ama Owusu"]
    await shop.owner.patch(f"/api/comments/{said}", json={"text": "@helper-accra: it is oiled, says @owner-accra"})
    assert len(await heard(shop.helper)) == 1
    mine = await a_rental(shop, person=shop.owner)
    await say(shop.owner, f"rentals/{mine}", "@helper-accra @helper-kumasi @helper-accraX @nobody")
    assert len(await heard(shop.helper)) == 1
    assert await heard(other.helper) == await heard(shop.owner) == []


async def test_p_38_whoever_sees_the_row_hears_that_something_was_said(shop: Place) -> None:
    rental, mine = await a_rental(shop), await a_rental(shop, person=shop.owner)
    cursor = (await row(shop.helper, "/api/events"))["cursor"]
    await say(shop.owner, f"rentals/{rental}", "Oil it.")
    await say(shop.owner, f"rentals/{mine}", "Not for helpers.")
    told = (await shop.helper.get("/api/events", params={"after": cursor})).json()["events"]
    assert [each["data"]["changes"] for each in told] == [
        [{"resource": "rentals", "id": rental, "operation": "note", "values": {}}]
    ]


async def test_comments_stand_on_the_page_of_a_row(application: Application, shop: Place) -> None:
    bicycle = await a_bicycle(shop)
    async with Looker(application, shop.helper) as helper, Looker(application, shop.owner) as owner:
        said = {"text": "<b>Oil</b> it, @owner-accra.", "key": "once"}
        for _ in range(2):
            assert (
                (await helper.send(f"/bicycles/{bicycle}/do/comment", said)).headers["Location"].endswith("#comments")
            )
        page = await owner.see(f"/bicycles/{bicycle}")
        assert text(page).count("<b>Oil</b> it, @owner-accra.") == 1
        assert '<a class="btn btn-sm btn-ghost-danger" href="/app/-/comments/1/remove"' in page.text
        assert 'href="/app/-/comments/1"' not in page.text
        assert 'data-mention="[&#34;helper-accra&#34;]"' in page.text
        assert (await owner.send("/-/comments/1", {"text": "Mine"})).status_code == 404
        assert (await helper.send(f"/bicycles/{bicycle}/do/comment", {"text": " "})).status_code == 422
        assert "The comment is changed" in await helper.told("/-/comments/1", {"text": "Oil it."})
        assert "Oil it." in text(await helper.see(f"/bicycles/{bicycle}"))
        assert "The comment is removed" in await owner.told("/-/comments/1/remove")
        assert "Oil it." not in text(await helper.see(f"/bicycles/{bicycle}")).split("History")[0]
        assert (await owner.see("/-/comments/1")).status_code == 404
