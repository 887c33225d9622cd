"""Prices and balances, which are off until a house wants them."""

from typing import Any

from tests.trades.laundry.washing import AT, House, done, refused


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
