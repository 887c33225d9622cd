"""Web push: sealed for one browser, signed, at public addresses only, and forgotten where nobody is there any more."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc import jwt
from joserfc.jwk import ECKey

from tests.receiver import Receiver, receiving
from tests.trades.laundry.washing import AT, House, done
from tradehall.adapters.courier import PublicCourier
from tradehall.adapters.webpush import CURVE, WebPush, point, read, sealed, written
from tradehall.kernel.pushing import Subscription

KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
BROWSER = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}


def test_the_example_of_rfc_8291_is_sealed_as_it_says() -> None:
    own = ec.derive_private_key(int.from_bytes(read(KEY), "big"), CURVE)
    words = b"When I grow up, I want to be a watermelon"
    found = sealed(words, Subscription("", **BROWSER), own, read("DGv6ra1nlYgDCS1FRnbzlw"))
    assert written(found) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_"
        "yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


@pytest.fixture
async def service(house: House) -> AsyncIterator[Receiver]:
    """A push service on this machine."""
    office = house.application.office
    push = WebPush(KEY, "mailto:it@example.com", PublicCourier(allow_private=True))
    async with receiving() as found:
        office.outside = replace(office.outside, push=push)
        yield found


async def registered(house: House, endpoint: str, **keys: str) -> Any:
    return await house.ama.post(f"{AT}/devices", json={"endpoint": endpoint, "keys": BROWSER | keys})


async def test_who_wants_it_is_told_in_their_browser_but_not_at_night(house: House, service: Receiver) -> None:
    for _ in "ab":
        done(await registered(house, service.url("/ama")), 201)
    ways = {"channels": ["in_app", "push"], "quiet_from": "22:00", "quiet_until": "08:00"}
    done(await house.ama.put(f"{AT}/profile/preferences", json=ways))
    await house.started(house.ama)
    await house.forward(seconds=1800)
    (got,) = service.at("/ama")
    assert (got.headers["content-encoding"], got.headers["ttl"]) == ("aes128gcm", "86400")
    assert b"Washer" not in got.body
    token, key = (part.partition("=")[2] for part in got.headers["authorization"].removeprefix("vapid ").split(", "))
    public = ec.derive_private_key(int.from_bytes(read(KEY), "big"), CURVE).public_key()
    assert read(key) == point(public)
    numbers = public.public_numbers()
    jwk: dict[str, str | list[str]] = {
        "kty": "EC",
        "crv": "P-256",
        "x": written(numbers.x.to_bytes(32, "big")),
        "y": written(numbers.y.to_bytes(32, "big")),
    }
    claims = jwt.decode(token, ECKey.import_key(jwk), algorithms=["ES256"]).claims
    assert (claims["aud"], claims["sub"]) == (service.url("").rstrip("/"), "mailto:it@example.com")
    done(await house.do(house.ama, "collect"))
    house.clock.set("2026-03-02T22:00:00+08:00")
    await house.started(house.ama)
    await house.forward(seconds=1800)
    assert len(service.at("/ama")) == 1
    house.clock.set("2026-03-03T08:00:00+08:00")
    await house.work()
    assert len(service.at("/ama")) > 1


async def test_a_browser_that_is_gone_is_forgotten(house: House, service: Receiver) -> None:
    service.answers["/gone"] = b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    done(await registered(house, service.url("/gone")), 201)
    done(await house.ama.put(f"{AT}/profile/preferences", json={"channels": ["push"]}))
    await house.started(house.ama)
    await house.forward(seconds=1800)
    assert (len(service.at("/gone")), done(await house.ama.get(f"{AT}/devices"))) == (1, [])


async def test_row_18_no_browser_is_registered_at_a_private_address_or_with_wrong_keys(house: House) -> None:
    office = house.application.office
    answer = await registered(house, "https://push.example.com/x")
    assert done(answer, 422)["detail"] == "This installation tells nobody by push"
    office.outside = replace(office.outside, push=WebPush(KEY, "mailto:it@example.com", PublicCourier()))
    assert done(await house.ama.get(f"{AT}/devices/key"))["public_key"].startswith("B")
    for endpoint in ("https://127.0.0.1/x", "http://push.example.com/x", "https://[::1]/x", "nonsense"):
        assert (await registered(house, endpoint)).status_code == 422
    for keys in ({"p256dh": "AAAA"}, {"p256dh": "no base64!"}, {"auth": "é"}):
        assert (await registered(house, "https://push.example.com/x", **keys)).status_code == 422
