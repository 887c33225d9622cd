"""Lives: all that became of a phone, all that a customer did, and all that was told and paid of a repair, on one page each."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from tradehall.kernel.contracts import Contract, report
from tradehall.kernel.labels import labels, people
from tradehall.kernel.notices.ledger import Message
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import Find, Record, find, per_record, wanted
from tradehall.trades.phoneshop.chains import Chain, chain_of, figures
from tradehall.trades.phoneshop.estimates import Estimate
from tradehall.trades.phoneshop.inspection import Inspection, UnitCost
from tradehall.trades.phoneshop.messages import RepairReply
from tradehall.trades.phoneshop.models import Customer, Payment, Phone, Refund, Repair, Sale, Swap
from tradehall.trades.phoneshop.parts import RepairPart
from tradehall.trades.phoneshop.purchases import Purchase
from tradehall.trades.phoneshop.reach import WORKSHOP, within_reach
from tradehall.trades.phoneshop.reports import for_managers
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF, TECHNICIAN
from tradehall.trades.phoneshop.terms import LINK, language_of

MOST = 50
"""So many rows of each kind are told of, the newest."""
FOR_MANAGERS = (Purchase, UnitCost)
"""What these rows brought is a cost, which managers see."""


def rows_of(ctx: Reader, record: type[Record], column: str, row_id: int) -> list[Any]:
    """The newest rows that refer to one."""
    return ctx.all(_referring(record, column), row_id=row_id)


@per_record
def _referring(record: type[Record], column: str) -> Find[Any]:
    table = record.table.c
    return find(record, table[column] == wanted("row_id")).by(table.id.desc()).first(MOST).standing()


@per_record
def _within_reach(record: type[Record], column: str) -> Find[Any]:
    return _referring(record, column).where(within_reach(record))


def repairs_of(ctx: Reader, column: str, row_id: int) -> list[Any]:
    """The newest repairs that refer to a row, of those that somebody reaches."""
    asks = _within_reach if ctx.actor.is_a(TECHNICIAN) else _referring
    return ctx.all(asks(Repair, column), row_id=row_id)


def owing(ctx: Reader, customer: Customer) -> list[Any]:
    """The newest documents of which a customer still owes something, of those that somebody reaches."""
    asks = OWED_IN_REACH if ctx.actor.is_a(TECHNICIAN) else OWED
    return [*ctx.all(UNPAID, row_id=customer.id), *ctx.all(asks, row_id=customer.id)]


UNPAID = _referring(Sale, "customer_id").where(Sale.balance_due > 0, Sale.returned_at.is_(None))
OWED, OWED_IN_REACH = (
    asks(Repair, "customer_id").where(Repair.balance_due > 0) for asks in (_referring, _within_reach)
)


def moment(what: str, row: Any, at: datetime, text: str = "", amount: Any = None) -> dict[str, Any]:
    """Something that happened: what, when, in which document, for how much."""
    return {
        "what": what,
        "at": at,
        "room": row.in_paths,
        "id": row.id,
        "text": text,
        "amount": amount,
    }


@report(by=STAFF)
def life(ctx: Reader, phone: Phone) -> dict[str, Any]:
    """All that became of a phone since the shop has it, oldest first, and the chain of swaps that it is in."""
    chain = chain_of(ctx, phone)
    events = sorted(_of_phone(ctx, phone), key=lambda each: (each["at"], each["id"]))
    return {
        "events": events,
        "chain": _drawn(ctx, chain) if chain.swaps else None,
        "totals": figures(chain) if chain.swaps and ctx.actor.may(MANAGERS) else None,
    }


def _of_phone(ctx: Reader, phone: Phone) -> Iterator[dict[str, Any]]:
    sees = ctx.actor.may(MANAGERS)
    bought = rows_of(ctx, Purchase, "phone_id", phone.id)
    if phone.acquired_via_swap_id is None and not bought:
        yield moment("stocked", phone, phone.created_at, "", phone.cost_price if sees else None)
    for each in bought:
        yield moment("bought", each, each.created_at, each.purchase_number, each.amount if sees else None)
        if each.returned_at is not None:
            yield moment("given back", each, each.returned_at, each.returned_because, -each.amount if sees else None)
    for each in rows_of(ctx, Swap, "received_phone_id", phone.id):
        yield moment("taken in a swap", each, each.created_at, each.invoice_number, each.given_phone_value)
        yield from _refunded(ctx, each, "swap_id")
    for each in rows_of(ctx, Inspection, "phone_id", phone.id):
        yield moment("inspected", each, each.created_at, each.grade, each.asking_price)
    for each in rows_of(ctx, UnitCost, "phone_id", phone.id):
        yield moment("refurbished", each, each.created_at, each.description or "", each.amount if sees else None)
    for each in repairs_of(ctx, "phone_id", phone.id):
        yield moment("repaired", each, each.created_at, each.issue_description, each.cost)
    for each in rows_of(ctx, Swap, "new_phone_id", phone.id):
        yield moment("swapped", each, each.created_at, each.invoice_number, each.total_transaction_value)
        yield from _refunded(ctx, each, "swap_id")
    for sale in rows_of(ctx, Sale, "phone_id", phone.id):
        yield moment("sold", sale, sale.created_at, sale.invoice_number, sale.original_price - sale.discount_amount)
        yield from _refunded(ctx, sale, "sale_id")


def _refunded(ctx: Reader, document: Sale | Swap, column: str) -> Iterator[dict[str, Any]]:
    for back in rows_of(ctx, Refund, column, document.id):
        yield moment("refunded", back, back.created_at, back.reason, -back.amount)


def _drawn(ctx: Reader, chain: Chain) -> dict[str, Any]:
    """The chain as boxes and arrows: each phone, and below it the swap in which it went out for the next one."""
    given = [
        {"id": each.id, "invoice_number": each.invoice_number, "allowed": each.given_phone_value,
         "cash": each.balance_paid, "margin": for_managers(ctx, each.margin)}
        for each in chain.swaps
    ]  # fmt: skip
    sale = chain.sale
    return {
        "phones": [
            {"id": each.id, "name": f"{each.brand} {each.model}", "status": each.status, "value": each.value}
            for each in chain.phones
        ],
        "swaps": given,
        "sale": None if sale is None else {"id": sale.id, "amount": sale.amount_paid, "margin": for_managers(ctx, sale.margin)},
        "open": chain.is_open,
    }  # fmt: skip


@report(by=STAFF)
def story(ctx: Reader, customer: Customer) -> dict[str, Any]:
    """All that a customer did, newest first, with what is due."""
    sales, swaps = rows_of(ctx, Sale, "customer_id", customer.id), rows_of(ctx, Swap, "customer_id", customer.id)
    repairs = repairs_of(ctx, "customer_id", customer.id)
    bought = rows_of(ctx, Purchase, "customer_id", customer.id)
    phones = labels(ctx, Phone, {*(each.phone_id for each in sales), *(each.new_phone_id for each in swaps)})
    events = [moment("sold", each, each.created_at, phones.get(each.phone_id, ""), each.amount_paid) for each in sales]
    events += [
        moment("swapped", each, each.created_at, f"{each.given_phone_description} → {phones.get(each.new_phone_id, '')}", each.balance_paid)
        for each in swaps
    ]  # fmt: skip
    events += [moment("repaired", each, each.created_at, each.phone_description, each.cost) for each in repairs]
    sees = ctx.actor.may(MANAGERS)
    kept = (each for each in bought if each.returned_at is None)
    events += [moment("bought", each, each.created_at, "", each.amount if sees else None) for each in kept]
    due = [
        {"room": each.in_paths, "id": each.id, "number": each.values[each.known_as[0]], "amount": each.balance_due}
        for each in owing(ctx, customer)
    ]
    return {
        "events": sorted(events, key=lambda each: (each["at"], each["id"]), reverse=True)[:MOST],
        "language": customer.language,
        "counts": {"sales": len(sales), "swaps": len(swaps), "repairs": len(repairs)},
        "due": due,
    }


@report(by=WORKSHOP)
def folder(ctx: Reader, repair: Repair) -> dict[str, Any]:
    """What was told of a repair, what its customer wrote back, what was estimated and what was paid."""
    here = (Message.of_trade == repair.trade, Message.cause_entity == repair.table.name, Message.cause_id == repair.id)
    told = ctx.all(find(Message, *here).by(Message.id.desc()).first(MOST))
    payments, customer = rows_of(ctx, Payment, "repair_id", repair.id), ctx.get(Customer, repair.customer_id)
    return {
        "intake": repair.intake,
        "price": repair.cost,
        "paid": repair.paid_amount,
        "due": repair.balance_due,
        "technician": people(ctx, [repair.technician_id]).get(repair.technician_id) if repair.technician_id else None,
        "link": ctx.preferences[LINK.name] + repair.token if ctx.preferences[LINK.name] else "",
        "token": repair.token,
        "customer": customer.full_name,
        "telephone": customer.phone_e164,
        "language": language_of(ctx, customer),
        "number": repair.repair_number,
        "messages": [
            {"at": each.created_at, "channel": each.channel, "status": each.status, "body": each.body, "why": each.why}
            for each in told
        ],
        "replies": [{"at": each.created_at, "body": each.body} for each in rows_of(ctx, RepairReply, "repair_id", repair.id)],
        "estimates": [
            {"at": each.created_at, "amount": each.amount, "status": each.status, "details": each.details}
            for each in rows_of(ctx, Estimate, "repair_id", repair.id)
        ],
        "parts": [
            {"name": each.name, "quantity": each.quantity, "reason": each.reason, "cost": for_managers(ctx, each.cost)}
            for each in rows_of(ctx, RepairPart, "repair_id", repair.id)
        ],
        "payments": [{"at": each.created_at, "amount": each.amount, "method": each.method} for each in payments],
    }  # fmt: skip


paths = (
    Contract("GET", "/api/phones/{id}/life", life), Contract("GET", "/api/customers/{id}/story", story),
    Contract("GET", "/api/repairs/{id}/folder", folder),
)  # fmt: skip
