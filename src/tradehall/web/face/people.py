"""People: who works here and in which role, who is invited, who waits for approval."""

from dataclasses import replace
from functools import partial
from typing import Any

from tradehall.kernel.errors import MethodNotAllowed, Missing
from tradehall.kernel.trade import Trade
from tradehall.web.face.entering import names_of
from tradehall.web.face.errands import NO_PAGE, SHOWN, Errand, Errands, Parts, number
from tradehall.web.face.pages import Page
from tradehall.web.face.visiting import Visit

BACK = "/-/people"


class People(Errands):
    """The people of an organisation, for whoever looks after them."""

    async def people(self, visit: Visit, method: str, parts: Parts) -> Page:
        """The pages below `/-/people`."""
        match parts:
            case []:
                if method != "GET":
                    raise MethodNotAllowed(["GET"])
                return await self._people(visit)
            case ["new"]:
                return await self.run(visit, method, self._new(visit))
            case ["invite"]:
                return await self.run(visit, method, self._invite(visit))
            case ["invitations", each, "withdraw"]:
                return await self.run(visit, method, self._withdraw(visit, number(each)))
            case ["registrations", each, "approve" | "refuse" as what]:
                return await self.run(visit, method, await self._decide(visit, number(each), what))
            case [each, "role" | "shut-out" | "let-in" | "link" as what]:
                return await self.run(visit, method, await self._change(visit, number(each), what))
        raise Missing(NO_PAGE)

    async def _people(self, visit: Visit) -> Page:
        users = self.at("GET", "/users")
        users.grant(visit.actor)
        await self.learn(visit)
        skip = visit.query.get("skip", "0")
        can_skip = any(name == "skip" for name, _, _ in self.trade.paging.parameters)
        found = await self.listed(visit, users, {"skip": skip, "limit": str(SHOWN)} if can_skip else None)
        invited = await self.listed(visit, self.at("GET", "/invitations"), {"state": "open"})
        waiting = (
            await self.listed(visit, self.at("GET", "/registrations"))
            if self.house.find("GET", "/registrations")
            else []
        )
        waits = {each.get("user_id") for each in waiting}
        following = int(skip) + SHOWN if can_skip and len(found) == SHOWN else None
        values = {
            "title": visit.words("People"), "people": [each for each in map(partial(_somebody, self.trade), found) if each["id"] not in waits], "following": following,
            "invited": invited, "waiting": [_somebody(self.trade, each) for each in waiting], "me": visit.actor.user_id,
            "role_title": self._role,
        }  # fmt: skip
        return Page("face/people.html", values)

    def _role(self, name: str) -> str:
        role = self.trade.role(name)
        return role.title if role is not None else name

    # What is done.

    def _new(self, visit: Visit) -> Errand:
        contract, words, names = self.at("POST", "/users"), visit.words, names_of(self.trade)
        fields = self.with_roles(visit, self.asked_by(contract))
        return Errand(
            contract, words("New person"), BACK, done=words("The person can sign in now"),
            help=words("Without a password you get a one-time link for them to choose one."),
            fields=tuple(replace(each, title=names.get(each.name, each.title)) for each in fields),
        )  # fmt: skip

    def _invite(self, visit: Visit) -> Errand:
        contract, words = self.at("POST", "/invitations"), visit.words
        return Errand(
            contract, words("Invite"), BACK,
            help=words("You get a link to send on. Whoever opens it chooses how they sign in. It works once, for a week."),
            fields=self.with_roles(visit, self.asked_by(contract)),
        )  # fmt: skip

    def _withdraw(self, visit: Visit, invitation: int) -> Errand:
        words = visit.words
        return Errand(
            self.at("DELETE", "/invitations/{invitation_id}"), words("Withdraw"), BACK, {"invitation_id": invitation},
            help=words("The link of this invitation will work no more."), done=words("The invitation is withdrawn"),
            is_dangerous=True,
        )  # fmt: skip

    async def _decide(self, visit: Visit, user: int, what: str) -> Errand:
        contract, words = self.at("POST", f"/registrations/{{user_id}}/{what}"), visit.words
        approves = what == "approve"
        return Errand(
            contract, words("Approve") if approves else words("Refuse"), BACK, {"user_id": user},
            help=words("They can sign in from now on.") if approves else words("Their registration is taken away."),
            done=words("The registration is approved") if approves else words("The registration is refused"),
            is_dangerous=not approves,
        )  # fmt: skip

    async def _change(self, visit: Visit, user: int, what: str) -> Errand:
        words, path = visit.words, {"user_id": user}
        if what == "link":
            return Errand(
                self.at("POST", "/users/{user_id}/link"), words("One-time link"), BACK, path,
                help=words("A link with which this person chooses a new password or PIN, good for a day. The old one works until then."),
            )  # fmt: skip
        contract = self.at("PATCH", "/users/{user_id}")
        if what == "role":
            fields = self.with_roles(visit, self.asked_by(contract, "is_active"))
            return Errand(
                contract, words("Change the role"), BACK, path, done=words("The role is changed"), fields=fields
            )
        lets_in = what == "let-in"
        return Errand(
            contract, words("Let in again") if lets_in else words("Shut out"), BACK, path, fixed={"is_active": lets_in},
            help=words("They can sign in again.") if lets_in
            else words("They are signed out at once, everywhere, and can sign in no more. What they did stays."),
            done=words("They can sign in again") if lets_in else words("They are shut out"), is_dangerous=not lets_in,
        )  # fmt: skip


def _somebody(trade: Trade, found: dict[str, Any]) -> dict[str, Any]:
    """A person of a list: what they are called, what they sign in with, their role."""
    kinds = dict.fromkeys(each.name for way in (trade.sign_in, trade.sign_in.staff) for each in way.kinds)
    names = [str(found[name]) for name in kinds if found.get(name)]
    user_id = found.get("user_id", found.get("id"))
    return {
        "id": user_id, "called": found.get("full_name") or (names[0] if names else f"#{user_id}"),
        "names": [each for each in dict.fromkeys([*names, found.get("email")]) if each],
        "role": found.get("role", ""), "is_active": found.get("is_active", True), "since": found.get("waiting_since"),
    }  # fmt: skip
