"""Auditing: who did what and when, as people read it, and whether the log is as it was written."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

import orjson

from tradehall.kernel.errors import Invalid, MethodNotAllowed, Missing
from tradehall.web.face.errands import NO_PAGE, Errands, Parts
from tradehall.web.face.pages import Page
from tradehall.web.face.visiting import Visit
from tradehall.web.face.words import phrase

PAGE = 50
ASKED = ("entity", "entity_id", "actor", "from", "to", "after")
LONGEST = 120


class Auditing(Errands):
    """The log of everything that happened."""

    async def audits(self, visit: Visit, method: str, parts: Parts) -> Page:
        """The log, with what was asked of it; or whether its chain holds."""
        if method != "GET":
            raise MethodNotAllowed(["GET"])
        await self.learn(visit)
        checked = None
        if list(parts) == ["check"]:
            checked = await visit.asking.found(self.at("GET", "/audit/check"))
        elif parts:
            raise Missing(NO_PAGE)
        asked = {name: value for name in ASKED if (value := visit.query.get(name, "").strip())}
        wrong = ""
        try:
            told = await visit.asking.found(self.at("GET", "/audit"), {}, {**asked, "limit": str(PAGE)})
        except Invalid as invalid:
            wrong, told = visit.words(invalid.sentence), {"events": [], "next": None}
        following = f"{visit.app}/-/audit?{urlencode({**asked, 'after': told['next']})}" if told["next"] else ""
        values = {
            "title": visit.words("What happened"), "events": [self._event(visit, each) for each in told["events"]],
            "asked": asked, "following": following, "wrong": wrong, "checked": checked, "actors": await self._actors(visit),
            "entities": sorted({(name, visit.words(room.title)) for name, room in self.house.by_table.items()} | {("users", visit.words("People"))}, key=lambda each: each[1]),
            "may_check": self.may(visit.actor, "GET", "/audit/check"),
        }  # fmt: skip
        return Page("face/audit.html", values)

    async def _actors(self, visit: Visit) -> list[tuple[str, str]]:
        if not self.may(visit.actor, "GET", "/users"):
            return []
        found = await self.listed(visit, self.at("GET", "/users"))
        named = [(each.get("id"), each.get("full_name") or each.get("username") or each.get("email")) for each in found]
        people = [(f"user:{user_id}", str(name or f"#{user_id}")) for user_id, name in named]
        return [*people, ("system", visit.words("Tradehall"))]

    def _event(self, visit: Visit, told: Mapping[str, Any]) -> dict[str, Any]:
        words, verb = visit.words, next((each for each in self.trade.verbs if each.event == told["verb"]), None)
        what = verb.summary.split(". ")[0].rstrip(".") if verb is not None else phrase(told["verb"].partition(".")[2])
        origin = told["origin"]
        return {
            "id": told["id"], "at": visit.formats.moment(told["at"]), "what": words(what), "verb": told["verb"],
            "who": told["name"] or (words("Tradehall") if told["actor"] == "system" else told["actor"]),
            "from": " · ".join(filter(None, (origin.get("via"), origin.get("source"), (origin.get("agent") or "")[:60]))),
            "changes": [self._change_of(visit, each) for each in told["changes"]],
        }  # fmt: skip

    def _change_of(self, visit: Visit, change: Mapping[str, Any]) -> dict[str, Any]:
        room = self.house.by_table.get(change["entity"])
        title = visit.words(room.record.title if room is not None else phrase(change["entity"].removeprefix("kernel_")))
        can_go = room is not None and room.reading is not None and room.is_for(visit.actor)
        gone = change["operation"] == "delete"
        return {
            "title": f"{title} {change['id']}", "operation": change["operation"],
            "href": f"{visit.app}/{room.name}/{change['id']}" if room is not None and can_go and not gone else "",
            "lines": list(_lines(visit, change)),
        }  # fmt: skip


def _lines(visit: Visit, change: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Each field of a change: its title, what stood there before and what stands there now."""
    for name, value in (change["values"] or {}).items():
        is_pair = change["operation"] == "edit" and isinstance(value, list) and len(value) == 2
        before, now = value if is_pair else ("", value)
        yield visit.words(phrase(name)), _plain(before) if is_pair else "", _plain(now)


def _plain(value: Any) -> str:
    if value is None or value == "":
        return "–"
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
