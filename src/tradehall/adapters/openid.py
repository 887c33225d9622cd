"""An OpenID provider: found by discovery, asked with the authorization code flow, and believed when its signature holds."""

import logging
import ssl
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from time import monotonic
from typing import Any
from urllib.parse import urlencode

import httpx2
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tradehall.kernel.errors import Problem, Unauthenticated, Unavailable
from tradehall.kernel.openid import Profile, Way

log = logging.getLogger("tradehall")
ALGORITHMS = ["RS256", "ES256", "PS256"]
"""Signatures that only the provider can make: a shared secret signs nothing here, and neither does nobody."""
PATIENCE = httpx2.Timeout(5.0)
KEPT_FOR = 3600.0
ASKED_AGAIN_AFTER = 30.0
LEEWAY = 60
SCOPES = "openid email profile"


class OpenIdProvider:
    """One provider, with what this installation is called there."""

    def __init__(self, issuer: str, client_id: str, client_secret: str) -> None:
        self.issuer, self._client_id, self._client_secret = issuer, client_id, client_secret
        self._known: tuple[Mapping[str, Any], float] = ({}, 0.0)
        self._keys: tuple[KeySet | None, float] = (None, 0.0)

    async def address(self, way: Way) -> str:
        """Where somebody signs in there."""
        asked = {
            "response_type": "code", "client_id": self._client_id, "redirect_uri": way.redirect, "scope": SCOPES,
            "state": way.state, "nonce": way.nonce, "code_challenge": way.challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        at: str = (await self._metadata())["authorization_endpoint"]
        return f"{at}{'&' if '?' in at else '?'}{urlencode(asked)}"

    async def profile(self, way: Way, code: str, now: datetime) -> Profile:
        """Whom the provider signed in."""
        told = await self._exchange(way, code)
        claims = dict(await self._claims(str(told.get("id_token", "")), way.nonce, now))
        if "email" not in claims and isinstance(told.get("access_token"), str):
            claims |= await self._more(told["access_token"], claims["sub"])
        email = str(claims.get("email") or "") if claims.get("email_verified") in (True, "true") else ""
        return Profile(self.issuer, claims["sub"], email[:254], str(claims.get("name") or "")[:255])

    async def _exchange(self, way: Way, code: str) -> Mapping[str, Any]:
        known = await self._metadata()
        form = {
            "grant_type": "authorization_code", "code": code, "redirect_uri": way.redirect,
            "code_verifier": way.verifier, "client_id": self._client_id,
        }  # fmt: skip
        methods = known.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        basic = httpx2.BasicAuth(self._client_id, self._client_secret) if "client_secret_basic" in methods else None
        if basic is None:
            form["client_secret"] = self._client_secret
        return await self._asked("POST", known["token_endpoint"], data=form, auth=basic)

    async def _more(self, access_token: str, subject: str) -> Mapping[str, Any]:
        at = (await self._metadata()).get("userinfo_endpoint")
        if not isinstance(at, str):
            return {}
        told = await self._asked("GET", at, headers={"Authorization": f"Bearer {access_token}"})
        wanted = ("email", "email_verified", "name")
        return {name: told[name] for name in wanted if name in told} if told.get("sub") == subject else {}

    # What it says, believed or not.

    async def _claims(self, token: str, nonce: str, now: datetime) -> Mapping[str, Any]:
        try:
            claims = self._verified(token, await self._keyset())
        except (JoseError, ValueError, TypeError, KeyError):
            try:  # its keys may have changed since they were fetched
                claims = self._verified(token, await self._keyset(anew=True))
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise _not_believed(type(error).__name__) from error
        if wrong := self._wrong(claims, nonce, now.timestamp()):
            raise _not_believed(wrong)
        return claims

    def _verified(self, token: str, keys: KeySet) -> Mapping[str, Any]:
        return jwt.decode(token, keys, algorithms=ALGORITHMS).claims

    def _wrong(self, claims: Mapping[str, Any], nonce: str, now: float) -> str:
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        party, ends, since = claims.get("azp"), claims.get("exp"), claims.get("iat")
        checks = {
            "iss": claims.get("iss") == self.issuer,
            "aud": self._client_id in audiences,
            "azp": party == self._client_id or (party is None and len(audiences) == 1),
            "nonce": claims.get("nonce") == nonce,
            "exp": isinstance(ends, int | float) and ends > now - LEEWAY,
            "iat": isinstance(since, int | float) and since < now + LEEWAY,
            "sub": isinstance(claims.get("sub"), str) and 0 < len(claims["sub"]) <= 255,
        }
        return next((name for name, right in checks.items() if not right), "")

    # What it publishes, kept for a while.

    async def _metadata(self) -> Mapping[str, Any]:
        known, since = self._known
        if not known or monotonic() - since > KEPT_FOR:
            known = await self._asked("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
            wanted = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            if known.get("issuer") != self.issuer or not all(isinstance(known.get(name), str) for name in wanted):
                raise _away(f"{self.issuer} describes itself as {known.get('issuer')}")
            self._known = (known, monotonic())
        return known

    async def _keyset(self, *, anew: bool = False) -> KeySet:
        keys, since = self._keys
        age = monotonic() - since
        if keys is None or age > KEPT_FOR or (anew and age > ASKED_AGAIN_AFTER):
            published = (await self._asked("GET", (await self._metadata())["jwks_uri"])).get("keys", ())
            signing = [each for each in published if each.get("kty") in ("RSA", "EC") and each.get("use") != "enc"]
            keys = KeySet.import_key_set({"keys": signing})
            self._keys = (keys, monotonic())
        return keys

    async def _asked(self, method: str, address: str, **more: Any) -> Mapping[str, Any]:
        try:
            async with httpx2.AsyncClient(timeout=PATIENCE, verify=trusted(), follow_redirects=False) as http:
                answer = await http.request(method, address, **more)
                told = answer.json() if answer.status_code < 500 else None
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise _away(f"{address}: {type(error).__name__}") from error
        if 400 <= answer.status_code < 500 and method == "POST":
            raise _not_believed(f"{answer.status_code} for a code")
        if answer.status_code != 200 or not isinstance(told, dict):
            raise _away(f"{address} answered {answer.status_code}")
        return told


@cache
def trusted() -> ssl.SSLContext:
    """Whose certificates are believed: read once, since that takes a tenth of a second."""
    return ssl.create_default_context()


def _away(why: str) -> Problem:
    log.warning("the sign-in provider is of no use now: %s", why)
    return Unavailable("The sign-in provider does not answer; please try again", "provider_unavailable")


def _not_believed(why: str) -> Problem:
    log.warning("what the sign-in provider said is not believed: %s", why)
    return Unauthenticated("The sign-in provider did not confirm this sign-in; begin again", "not_confirmed")
