"""Row 42: whatever is altered, added, moved or cut in the log is found, by its chain and by an anchor kept elsewhere."""

from __future__ import annotations

import json
import random
from functools import partial
from typing import Any

import pytest

from tests.kernel import stall
from tests.kernel.floor import HERE, NOW, Floor, bring
from tests.kernel.stall import Amount, Crate, take
from tests.running import SECRET, Clock
from tradehall.kernel import checks
from tradehall.kernel.audit import Anchor, anchor, parsed
from tradehall.kernel.audit import verify as verified
from tradehall.kernel.calls import Close
from tradehall.kernel.context import Context
from tradehall.kernel.database import Session
from tradehall.kernel.events import Walk, head
from tradehall.kernel.jobs import LEASE, Claim
from tradehall.kernel.office import Office
from tradehall.kernel.records import find
from tradehall.kernel.verbs import act

EDITS = 200
WORDS = (
    "",
    "x",
    "user:7",
    "{}",
    '{"label":"z"}',
    "0" * 64,
    "crate.gift",
    "NULL",
    "beef",
    "2020-01-01T00:00:00.000000Z",
)
TABLES = {
    "events": ("org_id", "id", "at", "trade", "verb", "actor", "cause", "origin", "salt", "digest", "chain"),
    "event_changes": ("org_id", "event_id", "position", "entity", "record_id", "operation", "body", "salt", "digest",
                      "personal", "personal_salt", "personal_digest"),
}  # fmt: skip
KEYS = {"events": ("org_id", "id"), "event_changes": ("org_id", "event_id", "position")}
WIDTHS = {"operation": 6, "salt": 32, "personal_salt": 32, "trade": 40, "actor": 60, "entity": 63, "digest": 64,
          "personal_digest": 64, "chain": 64}  # fmt: skip
NUMBERS = {"org_id", "id", "event_id", "position", "record_id", "cause"}


@act(Crate, by=())
def forget(ctx: Context, crate: Crate) -> None:
    """Forget whose it was."""
    ctx.erase(crate, remark=None)


def taken(ctx: Context, crate_id: int) -> None:
    ctx.do(take, ctx.get(Crate, crate_id), Amount())


async def a_log(floor: Floor) -> list[Anchor]:
    """A log with everything in it, one record of it erased; its head, which was kept elsewhere."""
    for number in range(6):
        await floor.do(bring(f"crate {number}", remark="Ama's" if number % 2 else None))
    for crate in await floor.rule(lambda ctx: ctx.all(find(Crate))):
        await floor.rule(partial(taken, crate_id=crate.id))
    await floor.rule(lambda ctx: ctx.do(forget, ctx.all(find(Crate))[1]))
    await floor.do(bring("the last"))
    return [await floor.read(lambda session: anchor(session, HERE))]


async def found(floor: Floor, anchors: list[Anchor]) -> list[str]:
    wrong: list[str] = await floor.read(lambda session: list(verified(session, HERE, anchors)))
    return wrong


def as_in_one_go(session: Session) -> bool:
    """Whether walks that go on from what another one left after each page find the same as one that goes through."""
    wrong: list[str] = []
    walk = Walk(HERE)
    while (page := walk.page(session, 7)) is not None:
        wrong += page
        walk = Walk(HERE, json.loads(json.dumps(walk.left)))
    return [*wrong, *walk.rest(session)] == [*verified(session, HERE)]


class Tamperer:
    """Somebody with a password to the database: edits rows, and puts back what was there."""

    def __init__(self, plain: Any, seed: int, on_sqlite: bool) -> None:
        self.plain, self.mark = plain, "?" if on_sqlite else "%s"
        self.chance = random.Random(seed)  # noqa: S311 - the same edits each time
        self.before = {table: self.rows(table) for table in TABLES}
        plain.execute("PRAGMA synchronous = OFF" if on_sqlite else "SET timezone = 'UTC'")
        self.touched: set[str] = set()

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        order = ", ".join(KEYS[table])
        return list(self.plain.execute(f"SELECT {', '.join(TABLES[table])} FROM {table} ORDER BY {order}"))

    def put(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        """Make a table be these rows."""
        self.touched.add(table)
        marks = ", ".join(self.mark for _ in TABLES[table])
        self.plain.execute("BEGIN")
        self.plain.execute(f"DELETE FROM {table}")
        insert = f"INSERT INTO {table} ({', '.join(TABLES[table])}) VALUES ({marks})"
        self.plain.cursor().executemany(insert, rows)
        self.plain.execute("COMMIT")

    def restore(self) -> None:
        for table in self.touched:
            self.put(table, self.before[table])
        self.touched.clear()

    def tamper(self) -> str:
        """Do one thing that no rule did; gives what."""
        table = self.chance.choice(list(TABLES))
        rows = list(self.before[table])
        mine = [place for place, row in enumerate(rows) if row[0] == HERE]
        way = self.chance.choices(["edit", "delete", "swap", "copy", "cut"], [12, 2, 2, 1, 2])[0]
        if way == "edit":
            return self.edit(table, rows, self.chance.choice(mine))
        if way == "cut":
            return self.cut()
        one, two = self.chance.sample(mine, 2)
        keys = len(KEYS[table])
        if way == "delete":
            del rows[one]
        elif way == "swap":
            if rows[one][keys:] == rows[two][keys:]:
                return self.tamper()
            rows[one], rows[two] = rows[one][:keys] + rows[two][keys:], rows[two][:keys] + rows[one][keys:]
        else:
            place = (rows[one][0], 90 + one) if table == "events" else (*rows[one][:2], 90 + one)
            rows.append((*place, *rows[one][keys:]))
        self.put(table, rows)
        return f"{way} {table} {rows[one % len(rows)][:keys]}"

    def edit(self, table: str, rows: list[tuple[Any, ...]], place: int) -> str:
        names = TABLES[table]
        column = self.chance.randrange(len(names))
        old, new = rows[place][column], self.other(names[column], rows[place][column])
        if isinstance(new, str):
            new = new[: WIDTHS.get(names[column])]
        changed = (*rows[place][:column], new, *rows[place][column + 1 :])
        keys = [row[: len(KEYS[table])] for row in rows]
        required = new is None and names[column] not in ("cause", "origin", "salt", "body", "personal", "personal_salt",
                                                         "personal_digest")  # fmt: skip
        if new == old or required or (changed[: len(KEYS[table])] in keys and column < len(KEYS[table])):
            return self.tamper()
        if names[column] == "personal" and new is None:
            changed = (*changed[:10], None, changed[11])  # as if its person had asked for it
        rows[place] = changed
        self.put(table, rows)
        return f"{names[column]} of {table} {keys[place]}: {old!r} is now {new!r}"

    def other(self, name: str, old: Any) -> Any:
        if name == "at":
            return "2020-01-01T00:00:00.000000Z"
        if name in NUMBERS:
            return self.chance.choice([2, 5, 77, None if name == "cause" else 3])
        if isinstance(old, str) and self.chance.random() < 0.4:
            place = self.chance.randrange(len(old) + 1)
            return old[:place] + self.chance.choice("a0 \n}") + old[place + 1 :]
        return self.chance.choice([*WORDS, None])

    def cut(self) -> str:
        last = self.chance.randrange(1, 12)
        for table, rows in self.before.items():
            end = max(row[1] for row in rows if row[0] == HERE) - last
            self.put(table, [row for row in rows if row[0] != HERE or row[1] <= end])
        return f"the last {last} events are gone"


@pytest.mark.parametrize("seed", [42, 4242])
async def test_row_42_200_of_200_edits_are_found(floor: Floor, seed: int) -> None:
    anchors = await a_log(floor)
    assert await found(floor, anchors) == []
    missed, differ = [], []
    with floor.plain() as plain:
        tamperer = Tamperer(plain, seed, floor.on_sqlite)
        for _ in range(EDITS // 2):
            done = tamperer.tamper()
            if not await found(floor, anchors):
                missed.append(done)
            if not await floor.read(as_in_one_go):
                differ.append(done)
            tamperer.restore()
    assert (missed, differ) == ([], [])
    assert await found(floor, anchors) == []


async def test_row_42_a_log_that_was_cut_and_written_on_is_not_the_one_that_the_anchor_knows(floor: Floor) -> None:
    anchors = await a_log(floor)
    (head,) = anchors
    last = head["event"]
    for table, column in (("event_changes", "event_id"), ("events", "id")):
        floor.sql(f"DELETE FROM {table} WHERE org_id = {HERE} AND {column} >= {last}")
    assert await found(floor, []) == [], "without an anchor a shorter log is as good as any"
    assert await found(floor, anchors) == [f"the log ends before event {last}, which an anchor of {head['at']} knows"]
    await floor.do(bring("another last"))
    assert await found(floor, []) == []
    assert await found(floor, anchors) == [
        f"event {last} is not the one that an anchor of {head['at']} knows: the log was rewritten"
    ]


async def test_row_42_personal_values_that_nobody_erased_are_missed(floor: Floor) -> None:
    anchors = await a_log(floor)
    floor.sql("UPDATE event_changes SET personal = NULL, personal_salt = NULL WHERE personal IS NOT NULL")
    wrong = await found(floor, anchors)
    assert sum("stall_crates" in each for each in wrong) == 2
    assert all("is gone, and nobody erased it" in each for each in wrong)


def begun(ctx: Context) -> int:
    with ctx.happening("check.begin"):
        return checks.begin(ctx).id


async def test_row_42_a_check_takes_turns_and_a_crash_costs_one(
    floor: Floor, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "TURN", 0)
    clock.set(NOW.isoformat())
    office = Office(floor.database, [stall.trade], SECRET, clock)

    async def looked_at(check_id: int) -> checks.Check:
        await office.work_once()
        row: checks.Check = await floor.rule(lambda ctx: ctx.get(checks.Check, check_id))
        assert row.status == "done"
        return row

    await a_log(floor)
    floor.sql("UPDATE event_changes SET personal = NULL, personal_salt = NULL WHERE personal IS NOT NULL")
    floor.sql("UPDATE events SET verb = 'x' WHERE id = 3")
    check = await floor.rule(begun)
    [job] = await floor.do(Claim("one", clock, ["stall"]))
    then = await checks.run.run(office, job)
    assert callable(then)
    await floor.do(Close(stall.trade, job, "one", clock(), then))
    assert await floor.rule(begun) == check, "it goes on: there is no other"
    [job] = await floor.do(Claim("lost", clock, ["stall"]))
    assert job.payload["walk"]["last"] > 5
    clock.forward(seconds=LEASE.total_seconds())
    await floor.do(bring("ahead of it"))
    ahead = await floor.read(lambda session: head(session, HERE))
    floor.sql(f"UPDATE events SET verb = 'x' WHERE id IN (5, {ahead})")
    wrong = (await looked_at(check)).wrong
    assert [each for each in wrong if "chain" in each] == [
        "the chain is broken at event 3", f"the chain is broken at event {ahead}",
    ]  # fmt: skip
    assert sum("stall_crates" in each and "nobody erased it" in each for each in wrong) == 2
    assert sorted((await looked_at(await floor.rule(begun))).wrong) == sorted(await found(floor, []))
    await office.worker.close()


def test_a_file_that_holds_no_anchors_is_refused() -> None:
    assert parsed('\n{"organisation":1,"event":2,"chain":"c","at":"a","more":1}\n\n') == [
        {"organisation": 1, "event": 2, "chain": "c", "at": "a"}
    ]
    for text in ("nonsense", "[]", '{"organisation":1}', "1"):
        with pytest.raises(ValueError, match="line 1 is no anchor"):
            parsed(text)
