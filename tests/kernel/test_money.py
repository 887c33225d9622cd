"""Amounts: rounded half up, split without a lost cent."""

import random
from decimal import Decimal

import pytest

from tradehall.kernel.money import LARGEST, percentage, rounded, scaled, split, unscaled


@pytest.mark.parametrize(
    ("amount", "places", "expected"),
    [
        ("1.005", 2, "1.01"),
        ("2.675", 2, "2.68"),
        ("-1.005", 2, "-1.01"),
        ("0.004999", 2, "0.00"),
        ("0.005", 2, "0.01"),
        ("1.995", 2, "2.00"),
        ("2.5", 0, "3"),
        ("3.5", 0, "4"),
        ("0.00005", 4, "0.0001"),
        ("90071992547409.905", 2, "90071992547409.91"),
    ],
)
def test_p01_half_is_rounded_away_from_zero(amount: str, places: int, expected: str) -> None:
    assert str(rounded(Decimal(amount), places)) == expected


def test_p01_a_tenth_and_two_tenths_are_three_tenths() -> None:
    assert Decimal("0.1") + Decimal("0.2") == unscaled(scaled(Decimal("0.1"), 2) + scaled(Decimal("0.2"), 2), 2)
    assert scaled(LARGEST, 2) == 2**53 - 1


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        ("10000.00", [1, 1, 1], ["3333.34", "3333.33", "3333.33"]),
        ("0.01", [1, 1, 1], ["0.01", "0.00", "0.00"]),
        ("0.02", [1, 1, 1], ["0.01", "0.01", "0.00"]),
        ("100.00", [1, 2], ["33.33", "66.67"]),
        ("100.00", [0, 5], ["0.00", "100.00"]),
        ("-10.00", [1, 1, 1], ["-3.33", "-3.33", "-3.34"]),
        ("0.00", [1, 1], ["0.00", "0.00"]),
        ("7.00", [Decimal("0.1"), Decimal("0.2")], ["2.33", "4.67"]),
        (str(LARGEST), [1], [str(LARGEST)]),
    ],
)
def test_p03_an_amount_is_split_by_the_largest_remainder(
    amount: str, weights: list[int | Decimal], parts: list[str]
) -> None:
    assert [str(part) for part in split(Decimal(amount), weights)] == parts


def test_p03_the_parts_sum_to_the_whole() -> None:
    chance = random.Random(3)  # noqa: S311 - data for a test
    for _ in range(300):
        amount = unscaled(chance.randint(-(10**15), 10**15), 2)
        weights = [chance.randint(0, 1000) for _ in range(chance.randint(1, 12))] + [1]
        parts = split(amount, weights)
        assert sum(parts) == amount
        total = sum(weights)
        assert all(
            abs(part - amount * weight / total) < Decimal("0.01") for part, weight in zip(parts, weights, strict=True)
        )


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [-1, 3]])
def test_p03_weights_that_say_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        split(Decimal(1), weights)


@pytest.mark.parametrize(
    ("amount", "rate", "tax"),
    [("100", "20", "20.00"), ("0.05", "10", "0.01"), ("33.33", "12.5", "4.17"), ("10", "0", "0.00")],
)
def test_p02_a_rate_is_rounded_once(amount: str, rate: str, tax: str) -> None:
    assert str(percentage(Decimal(amount), Decimal(rate))) == tax
