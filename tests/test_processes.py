"""Processes that serve: how one stops, that SQLite has one, and several on PostgreSQL."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.commands import free_port, refusal, run, serving, until
from tests.servers import Postgres, private_valkey

TRADEHALL = Path(sys.executable).with_name("tradehall")


def test_a_second_process_on_the_same_sqlite_file_is_refused(tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "phoneshop") as first:
        ended = run(tmp_path, "serve", "phoneshop", "--port", str(free_port()))
        assert "another process serves data/tradehall.db already" in refusal(ended)
        assert first.http.get("/health").status_code == 200


@pytest.mark.parametrize("words", [("serve", "--workers", "2"), ("worker",)], ids=lambda words: words[0])
def test_several_processes_need_postgresql_and_redis(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert refusal(run(tmp_path, *words)) == (
        "several processes need PostgreSQL (DATABASE_URL) and a Redis or Valkey (REDIS_URL)"
    )


@contextmanager
def several(folder: Path, environment: dict[str, str], *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A command that serves until the block ends; the process and where it answers."""
    port, known = free_port(), {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [str(TRADEHALL), *words, "--port", str(port)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=known | environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout is not None
    try:
        assert any(line.startswith("ready") for line in process.stdout), (folder / "log").read_text()
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
        process.stdout.close()


def children(pid: int) -> set[int]:
    return {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}


def get(url: str) -> httpx2.Response:
    return httpx2.get(url, trust_env=False, timeout=30)


def test_several_processes_serve_count_together_and_replace_the_one_that_dies(
    private_server: Postgres, tmp_path: Path
) -> None:
    with private_valkey() as redis:
        url = private_server.database(f"several_{abs(hash(tmp_path)) % 10**9}")
        environment = {"DATABASE_URL": url, "REDIS_URL": redis, "RATE_LIMIT": "40/day"}
        with several(tmp_path, environment, "serve", "phoneshop", "--workers", "2") as (process, base):
            first = children(process.pid)
            asked = [get(f"{base}/health") for _ in range(50)]
            assert len({each.headers["X-Request-ID"].split("-")[0] for each in asked}) == 2
            assert [each.status_code for each in asked].count(200) == 40  # exact over both (row 40)
            told = get(f"{base}/metrics").text
            counted = 'tradehall_request_seconds_count{method="GET",route="/health",status="200",trade="phoneshop"} '
            assert f"{counted}40.0" in told
            os.kill(min(first), signal.SIGKILL)
            until(lambda: len(children(process.pid) - {min(first)}) == 2)
            assert get(f"{base}/readyz").status_code == 200
            with several(tmp_path, environment, "worker") as (_, beside):
                assert get(f"{beside}/readyz").status_code == 200
                assert get(f"{beside}/health").status_code == 404
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            assert time.monotonic() - began < 20
