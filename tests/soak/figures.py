"""What a long run showed, for whoever reads its output with `-rA`."""

import json
import sys
from typing import Any


def show(what: str, **figures: Any) -> None:
    """A line of figures."""
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in figures.items()}
    sys.stderr.write(f"{what}: {json.dumps(rounded)}\n")


def place(on_sqlite: bool) -> str:
    """The name of a database."""
    return "SQLite" if on_sqlite else "PostgreSQL"
