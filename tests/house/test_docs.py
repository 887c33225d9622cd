"""The documentation keeps up: what exists is mentioned, and what is mentioned exists."""

import re
import shlex
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
import pytest
from cyclopts import App

from tradehall.app import build_app
from tradehall.cli import app
from tradehall.kernel import author
from tradehall.kernel.trade import installed
from tradehall.settings import Settings

ROOT = Path(__file__).parents[2]
README, GUIDE = ROOT / "README.md", ROOT / "docs/guide-for-authors.md"
PAGES = (README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md")))
LINK = re.compile(r"\]\(([^)#:]+)\)")


def commands(here: App) -> Iterator[tuple[str, ...]]:
    """Every command as its words, such as ("user", "create")."""
    for name in here:
        if not name.startswith("-"):
            inner = list(commands(here[name]))
            yield from ((name, *each) for each in inner or [()])


def used(text: str) -> Iterator[list[str]]:
    """Every command of ours that a page shows, as its words."""
    for quoted, indented in re.findall(
        r"`((?:[\w./]+/)?tradehall [^`]+)`|^    ((?:\S+=\S+ )?(?:\S+/)?tradehall .*)$", text, re.MULTILINE
    ):
        line = re.split(r"\btradehall ", quoted or indented)[-1]
        yield shlex.split(" ".join(line.split()).replace("...", ""))


def test_every_setting_is_explained() -> None:
    told = (ROOT / "docs/operations.md").read_text()
    assert [name for name in Settings.model_fields if f"`{name.upper()}`" not in told] == []


def test_every_command_is_mentioned_in_the_readme() -> None:
    told = README.read_text()
    assert [
        " ".join(each) for each in commands(app) if f"`{' '.join(each)}" not in told.replace("`tradehall ", "`")
    ] == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_command_that_is_shown_exists(path: Path) -> None:
    known = set(commands(app))
    firsts = {each[0] for each in known}
    for words in used(path.read_text()):
        if words[0] in firsts:
            assert (words[0],) in known or tuple(words[:2]) in known, words
        else:
            pytest.fail(f"{path.name} shows tradehall {' '.join(words)}")


def test_every_target_that_the_readme_shows_exists() -> None:
    shown = set(
        re.findall(r"\bmake ([a-z]+)\b", "\n".join(chain(*re.findall(r"`(.*?)`|^    (.*)$", README.read_text(), re.M))))
    )
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {"run", "test"} <= shown <= targets


def test_every_name_of_the_author_s_is_in_the_guide() -> None:
    told = GUIDE.read_text()
    assert [name for name in author.__all__ if not re.search(rf"\bth\.{name}\b", told)] == []
    assert set(re.findall(r"\bth\.(\w+)", told)) <= set(author.__all__)


def test_the_guide_quotes_the_bicycle_rental() -> None:
    lines = {line.strip() for line in (ROOT / "examples/bicycles/bicycles/__init__.py").read_text().splitlines()}
    quoted = chain(*(block.splitlines() for block in re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)))
    assert [line for line in quoted if line.strip() not in lines | {"", "..."}] == []


def test_every_path_that_the_readme_asks_for_is_served() -> None:
    for name, path in re.findall(r"localhost:8000/(\w+)(/api[\w/-]+)", README.read_text()):
        (trade,) = installed((name,))
        wanted = re.sub(r"/\d+", "/{id}", path.rstrip("/"))
        assert wanted in {each.path.rstrip("/") for each in trade.operations}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    assert [link for link in LINK.findall(path.read_text()) if not (path.parent / link).exists()] == []


def test_the_images_are_small() -> None:
    assert [each.name for each in (ROOT / "docs/images").iterdir() if each.stat().st_size >= 150_000] == []


def test_every_test_that_the_page_of_proofs_names_exists_and_every_long_run_is_named() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)`", (ROOT / "docs/reliability.md").read_text()))
    assert [each for each in sorted(named) if not (ROOT / each).exists()] == []
    assert {f"tests/soak/{path.name}" for path in (ROOT / "tests/soak").glob("test_*.py")} - named == set()


def references(part: Any) -> Iterator[str]:
    """Every `$ref` in a part of a document."""
    if isinstance(part, dict):
        yield from ([part["$ref"]] if "$ref" in part else [])
    for each in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        yield from references(each)


def test_every_reference_in_a_description_of_an_interface_leads_somewhere(tmp_path: Path) -> None:
    for trade in installed():
        gate = build_app(Settings(_env_file=None, tradehall_data=tmp_path), [trade])  # type: ignore[call-arg]  # pydantic-settings takes it
        document = orjson.loads(gate.apps[trade.name].document)
        known = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
        assert set(references(document)) <= known
