"""Nothing that somebody sent, and no secret, gets into the log or into an error's answer (row 41, P-32)."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from pydantic import TypeAdapter, ValidationError

from tests.reliability.walk import PHONESHOP, Operation, operations, samples
from tests.running import SECRET, Application, Place, Switchboard
from tradehall.kernel import logs
from tradehall.kernel.context import Context
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Refused, Unavailable
from tradehall.kernel.jobs import Job, task
from tradehall.kernel.notices.senders import NotAccepted
from tradehall.kernel.office import Office
from tradehall.web.watch import Watch

CANARY = "CANARY7f3a"
SAYS = f"{CANARY}, ama@example.com, 0247654321, Bearer eyJ{CANARY}.{CANARY}.{CANARY}"
PHONE = "0247654321"
ALL = list(operations(PHONESHOP))


class Told:
    """The log of a test, written to a file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("w") as stream:
            self.lines = logs.begin("debug", True, stream)
        self.requests = logs.Requests(self.lines, as_json=True)

    def text(self) -> str:
        self.lines.close()
        return self.path.read_text()


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield Told(tmp_path / "log")
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def watch(application: Application, served: tuple[Switchboard, httpx2.AsyncClient], told: Told) -> Watch:
    """What notes the requests of the application."""
    found = served[0].serves.watch = Watch(told.requests)
    return found


def planted(value: Any) -> Any:
    """The same value with a canary in every text."""
    if isinstance(value, dict):
        return {name: planted(each) for name, each in value.items()}
    return f"{value} {CANARY}" if isinstance(value, str) else value


def bodies(operation: Operation) -> list[Any]:
    """Bodies with a canary in a field that is free, in each, and in the name of one."""
    if operation.body is None:
        return [None]
    good = {name: value for name, value in samples().items() if name in operation.body.model_fields}
    return [good | {"notes": CANARY, "phone_number": PHONE}, planted(good), {CANARY: CANARY}]


async def test_row_41_canaries_in_every_field_header_and_path_never_reach_the_log(
    shop: Place, told: Told, watch: Watch
) -> None:
    secret = {"X-API-Key": f"key{CANARY}", "Cookie": f"session={CANARY}", "Idempotency-Key": CANARY}
    answers = []
    for operation in ALL:
        parts = operation.contract.path.split("/")
        for path in {"/".join(each if part.startswith("{") else part for part in parts) for each in ("1", CANARY)}:
            for body in bodies(operation):
                more = {"json": body} if body is not None else {}
                query = f"{path}?search={CANARY}&phone={PHONE}"
                answers.append(await shop.owner.ask(operation.contract.method, query, headers=secret, **more))
    bad = {"Authorization": f"Bearer eyJ{CANARY}.{CANARY}.{CANARY}"}
    answers.append(await shop.application.stranger.get(f"/{CANARY}", headers=bad))
    answers.append(await shop.application.stranger.get("/api/phones", headers=bad))
    answers.append(await shop.application.stranger.get(f"/welcome/{CANARY}"))
    wrong = {"username": CANARY, "password": CANARY}
    answers.append(await shop.application.stranger.post("/api/auth/login-json", json=wrong))
    watch.note()
    text = told.text()
    assert len(text.splitlines()) >= len(answers)
    assert CANARY not in text
    assert PHONE not in text
    assert SECRET not in text
    assert all(each.token not in text for each in shop.people.values())
    assert all(each.status_code < 500 for each in answers)


async def test_row_41_an_error_is_noted_once_with_its_request_id_and_shows_no_trace(
    shop: Place, told: Told, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> Any:
        raise RuntimeError(CANARY)

    def statement(session: Session) -> Any:
        return session.execute(sa.text(f"SELECT {CANARY}"))  # the database's own words hold it too

    named = {"X-Request-ID": "the-one"}
    monkeypatch.setattr(type(shop.application.office), "read", fails)
    answer = await shop.owner.get("/api/phones", headers=named)
    with pytest.raises(sa.exc.SQLAlchemyError) as error:
        await shop.read(statement)
    logging.getLogger("tradehall").error("a statement failed", exc_info=error.value)
    watch.note()
    text = told.text()
    errors = [found for found in map(json.loads, text.splitlines()) if found["level"] == "error"]
    assert [each.get("request_id") for each in errors] == ["the-one", None]
    assert CANARY not in text
    assert (answer.status_code, answer.json()["request_id"]) == (500, "the-one")
    assert CANARY not in answer.text
    assert "Traceback" not in answer.text
    requests = [found for found in map(json.loads, text.splitlines()) if found["event"] == "request"]
    assert [(each["route"], each["status"], each["request_id"]) for each in requests] == [
        ("/api/phones", 500, "the-one")
    ]


FAILS: dict[str, Callable[[], Any]] = {
    "ValueError": lambda: ValueError(SAYS),
    "KeyError": lambda: KeyError(SAYS),
    "ConnectionError": lambda: ConnectionError(111, SAYS, SAYS),
    "Refused": lambda: Refused("taken", f"{SAYS} is taken", name=SAYS),
    "Unavailable": lambda: Unavailable(SAYS),
    "NotAccepted": lambda: NotAccepted(SAYS, again=True),
    "ValidationError": lambda: _no_number(),
}
"""How a job may fail, each with words that must not stay."""


def _no_number() -> ValidationError:
    with pytest.raises(ValidationError) as error:
        TypeAdapter(int).validate_python(SAYS)
    return error.value


@task("canary.fail")
async def fail(office: Office, job: Job) -> None:
    """Fail as asked, for a reason that is told in the same words."""
    kind = job.payload["kind"]
    if kind == "statement":
        statement = sa.text("SELECT nothing FROM nowhere WHERE name = :name")
        await office.database.read(job.org_id, lambda session: session.execute(statement, {"name": SAYS}))
    try:
        raise RuntimeError(SAYS)
    except RuntimeError as cause:
        error = FAILS[kind]()
        raise error from cause


async def test_row_41_what_a_job_failed_with_is_kept_as_its_kind_and_place_and_without_a_word_of_it(
    shop: Place, told: Told
) -> None:
    kinds = [*FAILS, "statement"]

    def rule(ctx: Context) -> None:
        for kind in kinds:
            ctx.later(fail, {"kind": kind})

    await shop.work(rule)
    jobs: list[dict[str, Any]] = []
    while len(jobs) < len(kinds) or not all(job["error"] for job in jobs):
        await shop.application.office.work_once()
        jobs = (await shop.owner.get("/api/jobs", params={"verb": "canary.fail"})).json()
    errors = [job["error"] for job in jobs][::-1]
    for kind, error in zip(FAILS, errors, strict=False):
        assert error.startswith(kind), error
        assert " because of RuntimeError at tests/reliability/test_row_41_logs.py:" in error
    text = "\n".join([*errors, told.text()])
    for word in (CANARY, "ama@example.com", PHONE):
        assert word not in text
