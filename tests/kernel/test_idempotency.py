"""One effect per key, for a day."""

from datetime import timedelta

import pytest

from tests.kernel.floor import NOW, Floor, Keyed
from tradehall.kernel.errors import Invalid, Refused
from tradehall.kernel.idempotency import drop_expired


async def test_row_7_a_key_gives_the_same_answer_for_24_hours_and_counts_anew_then(floor: Floor) -> None:
    first = await floor.do(Keyed("k", "a"))
    almost = await floor.do(Keyed("k", "a", NOW + timedelta(hours=24)))
    assert (almost.status, almost.body, almost.headers["Idempotent-Replay"]) == (201, first.body, "true")
    assert await floor.labels() == ["a"]
    floor.sql("UPDATE stall_crates SET label = 'another'")
    anew = await floor.do(Keyed("k", "a", NOW + timedelta(hours=24, microseconds=1)))
    assert "Idempotent-Replay" not in anew.headers
    assert await floor.labels() == ["another", "a"]
    assert await floor.wrong() == []


@pytest.mark.parametrize("is_free", [False, True], ids=["refused now", "possible again"])
async def test_row_7_a_key_that_was_used_gives_its_answer_among_new_ones(floor: Floor, is_free: bool) -> None:
    first = await floor.do(Keyed("k", "a"))
    if is_free:
        floor.sql("UPDATE stall_crates SET label = 'another'")
    ended = await floor.together(Keyed("x", "b"), Keyed("k", "a"), Keyed("y", "c"), Keyed("y", "c"))
    assert [answer.status for answer in ended] == [201] * 4
    assert (ended[1].body, ended[3].body) == (first.body, ended[2].body)
    assert ["Idempotent-Replay" in answer.headers for answer in ended] == [False, True, False, True]
    assert await floor.labels() == ["another" if is_free else "a", "b", "c"]
    assert await floor.keys() == [201] * 3
    assert await floor.wrong() == []


async def test_row_7_an_expired_key_also_counts_anew_for_another_request(floor: Floor) -> None:
    await floor.do(Keyed("k", "a"))
    with pytest.raises(Invalid) as reused:
        await floor.do(Keyed("k", "b", NOW + timedelta(hours=23)))
    assert reused.value.errors[0]["type"] == "key_reused"
    later = NOW + timedelta(hours=25)
    ended = await floor.together(Keyed("k", "b", later), Keyed("k", "b", later), Keyed("k2", "c", later))
    assert [answer.status for answer in ended] == [201] * 3
    assert await floor.labels() == ["a", "b", "c"]
    assert await floor.keys() == [201, 201]


async def test_row_7_a_refusal_is_kept_under_its_key_and_a_failure_is_not(floor: Floor) -> None:
    with pytest.raises(Refused):
        await floor.do(Keyed("refused", "forbidden fruit"))
    with pytest.raises(ValueError, match="snake"):
        await floor.do(Keyed("failed", "snake"))
    again = await floor.do(Keyed("refused", "forbidden fruit"))
    assert (again.status, again.headers["Idempotent-Replay"]) == (409, "true")
    assert await floor.keys() == [409]
    assert await floor.labels() == []


async def test_row_7_an_expired_key_that_comes_with_what_is_refused_tells_the_refusal(floor: Floor) -> None:
    await floor.do(Keyed("k", "a"))
    later = NOW + timedelta(hours=25)
    ended = await floor.together(Keyed("x", "b", later), Keyed("k", "forbidden fruit", later), Keyed("y", "c", later))
    assert isinstance(ended[1], Refused)
    assert ended[1].code == "forbidden"
    assert await floor.keys() == [201, 201, 409]
    assert await floor.labels() == ["a", "b", "c"]
    assert (await floor.do(Keyed("k", "forbidden fruit", later))).status == 409
    assert await floor.wrong() == []


async def test_row_7_expired_keys_are_swept_and_fresh_ones_are_not(floor: Floor) -> None:
    await floor.do(Keyed("old", "a"))
    await floor.do(Keyed("new", "b", NOW + timedelta(hours=2)))
    await floor.rule(lambda ctx: drop_expired(ctx, NOW + timedelta(hours=1)))
    assert await floor.keys() == [201]
