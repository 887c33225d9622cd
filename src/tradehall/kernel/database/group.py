"""Group commit: units that wait together share one transaction and one durable commit, and each can be undone by itself."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, ClassVar, TypeVar

from tradehall.kernel.database.session import Session
from tradehall.kernel.errors import OutcomeUnknown, Problem, StorageFull, Unavailable
from tradehall.kernel.meters import GROUPS

TRIES = 4
NONE_CAME_SECONDS = 0.001
MOST_PATIENT_SECONDS = 0.005
B = TypeVar("B", bound="Book")
T = TypeVar("T")
Steps = Generator[None, None, T]
"""Work that pauses before each thing that waits for the disk: it may go on in another thread from there."""


class Void(Exception):  # noqa: N818 - a state of the transaction, caught here
    """The transaction is gone, or must not be committed: every unit in it runs again, alone."""

    def __init__(self, problem: Problem, again: bool = False, begun: bool = True) -> None:
        super().__init__(problem.sentence)
        self.problem = problem
        self.again = again
        self.begun = begun


class Clash(Void):
    """What units did together can't be taken apart: the group runs again, and each writes at once, in its savepoint."""

    def __init__(self) -> None:
        super().__init__(Unavailable(), again=True)


class Undone(Exception):  # noqa: N818 - a way to leave a unit, not a fault
    """Leaves a unit with a result but without its effects: a dry run."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result


class Book(ABC):
    """What a transaction keeps in memory for its units and writes once, before the commit."""

    def __init__(self, session: Session, org_id: int) -> None:
        self.session = session
        self.org_id = org_id

    @abstractmethod
    def keep(self) -> None:
        """The unit succeeded: what it staged is part of the transaction."""

    @abstractmethod
    def forget(self) -> None:
        """The unit failed: drop what it staged."""

    @abstractmethod
    def write(self) -> None:
        """Write what was kept."""

    def fetch(self) -> None:  # noqa: B027 - most books have nothing to look up
        """Look up in one go what the units said they will ask for."""

    def committed(self) -> None:  # noqa: B027 - most books have nobody to tell
        """The transaction is durable."""

    def catch_up(self) -> None:  # noqa: B027 - most books keep nothing that a query could miss
        """Write what waits, since somebody is going to ask the database."""


class Batch:
    """One transaction of one organisation and the units in it."""

    def __init__(self, session: Session, org_id: int) -> None:
        self.session = session
        self.org_id = org_id
        self.jobs_added = False
        """Whether a worker has something to do once this is committed."""
        self._books: dict[type[Book], Book] = {}

    def book(self, kind: type[B]) -> B:
        """This transaction's book of a kind."""
        found = self._books.get(kind)
        if found is None:
            found = self._books[kind] = kind(self.session, self.org_id)
        return found  # type: ignore[return-value]  # the dictionary pairs each class with its instance

    def foresee(self, works: Sequence["Asked"]) -> None:
        """Look up together what the units will ask for one by one."""
        for work in works:
            work.foresee(self)
        for book in list(self._books.values()):
            book.fetch()

    def catch_up(self) -> None:
        """Write what waits in any book."""
        for book in self._books.values():
            book.catch_up()

    def keep(self) -> None:
        """Keep what the unit staged in every book."""
        for book in self._books.values():
            book.keep()

    def forget(self) -> None:
        """Drop what the unit staged in every book."""
        for book in self._books.values():
            book.forget()

    def write(self) -> None:
        """Write every book."""
        for book in list(self._books.values()):
            book.write()

    def committed(self) -> None:
        """Tell every book that the transaction is durable, and close them."""
        for book in self._books.values():
            book.committed()
        self._books.clear()


class Work(ABC):
    """A unit of work: rules, run as often as needed until the transaction that holds them is committed."""

    org_id: int
    is_brief = False
    """Whether it is known to be over so soon that nobody minds waiting for it."""
    through_context = False
    """Whether it asks the database through a context alone, which sees to it that nothing waits that it could miss."""

    @abstractmethod
    def run(self, batch: Batch) -> Any:
        """Do it, and render the answer."""

    def foresee(self, batch: Batch) -> None:  # noqa: B027 - most know nothing before they run
        """Called for each of several units before the first one runs: tell the books what will be asked for."""

    def refused(self, batch: Batch, problem: Problem) -> None:  # noqa: B027 - most have nothing to keep
        """Called after the unit's effects are undone, when a rule refused; may stage what outlives the refusal."""


@dataclass(frozen=True)
class Several:
    """Units that are committed together or not at all. Each has a savepoint of its own: one that a rule refuses changes
    nothing, and the others go on, unless it is `whole`; what is nobody's fault undoes all of them.
    """

    org_id: int
    works: Sequence[Work]
    whole: bool = False
    is_brief: ClassVar[bool] = False

    def foresee(self, batch: Batch) -> None:
        """Let each of them say what it will ask for."""
        for work in self.works:
            work.foresee(batch)


Asked = Work | Several
"""What somebody wants done: a unit, or several that belong together."""


@dataclass
class Outcome:
    """How one unit ended: with a result, or with an exception."""

    result: Any = None
    error: BaseException | None = None


Translate = Callable[[BaseException], Problem | Void | None]


def run_batch(
    session: Session, works: Sequence[Asked], translate: Translate, lightly: bool = False
) -> Steps[list[Outcome]]:
    """Run units of one organisation in one transaction; pauses before the commit.

    Done lightly, rows wait to be written together where that saves journeys, and no unit has a savepoint where those cost
    more. Raises Clash where that can't be; Void, or what else went wrong, with nothing done.
    """
    many = len(works) > 1 or isinstance(works[0], Several)
    session.waiting = lightly and session.far and many
    session.marked = session.far or not lightly or any(isinstance(each, Several) for each in works)
    try:
        _begin(session, works[0].org_id, translate)
        batch = Batch(session, works[0].org_id)
        if many and session.far:
            batch.foresee(works)
        outcomes = [_attempt(batch, work, translate, last=work is works[-1]) for work in works]
        batch.write()
    except Void:
        session.rollback()
        raise
    except BaseException as error:
        session.rollback()
        raise _void(error, translate) from error
    yield
    try:
        session.commit()
    except BaseException as error:
        if not session.committed_after_all():
            session.rollback()
            raise _void(error, translate) from error
    batch.committed()
    return outcomes


def _begin(session: Session, org_id: int, translate: Translate) -> None:
    try:
        session.begin_unit(org_id)
    except Exception as error:
        void = _void(error, translate)
        if isinstance(void, Void):
            void.begun = False
        raise void from error


def _void(error: BaseException, translate: Translate) -> BaseException:
    if isinstance(error, Void) or not isinstance(error, Exception):
        return error
    problem = error if isinstance(error, Problem) else translate(error)
    return Void(problem) if isinstance(problem, Problem) else problem or error


def _attempt(batch: Batch, work: Asked, translate: Translate, last: bool) -> Outcome:
    session = batch.session
    if isinstance(work, Several):
        return Outcome([_part(batch, work, each, translate) for each in work.works])
    try:
        if not work.through_context:
            batch.catch_up()
        result = _run(work, batch)
        if not last:
            session.next_savepoint()
        batch.keep()
        return Outcome(result)
    except Exception as error:
        problem = error if isinstance(error, Problem | Undone | Void) else translate(error)
        if isinstance(problem, Void):
            raise problem from error
        if session.gone():
            raise Void(problem if isinstance(problem, Problem) else Unavailable(), again=True) from error
        session.back_to_savepoint()
        batch.forget()
        if isinstance(problem, Undone):
            return Outcome(problem.result)
        if isinstance(problem, Problem) and problem.status < 500:
            work.refused(batch, problem)
            batch.keep()
        return Outcome(error=problem or error)


def _part(batch: Batch, of: Several, work: Work, translate: Translate) -> Outcome:
    outcome = _attempt(batch, work, translate, last=False)
    if isinstance(outcome.error, Problem) and (of.whole or outcome.error.status >= 500):
        raise Void(outcome.error)
    return outcome


def _run(work: Work, batch: Batch) -> Any:
    try:
        return work.run(batch)
    except SystemExit as error:  # would end the writer, and leave everybody behind it without an answer
        raise RuntimeError("a rule tried to end the process") from error


Transact = Callable[[Sequence[Asked], bool], Steps[list[Outcome]]]


def settle(transact: Transact, works: Sequence[Asked]) -> Steps[list[Outcome]]:
    """Run units together; where their transaction is void, each runs again alone, so that none pays for another."""
    GROUPS.observe(len(works))
    try:
        try:
            return (yield from transact(works, True))
        except Clash:
            yield
            return (yield from transact(works, False))
    except OutcomeUnknown as unknown:
        return [Outcome(error=unknown) for _ in works]
    except Exception as error:  # noqa: BLE001 - as in _alone
        void = error if isinstance(error, Void) else None
        if (void is None and len(works) == 1) or (void is not None and not void.again and _last_word(void, works)):
            return [Outcome(error=void.problem if void is not None else error) for _ in works]
    yield
    outcomes: list[Outcome] = []
    for work in works:
        outcomes += [(yield from _alone(transact, work))]
    return outcomes


class Patience:
    """How long a group waits for more of those who were under way a moment ago, since each commit costs as much for one as
    for many: until none has come for a millisecond, and not for long.
    """

    def __init__(self) -> None:
        self._first = self._came = monotonic()
        self._known = 0

    def lasts(self, known: int) -> bool:
        """Whether to wait on, now that so many have come."""
        now = monotonic()
        if known > self._known:
            self._known, self._came = known, now
        return now < min(self._came + NONE_CAME_SECONDS, self._first + MOST_PATIENT_SECONDS)


def whole(steps: Steps[T]) -> T:
    """Go all the way."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: T = end.value
            return result


def _last_word(void: Void, works: Sequence[Asked]) -> bool:
    # A database that can't be had now is none of the units' fault: if each waited for it again, the last would wait
    # as often as there are units.
    return len(works) == 1 or not void.begun


def _alone(transact: Transact, work: Asked) -> Steps[Outcome]:
    problem: BaseException = Unavailable()
    for _ in range(TRIES):
        try:
            return (yield from transact([work], False))[0]
        except Void as void:
            problem = void.problem
            if not void.again or isinstance(problem, StorageFull):
                break
        except Exception as error:  # noqa: BLE001 - whatever it is, its own caller gets it
            return Outcome(error=error)
    return Outcome(error=problem)
