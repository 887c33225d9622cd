"""Registering with an e-mail address, and the links that are sent to it (P-13, P-36)."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa

from tests.running import Application, Person, Place
from tradehall.kernel.context import Context
from tradehall.kernel.notices.senders import Console, Fate, Outgoing, Receipt, Reply

PASSWORD = "six walls"
AMA = {"email": "Ama@Example.com", "username": "ama", "password": PASSWORD, "name": "Ama Owusu"}


@dataclass(frozen=True)
class Letterbox(Console):
    """Where the letters of a test end up."""

    kind: str = "E-mail"
    letters: list[Outgoing] = field(default_factory=list)

    async def send(self, message: Outgoing) -> Receipt:
        self.letters.append(message)
        return Receipt("delivered")

    def heard(self, url: str, headers: Mapping[str, str], body: bytes) -> Fate | Reply | None:
        return None

    async def next(self) -> Outgoing:
        """The next letter."""
        async with asyncio.timeout(20):
            while not self.letters:  # noqa: ASYNC110 - the worker brings it
                await asyncio.sleep(0.02)
        return self.letters.pop(0)


@pytest.fixture
def letterbox(application: Application) -> Letterbox:
    """The letterbox of whoever has an address."""
    office, found = application.office, Letterbox()
    office.outside = replace(office.outside, mail=found)
    return found


async def post(application: Application, path: str, **body: str) -> httpx2.Response:
    application.http.cookies.clear()
    return await application.stranger.post(f"/api/auth/{path}", json=body)


def secret_in(letter: Outgoing) -> str:
    found = re.search(r"http://localhost:8000/welcome/(\S+)", letter.text)
    assert found, letter.text
    return found[1]


async def test_whoever_registers_founds_an_organisation_and_owns_it(
    application: Application, letterbox: Letterbox
) -> None:
    made = await post(application, "register", **AMA, role="clerk")
    assert (made.status_code, set(made.json())) == (201, {"token", "refresh_token", "user"})
    user = made.json()["user"]
    assert user == {"id": str(UUID(user["id"])), "email": "Ama@Example.com", "name": "Ama Owusu", "role": "owner"}
    me = Person(application.http, made.json()["token"])
    assert (await me.get("/api/auth/me")).json() == {"user": user}
    assert (await me.get("/api/customers")).json() == []
    assert [each["email"] for each in (await me.get("/api/users")).json()] == ["Ama@Example.com"]
    for taken, sentence in (
        ({"email": "ama@example.com"}, "Email already registered"),
        ({"email": "b@example.com", "username": "AMA"}, "Username already registered"),
    ):
        again = await post(application, "register", **AMA | taken)
        assert (again.status_code, again.json()["detail"]) == (400, sentence)
    for wrong in (
        {"email": "ama"},
        {"password": "short"},
        {"username": "x@y.example"},
        {"email": "c@example.com", "password": "abc123"},
    ):
        assert (await post(application, "register", **AMA | {"username": "c"} | wrong)).status_code == 400
    kept = (await post(application, "register", **AMA | {"email": "c@example.com", "username": "c"})).json()
    assert kept["user"]["role"] == "owner"


async def test_any_of_the_names_signs_in_and_a_valid_token_is_exchanged(
    application: Application, letterbox: Letterbox
) -> None:
    await post(application, "register", **AMA)
    for name, value in (("email", "AMA@example.com"), ("email", "ama"), ("username", "ama@EXAMPLE.com")):
        granted = await post(application, "login", **{name: value, "password": PASSWORD})
        assert granted.status_code == 200, (name, value)
    form = await application.stranger.post("/api/auth/login", data={"username": "ama", "password": PASSWORD})
    assert form.status_code == 200
    assert (await post(application, "login", email="ama")).status_code == 400
    me = {"Authorization": f"Bearer {granted.json()['token']}"}
    renewed = await application.stranger.post("/api/auth/refresh", headers=me)
    assert (renewed.status_code, set(renewed.json())) == (200, {"token", "user"})
    await application.stranger.post("/api/auth/logout", headers=me)
    assert (await application.stranger.post("/api/auth/refresh", headers=me)).status_code == 401


async def test_p36_an_address_is_verified_by_the_link_that_was_sent_to_it(
    application: Application, letterbox: Letterbox
) -> None:
    await post(application, "register", **AMA)
    letter = await letterbox.next()
    assert letter.to == "Ama@Example.com"
    page = await application.stranger.get(f"/welcome/{secret_in(letter)}")
    assert "Is Ama@Example.com your address?" in page.text
    assert (await post(application, "verify-email", token=secret_in(letter))).status_code == 200
    assert (await post(application, "verify-email", token=secret_in(letter))).status_code == 400
    assert (await post(application, "reset-password", token=secret_in(letter), password=PASSWORD)).status_code == 400


async def test_p13_a_forgotten_password_is_reset_by_a_link_and_strangers_learn_nothing(
    application: Application, letterbox: Letterbox
) -> None:
    made = (await post(application, "register", **AMA)).json()
    await letterbox.next()
    answers = [await post(application, "forgot-password", email=name) for name in ("ama@example.com", "b@example.com")]
    assert [each.status_code for each in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    letter = await letterbox.next()
    new = {"token": secret_in(letter), "password": "seven walls"}
    assert (await post(application, "reset-password", **new)).status_code == 200
    assert (await post(application, "reset-password", **new)).status_code == 400
    assert (await post(application, "refresh", refresh_token=made["refresh_token"])).status_code == 401
    assert (await post(application, "login", email="ama", password="seven walls")).status_code == 200
    for _ in range(5):
        last = await post(application, "forgot-password", email="ama@example.com")
    assert last.status_code == 429
    assert "Retry-After" in last.headers


async def logged(person: Person) -> list[dict[str, Any]]:
    """What the ledger says of each message once it has been sent, the oldest first."""
    async with asyncio.timeout(20):
        while True:
            found: list[dict[str, Any]] = (await person.get("/api/messages/log")).json()
            if all(each["status"] not in ("queued", "sending") for each in found):
                return found[::-1]
            await asyncio.sleep(0.02)


async def test_p23_letters_with_links_are_in_the_ledger_but_their_secrets_are_nowhere(
    application: Application, letterbox: Letterbox
) -> None:
    made = (await post(application, "register", **AMA)).json()
    me = Person(application.http, made["token"])
    letters = [await letterbox.next()]
    await post(application, "forgot-password", email="ama@example.com")
    letters.append(await letterbox.next())
    confirm, choose = await logged(me)
    user_id = (await me.get("/api/audit", params={"entity": "users"})).json()["events"][-1]["changes"][0]["id"]
    for row, letter, template in ((confirm, letters[0], "confirm_address"), (choose, letters[1], "choose_secret")):
        assert (row["to"], row["template"], row["channel"]) == ("Ama@Example.com", template, "email")
        assert (row["cause_entity"], row["cause_id"], row["cause_event"]) == ("users", user_id, "user.letter")
        assert row["body"].replace("{link}", f"http://localhost:8000/welcome/{secret_in(letter)}") == letter.text

    def everywhere(session: Any) -> str:
        names = sa.inspect(session.connection).get_table_names()
        return "\n".join(str(row) for name in names for row in session.execute(sa.text(f"SELECT * FROM {name}")))

    org_id = choose_place(made)
    for each in await asyncio.gather(*(application.office.database.read(at, everywhere) for at in (0, org_id))):
        assert not any(secret_in(letter) in each for letter in letters)


def choose_place(made: dict[str, Any]) -> int:
    """The organisation of whoever registered, which comes after the two of every test."""
    assert made["user"]["role"] == "owner"
    return 3


async def test_p23_the_words_of_a_letter_are_the_organisation_s_and_keep_their_link(
    application: Application, letterbox: Letterbox, shop: Place
) -> None:
    me = Person(application.http, (await post(application, "register", **AMA)).json()["token"])
    await letterbox.next()
    path = "/api/messages/templates"
    assert "choose_secret" in [each["template"] for each in (await me.get(path)).json()]
    lost = await me.put(path, json={"template": "choose_secret", "email": "Nothing to press"})
    assert lost.status_code == 422
    words = {"template": "choose_secret", "subject": "{business}: {secret}", "email": "Akwaaba! {link}"}
    assert (await me.put(path, json=words)).status_code == 200
    await post(application, "forgot-password", email="ama")
    letter = await letterbox.next()
    assert letter.text == f"Akwaaba! http://localhost:8000/welcome/{secret_in(letter)}"
    assert letter.subject == f"{application.trade.title}: password"
    new = {"token": secret_in(letter), "password": "seven walls"}
    assert (await post(application, "reset-password", **new)).status_code == 200


async def test_p23_nobody_gets_a_link_who_was_shut_out_while_the_letter_waited(
    application: Application, letterbox: Letterbox, shop: Place
) -> None:
    kofi = {"email": "kofi@example.com", "username": "kofi", "password": PASSWORD, "role": "clerk"}
    assert (await shop.owner.post("/api/users", json=kofi)).status_code == 201
    user_id = next(each["id"] for each in await people(shop) if each["name"] == "kofi")

    def write(ctx: Context) -> None:
        with ctx.happening("user.letter"):
            ctx.notify("kofi@example.com", "choose_secret", person=user_id, secret="password", trade="Phones")

    for is_active, status in ((True, "sent"), (False, "suppressed")):
        assert (await shop.owner.patch(f"/api/users/{user_id}", json={"is_active": is_active})).status_code == 200
        await shop.work(write)
        assert [each["status"] for each in await logged(shop.owner)][-1] == status
    assert [secret_in(letter) for letter in letterbox.letters] == [secret_in(letterbox.letters[0])]
    assert (await shop.owner.get("/api/messages/log")).json()[0]["why"] == "There is no reason to send it any more"


async def people(shop: Place) -> list[dict[str, Any]]:
    """Users by their number, which this trade doesn't show."""

    def read(session: Any) -> list[dict[str, Any]]:
        query = sa.text("SELECT user_id AS id, shown AS name FROM sign_in_names")
        return [dict(row._mapping) for row in session.execute(query)]

    found: list[dict[str, Any]] = await shop.read(read)
    return found
