"""The report of a day: what the cash drawer held, and what came in and went out by each method."""

from decimal import Decimal

from tradehall.kernel.papers import Sheet, Writing
from tradehall.trades.phoneshop.models import Method
from tradehall.trades.phoneshop.papers.parts import NOTHING, served
from tradehall.trades.phoneshop.till import Drawer, DrawerState, moved_since


def report(writing: Writing, drawer: Drawer) -> Sheet:
    """The figures of a drawer: of a closed one as it was closed, of an open one as it is now."""
    pen = writing.pen
    sheet = Sheet(pen.say("Day report"), "", [(pen.say("Opened"), pen.moment(drawer.created_at))])
    if drawer.closed_at is not None:
        sheet.facts.append((pen.say("Closed"), pen.moment(drawer.closed_at)))
    sheet.facts += served(writing, drawer.staff_id)
    moved = moved_of(writing, drawer)
    sheet.heads = [pen.say("Method"), pen.say("In less out")]
    sheet.rows = [[pen.choice(name), pen.money(amount)] for name, amount in moved.items()]
    cash = moved.get(Method.CASH, NOTHING)
    sheet.totals = [(pen.say("In the drawer at first"), pen.money(drawer.opening_amount))]
    if drawer.expected_amount is None or drawer.counted_amount is None:
        sheet.totals.append((pen.say("Should be in the drawer"), pen.money(drawer.opening_amount + cash)))
        return sheet
    sheet.totals.append((pen.say("Should be in the drawer"), pen.money(drawer.expected_amount)))
    sheet.totals.append((pen.say("Counted"), pen.money(drawer.counted_amount)))
    sheet.totals.append((pen.say("Difference"), pen.money(drawer.counted_amount - drawer.expected_amount)))
    if drawer.reason:
        sheet.notes = [drawer.reason]
    sheet.signs = [pen.say("Counted by")]
    return sheet


def moved_of(writing: Writing, drawer: Drawer) -> dict[str, Decimal]:
    """What came in less what went out, by method."""
    if drawer.status is DrawerState.OPEN:
        found = moved_since(writing.reader, drawer.since)
        return {method.value: amount for method, amount in sorted(found.items())}
    return {name: Decimal(str(amount)) for name, amount in drawer.by_method.items()}
