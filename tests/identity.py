"""An OpenID provider of one's own, over real HTTP, that can be told to lie.

with provider() as them:
    them.person = {"sub": "7", "email": "ama@example.com", "email_verified": True}
    them.forge = lambda claims, header: ...   # an ID token instead of the true one
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, PASSWORD = "tradehall", "between the two of us"


def part(value: Any) -> str:
    """A part of a JWT."""
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@cache
def first_key() -> RSAKey:
    """The key that a provider begins with."""
    return RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})


class Identity:
    """Who people are, as the provider says."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.key = first_key()
        self.person: dict[str, Any] = {"sub": "7", "email": "ama@example.com", "email_verified": True, "name": "Ama"}
        self.forge: Callable[[dict[str, Any]], str] = self.signed
        self.metadata: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []

    def signed(self, claims: dict[str, Any]) -> str:
        """The true token."""
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def discovered(self) -> dict[str, Any]:
        ends = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        found = {f"{name}_endpoint": f"{self.base}/{path}" for name, path in ends.items()}
        return {"issuer": self.base, "jwks_uri": f"{self.base}/jwks"} | found | self.metadata

    def authorized(self, query: dict[str, str]) -> str:
        """Where the browser is sent once the person has agreed."""
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], basic: str) -> tuple[int, dict[str, Any]]:
        """What a code is worth, once, to whoever has its verifier and the client's secret."""
        asked = self.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        right = base64.b64encode(f"{CLIENT}:between+the+two+of+us".encode()).decode()
        plain = base64.b64encode(f"{CLIENT}:{PASSWORD}".encode()).decode()
        if (
            asked is None
            or asked["code_challenge"] != base64.urlsafe_b64encode(digest).decode().rstrip("=")
            or asked["code_challenge_method"] != "S256"
            or asked["redirect_uri"] != form.get("redirect_uri")
            or basic.removeprefix("Basic ") not in (right, plain)
        ):
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.base, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"]} | self.person
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": self.forge(claims)}


class _Handler(BaseHTTPRequestHandler):
    them: Identity

    def _send(self, status: int, body: Any, **headers: str) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        told = {"Content-Type": "application/json", "Content-Length": str(len(content)), **headers}
        for name, value in told.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def do_GET(self) -> None:
        at = urlsplit(self.path)
        self.them.asked.append(at.path)
        if at.path == "/.well-known/openid-configuration":
            self._send(200, self.them.discovered())
        elif at.path == "/jwks":
            self._send(200, {"keys": [self.them.key.as_dict(private=False)]})
        elif at.path == "/authorize":
            self._send(302, {}, Location=self.them.authorized(dict(parse_qsl(at.query))))
        elif at.path == "/userinfo" and self.headers["Authorization"] == "Bearer at":
            self._send(200, {"sub": "7", "email": "from-userinfo@example.com", "email_verified": True})
        else:
            self._send(404, {})

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        flat = {name: values[0] for name, values in form.items()}
        self._send(*self.them.token(flat, self.headers.get("Authorization", "")))

    def log_message(self, *_: Any) -> None:
        return


@contextmanager
def provider() -> Iterator[Identity]:
    """Serve on a free loopback port."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.them = them = Identity(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]  # of _Handler
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield them
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
