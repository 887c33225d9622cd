"""Registering with an e-mail address, and the links that are sent to it (P-13, P-36)."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

import httpx2
import pytest

from tests.running import Application, Person
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
