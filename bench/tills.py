"""Sixteen tills that want the same phone at the same moment."""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

from bench.contestants import Contestant
from bench.plan import CONNECTIONS, TILLS_PHONES


@dataclass(frozen=True)
class Tills:
    """How the rounds ended: phones sold twice or more, phones sold to nobody, answers by status."""

    sold_twice: int
    unsold: int
    statuses: Counter[int]


def order(contestant: Contestant, phone: int) -> bytes:
    """The request of one till, as it goes over the wire."""
    sale = {"customer_id": contestant.stock.first_customer, "phone_id": phone, "amount_paid": 1000}
    body = json.dumps(sale).encode()
    head = (
        f"POST /api/sales/ HTTP/1.1\r\nHost: {urlsplit(contestant.url).netloc}\r\nConnection: close\r\n"
        f"Authorization: Bearer {contestant.token}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def race(contestant: Contestant, phone: int) -> list[int]:
    """Open every till's connection first, then send all orders at once; return the statuses."""
    address = urlsplit(contestant.url)
    tills = [await asyncio.open_connection(address.hostname, address.port) for _ in range(CONNECTIONS)]
    for _, writer in tills:
        writer.write(order(contestant, phone))
    answers = await asyncio.gather(*(reader.read() for reader, _ in tills))
    for _, writer in tills:
        writer.close()
    return [int(answer.split(maxsplit=2)[1]) if answer else 0 for answer in answers]


async def all_races(contestant: Contestant) -> Tills:
    """One race for each of the phones kept for it."""
    first = contestant.stock.last_timed + 1
    rounds = [await race(contestant, phone) for phone in range(first, first + TILLS_PHONES)]
    sold = [statuses.count(201) for statuses in rounds]
    statuses = Counter(status for found in rounds for status in found)
    return Tills(sum(count > 1 for count in sold), sold.count(0), statuses)


def tills(contestant: Contestant) -> Tills:
    """Run the races."""
    return asyncio.run(asyncio.wait_for(all_races(contestant), 300))
