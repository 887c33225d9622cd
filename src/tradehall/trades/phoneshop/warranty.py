"""Warranty claims, of repairs and of phones that were sold (spec R-13)."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, StringConstraints

from tradehall.kernel.columns import ID, Day, Refers, clean
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import Contract
from tradehall.kernel.errors import Refused, field_error
from tradehall.kernel.verbs import act
from tradehall.trades.phoneshop.models import Customer, Phone, Repair, RepairStatus, Sale
from tradehall.trades.phoneshop.reach import WORKSHOP
from tradehall.trades.phoneshop.repairs import begin
from tradehall.trades.phoneshop.roles import STAFF

Issue = Annotated[str, StringConstraints(min_length=1, max_length=500), BeforeValidator(clean)]


class Claim(BaseModel):
    """What is wrong again."""

    issue_description: Issue
    due_date: Day | None = None
    technician_id: Annotated[int, ID] | None = None


class SaleClaim(Claim):
    """What is wrong with a phone that was sold; `customer_id` is who brings it, if not its buyer."""

    customer_id: Annotated[int, ID, Refers(Customer)] | None = None


@act(
    Repair,
    by=WORKSHOP,
    title="Warranty claim",
    when=lambda job: bool(job["warranty_until"] or job["warranty_of_id"] or job["warranty_of_sale_id"]),
)
def claim(ctx: Context, repair: Repair, order: Claim) -> Repair:
    """Take a repair in again under its warranty, free of charge.

    The period goes on from the first job, of which there may be several claims; what they cost is charged to it.
    """
    first = repair if repair.warranty_of_id is None else ctx.get(Repair, repair.warranty_of_id)
    if first.warranty_of_sale_id is not None:
        sold_under_warranty(ctx, ctx.get(Sale, first.warranty_of_sale_id))
    elif first.status is not RepairStatus.DELIVERED:
        raise Refused("not_delivered", f"Repair is {first.status}: its warranty begins when it is Delivered")
    else:
        in_force(ctx, first.warranty_until, "repair")
    again = taken_in(order, first.customer_id, first.phone_id, first.phone_description)
    if first.warranty_of_sale_id is not None:
        again.warranty_of_sale_id = first.warranty_of_sale_id
    else:
        again.warranty_of_id = first.id
    return begin(ctx, again)


@act(Sale, by=STAFF, title="Warranty claim", when=lambda sale: bool(sale["warranty_until"] and not sale["returned_at"]))
def claim_sale(ctx: Context, sale: Sale, order: SaleClaim) -> Repair:
    """Take in a phone that was sold under its warranty, free of charge."""
    sold_under_warranty(ctx, sale)
    customer_id = order.customer_id or sale.customer_id
    if customer_id is None:
        raise field_error(["body", "customer_id"], "This sale has no customer: say who brings the phone", "missing")
    phone = ctx.get(Phone, sale.phone_id)
    again = taken_in(order, customer_id, sale.phone_id, f"{phone.brand} {phone.model}")
    again.warranty_of_sale_id = sale.id
    return begin(ctx, again)


def sold_under_warranty(ctx: Context, sale: Sale) -> None:
    """Raise Refused where the warranty of a sale is over, there is none, or it was returned."""
    if sale.returned_at is not None:
        raise Refused("returned", "Sale was returned: it has no warranty any more")
    in_force(ctx, sale.warranty_until, "sale")


def in_force(ctx: Context, until: date | None, what: str) -> None:
    """Raise Refused where a warranty is over, or there is none."""
    if until is None:
        raise Refused("no_warranty", f"There is no warranty on this {what}")
    if until < ctx.today:
        raise Refused("warranty_over", f"The warranty of this {what} ended on {until.isoformat()}")


def taken_in(order: Claim, customer_id: int, phone_id: int | None, description: str) -> Repair:
    """The repair of a claim."""
    told = {name: getattr(order, name) for name in Claim.model_fields}
    return Repair(
        customer_id=customer_id, phone_id=phone_id, phone_description=description[:200], cost=Decimal(0), **told
    )


paths = (
    Contract("POST", "/api/repairs/{id}/claim", claim, 201),
    Contract("POST", "/api/sales/{id}/claim", claim_sale, 201),
)
