"""The command line: `tradehall --help` says what there is."""

from tradehall.cli import audit, authors, config, keeping, people, serving, transfer
from tradehall.cli.start import app, main

__all__ = ["app", "audit", "authors", "config", "keeping", "main", "people", "serving", "transfer"]
