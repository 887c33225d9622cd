"""The way of a customer, by the link of a repair, on a phone: see, accept, pay at the provider, have it receipted."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from tests.adapters.paystack import SECRET, FakePaystack, fake_paystack, signed
from tests.browser.conftest import PHONE, fits
from tests.commands import Server, serving


@contextmanager
def provider() -> Iterator[FakePaystack]:
    """The fake provider of payments, beside Playwright, which has a loop of its own."""
    ready, over, found = threading.Event(), threading.Event(), list[FakePaystack]()

    async def serve() -> None:
        async with fake_paystack() as paystack:
            found.append(paystack)
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(20)
        yield found[0]
    finally:
        over.set()
        thread.join()


def ask(server: Server, method: str, path: str, body: Any = None) -> Any:
    """Ask the interface of a shop that is open to this machine."""
    answer = server.http.request(method, path, json=body)
    assert answer.status_code < 300, answer.text
    return answer.json()


def test_n3_a_customer_accepts_and_pays_by_the_link_of_a_repair(browser: Browser, tmp_path: Path) -> None:
    with provider() as paystack:
        chosen = {"PAYSTACK_SECRET_KEY": SECRET, "PAYSTACK_BASE_URL": paystack.base}
        (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in chosen.items()))
        with serving(tmp_path, "serve", "phoneshop", "--open") as server:
            who = {"full_name": "Ama Owusu", "phone_number": "0241234567", "email": "ama@example.com"}
            customer = ask(server, "POST", "/api/customers/", who)
            repair = {
                "customer_id": customer["id"],
                "phone_description": "iPhone X",
                "issue_description": "Screen",
                "cost": 450,
            }
            made = ask(server, "POST", "/api/repairs/", repair)
            ask(server, "POST", f"/api/repairs/{made['id']}/estimate", {"amount": 600})
            token = ask(server, "GET", f"/api/repairs/{made['id']}/link")["public_token"]
            page = browser.new_page(viewport={"width": PHONE[0], "height": PHONE[1]}, locale="fr-FR")
            page.goto(f"http://127.0.0.1:{server.port}/r/{token}")
            assert fits(page)
            page.get_by_role("button", name="Accepter").click()
            expect(page.get_by_text("Vous avez accepté ce devis.")).to_be_visible()
            page.get_by_role("button", name="Payer GHS 600,00").click()
            expect(page.get_by_role("link", name="Continuer pour payer")).to_be_visible(timeout=10_000)
            (reference,) = paystack.transactions
            paystack.pays(reference)
            event = paystack.event(reference)
            assert (
                server.http.post("/api/payments/webhook/paystack", content=event, headers=signed(event)).status_code
                == 200
            )
            due = page.locator(".guest-sums .total")
            for _ in range(50):
                page.reload()
                if "GHS 0,00" in due.inner_text():
                    break
                page.wait_for_timeout(100)
            expect(due).to_contain_text("GHS 0,00")
            receipt = page.get_by_role("link", name="Reçu (PDF)").get_attribute("href")
            assert server.http.get(str(receipt)).content.startswith(b"%PDF-")
            page.close()
