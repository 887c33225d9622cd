"""A believable phone shop in Accra to look at: two years of it, told by its verbs with a clock of their own."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tradehall.kernel.context import Context
from tradehall.kernel.errors import Refused
from tradehall.kernel.people.newcomers import let_in
from tradehall.kernel.verbs import Actor, Role
from tradehall.trades.phoneshop import (
    estimates,
    inspection,
    parts,
    payments,
    purchases,
    refunds,
    repair_money,
    repairs,
    rules,
    swaps,
    till,
)  # fmt: skip
from tradehall.trades.phoneshop.imei import check_digit
from tradehall.trades.phoneshop.models import Condition, Customer, Method, Phone, PhoneStatus, Repair, Sale
from tradehall.trades.phoneshop.parts import PartForm, SparePart, TakenPart
from tradehall.trades.phoneshop.roles import CLERK, MANAGER, OWNER, TECHNICIAN

YEARS, LATELY = timedelta(days=730), timedelta(days=42)
"""How far back it goes, and for how long it has every day; before that it has two days a week."""
FIRST = (
    "Ama",
    "Kofi",
    "Abena",
    "Yaw",
    "Efua",
    "Kwame",
    "Akosua",
    "Kojo",
    "Adwoa",
    "Esi",
    "Nana",
    "Kwesi",
    "Afia",
    "Selorm",
    "Dzifa",
    "Naa",
)
LAST = (
    "Owusu",
    "Mensah",
    "Asante",
    "Boateng",
    "Addo",
    "Nkansah",
    "Ofori",
    "Agyeman",
    "Tetteh",
    "Quaye",
    "Amoah",
    "Lartey",
    "Dogbe",
    "Ansah",
)
PEOPLE = (
    (OWNER, "Adjoa Sarpong"), (MANAGER, "Kwabena Osei"), (CLERK, "Mavis Aidoo"), (CLERK, "Felix Armah"),
    (TECHNICIAN, "Ibrahim Alhassan"), (TECHNICIAN, "Grace Kumi"),
)  # fmt: skip
MODELS = (
    ("Samsung", "Galaxy A55", Condition.NEW, 5200, 4400), ("Apple", "iPhone 13", Condition.USED, 6100, 5200),
    ("Tecno", "Camon 30", Condition.NEW, 2900, 2350), ("Infinix", "Hot 40", Condition.NEW, 1750, 1400),
    ("Apple", "iPhone 11", Condition.REFURBISHED, 3300, 2700), ("Samsung", "Galaxy S22", Condition.USED, 4800, 4000),
    ("Xiaomi", "Redmi Note 13", Condition.NEW, 2600, 2150), ("Nokia", "G42", Condition.NEW, 1900, 1550),
    ("Apple", "iPhone 14", Condition.USED, 7900, 6900), ("Samsung", "Galaxy A15", Condition.NEW, 2200, 1800),
    ("Tecno", "Spark 20", Condition.NEW, 1650, 1320), ("Google", "Pixel 7", Condition.USED, 4300, 3600),
)  # fmt: skip
GIVEN = (
    ("Samsung", "Galaxy A34", 1200),
    ("Apple", "iPhone XR", 1500),
    ("Huawei", "P30", 900),
    ("Tecno", "Camon 20", 800),
)
FAULTS = (
    ("Screen is cracked", "New screen", 450, "Screen"), ("Battery does not last", "New battery", 250, "Battery"),
    ("Does not charge", "Charging port cleaned and replaced", 180, "Charging port"),
    ("Fell into water", "Board cleaned, speaker replaced", 380, "Speaker"), ("Camera is blurred", "New camera", 320, "Camera"),
)  # fmt: skip
PARTS = (
    ("Screen", 210, 40, 6),
    ("Battery", 95, 60, 8),
    ("Charging port", 45, 50, 5),
    ("Speaker", 60, 30, 4),
    ("Camera", 120, 3, 5),
)
METHODS = (Method.CASH, Method.CASH, Method.MOBILE_MONEY, Method.MOBILE_MONEY, Method.CARD)
SPENT = (("Rent", 2400), ("Electricity", 310), ("Airtime", 60), ("Transport", 45), ("Cleaning", 80))


def two_years(ctx: Context) -> None:
    """Two years of a shop: two days a week far back, and every day of the last weeks, today included."""
    Story(ctx).tell()


class Story:
    """What happens, in the order of time; what somebody begins, they go on with some days later."""

    def __init__(self, ctx: Context) -> None:
        self.ctx, self.end, self.me = ctx, ctx.now, ctx.actor
        self.chance, self.serial = Random(2026), count(1)  # noqa: S311 - sample data
        self.due: list[tuple[datetime, int, Callable[[], Any]]] = []
        self.customers: list[Customer] = []
        self.parts: dict[str, SparePart] = {}
        self.staff: dict[Role, list[Actor]] = {}

    def tell(self) -> None:
        """All of it."""
        ctx = self.ctx
        ctx.now = self.end - YEARS
        self._open_shop()
        self._plan()
        while self.due:
            moment, _, does = heappop(self.due)
            if moment <= self.end:
                ctx.now = moment
                does()
        ctx.now, ctx.actor = self.end, self.me

    def at(self, moment: datetime, does: Callable[[], Any]) -> None:
        """Do something then."""
        heappush(self.due, (moment, next(self.serial), does))

    def by(self, role: Role) -> None:
        """From here on somebody in a role does it."""
        self.ctx.actor = self.chance.choice(self.staff[role])

    # Before the first day.

    def _open_shop(self) -> None:
        ctx = self.ctx
        for role, name in PEOPLE:
            ctx.now += timedelta(seconds=1)
            self.staff.setdefault(role, []).append(let_in(ctx, name.split()[0].lower(), role, name))
        for setting, value in (
            ("name", "Osu Phones & Repairs"), ("business_address", "Oxford Street 7, Osu, Accra"),
            ("business_phone", "030 212 3456"), ("tax_number", "C0012345678"), ("paper_closing", "Thank you. Come again!"),
        ):  # fmt: skip
            ctx.prefer(setting, value)
        self.by(MANAGER)
        for name, cost, held, low in PARTS:
            form = PartForm.of(name=name, sku=name[:3].upper(), quantity=held, unit_cost=cost, low_mark=low)
            self.parts[name] = ctx.do(parts.shelve, form)

    def _plan(self) -> None:
        """The days on which the shop is told of, and what happens on each."""
        there = ZoneInfo(self.ctx.preferences["zone"])
        today = self.end.astimezone(there).date()
        for back in range(YEARS.days - 1, -1, -1):
            day = today - timedelta(days=back)
            lately = back < LATELY.days
            if (day.weekday() == 6 and back) or (not lately and day.weekday() not in (1, 4)):
                continue
            opens = datetime.combine(day, time(8, 30), there).astimezone(UTC)
            closes = min(opens + timedelta(hours=10), self.end)
            if opens > self.end - timedelta(minutes=30):  # it is night: what there is of today is since midnight
                opens = max(datetime.combine(day, time(), there).astimezone(UTC), self.end - timedelta(hours=6))
            self._day(opens, closes, lately, back)

    def _day(self, opens: datetime, closes: datetime, lately: bool, back: int) -> None:
        chance, span = self.chance, (closes - opens) * 0.9
        if back < 14:
            self.at(opens, self.open_drawer)
            if back:
                self.at(closes, self.close_drawer)
        doings: list[Callable[[], Any]] = [self.sell] * chance.randint(2, 4) + [self.take_in] * chance.randint(1, 3)
        doings += [self.swap] * (chance.random() < 0.6) + [self.buy] * (chance.random() < 0.3)
        doings += [self.spend] * (chance.random() < 0.4)
        if not back:
            doings += [self.sell, self.take_in, self.swap]
        chance.shuffle(doings)
        for place, does in enumerate(doings if lately else doings[:5], 1):
            self.at(opens + span * place / (len(doings) + 1), does)

    # What happens.

    def customer(self) -> Customer:
        """Somebody new, or somebody who comes again."""
        chance, number = self.chance, next(self.serial)
        if self.customers and chance.random() < 0.45:
            return chance.choice(self.customers)
        name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
        email = f"{name.split()[0].lower()}{number}@example.com" if chance.random() < 0.4 else None
        form = rules.CustomerForm.of(full_name=name, phone_number=f"024{number:07d}", email=email)
        self.customers.append(self.ctx.do(rules.register, form))
        return self.customers[-1]

    def imei(self) -> str:
        """A number that no other phone has."""
        fourteen = f"35{next(self.serial):012d}"
        return fourteen + check_digit(fourteen)

    def phone(self) -> Phone:
        """A phone that is for sale; bought for the stock now, where there are few."""
        held = [each for each in self.shelf if each.status is PhoneStatus.AVAILABLE]
        while len(held) < 14:
            brand, model, condition, value, cost = self.chance.choice(MODELS)
            given = {"brand": brand, "model": model, "condition": condition, "value": value, "cost_price": cost}
            held.append(self.ctx.do(rules.stock, rules.PhoneForm.of(**given, imei=self.imei())))
        self.shelf = held
        return self.chance.choice(held)

    shelf: list[Phone] = []  # noqa: RUF012 - replaced, never changed

    def sell(self) -> None:
        """A sale: mostly paid at once, now and then with a deposit."""
        self.by(CLERK)
        phone, chance, ctx = self.phone(), self.chance, self.ctx
        discount = Decimal(chance.choice((0, 0, 0, 50, 100)))
        due = phone.value - discount
        paid = due if chance.random() < 0.85 else (due / 2).quantize(Decimal(1))
        order = rules.NewSale(
            customer_id=self.customer().id if chance.random() < 0.8 else None, phone_id=phone.id,
            original_price=phone.value, discount_amount=discount, amount_paid=paid,
            payment_method=chance.choice(METHODS),
        )  # fmt: skip
        sale = ctx.do(rules.sell, order)
        if paid < due and chance.random() < 0.8:
            self.at(ctx.now + timedelta(days=chance.randint(2, 12)), lambda: self.pay_rest(sale))
        elif chance.random() < 0.02:
            self.at(ctx.now + timedelta(days=2), lambda: self.refund(sale))

    def pay_rest(self, sale: Sale) -> None:
        """The rest of a deposit comes in."""
        self.by(CLERK)
        self.ctx.do(payments.pay, sale, payments.NewPayment(method=self.chance.choice(METHODS)))

    def refund(self, sale: Sale) -> None:
        """A phone comes back."""
        self.by(MANAGER)
        self.ctx.do(
            refunds.refund,
            sale,
            refunds.RefundWish(reason="The customer did not like it", payment_method=Method.MOBILE_MONEY),
        )

    def swap(self) -> None:
        """A phone for a phone, which is inspected the day after."""
        self.by(CLERK)
        brand, model, allowance = self.chance.choice(GIVEN)
        phone = self.phone()
        balance = max(phone.value - allowance, Decimal(100))
        order = swaps.NewSwap(
            customer_id=self.customer().id, given_phone_description=f"{brand} {model}", given_phone_brand=brand,
            given_phone_model=model, given_phone_imei=self.imei(), given_phone_value=Decimal(allowance),
            new_phone_id=phone.id, balance_paid=balance, payment_method=self.chance.choice(METHODS), accept_loss=True,
        )  # fmt: skip
        try:
            made = self.ctx.do(swaps.swap, order)
        except Refused:  # a clerk may not take a loss
            return
        received = self.ctx.get(Phone, made.received_phone_id or 0)
        self.at(self.ctx.now + timedelta(days=1), lambda: self.inspect(received, Decimal(allowance) * Decimal("1.3")))

    def buy(self) -> None:
        """A phone from somebody who walks in."""
        self.by(CLERK)
        brand, model, cost = self.chance.choice(GIVEN)
        seller = f"{self.chance.choice(FIRST)} {self.chance.choice(LAST)}"
        order = purchases.NewPurchase.model_validate({
            "brand": brand, "model": model, "condition": Condition.USED, "imei": self.imei(), "amount": cost,
            "seller_name": seller, "id_kind": "ghana_card", "method": Method.MOBILE_MONEY, "id_number": f"GHA-{next(self.serial):09d}-1",
        })  # fmt: skip
        made = self.ctx.do(purchases.buy, order)
        unit = self.ctx.get(Phone, made.phone_id)
        self.at(self.ctx.now + timedelta(days=1), lambda: self.inspect(unit, Decimal(cost) * Decimal("1.35")))

    def inspect(self, phone: Phone, price: Decimal) -> None:
        """Somebody looks at a phone, and prices it."""
        self.by(TECHNICIAN)
        checks = [{"name": "battery", "passed": True, "note": f"{self.chance.randint(78, 96)} %"}, "screen", "camera"]
        found = {"grade": self.chance.choice("AAB"), "asking_price": price.quantize(Decimal(10)), "checks": checks}
        self.ctx.do(inspection.inspect, phone, inspection.NewInspection.model_validate(found))
        self.shelf = [*self.shelf, phone]

    def take_in(self) -> None:
        """A repair: booked in, mended some days later, handed over when it is paid."""
        self.by(CLERK)
        chance, ctx = self.chance, self.ctx
        issue, mended, cost, part = chance.choice(FAULTS)
        brand, model = chance.choice(MODELS)[:2]
        technician = chance.choice(self.staff[TECHNICIAN])
        order = repairs.NewRepair.of(
            customer_id=self.customer().id, phone_description=f"{brand} {model}", issue_description=issue,
            cost=Decimal(cost), due_date=(ctx.now + timedelta(days=chance.randint(2, 4))).date(),
            technician_id=technician.user_id if chance.random() < 0.85 else None,
        )  # fmt: skip
        repair = ctx.do(repairs.book_in, order)
        begins = ctx.now + timedelta(hours=chance.choice((3, 20, 30, 50)))
        if chance.random() < 0.25:
            self.at(ctx.now + timedelta(hours=1), lambda: self.estimate(repair, Decimal(cost) * Decimal("1.2")))
            begins += timedelta(days=1)
        self.at(begins, lambda: self.mend(repair, mended, part, technician))

    def estimate(self, repair: Repair, amount: Decimal) -> None:
        """What it would cost after all; most accept."""
        self.by(TECHNICIAN)
        self.ctx.do(estimates.estimate, repair, estimates.NewEstimate.of(amount=amount, details="A new part is needed"))
        if self.chance.random() < 0.8:
            yes = estimates.Decision.model_validate({"decision": "accepted"})
            self.at(self.ctx.now + timedelta(hours=5), lambda: self.ctx.do(estimates.decide, repair, yes))

    def mend(self, repair: Repair, mended: str, part: str, technician: Actor) -> None:
        """A technician works on it, with a part of the stock."""
        ctx, self.ctx.actor = self.ctx, technician
        ctx.do(repairs.start, repair)
        ctx.do(repairs.amend, repair, repairs.RepairChanges.of(diagnosis=mended))
        held = self.parts[part]
        if held.quantity < 2 and part != "Camera":
            self.by(MANAGER)
            ctx.do(parts.count, held, parts.PartChanges.of(quantity=40))
            ctx.actor = technician
        if held.quantity:
            ctx.do(parts.take, repair, TakenPart(part_id=held.id))
        self.at(ctx.now + timedelta(hours=self.chance.choice((5, 22, 30, 46))), lambda: self.finish(repair, technician))

    def finish(self, repair: Repair, technician: Actor) -> None:
        """It is mended; the customer comes for it."""
        self.ctx.actor = technician
        self.ctx.do(repairs.complete, repair)
        self.at(self.ctx.now + timedelta(hours=self.chance.choice((20, 48, 72, 96))), lambda: self.hand_over(repair))

    def hand_over(self, repair: Repair) -> None:
        """It is paid, and goes back."""
        self.by(CLERK)
        self.ctx.do(repair_money.pay, repair, payments.NewPayment(method=self.chance.choice(METHODS)))
        self.ctx.do(repairs.deliver, repair)

    def spend(self) -> None:
        """What the shop spends to run."""
        self.by(MANAGER)
        category, amount = self.chance.choice(SPENT)
        self.ctx.do(
            till.spend, till.NewExpense.of(category=category, amount=Decimal(amount), method=Method.MOBILE_MONEY)
        )

    def open_drawer(self) -> None:
        """The cash drawer of a day."""
        self.by(CLERK)
        self.drawer = self.ctx.do(till.open_up, till.NewDrawer.of(opening_amount=Decimal(500)))

    def close_drawer(self) -> None:
        """Counted in the evening: mostly it is right."""
        self.by(CLERK)
        held = Decimal(500) + till.moved_since(self.ctx, self.drawer.since).get(Method.CASH, Decimal(0))
        counted = max(held + Decimal(self.chance.choice((0, 0, 0, 0, -5))), Decimal(0))
        order = till.Count(counted_amount=counted, reason=None if counted == held else "Wrong change")
        self.ctx.do(till.close, self.drawer, order)

    drawer: till.Drawer
