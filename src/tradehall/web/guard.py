"""What uvicorn lacks: deadlines for headers and bodies, a size for headers, a cap on connections (row 36)."""

from typing import Any

from tradehall.kernel.meters import CONNECTIONS
from tradehall.web.wire import HttpProtocol

LARGEST_HEAD = 64 * 1024
HEAD_SECONDS = 10.0
"""Within which a request must have told its headers, counted from the connection or from their first byte."""
BODY_SECONDS = 10.0
SLOWEST_BODY = 10 * 1024
"""Bytes of a body that must arrive in each `BODY_SECONDS`, unless it is we who don't read."""
UNREAD_SECONDS = 15.0
"""After which a client is dropped that takes nothing of its answer."""


class Guarded(HttpProtocol):
    """A connection that nobody holds open by telling little."""

    most = 10_000

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head = 0
        self._in_body = False
        self._arrived = 0
        self._waits_for: tuple[Any, ...] = ()
        self._since = 0.0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > self.most:
            self._refuse(b"503 Service Unavailable", b"retry-after: 5\r\n")

    def data_received(self, data: bytes) -> None:
        self._head += len(data)
        super().data_received(data)
        if self._head > LARGEST_HEAD and not self._in_body and not self.transport.is_closing():
            self._refuse(b"431 Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        self._in_body = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._arrived += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        self._head = 0
        super().on_message_complete()

    def look(self, now: float) -> None:
        """Close this connection if it has waited too long for its client; called about once a second."""
        waits_for = self._phase()
        if waits_for != self._waits_for:
            self._waits_for, self._since = waits_for, now
        elif waits_for and now - self._since >= waits_for[1]:
            self._end(waits_for[0], now)

    def _phase(self) -> tuple[Any, ...]:
        """What this connection waits for, for how long at most, and what shows that it goes on."""
        cycle: Any = self.cycle
        unread = self.transport.get_write_buffer_size()
        if unread:
            return "reader", UNREAD_SECONDS, unread, cycle
        if cycle is None or cycle.response_complete:
            return ("head", HEAD_SECONDS, cycle) if self.timeout_keep_alive_task is None else ()
        if cycle.more_body and not self.flow.read_paused:
            return "body", BODY_SECONDS, self._arrived // SLOWEST_BODY, cycle
        return ()

    def _end(self, waited_for: str, now: float) -> None:
        if waited_for == "reader":
            self.transport.abort()
        elif waited_for == "body" or self._head:
            self._refuse(b"408 Request Timeout")
        else:
            self.transport.close()

    def _refuse(self, status: bytes, more: bytes = b"") -> None:
        if self.cycle is None or not self.cycle.response_started or self.cycle.response_complete:
            self.transport.write(b"HTTP/1.1 %s\r\nconnection: close\r\ncontent-length: 0\r\n%s\r\n" % (status, more))
        self.transport.close()


def guarded(most: int) -> type[Guarded]:
    """The protocol of a server that keeps at most so many connections."""
    return type("Guarded", (Guarded,), {"most": most})


def look(connections: set[Any], now: float) -> None:
    """Look at every connection of a server, and count them."""
    found = [each for each in connections if isinstance(each, Guarded)]
    for each in found:
        each.look(now)
    CONNECTIONS.labels("http").set(len(found))
    CONNECTIONS.labels("socket").set(len(connections) - len(found))
