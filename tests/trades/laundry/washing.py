"""A house whose residents wash, and what they ask for."""

from __future__ import annotations

from typing import Any

import httpx2

from tests.running import YEARS, Application, Clock, Person, Place
from tradehall.kernel.office import utc_now
from tradehall.kernel.people import CreateUser, NewUser
from tradehall.kernel.people.members import member
from tradehall.trades.laundry.roles import RESIDENT

AT = "/api/v1"
FIRST = 100_000


def done(answer: httpx2.Response, status: int = 200) -> Any:
    """The body of an answer that must have this status."""
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx2.Response, status: int = 400) -> str:
    """The sentence of a refusal, in the shape of the contract."""
    body = done(answer, status)
    assert body["status_code"] == status
    sentence: str = body["detail"]
    return sentence


class House:
    """One laundry with some residents: `house.ama`."""

    def __init__(self, application: Application, place: Place, clock: Clock) -> None:
        self.application, self.place, self.clock = application, place, clock
        self.residents: dict[str, Person] = {}

    def __getattr__(self, name: str) -> Person:
        try:
            return self.residents[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def admin(self) -> Person:
        """Who runs it."""
        return self.place.people["admin"]

    async def people(self, *names: str) -> list[Person]:
        """Let some more residents move in."""
        return [await self._person(name) for name in names]

    async def _person(self, name: str) -> Person:
        office, org_id = self.application.office, self.place.org_id
        number = str(FIRST + 11 * (len(self.residents) + 1) + 1000 * org_id)
        user = NewUser(number, (("laundry", RESIDENT.name),), "student_id", None)
        user_id = await office.database.unit(CreateUser(org_id, user, utc_now()))
        found = await office.database.read(0, lambda session: member(session, user_id, org_id, "laundry"))
        assert found is not None
        token = office.tokens.issue(found, utc_now(), YEARS)
        self.residents[name] = Person(self.application.http, token, number, user_id)
        return self.residents[name]

    async def do(self, who: Person, deed: str, number: int = 1, kind: str = "washer", **more: Any) -> httpx2.Response:
        """Ask for something to be done to a machine."""
        return await who.post(f"{AT}/machines/{deed}", json={"machine_id": number, "machine_type": kind} | more)

    async def started(self, who: Person, number: int = 1, kind: str = "washer", **more: Any) -> Any:
        """Start a machine."""
        return done(await self.do(who, "start", number, kind, **more))

    async def freed(self, who: Person, number: int = 1, kind: str = "washer") -> None:
        """End a cycle, and take the clothes out."""
        done(await self.do(who, "end", number, kind))
        done(await self.do(who, "collect", number, kind))

    async def machine(self, number: int = 1, kind: str = "washer", who: Person | None = None) -> Any:
        """A machine, as somebody sees it."""
        return done(await (who or self.ama).get(f"{AT}/machines/{kind}/{number}"))

    async def wait(self, who: Person, deed: str = "join", kind: str = "washer") -> httpx2.Response:
        """Ask for something about the queue."""
        return await who.post(f"{AT}/waitlist/{deed}", json={"machine_type": kind})

    async def line(self, kind: str = "washer") -> list[str]:
        """Who waits, in their order; positions have no gaps."""
        found = done(await self.admin.get(f"{AT}/waitlist/{kind}"))
        assert [each["position"] for each in found["items"]] == list(range(1, found["count"] + 1))
        names = {person.user_id: name for name, person in self.residents.items()}
        return [names[each["user_id"]] for each in found["items"]]

    async def told(self, who: Person) -> list[str]:
        """What somebody was told, the oldest first."""
        found = done(await who.get(f"{AT}/notifications/"))["notifications"]
        return [each["notification_type"] for each in reversed(found)]

    async def forward(self, **span: float) -> None:
        """Let time go by, and what is due happen."""
        self.clock.forward(**span)
        await self.work()

    async def work(self) -> None:
        """Let what is due happen."""
        while await self.application.office.work_once():
            pass
