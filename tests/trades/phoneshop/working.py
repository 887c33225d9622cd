"""The same shop with its workshop and its till: repairs and what is paid for them, and the cash drawer (row 6)."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.trades.phoneshop.trading import CENTS, PART, Mended, Opened, Trading
from tradehall.kernel.context import Context
from tradehall.kernel.errors import Problem
from tradehall.trades.phoneshop import payments, repair_money, repairs, till
from tradehall.trades.phoneshop.models import HELD, PhoneStatus, Repair, RepairStatus
from tradehall.trades.phoneshop.till import Drawer, Expense, MovementKind

PENDING, IN_PROGRESS, COMPLETED, DELIVERED = RepairStatus
MOVES = {
    PENDING: (IN_PROGRESS, COMPLETED, DELIVERED),
    IN_PROGRESS: (COMPLETED, DELIVERED),
    COMPLETED: (IN_PROGRESS, DELIVERED),
}
UNDER_REPAIR = PhoneStatus.UNDER_REPAIR


def share(amount: Decimal, part: Decimal) -> Decimal:
    """A part of an amount, a cent at least."""
    return max((amount * part).quantize(Decimal("0.01")), Decimal("0.01"))


class Working(Trading):
    """Mends phones for deposits, the rest and refunds; opens, counts and closes the drawer, spends and banks."""

    # The workshop.

    @rule(data=st.data(), cost=CENTS, of_stock=st.booleans(), deposit=st.none() | PART)
    def book_in(self, data: st.DataObject, cost: Decimal, of_stock: bool, deposit: Decimal | None) -> None:
        phone = self.pick([*self.paper.states], data) if of_stock and self.paper.states else None
        given = {"phone_description": "Nokia", "issue_description": "cracked", "phone_id": phone, "cost": cost}
        order = repairs.NewRepair.model_validate(given | {"customer_id": self.customer})
        made = self.does(lambda ctx: ctx.do(repairs.book_in, order).id)
        state = self.paper.states[phone] if phone is not None else None
        assert isinstance(made, Problem) == (state is UNDER_REPAIR)
        if not isinstance(made, Problem):
            self.paper.repairs[made] = mended = Mended(cost, phone)
            self.held(mended)
            if deposit is not None:
                self.paid(made, share(cost, deposit))

    def held(self, mended: Mended) -> None:
        """Note on paper that a phone of the stock came under repair."""
        if mended.phone is not None and self.paper.states[mended.phone] in HELD:
            mended.was, self.paper.states[mended.phone] = self.paper.states[mended.phone], UNDER_REPAIR

    @precondition(lambda self: self.paper.repairs)
    @rule(data=st.data(), goal=st.sampled_from([*RepairStatus]))
    def advance(self, data: st.DataObject, goal: RepairStatus) -> None:
        known = self.pick([*self.paper.repairs], data)
        mended = self.paper.repairs[known]
        wish = repairs.NextStatus(status=goal, reason="again")
        done = self.does(lambda ctx: ctx.do(repairs.set_status, ctx.get(Repair, known), wish).id)
        allowed = goal is mended.status or goal in MOVES.get(mended.status, ())
        if mended.status is COMPLETED and goal is IN_PROGRESS and mended.was is not None and mended.phone is not None:
            allowed = self.paper.states[mended.phone] in HELD and self.paper.states[mended.phone] is not UNDER_REPAIR
        assert isinstance(done, Problem) != allowed
        if allowed and goal is not mended.status:
            self.moved(mended, goal)

    def moved(self, mended: Mended, goal: RepairStatus) -> None:
        """Note on paper that a repair is further, and where its phone is."""
        was_done, mended.status = mended.is_done, goal
        if was_done and goal is IN_PROGRESS and mended.was is not None:
            self.held(mended)
        if mended.is_done and not was_done and mended.was is not None and mended.phone is not None:
            self.returned(
                mended.phone, PhoneStatus.RECEIVED if mended.was is PhoneStatus.RECEIVED else PhoneStatus.AVAILABLE
            )

    @precondition(lambda self: self.paper.repairs)
    @rule(data=st.data(), cost=CENTS)
    def reprice(self, data: st.DataObject, cost: Decimal) -> None:
        known = self.pick([*self.paper.repairs], data)
        mended = self.paper.repairs[known]
        changes = repairs.RepairChanges.model_validate({"cost": cost})
        done = self.does(lambda ctx: ctx.do(repairs.amend, ctx.get(Repair, known), changes).id)
        refused = cost != mended.cost and (mended.status is DELIVERED or cost < mended.paid)
        assert isinstance(done, Problem) == refused
        if not refused:
            mended.cost = cost

    @precondition(lambda self: self.paper.repairs)
    @rule(data=st.data(), part=PART)
    def pay_repair(self, data: st.DataObject, part: Decimal) -> None:
        known = self.pick([*self.paper.repairs], data)
        mended = self.paper.repairs[known]
        self.paid(known, share(mended.cost - mended.paid, part))

    def paid(self, known: int, amount: Decimal) -> None:
        """Pay for a repair."""
        mended, order = self.paper.repairs[known], payments.NewPayment(amount=amount)
        done = self.does(lambda ctx: ctx.do(repair_money.pay, ctx.get(Repair, known), order).id)
        assert isinstance(done, Problem) == (amount > mended.cost - mended.paid)
        if not isinstance(done, Problem):
            mended.paid += amount
            self.paper.cash += amount

    @precondition(lambda self: self.paid_repairs)
    @rule(data=st.data(), part=st.none() | PART, more=st.sampled_from([Decimal(0)] * 5 + [Decimal("0.01")]))
    def refund_repair(self, data: st.DataObject, part: Decimal | None, more: Decimal) -> None:
        known = self.pick(self.paid_repairs, data)
        mended = self.paper.repairs[known]
        left = mended.paid - mended.back
        amount = None if part is None else share(left, part) + more
        wish = repair_money.RepairRefund(amount=amount, reason="still cracked")
        done = self.does(lambda ctx: ctx.do(repair_money.refund, ctx.get(Repair, known), wish).id)
        given = left if amount is None else amount
        assert isinstance(done, Problem) == (given > left)
        if isinstance(done, Problem):
            return
        self.paper.cash -= given
        if mended.is_done:
            mended.back += given
        else:
            mended.paid -= given

    @property
    def paid_repairs(self) -> list[int]:
        """The repairs of which money could be given back."""
        return [known for known, mended in self.paper.repairs.items() if mended.paid > mended.back]

    # The till.

    @rule(amount=CENTS)
    def open_drawer(self, amount: Decimal) -> None:
        order = till.NewDrawer.model_validate({"opening_amount": amount})
        made = self.does(lambda ctx: ctx.do(till.open_up, order).id)
        assert isinstance(made, Problem) == (self.paper.till is not None)
        if not isinstance(made, Problem):
            self.paper.till = Opened(made, amount, self.paper.cash - self.paper.banked)

    @precondition(lambda self: self.paper.till is not None)
    @rule(off=st.sampled_from([Decimal(0), Decimal("-0.01"), Decimal(5)]), says_why=st.booleans())
    def close_drawer(self, off: Decimal, says_why: bool) -> None:
        opened, expected = self.paper.till, self.paper.expected
        assert opened is not None and expected is not None  # noqa: PT018 - for the type checker
        counted = max(expected + off, Decimal(0))
        count = till.Count(counted_amount=counted, reason="counted twice" if says_why else None)

        def close(ctx: Context) -> Any:
            drawer = ctx.get(Drawer, opened.drawer)
            ctx.do(till.close, drawer, count)
            ctx.flush()
            return drawer.expected_amount, drawer.difference

        done = self.does(close)
        assert isinstance(done, Problem) == (counted != expected and not says_why)
        if not isinstance(done, Problem):
            assert done == (expected, counted - expected)
            self.paper.till = None

    @precondition(lambda self: any(self.paper.expenses.values()))
    @rule(data=st.data())
    def cancel_expense(self, data: st.DataObject) -> None:
        known = self.pick([*self.paper.expenses], data)
        why = till.Because(reason="typed wrong")
        done = self.does(lambda ctx: ctx.do(till.cancel, ctx.get(Expense, known), why).id)
        amount = self.paper.expenses[known]
        assert isinstance(done, Problem) == (amount == 0)
        self.paper.cash += amount
        self.paper.expenses[known] = Decimal(0)

    @rule(amount=CENTS, how=st.sampled_from(["expense", "withdrawal", *MovementKind]))
    def move(self, amount: Decimal, how: str) -> None:
        if how == "expense":
            bought = till.NewExpense.model_validate({"category": "rent", "amount": amount})
            self.paper.expenses[self.does(lambda ctx: ctx.do(till.spend, bought).id)] = amount
        elif how == "withdrawal":
            taken = till.NewWithdrawal.model_validate({"amount": amount})
            assert not isinstance(self.does(lambda ctx: ctx.do(till.withdraw, taken).id), Problem)
        else:
            moved = till.NewMovement.model_validate({"amount": amount, "kind": how})
            assert not isinstance(self.does(lambda ctx: ctx.do(till.shift, moved).id), Problem)
        if how == MovementKind.BANKED:
            self.paper.banked += amount
        else:
            self.paper.cash += amount if how == MovementKind.CASH_IN else -amount
