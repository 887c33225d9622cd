"""Forms: request models made from the fields of a record."""

from types import new_class
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict
from pydantic.fields import FieldInfo

from tradehall.kernel.columns import Field
from tradehall.kernel.records import Record


class Form(BaseModel):
    """A request model of some fields of a record: `class Order(Form, of=Rental, fields=("renter", "days"))`.

    `partial` makes each field optional, for edits. A subclass may declare fields of its own, which come last.
    """

    model_config = ConfigDict(extra="ignore")

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """The fields of the record are known when the class is made, not to the type checker."""

    @classmethod
    def of(cls, **values: Any) -> Self:
        """A request with these fields, checked; raises ValidationError."""
        return cls.model_validate(values)

    def __init_subclass__(
        cls, of: type[Record] | None = None, fields: tuple[str, ...] = (), partial: bool = False, **options: Any
    ) -> None:
        """Takes what `__pydantic_init_subclass__` uses, once Pydantic knows the class."""
        super().__init_subclass__(**options)

    @classmethod
    def __pydantic_init_subclass__(
        cls, of: type[Record] | None = None, fields: tuple[str, ...] = (), partial: bool = False, **options: Any
    ) -> None:
        super().__pydantic_init_subclass__(**options)
        if of is not None:
            declared = [name for name in vars(cls).get("__annotations__", ()) if name in cls.__pydantic_fields__]
            own = {name: cls.__pydantic_fields__.pop(name) for name in declared}
            cls.__pydantic_fields__ |= {name: _field(of.fields[name], partial) for name in fields} | own
            cls.model_rebuild(force=True)


def _field(declared: Field[Any], partial: bool) -> FieldInfo:
    kind = declared.form | None if declared.optional else declared.form
    if partial or declared.optional:
        return FieldInfo.from_annotated_attribute(kind, None)
    if declared.default is ...:
        return FieldInfo.from_annotation(kind)
    return FieldInfo.from_annotated_attribute(kind, declared.initial())


def form(record: type[Record], names: tuple[str, ...], *, partial: bool = False, name: str = "") -> type[Form]:
    """The form that the kernel makes where a trade declares none."""
    name = name or f"{record.__name__}{'Changes' if partial else 'Form'}"
    return new_class(name, (Form,), {"of": record, "fields": names, "partial": partial})
