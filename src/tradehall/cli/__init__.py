"""The command line: `tradehall --help` says what there is."""

from tradehall.cli import audit, authors, keeping, people, serving
from tradehall.cli.start import app, main

__all__ = ["app", "audit", "authors", "keeping", "main", "people", "serving"]
