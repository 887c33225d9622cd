"""Tables of customers and phones come in, and none of their rows twice (P-27)."""

import asyncio
import io
from typing import Any

import httpx2
import pytest
import xlsxwriter

from tests.running import Application, Clock, Person, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, done, imei

CUSTOMERS = "Full name;Phone number;E-mail\nAma Owusu;024 123 4567;ama@example.com\nKofi Mensah;0207654321;\n"


async def send(
    person: Person, content: str | bytes, path: str = "/api/imports", name: str = "table.csv", **query: Any
) -> httpx2.Response:
    """Upload a table."""
    sent = {"file": (name, content.encode() if isinstance(content, str) else content)}
    return await person.post(path, files=sent, params=query)


async def imported(application: Application, person: Person, content: str | bytes, **more: Any) -> dict[str, Any]:
    """A table that was imported, or checked, with what came of it."""
    made = done(await send(person, content, **more))
    return await ended(application, person, made["id"])


async def ended(application: Application, person: Person, import_id: int) -> dict[str, Any]:
    """An import when nothing of it is left to do."""
    while (found := await seen(person, import_id))["status"] in ("checking", "running"):
        await application.office.work_once()
        await asyncio.sleep(0.01)
    return found


async def seen(person: Person, import_id: int) -> dict[str, Any]:
    """An import as it stands."""
    found: dict[str, Any] = done(await person.get(f"/api/imports/{import_id}"), 200)
    return found


def counts(found: dict[str, Any]) -> tuple[str, int, int, int, int]:
    """How far it is, and how many rows were added, changed, as they were, and wrong."""
    return found["status"], found["created"], found["updated"], found["unchanged"], found["failed"]


def workbook(*rows: list[Any]) -> bytes:
    """A workbook of one sheet."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        sheet = book.add_worksheet()
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    return made.getvalue()


async def test_p27_a_table_of_customers_is_imported_through_their_own_verb(
    application: Application, shop: Place
) -> None:
    found = await imported(application, shop.manager, CUSTOMERS, type="customers")
    assert counts(found) == ("done", 2, 0, 0, 0)
    assert (found["rows"], found["errors"]) == (2, [])
    assert [each["field"] for each in found["columns"]] == ["full_name", "phone_number", "email"]
    listed = (await shop.clerk.get("/api/customers/")).json()
    assert {(row["full_name"], row["phone_e164"], row["unique_id"]) for row in listed} == {
        ("Ama Owusu", "+233241234567", "CUS-000001"), ("Kofi Mensah", "+233207654321", "CUS-000002"),
    }  # fmt: skip
    assert [each.split(":")[0] for each in await shop.news() if "customer" in each] == ["customer.register"] * 2
    assert await shop.wrong() == []


async def test_p27_a_dry_run_tells_what_would_be_and_changes_nothing(application: Application, shop: Place) -> None:
    known = await a_customer(shop.clerk, full_name="Ama", phone_number="0241234567")
    bad = CUSTOMERS + "Yaw;12;\nEsi;0241234567;\n"
    found = await imported(application, shop.manager, bad, type="customers", dry_run=1)
    assert counts(found) == ("checked", 1, 1, 0, 2)
    assert found["errors"] == [
        {"row": 4, "column": "Phone number", "code": "invalid", "says": "Phone number should have 10 to 15 characters"},
        {"row": 5, "column": None, "code": "row_twice", "says": "Row 2 has the same phone_e164 already"},
    ]
    assert [row["id"] for row in (await shop.clerk.get("/api/customers")).json()] == [known["id"]]
    started = done(await shop.manager.post(f"/api/imports/{found['id']}/start"), 200)
    assert started["status"] == "running"
    assert counts(await ended(application, shop.manager, found["id"])) == ("done", 1, 1, 0, 2)
    assert (await shop.clerk.get(f"/api/customers/{known['id']}")).json()["email"] == "ama@example.com"
    table = (await shop.manager.get(f"/api/imports/{found['id']}/errors.csv")).content.decode("utf-8-sig").splitlines()
    assert table[0] == "Row,Column,Error,Full name,Phone number,E-mail"
    assert table[1] == "4,Phone number,Phone number should have 10 to 15 characters,Yaw,12"
    assert await shop.wrong() == []


async def test_p27_the_same_table_twice_changes_nothing(application: Application, shop: Place) -> None:
    phones = (
        f'Brand,Model,Condition,Price,IMEI\nApple,iPhone 11,used,"1,800.00",{imei(1)}\n' + "Nokia,3310,Used,50,\n" * 3
    )
    for content, kind, added in ((CUSTOMERS, "customers", 2), (phones, "phones", 4)):
        assert counts(await imported(application, shop.manager, content, type=kind)) == ("done", added, 0, 0, 0)
        await shop.events()
        again = await imported(application, shop.manager, content, type=kind)
        assert counts(again) == ("done", 0, 0, added, 0)
        assert [each for each in await shop.news() if "import" not in each and "file" not in each] == []
    assert (await shop.clerk.get("/api/phones")).headers["X-Total-Count"] == "4"
    assert await shop.wrong() == []


async def test_p27_a_phone_that_was_sold_meanwhile_does_not_come_back_by_the_same_table(
    application: Application, shop: Place
) -> None:
    table = f"brand,model,condition,value,imei\nApple,iPhone 11,Used,1800,{imei(2)}\n"
    await imported(application, shop.manager, table, type="phones")
    [phone] = (await shop.clerk.get("/api/phones")).json()
    await a_sale(shop.clerk, phone_id=phone["id"], amount_paid=1800)
    assert counts(await imported(application, shop.manager, table, type="phones")) == ("done", 0, 0, 1, 0)
    assert (await shop.clerk.get("/api/phones?available_only=true")).json() == []


async def test_p27_all_rows_or_none(application: Application, shop: Place) -> None:
    found = await imported(application, shop.manager, CUSTOMERS + "Yaw;12;\n", type="customers", whole=1)
    assert counts(found)[0] == "failed"
    assert found["error"] == "Nothing was imported: 1 row is wrong"
    assert (await shop.clerk.get("/api/customers")).json() == []
    assert counts(await imported(application, shop.manager, CUSTOMERS, type="customers", whole=1)) == (
        "done",
        2,
        0,
        0,
        0,
    )


async def test_p27_rows_are_found_by_their_id_and_what_is_not_said_stays(application: Application, shop: Place) -> None:
    phone = await a_phone(shop.manager)
    found = await imported(application, shop.manager, f"id,value\n{phone['id']},4200.50\n999999,1\n", type="phones")
    assert counts(found) == ("done", 0, 1, 0, 1)
    assert found["errors"][0]["says"] == "There is no phone 999999"
    now = (await shop.manager.get(f"/api/phones/{phone['id']}")).json()
    assert (now["value"], now["brand"], now["cost_price"]) == (4200.5, "Samsung", 4000)
    skipped = await imported(application, shop.manager, f"id,value\n{phone['id']},1\n", type="phones", existing="skip")
    assert counts(skipped) == ("done", 0, 0, 1, 0)


async def test_p27_columns_are_chosen_by_hand_and_checked_again(application: Application, shop: Place) -> None:
    table = "Who,Where,Phone\nAma Owusu,Accra,0241234567\n"
    answer = await send(shop.manager, table.replace("Phone", "Line"), type="customers")
    assert answer.status_code == 422
    assert "No column goes into a field; there are id, full_name, phone_number, email" in answer.text
    made = await imported(application, shop.manager, table, type="customers", dry_run=1)
    assert counts(made) == ("checked", 0, 0, 0, 1)
    assert made["errors"][0]["says"] == "Field required"
    path = f"/api/imports/{made['id']}"
    assert (await shop.manager.patch(path, json={"columns": {"Nobody": "email"}})).status_code == 422
    assert (await shop.manager.patch(path, json={"columns": {"Who": "nothing"}})).status_code == 422
    changed = done(await shop.manager.patch(path, json={"columns": {"Who": "full_name"}}), 200)
    assert (changed["status"], [each["field"] for each in changed["columns"]]) == (
        "checking",
        ["full_name", None, "phone_number"],
    )
    assert counts(await ended(application, shop.manager, made["id"])) == ("checked", 1, 0, 0, 0)


async def test_p27_an_import_is_cancelled(application: Application, shop: Place) -> None:
    made = await imported(application, shop.manager, CUSTOMERS, type="customers", dry_run=1)
    assert done(await shop.manager.post(f"/api/imports/{made['id']}/cancel"), 200)["status"] == "cancelled"
    assert done(await shop.manager.post(f"/api/imports/{made['id']}/cancel"), 200)["status"] == "cancelled"
    assert (await shop.manager.post(f"/api/imports/{made['id']}/start")).status_code == 409
    assert (await shop.clerk.get("/api/customers")).json() == []


@pytest.mark.parametrize(
    "content",
    [
        CUSTOMERS.encode("utf-8-sig"), CUSTOMERS.encode("utf-16"), CUSTOMERS.replace(";", ",").encode(),
        CUSTOMERS.replace(";", "\t").replace("\n", "\r\n").encode(), CUSTOMERS.replace("Ama", "Ämä").encode("cp1252"),
        ("\n\n" + CUSTOMERS + "\n;;\n").encode(),
        workbook(["Full name", "Phone number", "E-mail"], ["Ama Owusu", "024 123 4567", "ama@example.com"], ["Kofi", 207654321]),
    ],
    ids=["mark", "utf-16", "commas", "tabs", "windows", "blank rows", "workbook"],
)  # fmt: skip
async def test_p27_encoding_and_delimiter_are_told_by_the_table(
    content: bytes, application: Application, shop: Place
) -> None:
    name = "table.xlsx" if content[:2] == b"PK" else "table.csv"
    found = await imported(application, shop.manager, content, name=name, type="customers")
    assert counts(found) == ("done", 2, 0, 0, 0)
    numbers = {row["phone_e164"] for row in (await shop.clerk.get("/api/customers")).json()}
    assert numbers == {"+233241234567", "+233207654321"}


async def test_p27_what_is_no_table_is_refused(shop: Place, application: Application) -> None:
    for content, name, status in (
        (b"", "a.csv", 422), (b"\x89PNG\r\n\x1a\n", "a.csv", 422), (b"%PDF-1.7\n%%EOF", "a.pdf", 422),
        (b"<html>", "a.csv", 415), (b"PK\x03\x04 no archive", "a.xlsx", 422), (b"\n\n;;\n", "a.csv", 422),
    ):  # fmt: skip
        answer = await send(shop.manager, content, name=name, type="customers")
        assert answer.status_code == status, (content, answer.text)
    assert (await send(shop.manager, CUSTOMERS, type="nothing")).status_code == 422
    assert (await shop.manager.post("/api/imports", json={"type": "customers"})).status_code == 415
    assert (
        await shop.manager.post("/api/imports", data={"type": "customers"}, files={"x": (None, "y")})
    ).status_code == 422
    assert (await shop.manager.get("/api/imports")).json() == []


async def test_only_managers_import_and_other_shops_see_nothing_of_it(
    application: Application, shop: Place, other: Place
) -> None:
    assert (await send(shop.clerk, CUSTOMERS, type="customers")).status_code == 403
    made = await imported(application, shop.owner, CUSTOMERS, type="customers")
    assert (await shop.clerk.get("/api/imports")).status_code == 403
    for path in ("", "/errors.csv"):
        assert (await other.owner.get(f"/api/imports/{made['id']}{path}")).status_code == 404
    assert (await other.owner.get("/api/customers")).json() == []


async def test_an_import_tells_nobody(application: Application, shop: Place) -> None:
    customer, phone = await a_customer(shop.clerk), await a_phone(shop.clerk)
    table = f"customer_id,phone_id,amount_paid\n{customer['id']},{phone['id']},4500\n"
    assert counts(await imported(application, shop.manager, table, type="sales")) == ("done", 1, 0, 0, 0)
    assert (await shop.manager.get("/api/messages/log")).json() == []


async def test_p27_a_minus_on_either_side_and_brackets_are_below_zero(application: Application, shop: Place) -> None:
    values = ("$1,800", "1800-", "\u22121800", "-$1,800", "(1800)", "GHS -1 800")
    table = "".join(f"Apple;iPhone {number};Used;{value}\n" for number, value in enumerate(values))
    made = await imported(application, shop.manager, f"brand;model;condition;value\n{table}", type="phones")
    assert counts(made) == ("done", 1, 0, 0, 5)
    [phone] = (await shop.manager.get("/api/phones")).json()
    assert (phone["model"], phone["value"]) == ("iPhone 0", 1800)


async def test_phones_are_uploaded_in_bulk_and_first_only_checked(application: Application, shop: Place) -> None:
    template = await application.stranger.get("/api/phones/bulk-upload/template")
    assert template.status_code == 200
    titles = template.content.decode("utf-8-sig").splitlines()[0]
    assert titles.startswith("brand,model,condition,value,imei,imei2,cost_price")
    table = f"{titles}\r\nApple,iPhone 11,Used,1800,{imei(3)},,1500\r\n"
    path = "/api/phones/bulk-upload"
    assert counts(await imported(application, shop.manager, table, path=path)) == ("checked", 1, 0, 0, 0)
    assert (await shop.clerk.get("/api/phones")).json() == []
    assert counts(await imported(application, shop.manager, table, path=path, dry_run=0)) == ("done", 1, 0, 0, 0)
    [phone] = (await shop.manager.get("/api/phones")).json()
    assert (phone["model"], phone["cost_price"], phone["imei"]) == ("iPhone 11", 1500, imei(3))


async def test_p07_the_same_key_begins_one_import(application: Application, shop: Place) -> None:
    sent = {"file": ("table.csv", CUSTOMERS.encode())}
    answers = [
        await shop.manager.post(
            "/api/imports", files=sent, params={"type": "customers"}, headers={"Idempotency-Key": "once"}
        )
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotent-Replay"] == "true"
    assert len((await shop.manager.get("/api/imports")).json()) == 1


async def a_key(shop: Place, *scopes: str, **more: Any) -> tuple[int, dict[str, str]]:
    """A key with these scopes: its id, and what shows it."""
    made = done(await shop.owner.post("/api/api-keys", json={"name": "a till", "scopes": [*scopes]} | more))
    return made["id"], {"X-API-Key": made["key"]}


async def test_p13_p27_a_key_with_imports_write_imports_what_its_role_may(
    application: Application, shop: Place
) -> None:
    key_id, key = await a_key(shop, "imports:write", "imports:read", role="manager")
    program = application.stranger
    sent = {"file": ("table.csv", CUSTOMERS.encode())}
    made = done(await program.post("/api/imports", files=sent, params={"type": "customers"}, headers=key))
    assert counts(await ended(application, shop.manager, made["id"])) == ("done", 2, 0, 0, 0)
    assert done(await program.get(f"/api/imports/{made['id']}", headers=key), 200)["created"] == 2
    found = done(await shop.owner.get("/api/audit", params={"entity": "phoneshop_customers"}), 200)
    assert {each["actor"] for each in found["events"]} == {f"key:{key_id}"}
    done(await program.post("/api/customers/bulk-upload", files=sent, headers=key))
    assert (await program.get("/api/customers", headers=key)).status_code == 403
    assert (await program.post("/api/customers", json={"full_name": "Yaw"}, headers=key)).status_code == 403
    for scopes, role in (
        (("customers:write",), "manager"),
        (("imports:read",), "owner"),
        (("imports:write",), "clerk"),
    ):
        _, other = await a_key(shop, *scopes, role=role)
        refused = await program.post("/api/imports", files=sent, params={"type": "customers"}, headers=other)
        assert refused.status_code == 403, (scopes, role)
    former = await program.post("/api/imports", files=sent, params={"type": "swapsync"}, headers=key)
    assert (former.status_code, former.json()["detail"]) == (403, "No key may do this; sign in")


async def test_p13_p27_an_import_whose_key_is_revoked_or_over_ends(
    application: Application, shop: Place, clock: Clock
) -> None:
    clock.set("2026-03-02T10:00:00Z")
    sent = {"file": ("table.csv", CUSTOMERS.encode())}
    for ends in (None, "2026-03-02T11:00:00Z"):
        key_id, key = await a_key(shop, "imports:write", expires_at=ends)
        query = {"type": "customers", "dry_run": 1}
        made = done(await application.stranger.post("/api/imports", files=sent, params=query, headers=key))
        assert counts(await ended(application, shop.manager, made["id"]))[0] == "checked"
        if ends is None:
            assert (await shop.owner.delete(f"/api/api-keys/{key_id}")).status_code == 204
        else:
            clock.set(ends)
        done(await shop.manager.post(f"/api/imports/{made['id']}/start"), 200)
        found = await ended(application, shop.manager, made["id"])
        assert (found["status"], found["error"]) == ("failed", "The key that began this import is not good any more")
    assert (await shop.clerk.get("/api/customers")).json() == []
