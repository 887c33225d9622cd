"""Who may see a file, attach one, and remove one; what becomes of it when something fails (P-16, P-25)."""

import io
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.files.samples import picture, send, sent, stored
from tests.running import Application, Clock, Person, Place
from tradehall.kernel.cabinet import LEFT_AFTER
from tradehall.kernel.doctor import astray
from tradehall.kernel.files import keys

NOWHERE = 10**15
FIXED = {"X-Request-ID": "the-same"}


async def an_album(person: Person, **more: Any) -> int:
    """An album of this person's."""
    answer = await person.post("/api/albums", json={"label": "Holidays"} | more)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def statuses(place: Place, path: str) -> list[int]:
    """What the keeper, the head and the owner get."""
    return [(await place.people[role].get(path)).status_code for role in ("keeper", "head", "owner")]


def seen(answer: httpx2.Response) -> tuple[Any, ...]:
    """All of an answer that could tell two apart."""
    headers = {name: value for name, value in answer.headers.items() if name.lower() != "date"}
    return answer.status_code, answer.content, headers


async def test_an_upload_of_its_own_is_private_to_its_uploader_and_those_above(shop: Place) -> None:
    assert await statuses(shop, f"/api/files/{(await sent(shop.keeper, picture()))['id']}") == [200, 200, 200]
    assert await statuses(shop, f"/api/files/{(await sent(shop.head, picture()))['id']}") == [404, 200, 200]


async def test_a_file_of_a_row_is_seen_by_whoever_sees_the_row(shop: Place) -> None:
    mine, theirs = await an_album(shop.keeper), await an_album(shop.head)
    own = await sent(shop.head, picture(), path=f"/api/albums/{mine}/files")
    foreign = await sent(shop.head, picture(), path=f"/api/albums/{theirs}/files")
    assert await statuses(shop, f"/api/files/{own['id']}") == [200, 200, 200]
    assert await statuses(shop, f"/api/files/{foreign['id']}") == [404, 200, 200]
    assert await statuses(shop, f"/api/albums/{theirs}/files") == [404, 200, 200]
    listed = (await shop.keeper.get(f"/api/albums/{mine}/files")).json()
    assert [(each["id"], each["entity"], each["record_id"]) for each in listed] == [(own["id"], "album_albums", mine)]
    assert (await send(shop.keeper, picture(), path=f"/api/albums/{theirs}/files")).status_code == 404


async def test_a_file_that_a_row_holds_is_seen_by_whoever_sees_the_row(shop: Place) -> None:
    made = await sent(shop.head, picture())
    assert (await shop.head.post("/api/posters", json={"label": "Open", "picture_id": made["id"]})).status_code == 201
    assert await statuses(shop, f"/api/files/{made['id']}") == [200, 200, 200]
    assert (await shop.head.delete(f"/api/files/{made['id']}")).json()["code"] == "in_use"


async def test_nobody_passes_on_a_file_that_they_may_not_see(shop: Place, other: Place) -> None:
    private, foreign = await sent(shop.head, picture()), await sent(other.keeper, picture())
    album = await an_album(shop.keeper)
    answers = [
        await shop.keeper.ask(method, path, json={"label": "Mine now", name: file_id}, headers=FIXED)
        for file_id in (private["id"], foreign["id"], NOWHERE)
        for method, path, name in (
            ("POST", "/api/posters", "picture_id"),
            ("PATCH", f"/api/albums/{album}", "cover_id"),
        )
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert await statuses(shop, f"/api/files/{private['id']}") == [404, 200, 200]


async def test_row_9_a_file_of_another_organisation_is_as_one_that_does_not_exist(shop: Place, other: Place) -> None:
    theirs, their_album, my_album = (
        await sent(other.owner, picture()),
        await an_album(other.owner),
        await an_album(shop.owner),
    )
    on_theirs = await sent(other.owner, picture(), path=f"/api/albums/{their_album}/files")
    await other.events()
    for method, path in (("GET", "/api/files/{}"), ("GET", "/api/files/{}/link"), ("DELETE", "/api/files/{}")):
        answers = [seen(await shop.owner.ask(method, path.format(each), headers=FIXED))
                   for each in (theirs["id"], on_theirs["id"], NOWHERE)]  # fmt: skip
        assert answers[0] == answers[1] == answers[2]
        assert answers[0][0] == 404
    for method in ("GET", "POST"):
        more = {"files": {"file": ("a.txt", b"hello")}} if method == "POST" else {}
        answers = [seen(await shop.owner.ask(method, f"/api/albums/{each}/files", headers=FIXED, **more))
                   for each in (their_album, NOWHERE)]  # fmt: skip
        assert answers[0] == answers[1]
        assert answers[0][0] == 404
    assert await other.events() == []
    assert (await shop.owner.get(f"/api/albums/{my_album}/files")).json() == []


@pytest.mark.parametrize("number", [0, -1, 2**63, 10**30])
async def test_a_number_that_is_no_id_is_refused(number: int, shop: Place) -> None:
    assert (await shop.owner.get(f"/api/files/{number}")).status_code == 422
    assert (await shop.owner.get(f"/api/albums/{number}/files")).status_code == 422


async def test_a_link_needs_no_sign_in_until_it_ends(application: Application, shop: Place, clock: Clock) -> None:
    made = await sent(shop.keeper, picture())
    stranger = application.stranger
    assert (await stranger.get(f"/api/files/{made['id']}")).status_code == 401
    assert (await stranger.get(made["url"])).status_code == 200
    assert (await stranger.get(f"{made['url']}&size=128")).status_code == 200
    again = (await shop.keeper.get(f"/api/files/{made['id']}/link")).json()
    assert (await stranger.get(again["url"])).status_code == 200
    clock.forward(minutes=61)
    assert (await stranger.get(made["url"])).status_code == 403


async def test_a_link_is_good_for_one_file_of_one_organisation(
    application: Application, shop: Place, other: Place
) -> None:
    mine, theirs = await sent(shop.keeper, picture()), await sent(other.keeper, picture())
    link = mine["url"].split("=", 1)[1]
    org, until, signature = link.split(".")
    forged = [
        f"{other.org_id}.{until}.{signature}", f"{org}.{int(until) + 9}.{signature}", f"{org}.{until}.", "..", "a.b.c",
        f"{org}.{until}.{signature}x", f"{'9' * 30}.{until}.{signature}", "%00", "1.1.ü",
    ]  # fmt: skip
    for each in forged:
        assert (await application.stranger.get(f"/api/files/{mine['id']}?link={each}")).status_code == 403
    assert (await application.stranger.get(f"/api/files/{theirs['id']}?link={link}")).status_code == 403
    assert (await application.stranger.get(f"/api/files/{NOWHERE}?link={link}")).status_code == 403


async def test_a_file_is_removed_by_its_uploader_or_by_those_above(shop: Place, application: Application) -> None:
    poster = (await shop.head.post("/api/posters", json={"label": "Open"})).json()["id"]
    first, second = [await sent(shop.head, picture(), path=f"/api/posters/{poster}/files") for _ in range(2)]
    assert (await shop.keeper.delete(f"/api/files/{first['id']}")).status_code == 403
    await shop.events()
    for person, made in ((shop.head, first), (shop.owner, second)):
        assert (await person.delete(f"/api/files/{made['id']}")).status_code == 204
        assert (await person.get(f"/api/files/{made['id']}")).status_code == 404
    assert await shop.news() == [f"file.remove: delete kernel_files {made['id']}" for made in (first, second)]
    await application.office.worker.work_once()
    assert await stored(application, shop.org_id) == []


async def test_the_files_of_a_row_go_with_it(shop: Place, application: Application) -> None:
    album = await an_album(shop.keeper)
    made = await sent(shop.keeper, picture(), path=f"/api/albums/{album}/files")
    await shop.events()
    assert (await shop.keeper.delete(f"/api/albums/{album}")).status_code == 204
    assert await shop.news() == [f"album.delete: delete kernel_files {made['id']}, delete albums {album}"]
    assert await shop.read(lambda session: keys(session, shop.org_id)) == []
    await application.office.worker.work_once()
    assert await stored(application, shop.org_id) == []


# When something fails.


async def test_a_store_that_fails_is_a_503_and_no_row(shop: Place, tmp_path: Path, application: Application) -> None:
    made = await sent(shop.keeper, picture())
    folder, aside = tmp_path / "files", tmp_path / "aside"
    folder.rename(aside)
    folder.write_text("not a folder")
    answer = await send(shop.keeper, picture())
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert (await shop.keeper.get(f"/api/files/{made['id']}")).status_code == 503
    folder.unlink()
    aside.rename(folder)
    assert (await shop.keeper.get(f"/api/files/{made['id']}")).status_code == 200
    assert len(await shop.read(lambda session: keys(session, shop.org_id))) == 1
    assert len(await stored(application, shop.org_id)) == 1


async def test_what_no_row_refers_to_is_reported_and_swept(
    shop: Place, other: Place, application: Application, clock: Clock
) -> None:
    office = application.office
    made = await sent(shop.keeper, picture())
    lost = await office.files.take_in(shop.org_id, io.BytesIO(picture()), "")
    assert len(await stored(application, shop.org_id)) == 2

    async def wrong() -> list[str]:
        known = {}
        for name, place in application.places.items():
            known[place.org_id, name] = await place.read(partial(keys, org_id=place.org_id))
        return await astray(office.files, known, clock())

    await office.sweep_files(shop.org_id, clock())
    assert await wrong() == []
    clock.set((clock() + LEFT_AFTER + timedelta(minutes=1)).isoformat())
    assert await wrong() == ["accra: 1 objects in the store of files belong to nobody; a server removes them"]
    await office.sweep_files(shop.org_id, clock())
    assert lost.key not in str(await stored(application, shop.org_id))
    assert await wrong() == []
    assert (await shop.keeper.get(f"/api/files/{made['id']}")).status_code == 200
    await office.files.drop(*await shop.read(lambda session: keys(session, shop.org_id)))
    assert await wrong() == ["accra: the store lacks 1 files that rows refer to"]
    assert (await shop.keeper.get(f"/api/files/{made['id']}")).json()["code"] == "content_missing"
