"""The whole trade under a fuzzer that reads its OpenAPI document (row 38)."""

import json
import subprocess
import sys
from pathlib import Path

from tests.reliability.serving import Server, Shop

ROOT = Path(__file__).parents[2]
PROGRAM = Path(sys.executable).with_name("schemathesis")


def fuzzed(shop: Shop, server: Server, cases: int, *options: str) -> None:
    """Send each operation so many requests, good ones and bad ones; every check of every answer has to hold."""
    report = shop.folder / "fuzz.json"
    words = [
        str(PROGRAM), "--no-color", "--config-file", str(ROOT / "schemathesis.toml"), "run", f"{server.base}{shop.trade.docs[2]}",
        "--header", f"Authorization: Bearer {shop.token}", "--max-examples", str(cases), "--continue-on-failure",
        "--request-timeout", "60", "--report-json-path", str(report), *options,
    ]  # fmt: skip
    done = subprocess.run(words, capture_output=True, text=True, cwd=shop.folder, check=False)
    said = "\n".join(line[:300] for line in done.stdout.splitlines()[:400])
    assert report.exists(), said + done.stderr[-2000:]
    assert json.loads(report.read_text()), said
    assert done.returncode == 0, said
