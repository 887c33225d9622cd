"""Settings of an organisation: each has a name, a type, a unit and a default; each change is an event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cache, lru_cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

import sqlalchemy as sa
from pydantic import BeforeValidator, Field, StringConstraints, TypeAdapter, ValidationError

from tradehall.kernel.columns import LARGEST_ID, clean, json, text
from tradehall.kernel.database import Book, Prepared, Session
from tradehall.kernel.errors import Invalid, field_error
from tradehall.kernel.records import Record, unique


class Chosen(Record, table="kernel_settings"):
    """A setting that an organisation has changed from its default."""

    of_trade = text(40)
    name = text(80)
    value = json()

    walls = (unique("of_trade", "name", says="This setting is there already"),)


_all = Prepared(
    sa.select(Chosen.name, Chosen.value).where(
        Chosen.org_id == sa.bindparam("org_id"), Chosen.of_trade == sa.bindparam("of_trade")
    )
)


@dataclass(frozen=True)
class Setting:
    """One setting: `kind` is any type that Pydantic checks; `unit` is shown behind the field."""

    name: str
    title: str
    kind: Any
    default: Any
    unit: str = ""
    public: bool = False
    env: str = ""
    """The setting of the installation that is its default, where a contract names one: `offer_seconds`."""

    def parsed(self, value: Any) -> Any:
        """The value, checked; raises Invalid naming the setting."""
        try:
            parsed = TypeAdapter(self.kind).validate_python(value)
        except ValidationError as error:
            raise Invalid(
                [
                    {**item, "loc": ["body", self.name]}
                    for item in error.errors(include_url=False, include_context=False, include_input=False)
                ]
            ) from error
        if self.name == "zone" and parsed not in available_timezones():
            raise field_error(["body", "zone"], "This is not the name of a time zone, such as Africa/Accra")
        return parsed


ZONE = Setting("zone", "Time zone", str, "UTC", public=True)
CURRENCY = Setting("currency", "Currency", str, "USD", public=True)
REGION = Setting("region", "Country of local phone numbers", str, "US", public=True)
APPROVAL = Setting("registration_approval", "Whoever registers waits for approval", bool, False, public=True)
"""In trades that whoever wants may join."""


class PaperLanguage(StrEnum):
    """In which language papers are, and what customers are told."""

    ENGLISH = "en"
    FRENCH = "fr"


Line = Annotated[str, StringConstraints(max_length=200), BeforeValidator(clean)]
ADDRESS = Setting("business_address", "Address of the business", Line, "", public=True)
BUSINESS_PHONE = Setting("business_phone", "Telephone of the business", Line, "", public=True)
TAX_NUMBER = Setting("tax_number", "Tax number of the business", Line, "", public=True)
LOGO = Setting(
    "logo", "Logo: the number of an uploaded picture", Annotated[int, Field(ge=1, le=LARGEST_ID)] | None, None
)
CLOSING = Setting("paper_closing", "What papers end with", Line, "")
PAPER_LANGUAGE = Setting("paper_language", "Language of papers", PaperLanguage, PaperLanguage.ENGLISH)
PAPERS = (ADDRESS, BUSINESS_PHONE, TAX_NUMBER, LOGO, CLOSING, PAPER_LANGUAGE)
"""What papers say of the business."""


def based(zone: str, currency: str, region: str) -> tuple[Setting, ...]:
    """Where the businesses of a trade mostly are: the defaults of their time zone, currency and telephone numbers."""
    return replace(ZONE, default=zone), replace(CURRENCY, default=currency), replace(REGION, default=region)


PROFILE = (Setting("name", "Name of the business", str, "", public=True), ZONE, CURRENCY, REGION, *PAPERS)


class Preferences:
    """The settings of one organisation in one trade, with the defaults of those that were never set."""

    def __init__(self, declared: Mapping[str, Setting], chosen: Mapping[str, Any]) -> None:
        self.declared = declared
        self.chosen = dict(chosen)

    def __getitem__(self, name: str) -> Any:
        return self.chosen[name] if name in self.chosen else self.declared[name].default

    def all(self) -> dict[str, Any]:
        """Every setting with its value."""
        return {name: self[name] for name in self.declared}

    def day_of(self) -> Callable[[datetime], date]:
        """From a moment to the local calendar day (P-04)."""
        return day_in(self["zone"])


@cache
def day_in(zone: str) -> Callable[[datetime], date]:
    """From a moment to the calendar day in a zone."""
    there = ZoneInfo(zone)
    return lru_cache(256)(lambda moment: moment.astimezone(there).date())


def chosen(session: Session, org_id: int, trade: str) -> dict[str, Any]:
    """What an organisation has set."""
    rows = session.dicts(_all, {"org_id": org_id, "of_trade": trade})
    return {row["name"]: row["value"] for row in rows}


class PreferenceBook(Book):
    """The settings that the units of a transaction see, read once until one is changed."""

    def __init__(self, session: Session, org_id: int) -> None:
        super().__init__(session, org_id)
        self._known: dict[str, dict[str, Any]] = {}
        self._staged = False

    def of(self, trade: str) -> dict[str, Any]:
        """What is set in a trade."""
        if trade not in self._known:
            self._known[trade] = chosen(self.session, self.org_id, trade)
        return self._known[trade]

    def changed(self) -> None:
        """What was read is not true any more."""
        self._known.clear()
        self._staged = True

    def keep(self) -> None:
        self._staged = False

    def forget(self) -> None:
        if self._staged:
            self._known.clear()
            self._staged = False

    def write(self) -> None:
        return
