"""The servers that the tests bring along."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from tests.servers import PATIENCE, Postgres, private_postgres, private_valkey


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with private_postgres() as server:
        yield server


def test_the_application_role_owns_its_database_and_is_no_superuser(postgres: Postgres) -> None:
    with psycopg.connect(postgres.database("shop")) as shop:
        rights = shop.execute(
            "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
        shop.execute("CREATE TABLE phones (id bigint PRIMARY KEY)")
    assert rights == ("tradehall", False, False, False, False)


def test_a_database_asked_for_again_is_empty_while_others_stay(postgres: Postgres) -> None:
    other, first = postgres.database("other"), postgres.database("again")
    for url in (other, first):
        with psycopg.connect(url) as database:
            database.execute("CREATE TABLE phones (id bigint PRIMARY KEY)")
    tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
    with psycopg.connect(postgres.database("again")) as again, psycopg.connect(other) as kept:
        assert again.execute(tables).fetchone() == (0,)
        assert kept.execute(tables).fetchone() == (1,)


def test_what_is_committed_is_on_the_disk(postgres: Postgres) -> None:
    with psycopg.connect(postgres.database("durable")) as database:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert database.execute(f"SHOW {setting}").fetchone() == ("on",)


def test_text_sorts_by_code_point_and_changes_case_in_all_of_unicode(postgres: Postgres) -> None:
    with psycopg.connect(postgres.database("text")) as database:
        names = database.execute("SELECT n FROM unnest(ARRAY['b', 'a', 'B', 'É']) AS n ORDER BY n").fetchall()
        lower = database.execute("SELECT lower('É')").fetchone()
    assert names == [("B",), ("a",), ("b",), ("É",)]
    assert lower == ("é",)


def test_the_superuser_can_add_vectors_to_a_database(postgres: Postgres) -> None:
    postgres.database("vectors")
    with psycopg.connect(postgres.admin("vectors")) as database:
        database.execute("CREATE EXTENSION vector")
        assert database.execute("SELECT '[3,4]'::vector <-> '[0,0]'::vector").fetchone() == (5.0,)


def test_postgres_never_runs_as_root_and_leaves_nothing(postgres: Postgres) -> None:
    with private_postgres("max_connections=10") as second:
        assert second.admin_url != postgres.admin_url
        with psycopg.connect(second.admin_url) as database:
            assert database.execute("SHOW max_connections").fetchone() == ("10",)
            row = database.execute("SHOW data_directory").fetchone()
        assert row is not None
        data = Path(row[0])
        assert data.stat().st_uid != 0
    assert not data.parent.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(second.admin_url)


def test_valkey_answers_while_the_block_runs() -> None:
    with private_valkey() as url, redis.Redis.from_url(url) as client:
        client.set("phone", "found")
        assert client.get("phone") == b"found"
    with pytest.raises(redis.ConnectionError), redis.Redis.from_url(url) as gone:
        gone.ping()


def test_ctrl_c_stops_a_server(tmp_path: Path) -> None:
    script = """
import os, signal, time
from tests.servers import private_valkey
signal.signal(signal.SIGINT, signal.default_int_handler)  # which whoever runs in the background of a shell has not
with private_valkey() as url:
    print(url, flush=True)
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.1)
"""
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=root, env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert "KeyboardInterrupt" in done.stderr
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(redis.ConnectionError), redis.Redis.from_url(done.stdout.strip()) as gone:
        gone.ping()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_ends_with_the_process_that_started_it_however_that_ends(by: signal.Signals, tmp_path: Path) -> None:
    script = """
import signal
from tests.servers import private_postgres
with private_postgres("fsync=off") as server:
    print(server.program.processes[0], flush=True)
    signal.pause()
"""
    tmp_path.chmod(0o711)
    with subprocess.Popen(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[1],
        env={**os.environ, "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, text=True,
    ) as starter:  # fmt: skip
        assert starter.stdout is not None
        server = Path("/proc") / starter.stdout.readline().strip()
        folder = (server / "cwd").resolve()
        starter.send_signal(by)
    latest = time.monotonic() + PATIENCE
    while (folder.exists() or server.exists()) and time.monotonic() < latest:
        time.sleep(0.05)
    assert not folder.exists()
    assert not server.exists()
