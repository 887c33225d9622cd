"""Row 22: a request writes the fields that its form offers, whatever else it holds."""

from typing import Any

import pytest
import sqlalchemy as sa

from tests.reliability.walk import Operation, Stocked, different, fresh
from tests.reliability.walks import walked
from tests.running import Application, Place
from tradehall.kernel.records import METADATA

MARK = 77_000_077
PRIVILEGED: dict[str, Any] = {
    "id": MARK, "org_id": MARK, "organisation_id": MARK, "version": MARK, "created_at": "1977-07-07T07:07:07Z",
    "updated_at": "1977-07-07T07:07:07Z", "status": "SOLD", "is_available": True, "unique_id": "EVIL", "invoice_number": "EVIL",
    "phone_e164": "+77000077", "folded": "EVIL", "margin": MARK, "cost": MARK, "balance_due": MARK,
    "refunded_amount": MARK, "paid_amount": MARK, "parts_cost": MARK, "repair_number": "EVIL", "token": "EVIL", "returned_at": "1977-07-07T07:07:07Z", "swapped_from_id": MARK,
    "acquired_via_swap_id": MARK, "user_id": MARK, "role": "owner", "is_active": False, "password_hash": "EVIL",
    "actor": "system", "dry_run": False, "values": {"version": MARK}, "__class__": "EVIL", "keeper": None,
    "total_cycles": MARK, "current_user_id": MARK, "offered_to_id": MARK, "ends_at": "1977-07-07T07:07:07Z", "turn": MARK,
    "missed": MARK, "held_until": "1977-07-07T07:07:07Z", "cleared_by_id": MARK, "closed_at": "1977-07-07T07:07:07Z",
}  # fmt: skip
EVIL = (MARK, "EVIL", "+77000077", "1977-07-07")
ALL = [each for each in different(walked()) if each.body is not None]


async def everything(place: Place) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table that the organisation sees."""

    def read(session: Any) -> dict[str, list[dict[str, Any]]]:
        present = set(sa.inspect(session.connection).get_table_names())
        tables = [
            table for table in METADATA.sorted_tables if table.name in present and table.name != "idempotency_keys"
        ]
        return {table.name: [dict(row._mapping) for row in session.execute(sa.select(table))] for table in tables}

    found: dict[str, list[dict[str, Any]]] = await place.read(read)
    return found


def test_there_are_at_least_20_fields_that_nobody_may_send() -> None:
    for each in ALL:
        assert each.body is not None
        assert len(PRIVILEGED.keys() - each.body.model_fields.keys()) >= 20


@pytest.mark.parametrize("operation", ALL, ids=lambda each: each.name)
async def test_row_22_no_field_is_written_that_the_form_does_not_offer(operation: Operation, stocked: Stocked) -> None:
    shop, rows, walk = stocked.shop, stocked.mine, stocked.walk
    if operation.name in walk.ready:
        await walk.ready[operation.name](shop, rows)
    assert operation.body is not None
    evil = {name: value for name, value in PRIVILEGED.items() if name not in operation.body.model_fields}
    path = operation.path(operation.ids(rows))
    good = operation.filled(rows)
    good |= {name: await fresh(shop, walk, each) for name, each in operation.body_records.items()}
    params = {name: str(value) for name, value in evil.items() if name != "dry_run"}
    before = await everything(shop)
    who = walk.who(shop, operation)
    answer = await who.ask(operation.contract.method, path, json=good | evil, params=params)
    assert answer.status_code < 300, answer.text
    after = await everything(shop)
    for table, found in after.items():
        for row in found:
            wrong = {
                name: value for name, value in row.items() if any(str(value).startswith(str(each)) for each in EVIL)
            }
            assert wrong == {}, table
    least = walk.trade.roles[0].name
    for table in ("organisations", "users", "memberships", "sign_in_names"):
        assert [row for row in after[table] if row in before[table]] == before[table]
        new = [row for row in after[table] if row not in before[table]]
        assert (operation.name in walk.lets_in) or new == []
        assert all(row.get("role", least) == least for row in new)
    for table in (each for each in after if each.startswith(f"{walk.trade.name}_")):
        assert all(row["org_id"] == shop.org_id for row in after[table] if row not in before[table]), table
    assert await shop.wrong() == []


async def test_row_22_nobody_signs_in_with_a_role_of_their_own_choosing(application: Application, shop: Place) -> None:
    body = {
        "username": "clerk-accra",
        "password": "four walls and a roof",
        "role": "owner",
        "organisation_id": 2,
        "is_active": True,
    }
    answer = await application.stranger.post("/api/auth/login-json", json=body)
    assert answer.status_code == 200
    assert (answer.json()["user"]["role"], answer.json()["user"]["organisation_id"]) == ("clerk", shop.org_id)
