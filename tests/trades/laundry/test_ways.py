"""How residents are told: in their language, by SMS and e-mail, in the browsers that they chose, and how they get in again."""

from dataclasses import replace
from typing import Any

import httpx2

from tests.receiver import Receiver, receiving
from tests.running import Person
from tests.trades.laundry.test_push import BROWSER, KEY
from tests.trades.laundry.washing import AT, House, done, refused
from tradehall.adapters.courier import PublicCourier
from tradehall.adapters.webpush import WebPush


async def prefer(house: House, **ways: Any) -> Any:
    return done(await house.ama.put(f"{AT}/profile/preferences", json=ways))


async def reached(house: House, phone: str = "012-345 6789", **more: str) -> None:
    done(await house.ama.put(f"{AT}/profile/update", json={"phone_number": phone} | more))


async def written(house: House) -> list[Any]:
    """What was written to people, the newest first."""
    found: list[Any] = done(await house.admin.get(f"{AT}/messages/log"))
    return found


async def test_r19_notices_are_in_the_language_of_whoever_reads_them(house: House) -> None:
    assert (await prefer(house, language="ms"))["preferences"]["language"] == "ms"
    await house.started(house.ama)
    await house.started(house.ben, 2)
    await house.forward(seconds=1800)
    [told] = done(await house.ama.get(f"{AT}/notifications/"))["notifications"]
    assert (told["title"], told["message"][:30]) == ("Kitaran selesai", "Mesin basuh 1 sudah siap. Sila")
    [told] = done(await house.ben.get(f"{AT}/notifications/"))["notifications"]
    assert (told["title"], told["message"][:17]) == ("Cycle completed", "Washer 2 is done.")
    await house.place.prefer(residents_language="fr")
    await house.started(house.cho, 3)
    await house.forward(seconds=1800)
    [told] = done(await house.cho.get(f"{AT}/notifications/"))["notifications"]
    assert (told["title"], told["message"][:18]) == ("Cycle terminé", "Lave-linge 3 a fin")
    refusal = await house.ama.put(f"{AT}/profile/preferences", json={"language": "xx"})
    assert refused(refusal, 422)
    assert done(await house.ama.get(f"{AT}/auth/language"))["language"] == "ms"


async def test_n10_whoever_wants_it_is_told_by_sms_and_e_mail_after_their_quiet_hours(house: House) -> None:
    done(await house.admin.put(f"{AT}/settings", json={"messages_to_residents": True}))
    assert done(await house.ama.get(f"{AT}/profile/me"))["offered"] == ["in_app", "sms", "email"]
    ways = {"channels": ["in_app", "sms", "email"], "language": "ms", "quiet_from": "09:00", "quiet_until": "10:00"}
    assert (await prefer(house, **ways))["message"] == "There is no number that an SMS could be sent to"
    await reached(house, email="ama@example.com")
    await house.started(house.ama)
    await house.forward(seconds=1800)
    told = {each["channel"]: each for each in await written(house)}
    assert told["sms"]["to"] == "+60123456789"
    assert told["email"]["to"] == "ama@example.com"
    assert told["email"]["subject"] == "Kitaran selesai"
    assert told["sms"]["body"].startswith("Mesin basuh 1 sudah siap")
    assert {each["due_at"] for each in told.values()} == {"2026-03-02T02:00:00.000000Z"}
    await reached(house, email="")
    assert done(await house.ama.get(f"{AT}/profile/me"))["email"] is None


async def test_r16_a_forgotten_pin_is_chosen_anew_with_a_link_to_the_telephone_on_record(house: House) -> None:
    await reached(house)

    async def ask(number: str) -> httpx2.Response:
        return await Person(house.application.http).post(f"{AT}/auth/forgot-pin", json={"student_id": number})

    answers = [done(await ask(number)) for number in (house.ama.name, house.ben.name, "999999")]
    assert answers[0] == answers[1] == answers[2]
    await house.work()
    [told] = await written(house)
    assert (told["to"], told["template"]) == ("+60123456789", "choose_secret")
    assert told["body"] == "Choose a new PIN for KY Wash within an hour: {link}"
    for _ in range(4):
        done(await ask(house.ama.name))
    assert (await ask(house.ama.name)).status_code == 429


async def test_a_browser_is_told_until_it_is_taken_off(house: House) -> None:
    office = house.application.office
    push = WebPush(KEY, "mailto:it@example.com", PublicCourier(allow_private=True))
    async with receiving() as service:
        office.outside = replace(office.outside, push=push)
        await registered(house, service)
        assert done(await house.ama.get(f"{AT}/profile/me"))["preferences"]["channels"] == ["in_app", "push"]
        await house.started(house.ama)
        await house.forward(seconds=1800)
        assert len(service.at("/ama")) == 1
        theirs = {"endpoint": service.url("/ama")}
        done(await house.ben.post(f"{AT}/devices/forget", json=theirs))
        assert len(done(await house.ama.get(f"{AT}/devices"))) == 1
        done(await house.ama.post(f"{AT}/devices/forget", json=theirs))
        assert done(await house.ama.get(f"{AT}/devices")) == []


async def registered(house: House, service: Receiver) -> None:
    wish = {"endpoint": service.url("/ama"), "keys": BROWSER}
    done(await house.ama.post(f"{AT}/devices", json=wish), 201)
