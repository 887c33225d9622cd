"""Who a customer is: one number, a name that is found, a history that is kept or erased."""

import asyncio
import json
from typing import Any

from tests.running import Place
from tests.trades.phoneshop.arranging import a_customer, a_phone, a_sale, done

SPELLINGS = (
    "0241234567", "024 123 4567", "024-123-4567", "(024) 123.4567", "+233 24 123 4567", "+233 (0) 24 123 4567",
    "00233241234567", "233241234567", "241234567",
)  # fmt: skip


async def test_r08_every_spelling_is_the_same_number_and_taken_once(shop: Place) -> None:
    for typed in SPELLINGS:
        made = await a_customer(shop.clerk, phone_number=typed)
        assert (made["phone_number"], made["phone_e164"]) == (typed, "+233241234567")
        for again in SPELLINGS:
            given = {"full_name": "Kofi", "phone_number": again}
            refused = done(await shop.clerk.post("/api/customers/", json=given), 400)
            assert refused["detail"] == "Phone number already registered"
        await shop.manager.delete(f"/api/customers/{made['id']}")
    assert done(await shop.clerk.get("/api/customers/"), 200) == []


async def test_r08_a_number_that_begins_with_plus_is_never_prefixed_again(shop: Place) -> None:
    for typed, whole in (
        ("+447911123456", "+447911123456"),
        ("+14155552671", "+14155552671"),
        ("+39 06 1234 5678", "+390612345678"),
    ):
        assert (await a_customer(shop.clerk, phone_number=typed))["phone_e164"] == whole


async def test_r08_another_spelling_in_an_edit_is_a_duplicate_too(shop: Place) -> None:
    await a_customer(shop.clerk, phone_number="0241234567")
    second = await a_customer(shop.clerk, phone_number="0241234568")
    path = f"/api/customers/{second['id']}"
    await shop.news()
    assert (await shop.clerk.put(path, json={"phone_number": "+233241234567"})).status_code == 400
    assert await shop.news() == []
    same = done(await shop.clerk.put(path, json={"phone_number": "+233 24 123 4568"}), 200)
    assert (same["phone_number"], same["phone_e164"]) == ("+233 24 123 4568", "+233241234568")


async def test_r08_what_is_no_callable_number_is_kept_as_typed_and_unique(shop: Place) -> None:
    made = await a_customer(shop.clerk, phone_number="02412345678")
    assert (made["phone_number"], made["phone_e164"]) == ("02412345678", None)
    assert (
        await shop.clerk.post("/api/customers/", json={"full_name": "K", "phone_number": "02412345678"})
    ).status_code == 400


async def test_r08_of_parallel_registrations_one_wins(shop: Place) -> None:
    orders = [{"full_name": "Ama", "phone_number": SPELLINGS[n % len(SPELLINGS)]} for n in range(18)]
    answers = await asyncio.gather(*(shop.clerk.post("/api/customers/", json=order) for order in orders))
    assert sorted(each.status_code for each in answers) == [201] + [400] * 17


async def test_r08_the_same_number_may_be_known_to_two_shops(shop: Place, other: Place) -> None:
    for place in (shop, other):
        await a_customer(place.clerk, phone_number="0241234567")


async def test_r18_p21_a_customer_with_a_history_is_not_deleted(shop: Place) -> None:
    sale = await a_sale(shop.clerk)
    await a_sale(shop.clerk, customer_id=sale["customer_id"])
    await shop.news()
    path = f"/api/customers/{sale['customer_id']}"
    refused = done(await shop.manager.delete(path), 409)
    assert refused["detail"] == "Customer can't be deleted: it has 2 sales"
    assert refused["reasons"] == {"sales": 2}
    phone = done(await shop.manager.delete(f"/api/phones/{sale['phone_id']}"), 409)
    assert phone["reasons"] == {"sale": 1}
    assert await shop.news() == []
    assert done(await shop.clerk.get(path), 200)["id"] == sale["customer_id"]


async def test_r18_what_is_deleted_appears_nowhere(shop: Place) -> None:
    kept, gone = await a_customer(shop.clerk), await a_customer(shop.clerk, full_name="Yaw Gone")
    assert (await shop.manager.delete(f"/api/customers/{gone['id']}")).status_code == 204
    assert (await shop.manager.delete(f"/api/customers/{gone['id']}")).status_code == 404
    for query in ("", "?search=yaw", "?sort=full_name"):
        answer = await shop.clerk.get(f"/api/customers/{query}")
        expected = [] if "search" in query else [kept]
        assert (answer.json(), answer.headers["x-total-count"]) == (expected, str(len(expected)))
    assert done(await shop.owner.get("/api/analytics/overview"), 200)["totals"]["customers"] == 1
    again = await a_customer(shop.clerk, phone_number=gone["phone_number"])
    assert again["id"] > gone["id"]  # the number is free, the id is not
    assert await shop.wrong() == []


async def test_r18_a_customer_with_a_history_can_be_made_anonymous(shop: Place) -> None:
    customer = await a_customer(
        shop.clerk, full_name="Akosua Private", phone_number="0241234567", email="akosua@example.com"
    )
    sale = await a_sale(shop.clerk, customer_id=customer["id"])
    path = f"/api/customers/{customer['id']}"
    await shop.clerk.put(path, json={"full_name": "Akosua Private-Mensah"})
    await shop.news()
    assert (await shop.manager.delete(f"{path}?anonymize=true")).status_code == 204
    left = done(await shop.clerk.get(path), 200)
    nothing = {"full_name": "Former customer", "phone_number": "", "phone_e164": None, "email": None}
    assert left | nothing == left
    assert done(await shop.clerk.get(f"/api/sales/{sale['id']}"), 200)["customer_id"] == customer["id"]
    for word in ("akosua", "0241234567", "private"):
        assert done(await shop.clerk.get(f"/api/customers/?search={word}"), 200) == []
    history = await shop.owner.get(f"{path}/history")
    assert [each["verb"] for each in done(history, 200)] == ["customer.remove", "customer.correct", "customer.register"]
    assert [word for word in ("Akosua", "241234567", "akosua@") if word in history.text] == []
    assert await shop.wrong() == []
    await a_customer(shop.clerk, phone_number="0241234567")  # the number is free


async def test_r18_nothing_personal_is_left_in_the_database(shop: Place) -> None:
    customer = await a_customer(shop.clerk, full_name="Akosua Private", phone_number="0241234567")
    await a_sale(shop.clerk, customer_id=customer["id"])
    await shop.manager.delete(f"/api/customers/{customer['id']}?anonymize=true")

    def everything(session: Any) -> str:
        tables = ("phoneshop_customers", "phoneshop_sales", "event_changes", "events", "totals")
        found = []
        for table in tables:
            found += session.connection.exec_driver_sql(f"SELECT * FROM {table}").fetchall()
        return repr([tuple(row) for row in found])

    text = await shop.read(everything)
    assert [word for word in ("Akosua", "akosua", "241234567") if word in text] == []


async def test_r18_two_customers_can_be_made_anonymous(shop: Place) -> None:
    for _ in range(2):
        sale = await a_sale(shop.clerk)
        assert (await shop.manager.delete(f"/api/customers/{sale['customer_id']}?anonymize=true")).status_code == 204


async def test_r18_without_a_history_anonymize_deletes(shop: Place) -> None:
    customer = await a_customer(shop.clerk)
    assert (await shop.manager.delete(f"/api/customers/{customer['id']}?anonymize=true")).status_code == 204
    assert (await shop.clerk.get(f"/api/customers/{customer['id']}")).status_code == 404


SEARCHED: Any = (
    ("kwame", True),
    ("KWAME", True),
    ("aïssatou", True),
    ("aissatou", True),
    ("wame na", True),
    ("0241234567", True),
    ("024 123", True),
    ("+233 24 123 4567", True),
    ("241234567", True),
    ("34567", True),
    ("kwame@example", True),
    ("cus-000001", True),
    ("000001", True),
    ("000003", False),
    ("kw%me", False),
    ("kw_me", False),
    ("%", False),
    ("_", False),
    ("\\", False),
    ("99999", False),
)


async def test_p28_customers_are_found_by_folded_name_and_by_digits(shop: Place) -> None:
    one = await a_customer(
        shop.clerk, full_name="Kwame Aïssatou Nkansah", phone_number="024-123-4567", email="kwame@example.com"
    )
    one = done(await shop.clerk.put(f"/api/customers/{one['id']}", json={"full_name": "Kwame Nàme Aïssatou"}), 200)
    await a_customer(shop.clerk, full_name="Efua Addo", phone_number="0208888111")
    for term, found in SEARCHED:
        answer = await shop.clerk.get("/api/customers/", params={"search": term})
        assert [each["id"] for each in done(answer, 200)] == ([one["id"]] if found else []), term
        assert answer.headers["x-total-count"] == str(int(found))


async def test_p09_percent_and_underscore_find_themselves(shop: Place) -> None:
    odd = await a_customer(shop.clerk, full_name="100%_Phones \\ Ltd")
    await a_customer(shop.clerk, full_name="100 Phones Ltd")
    for term in ("100%", "%_", "_phones", "\\"):
        answer = await shop.clerk.get("/api/customers/", params={"search": term})
        assert [each["id"] for each in answer.json()] == [odd["id"]]


TYPED: Any = (
    ("  Ama  ", "Ama"),
    ("Ame\u0301lie", "Amélie"),
    ("Kɔfi Mɛnsah", "Kɔfi Mɛnsah"),
    ("😀" * 100, "😀" * 100),
    ("<b>&\"'", "<b>&\"'"),
    ("😀" * 101, None),
    ("   ", None),
    ("a\x00b", None),
    ("a\x07b", None),
    ("a\ud800b", None),
)


async def test_p37_text_is_trimmed_normalised_and_kept_as_it_is(shop: Place) -> None:
    for number, (typed, kept) in enumerate(TYPED):
        content = json.dumps({"phone_number": f"02412345{number:02d}", "full_name": typed}).encode()
        answer = await shop.clerk.post("/api/customers/", content=content, headers={"Content-Type": "application/json"})
        if kept is None:
            assert answer.status_code == 422
        else:
            assert done(answer)["full_name"] == kept


async def test_p37_no_text_of_a_request_can_break_the_database(shop: Place) -> None:
    customer, one = await a_customer(shop.clerk), await a_phone(shop.clerk)
    order = {"customer_id": customer["id"], "phone_id": one["id"], "amount_paid": 1}
    for odd in (
        {"customer_phone": "024123456\x00"},
        {"customer_email": "a\x00@example.com"},
        {"customer_email": "nobody"},
    ):
        assert (await shop.clerk.post("/api/sales/", json=order | odd)).status_code == 422
    phone = {"brand": "Nokia", "model": "G42", "condition": "New", "value": 1900}
    odd_phones: list[dict[str, Any]] = [{"specs": {"a\x00": "b"}}, {"imei": "49015420\x003237518"}, {"brand": "\x00"}]
    for odd_phone in odd_phones:
        assert (await shop.clerk.post("/api/phones/", json=phone | odd_phone)).status_code in (201, 400, 422)
    for query in ("search=%00", "search=a%00b", "search=%ff%fe", "after=%00", "brand=%00"):
        assert (await shop.clerk.get(f"/api/phones/?{query}")).status_code in (200, 422)
    assert (await shop.clerk.get("/api/phones/%00")).status_code == 422
