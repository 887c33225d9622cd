"""The whole application: settings and trades in, one ASGI object out."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from tradehall.kernel.bus import Alone, Bus
from tradehall.kernel.cabinet import MEGABYTE, Allowance
from tradehall.kernel.database import open_database
from tradehall.kernel.errors import Unavailable
from tradehall.kernel.limits import Meter
from tradehall.kernel.logs import Requests
from tradehall.kernel.notices.paths import room
from tradehall.kernel.notices.senders import Console, Sender
from tradehall.kernel.office import Office, utc_now
from tradehall.kernel.outside import Outside
from tradehall.kernel.paying import PaymentProvider
from tradehall.kernel.people import Terms, organisations
from tradehall.kernel.pushing import NoPusher, Pusher
from tradehall.kernel.together import Together
from tradehall.kernel.trade import Trade
from tradehall.kernel.verbs import Actor
from tradehall.kernel.webhooks.courier import Courier
from tradehall.settings import Settings
from tradehall.stores import adapter, schedule_of, store_of
from tradehall.web.client import Proxies
from tradehall.web.dispatch import Policy
from tradehall.web.face.pens import WordedPen
from tradehall.web.gate import Gate
from tradehall.web.health import Health
from tradehall.web.limits import Limits
from tradehall.web.site import TradeApp
from tradehall.web.watch import Watch


def build_app(
    settings: Settings,
    trades: Sequence[Trade],
    clock: Callable[[], datetime] = utc_now,
    log: Requests | None = None,
    for_show: bool = False,
) -> Gate:
    """The trades over HTTP: one alone at `/`, several below `/<trade>` and on host names of their own."""
    trades = [trade.installed_as(settings.model_dump()) for trade in trades]
    database = open_database(settings.database_url, settings.tradehall_data)
    office = Office(database, trades, settings.secret(), clock, _outside(settings, trades), _terms(settings))
    watch, limits = Watch(log), _limits(settings)
    health = Health(office, settings.tradehall_data, settings.metrics_token, watch)
    apps = {
        trade.name: TradeApp(office, trade, _policy(settings, office, trade, limits, for_show), health)
        for trade in trades
    }
    return Gate(office, apps, settings.hosts, settings.open, Proxies(settings.proxies), watch)


def _outside(settings: Settings, trades: Sequence[Trade]) -> Outside:
    megabytes = (settings.upload_max_mb * MEGABYTE, settings.upload_quota_mb * MEGABYTE)
    allowance = Allowance(*megabytes, timedelta(minutes=settings.file_link_minutes))
    backups = schedule_of(settings) if settings.backup_every else None
    bus: Bus = adapter("bus").RedisBus(settings.redis_url) if settings.redis_url else Alone()
    courier = adapter("courier").PublicCourier(settings.webhooks_allow_private)
    openid = {name: adapter("openid").OpenIdProvider(*known) for name, known in settings.openid.items()}
    sms, mail = _sms(settings, trades), _mail(settings)
    return Outside(
        sms=sms, mail=mail, store=store_of(settings), uploads=allowance, backups=backups, bus=bus, courier=courier,
        openid=openid, messages=_messages(settings, trades), payments=_payments(settings), push=_push(settings, courier), pens=WordedPen,
    )  # fmt: skip


def _push(settings: Settings, courier: Courier) -> Pusher:
    if not settings.vapid_private_key:
        return NoPusher()
    found: Pusher = adapter("webpush").WebPush(settings.vapid_private_key, settings.vapid_subject, courier)
    return found


def _sms(settings: Settings, trades: Sequence[Trade]) -> Sender:
    if not settings.enable_sms:
        return Console("SMS")
    account = (settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_phone_number)
    places = _messages(settings, trades)
    reports = {trade: f"{place}/inbound/twilio" for trade, place in places.items()}
    named = (each for each in trades if each.sms_inbound and each.name in places)
    more = [f"{places[each.name].removesuffix(room(each))}{each.sms_inbound}" for each in named]
    found: Sender = adapter("twilio").Twilio(*account, settings.twilio_base_url, reports, more)
    return found


def _messages(settings: Settings, trades: Sequence[Trade]) -> dict[str, str]:
    """Where the messages of each trade are: there it hears what became of its SMS, and who wants no e-mail."""
    base, named = settings.public_url.rstrip("/"), {trade: host for host, trade in settings.hosts.items()}
    if not base:
        return {}
    found = {trade.name: f"{base}/{trade.name}" if len(trades) > 1 else base for trade in trades}
    found |= {trade: f"{base.partition('://')[0]}://{host}" for trade, host in named.items() if trade in found}
    return {trade.name: f"{found[trade.name]}{room(trade)}" for trade in trades}


def _payments(settings: Settings) -> dict[str, PaymentProvider]:
    if not settings.paystack_secret_key:
        return {}
    return {"paystack": adapter("paystack").Paystack(settings.paystack_secret_key, settings.paystack_base_url)}


def _mail(settings: Settings) -> Sender:
    if not settings.smtp_host:
        return Console("E-mail")
    server = (settings.smtp_host, settings.smtp_port, settings.smtp_user, settings.smtp_password)
    found: Sender = adapter("smtp").Smtp(*server, settings.smtp_from, settings.smtp_tls)
    return found


def _limits(settings: Settings) -> Limits | None:
    asking, signing_in = settings.limits
    if asking is None and signing_in is None:
        return None
    shared = adapter("counts").RedisCounts(settings.redis_url) if settings.redis_url else None
    return Limits(
        Meter("asks", asking, shared) if asking is not None else None,
        Meter("signs-in", signing_in, shared) if signing_in is not None else None,
        shared,
    )


def _terms(settings: Settings) -> Terms:
    return Terms(
        settings.access_token_expire_minutes, settings.refresh_token_expire_days, settings.base_url, settings.debug
    )


def _policy(settings: Settings, office: Office, trade: Trade, limits: Limits | None, for_show: bool) -> Policy:
    facts = {"app_name": settings.app_name or trade.title, "app_version": settings.app_version}

    async def owner() -> Actor:
        found = await office.database.read(0, organisations)
        if not found:
            raise Unavailable("There is no organisation yet")
        return Actor(found[0][0], trade.name, trade.owner.name)

    known: list[Actor] = []
    asked: Together[Actor] = Together()

    async def stranger() -> Actor:
        if not known:
            known[:] = [await asked.ask(trade.name, owner)]
        return known[0]

    return Policy(settings.origins, facts, stranger if settings.open else None, limits, for_show and settings.open)
