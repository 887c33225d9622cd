"""Row 26: whoever starts, waits, accepts, snoozes and leaves, in any order, no machine has two users and nobody is passed over."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.running import Copies
from tests.trades.laundry.washday import Washday
from tradehall.kernel.database import Database, open_database
from tradehall.kernel.trade import Trade


@pytest.fixture(params=["sqlite", "postgresql"])
def books(request: pytest.FixtureRequest, copies: Copies, trade: Trade) -> Iterator[Database]:
    """A database in which each run is a house of its own."""
    with copies.copy(request.param, trade) as url:
        yield open_database(url, Path())


def washed(books: Database, runs: int, steps: int) -> None:
    """Let so many houses wash, so many steps in each."""
    machine = type("Here", (Washday,), {"database": books})
    how = settings(
        max_examples=runs, stateful_step_count=steps, deadline=None, derandomize=True,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(machine, settings=how)


def test_row_26_the_board_and_the_queue_agree_with_paper(books: Database) -> None:
    washed(books, 8 if books.name == "sqlite" else 1, 50 if books.name == "sqlite" else 20)


@pytest.mark.soak
def test_row_26_three_hundred_houses(books: Database) -> None:
    washed(books, 300, 100)
