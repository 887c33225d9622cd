"""The price list: what is for sale, and for how much."""

from typing import Annotated, Any

import sqlalchemy as sa
from pydantic import BaseModel, Field

from tradehall.kernel.contracts import Contract, report
from tradehall.kernel.reader import Reader
from tradehall.trades.phoneshop.models import Condition, Phone, PhoneStatus
from tradehall.trades.phoneshop.roles import STAFF


class Wanted(BaseModel):
    """Which phones."""

    brand: Annotated[str, Field(max_length=50)] | None = None
    condition: Condition | None = None


@report(by=STAFF)
def price_list(ctx: Reader, wanted: Wanted) -> list[dict[str, Any]]:
    """What each model costs in each condition, from the lowest to the highest asking price, and how many there are.

    Phones that are on hold are not for sale yet, and left out.
    """
    kind = (Phone.brand, Phone.model, Phone.condition)
    here = [Phone.org_id == ctx.org_id, Phone.status == PhoneStatus.AVAILABLE]
    here.append(sa.or_(Phone.hold_until.is_(None), Phone.hold_until <= ctx.now))
    if wanted.brand is not None:
        here.append(Phone.brand == wanted.brand)
    if wanted.condition is not None:
        here.append(Phone.condition == wanted.condition)
    prices = (sa.func.min(Phone.value), sa.func.max(Phone.value), sa.func.count())
    rows = ctx.session.execute(sa.select(*kind, *prices).where(*here).group_by(*kind)).all()
    names = ("brand", "model", "condition", "lowest_price", "highest_price", "available")
    return [dict(zip(names, row, strict=True)) for row in sorted(rows, key=lambda row: tuple(map(str, row[:3])))]


paths = (Contract("GET", "/api/price-list", price_list),)
