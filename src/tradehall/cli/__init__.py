"""The command line: `tradehall --help` says what there is."""

from tradehall.cli import authors, keeping, people, serving
from tradehall.cli.start import app, main

__all__ = ["app", "authors", "keeping", "main", "people", "serving"]
