"""Errands: what is done in the administration, as small forms. Each is an operation of the interface, which knows the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from tradehall.kernel.contracts import Contract
from tradehall.kernel.errors import Invalid, Missing, Problem, Unauthenticated
from tradehall.kernel.verbs import Actor
from tradehall.web.face.doing import Doing, holds_secret
from tradehall.web.face.forms import HIDDEN, Filling, Input, inputs
from tradehall.web.face.pages import Page
from tradehall.web.face.visiting import Visit

NO_PAGE = "There is no such page"
SHOWN = 100
LOOK_AGAIN = "2"
"""Seconds until a page that shows progress is asked for again."""
Parts = Sequence[str]


@dataclass(frozen=True)
class Errand:
    """Something to do: an operation, what is asked for it, what is said, and where it leads afterwards."""

    contract: Contract
    title: str
    back: str
    path: Mapping[str, Any] = field(default_factory=dict)
    help: str = ""
    done: str = ""
    called: str = ""
    fields: tuple[Input, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """What is sent besides what somebody fills in."""
    is_dangerous: bool = False
    deserts: bool = False
    """Whether whoever does it is signed out by it."""


class Errands(Doing):
    """What the pages of the administration share."""

    def at(self, method: str, path: str) -> Contract:
        """The operation at a path, below the trade's prefix; raises Missing where the trade has none."""
        found = self.house.find(method, path)
        if found is None:
            raise Missing(NO_PAGE)
        return found

    def may(self, actor: Actor, method: str, path: str) -> bool:
        """Whether somebody may ask for an operation."""
        found = self.house.find(method, path)
        return found is not None and found.by is not None and actor.may(found.by)

    async def listed(self, visit: Visit, contract: Contract, query: Mapping[str, str] | None = None) -> list[Any]:
        """The rows of a list, in whichever shape the trade answers it."""
        found = await visit.asking.found(contract, {}, query)
        if isinstance(found, dict):
            return next((each for each in found.values() if isinstance(each, list)), [])
        return found or []

    async def run(self, visit: Visit, method: str, errand: Errand) -> Page:
        """Ask for what an errand needs, or do it; what is refused is said where it was asked."""
        errand.contract.grant(visit.actor)
        await self.learn(visit)
        filling = Filling(visit.words, visit.formats)
        if method == "GET":
            filling.begin(errand.fields, errand.given, visit.query)
            await self._say(visit, filling)
            return self._asked(visit, errand, filling, [])
        body = {**filling.read(errand.fields, visit.form), **errand.fixed}
        try:
            answer = await visit.asking.ask(
                errand.contract, errand.path, {}, body if errand.fields or errand.fixed else None
            )
        except Unauthenticated:
            raise
        except Problem as problem:
            whole = filling.again(errand.fields, visit.form, problem.errors if isinstance(problem, Invalid) else ())
            await self._say(visit, filling)
            if not isinstance(problem, Invalid):
                whole = [". ".join(visit.why(problem))]
            return replace(self._asked(visit, errand, filling, whole), status=problem.status)
        told = orjson.loads(answer.body) if answer.body else None
        if holds_secret(told):
            return Page("face/secret.html", {"title": errand.title, "told": told, "to": f"{visit.app}{errand.back}"})
        visit.tell(errand.done or visit.words("Done: {what}", what=errand.title.lower()))
        return Page("", to=f"{visit.app}{errand.back}")

    def _asked(self, visit: Visit, errand: Errand, filling: Filling, whole: list[str]) -> Page:
        fields = [replace(each, text="") if each.kind in HIDDEN else each for each in filling.fields]
        values = {
            "title": errand.title, "errand": errand, "fields": fields, "whole": whole,
            "action": str(visit.scope["path"]), "back": f"{visit.app}{errand.back}",
        }  # fmt: skip
        return Page("face/errand.html", values)

    def asked_by(self, contract: Contract, *without: str) -> tuple[Input, ...]:
        """The fields of the form of an operation."""
        body = getattr(contract.does, "body", None)
        return tuple(each for each in inputs(body) if each.name not in without) if body is not None else ()

    def with_roles(self, visit: Visit, fields: Sequence[Input]) -> tuple[Input, ...]:
        """The same fields, with the trade's roles to choose from where a role is asked for."""
        roles = tuple((each.name, each.title) for each in self.trade.roles)
        return tuple(
            replace(each, kind="choice", options=roles, is_required=True) if each.name == "role" else each
            for each in fields
        )


def number(text: str) -> int:
    """The number in an address; raises Missing where there is none."""
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise Missing(NO_PAGE)
    return int(text)
