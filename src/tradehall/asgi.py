"""One ASGI application a trade, for other servers: `uvicorn tradehall.asgi:phoneshop`."""

from contextlib import ExitStack
from typing import Any

from tradehall.app import build_app
from tradehall.kernel.database import open_database
from tradehall.kernel.schema import migrate
from tradehall.kernel.trade import installed
from tradehall.server import alone
from tradehall.settings import Settings

_held = ExitStack()
"""A SQLite file is held for as long as this process lives."""


def __getattr__(name: str) -> Any:
    try:
        trades = installed((name,))
    except KeyError as error:
        raise AttributeError(str(error)) from error
    settings = Settings.read()
    if refusals := settings.refusals():
        raise SystemExit(refusals[0])
    database = open_database(settings.database_url, settings.tradehall_data)
    _held.enter_context(alone(database))
    database.check()
    migrate(database, trades)
    return build_app(settings, trades)
