"""What a column means beyond its type, so that pages show it as people read it."""

from typing import Any

from tradehall.kernel.columns import Field, json, text


class Sentence(Field[str]):
    """An English sentence of ours, or nothing: pages say it in the language of whoever reads it."""

    def __init__(self, longest: int) -> None:
        column = text(longest, default="")
        super().__init__(column.kind, column.form, default="")


class Several(Field[Any]):
    """The ids of several rows of a record, as JSON: pages show what they are called."""

    def __init__(self, of: type[Any]) -> None:
        column = json()
        super().__init__(column.kind, column.form, default=list)
        self.of = of
