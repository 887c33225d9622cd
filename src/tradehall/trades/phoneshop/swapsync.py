"""A shop that kept its business in SwapSync's own SQLite file takes it over: dates, links, states and amounts as they were."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import TypeAdapter, ValidationError

from tradehall.kernel.columns import Email
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Refused, field_error
from tradehall.kernel.forms import Form
from tradehall.kernel.guests import new_token
from tradehall.kernel.records import find
from tradehall.kernel.search import fold
from tradehall.kernel.transfer.foreign import Foreign, Links
from tradehall.trades.phoneshop.models import (
    HELD,
    Condition,
    Customer,
    Method,
    Payment,
    Phone,
    PhoneStatus,
    Repair,
    RepairStatus,
    Sale,
    Swap,
)
from tradehall.trades.phoneshop.rules import imeis, model_key, number_of, take_in
from tradehall.trades.phoneshop.till import OPEN_DRAWER

Old = Mapping[str, Any]
YEARS = range(1970, 2100)
"""In which a shop may have kept its books: what is dated otherwise is a mistake, and no calendar reaches beyond its ends."""
_email: TypeAdapter[str] = TypeAdapter(Email)
QUERIES = {
    "customers": "SELECT * FROM customers ORDER BY id",
    "phones": "SELECT phones.*, EXISTS (SELECT 1 FROM sales WHERE sales.phone_id = phones.id) AS was_sold, "
    "EXISTS (SELECT 1 FROM swaps WHERE swaps.new_phone_id = phones.id) AS was_swapped FROM phones ORDER BY id",
    "swaps": "SELECT * FROM swaps ORDER BY id",
    "sales": "SELECT * FROM sales ORDER BY id",
    "repairs": "SELECT * FROM repairs ORDER BY id",
}


class OldPhone(Form, of=Phone, fields=("brand", "model", "value")):
    """What was kept of a phone."""


class OldSwap(
    Form, of=Swap, fields=("given_phone_description", "given_phone_value", "balance_paid", "discount_amount")
):
    """What was kept of a swap."""


class OldSale(Form, of=Sale, fields=("amount_paid",)):
    """What was kept of a sale."""

    original_price: Decimal | None = None
    discount_amount: Decimal | None = None


class OldRepair(Form, of=Repair, fields=("phone_description", "issue_description", "diagnosis", "cost")):
    """What was kept of a repair."""


def moment(old: Old, name: str = "created_at") -> datetime | None:
    """When something was; what has no time zone was kept in UTC."""
    if not old.get(name):
        return None
    try:
        found = datetime.fromisoformat(str(old[name]))
        if found.year not in YEARS:
            raise ValueError
    except ValueError as error:
        raise field_error([name], f"{str(old[name])[:40]} is no date") from error
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def customer(ctx: Context, old: Old, links: Links) -> Customer:
    """A customer; where two had the same number, they are one here."""
    name, typed = str(old.get("full_name") or "").strip(), str(old.get("phone_number") or "").strip()
    if not name or len(name) > 100:
        raise field_error(["full_name"], "A customer has a name of 1 to 100 characters")
    number = number_of(ctx, typed)
    same = find(Customer, Customer.phone_e164 == number if number is not None else Customer.phone_number == typed)
    if (known := ctx.first(same)) is not None:
        if known.full_name != name:
            links.say(f"{name} has the number of {known.full_name}, and is the same customer here")
        return known
    unique_id = ctx.number("customer", "CUS-")
    values = {"full_name": name, "phone_number": typed, "phone_e164": number, "unique_id": unique_id}
    return ctx.add(Customer(**values, email=_reached(old, links), created_at=moment(old)))


def _reached(old: Old, links: Links) -> str | None:
    if not (typed := str(old.get("email") or "").strip()):
        return None
    try:
        return _email.validate_python(typed)
    except ValidationError:
        links.say(f"{typed[:80]} is no e-mail address, and was left out")
        return None


def phone(ctx: Context, old: Old, links: Links) -> Phone:
    """A phone, in stock or gone; what was withheld from sale stays so."""
    known = OldPhone.of(**old)
    condition = next((each for each in Condition if fold(each) == fold(str(old.get("condition")))), None)
    if condition is None:
        raise field_error(["condition"], f"Input should be one of {', '.join(Condition)}")
    status = PhoneStatus.AVAILABLE if old.get("is_available") else PhoneStatus.WITHHELD
    if old["was_sold"] or old["was_swapped"]:
        if old.get("is_available"):
            links.say("It was sold or swapped, and is not for sale any more")
        status = PhoneStatus.SOLD if old["was_sold"] else PhoneStatus.SWAPPED
    numbers = imeis(*(str(old[name]) if old.get(name) else None for name in ("imei", "imei2")))
    row = ctx.add(Phone(**known.model_dump(), **numbers, condition=condition, status=status, created_at=moment(old)))
    return take_in(ctx, row) if status in HELD else row


def without_drawer(ctx: Context) -> None:
    """Raise Refused where a cash drawer is open: what was paid long ago would be looked for in it."""
    if ctx.first(OPEN_DRAWER) is not None:
        raise Refused("drawer_open", "Close the cash drawer first: what was paid formerly is not in it")


def swap(ctx: Context, old: Old, links: Links) -> Swap:
    """A swap. What had been taken in is not stock here: nobody kept what became of it."""
    without_drawer(ctx)
    known = OldSwap.of(**{name: value for name, value in old.items() if value is not None})
    customer_id = links.get("customers", old["customer_id"])
    gone = ctx.get(Phone, links.get("phones", old["new_phone_id"]))
    row = ctx.add(
        Swap(
            **known.model_dump(), customer_id=customer_id, new_phone_id=gone.id, new_phone_value=gone.value,
            invoice_number=ctx.number("invoice", "INV-"), cost=gone.cost_price, created_at=moment(old),
        )
    )  # fmt: skip
    gone.swapped_from_id = row.id
    return row


def sale(ctx: Context, old: Old, links: Links) -> Sale:
    """A sale; what was paid was all that was due, unless a price and a discount were kept."""
    without_drawer(ctx)
    known = OldSale.of(**old)
    sold = ctx.get(Phone, links.get("phones", old["phone_id"]))
    customer_id = links.get("customers", old["customer_id"]) if old.get("customer_id") is not None else None
    discount = known.discount_amount or Decimal(0)
    price = known.original_price or known.amount_paid + discount
    created_at = moment(old) or ctx.now
    return ctx.add(
        Sale(
            customer_id=customer_id, phone_id=sold.id, invoice_number=ctx.number("invoice", "INV-"), original_price=price,
            discount_amount=discount, amount_paid=known.amount_paid, counter_amount=known.amount_paid,
            refunded_amount=Decimal(0), phone_value=sold.value, cost=sold.cost_price, condition=Condition(sold.condition),
            model_key=model_key(sold.brand, sold.model), created_at=created_at,
            completed_at=created_at if price - discount == known.amount_paid else None,
        )
    )  # fmt: skip


def repair(ctx: Context, old: Old, links: Links) -> Repair:
    """A repair, as far as it was; one that was handed over was paid, since nobody kept what was owed."""
    known = OldRepair.of(**old)
    status = next((each for each in RepairStatus if fold(each) == fold(str(old.get("status")))), None)
    if status is None:
        raise field_error(["status"], f"Input should be one of {', '.join(RepairStatus)}")
    created_at = moment(old) or ctx.now
    ended_at = moment(old, "updated_at") or created_at
    is_done, is_out = status in (RepairStatus.COMPLETED, RepairStatus.DELIVERED), status is RepairStatus.DELIVERED
    if is_out:
        without_drawer(ctx)
    row = ctx.add(
        Repair(
            **known.model_dump(), customer_id=links.get("customers", old["customer_id"]), status=status,
            repair_number=ctx.number("repair", "REP-"), token=new_token(ctx.org_id), created_at=created_at,
            delivery_notified=bool(old.get("delivery_notified")), paid_amount=known.cost if is_out else Decimal(0),
            completed_at=ended_at if is_done else None, delivered_at=ended_at if is_out else None,
        )
    )  # fmt: skip
    if is_out:
        note = "Taken over from SwapSync"
        ctx.add(Payment(amount=known.cost, method=Method.CASH, repair_id=row.id, note=note, created_at=ended_at))
    return row


system = Foreign(
    "swapsync", "SwapSync", QUERIES,
    {"customers": customer, "phones": phone, "swaps": swap, "sales": sale, "repairs": repair},
)  # fmt: skip
