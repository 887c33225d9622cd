"""One's own account: who one is, where one is signed in, one's secret, and what else signs one in."""

import secrets
from typing import Any

import orjson

from tradehall.kernel.database import Session
from tradehall.kernel.errors import MethodNotAllowed, Missing
from tradehall.kernel.people.entry import Admit
from tradehall.kernel.people.members import ANY_TRADE, Member, places, secret_of
from tradehall.kernel.people.organisations import organisations
from tradehall.web.face.entering import SIGN_IN, Entering, names_of
from tradehall.web.face.errands import NO_PAGE, Errand, Errands, Parts, number
from tradehall.web.face.pages import Page
from tradehall.web.face.visiting import ACCESS, REFRESH, Visit, cookie
from tradehall.web.face.words import phrase

BACK = "/-/account"
MOST_KNOWN = 10_000


class Account(Entering, Errands):
    """Everybody's own account."""

    async def account(self, visit: Visit, method: str, parts: Parts) -> Page:
        """The pages below `/-/account`."""
        words = visit.words
        match parts:
            case []:
                if method != "GET":
                    raise MethodNotAllowed(["GET"])
                return await self._account(visit)
            case ["sessions", each, "end"]:
                errand = Errand(
                    self.at("DELETE", "/auth/sessions/{session_id}"), words("Sign out there"), BACK,
                    {"session_id": number(each)}, help=words("That device has to sign in again."),
                    done=words("Signed out there"), is_dangerous=True,
                )  # fmt: skip
                return await self.run(visit, method, errand)
            case ["everywhere"]:
                return await self._leaving(visit, method, self._everywhere(visit))
            case ["secret", name] if self.house.find("POST", f"/auth/change-{name}") is not None:
                return await self._leaving(visit, method, self._secret(visit, name))
            case ["providers", name, "unlink"]:
                errand = Errand(
                    self.at("DELETE", "/auth/openid/{provider}/link"), words("Unlink"), BACK, {"provider": name},
                    help=words("That account signs you in no more."), done=words("The account is unlinked"), is_dangerous=True,
                )  # fmt: skip
                return await self.run(visit, method, errand)
            case ["providers", name, "link"] if method == "POST":
                return await self._link_to(visit, name)
            case ["switch"] if method == "POST":
                return await self._switch(visit)
        raise Missing(NO_PAGE)

    async def _account(self, visit: Visit) -> Page:
        await self.learn(visit)
        me = await visit.asking.found(self.at("GET", "/auth/me"))
        sessions, linked, names = [], [], names_of(self.trade)
        if is_somebody := visit.actor.user_id != 0:
            sessions = await visit.asking.found(self.at("GET", "/auth/sessions"))
            linked = await visit.asking.found(self.at("GET", "/auth/openid/linked"))
        values = {
            "title": visit.words("Your account"), "me": [(names.get(name, phrase(name)), value) for name, value in _names(me)], "sessions": sessions, "linked": linked,
            "is_somebody": is_somebody, "secrets": await self._secrets(visit.actor.user_id), "role": self.trade.role(visit.actor.role),
            "elsewhere": await self.elsewhere(visit), "providers": sorted(set(self.office.outside.openid) - {each["provider"] for each in linked}),
        }  # fmt: skip
        return Page("face/account.html", values)

    async def _link_to(self, visit: Visit, name: str) -> Page:
        """Link one's account to a provider's: the way there is a link, since a form may not lead to another site."""
        answer = await visit.asking.ask(self.at("POST", "/auth/openid/{provider}/link"), {"provider": name})
        address = orjson.loads(answer.body)["address"]
        self.on_the_way(visit, answer, address, f"{visit.app}{BACK}")
        return Page("face/link.html", {"title": visit.words("Link"), "name": name, "address": address})

    async def _secrets(self, user_id: int) -> list[str]:
        """The secrets that somebody has: who signs in with a PIN has no password to change."""
        ways = {each.secret.name: each for each in (self.trade.sign_in, self.trade.sign_in.staff)}

        def read(session: Session) -> list[str]:
            of = {name: self.trade.name if way.secret.is_pin else ANY_TRADE for name, way in ways.items()}
            return [name for name in ways if secret_of(session, user_id, of[name]) is not None]

        return await self.office.database.read(0, read)

    def _everywhere(self, visit: Visit) -> Errand:
        return Errand(
            self.at("POST", "/auth/logout-all"), visit.words("Sign out everywhere"), f"/-/{SIGN_IN}",
            help=visit.words("Every device has to sign in again, this one too."), is_dangerous=True,
            done=visit.words("You are signed out everywhere"),
        )  # fmt: skip

    def _secret(self, visit: Visit, name: str) -> Errand:
        contract = self.at("POST", f"/auth/change-{name}")
        said = name.upper() if name == "pin" else visit.words(name.capitalize()).lower()
        return Errand(
            contract, visit.words("Change {what}", what=said), f"/-/{SIGN_IN}", fields=self.asked_by(contract),
            help=visit.words("Every device has to sign in again with the new one, this one too."),
            done=visit.words("It is changed; sign in with it"),
        )  # fmt: skip

    async def _leaving(self, visit: Visit, method: str, errand: Errand) -> Page:
        """What signs one out: the cookies go with it."""
        page = await self.run(visit, method, errand)
        if page.to and method == "POST":
            visit.more_headers += [cookie(visit.scope, ACCESS, ""), cookie(visit.scope, REFRESH, "")]
        return page

    # Where else one has a place.

    async def know(self, visit: Visit) -> None:
        """Find out who looks, and where else they may go; raises Unauthenticated."""
        await super().know(visit)
        revision, actor = self.office.tokens.revision, visit.actor
        if self._places_of[0] != revision or len(self._places_of[1]) > MOST_KNOWN:
            self._places_of = (revision, {})
        known = self._places_of[1]
        if (actor.user_id, actor.org_id) not in known:
            known[actor.user_id, actor.org_id] = await self.elsewhere(visit)
        visit.elsewhere = tuple(known[actor.user_id, actor.org_id])

    async def elsewhere(self, visit: Visit) -> list[tuple[int, str]]:
        """The other organisations in which somebody has a place: each with its name."""
        found = await self._places(visit)
        if len(found) < 2:
            return []
        known = dict(await self.office.database.read(0, organisations))
        return [(each.org_id, known.get(each.org_id, "")) for each in found if each.org_id != visit.actor.org_id]

    async def _places(self, visit: Visit) -> list[Member]:
        user_id = visit.actor.user_id
        if not user_id:
            return []
        found = await self.office.database.read(0, lambda session: places(session, user_id, self.trade.name))
        return [each for each in found if each.is_active]

    async def _switch(self, visit: Visit) -> Page:
        """Go over to another organisation: a session is opened there."""
        wanted = visit.value("organisation")
        place = next((each for each in await self._places(visit) if str(each.org_id) == wanted), None)
        if place is None:
            raise Missing("You have no place in this organisation")
        await self.admit(visit, place)
        return Page("", to=visit.app)

    async def admit(self, visit: Visit, place: Member) -> None:
        """Open a session for somebody who has proved who they are, and keep it in cookies."""
        call = self._call(visit, "sign_in")
        device = call.caller.device or secrets.token_urlsafe(24)
        granted = await self.office.database.unit(Admit(self.office, self.trade, call, place, device))
        self._keep(visit, call, granted)


def _names(me: Any) -> list[tuple[str, str]]:
    """What is known of somebody, as far as it is plain."""
    found = me if isinstance(me, dict) else {}
    hidden = ("id", "role", "organisation_id", "is_active", "updated_at", "created_at")
    return [
        (name, str(value)) for name, value in found.items() if name not in hidden and isinstance(value, str) and value
    ]
