"""Row 15: who is signed out, shut out or given another role in one process is so in every other."""

import asyncio

import httpx2
import pytest

from tests.reliability.serving import Shop

PASSWORD = {"username": "owner", "password": "four walls and a roof"}


async def until(server: httpx2.AsyncClient, path: str, status: int) -> None:
    """Ask until it is answered with this status."""
    async with asyncio.timeout(20):
        while (await server.get(path)).status_code != status:  # noqa: ASYNC110 - what is waited for is elsewhere
            await asyncio.sleep(0.05)


async def signed_in(server: httpx2.AsyncClient, **more: str) -> str:
    answer = await server.post("/api/auth/login-json", json=PASSWORD | more)
    assert answer.status_code == 200, answer.text
    return f"Bearer {answer.json()['access_token']}"


async def test_row_15_a_second_process_learns_who_is_signed_out_shut_out_or_given_another_role(real_shop: Shop) -> None:
    if real_shop.on_sqlite:
        pytest.skip("one process serves a SQLite file; tests/test_cli.py has the command line as the other")
    here, there = real_shop.serve(), real_shop.serve()
    async with real_shop.client(here) as owner, httpx2.AsyncClient(base_url=there.base, trust_env=False) as other:
        other.headers["Authorization"] = await signed_in(owner)
        assert (await other.get("/api/users")).status_code == 200
        answer = await owner.post("/api/auth/logout", headers=dict(other.headers))
        assert answer.status_code == 200
        await until(other, "/api/users", 401)
        made = {"username": "esi", "password": "four walls and a roof", "role": "owner"}
        esi = (await owner.post("/api/users", json=made)).json()["id"]
        other.headers["Authorization"] = await signed_in(other, username="esi")
        await until(other, "/api/users", 200)
        await owner.patch(f"/api/users/{esi}", json={"role": "clerk"})
        await until(other, "/api/users", 403)
        await owner.patch(f"/api/users/{esi}", json={"is_active": False})
        await until(other, "/api/users", 401)
