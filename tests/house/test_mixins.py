"""A class that is put together of others has each private name from one of them: a second one would hide the first."""

from collections.abc import Iterator
from itertools import combinations

from tradehall.web.face.face import Face


def hidden(whole: type) -> Iterator[str]:
    """The private names that two of its classes define, of which neither builds on the other."""
    defined: dict[str, list[type]] = {}
    for each in whole.__mro__:
        for name in vars(each):
            if name.startswith("_") and not name.startswith("__"):
                defined.setdefault(name, []).append(each)
    for name, classes in defined.items():
        for first, second in combinations(classes, 2):
            if not issubclass(first, second):
                yield f"{name}: {first.__name__} and {second.__name__}"


def test_a_name_that_is_hidden_is_found_and_one_that_is_meant_to_be_changed_is_not() -> None:
    class Left:
        def _of(self) -> None: ...
        def _draw(self) -> None: ...

    class Right:
        def _of(self) -> None: ...

    class Further(Left):
        def _draw(self) -> None: ...

    class Both(Further, Right):
        pass

    assert [*hidden(Both)] == ["_of: Left and Right"]


def test_no_private_name_of_the_pages_hides_another() -> None:
    assert [*hidden(Face)] == []
