"""Every operation of a trade, with a request for each that is well formed."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count
from typing import Any

import sqlalchemy as sa
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import Mount, Route

from tests.running import Application, Person, Place
from tradehall.kernel.calls import references
from tradehall.kernel.checks import Check
from tradehall.kernel.comments import Comment
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract, Download, Drill, History, Listing, Reading, Report
from tradehall.kernel.jobs import JOBS, Job, Task
from tradehall.kernel.notices.ledger import Message, Notice, Reply, Status
from tradehall.kernel.people.tables import SIGN_IN_NAMES
from tradehall.kernel.records import Record, record_of
from tradehall.kernel.trade import Trade
from tradehall.kernel.transfer.preparing import Export
from tradehall.kernel.transfer.records import Import
from tradehall.kernel.verbs import Actor, Role, Verb
from tradehall.kernel.webhooks.records import Delivery, DeliveryState
from tradehall.trades import phoneshop
from tradehall.trades.phoneshop.attempts import PaymentAttempt, PaymentEvent, PaymentStatus
from tradehall.trades.phoneshop.counts import StockCountLine
from tradehall.trades.phoneshop.devices import DeviceCheck
from tradehall.trades.phoneshop.estimates import Estimate
from tradehall.trades.phoneshop.inspection import Inspection, UnitCost
from tradehall.trades.phoneshop.messages import RepairReply
from tradehall.trades.phoneshop.models import Payment, Phone, Refund, Repair
from tradehall.trades.phoneshop.parts import RepairPart
from tradehall.trades.phoneshop.payments import Checkout
from tradehall.trades.phoneshop.till import Drawer
from tradehall.web.gate import Gate

EVERY = bool(os.environ.get("EVERY_ROUTE"))
"""Whether what is alike is walked all the same."""
NOWHERE = 10**15
"""An id that no row has."""
ROUTES = {
    "GET /docs", "GET /redoc", "GET /openapi.json",
    "GET /welcome/{secret}", "POST /welcome/{secret}", "MOUNT /assets", "POST /api/messages/inbound/{provider}", "GET /api/messages/unsubscribe/{token}",
    "POST /api/messages/unsubscribe/{token}", "GET /readyz", "GET /metrics", "POST /api/files", "GET /api/files/{id}",
    "POST /api/privacy/export.zip", "GET /api/files/{id}/link", "DELETE /api/files/{id}", "GET /api/customers/{id}/files", "POST /api/customers/{id}/files",
    "GET /api/phones/{id}/files", "POST /api/phones/{id}/files", "GET /api/sales/{id}/files", "POST /api/sales/{id}/files",
    "GET /api/swaps/{id}/files", "POST /api/swaps/{id}/files", "GET /api/refunds/{id}/files", "POST /api/refunds/{id}/files",
    "GET /api/repairs/{id}/files", "POST /api/repairs/{id}/files", "GET /api/parts/{id}/files", "POST /api/parts/{id}/files",
    "POST /api/sms/inbound",
    "POST /api/events/ticket", "GET /api/events/stream",
} | {
    f"{method} /api/{room}/{{id}}/files"
    for method in ("GET", "POST")
    for room in ("device-checks", "blocked-devices", "inspections", "unit-costs", "stock-counts", "stock-count-lines", "drawers",
                 "expenses", "withdrawals", "movements", "purchases", "checkouts")
}  # fmt: skip
"""What `web/` answers besides the trade's operations."""
ELSEWHERE = {
    "measure": "phoneshop.sales_made",
    "machine_type": "washer",
    "number": "1",
    "user_id": NOWHERE,
    "session_id": NOWHERE,
    "token": "nobody",
    "invitation_id": NOWHERE,
    "provider": "nobody",
    "imei": "490154203237518",
}
"""What paths name that is no row of a record; people have tests of their own in tests/people."""
EXPORTED = {"type": "customers", "format": "csv", "query": {}}
INSTEAD: dict[str, dict[str, Any]] = {
    "POST /api/sales/{id}/refund": {"amount": None},
    "POST /api/exports/jobs": EXPORTED,
    "PUT /api/settings": {"imei_decision": False},
    "POST /api/repairs/{id}/decide": {"decision": "accepted"},
}
"""What an operation takes where its sample would not do: of a deposit no part is refunded."""
_serial = count(1)


async def _nothing(office: Any, job: Job) -> None:
    return None


NOTHING = Task("walk.nothing", _nothing, 1, 1)


def imei() -> str:
    """A valid IMEI that nothing else has."""
    fourteen = f"35{next(_serial):012d}"
    total = sum(sum(divmod(int(digit) * (1 + index % 2), 10)) for index, digit in enumerate(fourteen))
    return f"{fourteen}{-total % 10}"


def samples() -> dict[str, Any]:
    """A good value for each field that a request body may have; a new one where it has to differ."""
    number = f"{next(_serial):07d}"
    return {
        "language": "en", "room": f"room-{number}", "text": "Looks fine", "type": "customers", "format": "csv", "keep_exports_days": 1, "query": "", "shared": False, "opens": False, "full_name": "Ama Owusu", "phone_number": f"024{number}", "email": "ama@example.com", "brand": "Samsung",
        "model": "Galaxy", "condition": "New", "value": 1000, "imei": imei(), "imei2": imei(), "cost_price": 900,
        "category_id": 1, "brand_id": 1, "specs": {"colour": "black"}, "is_available": True, "anonymize": False,
        "amount_paid": 800, "payment_method": "cash", "payment_reference": "MM-7", "original_price": 1000, "discount_amount": 100, "customer_phone": f"024{number}",
        "customer_email": "ama@example.com", "given_phone_description": "Nokia 3310", "given_phone_value": 100,
        "given_phone_imei": imei(), "given_phone_brand": "Nokia", "given_phone_model": "3310", "given_phone_condition": "Used",
        "accept_loss": False, "resale_value": 300,
        "swap_margin": 10, "swap_loss": "warn", "swap_least": 80,
        "balance_paid": 500, "phone_description": "Nokia 3310", "issue_description": "cracked", "diagnosis": "screen",
        "cost": 150, "status": "Pending", "due_date": "2030-01-31", "delivery_notified": False, "notes": "none",
        "name": "Ama's phones", "business_address": "Oxford Street 7, Osu", "business_phone": "0302123456", "tax_number": "C0001", "logo": None, "paper_closing": "Thank you", "paper_language": "en", "zone": "Africa/Accra", "currency": "GHS", "region": "GH", "reason": "wrong colour", "amount": 10, "search": "ama", "username": "ama", "password": "not the right one",
        "messages": False, "quiet_from": "", "quiet_until": "", "sms_price": 0.35, "sms": "Thank you", "subject": "Thanks",
        "notice": None, "template": "sale_receipt", "values": {"customer": "Ama"}, "url": "https://hooks.invalid/", "description": "none",
        "events": ["*"], "is_active": False, "scopes": ["read"], "role": "owner", "expires_at": None,
        "keep_messages_days": None,
        "method": "cash", "reference": number, "note": "none", "tax_mode": "none", "tax_rate": 0,
        "prices_include_tax": True,
        "opening_amount": 100, "counted_amount": 100, "category": "Transport", "kind": "cash_in",
        "decision": "returned", "payment_email": "", "seller_name": "Yaw Boateng", "seller_phone": f"024{number}",
        "seller_address": "Osu", "id_kind": "passport", "id_number": "G0001", "payments": [{"amount": 10}],
        "repair_id": None, "trade_in": None, "lines": [], "user_id": None, "also": [], "keep_attempts_days": 30, "keep_answers_days": 1, "keep_jobs_days": 7, "keep_deliveries_days": 30,
        "keep_files_days": None, "overlap_hours": 24, "address": f"walk{number}@example.com", "hold_days": 0, "imei_check_days": 7, "imei_decision": None, "result": "clear",
        "provider": "local", "source": "police", "grade": "A", "asking_price": 1100,
        "checks": ["battery", {"name": "screen", "passed": False, "note": "scratched"}],
        "keep_imports_days": 30, "columns": None, "ask_columns": False, "decimal": None, "dates": None, "existing": None,
        "whole": False,
        "revenue_basis": "completed", "new_status": "In Progress", "technician_id": None, "warranty_days": 30, "quantity": 1, "unit_cost": 10, "low_mark": 1,
        "sku": f"SKU-{number}", "details": "a new screen", "estimate_id": None,
        "repair_messages": False, "technicians_see_own": False, "repair_link": "", "repair_warranty_days": 30,
        "intake": "no SIM card", "new_warranty_days": 365, "used_warranty_days": 30, "refurbished_warranty_days": 90,
    }  # fmt: skip


@dataclass(frozen=True, eq=False)
class Walk:
    """What a walk over all operations of a trade has to know of it."""

    trade: Trade
    samples: Callable[[], dict[str, Any]]
    elsewhere: Mapping[str, Any]
    instead: Mapping[str, dict[str, Any]]
    makers: Mapping[type[Record], Callable[[Place], Awaitable[int]]]
    later: Mapping[type[Record], Callable[[Place, Mapping[type[Record], int]], Awaitable[int]]]
    ready: Mapping[str, Callable[[Place, Rows], Awaitable[None]]]
    begins: Callable[[Place], Awaitable[None]] | None = None
    lets_in: frozenset[str] = frozenset()
    """Operations that give somebody an account."""
    but: frozenset[str] = frozenset()
    """Operations that another trade's walk takes, because every trade has them."""

    def who(self, place: Place, operation: Operation) -> Person:
        """Who asks for an operation: whoever runs the business, or the first who may."""
        return place.people[next(each.name for each in reversed(self.trade.roles) if operation.may(each, place.org_id))]


@dataclass
class Rows:
    """The ids of rows in one organisation, by the record that they are of."""

    ids: Mapping[type[Record], int]

    def of(self, record: type[Record]) -> int:
        """The row of a record; the walk needs one of each that an operation names."""
        assert record in self.ids, f"the walk has no row of {record.__name__}: add one in `rows_of`"
        return self.ids[record]


@dataclass(frozen=True)
class Stocked:
    """A running trade in which two organisations have a row of everything."""

    walk: Walk
    application: Application
    shop: Place
    other: Place
    mine: Rows
    theirs: Rows


@dataclass
class Operation:
    """One operation with what it refers to."""

    walk: Walk
    contract: Contract
    path_records: dict[str, type[Record]] = field(default_factory=dict)
    body_records: dict[str, type[Record]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Method and path."""
        return f"{self.contract.method} {self.contract.path}"

    @property
    def body(self) -> type[BaseModel] | None:
        """The request model."""
        does = self.contract.does
        is_asked = isinstance(does, Verb) or (isinstance(does, Report) and self.contract.method != "GET")
        is_asked = is_asked and not self.contract.file
        return does.body if is_asked else None  # type: ignore[union-attr]  # mypy does not narrow by a name

    def may(self, role: Role, org_id: int) -> bool:
        """Whether somebody with this role may ask."""
        by = self.contract.by
        return by is None or Actor(org_id, self.walk.trade.name, role.name).may(by)

    @property
    def creates(self) -> bool:
        """Whether it makes a row of its record from nothing, and not something of a row that is there."""
        does = self.contract.does
        is_new = isinstance(does, Verb) and self.contract.status == 201 and not does.target
        return is_new and not self.contract.file and getattr(does, "body", None) is not None

    @property
    def query(self) -> list[str]:
        """Every parameter of the query string that it knows."""
        does = self.contract.does
        known = ["dry_run"] if isinstance(does, Verb) else ["limit", "skip", "after", "before", "sort", "search"]
        if isinstance(does, Listing | Download) and does.resource is not None:
            known += [each if isinstance(each, str) else each.name for each in does.resource.filters]
        if isinstance(does, Download):
            known += does.query
        if isinstance(does, Drill):
            known += ["dimension", "from", "to"]
        model = getattr(does, "body", None)
        return list(dict.fromkeys([*known, *(model.model_fields if model is not None else ())]))

    def path(self, ids: Mapping[str, Any]) -> str:
        """The path with its parameters filled."""
        return self.contract.path.format(**({**self.walk.elsewhere, **ids}))

    def ids(self, rows: Rows) -> dict[str, int]:
        """Ids of existing rows for the path."""
        return {name: rows.of(record) for name, record in self.path_records.items()}

    def filled(self, rows: Rows) -> dict[str, Any]:
        """A good body."""
        if self.body is None:
            return {}
        known = self.walk.samples()
        unknown = [name for name in self.body.model_fields if name not in known and name not in self.body_records]
        assert unknown == [], f"{self.name}: the walk has no sample of {unknown}"
        given = {
            name: _fitting(info.annotation, known[name])
            for name, info in self.body.model_fields.items()
            if name in known
        }
        if "lines" in self.body.model_fields:
            given["lines"] = [{"phone_id": rows.of(Phone)}]
        given |= {name: rows.of(record) for name, record in self.body_records.items()}
        return given | self.walk.instead.get(self.name, {})


def in_groups(some: list[Operation]) -> list[list[Operation]]:
    """A few at a time share an application: none of them may change anything for the next."""
    trades = [[each for each in some if each.walk is walk] for walk in dict.fromkeys(each.walk for each in some)]
    return [group[start : start + 12] for group in trades for start in range(0, len(group), 12)]


def first_of(some: list[Operation]) -> str:
    """What a group is called."""
    return some[0].name


def operations(walk: Walk) -> Iterator[Operation]:
    """Every operation of the dispatcher's table, but those that another walk takes."""
    for contract in walk.trade.operations:
        if beneath(walk.trade, contract) not in walk.but:
            yield Operation(walk, contract, _in_path(walk, contract), _in_body(contract))


def beneath(trade: Trade, contract: Contract) -> str:
    """An operation as it is called in every trade that has it."""
    return f"{contract.method} {contract.path.removeprefix(trade.prefix)}"


ALIKE = ("history", "comments", "bulk-upload", "template", "csv", "xlsx", "jsonl")
"""What every resource has by the same code."""


def different(found: Iterable[Operation]) -> list[Operation]:
    """Operations, but of what every resource has alike the first two; `EVERY_ROUTE=1` is all of them."""
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for each in found:
        path = each.contract.path.rstrip("/")
        kind = each.contract.method, path.rpartition("." if "/exports/" in path else "/")[2]
        seen[kind] += 1
        if kind[1] not in ALIKE or seen[kind] <= 2 or EVERY:
            kept.append(each)
    return kept


def _in_path(walk: Walk, contract: Contract) -> dict[str, type[Record]]:
    does = contract.does
    found: dict[str, type[Record]] = {}
    for name in contract.parameters:
        if name in walk.elsewhere:
            continue
        record = does.record if isinstance(does, Verb) else None
        if isinstance(does, Listing) and does.parent is not None:
            found[name] = _referred(does.resource.record, does.parent)
        elif record is not None and name != "id":
            found[name] = _referred(record, name)
        else:
            assert isinstance(does, Verb | Reading | History | Report | Download), (
                f"the walk does not know {contract.path}"
            )
            record = does.record if isinstance(does, Verb | Report | Download) else does.resource.record
            assert record is not None, f"the walk does not know what {contract.path} names"
            found[name] = record
    return found


def _referred(record: type[Record], name: str) -> type[Record]:
    target = record.fields[name].references
    assert target is not None
    return record_of(target) if isinstance(target, str) else target


def _fitting(kind: Any, value: Any) -> Any:
    """A sample, or the first choice where something else is meant by a field of this name."""
    is_choice = isinstance(kind, type) and issubclass(kind, StrEnum)
    return value if not is_choice or value in [*kind] else next(iter(kind)).value


def _in_body(contract: Contract) -> dict[str, type[Record]]:
    does = contract.does
    if not isinstance(does, Verb | Report) or does.body is None or contract.method == "GET":
        return {}
    found = dict(references(does.body))
    if "sale_id" in found:
        found.pop("repair_id", None)  # it is one or the other
    return found


def routes(gate: Gate, trade: Trade) -> set[str]:
    """What FastAPI answers besides, also in routers that it includes."""
    return set(_routes(gate.apps[trade.name].routes))


def _routes(found: Any, prefix: str = "") -> Iterator[str]:
    for each in found:
        if isinstance(each, Mount):
            yield f"MOUNT {each.path}"
        elif isinstance(each, APIRoute | Route):
            for method in sorted((each.methods or set()) - {"HEAD"}):
                yield f"{method} {prefix}{each.path}"
        else:
            inner = getattr(each, "original_router", None) or getattr(each, "router", None)
            assert inner is not None, f"the walk does not know what {each!r} is"
            yield from _routes(inner.routes, prefix)


async def rows_of(place: Place, walk: Walk) -> Rows:
    """One row of every record that an operation names."""
    records: set[type[Record]] = {
        record
        for operation in operations(walk)
        for record in (*operation.path_records.values(), *operation.body_records.values())
    }
    made: dict[type[Record], int] = {}
    creates = {each.contract.does.record: each for each in operations(walk)
               if each.creates and isinstance(each.contract.does, Verb)}  # fmt: skip
    if walk.begins is not None:
        await walk.begins(place)
    for record in walk.makers:
        made[record] = await walk.makers[record](place)
    plain = records - walk.makers.keys() - walk.later.keys()
    for record in sorted(plain, key=lambda record: len(creates[record].body_records)):
        made[record] = await fresh(place, walk, record)
    for record, make in walk.later.items():
        made[record] = await make(place, made)
    return Rows(made)


async def _taken_part(place: Place, made: Mapping[type[Record], int]) -> int:
    """What a repair took."""
    path = f"/api/repairs/{made[Repair]}/parts"
    answer = await place.owner.post(path, json={"name": "Glue", "unit_cost": 1})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def _an_estimate(place: Place, made: Mapping[type[Record], int]) -> int:
    """What a repair would cost."""
    answer = await place.owner.post(f"/api/repairs/{made[Repair]}/estimate", json={"amount": 100})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def _repair_reply(place: Place, made: Mapping[type[Record], int]) -> int:
    """What the customer of a repair wrote back."""

    def rule(ctx: Context) -> int:
        with ctx.happening("test"):
            repair = ctx.get(Repair, made[Repair])
            return ctx.add(RepairReply(repair_id=repair.id, customer_id=repair.customer_id, body="Thanks")).id

    return int(await place.work(rule))


LATER: dict[type[Record], Callable[[Place, Mapping[type[Record], int]], Awaitable[int]]] = {
    RepairPart: _taken_part, Estimate: _an_estimate, RepairReply: _repair_reply,
}  # fmt: skip
"""How a row comes about that belongs to another one."""


async def _repair_is(place: Place, rows: Rows, status: str) -> None:
    path = f"/api/repairs/{rows.of(Repair)}/status"
    assert (await place.owner.patch(path, json={"status": status})).status_code == 200


async def _delivered(place: Place, rows: Rows) -> None:
    await _repair_is(place, rows, "Delivered")


async def _completed(place: Place, rows: Rows) -> None:
    await _repair_is(place, rows, "Completed")


async def _paid(place: Place, rows: Rows) -> None:
    path = f"/api/repairs/{rows.of(Repair)}/payments"
    assert (await place.owner.post(path, json={"amount": 90})).status_code == 201


async def _reached(place: Place, rows: Rows) -> None:
    """The owner has an e-mail address, to which a test of a template goes."""
    mine = {"trade": "phoneshop", "kind": "email", "user_id": place.owner.user_id, "position": 1}

    def rule(ctx: Context) -> None:
        with ctx.happening("walk.reach"):
            ctx.session.execute(sa.insert(SIGN_IN_NAMES).values(folded="o@x.test", shown="o@x.test", **mine))

    await place.work(rule)


READY: dict[str, Callable[[Place, Rows], Awaitable[None]]] = {
    "POST /api/repairs/{id}/claim": _delivered, "POST /api/repairs/{id}/rework": _completed,
    "POST /api/repairs/{id}/refund": _paid, "POST /api/messages/templates/test": _reached,
}  # fmt: skip
"""What has to happen before an operation can be carried out."""


async def _dead_job(place: Place) -> int:
    """A timer that failed too often."""

    def rule(ctx: Context) -> int:
        ctx.later(NOTHING, {})
        newest = sa.select(sa.func.max(JOBS.c.id)).where(JOBS.c.verb == NOTHING.name).scalar_subquery()
        dead = sa.update(JOBS).where(JOBS.c.id == newest).values(state="dead").returning(JOBS.c.id)
        return int(ctx.session.execute(dead).scalar_one())

    return int(await place.work(rule))


async def _message(place: Place) -> int:
    """A message that failed."""
    here = {"of_trade": "phoneshop", "address": "+233241234567", "body": "Thank you"}

    def rule(ctx: Context) -> int:
        with ctx.happening("test"):
            cause = {"template": "sale_receipt", "cause_event": "sale.sell"}
            return ctx.add(Message(channel="sms", due_at=ctx.now, status=Status.FAILED, **here, **cause)).id

    return int(await place.work(rule))


async def _parked_delivery(place: Place) -> int:
    """A delivery that failed too often."""
    body = {name: samples()[name] for name in ("url", "events", "is_active")}
    webhook_id = (await place.owner.post("/api/webhooks", json=body)).json()["id"]

    def rule(ctx: Context) -> int:
        with ctx.happening("walk.park"):
            parked = Delivery(of_trade=ctx.trade.name, webhook_id=webhook_id, event="ping", state=DeliveryState.FAILED)
            return ctx.add(parked).id

    return int(await place.work(rule))


async def _drawer(place: Place) -> int:
    """A cash drawer that was closed, by the count of the samples: a shop has one open drawer at a time."""
    made = (await place.owner.post("/api/drawers", json={"opening_amount": 100})).json()["id"]
    return await _asked(place, f"/api/drawers/{made}/close", "counted_amount", "reason")


async def _checkout(place: Place) -> int:
    """A phone that was bought at the checkout."""
    lines = [{"phone_id": await _a_phone(place)}]
    return int((await place.owner.post("/api/checkouts", json={"lines": lines})).json()["id"])


async def _attempt(place: Place) -> int:
    """Money that a provider took and that nobody could place."""
    bought = {"phone_id": await _a_phone(place), "original_price": 1000, "amount_paid": 100}
    sale = (await place.owner.post("/api/sales", json=bought)).json()["id"]
    made = (await place.owner.post("/api/payments/intents", json={"sale_id": sale, "amount": 10})).json()["id"]

    def rule(ctx: Context) -> None:
        odd = sa.update(PaymentAttempt.table).where(PaymentAttempt.table.c.id == made)
        ctx.session.execute(odd.values(status=PaymentStatus.REQUIRES_VERIFICATION))
        with ctx.happening("test"):
            ctx.add(
                PaymentEvent(attempt_id=made, provider="paystack", event_id=str(next(_serial)), kind="charge.success")
            )

    await place.work(rule)
    return int(made)


async def _reply(place: Place) -> int:
    """What somebody wrote back."""

    def rule(ctx: Context) -> int:
        with ctx.happening("test"):
            here = {"of_trade": "phoneshop", "address": "+233241234567", "body": "Thanks", "provider": "x"}
            return ctx.add(Reply(provider_id=str(next(_serial)), **here)).id

    return int(await place.work(rule))


async def _notice(place: Place) -> int:
    """Something that the owner is told."""
    told = {"of_trade": "phoneshop", "template": "late", "body": "Late", "cause_event": "sale.sell"}

    def rule(ctx: Context) -> int:
        with ctx.happening("test"):
            return ctx.add(Notice(person_id=place.owner.user_id, **told)).id

    return int(await place.work(rule))


async def _import(place: Place) -> int:
    """A table that was only checked."""
    sent = {"file": ("table.csv", b"full_name,phone_number\nAma Owusu,12\n")}
    answer = await place.owner.post("/api/imports", files=sent, params={"type": "customers", "dry_run": 1})
    path = f"/api/imports/{answer.json()['id']}"
    while (await place.owner.get(path)).json()["status"] == "checking":
        await place.application.office.work_once()
    return int(answer.json()["id"])


async def _asked(place: Place, path: str, *names: str) -> int:
    """The id of what an answer gives to a request with samples of these fields."""
    known = samples()
    answer = await place.owner.post(path, json={name: known[name] for name in names})
    assert answer.is_success, answer.text
    return int(answer.json()["id"])


async def _a_phone(place: Place) -> int:
    return await _asked(place, "/api/phones", "brand", "model", "condition", "value")


async def _newest(place: Place, path: str) -> int:
    return int((await place.owner.get(path, params={"limit": 1})).json()[0]["id"])


async def _device_check(place: Place) -> int:
    assert (await place.owner.post("/api/devices/check-imei", json={"imei": imei()})).status_code == 200
    return await _newest(place, "/api/device-checks")


async def _inspection(place: Place) -> int:
    await _asked(place, f"/api/phones/{await _a_phone(place)}/inspect", "grade", "asking_price", "checks")
    return await _newest(place, "/api/inspections")


async def _unit_cost(place: Place) -> int:
    return await _asked(place, f"/api/phones/{await _a_phone(place)}/costs", "amount", "description")


async def _count_line(place: Place) -> int:
    count_id = await _asked(place, "/api/stock-counts")
    scanned = await place.owner.post(f"/api/stock-counts/{count_id}/scan", json={"imei": imei()})
    assert scanned.status_code == 201, scanned.text
    return int(scanned.json()["id"])


async def _payment(place: Place) -> int:
    """The rest that was due on a sale."""
    phone = await place.owner.post(
        "/api/phones", json={"brand": "Nokia", "model": "G42", "condition": "New", "value": 100}
    )
    order = {"phone_id": phone.json()["id"], "original_price": 100, "amount_paid": 60}
    sale = await place.owner.post("/api/sales", json=order)
    answer = await place.owner.post(f"/api/sales/{sale.json()['id']}/payments", json={"amount": 10})
    return int(answer.json()["id"])


async def _refund(place: Place) -> int:
    """A part of a sale that was given back."""
    phone = await place.owner.post(
        "/api/phones", json={"brand": "Nokia", "model": "G42", "condition": "New", "value": 100}
    )
    sale = await place.owner.post("/api/sales", json={"phone_id": phone.json()["id"], "amount_paid": 100})
    wish = {"amount": 10, "reason": "scratched"}
    assert (await place.owner.post(f"/api/sales/{sale.json()['id']}/refund", json=wish)).status_code == 200
    return int((await place.owner.get("/api/refunds")).json()[0]["id"])


async def _export(place: Place) -> int:
    """A list that is to be written into a file."""
    answer = await place.owner.post("/api/exports/jobs", json=EXPORTED)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def _check(place: Place) -> int:
    """A log that is to be looked at."""
    answer = await place.head.post("/api/audit/checks")
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def _comment(place: Place) -> int:
    """What the owner said about a phone."""
    return await _asked(place, f"/api/phones/{await _a_phone(place)}/comments", "text")


MAKERS: dict[type[Record], Callable[[Place], Awaitable[int]]] = {
    Checkout: _checkout, Drawer: _drawer, PaymentAttempt: _attempt, Import: _import,
    Delivery: _parked_delivery, Job: _dead_job, Message: _message, Notice: _notice, Reply: _reply,
    DeviceCheck: _device_check, Inspection: _inspection, UnitCost: _unit_cost, StockCountLine: _count_line,
    Payment: _payment, Refund: _refund, Comment: _comment, Export: _export, Check: _check,
}  # fmt: skip
"""How a row comes about of a record that nobody creates by asking."""


async def fresh(place: Place, walk: Walk, record: type[Record]) -> int:
    """One more row of a record, with rows of its own for all that it refers to."""
    if record in walk.makers:
        return await walk.makers[record](place)
    create = next(each for each in operations(walk)
                  if each.creates and getattr(each.contract.does, "record", None) is record)  # fmt: skip
    assert create.body is not None
    known = walk.samples()
    given = {name: known[name] for name in create.body.model_fields if name in known}
    refers = {name: await fresh(place, walk, each) for name, each in create.body_records.items()}
    answer = await place.head.post(create.path({}), json=given | refers)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def _quietly(place: Place) -> None:
    """What is sent meanwhile would be news."""
    await place.prefer(repair_messages=False)


PHONESHOP = Walk(phoneshop.trade, samples, ELSEWHERE, INSTEAD, MAKERS, LATER, READY, _quietly)
