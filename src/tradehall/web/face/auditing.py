"""Auditing: who did what and when, as people read it, and whether the log is as it was written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson
from markupsafe import Markup

from tradehall.kernel.checks import Checked
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Invalid, MethodNotAllowed, Missing
from tradehall.kernel.labels import people
from tradehall.kernel.people.tables import USERS
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import METADATA, Record
from tradehall.web.face.errands import LOOK_AGAIN, NO_PAGE, Errands, Parts, number
from tradehall.web.face.fields import (
    CHOICE,
    DAY,
    FLAG,
    MOMENT,
    MONEY,
    PERSON,
    PLACES,
    REFERENCE,
    SAID,
    STATE,
    Drawing,
    Shown,
    choice_text,
    shown_fields,
)
from tradehall.web.face.pages import Page
from tradehall.web.face.visiting import Visit
from tradehall.web.face.words import phrase

PAGE = 50
ASKED = ("entity", "entity_id", "actor", "from", "to", "after")
LONGEST = 120
DRAWN: Mapping[str, type | tuple[type, ...]] = {
    PERSON: int, REFERENCE: int, STATE: str, CHOICE: str, MOMENT: str, DAY: str, FLAG: bool, SAID: str,
    MONEY: (int, float), PLACES: (int, float),
}  # fmt: skip
"""What the log holds of the kinds that are drawn as on every page; everything else stands there as it was written."""
Told = Mapping[str, Any]


@dataclass
class Called:
    """What the rows and people are called that some events name."""

    drawing: Drawing
    columns: dict[str, dict[str, Shown]] = field(default_factory=dict)
    """The fields of each table that are drawn."""

    def row(self, entity: str, row_id: int) -> str:
        """The name of a row or a person; "" where it has none or may not be known."""
        if entity == USERS.name:
            return self.drawing.people.get(row_id, "")
        record = _record(entity)
        return self.drawing.rows.get(record, {}).get(row_id, "") if record is not None else ""

    def value(self, entity: str, name: str, value: Any) -> str | Markup:
        """What stood in a field."""
        column = self.columns.get(entity, {}).get(name)
        if column is None or not isinstance(value, DRAWN.get(column.kind, ())):
            return _plain(value)
        if column.kind in (STATE, CHOICE):
            return choice_text(self.drawing.words, str(value))
        try:
            return self.drawing.value(column, value)
        except ValueError:  # what a moment or a day is now was something else when this was written
            return _plain(value)


def _record(entity: str) -> type[Record] | None:
    found: type[Record] | None = METADATA.tables[entity].info.get("record") if entity in METADATA.tables else None
    return found


class Auditing(Errands):
    """The log of everything that happened."""

    async def audits(self, visit: Visit, method: str, parts: Parts) -> Page:
        """The log, with what was asked of it; or a check of its chain."""
        if method == "POST" and list(parts) == ["checks"]:
            answer = await visit.asking.ask(self.at("POST", "/audit/checks"))
            return Page("", to=f"{visit.app}/-/audit/checks/{orjson.loads(answer.body)['id']}")
        if method != "GET":
            raise MethodNotAllowed(["GET"])
        await self.learn(visit)
        match parts:
            case ["checks", each]:
                return await self._check(visit, number(each))
            case [_, *_]:
                raise Missing(NO_PAGE)
        asked = {name: value for name in ASKED if (value := visit.query.get(name, "").strip())}
        wrong = ""
        try:
            told = await visit.asking.found(self.at("GET", "/audit"), {}, {**asked, "limit": str(PAGE)})
        except Invalid as invalid:
            wrong, told = visit.words(invalid.sentence), {"events": [], "next": None}
        following = f"{visit.app}/-/audit?{urlencode({**asked, 'after': told['next']})}" if told["next"] else ""
        called = await self._called(visit, told["events"])
        values = {
            "title": visit.words("What happened"), "events": [self._event(visit, called, each) for each in told["events"]],
            "asked": asked, "following": following, "wrong": wrong, "actors": await self._actors(visit),
            "entities": sorted({(name, visit.words(room.title)) for name, room in self.house.by_table.items()} | {("users", visit.words("People"))}, key=lambda each: each[1]),
            "may_check": self.may(visit.actor, "POST", "/audit/checks"),
        }  # fmt: skip
        return Page("face/audit.html", values)

    async def _check(self, visit: Visit, check_id: int) -> Page:
        """How far a check of the chain is, or what it found."""
        found = await visit.asking.found(self.at("GET", "/audit/checks/{id}"), {"id": check_id})
        is_going = found["status"] == Checked.RUNNING
        headers = {"Refresh": LOOK_AGAIN} if is_going else {}
        title = visit.words("Check of the log")
        return Page("face/check.html", {"title": title, "found": found, "going": is_going, "headers": headers})

    async def _actors(self, visit: Visit) -> list[tuple[str, str]]:
        if not self.may(visit.actor, "GET", "/users"):
            return []
        found = await self.listed(visit, self.at("GET", "/users"))
        named = [(each.get("id"), each.get("full_name") or each.get("username") or each.get("email")) for each in found]
        people = [(f"user:{user_id}", str(name or f"#{user_id}")) for user_id, name in named]
        return [*people, ("system", visit.words("Tradehall"))]

    async def _called(self, visit: Visit, told: Sequence[Told]) -> Called:
        """Look up what everything is called that some events name."""
        found = Called(self.drawing_of(visit))
        changes: dict[str, list[Told]] = {}
        for change in (change for each in told for change in each["changes"]):
            changes.setdefault(change["entity"], []).append(change)

        def read(session: Session) -> None:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            users = {int(number) for each in told if (number := each["actor"].removeprefix("user:")).isdecimal()}
            users |= {each["id"] for each in changes.get(USERS.name, ())}
            for entity, some in changes.items():
                if (record := _record(entity)) is not None:
                    names = [name for name in record.fields if any(name in each["values"] for each in some)]
                    shown = shown_fields(record, names, {}, visit.words)
                    found.columns[entity] = {each.name: each for each in shown}
                    found.drawing.look_up(reader, shown, [side for each in some for side in _sides(each)])
                    found.drawing.know(reader, record, {each["id"] for each in some})
            found.drawing.people |= people(reader, users)

        await self.office.database.read(visit.actor.org_id, read)
        return found

    def _event(self, visit: Visit, called: Called, told: Told) -> dict[str, Any]:
        words, verb = visit.words, self.house.by_event.get(told["verb"])
        what = words.brief(verb.summary) if verb is not None else words(phrase(told["verb"].partition(".")[2]))
        origin, user = told["origin"], told["actor"].removeprefix("user:")
        name = called.drawing.people.get(int(user)) if user.isdecimal() else told["name"]
        return {
            "id": told["id"], "at": visit.formats.moment(told["at"]), "what": words(what), "verb": told["verb"],
            "who": name or told["name"] or (words("Tradehall") if told["actor"] == "system" else told["actor"]),
            "from": " · ".join(filter(None, (origin.get("via"), origin.get("source"), (origin.get("agent") or "")[:60]))),
            "changes": [self._change_of(visit, called, each) for each in told["changes"]],
        }  # fmt: skip

    def _change_of(self, visit: Visit, called: Called, change: Told) -> dict[str, Any]:
        room = self.house.by_table.get(change["entity"])
        title = visit.words(room.record.title if room is not None else phrase(change["entity"].removeprefix("kernel_")))
        can_go = room is not None and room.reading is not None and room.is_for(visit.actor)
        gone = change["operation"] == "delete"
        return {
            "title": f"{title} {change['id']} {called.row(change['entity'], change['id'])}".rstrip(), "operation": change["operation"],
            "href": f"{visit.app}/{room.name}/{change['id']}" if room is not None and can_go and not gone else "",
            "lines": list(_lines(visit, called, change)),
        }  # fmt: skip


def _sides(change: Told) -> Iterator[dict[str, Any]]:
    """The values of a change, before and after where it has both."""
    pairs = {name: value for name, value in change["values"].items() if _is_pair(change, value)}
    for place in (0, 1):
        yield {name: value[place] for name, value in pairs.items()}
    yield {name: value for name, value in change["values"].items() if name not in pairs}


def _is_pair(change: Told, value: Any) -> bool:
    return change["operation"] == "edit" and isinstance(value, list) and len(value) == 2


def _lines(visit: Visit, called: Called, change: Told) -> Iterator[tuple[str, str | Markup, str | Markup]]:
    """Each field of a change: its title, what stood there before and what stands there now."""
    for name, value in (change["values"] or {}).items():
        is_pair = _is_pair(change, value)
        before, now = (called.value(change["entity"], name, each) for each in (value if is_pair else ("", value)))
        yield visit.words(phrase(name)), before if is_pair else "", now


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "–"
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
