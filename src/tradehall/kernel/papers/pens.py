"""Pens: how values are written on a paper, in a language, a currency and a zone."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tradehall.kernel.preferences import Preferences
    from tradehall.kernel.trade import Trade


class Pen(Protocol):
    """How values are written."""

    @property
    def language(self) -> str:
        """The language, as `en`."""

    def say(self, text: str, **values: object) -> str:
        """An English sentence in the language, with its values filled in."""

    def choice(self, value: str) -> str:
        """One of a few values, as people read it."""

    def money(self, amount: Decimal) -> str:
        """An amount with its currency."""

    def day(self, day: date) -> str:
        """A calendar day."""

    def moment(self, moment: datetime) -> str:
        """A moment on the business's clock."""


class Pens(Protocol):
    """Gives the pen for a paper: of a language, or of the organisation's where that is none."""

    def __call__(self, trade: "Trade", language: str, preferences: "Preferences") -> Pen: ...


class PlainPen:
    """What writes where nobody brought words and formats: in English."""

    language = "en"

    def __init__(self, trade: "Trade", language: str, preferences: "Preferences") -> None:
        self._currency, self._day_of = preferences["currency"], preferences.day_of()

    def say(self, text: str, **values: object) -> str:
        return text.format_map(values) if values else text

    def choice(self, value: str) -> str:
        return value

    def money(self, amount: Decimal) -> str:
        return f"{self._currency} {amount:,.2f}"

    def day(self, day: date) -> str:
        return day.isoformat()

    def moment(self, moment: datetime) -> str:
        return self._day_of(moment).isoformat()
