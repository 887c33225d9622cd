"""Rooms: what a trade offers, as places to go to and things to do there. Everything is read off its declarations."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tradehall.kernel.comments import Comment
from tradehall.kernel.contracts import Contract, Drill, History, Listing, Reading, Report
from tradehall.kernel.figures import Span
from tradehall.kernel.records import KERNEL, Record
from tradehall.kernel.resources import Resource
from tradehall.kernel.screens import OwnPage
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import GUEST, SYSTEM, Actor, Verb, grants
from tradehall.web.face.words import phrase

DANGEROUS = ("delete", "void", "cancel", "erase", "revoke", "withdraw", "refuse", "drop")


@dataclass(frozen=True, eq=False)
class Deed:
    """Something to do: a verb at its path."""

    name: str
    contract: Contract
    verb: Verb[..., object]

    @property
    def title(self) -> str:
        """What its button says."""
        return self.verb.title or phrase(self.verb.name)

    @property
    def help(self) -> str:
        """What happens, as a sentence."""
        return self.verb.summary

    @property
    def is_dangerous(self) -> bool:
        """Whether somebody should think twice."""
        return self.verb.name.startswith(DANGEROUS)

    @property
    def wish(self) -> str:
        """How a page names it: `PUT /api/v1/profile/update`, without the method of most."""
        method, path = self.contract.method, self.contract.path
        return path if method == "POST" else f"{method} {path}"

    def is_for(self, actor: Actor) -> bool:
        """Whether somebody of this role may do it at all."""
        return self.contract.by is not None and actor.may(self.contract.by)


@dataclass(frozen=True)
class Offers:
    """What somebody may do in a room: add a row, begin something without one, do the same with several, import."""

    create: Deed | None
    starts: tuple[Deed, ...]
    several: tuple[Deed, ...]
    imports: bool


@dataclass(frozen=True, eq=False)
class Room:
    """The place of a resource: its list, its rows, what may be done with them."""

    name: str
    resource: Resource
    listing: Contract
    reading: Contract | None = None
    history: Contract | None = None
    create: Deed | None = None
    edit: Deed | None = None
    delete: Deed | None = None
    deeds: tuple[Deed, ...] = ()
    """What is done with a row, besides changing and deleting it."""
    starts: tuple[Deed, ...] = ()
    """What begins without a row."""
    exports: tuple[Contract, ...] = field(default=())
    imports: Contract | None = None
    """What takes a table of its rows in, if anything does."""
    comments: Contract | None = None
    comment: Deed | None = None
    """What was said about a row, and what says more."""
    usual: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)
    """The columns of its table where nobody chose any, by what is seen and in which language."""
    _offers: dict[str, "Offers"] = field(default_factory=dict, init=False, repr=False)

    @property
    def record(self) -> type[Record]:
        """Whose rows are here."""
        return self.resource.record

    @property
    def title(self) -> str:
        """What it is called."""
        return phrase(self.record.plural)

    @property
    def about(self) -> str:
        """What is kept here, as a sentence or two."""
        return " ".join((self.record.__doc__ or "").split("\n\n")[0].split())

    @property
    def icon(self) -> str:
        """Its picture."""
        return "gear" if self.is_kernel_s else "table"

    @property
    def is_kernel_s(self) -> bool:
        """Whether it belongs to the administration."""
        return self.record.trade == KERNEL

    def offers(self, actor: Actor) -> "Offers":
        """What somebody of this role may do here."""
        if (found := self._offers.get(actor.role)) is None:
            several = (*(each for each in self.deeds if each.verb.target), *([self.delete] if self.delete else []))
            found = self._offers[actor.role] = Offers(
                self.create if self.create is not None and self.create.is_for(actor) else None,
                tuple(each for each in self.starts if each.is_for(actor)),
                tuple(each for each in several if each.is_for(actor) and each.verb.body is None),
                self.imports is not None and self.imports.by is not None and actor.may(self.imports.by),
            )
        return found

    def deed(self, name: str) -> Deed | None:
        """What is done here by this name."""
        own = (self.create, self.edit, self.delete, *self.deeds, *self.starts, self.comment)
        return next((each for each in own if each is not None and each.name == name), None)

    def is_for(self, actor: Actor) -> bool:
        """Whether somebody of this role may see the list."""
        return self.listing.by is not None and actor.may(self.listing.by)


class House:
    """All rooms of a trade, and its reports."""

    def __init__(self, trade: Trade) -> None:
        self.trade = trade

    @cached_property
    def rooms(self) -> Mapping[str, Room]:
        """Each room by its name in addresses: the trade's own first."""
        found: dict[str, Room] = {}
        for listing in self._listings():
            room = self._room(listing)
            found.setdefault(room.name, room)
        return found

    @cached_property
    def by_record(self) -> Mapping[type[Record], Room]:
        """Each room by whose rows are there."""
        return {room.record: room for room in reversed(list(self.rooms.values()))}

    @cached_property
    def by_table(self) -> Mapping[str, Room]:
        """Each room by the table whose rows are there."""
        return {record.table.name: room for record, room in self.by_record.items()}

    @cached_property
    def by_event(self) -> Mapping[str, Verb[..., object]]:
        """Each verb by the name of its events."""
        return {each.event: each for each in self.trade.verbs}

    @cached_property
    def daily(self) -> Mapping[str, Contract]:
        """The reports that show a measure by day, by the name of the measure."""
        return {
            each.does.name: each
            for each in self.trade.operations
            if isinstance(each.does, Report) and each.does.body is Span
        }

    @cached_property
    def drill(self) -> Contract:
        """What shows the rows behind a total."""
        return next(each for each in self.trade.operations if isinstance(each.does, Drill))

    def find(self, method: str, path: str) -> Contract | None:
        """The operation at a path, below the trade's prefix."""
        return self._by_path.get((method, f"{self.trade.prefix}{path}"))

    @cached_property
    def _by_path(self) -> Mapping[tuple[str, str], Contract]:
        return {(each.method, each.path.rstrip("/")): each for each in self.trade.operations}

    def _listings(self) -> Iterator[Contract]:
        own = [each for each in self.trade.operations if isinstance(each.does, Listing) and not each.parameters]
        order = {resource.record: place for place, resource in enumerate(self.trade.resources)}
        first: dict[type[Record], Contract] = {}
        for each in own:
            assert isinstance(each.does, Listing)  # noqa: S101 - for the type checker
            first.setdefault(each.does.resource.record, each)
        yield from sorted(first.values(), key=lambda each: order.get(each.does.resource.record, len(order)))  # type: ignore[union-attr]  # they are listings

    def _room(self, listing: Contract) -> Room:
        assert isinstance(listing.does, Listing)  # noqa: S101 - for the type checker
        resource = listing.does.resource
        record = resource.record
        name = listing.path.removeprefix(self.trade.prefix).strip("/").replace("/", "-")
        one = [
            each
            for each in self.trade.operations
            if getattr(getattr(each.does, "resource", None), "record", None) is record
        ]
        deeds = list(self._deeds(record))
        special = (resource.creates, resource.edits, resource.deletes)
        create, edit, delete = (next((deed for deed in deeds if deed.verb is verb), None) for verb in special)
        create = create or next((deed for deed in deeds if deed.name == "create"), None)
        edit = edit or next((deed for deed in deeds if deed.name == "change" and deed.contract.method == "PATCH"), None)
        path = f"/{record.in_paths}/{{id}}/comments"
        comment = next((deed for deed in deeds if deed.contract is self.find("POST", path)), None)
        elsewhere = {wish for each in self.trade.screens if isinstance(each, OwnPage) and each.only_here
                     for wish in each.does.values()}  # fmt: skip
        rest = [deed for deed in deeds if deed not in (create, edit, delete, comment) and deed.wish not in elsewhere]
        return Room(
            name, resource, listing,
            next((each for each in one if isinstance(each.does, Reading)), None),
            next((each for each in one if isinstance(each.does, History)), None),
            create, edit, delete,
            tuple(deed for deed in rest if deed.verb.target), _by_name(deed for deed in rest if not deed.verb.target),
            tuple(each for each in self.trade.operations if each.path.startswith(f"{self.trade.prefix}/exports/{name}.")),
            self.find("POST", f"/{record.plural}/bulk-upload"),
            next((each for each in (self.find("GET", path),) if _is_of_comments(each)), None), comment,
        )  # fmt: skip

    def _deeds(self, record: type[Record]) -> Iterator[Deed]:
        """Each verb once; of an edit the one that changes what is given."""
        found: dict[int, Contract] = {}
        for each in self.trade.operations:
            does = each.does
            if (
                isinstance(does, Verb)
                and does.record is record
                and any(one.role not in (SYSTEM, GUEST) for one in grants(does.by))
            ):
                others = [name for name in each.parameters if name != "id"]
                if not others and (id(does) not in found or each.method == "PATCH"):
                    found[id(does)] = each
        for contract in found.values():
            assert isinstance(contract.does, Verb)  # noqa: S101 - for the type checker
            yield Deed(contract.does.name.replace("_", "-"), contract, contract.does)


def _is_of_comments(contract: Contract | None) -> bool:
    return contract is not None and isinstance(contract.does, Report) and contract.does.room == Comment.plural


def _by_name(deeds: Iterable[Deed]) -> tuple[Deed, ...]:
    """The first of each name: an import begins at the path of each resource too."""
    found: dict[str, Deed] = {}
    for each in deeds:
        found.setdefault(each.name, each)
    return tuple(found.values())
