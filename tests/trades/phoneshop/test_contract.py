"""Every path of the contract by its literal request, with its literal answer."""

import re
from typing import Any

from tests.running import PASSWORD, Application, Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, done

CUSTOMER = {"id", "full_name", "phone_number", "email", "created_at", "phone_e164", "unique_id", "updated_at"}
PHONE = {
    "id", "brand", "model", "condition", "value", "is_available", "swapped_from_id", "status", "imei", "imei2",
    "category_id", "brand_id", "specs", "acquired_via_swap_id", "created_at", "updated_at",
}  # fmt: skip
SALE = {
    "id", "customer_id", "phone_id", "amount_paid", "created_at", "original_price", "discount_amount",
    "invoice_number", "balance_due", "refunded_amount",
}  # fmt: skip
MORE_OF_A_PHONE = {"grade", "hold_until"}
MORE_OF_A_SALE = {
    "method", "method_reference", "tax_mode", "checkout", "staff_id", "completed_at", "returned_at", "warranty_until",
}  # fmt: skip


# Health.


async def test_ping_health_and_root_need_no_token(application: Application) -> None:
    nobody = application.stranger
    ping = done(await nobody.get("/ping"), 200)
    assert ping == {"message": ping["message"], "app_name": "SwapSync", "version": "1.0.0", "status": "healthy"}
    assert done(await nobody.get("/health"), 200) == {"status": "ok", "service": "SwapSync API"}
    root = done(await nobody.get("/"), 200)
    assert root | {"version": "1.0.0", "docs": "/docs", "redoc": "/redoc"} == root
    assert isinstance(root["message"], str)


async def test_the_documentation_is_open(application: Application) -> None:
    for path in ("/docs", "/redoc"):
        page = await application.stranger.get(path)
        assert (page.status_code, page.headers["content-type"].split(";")[0]) == (200, "text/html")
    document = done(await application.stranger.get("/openapi.json"), 200)
    assert {"/api/customers/", "/api/customers"} & document["paths"].keys()
    nameless = [re.sub(r"\{.*?\}", "{}", path) for path in document["paths"]]
    assert sorted(set(nameless)) == sorted(nameless)  # to OpenAPI paths that differ in names alone are the same


# Customers.


async def test_a_customer_is_created_read_changed_and_deleted(shop: Place) -> None:
    given = {"full_name": "Ama Owusu", "phone_number": "0241234567", "email": "ama@example.com"}
    answer = await shop.clerk.post("/api/customers/", json=given)
    made = done(answer)
    assert made.keys() == CUSTOMER
    assert made | given | {"phone_e164": "+233241234567"} == made
    path = f"/api/customers/{made['id']}"
    assert done(await shop.clerk.get(path), 200) == made
    listed = await shop.clerk.get("/api/customers/")
    assert (listed.json(), listed.headers["x-total-count"]) == ([made], "1")
    changed = done(await shop.clerk.put(path, json={"full_name": "Ama Owusu-Mensah"}), 200)
    assert changed | {"full_name": "Ama Owusu-Mensah", "phone_number": "0241234567"} == changed
    gone = await shop.manager.delete(path)
    assert (gone.status_code, gone.content) == (204, b"")
    missing = done(await shop.clerk.get(path), 404)
    assert missing["detail"] == "Customer not found"
    record = f"customers {made['id']}"
    assert await shop.news() == [
        f"customer.register: add {record}",
        f"customer.correct: edit {record}",
        f"customer.remove: delete {record}",
    ]


MALFORMED_CUSTOMERS: Any = (
    ({"full_name": ""}, "full_name"),
    ({"full_name": "x" * 101}, "full_name"),
    ({"full_name": None}, "full_name"),
    ({"phone_number": None}, "phone_number"),
    ({"phone_number": "12345"}, "phone_number"),
    ({"phone_number": "0" * 21}, "phone_number"),
    ({"email": "not an address"}, "email"),
)


async def test_a_malformed_customer_is_422_in_the_framework_s_shape(shop: Place) -> None:
    for changes, field in MALFORMED_CUSTOMERS:
        given = {"full_name": "Ama", "phone_number": "0241234567"} | changes
        wrong = done(await shop.clerk.post("/api/customers/", json=given), 422)
        assert [(each["loc"], each.keys() >= {"msg", "type"}) for each in wrong["detail"]] == [(["body", field], True)]
        assert await shop.news() == []


async def test_a_clerk_may_not_delete_a_customer(shop: Place) -> None:
    made = await a_customer(shop.clerk)
    await shop.news()
    assert (await shop.clerk.delete(f"/api/customers/{made['id']}")).status_code == 403
    assert await shop.news() == []


# Phones.


async def test_a_phone_is_created_read_changed_and_deleted(shop: Place) -> None:
    given = {"brand": "Samsung", "model": "Galaxy S21", "condition": "Used", "value": 2800.50}
    made = done(await shop.clerk.post("/api/phones/", json=given))
    assert made.keys() == PHONE | MORE_OF_A_PHONE
    assert made | given | {"is_available": True, "swapped_from_id": None, "status": "AVAILABLE"} == made
    path = f"/api/phones/{made['id']}"
    assert done(await shop.clerk.get(path), 200) == made
    changed = done(await shop.clerk.put(path, json={"value": 2700}), 200)
    assert changed | given | {"value": 2700} == changed
    assert (await shop.manager.delete(path)).status_code == 204
    assert done(await shop.clerk.get(path), 404)["detail"] == "Phone not found"
    record = f"phones {made['id']}"
    assert await shop.news() == [
        f"phone.stock: add {record}",
        f"phone.change: edit {record}",
        f"phone.discard: delete {record}",
    ]


MALFORMED_PHONES: Any = (
    ({"brand": ""}, "brand"),
    ({"brand": "x" * 51}, "brand"),
    ({"model": "x" * 101}, "model"),
    ({"condition": "Broken"}, "condition"),
    ({"value": 0}, "value"),
    ({"value": -1}, "value"),
    ({"cost_price": -0.01}, "cost_price"),
)


async def test_a_malformed_phone_is_422(shop: Place) -> None:
    for changes, field in MALFORMED_PHONES:
        given = {"brand": "Nokia", "model": "G42", "condition": "New", "value": 1900} | changes
        wrong = done(await shop.clerk.post("/api/phones/", json=given), 422)
        assert [each["loc"] for each in wrong["detail"]] == [["body", field]]
        assert await shop.news() == []


async def test_what_is_wrong_with_a_value_is_said_in_words_of_people(shop: Place) -> None:
    given = {"brand": "x" * 51, "model": " ", "condition": "New", "value": "90071992547409.92"}
    wrong = done(await shop.clerk.post("/api/phones/", json=given), 422)
    assert [each["msg"] for each in wrong["detail"]] == [
        "String should have at most 50 characters",
        "String should have at least 1 character",
        "Input should be less than or equal to 90071992547409.91",
    ]


async def test_availability_is_set_by_query_by_body_or_turned_round(shop: Place) -> None:
    made = await a_phone(shop.clerk)
    path = f"/api/phones/{made['id']}/availability"
    await shop.news()
    seen = [
        done(await shop.clerk.patch(path, params={"is_available": "false"}), 200),
        done(await shop.clerk.patch(path, json={"is_available": True}), 200),
        done(await shop.clerk.patch(path), 200),
        done(await shop.clerk.patch(path), 200),
    ]
    assert [(each["is_available"], each["status"]) for each in seen] == [
        (False, "WITHHELD"), (True, "AVAILABLE"), (False, "WITHHELD"), (True, "AVAILABLE"),
    ]  # fmt: skip
    assert await shop.news() == [f"phone.offer: edit phones {made['id']}"] * 4


async def test_only_available_phones_are_listed_on_demand(shop: Place) -> None:
    first, second = await a_phone(shop.clerk), await a_phone(shop.clerk, condition="Used", brand="Nokia")
    await shop.clerk.patch(f"/api/phones/{first['id']}/availability", params={"is_available": "false"})

    async def ids(query: str) -> list[int]:
        answer = await shop.clerk.get(f"/api/phones/?{query}")
        assert answer.headers["x-total-count"] == str(len(answer.json()))
        return [each["id"] for each in answer.json()]

    assert await ids("available_only=true") == [second["id"]]
    assert await ids("available_only=false") == [second["id"], first["id"]]
    assert await ids("condition=Used") == [second["id"]]
    assert await ids("brand=Samsung") == [first["id"]]
    assert await ids("search=noki") == [second["id"]]


async def test_the_money_of_a_sold_phone_stays(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    await a_sale(shop.clerk, phone_id=phone["id"])
    path = f"/api/phones/{phone['id']}"
    await shop.news()
    assert (await shop.manager.put(path, json={"value": 4600})).status_code == 409
    assert (await shop.manager.put(path, json={"cost_price": 1})).status_code == 409
    assert (await shop.clerk.put(path, json={"value": 4500, "model": "Galaxy A55 5G"})).status_code == 200
    assert (await shop.clerk.patch(f"{path}/availability", params={"is_available": "true"})).status_code == 409
    assert (await shop.manager.delete(path)).status_code == 409
    assert await shop.news() == [f"phone.change: edit phones {phone['id']}"]


# Sales.


async def test_a_sale_is_recorded(shop: Place) -> None:
    customer, phone = await a_customer(shop.clerk), await a_phone(shop.clerk)
    await shop.news()
    given = {"customer_id": customer["id"], "phone_id": phone["id"], "amount_paid": 4500}
    made = done(await shop.clerk.post("/api/sales/", json=given))
    assert made.keys() == SALE | MORE_OF_A_SALE
    money = {"original_price": 4500, "discount_amount": 0, "balance_due": 0, "refunded_amount": 0}
    assert made | given | money | {"invoice_number": "INV-000001"} == made
    assert done(await shop.clerk.get(f"/api/sales/{made['id']}"), 200) == made
    for path in ("/api/sales/", f"/api/sales/customer/{customer['id']}"):
        answer = await shop.clerk.get(path)
        listed = {name: value for name, value in made.items() if name in SALE}
        assert (answer.json(), answer.headers["x-total-count"]) == ([listed], "1")
    sold = done(await shop.clerk.get(f"/api/phones/{phone['id']}"), 200)
    assert (sold["status"], sold["is_available"]) == ("SOLD", False)
    assert await shop.news() == [f"sale.sell: edit phones {phone['id']}, add sales {made['id']}"]


async def test_a_sale_with_a_price_and_a_discount(shop: Place) -> None:
    made = await a_sale(
        shop.clerk, original_price=4500, discount_amount=200.5, amount_paid=None,
        customer_phone="0241234567", customer_email="ama@example.com",
    )  # fmt: skip
    money = {"original_price": 4500, "discount_amount": 200.5, "amount_paid": 4299.5, "balance_due": 0}
    assert made | money == made


REFUSED_SALES: Any = (
    ({"customer_id": 999}, 404, "Customer not found"),
    ({"phone_id": 999}, 404, "Phone not found"),
    ({"customer_id": 0}, 422, None),
    ({"phone_id": -1}, 422, None),
    ({"amount_paid": 0}, 422, None),
    ({"amount_paid": None}, 422, None),
    ({"original_price": 4500, "discount_amount": -1}, 422, None),
    ({"original_price": 4500, "discount_amount": 4500, "amount_paid": None}, 422, None),
    ({"original_price": 4500, "amount_paid": 4500.01}, 422, None),
)


async def test_a_sale_is_refused(shop: Place) -> None:
    for given, status, detail in REFUSED_SALES:
        customer, phone = await a_customer(shop.clerk), await a_phone(shop.clerk)
        await shop.news()
        whole = {"customer_id": customer["id"], "phone_id": phone["id"], "amount_paid": 4500} | given
        refused = done(await shop.clerk.post("/api/sales/", json=whole), status)
        assert detail is None or refused["detail"] == detail
        assert await shop.news() == []


async def test_a_phone_that_is_gone_is_not_for_sale(shop: Place) -> None:
    sold = await a_sale(shop.clerk)
    again = {"customer_id": sold["customer_id"], "phone_id": sold["phone_id"], "amount_paid": 1}
    assert done(await shop.clerk.post("/api/sales/", json=again), 400)["detail"] == "Phone is not available for sale"


async def test_sales_of_a_customer_that_is_not_there_are_404(shop: Place) -> None:
    assert done(await shop.clerk.get("/api/sales/customer/999"), 404)["detail"] == "Customer not found"
    assert done(await shop.clerk.get("/api/sales/999"), 404)["detail"] == "Sale not found"


# Sign-in.


async def test_signing_in_by_json_or_form_gives_a_token_that_works(application: Application, shop: Place) -> None:
    given = {"username": shop.clerk.name, "password": PASSWORD}
    for answer in (
        await application.stranger.post("/api/auth/login-json", json=given),
        await application.stranger.post("/api/auth/login", data=given),
    ):
        session = done(answer, 200)
        assert (session["token_type"], session["expires_in"], session["user"]["role"]) == ("bearer", 1800, "clerk")
        mine = {"Authorization": f"Bearer {session['access_token']}"}
        me = done(await application.stranger.get("/api/auth/me", headers=mine), 200)
        assert me | {"id": shop.clerk.user_id, "username": shop.clerk.name, "is_active": True} == me


async def test_p13_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    application: Application, shop: Place
) -> None:
    answers = [
        await application.stranger.post("/api/auth/login-json", json={"username": name, "password": "wrong one"})
        for name in (shop.clerk.name, "nobody-here")
    ]
    shown = [{**each.json(), "request_id": ""} for each in answers]
    assert [each.status_code for each in answers] == [401, 401]
    assert shown[0] == shown[1]
    assert shown[0]["detail"] == "Incorrect username or password"


async def test_without_a_valid_token_nothing_of_the_business_is_shown(application: Application) -> None:
    for token in ("", "Bearer", "Bearer x.y.z", "Basic YTpi", "Bearer eyJhbGciOiJub25lIn0.e30."):
        headers = {"Authorization": token} if token else {}
        for path in ("/api/customers/", "/api/phones/1", "/api/sales/", "/api/analytics/overview", "/api/auth/me"):
            refused = await application.stranger.get(path, headers=headers)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")


# Lists.


async def test_p12_both_spellings_of_a_path_answer_the_same(shop: Place) -> None:
    await a_sale(shop.clerk)
    for path in ("/api/customers", "/api/phones/1", "/api/sales", "/api/analytics/overview", "/health", "/api/auth/me"):
        bare, slashed = await shop.owner.get(path), await shop.owner.get(f"{path}/")
        assert (bare.status_code, bare.json()) == (slashed.status_code, slashed.json())
        assert bare.status_code == 200


async def test_p12_writing_works_with_and_without_a_slash(shop: Place) -> None:
    for slash in ("", "/"):
        made = done(
            await shop.clerk.post(
                f"/api/customers{slash}", json={"full_name": "A", "phone_number": f"02412345{len(slash)}0"}
            )
        )
        assert (await shop.clerk.put(f"/api/customers/{made['id']}{slash}", json={"full_name": "B"})).status_code == 200
        assert (await shop.manager.delete(f"/api/customers/{made['id']}{slash}")).status_code == 204


WRONG_QUERIES = (
    "limit=0",
    "limit=-1",
    "skip=-1",
    "limit=x",
    "skip=1.5",
    "sort=password",
    "condition=Broken",
    "available_only=maybe",
    "after=%21%21",
)


async def test_p09_a_wrong_parameter_of_a_list_is_422(shop: Place) -> None:
    for path in ("/api/phones/", "/api/phones"):
        for query in WRONG_QUERIES:
            wrong = done(await shop.clerk.get(f"{path}?{query}"), 422)
            assert [each["loc"] for each in wrong["detail"]] == [["query", query.split("=")[0]]]


async def test_a_limit_above_the_most_is_lowered_and_said_so(shop: Place) -> None:
    phone = await a_phone(shop.clerk)
    lowered = await shop.clerk.get("/api/phones/?limit=5000")
    assert (lowered.status_code, lowered.headers["x-limit-applied"]) == (200, "1000")
    assert [each["id"] for each in lowered.json()] == [phone["id"]]
    assert "x-limit-applied" not in (await shop.clerk.get("/api/phones/?limit=1000")).headers


async def test_a_page_beyond_the_end_is_empty_and_knows_the_total(shop: Place) -> None:
    for _ in range(3):
        await a_phone(shop.clerk)
    page = await shop.clerk.get("/api/phones/?skip=50&limit=10")
    assert (page.status_code, page.json(), page.headers["x-total-count"]) == (200, [], "3")


async def test_a_list_is_sorted_as_asked(shop: Place) -> None:
    for value in (200, 100, 300):
        await a_phone(shop.clerk, value=value)

    async def values(query: str) -> list[int]:
        return [each["value"] for each in (await shop.clerk.get(f"/api/phones/?{query}")).json()]

    assert await values("sort=value") == [100, 200, 300]
    assert await values("sort=-value&limit=2") == [300, 200]
    assert await values("") == [300, 100, 200]
    assert await values("skip=1&limit=1") == [100]
