"""Choosing: the settings of a business as a form, each by its type, with its title and unit."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from zoneinfo import available_timezones

from tradehall.kernel import persons
from tradehall.kernel.errors import Invalid, MethodNotAllowed, Problem, Unauthenticated
from tradehall.kernel.notices import ledger
from tradehall.kernel.preferences import APPROVAL, PROFILE, ZONE
from tradehall.web.face.errands import Errands, Parts
from tradehall.web.face.forms import Filling, Input
from tradehall.web.face.pages import Page
from tradehall.web.face.visiting import Visit


@dataclass(frozen=True)
class Group:
    """Settings that stand together."""

    title: str
    fields: list[Input]


class Choosing(Errands):
    """The settings of a business."""

    async def settings(self, visit: Visit, method: str, parts: Parts) -> Page:
        """The form of all settings; each change is an event."""
        if parts or method not in ("GET", "POST"):
            raise MethodNotAllowed(["GET", "POST"])
        change = self.at("PUT", "/settings")
        change.grant(visit.actor)
        await self.learn(visit)
        filling = Filling(visit.words, visit.formats)
        declared = tuple(self._declared_settings(visit))
        now = await visit.asking.found(self.at("GET", "/settings"))
        filling.begin(declared, now)
        if method == "GET":
            return self._choices(visit, filling, [])
        before = {each.name: each.text for each in filling.fields}
        body = filling.read(declared, visit.form, only_changed=True)
        try:
            if body:
                await visit.asking.ask(change, body=body)
        except Unauthenticated:
            raise
        except Problem as problem:
            whole = filling.again(declared, visit.form, problem.errors if isinstance(problem, Invalid) else ())
            if not isinstance(problem, Invalid):
                whole = [visit.words(problem.sentence)]
            return replace(self._choices(visit, filling, whole, before), status=problem.status)
        visit.tell(visit.words("The settings are saved") if body else visit.words("Nothing was changed"))
        return Page("", to=f"{visit.app}/-/settings")

    def _declared_settings(self, visit: Visit) -> Iterator[Input]:
        for each in self.asked_by(self.at("PUT", "/settings")):
            setting = self.trade.preferences[each.name]
            found = replace(each, title=setting.title, unit=visit.words(setting.unit) if setting.unit else "")
            if each.name == ZONE.name:
                zones = tuple((name, name) for name in sorted(available_timezones()))
                found = replace(found, kind="choice", options=zones, is_required=True)
            yield found

    def _choices(self, visit: Visit, filling: Filling, whole: list[str], before: dict[str, str] | None = None) -> Page:
        by_name = {each.name: each for each in filling.fields}
        business = [each.name for each in (*PROFILE, APPROVAL)]
        messages = [each.name for each in ledger.SETTINGS]
        keeping = [each.name for each in persons.settings()]
        known = {*business, *messages, *keeping}
        words = visit.words
        groups = (
            (words("The business"), business), (words("Messages"), messages),
            (self.trade.title, [name for name in by_name if name not in known]),
            (words("How long things are kept"), keeping),
        )  # fmt: skip
        shown = [Group(title, [by_name[name] for name in names if name in by_name]) for title, names in groups]
        values = {
            "title": words("Settings"), "groups": [each for each in shown if each.fields], "whole": whole,
            "before": before or {name: each.text for name, each in by_name.items()},
        }  # fmt: skip
        return Page("face/settings.html", values)
