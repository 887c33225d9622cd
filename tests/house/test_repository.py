"""What a clone may hold: nothing that is true of one machine or one registry only."""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each holds a [letter] somewhere, so that this file doesn't find itself.
REGISTRY = re.compile(
    r"pypi[.](org|python)|files[.]pythonhosted|npm[j]s[.](org|com)|--(extra-)?index[-]url|--find[-]links"
)
MACHINE = re.compile(r"(?<![\w.:/])/(wor[k]|roo[t]|home/\w+|Users/\w+)/")
UNEXPLAINED = re.compile(r"# type[:] ignore(\[[^\]]*\])?\s*$")
LEFT_OVER = re.compile(r"\b(TOD[O]|FIXM[E])\b")


def tracked(*patterns: str) -> list[Path]:
    """The files that git holds or would, with those of the names that are asked for."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    names = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    return [path for name in names if name and (path := ROOT / name).is_file()]


def lines(pattern: re.Pattern[str], *patterns: str) -> Iterator[str]:
    """Where the text matches; what isn't text is passed over."""
    for path in tracked(*patterns):
        content = path.read_bytes()
        if b"\0" in content:
            continue
        for number, line in enumerate(content.decode().splitlines(), 1):
            if pattern.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"


def test_no_file_names_a_package_registry() -> None:
    assert list(lines(REGISTRY)) == []


def test_no_file_names_a_path_of_one_machine() -> None:
    assert list(lines(MACHINE)) == []


def test_nothing_is_left_for_later_in_src() -> None:
    assert list(lines(LEFT_OVER, "src")) == []


def test_every_error_of_types_that_is_passed_over_has_its_reason_behind_it() -> None:
    assert list(lines(UNEXPLAINED, "*.py")) == []


def test_row_45_the_locks_hold_hashes_and_no_addresses() -> None:
    assert tracked("uv.lock", "*/uv.lock") == []
    for path in tracked("package-lock.json", "*/package-lock.json"):
        packages = json.loads(path.read_text())["packages"]
        assert [name for name, package in packages.items() if "resolved" in package] == []
        assert [name for name, package in packages.items() if name and "integrity" not in package] == []
    lock = (ROOT / "requirements.lock").read_text()
    pins = re.split(r"^(?=\S)", lock, flags=re.MULTILINE)[1:]
    assert len(pins) > 50
    assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_row_45_what_is_declared_is_locked_and_its_licence_is_told() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = {each.split("==")[0].split("[")[0] for each in (ROOT / "requirements.lock").read_text().splitlines()}
    declared = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    assert [each for each in declared if re.split(r"[\[>=]", each)[0] not in locked] == []
    package = json.loads((ROOT / "package.json").read_text())
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [each for each in package["dependencies"] if f"node_modules/{each}" not in packages] == []
    assert project["license"] == package["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()[:200]


def test_row_45_what_bandit_finds_in_src_is_answered_where_it_stands() -> None:
    words = [
        sys.executable,
        "-m",
        "bandit",
        "--quiet",
        "--configfile",
        "pyproject.toml",
        "--format",
        "json",
        "-r",
        "src",
    ]
    ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    report = json.loads(ran.stdout)
    assert report["errors"] == []
    assert len(report["metrics"]) > 100
    for found in report["results"]:
        # Ruff, which has the same rules by the same numbers, takes an answer for one of them: `noqa: S101`.
        answer, lines = f"S{found['test_id'][1:]}", (ROOT / found["filename"]).read_text().splitlines()
        at = [lines[number - 1].partition("# noqa: ")[2] for number in found["line_range"]]
        assert any(answer in each for each in at), f"{found['filename']}:{found['line_number']}: {found['issue_text']}"


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (REGISTRY, "https://py" + "pi.org/simple", True),
        (REGISTRY, "https://registry.npm" + "js.org/redoc", True),
        (REGISTRY, "the index of a book", False),
        (MACHINE, "open('/ro" + "ot/x')", True),
        (MACHINE, "cd /wo" + "rk/main", True),
        (MACHINE, "GET /api/wo" + "rk/orders", False),
        (MACHINE, "https://example.com/home/me/", False),
        (UNEXPLAINED, "x = y  # type" + ": ignore[misc]", True),
        (UNEXPLAINED, "x = y  # type" + ": ignore[misc]  # the test is that", False),
        (LEFT_OVER, "# TO" + "DO: later", True),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], text: str, found: bool) -> None:
    assert bool(pattern.search(text)) is found
