"""The ten analytics over years of trading, and one device's life among all: `python -m bench.analytics` (1,000,000 sales
and as many events, 200,000 repairs, 100,000 swaps).

The median of one client's requests, on SQLite, and with `postgres` on PostgreSQL.
"""

import secrets
import statistics
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

import httpx2
from tests.servers import private_postgres

from bench import ours
from bench.contestants import first_answer, free_port, running, wait_for_line

CUSTOMERS, SALES, STOCK, REPAIRS, SWAPS = 10_000, 1_000_000, 1_000, 200_000, 100_000
ASKED, MOST_MS = 100, 10.0
IMEI = "490154203237518"
PATHS = (
    "overview", "weekly-stats", "monthly-stats", "customer-insights", "repair-statistics", "swap-analytics",
    "sales-analytics", "inventory-report", "profit-loss", "dashboard-summary",
)  # fmt: skip


def medians(url: str, token: str) -> dict[str, float]:
    """Milliseconds to answer each, in the middle."""
    found = {}
    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
        for path in (*(f"/api/analytics/{each}" for each in PATHS), _a_life(client)):
            took = []
            for _ in range(ASKED):
                began = time.perf_counter()
                client.get(path).raise_for_status()
                took.append((time.perf_counter() - began) * 1000)
            found[path.rpartition("/")[2]] = statistics.median(took)
    return found


def _a_life(client: httpx2.Client) -> str:
    """Buy, sell and take back a phone some times; where its history is."""
    form = {"brand": "Apple", "model": "iPhone 13", "condition": "Used", "value": 900, "cost_price": 700, "imei": IMEI}
    phone = client.post("/api/phones/", json=form).raise_for_status().json()["id"]
    for _ in range(5):
        sold = {"customer_id": 1, "phone_id": phone, "amount_paid": 900}
        sale = client.post("/api/sales/", json=sold).raise_for_status().json()["id"]
        client.post(f"/api/sales/{sale}/refund", json={"reason": "Changed their mind"}).raise_for_status()
        client.put(f"/api/phones/{phone}", json={"is_available": True}).raise_for_status()
    return f"/api/devices/{IMEI}/history"


def main() -> int:
    """Measure, print, and say by the exit code whether it is enough."""
    password, on_postgres = secrets.token_urlsafe(16), "postgres" in sys.argv
    share = 20 if "--quick" in sys.argv else 1
    with tempfile.TemporaryDirectory() as folder, private_postgres() if on_postgres else nullcontext() as server:
        place = Path(folder)
        where: str | Path = server.database("analytics") if server is not None else place
        ours.create_user(where, place, password)
        ours.load(where, CUSTOMERS, SALES // share, STOCK, REPAIRS // share, SWAPS // share)
        ours.tell(where, SALES // share)
        port = free_port()
        with running(ours.serve_command(place, port), ours.environment(where, place), place) as process:
            wait_for_line(process, place / "output", "ready http://", place / "errors")
            first_answer(process, port, "/ping", place / "errors")
            url = f"http://127.0.0.1:{port}"
            found = medians(url, ours.sign_in(url, password))
    for name, median in found.items():
        print(f"{name:<20} p50 {median:6.1f} ms {'' if median <= MOST_MS else 'MISSED'}")
    return 0 if max(found.values()) <= MOST_MS else 1


if __name__ == "__main__":
    sys.exit(main())
