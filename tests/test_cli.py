"""The command line as it is run: real processes, what they print, how they end, and what they serve meanwhile."""

import json
import re
import signal
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.commands import PASSWORD, PATIENCE, done, refusal, run, serving, until
from tradehall.kernel.trade import installed

AMA = {"full_name": "Ama Owusu", "phone_number": "0241234567"}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The data folder of an installation."""
    return tmp_path / "data"


# Serving.


def test_the_first_start_prints_an_owner_s_link_that_works_once(data: Path, tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "phoneshop", "--data", str(data)) as server:
        first, ready = server.printed
        assert ready == f"ready http://localhost:{server.port}"
        found = re.fullmatch(rf".* good for one day: http://localhost:{server.port}(/welcome/\S+)", first)
        assert found
        path = found[1]
        page = server.http.get(path)
        assert (page.status_code, "choose how you, the owner, sign in" in page.text) == (200, True)
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "same-origin"
        assert "script-src 'none'" in page.headers["content-security-policy"]

        def choose(name: str, password: str, again: str) -> tuple[int, str]:
            answer = server.http.post(path, data={"username": name, "password": password, "again": again})
            return answer.status_code, answer.text

        for given, sentence in (
            (("ama", PASSWORD, "another"), "The two passwords are not the same."),
            (("ama", "short", "short"), "A password has 8 to 255 characters."),
            (("ama", "password123", "password123"), "This password is the first that anybody would guess."),
            ((" ", PASSWORD, PASSWORD), "Choose a name to sign in with."),
        ):
            status, text = choose(*given)
            assert (status, sentence in text) == (422, True)
        assert choose("ama", PASSWORD, PASSWORD)[0] == 303
        status, text = choose("kofi", PASSWORD, PASSWORD)
        assert (status, "This link was used already, or it has expired." in text) == (404, True)
        assert server.http.get(path).status_code == 404
        assert server.me(server.token("ama")) == 200
        wrong = server.http.post("/api/auth/login", data={"username": "ama", "password": "not this one"})
        assert wrong.status_code == 401
        assert server.http.get("/api/customers/").status_code == 401
        assert server.stop() == 0
    with serving(tmp_path, "serve", "phoneshop", "--data", str(data)) as server:
        assert server.printed == [f"ready http://localhost:{server.port}"]


def test_sigterm_finishes_what_is_in_flight(data: Path, tmp_path: Path) -> None:
    body = json.dumps(AMA).encode()
    head = f"POST /api/customers/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    with serving(tmp_path, "serve", "phoneshop", "--open", "--data", str(data)) as server:
        with socket.create_connection(("127.0.0.1", server.port), PATIENCE) as line:
            line.sendall(head.encode() + b"Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n")
            assert line.recv(1000).startswith(b"HTTP/1.1 100 ")  # it waits for the body now
            server.process.send_signal(signal.SIGTERM)
            until(lambda: _refuses(server.port))
            line.sendall(body)
            assert line.recv(10_000).startswith(b"HTTP/1.1 201 ")
        assert server.process.wait(PATIENCE) == 0
    with sqlite3.connect(data / "tradehall.db") as database:
        assert database.execute("SELECT full_name FROM phoneshop_customers").fetchall() == [("Ama Owusu",)]
    database.close()


def _refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_an_open_installation_acts_as_the_owner_and_refuses_other_sites(data: Path, tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "phoneshop", "--open", "--data", str(data)) as server:
        assert server.printed == [f"ready http://localhost:{server.port}"]
        ask = server.http
        made = ask.post("/api/customers/", json=AMA)
        assert made.status_code == 201
        assert ask.get("/api/auth/me").json()["role"] == "owner"
        assert ask.get("/health").json() == {"status": "ok", "service": "SwapSync API"}
        for host in ("shop.example.com", "shop.example.com:8000", "localhost.example.com", "10.0.0.1", "[2001:db8::1]"):
            assert ask.get("/api/customers/", headers={"Host": host}).status_code == 403
        for origin in (
            "https://evil.example",
            "null",
            "http://localhost.evil.example",
            "http://localhost@evil.example",
        ):
            answer = ask.delete(f"/api/customers/{made.json()['id']}", headers={"Origin": origin})
            assert (answer.status_code, answer.json()["detail"]) == (
                403,
                "A page of another site may not ask an open installation",
            )
        for host in ("localhost", "127.0.0.1:9", "[::1]:8000", "phoneshop.localhost"):
            more = {"Host": host, "Origin": "http://localhost:3000"}
            assert ask.get("/api/customers/", headers=more).status_code == 200
        assert ask.get("/api/customers/", headers={"Authorization": "Bearer nonsense"}).status_code == 401


def test_several_trades_are_served_side_by_side(data: Path, tmp_path: Path) -> None:
    with serving(tmp_path, "serve", "--open", "--data", str(data)) as server:
        ask = server.http
        home = ask.get("/")
        assert (home.status_code, home.headers["content-type"]) == (200, "text/html; charset=utf-8")
        for name in ("phoneshop", "bicycles"):
            assert f'href="/{name}/docs"' in home.text
            assert ask.get(f"/{name}/docs").status_code == 200
            assert ask.get(f"/{name}/openapi.json").json()["servers"] == [{"url": f"/{name}"}]
        alone = ask.get("/", headers={"Host": "bicycles.localhost"})
        assert (alone.status_code, 'href="/docs"' in alone.text, "phoneshop" in alone.text) == (200, True, False)
        assert "servers" not in ask.get("/openapi.json", headers={"Host": "bicycles.localhost"}).json()
        assert ask.post("/phoneshop/api/customers/", json=AMA).status_code == 201
        assert len(ask.get("/phoneshop/api/customers").json()) == 1
        for host in ("phoneshop.localhost", f"phoneshop.localhost:{server.port}"):
            assert len(ask.get("/api/customers/", headers={"Host": host}).json()) == 1
        assert ask.get("/bicycles/api/bicycles").json() == []
        assert ask.get("/bicycles/api/customers/").status_code == 404
        assert ask.get("/api/customers/").status_code == 404
        assert ask.get("/assets/plain.css").status_code == 200


def test_demo_loads_its_sample_data_once_and_is_entered_in_any_role(tmp_path: Path) -> None:
    before: list[int] = []
    for start in ("first", "second"):
        with serving(tmp_path, "demo", "phoneshop", "bicycles") as server:
            assert server.printed == [f"ready http://localhost:{server.port}"]
            counts = [
                int(server.http.get(f"/phoneshop/api/{name}/").headers["x-total-count"])
                for name in ("customers", "phones", "sales", "swaps")
            ]
            assert all(count > 50 for count in counts)
            assert counts == (before := counts if start == "first" else before)
            assert (
                server.http.get("/phoneshop/api/analytics/weekly-stats").json()["last_7_days"]["sales"][-1]["count"] > 0
            )
            entered = server.http.post(
                "/phoneshop/app/-/enter", data={"role": "clerk"}, headers={"Sec-Fetch-Site": "same-origin"}
            )
            assert entered.status_code == 303
            page = server.http.get("/phoneshop/app", headers={"Accept": "text/html"})
            assert ("mavis" in page.text, "/-/backups" in page.text) == (True, False)
            server.http.cookies.clear()
            assert len(server.http.get("/bicycles/api/bicycles").json()) == 3
            assert server.stop() == 0
            assert server.process.stderr is not None
            told = server.process.stderr.read().splitlines()
            assert sorted(told) == (
                ["Bicycles: sample data loaded", "SwapSync: sample data loaded"] * (start == "first")
            )
    assert [each.name for each in (tmp_path / "data").iterdir()] == ["demo"]
    assert done(tmp_path, "doctor", "--data", "data/demo").endswith("everything is in order\n")


# Refusals.


EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is refused


@pytest.mark.parametrize(
    ("words", "environment", "sentence"),
    [
        (("serve", "--open", "--host", EVERYWHERE), {}, "on a loopback address only, not on 0.0.0.0"),
        (("demo", "--host", "192.168.1.5"), {}, "on a loopback address only, not on 192.168.1.5"),
        (("serve", "--host", EVERYWHERE), {"DEBUG": "true"}, "DEBUG is on; switch it off"),
        (("serve", "--host", EVERYWHERE), {"SECRET_KEY": "short"}, "SECRET_KEY is short or well known"),
        (("serve", "--host", "::"), {"SECRET_KEY": "your-secret-key-change-in-production"}, "SECRET_KEY is short or"),
        (("serve",), {"PORT": "many"}, "the setting PORT is wrong"),
        (("serve",), {"DATABASE_URL": "mysql://shop"}, "DATABASE_URL must begin with"),
        (("migrate",), {"DATABASE_URL": "postgresql://a:b@127.0.0.1:1/c"}, "the database does not answer"),
        (("migrate", "--data", "/dev/null/x"), {}, "/dev/null"),
        (("serve", "--workers", "2"), {}, "several processes need PostgreSQL"),
        (("serve", "bakery"), {}, "no trade called bakery; installed are bicycles, laundry, phoneshop"),
        (("demo", "bakery"), {}, "no trade called bakery"),
        (("verbs", "bakery"), {}, "no trade called bakery"),
        (("openapi", "bakery"), {}, "no trade called bakery"),
        (("revision", "bakery"), {}, "no trade called bakery"),
        (("user", "list", "--trade", "bakery"), {}, "no trade called bakery"),
        (("user", "create", "a", "--trade", "phoneshop", "--role", "king"), {}, "has no role king; it has clerk,"),
        (("user", "create", " ", "--trade", "phoneshop", "--role", "clerk"), {}, "a name has 1 to 254 characters"),
        (("user", "disable", "bob", "--trade", "phoneshop"), {}, "nobody signs in to phoneshop as bob"),
        (("org", "create", ""), {}, "a name has 1 to 200 characters"),
    ],
)
def test_a_refusal_is_one_sentence(
    tmp_path: Path, words: tuple[str, ...], environment: dict[str, str], sentence: str
) -> None:
    assert sentence in refusal(run(tmp_path, *words, **environment))


def test_a_password_shows_nowhere(tmp_path: Path) -> None:
    address = "postgresql://shop:hidden-word@127.0.0.1:1/c"
    ended = run(tmp_path, "doctor", DATABASE_URL=address, SECRET_KEY="another-hidden-word-of-length")
    assert "DATABASE_URL = postgresql://***@127.0.0.1:1/c" in ended.out
    assert "SECRET_KEY = ***" in ended.out
    assert "hidden-word" not in ended.out + ended.err


def test_a_port_that_is_taken_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = run(tmp_path, "serve", "--port", str(port))
    assert refusal(ended) == f"can't listen at 127.0.0.1, port {port}: address already in use"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        ("bake",),
        ("serve", "--bogus"),
        ("serve", "--port", "many"),
        ("user", "create"),
        ("user", "create", "ama", "--trade", "phoneshop"),
        ("verbs",),
        ("org", "bake"),
    ],
)
def test_wrong_usage_exits_with_2_and_a_sentence(tmp_path: Path, words: tuple[str, ...]) -> None:
    ended = run(tmp_path, *words)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)
    assert ended.err.startswith("tradehall: ")


def test_help_names_every_command(tmp_path: Path) -> None:
    shown = done(tmp_path, "--help")
    for name in ("serve", "demo", "migrate", "doctor", "user", "org", "verbs", "openapi", "revision"):
        assert re.search(rf"^│ {name} ", shown, re.MULTILINE), name


# The schema and the doctor.


def test_migrate_brings_the_schema_up_to_date_once(data: Path, tmp_path: Path) -> None:
    assert "the schema is behind" in run(tmp_path, "doctor", "--data", str(data)).err
    assert re.fullmatch(r"applied .*phoneshop_0001.*\n", done(tmp_path, "migrate", "--data", str(data)))
    assert done(tmp_path, "migrate", "--data", str(data)) == "the schema is up to date\n"


def test_the_doctor_names_a_total_that_is_not_what_its_rows_say(data: Path, tmp_path: Path) -> None:
    with serving(tmp_path, "demo", "bicycles", "--data", str(data)) as server:
        assert server.stop() == 0
    healthy = done(tmp_path, "doctor", "--data", str(data))
    assert "TRADEHALL_DATA = " in healthy
    assert healthy.endswith("everything is in order\n")
    tamper(data, "UPDATE totals SET count = count + 1 WHERE dimension = 'bicycles_bicycles'")
    sick = run(tmp_path, "doctor", "--data", str(data))
    assert (sick.code, sick.out.splitlines()[-1]) == (1, "one thing is wrong")
    assert re.fullmatch(r"Demo: the total .*bicycles_bicycles.* is kept as 4 rows.*, but .* 3 rows.*\n", sick.err)
    assert done(tmp_path, "doctor", "--rebuild", "--data", str(data)).endswith("everything is in order\n")


def test_the_doctor_sees_an_altered_log(data: Path, tmp_path: Path) -> None:
    with serving(tmp_path, "demo", "bicycles", "--data", str(data)) as server:
        assert server.stop() == 0
    tamper(data, "UPDATE events SET actor = 'somebody else' WHERE id = 1")
    sick = run(tmp_path, "doctor", "--data", str(data))
    assert (sick.code, sick.err.startswith("Demo: ")) == (1, True)


def test_row_42_a_log_that_was_cut_is_found_by_its_anchor(data: Path, tmp_path: Path) -> None:
    here = ("--data", str(data))
    run(tmp_path, "user", "create", "ama", "--trade", "phoneshop", "--role", "clerk", *here)
    run(tmp_path, "user", "create", "kofi", "--trade", "phoneshop", "--role", "clerk", *here)
    anchors = tmp_path / "anchors"
    anchors.write_text(done(tmp_path, "audit", "anchor", *here))
    assert json.loads(anchors.read_text()).keys() == {"organisation", "event", "chain", "at"}
    kept = ("--anchor", str(anchors), *here)
    assert done(tmp_path, "audit", "verify", *kept) == "the log is as it was written\n"
    with sqlite3.connect(data / "tradehall.db") as file:
        file.execute("DELETE FROM event_changes WHERE event_id = 2")
        file.execute("DELETE FROM events WHERE id = 2")
    assert done(tmp_path, "audit", "verify", *here) == "the log is as it was written\n"
    for words, more in ((("audit", "verify", *kept), {}), (("doctor", *here), {"AUDIT_ANCHOR": str(anchors)})):
        sick = run(tmp_path, *words, **more)
        assert (sick.code, "the log ends before event 2" in sick.err) == (1, True)
    anchors.write_text("nonsense")
    assert refusal(run(tmp_path, "audit", "verify", *kept)) == f"{anchors}: line 1 is no anchor"


def tamper(data: Path, statement: str) -> None:
    """Change the database behind the application's back."""
    with sqlite3.connect(data / "tradehall.db") as database:
        assert database.execute(statement).rowcount == 1
    database.close()


def test_p_33_config_check_shows_what_is_in_force_without_secrets_and_what_would_be_refused(tmp_path: Path) -> None:
    secrets = {
        "SECRET_KEY": "nobody may read these words",
        "DATABASE_URL": "postgresql://shop:hidden@db/shop",
        "BACKUP_PASSPHRASE": "nor these",
    }
    good = run(tmp_path, "config", "check", **secrets)
    assert (good.code, good.err) == (0, "")
    assert "DATABASE_URL = postgresql://***@db/shop\n" in good.out
    assert "SECRET_KEY = ***\n" in good.out
    assert good.out.endswith("this can be served\n")
    for secret in ("nobody may", "hidden", "nor these"):
        assert secret not in good.out
    assert list(tmp_path.iterdir()) == []
    bad = run(
        tmp_path, "config", "check", "--host", "192.0.2.1", "--workers", "2", DEBUG="1", BACKUP_KEY="backup-key-x"
    )
    assert bad.code == 1
    assert [line.split()[1] for line in bad.err.splitlines()] == ["several", "BACKUP_KEY", "DEBUG"]
    assert bad.out.endswith("this would not be served\n")
    assert refusal(run(tmp_path, "config", "check", PORT="many")).startswith("the setting PORT is wrong: ")


# People and organisations.


def test_people_are_created_listed_changed_and_reset(data: Path, tmp_path: Path) -> None:
    here = ("--trade", "phoneshop", "--data", str(data))
    made = done(tmp_path, "user", "create", "ama", "--role", "clerk", *here)
    assert made.splitlines()[0] == "user 1: ama is clerk of phoneshop"
    assert re.search(r"^a link to choose a password, good for one day: http://localhost:8000/welcome/\S+$", made, re.M)
    assert "as AMA already" in refusal(run(tmp_path, "user", "create", "AMA", "--role", "clerk", *here))
    assert done(tmp_path, "user", "role", "ama", "manager", *here) == "ama is manager of phoneshop\n"
    assert done(tmp_path, "user", "list", *here) == "ama\tmanager\tactive\torganisation 1\n"
    assert "/welcome/" in done(tmp_path, "user", "reset", "Ama", *here)
    short = run(tmp_path, "user", "create", "yaw", "--role", "clerk", "--password-stdin", *here, given="short\n")
    assert refusal(short) == "a password has 8 to 255 characters"


def test_a_running_server_refuses_whom_the_command_line_disables(data: Path, tmp_path: Path) -> None:
    here = ("--trade", "phoneshop", "--data", str(data))
    done(tmp_path, "user", "create", "ama", "--role", "clerk", "--password-stdin", *here, given=PASSWORD + "\n")
    with serving(tmp_path, "serve", "phoneshop", "--data", str(data)) as server:
        assert server.printed == [f"ready http://localhost:{server.port}"]
        token = server.token("ama")
        assert server.me(token) == 200
        link = done(tmp_path, "user", "reset", "ama", *here).split("localhost:8000")[1].strip()
        chosen = {"password": "a new one, and longer", "again": "a new one, and longer"}
        answer = server.http.post(link, data=chosen)
        assert (answer.status_code, answer.headers["location"]) == (303, "/app")
        token = server.token("ama", chosen["password"])
        assert done(tmp_path, "user", "disable", "ama", *here) == "ama is disabled\n"
        until(lambda: server.me(token) == 401)
        asked = {"username": "ama", "password": chosen["password"]}
        assert server.http.post("/api/auth/login-json", json=asked).status_code == 403
    assert done(tmp_path, "user", "list", *here) == "ama\tclerk\tdisabled\torganisation 1\n"


def test_an_organisation_is_named_where_there_are_several(data: Path, tmp_path: Path) -> None:
    here = ("--data", str(data))
    assert done(tmp_path, "org", "create", "Accra", *here) == "organisation 1: Accra\n"
    assert done(tmp_path, "org", "create", "Kumasi", *here) == "organisation 2: Kumasi\n"
    assert refusal(run(tmp_path, "org", "create", "kumasi", *here)) == "There is an organisation called kumasi already"
    assert done(tmp_path, "org", "list", *here) == "1\tAccra\n2\tKumasi\n"
    ama = ("user", "create", "ama", "--role", "clerk", "--trade", "phoneshop", *here)
    assert refusal(run(tmp_path, *ama)) == "there are 2 organisations; name one with --org"
    assert refusal(run(tmp_path, *ama, "--org", "Tamale")) == "there is no organisation called Tamale"
    done(tmp_path, *ama, "--org", "Kumasi")
    listed = ("user", "list", "--trade", "phoneshop", *here)
    assert done(tmp_path, *listed) == "ama\tclerk\tactive\torganisation 2\n"
    assert done(tmp_path, *listed, "--org", "Accra") == ""


# What the kernel derived.


@pytest.mark.parametrize("name", ["bicycles", "phoneshop"])
def test_openapi_prints_every_path(tmp_path: Path, name: str) -> None:
    document: dict[str, Any] = json.loads(done(tmp_path, "openapi", name))
    (trade,) = installed((name,))
    assert document["openapi"] == "3.1.0"
    for each in trade.operations:
        assert each.method.lower() in document["paths"][each.path]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["bicycles", "phoneshop"])
def test_verbs_prints_every_verb_with_its_event_its_paths_and_the_fields_of_its_body(tmp_path: Path, name: str) -> None:
    lines = done(tmp_path, "verbs", name).splitlines()
    (trade,) = installed((name,))
    for verb in trade.verbs:
        assert any(line.startswith(f"{verb.event} by ") for line in lines), verb.event
    for each in trade.operations:
        assert f"    {each.method} {each.path}" in lines or each.does not in trade.verbs, each.path
    if name == "bicycles":
        at = lines.index("    POST /api/rentals/start")
        assert lines[at + 1] == "    bicycle_id: integer, renter: string, days: integer"
    assert max(map(len, lines)) <= 100


@pytest.mark.parametrize("name", ["kernel", "bicycles", "phoneshop"])
def test_no_migration_is_lacking(tmp_path: Path, name: str) -> None:
    assert done(tmp_path, "revision", name) == f"{name} is as its migrations leave it; nothing to write\n"
