"""What the phone shop keeps."""

from enum import StrEnum

from tradehall.kernel.columns import (
    choice,
    computed,
    day,
    email,
    flag,
    integer,
    json,
    moment,
    money,
    optional,
    person,
    personal,
    reference,
    secret,
    state,
    text,
)  # fmt: skip
from tradehall.kernel.preferences import PaperLanguage
from tradehall.kernel.records import Record, check, unique


class Condition(StrEnum):
    """How a phone comes into the shop."""

    NEW = "New"
    USED = "Used"
    REFURBISHED = "Refurbished"


class PhoneStatus(StrEnum):
    """Where a phone is in its life with the shop."""

    RECEIVED = "RECEIVED"
    AVAILABLE = "AVAILABLE"
    WITHHELD = "WITHHELD"
    UNDER_REPAIR = "UNDER_REPAIR"
    SOLD = "SOLD"
    SWAPPED = "SWAPPED"
    RETURNED = "RETURNED"
    """Given back to whoever had brought it: the swap was refunded, or the purchase undone."""


HELD = (PhoneStatus.RECEIVED, PhoneStatus.AVAILABLE, PhoneStatus.WITHHELD, PhoneStatus.UNDER_REPAIR)
PHONE_MOVES = {
    PhoneStatus.RECEIVED: (
        PhoneStatus.AVAILABLE, PhoneStatus.WITHHELD, PhoneStatus.UNDER_REPAIR, PhoneStatus.RETURNED,
    ),
    PhoneStatus.AVAILABLE: (PhoneStatus.WITHHELD, PhoneStatus.UNDER_REPAIR, PhoneStatus.SOLD, PhoneStatus.SWAPPED),
    PhoneStatus.WITHHELD: (PhoneStatus.AVAILABLE, PhoneStatus.UNDER_REPAIR),
    PhoneStatus.UNDER_REPAIR: (PhoneStatus.AVAILABLE, PhoneStatus.WITHHELD, PhoneStatus.RECEIVED),
    PhoneStatus.SOLD: (PhoneStatus.RECEIVED, PhoneStatus.AVAILABLE),
    PhoneStatus.SWAPPED: (PhoneStatus.RECEIVED, PhoneStatus.AVAILABLE),
    PhoneStatus.RETURNED: (),
}  # fmt: skip


class RepairStatus(StrEnum):
    """How far a repair is (spec R-11)."""

    PENDING = "Pending"
    IN_PROGRESS = "In Progress"
    COMPLETED = "Completed"
    DELIVERED = "Delivered"


REPAIR_MOVES = {
    RepairStatus.PENDING: (RepairStatus.IN_PROGRESS, RepairStatus.COMPLETED, RepairStatus.DELIVERED),
    RepairStatus.IN_PROGRESS: (RepairStatus.COMPLETED, RepairStatus.DELIVERED),
    RepairStatus.COMPLETED: (RepairStatus.IN_PROGRESS, RepairStatus.DELIVERED),
    RepairStatus.DELIVERED: (),
}


class Method(StrEnum):
    """How money changes hands."""

    CASH = "cash"
    CARD = "card"
    MOBILE_MONEY = "mobile_money"
    BANK = "bank"
    PROVIDER = "provider"
    """Confirmed by a provider of payments (spec R-23)."""


class TaxMode(StrEnum):
    """How a sale is taxed (spec R-16)."""

    NONE = "none"
    STANDARD = "standard"
    MARGIN = "margin"


class MarginBasis(StrEnum):
    """What a margin is reckoned against (spec R-02)."""

    COST = "cost"
    UNKNOWN = "unknown"
    """The phone came without its cost, so that there is no margin."""


class Customer(Record, table="phoneshop_customers"):
    """Somebody who buys, swaps or has a phone repaired."""

    full_name = personal(text(100, shortest=1), "name")
    phone_number = personal(text(20, shortest=1))
    phone_e164 = personal(optional(text(16)), "phone")
    email = personal(optional(email()), "email")
    unique_id = text(20)
    language = optional(choice(PaperLanguage))
    """In which they are told things; that of the shop's papers, if nobody said."""

    searched = ("full_name", "phone_number", "phone_e164", "email", "unique_id")
    indexes = (("full_name", "id"),)
    walls = (
        unique("phone_e164", where="phone_e164 IS NOT NULL", says="Phone number already registered", code="phone_taken"),
        unique("phone_number", where="phone_e164 IS NULL AND phone_number <> ''",
               says="Phone number already registered", code="phone_taken"),
    )  # fmt: skip


class Phone(Record, table="phoneshop_phones"):
    """One phone that the shop holds or held. `value` is the asking price and never a cost.

    Source: spec R-02.
    """

    brand = text(50, shortest=1)
    model = text(100, shortest=1)
    condition = choice(Condition)
    value = money(above=0)
    status = state(PhoneStatus, PHONE_MOVES, initial=PhoneStatus.AVAILABLE)
    is_available = computed(flag(), lambda phone: phone.status == PhoneStatus.AVAILABLE)
    imei = optional(text(24))
    imei2 = optional(text(24))
    cost_price = optional(money(at_least=0))
    category_id = optional(integer(at_least=1))
    brand_id = optional(integer(at_least=1))
    specs = json()
    grade = optional(text(20))
    hold_until = optional(moment())
    swapped_from_id = optional(reference("phoneshop_swaps"))
    acquired_via_swap_id = optional(reference("phoneshop_swaps", ahead=True))

    known_as, searched = ("brand", "model"), ("brand", "model", "imei", "imei2")
    indexes = (("status", "created_at", "id"), ("acquired_via_swap_id",), ("swapped_from_id",))
    walls = (
        check("value_positive", "value > 0 OR (value = 0 AND status <> 'AVAILABLE')",
              "The value of a phone that is offered is more than zero"),
    )  # fmt: skip


class UnitImei(Record, table="phoneshop_unit_imeis"):
    """An IMEI that a phone has or had, in whichever of its two slots; of those that the shop holds now one phone has it.

    Source: spec R-06.
    """

    imei = text(15)
    phone_id = reference(Phone)
    is_held = flag(default=True)

    indexes = (("imei", "phone_id"),)
    walls = (
        unique("imei", where="is_held", says="A phone with this IMEI is already in stock", code="imei_in_stock"),
        unique("phone_id", "imei", says="This phone has this IMEI already"),
    )


class Sale(Record, table="phoneshop_sales"):
    """A phone that was sold; what the phone had cost is kept with it.

    `amount_paid` is what was paid so far. A sale is complete when nothing is due any more, and counts as revenue from then on.
    A sale over the counter may have no customer. Several that were paid together share a `checkout`.

    Source: spec R-02, R-03, R-17.
    """

    customer_id = optional(reference(Customer))
    phone_id = reference(Phone)
    invoice_number = text(20)
    original_price = money(above=0)
    discount_amount = money(at_least=0)
    amount_paid = money(at_least=0)
    balance_due = computed(money(), lambda sale: sale.original_price - sale.discount_amount - sale.amount_paid)
    refunded_amount = money(at_least=0)
    cost = optional(money(at_least=0))
    claims_cost = money(at_least=0, default=0)
    margin = computed(optional(money()), lambda sale: sale.amount_paid - sale.cost - sale.claims_cost)
    phone_value = money(at_least=0)
    """What the phone was offered for."""
    counter_amount = money(at_least=0)
    """What was paid with the sale itself, by `method`; what is paid later is a Payment."""
    method = choice(Method, default=Method.CASH)
    method_reference = optional(text(100))
    condition = choice(Condition)
    model_key = text(200, default="")
    """Brand and model without case and accents: what the shop's own sales of a model are found by."""
    tax_mode = choice(TaxMode, default=TaxMode.NONE)
    tax_amount = money(at_least=0, default=0)
    checkout = optional(text(20))
    staff_id = optional(person())
    customer_phone = personal(optional(text(20)))
    customer_email = personal(optional(email()))
    completed_at = optional(moment())
    warranty_until = optional(day())
    returned_at = optional(moment())

    indexes = (("customer_id", "created_at", "id"), ("phone_id",), ("checkout",), ("model_key", "created_at", "id"))
    walls = (
        unique("phone_id", where="returned_at IS NULL", says="Phone is not available for sale", code="not_for_sale"),
        unique("invoice_number", says="This invoice number is used already"),
        check("paid", "amount_paid <= original_price - discount_amount", "More was paid than the phone costs"),
        check("refunded", "refunded_amount <= amount_paid", "More would be refunded than was paid"),
    )


class Swap(Record, table="phoneshop_swaps"):
    """A phone given for a phone, with the balance in cash.

    `estimated_profit` is against what the phone that went out was offered for, `margin` against what it had cost.

    Source: spec R-03.
    """

    customer_id = reference(Customer)
    given_phone_description = text(200, shortest=1)
    given_phone_value = money(at_least=0)
    new_phone_id = reference(Phone)
    received_phone_id = optional(reference(Phone))
    invoice_number = text(20)
    balance_paid = money(at_least=0)
    method = choice(Method, default=Method.CASH)
    """How the balance was paid."""
    method_reference = optional(text(100))
    discount_amount = money(at_least=0, default=0)
    refunded_amount = money(at_least=0, default=0)
    new_phone_value = money(above=0)
    """What the phone that went out was offered for."""
    cost = optional(money(at_least=0))
    """What the phone that went out had cost."""
    expected_resale = optional(money(at_least=0))
    """What the shop's own sales of this model say that the phone that came in will bring."""
    alert = optional(text(200))
    """What the clerk was told before the swap was saved."""
    is_loss_expected = flag()
    tax_mode = choice(TaxMode, default=TaxMode.NONE)
    tax_amount = money(at_least=0, default=0)
    checkout = optional(text(20))
    staff_id = optional(person())
    loss_accepted_by = optional(person())
    returned_at = optional(moment())
    margin_basis = choice(MarginBasis, default=MarginBasis.UNKNOWN)
    total_transaction_value = computed(money(), lambda swap: swap.given_phone_value + swap.balance_paid)
    margin = computed(optional(money()), lambda swap: swap.given_phone_value + swap.balance_paid - swap.cost)
    estimated_profit = computed(money(), lambda swap: swap.given_phone_value + swap.balance_paid - swap.new_phone_value)

    indexes = (("customer_id", "created_at", "id"), ("new_phone_id",), ("received_phone_id",), ("checkout",))
    walls = (
        unique("new_phone_id", where="returned_at IS NULL", says="New phone is not available for swap",
               code="not_for_swap"),
        unique("invoice_number", says="This invoice number is used already"),
        check("refunded", "refunded_amount <= balance_paid + given_phone_value", "More would be refunded than was given"),
    )  # fmt: skip


class Repair(Record, table="phoneshop_repairs"):
    """A phone that somebody brought to be mended, or one of the shop's own; `cost` is its price to the customer.

    `parts_cost` and `outside_cost` are what it costs the shop; those of a warranty claim are the `claims_cost` of the first
    job or of the sale. `unit_was` is what a phone of the stock was before it came under repair. `changes` counts the real changes of its status: each has one message.

    Source: spec R-09, R-11, R-13, R-20.
    """

    customer_id = reference(Customer)
    phone_id = optional(reference(Phone))
    phone_description = text(200, shortest=1)
    issue_description = text(500, shortest=1)
    diagnosis = optional(text(500))
    intake = optional(text(500))
    """What was looked at together with the customer when it was taken in; it stays as it was."""
    cost = money(at_least=0)
    status = state(RepairStatus, REPAIR_MOVES)
    repair_number = text(20)
    token = secret(text(43))
    """Opens its page to whoever holds the link (spec R-24)."""
    technician_id = optional(person())
    staff_id = optional(person())
    due_date = optional(day())
    delivery_notified = flag()
    rework_reason = optional(text(500))
    unit_was = optional(choice(PhoneStatus))
    changes = integer(at_least=0, default=0)
    parts_cost = money(at_least=0, default=0)
    outside_cost = money(at_least=0, default=0)
    claims_cost = money(at_least=0, default=0)
    paid_amount = money(at_least=0, default=0)
    refunded_amount = money(at_least=0, default=0)
    completed_at = optional(moment())
    delivered_at = optional(moment())
    warranty_days = optional(integer(at_least=0, at_most=3650))
    warranty_until = optional(day())
    warranty_of_id = optional(reference("phoneshop_repairs"))
    warranty_of_sale_id = optional(reference(Sale))
    balance_due = computed(money(), lambda repair: repair.cost - repair.paid_amount)
    margin = computed(money(), lambda job: job.cost - job.parts_cost - job.outside_cost - job.claims_cost)

    searched = ("repair_number", "phone_description")
    indexes = (
        ("customer_id", "created_at", "id"), ("status", "created_at", "id"), ("technician_id", "status", "id"),
        ("phone_id",), ("warranty_of_id",), ("warranty_of_sale_id",),
    )  # fmt: skip
    walls = (
        unique("repair_number", says="This repair number is used already"),
        unique("token", says="This link is used already"),
        check(
            "cost",
            "cost > 0 OR warranty_of_id IS NOT NULL OR warranty_of_sale_id IS NOT NULL",
            "Only a warranty claim is free",
        ),
        check("paid", "paid_amount <= cost", "More was paid than the repair costs", code="overpaid"),
        check("refunded", "refunded_amount <= paid_amount", "More would be refunded than was paid"),
    )


class Payment(Record, table="phoneshop_payments"):
    """Money that came in (above zero) or went out (below) for one document, other than what was paid with it at once.

    A row is never changed: what was wrong is turned round by another one.

    Source: spec R-17, R-23.
    """

    amount = money()
    method = choice(Method)
    method_reference = optional(text(100))
    provider = optional(text(40))
    sale_id = optional(reference(Sale))
    swap_id = optional(reference(Swap))
    repair_id = optional(reference(Repair))
    purchase_id = optional(reference("phoneshop_purchases"))
    expense_id = optional(reference("phoneshop_expenses"))
    withdrawal_id = optional(reference("phoneshop_withdrawals"))
    movement_id = optional(reference("phoneshop_movements"))
    is_transfer = flag()
    """Whether it only says that a part of what was paid came by another method."""
    staff_id = optional(person())
    note = optional(text(200))

    indexes = (
        ("sale_id",), ("swap_id",), ("repair_id",), ("purchase_id",), ("expense_id",), ("withdrawal_id",), ("movement_id",),
    )  # fmt: skip
    walls = (
        check("amount", "amount <> 0", "A payment is of some amount"),
        unique("provider", "method_reference", where="provider IS NOT NULL", says="This payment is booked already",
               code="payment_known"),
    )  # fmt: skip


class Refund(Record, table="phoneshop_refunds"):
    """Money given back of a sale, a swap or a repair; on its day `revenue`, `margin` and `tax` go back, too.

    Source: spec R-12, R-16.
    """

    sale_id = optional(reference(Sale))
    swap_id = optional(reference(Swap))
    repair_id = optional(reference(Repair))
    customer_id = optional(integer(at_least=1))
    condition = optional(choice(Condition))
    """Of the phone that was sold."""
    amount = money(at_least=0)
    revenue = money(at_least=0)
    """How much of it had counted as revenue: nothing of a deposit, nothing of an allowance that is paid out."""
    profit = optional(money())
    """What the shop earns less by it against the asking price, as the contract counts profit."""
    margin = optional(money())
    """What the shop earns less by it; nothing where the cost is not known."""
    tax = money(at_least=0, default=0)
    """How much of the tax of its document goes back with it."""
    is_full = flag()
    had_counted = flag(default=True)
    """Whether its document had counted as revenue: a sale that was not paid in full had not."""
    is_void = flag()
    """Whether it undoes a mistake of the same day."""
    method = choice(Method)
    reason = text(200, shortest=1)
    staff_id = optional(person())

    indexes = (("sale_id",), ("swap_id",), ("repair_id",))
