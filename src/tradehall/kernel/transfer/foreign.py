"""What another system kept: its database is read row by row, and a trade says what becomes of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pydantic import ValidationError

from tradehall.kernel.context import Context
from tradehall.kernel.database import Batch
from tradehall.kernel.errors import Denied, Invalid, Problem, Refused
from tradehall.kernel.records import Record
from tradehall.kernel.transfer.plan import Parsed
from tradehall.kernel.transfer.records import Taken
from tradehall.kernel.transfer.units import CREATED, UNCHANGED, TakeRow
from tradehall.kernel.verbs import Actor, Grant

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade

Take = Callable[[Context, Mapping[str, Any], "Links"], Record]


@dataclass(frozen=True)
class Foreign:
    """Another system. For each of its tables, in an order in which none points forward: what is asked of it, and the rule
    that makes a record of a row."""

    name: str
    title: str
    queries: Mapping[str, str]
    takes: Mapping[str, Take]

    def grants(self, actor: Actor) -> tuple[Grant | None, Grant | None]:
        """Whoever may import at all may take over a database, but no key."""
        if actor.key_id:
            raise Denied("No key may do this; sign in")
        return None, None


def foreign_of(trade: "Trade", name: str) -> Foreign | None:
    """The other system of this name."""
    return next((each for each in trade.foreign if each.name == name), None)


class ForeignParser:
    """Rows of a database, as they are."""

    def __init__(self, foreign: Foreign, known_by: str) -> None:
        self.foreign, self.known_by = foreign, known_by

    def parse(self, number: int, cells: list[Any]) -> Parsed | None:
        """A row; `digest` names its table and its id there."""
        table, values = cells
        if not isinstance(row_id := values.get("id"), int):
            return Parsed(number, cells, values, problem=Refused("no_id", "This row has no number of its own"))
        return Parsed(number, cells, values, digest=f"{self.known_by[:12]}:{table}:{row_id}")

    def column_of(self, problem: Problem) -> str | None:
        """The column that a refusal names."""
        return next((str(error["loc"][-1]) for error in getattr(problem, "errors", ()) if error.get("loc")), None)


class Links:
    """From ids of the other system to records that were made of its rows."""

    def __init__(self, ctx: Context, foreign: Foreign, known_by: str) -> None:
        self.ctx, self.foreign, self.known_by = ctx, foreign, known_by
        self.notes: list[str] = []

    def say(self, note: str) -> None:
        """Tell whoever imports that something is not as it was there."""
        self.notes.append(note)

    def get(self, table: str, row_id: Any) -> int:
        """The id here of a row there; raises Refused where it was left out."""
        if (found := self.find(table, row_id)) is None:
            raise Refused("left_out", f"It refers to number {row_id} of {table}, which is not there or was left out")
        return found

    def find(self, table: str, row_id: Any) -> int | None:
        """The id here of a row there, if it was taken."""
        c = Taken.table.c
        mine = (c.org_id == self.ctx.org_id, c.entity == self.foreign.name)
        known = sa.select(c.record_id).where(*mine, c.digest == f"{self.known_by}:{table}:{row_id}")
        found: int | None = self.ctx.session.execute(known).scalar()
        return found

    def note(self, digest: str, record_id: int, import_id: int) -> None:
        """This row is this record from now on."""
        new = {"org_id": self.ctx.org_id, "version": 1, "created_at": self.ctx.now, "updated_at": self.ctx.now}
        given = {"entity": self.foreign.name, "digest": digest, "record_id": record_id, "import_id": import_id}
        self.ctx.session.execute(sa.insert(Taken.table).values(new | given))


class TakeForeign(TakeRow):
    """The unit of a row of another system."""

    def foresee(self, batch: Batch) -> None:
        return

    def run(self, batch: Batch) -> None:
        self.outcome, self.problem, self.notes = "", None, []
        going, foreign = self.going, self.going.target
        assert isinstance(foreign, Foreign)  # noqa: S101 - for the type checker
        ctx = Context(batch, going.trade, going.actor, self.now, going.origin)
        ctx.is_silent = True
        known_by, table, row_id = self.row.digest.split(":", 2)
        links = Links(ctx, foreign, known_by)
        if links.find(table, row_id) is not None:
            self.outcome = UNCHANGED
            return
        try:
            with ctx.happening(f"{foreign.name}.{table}"):
                made = foreign.takes[table](ctx, self.row.given, links)
        except ValidationError as error:
            raise Invalid(error.errors(include_url=False, include_context=False, include_input=False)) from error
        ctx.flush()
        links.note(self.row.digest, made.id, going.import_id)
        self.outcome = CREATED if ctx.has_changed else UNCHANGED
        self.notes = links.notes
        ctx.end()
