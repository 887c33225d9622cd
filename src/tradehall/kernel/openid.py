"""Sign-in with an OpenID provider: what a provider tells, whose account that is, and the way there and back."""

import secrets
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from tradehall.kernel.errors import Denied

WAY_LASTS = timedelta(minutes=10)
_ALGORITHM, _ISSUER = "HS256", "tradehall-openid"


@dataclass(frozen=True)
class Profile:
    """Whom a provider signed in; `email` is one that it has verified, or empty."""

    issuer: str
    subject: str
    email: str = ""
    name: str = ""


def word() -> str:
    """A word that nobody can guess."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Way:
    """A way to a provider and back. Whoever set out keeps it, sealed, and shows it when they return."""

    trade: str
    provider: str
    redirect: str
    user_id: int = 0
    """Who asked for their account to be linked, if somebody did."""
    org_id: int = 0
    organisation: str = ""
    state: str = field(default_factory=word)
    nonce: str = field(default_factory=word)
    verifier: str = field(default_factory=word)

    @property
    def challenge(self) -> str:
        """What the provider is shown of the verifier (PKCE, S256)."""
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    def sealed(self, secret: str, now: datetime) -> str:
        """The way as a text that can't be altered."""
        claims = {"iss": _ISSUER, "exp": int((now + WAY_LASTS).timestamp()), "way": asdict(self)}
        return jwt.encode({"alg": _ALGORITHM}, claims, _seal(secret))

    @classmethod
    def opened(cls, text: str, secret: str, state: str, now: datetime) -> "Way":
        """The way that was sealed; raises Denied where it is none, is too old, or was not begun with this state."""
        try:
            claims = jwt.decode(text, _seal(secret), algorithms=[_ALGORITHM]).claims
            way = cls(**claims["way"])
            known = claims["iss"] == _ISSUER and claims["exp"] > now.timestamp()
        except (JoseError, ValueError, TypeError, KeyError):
            known = False
        if not known or not secrets.compare_digest(way.state.encode(), state.encode()):
            raise Denied("This sign-in was not begun here, or it took too long; begin again", "state_mismatch")
        return way


def _seal(secret: str) -> OctKey:
    return OctKey.import_key(sha256(f"{_ISSUER}:{secret}".encode()).digest())


class Provider(Protocol):
    """Somebody else who knows people."""

    issuer: str
    """What it calls itself."""

    async def address(self, way: Way) -> str:
        """Where somebody signs in there; raises Unavailable."""

    async def profile(self, way: Way, code: str, now: datetime) -> Profile:
        """Whom the provider signed in, from the code that they came back with; raises Unauthenticated, Unavailable."""
