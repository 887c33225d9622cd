"""The log is a chain: whoever alters a row of it is found out."""

import pytest
import sqlalchemy as sa

from tests.kernel.floor import Floor, Unit, bring, shared
from tests.kernel.stall import Amount, Crate, take
from tradehall.kernel.context import Context
from tradehall.kernel.doctor import altered
from tradehall.kernel.events import CHANGES, EVENTS
from tradehall.kernel.records import find
from tradehall.kernel.verbs import act

THIRD = "(SELECT min(id) + 2 FROM events WHERE org_id = 1 AND verb LIKE 'crate%')"
EVENT = f"org_id = 1 AND id = {THIRD}"
CHANGE = f"org_id = 1 AND event_id = {THIRD}"


async def three(floor: Floor) -> int:
    """Five events; the id of the third of them, which is the one that is altered."""
    for label in "abcde":
        await floor.do(bring(label, remark="as it was"))
    found = await floor.read(lambda session: session.execute(sa.text(f"SELECT {THIRD}")).scalar())
    return int(found)


async def complaints(floor: Floor) -> list[str]:
    found: list[str] = await floor.read(lambda session: altered(session, 1))
    return found


@pytest.mark.parametrize(
    "alter",
    [
        f"UPDATE events SET at = '2020-01-01T00:00:00.000000Z' WHERE {EVENT}",
        f"UPDATE events SET trade = 'other' WHERE {EVENT}",
        f"UPDATE events SET verb = 'crate.gift' WHERE {EVENT}",
        f"UPDATE events SET actor = 'user:7' WHERE {EVENT}",
        f"UPDATE events SET cause = 1 WHERE {EVENT}",
        f"UPDATE events SET origin = '{{}} ' WHERE {EVENT}",
        f"UPDATE events SET salt = 'beef' WHERE {EVENT}",
        f"UPDATE events SET origin = '{{}} ', salt = NULL WHERE {EVENT}",
        f"UPDATE events SET digest = '{'0' * 64}' WHERE {EVENT}",
        f"UPDATE events SET chain = '{'0' * 64}' WHERE {EVENT}",
        f"UPDATE event_changes SET entity = 'stall_tags' WHERE {CHANGE}",
        f"UPDATE event_changes SET record_id = 77 WHERE {CHANGE}",
        f"UPDATE event_changes SET operation = 'edit' WHERE {CHANGE}",
        f'UPDATE event_changes SET body = \'{{"label":"z"}}\' WHERE {CHANGE}',
        f'UPDATE event_changes SET body = \'{{"label":"z"}}\', salt = NULL WHERE {CHANGE}',
        f"UPDATE event_changes SET salt = 'beef' WHERE {CHANGE}",
        f"UPDATE event_changes SET digest = '{'0' * 64}' WHERE {CHANGE}",
        f'UPDATE event_changes SET personal = \'{{"remark":"stolen"}}\' WHERE {CHANGE}',
        f'UPDATE event_changes SET personal = \'{{"remark":"stolen"}}\', personal_salt = NULL WHERE {CHANGE}',
        f"UPDATE event_changes SET personal_salt = 'beef' WHERE {CHANGE}",
        f"UPDATE event_changes SET personal_digest = NULL WHERE {CHANGE}",
        f"UPDATE event_changes SET personal = NULL, personal_salt = NULL, personal_digest = NULL WHERE {CHANGE}",
        f"DELETE FROM event_changes WHERE {CHANGE}",
        (
            "INSERT INTO event_changes SELECT org_id, event_id, 9, entity, record_id, operation, body, salt, digest, "
            "personal, personal_salt, personal_digest "
            f"FROM event_changes WHERE {CHANGE}"
        ),
    ],
)
async def test_row_42_whatever_is_altered_in_the_log_is_found_at_its_event(floor: Floor, alter: str) -> None:
    third = await three(floor)
    assert await complaints(floor) == []
    floor.sql(alter)
    found = await complaints(floor)
    assert found
    assert f"event {third}" in found[0]
    assert all(f"event {third}" in each or f"event {third + 1}" in each for each in found)


async def test_row_42_an_event_that_was_taken_out_is_missed(floor: Floor) -> None:
    third = await three(floor)
    floor.sql(f"DELETE FROM event_changes WHERE org_id = 1 AND event_id = {third}")
    floor.sql(f"DELETE FROM events WHERE org_id = 1 AND id = {third}")
    assert f"event {third} is missing" in await complaints(floor)


async def test_row_42_an_event_that_was_forged_whole_breaks_the_chain_of_the_next(floor: Floor) -> None:
    third = await three(floor)
    floor.sql(
        f"UPDATE events SET chain = (SELECT chain FROM events AS e WHERE e.org_id = 1 AND e.id = {third} - 1) WHERE {EVENT}"
    )
    found = await complaints(floor)
    assert [f"event {third}" in found[0], f"event {third + 1}" in found[1]] == [True, True]


@act(Crate, by=())
def forget(ctx: Context, crate: Crate) -> None:
    """Forget whose it was."""
    ctx.erase(crate, remark=None)


async def said_of_ama(floor: Floor) -> int:
    query = (
        sa.select(sa.func.count())
        .select_from(CHANGES)
        .where(sa.or_(CHANGES.c.body.like("%Ama%"), CHANGES.c.personal.like("%Ama%")))
    )
    return int(await floor.read(lambda session: session.execute(query).scalar()))


async def test_an_erased_record_leaves_no_words_in_the_log_and_the_chain_verifies(floor: Floor) -> None:
    crate_id = (await floor.do(bring("a", remark="Ama's"))).id
    await floor.rule(lambda ctx: ctx.do(take, ctx.get(Crate, crate_id), Amount()))
    assert await said_of_ama(floor) == 1
    await floor.rule(lambda ctx: ctx.do(forget, ctx.get(Crate, crate_id)))
    assert await said_of_ama(floor) == 0
    assert await floor.wrong() == []


async def test_what_is_erased_by_a_unit_is_not_written_by_one_that_shares_its_transaction(floor: Floor) -> None:
    def erase(ctx: Context, then: Exception | None = None) -> None:
        for crate in ctx.all(find(Crate, Crate.label == "a")):
            ctx.do(forget, crate)
        if then is not None:
            raise then

    units = [
        bring("a", remark="Ama's"),
        Unit(lambda ctx: erase(ctx, ValueError("no"))),
        bring("b", remark="Ama's, too"),
    ]
    await floor.together(*units)
    assert shared(units)
    assert await said_of_ama(floor) == 2
    units = [bring("c", remark="Kofi's"), Unit(erase)]
    await floor.together(*units)
    assert await said_of_ama(floor) == 1
    floor.sql("UPDATE stall_crates SET label = 'done'  WHERE label = 'a'")
    units = [bring("a", remark="Ama's"), Unit(erase)]
    await floor.together(*units)
    assert shared(units)
    assert await said_of_ama(floor) == 1
    assert await floor.wrong() == []


async def test_each_organisation_has_a_chain_of_its_own(floor: Floor) -> None:
    await three(floor)
    floor.sql("UPDATE events SET actor = 'user:7' WHERE org_id = 1")
    assert await complaints(floor)
    assert await floor.wrong(2) == []
    assert EVENTS.c.org_id.primary_key
