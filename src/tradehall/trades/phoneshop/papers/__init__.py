"""What the shop prints: receipts, invoices, tickets, labels, device passports and the report of a day (spec A18, N4)."""

from pathlib import Path

from tradehall.kernel.contracts import Contract
from tradehall.kernel.papers import Paper, Size, prints
from tradehall.trades.phoneshop.models import Phone, Repair, Sale, Swap
from tradehall.trades.phoneshop.papers import bought, days, devices, jobs
from tradehall.trades.phoneshop.payments import Checkout
from tradehall.trades.phoneshop.purchases import Purchase
from tradehall.trades.phoneshop.reach import WORKSHOP
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF
from tradehall.trades.phoneshop.till import Drawer

LABEL = Path(__file__).parent / "label.typ"
BOTH = (Size.A4, Size.ROLL)

PASSPORT = Paper("passport", Sale, STAFF, devices.passport_of_sale, "Device passport")
OF_SALE = Paper("receipt", Sale, STAFF, bought.of_sale, "Receipt", BOTH)
OF_REPAIR = Paper("receipt", Repair, WORKSHOP, jobs.receipt, "Receipt", BOTH)

papers = (
    OF_SALE,
    PASSPORT,
    Paper("invoice", Sale, STAFF, bought.invoice_of_sale, "Invoice"),
    Paper("receipt", Swap, STAFF, bought.of_swap, "Receipt", BOTH),
    Paper("invoice", Swap, STAFF, bought.invoice_of_swap, "Invoice"),
    Paper("receipt", Checkout, STAFF, bought.of_checkout, "Receipt", BOTH),
    Paper("receipt", Purchase, MANAGERS, bought.of_purchase, "Receipt", BOTH),
    Paper("ticket", Repair, WORKSHOP, jobs.ticket, "Repair ticket", BOTH),
    OF_REPAIR,
    Paper("label", Repair, WORKSHOP, jobs.label, "Label", (Size.LABEL,), LABEL),
    Paper("passport", Phone, STAFF, devices.passport, "Device passport"),
    Paper("label", Phone, STAFF, devices.label, "Label", (Size.LABEL,), LABEL),
    Paper("report", Drawer, MANAGERS, days.report, "Day report", BOTH),
)
paths = (Contract("GET", "/api/sales/{id}/receipt.pdf", prints(OF_SALE)),)

__all__ = ["OF_REPAIR", "PASSPORT", "papers", "paths"]
