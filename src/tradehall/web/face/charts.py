"""Charts: measures by day, drawn by the server; each bar leads to the rows that sum to it (P-40)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tradehall.kernel.errors import Missing
from tradehall.kernel.reader import Reader
from tradehall.kernel.reports import MEASURES, Measure
from tradehall.kernel.screens import Chart
from tradehall.web.face.pages import Page, Pages
from tradehall.web.face.visiting import Visit
from tradehall.web.face.words import phrase

WIDTH, HEIGHT = 600, 160
MONTH: Mapping[str, str] = {}
"""What asks for the usual days."""


@dataclass(frozen=True)
class Bar:
    """A day of a chart."""

    x: float
    y: float
    width: float
    height: float
    title: str
    href: str


@dataclass(frozen=True)
class Drawn:
    """A chart, drawn: its bars, what they sum to, and the figures as a table for whoever does not see."""

    name: str
    title: str
    bars: list[Bar]
    total: str
    marks: list[tuple[float, str]]
    top: str
    rows: list[tuple[str, str, str]]
    is_empty: bool


class Charts(Pages):
    """The figures of a trade."""

    def _charts(self, visit: Visit) -> list[Chart]:
        declared = [each for each in self.trade.screens if isinstance(each, Chart)]
        known = {each.measure.name for each in declared}
        others = [
            Chart(each)
            for record, group in MEASURES.items()
            if record.trade == self.trade.name
            for each in group
            if each.by is not None and each.name not in known
        ]
        return [
            each for each in (*declared, *others) if each.measure.by is not None and visit.actor.may(each.measure.by)
        ]

    async def chart(self, visit: Visit, name: str) -> Page:
        """One measure by day, over the days that were asked for."""
        wanted = next((each for each in self._charts(visit) if _short(each.measure) == name), None)
        if wanted is None:
            raise Missing("There is no such page")
        span = {name: visit.query[name] for name in ("from", "to") if visit.query.get(name)}
        drawn = await self.read(visit, lambda reader: self.drawn(visit, reader, wanted, span))
        return Page(
            "face/chart.html",
            {
                "title": drawn.title,
                "chart": drawn,
                "first": visit.query.get("from", ""),
                "end": visit.query.get("to", ""),
            },
        )

    def drawn(self, visit: Visit, reader: Reader, chart: Chart, span: Mapping[str, str] = MONTH) -> Drawn:
        """A chart of some days; of the last thirty, where none are asked for."""
        name = _short(chart.measure)
        days = visit.asking.within(reader, self.house.daily[name], {}, span) or []
        key = "count" if chart.counts else "amount"
        values = [float(each[key]) for each in days]
        title = visit.words(chart.title or phrase(name))
        formats = visit.formats
        write = formats.number if chart.counts else formats.money
        return Drawn(
            name, title, list(_bars(visit, name, days, values, write)), write(sum(values)), _marks(visit, days),
            write(max(values, default=0)), [(formats.day(each["date"]), write(value), self._rows_of(visit, name, each["date"])) for each, value in zip(days, values, strict=True) if value],
            not any(values),
        )  # fmt: skip

    def _rows_of(self, visit: Visit, name: str, day: str) -> str:
        return _behind(visit, name, day)

    async def behind(self, visit: Visit, name: str) -> Page:
        """The rows behind a figure, which sum to it (P-40)."""
        query = {
            key: value for key, value in visit.query.items() if key in ("from", "to", "dimension", "subject", "after")
        }
        found = await visit.asking.found(self.house.drill, {"measure": f"{self.trade.name}.{name}"}, query)
        await self.learn(visit)
        room = self.house.by_table.get(found["entity"])
        rows = [
            (
                each["id"],
                visit.formats.day(each["day"]) if each["day"] else "",
                each["dimension"],
                each["count"],
                visit.formats.money(each["amount"]),
            )
            for each in found["rows"]
        ]
        total = await self._total(visit, name, query, found)
        return Page(
            "face/behind.html",
            {
                "title": visit.words(phrase(name)),
                "rows": rows,
                "room": room,
                "total": total,
                "following": found["next"],
                "query": query,
                "name": name,
            },
        )

    async def _total(self, visit: Visit, name: str, query: Mapping[str, str], found: Mapping[str, Any]) -> str:
        """What all rows sum to, on however many pages they are; nothing where that is not known."""
        amounts = found["rows"]
        if "after" in query or found["next"] is not None:
            if query.keys() - {"after"} != {"from", "to"} or name not in self.house.daily:
                return ""
            span = {key: query[key] for key in ("from", "to")}
            amounts = await visit.asking.found(self.house.daily[name], {}, span)
        return visit.formats.money(sum(each["amount"] for each in amounts))


def _short(measure: Measure[Any]) -> str:
    return measure.name.split(".", 1)[1]


def _behind(visit: Visit, name: str, day: str) -> str:
    following = (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    return f"{visit.app}/-/totals/{name}?from={day}&to={following}"


def _bars(
    visit: Visit, name: str, days: Sequence[Mapping[str, Any]], values: Sequence[float], write: Any
) -> Iterator[Bar]:
    top, low = max([*values, 0]), min([*values, 0])
    scale, step = HEIGHT / ((top - low) or 1), WIDTH / max(len(values), 1)
    for number, (each, value) in enumerate(zip(days, values, strict=True)):
        height = max(abs(value) * scale, 1.5 if value else 0)
        y = (top - max(value, 0)) * scale
        title = f"{visit.formats.day(each['date'])}: {write(value)}"
        yield Bar(
            round(number * step + step * 0.1, 1),
            round(y, 1),
            round(step * 0.8, 1),
            round(height, 1),
            title,
            _behind(visit, name, each["date"]) if value else "",
        )


def _marks(visit: Visit, days: Sequence[Mapping[str, Any]]) -> list[tuple[float, str]]:
    step = max(1, len(days) // 5)
    width = WIDTH / max(len(days), 1)
    return [
        (round((number + 0.5) * width, 1), visit.formats.short_day(date.fromisoformat(days[number]["date"])))
        for number in range(step // 2, len(days), step)
    ]
