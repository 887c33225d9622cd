"""The log: a JSON object a line, or plain text for a terminal; no secret, no full phone number, no request's values (P-32)."""

import logging
import os
import re
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from traceback import extract_tb
from types import TracebackType
from typing import Any, TextIO

import orjson

from tradehall.kernel.errors import Problem

MOST_WAITING = 20_000
EVERY = 0.2
"""Seconds between two writes; what is a warning or worse is written at once."""
_KNOWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_SECRETS = re.compile(r"eyJ[\w.-]{10,}|(?i:bearer|basic)\s+\S+|(?<=://)[^/\s@]+@")
_NUMBERS = re.compile(r"\+?\d(?:[ ().-]{0,2}\d){7,}(\d{2})")


def masked(text: str) -> str:
    """Text without tokens, passwords in addresses, and long numbers but for their last two digits."""
    return _NUMBERS.sub(r"***\1", _SECRETS.sub("***", text))


def stamp(moment: float) -> str:
    """Seconds since 1970 as the log writes them."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S")


class Lines:
    """Writes from a thread of its own: whoever doesn't read the log holds up no request."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._file = os.dup(
            (stream or sys.stderr).fileno()
        )  # nobody else can close it and open another under its number
        self._waiting: deque[str] = deque()
        self._dropped = 0
        self._wake = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def add(self, line: str) -> None:
        """Write a line soon; where nobody reads for long, lines are dropped, and their number is told."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(line)
        else:
            self._dropped += 1

    def hurry(self) -> None:
        """Write what waits now."""
        self._wake.set()

    def close(self) -> None:
        """Write what waits, for a second at most."""
        self._closed = True
        self._wake.set()
        self._thread.join(1)
        if not self._thread.is_alive():
            os.close(self._file)

    def _run(self) -> None:
        while not self._closed:
            self._wake.wait(EVERY)
            self._wake.clear()
            self._write()
        self._write()

    def _write(self) -> None:
        found = [self._waiting.popleft() for _ in range(len(self._waiting))]
        if self._dropped:
            found.append(f'{{"level":"warning","event":"{self._dropped} lines of the log were dropped"}}')
            self._dropped = 0
        if not found:
            return
        waiting = memoryview("".join(f"{line}\n" for line in found).encode())
        with suppress(OSError):  # the reader is gone: nothing is left to tell anybody
            while waiting:
                waiting = waiting[os.write(self._file, waiting) :]


class Handler(logging.Handler):
    """Takes what the program logs to the lines."""

    def __init__(self, lines: Lines, formatter: logging.Formatter) -> None:
        super().__init__()
        self._lines = lines
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.add(self.format(record))
        if record.levelno >= logging.WARNING:
            self._lines.hurry()


class Json(logging.Formatter):
    """A record as one JSON object, with the fields that were given as `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        return orjson.dumps(_fields(record), default=str).decode()


class Plain(logging.Formatter):
    """A record for people."""

    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        head = f"{fields.pop('time')[11:23]} {fields.pop('level'):<7} {fields.pop('event')}"
        return " ".join([head, *(f"{name}={value}" for name, value in fields.items() if name != "logger")])


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    found: dict[str, Any] = {
        "time": f"{stamp(record.created)}.{int(record.msecs):03d}Z",
        "level": record.levelname.lower(),
        "event": _words(record),
        "logger": record.name,
    }
    for name, value in vars(record).items():
        if name not in _KNOWN:
            found[name] = masked(value) if isinstance(value, str) and name != "request_id" else value
    if record.exc_info and record.exc_info[1] is not None:
        found["error"] = told(record.exc_info[1])
    return found


def _words(record: logging.LogRecord) -> str:
    text = record.getMessage()
    if record.name == "asyncio":  # goes on with the arguments of what failed, and with the error's own words
        text = text.split("\n", 1)[0].split("(", 1)[0]
    return masked(text)


def told(error: BaseException) -> list[dict[str, Any]]:
    """An exception and its causes: what kind, and where; never its message, which may hold what somebody sent."""
    found: list[dict[str, Any]] = []
    each: BaseException | None = error
    while each is not None and len(found) < 5:
        found.append(_one(each))
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)
    return found


def _one(error: BaseException) -> dict[str, Any]:
    kind = type(error)
    one: dict[str, Any] = {"type": f"{kind.__module__}.{kind.__qualname__}", "at": _places(error.__traceback__)}
    for name in ("strerror", "sqlstate", "sqlite_errorname", "constraint_name"):
        if isinstance(value := getattr(error, name, None), str):
            one[name] = value
    if isinstance(error, Problem):
        one["code"] = error.code
    return one


def kept(error: BaseException) -> str:
    """What may be kept of an exception and its causes, as one line: what kind, and where, but nothing of what it says."""
    said = []
    for each in told(error):
        more = [each[name] for name in ("code", "sqlstate", "sqlite_errorname", "constraint_name") if name in each]
        kind = " ".join([each["type"].rpartition(".")[2], *more])
        said.append(f"{kind} at {each['at'][-1]}" if each["at"] else kind)
    return ", because of ".join(said)


def _places(trace: TracebackType | None) -> list[str]:
    frames = extract_tb(trace, limit=-12)
    return [f"{'/'.join(frame.filename.split('/')[-3:])}:{frame.lineno} {frame.name}" for frame in frames]


def direct(as_json: bool) -> logging.Handler:
    """What writes at once, for a process that begins, or looks after others."""
    handler = logging.StreamHandler()
    handler.setFormatter(Json() if as_json else Plain())
    return handler


def begin(level: str, as_json: bool, stream: TextIO | None = None) -> Lines:
    """Write what this process logs from now on, from this level up."""
    lines = Lines(stream)
    root = logging.getLogger()
    root.handlers[:] = [Handler(lines, Json() if as_json else Plain())]
    root.setLevel(logging.WARNING)  # other libraries tell too much below it
    logging.getLogger("tradehall").setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers[:], logger.propagate = [], True
        logger.addFilter(lambda record: not record.msg.startswith("Exception in ASGI"))  # the gate told of it
    logging.captureWarnings(capture=True)
    return lines


class Requests:
    """A line for each request, put together by hand of parts that are the same for many, since there are thousands a second."""

    def __init__(self, lines: Lines, as_json: bool) -> None:
        self._lines = lines
        self._as_json = as_json

    def head(self, trade: str, method: str, route: str, status: int) -> str:
        """The part that is the same for all requests of this kind."""
        if not self._as_json:
            return f"request {method} {route} {status} "
        fields = {"level": "info", "event": "request", "trade": trade, "method": method, "route": route}
        return f'{orjson.dumps(fields | {"status": status}).decode()[1:-1]},"us":'

    def tail(self, who: str, org_id: int) -> str:
        """The part that is the same for all requests of a person or key, by its label."""
        return f'","actor":"{who}","org":{org_id}}}' if self._as_json else f" {who}"

    def add(self, ended: list[tuple[str, float, str, str]]) -> None:
        """Note requests that ended now: the head, the seconds, the request id and the tail of each."""
        moment = time.time()
        now = f"{stamp(moment)}.{int(moment % 1 * 1000):03d}Z"
        if self._as_json:
            start, between = f'{{"time":"{now}",', ',"request_id":"'
        else:
            start, between = f"{now[11:23]} ", " us "
        lines = [f"{start}{head}{int(took * 1e6)}{between}{known_as}{tail}" for head, took, known_as, tail in ended]
        self._lines.add("\n".join(lines))
