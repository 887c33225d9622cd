"""The people of an organisation, as its owner looks after them (P-17, table (d))."""

import asyncio
from base64 import b64encode
from functools import partial
from hashlib import sha256
from typing import Any

import httpx2
from pwdlib.hashers.bcrypt import BcryptHasher

from tests.people.signing import bearer, session, sign_in
from tests.running import PASSWORD, Application, Clock, Person, Place
from tradehall.kernel.database import Session
from tradehall.kernel.people import CreateLink, CreateUser, NewUser
from tradehall.kernel.people.members import holder
from tradehall.kernel.people.members import secret_of as secret_of_user

NEW = "another roof, other walls"


def code(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def secret_of(made: dict[str, Any]) -> str:
    """The secret of a one-time link."""
    return str(made["link"]).rsplit("/", 1)[1]


async def choose(application: Application, secret: str, password: str = NEW) -> httpx2.Response:
    """Use a link."""
    body = {"token": secret, "password": password}
    return await application.stranger.post("/api/auth/reset-password", json=body)


async def test_the_owner_creates_people_with_a_password_or_a_link(application: Application, shop: Place) -> None:
    await shop.news()
    body = {"username": "Kojo", "role": "clerk", "full_name": "Kojo Owusu", "email": "Kojo@example.com", "id": 77,
            "is_active": False, "organisation_id": 2}  # fmt: skip
    made = await shop.owner.post("/api/users", json=body | {"password": PASSWORD})
    assert made.status_code == 201, made.text
    kojo = made.json()
    assert (
        kojo | {"username": "Kojo", "role": "clerk", "is_active": True, "organisation_id": shop.org_id, "link": None}
        == kojo
    )
    assert (kojo["email"], kojo["full_name"], kojo["id"] == 77) == ("Kojo@example.com", "Kojo Owusu", False)
    assert await shop.news() == [f"user.create: add users {kojo['id']}"]
    assert code(await shop.owner.post("/api/users", json=body | {"username": "KOJO"})) == (409, "name_taken")
    assert code(await shop.owner.post("/api/users", json=body | {"username": "esi", "role": "king"})) == (
        422,
        "invalid",
    )
    assert code(await shop.owner.post("/api/users", json={"role": "clerk"})) == (422, "invalid")
    esi = (await shop.owner.post("/api/users", json={"username": "esi", "role": "clerk"})).json()
    assert (await sign_in(application, "esi")).status_code == 401
    assert (await choose(application, secret_of(esi), "12345678")).status_code == 422
    assert (await choose(application, secret_of(esi))).status_code == 200
    assert code(await choose(application, secret_of(esi))) == (400, "bad_link")
    assert (await session(application, "esi", NEW))["user"]["role"] == "clerk"
    listed = await shop.owner.get("/api/users?limit=2")
    assert [each["username"] for each in listed.json()] == ["esi", "Kojo"]
    assert listed.headers["X-Total-Count"] == "6"


async def test_p17_where_nobody_comes_in_by_themselves_the_owner_registers_people(
    application: Application, shop: Place
) -> None:
    body = {"username": "efua", "password": PASSWORD}
    made = await shop.owner.post("/api/auth/register", json=body)
    assert (made.status_code, made.json()["role"], made.json()["link"]) == (201, "clerk", None)
    assert (await sign_in(application, "efua", PASSWORD)).status_code == 200
    abena = await shop.owner.post("/api/auth/register/", json={"username": "abena", "role": "manager"})
    assert (abena.status_code, abena.json()["role"]) == (201, "manager")
    yaw = {"username": "yaw", "password": PASSWORD, "role": "owner"}
    assert (await application.stranger.post("/api/auth/register", json=yaw)).status_code == 401
    assert (await shop.manager.post("/api/auth/register", json=yaw)).status_code == 403
    assert (await application.stranger.get("/app/-/sign-in/register")).status_code == 404
    assert (await sign_in(application, "yaw", PASSWORD)).status_code == 401


async def test_a_dry_run_creates_nobody(shop: Place) -> None:
    await shop.news()
    answer = await shop.owner.post("/api/users?dry_run=1", json={"username": "esi", "role": "clerk"})
    assert (answer.status_code, answer.json()["username"], answer.json()["link"]) == (200, "esi", None)
    path = f"/api/users/{shop.clerk.user_id}?dry_run=1"
    assert (await shop.owner.patch(path, json={"role": "manager"})).json()["role"] == "manager"
    assert await shop.news() == []
    assert (await shop.clerk.get("/api/auth/me")).json()["role"] == "clerk"


async def test_p14_a_new_role_and_a_closed_account_hold_at_once(application: Application, shop: Place) -> None:
    clerk = await session(application, shop.clerk.name)
    me, path = bearer(application, clerk), f"/api/users/{shop.clerk.user_id}"
    assert (await me.get("/api/users")).status_code == 403
    await shop.news()
    assert (await shop.owner.patch(path, json={"role": "owner"})).json()["role"] == "owner"
    assert (await me.get("/api/users")).status_code == 200
    assert (await shop.owner.patch(path, json={"is_active": False})).json()["is_active"] is False
    assert (await me.get("/api/users")).status_code == 401
    renewed = await application.stranger.post("/api/auth/refresh", json={"refresh_token": clerk["refresh_token"]})
    assert renewed.status_code == 401
    assert code(await sign_in(application, shop.clerk.name)) == (403, "inactive")
    assert code(await sign_in(application, shop.clerk.name, "not this one")) == (401, "wrong_credentials")
    assert await shop.news() == [f"user.change: edit users {shop.clerk.user_id}"] * 2
    await shop.owner.patch(path, json={"is_active": True})
    assert (await sign_in(application, shop.clerk.name)).status_code == 200


async def test_the_last_owner_stays_also_when_two_let_each_other_go_at_once(
    application: Application, shop: Place
) -> None:
    path = f"/api/users/{shop.owner.user_id}"
    for change in ({"role": "clerk"}, {"is_active": False}):
        assert code(await shop.owner.patch(path, json=change)) == (409, "last_owner")
    without = (await shop.owner.post("/api/users", json={"username": "no-password-yet", "role": "owner"})).json()
    assert code(await shop.owner.patch(path, json={"role": "clerk"})) == (409, "last_owner")
    await choose(application, secret_of(without))
    second = bearer(application, await session(application, "no-password-yet", NEW))
    answers = await asyncio.gather(
        shop.owner.patch(f"/api/users/{without['id']}", json={"role": "clerk"}),
        second.patch(path, json={"is_active": False}),
        shop.owner.patch(f"/api/users/{without['id']}", json={"is_active": False}),
        second.patch(path, json={"role": "clerk"}),
    )
    assert sum(each.status_code == 200 for each in answers) >= 1
    left = [each for person in (shop.owner, second) for each in await owners(person)]
    assert left, "nobody is left who may look after the shop"


async def owners(person: Person) -> list[str]:
    answer = await person.get("/api/users")
    if answer.status_code != 200:
        return []
    return [each["username"] for each in answer.json() if each["role"] == "owner" and each["is_active"]]


async def test_p16_people_of_another_organisation_are_as_nobody(shop: Place, other: Place) -> None:
    theirs = other.clerk.user_id
    for method, path, body in (
        ("PATCH", "/api/users/{}", {"role": "owner"}),
        ("PATCH", "/api/users/{}", {"is_active": False}),
        ("POST", "/api/users/{}/link", {}),
    ):
        answers = [
            await shop.owner.ask(method, path.format(each), json=body, headers={"X-Request-ID": "same"})
            for each in (theirs, 10**15)
        ]
        assert [each.status_code for each in answers] == [404, 404]
        assert answers[0].content == answers[1].content
    assert theirs not in [each["id"] for each in (await shop.owner.get("/api/users")).json()]
    assert (await other.clerk.get("/api/auth/me")).json()["role"] == "clerk"


async def test_a_link_of_the_owner_resets_a_password_without_e_mail(application: Application, shop: Place) -> None:
    mine = await session(application, shop.clerk.name)
    made = await shop.owner.post(f"/api/users/{shop.clerk.user_id}/link")
    assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
    page = await application.stranger.get(f"/welcome/{secret_of(made.json())}")
    assert (page.status_code, "Choose a password" in page.text) == (200, True)
    again = (await shop.owner.post(f"/api/users/{shop.clerk.user_id}/link")).json()
    assert (await choose(application, secret_of(made.json()))).status_code == 200
    assert code(await choose(application, secret_of(again))) == (400, "bad_link")  # one was enough
    assert (await bearer(application, mine).get("/api/auth/me")).status_code == 401
    assert (await sign_in(application, shop.clerk.name)).status_code == 401
    assert (await sign_in(application, shop.clerk.name, NEW)).status_code == 200


async def test_an_invitation_makes_a_member_once(application: Application, shop: Place) -> None:
    made = (await shop.owner.post("/api/invitations", json={"role": "technician"})).json()
    body = {"token": secret_of(made), "username": "yaw", "password": NEW, "role": "owner"}
    path = "/api/invitations/accept"
    assert code(await application.stranger.post(path, json=body | {"password": "short"})) == (422, "invalid")
    taken = await application.stranger.post(path, json=body | {"username": shop.owner.name})
    assert code(taken) == (401, "wrong_credentials")
    joined = await application.stranger.post(path, json=body)
    assert (joined.status_code, joined.json()["user"]["role"]) == (201, "technician")
    assert code(await application.stranger.post(path, json=body | {"username": "abena"})) == (400, "bad_link")


async def test_a_member_of_two_organisations_chooses_one_and_no_owner_gets_into_the_other(
    application: Application, shop: Place, other: Place
) -> None:
    made = (await other.owner.post("/api/invitations", json={"role": "manager"})).json()
    body = {"token": secret_of(made), "username": shop.clerk.name, "password": PASSWORD}
    joined = await application.stranger.post("/api/invitations/accept", json=body)
    assert (joined.status_code, joined.json()["user"]["organisation_id"]) == (201, other.org_id)
    unsaid = await sign_in(application, shop.clerk.name)
    assert code(unsaid) == (409, "choose_organisation")
    assert sorted(unsaid.json()["organisations"]) == sorted([shop.org_id, other.org_id])
    for organisation, role in (
        (shop.org_id, "clerk"),
        ("accra", "clerk"),
        ("kumasi", "manager"),
        (other.org_id, "manager"),
    ):
        granted = await session(application, shop.clerk.name, organisation=organisation)
        assert granted["user"]["role"] == role
    assert code(await sign_in(application, shop.clerk.name, organisation=99)) == (403, "elsewhere")
    link = await other.owner.post(f"/api/users/{shop.clerk.user_id}/link")
    assert code(link) == (409, "member_elsewhere")
    out = await other.owner.patch(f"/api/users/{shop.clerk.user_id}", json={"is_active": False})
    assert out.status_code == 200
    assert (await session(application, shop.clerk.name))["user"]["organisation_id"] == shop.org_id


async def test_settings_that_are_changed_at_once_are_each_in_their_own_answer(shop: Place) -> None:
    wishes = [{"tax_mode": "standard", "tax_rate": rate, "name": f"Shop {rate}"} for rate in range(1, 17)]
    answers = await asyncio.gather(*(shop.owner.put("/api/settings", json=wish) for wish in wishes))
    for wish, answer in zip(wishes, answers, strict=True):
        assert {name: answer.json()[name] for name in wish} == wish


async def test_open_settings_of_an_organisation_are_shown_to_everybody(application: Application, shop: Place) -> None:
    await shop.prefer(name="Ama's phones")
    asked = await application.stranger.get("/api/settings/public?organisation=accra")
    assert asked.json() == {
        "organisation_id": shop.org_id, "name": "Ama's phones", "zone": "Africa/Accra", "currency": "GHS", "region": "GH",
        "business_address": "", "business_phone": "", "tax_number": "",
    }  # fmt: skip
    assert (await application.stranger.get(f"/api/settings/public?organisation={shop.org_id}")).status_code == 200
    for query in ("", "?organisation=nowhere"):
        assert (await application.stranger.get(f"/api/settings/public{query}")).status_code == 422


async def test_of_two_links_for_the_first_owner_both_work_until_one_is_used(
    application: Application, shop: Place
) -> None:
    from_two_starts = [await owner_link(application, shop.org_id) for _ in range(2)]
    form = {"username": "the-first", "password": PASSWORD, "again": PASSWORD}
    for each in from_two_starts:
        assert (await application.stranger.get(f"/welcome/{each}")).status_code == 200
    assert (await application.stranger.post(f"/welcome/{from_two_starts[0]}", data=form)).status_code == 303
    assert (await application.stranger.get(f"/welcome/{from_two_starts[1]}")).status_code == 404
    assert (await session(application, "the-first"))["user"]["role"] == "owner"


async def owner_link(application: Application, org_id: int) -> str:
    office = application.office
    secret: str = await office.database.unit(CreateLink(org_id, None, office.clock()))
    return secret


async def test_p13_a_bcrypt_hash_is_verified_whole_and_replaced(application: Application, shop: Place) -> None:
    long = "four walls and a roof " * 5
    hashes = {
        "short": BcryptHasher(rounds=4).hash(PASSWORD),
        "long": BcryptHasher(rounds=4).hash(b64encode(sha256(long.encode()).digest())),
    }
    office = application.office
    for name, stored in hashes.items():
        user = NewUser(name, (("phoneshop", "clerk"),), "username", stored)
        await office.database.unit(CreateUser(shop.org_id, user, office.clock()))
    assert (await sign_in(application, "long", long[:72])).status_code == 401
    assert (await sign_in(application, "long", long[:-1] + "x")).status_code == 401
    for name, password in (("short", PASSWORD), ("long", long)):
        for _ in range(2):
            assert (await sign_in(application, name, password)).status_code == 200
        stored = await shop.read(partial(stored_of, name))
        assert stored.startswith("$argon2")


def stored_of(name: str, db: Session) -> Any:
    user_id = holder(db, "phoneshop", "username", name)
    return secret_of_user(db, user_id or 0, "")


# Invitations, as whoever may invite looks after them.


async def accept(application: Application, made: dict[str, Any], name: str) -> httpx2.Response:
    """Accept an invitation."""
    body = {"token": secret_of(made), "username": name, "password": NEW}
    return await application.stranger.post("/api/invitations/accept", json=body)


async def invited(place: Place, role: str = "clerk") -> dict[str, Any]:
    answer = await place.owner.post("/api/invitations", json={"role": role})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def states(person: Person, query: str = "") -> list[tuple[int, str]]:
    answer = await person.get(f"/api/invitations{query}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["X-Total-Count"] >= str(len(answer.json()))
    return [(each["id"], each["state"]) for each in answer.json()]


async def test_p13_invitations_are_listed_with_what_became_of_each_and_without_their_links(
    application: Application, shop: Place, other: Place, clock: Clock
) -> None:
    clock.set("2026-03-02T09:00:00+00:00")
    late = await invited(shop)
    clock.forward(days=7)
    used, withdrawn, waiting = [await invited(shop, role) for role in ("technician", "clerk", "manager")]
    joined = (await accept(application, used, "yaw")).json()["user"]
    assert (await shop.owner.delete(f"/api/invitations/{withdrawn['id']}")).status_code == 204
    listed = (await shop.owner.get("/api/invitations")).json()
    assert listed[0] == {
        "id": waiting["id"], "role": "manager", "state": "open", "created_at": "2026-03-09T09:00:00.000000Z",
        "created_by": shop.owner.user_id, "expires_at": waiting["link_expires_at"], "accepted_at": None,
        "accepted_by": None, "withdrawn_at": None,
    }  # fmt: skip
    assert [(each["id"], each["state"]) for each in listed] == [
        (waiting["id"], "open"), (withdrawn["id"], "withdrawn"), (used["id"], "accepted"), (late["id"], "expired"),
    ]  # fmt: skip
    assert (listed[2]["accepted_by"], listed[2]["accepted_at"]) == (joined["id"], "2026-03-09T09:00:00.000000Z")
    for each in listed:
        assert await states(shop.owner, f"?state={each['state']}") == [(each["id"], each["state"])]
    assert await states(shop.owner, "?limit=1&skip=1") == [(withdrawn["id"], "withdrawn")]
    assert code(await shop.owner.get("/api/invitations?state=lost")) == (422, "invalid")
    assert await states(other.owner) == []
    for secret in map(secret_of, (late, used, withdrawn, waiting)):
        assert secret not in str(listed)


async def test_p13_an_invitation_that_works_no_more_says_why(
    application: Application, shop: Place, clock: Clock
) -> None:
    clock.set("2026-03-02T09:00:00+00:00")
    withdrawn, used, late = [await invited(shop) for _ in range(3)]
    await shop.news()
    path = f"/api/invitations/{withdrawn['id']}"
    assert code(await shop.owner.delete(f"{path}?dry_run=1"))[0] == 200
    assert await shop.news() == []
    assert (await shop.owner.delete(path)).status_code == 204
    assert await shop.news() == ["user.uninvite: edit users 0"]
    assert (await accept(application, used, "yaw")).status_code == 201
    clock.forward(days=7)
    for made, sentence, name in (
        (withdrawn, "This invitation was withdrawn", "withdrawn"),
        (used, "This invitation was accepted already", "accepted"),
        (late, "This invitation has expired", "expired"),
    ):
        again = await accept(application, made, "abena")
        assert (code(again), again.json()["detail"]) == ((400, "bad_link"), sentence)
        page = await application.stranger.get(f"/welcome/{secret_of(made)}")
        assert (page.status_code, sentence in page.text) == (404, True)
        refused = await shop.owner.delete(f"/api/invitations/{made['id']}")
        assert (code(refused), refused.json()["detail"]) == ((409, f"invitation_{name}"), sentence)
    assert code(await accept(application, {"link": "x/none"}, "abena")) == (400, "bad_link")


async def test_p16_invitations_are_looked_after_by_whoever_may_invite_and_in_their_own_organisation(
    application: Application, shop: Place, other: Place
) -> None:
    made = await invited(shop)
    path = f"/api/invitations/{made['id']}"
    for person, status in ((shop.manager, 403), (other.owner, 404), (application.stranger, 401)):
        assert (await person.delete(path)).status_code == status
    assert (await shop.manager.get("/api/invitations")).status_code == 403
    reset = await shop.owner.post(f"/api/users/{shop.clerk.user_id}/link")
    assert reset.status_code == 201
    assert await states(shop.owner) == [(made["id"], "open")], "a link for a password is no invitation"
    answers = await asyncio.gather(
        shop.owner.delete(path), accept(application, made, "yaw"), accept(application, made, "abena")
    )
    assert sum(each.status_code in (201, 204) for each in answers) == 1
    dry = (await shop.owner.post("/api/invitations?dry_run=1", json={"role": "clerk"})).json()
    assert (dry["id"], dry["link"]) == (None, None)
    assert len(await states(shop.owner)) == 1
