"""The outbox: in the transaction of an event, a delivery for each webhook that wants it."""

from typing import Any

import sqlalchemy as sa

from tradehall.kernel.database import Batch, Book, Prepared
from tradehall.kernel.events import Event, EventBook
from tradehall.kernel.jobs import enqueue, errand
from tradehall.kernel.rows import insert_statement
from tradehall.kernel.webhooks.records import Delivery, Webhook
from tradehall.kernel.webhooks.sending import deliver

EVERYTHING = "*"
OWN = ("webhook.", "delivery.")
_active = Prepared(
    sa.select(Webhook.id, Webhook.of_trade, Webhook.events).where(
        Webhook.org_id == sa.bindparam("org_id"), Webhook.is_active.is_(sa.true())
    )
)


def wants(patterns: list[str], event: str) -> bool:
    """Whether one of `*`, `sale.*` and `sale.sell` names an event; what happens to webhooks themselves is not told by them."""
    return not event.startswith(OWN) and any(
        each in (EVERYTHING, event) or (each[-2:] == ".*" and event.startswith(each[:-1])) for each in patterns
    )


class OutBook(Book):
    """What a transaction's events mean to webhooks; asked once for all of them, and nothing where there is no webhook."""

    _batch: Batch

    def watch(self, batch: Batch) -> None:
        """Look at this batch's events when it is written."""
        self._batch = batch

    def keep(self) -> None:
        return

    def forget(self) -> None:
        return

    def write(self) -> None:
        events = self._batch.book(EventBook).kept
        if not events:
            return
        for hook in self.session.dicts(_active, {"org_id": self.org_id}):
            for event in events:
                if event.trade == hook["of_trade"] and wants(hook["events"], event.verb):
                    self._add(hook["id"], event)

    def _add(self, webhook_id: int, event: Event) -> None:
        versions = {f"{each.entity}:{each.record_id}": each.version for each in event.changes.values()}
        row = Delivery(
            of_trade=event.trade, webhook_id=webhook_id, event_id=event.id, event=event.verb, versions=versions
        )
        values: dict[str, Any] = row.values | {"org_id": self.org_id, "created_at": event.at, "updated_at": event.at}
        delivery_id = self.session.insert(insert_statement(Delivery, self.session.far), values)
        payload, target = {"delivery": delivery_id}, str(webhook_id)
        enqueue(
            self.session,
            **errand(self.org_id, event.trade, deliver, payload, str(delivery_id), target, event.at, event.at),
        )
        self._batch.jobs_added = True
