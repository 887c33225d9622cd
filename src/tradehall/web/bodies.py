"""Bodies and query strings: from bytes to the model that is asked for."""

import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import asynccontextmanager
from decimal import Decimal
from functools import cache
from typing import Any, BinaryIO
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request

from tradehall.kernel.contracts import LARGEST_BODY, MOST_OF_BODIES, Report, Service, flag_of
from tradehall.kernel.errors import Invalid, TooLarge, Unavailable, Unfinished, UnsupportedType, field_error
from tradehall.kernel.verbs import Verb

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Headers = Mapping[bytes, bytes]
FREE = 64 * 1024
"""What of each body is not counted: the server reads so much ahead anyway, and nearly every body is smaller."""
SPOOLED = 1024 * 1024
"""What is held of a form with a file: the rest is written to a temporary file."""
_MANY_DIGITS = re.compile(rb"[0-9.]{16}")


class Bodies:
    """How much of the bodies of all requests is held in memory: what came of them beyond their first bytes."""

    def __init__(self, most: int = MOST_OF_BODIES) -> None:
        self.most = most
        self.held = 0


class Arriving:
    """The messages of a request, with its body counted until it is let go.

    Where all bodies together would be too much, this one is refused: what is smaller than its free bytes never is, and what
    somebody announces and doesn't send takes no room from others.
    """

    def __init__(self, bodies: Bodies, headers: Iterable[tuple[bytes, bytes]], receive: Receive) -> None:
        self._bodies, self._receive = bodies, receive
        self._is_spooled = any(
            name == b"content-type" and value[:10].lower() == b"multipart/" for name, value in headers
        )
        self._size = self._held = 0

    async def __call__(self) -> MutableMapping[str, Any]:
        message = await self._receive()
        self._size += len(message.get("body", b""))
        held = min(self._size, SPOOLED) if self._is_spooled else self._size
        more = held - FREE - self._held
        if more > 0:
            if self._bodies.held + more > self._bodies.most:
                raise Unavailable("Too much is being sent at this moment; please try again", "too_much_at_once")
            self._bodies.held += more
            self._held += more
        return message

    def let_go(self) -> None:
        """The request is over."""
        self._bodies.held -= self._held
        self._held = 0


def parsed(query: bytes) -> dict[str, str]:
    """The parameters of a query string; of one given twice the last counts."""
    if not query:
        return {}
    found = dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True, errors="replace"))
    for name, value in found.items():
        if "\x00" in value or "\x00" in name:
            raise field_error(["query", name.replace("\x00", "")], "Control characters are not allowed")
    return found


def is_dry(query: Mapping[str, str]) -> bool:
    """Whether it is only asked what would change; raises Invalid where that is not clear: nobody means to do it then."""
    return flag_of(query, "dry_run")


async def read_body(headers: Headers, receive: Receive, limit: int = LARGEST_BODY) -> bytes:
    """The body; raises TooLarge as soon as it is known to be, also where no length was announced."""
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > limit:
        raise TooLarge(limit)
    message = await _part(receive)
    body: bytes = message.get("body", b"")
    if len(body) > limit:
        raise TooLarge(limit)
    if not message.get("more_body"):
        return body
    parts, size = [body], len(body)
    while message.get("more_body"):
        message = await _part(receive)
        parts.append(message.get("body", b""))
        if (size := size + len(parts[-1])) > limit:
            raise TooLarge(limit)
    return b"".join(parts)


async def _part(receive: Receive) -> MutableMapping[str, Any]:
    message = await receive()
    if message["type"] == "http.disconnect":  # half a body must not be taken for a whole one
        raise Unfinished
    return message


def body_of(
    does: Verb[Any, Any] | Report | Service, headers: Headers, content: bytes, query: Mapping[str, str]
) -> BaseModel | None:
    """The body as the model that is asked for; raises Invalid, or UnsupportedType."""
    model, is_service = does.body, isinstance(does, Service)
    if isinstance(does, Service) and does.raw:
        return None
    if model is not None and getattr(does, "form", False) and _is_form(headers):
        try:
            return model.model_validate(parsed(content))
        except ValidationError as error:
            raise invalid(error, "body") from error
    if content.strip() and not _is_json(headers.get(b"content-type", b"application/json")):
        raise UnsupportedType("application/json")
    if model is None:
        return None
    asked = {} if is_service or not query else {name: query[name] for name in model.model_fields if name in query}
    try:
        if not asked and not _MANY_DIGITS.search(content):
            body = model.model_validate_json(content.strip() or b"{}")
        else:
            given = _loaded(content) if content.strip() else {}
            if not isinstance(given, dict):
                raise field_error(["body"], "Input should be an object", "model_type")
            body = model.model_validate(asked | given)
    except ValidationError as error:
        raise invalid(error, "body") from error
    if b"true" in content or b"false" in content:
        _no_truths(model, content)
    return body


def _no_truths(model: type[BaseModel], content: bytes) -> None:
    """Refuse true and false where a number is meant, which Pydantic reads as 1 and 0; raises Invalid."""
    schema = _schema_of(model)
    if places := [*_truths(schema, _loaded(content), schema.get("$defs", {}))]:
        says = "Input should be a valid number"
        raise Invalid([{"loc": ["body", *each], "msg": says, "type": "float_type"} for each in places])


@cache
def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


def _truths(schema: Mapping[str, Any], value: Any, known: Mapping[str, Any]) -> Iterator[tuple[str | int, ...]]:
    """The places of a value that was taken where true or false stands, and nothing of that kind is declared."""
    if (name := schema.get("$ref")) is not None:
        schema = known[name.rpartition("/")[2]]
    if (ways := schema.get("anyOf", schema.get("oneOf"))) is not None:
        found = [[*_truths(each, value, known)] for each in ways]
        yield from found[0] if all(found) else ()
    elif isinstance(value, bool):
        yield from [()] if schema.get("type", "boolean") != "boolean" else ()
    elif isinstance(value, dict | list):
        named, others = schema.get("properties", {}), schema.get("items", schema.get("additionalProperties"))
        for place, each in value.items() if isinstance(value, dict) else enumerate(value):
            if isinstance(below := named.get(place, others), dict):
                yield from ((place, *rest) for rest in _truths(below, each, known))


@asynccontextmanager
async def form_of(
    headers: Headers, scope: MutableMapping[str, Any], receive: Receive, largest: int
) -> AsyncIterator[tuple[str, BinaryIO, dict[str, str]]]:
    """A form with one file: its name, its content as long as this is open, and the other fields."""
    if not headers.get(b"content-type", b"").lower().startswith(b"multipart/form-data"):
        raise UnsupportedType("multipart/form-data")
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length) > largest + LARGEST_BODY:
        raise TooLarge(largest)
    request = Request(
        {name: value for name, value in scope.items() if name != "app"}, limited(receive, largest + LARGEST_BODY)
    )
    try:
        form = await request.form(max_files=1, max_fields=20)
    except (MultiPartException, AssertionError, UnicodeError) as error:
        raise field_error(["body"], "This form can't be read") from error
    except ClientDisconnect as error:
        raise Unfinished from error
    try:
        sent = next((each for each in form.values() if isinstance(each, UploadFile)), None)
        if sent is None:
            raise field_error(["body", "file"], "Field required", "missing")
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        yield sent.filename or "", sent.file, fields
    finally:
        await form.close()


def limited(receive: Receive, limit: int) -> Receive:
    """The same messages, until their bodies are larger together than this."""
    size = 0

    async def within() -> MutableMapping[str, Any]:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise TooLarge(limit)
        return message

    return within


def _loaded(content: bytes) -> Any:
    """A JSON value; its fractions are decimals where a double might not hold one of them (P-01)."""
    try:
        if _MANY_DIGITS.search(content):
            return json.loads(content, parse_float=Decimal)
        return orjson.loads(content)
    except (ValueError, RecursionError) as error:
        raise field_error(["body"], "Invalid JSON", "json_invalid") from error


def _is_form(headers: Headers) -> bool:
    return headers.get(b"content-type", b"").split(b";")[0].strip().lower() == b"application/x-www-form-urlencoded"


def _is_json(content_type: bytes) -> bool:
    kind = content_type.split(b";")[0].strip().lower()
    return kind == b"application/json" or kind.endswith(b"+json")


def invalid(error: ValidationError, where: str) -> Invalid:
    """What Pydantic found wrong, in the shape of FastAPI."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return Invalid([{**each, "loc": [where, *each["loc"]]} for each in found])
