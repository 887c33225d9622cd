"""The counter: what the till has to know, the day so far, and what waits for whoever comes in."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from tradehall.kernel.contracts import Contract, report
from tradehall.kernel.labels import labels, people
from tradehall.kernel.people import holders
from tradehall.kernel.preferences import CURRENCY
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Find, Record, find, wanted
from tradehall.kernel.reports import Measure, Total
from tradehall.trades.phoneshop import measures, tax
from tradehall.trades.phoneshop.cash import cash_of_payments, cash_of_sales, cash_of_swaps
from tradehall.trades.phoneshop.guard import REFUSE, SWAP_LOSS
from tradehall.trades.phoneshop.models import (
    Condition,
    Customer,
    Method,
    Phone,
    PhoneStatus,
    Refund,
    Repair,
    RepairStatus,
    Sale,
    Swap,
    TaxMode,
)
from tradehall.trades.phoneshop.parts import SparePart
from tradehall.trades.phoneshop.purchases import IdKind, Purchase
from tradehall.trades.phoneshop.reach import beside_others, own, sees_own, within_reach
from tradehall.trades.phoneshop.repairs import UNFINISHED
from tradehall.trades.phoneshop.reports import (
    LOW,
    by_day,
    for_managers,
    over,
    repairs_by_day,
    sales_by_day,
    summed,
    swaps_by_day,
)
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF, TECHNICIAN
from tradehall.trades.phoneshop.till import OPEN_DRAWER, Drawer, DrawerState, moved_since

AT_THE_COUNTER = tuple(each for each in Method if each is not Method.PROVIDER)
TAKEN = ("sale", "swap", "repair", "refund")
"""What takings are of; the rest of what moves is no trade."""
FEW, DAYS = 8, 30
LOW_PARTS = (
    find(SparePart, SparePart.low_mark > 0, SparePart.quantity <= SparePart.low_mark)
    .by(SparePart.quantity)
    .first(FEW)
    .standing()
)


def newest(record: type[Record]) -> Find[Any]:
    """The newest documents of a kind."""
    return find(record).by(record.table.c.created_at.desc(), record.table.c.id.desc()).first(FEW).standing()


DOCUMENTS: tuple[tuple[str, Find[Any], str], ...] = (
    ("sold", newest(Sale), "amount_paid"), ("swapped", newest(Swap), "balance_paid"), ("repaired", newest(Repair), "cost"),
    ("refunded", newest(Refund), "amount"), ("bought", newest(Purchase), "amount"),
)  # fmt: skip
"""What happens in the shop: what it is called, its documents, and which amount is told of them."""
JOBS = find(Repair, Repair.status.in_(UNFINISHED)).by(
    sa.case((Repair.due_date.is_(None), 1), else_=0), Repair.due_date, Repair.id
)
"""The unfinished repairs, those that are due first at the top."""
WITHIN_REACH = within_reach(Repair)
OVERDUE = JOBS.where(Repair.due_date < wanted("today")).first(FEW).standing()
OVERDUE_IN_REACH = OVERDUE.where(WITHIN_REACH)
IN_REACH = {Repair: own(newest(Repair)), Refund: newest(Refund).where(beside_others(Refund))}
"""The same for a technician who sees only their own repairs."""
MINE = JOBS.where(WITHIN_REACH, Repair.technician_id == wanted("me")).first(FEW).standing()
TAKEN_BY_NOBODY = JOBS.where(WITHIN_REACH, Repair.technician_id.is_(None))


@report(by=STAFF)
def till(ctx: Reader) -> dict[str, Any]:
    """What the till has to know: the currency, the tax that comes on top of prices, how people pay, whether a drawer is open."""
    terms = tax.terms(ctx)
    drawer = ctx.first(OPEN_DRAWER)
    return {
        "currency": ctx.preferences[CURRENCY.name],
        "tax": {"added": terms.mode is TaxMode.STANDARD and not terms.is_included, "rate": terms.rate},
        "methods": AT_THE_COUNTER,
        "conditions": [*Condition],
        "states": [*PhoneStatus],
        "id_kinds": [*IdKind],
        "drawer": drawer.id if drawer is not None else None,
        "technicians": technicians(ctx),
        "signs": ctx.actor.may(MANAGERS),
        "refuses": ctx.preferences[SWAP_LOSS.name] == REFUSE,
    }


def technicians(ctx: Reader) -> list[dict[str, Any]]:
    """Who may be given a repair, by name."""
    found = people(
        ctx, holders(ctx.session, ctx.org_id, Repair.trade, *(each.name for each in (TECHNICIAN, *MANAGERS)))
    )
    return [{"id": user_id, "name": name} for user_id, name in sorted(found.items(), key=lambda each: each[1])]


# The day.


def money_of(ctx: Reader, first: date, end: date) -> dict[str, dict[str, Decimal]]:
    """What came in less what went out on the days of [first, end), by what it was of, and by method."""
    found: dict[str, dict[str, Decimal]] = {}
    for of, method, amount in _moved(ctx, first, end):
        mine = found.setdefault(of, {})
        mine[method] = mine.get(method, Decimal("0.00")) + amount
    return found


def _moved(ctx: Reader, first: date, end: date) -> Iterator[tuple[str, str, Decimal]]:
    for of, counted in (("sale", cash_of_sales), ("swap", cash_of_swaps)):
        for _, method, total in ctx.days(counted, first, end):
            yield of, method, total.amount
    for _, dimension, total in ctx.days(cash_of_payments, first, end):
        of, _, method = dimension.partition(".")
        yield ("swap" if of == "transfer" else of), method, total.amount


def takings(moved: Mapping[str, Mapping[str, Decimal]]) -> dict[str, Decimal]:
    """The takings by method: what the trade brought, less what was given back."""
    found: dict[str, Decimal] = {}
    for of in TAKEN:
        for method, amount in moved.get(of, {}).items():
            found[method] = found.get(method, Decimal("0.00")) + amount
    return {method.value: found[method] for method in Method if found.get(method)}


def drawer_now(ctx: Reader) -> dict[str, Any] | None:
    """The open drawer, with what it should hold for managers: whoever counts it does not know before."""
    drawer = ctx.first(OPEN_DRAWER)
    if drawer is None:
        return None
    expected = drawer.opening_amount + moved_since(ctx, drawer.since).get(Method.CASH, Decimal(0))
    return {
        "id": drawer.id,
        "opened_at": drawer.created_at,
        "opening_amount": drawer.opening_amount,
        "opened_by": people(ctx, [drawer.staff_id]).get(drawer.staff_id) if drawer.staff_id else None,
        "expected_amount": for_managers(ctx, expected),
    }


def counts(ctx: Reader, day: date) -> dict[str, int]:
    """How many documents were made on a day, also those that came back."""
    made: dict[str, Measure[Any]]
    made = {"sales": measures.sales_made, "swaps": measures.swaps_made, "repairs": measures.repairs_booked}
    return {name: over(by_day(ctx, day, day + timedelta(days=1), each)).count for name, each in made.items()}


@report(by=STAFF)
def day(ctx: Reader) -> dict[str, Any]:
    """The day at the till: its drawer, its documents, and, for managers, its money by what it was of and by method."""
    today = ctx.today
    moved = money_of(ctx, today, today + timedelta(days=1)) if ctx.actor.may(MANAGERS) else {}
    taken = takings(moved)
    closed = find(Drawer, Drawer.status == DrawerState.CLOSED).by(Drawer.id.desc()).first(FEW)
    names = ("id", "closed_at", "opening_amount", "expected_amount", "counted_amount", "difference", "reason")
    sees = ctx.actor.may(MANAGERS)
    return {
        "date": today,
        "drawer": drawer_now(ctx),
        "counts": counts(ctx, today),
        "moved": [{"of": of, "by_method": by, "amount": sum(by.values())} for of, by in sorted(moved.items())],
        "takings": taken,
        "total": sum(taken.values(), Decimal("0.00")) if sees else None,
        "closed": [{name: getattr(each, name) for name in names} for each in ctx.all(closed)] if sees else [],
    }


# What waits.


def told(ctx: Reader, found: list[Repair]) -> list[dict[str, Any]]:
    """Repairs in short, with whose they are."""
    called = labels(ctx, Customer, {each.customer_id for each in found})
    who = people(ctx, {each.technician_id for each in found if each.technician_id is not None})
    names = ("id", "repair_number", "phone_description", "issue_description", "status", "due_date")
    return [
        {name: each.values[name] for name in names}
        | {"customer": called.get(each.customer_id), "technician": who.get(each.technician_id or 0)}
        | {"is_overdue": each.due_date is not None and each.due_date < ctx.today}
        for each in found
    ]


@report(by=STAFF)
def desk(ctx: Reader) -> dict[str, Any]:
    """What somebody of the shop should see first: the day, what is overdue, what runs low, and the last thirty days."""
    today, is_technician = ctx.today, ctx.actor.is_a(TECHNICIAN)
    of_today = money_of(ctx, today, today + timedelta(days=1)) if ctx.actor.may(MANAGERS) else {}
    taken = takings(of_today)
    booked = ctx.totals(measures.repairs_booked)
    available = summed(ctx.totals(measures.phones_by_status), PhoneStatus.AVAILABLE).count
    overdue = ctx.all(OVERDUE_IN_REACH if is_technician else OVERDUE, today=today)
    return {
        "is_technician": is_technician,
        "bench": told(ctx, ctx.all(MINE)) if is_technician else [],
        "unassigned": ctx.count(TAKEN_BY_NOBODY) if is_technician else 0,
        "counts": counts(ctx, today),
        "takings": taken,
        "total": for_managers(ctx, sum(taken.values(), Decimal("0.00"))),
        "drawer": drawer_now(ctx),
        "overdue": told(ctx, overdue),
        "repairs": {status.name.lower(): booked.get(status, Total()).count for status in RepairStatus},
        "available": available,
        "is_low": available < LOW,
        "parts": [{"id": each.id, "name": each.name, "quantity": each.quantity} for each in ctx.all(LOW_PARTS)],
        "days": month(ctx, today),
        "recent": recent(ctx),
    }  # fmt: skip


def recent(ctx: Reader) -> list[dict[str, Any]]:
    """The newest documents of all kinds, newest first: what, who made them, and for how much."""
    rows: list[tuple[str, Any, Any]] = []
    bounded = IN_REACH if sees_own(ctx) else {}
    for what, documents, amount in DOCUMENTS:
        rows += [(what, row, row.values[amount]) for row in ctx.all(bounded.get(documents.record, documents))]
    rows = sorted(rows, key=lambda each: each[1].created_at, reverse=True)[:FEW]
    who = people(ctx, {row.staff_id for _, row, _ in rows if row.staff_id is not None})
    phones = labels(ctx, Phone, {phone_id for _, row, _ in rows if (phone_id := _phone_of(row)) is not None})
    return [
        {
            "what": what,
            "at": row.created_at,
            "room": row.in_paths,
            "id": row.id,
            "text": row.values.get("phone_description") or phones.get(_phone_of(row), ""),
            "by": who.get(row.staff_id),
            "amount": for_managers(ctx, amount) if what == "bought" else amount,
        }
        for what, row, amount in rows
    ]


def _phone_of(row: Any) -> Any:
    """The phone that a document is about: of a swap, the one that went out."""
    return row.values.get("new_phone_id") or row.values.get("phone_id")


def month(ctx: Reader, today: date) -> list[dict[str, Any]]:
    """The last thirty days, oldest first: how many documents, and, for managers, what they brought."""
    first, end = today - timedelta(days=DAYS - 1), today + timedelta(days=1)
    kinds = {"sales": sales_by_day, "swaps": swaps_by_day, "repairs": repairs_by_day}
    series = {name: each(ctx, first, end) for name, each in kinds.items()}
    found, sees = [], ctx.actor.may(MANAGERS)
    for number in range(DAYS):
        each = first + timedelta(days=number)
        here = {name: days.get(each, Total()) for name, days in series.items()}
        count = sum(total.count for total in here.values())
        amounts = {name: total.amount if sees else None for name, total in here.items()}
        amount = sum((total.amount for total in here.values()), Decimal("0.00")) if sees else None
        found.append({"date": each, "until": each + timedelta(days=1), "count": count, "amount": amount} | amounts)
    return found


paths = (
    Contract("GET", "/api/till", till), Contract("GET", "/api/day", day), Contract("GET", "/api/desk", desk),
)  # fmt: skip
