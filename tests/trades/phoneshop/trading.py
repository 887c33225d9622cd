"""A phone shop at work in whatever order a fuzzer likes, beside a till of paper: after each step both must agree (row 6)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tradehall.kernel.calls import AsSystem
from tradehall.kernel.context import Context
from tradehall.kernel.database import Database
from tradehall.kernel.doctor import altered, differences
from tradehall.kernel.errors import Missing, Problem
from tradehall.kernel.people import CreateOrganisation
from tradehall.kernel.reader import Reader
from tradehall.kernel.records import find
from tradehall.kernel.verbs import system
from tradehall.trades.phoneshop import inspection, measures, payments, refunds, rules, swaps, till, trade
from tradehall.trades.phoneshop.models import HELD, Payment, Phone, PhoneStatus, RepairStatus, Sale, Swap
from tradehall.trades.phoneshop.reports import all_of

OPENED = datetime.fromisoformat("2026-03-01T09:00:00+00:00")
CENTS = st.integers(1, 200_000).map(lambda cents: Decimal(cents) / 100)
PART = st.integers(1, 100).map(lambda percent: Decimal(percent) / 100)
_serial = count(1)


@dataclass
class Sold:
    """What paper says of a sale."""

    phone: int
    price: Decimal
    paid: Decimal
    day: int
    back: Decimal = Decimal(0)
    is_returned: bool = False

    @property
    def revenue(self) -> Decimal:
        """What counts of it: nothing while something is due, nothing once all was given back."""
        return Decimal(0) if self.is_returned or self.paid < self.price else self.paid - self.back


@dataclass
class Swapped:
    """What paper says of a swap."""

    phone: int
    unit: int
    allowance: Decimal
    balance: Decimal
    day: int
    back: Decimal = Decimal(0)
    is_returned: bool = False

    @property
    def revenue(self) -> Decimal:
        """What counts of it: the balance, less what was given back."""
        return Decimal(0) if self.is_returned else self.balance - self.back


@dataclass
class Mended:
    """What paper says of a repair; `phone` is one of the stock, and `was` what that was before."""

    cost: Decimal
    phone: int | None = None
    was: PhoneStatus | None = None
    status: RepairStatus = RepairStatus.PENDING
    paid: Decimal = Decimal(0)
    back: Decimal = Decimal(0)

    @property
    def is_begun(self) -> bool:
        """Whether somebody is at it, or will be."""
        return self.status in (RepairStatus.PENDING, RepairStatus.IN_PROGRESS)

    @property
    def is_done(self) -> bool:
        """Whether it is completed or handed over."""
        return self.status in (RepairStatus.COMPLETED, RepairStatus.DELIVERED)

    @property
    def revenue(self) -> Decimal:
        """What counts of it: nothing until it is completed, and less what was given back."""
        return (self.cost if self.is_done else Decimal(0)) - self.back


@dataclass
class Opened:
    """What paper says of the cash drawer that is open: what was in it, and the shop's cash then."""

    drawer: int
    amount: Decimal
    cash: Decimal


@dataclass
class Paper:
    """The shop as somebody with a pencil keeps it; of its money, so much is in the bank."""

    cash: Decimal = Decimal(0)
    banked: Decimal = Decimal(0)
    costs: dict[int, Decimal] = field(default_factory=dict)
    states: dict[int, PhoneStatus] = field(default_factory=dict)
    sales: dict[int, Sold] = field(default_factory=dict)
    swaps: dict[int, Swapped] = field(default_factory=dict)
    repairs: dict[int, Mended] = field(default_factory=dict)
    expenses: dict[int, Decimal] = field(default_factory=dict)
    till: Opened | None = None

    @property
    def revenue(self) -> Decimal:
        """What counts of all sales, swaps and repairs."""
        every: list[Sold | Swapped | Mended] = [*self.sales.values(), *self.swaps.values(), *self.repairs.values()]
        return sum((each.revenue for each in every), Decimal(0))

    @property
    def expected(self) -> Decimal | None:
        """What the open drawer holds."""
        return None if self.till is None else self.till.amount + self.cash - self.banked - self.till.cash

    def of(self, *states: PhoneStatus) -> list[int]:
        """The phones in these states."""
        return [phone for phone, state in self.states.items() if state in states]


class Trading(RuleBasedStateMachine):
    """Buys, sells, swaps, takes deposits, refunds and undoes; days go by."""

    database: Database

    @initialize()
    def open_shop(self) -> None:
        self.org_id = self.database.run(CreateOrganisation(f"Shop {next(_serial)}", OPENED))
        self.paper, self.day = Paper(), 0
        form = rules.CustomerForm.of(full_name="Ama", phone_number="0241234567")
        self.customer: int = self.does(lambda ctx: ctx.do(rules.register, form).id)

    def does(self, what: Callable[[Context], Any]) -> Any:
        """Do something in one unit; what it gives, or the refusal."""
        now = OPENED + timedelta(days=self.day, seconds=next(_serial) % 3600)
        try:
            done = self.database.run(AsSystem(trade, self.org_id, now, what, "trading.step"))
        except Problem as refusal:
            assert refusal.status < 500  # noqa: PT017 - a machine that goes on
            return refusal
        return done

    def pick(self, some: list[int], data: st.DataObject) -> int:
        """One of some."""
        return data.draw(st.sampled_from(some))

    @rule(value=CENTS, cost=CENTS)
    def stock(self, value: Decimal, cost: Decimal) -> None:
        form = rules.PhoneForm.of(brand="Nokia", model="G42", condition="Used", value=value, cost_price=cost)
        phone = self.does(lambda ctx: ctx.do(rules.stock, form).id)
        self.paper.costs[phone], self.paper.states[phone] = cost, PhoneStatus.AVAILABLE

    @precondition(lambda self: self.paper.states)
    @rule(data=st.data(), price=CENTS, part=PART)
    def sell(self, data: st.DataObject, price: Decimal, part: Decimal) -> None:
        phone = self.pick([*self.paper.states], data)
        paid = max((price * part).quantize(Decimal("0.01")), Decimal("0.01"))
        order = rules.NewSale(customer_id=self.customer, phone_id=phone, original_price=price, amount_paid=paid)
        sale = self.does(lambda ctx: ctx.do(rules.sell, order).id)
        assert isinstance(sale, Problem) == (self.paper.states[phone] is not PhoneStatus.AVAILABLE)
        if not isinstance(sale, Problem):
            self.paper.sales[sale] = Sold(phone, price, paid, self.day)
            self.paper.states[phone] = PhoneStatus.SOLD
            self.paper.cash += paid

    @precondition(lambda self: self.paper.sales)
    @rule(data=st.data(), part=PART)
    def pay(self, data: st.DataObject, part: Decimal) -> None:
        known = self.pick([*self.paper.sales], data)
        sold = self.paper.sales[known]
        due = sold.price - sold.paid
        amount = max((due * part).quantize(Decimal("0.01")), Decimal("0.01"))
        order = payments.NewPayment(amount=amount)
        done = self.does(lambda ctx: ctx.do(payments.pay, ctx.get(Sale, known), order).id)
        assert isinstance(done, Problem) == (sold.is_returned or amount > due)
        if not isinstance(done, Problem):
            sold.paid += amount
            self.paper.cash += amount

    @precondition(lambda self: self.paper.of(PhoneStatus.AVAILABLE))
    @rule(data=st.data(), allowance=CENTS, balance=CENTS)
    def swap(self, data: st.DataObject, allowance: Decimal, balance: Decimal) -> None:
        phone = self.pick(self.paper.of(PhoneStatus.AVAILABLE), data)
        order = swaps.NewSwap(
            customer_id=self.customer, given_phone_description="Nokia 3310", given_phone_value=allowance,
            new_phone_id=phone, balance_paid=balance, accept_loss=True,
        )  # fmt: skip

        def made(ctx: Context) -> tuple[int, int]:
            found = ctx.do(swaps.swap, order)
            return found.id, found.received_phone_id or 0

        done = self.does(made)
        if isinstance(done, Problem):
            return
        swap, unit = done
        self.paper.swaps[swap] = Swapped(phone, unit, allowance, balance, self.day)
        self.paper.states |= {phone: PhoneStatus.SWAPPED, unit: PhoneStatus.RECEIVED}
        self.paper.costs[unit] = allowance
        self.paper.cash += balance

    @precondition(lambda self: self.paper.of(PhoneStatus.RECEIVED))
    @rule(data=st.data(), price=CENTS)
    def inspect(self, data: st.DataObject, price: Decimal) -> None:
        phone = self.pick(self.paper.of(PhoneStatus.RECEIVED), data)
        found = inspection.NewInspection.model_validate({"grade": "A", "checks": [], "asking_price": price})
        assert not isinstance(self.does(lambda ctx: ctx.do(inspection.inspect, ctx.get(Phone, phone), found)), Problem)
        self.paper.states[phone] = PhoneStatus.AVAILABLE

    @precondition(lambda self: self.paper.sales)
    @rule(data=st.data(), amount=st.none() | CENTS)
    def refund_sale(self, data: st.DataObject, amount: Decimal | None) -> None:
        known = self.pick([*self.paper.sales], data)
        sold = self.paper.sales[known]
        left = sold.paid - sold.back
        wish = refunds.RefundWish(amount=amount, reason="wrong colour")
        done = self.does(lambda ctx: ctx.do(refunds.refund, ctx.get(Sale, known), wish).id)
        whole = amount is None or amount == left
        wrong = not whole and amount is not None and (amount > left or sold.paid < sold.price)
        assert isinstance(done, Problem) == (sold.is_returned or wrong)
        if not isinstance(done, Problem):
            self.given_back(sold, left if whole or amount is None else amount, whole)

    def given_back(self, sold: Sold, amount: Decimal, whole: bool) -> None:
        """Note on paper that money of a sale went back."""
        sold.back += amount
        self.paper.cash -= amount
        if whole:
            sold.is_returned = True
            self.returned(sold.phone)

    def returned(self, phone: int, to: PhoneStatus = PhoneStatus.AVAILABLE) -> None:
        """Note on paper that a phone is in stock again: for sale, unless somebody still mends it."""
        self.paper.states[phone] = to
        begun = (each for each in self.paper.repairs.values() if each.phone == phone and each.is_begun)
        if (mended := next(begun, None)) is not None:
            mended.was, self.paper.states[phone] = to, PhoneStatus.UNDER_REPAIR

    @precondition(lambda self: self.paper.sales)
    @rule(data=st.data())
    def void_sale(self, data: st.DataObject) -> None:
        known = self.pick([*self.paper.sales], data)
        sold = self.paper.sales[known]
        done = self.does(
            lambda ctx: ctx.do(refunds.void, ctx.get(Sale, known), refunds.Mistake(reason="typed wrong")).id
        )
        if sold.is_returned or sold.day != self.day:
            assert isinstance(done, Problem)
        elif not isinstance(done, Problem):
            self.given_back(sold, sold.paid - sold.back, whole=True)

    @precondition(lambda self: self.paper.swaps)
    @rule(data=st.data(), undoes=st.booleans())
    def refund_swap(self, data: st.DataObject, undoes: bool) -> None:
        known = self.pick([*self.paper.swaps], data)
        made = self.paper.swaps[known]
        held = self.paper.states[made.unit] is PhoneStatus.RECEIVED
        wish, mistake = refunds.RefundWish(reason="changed her mind"), refunds.Mistake(reason="typed wrong")
        done = self.does(
            lambda ctx: (
                (
                    ctx.do(swaps.void, ctx.get(Swap, known), mistake)
                    if undoes
                    else ctx.do(swaps.refund, ctx.get(Swap, known), wish)
                ).id
            )
        )
        assert isinstance(done, Problem) == (made.is_returned or (undoes and (made.day != self.day or not held)))
        if isinstance(done, Problem):
            return
        self.paper.cash -= made.balance - made.back + (0 if held else made.allowance)
        made.is_returned = True
        self.returned(made.phone)
        if held:
            self.paper.states[made.unit] = PhoneStatus.RETURNED

    @rule()
    def sleep(self) -> None:
        self.day += 1

    @invariant()
    def both_agree(self) -> None:
        if not hasattr(self, "paper"):
            return
        assert self.database.ask(self.org_id, self.seen) == (
            self.paper.cash,
            self.paper.states,
            sum((self.paper.costs[phone] for phone in self.paper.of(*HELD)), Decimal(0)),
            self.paper.revenue,
            self.paper.expected,
            [],
        )

    def seen(self, session: Any) -> tuple[Any, ...]:
        """Cash, the phones' states, the stock at cost, the revenue and the drawer as the books say, and the doctor."""
        reader = Reader(session, trade, system(self.org_id, trade.name), OPENED + timedelta(days=self.day))
        phones, sales, made = reader.all(find(Phone)), reader.all(find(Sale)), reader.all(find(Swap))
        cash = sum((each.counter_amount for each in sales), Decimal(0)) + sum(
            (each.balance_paid for each in made), Decimal(0)
        )
        cash += sum((each.amount for each in reader.all(find(Payment))), Decimal(0))
        stock = sum((each.cost_price or 0 for each in phones if each.status in HELD), Decimal(0))
        return (
            cash,
            {each.id: each.status for each in phones},
            stock,
            revenue(reader),
            in_drawer(reader),
            differences(session, self.org_id, trade, "here"),
        )

    def teardown(self) -> None:
        if hasattr(self, "org_id"):
            assert self.database.ask(self.org_id, lambda session: altered(session, self.org_id)) == []


def revenue(reader: Reader) -> Decimal:
    """The revenue as the overview adds it up from kept totals."""
    sales = all_of(reader, measures.sales_made, measures.refunded, measures.SALE)
    made = all_of(reader, measures.swaps_made, measures.refunded, measures.SWAP)
    mended = all_of(reader, measures.repairs_earned, measures.refunded, measures.REPAIR)
    return sales.amount + made.amount + mended.amount


def in_drawer(reader: Reader) -> Decimal | None:
    """What the open cash drawer should hold, as its report says."""
    try:
        expected: Decimal = till.current_drawer.rule(reader)["expected_amount"]
    except Missing:
        return None
    return expected
