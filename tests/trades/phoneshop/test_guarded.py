"""What the shop's own pages hold against whoever means harm: rows 15, 20 and 21 on them."""

import re

import pytest

from tests.running import Application, Place
from tests.trades.phoneshop.arranging import (
    a_customer,
    a_phone,
    a_purchase,
    a_repair,
    a_sale,
    a_swap,
    done,
    imei,
    token_of,
)
from tests.trades.phoneshop.test_papers import printed
from tests.web.browsing import looking
from tests.web.harm import EVIL, FOREIGN, harmless
from tradehall.kernel.screens import OwnPage
from tradehall.kernel.verbs import ANYBODY
from tradehall.trades import phoneshop
from tradehall.trades.phoneshop.models import Sale

PAGES = [each for each in phoneshop.trade.screens if isinstance(each, OwnPage)]
INSIDE = [f"/app/{each.path}".rstrip("/") for each in PAGES if each.by is not ANYBODY]
DOES = [(f"/app/{each.path}".rstrip("/"), what) for each in PAGES if each.by is not ANYBODY for what in each.does]


async def planted(application: Application, shop: Place, number: int, word: str) -> dict[str, str]:
    """A shop in which somebody wrote this wherever they could; gives the pages of its rows."""
    clerk, owner = shop.people["clerk"], shop.people["owner"]
    short = word[:50]
    customer = (await a_customer(clerk, full_name=word, phone_number=f"02412345{number:02d}"))["id"]
    phone = await a_phone(owner, brand=short, model=word, imei=imei(2 * number))
    await a_phone(owner, brand=short, model=word)
    sale = await a_sale(clerk, customer_id=customer, phone_id=phone["id"], payment_reference=word)
    await a_swap(clerk, customer_id=customer, given_phone_description=word)
    await a_purchase(owner, brand=short, model=word, seller_name=word, imei=imei(2 * number + 1))
    repair = await a_repair(
        clerk, customer_id=customer, phone_description=word, issue_description=word, intake=word, due_date="2020-01-01"
    )
    done(await owner.post("/api/expenses", json={"amount": 5, "category": word, "note": word, "method": "card"}))
    await shop.prefer(name=word, business_address=word, paper_closing=word)
    passport = application.office.seals.token(Sale, shop.org_id, sale["id"])
    return {
        "phone": f"/app/phones/{phone['id']}", "customer": f"/app/customers/{customer}",
        "repair": f"/app/repairs/{repair['id']}", "folder": f"/app/r/{await token_of(clerk, repair)}",
        "passport": f"/app/p/{passport}", "receipt": f"sales/{sale['id']}/papers/receipt",
        "ticket": f"repairs/{repair['id']}/papers/ticket",
    }  # fmt: skip


async def test_row_20_what_somebody_writes_is_text_on_the_shop_s_own_pages_and_papers(
    application: Application, shop: Place
) -> None:
    places = {word: await planted(application, shop, number, word) for number, word in enumerate(EVIL[:7])}
    async with looking(application, shop.people["owner"]) as browser, looking(application) as stranger:
        mine = [at[name] for at in places.values() for name in ("phone", "customer", "repair")]
        open_to_all = [at[name] for at in places.values() for name in ("folder", "passport")]
        for who, addresses in ((browser, [*INSIDE, *mine]), (stranger, open_to_all)):
            for address in addresses:
                page = await who.get(address)
                assert page.status == 200, (address, page.html[:300])
                harmless(page)
    for paper in ("receipt", "ticket"):
        text, _ = await printed(shop.people["clerk"], places[EVIL[0]][paper])
        assert EVIL[0] in text


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_row_21_no_form_of_another_place_does_anything_on_the_shop_s_own_pages(
    application: Application, shop: Place, headers: dict[str, str]
) -> None:
    repair = await a_repair(shop.people["clerk"])
    folder = f"/app/r/{await token_of(shop.people['clerk'], repair)}"
    await shop.news()
    async with looking(application, shop.people["owner"]) as browser:
        for path, what in (*DOES, (folder, "decide"), (folder, "pay")):
            given = {"do": what, "key": "0" * 32, "opening_amount": "1", "decision": "accepted"}
            answer = await browser.post(path, given, headers=headers)
            assert answer.status == 403, (path, what)
    assert [each for each in await shop.news() if not each.startswith("message.")] == []


async def test_row_15_whoever_is_shut_out_sees_none_of_the_shop_s_own_pages(
    application: Application, shop: Place
) -> None:
    clerk = shop.people["clerk"]
    async with looking(application) as browser:
        await browser.sign_in(clerk.name)
        assert (await browser.get("/app/till")).status == 200
        done(await shop.people["owner"].patch(f"/api/users/{clerk.user_id}", json={"is_active": False}), 200)
        for address in INSIDE:
            assert re.match("/app/-/sign-in", (await browser.get(address)).to), address
