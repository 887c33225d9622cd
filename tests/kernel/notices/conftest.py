"""The stall of the kernel's tests, which tells people things."""

from dataclasses import replace

import pytest

from tests.kernel import stall
from tradehall.kernel.notices.templates import Template
from tradehall.kernel.trade import Trade

TEMPLATES = (
    Template(
        "receipt",
        sms="{customer}: {price} paid on {at}. {business}",
        subject="Receipt from {business}",
        email="Dear {customer},\nyou paid {price}.\n{business}",
        values=("colour",),
    ),
    Template("code", sms="Your code is {code}", needs=("code",), urgent=True),
    Template("opened", notice="Crate {label} is open, at {price}"),
)


@pytest.fixture(scope="session")
def trade() -> Trade:
    """The trade of this folder."""
    return replace(stall.trade, templates=TEMPLATES)
