"""`python -m bench.laundry`: how many verbs a second residents get done who start machines and cancel them again."""

import argparse
import asyncio
import json
import tempfile
from pathlib import Path
from time import perf_counter

from tests.reliability.serving import SECRET, Server, Shop

from tradehall.kernel.calls import AsSystem
from tradehall.kernel.context import Context
from tradehall.kernel.office import utc_now
from tradehall.kernel.people import CreateUser, NewUser, members
from tradehall.kernel.tokens import Tokens
from tradehall.trades import laundry
from tradehall.trades.laundry.models import Machine, MachineType

TARGET = 1000
"""Verbs a second."""
MACHINES, RESIDENTS = 300, 16


def furnished(shop: Shop) -> list[str]:
    """Put machines and residents into a house; the tokens of the residents."""

    def machines(ctx: Context) -> None:
        with ctx.happening("machine.seed"):
            for number in range(1, MACHINES + 1):
                ctx.add(Machine(machine_type=MachineType.WASHER, number=number))

    database, now = shop.database(), utc_now()
    database.run(AsSystem(laundry.trade, shop.org_id, now, machines))
    for number in range(RESIDENTS):
        user = NewUser(f"{100_000 + number}", (("laundry", "resident"),), "student_id", None)
        database.run(CreateUser(shop.org_id, user, now))
    everybody = database.ask(0, lambda session: list(members(session, "laundry")))
    tokens = Tokens(SECRET, database)
    return [tokens.issue(each, now, 600) for each in everybody if each.role == "resident"]


async def wash(server: Server, token: str, mine: list[int], until: float) -> int:
    """Start and cancel one machine after the other on a connection of one's own; how many verbs that were."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    done = 0
    while perf_counter() < until:
        for deed in ("start", "cancel"):
            body = json.dumps({"machine_type": "washer", "machine_id": mine[done // 2 % len(mine)]})
            head = (
                f"POST /api/v1/machines/{deed} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            writer.write((head + body).encode())
            answer = await reader.readuntil(b"\r\n\r\n")
            length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            content = await reader.readexactly(int(length.split(b":")[1]))
            assert answer.split()[1] == b"200", content
            done += 1
    writer.close()
    return done


async def measure(server: Server, tokens: list[str], seconds: float) -> float:
    """Let everybody wash for so long; verbs a second."""
    started = perf_counter()
    shares = [list(range(1 + number, MACHINES + 1, len(tokens))) for number in range(len(tokens))]
    each = (wash(server, token, mine, started + seconds) for token, mine in zip(tokens, shares, strict=True))
    done = sum(await asyncio.gather(*each))
    return done / (perf_counter() - started)


def main() -> int:
    """Measure once; 1 where the target is missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.laundry", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--url", default="", help="a PostgreSQL; SQLite, if none is named")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        shop = Shop(Path(folder), chosen.url, laundry.trade)
        try:
            tokens = furnished(shop)
            found = asyncio.run(measure(shop.serve(), tokens, chosen.seconds))
            wrong = list(asyncio.run(shop.wrong()))
        finally:
            shop.close()
    print(f"{found:,.0f} verbs a second of {TARGET:,} asked; the doctor found {wrong or 'nothing'}")
    return int(found < TARGET or bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
