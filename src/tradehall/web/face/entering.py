"""Entering: signing in and out on a page. The tokens are those of the interface, kept in cookies."""

from urllib.parse import urlsplit

from pydantic import ValidationError

from tradehall.kernel.calls import Call
from tradehall.kernel.contracts import Service
from tradehall.kernel.errors import Problem, Refused, Unauthenticated
from tradehall.kernel.people import SignIn, organisations
from tradehall.kernel.people.entry import Granted, access_token, come_in
from tradehall.kernel.people.renewal import go_on
from tradehall.kernel.verbs import ANYBODY, Actor
from tradehall.web.bodies import invalid
from tradehall.web.client import caller, origin
from tradehall.web.face.pages import Page, Pages
from tradehall.web.face.visiting import ACCESS, REFRESH, Visit, cookie

SIGN_IN = "sign-in"


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

    def _keep(self, visit: Visit, call: Call, granted: Granted) -> str:
        """Put a session's tokens into cookies; gives the access token."""
        token, lasts = (
            access_token(self.office, self.trade, call, granted),
            int(self.office.terms.refresh_lasts.total_seconds()),
        )
        visit.more_headers += [
            cookie(visit.scope, ACCESS, token, lasts),
            cookie(visit.scope, REFRESH, str(granted.token), lasts),
        ]
        return token

    def _call(self, visit: Visit, name: str) -> Call:
        contract = next(
            each for each in self.trade.operations if isinstance(each.does, Service) and each.does.name == name
        )
        where = origin(visit.scope, visit.headers, visit.scope["request_id"], "ui")
        nobody = Actor(0, self.trade.name, ANYBODY.name)
        return Call(contract, nobody, self.office.clock(), origin=where, caller=caller(visit.scope, visit.headers))

    async def ask_in(self, visit: Visit) -> Page:
        """The page to sign in."""
        return await self._entrance(visit, "", 200)

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
            "providers": list(self.office.outside.openid),
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
