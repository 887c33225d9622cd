"""All trades that are walked. What every trade has by the same code is walked in the first."""

from collections.abc import Iterator

from tests.reliability.walk import PHONESHOP, Operation, Walk, operations
from tests.reliability.walk_laundry import LAUNDRY

WALKS = (PHONESHOP, LAUNDRY)


def called(walk: Walk) -> str:
    """What a test of a walk is called."""
    return walk.trade.name


def walked() -> Iterator[Operation]:
    """Every operation of every walk."""
    for walk in WALKS:
        yield from operations(walk)
