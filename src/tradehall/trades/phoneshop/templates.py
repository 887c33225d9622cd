"""What a phone shop tells its customers."""

from tradehall.kernel.notices.templates import Template

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
        sms="Thank you, {customer}! {items} phones: {paid_amount} paid, receipt {number}. {business}",
        subject="Your receipt {number} from {business}",
        email="Dear {customer},\n\nthank you for buying:\n{phones}\n\nReceipt {number}\nPaid: {paid_amount}\n"
        "Still due: {balance_due}\n\n{business}\n",
    ),
)
