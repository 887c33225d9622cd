"""Templates: what a trade may tell people, in words that each organisation may change."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from tradehall.kernel.columns import optional, text
from tradehall.kernel.formats import SPACES, Formats, formats
from tradehall.kernel.kinds import Scaled
from tradehall.kernel.notices.languages import ENGLISH
from tradehall.kernel.preferences import CURRENCY, ZONE, Preferences
from tradehall.kernel.records import Record, find, unique, wanted

PLACE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
"""A value's place in a text. Nothing else in a text has a meaning, whatever other languages make of it (row 17)."""
TEXTS = ("sms", "subject", "email", "notice")
BUSINESS = "business"
"""The value that every template has: the name of the business."""
_SPACES = str.maketrans(dict.fromkeys(SPACES, " "))


@dataclass(frozen=True)
class Template:
    """Something that people are told: by SMS, by e-mail (`subject` and `email`) or in the application (`notice`).

    What stands in its texts in braces are its values; `values` names more that an owner may use, and `needs` those
    that an owner can't leave out. An urgent message doesn't wait for the end of the quiet hours, and one that goes
    `always` answers what its person asked for: it goes also where messages to customers are switched off, and by e-mail to
    whoever wants no others. A `late` value is made when the message goes out:
    the ledger shows its place, so that whoever may read the ledger doesn't learn a secret.
    """

    name: str
    sms: str = ""
    subject: str = ""
    email: str = ""
    notice: str = ""
    values: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    urgent: bool = False
    always: bool = False
    late: tuple[str, ...] = ()
    switch: str = "messages"
    """The setting without which nobody is sent this."""

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """Those of its texts that there are."""
        return {name: found for name in TEXTS if (found := getattr(self, name))}

    @cached_property
    def known(self) -> tuple[str, ...]:
        """Every value that its texts may name."""
        used = [name for words in self.texts.values() for name in PLACE.findall(words)]
        return tuple(dict.fromkeys((*self.needs, *self.values, *used, BUSINESS)))

    def wrong(self, texts: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """What is wrong with texts for it: the name of each, with a sentence."""
        for name, words in texts.items():
            used = PLACE.findall(words)
            if unknown := sorted({*used} - {*self.known}):
                yield name, f"There is no value {_braced(unknown)}; there are {_braced(self.known)}"
            if name != "subject" and (lacking := [each for each in self.needs if each not in used]):
                yield name, f"This text needs {_braced(lacking)}"


def _braced(names: Iterable[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


class Wording(Record, table="kernel_wordings"):
    """A template in an organisation's own words; a text that is empty is as the trade has it."""

    of_trade = text(40)
    template = text(80)
    sms = optional(text(1600))
    subject = optional(text(200))
    email = optional(text(20_000))
    notice = optional(text(1600))

    walls = (unique("of_trade", "template", says="This template has its own words already"),)

    def over(self, template: Template) -> Mapping[str, str]:
        """The texts of the template, with these words where there are some."""
        return {name: self.values[name] or words for name, words in template.texts.items()}


ALL_OWN_WORDS = find(Wording, Wording.of_trade == wanted("trade")).standing()
"""An organisation's own words in a trade."""
OWN_WORDS = find(Wording, Wording.of_trade == wanted("trade"), Wording.template == wanted("template")).standing()
"""Those of one template."""


def filled(words: str, values: Mapping[str, str]) -> str:
    """A text with its values in their places; a value is never read as a text again."""
    return PLACE.sub(lambda place: values.get(place[1], place[0]), words)


def gathered(
    template: Template, given: Mapping[str, Any], row: Record | None, settings: Preferences, language: str = ""
) -> dict[str, str]:  # fmt: skip
    """The values of a template as people read them: those that are given, else the fields of the row of these names."""
    found: dict[str, str] = {}
    written = formats(language or ENGLISH, settings[ZONE.name], settings[CURRENCY.name])
    for name in template.known:
        if name in template.late:
            found[name] = f"{{{name}}}"
        elif name in given:
            found[name] = shown(given[name], written)
        elif row is not None and name in row.fields:
            found[name] = shown(row.values[name], written, row.fields[name].kind)
        else:
            raise TypeError(f"the template {template.name} needs a value for {name}")
    return found


def shown(value: Any, written: Formats, kind: Any = None) -> str:
    """A value as people read it: money in the organisation's currency, moments in its time zone, in the reader's language."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        if isinstance(kind, Scaled) and kind.places == 3:
            return f"{value.normalize():f}".replace(".", written.point)
        return _plain(written.coded(value))
    if isinstance(value, datetime):
        return _plain(written.moment(value.isoformat()))
    return _plain(written.day(value.isoformat())) if isinstance(value, date) else str(value)


def _plain(text: str) -> str:
    """With ordinary spaces: the alphabet of an SMS has no others, and without it one holds less than half."""
    return text.translate(_SPACES)
