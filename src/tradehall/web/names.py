"""What a request is called in answers and in the log."""

import os
import re
import secrets
from collections.abc import Mapping
from itertools import count

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_prefix, _serial = secrets.token_hex(6), count(1)


def request_id(headers: Mapping[bytes, bytes]) -> str:
    """The id of the request: the caller's where it is a plain word, else a new one."""
    given = headers.get(b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode()
    return f"{_prefix}-{next(_serial):x}"


def _renew() -> None:
    """A forked process numbers its requests anew."""
    global _prefix, _serial
    _prefix, _serial = secrets.token_hex(6), count(1)


os.register_at_fork(after_in_child=_renew)
