"""What may be answered instead of a result: a typed refusal with a stable code and a sentence for people."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

_DECIMAL = re.compile(r"Decimal\('([^']*)'\)")
"""How Python, and no person, writes an amount."""


class Problem(Exception):  # noqa: N818 - not every one is an error of the program
    """Anything that ends a request with a status other than success.

    `code` is stable and for programs, `sentence` is for people, `details` are added by the trade's own error shape.
    """

    status: ClassVar[int] = 500
    code: str = "internal_error"

    def __init__(self, code: str, sentence: str, **details: Any) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.details = details

    @property
    def headers(self) -> Mapping[str, str]:
        """The response headers that belong to this answer."""
        return {}


class Refused(Problem):
    """The business says no: the request is well formed, but the rules or the state forbid it (409)."""

    status = 409


class Unauthenticated(Problem):
    """Nobody is signed in, or what was shown is not valid (401)."""

    status = 401

    def __init__(self, sentence: str = "Not authenticated", code: str = "unauthenticated", **details: Any) -> None:
        super().__init__(code, sentence, **details)

    @property
    def headers(self) -> Mapping[str, str]:
        return {"WWW-Authenticate": "Bearer"}


class Denied(Problem):
    """The signed-in person may not do this (403)."""

    status = 403

    def __init__(self, sentence: str = "Not allowed", code: str = "denied", **details: Any) -> None:
        super().__init__(code, sentence, **details)


class Missing(Problem):
    """There is no such thing, or none that this person may know of (404)."""

    status = 404

    def __init__(self, sentence: str = "Not found", code: str = "missing", **details: Any) -> None:
        super().__init__(code, sentence, **details)


class MethodNotAllowed(Problem):
    """The path exists, but not with this method (405)."""

    status = 405

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__("method_not_allowed", "Method Not Allowed")
        self.allowed = allowed

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Allow": ", ".join(self.allowed)}


class Stale(Problem):
    """The record changed since the caller read it (412); `details["current"]` is the record as it is now."""

    status = 412

    def __init__(self, current: Any, etag: str) -> None:
        super().__init__("stale", "This record was changed by somebody else in the meantime", current=current)
        self.etag = etag

    @property
    def headers(self) -> Mapping[str, str]:
        return {"ETag": self.etag}


class TooLarge(Problem):
    """The body is larger than what is accepted (413)."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__("too_large", f"The body is larger than {limit:,} bytes")


class Unfinished(Problem):
    """The caller went away, or was too slow, before the body was complete (400); nothing was changed."""

    status = 400

    def __init__(self) -> None:
        super().__init__("unfinished", "The request ended before its body did")


class UnsupportedType(Problem):
    """The body is of a content type that is not understood (415)."""

    status = 415

    def __init__(self, wanted: str) -> None:
        super().__init__("unsupported_type", f"Send the body as {wanted}")


class Invalid(Problem):
    """The request is malformed (422); `errors` name each field as `{loc, msg, type}`."""

    status = 422

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        self.errors = [{**error, "msg": _DECIMAL.sub(r"\1", str(error["msg"]))} for error in errors]
        super().__init__("invalid", "; ".join(error["msg"] for error in self.errors) or "Invalid request")


class Throttled(Problem):
    """Too many tries (429); `after` is in seconds."""

    status = 429

    def __init__(self, after: int) -> None:
        super().__init__("throttled", f"Too many tries; try again in {after} seconds")
        self.after = after

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": str(self.after)}


class Unavailable(Problem):
    """The service can't do this now; nothing was changed, and the caller may try again (503)."""

    status = 503

    def __init__(self, sentence: str = "Busy; please try again", code: str = "unavailable") -> None:
        super().__init__(code, sentence)

    @property
    def headers(self) -> Mapping[str, str]:
        return {"Retry-After": "1"}


class OutcomeUnknown(Problem):
    """The connection was lost during the commit and its outcome can't be learned (503); look before trying again."""

    status = 503

    def __init__(self) -> None:
        super().__init__("outcome_unknown", "The database did not say whether this was saved; look before trying again")


class StorageFull(Problem):
    """The disk is full; nothing was changed (507)."""

    status = 507

    def __init__(self) -> None:
        super().__init__("storage_full", "The disk is full; nothing was saved")


def field_error(location: Sequence[str | int], message: str, kind: str = "value_error") -> Invalid:
    """One malformed field, in the shape of FastAPI's validation errors."""
    return Invalid([{"loc": list(location), "msg": message, "type": kind}])
