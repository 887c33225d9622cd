"""The phone shop, if its people signed in with e-mail addresses or usernames, and answered as an AI call desk does."""

from dataclasses import replace
from typing import Any

import pytest

from tradehall.kernel.people import EMAIL, FOUND, USERNAME, Register, Secret, SignIn
from tradehall.kernel.reader import Reader
from tradehall.kernel.trade import Trade
from tradehall.trades import phoneshop


def user(reader: Reader, known: dict[str, Any]) -> dict[str, Any]:
    """A person as the call desk's clients know them."""
    return {"id": known["uid"], "email": known["email"], "name": known["full_name"], "role": known["role"]}


def session(granted: Any) -> dict[str, Any]:
    """A session as they know it."""
    found = {"token": granted["access_token"], "user": granted["user"]}
    return found | ({"refresh_token": granted["refresh_token"]} if "refresh_token" in granted else {})


@pytest.fixture(scope="session")
def trade() -> Trade:
    """The trade of this folder."""
    signing = SignIn(
        kinds=(EMAIL, USERNAME), secret=Secret(shortest=6), wrong="Invalid credentials", user=user, session=session,
        me=lambda found: {"user": found}, renews=True, errors={"invalid": 400},
    )  # fmt: skip
    registering = Register(FOUND, errors={"name_taken": 400, "invalid": 400})
    return replace(phoneshop.trade, sign_in=signing, register=registering)
