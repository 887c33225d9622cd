"""The two servers side by side: started, signed in to, looked at, stopped."""

import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import httpx2
from joserfc import jwt
from joserfc.jwk import OctKey

from bench import ours
from bench.plan import CONNECTIONS, DEEP, PAGE, TILLS_PHONES

ROOT = Path(__file__).parent.parent
PATIENCE = 60.0


@dataclass(frozen=True)
class Stock:
    """Where the loaded rows are: ids are contiguous, and the last phones are kept for the tills."""

    first_customer: int
    customers: int
    sales: int
    first_phone: int
    phones: int

    @property
    def last_timed(self) -> int:
        """The last phone that the timed POSTs may sell."""
        return self.first_phone + self.phones - TILLS_PHONES - 1


@dataclass
class Contestant:
    """A running server, with what a client needs to know of it."""

    name: str
    url: str
    token: str
    stock: Stock
    start_seconds: float
    idle_mb: float
    deep_path: str
    next_phone: int
    connections: int = CONNECTIONS
    """How many connections the load keeps open."""

    @property
    def headers(self) -> dict[str, str]:
        """The bearer token as a header."""
        return {"Authorization": f"Bearer {self.token}"}

    def ask(self, path: str) -> httpx2.Response:
        """GET a path once, raising unless it is 200."""
        answer = httpx2.get(self.url + path, headers=self.headers, timeout=PATIENCE)
        return answer.raise_for_status()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int, path: str) -> bool:
    """Whether a GET is answered with 200; by the bare client, since building a TLS context would take the server's CPU."""
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (HTTPException, OSError):
        return False
    finally:
        connection.close()


def first_answer(process: subprocess.Popen[bytes], port: int, path: str, errors: Path) -> None:
    """Wait until the server answers."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if answers(port, path):
            return
        time.sleep(0.005)
    raise SystemExit(f"No answer on {path}: {errors.read_text()[-2000:]}")


def wait_for_line(process: subprocess.Popen[bytes], output: Path, line: str, errors: Path) -> None:
    """Wait until the server has printed the line's beginning."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if line in output.read_text():
            return
        time.sleep(0.005)
    raise SystemExit(f"No line '{line}': {errors.read_text()[-2000:]}")


def memory_mb(process_id: int) -> float:
    """Resident memory of a process and its children, in MB."""
    proc = Path(f"/proc/{process_id}")
    kilobytes = next(line.split()[1] for line in (proc / "status").read_text().splitlines() if line.startswith("VmRSS"))
    children = (proc / "task" / str(process_id) / "children").read_text().split()
    return int(kilobytes) * 1024 / 1e6 + sum(memory_mb(int(child)) for child in children)


@contextmanager
def running(command: Sequence[str], env: Mapping[str, str], place: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server with its output in files, and stop it at the end."""
    with (place / "output").open("wb") as output, (place / "errors").open("wb") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | env, stdout=output, stderr=errors)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextmanager
def reference(database_url: str, stock: Stock, place: Path) -> Iterator[Contestant]:
    """Load and serve the ordinary design."""
    place.mkdir()
    secret = secrets.token_hex(32)
    env = {"DATABASE_URL": database_url, "SECRET_KEY": secret}
    sizes = [str(stock.customers), str(stock.sales), str(stock.phones)]
    subprocess.run([sys.executable, "-m", "bench.reference.load", *sizes], cwd=ROOT, env=os.environ | env, check=True)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    claims = {"sub": "bench", "exp": int(time.time()) + 86_400}
    token = jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(secret))
    command = [sys.executable, "-m", "uvicorn", "bench.reference.app:app", "--port", str(port)]
    started = time.monotonic()
    with running(command, env, place) as process:
        first_answer(process, port, "/bare", place / "errors")
        took = time.monotonic() - started
        time.sleep(1)
        deep = f"/api/sales/?limit={PAGE}&skip={DEEP}"
        yield Contestant("reference", url, token, stock, took, memory_mb(process.pid), deep, stock.first_phone)


@contextmanager
def tradehall(where: str | Path, stock: Stock, place: Path, name: str = "ours") -> Iterator[Contestant]:
    """Load and serve the phone shop of Tradehall."""
    place.mkdir(exist_ok=True)
    password = secrets.token_urlsafe(16)
    ours.create_user(where, place, password)
    first_customer, first_phone = ours.load(where, stock.customers, stock.sales, stock.phones)
    stock = replace(stock, first_customer=first_customer, first_phone=first_phone)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    started = time.monotonic()
    with running(ours.serve_command(place, port), ours.environment(where, place), place) as process:
        wait_for_line(process, place / "output", "ready http://", place / "errors")
        first_answer(process, port, "/ping", place / "errors")
        took = time.monotonic() - started
        time.sleep(1)
        idle = memory_mb(process.pid)
        token = ours.sign_in(url, password)
        contestant = Contestant(name, url, token, stock, took, idle, "", first_phone)
        contestant.deep_path = ours.deep_path(contestant.ask)
        yield contestant
