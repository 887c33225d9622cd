"""Who is at the other end: the address that limits and logs go by, also behind a proxy that is trusted (P-29)."""

import re
from collections.abc import Iterable, Mapping, MutableMapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from tradehall.kernel.calls import Caller
from tradehall.kernel.events import VIA

LONGEST_AGENT = 200
Network = IPv4Network | IPv6Network
_DEVICE = re.compile(r"[A-Za-z0-9_-]{16,64}")


class Proxies:
    """The proxies in front of this installation, as addresses or networks; only what they say is believed."""

    def __init__(self, trusted: Iterable[str] = ()) -> None:
        self._networks: tuple[Network, ...] = tuple(ip_network(each, strict=False) for each in trusted)

    def look_through(self, scope: MutableMapping[str, Any]) -> None:
        """Put the caller's own address, and the scheme that the proxy saw, where a trusted proxy's are."""
        peer = scope.get("client")
        if not self._networks or peer is None or not self._trusts(peer[0]):
            return
        forwarded = _header(scope, b"x-forwarded-for")
        found = peer[0]
        # From the right: each trusted proxy appended whom it saw; what stands further left is the caller's own choice.
        for entry in reversed(forwarded.split(",") if forwarded else ()):
            address = _address(entry.strip())
            if address is None:
                break
            found = address
            if not self._trusts(found):
                break
        scope["client"] = (found, 0)
        scheme = _header(scope, b"x-forwarded-proto").rsplit(",", 1)[-1].strip()
        if scheme in ("http", "https"):
            scope["scheme"] = scheme

    def _trusts(self, address: str) -> bool:
        known = _address(address)
        return known is not None and any(ip_address(known) in network for network in self._networks)


def source(scope: MutableMapping[str, Any]) -> str:
    """The address that a limit goes by: of IPv6 the /64, since whoever has one address there has them all."""
    client = scope.get("client")
    return _grouped(client[0]) if client else ""


def caller(scope: MutableMapping[str, Any], headers: Mapping[bytes, bytes]) -> Caller:
    """Where a request comes from, and the device and the token that it shows."""
    text = headers.get(b"cookie", b"").decode("latin-1")
    cookies = {name: value for name, _, value in (each.strip().partition("=") for each in text.split(";"))}
    device = headers.get(b"x-device-token", b"").decode("latin-1") or cookies.get("device", "")
    shown = headers.get(b"authorization", b"")
    return Caller(
        source(scope),
        headers.get(b"user-agent", b"").decode("latin-1").replace("\x00", ""),
        device if _DEVICE.fullmatch(device) else "",
        shown[7:].decode("latin-1") if shown[:7].lower() == b"bearer " else "",
        scope.get("scheme") == "https",
        f"{scope.get('scheme', 'http')}://{headers.get(b'host', b'').decode('latin-1')}{scope.get('root_path', '')}",
        cookies.get("openid", "")[:4000],
    )


def origin(
    scope: MutableMapping[str, Any], headers: Mapping[bytes, bytes], known_as: str, via: str = "api"
) -> dict[str, str]:
    """From where a request comes, as the log keeps it (P-20)."""
    return {
        VIA: via,
        "source": (scope.get("client") or ("",))[0],
        "agent": _printable(headers.get(b"user-agent", b"")[:LONGEST_AGENT]),
        "request_id": known_as,
    }


@lru_cache(1024)
def _printable(agent: bytes) -> str:
    return "".join(char for char in agent.decode("latin-1") if char.isprintable())


@lru_cache(4096)
def _grouped(address: str) -> str:
    known = _address(address)
    if known is None:
        return address
    found = ip_address(known)
    return str(ip_network((found, 64), strict=False)) if isinstance(found, IPv6Address) else known


@lru_cache(4096)
def _address(text: str) -> str | None:
    """An address in its one spelling, without port or brackets; None where it is none."""
    if text.startswith("["):
        text = text[1:].split("]")[0]
    elif text.count(":") == 1:
        text = text.split(":")[0]
    try:
        found = ip_address(text.split("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return str(mapped or found)


def _header(scope: MutableMapping[str, Any], name: bytes) -> str:
    return b",".join(value for each, value in scope["headers"] if each == name).decode("latin-1")
