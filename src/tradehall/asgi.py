"""One ASGI application a trade, for other servers: `uvicorn tradehall.asgi:phoneshop`."""

from typing import Any

from tradehall.app import build_app
from tradehall.kernel.database import open_database
from tradehall.kernel.schema import migrate
from tradehall.kernel.trade import installed
from tradehall.settings import Settings


def __getattr__(name: str) -> Any:
    try:
        trades = installed((name,))
    except KeyError as error:
        raise AttributeError(str(error)) from error
    settings = Settings.read()
    migrate(open_database(settings.database_url, settings.tradehall_data), trades)
    return build_app(settings, trades)
