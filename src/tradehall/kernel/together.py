"""A question that many ask at the same moment is asked once, and all of them get its answer."""

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """What is being asked now."""

    def __init__(self) -> None:
        self._asked: dict[Hashable, asyncio.Task[T]] = {}

    async def ask(self, what: Hashable, answer: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """The answer, or what it raises; whoever goes away before leaves it to the others."""
        task = self._asked.get(what)
        if task is None:
            task = self._asked[what] = asyncio.create_task(answer())
            task.add_done_callback(lambda done: self._over(what, done))
        return await asyncio.shield(task)

    def _over(self, what: Hashable, task: asyncio.Task[T]) -> None:
        del self._asked[what]
        if not task.cancelled():
            task.exception()  # where nobody waits any more, nobody misses it
