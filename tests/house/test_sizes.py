"""A limit that bites means that a concept is missing, not that a file should be cut in two."""

import ast
from collections.abc import Iterator
from pathlib import Path

SRC = Path(__file__).parents[2] / "src"
FILE_LINES = 400
FUNCTION_LINES = 40


def functions(source: str) -> Iterator[tuple[str, int, int]]:
    """Name, first line and length of every function: from its def to its end, without its docstring."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            first = node.body[0]
            if ast.get_docstring(node, clean=False) is not None:
                length -= (first.end_lineno or first.lineno) - first.lineno + 1
            yield node.name, node.lineno, length


def test_a_function_is_counted_without_its_decorators_and_docstring() -> None:
    source = '@act\ndef sell(ctx):\n    """Sell.\n\n    More.\n    """\n    a = 1\n    return a\n'
    assert list(functions(source)) == [("sell", 2, 3)]


def test_a_file_has_at_most_400_lines() -> None:
    long = [
        f"{path.relative_to(SRC)}: {lines} lines"
        for path in sorted(SRC.rglob("*.py"))
        if path.parent.name != "migrations"  # written from the declarations, not by hand
        and (lines := len(path.read_text().splitlines())) > FILE_LINES
    ]
    assert long == []


def test_a_function_has_at_most_40_lines() -> None:
    long = [
        f"{path.relative_to(SRC)}:{line} {name}: {length} lines"
        for path in sorted(SRC.rglob("*.py"))
        if path.parent.name != "migrations"  # written from the declarations, not by hand
        for name, line, length in functions(path.read_text())
        if length > FUNCTION_LINES
    ]
    assert long == []
