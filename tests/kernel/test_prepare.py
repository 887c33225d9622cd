"""Slow work before the unit (idea 2): after authorisation and the look-up of the key, outside the transaction."""

import orjson
import pytest

from tests.kernel import stall
from tests.kernel.floor import HERE, NOW, Floor, bring
from tradehall.kernel.calls import Call
from tradehall.kernel.contracts import Contract
from tradehall.kernel.errors import Denied, Missing
from tradehall.kernel.idempotency import Answer, Key
from tradehall.kernel.office import Office
from tradehall.kernel.verbs import Actor

APPRAISE = Contract("POST", "/api/crates/{id}/appraise", stall.appraise)


def call(crate_id: int, role: str = "keeper", key: str = "") -> Call:
    """Somebody asks for an appraisal."""
    actor = Actor(HERE, "stall", role, 1)
    kept = Key.of(actor.label, "POST", f"stall:/api/crates/{crate_id}/appraise", key, b"") if key else None
    return Call(APPRAISE, actor, NOW, target=crate_id, key=kept)


async def ask(floor: Floor, asked: Call) -> Answer:
    """Carry it out."""
    stall.asked_of_expert.clear()
    return await Office(floor.database, [stall.trade], "a secret of the tests").perform(stall.trade, asked)


async def test_a_rule_finds_what_was_prepared_before_its_unit(floor: Floor) -> None:
    crate = await floor.do(bring("plums"))
    answer = await ask(floor, call(crate.id))
    assert orjson.loads(answer.body)["price"] == crate.id
    assert stall.asked_of_expert == [crate.id]
    assert await floor.verbs() == ["crate.bring", "crate.appraise"]


async def test_nothing_is_prepared_for_whoever_may_not_ask(floor: Floor) -> None:
    crate = await floor.do(bring("plums"))
    with pytest.raises(Denied):
        await ask(floor, call(crate.id, role="seller"))
    assert stall.asked_of_expert == []
    assert await floor.verbs() == ["crate.bring"]


async def test_p07_nothing_is_prepared_again_for_a_key_that_was_answered(floor: Floor) -> None:
    crate = await floor.do(bring("plums"))
    first = await ask(floor, call(crate.id, key="once"))
    again = await ask(floor, call(crate.id, key="once"))
    assert stall.asked_of_expert == []
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["Idempotent-Replay"] == "true"
    assert await floor.verbs() == ["crate.bring", "crate.appraise"]


async def test_a_refusal_after_the_preparation_changes_nothing(floor: Floor) -> None:
    with pytest.raises(Missing):
        await ask(floor, call(7))
    assert stall.asked_of_expert == [7]
    assert await floor.verbs() == []
