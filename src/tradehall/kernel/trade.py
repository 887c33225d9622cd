"""A trade's manifest: everything that it offers, and the way it answers."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from pydantic import BaseModel, create_model

from tradehall.kernel import audit, backlog, checks, comments, feed, keeping, keys, papers, persons, privacy, views
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Drill, Listing, Paging, Report, Shape, SkipLimit, dumps, shown
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Invalid, Problem, Stale
from tradehall.kernel.figures import by_day
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.live import Live
from tradehall.kernel.notices import ledger
from tradehall.kernel.notices import paths as notices
from tradehall.kernel.notices.sending import STRANDED
from tradehall.kernel.notices.templates import Template
from tradehall.kernel.papers import Paper
from tradehall.kernel.people import JOIN, Register, SignIn, identities, registrations
from tradehall.kernel.people.letters import LETTERS
from tradehall.kernel.people.paths import paths as people_paths
from tradehall.kernel.preferences import APPROVAL, PROFILE, Chosen, Setting
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import METADATA, Record
from tradehall.kernel.reports import MEASURES
from tradehall.kernel.resources import Resource
from tradehall.kernel.screens import Group, Screen
from tradehall.kernel.transfer.foreign import Foreign
from tradehall.kernel.transfer.paths import paths as transfer_paths
from tradehall.kernel.transfer.preparing import paths as preparing_paths
from tradehall.kernel.verbs import GUEST, SYSTEM, VERBS, Actor, By, Role, Verb, grants
from tradehall.kernel.webhooks.paths import paths as webhook_paths
from tradehall.kernel.webhooks.sending import SWITCHED_OFF


def setting_paths(declared: Mapping[str, Setting], owner: Role) -> tuple[Report, Verb[Any, Any]]:
    """What reads the settings of an organisation, and the verb that changes some of them; both give all values."""

    def settings(ctx: Reader) -> dict[str, Any]:
        return ctx.preferences.all()

    def change(ctx: Context, wish: BaseModel) -> dict[str, Any]:
        for name in wish.model_fields_set:
            ctx.prefer(name, getattr(wish, name))
        return ctx.preferences.all()

    fields: dict[str, Any] = {each.name: (each.kind, each.default) for each in declared.values()}
    model = create_model("Settings", **fields)
    read = Report("settings", owner, settings, None, "The settings of the organisation.", quick=False)
    return read, Verb("change", Chosen, owner, change, False, model, "Change settings of the organisation.")


ErrorBody = Callable[[Problem, int], dict[str, Any]]


def detail(problem: Problem, status: int) -> dict[str, Any]:
    """The plain error shape, FastAPI's: `{"detail": ...}`, with the list of fields where the request is malformed."""
    return {"detail": problem.errors if isinstance(problem, Invalid) else problem.sentence, "code": problem.code}


@dataclass(frozen=True, eq=False)
class Trade:
    """A trade. `roles` go from the least to the most; the last one is the owner's."""

    name: str
    roles: tuple[Role, ...]
    title: str = ""
    resources: tuple[Resource, ...] = ()
    contract: tuple[Contract, ...] = ()
    reports: tuple[Report, ...] = ()
    screens: tuple[Screen, ...] = ()
    papers: tuple[Paper, ...] = ()
    """What is printed of its rows."""
    menu: tuple[Group, ...] = ()
    """How its places are grouped in the menu; all that is in no group comes after them, folded. Without it nothing is grouped."""
    demo: Callable[[Context], None] | None = None
    begin: Callable[[Context], None] | None = None
    """What every organisation has from the start; a second time it changes nothing."""
    settings: tuple[Setting, ...] = ()
    templates: tuple[Template, ...] = ()
    sign_in: SignIn = field(default_factory=SignIn)
    register: Register = field(default_factory=Register)
    prefix: str = "/api"
    paging: Paging = field(default_factory=SkipLimit)
    error_body: ErrorBody = detail
    errors: Mapping[str, int] = field(default_factory=dict)
    """Statuses of refusals, where the contract as a whole has others than the kernel; a path may have its own."""
    token_minutes: int | None = None
    docs: tuple[str, str, str] = ("/docs", "/redoc", "/openapi.json")
    live: Live | None = None
    foreign: tuple[Foreign, ...] = ()
    """Other systems whose databases are taken over."""
    proofs: tuple[Callable[[Session, int], Iterable[str]], ...] = ()
    """What the doctor looks at besides totals and the log: what is wrong with the rows of an organisation, a sentence each."""
    sms_inbound: str = ""
    """Where the provider of SMS reports besides, if the trade's contract has a path for it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.title or self.name.capitalize())
        if wrong := [f"{each.name}: {why}" for each in self.templates for _, why in each.wrong(each.texts)]:
            raise TypeError("; ".join(wrong))

    def installed_as(self, chosen: Mapping[str, Any]) -> "Trade":
        """This trade where an installation has chosen some defaults, by the names that its settings have there."""
        settings = tuple(
            replace(each, default=chosen[each.env]) if chosen.get(each.env) is not None else each
            for each in self.settings
        )
        most = chosen.get(self.live.most_env) if self.live is not None else None
        live = replace(self.live, most=most) if self.live is not None and most is not None else self.live
        return self if settings == self.settings and live is self.live else replace(self, settings=settings, live=live)

    @property
    def owner(self) -> Role:
        """The role of whoever runs the business."""
        return self.roles[-1]

    @property
    def migrations(self) -> Path:
        """The folder of its schema's versions: beside the module of its records."""
        module = sys.modules[self.resources[0].record.__module__]
        return Path(str(module.__file__)).parent / "migrations"

    @property
    def folder(self) -> Path:
        """Where its module of records lies, and beside it what is no Python: `templates`, `assets`, `words`."""
        return self.migrations.parent

    @cached_property
    def words(self) -> tuple[Path, ...]:
        """The folder of its catalogues in other languages than English."""
        return (self.folder / "words",)

    def role(self, name: str) -> Role | None:
        """The role of this name."""
        return next((role for role in self.roles if role.name == name), None)

    @cached_property
    def channels(self) -> tuple[Live, ...]:
        """Its live channels: first the feed, which every trade has."""
        own = Live(f"{self.prefix}/events/socket")
        return (own, self.live) if self.live is not None else (own,)

    @cached_property
    def preferences(self) -> Mapping[str, Setting]:
        """Every setting of an organisation in this trade; one of its own replaces the kernel's of the same name."""
        joining = (APPROVAL,) if self.register.how is JOIN else ()
        known = (*PROFILE, *joining, *ledger.SETTINGS, *persons.settings(), *self.settings)
        return {setting.name: setting for setting in known}

    @cached_property
    def templates_by_name(self) -> Mapping[str, Template]:
        """What people are told, by name: the trade's own, then the kernel's where the trade has none of the name."""
        own = {template.name: template for template in self.templates}
        joining = registrations.TEMPLATES if self.register.how is JOIN else ()
        kernel = (*LETTERS.values(), *joining, SWITCHED_OFF, STRANDED, comments.MENTIONED)
        return own | {each.name: each for each in kernel if each.name not in own}

    @cached_property
    def verbs(self) -> tuple[Verb[Any, Any], ...]:
        """Every verb, each once: those that were declared of its records, and those of its resources."""
        declared = VERBS.get(self.name, [])
        offered = [verb for resource in self.resources for verb in resource.verbs()]
        return tuple(dict.fromkeys([*declared, *offered]))

    def verb(self, record: type[Record], name: str) -> Verb[Any, Any]:
        """The verb of a record by its name."""
        return next(verb for verb in self.verbs if verb.record is record and verb.name == name)

    @cached_property
    def operations(self) -> tuple[Contract, ...]:
        """Every path: of the contract, of the resources, and of verbs and reports that have none there."""
        found: dict[tuple[str, str], Contract] = {}
        for each in (*self.contract, *self._derived()):
            path = "/".join("{}" if part.startswith("{") else part for part in each.path.rstrip("/").split("/"))
            found.setdefault((each.method, path), each)
        return tuple(found.values())

    def _derived(self) -> Iterator[Contract]:
        named = {id(each.does) for each in self.contract}
        for resource in self.resources:
            yield from resource.contracts(self.prefix)
            named |= {id(verb) for verb in resource.verbs()}
        errors = {code: status for each in self.contract for code, status in each.errors.items()}
        for verb in self.verbs:
            if id(verb) not in named and any(grant.role not in (SYSTEM, GUEST) for grant in grants(verb.by)):
                one = "/{id}" if verb.target else ""
                path = f"{self.prefix}/{verb.record.in_paths}{one}/{verb.name.replace('_', '-')}"
                yield Contract("POST", path, verb, 200 if verb.target else 201, errors)
        measured = (each for record, group in MEASURES.items() if record.trade == self.name for each in group)
        for report in (*self.reports, *(by_day(each) for each in measured if each.by is not None)):
            if id(report) not in named:
                room = f"{report.record.plural}/{{id}}" if report.record is not None else "reports"
                yield Contract("GET", f"{self.prefix}/{room}/{report.name.replace('_', '-')}", report)
        yield Contract("GET", f"{self.prefix}/totals/{{measure}}", Drill(self.widest))
        read, change = setting_paths(self.preferences, self.owner)
        yield Contract("GET", f"{self.prefix}/settings", read)
        yield Contract("PUT", f"{self.prefix}/settings", change)
        yield from people_paths(self)
        yield from identities.paths(self)
        yield from keys.paths(self)
        yield from backlog.paths(self)
        yield from audit.paths(self)
        yield from checks.paths(self)
        yield from feed.paths(self)
        yield from notices.paths(self)
        yield from keeping.paths(self)
        yield from webhook_paths(self)
        yield from privacy.paths(self)
        yield from transfer_paths(self)
        yield from preparing_paths(self)
        yield from views.paths(self)
        yield from comments.paths(self)
        yield from papers.paths(self)

    @cached_property
    def scopes(self) -> frozenset[str]:
        """What an API key may be given: a key that could make keys is not to be had."""
        found = frozenset(scope for each in self.operations for scope in each.scopes)
        found |= keys.READS_FILES | keys.WRITES_FILES
        return frozenset(each for each in found if not each.startswith(f"{keys.ApiKey.plural}:"))

    @property
    def widest(self) -> By:
        """Who may see the rows behind every total."""
        return self.roles[-2:]

    @cached_property
    def _shapes(self) -> dict[type[Record], Shape]:
        listed = (each.does.resource for each in self.operations if isinstance(each.does, Listing))
        return {resource.record: resource.shape for resource in (*listed, *self.resources)}

    def shape_of(self, record: type[Record]) -> Shape:
        """The fields that are answered of a record."""
        found = self._shapes.get(record)
        return found or Shape(record, shown(record))

    def visible(self, entity: str, values: dict[str, Any], actor: Actor) -> dict[str, Any]:
        """What an actor may see of the fields of a change."""
        table = METADATA.tables.get(entity)
        record = None if table is None else table.info.get("record")
        if record is None:
            return values
        seen = self.shape_of(record).view(actor).names
        return {name: value for name, value in values.items() if name in seen}

    def problem(self, problem: Problem, request_id: str, errors: Mapping[str, int] | None = None) -> Answer:
        """The answer to a refusal, in this trade's shape."""
        status = {**self.errors, **(errors or {})}.get(problem.code, problem.status)
        body = self.error_body(problem, status)
        if isinstance(problem, Stale):
            body["current"] = problem.details["current"]
        elif problem.details:
            body |= {name: value for name, value in problem.details.items() if name not in body}
        return Answer(status, dumps(body | {"request_id": request_id}), problem.headers)


def installed(names: tuple[str, ...] = ()) -> tuple[Trade, ...]:
    """The installed trades of these names, or all, found by their entry points; raises KeyError naming an unknown one."""
    points = {point.name: point for point in entry_points(group="tradehall.trades")}
    if unknown := [name for name in names if name not in points]:
        raise KeyError(f"there is no trade called {', '.join(unknown)}; installed are {', '.join(sorted(points))}")
    return tuple(points[name].load() for name in names or sorted(points))
