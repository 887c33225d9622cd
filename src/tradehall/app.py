"""The whole application: settings and trades in, one ASGI object out."""

from collections.abc import Callable, Sequence
from datetime import datetime

from tradehall.kernel.database import open_database
from tradehall.kernel.errors import Unavailable
from tradehall.kernel.office import Office, utc_now
from tradehall.kernel.outside import Outside
from tradehall.kernel.people import organisations
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Actor
from tradehall.settings import Settings
from tradehall.web.dispatch import Policy
from tradehall.web.gate import Gate
from tradehall.web.site import TradeApp


def build_app(settings: Settings, trades: Sequence[Trade], clock: Callable[[], datetime] = utc_now) -> Gate:
    """The trades over HTTP: one alone at `/`, several below `/<trade>` and on host names of their own."""
    database = open_database(settings.database_url, settings.tradehall_data)
    office = Office(database, trades, settings.secret(), clock, _outside(settings))
    apps = {
        trade.name: TradeApp(office, trade, _policy(settings, office, trade), _minutes(settings)) for trade in trades
    }
    return Gate(office, apps, settings.hosts, loopback_only=settings.open)


def _outside(settings: Settings) -> Outside:
    return Outside()


def _minutes(settings: Settings) -> int:
    return settings.access_token_expire_minutes


def _policy(settings: Settings, office: Office, trade: Trade) -> Policy:
    facts = {"app_name": settings.app_name or trade.title, "app_version": settings.app_version}

    async def owner() -> Actor:
        found = await office.database.read(0, organisations)
        if not found:
            raise Unavailable("There is no organisation yet")
        return Actor(found[0][0], trade.name, trade.owner.name)

    known: list[Actor] = []

    async def stranger() -> Actor:
        if not known:
            known.append(await owner())
        return known[0]

    return Policy(settings.origins, facts, stranger if settings.open else None)
