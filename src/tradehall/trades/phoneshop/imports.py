"""How rows of tables are told apart and called in a phone shop."""

from typing import Any

from tradehall.kernel.phones import e164
from tradehall.kernel.preferences import Preferences
from tradehall.trades.phoneshop.imei import normalised

CUSTOMER_TITLES = {
    "full_name": ("name", "customer", "customer name"),
    "phone_number": ("phone", "telephone", "tel", "mobile", "contact", "number"),
    "email": ("e-mail", "mail", "email address"),
}
PHONE_TITLES = {
    "brand": ("make", "manufacturer"),
    "model": ("phone", "device", "name"),
    "condition": ("state", "grade"),
    "value": ("price", "selling price", "asking price", "amount"),
    "cost_price": ("cost", "purchase price", "buying price"),
    "imei": ("imei 1", "serial", "serial number"),
    "imei2": ("imei 2", "second imei"),
}


def same_customer(preferences: Preferences, row: Any) -> dict[str, Any]:
    """A customer is known by the telephone number.

    Source: spec R-08.
    """
    if not row.phone_number:
        return {}
    number = e164(row.phone_number, preferences["region"])
    return {"phone_e164": number} if number is not None else {"phone_number": row.phone_number}


def same_phone(preferences: Preferences, row: Any) -> dict[str, Any]:
    """A phone is known by its IMEI, if it has one.

    Source: spec R-06.
    """
    return {"imei": normalised(row.imei)} if row.imei else {}
