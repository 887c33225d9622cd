"""Entering: signing in and out on a page. The tokens are those of the interface, kept in cookies."""

from secrets import token_urlsafe
from urllib.parse import urlsplit

import orjson
from pydantic import ValidationError

from tradehall.kernel.calls import Call
from tradehall.kernel.contracts import Service
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Missing, Problem, Refused, Unauthenticated
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.people import CLOSED, SignIn, has_users, organisations
from tradehall.kernel.people.entry import Admit, Granted, come_in
from tradehall.kernel.people.members import Member, holders, member
from tradehall.kernel.people.renewal import go_on
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import ANYBODY, Actor
from tradehall.web.bodies import invalid
from tradehall.web.client import caller, origin
from tradehall.web.face.asking import Asking
from tradehall.web.face.pages import Page, Pages
from tradehall.web.face.visiting import ACCESS, REFRESH, Visit, cookie, session_cookies
from tradehall.web.face.words import languages

SIGN_IN = "sign-in"
WAY_BACK = "hall_back"
"""Says that a way to a provider was begun on a page, and where it ends."""


def names_of(trade: Trade) -> dict[str, str]:
    """What people call each kind of name that somebody signs in with."""
    return {kind.name: kind.called() for way in (trade.sign_in.staff, trade.sign_in) for kind in way.kinds}


class Entering(Pages):
    """How people come in and go."""

    async def who(self, visit: Visit) -> tuple[Actor, str]:
        """Who looks, with their token; a session whose token is over goes on by itself. Raises Unauthenticated."""
        shown = visit.cookies.get(ACCESS, "")
        try:
            return await self.dispatcher.actor({b"authorization": f"Bearer {shown}".encode()} if shown else {}), shown
        except Unauthenticated:
            if not (refresh := visit.cookies.get(REFRESH, "")):
                raise
        call = self._call(visit, "refresh")
        granted = await go_on(self.office, self.trade, call, refresh)
        token = self._keep(visit, call, granted)
        return await self.dispatcher.actor({b"authorization": f"Bearer {token}".encode()}), token

    async def know(self, visit: Visit) -> None:
        """Find out who looks; raises Unauthenticated."""
        visit.actor, token = await self.who(visit)
        visit.scope["actor"] = visit.actor
        if visit.actor.language in languages(self.trade.words):
            visit.speak(visit.actor.language)
        visit.asking = Asking(self.dispatcher, visit.scope, token)

    def _keep(self, visit: Visit, call: Call, granted: Granted) -> str:
        """Put a session's tokens into cookies; gives the access token."""
        token, headers = session_cookies(visit.scope, self.office, self.trade, call, granted)
        visit.more_headers += headers
        return token

    def _call(self, visit: Visit, name: str) -> Call:
        contract = next(
            each for each in self.trade.operations if isinstance(each.does, Service) and each.does.name == name
        )
        where = origin(visit.scope, visit.headers, visit.scope["request_id"], "ui")
        nobody = Actor(0, self.trade.name, ANYBODY.name)
        return Call(contract, nobody, self.office.clock(), origin=where, caller=caller(visit.scope, visit.headers))

    async def ask_in(self, visit: Visit) -> Page:
        """The page to sign in; where nobody can yet, how to begin."""
        if not await self.office.database.read(0, has_users):
            return Page("face/first.html", {"title": visit.words("Welcome to Tradehall")})
        return await self._entrance(visit, "", 200)

    async def forgot(self, visit: Visit) -> Page:
        """The page for whoever has forgotten their secret: the answer is the same whether somebody has the name."""
        way, told, wrong, status = self._way(visit), "", "", 200
        if visit.scope["method"] == "POST":
            contract = self.house.find("POST", f"/auth/forgot-{self.trade.sign_in.secret.name}")
            if contract is None:
                raise Missing("There is no such page")
            try:
                body = {self.trade.sign_in.name: visit.value("name")}
                await visit.asking.ask(contract, body=body)
                told = visit.words("If somebody has this name and can be reached, a link is on its way")
            except Problem as problem:
                wrong, status = visit.words(problem.sentence), problem.status
        values = {
            "title": visit.words("Forgotten"),
            "way": way,
            "told": told,
            "wrong": wrong,
            "name": visit.value("name"),
            "is_staff": way is not self.trade.sign_in and self.trade.sign_in.secret.is_pin,
        }
        return Page("face/forgot.html", values, status)

    # Signing in with a provider.

    async def set_out(self, visit: Visit, provider: str) -> Page:
        """Go to a provider to sign in there, and come back to where somebody wanted to go."""
        contract = self.house.find("GET", "/auth/openid/{provider}/start")
        if contract is None:
            raise Missing("There is no such page")
        answer = await visit.asking.ask(contract, {"provider": provider})
        return self.on_the_way(visit, answer, answer.headers["Location"], visit.query.get("to", ""))

    def on_the_way(self, visit: Visit, answer: Answer, address: str, to: str) -> Page:
        """Remember that the way to a provider was begun on a page, and where it is to end."""
        back = self.back(visit, to).encode().hex()
        secure = "; Secure" if visit.scope.get("scheme") == "https" else ""
        kept = f"{WAY_BACK}={back}; Path={visit.root}/; Max-Age=600; HttpOnly; SameSite=Lax{secure}"
        visit.more_headers += [("Set-Cookie", answer.headers["Set-Cookie"]), ("Set-Cookie", kept)]
        return Page("", to=address)

    async def come_back(self, visit: Visit, provider: str) -> Page:
        """Come back from a provider: signed in, at the page where it was begun."""
        contract = self.house.find("GET", "/auth/openid/{provider}/callback")
        visit.more_headers.append(("Set-Cookie", f"{WAY_BACK}=; Path={visit.root}/; Max-Age=0"))
        try:
            assert contract is not None  # noqa: S101 - for the type checker
            answer = await visit.asking.ask(contract, {"provider": provider}, visit.query)
        except Problem as problem:
            return await self._entrance(visit, visit.words(problem.sentence), problem.status)
        told = orjson.loads(answer.body)
        if "refresh_token" not in told:
            return await self._entrance(visit, visit.words(told.get("message", "")), 202)
        lasts = int(self.office.terms.refresh_lasts.total_seconds())
        for name, kept in ((ACCESS, "access_token"), (REFRESH, "refresh_token")):
            visit.more_headers.append(cookie(visit.scope, name, told[kept], lasts))
        visit.more_headers.append(("Set-Cookie", answer.headers["Set-Cookie"]))
        try:
            back = bytes.fromhex(visit.cookies.get(WAY_BACK, "")).decode()
        except ValueError:
            back = ""
        return Page("", to=self.back(visit, back))

    async def come_in(self, visit: Visit) -> Page:
        """Sign in; on to where somebody wanted to go."""
        way = self._way(visit)
        call = self._call(visit, "sign_in")
        given = {way.name: visit.value("name"), way.secret.name: visit.value("secret")}
        if visit.value("organisation"):
            given["organisation"] = visit.value("organisation")
        does = next(
            each.does
            for each in self.trade.operations
            if isinstance(each.does, Service)
            and each.does.name == "sign_in"
            and each.does.body is not None
            and way.secret.name in each.does.body.model_fields
        )
        try:
            assert does.body is not None  # noqa: S101 - for the type checker
            body = does.body.model_validate(given)
            granted, device = await come_in(self.office, self.trade, Call(**{**vars(call), "body": body}), way)
        except ValidationError as error:
            return await self._entrance(visit, visit.words.why(invalid(error, "body")), 422)
        except Refused as refused:
            return await self._entrance(visit, visit.words.why(refused), 409, refused.details.get("organisations", ()))
        except Problem as problem:
            return await self._entrance(visit, visit.words.why(problem), problem.status)
        self._keep(visit, call, granted)
        visit.more_headers.append(cookie(visit.scope, "device", device, 400 * 24 * 3600))
        return Page("", to=self.back(visit, visit.value("to")))

    async def enter(self, visit: Visit) -> Page:
        """Enter a demonstration as somebody in a role; of an installation that is none, this is no page."""
        role = self.trade.role(visit.value("role"))
        if not self.dispatcher.policy.for_show or role is None:
            raise Missing("There is no such page")
        org_id, name = visit.actor.org_id, self.trade.name

        def first(session: Session) -> Member | None:
            found = holders(session, org_id, name, role.name)
            return member(session, found[0], org_id, name) if found else None

        place = await self.office.database.read(0, first)
        if place is None:  # nobody has this role: whoever has no session is the owner
            visit.more_headers += [cookie(visit.scope, each, "") for each in (ACCESS, REFRESH)]
        else:
            call = self._call(visit, "sign_in")
            admit = Admit(self.office, self.trade, call, place, token_urlsafe(24))
            self._keep(visit, call, await self.office.database.unit(admit))
        return Page("", to=visit.app)

    def _way(self, visit: Visit) -> SignIn:
        """How somebody signs in: as the trade's people do, or as its staff where that is another way."""
        return (
            self.trade.sign_in.staff
            if visit.value("as") == "staff" or visit.query.get("as") == "staff"
            else self.trade.sign_in
        )

    def back(self, visit: Visit, to: str) -> str:
        """Where somebody goes on to: an address of these pages and nothing else."""
        parts = urlsplit(to)
        inside = (
            not parts.scheme
            and not parts.netloc
            and (parts.path == visit.app or parts.path.startswith(f"{visit.app}/"))
        )
        return to if inside and "\\" not in to and "\n" not in to and "\r" not in to else visit.app

    async def _entrance(self, visit: Visit, wrong: str, status: int, several: tuple[int, ...] = ()) -> Page:
        way = self._way(visit)
        known = await self.office.database.read(0, organisations) if several else []
        values = {
            "title": visit.words("Sign in"), "wrong": wrong, "way": way, "name": visit.value("name"),
            "to": visit.value("to") or visit.query.get("to", ""), "other": self.trade.sign_in.secret.is_pin,
            "is_staff": way is not self.trade.sign_in and self.trade.sign_in.secret.is_pin,
            "organisations": [(org_id, name) for org_id, name in known if org_id in several],
            "providers": list(self.office.outside.openid), "may_register": self.trade.register.how is not CLOSED,
        }  # fmt: skip
        return Page("face/sign-in.html", values, status)

    async def go_out(self, visit: Visit) -> Page:
        """Sign out here."""
        contract = next(
            each for each in self.trade.operations if isinstance(each.does, Service) and each.does.name == "logout"
        )
        if visit.asking.token:
            await visit.asking.ask(contract, body={})
        visit.more_headers += [cookie(visit.scope, ACCESS, ""), cookie(visit.scope, REFRESH, "")]
        return Page("", to=f"{visit.app}/-/{SIGN_IN}")
