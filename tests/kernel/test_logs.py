"""The log (P-32, row 41)."""

import asyncio
import json
import logging
import os
from pathlib import Path
from typing import Any

import pytest

from tradehall.kernel.logs import Handler, Json, Lines, Plain, Requests, masked


class Log:
    """A log that is written to a file, and read again."""

    def __init__(self, path: Path, formatter: logging.Formatter) -> None:
        self.path = path
        self.stream = path.open("w")
        self.lines = Lines(self.stream)
        self.logger = logging.Logger("tradehall")
        self.logger.addHandler(Handler(self.lines, formatter))

    def told(self) -> str:
        self.lines.close()
        self.stream.close()
        return self.path.read_text()


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log", Json())


def one(log: Log) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(log.told())
    return found


def test_a_record_is_one_object_with_its_fields(log: Log) -> None:
    log.logger.warning("a job took %s s", 3, extra={"request_id": "abc", "job": 7})
    found = one(log)
    assert (found["level"], found["event"], found["request_id"], found["job"]) == (
        "warning",
        "a job took 3 s",
        "abc",
        7,
    )
    assert found["time"].endswith("Z")


def test_row_41_an_exception_tells_what_and_where_but_not_what_somebody_sent(log: Log) -> None:
    try:
        try:
            int("CANARY")
        except ValueError as error:
            raise OSError(28, "No space left on device", "CANARY") from error
    except OSError:
        log.logger.exception("a request failed", extra={"request_id": "abc"})
    text = log.told()
    found = json.loads(text)
    assert [each["type"] for each in found["error"]] == ["builtins.OSError", "builtins.ValueError"]
    assert found["error"][0]["strerror"] == "No space left on device"
    assert "test_logs.py" in found["error"][0]["at"][0]
    assert "CANARY" not in text


async def test_row_41_what_fails_with_nobody_waiting_tells_neither_its_arguments_nor_its_error_s_words(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("asyncio"), "handlers", log.logger.handlers)
    loop, error = asyncio.get_running_loop(), ValueError("CANARY")
    future: asyncio.Future[None] = loop.create_future()
    future.set_exception(error)
    future.exception()
    retrieved = {"message": "Future exception was never retrieved", "exception": error, "future": future}
    loop.default_exception_handler(retrieved)
    loop.default_exception_handler({"message": "Exception in callback sell('CANARY')", "exception": error})
    text = log.told()
    assert [json.loads(line)["event"].split()[0] for line in text.splitlines()] == ["Future", "Exception"]
    assert "CANARY" not in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sent to +233 24 123 4567", "sent to ***67"),
        ("sent to 0241234567", "sent to ***67"),
        ("with Bearer abc.def", "with ***"),
        ("a token eyJhbGciOiJIUzI1NiJ9.e30.x-y_z here", "a token *** here"),
        ("at postgresql://tradehall:secret@localhost/shop", "at postgresql://***localhost/shop"),
        ("the unit of sale.sell took 5123 ms", "the unit of sale.sell took 5123 ms"),
        ("job 1234567 failed", "job 1234567 failed"),
    ],
)
def test_secrets_and_phone_numbers_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_a_request_is_one_line_in_both_formats(tmp_path: Path) -> None:
    log = Log(tmp_path / "json", Json())
    requests = Requests(log.lines, as_json=True)
    head, tail = requests.head("phoneshop", "GET", "/api/phones/{id}", 200), requests.tail("user:7", 3)
    requests.add([(head, 0.0123, "abc-1", tail)])
    found = one(log)
    del found["time"]
    assert found == {
        "level": "info", "event": "request", "trade": "phoneshop", "method": "GET", "route": "/api/phones/{id}",
        "status": 200, "us": 12300, "request_id": "abc-1", "actor": "user:7", "org": 3,
    }  # fmt: skip
    log = Log(tmp_path / "plain", Plain())
    requests = Requests(log.lines, as_json=False)
    head, tail = requests.head("phoneshop", "GET", "/api/phones/{id}", 200), requests.tail("user:7", 3)
    requests.add([(head, 0.0123, "abc-1", tail)])
    assert log.told().split(" ", 1)[1] == "request GET /api/phones/{id} 200 12300 us abc-1 user:7\n"


def test_nobody_waits_for_a_log_that_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tradehall.kernel.logs.MOST_WAITING", 100)
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        lines = Lines(stream)
        for _ in range(3):
            for _ in range(200):
                lines.add("x" * 10_000)
            lines.hurry()
        with os.fdopen(reading) as reader:
            assert len(reader.readline()) == 10_001
        lines.close()
