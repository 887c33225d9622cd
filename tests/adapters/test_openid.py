"""An OpenID provider is believed where everything that it says is signed by it, for us, now and for this sign-in."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from tests.identity import CLIENT, PASSWORD, Identity, part, provider
from tradehall.adapters.openid import OpenIdProvider, trusted
from tradehall.kernel.errors import Denied, Unauthenticated, Unavailable
from tradehall.kernel.openid import Profile, Way

SECRET = "what the office signs with"
BACK = "http://localhost:8000/api/auth/openid/acme/callback"


@pytest.fixture
def them() -> Iterator[Identity]:
    with provider() as found:
        yield found


def ours(them: Identity) -> OpenIdProvider:
    return OpenIdProvider(them.base, CLIENT, PASSWORD)


def now() -> datetime:
    return datetime.now(UTC)


async def code_of(them: Identity, way: Way) -> str:
    """Sign in there, as a browser does."""
    async with httpx2.AsyncClient(verify=trusted(), trust_env=False) as browser:
        answer = await browser.get(await ours(them).address(way))
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))["code"]


async def told(them: Identity, way: Way | None = None) -> Profile:
    way = way or Way("bicycles", "acme", BACK)
    return await ours(them).profile(way, await code_of(them, way), now())


async def test_whoever_signs_in_there_is_known_by_issuer_and_subject(them: Identity) -> None:
    assert await told(them) == Profile(them.base, "7", "ama@example.com", "Ama")


@pytest.mark.parametrize("verified", [False, None, "false", "yes"])
async def test_an_address_that_was_not_verified_is_none(them: Identity, verified: Any) -> None:
    them.person["email_verified"] = verified
    assert (await told(them)).email == ""


async def test_an_address_that_the_token_lacks_is_asked_for_and_must_be_of_the_same_person(them: Identity) -> None:
    them.person = {"sub": "7"}
    assert (await told(them)).email == "from-userinfo@example.com"
    them.person = {"sub": "8"}
    assert (await told(them)).email == ""


def hmac_with_public_key(them: Identity, claims: dict[str, Any]) -> str:
    signing = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(claims)}"
    public = them.key.as_pem(private=False)
    return f"{signing}.{part(hmac.new(public, signing.encode(), hashlib.sha256).digest())}"


def altered(them: Identity, claims: dict[str, Any]) -> str:
    head, _, signature = them.signed(claims).split(".")
    return f"{head}.{part(claims | {'sub': 'somebody else'})}.{signature}"


def own_key(them: Identity, claims: dict[str, Any], kid: str) -> str:
    key = RSAKey.generate_key(2048)
    header = {"alg": "RS256", "kid": kid, "jwk": key.as_dict(private=False)}
    return jwt.encode(header, claims, key)


Forgery = Callable[[Identity, dict[str, Any]], str]
FORGERIES: dict[str, Forgery] = {
    "no signature": lambda _, claims: f"{part({'alg': 'none'})}.{part(claims)}.",
    "None with a capital": lambda _, claims: f"{part({'alg': 'None', 'kid': 'one'})}.{part(claims)}.",
    "the public key as a shared secret": hmac_with_public_key,
    "our client secret as a key": lambda _, claims: jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(PASSWORD)),
    "another key": lambda them, claims: own_key(them, claims, "one"),
    "another key under a name that nobody knows": lambda them, claims: own_key(them, claims, "two"),
    "altered after it was signed": altered,
    "of another issuer": lambda them, claims: them.signed(claims | {"iss": "https://accounts.example.com"}),
    "of the same issuer with a slash": lambda them, claims: them.signed(claims | {"iss": f"{them.base}/"}),
    "of no issuer": lambda them, claims: them.signed({n: v for n, v in claims.items() if n != "iss"}),
    "for somebody else": lambda them, claims: them.signed(claims | {"aud": "another client"}),
    "for us and somebody who asked": lambda them, claims: them.signed(claims | {"aud": [CLIENT, "b"], "azp": "b"}),
    "for several without saying who asked": lambda them, claims: them.signed(claims | {"aud": [CLIENT, "b"]}),
    "for nobody": lambda them, claims: them.signed({n: v for n, v in claims.items() if n != "aud"}),
    "of another sign-in": lambda them, claims: them.signed(claims | {"nonce": "another"}),
    "without a nonce": lambda them, claims: them.signed({n: v for n, v in claims.items() if n != "nonce"}),
    "over": lambda them, claims: them.signed(claims | {"exp": claims["iat"] - 61}),
    "without an end": lambda them, claims: them.signed({n: v for n, v in claims.items() if n != "exp"}),
    "of tomorrow": lambda them, claims: them.signed(claims | {"iat": claims["iat"] + 86400}),
    "of nobody": lambda them, claims: them.signed(claims | {"sub": ""}),
    "of a number": lambda them, claims: them.signed(claims | {"sub": 7}),
    "no token": lambda *_: "nonsense",
    "nothing": lambda *_: "",
    "a list": lambda them, _: f"{part({'alg': 'RS256'})}.{part([1])}.x",
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
async def test_row_12_a_forged_id_token_signs_nobody_in(them: Identity, forge: Forgery) -> None:
    them.forge = lambda claims: forge(them, claims)
    with pytest.raises(Unauthenticated, match="did not confirm"):
        await told(them)


async def test_a_code_is_worth_something_to_whoever_began_alone(them: Identity) -> None:
    way = Way("bicycles", "acme", BACK)
    stolen = await code_of(them, way)
    with pytest.raises(Unauthenticated, match="did not confirm"):
        await ours(them).profile(Way("bicycles", "acme", BACK), stolen, now())
    code = await code_of(them, way)
    assert (await ours(them).profile(way, code, now())).subject == "7"
    with pytest.raises(Unauthenticated):
        await ours(them).profile(way, code, now())


async def test_keys_and_metadata_are_fetched_once_and_keys_again_when_an_unknown_one_signs(them: Identity) -> None:
    us, way = ours(them), Way("bicycles", "acme", BACK)
    for _ in range(3):
        await us.profile(way, await code_of(them, way), now())
    assert them.asked.count("/jwks") == 1
    them.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
    with pytest.raises(Unauthenticated):
        await us.profile(way, await code_of(them, way), now())
    assert them.asked.count("/jwks") == 1, "whoever forges tokens does not make us ask again and again"
    us._keys = (us._keys[0], us._keys[1] - 31)
    assert (await us.profile(way, await code_of(them, way), now())).subject == "7"


async def test_a_provider_that_is_not_the_one_or_not_there_is_unavailable(them: Identity) -> None:
    way = Way("bicycles", "acme", BACK)
    them.metadata = {"issuer": "https://accounts.example.com"}
    with pytest.raises(Unavailable):
        await ours(them).address(way)
    with pytest.raises(Unavailable):
        await OpenIdProvider("http://127.0.0.1:9", CLIENT, PASSWORD).address(way)
    with pytest.raises(Unavailable):
        await OpenIdProvider(f"{them.base}/nowhere", CLIENT, PASSWORD).address(way)


def test_a_way_is_opened_by_the_one_who_began_it_and_for_ten_minutes() -> None:
    way, at = Way("bicycles", "acme", BACK, user_id=7), now()
    sealed = way.sealed(SECRET, at)
    assert Way.opened(sealed, SECRET, way.state, at + timedelta(minutes=9)) == way
    none = f"{part({'alg': 'none'})}.{sealed.split('.')[1]}."
    for text, secret, state, when in [
        (sealed, SECRET, "another", at), (sealed, SECRET, "", at), (sealed, "another", way.state, at),
        (sealed, SECRET, way.state, at + timedelta(minutes=10, seconds=1)), (sealed[:-2], SECRET, way.state, at),
        ("", SECRET, way.state, at), (none, SECRET, way.state, at), (sealed, SECRET, "ä\x00", at),
    ]:  # fmt: skip
        with pytest.raises(Denied) as refused:
            Way.opened(text, secret, state, when)
        assert refused.value.code == "state_mismatch"
