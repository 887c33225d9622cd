"""The doctor: whether an installation is in order, and what is wrong with it, a sentence each."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial

from tradehall.kernel import files
from tradehall.kernel.audit import Anchor, verify
from tradehall.kernel.cabinet import LEFT_AFTER, Cabinet
from tradehall.kernel.database import Batch, Database, Session, Work
from tradehall.kernel.people import organisations
from tradehall.kernel.preferences import Preferences, chosen
from tradehall.kernel.reports import Key, TotalBook, kept, recomputed
from tradehall.kernel.trade import Trade


def examine(database: Database, trades: Iterable[Trade], anchors: Iterable[Anchor] = ()) -> Iterator[str]:
    """What is wrong: kept totals that differ from the rows, and a log that was altered or is not what anchors know."""
    trades = tuple(trades)
    for org_id, name in database.ask(0, organisations):
        for trade in trades:
            yield from database.ask(org_id, partial(differences, org_id=org_id, trade=trade, name=name))
    yield from logs(database, anchors)


def logs(database: Database, anchors: Iterable[Anchor] = ()) -> Iterator[str]:
    """What is wrong with the logs of all organisations, also of those that an anchor knows and that are gone."""
    anchors = tuple(anchors)
    names = {each["organisation"]: f"organisation {each['organisation']}" for each in anchors}
    for org_id, name in (names | dict(database.ask(0, organisations))).items():
        yield from (
            f"{name}: {wrong}" for wrong in database.ask(org_id, partial(altered, org_id=org_id, anchors=anchors))
        )


def altered(session: Session, org_id: int, anchors: Iterable[Anchor] = ()) -> list[str]:
    """What is wrong with an organisation's log."""
    return list(verify(session, org_id, anchors))


def differences(session: Session, org_id: int, trade: Trade, name: str) -> list[str]:
    """The kept totals of a trade that are not what its rows sum to, and what its own proofs find."""
    day_of = Preferences(trade.preferences, chosen(session, org_id, trade.name)).day_of()
    wanted, found = recomputed(session, org_id, [trade.name], day_of), kept(session, org_id, [trade.name])
    proved = [f"{name}: {wrong}" for proof in trade.proofs for wrong in proof(session, org_id)]
    return proved + [
        f"{name}: the total {_called(key)} is kept as {_said(found.get(key, (0, 0)))}, "
        f"but its rows say {_said(wanted.get(key, (0, 0)))}"
        for key in sorted(wanted.keys() | found.keys(), key=_called)
        if wanted.get(key, (0, 0)) != found.get(key, (0, 0))
    ]


def _called(key: Key) -> str:
    return " / ".join(f"#{part}" if isinstance(part, int) else part for part in key if part)


def _said(total: tuple[int, int]) -> str:
    return f"{total[0]} rows and {total[1] / 100:.2f}"


async def astray(kept: Cabinet, organisations: Mapping[tuple[int, str], list[str]], now: datetime) -> list[str]:
    """What is wrong with the store of files, given the keys that the rows of each organisation have."""
    found = []
    for (org_id, name), known in organisations.items():
        stray, missing = await kept.left(org_id, known, now - LEFT_AFTER)
        if stray:
            found.append(f"{name}: {len(stray)} objects in the store of files belong to nobody; a server removes them")
        if missing:
            found.append(f"{name}: the store lacks {len(missing)} files that rows refer to")
    return found


def filed(database: Database) -> dict[tuple[int, str], list[str]]:
    """The keys that the rows of each organisation have."""
    known = database.ask(0, organisations)
    return {each: database.ask(each[0], partial(files.keys, org_id=each[0])) for each in known}


class Rebuild(Work):
    """Replace the kept totals of a trade by what its rows say."""

    def __init__(self, org_id: int, trade: Trade) -> None:
        self.org_id, self.trade = org_id, trade

    def run(self, batch: Batch) -> None:
        name = self.trade.name
        day_of = Preferences(self.trade.preferences, chosen(batch.session, self.org_id, name)).day_of()
        wanted = recomputed(batch.session, self.org_id, [name], day_of)
        batch.book(TotalBook).correct([name], wanted)


def repair_all(database: Database, trades: Iterable[Trade]) -> None:
    """Rebuild every kept total."""
    for org_id, _ in database.ask(0, organisations):
        for trade in trades:
            database.run(Rebuild(org_id, trade))
