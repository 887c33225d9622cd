"""How sales are taxed."""

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Annotated

from pydantic import Field as Limit

from tradehall.kernel.columns import decimal_limits
from tradehall.kernel.money import percentage, rounded
from tradehall.kernel.preferences import Setting
from tradehall.kernel.reader import Reader
from tradehall.trades.phoneshop.models import Sale, Swap, TaxMode

Rate = Annotated[Decimal, *decimal_limits(2, at_least=0), Limit(le=100)]

settings = (
    Setting("tax_mode", "How sales are taxed", TaxMode, TaxMode.NONE),
    Setting("tax_rate", "Rate of the tax", Rate, Decimal(0), "%"),
    Setting("prices_include_tax", "Whether asking prices include the tax", bool, True),
)


@dataclass(frozen=True)
class Terms:
    """How an organisation taxes what it sells: `rate` is in percent.

    Source: spec R-16.
    """

    mode: TaxMode = TaxMode.NONE
    rate: Decimal = Decimal(0)
    is_included: bool = True

    def added(self, net: Decimal) -> Decimal:
        """What comes on top of an agreed price: nothing where prices include the tax, or where only the margin is taxed."""
        return percentage(net, self.rate) if self.mode is TaxMode.STANDARD and not self.is_included else Decimal(0)

    def within(self, price: Decimal, purchase: Decimal | None) -> Decimal:
        """The tax that a whole price holds.

        Of the margin scheme it is that of the price less the purchase, never below zero; where nobody knows the purchase, of all
        of the price. In a swap the whole price is the allowance and the balance: the phone that comes in is a purchase of its
        own and no negative sale.
        """
        if self.mode is TaxMode.NONE:
            return Decimal(0)
        taxed = price - (purchase or Decimal(0)) if self.mode is TaxMode.MARGIN else price
        return rounded(max(taxed, Decimal(0)) * self.rate / (100 + self.rate))


def left(document: Sale | Swap, back: Decimal) -> Decimal:
    """The tax that a document still holds once so much of its price was given back: a refund is a lower price.

    Of the margin scheme that is the tax of the margin that is left. It goes by the tax that was charged, whatever the
    settings say by now, and what goes back by and by comes to all of it, to the cent (spec R-12, R-16).
    """
    if isinstance(document, Sale):
        price = document.original_price - document.discount_amount
    else:
        price = document.total_transaction_value
    taxed = price - (document.cost or Decimal(0)) if document.tax_mode is TaxMode.MARGIN else price
    if document.tax_amount == 0 or taxed <= 0:
        return Decimal(0)
    return rounded(document.tax_amount * max(taxed - back, Decimal(0)) / taxed)


def terms(ctx: Reader) -> Terms:
    """The terms of an organisation."""
    chosen = ctx.preferences
    return _terms(chosen["tax_mode"], str(chosen["tax_rate"]), chosen["prices_include_tax"])


@lru_cache(256)
def _terms(mode: str, rate: str, is_included: bool) -> Terms:
    return Terms(TaxMode(mode), Decimal(rate), is_included)
