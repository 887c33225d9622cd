"""Signing in over HTTP, as a client does."""

from typing import Any

import httpx2

from tests.running import PASSWORD, Application, Person


async def sign_in(
    application: Application, name: str, password: str = PASSWORD, device: str = "", **more: Any
) -> httpx2.Response:
    """Try to sign in, from a device if it has a token; cookies are left aside."""
    headers = {"X-Device-Token": device} if device else {}
    application.http.cookies.clear()
    answer = await application.stranger.post(
        "/api/auth/login-json", json={"username": name, "password": password} | more, headers=headers
    )
    application.http.cookies.clear()
    return answer


async def session(application: Application, name: str, password: str = PASSWORD, **more: Any) -> dict[str, Any]:
    """Sign in; the answer."""
    answer = await sign_in(application, name, password, **more)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found | {"device": answer.headers["X-Device-Token"]}


def bearer(application: Application, granted: dict[str, Any]) -> Person:
    """Somebody with the access token of a session."""
    return Person(application.http, granted["access_token"])


async def renew(application: Application, token: str) -> httpx2.Response:
    """Show a refresh token."""
    return await application.stranger.post("/api/auth/refresh", json={"refresh_token": token})
