"""What the kernel keeps for swaps and customers: rows that point ahead to each other, and totals of single customers."""

from typing import Any

import pytest
import sqlalchemy as sa

from tests.running import Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, a_swap
from tradehall.kernel.context import Context
from tradehall.kernel.doctor import Rebuild, differences
from tradehall.kernel.errors import Problem
from tradehall.kernel.reports import measure
from tradehall.kernel.subjects import SUBJECTS
from tradehall.trades import phoneshop
from tradehall.trades.phoneshop.models import Condition, Phone, Sale, UnitImei


async def wrong(shop: Place) -> list[str]:
    """What the doctor finds in the totals."""
    found: list[str] = await shop.read(lambda session: differences(session, shop.org_id, phoneshop.trade, "here"))
    return found


async def test_what_customers_come_to_is_proved_from_the_rows_and_rebuilt(shop: Place) -> None:
    customer = (await a_customer(shop.clerk))["id"]
    await a_sale(shop.clerk, customer_id=customer, amount_paid=700)
    await a_swap(shop.clerk, customer_id=customer)
    assert await wrong(shop) == []
    mine = (SUBJECTS.c.org_id == shop.org_id, SUBJECTS.c.subject == customer)
    tampered = sa.update(SUBJECTS).where(*mine).values(count_1=SUBJECTS.c.count_1 + 1, amount_2=5)
    await shop.work(lambda ctx: ctx.session.execute(tampered))
    named = await wrong(shop)
    assert [each.split(" is kept")[0] for each in named] == [
        f"here: the total phoneshop.spent / {kind} / #{customer}" for kind in ("sale", "swap")
    ]
    await shop.application.office.database.unit(Rebuild(shop.org_id, phoneshop.trade))
    assert await wrong(shop) == []


def test_kinds_of_a_measure_are_said_once() -> None:
    with pytest.raises(TypeError, match=r"phoneshop\.spent tells its subjects apart"):
        measure(Sale, into="spent", kinds=("sale", "gift"))(lambda sale, day_of: ())
    with pytest.raises(TypeError, match="at most 4"):
        measure(Sale, into="gifts", kinds=("a", "b", "c", "d", "e"))(lambda sale, day_of: ())


def a_unit(**more: Any) -> Phone:
    """A phone."""
    return Phone(brand="Nokia", model="3310", condition=Condition.USED, value=100, **more)


async def test_an_id_that_was_reserved_is_nobody_else_s(shop: Place) -> None:
    def rule(ctx: Context) -> list[int]:
        with ctx.happening("phone.test"):
            first, second, third = a_unit(), a_unit(), a_unit()
            told = [ctx.reserve(first), ctx.reserve(second)]
            ctx.add(third)
            ctx.add(UnitImei(imei="490154203237518", phone_id=third.id))
            ctx.add(second)
            ctx.add(first)
            assert [first.id, second.id] == told
            return [*told, third.id]

    ids = await shop.work(rule)
    assert len(set(ids)) == 3
    listed = (await shop.clerk.get("/api/phones/")).json()
    assert {each["id"] for each in listed} == set(ids)
    assert (await a_phone(shop.clerk))["id"] > max(ids)


async def test_a_phone_that_points_to_a_swap_that_never_comes_is_not_there(shop: Place) -> None:
    def rule(ctx: Context) -> None:
        with ctx.happening("phone.test"):
            ctx.add(a_unit(acquired_via_swap_id=4711))

    with pytest.raises(Problem):
        await shop.work(rule)
    assert (await shop.clerk.get("/api/phones/")).json() == []
    assert await wrong(shop) == []
