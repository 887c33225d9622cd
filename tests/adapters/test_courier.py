"""Webhooks go to public addresses and nowhere else, and no receiver holds us up (row 18)."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from tests.receiver import Receiver, answer, receiving
from tradehall.adapters.courier import NO_ADDRESS, NOT_PUBLIC, PublicCourier, is_public
from tradehall.kernel.webhooks.courier import KEPT

HOSTS = [
    "127.0.0.1", "localhost", "LOCALHOST", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001",
    "0x7f.0x0.0x0.0x1", "0177.0.0.1", "017700000001", "0", "[::1]", "[::]", "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]",
    "[fd00:ec2::254]", "169.254.169.254", "10.0.0.1", "172.16.0.1", "192.168.0.1", "100.64.0.1", "224.0.0.1", "255.255.255.255",
    "198.18.0.1", "[2001:0:7f00:1::1]", "[ff02::1]",
]  # fmt: skip


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody who must not be reached, or a receiver in our own network where that is allowed."""
    async with receiving() as found:
        yield found


def test_row_18_there_are_at_least_30_addresses_to_try() -> None:
    assert len(HOSTS) >= 30


@pytest.mark.parametrize("host", HOSTS)
async def test_row_18_nothing_is_sent_to_an_address_that_is_not_public(host: str, receiver: Receiver) -> None:
    courier = PublicCourier(seconds=5)
    for scheme in ("http", "https"):
        url = f"{scheme}://{host}:{receiver.port}/canary"
        assert await courier.refusal(url) != ""
        reply = await courier.post(url, b"{}", {})
        assert reply.status is None
        assert reply.error in (NOT_PUBLIC, NO_ADDRESS)
    assert receiver.connections == 0


@pytest.mark.parametrize(
    "url",
    ["", "canary", "/canary", "//host/", "ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "http://example.com/",
     "https://user:word@example.com/", "https://example.com/#there", "https:///path", "https://exam ple.com/", "https://a\r\nb/",
     "https://[::1", "https://host:99999999/", "javascript:alert(1)"],
)  # fmt: skip
async def test_row_18_what_is_no_plain_https_address_is_refused(url: str) -> None:
    assert await PublicCourier().refusal(url) != ""


async def test_row_18_a_name_that_leads_elsewhere_since_it_was_checked_is_not_followed(receiver: Receiver) -> None:
    told = [["93.184.215.14"], ["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["93.184.215.14", "::ffff:127.0.0.1"]]

    async def rebinds(host: str, port: int) -> list[str]:
        return told.pop(0)

    courier = PublicCourier(resolve=rebinds)
    url = f"https://rebinds.example:{receiver.port}/canary"
    assert await courier.refusal(url) == ""
    for _ in range(3):
        assert (await courier.post(url, b"{}", {})).error == NOT_PUBLIC
    assert (told, receiver.connections) == ([], 0)


async def test_row_18_a_name_is_resolved_once_and_that_address_is_connected_to(receiver: Receiver) -> None:
    asked: list[tuple[str, int]] = []

    async def once(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"]

    courier = PublicCourier(allow_private=True, resolve=once)
    reply = await courier.post(f"http://only-here.example:{receiver.port}/a?b=c", b"{}", {"x-of": "ours"})
    assert (reply.status, reply.body) == (200, "thank you")
    assert asked == [("only-here.example", receiver.port)]
    [got] = receiver.got
    assert (got.path, got.body, got.headers["x-of"]) == ("/a?b=c", b"{}", "ours")
    assert got.headers["host"] == f"only-here.example:{receiver.port}"


async def test_row_18_no_redirect_is_followed(receiver: Receiver) -> None:
    receiver.answers["/away"] = answer(307, b"", f"location: {receiver.url('/canary')}")
    reply = await PublicCourier(allow_private=True).post(receiver.url("/away"), b"{}", {})
    assert (reply.status, reply.is_good) == (307, False)
    assert receiver.at("/canary") == []


@pytest.mark.parametrize("path", ["/hang", "/drip"])
async def test_row_24_a_receiver_that_hangs_or_drips_has_its_time_and_no_more(path: str, receiver: Receiver) -> None:
    reply = await PublicCourier(allow_private=True, seconds=0.2).post(receiver.url(path), b"{}", {})
    assert (reply.status, reply.error) == (None, "No answer within 0.2 seconds")


async def test_row_24_of_a_huge_answer_a_kilobyte_is_kept(receiver: Receiver) -> None:
    reply = await PublicCourier(allow_private=True).post(receiver.url("/huge"), b"{}", {})
    assert (reply.status, reply.body) == (200, "x" * KEPT)


async def test_what_is_answered_is_kept_as_text_that_both_databases_hold(receiver: Receiver) -> None:
    receiver.answers["/odd"] = answer(200, b"a\x00b\xff" + "é".encode())
    reply = await PublicCourier(allow_private=True).post(receiver.url("/odd"), b"{}", {})
    assert reply.body == "ab\ufffdé"


async def test_who_is_not_there_or_speaks_something_else_is_said_so(receiver: Receiver) -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    courier, lost = PublicCourier(allow_private=True), PublicCourier(allow_private=True, resolve=unknown)
    hasty = PublicCourier(allow_private=True, seconds=1)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    receiver.answers["/odd"] = b"220 mail.example.com ESMTP\r\n"
    replies = await asyncio.gather(
        courier.post(nobody, b"{}", {}),
        lost.post("http://nowhere.invalid/", b"{}", {}),
        hasty.post(receiver.url("/odd"), b"{}", {}),
        hasty.post(receiver.url("/ok").replace("http:", "https:"), b"{}", {}),
    )
    assert [reply.status for reply in replies] == [None] * 4
    assert [reply.error for reply in replies[:2]] == [
        "The receiver can't be reached",
        "There is no receiver of this name",
    ]
    assert all(reply.error for reply in replies)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001:82a::200e"])
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)
