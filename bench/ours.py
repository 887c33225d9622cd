"""Our side: a user, the bulk load, the command, the token, the cursor."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx2

from bench.plan import DEEP, PAGE

TRADEHALL = str(Path(sys.executable).parent / "tradehall")


def load(database_url_or_data_dir: str | Path, customers: int, sales: int, stock: int) -> tuple[int, int]:
    """Fill the phone shop in bulk and rebuild its kept totals; return the first customer's and the first stock phone's id.

    A data directory (Path) means SQLite, a URL (str) PostgreSQL. Ids are contiguous; each sale has a sold phone of its
    own; the repairs and swaps are as many as the plan says.
    """
    raise SystemExit(f"The bulk load of {customers} customers, {sales} sales and {stock} phones isn't written yet.")


def environment(where: str | Path, data: Path) -> dict[str, str]:
    """The settings of a phone shop that keeps its rows there, as environment variables."""
    database = {"DATABASE_URL": where} if isinstance(where, str) else {}
    return {"TRADEHALL_DATA": str(data), **database}


def create_user(where: str | Path, data: Path, password: str) -> None:
    """Create the owner who signs in for the measurement."""
    command = [TRADEHALL, "user", "create", "bench", "--trade", "phoneshop", "--role", "owner", "--password-stdin"]
    env = os.environ | environment(where, data)
    for step, given in (([TRADEHALL, "migrate"], ""), (command, password + "\n")):
        subprocess.run(step, env=env, input=given, text=True, check=True, stdout=subprocess.DEVNULL)


def serve_command(data: Path, port: int) -> list[str]:
    """The command that serves the phone shop."""
    return [TRADEHALL, "serve", "phoneshop", "--data", str(data), "--port", str(port)]


def sign_in(url: str, password: str) -> str:
    """Exchange the password for an access token."""
    who = {"username": "bench", "password": password}
    answer = httpx2.post(f"{url}/api/auth/login-json", json=who, timeout=30).raise_for_status()
    return str(answer.json()["access_token"])


def deep_path(ask: Callable[[str], httpx2.Response]) -> str:
    """The page that begins after the newest 40,000 sales, by cursor."""
    cursor = ask(f"/api/sales/?skip={DEEP - 1}&limit=1").headers["X-Next-Cursor"]
    return f"/api/sales/?limit={PAGE}&after={cursor}"
