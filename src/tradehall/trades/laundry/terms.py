"""What a laundry has settled: how long things last, when it is open, and how many machines somebody may have."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import Field as Limit
from pydantic import StringConstraints

from tradehall.kernel.preferences import ZONE, Setting
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.trades.laundry.models import Category, Holiday, MachineType


class Language(StrEnum):
    """In which language residents are told who have chosen none."""

    ENGLISH = "en"
    FRENCH = "fr"
    MALAY = "ms"


Seconds = Annotated[int, Limit(ge=1, le=86_400)]
Count = Annotated[int, Limit(ge=0, le=1000)]
Hour = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")]
USUAL = {Category.NORMAL: 1800, Category.EXTRA_5: 2100, Category.EXTRA_10: 2400, Category.EXTRA_15: 2700}
"""Seconds of each category (spec R-03)."""
CALLED = {
    MachineType.WASHER: {
        Category.NORMAL: "Normal cycle of a washer",
        Category.EXTRA_5: "Washer, 5 minutes more",
        Category.EXTRA_10: "Washer, 10 minutes more",
        Category.EXTRA_15: "Washer, 15 minutes more",
    },
    MachineType.DRYER: {
        Category.NORMAL: "Normal cycle of a dryer",
        Category.EXTRA_5: "Dryer, 5 minutes more",
        Category.EXTRA_10: "Dryer, 10 minutes more",
        Category.EXTRA_15: "Dryer, 15 minutes more",
    },
}
LENGTHS = {
    (kind, category): Setting(
        f"{kind}_{category}_seconds", title, Seconds, USUAL[category], "seconds", env=f"cycle_{category}_seconds"
    )
    for kind, titles in CALLED.items()
    for category, title in titles.items()
}
OFFER = Setting(
    "offer_seconds",
    "For how long a free machine is offered to one person",
    Seconds,
    300,
    "seconds",
    env="offer_seconds",
)
HOLD = Setting(
    "hold_seconds", "For how long a machine is kept for who accepted it", Seconds, 900, "seconds", env="hold_seconds"
)
GRACE = Setting(
    "grace_seconds", "For how long nobody else may take out what is done", Seconds, 600, "seconds", env="grace_seconds"
)
RELEASE = Setting(
    "release_hours",
    "After how long a machine is free again by itself",
    Annotated[int, Limit(ge=1, le=720)],
    24,
    "hours",
)
OPENS = Setting("opens_at", "The laundry opens at", Hour, "", "HH:MM", public=True)
CLOSES = Setting("closes_at", "The laundry closes at", Hour, "", "HH:MM", public=True)
MOST = {
    MachineType.WASHER: Setting(
        "most_washers", "How many washers one person may run at once; 0 is any number", Count, 0
    ),
    MachineType.DRYER: Setting("most_dryers", "How many dryers one person may run at once; 0 is any number", Count, 0),
}
FAULTS = Setting(
    "fault_threshold", "After how many reports a machine is disabled", Annotated[int, Limit(ge=1, le=1000)], 3,
    env="fault_report_disable_threshold",
)  # fmt: skip
DISTINCT = Setting("fault_reporters_distinct", "Count only one report of each person", bool, False)
TEXTS = Setting("messages_to_residents", "Residents who want it are told by SMS", bool, False)
LANGUAGE = Setting("residents_language", "Language of residents who have chosen none", Language, Language.ENGLISH)
PAYING = Setting("paying", "Residents pay for cycles from a balance", bool, False)
Price = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}(\.[0-9]{1,2})?$")]
PRICES = {
    MachineType.WASHER: Setting("washer_price", "Price of a washer's cycle", Price, "0"),
    MachineType.DRYER: Setting("dryer_price", "Price of a dryer's cycle", Price, "0"),
}
Minutes = Annotated[int, Limit(ge=1, le=1440)]
IDLE_FEE = Setting("idle_fee", "Fee for clothes that stay in a machine, from the balance; 0 is none", Price, "0")
IDLE_GRACE = Setting("idle_grace_minutes", "Clothes stay in a machine without a fee for", Minutes, 5, "minutes")
IDLE_EVERY = Setting("idle_every_minutes", "After that the fee is due each", Minutes, 10, "minutes")
IDLE_MOST = Setting("idle_most", "How often the fee is due for one load at most", Annotated[int, Limit(ge=1, le=48)], 6)
IDLE_CLOSED = Setting("idle_while_closed", "The fee is due in closed hours, too", bool, False)
settings = (
    *LENGTHS.values(), OFFER, HOLD, GRACE, RELEASE, OPENS, CLOSES, *MOST.values(), FAULTS, DISTINCT, TEXTS, LANGUAGE,
    PAYING, *PRICES.values(), IDLE_FEE, IDLE_GRACE, IDLE_EVERY, IDLE_MOST, IDLE_CLOSED,
)  # fmt: skip
DAY = timedelta(days=1)
FAR = 400
"""So many days are looked through for an hour at which the laundry is open."""


def length(ctx: Reader, kind: MachineType, category: Category) -> timedelta:
    """How long a cycle runs."""
    return timedelta(seconds=ctx.preferences[LENGTHS[kind, category].name])


def span(ctx: Reader, setting: Setting) -> timedelta:
    """What a setting in seconds says."""
    return timedelta(seconds=ctx.preferences[setting.name])


@dataclass(frozen=True)
class Hours:
    """When the laundry is open, in its own time zone; without hours always, but on holidays."""

    zone: ZoneInfo
    opens: time
    closes: time
    holidays: frozenset[date]

    def _open(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans in which it is open, from the one before a moment on; one over midnight is its first day's."""
        first = moment.astimezone(self.zone).date() - DAY
        for number in range(FAR):
            today = first + number * DAY
            if today not in self.holidays:
                end = today + DAY if self.closes <= self.opens else today
                begins = datetime.combine(today, self.opens, self.zone)
                yield begins.astimezone(UTC), datetime.combine(end, self.closes, self.zone).astimezone(UTC)

    def is_open(self, moment: datetime) -> bool:
        """Whether it is open at a moment."""
        return self.opening(moment) <= moment

    def opening(self, moment: datetime) -> datetime:
        """The moment, or when it opens next."""
        found = (max(begins, moment) for begins, ends in self._open(moment) if ends > moment)
        return next(found, moment)

    def closing(self, moment: datetime, most: timedelta) -> datetime:
        """When it closes next, at most so long after a moment; where one day's end begins the next, it does not close."""
        end = self.opening(moment)
        for begins, ends in self._open(moment):
            if begins > end or end >= moment + most:
                break
            end = max(end, ends)
        return min(end, moment + most)

    def after(self, moment: datetime, wait: timedelta) -> datetime:
        """When it will have been open for so long: what is left at closing time goes on at opening (spec R-10)."""
        left = wait
        for begins, ends in self._open(moment):
            room = ends - max(begins, moment)
            if room > timedelta(0) and left <= room:
                return max(begins, moment) + left
            left -= max(room, timedelta(0))
        return moment + wait


def hours(ctx: Reader) -> Hours:
    """When the laundry is open."""
    opens, closes = (time.fromisoformat(ctx.preferences[each.name] or "00:00") for each in (OPENS, CLOSES))
    days = frozenset(each.date for each in ctx.all(HOLIDAYS))
    return Hours(ZoneInfo(ctx.preferences[ZONE.name]), opens, closes, days)


HOLIDAYS = find(Holiday).standing()
