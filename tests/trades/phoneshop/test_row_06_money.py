"""Row 6: whatever is sold, swapped, mended, paid in parts, given back and undone, in any order, no cent and no phone is lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.running import Copies
from tests.trades.phoneshop.working import Working
from tradehall.kernel.database import Database, open_database
from tradehall.kernel.trade import Trade


@pytest.fixture(params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, copies: Copies, trade: Trade) -> Iterator[Database]:
    """A database in which each run opens a shop of its own."""
    with copies.copy(request.param, trade) as url:
        yield open_database(url, Path())


def traded(books: Database, runs: int, steps: int) -> None:
    """Trade in so many shops, so many steps in each."""
    machine = type("Here", (Working,), {"database": books})
    how = settings(
        max_examples=runs, stateful_step_count=steps, deadline=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=how)


def test_row_6_money_and_phones_agree_with_paper(books: Database) -> None:
    traded(books, 12 if books.name == "sqlite" else 3, 40)


@pytest.mark.soak
def test_row_6_five_hundred_shops(books: Database) -> None:
    traded(books, 500, 50)
