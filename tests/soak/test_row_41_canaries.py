"""Row 41 in full: what somebody sent, and no secret, is in the log of a server at its most talkative, in a job or in a mail."""

import asyncio
import json
import resource
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
import psycopg
import pytest
import sqlalchemy as sa
from websockets.asyncio.client import connect

from tests.adapters.providers import ACCOUNT, NUMBER, TOKEN, FakeTwilio, Mailbox, fake_twilio, mail_server
from tests.reliability.serving import SECRET, Server, Shop, a_customer, a_phone
from tests.reliability.test_row_33_disk_full import limit
from tests.reliability.test_row_41_logs import ALL, CANARY, PHONE, bodies
from tests.servers import Postgres
from tradehall.kernel.jobs import JOBS

pytestmark = pytest.mark.soak
KEY, WORDS, MAIL, METRICS, SEAL = (f"{CANARY}{each}" for each in ("key", "words", "mail", "metrics", "seal"))
RAW = (
    f"GET /{CANARY} HTTP/1.1\r\nbad {CANARY}\r\n\r\n", f"{CANARY} / HTTP/1.1\r\nhost: x\r\n\r\n",
    f"GET / HTTP/1.1\r\nhost: x\r\nx-long: {CANARY * 10_000}\r\n\r\n", f"GET /?{CANARY}=\0 HTTP/1.1\r\nhost: x\r\n\r\n",
    f"POST /api/phones HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{{{CANARY}",
    f"POST /api/phones HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{CANARY}\r\n",
)  # fmt: skip


class Blunt(FakeTwilio):
    """A provider whose errors repeat what it was asked."""

    def _error(self, status: int, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        return status, {"code": 20500, "message": f"{fields} of {ACCOUNT}:{TOKEN} {CANARY}", "status": status}


@asynccontextmanager
async def talking(shop: Shop) -> AsyncIterator[tuple[Server, httpx2.AsyncClient, FakeTwilio, Mailbox]]:
    """A server that logs all it can and has every secret that there is, with providers who refuse at first."""
    async with fake_twilio(Blunt(does=[400, 500, 401, 21610])) as provider, mail_server() as box:
        box.says = [f"451 {CANARY} later", f"554 {CANARY} never"]
        server = await asyncio.to_thread(
            lambda: shop.serve(
                LOG_LEVEL="debug", ENABLE_SMS="true", TWILIO_ACCOUNT_SID=ACCOUNT, TWILIO_AUTH_TOKEN=TOKEN,
                TWILIO_PHONE_NUMBER=NUMBER, TWILIO_BASE_URL=provider.base, SMTP_HOST="127.0.0.1", SMTP_TLS="none",
                SMTP_PORT=str(box.port), SMTP_FROM="shop@example.com", SMTP_PASSWORD=MAIL, METRICS_TOKEN=METRICS,
                BACKUP_PASSPHRASE=SEAL,
            )
        )  # fmt: skip
        async with shop.client(server) as client:
            yield server, client, provider, box


async def everything(client: httpx2.AsyncClient) -> list[httpx2.Response]:
    """Every operation with a canary in each field, header, parameter and name."""
    hidden = {"X-API-Key": KEY, "Cookie": f"session={CANARY}", "Idempotency-Key": CANARY, CANARY: CANARY}
    found = []
    for operation in ALL:
        for row in ("1", CANARY):
            path = "/".join(row if part.startswith("{") else part for part in operation.contract.path.split("/"))
            for body in bodies(operation):
                more = {"json": body} if body is not None else {}
                query = f"{path}?search={CANARY}&phone={PHONE}"
                found.append(await client.request(operation.contract.method, query, headers=hidden, **more))
    as_json = {"content-type": "application/json"}
    malformed = (f"{{{CANARY}".encode(), b"\xff" + CANARY.encode(), f'"{CANARY}"'.encode(), b"[" * 9000)
    found += [await client.post("/api/phones", content=each, headers=as_json) for each in malformed]
    for name, content in ((f"{CANARY}.png", b"\x89PNG" + CANARY.encode()), (f"{CANARY}.txt", CANARY.encode())):
        found.append(await client.post("/api/files", files={"file": (name, content)}))
    return found


async def by_the_wire(server: Server, token: str) -> None:
    """What is no HTTP, and what is said over a socket."""
    for raw in RAW:
        _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        with suppress(OSError):
            writer.write(raw.encode())
            await writer.drain()
            await asyncio.sleep(0.2)
        writer.close()
    for first in ({"token": CANARY}, {"token": token, "topics": [CANARY]}, {CANARY: CANARY}, CANARY):
        with suppress(Exception):
            async with connect(f"ws://127.0.0.1:{server.port}/api/events/socket?{CANARY}", proxy=None) as line:
                await line.send(json.dumps(first))
                await line.send(CANARY)
                await asyncio.wait_for(line.recv(), 2)


async def told(client: httpx2.AsyncClient, provider: FakeTwilio, box: Mailbox) -> None:
    """Sales whose receipts their providers refuse at first."""
    await client.put("/api/settings", json={"messages": True, "quiet_from": "", "quiet_until": ""})
    words = {
        "template": "sale_receipt",
        "sms": f"{{customer}} {CANARY}",
        "subject": CANARY,
        "email": f"{CANARY} {{customer}}",
    }
    assert (await client.put("/api/messages/templates", json=words)).status_code == 200
    for number in range(6):
        person = {
            "full_name": f"Ama {CANARY}",
            "phone_number": f"020333444{number}",
            "email": f"{CANARY}{number}@example.com",
        }
        customer = (await client.post("/api/customers", json=person)).json()["id"]
        sale = {"customer_id": customer, "phone_id": await a_phone(client), "amount_paid": 100}
        assert (await client.post("/api/sales", json=sale)).status_code == 201
    async with asyncio.timeout(60):
        while provider.asked < 6 or len(box.letters) < 6:  # noqa: ASYNC110 - they ring no bell
            await asyncio.sleep(0.1)


def alter(shop: Shop, admin: Postgres | None, old: str, new: str) -> None:
    """Make every statement on phones fail, in words of the database that hold what was sent; or well again."""
    change = f"ALTER TABLE phoneshop_phones RENAME COLUMN {old} TO {new}"
    if admin is None:
        with sqlite3.connect(shop.folder / "tradehall.db") as database:
            database.execute(change)
        database.close()
        return
    with psycopg.connect(admin.admin(shop.url.rsplit("/", 1)[1]), autocommit=True) as database_:
        database_.execute(change.encode())


async def broken(shop: Shop, client: httpx2.AsyncClient, admin: Postgres | None) -> list[httpx2.Response]:
    """Errors that nobody foresaw, and the database thrown away under running requests."""
    phone = {"brand": CANARY, "model": CANARY, "condition": "Used", "value": 100, "notes": CANARY}
    await asyncio.to_thread(alter, shop, admin, "model", "was_model")
    found = [await client.post("/api/phones", json=phone), await client.get(f"/api/phones?search={CANARY}")]
    await asyncio.to_thread(alter, shop, admin, "was_model", "model")
    assert [each.status_code for each in found] == [500, 500]

    async def ask() -> httpx2.Response:
        return await client.post("/api/phones", json=phone)

    asking = [asyncio.create_task(ask()) for _ in range(20)]
    if admin is None:
        limit(shop.servers[-1], max(each.stat().st_size for each in shop.folder.glob("tradehall.db*")))
        found += await asyncio.gather(*asking, ask())
        limit(shop.servers[-1], resource.RLIM_INFINITY)
    else:
        with psycopg.connect(admin.admin_url, autocommit=True) as database:
            database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'tradehall'")
        found += await asyncio.gather(*asking, ask())
    return found


@pytest.fixture
def admin(real_shop: Shop, request: pytest.FixtureRequest) -> Postgres | None:
    """The PostgreSQL of the shop, if it is on one."""
    return None if real_shop.on_sqlite else request.getfixturevalue("durable_postgres")


async def test_row_41_nothing_that_was_sent_and_no_secret_is_in_log_job_or_mail(
    real_shop: Shop, admin: Postgres | None
) -> None:
    async with talking(real_shop) as (server, client, provider, box):
        await a_customer(client)
        secrets = [SECRET, real_shop.token, TOKEN, MAIL, METRICS, SEAL, "four walls and a roof"]
        secrets.append((await client.post("/api/api-keys", json={"name": "till", "scopes": ["read"]})).json()["key"])
        known = {"username": "ama", "role": "clerk"}
        link = (await client.post("/api/users", json=known)).json()["link"]
        secrets.append(link.rsplit("/", 1)[1])
        assert (await client.get(f"/welcome/{secrets[-1]}")).status_code == 200
        answers = await everything(client)
        await by_the_wire(server, real_shop.token)
        await told(client, provider, box)
        answers += await broken(real_shop, client, admin)
        jobs = await real_shop.read(lambda session: [str(row) for row in session.execute(sa.select(JOBS))])
    server.process.terminate()
    await asyncio.to_thread(server.process.wait, 20)
    log = (real_shop.folder / f"log-{server.port}").read_text()
    hidden = [*secrets, CANARY, PHONE, *([real_shop.url.split(":")[2].split("@")[0]] if real_shop.url else [])]
    assert len(log.splitlines()) >= len(answers)
    assert '"status":500' in log
    assert [each for each in hidden if each in log] == []
    assert [each for each in secrets if any(each in job for job in jobs)] == []
    assert [each for each in secrets if any(each.encode() in (letter.content or b"") for letter in box.letters)] == []
    for answer in answers:
        if answer.status_code >= 400:
            assert not [
                each
                for each in (*secrets, "Traceback", ".py", "sqlalchemy", "asyncpg", "INSERT ")
                if each in answer.text
            ]
        if answer.status_code >= 500:
            assert CANARY not in answer.text
