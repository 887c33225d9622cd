"""Rows 9, 10, 16 and 22 for the laundry's own operations: isolation, roles, and whatever is put wherever a value goes."""

import json
import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.inside import Inside
from tests.reliability.test_row_16_injection import VALUES, WORDS
from tests.reliability.walk import ELSEWHERE, NOWHERE, Operation, operations
from tests.running import Application, Clock, Place, Switchboard
from tests.trades.laundry.washing import AT, House, done
from tradehall.kernel.context import Context
from tradehall.kernel.records import KERNEL, Record, find
from tradehall.kernel.verbs import Verb
from tradehall.trades import laundry
from tradehall.trades.laundry import models

MATRIX = Path(__file__).parent / "roles.txt"
ALL = list(operations(laundry.trade))
DECLARED = {
    f"{each.method} {each.path}"
    for each in (
        *laundry.trade.contract,
        *(each for resource in laundry.trade.resources for each in resource.contracts(laundry.trade.prefix)),
    )
}
"""What the laundry says that it offers; what every trade has is walked in tests/reliability."""
GOOD: dict[str, Any] = {
    "machine_type": "washer", "machine_id": 1, "category": "normal", "minutes": 5, "description": "It leaks badly",
    "phone_number": "5551234567", "state": "free", "note": "mended", "number": 7, "name": "Cellar", "date": "2030-01-31",
    "headline": "Closed", "body": "For a day", "text": "Hello", "moved": True, "place": "table", "building": "A", "room_id": None,
}  # fmt: skip
"""A good value for each field that a request of the laundry may have."""
MARK = 77_000_077
PRIVILEGED = {
    "id": MARK, "org_id": MARK, "version": MARK, "status": "disabled", "total_cycles": MARK, "current_user_id": MARK,
    "user_id": MARK, "role": "admin", "ends_at": "1977-07-07T07:07:07Z", "offered_to_id": MARK, "turn": MARK, "missed": MARK,
    "created_at": "1977-07-07T07:07:07Z", "held_until": "1977-07-07T07:07:07Z", "cleared_by_id": MARK, "closed_at": MARK,
}  # fmt: skip


@pytest.fixture
async def stocked(house: House, other: Place, application: Application, clock: Clock) -> tuple[House, House]:
    """Two houses with a row of everything."""
    both = house, House(application, other, clock)
    await both[1].people("ama", "ben", "cho")
    for each in both:
        await each.started(each.ama)
        done(await each.wait(each.ben))
        await each.freed(each.ama)
        fault = {"machine_type": "dryer", "machine_id": 1, "description": "It smells"}
        done(await each.ama.post(f"{AT}/faults/report", json=fault))
        done(await each.ama.put(f"{AT}/profile/update", json={"phone_number": "5551234567"}))
        done(await each.admin.post(f"{AT}/rooms", json={"name": "Cellar"}), 201)
        done(await each.admin.post(f"{AT}/holidays", json={"date": "2026-12-25"}), 201)
        done(await each.admin.post(f"{AT}/bulletins", json={"headline": "Hello"}), 201)
        await each.place.work(partial(a_device, each.ama.user_id))
        await each.place.events()
    return both


def a_device(user_id: int, ctx: Context) -> None:
    """A browser that somebody is told in."""
    with ctx.happening("test"):
        ctx.add(models.Device(user_id=user_id, endpoint="https://push.example.com/x", p256dh="x", auth="x"))


async def a_row_of(place: Place, record: type[Record]) -> int:
    """The id of the newest row of a record."""

    def newest(ctx: Any) -> int:
        row = ctx.first(find(record).by(record.table.c.id.desc()))
        assert row is not None, f"there is no {record.__name__} here"
        return int(row.id)

    return int(await place.work(newest))


def own(some: list[Operation]) -> Iterator[tuple[Operation, str, type[Record]]]:
    """The operations of the laundry that name one of its rows by an id."""
    for each in some:
        for name, record in each.path_records.items():
            if record.trade != KERNEL:
                yield each, name, record


async def test_row_9_a_row_of_another_house_is_as_one_that_does_not_exist(stocked: tuple[House, House]) -> None:
    mine, theirs = stocked
    walked = 0
    for each, name, record in own(ALL):
        body = {"json": GOOD} if isinstance(each.contract.does, Verb) else {}
        answers = []
        for row_id in (await a_row_of(theirs.place, record), NOWHERE):
            path = each.contract.path.format(**ELSEWHERE | {name: row_id})
            who = mine.ama if record is models.Device else mine.admin
            answer = await who.ask(each.contract.method, path, headers={"X-Request-ID": "same"}, **body)
            answers.append((answer.status_code, answer.content))
        assert answers[0] == answers[1], each.name
        assert answers[0][0] == 404, each.name
        walked += 1
    assert walked > 30
    assert await theirs.place.events() == []


async def test_row_9_no_list_shows_anything_of_another_house(stocked: tuple[House, House]) -> None:
    mine, theirs = stocked
    reading = [each for each in ALL if each.contract.method == "GET" and not each.contract.parameters]
    reading = [each for each in reading if each.path({}).startswith(AT)]
    before = {
        each.name: (await mine.admin.get(each.path({}), headers={"X-Request-ID": "same"})).content for each in reading
    }
    await theirs.started(theirs.cho, 5)
    done(await theirs.wait(theirs.ama, "join", "dryer"))
    done(await theirs.admin.post(f"{AT}/bulletins", json={"headline": "Only here"}), 201)
    for each in reading:
        if not each.name.endswith(("/backups", "/jobs")):  # of the installation, not of a house
            after = (await mine.admin.get(each.path({}), headers={"X-Request-ID": "same"})).content
            assert after == before[each.name], each.name


async def test_row_10_every_operation_answers_exactly_the_roles_that_are_written_down(
    application: Application, shop: Place, served: tuple[Switchboard, Any]
) -> None:
    tokens = {"anybody": ""} | {role.name: shop.people[role.name].token for role in laundry.trade.roles}
    people = {name: Inside(served[0].serves, token) for name, token in tokens.items()}
    lines = []
    for each in (one for one in ALL if one.name in DECLARED):
        path = each.path(dict.fromkeys(each.path_records, NOWHERE))
        found = [(await person.ask(each.contract.method, path)).status for person in people.values()]
        said = ({401: "401", 403: "no"}.get(status, "yes") for status in found)
        lines.append(f"{each.name:64}{''.join(f'{word:>12}' for word in said)}")
    text = "\n".join([f"{'':64}{''.join(f'{name:>12}' for name in people)}", *sorted(lines)]) + "\n"
    if os.environ.get("ROLES") == "write":
        MATRIX.write_text(text)
    assert text == MATRIX.read_text()


async def test_row_16_nothing_in_a_body_breaks_anything(
    stocked: tuple[House, House], served: tuple[Switchboard, Any]
) -> None:
    mine, theirs = stocked
    inside = Inside(served[0].serves, mine.ama.token)
    for each in ALL:
        does = each.contract.does
        if not isinstance(does, Verb) or does.record.trade == KERNEL or each.body is None or each.path_records:
            continue
        for name in each.body.model_fields:
            for value in (*WORDS[::4], *VALUES[::2]):
                content = json.dumps({key: GOOD[key] for key in each.body.model_fields if key in GOOD} | {name: value})
                answer = await inside.ask(each.contract.method, each.path({}), content=content.encode())
                assert answer.status < 500, f"{each.name}: {name}={value!r}"
    assert await mine.place.wrong() == await theirs.place.wrong() == []
    assert await theirs.place.events() == []


async def test_row_22_no_field_is_written_that_the_form_does_not_offer(stocked: tuple[House, House]) -> None:
    mine, _ = stocked
    deeds = ("machines/start", "machines/extend", "waitlist/join", "faults/report", "machines/end", "machines/collect")
    for path in deeds:
        done(await mine.ama.post(f"{AT}/{path}", json=PRIVILEGED | GOOD | {"machine_id": 3}))
    for record in (models.Machine, models.Cycle, models.WaitlistItem, models.FaultReport, models.Activity):
        found = record

        def rows(ctx: Any, found: type[Record] = found) -> list[Any]:
            return [value for row in ctx.all(find(found)) for value in row.values.values()]

        told = [str(value) for value in await mine.place.work(rows)]
        assert not any(value.startswith((str(MARK), "1977-07-07")) for value in told), record
