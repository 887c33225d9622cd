"""What an installation has from the start: an organisation, what its trades begin with, and sample data."""

import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from tradehall.kernel.calls import AsSystem
from tradehall.kernel.database import Database
from tradehall.kernel.errors import Refused
from tradehall.kernel.office import utc_now
from tradehall.kernel.people import CreateOrganisation, organisations
from tradehall.kernel.reports import ROWS, Overall
from tradehall.kernel.trade import Trade

FIRST = "My business"


def first_organisation(database: Database, now: datetime, name: str) -> int:
    """The first organisation; founded, where there is none."""
    found = database.ask(0, organisations)
    if found:
        return found[0][0]
    with suppress(Refused):  # of two starts at once one is quicker
        database.run(CreateOrganisation(name, now))
    return database.ask(0, organisations)[0][0]


def begin(database: Database, trades: Sequence[Trade]) -> None:
    """See that every organisation has what it has from the start."""
    for trade in trades:
        for org_id, _ in database.ask(0, organisations) if trade.begin is not None else ():
            database.run(AsSystem(trade, org_id, utc_now(), trade.begin))


def fill(database: Database, trades: Sequence[Trade], org_id: int) -> None:
    """Load the sample data of each trade that has no rows yet."""
    known = _rows(database, org_id)
    for trade in trades:
        if trade.demo is not None and not any(name.startswith(f"{trade.name}_") for name in known):
            database.run(AsSystem(trade, org_id, utc_now(), trade.demo, f"{trade.name}.demo"))
            print(f"{trade.title}: sample data loaded", file=sys.stderr, flush=True)


def _rows(database: Database, org_id: int) -> set[str]:
    return database.ask(
        org_id, lambda session: {name for name, total in Overall(session, org_id).of(ROWS).items() if total.count}
    )
