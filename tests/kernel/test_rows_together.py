"""Rows that the units of a group write together: nobody can tell the difference."""

from typing import Any

import pytest
import sqlalchemy as sa

from tests.kernel import stall
from tests.kernel.floor import Floor, Unit, bring, shared
from tests.kernel.stall import Amount, Crate, CrateState, NewCrate, Word
from tradehall.kernel.context import Context
from tradehall.kernel.database import Prepared, Undone
from tradehall.kernel.errors import Refused
from tradehall.kernel.records import find, wanted
from tradehall.kernel.rows import together


def looks_and_fails(ctx: Context) -> None:
    """Ask the database, so that what waits is written, and fail."""
    seen = [crate.label for crate in ctx.all(find(Crate))]
    ctx.do(stall.bring, NewCrate(label="never"))
    assert len(ctx.all(find(Crate))) == len(seen) + 1
    raise Refused("changed_my_mind", f"There are {len(seen)} already")


async def test_what_earlier_units_left_survives_a_unit_that_had_it_written_and_failed(floor: Floor) -> None:
    units = [bring("a"), bring("b"), Unit(looks_and_fails), bring("c"), Unit(looks_and_fails)]
    ended = await floor.together(*units)
    assert shared(units)
    assert [str(each) for each in (ended[2], ended[4])] == ["There are 2 already", "There are 3 already"]
    assert await floor.labels() == ["a", "b", "c"]
    assert await floor.wrong() == []


async def test_a_unit_sees_what_the_units_before_it_wrote(floor: Floor) -> None:
    first = await floor.do(bring("a", stock=10))

    def takes(ctx: Context) -> int:
        crate = ctx.get(Crate, first.id)
        ctx.do(stall.take, crate, Amount(count=3))
        return crate.stock

    ended = await floor.together(*(Unit(takes) for _ in range(5)))
    assert ended[:3] == [7, 4, 1]
    assert [getattr(each, "code", None) for each in ended[3:]] == ["sold_out"] * 2
    assert (await floor.rule(lambda ctx: ctx.get(Crate, first.id).stock)) == 1
    assert await floor.wrong() == []


LABELLED = find(Crate, Crate.label == wanted("label")).standing()


async def test_a_search_that_is_kept_sees_what_the_units_before_it_added_and_its_failure_undoes_its_own_alone(
    floor: Floor,
) -> None:
    def seen(*labels: str) -> Unit:
        return Unit(lambda ctx: [len(ctx.all(LABELLED, label=label)) for label in labels])

    def looks_brings_and_fails(ctx: Context) -> None:
        assert len(ctx.all(LABELLED, label="a")) == 1
        ctx.do(stall.bring, NewCrate(label="never"))
        raise Refused("changed_my_mind", "No")

    units = [bring("a"), seen("a", "b"), Unit(looks_brings_and_fails), bring("b"), seen("a", "b", "never")]
    ended = await floor.together(*units)
    assert shared(units)
    assert (ended[1], ended[4]) == ([1, 0], [1, 1, 0])
    assert await floor.labels() == ["a", "b"]
    assert await floor.wrong() == []


async def test_a_row_may_be_added_and_changed_again_and_again_in_one_unit(floor: Floor) -> None:
    def busy(label: str) -> Unit:
        def rule(ctx: Context) -> tuple[int, int]:
            crate = ctx.do(stall.bring, NewCrate(label=label, stock=9))
            for _ in range(3):
                ctx.do(stall.take, crate, Amount(count=2))
            ctx.do(stall.tag, crate, Word(word="cheap"))
            ctx.do(stall.unlock, crate)
            return crate.id, crate.version

        return Unit(rule)

    ended = await floor.together(busy("a"), bring("plain"), busy("b"))
    query = sa.select(Crate.table.c.id, Crate.table.c.version, Crate.table.c.stock, Crate.table.c.state)
    rows = await floor.read(lambda session: session.execute(query.order_by(Crate.table.c.id)).all())
    assert [row[:2] for row in rows if row.stock == 3] == [ended[0], ended[2]]
    assert [row.state for row in rows if row.stock == 3] == [CrateState.OPEN] * 2
    assert await floor.tags() == 2
    assert await floor.wrong() == []


async def test_a_dry_run_in_a_group_leaves_nothing(floor: Floor) -> None:
    def tried(ctx: Context) -> Any:
        raise Undone(ctx.do(stall.bring, NewCrate(label="tried")).label)

    ended = await floor.together(bring("a"), Unit(tried), bring("b"))
    assert ended[1] == "tried"
    assert await floor.labels() == ["a", "b"]
    assert await floor.wrong() == []


async def test_ids_that_were_drawn_together_are_given_in_order(floor: Floor) -> None:
    ended = await floor.together(*(bring(f"crate {number}") for number in range(12)))
    ids = [each.id for each in ended]
    assert ids == sorted(set(ids))


A, B, C = (Prepared(sa.text(f"SELECT {number}")) for number in range(3))


def rows(*statements: Prepared) -> list[tuple[Prepared, dict[str, Any]]]:
    """What one unit wants written."""
    return [(statement, {}) for statement in statements]


@pytest.mark.parametrize(
    ("units", "expected"),
    [
        ([rows(A, B), rows(A, B)], [(A, 2), (B, 2)]),
        ([rows(B), rows(A, B)], [(A, 1), (B, 2)]),
        ([rows(A, A, C), rows(B, C)], [(A, 2), (B, 1), (C, 2)]),
        ([rows(A, B), rows(B, A)], [(A, 1), (B, 1), (B, 1), (A, 1)]),
    ],
    ids=["alike", "one comes first for another", "two ways to the same", "against each other"],
)
def test_no_unit_s_own_order_is_turned_round(units: Any, expected: list[tuple[Prepared, int]]) -> None:
    assert [(statement, len(found)) for statement, found in together(units)] == expected
