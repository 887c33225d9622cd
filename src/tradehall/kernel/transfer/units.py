"""Rows of a table as units: each goes through its resource's verb, and a chunk of them is committed with its mark."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pydantic import BaseModel, ValidationError

from tradehall.kernel.context import Context
from tradehall.kernel.database import Batch, Undone, Void, Work
from tradehall.kernel.errors import Invalid, Missing, Problem, Refused, Unavailable
from tradehall.kernel.records import Record
from tradehall.kernel.rows import RowBook
from tradehall.kernel.transfer.plan import ID, Parsed, Target
from tradehall.kernel.transfer.records import Existing, Import, Progress, Taken, Wrong
from tradehall.kernel.verbs import Actor, Grant, Verb

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade
    from tradehall.kernel.transfer.foreign import Foreign

log = logging.getLogger("tradehall")
CREATED, UPDATED, UNCHANGED, FAILED = "created", "updated", "unchanged", "failed"
NOTED, REHEARSED = "noted", "rehearsed"
SHOWN_ERRORS = 100
MOST_ERRORS = 10_000


@dataclass(frozen=True)
class Going:
    """An import that is under way: for whom, into what, and whether it is only checked."""

    import_id: int
    trade: "Trade"
    target: "Target | Foreign"
    actor: Actor
    grants: tuple[Grant | None, Grant | None]
    existing: Existing
    origin: Mapping[str, str]
    is_check: bool

    @property
    def table(self) -> Target:
        """The resource that rows of a table go into."""
        assert isinstance(self.target, Target)  # noqa: S101 - for the type checker
        return self.target

    @property
    def status(self) -> Progress:
        """What the import's state says meanwhile."""
        return Progress.CHECKING if self.is_check else Progress.RUNNING


class TakeRow(Work):
    """The unit of a row: added, changed, or as it was."""

    through_context = True

    def __init__(self, going: Going, row: Parsed, now: datetime) -> None:
        self.going, self.row, self.now = going, row, now
        self.org_id = going.actor.org_id
        self.found: int | None = None
        """The id of the row that is there already."""
        self.outcome = ""
        self.record_id: int | None = None
        self.problem: Problem | None = None
        self.notes: list[str] = []
        """What is said of a row that was taken."""

    def foresee(self, batch: Batch) -> None:
        batch.book(RowBook).will_add(self.going.table.record)

    def run(self, batch: Batch) -> None:
        self.outcome, self.problem, self.record_id = "", None, None
        going = self.going
        ctx = Context(batch, going.trade, going.actor, self.now, going.origin)
        ctx.is_silent = True
        try:
            outcome = self._create(ctx) if self.found is None else self._edit(ctx, self.found)
        except ValidationError as error:
            raise Invalid(error.errors(include_url=False, include_context=False, include_input=False)) from error
        ctx.flush()
        if outcome == UPDATED and not ctx.has_changed:
            outcome = UNCHANGED
        self.outcome = outcome
        if outcome == UNCHANGED:
            raise Undone(None)
        ctx.end()

    def refused(self, batch: Batch, problem: Problem) -> None:
        self.problem = problem

    def _create(self, ctx: Context) -> str:
        if ID in self.row.key:
            raise Missing(f"There is no {self.going.table.record.title.lower()} {self.row.key[ID]}")
        verb = self.going.table.creates
        if verb is None or self.going.grants[0] is None:
            raise Refused("not_there", "This row is not there yet, and none is added by an import")
        made = self._do(ctx, verb, self.row.given)
        self.record_id = made.id if isinstance(made, Record) else None
        return CREATED

    def _edit(self, ctx: Context, row_id: int) -> str:
        target, grant = self.going.table, self.going.grants[1]
        given = {name: value for name, value in self.row.given.items() if name != ID}
        row = ctx.get(target.record, row_id, grant)
        asked = target.model.model_validate(given)
        now = row.values
        news = [name for name in asked.model_fields_set if name not in now or getattr(asked, name) != now[name]]
        if not news or self.going.existing is Existing.SKIP:
            return UNCHANGED
        if target.edits is None or grant is None:
            raise Refused("there_already", "This row is there already with other values, and no import changes it")
        self._do(ctx, target.edits, {name: given[name] for name in news if name in given}, row)
        return UPDATED

    def _do(self, ctx: Context, verb: Verb[Any, Any], given: Mapping[str, Any], *args: Any) -> Any:
        body: BaseModel = verb.body.model_validate(given)  # type: ignore[union-attr]  # of such verbs only
        more = {name: getattr(body, name) for name in verb.spread}
        return ctx.do(verb, *args, *([] if more else [body]), **more)


class Match(Work):
    """Find the rows of a chunk that are there already, all with one question, in the transaction that takes them."""

    def __init__(self, going: Going, rows: Sequence[TakeRow]) -> None:
        self.going, self.rows = going, rows
        self.org_id = going.actor.org_id

    def run(self, batch: Batch) -> None:
        for each in self.rows:
            each.found = None
        self._by_key(batch)
        self._by_digest(batch)

    def _by_key(self, batch: Batch) -> None:
        by_columns: dict[tuple[str, ...], dict[tuple[Any, ...], TakeRow]] = {}
        for each in self.rows:
            if each.row.key:
                by_columns.setdefault(tuple(each.row.key), {})[tuple(each.row.key.values())] = each
        record, table = self.going.table.record, self.going.table.record.table
        for names, rows in by_columns.items():
            columns = [table.c[name] for name in names]
            same = columns[0].in_([key[0] for key in rows]) if len(names) == 1 else sa.tuple_(*columns).in_(list(rows))
            query = sa.select(*(table.c[name] for name in record.fields)).where(table.c.org_id == self.org_id, same)
            found = [dict(row._mapping) for row in batch.session.execute(query.order_by(table.c.id))]
            batch.book(RowBook).learn(record, found)
            for values in found:  # of several the newest counts
                if (known := rows.get(tuple(values[name] for name in names))) is not None:
                    known.found = values["id"]

    def _by_digest(self, batch: Batch) -> None:
        rows = {each.row.digest: each for each in self.rows if each.row.digest}
        if not rows:
            return
        table, taken = self.going.table.record.table, Taken.table.c
        still_there = sa.exists().where(table.c.org_id == taken.org_id, table.c.id == taken.record_id)
        here = (taken.org_id == self.org_id, taken.entity == table.name, taken.digest.in_(list(rows)))
        for row in batch.session.execute(sa.select(taken.digest, taken.record_id).where(*here, still_there)):
            rows[row.digest].found = row.record_id


class Rehearsed(Work):
    """Undoes everything that was done before it in its transaction, once all of that has met the walls."""

    def __init__(self, org_id: int) -> None:
        self.org_id = org_id

    def run(self, batch: Batch) -> None:
        raise Void(Unavailable("This was a rehearsal", REHEARSED))


class Mark(Work):
    """How far the import is, and what came of a chunk; undoes the chunk where the import ended, or another worker has it."""

    through_context = True

    def __init__(self, going: Going, position: int, until: int, rows: Sequence[TakeRow], wrong: Sequence[Parsed],
                 column_of: Any, now: datetime) -> None:  # fmt: skip
        self.going, self.position, self.until, self.rows, self.wrong = going, position, until, rows, wrong
        self.column_of, self.now = column_of, now
        self.org_id = going.actor.org_id

    def run(self, batch: Batch) -> None:
        told = sorted([*self._told(), *(self._error(row, row.problem, row.column) for row in self.wrong)],
                      key=lambda each: each["row"])  # fmt: skip
        counts = {name: sum(each.outcome == name for each in self.rows) for name in (CREATED, UPDATED, UNCHANGED)}
        counts[FAILED] = sum(each["code"] != NOTED for each in told)
        c = Import.table.c
        mine = (c.org_id == self.org_id, c.id == self.going.import_id)
        known = batch.session.execute(sa.select(c.errors, c.failed).where(*mine)).one()
        values = {c[name]: c[name] + number for name, number in counts.items()} | {c.position: self.until}
        if told and len(known.errors) < SHOWN_ERRORS:
            brief = [{name: each[name] for name in ("row", "column", "code", "says")} for each in told]
            values[c.errors] = (known.errors + brief)[:SHOWN_ERRORS]
        here = (*mine, c.position == self.position, c.status == self.going.status)
        if batch.session.change(sa.update(Import.table).where(*here).values(values)) != 1:
            raise Void(Unavailable("This import was ended, or another worker goes on with it", "import_ended"))
        self._write(batch, told)

    def _told(self) -> list[dict[str, Any]]:
        found = []
        for each in self.rows:
            if each.outcome and each.problem is None:
                found += [self._error(each.row, Refused(NOTED, note), None) for note in each.notes]
                continue
            each.outcome = FAILED
            if each.problem is None:
                log.error("row %d of import %d failed", each.row.number, self.going.import_id)
            column = self.column_of(each.problem) if each.problem is not None else None
            found.append(self._error(each.row, each.problem, column))
        return found

    def _error(self, row: Parsed, problem: Problem | None, column: str | None) -> dict[str, Any]:
        code, says = (
            (problem.code, problem.sentence) if problem is not None else ("failed", "Something went wrong here")
        )
        return {"row": row.number, "column": column, "code": code[:60], "says": says[:1000], "cells": row.cells}

    def _write(self, batch: Batch, told: list[dict[str, Any]]) -> None:
        new = {"org_id": self.org_id, "version": 1, "created_at": self.now, "updated_at": self.now}
        new["import_id"] = self.going.import_id
        if told:
            batch.session.execute(sa.insert(Wrong.table), [new | each for each in told])
        if not self.going.is_check and (keyless := [each for each in self.rows if each.row.digest and each.record_id]):
            names, entity = [each.row.digest for each in keyless], self.going.table.record.table.name
            old = sa.delete(Taken.table).where(
                Taken.org_id == self.org_id, Taken.entity == entity, Taken.digest.in_(names)
            )
            batch.session.execute(old)
            batch.session.execute(sa.insert(Taken.table), [
                new | {"entity": entity, "digest": each.row.digest, "record_id": each.record_id} for each in keyless
            ])  # fmt: skip
