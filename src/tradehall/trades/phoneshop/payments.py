"""Money that changes hands after a document was made, or beside it."""

from decimal import Decimal
from typing import Any

from tradehall.kernel.context import Context
from tradehall.trades.phoneshop.models import Method, Payment


def book(ctx: Context, amount: Decimal, method: Method, reference: str | None = None, **of: Any) -> Payment:
    """Book money that came in (above zero) or went out (below); `of` says for what: `sale_id=7`, `repair_id=3`."""
    staff_id = ctx.actor.user_id or None
    return ctx.add(Payment(amount=amount, method=method, method_reference=reference, staff_id=staff_id, **of))
