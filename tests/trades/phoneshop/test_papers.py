"""What is printed says what the interface says, to the cent, whatever people wrote (spec A18, N4, R-16)."""

import io
import re
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from barcode.charsets import code128  # type: ignore[import-untyped]  # it has no types
from pypdf import PdfReader

from tests.files.samples import picture
from tests.running import Person, Place
from tests.trades.phoneshop.arranging import (
    a_customer,
    a_phone,
    a_purchase,
    a_repair,
    a_sale,
    a_swap,
    became,
    done,
    imei,
)

ROLL = 80 / 25.4 * 72
"""How wide 80 mm are, in points."""


async def printed(person: Person, path: str, **query: str) -> tuple[str, float]:
    """What stands on a paper, and how wide it is."""
    answer = await person.get(f"/api/{path}.pdf", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf"), answer.text
    assert answer.headers["content-disposition"].startswith("inline; ")
    pages = PdfReader(io.BytesIO(answer.content)).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).replace("\u200b", "").split())
    return text.replace("\u00a0", " ").replace("\u202f", " "), float(pages[0].mediabox.width)


def money(amount: Any) -> str:
    """An amount as papers of a shop in Accra have it."""
    value = Decimal(str(amount))
    return f"{'−' if value < 0 else ''}GH₵{abs(value):,.2f}"


BAR = re.compile(rb"q 1 0 0 -1 ([\d.]+) [\d.]+ cm/c0 cs 0 scn 0 0 m ([\d.]+) 0 l")
"""A bar of a paper: where it begins, and how wide it is, in points."""


async def scanned(person: Person, path: str) -> str:
    """What a scanner reads of the barcode on a paper, by the widths of its bars and gaps."""
    content = (await person.get(f"/api/{path}.pdf")).content
    contents = PdfReader(io.BytesIO(content)).pages[0].get_contents()
    assert contents is not None
    bars = [(float(at), float(wide)) for at, wide in BAR.findall(contents.get_data())]
    unit = min(wide for _, wide in bars)
    ends = [
        number
        for at, wide in bars
        for number in (round((at - bars[0][0]) / unit), round((at - bars[0][0] + wide) / unit))
    ]
    modules = "".join(("1" if n % 2 == 0 else "0") * (end - begin) for n, (begin, end) in enumerate(pairwise(ends)))
    values = [code128.CODES.index(modules[at : at + 11]) for at in range(0, len(modules) - 13, 11)]
    assert modules.endswith(f"{code128.STOP}11")
    assert values[-1] == (values[0] + sum(n * each for n, each in enumerate(values[1:-1], 1))) % 103
    text, digits = "", values[0] == code128.START_CODES["C"]
    for value in values[1:-1]:
        if value in (99, 100):
            digits = value == 99
        else:
            text += f"{value:02}" if digits else chr(value + 32)
    return text


async def test_figures_on_a_receipt_are_those_of_the_interface_to_the_cent(shop: Place) -> None:
    await shop.prefer(name="Ama's phones", business_address="Oxford Street 7, Osu", tax_number="C0001")
    phone = await a_phone(shop.manager, value=1234.56, imei=imei(1))
    order = {"original_price": 1234.56, "discount_amount": 34.55, "amount_paid": 700.01, "phone_id": phone["id"]}
    sale = await a_sale(shop.clerk, **order)
    path = f"sales/{sale['id']}/papers/receipt"
    done(await shop.clerk.post(f"/api/sales/{sale['id']}/payments", json={"amount": 100.3, "method": "mobile_money"}))
    sale = done(await shop.clerk.get(f"/api/sales/{sale['id']}"), 200)
    for size, narrow in (("a4", False), ("80mm", True)):
        text, width = await printed(shop.clerk, path, size=size)
        assert (width == pytest.approx(ROLL, abs=1)) is narrow
        for part in (
            "Ama's phones",
            "Oxford Street 7, Osu",
            "C0001",
            sale["invoice_number"],
            phone["imei"],
            "Ama Owusu",
        ):
            assert part in text
        for amount in (1234.56, -34.55, 1200.01, 700.01, 100.3, sale["amount_paid"], sale["balance_due"]):
            assert money(amount) in text
        assert await printed(shop.clerk, f"sales/{sale['id']}/receipt", size=size) == (text, width)
    swap = await a_swap(shop.clerk, given_phone_value=1800.4, balance_paid=2700.05)
    text, _ = await printed(shop.clerk, f"swaps/{swap['id']}/papers/receipt", size="80mm")
    assert money(swap["total_transaction_value"]) == "GH₵4,500.45"
    assert all(money(each) in text for each in (4500.45, -1800.4, 2700.05))
    lines = [{"phone_id": (await a_phone(shop.manager, value=value))["id"]} for value in (10.1, 20.2)]
    made = done(await shop.clerk.post("/api/checkouts", json={"lines": lines, "payments": [{"amount": 25.05}]}))
    text, _ = await printed(shop.clerk, f"checkouts/{made['id']}/papers/receipt")
    assert all(money(each) in text for each in (10.1, 20.2, 30.3, 25.05, made["balance_due"]))
    bought = await a_purchase(shop.clerk)
    text, _ = await printed(shop.manager, f"purchases/{bought['id']}/papers/receipt")
    assert (money(500) in text, "Yaw Boateng" in text) == (True, True)
    assert (await shop.clerk.get(f"/api/purchases/{bought['id']}/papers/receipt.pdf")).status_code == 403


@pytest.mark.parametrize(
    ("mode", "rate", "shown"), [("none", 0, []), ("standard", 15, [782.61, 117.39]), ("margin", 20, [])]
)
async def test_r16_an_invoice_shows_its_tax_by_the_mode(shop: Place, mode: str, rate: int, shown: list[float]) -> None:
    await shop.prefer(tax_mode=mode, tax_rate=rate)
    phone = await a_phone(shop.manager, value=900, cost_price=600)
    sale = await a_sale(shop.clerk, phone_id=phone["id"], amount_paid=900)
    tax = done(await shop.manager.get(f"/api/sales/{sale['id']}"), 200)["tax_amount"]
    text, _ = await printed(shop.clerk, f"sales/{sale['id']}/papers/invoice")
    assert (money(900) in text, "margin scheme" in text) == (True, mode == "margin")
    assert [each for each in (782.61, 117.39) if money(each) in text] == shown
    assert tax == {"none": 0, "standard": 117.39, "margin": 50}[mode]
    assert money(50) not in text  # of the margin scheme the tax tells the cost


async def test_a_ticket_a_label_a_passport_and_the_report_of_a_day(shop: Place) -> None:
    phone = await a_phone(shop.manager, imei=imei(2))
    checks = [{"name": "battery", "passed": False, "note": "71 %"}]
    done(
        await shop.clerk.post(
            f"/api/phones/{phone['id']}/inspect", json={"grade": "B", "asking_price": 4321.5, "checks": checks}
        ),
        200,
    )
    text, _ = await printed(shop.clerk, f"phones/{phone['id']}/papers/label")
    assert (money(4321.5) in text, phone["imei"] in text) == (True, True)
    assert await scanned(shop.clerk, f"phones/{phone['id']}/papers/label") == phone["imei"]
    done(await shop.clerk.post("/api/drawers", json={"opening_amount": 100}))
    sale = await a_sale(shop.clerk, phone_id=phone["id"], amount_paid=4321.5)
    text, _ = await printed(shop.clerk, f"phones/{phone['id']}/papers/passport")
    assert all(part in text for part in (phone["imei"], "grade B", "battery not good (71 %)", "Warranty until"))
    assert not any(part in text for part in ("Ama Owusu", money(4321.5), money(4000), sale["invoice_number"]))
    text, _ = await printed(shop.manager, "drawers/1/papers/report")
    assert all(money(each) in text for each in (100, 4321.5, 4421.5))
    done(await shop.clerk.post("/api/drawers/1/close", json={"counted_amount": 4420, "reason": "change given"}), 200)
    text, _ = await printed(shop.manager, "drawers/1/papers/report", size="80mm")
    assert all(money(each) in text for each in (4421.5, 4420, -1.5))
    assert "change given" in text
    repair = await a_repair(shop.clerk, cost=450.5, due_date="2030-01-31")
    for size in ("a4", "80mm"):
        text, _ = await printed(shop.technician, f"repairs/{repair['id']}/papers/ticket", size=size)
        assert all(
            part in text
            for part in (repair["repair_number"], "Screen cracked", "31 Jan 2030", money(450.5), "Scan this")
        )
    done(await shop.clerk.post(f"/api/repairs/{repair['id']}/payments", json={"amount": 200.25}))
    await became(shop.clerk, repair, "Delivered")
    text, _ = await printed(shop.clerk, f"repairs/{repair['id']}/papers/receipt")
    assert all(part in text for part in (money(450.5), money(200.25), money(250.25), "Warranty until"))
    assert repair["repair_number"] in (await printed(shop.clerk, f"repairs/{repair['id']}/papers/label"))[0]


ODD = [
    '#eval("1+1") $x$ *b* _i_ @ref <lbl>',
    '= Heading // c \\ `raw` #import "x"',
    "Ɔkɔmfo Ɛsi Nãnã ₹ ₦ é ß",
    "नमस्ते مرحبا 中文 😀",
]


async def test_row_43_long_names_wrap_and_odd_characters_print_as_text(shop: Place) -> None:
    for name in (*ODD, "Okyerewaa-Abena" * 6, "A" * 100):
        customer = await a_customer(shop.clerk, full_name=name)
        sale = await a_sale(shop.clerk, customer_id=customer["id"])
        for size in ("a4", "80mm"):
            text, _ = await printed(shop.clerk, f"sales/{sale['id']}/papers/receipt", size=size)
            assert "Still due" in text
            if name.isprintable() and name not in ODD[3:]:
                assert name.replace(" ", "") in text.replace(" ", "")


async def test_a_paper_is_in_the_language_of_the_shop_or_in_the_one_that_is_asked_for(shop: Place) -> None:
    sale = await a_sale(shop.clerk)
    path = f"sales/{sale['id']}/papers/receipt"
    assert "Still due" in (await printed(shop.clerk, path))[0]
    french, _ = await printed(shop.clerk, path, language="fr")
    assert all(part in french for part in ("Reçu", "Reste dû", "Espèces", "4 500,00 GH₵"))
    await shop.prefer(paper_language="fr")
    assert "Reste dû" in (await printed(shop.clerk, path))[0]
    assert "Still due" in (await printed(shop.clerk, path, language="en"))[0]


async def test_a_paper_is_for_whoever_may_see_the_row_in_a_size_that_it_has(shop: Place, other: Place) -> None:
    sale, repair = await a_sale(shop.clerk), await a_repair(shop.clerk)
    path = f"/api/sales/{sale['id']}/papers/receipt.pdf"
    foreign, nowhere = await other.owner.get(path), await shop.owner.get("/api/sales/999999/papers/receipt.pdf")
    assert (foreign.status_code, nowhere.status_code) == (404, 404)
    assert (await shop.application.stranger.get(path)).status_code == 401
    wrong = await shop.clerk.get(path, params={"size": "a3"})
    assert (wrong.status_code, wrong.json()["detail"][0]["loc"]) == (422, ["query", "size"])
    await shop.prefer(technicians_see_own=True)
    assert (await shop.technician.get(f"/api/repairs/{repair['id']}/papers/ticket.pdf")).status_code == 404


async def test_a_logo_of_the_settings_stands_on_papers(shop: Place) -> None:
    sale = await a_sale(shop.clerk)
    sent = await shop.owner.post("/api/files", files={"file": ("logo.png", picture(), "image/png")})
    await shop.prefer(logo=done(sent)["id"])
    answer = await shop.clerk.get(f"/api/sales/{sale['id']}/papers/receipt.pdf")
    assert len(PdfReader(io.BytesIO(answer.content)).pages[0].images) == 1
