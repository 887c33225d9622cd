"""The phone shop, if its people had numbers and PINs, and might register."""

from dataclasses import replace

import pytest

from tradehall.kernel.people import JOIN, Register, SignIn, number, pin
from tradehall.kernel.trade import Trade
from tradehall.trades import phoneshop

NUMBER = number("student_id", 6, "Student ID")


@pytest.fixture(scope="session")
def trade() -> Trade:
    """The trade of this folder."""
    signing = SignIn(kinds=(NUMBER,), secret=pin(), wrong="Invalid credentials")
    return replace(
        phoneshop.trade,
        sign_in=signing,
        register=Register(JOIN, status=200, errors={"name_taken": 400}),
        token_minutes=1440,
    )
