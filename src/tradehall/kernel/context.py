"""The context of a rule: who acts, where and when; what it reads and what it changes."""

from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from tradehall.kernel.columns import Field, State
from tradehall.kernel.database import Batch, Session, Work
from tradehall.kernel.errors import Refused
from tradehall.kernel.events import ERASED, Event, EventBook, erase_history
from tradehall.kernel.idempotency import erase_answers
from tradehall.kernel.jobs import Task, cancel, enqueue, errand, timer
from tradehall.kernel.kinds import show
from tradehall.kernel.notices.ledger import To, Wish, is_wanted, tell
from tradehall.kernel.notices.sending import submit
from tradehall.kernel.numbers import NumberBook
from tradehall.kernel.preferences import ZONE, Chosen, PreferenceBook
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import KERNEL, Find, Record, per_record, referrers, shower
from tradehall.kernel.reports import TotalBook, recomputed
from tradehall.kernel.rows import RowBook, delete_statement
from tradehall.kernel.search import folded
from tradehall.kernel.verbs import AFTER, Actor, Grant, Verb, check_move, illegal
from tradehall.kernel.webhooks.outbox import OutBook

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound=Record)
GONE: list[Callable[["Context", Record], None]] = []
"""What else is done when a row is deleted: rooms that keep something of any record add theirs."""
SILENT = {"org_id", "version", "updated_at", "folded"}


@per_record
def noted(record: type[Record]) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """From the values of a row to what the log says of it when it comes or goes."""
    return shower({name: field for name, field in record.fields.items() if name not in SILENT and not field.secret})


def _target(args: tuple[Any, ...]) -> Record:
    row: Record = args[0]
    return row


class Context(Reader):
    """What a rule sees and changes. Nothing it does is seen by others before its unit is committed."""

    prepared: Any = None
    is_silent = False
    """Whether nobody is told of what happens: what is imported happened long ago."""
    _erasing = False

    def __init__(self, batch: Batch, trade: "Trade", actor: Actor, now: datetime, origin: Mapping[str, str]) -> None:
        super().__init__(batch.session, trade, actor, now)
        self._batch = batch
        self.origin = origin
        self._rows: dict[tuple[type[Record], int], Record] = {}
        self.added: dict[type[Record], int] = {}
        """How many rows of each kind the unit added."""
        self._changed: dict[int, Record] = {}
        self._events: list[Event] = []
        self._log = batch.book(EventBook)
        self._totals = batch.book(TotalBook)
        self._read = batch.book(RowBook)
        batch.book(OutBook).watch(batch)

    @property
    def session(self) -> Session:
        """The connection, for what the kernel itself asks; nothing waits any more that it could miss."""
        self._read.catch_up()
        return self._session

    def _chosen(self) -> Mapping[str, Any]:
        return self._batch.book(PreferenceBook).of(self.trade.name)

    # Reading: what is changed is written first, and a row is the same object throughout the unit.

    def find(self, record: type[R], row_id: int, grant: Grant | None = None) -> R | None:
        if grant is None or grant.scope is None:
            known = self._rows.get((record, row_id)) or self._read.find(record, row_id)
            if known is not None:
                return self._hold(known)  # type: ignore[return-value]  # the key names the class
        self.flush()
        found = super().find(record, row_id, grant)
        return None if found is None else self._hold(found)

    def all(self, query: Find[R], **given: Any) -> list[R]:
        self.flush()
        return [self._hold(row) for row in super().all(query, **given)]

    def _session_for(self, query: Find[Any]) -> Session:
        self._read.catch_up_on(query.tables)
        return self._session

    def count(self, query: Find[Any]) -> int:
        self.flush()
        return super().count(query)

    def _hold(self, row: R) -> R:
        held = self._rows.setdefault((type(row), row.id), row)
        held.keeper = self
        return held  # type: ignore[return-value]  # the key names the class

    # Writing.

    def touched(self, row: Record, field: Field[Any], value: Any) -> None:
        if not self._events:
            raise RuntimeError(f"{row!r} may be changed inside a verb only")
        if isinstance(field, State):
            if row.trade not in (self._verb_trade, KERNEL):
                raise RuntimeError(f"only a verb of {row.trade} may write the state of {row!r}")
            check_move(row, field, value)
        self._changed[id(row)] = row

    @property
    def _verb_trade(self) -> str:
        return self._events[-1].trade

    def reserve(self, row: Record) -> int:
        """The id of a row before it is added, for rows that point ahead to it."""
        found = row.values["id"] = self._read.reserve(type(row))
        return found

    def add(self, row: R) -> R:
        """Insert a row at once; its id and what the database derives are known from here on."""
        self.flush()
        record, values = type(row), row.values
        values |= {"org_id": self.org_id, "version": 1, "updated_at": self.now}
        values["created_at"] = values["created_at"] or self.now
        if record.searched:
            values["folded"] = folded(values[name] for name in record.searched)
        values["id"] = self._read.insert(record, values)
        self.added[record] = self.added.get(record, 0) + 1
        row.derive()
        self._hold(row)
        self._note(row, "add", noted(record)(values))
        self._totals.changed(row, None)
        return row

    def flush(self) -> None:
        """Write what was assigned, in the order of change, each row guarded by its version."""
        while self._changed:
            row = self._changed.pop(next(iter(self._changed)))
            if row.before:
                self._write(row)

    def _write(self, row: Record) -> None:
        record, values, before = type(row), row.values, row.before
        before = {name: old for name, old in before.items() if old != values[name]}
        if not before:
            row.before = {}
            return
        values["updated_at"] = self.now
        names = [*before, "updated_at"]
        if record.searched and not before.keys().isdisjoint(record.searched):
            values["folded"] = folded(values[name] for name in record.searched)
            names.append("folded")
        former = row.former()
        self._read.update(row, tuple(names))
        values["version"] += 1
        row.derive()
        row.before = {}
        self._note(row, "edit", self._pairs(row, before))
        self._totals.changed(row, former)

    def delete(self, row: Record) -> None:
        """Delete a row that nothing refers to; raises Refused with the reasons otherwise (P-21)."""
        self.flush()
        if reasons := self.references_to(row):
            listed = ", ".join(f"{count} {name}" for name, count in reasons.items())
            raise Refused("in_use", f"{row.title} can't be deleted: it has {listed}", reasons=reasons)
        for also in GONE:
            also(self, row)
        self.session.run(delete_statement(type(row)), {"id": row.id, "org_id": self.org_id})
        self._rows.pop((type(row), row.id), None)
        self._note(row, "delete", noted(type(row))(row.values))
        self._totals.changed(row, row, gone=True)
        row.keeper = None

    def erase(self, row: Record, **blanks: Any) -> None:
        """Blank a row's personal fields, here and in its history; the chain of the log still verifies."""
        words = [value for name in blanks if isinstance(value := row.values[name], str) and value]
        for name, blank in blanks.items():
            row.assign(row.fields[name], blank)
        self._erasing = True
        self.flush()
        self._erasing = False
        self.forget(row.table.name, row.id, {name for name, field in row.fields.items() if field.personal})
        erase_answers(self.session, self.org_id, words)

    def forget(self, entity: str, row_id: int, personal: Set[str]) -> None:
        """Delete what the log says of these fields of a row, and note that it was erased."""
        self._events[-1].note(entity, row_id, "edit", dict(ERASED))
        self._log.erase(entity, row_id, personal)
        erase_history(self.session, self.org_id, entity, row_id)

    def mark(self, entity: str, row_id: int, operation: str, changes: dict[str, Any]) -> None:
        """Note in the log what happened to something that is no record: a user."""
        self._events[-1].note(entity, row_id, operation, changes)

    def references_to(self, row: Record) -> dict[str, int]:
        """How many rows of each kind refer to this one."""
        found: dict[str, int] = {}
        for record, field in referrers(type(row)):
            if record.trade not in (self.trade.name, row.trade):
                continue  # the tables of a trade that is not open here may not be there
            pointing = Find(record, (record.table.c[field.name] == row.id,))
            if number := self.count(pointing):
                name = record.plural if number > 1 else record.title.lower()
                found[name] = found.get(name, 0) + number
        return found

    def _note(self, row: Record, operation: str, body: dict[str, Any]) -> None:
        if not self._events:
            raise RuntimeError(f"{row!r} may be changed inside a verb only")
        self._read.changed(row)
        self._events[-1].note(row.stored_as, row.id, operation, body, row.version)

    def _pairs(self, row: Record, before: Mapping[str, Any]) -> dict[str, list[Any]]:
        """What the log says of changed fields: each as it was and as it is."""
        fields = row.fields
        return {
            name: [show(old), show(row.values[name])]
            for name, old in before.items()
            if not fields[name].secret and not (self._erasing and fields[name].personal)
        }

    def number(self, series: str, prefix: str = "", width: int = 6) -> str:
        """The next number of a series of this trade; given back when the unit fails (P-06)."""
        value = self._batch.book(NumberBook).next(f"{self.trade.name}.{series}")
        return f"{prefix}{value:0{width}d}"

    def prefer(self, name: str, value: Any) -> None:
        """Set a setting of the organisation; where its days begin elsewhere now, the kept totals follow."""
        new = self.trade.preferences[name].parsed(value)
        if new == self.preferences[name]:
            return
        mine = (Chosen.of_trade == self.trade.name, Chosen.name == name)
        row = self.first(Find(Chosen, mine))
        if row is None:
            self.add(Chosen(of_trade=self.trade.name, name=name, value=new))
        else:
            row.value = new
            self.flush()
        self._read.catch_up()  # what is set is read without asking this context
        self._batch.book(PreferenceBook).changed()
        self._preferences = None
        if name == ZONE.name:
            day_of = self.preferences.day_of()
            self._totals.settle(day_of)
            self._totals.correct([self.trade.name], recomputed(self.session, self.org_id, [self.trade.name], day_of))

    def carry_out(self, work: Work) -> Any:
        """Do a piece of the kernel's own work in this unit: let a person in, for sample data."""
        self.flush()
        return work.run(self._batch)

    # Verbs inside verbs, and later.

    def do(self, verb: Verb[P, T], *args: P.args, **more: P.kwargs) -> T:
        """Carry out a verb, as an event of its own with the present one as its cause."""
        self.flush()
        cause = self._events[-1] if self._events else None
        event = Event(self.trade.name, verb.event, self.actor.label, self.now, self.origin, cause)
        if verb.goal is not None and _target(args).values[verb.state_name] == verb.goal:
            return args[0]  # type: ignore[return-value]  # a move gives its row, or nothing
        self._log.staged.append(event)
        self._events.append(event)
        try:
            result = self._carry_out(verb, args, more)
            self._complete()
            return result
        finally:
            self._events.pop()

    def _complete(self) -> None:
        """Write what was changed, and with the outermost event what it comes to in the totals."""
        self.flush()
        if len(self._events) == 1:
            self._totals.settle(self.preferences.day_of())

    @contextmanager
    def happening(self, name: str) -> Iterator[None]:
        """Something that Tradehall does by itself and that is no verb, as an event of this name: demo data, an import."""
        event = Event(self.trade.name, name, self.actor.label, self.now, self.origin)
        self._log.staged.append(event)
        self._events.append(event)
        try:
            yield
            self._complete()
        finally:
            self._events.pop()

    def _carry_out(self, verb: Verb[P, T], args: tuple[Any, ...], more: Mapping[str, Any]) -> T:
        if verb.goal is not None and (state := _target(args).values[verb.state_name]) not in verb.sources:
            raise illegal(_target(args), state, _target(args).states[0].moves.get(state, ()))
        result = verb.rule(self, *args, **more)
        if verb.goal is not None:
            _target(args).assign(_target(args).states[0], verb.goal)
        for rule in AFTER.get(verb, ()):
            rule(self, result if isinstance(result, verb.record) else args[0])
        return result

    def at(self, due: datetime, verb: Verb[Any, Any], row: Record, *, once: str = "") -> None:
        """Carry out a verb on a row at a moment: a durable timer; one is kept for each verb and row, or each `once`."""
        key = f"{verb.event}:{once or row.id}"
        enqueue(self._session, **timer(self.org_id, verb.record.trade, verb.name, row, key, due, self.now))
        self.wake()

    def later(
        self, task: Task, payload: Mapping[str, Any], *, due: datetime | None = None, once: str = "", target: str = ""
    ) -> None:
        """Have a task done after the commit, or when it is due; of those with the same `once` the newest waits.

        A `target` that does not answer holds up nothing but what is for itself.
        """
        given = errand(self.org_id, self.trade.name, task, payload, once, target, due or self.now, self.now)
        enqueue(self._session, **given)
        self.wake()

    def wake(self) -> None:
        """Have the worker look at what is due as soon as this is committed."""
        self._batch.jobs_added = True

    def cancel(self, verb: Verb[Any, Any], row: Record, *, once: str = "") -> None:
        """Forget the timer of a verb on a row, or of this `once`."""
        cancel(self._session, self.org_id, verb.record.trade, f"{verb.event}:{once or row.id}")

    def notify(
        self, to: To, template: str, row: Record | None = None, *, once: str | int = "", person: int = 0,
        not_before: datetime | None = None, language: str = "", **values: Any,
    ) -> None:  # fmt: skip
        """Tell somebody what a template says, with these values and the fields of the row: one message for each `once`.

        `to` is a user's id or a role, who are told in the application, or a telephone number or an e-mail address. What
        is about a `person`'s account, and no row, names them. What is sent is not sent before `not_before`. Who has an
        account reads it in the language that they chose, and anybody else in this `language`.
        """
        about = self.trade.templates_by_name[template]
        if self.is_silent or not to or (isinstance(to, str) and not is_wanted(self, about)):
            return
        wish = Wish(
            about,
            row,
            str(once),
            values,
            self._events[-1].verb,
            person,
            not_before,
            language,
        )
        if (message := tell(self, to, wish)) is not None:
            submit(self, message)

    def end(self) -> None:
        """Let go of the rows, so that they and this are freed at once and not by the collector."""
        for row in self._rows.values():
            row.keeper = None
        self._rows.clear()

    @property
    def has_changed(self) -> bool:
        """Whether the unit changed anything so far."""
        return any(event.changes for event in self._log.staged)

    def changes(self) -> list[dict[str, Any]]:
        """What the unit did so far, for a dry run: each event with what it changed."""
        return [
            {
                "verb": event.verb,
                "changes": [
                    {
                        "entity": change.entity,
                        "id": change.record_id,
                        "operation": change.operation,
                        "values": self.trade.visible(change.entity, change.body, self.actor),
                    }
                    for change in event.changes.values()
                ],
            }
            for event in self._log.staged
        ]
