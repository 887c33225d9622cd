"""What a phone shop tells its customers."""

from tradehall.kernel.notices.templates import Template
from tradehall.trades.phoneshop.terms import REPAIR_MESSAGES

REPAIR = ("phone_description", "cost", "balance_due", "due_date", "warranty_until", "link")


def _of_repair(name: str, says: str) -> Template:
    """What a customer is told when the status of a repair has changed: one part for a name of 15 letters (spec R-10)."""
    sms = f"Hello {{customer}}, your repair {{repair_number}} {says} {{business}}"
    return Template(f"repair_{name}", sms=sms, values=REPAIR, switch=REPAIR_MESSAGES.name)


templates = (
    Template(
        "sale_receipt",
        sms="Thank you, {customer}! {phone}: {amount_paid} paid, invoice {invoice_number}. {business}",
        subject="Your receipt {invoice_number} from {business}",
        email="Dear {customer},\n\nthank you for buying the {phone}.\n\nInvoice {invoice_number} of {created_at}\n"
        "Paid: {amount_paid}\nStill due: {balance_due}\n\n{business}\n",
        values=("original_price", "discount_amount"),
    ),
    Template(
        "swap_receipt",
        sms="Thank you, {customer}! {phone} for your phone ({given_phone_value}) and {balance_paid}, {invoice_number}. {business}",
        subject="Your receipt {invoice_number} from {business}",
        email="Dear {customer},\n\nthank you for swapping your phone for the {phone}.\n\nInvoice {invoice_number} of {created_at}\n"
        "Your phone: {given_phone_description}, {given_phone_value}\nPaid: {balance_paid}\n\n{business}\n",
        values=("discount_amount", "total_transaction_value"),
    ),
    Template(
        "payment_to_verify",
        notice="A payment of {provider_amount} {provider_currency} is not booked: {because}. Decide what becomes of it.",
        values=("reference",),
    ),
    Template(
        "checkout_receipt",
        sms="Thank you, {customer}! Phones: {items}. {paid_amount} paid, receipt {number}. {business}",
        subject="Your receipt {number} from {business}",
        email="Dear {customer},\n\nthank you for buying:\n{phones}\n\nReceipt {number}\nPaid: {paid_amount}\n"
        "Still due: {balance_due}\n\n{business}\n",
    ),
    _of_repair("booked", "is booked. It is Pending; we will keep you posted."),
    _of_repair("in_progress", "is In Progress: a technician is working on it."),
    _of_repair("completed", "is Completed and ready for pick-up."),
    _of_repair("delivered", "was handed over to you. Thank you!"),
    Template(
        "repair_estimate",
        sms="Hello {customer}, repair {repair_number} would cost {amount}. Do you accept? {link} {business}",
        values=REPAIR,
        needs=("amount", "link"),
        switch=REPAIR_MESSAGES.name,
    ),
    Template("estimate_decided", notice="The customer has {decision} the estimate of {amount} for {repair_number}"),
    Template("repair_reply", notice="{repair_number}: {body}"),
    Template("part_low", notice="Only {quantity} of {name} left", values=("sku", "low_mark")),
)
