"""The pages that people look at, over years of trading: `python -m bench.pages [--quick] [postgres]`.

HTML lists of 50 rows a second with 16 connections, the median time of each kind of page for one reader, what the
first page weighs with everything that it loads, compressed, and after how long it is interactive in a browser that is
four times as slow as this machine's; and how long somebody takes for a plain sale at the till, at the pace of a person.
"""

import re
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from urllib.parse import urljoin

import httpx2
from playwright.sync_api import sync_playwright
from tests.servers import private_postgres

from bench import ours
from bench.contestants import first_answer, free_port, running, wait_for_line
from bench.plan import CONNECTIONS

CUSTOMERS, SALES, STOCK = 10_000, 100_000, 1_000
ASKED, MOST_MS, LISTS, MOST_KB = 50, 10.0, 800, 200
SLOWER, INTERACTIVE_MS, OPENED = 4, 1000.0, 5
SALE_SECONDS, KEY_MS, LOOK_MS = 15.0, 150, 800
"""How long a plain sale may take, a stroke on the keyboard, and a look at what came of it."""
BUSY = """() => new Promise((tell) => {
  const [opened] = performance.getEntriesByType("navigation"), painted = performance.getEntriesByName("first-contentful-paint");
  let last = Math.max(opened.domContentLoadedEventEnd, ...painted.map((each) => each.startTime));
  new PerformanceObserver((seen) => {
    for (const each of seen.getEntries()) last = Math.max(last, each.startTime + each.duration);
  }).observe({ type: "longtask", buffered: true });
  setTimeout(() => tell(last), 1500);
})"""
"""The moment, in ms, at which a page is painted, its scripts have run, and nothing that takes 50 ms is done any more."""
SECONDS = 4
PAGES = (
    "", "/sales", "/sales?search=1234", "/phones?status=AVAILABLE", "/customers", "/repairs", "/swaps", "/sales/500",
    "/customers/500", "/phones/500", "/repairs/50", "/sales/do/sell", "/customers/5/edit", "/-/boards/repairs",
    "/-/search?q=Customer+123", "/api-keys", "/jobs", "/webhooks",
)  # fmt: skip


def come_in(client: httpx2.Client, password: str) -> None:
    """Sign in as a browser does."""
    given = {"name": "bench", "secret": password}
    answer = client.post("/app/-/sign-in", data=given, headers={"Origin": str(client.base_url).rstrip("/")})
    assert answer.status_code == 303, answer.text


def medians(client: httpx2.Client) -> dict[str, float]:
    """Milliseconds to answer each, in the middle."""
    found = {}
    for page in PAGES:
        took = []
        for _ in range(ASKED):
            began = time.perf_counter()
            answer = client.get(f"/app{page}")
            took.append((time.perf_counter() - began) * 1000)
            assert answer.status_code == 200, (page, answer.status_code)
        found[page] = statistics.median(took)
    return found


def lists_a_second(url: str, cookies: str) -> float:
    """How many lists of 50 sales are answered each second."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-H", f"Cookie: {cookies}", f"{url}/app/sales"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in told, told
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert found is not None, told
    return float(found[1])


def weight(client: httpx2.Client) -> float:
    """What the first page and everything that it loads take on the wire, in kB."""
    total = 0
    todo = [("/app", client.get("/app").text)]
    for path, text in todo:
        for each in sorted({path, *re.findall(r'(?:href|src)="([^"#]+\.(?:css|js|svg)\?v=\w+)', text)}):
            with client.stream("GET", urljoin(path, each), headers={"Accept-Encoding": "gzip"}) as answer:
                total += sum(len(piece) for piece in answer.iter_raw())
    return total / 1000


def interactive(url: str, cookies: dict[str, str]) -> float | None:
    """Milliseconds until the first page is interactive for whoever never was here, in the middle; None without Chromium."""
    program = shutil.which("chromium")
    if program is None:
        return None
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        for _ in range(OPENED):
            with browser.new_context() as context:
                context.add_cookies([{"name": name, "value": value, "url": f"{url}/app"} for name, value in cookies.items()])  # fmt: skip
                page = context.new_page()
                context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
                page.goto(f"{url}/app", wait_until="load")
                found.append(float(page.evaluate(BUSY)))
        browser.close()
    return statistics.median(found)


def plain_sale(url: str, client: httpx2.Client) -> float | None:
    """Seconds for a sale by keys alone, from the empty till to its receipt; None without Chromium."""
    program = shutil.which("chromium")
    if program is None:
        return None
    phone = client.get("/app/-/api/api/phones/", params={"available_only": "true", "limit": 1}).json()[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        context = browser.new_context()
        context.add_cookies([{"name": name, "value": value, "url": f"{url}/app"} for name, value in client.cookies.items()])  # fmt: skip
        page = context.new_page()
        page.goto(f"{url}/app/till")
        page.wait_for_selector("#till-brands option", state="attached")
        began = time.perf_counter()
        page.keyboard.type(f"{phone['brand']} {phone['model']}", delay=KEY_MS)
        page.keyboard.press("ArrowDown")
        for shows in ("#till-lines li", "#till-sums .sum", "#till-done:not([hidden])"):
            page.wait_for_timeout(LOOK_MS)
            page.keyboard.press("Enter")
            page.wait_for_selector(shows)
        took = time.perf_counter() - began
        browser.close()
    return took


def main() -> int:
    """Measure, print, and say by the exit code whether it is enough."""
    password, on_postgres = secrets.token_urlsafe(16), "postgres" in sys.argv
    sales = SALES // (20 if "--quick" in sys.argv else 1)
    with tempfile.TemporaryDirectory() as folder, private_postgres() if on_postgres else nullcontext() as server:
        place = Path(folder)
        where: str | Path = server.database("pages") if server is not None else place
        ours.create_user(where, place, password)
        ours.load(where, CUSTOMERS, sales, STOCK)
        port = free_port()
        with running(ours.serve_command(place, port), ours.environment(where, place), place) as process:
            wait_for_line(process, place / "output", "ready http://", place / "errors")
            first_answer(process, port, "/ping", place / "errors")
            url = f"http://127.0.0.1:{port}"
            with httpx2.Client(base_url=url, timeout=60) as client:
                come_in(client, password)
                found, kilobytes = medians(client), weight(client)
                cookies = dict(client.cookies.items())
                rate = lists_a_second(url, "; ".join(f"{name}={value}" for name, value in cookies.items()))
                sale = plain_sale(url, client)
            ready = interactive(url, cookies)
    for page, median in found.items():
        print(f"/app{page:<28} p50 {median:6.1f} ms {'' if median <= MOST_MS else 'MISSED'}")
    lists_met = rate >= LISTS or on_postgres
    print(f"list of 50 sales, {CONNECTIONS} connections: {rate:,.0f}/s {'' if lists_met else 'MISSED'}")
    print(f"first page with all assets, compressed: {kilobytes:,.0f} kB {'' if kilobytes <= MOST_KB else 'MISSED'}")
    if ready is not None:
        print(
            f"first page, CPU {SLOWER}x slower, interactive: {ready:,.0f} ms {'' if ready <= INTERACTIVE_MS else 'MISSED'}"
        )
    if sale is not None:
        print(f"a plain sale by keys at the pace of a person: {sale:.1f} s {'' if sale <= SALE_SECONDS else 'MISSED'}")
    is_ready = ready is None or ready <= INTERACTIVE_MS
    return 0 if max(found.values()) <= MOST_MS and lists_met and kilobytes <= MOST_KB and is_ready else 1


if __name__ == "__main__":
    raise SystemExit(main())
