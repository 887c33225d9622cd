"""Row 44 for the laundry: what is known of a resident is shown, and erased."""

import sqlalchemy as sa

from tests.running import Place
from tests.trades.laundry.washing import AT, House, done
from tradehall.kernel.database import Session
from tradehall.kernel.records import METADATA

CANARY = "012-345 6789"


async def found(place: Place, *words: str) -> set[str]:
    """The tables in which one of these words is."""

    def look(session: Session) -> set[str]:
        present = set(sa.inspect(session.connection).get_table_names())
        rows = (
            (t.name, row) for t in METADATA.sorted_tables if t.name in present for row in session.execute(sa.select(t))
        )
        return {name for name, row in rows if any(word in str(value) for value in row for word in words)}

    tables: set[str] = await place.read(look)
    return tables


async def test_row_44_a_resident_is_shown_and_erased_everywhere(house: House) -> None:
    done(await house.ama.put(f"{AT}/profile/update", json={"phone_number": CANARY}))
    done(await house.wait(house.ama))
    fault = {"machine_type": "washer", "machine_id": 1, "description": "My red socks are in it"}
    done(await house.ama.post(f"{AT}/faults/report", json=fault))
    words = (CANARY, "60123456789", "red socks", house.ama.name)
    who = {"user_id": house.ama.user_id}
    told = done(await house.admin.post(f"{AT}/privacy/export", json=who))
    assert {"laundry_residents", "laundry_waitlist_items", "laundry_fault_reports"} <= set(told["rows"])
    assert {"laundry_residents", "laundry_waitlist_items", "laundry_fault_reports"} <= await found(house.place, *words)
    done(await house.admin.post(f"{AT}/privacy/erase", json=who))
    assert await found(house.place, *words) == set()
    assert await house.place.wrong() == []
