"""Rows that are asked for by their ids at the same moment come in one journey: what a commit is to a group, to reads."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from tradehall.kernel.database.session import Keyed, Row, Session

MOST = 64
SOON = 0.005
"""Seconds after which a question no longer waits for the answer to the one before."""
Question = tuple[int, Keyed, int]
"""An organisation, what is asked of a row of it, and for whom."""
Waiting = list[tuple[int, asyncio.Future[Row | None]]]


class Gathering:
    """Questions that differ in nothing but the id: while one is on its way, those that come are asked together after it."""

    def __init__(self, read: Callable[[int, Callable[[Session], list[Row]], bool], Awaitable[list[Row]]]) -> None:
        self._read = read
        self._waiting: dict[Question, Waiting] = {}
        self._under_way: Counter[Question] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()

    async def row(self, question: Question, row_id: int) -> Row | None:
        """The row, if there is one. What is committed before this is called is seen: its statement begins later."""
        loop, waiting = asyncio.get_running_loop(), self._waiting.get(question)
        if waiting is None:
            waiting = self._waiting[question] = []
            if self._under_way[question]:
                loop.call_later(SOON, self._begin, question, waiting)
            else:
                loop.call_soon(self._begin, question, waiting)  # when everybody who is ready has asked
        future: asyncio.Future[Row | None] = loop.create_future()
        waiting.append((row_id, future))
        if len(waiting) == MOST:
            self._begin(question, waiting)
        return await future

    def _begin(self, question: Question, waiting: Waiting) -> None:
        if self._waiting.get(question) is waiting:
            del self._waiting[question]
            self._under_way[question] += 1
            task = asyncio.get_running_loop().create_task(self._ask(question, waiting))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ask(self, question: Question, waiting: Waiting) -> None:
        org_id, statement, me = question
        given: dict[str, Any] = {"ids": list({row_id for row_id, _ in waiting}), "org_id": org_id, "me": me}
        try:
            rows = await self._read(org_id, lambda session: session.run(statement.many, given), True)
        except Exception as error:  # noqa: BLE001 - whatever it is, everybody who asked gets it
            for _, future in waiting:
                if not future.done():
                    future.set_exception(error)
        else:
            found = {row[-1]: row for row in rows}
            for row_id, future in waiting:
                if not future.done():
                    future.set_result(found.get(row_id))
        finally:
            self._over(question)

    def _over(self, question: Question) -> None:
        self._under_way[question] -= 1
        if not self._under_way[question]:
            del self._under_way[question]
        if (waiting := self._waiting.get(question)) is not None:
            self._begin(question, waiting)
