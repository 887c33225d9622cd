"""A phone shop in server processes of their own: to be raced, killed and looked at."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2

from tradehall.founding import first_organisation
from tradehall.kernel.database import Database, Session, open_database
from tradehall.kernel.doctor import examine
from tradehall.kernel.office import utc_now
from tradehall.kernel.people import CreateUser, NewUser, hash_password, members
from tradehall.kernel.schema import migrate
from tradehall.kernel.tokens import Tokens
from tradehall.kernel.trade import Trade
from tradehall.trades import phoneshop

SECRET = "the servers of the tests sign with this"
_serial = count(1)
TRADEHALL = Path(sys.executable).with_name("tradehall")


@dataclass
class Server:
    """One process that serves the shop."""

    process: subprocess.Popen[str]
    port: int

    @property
    def base(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """As the power cord does."""
        self.process.kill()
        self.process.wait()


@cache
def _empty(trade: Trade) -> bytes:
    """A database without rows, as a file: to migrate one takes a second."""
    with TemporaryDirectory() as folder:
        migrate(open_database(None, Path(folder)), [trade])
        return (Path(folder) / "tradehall.db").read_bytes()


class Shop:
    """A phone shop with one owner, and its servers."""

    def __init__(self, folder: Path, url: str, trade: Trade = phoneshop.trade) -> None:
        self.folder, self.url, self.trade = folder, url, trade
        self.servers: list[Server] = []
        database = self.database()
        if self.on_sqlite:
            (folder / "tradehall.db").write_bytes(_empty(trade))
        else:
            migrate(database, [trade])
        self.org_id = first_organisation(database, utc_now(), "Accra")
        role = (trade.name, trade.owner.name)
        user = NewUser("owner", (role,), "username", hash_password("four walls and a roof"))
        database.run(CreateUser(self.org_id, user, utc_now()))
        found = database.ask(0, lambda session: list(members(session, trade.name)))[0]
        self.token = Tokens(SECRET, database).issue(found, utc_now(), 600)

    @property
    def on_sqlite(self) -> bool:
        return not self.url

    def database(self) -> Database:
        """The database, seen from outside the servers."""
        return open_database(self.url or None, self.folder)

    async def read(self, query: Callable[[Session], Any]) -> Any:
        """Read it, in the shop's organisation."""
        return await asyncio.to_thread(lambda: self.database().ask(self.org_id, query))

    async def wrong(self) -> list[str]:
        """What the doctor finds."""
        return await asyncio.to_thread(lambda: list(examine(self.database(), [self.trade])))

    def serve(self, *wrapped: str, **settings: str) -> Server:
        """Start a server with these settings, inside another program if there is one; returns when it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        words = [*wrapped, str(TRADEHALL), "serve", self.trade.name, "--data", str(self.folder), "--port", str(port)]
        env = {**os.environ, "SECRET_KEY": SECRET, "DATABASE_URL": self.url, "BACKUP_EVERY": "0", **settings}
        with (self.folder / f"log-{port}").open("w") as log:
            process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, text=True, env=env, cwd=self.folder)
        server = Server(process, port)
        self.servers.append(server)
        assert process.stdout
        for line in process.stdout:
            if line.startswith("ready"):
                return server
        raise RuntimeError((self.folder / f"log-{port}").read_text()[-2000:])

    def close(self) -> None:
        """Stop every server."""
        for server in self.servers:
            if server.process.poll() is None:
                server.process.terminate()
        for server in self.servers:
            try:
                server.process.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
            if server.process.stdout:
                server.process.stdout.close()

    @asynccontextmanager
    async def client(self, server: Server) -> AsyncIterator[httpx2.AsyncClient]:
        """Somebody who is signed in as the owner."""
        limits = httpx2.Limits(max_connections=64, max_keepalive_connections=64)
        async with httpx2.AsyncClient(
            base_url=server.base, headers={"Authorization": f"Bearer {self.token}"}, limits=limits, timeout=60,
            trust_env=False,
        ) as client:  # fmt: skip
            yield client


async def a_customer(client: httpx2.AsyncClient) -> int:
    """Register a customer; the id."""
    person = {"full_name": "Ama", "phone_number": f"059{next(_serial):07d}"}
    answer = await client.post("/api/customers", json=person)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def a_phone(client: httpx2.AsyncClient) -> int:
    """Take a phone into stock; the id."""
    phone = {"brand": "Nokia", "model": "3310", "condition": "Used", "value": 100}
    answer = await client.post("/api/phones", json=phone)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def race(
    bases: list[str],
    token: str | list[str],
    path: str | list[str],
    bodies: list[Any],
    headers: dict[str, str] | None = None,
) -> list[tuple[int, Any]]:
    """Open a connection for each request first, then send all of them at once; status and body of each answer.

    A list of tokens or of paths has one for each body.
    """
    tokens = [token] * len(bodies) if isinstance(token, str) else token
    paths = [path] * len(bodies) if isinstance(path, str) else path
    ports = [int(base.rsplit(":", 1)[1]) for base in bases]
    lines = [await asyncio.open_connection("127.0.0.1", ports[n % len(ports)]) for n in range(len(bodies))]
    for (_, writer), body, to, who in zip(lines, bodies, paths, tokens, strict=True):
        content = json.dumps(body).encode()
        head = [
            f"POST {to} HTTP/1.1", "Host: localhost", "Connection: close", f"Authorization: Bearer {who}",
            "Content-Type: application/json", f"Content-Length: {len(content)}",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
        ]  # fmt: skip
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + content)
    answers = await asyncio.gather(*(reader.read() for reader, _ in lines))
    for _, writer in lines:
        writer.close()
    parts = [answer.split(b"\r\n\r\n", 1) for answer in answers]
    return [(int(head.split()[1]), json.loads(body)) for head, body in parts]


async def anew(server: Server, token: str, path: str) -> tuple[int, Any]:
    """Ask on a connection of one's own; status and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    lines = (f"GET {path} HTTP/1.1", "Host: localhost", "Connection: close", f"Authorization: Bearer {token}", "", "")
    writer.write("\r\n".join(lines).encode())
    head, body = (await reader.read()).split(b"\r\n\r\n", 1)
    writer.close()
    return int(head.split()[1]), json.loads(body)
