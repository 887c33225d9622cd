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
LONG_AGO = 4 * 366
"""What was so many days ago tells nothing of today, however long a period is said to be."""
SOON = timedelta(days=14)


def shown(period: Period | None) -> Answer | None:
    """A period as pages and clients see it."""
    if period is None:
        return None
    return {
        "id": period.id, "name": period.name, "first_day": period.first_day, "last_day": period.last_day,
        "busier": period.busier,
    }  # fmt: skip


class Calendar:
    """The periods of a house as they lie around today, read once."""

    def __init__(self, reader: Reader) -> None:
        self.today = reader.today
        since = self.today - LONG_AGO * DAY
        self._periods = [each for each in reader.all(PERIODS) if each.last_day > since]

    @property
    def current(self) -> Period | None:
        """The period of today."""
        return next((each for each in self._periods if _is_in(self.today, (each,))), None)

    @property
    def coming(self) -> Period | None:
        """The period that begins next, within two weeks."""
        soon = (each for each in self._periods if self.today < each.first_day <= self.today + SOON)
        return next(soon, None)

    def days_like_today(self) -> tuple[set[date], list[Period]]:
        """The days whose use tells how it is today, and the former periods among them.

        In a period those are the days of former ones of its name, or else of those that were as busy, and its own so far; at
        other times the last four weeks of days that were in none. Where that is too few, the last four weeks are all there is.
        """
        now, usual = self.current, set(self._last(USUAL))
        if now is None:
            without = [day for day in self._last(BACK) if not _is_in(day, self._periods)]
            return (set(without[:USUAL]), []) if len(without) >= FEWEST else (usual, [])
        former = [each for each in self._periods if each.last_day < now.first_day]
        like = [each for each in former if each.name == now.name] or [
            each for each in former if each.busier == now.busier
        ]
        found = {day for day in self._last(LONG_AGO) if _is_in(day, (*like[-ALIKE:], now))}
        return (found, like[-ALIKE:]) if len(found) >= FEWEST else (usual, [])

    def _last(self, days: int) -> Iterator[date]:
        """So many days up to today, the newest first."""
        return (self.today - number * DAY for number in range(days))


def _is_in(day: date, periods: Iterable[Period]) -> bool:
    return any(each.first_day <= day <= each.last_day for each in periods)


def spans(days: set[date]) -> Iterator[tuple[date, date]]:
    """The days as spans without gaps, from the first day of each to its last."""
    for first in sorted(each for each in days if each - DAY not in days):
        last = first
        while last + DAY in days:
            last += DAY
        yield first, last
