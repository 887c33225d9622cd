"""Papers of phones: the label in the window, and the passport that a buyer takes along (spec N4)."""

from collections.abc import Mapping
from typing import Any

from tradehall.kernel.papers import Pen, Sheet, Writing
from tradehall.kernel.records import find
from tradehall.trades.phoneshop.devices import CheckResult
from tradehall.trades.phoneshop.models import Phone, Sale
from tradehall.trades.phoneshop.passports import passport_of


def label(writing: Writing, phone: Phone) -> Sheet:
    """What a phone is, and what it costs."""
    pen = writing.pen
    sheet = Sheet(f"{phone.brand} {phone.model}", pen.choice(phone.condition))
    if phone.grade:
        sheet.facts.append((pen.say("Grade"), phone.grade))
    sheet.facts += [("IMEI", phone.imei)] if phone.imei else []
    sheet.totals = [(pen.say("Asking price"), pen.money(phone.value))]
    sheet.bars = phone.imei or ""
    sheet.code = phone.imei or f"{phone.brand} {phone.model} {phone.id}"
    return sheet


def passport(writing: Writing, phone: Phone) -> Sheet:
    """What is known of a device, for whoever buys it: no names, and no prices."""
    pen, known = writing.pen, passport_of(writing.reader, phone)
    sheet = Sheet(pen.say("Device passport"), "", _facts(pen, known))
    sheet.heads = [pen.say("What happened"), pen.say("Date")]
    sheet.rows = [[_told(pen, each), pen.day(each["day"])] for each in known["story"]]
    sale = writing.reader.first(find(Sale, Sale.phone_id == phone.id, Sale.returned_at.is_(None)))
    if sale is not None:
        sheet.code, sheet.code_note = (
            link_of(writing, sale),
            pen.say("Scan this for the newest passport of this device."),
        )
    return sheet


def passport_of_sale(writing: Writing, sale: Sale) -> Sheet:
    """The passport of the phone that was sold."""
    return passport(writing, writing.reader.get(Phone, sale.phone_id))


def link_of(writing: Writing, sale: Sale) -> str:
    """Where a buyer finds the passport of their phone."""
    return f"{writing.base}/p/{writing.seals.token(Sale, sale.org_id, sale.id)}"


def _facts(pen: Pen, known: Mapping[str, Any]) -> list[tuple[str, str]]:
    found = [(pen.say("Device"), known["phone"]), (pen.say("Condition"), pen.choice(known["condition"]))]
    found += [("IMEI", each) for each in known["imeis"]]
    if known["grade"]:
        found.append((pen.say("Grade"), known["grade"]))
    if known["register"]:
        told = {
            CheckResult.CLEAR: pen.say("Not reported as stolen or lost"),
            CheckResult.BLOCKED: pen.say("Reported as stolen or lost"),
            CheckResult.UNKNOWN: pen.say("Nothing is known"),
        }
        found.append((pen.say("Register of stolen devices"), told[known["register"]]))
    days = ((pen.say("Sold on"), known["sold_on"]), (pen.say("Warranty until"), known["warranty_until"]))
    return [*found, *((name, pen.day(day)) for name, day in days if day is not None)]


def _told(pen: Pen, event: Mapping[str, Any]) -> str:
    if event["what"] == "repaired":
        return pen.say("Repaired: {what}", what=event["details"])
    text = pen.say("Inspected, grade {grade}", grade=event["grade"])
    checks = [_checked(pen, each) for each in event["checks"]]
    return f"{text}: {', '.join(checks)}" if checks else text


def _checked(pen: Pen, check: Mapping[str, Any]) -> str:
    well = pen.say("good") if check.get("passed", True) else pen.say("not good")
    return f"{check['name']} {well}" + (f" ({check['note']})" if check.get("note") else "")
