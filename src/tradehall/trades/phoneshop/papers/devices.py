"""Papers of phones: the label in the window, and the passport that a buyer takes along (spec N4)."""

from collections.abc import Iterator

from tradehall.kernel.papers import Pen, Sheet, Writing
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.trades.phoneshop.devices import CheckResult, standing
from tradehall.trades.phoneshop.inspection import Inspection
from tradehall.trades.phoneshop.models import Phone, Repair, RepairStatus, Sale

DONE = (RepairStatus.COMPLETED, RepairStatus.DELIVERED)


def label(writing: Writing, phone: Phone) -> Sheet:
    """What a phone is, and what it costs."""
    pen = writing.pen
    sheet = Sheet(f"{phone.brand} {phone.model}", pen.choice(phone.condition))
    if phone.grade:
        sheet.facts.append((pen.say("Grade"), phone.grade))
    sheet.facts += [("IMEI", phone.imei)] if phone.imei else []
    sheet.totals = [(pen.say("Price"), pen.money(phone.value))]
    sheet.code = phone.imei or f"{phone.brand} {phone.model} {phone.id}"
    return sheet


def passport(writing: Writing, phone: Phone) -> Sheet:
    """What is known of a device, for whoever buys it: no names, and no prices."""
    pen = writing.pen
    sheet = Sheet(pen.say("Device passport"), "", known(writing.reader, pen, phone))
    sheet.heads = [pen.say("What happened"), pen.say("Date")]
    sheet.rows = [[what, day] for what, day in story(writing.reader, pen, phone)]
    return sheet


def known(reader: Reader, pen: Pen, phone: Phone) -> list[tuple[str, str]]:
    """What a device is, and how it stands."""
    found = [(pen.say("Phone"), f"{phone.brand} {phone.model}"), (pen.say("Condition"), pen.choice(phone.condition))]
    found += [("IMEI", each) for each in (phone.imei, phone.imei2) if each]
    if phone.grade:
        found.append((pen.say("Grade"), phone.grade))
    if phone.imei:
        result = standing(reader, phone.imei).result
        told = {
            CheckResult.CLEAR: pen.say("Not reported as stolen or lost"),
            CheckResult.BLOCKED: pen.say("Reported as stolen or lost"),
            CheckResult.UNKNOWN: pen.say("Nothing is known"),
        }
        found.append((pen.say("Register of stolen devices"), told[result]))
    sale = reader.first(find(Sale, Sale.phone_id == phone.id, Sale.returned_at.is_(None)))
    if sale is not None:
        found.append((pen.say("Sold on"), pen.day(reader.day(sale.created_at))))
        if sale.warranty_until is not None:
            found.append((pen.say("Warranty until"), pen.day(sale.warranty_until)))
    return found


def story(reader: Reader, pen: Pen, phone: Phone) -> Iterator[tuple[str, str]]:
    """What was looked at and mended here, in the order of time."""
    looked = reader.all(find(Inspection, Inspection.phone_id == phone.id))
    mended = reader.all(find(Repair, Repair.phone_id == phone.id, Repair.status.in_(DONE)))
    told = [(each.created_at, _inspected(pen, each)) for each in looked]
    told += [(each.completed_at or each.created_at, _mended(pen, each)) for each in mended]
    for moment, what in sorted(told):
        yield what, pen.day(reader.day(moment))


def _inspected(pen: Pen, inspection: Inspection) -> str:
    text = pen.say("Inspected, grade {grade}", grade=inspection.grade)
    checks = [_checked(pen, each) for each in inspection.checks]
    return f"{text}: {', '.join(checks)}" if checks else text


def _checked(pen: Pen, check: dict[str, object]) -> str:
    well = pen.say("good") if check.get("passed", True) else pen.say("not good")
    return f"{check['name']} {well}" + (f" ({check['note']})" if check.get("note") else "")


def _mended(pen: Pen, repair: Repair) -> str:
    return pen.say("Repaired: {what}", what=repair.diagnosis or repair.issue_description)
