"""Settings of an organisation: each has a name, a type, a unit and a default; each change is an event."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from tradehall.kernel.columns import Json
from tradehall.kernel.database import Book, Prepared, Session
from tradehall.kernel.errors import Invalid, field_error
from tradehall.kernel.records import METADATA

SETTINGS = sa.Table(
    "settings",
    METADATA,
    sa.Column("org_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("trade", sa.String(40), primary_key=True),
    sa.Column("name", sa.String(80), primary_key=True),
    sa.Column("value", Json, nullable=False),
    sqlite_with_rowid=False,
    info={"by_org": True},
)
_all = Prepared(
    sa.select(SETTINGS.c.name, SETTINGS.c.value).where(
        SETTINGS.c.org_id == sa.bindparam("org_id"), SETTINGS.c.trade == sa.bindparam("trade")
    )
)
_save = Prepared(
    sa.text(
        "INSERT INTO settings (org_id, trade, name, value) VALUES (:org_id, :trade, :name, :value) "
        "ON CONFLICT (org_id, trade, name) DO UPDATE SET value = excluded.value"
    ).bindparams(
        sa.bindparam("org_id", type_=sa.BigInteger),
        sa.bindparam("trade", type_=sa.String),
        sa.bindparam("name", type_=sa.String),
        sa.bindparam("value", type_=Json),
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
PROFILE = (Setting("name", "Name of the business", str, "", public=True), ZONE, CURRENCY, REGION)


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
    return lambda moment: moment.astimezone(there).date()


def chosen(session: Session, org_id: int, trade: str) -> dict[str, Any]:
    """What an organisation has set."""
    rows, readers = session.records(_all, {"org_id": org_id, "trade": trade})
    read = readers[1]
    return {row[0]: row[1] if read is None else read(row[1]) for row in rows}


class PreferenceBook(Book):
    """The settings that the units of a transaction see."""

    def __init__(self, session: Session, org_id: int) -> None:
        super().__init__(session, org_id)
        self._known: dict[str, dict[str, Any]] = {}
        self._staged: dict[tuple[str, str], Any] = {}

    def of(self, trade: str) -> dict[str, Any]:
        """What is set in a trade, read once for the transaction."""
        if trade not in self._known:
            self._known[trade] = chosen(self.session, self.org_id, trade)
        return self._known[trade]

    def set(self, trade: str, name: str, value: Any) -> None:
        """Set one value, in the unit's own savepoint."""
        self.session.run(_save, {"org_id": self.org_id, "trade": trade, "name": name, "value": value})
        self._staged[trade, name] = value

    def keep(self) -> None:
        for (trade, name), value in self._staged.items():
            self.of(trade)[name] = value
        self._staged.clear()

    def forget(self) -> None:
        self._staged.clear()

    def write(self) -> None:
        return
