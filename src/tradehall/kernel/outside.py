"""The outside world: what adapters provide, each with a harmless default."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tradehall.kernel.bus import Alone, Bus
from tradehall.kernel.cabinet import Allowance
from tradehall.kernel.keeping import Schedule
from tradehall.kernel.notices.senders import Console, Sender
from tradehall.kernel.openid import Provider
from tradehall.kernel.papers.pens import Pens, PlainPen
from tradehall.kernel.paying import PaymentProvider
from tradehall.kernel.pushing import NoPusher, Pusher
from tradehall.kernel.store import Memory, Store
from tradehall.kernel.webhooks.courier import Courier, NoCourier


@dataclass(frozen=True)
class Outside:
    """What reaches beyond this process. `app.py` makes it from the settings; a field without an adapter does no harm."""

    sms: Sender = field(default_factory=lambda: Console("SMS"))
    mail: Sender = field(default_factory=lambda: Console("E-mail"))
    store: Store = field(default_factory=Memory)
    uploads: Allowance = field(default_factory=Allowance)
    bus: Bus = field(default_factory=Alone)
    backups: Schedule | None = None
    courier: Courier = field(default_factory=NoCourier)
    openid: Mapping[str, Provider] = field(default_factory=dict)
    messages: Mapping[str, str] = field(default_factory=dict)
    """By trade: where its messages are, as others reach them. Nothing where nobody said how they do."""
    push: Pusher = field(default_factory=NoPusher)
    payments: Mapping[str, PaymentProvider] = field(default_factory=dict)
    pens: Pens = PlainPen
    """What writes values on papers, in the languages that there are."""
