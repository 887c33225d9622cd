"""What each technician has in hand, and how long a repair takes."""

from tests.running import Clock, Place
from tests.trades.phoneshop.arranging import a_repair, became, done


async def test_the_workload_of_each_technician_and_their_turnaround(shop: Place, clock: Clock) -> None:
    clock.set("2026-03-02T09:00:00Z")
    who = {"technician_id": shop.technician.user_id}
    assert done(await shop.manager.get("/api/analytics/technician-workload"), 200) == []
    one, two, _ = [await a_repair(shop.clerk, **who) for _ in range(3)]
    await a_repair(shop.clerk)
    clock.set("2026-03-02T12:30:00Z")
    await became(shop.clerk, one, "Completed")
    clock.set("2026-03-02T18:00:00Z")
    await became(shop.clerk, two, "Delivered")
    nobody, technician = done(await shop.manager.get("/api/analytics/technician-workload"), 200)
    assert nobody == {
        "technician_id": None, "pending": 1, "in_progress": 0, "completed": 0, "delivered": 0, "earned": 0,
        "average_hours": None,
    }  # fmt: skip
    assert technician == who | {
        "pending": 1, "in_progress": 0, "completed": 1, "delivered": 1, "earned": 900, "average_hours": 6.25,
    }  # fmt: skip
    assert done(await shop.clerk.get("/api/analytics/technician-workload"), 200)[1]["earned"] is None
    path = f"/api/repairs/{one['id']}"
    done(await shop.clerk.put(path, json={"technician_id": None}), 200)
    nobody, technician = done(await shop.manager.get("/api/analytics/technician-workload"), 200)
    assert (nobody["average_hours"], technician["average_hours"]) == (3.5, 9)
    assert await shop.wrong() == []


async def test_what_repairs_took_is_counted_by_its_reason(shop: Place) -> None:
    repair = await a_repair(shop.clerk)
    path = f"/api/repairs/{repair['id']}/parts"
    done(await shop.clerk.post(path, json={"name": "Screw", "unit_cost": 2, "quantity": 3}))
    line = done(await shop.clerk.post(path, json={"name": "Board work", "unit_cost": 100, "reason": "outside"}))

    async def taken() -> list[tuple[str, int, int]]:
        rows = done(await shop.owner.get("/api/totals/phoneshop.parts_taken"), 200)["rows"]
        return [(each["dimension"], each["count"], each["amount"]) for each in rows]

    assert await taken() == [("used", 3, 6), ("outside", 1, 100)]
    await shop.clerk.delete(f"{path}/{line['id']}")
    assert await taken() == [("used", 3, 6)]
    assert await shop.wrong() == []
