"""Records note what is assigned to them, and only verbs write them."""

from typing import Any

import pytest
import sqlalchemy as sa

from tests.kernel.floor import Floor, Unit, bring
from tests.kernel.stall import (
    Amount,
    Crate,
    CrateState,
    NewCrate,
    Tag,
    finish,
    lock,
    take,
    unlock,
)
from tests.kernel.stall import bring as bringing
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Refused
from tradehall.kernel.events import CHANGES
from tradehall.kernel.records import find
from tradehall.kernel.verbs import Verb, act


def by_hand(name: str, rule: Any) -> Verb[Any, Any]:
    """A verb of crates that a test needs."""
    rule.__name__, rule.__doc__ = name, "Do it by hand."
    return act(Crate, by=())(rule)


async def bodies(floor: Floor) -> list[str]:
    """What the log says of crates, in order."""
    query = sa.select(CHANGES.c.body + sa.func.coalesce(CHANGES.c.personal, ""))
    query = query.where(CHANGES.c.entity == "stall_crates")
    found: list[str] = await floor.read(
        lambda session: list(session.execute(query.order_by(CHANGES.c.event_id, CHANGES.c.position)).scalars())
    )
    return found


async def test_an_assignment_is_noted_written_once_and_logged_with_what_was_before(floor: Floor) -> None:
    crate_id = (await floor.do(bring("a"))).id

    def price(ctx: Context, crate: Crate) -> None:
        crate.remark = "first"
        crate.remark = "second"
        crate.label = "b"
        crate.label = "a"

    made: Crate = await floor.rule(
        lambda ctx: (ctx.do(by_hand("price", price), ctx.get(Crate, crate_id)), ctx.get(Crate, crate_id))[1]
    )
    assert (made.version, made.remark, made.label) == (2, "second", "a")
    assert (await bodies(floor))[1:] == ['{}{"remark":[null,"second"]}']
    assert await floor.wrong() == []


async def test_an_assignment_that_changes_nothing_writes_nothing(floor: Floor) -> None:
    crate_id = (await floor.do(bring("a"))).id

    def same(ctx: Context, crate: Crate) -> None:
        crate.label = "a"

    await floor.rule(lambda ctx: ctx.do(by_hand("same", same), ctx.get(Crate, crate_id)))
    assert (await floor.rule(lambda ctx: ctx.get(Crate, crate_id).version)) == 1
    assert await bodies(floor) == [
        (
            '{"id":1,"created_at":"2026-03-01T09:30:00.000000Z","label":"a","number":"C-000001","price":1.5,"stock":10,'
            '"state":"CLOSED"}'
        )
    ]


async def test_a_row_is_the_same_object_throughout_a_unit(floor: Floor) -> None:
    crate_id = (await floor.do(bring("a"))).id

    def look(ctx: Context) -> bool:
        got, found = ctx.get(Crate, crate_id), ctx.first(find(Crate, Crate.label == "a"))
        return got is found and got is ctx.all(find(Crate))[0]

    assert await floor.rule(look) is True


async def test_what_is_assigned_is_seen_by_the_next_query_of_the_unit(floor: Floor) -> None:
    crate_id = (await floor.do(bring("a"))).id

    def rename(ctx: Context, crate: Crate) -> list[Any]:
        crate.label = "z"
        return [ctx.count(find(Crate, Crate.label == "z")), ctx.count(find(Crate, Crate.label == "a"))]

    assert await floor.rule(lambda ctx: ctx.do(by_hand("rename", rename), ctx.get(Crate, crate_id))) == [1, 0]


async def test_changed_rows_are_written_in_the_order_of_their_change(floor: Floor) -> None:
    first, second = [(await floor.do(bring(label))).id for label in "ab"]

    def swap(ctx: Context, crate: Crate) -> None:
        other = ctx.get(Crate, second)
        crate.label = "free"
        other.label = "a"
        ctx.flush()
        crate.label = "b"

    await floor.rule(lambda ctx: ctx.do(by_hand("swap", swap), ctx.get(Crate, first)))
    assert await floor.labels() == ["b", "a"]
    assert await floor.wrong() == []


async def test_an_update_is_guarded_by_the_version_that_was_read(floor: Floor) -> None:
    crate_id = (await floor.do(bring("a"))).id

    def late(ctx: Context) -> None:
        crate = ctx.get(Crate, crate_id)
        table = Crate.table
        ctx.session.execute(sa.update(table).where(table.c.id == crate_id).values(version=9, stock=5))
        ctx.do(take, crate, Amount())

    with pytest.raises(Refused, match="changed in the meantime"):
        await floor.rule(late)
    assert await floor.rule(lambda ctx: ctx.get(Crate, crate_id).stock) == 10


async def test_a_row_may_be_changed_inside_a_verb_only(floor: Floor) -> None:
    crate_id = (await floor.do(bring("a"))).id

    def assign(ctx: Context) -> None:
        ctx.get(Crate, crate_id).label = "b"

    def add(ctx: Context) -> None:
        ctx.add(Tag(crate_id=crate_id, word="loose"))

    for rule in (assign, add, lambda ctx: ctx.delete(ctx.get(Crate, crate_id))):
        with pytest.raises(RuntimeError, match="inside a verb only"):
            await floor.rule(rule)
    assert await floor.labels() == ["a"]
    assert await floor.tags() == 0
    assert await floor.wrong() == []


async def moved(floor: Floor, crate_id: int, verb: Verb[Any, Any]) -> None:
    """Carry out a verb on a crate."""
    await floor.rule(lambda ctx: ctx.do(verb, ctx.get(Crate, crate_id)))


async def test_a_state_moves_only_as_declared_and_the_refusal_names_the_allowed_moves(floor: Floor) -> None:
    crate_id = (await floor.do(bring("a"))).id

    def empty(ctx: Context, crate: Crate) -> None:
        crate.state = CrateState.EMPTY

    def whatever(ctx: Context, crate: Crate) -> None:
        crate.state = "AJAR"  # type: ignore[assignment]  # that is the test

    for verb in (finish, by_hand("empty", empty), by_hand("whatever", whatever)):
        with pytest.raises(Refused) as refused:
            await moved(floor, crate_id, verb)
        assert refused.value.code == "illegal_move"
        assert refused.value.sentence == "Crate is CLOSED and can only become OPEN"
        assert refused.value.details == {"state": "CLOSED", "allowed": ["OPEN"]}
    assert await floor.verbs() == ["crate.bring"]


async def test_a_move_to_where_a_row_is_already_does_nothing(floor: Floor) -> None:
    crate_id = (await floor.do(bring("a"))).id
    for verb in (unlock, unlock, lock, unlock, finish, finish):
        await moved(floor, crate_id, verb)
    assert await floor.verbs() == ["crate.bring", "crate.unlock", "crate.lock", "crate.unlock", "crate.finish"]
    assert await floor.wrong() == []


async def test_what_something_refers_to_cannot_be_deleted_and_the_refusal_says_why(floor: Floor) -> None:
    crate_id = (await floor.do(bring("a"))).id

    def hang(ctx: Context, crate: Crate) -> None:
        ctx.add(Tag(crate_id=crate.id, word="x"))
        ctx.add(Tag(crate_id=crate.id, word="y"))

    def remove(ctx: Context, crate: Crate) -> None:
        ctx.delete(crate)

    await floor.rule(lambda ctx: ctx.do(by_hand("hang", hang), ctx.get(Crate, crate_id)))
    with pytest.raises(Refused, match="can't be deleted: it has 2 tags"):
        await floor.rule(lambda ctx: ctx.do(by_hand("remove", remove), ctx.get(Crate, crate_id)))
    other = (await floor.do(bring("b"))).id
    await floor.rule(lambda ctx: ctx.do(by_hand("remove", remove), ctx.get(Crate, other)))
    assert await floor.labels() == ["a"]


async def test_a_declared_wall_says_its_sentence_to_whoever_runs_into_it(floor: Floor) -> None:
    crate_id = (await floor.do(bring("a"))).id
    with pytest.raises(Refused) as taken:
        await floor.do(bring("a"))
    assert (taken.value.code, taken.value.sentence) == ("label_taken", "There is a crate of this name")
    with pytest.raises(Refused) as sold_out:
        await floor.rule(lambda ctx: ctx.do(take, ctx.get(Crate, crate_id), Amount(count=11)))
    assert (sold_out.value.code, sold_out.value.sentence) == ("sold_out", "There is not so much left")
    with pytest.raises(Refused) as nowhere:
        await floor.do(Unit(lambda ctx: ctx.do(by_hand("dangle", lambda ctx: ctx.add(Tag(crate_id=99, word="x"))))))
    assert nowhere.value.code == "reference"
    assert await floor.wrong() == []


async def test_a_verb_inside_a_verb_is_an_event_of_its_own_with_its_cause(floor: Floor) -> None:
    def twice(ctx: Context) -> None:
        crate = ctx.do(bringing, NewCrate(label="a"))
        ctx.do(unlock, crate)

    await floor.rule(lambda ctx: ctx.do(by_hand("twice", twice)))
    assert await floor.verbs() == ["crate.twice", "crate.bring", "crate.unlock"]
    rows = await floor.read(
        lambda session: session.execute(
            sa.text("SELECT id, cause FROM events WHERE org_id = 1 AND verb LIKE 'crate.%' ORDER BY id")
        ).all()
    )
    top = rows[0][0]
    assert [tuple(row) for row in rows] == [(top, None), (top + 1, top), (top + 2, top)]
    assert await floor.wrong() == []
