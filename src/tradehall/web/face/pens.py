"""Pens: papers are written with the words and the formats of the pages."""

from datetime import date, datetime
from decimal import Decimal

from babel import Locale, UnknownLocaleError

from tradehall.kernel.formats import Formats
from tradehall.kernel.preferences import CURRENCY, PAPER_LANGUAGE, REGION, ZONE, Preferences
from tradehall.kernel.trade import Trade
from tradehall.web.face.fields import choice_text
from tradehall.web.face.words import Words, languages


class WordedPen:
    """Writes with the words and the formats of the pages; the currency's sign is that of the place: GH₵."""

    def __init__(self, trade: Trade, language: str, preferences: Preferences) -> None:
        self.language = language if language in languages() else str(preferences[PAPER_LANGUAGE.name])
        self.words = Words(self.language, trade.words)
        self._formats = Formats(self.language, preferences[ZONE.name], preferences[CURRENCY.name])
        self._formats.symbol = _sign(preferences[CURRENCY.name], preferences[REGION.name]) or self._formats.symbol

    def say(self, text: str, **values: object) -> str:
        return self.words(text, **values)

    def choice(self, value: str) -> str:
        return choice_text(self.words, value)

    def money(self, amount: Decimal) -> str:
        return self._formats.money(amount)

    def day(self, day: date) -> str:
        return self._formats.day(day.isoformat())

    def moment(self, moment: datetime) -> str:
        return self._formats.moment(moment.isoformat())


def _sign(currency: str, region: str) -> str:
    """How people write a currency where the business is, as far as that is known."""
    try:
        return str(Locale.parse(f"en_{region}").currency_symbols.get(currency, ""))
    except (UnknownLocaleError, ValueError):
        return ""
