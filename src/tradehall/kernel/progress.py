"""Progress: how far a durable job is, noted in the row that it works for, and that it is alive."""

import asyncio
from contextvars import ContextVar

import sqlalchemy as sa

from tradehall.kernel.database import Batch, Work
from tradehall.kernel.records import Record

LIMIT: ContextVar[tuple[asyncio.Timeout, float] | None] = ContextVar("limit", default=None)
"""When the task that runs here is out of time, and how many seconds it has from one sign of life to the next."""


def alive() -> None:
    """Say that a task gets on: its time begins anew. A job that hangs does not come to say so."""
    if (given := LIMIT.get()) is not None:
        limit, seconds = given
        limit.reschedule(asyncio.get_running_loop().time() + seconds)


class Note(Work):
    """Note how far a job is; gives whether it still goes on. The row has a `position`, and the status `running` until the end."""

    def __init__(self, record: type[Record], org_id: int, row_id: int, position: int) -> None:
        self.table, self.org_id, self.row_id, self.position = record.table, org_id, row_id, position

    def run(self, batch: Batch) -> bool:
        c = self.table.c
        mine = (c.org_id == self.org_id, c.id == self.row_id, c.status == sa.literal("running", c.status.type))
        return batch.session.change(sa.update(self.table).where(*mine).values(position=self.position)) == 1
