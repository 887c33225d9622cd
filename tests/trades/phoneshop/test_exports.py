"""Every list as a file: what is in it, who sees what of it, and that no program takes a cell for a formula (P-26, row 43)."""

import csv
import io
import json
import zipfile
from collections.abc import Sequence
from typing import Any

import pytest
import sqlalchemy as sa
from python_calamine import CalamineWorkbook

from tests.reliability.walk import PHONESHOP, rows_of
from tests.running import Application, Person, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, a_swap, done
from tradehall.kernel.context import Context
from tradehall.kernel.records import METADATA
from tradehall.kernel.transfer.cells import FORMULA
from tradehall.trades import phoneshop

LISTS = [resource.record.plural for resource in phoneshop.trade.resources]
DANGERS = ("=1+1", "+A1", "-A1", "@SUM(A1)", "\t=1", "\r=1")
"""What a program takes for a formula, or for what makes the next cell one."""


async def table(person: Person, name: str, **query: Any) -> tuple[list[str], list[list[str]]]:
    """A list as CSV: its titles and its rows."""
    answer = await person.get(f"/api/exports/{name}.csv", params=query)
    assert answer.status_code == 200, answer.text
    titles, *rows = csv.reader(io.StringIO(answer.content.decode(), newline=""), strict=True)
    return titles, rows


async def workbook(person: Person, name: str, **query: Any) -> tuple[list[str], Sequence[Sequence[Any]]]:
    """A list as a workbook: its titles and its rows, once it is known that nothing in it is a formula."""
    answer = await person.get(f"/api/exports/{name}.xlsx", params=query)
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as parts:
        assert not any(b"<f>" in parts.read(each) or b"<f " in parts.read(each) for each in parts.namelist())
    titles, *rows = CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    return [str(each) for each in titles], rows


async def plant(shop: Place, danger: str) -> int:
    """Write the same into every text column that people may fill; gives how many columns there are."""

    def write(ctx: Context) -> int:
        columns = 0
        for each in METADATA.sorted_tables:
            record = each.info.get("record")
            if record is None or record.trade != "phoneshop":
                continue
            walled = {name for wall in record.walls for name in wall.columns}
            mine = [
                name for name, field in record.fields.items()
                if isinstance(field.kind, sa.String) and name not in walled
                and (field.kind.length or 99) >= 10
            ]  # fmt: skip
            if mine:
                ctx.session.execute(sa.update(each).values(dict.fromkeys(mine, danger)))
                columns += len(mine)
        return columns

    return int(await shop.work(write))


def text_of(value: Any) -> str:
    """A value of an answer as a cell of text holds it."""
    return value if isinstance(value, str) else json.dumps(value)


async def test_row_43_no_text_of_any_list_is_a_formula_in_csv_or_in_a_workbook(
    application: Application, shop: Place
) -> None:
    await rows_of(shop, PHONESHOP)
    seen = 0
    for danger in DANGERS:
        assert await plant(shop, danger) > 40
        for name in LISTS:
            titles, rows = await table(shop.owner, name)
            cells = [cell for row in rows for cell in row]
            assert rows, name
            assert all(not cell.startswith(FORMULA) or is_number(cell) for cell in cells), (name, danger)
            seen += cells.count(f"'{danger}")
            same, found = await workbook(shop.owner, name)
            assert same == titles
            planted = [cell for row in found for cell in row if str(cell).strip() == danger.strip()]
            assert len(planted) == cells.count(f"'{danger}")
            assert all(isinstance(cell, str) for cell in planted)
    assert seen > 40 * len(DANGERS)


def is_number(cell: str) -> bool:
    """Whether a cell is one: a minus or a plus before digits is no formula."""
    return cell.lstrip("+-").replace(".", "", 1).isdecimal()


async def test_row_43_what_was_guarded_comes_in_again_as_it_was(application: Application, shop: Place) -> None:
    for number, danger in enumerate(("=1+1", "+A1", "-A1", "@SUM(A1)", "'=1+1", "''@A1", "'-5", "'Ama'")):
        await a_customer(shop.clerk, full_name=danger, phone_number=f"024000000{number}")
    before = (await shop.clerk.get("/api/customers")).json()
    for kind in ("csv", "xlsx"):
        sent = {"file": (f"table.{kind}", (await shop.manager.get(f"/api/exports/customers.{kind}")).content)}
        made = done(await shop.manager.post("/api/imports", files=sent, params={"type": "customers"}))
        path = f"/api/imports/{made['id']}"
        while (found := (await shop.manager.get(path)).json())["status"] in ("checking", "running"):
            await application.office.work_once()
        assert (found["unchanged"], found["updated"], found["failed"]) == (8, 0, 0)
        assert (await shop.clerk.get("/api/customers")).json() == before


async def test_row_43_numbers_stay_numbers(shop: Place) -> None:
    await a_customer(shop.clerk, full_name="-5", phone_number="+233241234567")
    await a_phone(shop.manager, value=4500.10, cost_price=0.05)
    opened = done(await shop.clerk.post("/api/drawers", json={"opening_amount": 100.25}))
    counted = {"counted_amount": 90, "reason": "short"}
    done(await shop.clerk.post(f"/api/drawers/{opened['id']}/close", json=counted), 200)
    titles, [row] = await table(shop.manager, "customers")
    assert dict(zip(titles, row, strict=True)) | {"full_name": "-5", "phone_number": "+233241234567"} == dict(
        zip(titles, row, strict=True)
    )
    titles, [row] = await table(shop.manager, "phones")
    assert (row[titles.index("value")], row[titles.index("cost_price")]) == ("4500.10", "0.05")
    titles, [row] = await table(shop.manager, "drawers")
    assert row[titles.index("difference")] == "-10.25"
    titles, [cells] = await workbook(shop.manager, "drawers")
    assert cells[titles.index("difference")] == -10.25
    titles, [cells] = await workbook(shop.manager, "phones")
    assert (cells[titles.index("value")], cells[titles.index("is_available")]) == (4500.1, True)
    titles, [cells] = await workbook(shop.manager, "customers")
    assert cells[titles.index("phone_number")] == "+233241234567"


async def test_p26_csv_is_as_rfc_4180_says_in_utf_8_and_with_a_mark_where_that_is_wished(shop: Place) -> None:
    name = 'Ama "Mimi" Owusu, née Ɔsei\nAccra'
    await a_customer(shop.clerk, full_name=name, email=None)
    answer = await shop.clerk.get("/api/exports/customers.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="customers.csv"'
    text = answer.content.decode()
    assert text.startswith("id,full_name,")
    assert '"Ama ""Mimi"" Owusu, née Ɔsei\nAccra"' in text
    assert text.endswith("\r\n")
    titles, [row] = await table(shop.clerk, "customers")
    assert (row[1], row[titles.index("email")]) == (name, "")
    assert row[titles.index("created_at")].endswith("Z")
    marked = await shop.clerk.get("/api/exports/customers.csv?bom=1")
    assert marked.content == b"\xef\xbb\xbf" + answer.content
    lines = (await shop.clerk.get("/api/exports/customers.jsonl")).text.splitlines()
    assert [json.loads(line) for line in lines] == (await shop.clerk.get("/api/customers")).json()


async def test_p26_an_empty_list_has_its_titles(shop: Place) -> None:
    assert (await table(shop.clerk, "swaps"))[1] == []
    assert (await workbook(shop.clerk, "swaps"))[0] == (await table(shop.clerk, "swaps"))[0]
    assert (await shop.clerk.get("/api/exports/swaps.jsonl")).content == b""


async def test_p26_an_export_has_the_rows_of_its_list_in_its_order(shop: Place) -> None:
    for brand, condition, value in (("Apple", "Used", 3), ("Nokia", "Used", 1), ("Apple", "New", 2)):
        await a_phone(shop.clerk, brand=brand, condition=condition, value=value, cost_price=None)
    sold = await a_phone(shop.clerk, brand="Apple", condition="Used", value=9)
    await a_sale(shop.clerk, phone_id=sold["id"], amount_paid=9)
    for query in (
        {}, {"condition": "Used"}, {"brand": "Apple", "available_only": "true"}, {"search": "nok"},
        {"sort": "value"}, {"sort": "-value", "condition": "Used"},
    ):  # fmt: skip
        listed = (await shop.clerk.get("/api/phones", params=query)).json()
        titles, rows = await table(shop.clerk, "phones", **query)
        assert [row[titles.index("id")] for row in rows] == [str(each["id"]) for each in listed], query
        titles, cells = await workbook(shop.clerk, "phones", **query)
        assert [row[titles.index("id")] for row in cells] == [each["id"] for each in listed], query


async def test_p26_nobody_sees_more_in_an_export_than_in_the_list(shop: Place, other: Place) -> None:
    await a_swap(shop.manager)
    await a_phone(other.manager, model="of another shop")
    for name, hidden in (("phones", "cost_price"), ("swaps", "margin"), ("sales", "margin")):
        assert hidden not in (await table(shop.clerk, name))[0]
        assert hidden not in (await workbook(shop.clerk, name))[0]
        assert f'"{hidden}"' not in (await shop.clerk.get(f"/api/exports/{name}.jsonl")).text
        assert hidden in (await table(shop.manager, name))[0]
    assert "of another shop" not in (await shop.owner.get("/api/exports/phones.csv")).text
    for kind in ("csv", "xlsx", "jsonl"):
        assert (await shop.clerk.get(f"/api/exports/withdrawals.{kind}")).status_code == 403
        assert (await shop.application.stranger.get(f"/api/exports/phones.{kind}")).status_code == 401
        assert (await shop.clerk.get(f"/api/exports/nothing.{kind}")).status_code == 404


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("customers", {"bom": "maybe"}), ("customers", {"sort": "email"}), ("phones", {"available_only": "perhaps"}),
        ("phones", {"condition": "Broken"}), ("repairs", {"status": "Lost"}), ("repairs", {"due_before": "soon"}),
        ("refunds", {"sale_id": "x"}), ("refunds", {"sale_id": str(10**30)}), ("drawers", {"status": "AJAR"}),
    ],
)  # fmt: skip
async def test_p26_what_a_parameter_can_not_be_is_refused_before_the_first_byte(
    name: str, query: dict[str, str], shop: Place
) -> None:
    for kind in ("csv", "xlsx", "jsonl"):
        answer = await shop.owner.get(f"/api/exports/{name}.{kind}", params=query)
        assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/json"), answer.text
        assert answer.json()["detail"][0]["loc"] == ["query", *query]
