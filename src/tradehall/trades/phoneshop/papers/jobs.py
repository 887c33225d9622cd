"""Papers of repairs."""

from tradehall.kernel.papers import Sheet, Writing
from tradehall.trades.phoneshop.models import Repair
from tradehall.trades.phoneshop.papers.parts import paid_later, served, settled, who
from tradehall.trades.phoneshop.terms import LINK


def page_of(writing: Writing, repair: Repair) -> str:
    """Where the customer follows a repair: as the shop says, else here."""
    return f"{writing.reader.preferences[LINK.name] or f'{writing.base}/r/'}{repair.token}"


def ticket(writing: Writing, repair: Repair) -> Sheet:
    """What the customer takes along when a phone stays here; its code leads to the page of the repair."""
    pen = writing.pen
    sheet = Sheet(pen.say("Repair ticket"), repair.repair_number, _facts(writing, repair))
    sheet.facts.append((pen.say("What is wrong"), repair.issue_description))
    if repair.diagnosis:
        sheet.facts.append((pen.say("Diagnosis"), repair.diagnosis))
    if repair.due_date is not None:
        sheet.facts.append((pen.say("Ready by"), pen.day(repair.due_date)))
    sheet.totals = [(pen.say("Price of the repair"), pen.money(repair.cost))]
    if repair.paid_amount:
        sheet.totals += settled(writing, repair.paid_amount, repair.balance_due, repair.refunded_amount, ())
    sheet.code, sheet.code_note = page_of(writing, repair), pen.say("Scan this to follow your repair.")
    sheet.signs = [pen.say("Customer"), pen.say("For the shop")]
    return sheet


def receipt(writing: Writing, repair: Repair) -> Sheet:
    """What a repair cost, what was paid of it and how, and what is still due."""
    pen = writing.pen
    sheet = Sheet(pen.say("Receipt"), repair.repair_number, _facts(writing, repair)[:-1])
    sheet.heads = [pen.say("Item"), pen.say("Amount")]
    sheet.rows = [[pen.say("Repair: {phone}", phone=repair.phone_description), pen.money(repair.cost)]]
    ways = list(paid_later(writing, repair))
    sheet.totals = list(settled(writing, repair.paid_amount, repair.balance_due, repair.refunded_amount, ways))
    if repair.warranty_until is not None:
        sheet.notes = [pen.say("Warranty until {day}", day=pen.day(repair.warranty_until))]
    return sheet


def label(writing: Writing, repair: Repair) -> Sheet:
    """What sticks on a phone while it is here."""
    pen = writing.pen
    found = [*who(writing, repair.customer_id)[:1], (pen.say("What is wrong"), repair.issue_description[:80])]
    sheet = Sheet(repair.repair_number, repair.phone_description[:60], found)
    sheet.code = repair.repair_number
    return sheet


def _facts(writing: Writing, repair: Repair) -> list[tuple[str, str]]:
    pen = writing.pen
    date = (pen.say("Date"), pen.moment(repair.created_at))
    here = [*who(writing, repair.customer_id), *served(writing, repair.staff_id)]
    return [date, *here, (pen.say("Device"), repair.phone_description)]
