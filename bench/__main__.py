"""`python -m bench`: print how Tradehall compares, and exit with 1 where a target is missed or an answer was wrong."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.compare import MEASURES, Comparison
from bench.contestants import Stock, reference, tradehall
from bench.databases import store
from bench.plan import CONNECTIONS, FULL, QUICK, TILLS_PHONES, Sizes
from bench.table import Table

TITLES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def options(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="less data, fewer and shorter rounds")
    parser.add_argument("--rows", default=",".join(MEASURES), help="some of the rows: %(default)s")
    parser.add_argument("--only", choices=("sqlite", "postgres"), help="one database")
    parser.add_argument("--no-million", action="store_true", help="leave out the overview at ten times the sales")
    parser.add_argument("--reference-only", action="store_true", help="measure the reference alone, without verdicts")
    parser.add_argument("--folder", type=Path, help="where the data may lie (default: the temporary folder)")
    chosen = parser.parse_args(arguments)
    chosen.rows = chosen.rows.split(",")
    if unknown := set(chosen.rows) - MEASURES.keys():
        parser.error(f"no such row: {', '.join(sorted(unknown))}")
    return chosen


def measure(database: str, sizes: Sizes, chosen: argparse.Namespace, folder: Path) -> list[str]:
    """Run the chosen rows on one database and return what was missed."""
    stock = Stock(1, sizes.customers, sizes.sales, sizes.sales + 1, sizes.stock)
    many = Stock(1, sizes.customers, sizes.many_sales, sizes.many_sales + 1, TILLS_PHONES)
    table = Table(TITLES[database], judged=not chosen.reference_only)
    with ExitStack() as stack:
        place = stack.enter_context(store(database, folder))
        theirs = stack.enter_context(reference(place.for_reference(), stock, folder / "reference"))
        run = Comparison(database, sizes, table, theirs)
        if not chosen.reference_only:
            run.ours = stack.enter_context(tradehall(place.for_ours("ours"), stock, folder / "ours"))
            if "overview" in chosen.rows and not chosen.no_million:
                run.many = stack.enter_context(tradehall(place.for_ours("many"), many, folder / "many", "many"))
        table.open()
        for row in MEASURES:
            if row in chosen.rows:
                MEASURES[row](run)
    return table.missed


def main(arguments: Sequence[str]) -> int:
    """Measure each database and sum up."""
    chosen = options(arguments)
    if shutil.which("wrk") is None:
        raise SystemExit("bench needs wrk: install the package of that name.")
    sizes = QUICK if chosen.quick else FULL
    databases = [name for name in TITLES if not chosen.only or name.startswith(chosen.only)]
    print(
        f"{sizes.customers:,} customers, {sizes.sales:,} sales, {sizes.stock:,} phones in stock; wrk, one thread,"
        f" {CONNECTIONS} connections; median of {sizes.rounds} rounds of {sizes.seconds} s, in turn"
        + ("; --quick: no measure for the targets" if chosen.quick else "")
    )
    missed: list[str] = []
    for database in databases:
        with tempfile.TemporaryDirectory(prefix="bench-", dir=chosen.folder) as folder:
            missed += measure(database, sizes, chosen, Path(folder))
    print("\n* recorded earlier on another machine against a reference of the same design, on SQLite")
    for line in missed:
        print(f"missed: {line}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
