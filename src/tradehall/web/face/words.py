"""Words: what the pages say, in the language of whoever looks. English is written where it is said; others are catalogues."""

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from babel import Locale, negotiate_locale

HERE = Path(__file__).parent / "words"
ENGLISH = "en"


@cache
def languages() -> tuple[str, ...]:
    """The languages that pages are shown in."""
    return (ENGLISH, *sorted(path.stem for path in HERE.glob("*.json")))


def called(language: str) -> str:
    """What a language calls itself."""
    return (Locale.parse(language).get_display_name() or language).capitalize()


def wanted(accepted: str, chosen: str = "") -> str:
    """The language to answer in: the one that somebody chose, else the first that their browser names and we have."""
    if chosen in languages():
        return chosen
    asked = [each.split(";")[0].strip().replace("-", "_") for each in accepted.split(",")]
    found = negotiate_locale([each for each in asked if each], languages())
    return found if found in languages() else ENGLISH


@cache
def catalogue(language: str, folders: tuple[Path, ...] = ()) -> Mapping[str, str]:
    """What English sentences are in a language: those of the pages, and those that trades bring in `words/`."""
    found: dict[str, str] = {}
    for folder in (*folders, HERE):
        path = folder / f"{language}.json"
        if path.is_file():
            found |= json.loads(path.read_text(encoding="utf-8"))
    return found


class Words:
    """What is said in one language."""

    def __init__(self, language: str, folders: Iterable[Path] = ()) -> None:
        self.language = language
        self._known = catalogue(language, tuple(folders)) if language != ENGLISH else {}

    def __call__(self, text: str, **values: object) -> str:
        """An English sentence in this language; what stands in braces is filled in."""
        said = self._known.get(text, text)
        return said.format_map(values) if values else said

    def many(self, count: int, one: str, more: str, written: str = "") -> str:
        """A sentence about a number of things: `{count}` stands for it, as it is written."""
        return self(one if count == 1 else more, count=written or count)


def phrase(name: str) -> str:
    """The name of a field or verb as people read it: `due_date` is "Due date"."""
    text = name if name in ("id", "at", "unique_id") else name.removesuffix("_id").removesuffix("_at")
    return (
        (text.replace("_", " ").replace("-", " ").strip().capitalize() or name)
        .replace("Imei", "IMEI")
        .replace("Sms", "SMS")
    )
