"""Posts to addresses that users name: only to public ones, each checked at the moment at which it is connected to."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import httpcore2
import httpx2

from tradehall.kernel.webhooks.courier import KEPT, Reply

SECONDS = 15.0
"""For the whole of a try, however slowly the other side answers."""
LOOKUP_SECONDS = 3.0
log = logging.getLogger("tradehall")
NOT_PUBLIC = "This address is not a public one"
NO_ADDRESS = "This is not an address"
_NAT64 = (ip_network("64:ff9b::/96"), ip_network("64:ff9b:1::/48"), ip_network("::/96"))
Resolve = Callable[[str, int], Awaitable[list[str]]]


async def look_up(host: str, port: int) -> list[str]:
    """The addresses of a host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def is_public(text: str) -> bool:
    """Whether an address is one of the whole internet's, also where it carries another one inside."""
    address = ip_address(text)
    inner = _inside(address)
    if inner is not None and not is_public(str(inner)):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def _inside(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if any(address in network for network in _NAT64):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]


class NotPublicError(httpcore2.ConnectError):
    """The host has an address that is not public."""


class Guarded(httpcore2.AsyncNetworkBackend):
    """Resolves a name once, checks what it got, and connects to that."""

    def __init__(self, resolve: Resolve, allow_private: bool) -> None:
        self._resolve, self._allow_private = resolve, allow_private
        self._inner = httpcore2.AnyIOBackend()
        self._opened: list[httpcore2.AsyncNetworkStream] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is that of httpcore
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._resolve(host, port)
        if not self._allow_private and not all(map(is_public, addresses)):
            raise NotPublicError
        problem: Exception = httpcore2.ConnectError("no address")
        for address in addresses[:3]:
            try:
                stream = await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
                self._opened.append(stream)
                return stream
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                problem = error
        raise problem

    async def close(self) -> None:
        """Close what was opened: one that hangs amid the TLS handshake is closed by nobody else."""
        for stream in self._opened:
            await stream.aclose()


def _why(error: Exception) -> str:
    """What came between, in words that whoever set the webhook up understands."""
    causes = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None and cause not in causes:
        causes.append(cause)  # type: ignore[arg-type]  # what ends a program was not caught
    if any(isinstance(each, socket.gaierror) for each in causes):
        return "There is no receiver of this name"
    if any(isinstance(each, ssl.SSLError) for each in causes):
        return "The receiver shows no certificate that can be trusted"
    if isinstance(error, httpcore2.ConnectError | OSError):
        return "The receiver can't be reached"
    if isinstance(error, httpcore2.NetworkError):
        return "The connection was lost before the receiver answered"
    return "The receiver did not answer as a web server does"


class PublicCourier:
    """Sends webhooks by HTTPS. It follows no redirect, uses no proxy, and keeps a kilobyte of what is answered.

    `allow_private` is for intranets and tests: then also plain HTTP, and addresses of one's own network.
    """

    def __init__(self, allow_private: bool = False, seconds: float = SECONDS, resolve: Resolve = look_up) -> None:
        self._allow_private, self._seconds, self._resolve = allow_private, seconds, resolve
        self._tls: ssl.SSLContext | None = None

    async def refusal(self, url: str) -> str:
        """Why nothing is sent to this address; a name that can't be resolved now is looked up again when it is used."""
        try:
            parsed = httpx2.URL(url)
        except (httpx2.InvalidURL, ValueError):
            return NO_ADDRESS
        if parsed.scheme != "https" and not (self._allow_private and parsed.scheme == "http"):
            return "The address has to begin with https://"
        is_odd = any(map(str.isspace, url)) or not 0 < (parsed.port or 443) < 65536
        if not parsed.host or parsed.userinfo or parsed.fragment or is_odd:
            return "The address may have a host, a port, a path and a query, and nothing else"
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                addresses = await self._resolve(parsed.raw_host.decode("ascii"), parsed.port or 443)
        except (OSError, TimeoutError, UnicodeError):
            return ""
        return "" if self._allow_private or all(map(is_public, addresses)) else NOT_PUBLIC

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> Reply:
        """Post, and say what came of it."""
        try:
            async with asyncio.timeout(self._seconds):
                return await self._post(httpx2.URL(url), content, headers)
        except NotPublicError:
            return Reply(error=NOT_PUBLIC)
        except httpx2.InvalidURL:
            return Reply(error=NO_ADDRESS)
        except (TimeoutError, httpcore2.TimeoutException):
            return Reply(error=f"No answer within {self._seconds:g} seconds")
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError, ValueError, OverflowError) as error:
            log.info("a webhook was not delivered: %r", error)
            return Reply(error=_why(error))

    async def _post(self, url: httpx2.URL, content: bytes, headers: Mapping[str, str]) -> Reply:
        self._tls = self._tls or httpcore2.default_ssl_context()
        where = httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        host = url.netloc.decode("ascii")
        backend = Guarded(self._resolve, self._allow_private)
        sent = {"host": host, "content-length": str(len(content)), "accept": "*/*", **headers}
        try:
            async with (
                httpcore2.AsyncConnectionPool(ssl_context=self._tls, network_backend=backend) as pool,
                pool.stream("POST", where, headers=[*sent.items()], content=content) as answer,
            ):
                kept = b""
                async for chunk in answer.aiter_stream():
                    kept += chunk
                    if len(kept) >= KEPT:
                        break
                return Reply(answer.status, kept[:KEPT].decode("utf-8", "replace").replace("\x00", "")[:KEPT])
        finally:
            await backend.close()
