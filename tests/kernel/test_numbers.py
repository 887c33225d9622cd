"""Numbers are consecutive in each organisation, and given back by whoever fails."""

import asyncio

import pytest

from tests.kernel.floor import HERE, THERE, Floor, Unit, bring
from tests.kernel.stall import NewCrate
from tests.kernel.stall import bring as bringing
from tradehall.kernel.context import Context


async def test_numbers_have_no_gap_however_many_units_fail(floor: Floor) -> None:
    labels = [str(n) if n % 3 else "snake" for n in range(60)]
    await asyncio.gather(*(floor.do(bring(label)) for label in labels), return_exceptions=True)
    assert len(await floor.labels()) == 40
    assert await floor.wrong() == []


async def test_a_unit_that_takes_several_numbers_gives_all_of_them_back(floor: Floor) -> None:
    def three_and_fail(ctx: Context) -> None:
        for label in "xyz":
            ctx.do(bringing, NewCrate(label=label))
        raise ValueError("no")

    ended = await floor.together(bring("a"), Unit(three_and_fail), bring("b"))
    assert [ended[0].number, ended[2].number] == ["C-000001", "C-000002"]
    with pytest.raises(ValueError, match="no"):
        await floor.do(Unit(three_and_fail))
    assert (await floor.do(bring("c"))).number == "C-000003"
    assert await floor.wrong() == []


async def test_each_organisation_counts_for_itself(floor: Floor) -> None:
    for org_id in (HERE, THERE):
        made = await floor.rule(lambda ctx: ctx.do(bringing, NewCrate(label="a")), org_id)
        assert made.number == "C-000001"
    assert (await floor.wrong(HERE), await floor.wrong(THERE)) == ([], [])


async def test_a_dry_number_is_not_taken_by_a_rule_that_is_undone(floor: Floor) -> None:
    await floor.together(bring("a"), bring("a"), bring("a"), bring("b"))
    assert await floor.labels() == ["a", "b"]
    assert await floor.wrong() == []
