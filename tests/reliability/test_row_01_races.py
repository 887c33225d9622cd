"""Rows 1, 2, 3 and 7: whoever comes at the same moment, one wins, and what was answered is so."""

from collections import Counter

import sqlalchemy as sa

from tests.reliability.loads import created_is_there, few_phones_for_many, one_phone_for_many
from tests.reliability.serving import Shop, race
from tradehall.trades.phoneshop.models import Customer


def fronts(shop: Shop) -> int:
    """How many processes may serve this database."""
    return 1 if shop.on_sqlite else 2


async def test_row_1_of_50_who_want_one_phone_exactly_one_gets_it(real_shop: Shop) -> None:
    servers = [real_shop.serve() for _ in range(fronts(real_shop))]
    await one_phone_for_many(real_shop, servers, rounds=5)


async def test_row_2_of_10_phones_50_buyers_get_exactly_10(real_shop: Shop) -> None:
    await few_phones_for_many(real_shop, [real_shop.serve() for _ in range(fronts(real_shop))])


async def test_row_3_what_was_created_is_there_for_whoever_asks_next(real_shop: Shop) -> None:
    await created_is_there(real_shop, real_shop.serve(), times=400)


async def test_row_7_twenty_parallel_requests_with_one_key_have_one_effect_and_one_answer(real_shop: Shop) -> None:
    servers = [real_shop.serve() for _ in range(fronts(real_shop))]
    bases = [each.base for each in servers]
    body = {"full_name": "Ama", "phone_number": "0241234567"}
    answers = await race(bases, real_shop.token, "/api/customers", [body] * 20, {"Idempotency-Key": "once"})
    assert Counter(status for status, _ in answers) == {201: 20}
    assert len({made["id"] for _, made in answers}) == 1
    others = [body | {"full_name": f"Ama {n}"} for n in range(20)]
    answers = await race(bases, real_shop.token, "/api/customers", others, {"Idempotency-Key": "once"})
    assert Counter(status for status, _ in answers) == {422: 20}
    count = sa.select(sa.func.count()).select_from(Customer.table)
    assert await real_shop.read(lambda session: session.execute(count).scalar()) == 1
    assert await real_shop.wrong() == []
