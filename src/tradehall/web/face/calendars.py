"""Calendars: rows on their days, a month at a time."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tradehall.kernel.database import Session
from tradehall.kernel.errors import Missing
from tradehall.kernel.reader import Reader
from tradehall.kernel.screens import Calendar
from tradehall.web.face.details import Details
from tradehall.web.face.fields import MOMENT, kind_of
from tradehall.web.face.pages import Page
from tradehall.web.face.rooms import Room
from tradehall.web.face.visiting import Visit

MOST = 1000


class Calendars(Details):
    """The calendars of a trade."""

    async def calendar(self, visit: Visit, room: Room) -> Page:
        """The rows of a room in a month, on their days."""
        declared = next(
            (each for each in self.trade.screens if isinstance(each, Calendar) and each.record is room.record), None
        )
        if declared is None:
            raise Missing("There is no such page")
        if declared.on not in room.resource.shape.view(visit.actor).names:
            raise Missing("There is no such page")

        def read(session: Session) -> dict[str, Any]:
            reader = Reader(session, self.trade, visit.actor, self.office.clock())
            drawing = self.drawing(visit, reader)
            month = _month(visit.query.get("month", ""), reader.today)
            start = month - timedelta(days=month.weekday())
            after = (month.replace(day=28) + timedelta(days=7)).replace(day=1)
            end = after + timedelta(days=-after.weekday() % 7)
            days = self._days(visit, reader, room, declared.on, start, end)
            dates = [start + timedelta(days=number) for number in range((end - start).days)]
            cells = [(day, day.month == month.month, days.get(day, [])) for day in dates]
            return {
                "weeks": [cells[first : first + 7] for first in range(0, len(cells), 7)], "today": reader.today,
                "month": drawing.formats.month(month), "weekdays": drawing.formats.weekdays(),
                "before": (month - timedelta(days=1)).strftime("%Y-%m"), "after": after.strftime("%Y-%m"),
            }  # fmt: skip

        values = await self.office.database.read(visit.actor.org_id, read)
        return Page("face/calendar.html", {**values, "title": visit.words(declared.title or room.title), "room": room})

    def _days(
        self, visit: Visit, reader: Reader, room: Room, on: str, start: date, end: date
    ) -> dict[date, list[tuple[int, str, str]]]:
        """The rows of each day: id, name and state."""
        names, table = room.resource.shape.view(visit.actor).names, room.record.table.c
        is_moment = kind_of(room.record.fields[on]) == MOMENT
        low, high = self._bounds(visit, is_moment, start, end)
        state = room.record.states[0].name if room.record.states else ""
        days: dict[date, list[tuple[int, str, str]]] = {}
        for values in self.rows(
            reader, room, names, table[on] >= low, table[on] < high, order=[table[on], table.id], most=MOST
        ):
            day = reader.day(values[on]) if is_moment else values[on]
            told = (values["id"], self.label(room, values, visit.words), str(values.get(state) or ""))
            days.setdefault(day, []).append(told)
        return days

    def _bounds(self, visit: Visit, is_moment: bool, start: date, end: date) -> tuple[Any, Any]:
        if not is_moment:
            return start, end
        there = ZoneInfo(visit.formats.zone)
        return tuple(datetime.combine(day, time.min, there).astimezone(UTC) for day in (start, end))  # type: ignore[return-value]  # two of them


def _month(text: str, today: date) -> date:
    try:
        year, number = (int(part) for part in text.split("-"))
        return date(year, number, 1) if 1970 < year < 2970 else today.replace(day=1)
    except ValueError:
        return today.replace(day=1)
