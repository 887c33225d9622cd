"""Languages: what somebody with an account is told is in the language that they chose, where a catalogue has the words."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from tradehall.kernel.database import Prepared, Session
from tradehall.kernel.people.tables import USERS

HERE = Path(__file__).parents[1] / "words"
ENGLISH = "en"
_chosen = Prepared(sa.select(USERS.c.language).where(USERS.c.id == sa.bindparam("id")))


@cache
def languages(folders: tuple[Path, ...] = ()) -> tuple[str, ...]:
    """The languages that people may choose: Tradehall's, and those of a trade."""
    return (ENGLISH, *sorted({path.stem for folder in (HERE, *folders) for path in folder.glob("*.json")}))


@cache
def _said(language: str, folders: tuple[Path, ...]) -> Mapping[str, str]:
    """What texts are in a language: the kernel's and a trade's, which has the last word."""
    found: dict[str, str] = {}
    for folder in (HERE, *folders):
        path = folder / f"{language}.json"
        if language != ENGLISH and path.is_file():
            found |= json.loads(path.read_text(encoding="utf-8"))
    return found


def language_of(session: Session, user_id: int) -> str:
    """The language that somebody chose; "" where they chose none."""
    rows = session.run(_chosen, {"id": user_id}) if user_id else []
    return (rows[0][0] or "") if rows else ""


def spoken(texts: Mapping[str, str], language: str, folders: tuple[Path, ...]) -> Mapping[str, str]:
    """Texts of a template in a language; those that no catalogue has stay as they are."""
    said = _said(language, folders) if language in languages(folders) else {}
    return {name: said.get(text, text) for name, text in texts.items()}
