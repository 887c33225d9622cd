"""The swap chain: what came of a phone, swap by swap, and what the shop has earned by it (spec R-03)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tradehall.kernel.contracts import report
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.trades.phoneshop.models import HELD, Phone, Sale, Swap
from tradehall.trades.phoneshop.roles import MANAGERS, STAFF


@dataclass(frozen=True)
class Chain:
    """Phones, each taken in the swap in which the one before it went out; at its end one in stock, or a sale."""

    phones: list[Phone]
    swaps: list[Swap]
    sale: Sale | None

    @property
    def last(self) -> Phone:
        """The phone at the end."""
        return self.phones[-1]

    @property
    def is_open(self) -> bool:
        """Whether a phone is in hand, so that more is to come."""
        return self.last.status in HELD

    @property
    def received(self) -> Decimal:
        """Cash received, less what was given back."""
        cash = sum((swap.balance_paid - swap.refunded_amount for swap in self.swaps), Decimal(0))
        return cash + (self.sale.amount_paid - self.sale.refunded_amount if self.sale is not None else 0)

    @property
    def costs(self) -> list[Decimal | None]:
        """What each phone had cost when it went out, or costs now."""
        gone = [swap.cost for swap in self.swaps[: len(self.phones)]]
        if len(gone) == len(self.phones):
            return gone
        return [*gone, self.sale.cost if self.sale is not None else self.last.cost_price]

    @property
    def paid(self) -> Decimal | None:
        """Cash paid: what the first phone had cost, what was spent on those that were taken for it, and on claims."""
        if self.is_broken:
            return None
        allowed = [Decimal(0), *(swap.given_phone_value for swap in self.swaps)]
        spent = [None if cost is None else cost - value for cost, value in zip(self.costs, allowed, strict=True)]
        return total([*spent, self.sale.claims_cost if self.sale is not None else Decimal(0)])

    @property
    def earned(self) -> Decimal | None:
        """The margins of its swaps and of its sale, less what was given back."""
        documents: list[Sale | Swap] = [*self.swaps, *([self.sale] if self.sale is not None else [])]
        return total([None if each.margin is None else each.margin - each.refunded_amount for each in documents])

    @property
    def is_broken(self) -> bool:
        """Whether nobody knows what became of the last phone that was taken, or it was given back."""
        return len(self.phones) == len(self.swaps) or not (self.is_open or self.sale is not None)


def total(amounts: list[Decimal | None]) -> Decimal | None:
    """The sum; nothing where one of them is not known."""
    return None if None in amounts else sum((each for each in amounts if each is not None), Decimal(0))


def chain_of(ctx: Reader, phone: Phone) -> Chain:
    """The chain that a phone is in. A swap that was refunded is in none."""
    phones, swaps = [phone], list[Swap]()
    while (swap_id := phones[0].acquired_via_swap_id) is not None:
        swap = ctx.get(Swap, swap_id)
        if swap.returned_at is not None:
            break
        phones.insert(0, ctx.get(Phone, swap.new_phone_id))
        swaps.insert(0, swap)
    while (out := ctx.first(find(Swap, Swap.new_phone_id == phones[-1].id, Swap.returned_at.is_(None)))) is not None:
        swaps.append(out)
        if out.received_phone_id is None:
            return Chain(phones, swaps, None)
        phones.append(ctx.get(Phone, out.received_phone_id))
    sale = ctx.first(find(Sale, Sale.phone_id == phones[-1].id, Sale.returned_at.is_(None)))
    return Chain(phones, swaps, sale)


@report(by=STAFF)
def chain(ctx: Reader, phone: Phone) -> dict[str, Any]:
    """The swaps that a phone came by and went on by, oldest first, with what the whole chain has brought.

    `realised_cash` is cash received less cash paid so far; of a closed chain it is the profit, and the sum of the margins.
    """
    found = chain_of(ctx, phone)
    sees = ctx.actor.may(MANAGERS)
    return {
        "phone_id": phone.id,
        "brand": phone.brand,
        "model": phone.model,
        "current_value": phone.value,
        "swap_chain": [
            {
                "swap_id": swap.id,
                "given_phone_description": swap.given_phone_description,
                "given_phone_value": swap.given_phone_value,
                "balance_paid": swap.balance_paid,
                "total_value": swap.total_transaction_value,
                "created_at": swap.created_at,
                "new_phone_id": swap.new_phone_id,
                "received_phone_id": swap.received_phone_id,
                "margin": swap.margin if sees else None,
            }
            for swap in found.swaps
        ],
        "chain_length": len(found.swaps),
        "open": found.is_open,
        "phone_ids": [each.id for each in found.phones],
        "sale_id": found.sale.id if found.sale is not None else None,
        "totals": figures(found) if sees else None,
    }


def figures(chain: Chain) -> dict[str, Any]:
    """The money of a chain; null where a cost is not known."""
    paid, in_hand = chain.paid, chain.last if chain.is_open else None
    realised = None if paid is None else chain.received - paid
    cost = in_hand.cost_price if in_hand is not None else None
    return {
        "cash_received": chain.received,
        "cash_paid": paid,
        "realised_cash": realised,
        "realised_profit": None if chain.is_broken else chain.earned,
        "unit_in_hand": in_hand.id if in_hand is not None else None,
        "unit_cost": cost,
        "unit_value": in_hand.value if in_hand is not None else None,
        "unrealised_profit": in_hand.value - cost if in_hand is not None and cost is not None else None,
        "profit": None if chain.is_open else realised,
    }
