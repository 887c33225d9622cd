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
    personal,
    reference,
    state,
    text,
)  # fmt: skip
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


HELD = (PhoneStatus.RECEIVED, PhoneStatus.AVAILABLE, PhoneStatus.WITHHELD, PhoneStatus.UNDER_REPAIR)
PHONE_MOVES = {
    PhoneStatus.RECEIVED: (PhoneStatus.AVAILABLE, PhoneStatus.WITHHELD, PhoneStatus.UNDER_REPAIR),
    PhoneStatus.AVAILABLE: (PhoneStatus.WITHHELD, PhoneStatus.UNDER_REPAIR, PhoneStatus.SOLD, PhoneStatus.SWAPPED),
    PhoneStatus.WITHHELD: (PhoneStatus.AVAILABLE, PhoneStatus.UNDER_REPAIR),
    PhoneStatus.UNDER_REPAIR: (PhoneStatus.AVAILABLE, PhoneStatus.WITHHELD),
    PhoneStatus.SOLD: (PhoneStatus.RECEIVED, PhoneStatus.AVAILABLE),
    PhoneStatus.SWAPPED: (PhoneStatus.RECEIVED, PhoneStatus.AVAILABLE),
}


class RepairStatus(StrEnum):
    """How far a repair is.

    Source: spec R-11.
    """

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


class Customer(Record, table="phoneshop_customers"):
    """Somebody who buys, swaps or has a phone repaired."""

    full_name = personal(text(100, shortest=1), "name")
    phone_number = personal(text(20, shortest=1))
    phone_e164 = personal(optional(text(16)), "phone")
    email = personal(optional(email()), "email")
    unique_id = text(20)

    searched = ("full_name", "phone_number", "phone_e164", "email", "unique_id")
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
    swapped_from_id = optional(reference("phoneshop_swaps"))
    acquired_via_swap_id = optional(reference("phoneshop_swaps"))

    searched = ("brand", "model", "imei", "imei2")
    indexes = (("status",), ("swapped_from_id",), ("acquired_via_swap_id",))
    walls = (check("value_positive", "value > 0", "The value of a phone is more than zero"),)


class HeldImei(Record, table="phoneshop_held_imeis"):
    """An IMEI of a phone that the shop holds now: one phone at a time, in whichever of its two slots.

    Source: spec R-06.
    """

    imei = text(15)
    phone_id = reference(Phone)

    indexes = (("phone_id",),)
    walls = (unique("imei", says="A phone with this IMEI is already in stock", code="imei_in_stock"),)


class Sale(Record, table="phoneshop_sales"):
    """A phone that was sold; what the phone had cost is kept with it.

    Source: spec R-02, R-03.
    """

    customer_id = reference(Customer)
    phone_id = reference(Phone)
    invoice_number = text(20)
    original_price = money(above=0)
    discount_amount = money(at_least=0)
    amount_paid = money(above=0)
    refunded_amount = money(at_least=0)
    cost = optional(money(at_least=0))
    condition = choice(Condition)
    customer_phone = personal(optional(text(20)))
    customer_email = personal(optional(email()))
    returned_at = optional(moment())
    balance_due = computed(money(), lambda sale: sale.original_price - sale.discount_amount - sale.amount_paid)
    margin = computed(optional(money()), lambda sale: sale.amount_paid - sale.cost)

    indexes = (("customer_id", "created_at", "id"), ("phone_id",))
    walls = (
        unique("phone_id", where="returned_at IS NULL", says="Phone is not available for sale", code="not_for_sale"),
        unique("invoice_number", says="This invoice number is used already"),
        check("paid", "amount_paid <= original_price - discount_amount", "More was paid than the phone costs"),
        check("refunded", "refunded_amount <= amount_paid", "More would be refunded than was paid"),
    )


class Swap(Record, table="phoneshop_swaps"):
    """A phone given for a phone, with the balance in cash."""

    customer_id = reference(Customer)
    given_phone_description = text(200, shortest=1)
    given_phone_value = money(at_least=0)
    new_phone_id = reference(Phone)
    balance_paid = money(at_least=0)
    discount_amount = money(at_least=0)
    cost = optional(money(at_least=0))
    total_transaction_value = computed(money(), lambda swap: swap.given_phone_value + swap.balance_paid)

    indexes = (("customer_id", "created_at", "id"), ("new_phone_id",))
    walls = (unique("new_phone_id", says="New phone is not available for swap", code="not_for_swap"),)


class Repair(Record, table="phoneshop_repairs"):
    """A phone that somebody brought to be mended."""

    customer_id = reference(Customer)
    phone_id = optional(reference(Phone))
    phone_description = text(200, shortest=1)
    issue_description = text(500, shortest=1)
    diagnosis = optional(text(500))
    cost = money(above=0)
    status = state(RepairStatus, REPAIR_MOVES)
    due_date = optional(day())
    delivery_notified = flag()
    completed_at = optional(moment())

    indexes = (("customer_id", "created_at", "id"), ("status", "created_at", "id"), ("phone_id",))
