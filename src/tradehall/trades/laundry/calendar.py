"""The calendar of the house: periods in which more people wash than usual, or fewer, and the days that are like today (spec N7)."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Any

from tradehall.kernel.reader import Reader
from tradehall.trades.laundry.models import PERIODS, Period

Answer = dict[str, Any]
DAY = timedelta(days=1)
USUAL = 28
"""So many days without a period tell how it is usually."""
BACK = 120
"""Where periods lie between, so many days back are looked through for them."""
FEWEST = 7
"""With fewer days than these nothing can be said of each day of a week."""
ALIKE = 3
"""So many former periods of a kind are leaned on."""
SOON = timedelta(days=14)


def shown(period: Period | None) -> Answer | None:
    """A period as pages and clients see it."""
    if period is None:
        return None
    return {
        "id": period.id, "name": period.name, "first_day": period.first_day, "last_day": period.last_day,
        "busier": period.busier,
    }  # fmt: skip


def current(reader: Reader) -> Period | None:
    """The period of today."""
    return next((each for each in reader.all(PERIODS) if each.first_day <= reader.today <= each.last_day), None)


def coming(reader: Reader) -> Period | None:
    """The period that begins next, within two weeks."""
    soon = (each for each in reader.all(PERIODS) if reader.today < each.first_day <= reader.today + SOON)
    return next(soon, None)


def days_between(first: date, last: date) -> Iterator[date]:
    """Each day from one to another."""
    return (first + number * DAY for number in range((last - first).days + 1))


def days_of(periods: Iterable[Period]) -> set[date]:
    """All the days of some periods."""
    return {day for each in periods for day in days_between(each.first_day, each.last_day)}


def days_like_today(reader: Reader) -> tuple[set[date], list[Period]]:
    """The days whose use tells how it is today, and the former periods among them.

    In a period those are the days of former ones of its name, or else of those that were as busy, and its own so far; at other
    times the last four weeks of days that were in none. Where that is too few, the last four weeks are all there is.
    """
    today = reader.today
    begun = [each for each in reader.all(PERIODS) if each.first_day <= today]
    now, usual = current(reader), set(days_between(today - (USUAL - 1) * DAY, today))
    if now is None:
        without = [each for each in days_between(today - BACK * DAY, today) if each not in days_of(begun)]
        return set(without[-USUAL:]) if len(without) >= FEWEST else usual, []
    former = [each for each in begun if each.last_day < now.first_day]
    like = [each for each in former if each.name == now.name] or [each for each in former if each.busier == now.busier]
    found = {each for each in days_of((*like[-ALIKE:], now)) if each <= today}
    return (found, like[-ALIKE:]) if len(found) >= FEWEST else (usual, [])


def spans(days: set[date]) -> Iterator[tuple[date, date]]:
    """The days as spans without gaps, from the first day of each to its last."""
    for first in sorted(each for each in days if each - DAY not in days):
        last = first
        while last + DAY in days:
            last += DAY
        yield first, last
