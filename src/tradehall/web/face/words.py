"""Words: what the pages say, in the language of whoever looks. English is written where it is said; others are catalogues."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from heapq import merge
from pathlib import Path

from babel import Locale, negotiate_locale

from tradehall.kernel.errors import Invalid, Problem

HERE = Path(__file__).parent / "words"
ENGLISH = "en"
HOLE = re.compile(r"\{(\w+)\}")
PIN = re.compile(r"\b[Pp]in\b")
SPAN = re.compile(r"(\d+) (minutes|hours|days)")
DECIMAL = re.compile(r"-?\d+\.\d+")
JOINTS = (" or ", " and ", ", ")
"""What stands between the last values of several."""
LONGEST = 500
"""A longer text is none of our sentences."""


@cache
def languages(folders: tuple[Path, ...] = ()) -> tuple[str, ...]:
    """The languages that pages are shown in: Tradehall's, and those into which a trade has put its own pages."""
    return (ENGLISH, *sorted({path.stem for folder in (HERE, *folders) for path in folder.glob("*.json")}))


def called(language: str) -> str:
    """What a language calls itself."""
    return (Locale.parse(language).get_display_name() or language).capitalize()


@lru_cache(64)
def wanted(accepted: str, chosen: str = "", folders: tuple[Path, ...] = ()) -> str:
    """The language to answer in: the one that somebody chose, else the first that their browser names and we have."""
    known = languages(folders)
    if chosen in known:
        return chosen
    asked = [each.split(";")[0].strip().replace("-", "_") for each in accepted.split(",")]
    found = negotiate_locale([each for each in asked if each], known)
    return found if found in known else ENGLISH


def _fixed(text: str) -> int:
    return len(HOLE.sub("", text))


@dataclass(frozen=True)
class Catalogue:
    """What English sentences are in a language; those with a value in braces are also known with the value filled in."""

    said: Mapping[str, str]

    def find(self, text: str) -> str | None:
        """What a sentence is, as it stands or with values filled in; None where nobody put it into words."""
        if (said := self.said.get(text)) is not None:
            return said
        own, others = self._patterns.get(text.split(" ", 1)[0], ()), self._patterns.get("", ())
        for _, pattern, said in merge(own, others, key=lambda each: -each[0]):
            if (found := pattern.fullmatch(text)) is not None:
                return said.format_map({name: self.value(value) for name, value in found.groupdict().items()})
        return None

    def numbered(self, text: str) -> str | None:
        """What a thing with a number is called: `Washer 1`."""
        for _, pattern, said in self._patterns.get(text.split(" ", 1)[0], ()):
            found = pattern.fullmatch(text)
            if found is not None and all(value.isdecimal() for value in found.groupdict().values()):
                return said.format_map(found.groupdict())
        return None

    def value(self, text: str) -> str:
        """A value that stands in a sentence: what records and states are called is in the language, names stay."""
        if DECIMAL.fullmatch(text):
            return text.replace(".", self.said.get("decimal point", "."))
        bare = text.strip("'")
        for each in (bare, phrase(bare) if bare.islower() or bare.isupper() else bare):
            if each in self.said:
                return self.said[each]
        if (said := self.numbered(bare)) is not None:
            return said
        if (span := SPAN.fullmatch(bare)) is not None and span[2] in self.said:
            return f"{span[1]} {self.said[span[2]]}"
        joint = next((each for each in JOINTS if each in text), "")
        return self.said.get(joint, joint).join(self.value(part) for part in text.split(joint)) if joint else text

    @cached_property
    def _patterns(self) -> Mapping[str, Sequence[tuple[int, re.Pattern[str], str]]]:
        """The sentences with values as patterns, by their first word where it is no value; the most definite come first.

        How definite one is, is the length of what stands between its values.
        """
        found: dict[str, list[tuple[int, re.Pattern[str], str]]] = {}
        for text in sorted(self.said, key=_fixed, reverse=True):
            if names := HOLE.findall(text):
                parts = [re.escape(part) for part in HOLE.split(text)[::2]]
                places = [f"(?P<{name}>.*?)" for name in names]
                pattern = "".join(each for pair in zip(parts, [*places, ""], strict=True) for each in pair)
                first = text.split(" ", 1)[0]
                key = "" if HOLE.search(first) else first
                found.setdefault(key, []).append((_fixed(text), re.compile(pattern, re.DOTALL), self.said[text]))
        return found


@cache
def catalogue(language: str, folders: tuple[Path, ...] = ()) -> Catalogue:
    """What is said in a language: on all pages, and by trades, which bring it in `words/` and have the last word."""
    found: dict[str, str] = {}
    for folder in (HERE, *folders):
        path = folder / f"{language}.json"
        if language != ENGLISH and path.is_file():
            found |= json.loads(path.read_text(encoding="utf-8"))
    return Catalogue(found)


@lru_cache(4096)
def _find(language: str, folders: tuple[Path, ...], text: str) -> str | None:
    return catalogue(language, folders).find(text)


@cache
def _plural(language: str) -> Callable[[int], str]:
    return Locale.parse(language).plural_form


class Words:
    """What is said in one language."""

    def __init__(self, language: str, folders: Iterable[Path] = ()) -> None:
        self.language = language
        self.folders = tuple(folders)

    def __call__(self, text: str, **values: object) -> str:
        """An English sentence in this language; what stands in braces is filled in, or was already."""
        is_ours = self.language != ENGLISH and len(text) <= LONGEST
        said = (_find(self.language, self.folders, text) if is_ours else None) or text
        return said.format_map(values) if values else said

    def of(self, language: str) -> "Words":
        """The same catalogues in another language."""
        return Words(language, self.folders)

    def many(self, count: int, one: str, more: str, written: str = "") -> str:
        """A sentence about a number of things: `{count}` stands for it, as it is written."""
        return self(one if _plural(self.language)(count) == "one" else more, count=written or count)

    def brief(self, summary: str) -> str:
        """The first sentence of what a verb does, as a line of a story."""
        return self(summary).split(". ")[0].rstrip(".")

    def why(self, problem: Problem) -> str:
        """Why something was refused."""
        if isinstance(problem, Invalid):
            return "; ".join(self.plain(str(each["msg"])) for each in problem.errors)
        return self(problem.sentence)

    def plain(self, message: str) -> str:
        """What is wrong with a field."""
        if self.language == ENGLISH and message.startswith("String should match pattern"):
            return "This does not have the right form"
        return self(message.removeprefix("Value error, ").removeprefix("Assertion failed, ")) if message else ""


@lru_cache(4096)
def phrase(name: str) -> str:
    """The name of a field or verb as people read it: `due_date` is "Due date", and `sale_ids` are "Sales"."""
    if name.endswith("_ids"):
        name = f"{name.removesuffix('_ids')}s"
    text = name if name in ("id", "at", "unique_id") else name.removesuffix("_id").removesuffix("_at")
    said = text.replace("_", " ").replace("-", " ").strip().capitalize() or name
    return (
        PIN.sub("PIN", said)
        .replace(" e164", " (international)")
        .replace("Imei", "IMEI")
        .replace("Url", "URL")
        .replace("Sms", "SMS")
        .replace("Api ", "API ")
    )
