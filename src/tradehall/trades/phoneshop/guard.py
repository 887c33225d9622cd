"""The price guard: what a phone may be taken for in a swap, by what the shop's own sales of its model brought.

Managers are told of an expected loss, which goes by what the phone that goes out had cost. Whoever may not see costs is
told where less comes in than managers have set, of the asking price: nothing that they are answered depends on a cost, so
that no number of questions finds one (decision 13).
"""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, StringConstraints

from tradehall.kernel.columns import ID, Refers, clean, decimal_limits
from tradehall.kernel.context import Context
from tradehall.kernel.contracts import report
from tradehall.kernel.errors import Missing, Refused, field_error
from tradehall.kernel.money import CENT, rounded
from tradehall.kernel.preferences import CURRENCY, Setting
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find, wanted
from tradehall.trades.phoneshop.models import Condition, Phone, PhoneStatus, Sale
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF
from tradehall.trades.phoneshop.rules import Allowance, Discount, model_key

Percent = Annotated[Decimal, *decimal_limits(2, at_least=0), Field(lt=100)]
SHARE = Decimal("0.50")
"""How much of the price of the new phone has to come in (spec R-05)."""
LATEST = 20
"""How many sales of a model tell what the next one will bring."""
LOSS = "This swap is expected to make a loss"
WARN, REFUSE = "warn", "refuse"
SWAP_MARGIN = Setting(
    "swap_margin", "What the resale of a phone taken in a swap should leave", Percent, Decimal(10), "%"
)  # fmt: skip
SWAP_LOSS = Setting(
    "swap_loss", "Where a swap is expected to bring too little: warn, or refuse unless a manager accepts it",
    Literal["warn", "refuse"], WARN,
)  # fmt: skip
SWAP_LEAST = Setting(
    "swap_least", "What a swap has to bring before a manager is asked, of the asking price of the phone that goes out",
    Percent, Decimal(80), "%",
)  # fmt: skip
settings = (SWAP_MARGIN, SWAP_LOSS, SWAP_LEAST)
# A range, in the order of the index by model: for a model that nobody ever bought, PostgreSQL would else go through all
# sales from the newest on.
_OF_MODEL = find(
    Sale, Sale.model_key >= wanted("model"), Sale.model_key <= wanted("model"), Sale.completed_at.is_not(None),
    Sale.returned_at.is_(None),
).by(Sale.model_key.desc(), Sale.created_at.desc(), Sale.id.desc()).first(LATEST)  # fmt: skip
OF_MODEL = _OF_MODEL.standing()
OF_CONDITION = _OF_MODEL.where(Sale.condition == wanted("condition")).standing()

Brand = Annotated[str, StringConstraints(min_length=1, max_length=50), BeforeValidator(clean)]
Model = Annotated[str, StringConstraints(min_length=1, max_length=100), BeforeValidator(clean)]


class Quote(BaseModel):
    """A phone that somebody would give for one in stock, and, where it is known, what would be allowed and paid."""

    given_phone_brand: Brand
    given_phone_model: Model
    given_phone_condition: Condition | None = None
    new_phone_id: Annotated[int, ID, Refers(Phone)]
    discount_amount: Discount = Decimal(0)
    given_phone_value: Allowance | None = None
    balance_paid: Allowance | None = None


@dataclass(frozen=True)
class Verdict:
    """What the guard says of an allowance."""

    expected: Decimal | None
    """What the phone will bring when it is resold; nothing where the shop never sold one."""
    highest: Decimal | None
    """The most that may be allowed for it, so that its resale leaves the margin that was set."""
    is_loss: bool
    """Whether it is expected to make a loss: for managers alone."""
    too_little: str | None
    """Why a manager has to accept it: the loss, or, for whoever sees no costs, that less comes in than was set."""
    alert: str | None


def offered(ctx: Reader, phone_id: int, discount: Decimal) -> tuple[Phone, Decimal]:
    """The phone that somebody wants in a swap, with its price; raises Missing, Refused or Invalid."""
    if (phone := ctx.find(Phone, phone_id)) is None:
        raise Missing("New phone not found")
    if phone.status is not PhoneStatus.AVAILABLE:
        raise Refused("not_for_swap", "New phone is not available for swap")
    if (price := phone.value - discount) <= 0:
        raise field_error(["body", "discount_amount"], f"The phone costs {phone.value}; the discount has to be less")
    return phone, price


def lowest(price: Decimal) -> Decimal:
    """What has to come in for a phone of this price, rounded up to the cent (spec R-05)."""
    return (SHARE * price).quantize(CENT, ROUND_UP)


def resales(ctx: Reader, brand: str, model: str, condition: Condition | None) -> list[Decimal]:
    """What the latest sales of a model brought, newest first; of one condition, or of any."""
    key = model_key(brand, model)
    latest = (
        ctx.all(OF_MODEL, model=key) if condition is None else ctx.all(OF_CONDITION, model=key, condition=condition)
    )
    return [sale.amount_paid - sale.refunded_amount for sale in latest]


def average(prices: list[Decimal]) -> Decimal | None:
    """The mean price, to the cent."""
    return rounded(sum(prices, Decimal(0)) / len(prices)) if prices else None


def judged(ctx: Reader, brought: list[Decimal], allowance: Decimal, balance: Decimal, phone: Phone) -> Verdict:
    """Whether a swap is expected to bring too little, or allows more than the resale of the phone bears.

    `brought` is what resales of the model that comes in brought, `phone` the one that goes out.
    """
    expected, highest = average(brought), most(ctx, brought)
    comes_in = balance + (allowance if expected is None else expected)
    if phone.cost_price is not None:
        is_loss = comes_in < phone.cost_price
    else:
        is_loss = expected is not None and expected < allowance
    too_little = (LOSS if is_loss else None) if ctx.actor.may(MANAGERS) else below(ctx, comes_in, phone.value)
    alert, currency = too_little, ctx.preferences[CURRENCY.name]
    if alert is None and highest is not None and allowance > highest:
        alert = f"Above {currency} {highest:,.2f} the resale does not leave the margin that was set"
    return Verdict(expected, highest, is_loss, too_little, alert)


def least(ctx: Reader, value: Decimal) -> Decimal:
    """What has to come in for a phone of this asking price before a manager is asked."""
    return (value * Decimal(str(ctx.preferences[SWAP_LEAST.name])) / 100).quantize(CENT, ROUND_UP)


def below(ctx: Reader, comes_in: Decimal, value: Decimal) -> str | None:
    """The sentence where less comes in for a phone than managers have set, of its asking price."""
    floor, currency = least(ctx, value), ctx.preferences[CURRENCY.name]
    return f"Less than {currency} {floor:,.2f} is expected to come in" if comes_in < floor else None


def most(ctx: Reader, brought: list[Decimal]) -> Decimal | None:
    """The highest allowance that keeps the margin of the settings."""
    if (expected := average(brought)) is None:
        return None
    kept = Decimal(str(ctx.preferences[SWAP_MARGIN.name])) / 100
    return (max(expected, Decimal(0)) * (1 - kept)).quantize(CENT, ROUND_DOWN)


def signed(ctx: Context, verdict: Verdict, accept_loss: bool, value: Decimal) -> int | None:
    """Who accepts that too little comes in, if it has to be accepted; raises Refused where nobody does that may."""
    if verdict.too_little is None or ctx.preferences[SWAP_LOSS.name] == WARN:
        return None
    if not ctx.actor.may(MANAGERS):
        floor, currency = least(ctx, value), ctx.preferences[CURRENCY.name]
        sentence = f"Less than {currency} {floor:,.2f} is expected to come in; a manager may accept it"
        raise Refused("loss_expected", sentence)
    if not accept_loss:
        raise Refused("loss_expected", f"{LOSS}; a manager may accept it")
    return ctx.actor.user_id or None


@report(by=STAFF)
def quote(ctx: Reader, wish: Quote) -> dict[str, Any]:
    """What a phone may be taken for in a swap: what resales of its model brought, the most to allow, the least to take in.

    `alert` is of the allowance and the balance that were asked for; without them, of the highest allowance, the rest in cash.
    `is_loss` goes by the cost of the phone and is for managers: others see null.
    """
    phone, price = offered(ctx, wish.new_phone_id, wish.discount_amount)
    brought = resales(ctx, wish.given_phone_brand, wish.given_phone_model, wish.given_phone_condition)
    allowance = most(ctx, brought) or Decimal(0) if wish.given_phone_value is None else wish.given_phone_value
    balance = max(price - allowance, Decimal(0)) if wish.balance_paid is None else wish.balance_paid
    verdict = judged(ctx, brought, allowance, balance, phone)
    return {
        "new_phone_id": phone.id,
        "price": price,
        "resales": {
            "count": len(brought),
            "average": average(brought),
            "lowest": min(brought, default=None),
            "highest": max(brought, default=None),
            "latest": brought[0] if brought else None,
        },
        "expected_resale": verdict.expected,
        "highest_allowance": verdict.highest,
        "minimum_total": lowest(price),
        "given_phone_value": allowance,
        "balance_paid": balance,
        "meets_minimum": allowance + balance >= lowest(price),
        "is_loss": verdict.is_loss if ctx.actor.may(MANAGERS) else None,
        "alert": verdict.alert,
    }
