"""A shop brings the SQLite file of its former SwapSync, and goes on where it was."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.running import Application, Place
from tests.trades.phoneshop.arranging import done
from tests.trades.phoneshop.test_imports import counts, imported, send

TABLES = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, full_name VARCHAR, phone_number VARCHAR UNIQUE, email VARCHAR, created_at DATETIME);
CREATE TABLE phones (id INTEGER PRIMARY KEY, brand VARCHAR, model VARCHAR, condition VARCHAR, value FLOAT, is_available BOOLEAN,
    swapped_from_id INTEGER);
CREATE TABLE swaps (id INTEGER PRIMARY KEY, customer_id INTEGER, given_phone_description VARCHAR, given_phone_value FLOAT,
    new_phone_id INTEGER, balance_paid FLOAT, created_at DATETIME);
CREATE TABLE sales (id INTEGER PRIMARY KEY, customer_id INTEGER, phone_id INTEGER, amount_paid FLOAT, created_at DATETIME);
CREATE TABLE repairs (id INTEGER PRIMARY KEY, customer_id INTEGER, phone_description VARCHAR, issue_description VARCHAR,
    cost FLOAT, status VARCHAR, delivery_notified BOOLEAN, created_at DATETIME, updated_at DATETIME);
"""
AT = "2025-10-08 09:30:00.123456"
ROWS: dict[str, list[tuple[Any, ...]]] = {
    "customers": [(n, name, f"024000000{n}", None, AT) for n, name in enumerate(("Ama", "Kofi", "Esi", "Yaw"), 1)],
    "phones": [(1, "Samsung", "S23", "New", 4500.0, 0, None), (2, "Apple", "iPhone 11", "Used", 2800.0, 0, 1),
               (3, "Nokia", "3310", "used", 0.1, 1, None), (4, "Tecno", "Spark", "Refurbished", 900.55, 0, None)],
    "swaps": [(1, 2, "Samsung A12", 1800.0, 2, 1000.0, AT)],
    "sales": [(1, 1, 1, 4500.0, AT)],
    "repairs": [(1, 1, "S23", "screen", 450.0, "Completed", 1, AT, "2025-10-09 10:00:00"),
                (2, 3, "A12", "battery", 350.0, "Completed", 0, AT, "2025-10-09 10:00:00")],
}  # fmt: skip


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """The file of a shop that used SwapSync: its sample data, and two phones more."""
    path = tmp_path / "old.db"
    fill(path, ROWS)
    return path


def fill(path: Path, rows: dict[str, list[tuple[Any, ...]]], tables: str = TABLES) -> None:
    """Add rows to a file, which is made where there is none."""
    new = not path.exists()
    with sqlite3.connect(path) as database:
        if new:
            database.executescript(tables)
        for table, values in rows.items():
            database.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values[0]))})", values)
    database.close()


def content(path: Path) -> bytes:
    """A file as it is sent."""
    return path.read_bytes()


async def test_the_sample_of_the_contract_is_taken_over_with_its_figures(
    old: Path, application: Application, shop: Place
) -> None:
    found = await imported(application, shop.owner, content(old), name="old.db", type="swapsync")
    assert (counts(found), found["errors"]) == (("done", 12, 0, 0, 0), [])
    overview = done(await shop.owner.get("/api/analytics/overview"), 200)
    of = {"total": 6300, "from_repairs": 800, "from_sales": 4500, "from_swaps": 1000}
    assert overview["revenue"] == overview["revenue"] | of
    customers = {row["full_name"]: row for row in (await shop.owner.get("/api/customers")).json()}
    assert customers["Ama"]["created_at"] == "2025-10-08T09:30:00.123456Z"
    phones = {row["brand"]: row for row in (await shop.owner.get("/api/phones")).json()}
    assert {brand: (row["status"], row["value"]) for brand, row in phones.items()} == {
        "Samsung": ("SOLD", 4500), "Apple": ("SWAPPED", 2800), "Nokia": ("AVAILABLE", 0.1), "Tecno": ("WITHHELD", 900.55),
    }  # fmt: skip
    assert phones["Apple"]["swapped_from_id"] is not None
    [sale] = (await shop.owner.get("/api/sales")).json()
    assert (sale["customer_id"], sale["phone_id"]) == (customers["Ama"]["id"], phones["Samsung"]["id"])
    assert (sale["amount_paid"], sale["balance_due"], sale["created_at"]) == (4500, 0, "2025-10-08T09:30:00.123456Z")
    assert (await shop.owner.get("/api/messages/log")).json() == []
    assert await shop.wrong() == []


async def test_the_same_file_twice_changes_nothing_and_a_later_one_brings_what_is_new(
    old: Path, application: Application, shop: Place
) -> None:
    await imported(application, shop.owner, content(old), name="old.db", type="swapsync")
    again = await imported(application, shop.owner, content(old), name="old.db", type="swapsync")
    assert counts(again) == ("done", 0, 0, 12, 0)
    fill(old, {"sales": [(2, 4, 3, 0.1, AT)]})
    with sqlite3.connect(old) as database:
        database.execute("UPDATE customers SET email = 'ama@example.com'")
    database.close()
    later = await imported(application, shop.owner, content(old), name="old.db", type="swapsync")
    assert counts(later) == ("done", 1, 0, 12, 0)
    assert await shop.wrong() == []


async def test_what_is_left_out_is_told_with_its_reason(old: Path, application: Application, shop: Place) -> None:
    bad: dict[str, list[tuple[Any, ...]]] = {
        "customers": [(5, "Efua", "+233240000001", "not a mail", AT), (6, "", "0240000006", None, AT), (7, "Abena", "0240000007", "no", AT)],
        "phones": [(5, "Itel", "A70", "Broken", 100.0, 1, None), (6, "Itel", "A70", "New", -1.0, 1, None)],
        "sales": [(2, 2, 1, 4500.0, AT), (3, 99, 3, 1.0, AT), (4, 2, 5, 100.0, AT)],
        "repairs": [(3, 1, "S23", "wet", 100.0, "Lost", 0, AT, AT), (4, 1, "S23", "wet", 100.0, "Delivered", 1, "long ago", AT)],
    }  # fmt: skip
    fill(old, bad)
    for dry_run in (1, 0):
        found = await imported(application, shop.owner, content(old), name="old.db", type="swapsync", dry_run=dry_run)
        assert counts(found) == ("checked" if dry_run else "done", 13, 0, 1, 8)
        assert [each["says"] for each in found["errors"]] == [
            "Efua has the number of Ama, and is the same customer here",
            "A customer has a name of 1 to 100 characters",
            "no is no e-mail address, and was left out",
            "It was sold or swapped, and is not for sale any more",
            "Input should be one of New, Used, Refurbished",
            "Input should be greater than 0",
            "Phone is not available for sale",
            "It refers to number 99 of customers, which is not there or was left out",
            "It refers to number 5 of phones, which is not there or was left out",
            "Input should be one of Pending, In Progress, Completed, Delivered",
            "long ago is no date",
        ]
        assert len((await shop.owner.get("/api/customers")).json()) == (0 if dry_run else 5)
    assert await shop.wrong() == []


async def test_a_row_without_a_number_or_of_no_year_that_can_be_is_left_out_and_told(
    tmp_path: Path, application: Application, shop: Place
) -> None:
    odd = ROWS | {
        "customers": [(b"1", "Ama", "0240000001", None, AT), (None, "Kofi", "0240000002", None, AT), (3, "Esi", "0240000003", None, AT),
                      (4, "Yaw", "0240000004", None, "0001-01-01T00:00:00+05:00")],
        "swaps": [(1, 3, "Samsung A12", 1800.0, 2, 1000.0, "9999-12-31 23:59:59")],
    }  # fmt: skip
    path = tmp_path / "odd.db"
    fill(path, odd, TABLES.replace("customers (id INTEGER PRIMARY KEY", "customers (id"))
    for dry_run in (1, 0):
        found = await imported(application, shop.owner, content(path), name="odd.db", type="swapsync", dry_run=dry_run)
        assert counts(found) == ("checked" if dry_run else "done", 6, 0, 0, 6)
        says = [each["says"] for each in found["errors"]]
        numberless = "This row has no number of its own"
        assert says[:3] == [numberless, "0001-01-01T00:00:00+05:00 is no date", numberless]
        assert says[3] == "9999-12-31 23:59:59 is no date"


async def test_r17_what_was_paid_formerly_is_in_no_drawer(old: Path, application: Application, shop: Place) -> None:
    drawer = done(await shop.clerk.post("/api/drawers", json={"opening_amount": 200}))
    found = await imported(application, shop.owner, content(old), name="old.db", type="swapsync")
    assert counts(found) == ("done", 10, 0, 0, 2)
    text = "Close the cash drawer first: what was paid formerly is not in it"
    assert [each["says"] for each in found["errors"]] == [text, text]
    closed = done(await shop.clerk.post(f"/api/drawers/{drawer['id']}/close", json={"counted_amount": 200}), 200)
    assert closed["expected_amount"] == 200
    again = await imported(application, shop.owner, content(old), name="old.db", type="swapsync")
    assert counts(again) == ("done", 2, 0, 10, 0)
    assert await shop.wrong() == []


async def test_only_such_a_database_is_taken_and_by_managers_only(
    old: Path, application: Application, shop: Place
) -> None:
    assert (await send(shop.clerk, content(old), name="old.db", type="swapsync")).status_code == 403
    assert (await send(shop.owner, "a,b\n1,2\n", type="swapsync")).status_code == 422
    with sqlite3.connect(old) as database:
        database.execute("DROP TABLE repairs")
    database.close()
    answer = await send(shop.owner, content(old), name="old.db", type="swapsync")
    assert answer.status_code == 422
    assert "This file has no table repairs" in answer.text
    assert (await send(shop.owner, content(old), name="old.db", type="customers")).status_code == 415
    assert (
        await send(shop.owner, b"SQLite format 3\x00" + bytes(100), name="old.db", type="swapsync")
    ).status_code == 422
