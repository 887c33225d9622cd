"""Whose address a request comes from (P-29, row 40)."""

from typing import Any

import pytest

from tradehall.web.client import Proxies, source

TRUSTED = ("10.0.0.0/8", "192.0.2.7", "fd00::/8")


def seen(peer: str | None, *forwarded: str, trusted: tuple[str, ...] = TRUSTED) -> Any:
    headers = [(b"x-forwarded-for", each.encode()) for each in forwarded]
    scope: dict[str, Any] = {"client": (peer, 1) if peer else None, "headers": headers}
    Proxies(trusted).look_through(scope)
    return scope["client"] and scope["client"][0]


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", (), "203.0.113.9"),
        ("203.0.113.9", ("6.6.6.6",), "203.0.113.9"),
        ("10.0.0.1", (), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.4",), "198.51.100.4"),
        ("10.0.0.1", ("6.6.6.6, 198.51.100.4",), "198.51.100.4"),
        ("10.0.0.1", ("6.6.6.6", "198.51.100.4"), "198.51.100.4"),
        ("10.0.0.1", ("198.51.100.4, 192.0.2.7, 10.1.1.1",), "198.51.100.4"),
        ("10.0.0.1", ("6.6.6.6, nonsense",), "10.0.0.1"),
        ("10.0.0.1", ("6.6.6.6, nonsense, 10.2.2.2",), "10.2.2.2"),
        ("10.0.0.1", ("198.51.100.4:5555",), "198.51.100.4"),
        ("::ffff:10.0.0.1", ("198.51.100.4",), "198.51.100.4"),
        ("fd00::1", ("[2001:db8::1]:443",), "2001:db8::1"),
    ],
)
def test_only_what_a_trusted_proxy_saw_is_believed(peer: str, forwarded: tuple[str, ...], address: str) -> None:
    assert seen(peer, *forwarded) == address


def test_without_trusted_proxies_the_header_has_no_effect() -> None:
    assert seen("10.0.0.1", "198.51.100.4", trusted=()) == "10.0.0.1"


def test_a_socket_without_an_address_has_none() -> None:
    assert seen(None, "198.51.100.4") is None


def test_the_scheme_is_the_one_that_the_proxy_saw() -> None:
    scope: dict[str, Any] = {"client": ("10.0.0.1", 1), "scheme": "http", "headers": [(b"x-forwarded-proto", b"https")]}
    Proxies(TRUSTED).look_through(scope)
    assert scope["scheme"] == "https"


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("198.51.100.4", "198.51.100.4"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.4", "198.51.100.4"),
    ],
)
def test_limits_go_by_the_network_where_addresses_are_for_the_taking(address: str, group: str) -> None:
    assert source({"client": (address, 1)}) == group
