"""Home: what somebody sees first."""

from collections.abc import Iterator, Mapping
from typing import Any

from tradehall.kernel.reader import Reader
from tradehall.web.face.boards import Boards
from tradehall.web.face.caring import Caring
from tradehall.web.face.charts import Charts
from tradehall.web.face.fields import choice_text
from tradehall.web.face.finding import Finding
from tradehall.web.face.pages import Page
from tradehall.web.face.rooms import Deed, Room
from tradehall.web.face.visiting import Visit

NEWS = 10
LOOKED_AT = 30
"""So many events are looked at for news: what changed nothing is none."""


class Home(Charts, Boards, Caring, Finding):
    """The first page of a trade."""

    async def home(self, visit: Visit) -> Page:
        """What somebody sees first: figures, what is to be done, what just happened; all of it out of one read."""
        return Page("face/home.html", await self.read(visit, lambda reader: self._at_home(visit, reader)))

    def _at_home(self, visit: Visit, reader: Reader) -> dict[str, Any]:
        return {
            "title": visit.words("Home"),
            "charts": [self.drawn(visit, reader, each) for each in self._charts(visit)],
            "starts": list(self._starts(visit))[:8],
            "counts": list(self._counts(visit, reader)),
            "news": list(self._news(visit, reader))[:NEWS],
            "warnings": self.warnings(visit, reader),
        }

    def _starts(self, visit: Visit) -> Iterator[tuple[Room, Deed]]:
        """What somebody may begin."""
        for room in self.rooms_of(visit.actor):
            if not room.is_kernel_s:
                for deed in (*((room.create,) if room.create else ()), *room.starts):
                    if deed.is_for(visit.actor):
                        yield room, deed

    def _counts(self, visit: Visit, reader: Reader) -> Iterator[tuple[Room, list[tuple[str, str, int]]]]:
        """How many rows are in each state, of what has states."""
        rooms = [
            each
            for each in self.rooms_of(visit.actor)
            if each.record.states and not each.is_kernel_s and each.record.states[0].name in each.resource.filters
        ]
        for room in rooms[:4]:
            counted = self._by_state(reader, room)
            yield room, [(value, choice_text(visit.words, value), count) for value, count in counted]

    def _news(self, visit: Visit, reader: Reader) -> Iterator[tuple[str, str, str, str]]:
        """What happened last, as far as somebody may see it: when, who, what, where it leads."""
        contract = self.house.find("GET", "/audit")
        told = visit.asking.within(reader, contract, {}, {"limit": str(LOOKED_AT)}) if contract is not None else None
        for each in told["events"] if told is not None else ():
            verb = self.house.by_event.get(each["verb"])
            if verb is not None and each["changes"]:
                who = each["name"] or visit.words("Tradehall")
                what = visit.words.brief(verb.summary)
                yield visit.formats.moment(each["at"]), who, what, self._leads_to(visit, each["changes"])

    def _leads_to(self, visit: Visit, changes: list[Mapping[str, Any]]) -> str:
        """The page of the last row of a room that was touched; "" where there is none, or it is not for whoever looks."""
        touched = next((each for each in reversed(changes) if each["entity"] in self.house.by_table), None)
        if touched is None or not (room := self.house.by_table[touched["entity"]]).is_for(visit.actor):
            return ""
        return f"{visit.app}/{room.name}/{touched['id']}"
