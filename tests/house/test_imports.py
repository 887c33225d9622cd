"""Who may import whom: app → web → kernel, app → trades → kernel, adapters → kernel."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
OURS = ("tradehall",)
FRAMEWORK = ("fastapi", "starlette")


def imports(source: str, module: str, is_package: bool = False) -> Iterator[tuple[int, str]]:
    """Every imported name with its line, relative ones made absolute; `from a import b` counts as a.b."""
    parts = module.split(".") if is_package else module.split(".")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = parts[: len(parts) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def within(name: str, *rooms: str) -> bool:
    return any(name == room or name.startswith(f"{room}.") for room in rooms)


def may_import(module: str, name: str) -> bool:
    """Whether the directions allow that module to import that name."""
    if within(module, "tradehall.kernel") and within(name, *FRAMEWORK):
        return False
    if not within(name, *OURS):
        return not (within(module, "tradehall.trades") and within(name, *FRAMEWORK))
    room = ".".join(module.split(".")[:2])
    trade = ".".join(module.split(".")[:3])
    allowed = {
        "tradehall.kernel": ("tradehall.kernel",),
        "tradehall.web": ("tradehall.kernel", "tradehall.web"),
        "tradehall.adapters": ("tradehall.kernel", "tradehall.adapters"),
        "tradehall.trades": ("tradehall.kernel", trade),
    }.get(room, OURS)
    return within(name, *allowed) or name == "tradehall.__version__"


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(SRC.rglob("*.py")):
        yield ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__"), path


@pytest.mark.parametrize(
    ("module", "name", "allowed"),
    [
        ("tradehall.kernel.verbs", "tradehall.kernel.records.Record", True),
        ("tradehall.kernel.verbs", "sqlalchemy.select", True),
        ("tradehall.kernel.verbs", "fastapi.FastAPI", False),
        ("tradehall.kernel.verbs", "starlette.requests", False),
        ("tradehall.kernel.verbs", "tradehall.web.dispatch", False),
        ("tradehall.kernel.verbs", "tradehall.trades.laundry", False),
        ("tradehall.kernel.verbs", "tradehall.adapters.smtp", False),
        ("tradehall.kernel.verbs", "tradehall.app", False),
        ("tradehall.web.auth", "fastapi.FastAPI", True),
        ("tradehall.web.auth", "tradehall.kernel.people", True),
        ("tradehall.web.auth", "tradehall.trades.laundry", False),
        ("tradehall.web.auth", "tradehall.app.build_app", False),
        ("tradehall.trades.laundry.rules", "tradehall.trades.laundry.models", True),
        ("tradehall.trades.laundry.rules", "tradehall.trades.textile", False),
        ("tradehall.trades.laundry.rules", "tradehall.trades.laundry2", False),
        ("tradehall.trades.laundry.rules", "tradehall.web", False),
        ("tradehall.trades.laundry.rules", "fastapi.Depends", False),
        ("tradehall.adapters.smtp", "tradehall.kernel.notices", True),
        ("tradehall.adapters.smtp", "tradehall.web.auth", False),
        ("tradehall.app", "tradehall.web.dispatch", True),
        ("tradehall.app", "tradehall.trades.laundry", True),
    ],
)
def test_a_direction_is_allowed_or_not(module: str, name: str, allowed: bool) -> None:
    assert may_import(module, name) is allowed


def test_relative_imports_are_seen_as_what_they_name() -> None:
    source = "from . import models\nfrom ..textile import rules\nfrom .models import Cycle"
    assert [name for _, name in imports(source, "tradehall.trades.laundry.rules")] == [
        "tradehall.trades.laundry.models",
        "tradehall.trades.textile.rules",
        "tradehall.trades.laundry.models.Cycle",
    ]
    assert list(imports("from . import models", "tradehall.trades.laundry", is_package=True)) == [
        (1, "tradehall.trades.laundry.models")
    ]


def test_imports_keep_their_direction() -> None:
    wrong = [
        f"{path.relative_to(SRC)}:{line} imports {name}"
        for module, path in modules()
        for line, name in imports(path.read_text(), module, path.name == "__init__.py")
        if not may_import(module, name)
    ]
    assert wrong == []


def test_nothing_is_imported_inside_a_function_but_in_the_command_line() -> None:
    wrong = sorted(
        {
            f"{path.relative_to(SRC)}:{inner.lineno}"
            for module, path in modules()
            if not module.startswith("tradehall.cli")
            for function in ast.walk(ast.parse(path.read_text()))
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for inner in ast.walk(function)
            if isinstance(inner, ast.Import | ast.ImportFrom)
        }
    )
    assert wrong == []
