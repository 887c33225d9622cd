"""Wording: what people are told by SMS, by e-mail and in the application, in the business's own words."""

from typing import Any

import orjson

from tradehall.kernel.contracts import Contract, Report
from tradehall.kernel.errors import Invalid, Missing, Problem, Unauthenticated
from tradehall.kernel.notices.templates import TEXTS
from tradehall.web.face.errands import NO_PAGE, Errands, Parts
from tradehall.web.face.pages import Page
from tradehall.web.face.visiting import Visit
from tradehall.web.face.words import phrase

VALUE = "value."


class Wordings(Errands):
    """The templates of messages."""

    async def wordings(self, visit: Visit, method: str, parts: Parts) -> Page:
        """All templates, or one of them with what may be done with its words."""
        contract = self.templates()
        contract.grant(visit.actor)
        await self.learn(visit)
        found = await visit.asking.found(contract)
        if not parts and method == "GET":
            return Page("face/wordings.html", {"title": visit.words("Templates"), "templates": found})
        template = next((each for each in found if [each["template"]] == list(parts)), None)
        if template is None:
            raise Missing(NO_PAGE)
        if method == "GET":
            return self._wording(visit, template, template["texts"])
        return await self._worded(visit, template)

    def templates(self) -> Contract:
        """What lists the templates: its path is another in trades whose contract has this one."""
        return next(
            each for each in self.trade.operations if isinstance(each.does, Report) and each.does.name == "templates"
        )

    async def _worded(self, visit: Visit, template: dict[str, Any]) -> Page:
        path = self.templates().path.removeprefix(self.trade.prefix)
        name, what = template["template"], visit.value("what")
        texts = {each: visit.value(each).replace("\r\n", "\n") for each in template["texts"]}
        examples = {key.removeprefix(VALUE): some[0] for key, some in visit.form.items() if key.startswith(VALUE)}
        try:
            if what in ("preview", "test"):
                given = {"template": name, **texts, "values": {key: text for key, text in examples.items() if text}}
                answer = await visit.asking.ask(self.at("POST", f"{path}/{what}"), body=given)
                return self._wording(
                    visit,
                    template,
                    texts,
                    examples=examples,
                    **{"seen" if what == "preview" else "tried": orjson.loads(answer.body)},
                )
            wished = dict.fromkeys(texts) if what == "reset" else _own(texts, template["original"])
            await visit.asking.ask(self.at("PUT", path), body={"template": name, **wished})
        except Unauthenticated:
            raise
        except Problem as problem:
            errors = problem.errors if isinstance(problem, Invalid) else []
            wrong = {str(each["loc"][-1]): visit.words(str(each["msg"])) for each in errors}
            return self._wording(
                visit,
                template,
                texts,
                wrong or {"": visit.words(problem.sentence)},
                examples=examples,
                status=problem.status,
            )
        visit.tell(visit.words("The words are saved"))
        return Page("", to=f"{visit.app}/-/templates/{name}")

    def _wording(
        self, visit: Visit, template: dict[str, Any], texts: dict[str, str], wrong: dict[str, str] | None = None,
        *, seen: Any = None, tried: Any = None, examples: dict[str, str] | None = None, status: int = 200,
    ) -> Page:  # fmt: skip
        path = self.templates().path.removeprefix(self.trade.prefix)
        values = {
            "title": visit.words(phrase(template["template"])), "template": template, "texts": texts,
            "wrong": wrong or {}, "seen": seen, "tried": tried, "examples": examples or {}, "order": [each for each in TEXTS if each in texts],  "may_change": self.may(visit.actor, "PUT", path),
        }  # fmt: skip
        return Page("face/wording.html", values, status)


def _own(texts: dict[str, str], original: dict[str, str]) -> dict[str, str | None]:
    """The texts that are not the trade's own; those that are need no words of the business."""
    return {name: None if text.strip() == original[name].strip() else text for name, text in texts.items()}
