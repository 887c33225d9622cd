"""Everything that people read is there in every language, and nothing is that nobody says."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, nodes
from pydantic_core._pydantic_core import list_all_errors

from tradehall.kernel.contracts import Service
from tradehall.kernel.kinds import Choice
from tradehall.kernel.notices import languages as kernel
from tradehall.kernel.notices.templates import Template
from tradehall.kernel.records import KERNEL, Record
from tradehall.kernel.reports import MEASURES
from tradehall.kernel.resources import Filter
from tradehall.kernel.trade import Trade, installed
from tradehall.web.face.entering import names_of
from tradehall.web.face.fields import choice_text
from tradehall.web.face.forms import Input, inputs
from tradehall.web.face.rooms import House
from tradehall.web.face.words import HERE, HOLE, JOINTS, Words, catalogue, languages, phrase

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/tradehall"
ENGLISH = Words("en")
TRADES = {trade.name: trade for trade in installed()}
SENTENCE_AT = {
    "Refused": 1,
    "Problem": 1,
    "field_error": 1,
    "Denied": 0,
    "Missing": 0,
    "Unauthenticated": 0,
    "Unavailable": 0,
    "NotAccepted": 0,
    "Unsure": 0,
}
"""Where a refusal has its sentence."""
TELLS_WHY = ("wrong", "refusal", "_nothing", "_warning", "_why", "_never")
"""Functions that give a sentence, or none."""
ELSEWHERE = (
    "/settings.py",
    "database/__init__.py",
    "kernel/limits.py",
    "kernel/money.py",
    "kernel/audit.py",
)
"""What only whoever runs Tradehall reads, in a terminal."""
NEVER = (
    "arguments", "argument", "attribute", "bytes", "callable", "complex", "counter", "dataclass", "default_factory", "deque",
    "ellipsis", "fraction", "frozen", "get_attribute", "is_", "iteration", "mapping", "missing_", "multiple_arg", "named_tuple",
    "needs_python", "no_such", "ordered", "recursion", "set_item", "time_delta", "tuple", "unexpected", "union", "uuid", "url",
    "invalid_key", "model_attributes", "json_type", "datetime_object", "timezone_offset", "timezone_naive", "time_", "date_past",
    "date_future", "datetime_past", "datetime_future", "value_error", "assertion_error", "frozenset", "set_", "string_unicode",
    "string_not_ascii", "none_", "iterable", "date_from_datetime_parsing", "datetime_from_date", "decimal_whole",
)  # fmt: skip
"""Kinds of Pydantic's messages for what no request model of ours has."""


BETWEEN = (*JOINTS, "decimal point", "nothing else")
"""What stands between values, or for one."""


def skeleton(text: str) -> str:
    """A sentence without the names of its values."""
    return HOLE.sub("{}", text)


# On the pages.


def _in_expression(expression: nodes.Node) -> Iterator[str]:
    match expression:
        case nodes.Const(value=str(text)):
            yield text
        case nodes.CondExpr():
            yield from chain(*(_in_expression(each) for each in (expression.expr1, expression.expr2) if each))


def on_pages(folder: Path) -> Iterator[str]:
    """What the templates there say."""
    parse = Environment(autoescape=True).parse
    for path in sorted(folder.glob("*.html")):
        for call in parse(path.read_text()).find_all(nodes.Call):
            match call.node:
                case nodes.Name(name="_"):
                    yield from chain(*map(_in_expression, call.args[:1]))
                case nodes.Getattr(attr="many"):
                    yield from chain(*map(_in_expression, call.args[1:3]))


class Module:
    """A module, with the sentences that stand for names in it."""

    def __init__(self, path: Path) -> None:
        self.tree = ast.parse(path.read_text())
        self.names: dict[str, list[ast.expr]] = {}
        for each in ast.walk(self.tree):
            if isinstance(each, ast.Assign):
                for target in each.targets:
                    self.names.setdefault(ast.unparse(target), []).append(each.value)

    def calls(self) -> Iterator[tuple[str, ast.Call]]:
        """Each call with the name of what is called."""
        for each in ast.walk(self.tree):
            if isinstance(each, ast.Call):
                yield ast.unparse(each.func).rpartition(".")[2], each

    def texts(self, expression: ast.expr | None, known: dict[str, list[ast.expr]] | None = None) -> Iterator[str]:
        """The sentences that an expression may be; `{}` stands for what is not known before."""
        names = known if known is not None else self.names
        match expression:
            case ast.Constant(value=str(text)):
                yield text
            case ast.IfExp():
                yield from self.texts(expression.body)
                yield from self.texts(expression.orelse)
            case ast.BoolOp():
                yield from chain(*map(self.texts, expression.values))
            case ast.Name(id=name) if name in names:
                yield from chain(*map(self.texts, names[name]))
            case ast.Subscript(value=ast.Name(id=name)):
                known_as = chain(*(each.values for each in names.get(name, ()) if isinstance(each, ast.Dict)))
                yield from chain(*map(self.texts, known_as))
            case ast.JoinedStr():
                yield "".join(self._part(each) for each in expression.values)

    def _part(self, part: ast.expr) -> str:
        if isinstance(part, ast.FormattedValue):
            constant = isinstance(part.value, ast.Name) and part.value.id.isupper()
            return next(iter(self.texts(part.value)), "{}") if constant else "{}"
        return str(part.value) if isinstance(part, ast.Constant) else ""


@cache
def modules(folder: Path) -> tuple[tuple[Path, Module], ...]:
    """Every module of ours there, but migrations and what is only said in a terminal."""
    paths = (each for each in sorted(folder.rglob("*.py")) if not {"migrations", "cli"} & set(each.parts))
    return tuple((path, Module(path)) for path in paths if not str(path).endswith(ELSEWHERE))


def in_code() -> Iterator[str]:
    """What the code of the pages says."""
    for _, module in modules(SOURCE / "web"):
        for name, call in module.calls():
            given = {"words": call.args[:1], "many": call.args[1:3]}.get(name, [])
            yield from chain(*map(module.texts, given))
    for _, module in modules(SOURCE / "kernel/people"):
        for _, call in module.calls():
            for each in call.keywords:
                told = each.value.elts if each.arg == "page" and isinstance(each.value, ast.Tuple) else ()
                yield from chain(*map(module.texts, told or ([each.value] if each.arg == "in_browser" else ())))


def on_papers(folder: Path) -> Iterator[str]:
    """What a pen says."""
    for _, module in modules(folder):
        for _, call in module.calls():
            yield from chain(*map(module.texts, call.args[:1] if ast.unparse(call.func).endswith("pen.say") else ()))


# Declared.


def of_inputs(found: Iterable[Input]) -> Iterator[str]:
    """What a form says."""
    for each in found:
        options = (choice_text(ENGLISH, text) for value, text in each.options if value not in languages())
        yield from (each.title, each.help, *options)
        yield from of_inputs(each.inner)


def of_record(record: type[Record]) -> Iterator[str]:
    """What is said of a record and its fields."""
    yield from (record.title, phrase(record.plural))
    for name, declared in record.fields.items():
        yield phrase(name)
        if isinstance(declared.kind, Choice):
            yield from (
                choice_text(ENGLISH, each) for each in map(str, declared.kind.values) if each not in languages()
            )


def declared(trade: Trade) -> Iterator[tuple[str, bool]]:
    """What a trade declares, and whether it is the kernel's."""
    for room in House(trade).rooms.values():
        is_kernel = room.is_kernel_s
        filters = (each.name if isinstance(each, Filter) else each for each in room.resource.filters)
        yield from ((each, is_kernel) for each in (room.about, *of_record(room.record), *map(phrase, filters)))
        if room.comment is not None:
            yield from ((each, True) for each in (room.comment.title, room.comment.help))
            yield from ((each, True) for each in of_inputs(inputs(room.comment.verb.body)))
        for deed in (room.create, room.edit, room.delete, *room.deeds, *room.starts):
            if deed is not None:
                of_form = of_inputs(inputs(deed.verb.body)) if deed.verb.body is not None else ()
                yield from ((each, is_kernel) for each in (deed.title, deed.help, *of_form))
    for verb in trade.verbs:
        yield verb.summary, verb.record.trade == KERNEL
    for setting in trade.preferences.values():
        yield from ((each, setting not in trade.settings) for each in (setting.title, setting.unit))
    yield from ((role.title, False) for role in trade.roles)
    yield from ((phrase(name), each not in trade.templates) for name, each in trade.templates_by_name.items())
    yield from ((screen.title, False) for screen in trade.screens)
    yield from ((group.title, False) for group in trade.menu)
    yield from ((paper.title, False) for paper in trade.papers)
    measures = chain(*(group for record, group in MEASURES.items() if record.trade == trade.name))
    yield from ((phrase(each.name.split(".", 1)[1]), False) for each in measures)
    yield from ((kind.called(), True) for kind in trade.sign_in.kinds)
    asked = (each.does for each in trade.operations if isinstance(each.does, Service))
    forms = (each.body for each in asked if each.body is not None and each.name in ("create_user", "change"))
    fields = (each for body in forms for each in inputs(body) if each.name not in names_of(trade))
    yield from ((each, True) for each in of_inputs(fields))


# Refused.


@cache
def constants() -> dict[str, list[ast.expr]]:
    """The sentences that modules take from each other, by name."""
    found: dict[str, list[ast.expr]] = {}
    for _, module in modules(SOURCE):
        for name, values in module.names.items():
            if name.isupper():
                found.setdefault(name, []).extend(values)
    return found


def refusals(folder: Path, but: Path | None = None) -> Iterator[str]:
    """Every sentence with which code refuses something."""
    for path, module in modules(folder):
        if but is not None and path.is_relative_to(but):
            continue
        for expression in _refusing(module):
            own = list(module.texts(expression))
            yield from own or module.texts(expression, constants())


def _refusing(module: Module) -> Iterator[ast.expr]:
    for name, call in module.calls():
        yield from call.args[SENTENCE_AT[name] :][:1] if name in SENTENCE_AT else ()
        yield from call.args[:1] if name == "ValueError" else ()
        yield from (each.value for each in call.keywords if name in ("Reply", "values") and each.arg == "error")
        yield from call.args[1:2] if ast.unparse(call.func) == "super().__init__" else ()
        yield from (each.value for each in call.keywords if each.arg in ("says", "sentence", "wrong", "why"))
    for target, values in module.names.items():
        yield from values if target.endswith((".why", "['why']")) or target == "why" else ()
    for each in ast.walk(module.tree):
        if isinstance(each, ast.Dict):
            pairs = zip(each.keys, each.values, strict=True)
            yield from (value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "msg")
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _whys(each)


def _whys(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.expr]:
    defaults = zip(reversed(function.args.args), reversed(function.args.defaults), strict=False)
    yield from (value for argument, value in defaults if argument.arg == "sentence")
    if function.name in TELLS_WHY:
        returned = [
            each.value for each in ast.walk(function) if isinstance(each, ast.Return) and each.value is not None
        ]
        yield from returned
        given = (each.value for each in ast.walk(function) if isinstance(each, ast.Yield))
        yield from (each.elts[1] for each in given if isinstance(each, ast.Tuple))


def of_pydantic() -> Iterator[str]:
    """What is said of a malformed field."""
    for each in list_all_errors():
        if not each["type"].startswith(NEVER):
            yield each["message_template_python"]
            yield each.get("message_template_json", "")


# All of it.

LETTER = re.compile(r"[^\W\d_]{2}")


def worth(texts: Iterable[str]) -> dict[str, str]:
    """The sentences that have words in them, by their skeletons."""
    return {skeleton(text): text for text in texts if LETTER.search(HOLE.sub("", text))}


@cache
def said_by_all() -> dict[str, str]:
    """What every trade says."""
    of_kernel = (text for trade in TRADES.values() for text, is_kernel in declared(trade) if is_kernel)
    whys = refusals(SOURCE, but=SOURCE / "trades")
    pages = chain(*(on_pages(SOURCE / "web/templates" / each) for each in ("", "face")))
    papers = on_papers(SOURCE / "kernel")
    said = worth(chain(pages, in_code(), papers, of_kernel, whys, of_pydantic()))
    return said | {each: each for each in BETWEEN}


def to_people(templates: Iterable[Template]) -> Iterator[str]:
    """What templates say to people whose language is known: those with an account, and those who have only that message."""
    for each in templates:
        yield from (
            each.texts.values()
            if each.always or not each.notice
            else (text for text in (each.notice, each.subject) if each.notice and text)
        )


@cache
def said_by(name: str) -> dict[str, str]:
    """What one trade says besides."""
    trade = TRADES[name]
    drawn = chain(on_pages(trade.folder / "templates"), on_papers(trade.folder))
    told = to_people(trade.templates)
    own = worth(
        chain((text for text, is_kernel in declared(trade) if not is_kernel), told, drawn, refusals(trade.folder))
    )
    return {key: text for key, text in own.items() if key not in said_by_all()}


def lacking(said: dict[str, str], language: str, *folders: Path) -> list[str]:
    """What there is no word for."""
    known = {skeleton(each) for each in catalogue(language, folders).said}
    return sorted(text for key, text in said.items() if key not in known)


def idle(path: Path, said: Iterable[str]) -> list[str]:
    """What is in a catalogue though nobody says it."""
    known: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return sorted(text for text in known if skeleton(text) not in set(said))


OTHERS = [each for each in languages() if each != "en"]
ALONE = [(name, each) for name, trade in TRADES.items() for each in languages(trade.words) if each not in languages()]


def complain(path: Path, what: str, sentences: list[str]) -> None:
    """Fail where there are any, with all of them."""
    if sentences:
        pytest.fail("\n".join([f"{path.relative_to(ROOT)} {what}:", *sentences]), pytrace=False)


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_of_the_pages_and_of_the_kernel_is_in_the_language(language: str) -> None:
    complain(HERE / f"{language}.json", "lacks", lacking(said_by_all(), language))


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", TRADES)
def test_every_sentence_of_a_trade_is_in_the_language(name: str, language: str) -> None:
    folders = TRADES[name].words
    complain(folders[0] / f"{language}.json", "lacks", lacking(said_by(name), language, *folders))


@pytest.mark.parametrize(("name", "language"), ALONE)
def test_what_a_trade_draws_itself_is_whole_in_a_language_that_only_it_has(name: str, language: str) -> None:
    folders = TRADES[name].words
    told = to_people(TRADES[name].templates_by_name.values())
    own, path = worth(chain(on_pages(TRADES[name].folder / "templates"), told)), folders[0] / f"{language}.json"
    complain(path, "lacks", lacking(own, language, *folders))
    complain(path, "holds what nobody says", idle(path, [*own, *said_by(name), *said_by_all()]))


@pytest.mark.parametrize("language", OTHERS)
def test_no_catalogue_holds_what_nobody_says(language: str) -> None:
    own = HERE / f"{language}.json"
    complain(own, "holds what nobody says", idle(own, said_by_all()))
    for name, trade in TRADES.items():
        # A trade may have another word for what all say.
        path = trade.words[0] / f"{language}.json"
        complain(path, "holds what nobody says", idle(path, [*said_by(name), *said_by_all()]))


@pytest.mark.parametrize("language", OTHERS)
def test_a_sentence_has_the_same_values_in_the_language(language: str) -> None:
    for folders in ((), *(trade.words for trade in TRADES.values())):
        for text, said in catalogue(language, folders).said.items():
            assert set(HOLE.findall(said)) <= set(HOLE.findall(text)), text
            assert len(set(HOLE.findall(text))) == len(HOLE.findall(text)), text


@pytest.mark.parametrize("language", OTHERS)
def test_the_kernel_tells_people_everything_in_the_languages_of_the_pages(language: str) -> None:
    path = kernel.HERE / f"{language}.json"
    own = (
        each for trade in TRADES.values() for each in trade.templates_by_name.values() if each not in trade.templates
    )
    said, known = set(to_people(own)), json.loads(path.read_text(encoding="utf-8"))
    complain(path, "lacks", sorted(said - known.keys()))
    complain(path, "holds what nobody says", sorted(known.keys() - said))
    assert kernel.languages() == languages()
    for text, words in known.items():
        assert set(HOLE.findall(words)) <= set(HOLE.findall(text)), text
