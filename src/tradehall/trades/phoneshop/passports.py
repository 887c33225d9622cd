"""The passport of a device: what is known of a phone, for whoever buys it, without names and without prices (spec N4)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.trades.phoneshop.devices import standing
from tradehall.trades.phoneshop.inspection import Inspection
from tradehall.trades.phoneshop.models import Phone, Repair, RepairStatus, Sale

DONE = (RepairStatus.COMPLETED, RepairStatus.DELIVERED)


def passport_of(reader: Reader, phone: Phone) -> dict[str, Any]:
    """What is known of a phone: `{phone, condition, grade, imeis, register, sold_on, warranty_until, story}`.

    `register` is what the register of stolen devices says of it, none where it has no IMEI.
    """
    sale = reader.first(find(Sale, Sale.phone_id == phone.id, Sale.returned_at.is_(None)))
    return {
        "shop": reader.preferences["name"] or reader.trade.title,
        "phone": f"{phone.brand} {phone.model}",
        "condition": phone.condition,
        "grade": phone.grade,
        "imeis": [each for each in (phone.imei, phone.imei2) if each],
        "register": standing(reader, phone.imei).result if phone.imei else None,
        "sold_on": reader.day(sale.created_at) if sale is not None else None,
        "warranty_until": sale.warranty_until if sale is not None else None,
        "story": list(_story(reader, phone)),
    }


def _story(reader: Reader, phone: Phone) -> Iterator[dict[str, Any]]:
    """What was looked at and mended here, in the order of time."""
    looked = reader.all(find(Inspection, Inspection.phone_id == phone.id))
    mended = reader.all(find(Repair, Repair.phone_id == phone.id, Repair.status.in_(DONE)))
    told: list[tuple[datetime, dict[str, Any]]] = [
        *((each.created_at, {"what": "inspected", "grade": each.grade, "checks": each.checks}) for each in looked),
        *((each.completed_at or each.created_at, {"what": "repaired", "details": done_to(each)}) for each in mended),
    ]
    for moment, what in sorted(told, key=lambda each: each[0]):
        yield {"day": reader.day(moment)} | what


def done_to(repair: Repair) -> str:
    """What was mended."""
    return repair.diagnosis or repair.issue_description
