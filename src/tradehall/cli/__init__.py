"""The command line: `tradehall --help` says what there is."""

from tradehall.cli import authors, people, serving
from tradehall.cli.start import app, main

__all__ = ["app", "authors", "main", "people", "serving"]
