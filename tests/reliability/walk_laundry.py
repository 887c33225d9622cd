"""The laundry's part of the walks: a good value for each field, and how its rows come about."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from typing import Any

from tests.reliability.walk import ELSEWHERE, PHONESHOP, Rows, Walk, beneath, fresh
from tests.running import Person, Place
from tests.trades.laundry.washing import AT, done
from tradehall.adapters.courier import PublicCourier
from tradehall.adapters.webpush import WebPush
from tradehall.kernel.context import Context
from tradehall.kernel.notices.ledger import Notice
from tradehall.kernel.records import find
from tradehall.trades import laundry
from tradehall.trades.laundry.models import (
    Cycle,
    Device,
    FaultReport,
    Machine,
    MachineType,
    Offer,
    Payment,
    Resident,
    WaitlistItem,
    Wish,
)

BROWSER = {
    "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "auth": "BTBZMqHH6r4Tts7J_aSIgg",
}
KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
WASHER = {"machine_type": "washer", "machine_id": 1}
_serial = count(1)


def samples() -> dict[str, Any]:
    """A good value for each field that a request body may have; a new one where it has to differ."""
    number = next(_serial)
    return {
        "machine_type": "washer", "machine_id": 1, "category": "normal", "then_dryer": False, "amount": "5.00", "for_user_id": None, "for_student_id": None, "student_id": f"{300_000 + number}", "who": "idle", "since": "2020-01-01",
        "student_ids": [], "only_count": True, "minutes": 5,
        "moved": False, "place": "table", "photo": None, "state": "free", "description": "It leaks badly", "photo_data": None,
        "phone_number": "0123456789", "channels": ["in_app"], "remind_before_min": 0, "quiet_from": "", "quiet_until": "",
        "rings": False, "count": 20, "room_id": None, "first_day": "2030-01-01", "last_day": "2030-01-31", "busier": True, "email": f"r{number}@example.com", "language": "en", "endpoint": f"https://127.0.0.1:9/{number}", "keys": BROWSER, "note": "mended",
        "number": 100 + number % 9000, "name": f"Cellar {number}", "building": "A", "headline": "Closed", "body": "For a day",
        "until": None, "date": str(date(2030, 1, 1) + timedelta(days=number)), "text": "Looks fine",
    }  # fmt: skip


async def _newest(who: Person, path: str) -> int:
    return int(done(await who.get(f"{AT}/{path}", params={"limit": 1}))[0]["id"])


async def _a_machine(place: Place) -> dict[str, Any]:
    """A washer of its own, so that no other row changes with it, as a request names it."""
    row = done(await place.head.get(f"{AT}/equipment/{await fresh(place, LAUNDRY, Machine)}"))
    return {"machine_type": row["machine_type"], "machine_id": row["number"]}


async def _asked(who: Person, deed: str, body: dict[str, Any]) -> Any:
    return done(await who.post(f"{AT}/{deed}", json=body))


async def _cycle(place: Place) -> int:
    """A load that was washed and taken out."""
    return await _washed(place, place.head)


async def _washed(place: Place, who: Person) -> int:
    machine = await _a_machine(place)
    made = await _asked(who, "machines/start", machine)
    for deed in ("end", "collect"):
        await _asked(who, f"machines/{deed}", machine)
    return int(made["cycle_id"])


async def _fault(place: Place) -> int:
    """What somebody said of a machine."""
    machine = await _a_machine(place)
    return int((await _asked(place.head, "faults/report", machine | {"description": "It smells"}))["id"])


async def _waited(place: Place) -> None:
    """A resident waited, was offered a machine, and went."""
    wish, resident = {"machine_type": "washer"}, place.people["resident"]
    await _asked(resident, "waitlist/join", wish)
    await _cycle(place)
    await _asked(resident, "waitlist/leave", wish)


async def _place(place: Place) -> int:
    await _waited(place)
    return await _newest(place.head, "waitlist-items")


async def _offer(place: Place) -> int:
    await _waited(place)
    return await _newest(place.head, "offers")


async def _notice(place: Place) -> int:
    """That a cycle of whoever runs the laundry is over."""
    await _cycle(place)
    return int(done(await place.head.get(f"{AT}/notifications"))["notifications"][0]["id"])


async def _resident(place: Place) -> int:
    """Somebody who said how they are reached."""
    done(await place.people["resident"].put(f"{AT}/profile/update", json={"phone_number": "0123456789"}))
    return await _newest(place.head, "residents")


async def _payment(place: Place) -> int:
    """Something that a resident paid in."""
    done(await place.head.post(f"{AT}/residents/{await _resident(place)}/top-up", json={"amount": "5.00"}))
    return await _newest(place.head, "payments")


async def _device(place: Place) -> int:
    """A browser that a resident is told in."""
    user_id, endpoint = place.people["resident"].user_id, f"https://push.example.com/{next(_serial)}-{place.org_id}"

    def rule(ctx: Context) -> int:
        with ctx.happening("test"):
            return ctx.add(Device(user_id=user_id, endpoint=endpoint, **BROWSER)).id

    return int(await place.work(rule))


async def _wish(place: Place) -> int:
    """What whoever runs the laundry wants to be told."""
    await _dryers(place)
    wish = {"machine_type": "dryer", "count": 20}
    return int(done(await place.head.post(f"{AT}/wishes", json=wish), 201)["wish"]["id"])


async def _dryers(place: Place, rows: Rows | None = None) -> None:
    """There are twenty dryers, and one of them runs."""

    def rule(ctx: Context) -> None:
        with ctx.happening("test"):
            for number in range(ctx.count(find(Machine, Machine.machine_type == "dryer")) + 1, 21):
                ctx.add(Machine(machine_type=MachineType.DRYER, number=number))

    await place.work(rule)
    await place.head.post(f"{AT}/machines/start", json={"machine_type": "dryer", "machine_id": 1})


async def _running(place: Place, rows: Rows) -> None:
    await _asked(place.head, "machines/start", WASHER)


async def _over(place: Place, rows: Rows) -> None:
    await _running(place, rows)
    await _asked(place.head, "machines/end", WASHER)


async def _waiting(place: Place, rows: Rows) -> None:
    await _asked(place.head, "waitlist/join", {"machine_type": "washer"})


async def _offered(place: Place, rows: Rows) -> None:
    await _waiting(place, rows)
    await _washed(place, place.people["caretaker"])


async def _pushing(place: Place, rows: Rows) -> None:
    """Browsers are told, at any address."""
    office = place.application.office
    push = WebPush(KEY, "mailto:it@example.com", PublicCourier(allow_private=True))
    office.outside = replace(office.outside, push=push)


LAUNDRY = Walk(
    laundry.trade,
    samples,
    ELSEWHERE,
    {
        f"POST {AT}/wishes": {"machine_type": "dryer"},
        f"PUT {AT}/profile/preferences": {"language": None},  # it is kept with the account
        f"PUT {AT}/residents/{{id}}": {"student_id": None}, f"PATCH {AT}/residents/{{id}}": {"student_id": None},
    },
    {
        Cycle: _cycle, FaultReport: _fault, WaitlistItem: _place, Offer: _offer, Notice: _notice, Resident: _resident,
        Device: _device, Payment: _payment, Wish: _wish,
    },
    {},
    {
        f"POST {AT}/machines/cancel": _running, f"POST {AT}/machines/end": _running, f"POST {AT}/machines/extend": _running,
        f"POST {AT}/machines/collect": _over, f"POST {AT}/waitlist/leave": _waiting, f"POST {AT}/waitlist/accept": _offered,
        f"POST {AT}/waitlist/snooze": _waiting, f"POST {AT}/waitlist/resume": _waiting, f"POST {AT}/devices": _pushing,
        f"POST {AT}/wishes": _dryers,
    },
    lets_in=frozenset({f"POST {AT}/residents"}),
    but=frozenset(beneath(PHONESHOP.trade, each) for each in PHONESHOP.trade.operations)
    - {"POST /auth/register"},  # by the owner there, by whoever lives in the house here
)  # fmt: skip
