"""One ASGI application a trade, for other servers: `uvicorn tradehall.asgi:phoneshop`."""

from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

from tradehall.app import build_app
from tradehall.kernel.database import Database, open_database
from tradehall.kernel.schema import migrate
from tradehall.kernel.trade import installed
from tradehall.server import alone
from tradehall.settings import Settings

_held = ExitStack()
"""A SQLite file is held for as long as this process lives."""


@cache
def _opened(url: str | None, folder: Path) -> Database:
    """The database of this process, whichever of its trades is asked for."""
    database = open_database(url, folder)
    _held.enter_context(alone(database))
    database.check()
    return database


def __getattr__(name: str) -> Any:
    return application(name)


@cache
def application(name: str) -> Any:
    """The application of a trade, made once; raises AttributeError where none has this name."""
    try:
        trades = installed((name,))
    except KeyError as error:
        raise AttributeError(str(error)) from error
    settings = Settings.read()
    if refusals := settings.refusals():
        raise SystemExit(refusals[0])
    migrate(_opened(settings.database_url, settings.tradehall_data.resolve()), trades)
    return build_app(settings, trades)
