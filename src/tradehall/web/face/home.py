"""Home: what somebody sees first."""

from typing import Any

from tradehall.kernel.database import Session
from tradehall.kernel.errors import Problem
from tradehall.kernel.reader import Reader
from tradehall.web.face.boards import Boards
from tradehall.web.face.caring import Caring
from tradehall.web.face.charts import Charts
from tradehall.web.face.fields import choice_text
from tradehall.web.face.finding import Finding
from tradehall.web.face.pages import Page
from tradehall.web.face.rooms import Room
from tradehall.web.face.visiting import Visit


class Home(Charts, Boards, Caring, Finding):
    """The first page of a trade."""

    async def home(self, visit: Visit) -> Page:
        """What somebody sees first: figures, what is to be done, what just happened."""
        return Page("face/home.html", {**await self.at_home(visit), "counts": await self._counts(visit)})

    async def at_home(self, visit: Visit) -> dict[str, Any]:
        """What every home shows, that of a trade of its own too: charts, where to begin, what just happened."""
        await self.learn(visit)
        charts = [await self._chart(visit, each) for each in self._charts(visit)]
        starts = [
            (room, deed)
            for room in self.rooms_of(visit.actor)
            if not room.is_kernel_s
            for deed in ((room.create,) if room.create else ()) + room.starts
            if deed.is_for(visit.actor)
        ]
        return {
            "title": visit.words("Home"),
            "charts": charts,
            "starts": starts[:8],
            "news": await self._news(visit),
            "warnings": await self.warnings(visit),
        }

    async def _counts(self, visit: Visit) -> list[tuple[Room, list[tuple[str, str, int]]]]:
        """How many rows are in each state, of what has states."""
        rooms = [
            each
            for each in self.rooms_of(visit.actor)
            if each.record.states and not each.is_kernel_s and each.record.states[0].name in each.resource.filters
        ][:4]

        def read(session: Session) -> list[tuple[Room, list[tuple[str, str, int]]]]:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            return [
                (
                    room,
                    [(value, choice_text(visit.words, value), count) for value, count in self._by_state(reader, room)],
                )
                for room in rooms
            ]

        return await self.office.database.read(visit.actor.org_id, read)

    async def _news(self, visit: Visit) -> list[tuple[str, str, str, str]]:
        """What happened last, as far as somebody may see it: when, who, what, where it leads."""
        contract = self.house.find("GET", "/audit")
        if contract is None or contract.by is None or not visit.actor.may(contract.by):
            return []
        try:
            told = await visit.asking.found(contract, {}, {"limit": "30"})
        except Problem:
            return []
        found: list[tuple[str, str, str, str]] = []
        verbs = {each.event: each for each in self.trade.verbs}
        for each in told["events"]:
            verb, changes = verbs.get(each["verb"]), each["changes"]
            if verb is None or not changes:
                continue
            room = next(
                (
                    self.house.by_table[one["entity"]]
                    for one in reversed(changes)
                    if one["entity"] in self.house.by_table
                ),
                None,
            )
            touched = next((one for one in reversed(changes) if one["entity"] in self.house.by_table), None)
            href = (
                f"{visit.app}/{room.name}/{touched['id']}"
                if room is not None and touched is not None and room.is_for(visit.actor)
                else ""
            )
            found.append(
                (
                    visit.formats.moment(each["at"]),
                    each["name"] or visit.words("Tradehall"),
                    visit.words.brief(verb.summary),
                    href,
                )
            )
        return found[:10]
