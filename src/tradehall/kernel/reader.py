"""What a report sees: one organisation, one actor, one moment."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import sqlalchemy as sa

from tradehall.kernel.database import Session
from tradehall.kernel.errors import Missing
from tradehall.kernel.money import unscaled
from tradehall.kernel.preferences import Preferences, chosen
from tradehall.kernel.records import Find, Record, rows_of, whole_rows
from tradehall.kernel.reports import Measure, Overall, Total, daily
from tradehall.kernel.rows import select_statement, standing_statement
from tradehall.kernel.subjects import Numbers, leaders, numbers
from tradehall.kernel.verbs import Actor, Grant

if TYPE_CHECKING:
    from tradehall.kernel.trade import Trade

R = TypeVar("R", bound=Record)


class Reader:
    """What a report sees: one organisation, one actor, one moment; it reads and never writes."""

    def __init__(self, session: Session, trade: "Trade", actor: Actor, now: datetime) -> None:
        self._session = session
        self.trade = trade
        self.actor = actor
        self.org_id = actor.org_id
        self.now = now
        self._preferences: Preferences | None = None
        self._overall: Overall | None = None
        self._by_measure: dict[str, dict[str, Total]] = {}

    @property
    def session(self) -> Session:
        """The connection, for what the kernel itself asks."""
        return self._session

    @property
    def preferences(self) -> Preferences:
        """The organisation's settings."""
        if self._preferences is None:
            self._preferences = Preferences(self.trade.preferences, self._chosen())
        return self._preferences

    def _chosen(self) -> Mapping[str, Any]:
        return chosen(self.session, self.org_id, self.trade.name)

    def day(self, moment: datetime) -> date:
        """The organisation's calendar day of a moment."""
        return self.preferences.day_of()(moment)

    @property
    def today(self) -> date:
        """The organisation's calendar day."""
        return self.day(self.now)

    def find(self, record: type[R], row_id: int, grant: Grant | None = None) -> R | None:
        """The row with this id, if there is one within the grant."""
        scope = grant if grant is not None and grant.scope is not None else None
        given = {"id": row_id, "org_id": self.org_id, "me": self.actor.user_id}
        found = self.session.dicts(select_statement(record, scope), given)
        return record.loaded(found[0], None) if found else None

    def get(self, record: type[R], row_id: int, grant: Grant | None = None) -> R:
        """The row with this id; raises Missing ("Phone not found")."""
        if (row := self.find(record, row_id, grant)) is None:
            raise Missing(f"{record.title} not found")
        return row

    def all(self, query: Find[R], **given: Any) -> list[R]:
        """The rows of a search, in its order; a standing one is given the values of its parameters."""
        given |= {"org_id": self.org_id, "me": self.actor.user_id}
        if query.is_standing:
            return rows_of(query.record, self._session_for(query).dicts(standing_statement(query), given))
        return whole_rows(query.record, self.session.execute(query.statement, given).all())

    def _session_for(self, query: Find[Any]) -> Session:
        return self._session

    def first(self, query: Find[R], **given: Any) -> R | None:
        """The first row of a search, if there is one."""
        rows = self.all(query if query.is_standing else query.first(1), **given)
        return rows[0] if rows else None

    def count(self, query: Find[Any]) -> int:
        """How many rows a search has."""
        inner = query.statement.order_by(None).subquery()
        given = {"org_id": self.org_id, "me": self.actor.user_id}
        return int(self.session.execute(sa.select(sa.func.count()).select_from(inner), given).scalar_one())

    def totals(self, measure: Measure[Any] | str) -> dict[str, Total]:
        """The kept totals of a measure over all time, by dimension."""
        name = measure if isinstance(measure, str) else measure.name
        if (found := self._by_measure.get(name)) is None:
            self._overall = self._overall or Overall(self.session, self.org_id)
            found = self._by_measure[name] = self._overall.of(name)
        return found

    def subjects(self, measure: Measure[Any]) -> dict[str, Numbers]:
        """How many subjects a measure counts anything for, once and more than once: of each kind, and under "" of all."""
        return numbers(self.session, self.org_id, measure.name)

    def leaders(self, measure: Measure[Any], most: int) -> list[tuple[int, Total]]:
        """The subjects of a measure with the largest amounts above zero."""
        found = leaders(self.session, self.org_id, measure.name, most)
        return [(subject, Total(count, unscaled(amount, 2))) for subject, count, amount in found]

    def days(self, measure: Measure[Any], first: date, end: date) -> list[tuple[date, str, Total]]:
        """The kept totals of a measure on the local days of [first, end)."""
        return list(daily(self.session, self.org_id, measure.name, first, end))
