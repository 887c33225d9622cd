"""One database: every row, reference and ours in turn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench import answers, plan, rounds
from bench.contestants import Contestant
from bench.rounds import Figures, Lap
from bench.table import Table
from bench.tills import Tills, tills


@dataclass
class Comparison:
    """The contestants of one run on one database."""

    database: str
    sizes: plan.Sizes
    table: Table
    reference: Contestant
    ours: Contestant | None = None
    many: Contestant | None = None
    first_page: float = 0.0

    @property
    def pair(self) -> list[Contestant]:
        """The reference, and ours if it takes part."""
        return [self.reference, *([self.ours] if self.ours else [])]

    def alternate(self, laps: Mapping[str, Lap]) -> dict[str, Figures]:
        """Run the rounds and report wrong answers."""
        found = rounds.alternate(laps, self.sizes.rounds, self.sizes.seconds)
        for name, figures in found.items():
            if figures.wrong:
                self.table.fault(f"{name}: {figures.wrong:,} answers, the first: {figures.first_wrong or 'broken off'}")
        return found

    def check(self, look: Callable[[Contestant], list[str]]) -> None:
        """Look at both answers with care."""
        for contestant in self.pair:
            for fault in look(contestant):
                self.table.fault(f"{contestant.name}: {fault}")

    def rated(self, row: str, found: Mapping[str, Figures], *, also: bool = True, asked: str = "") -> None:
        """Print and judge a row of requests a second; `also` is what is asked besides the ratio."""
        planned, theirs, mine = plan.RATED[row], found["reference"], found.get("ours")
        least = planned.at_least[self.database]
        ratio = mine.rate / theirs.rate if mine and theirs.rate else 0.0
        self.table.row(
            planned.title,
            shown(theirs),
            shown(mine) if mine else "",
            ratio=f"{ratio:.1f}x",
            target=f">= {least:g}x{asked}",
            peer=f"{planned.pocketbase:g}x ({planned.pocketbase_rate:,}/s)"
            if self.database == "sqlite" and planned.pocketbase
            else "",
            met=ratio >= least and also,
        )


def shown(figures: Figures) -> str:
    """Requests a second and the median latency."""
    return f"{figures.rate:,.0f}/s  {figures.p50_ms:.2f} ms"


def start(run: Comparison) -> None:
    """Idle memory, and the time from start to the first answer."""
    theirs, mine = run.reference, run.ours
    own = (mine.idle_mb, mine.start_seconds) if mine else (None, None)
    limited(run, "idle memory", "MB", plan.IDLE_MB, theirs.idle_mb, own[0])
    limited(run, "start to first answer", "s", plan.START_SECONDS, theirs.start_seconds, own[1])


def limited(run: Comparison, title: str, unit: str, limit: float, theirs: float, mine: float | None) -> None:
    """Print and judge a row that may not exceed a limit."""
    own = "" if mine is None else f"{mine:.1f} {unit}"
    met = mine is not None and mine <= limit
    run.table.row(title, f"{theirs:.1f} {unit}", own, target=f"<= {limit:g} {unit}", met=met)


def get(run: Comparison) -> None:
    """GET one customer, with the reference's share of a bare route."""
    run.check(answers.customer_faults)
    laps = {"bare": rounds.bare(run.reference)} | {one.name: rounds.customer(one) for one in run.pair}
    found = run.alternate(laps)
    run.rated("get", found)
    share = found["reference"].rate / found["bare"].rate
    run.table.note(f"the reference is {share:.0%} of a bare FastAPI route ({shown(found['bare'])})")


def first_page(run: Comparison) -> None:
    """The newest 50 sales."""
    run.check(answers.page_faults)
    found = run.alternate({one.name: rounds.page(one, f"/api/sales/?limit={plan.PAGE}") for one in run.pair})
    run.first_page = found["ours"].rate if run.ours else 0.0
    run.rated("list", found)


def deep_page(run: Comparison) -> None:
    """50 sales from row 40,000 on: ours by cursor, the reference by skip."""
    run.check(answers.page_faults)
    found = run.alternate({one.name: rounds.page(one, one.deep_path) for one in run.pair})
    binding = run.database == "sqlite" and run.first_page > 0
    near = not run.ours or run.first_page <= plan.DEEP_OF_FIRST_PAGE * found["ours"].rate
    asked = f", page 1 / {plan.DEEP_OF_FIRST_PAGE:g}" if binding else ""
    run.rated("deep", found, also=near or not binding, asked=asked)
    if run.ours and run.first_page:
        run.table.note(f"our first page is {run.first_page / found['ours'].rate:.2f} times as fast as our deep one")


def sell(run: Comparison) -> None:
    """POST a sale, and whether the sales that were answered are counted afterwards."""
    before = {one.name: answers.sales_counted(one) for one in run.pair}
    found = run.alternate({one.name: rounds.posting(one, "sale") for one in run.pair})
    run.rated("sell", found)
    run.check(lambda one: answers.count_faults(one, before[one.name], found[one.name], run.sizes.rounds))


def swap(run: Comparison) -> None:
    """POST a swap: two legs, one document."""
    run.rated("swap", run.alternate({one.name: rounds.posting(one, "swap") for one in run.pair}))


def repair(run: Comparison) -> None:
    """POST a repair, without the message that a customer gets of it: the reference sends none."""
    run.rated("repair", run.alternate({one.name: rounds.posting(one, "repair") for one in run.pair}))


def overview(run: Comparison) -> None:
    """The overview at both sizes: fast on SQLite, ahead of the reference on PostgreSQL, and as fast with ten times the sales."""
    contestants = [*run.pair, *([run.many] if run.many else [])]
    found = run.alternate({one.name: rounds.overview(one) for one in contestants})
    title, theirs, on_sqlite = f"overview, p50 at {run.sizes.sales:,}", found["reference"], run.database == "sqlite"
    target = f"< {plan.OVERVIEW_MS:g} ms" if on_sqlite else f">= {plan.OVERVIEW_RATIO:g}x"
    for name, heading in (("ours", title), ("many", f"overview, p50 at {run.sizes.many_sales:,}")):
        if name == "ours" or name in found:
            mine = found.get(name)
            ratio = mine.rate / theirs.rate if mine and theirs.rate else 0.0
            met = mine is not None and (mine.p50_ms < plan.OVERVIEW_MS if on_sqlite else ratio >= plan.OVERVIEW_RATIO)
            run.table.row(
                heading,
                shown(theirs) if name == "ours" else "",
                shown(mine) if mine else "",
                ratio=f"{ratio:.1f}x" if name == "ours" else "",
                target=target,
                met=met,
            )
    if "many" in found:
        slow, fast = sorted((found["ours"].p50_ms, found["many"].p50_ms), reverse=True)
        run.table.row(
            "the two of each other",
            "",
            "",
            ratio=f"{slow / fast:.2f}x",
            target=f"<= {plan.FLAT:g}x",
            met=slow <= plan.FLAT * fast,
        )


def one_phone(run: Comparison) -> None:
    """16 tills after one phone: each is sold once, and whoever is too late is told so."""

    def told(found: Tills) -> str:
        answered = ", ".join(f"{count} x {status}" for status, count in sorted(found.statuses.items()))
        return f"{found.sold_twice} sold twice, {found.unsold} unsold ({answered})"

    theirs = tills(run.reference)
    mine = tills(run.ours) if run.ours else None
    honest = mine is not None and not mine.unsold and all(status < 500 for status in mine.statuses)
    title = f"16 tills, {plan.TILLS_PHONES} phones: sold twice"
    own = str(mine.sold_twice) if mine else ""
    run.table.row(
        title, str(theirs.sold_twice), own, target="0", met=honest and mine is not None and not mine.sold_twice
    )
    run.table.note(f"reference: {told(theirs)}" + (f"; ours: {told(mine)}" if mine else ""))


MEASURES: dict[str, Callable[[Comparison], None]] = {
    "start": start,
    "get": get,
    "list": first_page,
    "deep": deep_page,
    "sell": sell,
    "swap": swap,
    "repair": repair,
    "overview": overview,
    "tills": one_phone,
}
