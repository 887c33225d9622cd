"""Money, prices and quantities: exact decimals, rounded half up, split without a lost cent."""

import math
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

CENT = Decimal("0.01")
LARGEST = Decimal("90071992547409.91")
"""The largest amount: 2**53 minor units, which JSON readers hold exactly (P-01)."""
SCALES = tuple(Decimal(10**places) for places in range(7))
"""How many units make one, by the number of decimals."""
UNITS = tuple(Decimal(1).scaleb(-places) for places in range(7))
"""What one unit is, by the number of decimals."""
EXACT_IN_FLOAT = 2**46
"""Below this, a double tells every cent from the next one, and prints it with two decimals."""


def rounded(amount: Decimal, places: int = 2) -> Decimal:
    """Round half up, away from zero (P-01): 1.005 is 1.01, 2.675 is 2.68."""
    return amount.quantize(UNITS[places], ROUND_HALF_UP)


@lru_cache(8192)
def scaled(amount: Decimal | int, places: int) -> int:
    """The amount as an integer of 10**-places units, rounded half up."""
    if isinstance(amount, int):
        return amount * int(10**places)
    return int((amount * SCALES[places]).to_integral_value(ROUND_HALF_UP))


def unscaled(units: int, places: int) -> Decimal:
    """The decimal of a number of 10**-places units."""
    return units * UNITS[places]


def split(amount: Decimal, weights: Sequence[Decimal | int]) -> list[Decimal]:
    """Split an amount by weights in whole cents: largest remainder, ties to the earlier part (P-03)."""
    total = sum((Decimal(weight) for weight in weights), Decimal(0))
    if total <= 0 or any(weight < 0 for weight in weights):
        raise ValueError("weights must not be negative and must not sum to zero")
    cents = scaled(amount, 2)
    exact = [Decimal(cents) * Decimal(weight) / total for weight in weights]
    parts = [math.floor(part) for part in exact]
    by_remainder = sorted(range(len(parts)), key=lambda index: (parts[index] - exact[index], index))
    for index in by_remainder[: cents - sum(parts)]:
        parts[index] += 1
    return [unscaled(part, 2) for part in parts]


def percentage(amount: Decimal, rate: Decimal) -> Decimal:
    """A rate in percent of an amount, rounded once, half up (P-02)."""
    return rounded(amount * rate / 100)
