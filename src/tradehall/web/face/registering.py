"""Registering: how whoever wants comes in on a page, where a trade lets them: at once, or when somebody has approved it."""

from collections.abc import Iterator
from dataclasses import replace

from pydantic import ValidationError

from tradehall.kernel.calls import Call
from tradehall.kernel.contracts import Service
from tradehall.kernel.errors import Invalid, Missing, Problem, field_error
from tradehall.kernel.people import CLOSED, FOUND, organisations
from tradehall.kernel.people.entry import WAITS, Waiting, registered
from tradehall.web.bodies import invalid
from tradehall.web.face.entering import SIGN_IN, Entering, names_of
from tradehall.web.face.forms import HIDDEN, Filling, Input, inputs
from tradehall.web.face.pages import Page
from tradehall.web.face.visiting import Visit, cookie
from tradehall.web.face.words import Words, phrase

AGAIN = "again"


class Registering(Entering):
    """How people come in who are not known here yet."""

    async def register(self, visit: Visit) -> Page:
        """The page to register; on to where somebody wanted to go, or to be told that they wait."""
        declared = tuple(await self._asked_of_strangers(visit))
        filling = Filling(visit.words, visit.formats)
        if visit.scope["method"] != "POST":
            filling.begin(declared, {}, {name: visit.query[name] for name in ("organisation",) if name in visit.query})
            return self._registration(visit, filling, [])
        given = {name: value for name, value in filling.read(declared, visit.form).items() if name != AGAIN}
        try:
            return await self._registered(visit, given)
        except Problem as problem:
            whole = filling.again(declared, visit.form, problem.errors if isinstance(problem, Invalid) else ())
            if not isinstance(problem, Invalid):
                whole = [". ".join(visit.why(problem))]
            return self._registration(visit, filling, whole, problem.status)

    async def _registered(self, visit: Visit, given: dict[str, object]) -> Page:
        call = self._call(visit, "register")
        assert isinstance(call.contract.does, Service)  # noqa: S101 - for the type checker
        assert call.contract.does.body is not None  # noqa: S101 - likewise
        try:
            body = call.contract.does.body.model_validate(given)
        except ValidationError as error:
            raise invalid(error, "body") from error
        if visit.value(self.trade.sign_in.secret.name) != visit.value(AGAIN):
            raise field_error(["body", AGAIN], visit.words("This is not the same as above"))
        granted, device = await registered(self.office, self.trade, Call(**{**vars(call), "body": body}))
        if isinstance(granted, Waiting):
            return Page("face/registered.html", {"title": visit.words(WAITS)}, 202)
        visit.more_headers.append(cookie(visit.scope, "device", device, 400 * 24 * 3600))
        if not self.trade.register.signs_in:
            visit.tell(visit.words("You are registered; sign in with what you chose"))
            return Page("", to=f"{visit.app}/-/{SIGN_IN}")
        self._keep(visit, call, granted)
        return Page("", to=self.back(visit, visit.value("to")))

    async def _asked_of_strangers(self, visit: Visit) -> Iterator[Input]:
        """What is asked of whoever registers: the secret twice, and the business only where there are several."""
        contract = self.house.find("POST", "/auth/register") if self.trade.register.how is not CLOSED else None
        if contract is None or not isinstance(contract.does, Service) or contract.does.body is None:
            raise Missing("There is no such page")
        known = await self.office.database.read(0, organisations)
        return self._of_strangers(visit.words, inputs(contract.does.body), several=len(known) > 1)

    def _of_strangers(self, words: Words, fields: tuple[Input, ...], *, several: bool) -> Iterator[Input]:
        way, founds = self.trade.sign_in, self.trade.register.how is FOUND
        titles = names_of(self.trade)
        said = phrase(way.secret.name) if way.secret.is_pin else words(phrase(way.secret.name)).lower()
        order = {**{kind.name: 0 for kind in way.kinds}, way.secret.name: 2, "organisation": 3}
        for each in sorted(fields, key=lambda one: order.get(one.name, 1)):
            if each.name == way.secret.name:
                yield replace(each, longest=way.secret.longest if way.secret.is_pin else each.longest)
                yield replace(each, name=AGAIN, title=words("The same {secret} again", secret=said))
            elif each.name != "organisation":
                yield replace(each, title=titles.get(each.name, each.title))
            elif founds:
                yield replace(each, kind="text", title=words("Name of your business"), longest=100)
            elif several:
                yield replace(each, kind="text", title=words("Which business?"), longest=100, is_required=True)

    def _registration(self, visit: Visit, filling: Filling, whole: list[str], status: int = 200) -> Page:
        fields = [replace(each, text="") if each.kind in HIDDEN else each for each in filling.fields]
        values = {
            "title": visit.words("Register"), "fields": fields, "whole": whole,
            "to": visit.value("to") or visit.query.get("to", ""),
        }  # fmt: skip
        return Page("face/register.html", values, status)
