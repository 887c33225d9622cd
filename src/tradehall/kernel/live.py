"""Live channels: declarations of what a trade tells whom as it happens."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tradehall.kernel.feed import Happening
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Record
from tradehall.kernel.verbs import MEMBER, By

MESSAGES = 100
"""So many messages one event may give; each has an id of its own, so that none is lost between two."""


@dataclass(frozen=True)
class Message:
    """One message of a channel: to whoever `by` reaches, or to one person of them.

    With `about`, only to those within whose rows it is; with a `topic`, only to those who asked for it or for all.
    `more` stands beside `data`.
    """

    event: str
    data: Any
    by: By = MEMBER
    to: int | None = None
    about: Record | None = None
    topic: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Live:
    """A channel: a socket at a path. What it says of an event is a function of the event and of the rows as they are.

    Without `tells` it says of each event what the resources show of it to whoever listens. `snapshot` is what a listener
    gets first. A `public` one lets people in without a token, to hear what is `by=ANYBODY`. `most` may listen at once, in
    each process.
    """

    path: str
    tells: Callable[[Reader, Happening], Iterable[Message]] | None = None
    snapshot: Callable[[Reader], Any] | None = None
    public: bool = False
    most: int = 20_000
    most_env: str = ""
    """The setting of the installation that says how many, where a contract names one."""

    @property
    def each(self) -> int:
        """How many ids one event takes."""
        return 1 if self.tells is None else MESSAGES
