"""Row 16: whatever is put wherever a value goes, nothing breaks and nothing is seen that is not meant to be."""

import base64
import json
from collections.abc import Sequence
from itertools import product
from typing import Any
from zlib import crc32

import pytest

from tests.reliability.inside import Inside
from tests.reliability.walk import EVERY, NOWHERE, PHONESHOP, Operation, Stocked, different, first_of, in_groups
from tests.reliability.walks import walked
from tests.running import Application, Place, Switchboard
from tradehall.kernel.contracts import Download, Listing

ALL = different(walked())
WORDS = (
    "", " ", "'", '"', "' OR '1'='1", "1; DROP TABLE phoneshop_phones --", "1) UNION SELECT 1,2,3 --", "') OR 1=1 --",
    "\\", "%", "_", "%%%_", "${7*7}", "{{7*7}}", "{x.__init__}", "../../etc/passwd", "<script>alert(1)</script>",
    "null", "true", "NaN", "Infinity", "-1", "--5", "0", "00000000000000000000000000000000000000000001",
    "00000000000000000001999999999999999999999", "9223372036854775807", "9223372036854775808", "1" * 400, "1e400",
    "1e-400", "0x10", "١٢٣", "²", "\x00", "a\x00b", "\x7f", "\u202e", "😀", "e\u0301", "ﬀ", "[]", "{}", "created_at; --",
    "-password_hash", "created_at,id", "1,2", "2024-13-45", "9999-12-31", "0000-00-00", "a" * 5000,
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1.5, -0.0, 1e308, 10**17, 2**63 - 1, 2**63, 2**64, -(2**63) - 1, 10**400, [], [[]], {},
    {"a": {"b": [1, None]}}, {"$gt": ""}, ["a"] * 100, {"": ""}, {"n": 10**30}, {"n": 1e308},
)  # fmt: skip
CURSORS: tuple[Any, ...] = (
    [5, 1], ["x", 1], [None, 1], ["2024-01-01", 1], ["2024-01-01T00:00:00Z", 2**63], ["2024-01-01T00:00:00Z", 2**64 - 1],
    ["2024-01-01T00:00:00Z", -(2**63)], ["2024-01-01T00:00:00Z", True], ["2024-01-01T00:00:00Z", 1.5], ["\x00", 1],
    [{}, 1], [[], 1], [True, 1], [2**63, 1], [1.5, 1], ["9" * 30, 1], [10**15, 1], "x", 7, None, {"a": 1}, [], [1, 2, 3],
    ["0001-01-01T00:00:00+14:00", 1], ["9999-12-31T23:59:59-14:00", 1],
)  # fmt: skip
BODIES = (
    b"", b"null", b"[]", b"7", b'"x"', b"{", b"\xff\xfe", b'{"a":"\\ud800"}', b"[" * 5000, b'{"a":' * 2000, b"NaN",
)  # fmt: skip
HEADERS = ("Idempotency-Key", "If-Match", "X-Request-ID", "Authorization", "Content-Type", "Origin", "Accept")
HEADER_WORDS = (
    "", "'", "x" * 300, "*", '"1"', 'W/"1"', "\xff\xfe", "Bearer ", "Bearer a.b.c", "text/plain; charset=x", "null",
)  # fmt: skip


SHARE = 5
"""Every how many words are tried at a place: what a type refuses, it refuses everywhere."""


def some(words: Sequence[Any], operation: Operation, place: int = 0) -> Sequence[Any]:
    """A part of the words: the others at the next places, and elsewhere in the next operation. `EVERY_ROUTE=1` tries all of them everywhere."""
    return words if EVERY else words[(crc32(operation.name.encode()) + place) % SHARE :: SHARE]


def raw(body: Any) -> bytes:
    """JSON, numbers of any size in it."""
    return json.dumps(body, ensure_ascii=True).encode()


async def ask(inside: Inside, operation: Operation, what: str, path: str, **more: Any) -> None:
    """Ask; what breaks is named."""
    answer = await inside.ask(operation.contract.method, path, **more)
    assert answer.status < 500, f"{operation.name}: {what[:80]}: {answer.body!r}"
    if answer.status != 204 and not (isinstance(operation.contract.does, Download) and answer.status == 200):
        answer.json()


@pytest.fixture
def inside(stocked: Stocked, served: tuple[Switchboard, Any]) -> Inside:
    """The owner, at the application's own door."""
    return Inside(served[0].serves, stocked.shop.head.token)


async def intact(stocked: Stocked) -> None:
    """The books are right, and the neighbour saw nothing of it."""
    assert await stocked.shop.wrong() == await stocked.other.wrong() == []
    assert await stocked.other.events() == []


READING = [each for each in ALL if each.query and each.contract.method == "GET"]
SORTS = ("created_at", "-created_at", "full_name", "value", "-value", "brand", "amount_paid")


@pytest.mark.parametrize("operations", in_groups(READING), ids=first_of)
async def test_row_16_nothing_in_a_query_breaks_anything(
    operations: list[Operation], inside: Inside, stocked: Stocked
) -> None:
    for operation in operations:
        path = operation.path(operation.ids(stocked.mine))
        # A file is made anew each time: more is tried with the lists that it is made from.
        words = WORDS[::6] if isinstance(operation.contract.does, Download) else WORDS
        for place, name in enumerate((*operation.query, "unknown", "'; --")):
            for word in some(words, operation, place):
                await ask(inside, operation, f"?{name}={word!r}", path, params={name: word})
        is_list = isinstance(operation.contract.does, Listing)
        for place, sort in enumerate(SORTS if is_list else ()):
            for cursor in some(CURSORS, operation, place):
                text = base64.urlsafe_b64encode(raw(cursor)).decode().rstrip("=")
                what = f"?after={cursor!r}&sort={sort}"
                await ask(inside, operation, what, path, params={"after": text, "sort": sort})
    await intact(stocked)


NAMING = [each for each in ALL if each.contract.parameters]


@pytest.mark.parametrize("operations", in_groups(NAMING), ids=first_of)
async def test_row_16_nothing_in_a_path_breaks_anything(
    operations: list[Operation], inside: Inside, stocked: Stocked
) -> None:
    for operation in operations:
        for place, name in enumerate(operation.contract.parameters):
            for word in some(WORDS, operation, place):
                quoted = "".join(f"%{byte:02X}" for byte in word.encode()) or "%20"
                path = operation.path(dict.fromkeys(operation.path_records, NOWHERE) | {name: quoted})
                await ask(inside, operation, f"{name}={word!r}", path)
    await intact(stocked)


CHANGING = [each for each in ALL if each.contract.method != "GET"]


@pytest.mark.parametrize("operation", CHANGING, ids=lambda each: each.name)
async def test_row_16_nothing_in_a_body_or_a_header_breaks_anything(
    operation: Operation, inside: Inside, stocked: Stocked
) -> None:
    rows = stocked.mine
    path = operation.path(operation.ids(rows))
    await words_in_a_body(operation, inside, path, stocked)
    # Headers are read before it is known whose operation it is: what one trade shows holds for all.
    for name, word in (
        some([*product(HEADERS, HEADER_WORDS)], operation) if operation.walk is PHONESHOP or EVERY else ()
    ):
        headers = {name.lower(): word.encode("latin-1")}
        answer = await inside.ask(operation.contract.method, path, content=raw(operation.filled(rows)), headers=headers)
        assert answer.status < 500, f"{operation.name}: {headers}: {answer.body!r}"
    await intact(stocked)


async def words_in_a_body(operation: Operation, inside: Inside, path: str, stocked: Stocked) -> None:
    """Words for each field of a request, beside it in the query, and for all of it."""
    if operation.body is None:
        return
    rows, names = stocked.mine, [*operation.body.model_fields]
    for place, name in enumerate(names):
        for value in some((*WORDS, *VALUES), operation, place):
            await ask(inside, operation, f"{name}={value!r}", path, content=raw(operation.filled(rows) | {name: value}))
    for word in some(WORDS, operation):
        content = raw(operation.filled(rows))
        await ask(inside, operation, f"?{names[0]}={word!r}", path, params={names[0]: word}, content=content)
    for content, params in some([*product(BODIES, ({}, {names[0]: "x"}))], operation):
        await ask(inside, operation, repr(content), path, content=content, params=params)


async def test_row_16_only_listed_fields_sort_a_list(application: Application, shop: Place) -> None:
    for word in ("password_hash", "org_id", "folded", "id; --", "created_at desc", "version"):
        answer = await shop.owner.get("/api/customers", params={"sort": word})
        assert answer.status_code == 422


async def test_row_16_an_instruction_in_a_search_is_searched_for(stocked: Stocked) -> None:
    for word in ("' OR '1'='1", "%", "_", "%' OR 1=1 --"):
        assert (await stocked.shop.owner.get("/api/customers", params={"search": word})).json() == []
