"""The guide for authors holds all of the bicycle rental, and what it holds runs."""

import ast
import re
import shutil
from pathlib import Path

import bicycles
import pytest

from tests.commands import ROOM, serving

GUIDE = Path(__file__).parents[2] / "docs/guide-for-authors.md"
EXAMPLE = Path(bicycles.__file__)


def assembled() -> str:
    """The guide's pieces of Python, one after the other."""
    return "\n\n".join(re.findall(r"^```python\n(\S.*?)^```", GUIDE.read_text(), re.DOTALL | re.MULTILINE))


def test_the_guide_builds_the_bicycle_rental_and_nothing_else() -> None:
    example = ast.parse(EXAMPLE.read_text())
    told = [ast.unparse(each) for each in ast.parse(assembled()).body]
    assert sorted(told) == sorted(ast.unparse(each) for each in example.body[1:])


def test_the_bicycle_rental_is_a_page() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 150


def test_what_the_guide_builds_runs_as_a_trade(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "guide/bicycles"
    shutil.copytree(EXAMPLE.parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "__init__.py").write_text(assembled() + '\nbicycles.record.__doc__ = "Built by the guide."\n')
    monkeypatch.setitem(ROOM, "PYTHONPATH", str(package.parent))
    with serving(tmp_path / "there", "demo", "bicycles") as server:
        rentals = server.http.get("/app/rentals").text
        assert "Ama Owusu" in rentals
        assert "Built by the guide." in server.http.get("/app/bicycles").text
        board = server.http.get("/app/-/boards/rentals").text
        assert "Bicycles that are out" in board
        assert "Ama Owusu" in board
