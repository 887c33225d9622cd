"""Payments that a provider confirms, card and mobile money; and the local ones, which need no network (spec R-23).

Nothing that anybody tells is believed: the provider is asked, and asked again every few minutes until it is known how a payment
ended.
"""

import secrets
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Listing, Reading, Service
from tradehall.kernel.database import Session
from tradehall.kernel.errors import Missing, Refused, Unavailable, field_error
from tradehall.kernel.idempotency import Answer
from tradehall.kernel.jobs import Job, Then, task
from tradehall.kernel.paying import Fate, NotTaken, Standing, Told, Wish
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.kernel.resources import Resource
from tradehall.kernel.verbs import ANYBODY, GUEST, SYSTEM, act, after, system
from tradehall.trades.phoneshop.attempts import (
    BEGINS,
    CAME,
    GIVEN_UP,
    GOOD_FOR,
    LATER,
    LOCAL,
    SOON,
    Found,
    LinkPayment,
    NewIntent,
    PaymentAttempt,
    PaymentEvent,
    PaymentStatus,
    Resolution,
)
from tradehall.trades.phoneshop.models import Customer, Method, Repair, Sale
from tradehall.trades.phoneshop.payments import Payable, due_of, receive
from tradehall.trades.phoneshop.reach import BENCH, COUNTER
from tradehall.trades.phoneshop.roles import MANAGERS, OWNER, STAFF, TECHNICIAN
from tradehall.trades.phoneshop.rules import remove

if TYPE_CHECKING:
    from tradehall.kernel.calls import Call
    from tradehall.kernel.office import Office
    from tradehall.kernel.trade import Trade

# Asking for money.


async def known_provider(office: "Office", trade: "Trade", call: "Call") -> None:
    """Raise Invalid where there is no such provider here."""
    wanted, there = getattr(call.body, "provider", ""), (LOCAL, *office.outside.payments)
    if wanted not in there:
        raise field_error(["body", "provider"], f"Input should be one of {', '.join(there)}", "enum")


@act(PaymentAttempt, by=STAFF, prepare=known_provider)
def intend(ctx: Context, order: NewIntent) -> PaymentAttempt:
    """Have a sale or a repair paid by a provider, or at the counter with a reference.

    What is due is computed here, less what is under way. Nobody else writes in the organisation meanwhile.
    """
    if order.repair_id is not None and ctx.actor.role == TECHNICIAN.name:
        ctx.get(Repair, order.repair_id, BENCH)
    document = document_of(ctx, order.sale_id, order.repair_id)
    left = due_of(document) - under_way(ctx, order)
    if left <= 0:
        raise Refused("under_way", "A payment of all that is due is under way")
    if (amount := left if order.amount is None else order.amount) > left:
        raise Refused("overpaid", f"Only {left} is due")
    attempt = PaymentAttempt(
        sale_id=order.sale_id,
        repair_id=order.repair_id,
        provider=order.provider,
        reference=f"{BEGINS}-{ctx.org_id}-{secrets.token_hex(16)}",
        amount=amount,
        currency=ctx.preferences["currency"],
        expires_at=ctx.now + GOOD_FOR,
        staff_id=ctx.actor.user_id or None,
    )
    if order.provider == LOCAL:
        return at_once(ctx, attempt, document, order)
    attempt.email = order.email or known_email(ctx, document)
    ctx.add(attempt)
    ctx.later(begin, {"attempt": attempt.id}, once=str(attempt.id), target=attempt.provider)
    ask_again(ctx, attempt)
    return attempt


async def some_provider(office: "Office", trade: "Trade", call: "Call") -> str:
    """The provider that customers pay by; raises Refused where there is none."""
    found = next(iter(office.outside.payments), None)
    if found is None:
        raise Refused("no_provider", "This shop takes no payments here")
    return found


@act(Repair, by=GUEST, prepare=some_provider)
def pay_by_link(ctx: Context, repair: Repair, order: LinkPayment) -> Repair:
    """Begin to pay what is due of a repair; a payment that was begun goes on."""
    due_of(repair)
    if begun(ctx, repair) is None:
        ctx.do(intend, NewIntent(repair_id=repair.id, provider=ctx.prepared, email=order.email))
    return repair


def begun(reader: Reader, repair: Repair) -> PaymentAttempt | None:
    """The payment of a repair that is under way and still good."""
    mine = (PaymentAttempt.repair_id == repair.id, PaymentAttempt.status == PaymentStatus.PENDING)
    good = (PaymentAttempt.cancel_asked_at.is_(None), PaymentAttempt.expires_at > reader.now)
    return reader.first(find(PaymentAttempt, *mine, *good).by(PaymentAttempt.id.desc()))


def at_once(ctx: Context, attempt: PaymentAttempt, document: Payable, order: NewIntent) -> PaymentAttempt:
    """The local provider: what is in hand is confirmed; the same mobile money pays one thing only."""
    if order.method is Method.MOBILE_MONEY and order.reference is None:
        raise field_error(["body", "reference"], "Mobile money needs its reference", "missing")
    attempt.method, attempt.method_reference = order.method, order.reference
    ctx.add(attempt)
    payment = receive(ctx, document, attempt.amount, order.method, order.reference, provider=LOCAL)
    attempt.provider_amount, attempt.provider_currency = attempt.amount, attempt.currency
    attempt.payment_id, attempt.status = payment.id, PaymentStatus.SUCCEEDED
    return attempt


def document_of(ctx: Context, sale_id: int | None, repair_id: int | None) -> Payable:
    """The one document that is named; raises Invalid where it is not one."""
    sale = ctx.get(Sale, sale_id) if sale_id is not None else None
    repair = ctx.get(Repair, repair_id) if repair_id is not None else None
    named = [each for each in (sale, repair) if each is not None]
    if len(named) != 1:
        raise field_error(["body"], "Name one sale_id or one repair_id")
    return named[0]


def under_way(ctx: Context, order: NewIntent) -> Decimal:
    """What may still come in for a document by attempts that did not end."""
    of = (
        PaymentAttempt.sale_id == order.sale_id
        if order.repair_id is None
        else PaymentAttempt.repair_id == order.repair_id
    )
    pending = ctx.all(find(PaymentAttempt, of, PaymentAttempt.status == PaymentStatus.PENDING))
    return sum((each.amount for each in pending), Decimal(0))


def known_email(ctx: Context, document: Payable) -> str:
    """An e-mail address, which providers want of everybody; raises Invalid where none is known."""
    own = document.customer_email if isinstance(document, Sale) else None
    customer = ctx.get(Customer, document.customer_id) if document.customer_id is not None else None
    found = own or (customer.email if customer is not None else None) or ctx.preferences["payment_email"]
    if not found:
        raise field_error(["body", "email"], "This provider needs an e-mail address", "missing")
    return str(found)


@act(PaymentAttempt, by=COUNTER)
def cancel(ctx: Context, attempt: PaymentAttempt) -> PaymentAttempt:
    """Say that the customer does not want to pay any more: the provider is asked before that is believed."""
    if attempt.status is PaymentStatus.PENDING and attempt.cancel_asked_at is None:
        attempt.cancel_asked_at = ctx.now
        ctx.later(ask, {"attempt": attempt.id}, once=f"now-{attempt.id}", target=attempt.provider)
    return attempt


@after(remove)
def forget_payer(ctx: Context, customer: Customer) -> None:
    """Whoever is made anonymous leaves no address with what they paid by a provider (spec R-18)."""
    sales = sa.select(Sale.id).where(Sale.org_id == ctx.org_id, Sale.customer_id == customer.id)
    repairs = sa.select(Repair.id).where(Repair.org_id == ctx.org_id, Repair.customer_id == customer.id)
    theirs = sa.or_(PaymentAttempt.sale_id.in_(sales), PaymentAttempt.repair_id.in_(repairs))
    for attempt in ctx.all(find(PaymentAttempt, PaymentAttempt.email.is_not(None), theirs)):
        ctx.erase(attempt, email=None)


@act(PaymentAttempt, by=MANAGERS)
def resolve(ctx: Context, attempt: PaymentAttempt, how: Resolution) -> PaymentAttempt:
    """Decide what becomes of money that came in and could not be booked."""
    if attempt.status is not PaymentStatus.REQUIRES_VERIFICATION:
        raise Refused("nothing_to_verify", f"Payment is {attempt.status}: there is nothing to decide")
    attempt.why = how.note
    if how.decision is Found.RETURNED:
        attempt.status = PaymentStatus.RETURNED
        return attempt
    if attempt.provider_currency != attempt.currency or not attempt.provider_amount:
        raise Refused("other_currency", f"Only {attempt.currency} can be booked; give the money back instead")
    book_it(ctx, attempt, attempt.provider_amount)
    return attempt


# What comes of it.


@act(PaymentAttempt, by=SYSTEM)
def opened(ctx: Context, attempt: PaymentAttempt, authorization_url: str) -> None:
    """The provider has a page on which it is paid."""
    attempt.authorization_url = authorization_url


@act(PaymentAttempt, by=SYSTEM)
def end(ctx: Context, attempt: PaymentAttempt, status: PaymentStatus, why: str) -> None:
    """No money came."""
    attempt.status, attempt.why = status, why or None


@act(PaymentAttempt, by=SYSTEM)
def confirm(ctx: Context, attempt: PaymentAttempt, standing: Standing) -> None:
    """Money came: it is booked, unless it is not what was asked for.

    The provider's amount, the payment, what is paid of the document and what is due of it agree.
    """
    attempt.provider_amount, attempt.provider_currency = standing.amount, standing.currency
    attempt.provider_id = standing.provider_id
    attempt.why = wrong(ctx, attempt, standing)
    if attempt.why is None:
        book_it(ctx, attempt, standing.amount)
    else:
        attempt.status = PaymentStatus.REQUIRES_VERIFICATION
        for role in MANAGERS:
            ctx.notify(role, "payment_to_verify", attempt, once=f"{attempt.id}-{role}", because=attempt.why)


def wrong(ctx: Context, attempt: PaymentAttempt, standing: Standing) -> str | None:
    """Why money is not booked by itself, if there is anything."""
    if standing.fate is Fate.REVERSED:
        return "The provider took it back"
    if standing.reference != attempt.reference:
        return "The provider speaks of another payment"
    if (standing.amount, standing.currency) != (attempt.amount, attempt.currency):
        return f"{standing.currency} {standing.amount:.2f} came instead of {attempt.currency} {attempt.amount:.2f}"
    document = document_of(ctx, attempt.sale_id, attempt.repair_id)
    if isinstance(document, Sale) and document.returned_at is not None:
        return "Sale was returned meanwhile"
    return f"Only {document.balance_due:.2f} is due by now" if document.balance_due < standing.amount else None


def book_it(ctx: Context, attempt: PaymentAttempt, amount: Decimal) -> None:
    """One payment for each reference of a provider."""
    document = document_of(ctx, attempt.sale_id, attempt.repair_id)
    payment = receive(ctx, document, amount, Method.PROVIDER, attempt.reference, provider=attempt.provider)
    attempt.payment_id, attempt.status = payment.id, PaymentStatus.SUCCEEDED


@act(PaymentEvent, by=SYSTEM)
def note(ctx: Context, attempt_id: int, provider: str, event_id: str, kind: str) -> PaymentEvent:
    """Note what a provider told, and ask it at once."""
    ctx.later(ask, {"attempt": attempt_id}, once=f"now-{attempt_id}", target=provider)
    return ctx.add(PaymentEvent(attempt_id=attempt_id, provider=provider, event_id=event_id, kind=kind))


def standing_now(ctx: Context, attempt_id: int, standing: Standing) -> None:
    """What the provider says of an attempt, as it is; what is known already changes nothing."""
    attempt = ctx.get(PaymentAttempt, attempt_id)
    if attempt.status in (*CAME, PaymentStatus.RETURNED):
        return
    if standing.fate in (Fate.SUCCESS, Fate.REVERSED):
        ctx.do(confirm, attempt, standing)
        return
    if attempt.status is PaymentStatus.PENDING and (goal := ended(ctx.now, attempt, standing.fate)) is not None:
        ctx.do(end, attempt, goal, standing.why)
    ask_again(ctx, attempt)


def ended(now: datetime, attempt: PaymentAttempt, fate: Fate) -> PaymentStatus | None:
    """How an attempt ends for which no money came, if it does."""
    if attempt.cancel_asked_at is not None:
        return PaymentStatus.CANCELLED
    if fate is Fate.FAILED:
        return PaymentStatus.FAILED
    return PaymentStatus.EXPIRED if now >= attempt.expires_at else None


def ask_again(ctx: Context, attempt: PaymentAttempt) -> None:
    """Reconciliation: a durable timer, whether or not anybody tells of a payment."""
    age = ctx.now - attempt.created_at
    if age < GIVEN_UP:
        due = ctx.now + (SOON if ctx.now < attempt.expires_at + SOON else LATER)
        ctx.later(ask, {"attempt": attempt.id}, due=due, once=str(attempt.id), target=attempt.provider)


def refused(ctx: Context, attempt_id: int, why: str) -> None:
    """The provider will not take it."""
    if (attempt := ctx.get(PaymentAttempt, attempt_id)).status is PaymentStatus.PENDING:
        ctx.do(end, attempt, PaymentStatus.FAILED, why)


# Asking the provider.


async def attempt_of(office: "Office", job: Job) -> PaymentAttempt:
    """The attempt that a job is about, as it is now."""
    trade = office.trades[job.of_trade]

    def read(session: Session) -> PaymentAttempt:
        here = Reader(session, trade, system(job.org_id, trade.name), office.clock())
        return here.get(PaymentAttempt, job.payload["attempt"])

    found: PaymentAttempt = await office.database.read(job.org_id, read)
    return found


@task("payment.begin", timeout=30, at_once=4)
async def begin(office: "Office", job: Job) -> Then | None:
    """Have the provider make the page on which somebody pays."""
    attempt = await attempt_of(office, job)
    if attempt.status is not PaymentStatus.PENDING or attempt.authorization_url is not None:
        return None
    wish = Wish(attempt.reference, attempt.amount, attempt.currency, attempt.email or "")
    try:
        url = await office.outside.payments[attempt.provider].begin(wish)
    except NotTaken as no:
        return partial(refused, attempt_id=attempt.id, why=no.why)
    return lambda ctx: ctx.do(opened, ctx.get(PaymentAttempt, attempt.id), url)


@task("payment.ask", timeout=30, at_once=4)
async def ask(office: "Office", job: Job) -> Then | None:
    """Ask the provider how a payment stands; where it can't be reached it is asked again later."""
    attempt = await attempt_of(office, job)
    if attempt.status in (*CAME, PaymentStatus.RETURNED):
        return None
    try:
        standing = await office.outside.payments[attempt.provider].ask(attempt.reference)
    except (Unavailable, KeyError):
        return lambda ctx: ask_again(ctx, ctx.get(PaymentAttempt, attempt.id))
    return partial(standing_now, attempt_id=attempt.id, standing=standing)


async def hear(office: "Office", trade: "Trade", call: "Call") -> Answer:
    """A provider tells that something happened: it is believed when the provider is asked."""
    name = call.path["provider"]
    if (provider := office.outside.payments.get(name)) is None:
        raise Missing("There is no such provider")
    told = provider.heard(call.headers, call.content)
    begins, _, rest = (told.reference if told is not None else "").partition("-")
    org = rest.partition("-")[0]
    if told is not None and begins == BEGINS and org.isascii() and org.isdecimal() and len(org) <= 18:
        await office.as_system(trade, int(org), noting(told, name))
    return Answer(200, b'{"received":true}')


def noting(told: Told, provider: str) -> Callable[[Context], Any]:
    """The rule that notes what was told, once, where it is of an attempt here."""

    def rule(ctx: Context) -> None:
        mine = (PaymentAttempt.reference == told.reference, PaymentAttempt.provider == provider)
        known = (PaymentEvent.provider == provider, PaymentEvent.event_id == told.event_id)
        attempt = ctx.first(find(PaymentAttempt, *mine))
        if attempt is not None and ctx.first(find(PaymentEvent, *known)) is None:
            ctx.do(note, attempt.id, provider, told.event_id, told.kind)

    return rule


attempts = Resource(
    PaymentAttempt,
    by=COUNTER,
    columns=(
        "id", "status", "sale_id", "repair_id", "provider", "reference", "amount", "currency", "method",
        "method_reference", "authorization_url", "expires_at", "provider_amount", "provider_currency", "payment_id",
        "why", "staff_id", "created_at", "updated_at",
    ),
    filters=("status", "provider", "sale_id", "repair_id"),
)  # fmt: skip
events = Resource(PaymentEvent, by=OWNER, filters=("attempt_id",))

paths = (
    Contract("POST", "/api/payments/intents", intend, 201),
    Contract("GET", "/api/payments", Listing(attempts)),
    Contract("GET", "/api/payments/events", Listing(events)),
    Contract("GET", "/api/payments/{id}", Reading(attempts)),
    Contract("POST", "/api/payments/{id}/cancel", cancel),
    Contract("POST", "/api/payments/{id}/resolve", resolve),
    Contract("POST", "/api/payments/webhook/{provider}", Service(
        "payment webhook", ANYBODY, hear, "A provider tells of a payment.", raw=True,
    )),
)  # fmt: skip
