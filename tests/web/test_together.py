"""Many who read at the same moment each get their own row, and nothing that is not theirs."""

import asyncio

from tests.running import Person, Place


async def bicycles(place: Place, count: int) -> list[int]:
    """Buy so many; their ids."""
    bought = []
    for n in range(count):
        answer = await place.owner.post(
            "/api/bicycles", json={"frame_number": f"KA-{place.org_id}-{n}", "daily_rate": 12, "deposit": 50}
        )
        assert answer.status_code == 201, answer.text
        bought.append(answer.json()["id"])
    return bought


async def test_row_9_of_200_who_read_at_once_each_gets_the_row_and_others_get_what_nobody_has(
    shop: Place, other: Place
) -> None:
    ours, theirs = await bicycles(shop, 8), await bicycles(other, 4)
    nobodys = max(*ours, *theirs) + 1
    people = (shop.owner, shop.helper, other.owner)
    asked = [(who, row_id) for _ in range(5) for who in people for row_id in (*ours, *theirs, nobodys)]

    async def read(who: Person, row_id: int) -> tuple[int, str]:
        answer = await who.get(f"/api/bicycles/{row_id}")
        body = answer.json()
        return answer.status_code, body["frame_number"] if answer.status_code == 200 else body["detail"]

    answers = await asyncio.gather(*(read(who, row_id) for who, row_id in asked))
    missing = (404, "Bicycle not found")
    for (who, row_id), answer in zip(asked, answers, strict=True):
        mine, place = (theirs, other) if who is other.owner else (ours, shop)
        wanted = (200, f"KA-{place.org_id}-{mine.index(row_id)}") if row_id in mine else missing
        assert answer == wanted, (who.name, row_id)


async def test_row_3_what_was_acknowledged_is_there_for_who_reads_amid_many_others(shop: Place) -> None:
    [first] = await bicycles(shop, 1)
    enough = asyncio.Event()

    async def reader() -> None:
        while not enough.is_set():
            assert (await shop.helper.get(f"/api/bicycles/{first}")).status_code == 200

    readers = [asyncio.create_task(reader()) for _ in range(8)]
    for rate in range(20, 60):
        changed = await shop.owner.patch(f"/api/bicycles/{first}", json={"daily_rate": rate})
        assert changed.status_code == 200, changed.text
        seen = (await shop.helper.get(f"/api/bicycles/{first}")).json()
        assert seen["daily_rate"] == rate
    enough.set()
    await asyncio.gather(*readers)
