"""The phone shop, if whoever wants might join with a username and an e-mail address."""

from dataclasses import replace

import pytest

from tradehall.kernel.people import EMAIL, JOIN, USERNAME, Register, SignIn
from tradehall.kernel.trade import Trade
from tradehall.trades import phoneshop


@pytest.fixture(scope="session")
def trade() -> Trade:
    """The trade of this folder."""
    return replace(phoneshop.trade, register=Register(JOIN), sign_in=SignIn(kinds=(USERNAME, EMAIL)))
