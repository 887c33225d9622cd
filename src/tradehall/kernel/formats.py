"""Formats: numbers, money, days and moments as the reader's language and the business's currency and zone write them."""

from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time, get_datetime_format
from babel.numbers import UnknownCurrencyError, get_currency_symbol, get_decimal_symbol, get_group_symbol

SPACES = " \u00a0\u202f"


@cache
def _locale(language: str) -> Locale:
    # English is that of most of the world: the day comes before the month.
    return Locale.parse("en_GB" if language == "en" else language)


@lru_cache(8192)
def _moment(text: str, zone: str, language: str) -> str:
    there = datetime.fromisoformat(text).astimezone(ZoneInfo(zone))
    day, clock = _day(there.date(), language), _clock(there.hour, there.minute, language)
    return _together(language).replace("{1}", day).replace("{0}", clock)


@cache
def _together(language: str) -> str:
    return str(get_datetime_format("medium", _locale(language))).replace("'", "")


@lru_cache(4096)
def _day(day: date, language: str) -> str:
    return format_date(day, "medium", _locale(language))


@lru_cache(4096)
def _clock(hour: int, minute: int, language: str) -> str:
    return format_time(time(hour, minute), "short", locale=_locale(language))


@lru_cache(256)
def formats(language: str, zone: str = "UTC", currency: str = "") -> "Formats":
    """How an organisation with this zone and currency writes in a language."""
    return Formats(language, zone, currency)


class Formats:
    """How values are written and read; `zone` and `currency` are the organisation's."""

    def __init__(self, language: str, zone: str = "UTC", currency: str = "") -> None:
        self.language, self.zone, self.currency = language, zone, currency
        locale = _locale(language)
        self.point, self.group = get_decimal_symbol(locale), get_group_symbol(locale)
        self._marks = (
            str.maketrans({",": self.group, ".": self.point}) if (self.group, self.point) != (",", ".") else None
        )
        try:
            self.symbol = get_currency_symbol(currency, locale) if currency else ""
        except UnknownCurrencyError:
            self.symbol = currency
        self._money_first = "¤" in (locale.currency_formats["standard"].pattern.split("#")[0] or "")

    def number(self, value: Any, places: int = 0) -> str:
        """A number with so many decimals: 1,234.50."""
        return self.numbers(places)(value)

    def numbers(self, places: int) -> Callable[[Any], str]:
        """What writes numbers with so many decimals."""
        write, marks = f"{{:,.{places}f}}".format, self._marks
        return write if marks is None else lambda value: write(value).translate(marks)

    def money(self, value: Any) -> str:
        """An amount with its currency."""
        text = self.number(abs(value), 2)
        text = (
            f"{self.symbol}{' ' if self.symbol[-1:].isalpha() else ''}{text}"
            if self._money_first
            else f"{text}\u00a0{self.symbol}"
        )
        return f"−{text.strip()}" if value < 0 else text.strip()

    def coded(self, value: Any) -> str:
        """An amount with the code of its currency, which every telephone shows: GHS 1,234.50."""
        text = self.number(value, 2)
        return f"{self.currency} {text}" if self._money_first else f"{text} {self.currency}"

    def day(self, text: str) -> str:
        """A calendar day: 21 Nov 2026."""
        return _day(date.fromisoformat(text[:10]), self.language)

    def moment(self, text: str) -> str:
        """A moment on the business's clock: 21 Nov 2026, 15:04."""
        return _moment(text, self.zone, self.language)

    def short_day(self, value: date) -> str:
        """A day for the axis of a chart: 21 Nov."""
        return format_date(value, "d MMM", _locale(self.language))

    def month(self, value: date) -> str:
        """A month with its year."""
        return format_date(value, "MMMM yyyy", _locale(self.language)).capitalize()

    def weekdays(self) -> list[str]:
        """The days of the week from Monday on, short."""
        names = _locale(self.language).days["format"]["abbreviated"]
        return [str(names[number]) for number in range(7)]

    # What is put into fields, and read from them.

    def plain(self, value: Any, places: int) -> str:
        """A number for a field: without groups, with the reader's decimal mark."""
        return f"{value:.{places}f}".replace(".", self.point)

    def local(self, text: str) -> str:
        """A moment for a `datetime-local` field."""
        return datetime.fromisoformat(text).astimezone(ZoneInfo(self.zone)).strftime("%Y-%m-%dT%H:%M")

    def read_number(self, text: str) -> str:
        """A number that somebody wrote, as the interface takes it; what is none is passed on, to be refused there."""
        symbol = self.symbol
        for each in SPACES:
            text, symbol = text.replace(each, ""), symbol.replace(each, "")
        text = text.replace("−", "-").removesuffix(symbol)
        text = f"-{text[1:].removeprefix(symbol)}" if text.startswith("-") else text.removeprefix(symbol)
        for each in (*(set(self.group) - {self.point}), "'"):
            text = text.replace(each, "")
        text = text.replace(self.point, ".")
        try:
            Decimal(text)
        except InvalidOperation:
            return text
        return text

    def read_moment(self, text: str) -> str:
        """A moment that somebody chose on the business's clock, with its offset."""
        try:
            return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(self.zone)).isoformat()
        except ValueError:
            return text
