"""Prices and balances, which are off until a house wants them."""

from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from tests.trades.laundry.washing import AT, House, done, refused
from tradehall.kernel.context import Context
from tradehall.trades.laundry.idling import nudge, take_fee
from tradehall.trades.laundry.models import Cycle, Resident


async def balance(house: House) -> Any:
    return done(await house.ama.get(f"{AT}/profile/me"))["balance"]


async def topped_up(house: House, amount: str, status: int = 200) -> Any:
    done(await house.ama.put(f"{AT}/profile/update", json={"phone_number": "0123456789"}))
    [row] = done(await house.admin.get(f"{AT}/residents", params={"student_id": house.ama.name}))
    answer = await house.admin.post(
        f"{AT}/residents/{row['id']}/top-up", json={"amount": amount, "note": "at the office"}
    )
    return done(answer, status)


async def test_day_one_nobody_pays_until_a_house_wants_it(house: House) -> None:
    await house.place.prefer(washer_price="3.00")
    await house.started(house.ama)
    assert await balance(house) is None
    assert done(await house.ama.get(f"{AT}/payments")) == []


async def test_day_one_a_cycle_is_paid_from_the_balance_and_given_back_only_at_once(house: House) -> None:
    await house.place.prefer(paying=True, washer_price="3.00", dryer_price="0")
    sentence = "MYR 3.00 is due, and MYR 0.00 is on the balance"
    assert refused(await house.do(house.ama, "start")) == sentence
    assert (await house.machine())["status"] == "available"
    await house.started(house.ama, kind="dryer")
    await topped_up(house, "7.00")
    await house.started(house.ama)
    await house.started(house.ama, 2)
    assert float(await balance(house)) == 1
    done(await house.do(house.ama, "cancel"))
    house.clock.forward(minutes=6)
    done(await house.do(house.ama, "cancel", 2))
    assert float(await balance(house)) == 4
    found = done(await house.ama.get(f"{AT}/payments"))
    assert [(each["what"], float(each["amount"]), float(each["balance"])) for each in reversed(found)] == [
        ("top_up", 7, 7), ("cycle", -3, 4), ("cycle", -3, 1), ("refund", 3, 4),
    ]  # fmt: skip
    assert done(await house.ben.get(f"{AT}/payments")) == []
    assert (await topped_up(house, "-9", 400))["error_code"] == "balance_too_low"
    await topped_up(house, "-4.00")
    assert float(await balance(house)) == 0
    for amount in ("0", "0.001", "x"):
        await topped_up(house, amount, 422)


async def test_p_01_true_and_false_are_no_numbers(house: House) -> None:
    await house.place.prefer(paying=True)
    resident = (await topped_up(house, "7.00"))["id"]
    for path, body, field in (
        (f"/residents/{resident}/top-up", {"amount": True}, "amount"),
        ("/machines/start", {"machine_type": "washer", "machine_id": True}, "machine_id"),
        ("/machines/start", {"machine_type": "washer", "machine_id": False}, "machine_id"),
    ):
        told = done(await house.admin.post(f"{AT}{path}", json=body), 422)
        assert (told["status_code"], told["error_code"]) == (422, "invalid"), path
        assert [each["loc"] for each in told["errors"]] == [["body", field]], path
    assert float(await balance(house)) == 7


async def test_the_doctor_holds_balances_against_their_entries(house: House) -> None:
    await topped_up(house, "7.00")
    assert await house.place.wrong() == []
    await house.place.work(lambda ctx: ctx.session.execute(sa.update(Resident.table).values(balance=Decimal("9.50"))))
    [sentence] = await house.place.wrong()
    assert sentence.startswith("here: the balance of resident ")
    assert sentence.endswith(" is 9.50, but its entries come to 7.00")


async def idle(house: House, balance: str = "20.00", **terms: Any) -> None:
    """Ama's clothes are done; leaving them costs a ringgit each ten minutes, twice at most."""
    await house.place.prefer(**{"paying": True, "idle_fee": "1.00", "idle_most": 2} | terms)
    await topped_up(house, balance)
    await house.started(house.ama)
    await house.forward(seconds=1800)


async def fees(house: House) -> list[tuple[float, float]]:
    """What Ama paid for leaving her clothes, the oldest first, and what was left each time."""
    found = done(await house.ama.get(f"{AT}/payments", params={"what": "idle"}))
    return [(float(each["amount"]), float(each["balance"])) for each in reversed(found)]


async def test_a5_clothes_that_stay_cost_nothing_until_a_house_wants_it(house: House) -> None:
    await idle(house, idle_fee="0")
    for minutes in (5, 5, 60, 600):
        await house.forward(minutes=minutes)
    assert await fees(house) == []
    assert done(await house.ama.get(f"{AT}/profile/me"))["idle"] is None
    assert await house.told(house.ama) == ["cycle_completed", "collect_reminder", "collect_overdue"]


async def test_a5_whoever_collects_in_time_is_nudged_and_pays_nothing(house: House) -> None:
    await idle(house)
    assert done(await house.ama.get(f"{AT}/profile/me"))["idle"] == {
        "fee": 1, "grace_minutes": 5, "every_minutes": 10, "most": 2,
    }  # fmt: skip
    await house.forward(minutes=5)
    [told, *_] = done(await house.ama.get(f"{AT}/notifications"))["notifications"]
    assert told["message"] == (
        "Your clothes wait in Washer 1. If they still do at 09:45, MYR 1.00 is taken from your balance."
    )
    await house.forward(minutes=9)
    done(await house.do(house.ama, "collect"))
    await house.forward(hours=2)
    assert await fees(house) == []


async def test_a5_r19_a_fee_is_told_as_the_reader_s_language_writes_money(house: House) -> None:
    await house.place.prefer(residents_language="fr")
    await idle(house)
    await house.forward(minutes=5)
    [told, *_] = done(await house.ama.get(f"{AT}/notifications"))["notifications"]
    assert "1,00 MYR est prélevé sur votre solde" in told["message"]
    await house.forward(minutes=10)
    [told, *_] = done(await house.ama.get(f"{AT}/notifications"))["notifications"]
    assert told["message"].startswith("1,00 MYR a été prélevé sur votre solde")


async def test_a5_the_fee_is_taken_once_each_time_and_so_often_at_most_however_often_the_timer_comes(
    house: House,
) -> None:
    await idle(house)
    await house.forward(minutes=5)

    def again(ctx: Context) -> None:
        cycle = ctx.get(Cycle, 1)
        for verb in (nudge, take_fee, take_fee):
            ctx.do(verb, cycle)

    await house.place.work(again)
    assert await fees(house) == []
    await house.forward(minutes=10)
    await house.place.work(again)
    assert await fees(house) == [(-1, 19)]
    await house.forward(minutes=45)  # a timer that comes late takes one
    assert await fees(house) == [(-1, 19), (-1, 18)]
    await house.forward(hours=5)
    await house.place.work(again)
    assert len(await fees(house)) == 2
    [last, *_] = done(await house.ama.get(f"{AT}/profile/me"))["payments"]
    assert (last["what"], last["machine_type"], last["machine_id"]) == ("idle", "washer", 1)
    assert (await house.told(house.ama)).count("idle_fee") == 2
    assert await house.place.wrong() == []


async def test_a5_no_more_is_taken_than_there_is(house: House) -> None:
    await idle(house, "1.50")
    await house.forward(minutes=5)
    for _ in range(3):
        await house.forward(minutes=10)
    assert await fees(house) == [(-1, 0.5), (-0.5, 0)]


async def test_r10_closed_hours_cost_nothing_unless_the_house_says_so(house: House) -> None:
    await idle(house, opens_at="08:00", closes_at="09:40")
    await house.forward(minutes=5)
    await house.forward(hours=4)
    assert await fees(house) == []
    await house.forward(hours=18, minutes=30)  # five past eight: five minutes of yesterday, and five of today
    assert await fees(house) == [(-1, 19)]
    done(await house.do(house.ama, "collect"))
    await house.place.prefer(idle_while_closed=True, closes_at="08:45")
    await house.started(house.ama)
    await house.forward(minutes=30)
    await house.forward(minutes=5)
    await house.forward(minutes=10)
    assert len(await fees(house)) == 2
