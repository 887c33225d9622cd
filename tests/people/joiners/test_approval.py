"""Registrations that wait for approval (P-13, P-14, P-17)."""

import asyncio
from typing import Any

import httpx2

from tests.people.founders.test_founders import Letterbox, letterbox, logged, secret_in
from tests.people.signing import sign_in
from tests.running import PASSWORD, Application, Person, Place

__all__ = ["letterbox"]
AMA = {"username": "ama", "email": "ama@example.com", "password": PASSWORD, "organisation": "accra"}


async def post(application: Application, path: str, **body: str) -> httpx2.Response:
    application.http.cookies.clear()
    return await application.stranger.post(f"/api/auth/{path}", json=body)


async def registered(application: Application, place: Place, **more: str) -> int:
    """Register where approval is asked for; the user's number."""
    await place.prefer(registration_approval=True)
    answer = await post(application, "register", **AMA | more)
    assert answer.status_code == 202, answer.text
    await place.news()
    return int(answer.json()["user"]["id"])


async def waiting(person: Person) -> list[Any]:
    answer = await person.get("/api/registrations")
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Total-Count"] == str(len(answer.json()))
    return [each["user_id"] for each in answer.json()]


def refused(answer: httpx2.Response) -> tuple[int, str, str]:
    return answer.status_code, answer.json()["code"], answer.json()["detail"]


WAITS = (403, "waiting", "Your registration waits for approval")


async def test_p13_whoever_registers_comes_in_at_once_unless_the_organisation_asks_for_approval(
    application: Application, shop: Place, other: Place, letterbox: Letterbox
) -> None:
    await other.prefer(registration_approval=True)
    asked = await application.stranger.get("/api/settings/public?organisation=kumasi")
    assert asked.json()["registration_approval"] is True
    made = await post(application, "register", **AMA)
    assert (made.status_code, "access_token" in made.json()) == (201, True)
    kofi = {"username": "kofi", "email": "kofi@example.com", "organisation": "kumasi", "role": "owner"}
    answer = await post(application, "register", **AMA | kofi)
    assert (answer.status_code, set(answer.json())) == (202, {"message", "user"})
    assert answer.json()["message"] == WAITS[2]
    user = answer.json()["user"]
    assert (user["role"], user["is_active"]) == ("clerk", False)
    assert (await waiting(other.owner), await waiting(shop.owner)) == ([user["id"]], [])
    (notice,) = (await other.owner.get("/api/notices")).json()
    assert notice["body"] == "kofi has registered, and waits for your approval"


async def test_p13_whoever_waits_is_told_so_at_sign_in_and_gets_nothing_else(
    application: Application, shop: Place, letterbox: Letterbox
) -> None:
    await registered(application, shop)
    assert refused(await sign_in(application, "ama")) == WAITS
    assert refused(await sign_in(application, "ama", "not this one"))[:2] == (401, "wrong_credentials")
    verify = secret_in(await letterbox.next())
    assert (await post(application, "forgot-password", username="ama")).status_code == 200
    assert (await post(application, "verify-email", token=verify)).status_code == 200
    assert refused(await sign_in(application, "ama")) == WAITS
    assert [each["template"] for each in await logged(shop.owner)] == ["confirm_address"]


async def test_p14_an_approved_person_is_told_and_signs_in(
    application: Application, shop: Place, other: Place, letterbox: Letterbox
) -> None:
    user_id = await registered(application, shop)
    await letterbox.next()
    await shop.news()
    path = f"/api/registrations/{user_id}/approve"
    for person, status in ((shop.manager, 403), (other.owner, 404), (application.stranger, 401)):
        assert (await person.post(path)).status_code == status
    assert (await shop.manager.get("/api/registrations")).status_code == 403
    dry = await shop.owner.post(f"{path}?dry_run=1")
    assert (dry.json()["is_active"], dry.headers["Dry-Run"]) == (True, "true")
    assert await waiting(shop.owner) == [user_id]
    approved = await shop.owner.post(path)
    assert (approved.status_code, approved.json()["is_active"]) == (200, True)
    assert await waiting(shop.owner) == []
    letter = await letterbox.next()
    assert (letter.to, letter.subject) == ("ama@example.com", "You can sign in now")
    assert (await sign_in(application, "ama")).status_code == 200
    assert (await shop.owner.post(path)).status_code == 200, "it is done already"
    told = [each for each in await shop.news() if each.startswith("user.a")]
    assert told == [f"user.approve: edit users {user_id}"]
    late = await shop.owner.post(f"/api/registrations/{user_id}/refuse")
    assert refused(late) == (409, "not_waiting", "This person does not wait for approval")
    out = await shop.owner.patch(f"/api/users/{user_id}", json={"is_active": False})
    assert out.status_code == 200
    assert refused(await shop.owner.post(path))[:2] == (409, "not_waiting"), "who was shut out did not register"
    assert refused(await sign_in(application, "ama"))[:2] == (403, "inactive")


async def test_p39_of_a_refused_person_nothing_is_kept_and_their_names_are_free(
    application: Application, shop: Place, letterbox: Letterbox
) -> None:
    user_id = await registered(application, shop)
    path = f"/api/registrations/{user_id}"
    assert (await shop.owner.post(f"{path}/refuse?dry_run=1")).status_code == 200
    assert refused(await sign_in(application, "ama")) == WAITS
    assert (await shop.owner.post(f"{path}/refuse")).status_code == 204
    assert refused(await sign_in(application, "ama"))[:2] == (401, "wrong_credentials")
    for verb in ("approve", "refuse"):
        assert (await shop.owner.post(f"{path}/{verb}")).status_code == 404
    assert user_id not in [each["id"] for each in (await shop.owner.get("/api/users")).json()]
    told = (await shop.owner.get("/api/audit", params={"entity": "users"})).text
    assert ("user.refuse" in told, '"ama"' in told) == (True, False)
    again = await post(application, "register", **AMA)
    assert again.status_code == 202
    assert await waiting(shop.owner) == [again.json()["user"]["id"]]
    assert await shop.wrong() == []


async def test_whoever_is_let_in_as_a_user_waits_no_more(
    application: Application, shop: Place, letterbox: Letterbox
) -> None:
    user_id = await registered(application, shop)
    change = {"is_active": True, "role": "technician"}
    assert (await shop.owner.patch(f"/api/users/{user_id}", json=change)).status_code == 200
    assert await waiting(shop.owner) == []
    assert (await sign_in(application, "ama")).json()["user"]["role"] == "technician"


async def test_p19_of_an_approval_and_a_refusal_at_once_one_counts(
    application: Application, shop: Place, letterbox: Letterbox
) -> None:
    user_id = await registered(application, shop)
    verbs = ("approve", "refuse", "approve", "refuse")
    paths = [f"/api/registrations/{user_id}/{verb}" for verb in verbs]
    found = [each.status_code for each in await asyncio.gather(*(shop.owner.post(path) for path in paths))]
    assert set(found) <= {200, 204, 404, 409}
    assert (200 in found) != (204 in found)
    signed_in = (await sign_in(application, "ama")).status_code
    assert signed_in == (200 if 200 in found else 401)
