"""The rows that both sides are filled with."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.plan import REPAIRS, SWAPS

Rows = Iterator[dict[str, Any]]
STATUSES = ("Pending", "In Progress", "Completed", "Delivered")
CONDITIONS = ("New", "Used", "Refurbished")
OPENED = datetime(2025, 1, 1, tzinfo=UTC)


def customer_rows(count: int) -> Rows:
    """Customers with a phone number each."""
    for number in range(count):
        yield {
            "full_name": f"Customer {number}",
            "phone_number": f"+23324{number:07d}",
            "email": f"customer{number}@example.com",
            "created_at": OPENED,
        }


def phone_rows(sold: int, stock: int) -> Rows:
    """First the sold phones, then those in stock."""
    for number in range(sold + stock):
        yield {
            "brand": f"Brand {number % 7}",
            "model": f"Model {number % 90}",
            "condition": CONDITIONS[number % 3],
            "value": 1000.0 + number % 3000,
            "is_available": number >= sold,
            "created_at": OPENED,
        }


def sale_rows(customers: int, sales: int) -> Rows:
    """One sale for each sold phone, a minute apart."""
    for number in range(sales):
        price = 1000.0 + number % 3000
        yield {
            "customer_id": 1 + number % customers,
            "phone_id": 1 + number,
            "original_price": price,
            "discount_amount": 0.0,
            "amount_paid": price,
            "invoice_number": f"INV-{number:07d}",
            "created_at": OPENED + timedelta(minutes=number),
        }


def repair_rows(customers: int, repairs: int = REPAIRS) -> Rows:
    """Repairs in every state."""
    for number in range(repairs):
        yield {
            "customer_id": 1 + number % customers,
            "phone_description": f"Model {number % 90}",
            "issue_description": "Cracked screen",
            "cost": 100.0 + number % 400,
            "status": STATUSES[number % 4],
            "created_at": OPENED + timedelta(minutes=number),
            "updated_at": OPENED + timedelta(minutes=number),
        }


def swap_rows(customers: int, sales: int, swaps: int = SWAPS) -> Rows:
    """Swaps onto phones that have left the shop."""
    for number in range(min(swaps, sales)):
        yield {
            "customer_id": 1 + number % customers,
            "given_phone_description": "Old phone",
            "given_phone_value": 800.0,
            "new_phone_id": 1 + number,
            "balance_paid": 400.0,
            "created_at": OPENED + timedelta(minutes=number),
        }
