"""What the shop has settled: warranties, and how its workshop works."""

from datetime import date, timedelta
from typing import Annotated

from pydantic import Field as Limit
from pydantic import StringConstraints

from tradehall.kernel.context import Context
from tradehall.kernel.preferences import PAPER_LANGUAGE, Setting
from tradehall.kernel.reader import Reader
from tradehall.trades.phoneshop.models import Condition, Customer

Days = Annotated[int, Limit(ge=0, le=3650)]
Address = Annotated[str, StringConstraints(max_length=100, pattern=r"^(https?://[^\s{}]+)?$")]
REPAIR_MESSAGES = Setting("repair_messages", "Tell customers by SMS how their repair goes", bool, True)
OWN_JOBS = Setting("technicians_see_own", "Technicians see their own repairs only", bool, False)
LINK = Setting("repair_link", "Where customers follow a repair, such as https://shop.example/r/", Address, "")
REPAIR_WARRANTY = Setting("repair_warranty_days", "Warranty of a repair", Days, 30, "days")
SALE_WARRANTY = {
    Condition.NEW: Setting("new_warranty_days", "Warranty of a new phone", Days, 365, "days"),
    Condition.USED: Setting("used_warranty_days", "Warranty of a used phone", Days, 30, "days"),
    Condition.REFURBISHED: Setting("refurbished_warranty_days", "Warranty of a refurbished phone", Days, 90, "days"),
}
settings = (REPAIR_MESSAGES, OWN_JOBS, LINK, REPAIR_WARRANTY, *SALE_WARRANTY.values())


def language_of(ctx: Reader, customer: Customer | None) -> str:
    """In which language a customer is told things."""
    chosen = customer.language if customer is not None else None
    return chosen or str(ctx.preferences[PAPER_LANGUAGE.name])


def warranty_end(ctx: Context, days: int) -> date | None:
    """The last day of a warranty that begins today; none where it has no days (spec R-13)."""
    return ctx.today + timedelta(days=days) if days else None


def sale_warranty(ctx: Context, condition: Condition) -> date | None:
    """The last day of the warranty of a phone that is sold today."""
    return warranty_end(ctx, ctx.preferences[SALE_WARRANTY[condition].name])
