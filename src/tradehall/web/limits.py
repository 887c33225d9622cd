"""Limits over HTTP: a person or a key where it is known, else an address; sign-in more strictly (P-29)."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

from tradehall.kernel.errors import Throttled
from tradehall.kernel.limits import Counts, Meter, Spent
from tradehall.web.client import source

Scope = MutableMapping[str, Any]


@dataclass(frozen=True)
class Limits:
    """What one may ask in a window; a field that is None is no limit."""

    requests: Meter | None = None
    sign_ins: Meter | None = None
    shared: Counts | None = None

    async def spend(self, scope: Scope, who: str | None, signs_in: bool) -> None:
        """Count a request; `who` is the label of a person or key that is known. Raises Throttled."""
        address = source(scope)
        if signs_in and self.sign_ins is not None:
            _note(scope, await self.sign_ins.spend(address))
        if self.requests is not None:
            _note(scope, await self.requests.spend(who or address))


def _note(scope: Scope, spent: Spent) -> None:
    limit = spent.limit
    scope["rate_limit"] = [
        (b"ratelimit-policy", b'"default";q=%d;w=%d' % (limit.most, limit.seconds)),
        (b"ratelimit", b'"default";r=%d;t=%d' % (spent.left, spent.resets)),
    ]
    if spent.exceeded:
        raise Throttled(spent.resets)
